"""Class values: the name of a class in the log, and its value in the user's data.

The log and the screen use the name, a text. A user who passes ``classes=[0, 1]`` gets numbers back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = [
    "KNOWN",
    "TEXT",
    "alike",
    "find_class",
    "is_blank",
    "kind_of",
    "listed",
    "own_value",
    "plain",
    "shared_kind",
    "spelled",
    "tidy",
]

TEXT = "text"
WHOLE = re.compile(r"([+-]?\d+)(?:\.0*)?")
EXACT = 2**53  # above, a float cannot represent every integer
INVISIBLE = {"Cc", "Cf"}
JOINERS = "\u200c\u200d"  # join emoji, and letters in several scripts
# Letters of other alphabets that look the same as Latin ones.
TWINS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "aeopcyxijsABEKMHOPCTYXIABEZHIKMNOPTYXo",
)

# The fixed names of the answers to a comparison.
ANSWERS = FIRST, SECOND, TIE, BOTH_BAD = "first", "second", "tie", "both bad"


def _timestamp(name: str) -> Any:
    from pandas import Timestamp

    return Timestamp(name)


# Parsers of names, by the type name in the log.
_PARSERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": {"True": True, "False": False}.__getitem__,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "Timestamp": _timestamp,
    "Decimal": Decimal,
    TEXT: str,
}
KNOWN = frozenset(_PARSERS)


def is_blank(value: object) -> bool:
    """Return whether a value is missing: None, NaN, NaT, NA, masked, or a text without visible characters."""
    if value is None or type(value).__name__ in {"NAType", "NaTType", "MaskedConstant"}:
        return True
    if isinstance(value, str):
        return not tidy(value)
    try:
        return bool(value != value)  # noqa: PLR0124 - NaN of every kind of number, and NaT of numpy
    except (TypeError, ValueError):
        return False


def plain(value: Any) -> Any:
    """Convert a NumPy scalar to the equal Python value; return anything else unchanged."""
    if type(value).__module__ != "numpy" or getattr(value, "shape", None) != ():
        return value
    if value.dtype.kind == "M":  # item() would turn nanoseconds into an int
        return _timestamp(str(value))
    return value.item()


def spelled(value: Any) -> str:
    """Return the name of a class that is given as text or as another plain value.

    Raises
    ------
    InvalidInput
        If the value is missing or cannot be a name.
    """
    if isinstance(value, str) and is_blank(value):
        raise InvalidInput(f"The class {value!r} is blank: give it a name, or leave it out.")
    if is_blank(value):
        raise InvalidInput(
            f"classes= contains {value!r}, a missing value, which cannot be a class: leave it out, as in "
            "df['label'].dropna().unique(). Items without a class are simply unlabeled."
        )
    value = plain(value)
    if isinstance(value, bytes | bytearray):
        raise InvalidInput(f"The class {value!r} is bytes: decode it to text, as in {value!r}.decode().")
    many = isinstance(value, tuple | frozenset) or getattr(value, "shape", None)
    if (
        many
        or not isinstance(value, Hashable)
        or callable(value)
        or (" at 0x" in str(value) and not isinstance(value, str))
    ):
        raise InvalidInput(f"The class {value!r} is not a name: expected text, such as 'spam', or a number.")
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))  # 1.0 and 1 are the same class
    return str(value)


def kind_of(value: Any) -> str:
    """Return the type name of a class in the log: ``text``, ``int`` and so on."""
    return TEXT if type(value) is str else type(value).__name__


def refuse_strange(value: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise InvalidInput if an answer has a member that its question does not know."""
    # Tables fill what only some answers have with missing values.
    if strange := [name for name in value if name not in known and not is_blank(value[name])]:
        raise InvalidInput(
            f"The answer {dict(value)!r} has an unknown {strange[0]!r}.{nearest(str(strange[0]), known)} Its "
            f"members may be {choices(known)}."
        )


