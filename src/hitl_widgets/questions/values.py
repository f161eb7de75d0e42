"""Class values: what a class is called in the log, and what it is in the person's own data.

The log and the screen know a class by its name, a text. Who passes ``classes=[0, 1]`` gets numbers back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from hitl_widgets.errors import InvalidInput

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
EXACT = 2**53  # beyond it a float no longer holds every whole number
INVISIBLE = {"Cc", "Cf"}
JOINERS = "\u200c\u200d"  # of emoji, and of letters in several scripts
# Letters of other alphabets that no font tells from Latin ones.
TWINS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "aeopcyxijsABEKMHOPCTYXIABEZHIKMNOPTYXo",
)


def _timestamp(name: str) -> Any:
    from pandas import Timestamp

    return Timestamp(name)


# What can be made again of a name, by the word that the log keeps for it.
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
    """Whether a value is missing: None, NaN, NaT, NA, masked, or a text that shows nothing."""
    if value is None or type(value).__name__ in {"NAType", "NaTType", "MaskedConstant"}:
        return True
    if isinstance(value, str):
        return not tidy(value)
    try:
        return bool(value != value)  # noqa: PLR0124 - NaN of every kind of number, and NaT of numpy
    except (TypeError, ValueError):
        return False


def plain(value: Any) -> Any:
    """A numpy scalar as the Python value that it equals; anything else as it is."""
    if type(value).__module__ != "numpy" or getattr(value, "shape", None) != ():
        return value
    if value.dtype.kind == "M":  # of nanoseconds numpy makes a number
        return _timestamp(str(value))
    return value.item()


def spelled(value: Any) -> str:
    """The name of a class, given as text or as any other plain value.

    Raises
    ------
    InvalidInput
        For what is missing, and what cannot be a name.
    """
    if isinstance(value, str) and is_blank(value):
        raise InvalidInput(f"The class {value!r} is blank: give it a name, or leave it out.")
    if is_blank(value):
        raise InvalidInput(
            f"classes= holds {value!r}, a missing value, which cannot be a class: leave it out, such as "
            "df['label'].dropna().unique(). What has no class yet is simply not labelled."
        )
    value = plain(value)
    if isinstance(value, bytes | bytearray):
        raise InvalidInput(f"The class {value!r} is bytes: decode it to text, such as {value!r}.decode().")
    many = isinstance(value, tuple | frozenset) or getattr(value, "shape", None)
    if (
        many
        or not isinstance(value, Hashable)
        or callable(value)
        or (" at 0x" in str(value) and not isinstance(value, str))
    ):
        raise InvalidInput(f"The class {value!r} is not a name: expected text, such as 'spam', or a number.")
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))  # 1.0 and 1 are one class
    return str(value)


def kind_of(value: Any) -> str:
    """The type of a class, as the log keeps it: ``text``, ``int`` and so on."""
    return TEXT if type(value) is str else type(value).__name__


def own_value(kind: str, name: str) -> Any:
    """The value of this type with this name; the name itself where there is none."""
    try:
        value = _PARSERS[kind](name)
    except (KeyError, ValueError, ArithmeticError):
        return name
    return value if spelled(value) == name else name


def shared_kind(values: Iterable[Any]) -> str:
    """The type of all of these values, ``text`` where they differ: what a new class among them is."""
    kinds = {kind_of(v) for v in values}
    return kinds.pop() if len(kinds) == 1 else TEXT


def find_class(given: Any, own: Mapping[str, Any]) -> str | None:
    """The class that a value means, in any equal spelling; None if there is none.

    Parameters
    ----------
    own
        The value of each class by its name.
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
    except (TypeError, ValueError):  # arrays, and what cannot be compared
        return False


def _reads_as(text: str, value: Any) -> bool:
    """Whether a text is another spelling of a class that is not text."""
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
    """``classes=`` as a list: categories where it has them, in their order.

    Raises
    ------
    InvalidInput
        For what is not a list, or has no order.
    """
    if isinstance(classes, set | frozenset):
        raise InvalidInput("classes= is a set, which has no order: pass a list, so that keys stay the same.")
    if isinstance(classes, str | bytes | bytearray):
        raise InvalidInput(f"classes={classes!r} is one text: pass a list, such as ['spam', 'ham'].")
    if isinstance(classes, Mapping) or hasattr(classes, "columns"):
        what = "a dict" if isinstance(classes, Mapping) else "a table"
        raise InvalidInput(
            f"classes= is {what}: pass the list of names, such as ['spam', 'ham']. What to say of each goes "
            "into question=hitl.Question.choice(names, guidance={name: text})."
        )
    found = _categories(classes)
    try:
        return list(classes if found is None else found)
    except TypeError:
        raise InvalidInput(
            f"classes={classes!r}: expected a list of names, such as ['spam', 'ham']."
        ) from None


def _categories(classes: Any) -> Iterable[Any] | None:
    """The categories of a pandas or polars categorical, or of its type; None for anything else."""
    for of in (classes, getattr(classes, "dtype", None)):
        found = getattr(of, "categories", None)
        if isinstance(found, Iterable):
            return found
    return None


def tidy(name: str) -> str:
    """A name as people see it: no spaces around it, one form of each letter, nothing invisible."""
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    seen = "".join(c for c in shown if unicodedata.category(c) not in INVISIBLE or c in JOINERS)
    return " ".join(seen.split()).strip(JOINERS)


def alike(name: str) -> str:
    """What names have in common that a person cannot tell apart. Upper and lower case can be told apart."""
    folded = unicodedata.normalize("NFKC", tidy(name)).translate(TWINS)
    return "".join(c for c in folded if c not in JOINERS)
