"""Schema: the question that is asked of every item."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count, islice, pairwise
from math import isfinite
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.values import (
    TEXT,
    alike,
    find_class,
    kind_of,
    listed,
    own_value,
    plain,
    shared_kind,
    spelled,
)

__all__ = [
    "IN_FORM",
    "LabelClass",
    "Schema",
    "as_numbers",
    "by_question",
    "free_color",
    "free_key",
    "palette",
    "question_of",
    "scale",
]

# Without g, n, s and z, which are shortcuts. The last three are shortcuts, too, unless a class has them.
KEYS = "123456789abcdefhijklopqruvwxy0mt"
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7A7A7A")
# Readable on dark and on light pages.
LONGER = (
    *OKABE_ITO,
    "#8C6BB1", "#A6761D", "#66A61E", "#E7298A", "#44AA99", "#B15928", "#AA4499", "#999933",
    "#6699CC", "#DDCC77", "#882255", "#88CCEE", "#CC6677", "#4B9E5F", "#B07AA1", "#EDC948",
)  # fmt: skip
# From low to high; also distinguishable by lightness, on light and dark pages.
SCALE = ("#4B5FB0", "#2B90A3", "#45B26B", "#C0B52B", "#E8833A")
MAX_NAME = 200
# Between the name of a question of a form and that of one of its classes, as in "topic: spam".
IN_FORM = ": "
MAX_CLASSES = 250


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One answer.

    Attributes
    ----------
    name
        Name of the class; a number or another plain value if the labels are.
    guidance
        When to choose it, shown to the annotator.
    example
        An example text.
    key
        The key that selects it. If empty, the name itself if it is a single free key, else a key by
        position (1-9, then letters).
    color
        ``#rrggbb``. If empty, a color of the Okabe-Ito palette by position.
    """

    name: str
    guidance: str = ""
    example: str = ""
    key: str = ""
    color: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """The classes of a task, in order, and how to choose between them.

    Parameters
    ----------
    classes
        Names, or :class:`LabelClass` objects; at least two, distinct. Numbers, dates and other plain
        values are displayed as text, and returned unchanged in labels.
    question
        The text of the question.
    kind
        The kind of question, such as ``"choice"`` (one class), ``"choices"`` (any of them) or ``"rating"``
        (the classes are levels, from low to high): see :class:`~hitl_widgets.questions.question.Question`.
    least
        The smallest number of classes: 2, or less for questions that do not choose between classes.
    settings
        JSON values that the kind needs besides the classes, such as the range of a number.

    Attributes
    ----------
    retired
        Classes that can no longer be chosen; existing labels keep them.
    ids
        Identifiers that do not change on renaming, of the classes and then of the retired ones.
    own
        Mapping from class names to the user's values, where these differ from the name.
    """

    classes: tuple[LabelClass, ...]
    question: str = ""
    kind: str = "choice"
    retired: tuple[LabelClass, ...] = ()
    ids: tuple[str, ...] = ()
    least: int = 2
    settings: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __init__(
        self,
        classes: Iterable[Any],
        question: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
        kind: str = "choice",
        least: int = 2,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        given = listed(classes)
        values = [c.name if isinstance(c, LabelClass) else c for c in given]
        made = tuple(
            replace(c, name=spelled(c.name)) if isinstance(c, LabelClass) else LabelClass(spelled(c))
            for c in given
        )
        _refuse_alike([c.name for c in made], values)
        own = {c.name: value for c, value in zip(made, map(plain, values), strict=True)}
        self._fill(made, question, guidance, examples, kind, least, settings)
        object.__setattr__(self, "own", {n: v for n, v in own.items() if kind_of(v) != TEXT})

    def _fill(
        self,
        made: tuple[LabelClass, ...],
        question: str,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
        kind: str = "choice",
        least: int = 2,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        names = [c.name for c in made]
        said = {}
        if not isinstance(question, str):
            raise InvalidInput(f"The question {question!r} is not a string.")
        for argument, texts in (("guidance", guidance), ("examples", examples)):
            if texts is not None and not (
                isinstance(texts, Mapping) and all(isinstance(text, str) for text in texts.values())
            ):
                raise InvalidInput(f"{argument}={texts!r}: expected a dict from classes to texts.")
            said[argument] = {str(plain(name)): text for name, text in (texts or {}).items()}
            for name in said[argument]:
                if name not in names:
                    raise InvalidInput(
                        f"{argument}= contains {name!r}, which is not a class.{nearest(name, names)}"
                    )
        made = tuple(
            replace(
                c,
                guidance=c.guidance or said["guidance"].get(c.name, ""),
                example=c.example or said["examples"].get(c.name, ""),
            )
            for c in made
        )
        _check(made, least, kind)
        object.__setattr__(self, "classes", _with_keys_and_colours(made, kind))
        object.__setattr__(self, "question", question)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "least", least)
        object.__setattr__(self, "settings", dict(settings or {}))
        object.__setattr__(self, "retired", ())
        object.__setattr__(self, "ids", tuple(c.name for c in made))
        object.__setattr__(self, "own", {})

    @classmethod
    def _of(cls, classes: Iterable[LabelClass], question: str, **how: Any) -> Schema:
        """Create a schema from the log, which may have similar names that are no longer allowed."""
        made = object.__new__(cls)
        made._fill(tuple(classes), question, **how)
        return made

    @classmethod
    def standing(
        cls,
        classes: Iterable[LabelClass],
        question: str,
        ids: Iterable[str],
        retired: Mapping[str, LabelClass],
        own: Mapping[str, Any],
        **how: Any,
    ) -> Schema:
        """Create the schema of a task after class changes, for :class:`~.vocabulary.Vocabulary`."""
        made = cls._of(classes, question, **how)
        if len(made.classes) + len(retired) > MAX_CLASSES:
            raise InvalidInput(f"Including the retired ones, there would be more than {MAX_CLASSES} classes.")
        object.__setattr__(made, "retired", tuple(retired.values()))
        object.__setattr__(made, "ids", (*ids, *retired))
        kind = shared_kind(own.values())  # a class added later has the type shared by the others
        values = {n: own[n] if n in own else own_value(kind, n) for n in made.all_names}
        object.__setattr__(made, "own", {n: v for n, v in values.items() if kind_of(v) != TEXT})
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes that can be chosen, in order: code ``i`` is ``names[i]``."""
        return tuple(c.name for c in self.classes)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names by code, retired ones last."""
        return (*self.names, *(c.name for c in self.retired))

    @property
    def values(self) -> tuple[Any, ...]:
        """The classes by code, as the values that the user passed."""
        return tuple(map(self.value, self.names))

    @property
    def all_values(self) -> tuple[Any, ...]:
        """The same, with retired ones last."""
        return tuple(map(self.value, self.all_names))

    @property
    def numbers(self) -> tuple[float, ...]:
        """The number of each class by code: its original name if all are numbers, else its position from 1.

        Levels that are renamed keep their numbers.
        """
        found = as_numbers(self.ids[: len(self.classes)])
        return found or tuple(float(i + 1) for i in range(len(self.classes)))

    @property
    def targets(self) -> tuple[Any, ...]:
        """The classes by code for scikit-learn: integers and booleans, else the names."""
        values = self.values
        one = len(set(map(type, values))) == 1 and all(isinstance(v, int | float) for v in values)
        # scikit-learn rejects fractions as class labels, and NumPy cannot represent larger integers.
        return values if one and all(v == int(v) and abs(v) < 2**63 for v in values) else self.names

    def value(self, name: Any) -> Any:
        """Return the user's value of the class with this name."""
        return self.own.get(name, name) if isinstance(name, str) else name

    def find(self, value: Any) -> str | None:
        """Return the name of the class that a value means, in any equivalent spelling, or None."""
        return find_class(value, dict(zip(self.all_names, self.all_values, strict=True)))

    def code(self, name: object) -> int:
        """Return the position of a class.

        Raises
        ------
        InvalidInput
            If the class is unknown or retired.
        """
        found = self.find(name)
        if found in self.names:
            return self.names.index(found)
        if found is not None:
            raise InvalidInput(
                f"The class {name!r} is retired. To offer it again: session.classes.restore({found!r})."
            )
        if self.kind == "rating":
            raise InvalidInput(f"{name!r} is not a level: expected one of {choices(self.values)}.")
        if self.kind == "pair":  # its answers are fixed
            raise InvalidInput(
                f"{name!r} is not an answer to this comparison.{nearest(name, self.names)} Expected one of "
                f"{choices(self.values)}; 1 and 2 stand for the first and the second."
            )
        add = f" To add one: session.classes.add({name!r})." if isinstance(name, str) and name.strip() else ""
        raise InvalidInput(
            f"{name!r} is not a class of this task.{nearest(name, self.names)} "
            f"The classes are {choices(self.values)}.{add}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, as stored in the log."""
        told: dict[str, Any] = {"question": self.question, "classes": [asdict(c) for c in self.classes]}
        # Stored beside the classes, so that versions that do not know types can read the rest.
        kinds = {name: kind_of(value) for name, value in self.own.items()}
        told |= {"types": kinds} if kinds else {}
        told |= {"least": self.least} if self.least != 2 else {}
        told |= {"settings": dict(self.settings)} if self.settings or self.least != 2 else {}
        return told | ({"kind": self.kind} if self.kind != "choice" else {})

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Schema:
        """Create a schema from :meth:`to_dict`. Values that cannot be parsed from their name stay text."""
        classes = [LabelClass(**c) for c in value["classes"]]
        made = cls._of(classes, value.get("question", ""), **kind_in(value))
        object.__setattr__(made, "own", stored_values(value))
        return made


def as_numbers(values: Iterable[Any]) -> tuple[float, ...] | None:
    """Return the values as finite ascending numbers, or None if they are not."""
    try:
        found = tuple(map(float, values))
    except (TypeError, ValueError):
        return None
    return found if all(map(isfinite, found)) and all(a < b for a, b in pairwise(found)) else None


def kind_in(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a schema event says of the kind, as arguments of a schema."""
    settings, least = value.get("settings"), value.get("least", 2)
    return {
        "kind": str(value.get("kind", "choice")),
        "least": least if isinstance(least, int) else 2,
        "settings": settings if isinstance(settings, Mapping) else {},
    }


def stored_values(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the non-text classes of a schema event, by name."""
    kinds = value.get("types")
    if not isinstance(kinds, Mapping):
        return {}
    found = {str(name): own_value(str(kind), str(name)) for name, kind in kinds.items()}
    return {name: v for name, v in found.items() if kind_of(v) != TEXT}


def palette() -> Iterator[str]:
    """Yield colors endlessly: those of :data:`LONGER`, then distinct hues."""
    yield from LONGER
    for i in count():
        red, green, blue = colorsys.hls_to_rgb((0.09 + i * 0.618034) % 1, 0.42 + 0.16 * (i % 2), 0.55)
        yield f"#{round(255 * red):02X}{round(255 * green):02X}{round(255 * blue):02X}"


def scale(n: int) -> list[str]:
    """Return ``n`` colors from low to high."""
    found = []
    for i in range(n):
        at = (len(SCALE) - 1) * i / max(n - 1, 1)
        low, part = SCALE[int(at)], at - int(at)
        high = SCALE[min(int(at) + 1, len(SCALE) - 1)]
        ends = [(int(low[k : k + 2], 16), int(high[k : k + 2], 16)) for k in (1, 3, 5)]
        found.append("#" + "".join(f"{round(a + part * (b - a)):02X}" for a, b in ends))
    return found


def is_unicode(text: str) -> bool:
    """Return whether a text can be stored and sent, that is, has no lone surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _refuse_alike(names: Sequence[str], values: Sequence[Any]) -> None:
    seen: dict[str, Any] = {}
    equal: dict[Any, Any] = {}
    for name, value in zip(names, values, strict=True):
        if (other := equal.setdefault(value, value)) is not value and str(other) != str(value):
            raise InvalidInput(f"classes= contains {other!r} and {value!r}, which are equal: keep one.")
        if (other := seen.setdefault(alike(name), value)) is not value and other != value:
            raise InvalidInput(
                f"classes= contains {other!r} and {value!r}, which look the same: keep one of them. "
                "If the store has labels of both, open it without classes= and merge them with "
                "session.classes.merge()."
            )


def question_of(name: str | None, kind: str) -> str:
    """Return the question of a form that a class belongs to; "" for other kinds of questions."""
    return (name or "").partition(IN_FORM)[0] if kind == "form" else ""


def by_question(classes: Iterable[LabelClass], kind: str) -> list[list[LabelClass]]:
    """Return the classes that are offered at the same time, and so have different keys."""
    found: dict[str, list[LabelClass]] = {}
    for c in classes:
        found.setdefault(question_of(c.name, kind), []).append(c)
    return list(found.values())


def _check(classes: Sequence[LabelClass], least: int, kind: str) -> None:
    names = [c.name for c in classes]
    if len(names) < least:
        few = f"{'one class is' if names else 'no classes are'} too few to choose from"
        raise InvalidInput(
            f"classes={names!r}: {few}. Pass at least two, such as ['spam', 'ham']."
            if least > 1
            else "There must be at least one class: pass classes, such as ['person', 'place']."
        )
    if len(names) > MAX_CLASSES:
        raise InvalidInput(f"classes= has {len(names)} classes; the limit is {MAX_CLASSES}.")
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise InvalidInput(f"classes= contains {choices(twice)} more than once. Classes must be distinct.")
    for c in classes:
        if not c.name.strip():
            raise InvalidInput(f"The class {c.name!r} is blank: give it a name.")
        if not is_unicode(c.name + c.guidance + c.example):
            raise InvalidInput(
                f"The class {c.name!r} contains a lone surrogate (half a character): remove it."
            )
        if len(c.name) > MAX_NAME:
            raise InvalidInput(f"A class name has {len(c.name)} characters; the limit is {MAX_NAME}.")
        if c.color and not re.fullmatch(r"#[0-9a-fA-F]{6}", c.color):
            raise InvalidInput(f"color={c.color!r} of class {c.name!r}: expected '#rrggbb'.")
        if c.key and (len(c.key) != 1 or c.key.lower() not in KEYS):
            raise InvalidInput(f"key={c.key!r} of class {c.name!r}: expected one of {' '.join(KEYS)}.")
    for together in by_question(classes, kind):
        keys = [c.key.lower() for c in together if c.key]
        if len(set(keys)) < len(keys):
            raise InvalidInput(f"Two classes share a key: {choices(sorted(keys))}. Keys must be distinct.")


def _with_keys_and_colours(classes: Sequence[LabelClass], kind: str) -> tuple[LabelClass, ...]:
    keys: dict[str, str] = {}
    for together in by_question(classes, kind):
        keys |= _keys(together)
    return tuple(
        replace(c, key=keys[c.name], color=color) for c, color in zip(classes, _colours(classes), strict=True)
    )


def _keys(classes: Sequence[LabelClass]) -> dict[str, str]:
    """Return a key for each class, by name; "" where there are not enough."""
    taken = {c.key.lower() for c in classes if c.key}
    own: dict[str, str] = {}
    for c in classes:  # a class named like a free key gets that key
        if not c.key and (key := free_key(c.name, taken)):
            own[c.name] = key
            taken.add(key)
    by_place: dict[str, str] = {}
    for c, key in zip(classes, KEYS, strict=False):  # by position: 2 is always the second class
        if not c.key and c.name not in own and key not in taken:
            by_place[c.name] = key
    free = iter([k for k in KEYS if k not in taken and k not in by_place.values()])
    return {
        c.name: c.key.lower() or own.get(c.name) or by_place.get(c.name) or next(free, "") for c in classes
    }


def _colours(classes: Sequence[LabelClass]) -> list[str]:
    """Return each class's own color, else the palette color at its position, or a free one if taken."""
    taken = {c.color.upper() for c in classes}
    by_place = list(islice(palette(), len(classes)))
    found: list[str] = []
    for c, color in zip(classes, by_place, strict=True):
        found.append(c.color or free_color(color, taken, {*taken, *by_place, *found}))
    return found


def free_color(color: str, others: Collection[str], avoid: Collection[str] | None = None) -> str:
    """Return the color or, if others have it, a color of the palette that is not in ``avoid``."""
    if color not in others:
        return color
    return next(one for one in palette() if one not in (others if avoid is None else avoid))


def free_key(name: str, taken: Collection[str]) -> str:
    """Return the class name as a key if it is a free key, else an empty string."""
    key = name.lower()
    return key if len(key) == 1 and key in KEYS and key not in taken else ""