def own_value(kind: str, name: str) -> Any:
    """Return the value of this type with this name, or the name itself if there is none."""
    try:
        value = _PARSERS[kind](name)
    except (KeyError, ValueError, ArithmeticError):
        return name
    return value if spelled(value) == name else name


def shared_kind(values: Iterable[Any]) -> str:
    """Return the common type of the values, for new classes; ``text`` if types differ."""
    kinds = {kind_of(v) for v in values}
    return kinds.pop() if len(kinds) == 1 else TEXT


def find_class(given: Any, own: Mapping[str, Any]) -> str | None:
    """Return the class that a value means, in any equivalent spelling; None if there is none.

    Parameters
    ----------
    own
        Mapping from class names to values.
    """
    given = plain(given)
    if isinstance(given, str) and given in own:
        return given
    if is_blank(given):
        return None
    for name, value in own.items():
        if _equal(given, value):
            return name
    text = str(given).strip()
    whole = WHOLE.fullmatch(text)
    for spelling in (text, str(int(whole[1])) if whole else text):
        if spelling in own:
            return spelling
    found = [name for name, value in own.items() if _reads_as(text, value) or tidy(name) == tidy(text)]
    return found[0] if len(found) == 1 else None


def _equal(given: Any, value: Any) -> bool:
    try:
        return bool(given == value)
    except (TypeError, ValueError):  # arrays, and values that cannot be compared
        return False


def _reads_as(text: str, value: Any) -> bool:
    """Return whether a text is another spelling of a non-text class."""
    if isinstance(value, Enum):
        return text in {value.name, str(value.value)}
    if isinstance(value, bool):
        return text.casefold() == str(value).casefold()
    try:
        if isinstance(value, int | float | Decimal):
            return bool(Decimal(text) == value)
        if isinstance(value, date):
            return datetime.fromisoformat(text) == datetime.fromisoformat(value.isoformat())
    except (ValueError, ArithmeticError, TypeError):
        pass
    return False


def listed(classes: Any) -> list[Any]:
    """Return ``classes=`` as a list, of a categorical its categories in order.

    Raises
    ------
    InvalidInput
        If it is not a list, or has no order.
    """
    if isinstance(classes, set | frozenset):
        raise InvalidInput("classes= is a set, which has no order: pass a list, so that keys stay the same.")
    if isinstance(classes, str | bytes | bytearray):
        raise InvalidInput(f"classes={classes!r} is a single text: pass a list, such as ['spam', 'ham'].")
    if isinstance(classes, Mapping) or hasattr(classes, "columns"):
        what = "a dict" if isinstance(classes, Mapping) else "a table"
        raise InvalidInput(
            f"classes= is {what}: pass a list of names, such as ['spam', 'ham']. Guidance for each class "
            "goes into question=hitl.Question.choice(names, guidance={name: text})."
        )
    found = _categories(classes)
    try:
        return list(classes if found is None else found)
    except TypeError:
        raise InvalidInput(
            f"classes={classes!r}: expected a list of names, such as ['spam', 'ham']."
        ) from None


def _categories(classes: Any) -> Iterable[Any] | None:
    """Return the categories of a pandas or polars categorical or its dtype; None for anything else."""
    for of in (classes, getattr(classes, "dtype", None)):
        found = getattr(of, "categories", None)
        if isinstance(found, Iterable):
            return found
    return None


def tidy(name: str) -> str:
    """Normalize a name: trim spaces, use one Unicode form, and remove invisible characters."""
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    seen = "".join(c for c in shown if unicodedata.category(c) not in INVISIBLE or c in JOINERS)
    return " ".join(seen.split()).strip(JOINERS)


def alike(name: str) -> str:
    """Return a key that is equal for names that look the same. Upper and lower case differ."""
    folded = unicodedata.normalize("NFKC", tidy(name)).translate(TWINS)
    return "".join(c for c in folded if c not in JOINERS)
