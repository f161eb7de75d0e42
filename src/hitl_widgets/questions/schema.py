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

__all__ = ["LabelClass", "Schema", "as_numbers", "free_color", "free_key", "palette", "scale"]

KEYS = "123456789abcdefhijklmopqrtuvwxy0"  # not g, n, s, z: they grow, go on, skip and undo
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7A7A7A")
# Light enough for a dark page, dark enough for a light one.
LONGER = (
    *OKABE_ITO,
    "#8C6BB1", "#A6761D", "#66A61E", "#E7298A", "#44AA99", "#B15928", "#AA4499", "#999933",
    "#6699CC", "#DDCC77", "#882255", "#88CCEE", "#CC6677", "#4B9E5F", "#B07AA1", "#EDC948",
)  # fmt: skip
# From low to high, told apart by lightness as well, on light and dark pages.
SCALE = ("#4B5FB0", "#2B90A3", "#45B26B", "#C0B52B", "#E8833A")
MAX_NAME = 200
MAX_CLASSES = 250


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One answer.

    Attributes
    ----------
    name
        What the label says; a number or another plain value where the labels are such.
    guidance
        When to choose it, shown to the annotator.
    example
        A text that shows it.
    key
        The key that chooses it. Where empty its own name, if that is one free key; else by position
        (1-9, then letters).
    color
        ``#rrggbb``; from the Okabe-Ito palette by position where empty.
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
        values come back as they are wherever labels leave; on the screen they are text.
    question
        The question as the annotator reads it.
    kind
        ``"choice"`` (one class), ``"choices"`` (any of them) or ``"rating"`` (the classes are levels,
        from low to high): see :class:`~hitl_widgets.questions.question.Question`.

    Attributes
    ----------
    retired
        Classes that can no longer be chosen; what was labelled with them stays so.
    ids
        Names that outlive a rename, of the classes and then of the retired ones.
    own
        The person's own value of a class by its name, where it is not the name itself.
    """

    classes: tuple[LabelClass, ...]
    question: str = ""
    kind: str = "choice"
    retired: tuple[LabelClass, ...] = ()
    ids: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __init__(
        self,
        classes: Iterable[Any],
        question: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
        kind: str = "choice",
    ) -> None:
        given = listed(classes)
        values = [c.name if isinstance(c, LabelClass) else c for c in given]
        made = tuple(
            replace(c, name=spelled(c.name)) if isinstance(c, LabelClass) else LabelClass(spelled(c))
            for c in given
        )
        _refuse_alike([c.name for c in made], values)
        own = {c.name: value for c, value in zip(made, map(plain, values), strict=True)}
        self._fill(made, question, guidance, examples, kind)
        object.__setattr__(self, "own", {n: v for n, v in own.items() if kind_of(v) != TEXT})

    def _fill(
        self,
        made: tuple[LabelClass, ...],
        question: str,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
        kind: str = "choice",
    ) -> None:
        names = [c.name for c in made]
        said = {}
        if not isinstance(question, str):
            raise InvalidInput(f"The question {question!r} is not a text.")
        for argument, texts in (("guidance", guidance), ("examples", examples)):
            if texts is not None and not (
                isinstance(texts, Mapping) and all(isinstance(text, str) for text in texts.values())
            ):
                raise InvalidInput(f"{argument}={texts!r}: expected a dict of texts by class.")
            said[argument] = {str(plain(name)): text for name, text in (texts or {}).items()}
            for name in said[argument]:
                if name not in names:
                    raise InvalidInput(
                        f"{argument}= speaks of {name!r}, which is not a class.{nearest(name, names)}"
                    )
        made = tuple(
            replace(
                c,
                guidance=c.guidance or said["guidance"].get(c.name, ""),
                example=c.example or said["examples"].get(c.name, ""),
            )
            for c in made
        )
        _check(made)
        object.__setattr__(self, "classes", _with_keys_and_colours(made))
        object.__setattr__(self, "question", question)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "retired", ())
        object.__setattr__(self, "ids", tuple(c.name for c in made))
        object.__setattr__(self, "own", {})

    @classmethod
    def _of(cls, classes: Iterable[LabelClass], question: str, kind: str) -> Schema:
        """As the log has it: names that look alike were allowed once."""
        made = object.__new__(cls)
        made._fill(tuple(classes), question, kind=kind)
        return made

    @classmethod
    def standing(
        cls,
        classes: Iterable[LabelClass],
        question: str,
        ids: Iterable[str],
        retired: Mapping[str, LabelClass],
        own: Mapping[str, Any],
        kind: str = "choice",
    ) -> Schema:
        """The schema of a task whose classes were changed, by :class:`~.vocabulary.Vocabulary`."""
        made = cls._of(classes, question, kind)
        if len(made.classes) + len(retired) > MAX_CLASSES:
            raise InvalidInput(f"With the retired ones there would be more than {MAX_CLASSES} classes.")
        object.__setattr__(made, "retired", tuple(retired.values()))
        object.__setattr__(made, "ids", (*ids, *retired))
        kind = shared_kind(own.values())  # a class that came later is of the type that all others are of
        values = {n: own[n] if n in own else own_value(kind, n) for n in made.all_names}
        object.__setattr__(made, "own", {n: v for n, v in values.items() if kind_of(v) != TEXT})
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes that can be chosen, in order: code ``i`` is ``names[i]``."""
        return tuple(c.name for c in self.classes)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names by code, the retired ones behind the others."""
        return (*self.names, *(c.name for c in self.retired))

    @property
    def values(self) -> tuple[Any, ...]:
        """The classes by code as the person passed them: numbers where they are numbers."""
        return tuple(map(self.value, self.names))

    @property
    def all_values(self) -> tuple[Any, ...]:
        """The same, the retired ones behind the others."""
        return tuple(map(self.value, self.all_names))

    @property
    def numbers(self) -> tuple[float, ...]:
        """The number of each class by code: its first name where that is one, else its place from 1.

        Levels that are renamed keep their numbers.
        """
        found = as_numbers(self.ids[: len(self.classes)])
        return found or tuple(float(i + 1) for i in range(len(self.classes)))

    @property
    def targets(self) -> tuple[Any, ...]:
        """The classes by code as scikit-learn takes them: whole numbers and booleans, else the names."""
        values = self.values
        one = len(set(map(type, values))) == 1 and all(isinstance(v, int | float) for v in values)
        # It takes broken numbers for something to measure, and what numpy cannot hold for nothing.
        return values if one and all(v == int(v) and abs(v) < 2**63 for v in values) else self.names

    def value(self, name: Any) -> Any:
        """What a class is in the person's own data, by its name."""
        return self.own.get(name, name) if isinstance(name, str) else name

    def find(self, value: Any) -> str | None:
        """The name of the class that a value means, in any equal spelling; None if there is none."""
        return find_class(value, dict(zip(self.all_names, self.all_values, strict=True)))

    def code(self, name: object) -> int:
        """The position of a class.

        Raises
        ------
        InvalidInput
            For a class that the schema does not have, or that is retired.
        """
        found = self.find(name)
        if found in self.names:
            return self.names.index(found)
        if found is not None:
            raise InvalidInput(
                f"The class {name!r} is retired: session.classes.restore({found!r}) offers it again."
            )
        if self.kind == "rating":
            raise InvalidInput(f"{name!r} is not a level: expected one of {choices(self.values)}.")
        add = f" To add one: session.classes.add({name!r})." if isinstance(name, str) and name.strip() else ""
        raise InvalidInput(
            f"{name!r} is not a class of this task.{nearest(name, self.names)} "
            f"The classes are {choices(self.values)}.{add}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the log keeps them."""
        told: dict[str, Any] = {"question": self.question, "classes": [asdict(c) for c in self.classes]}
        # Beside the classes, not in them: versions that do not know types read the rest.
        kinds = {name: kind_of(value) for name, value in self.own.items()}
        told |= {"types": kinds} if kinds else {}
        return told | ({"kind": self.kind} if self.kind != "choice" else {})

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Schema:
        """The opposite of :meth:`to_dict`. What cannot be made again of its name stays text."""
        classes = [LabelClass(**c) for c in value["classes"]]
        made = cls._of(classes, value.get("question", ""), value.get("kind", "choice"))
        object.__setattr__(made, "own", stored_values(value))
        return made


def as_numbers(values: Iterable[Any]) -> tuple[float, ...] | None:
    """These as finite numbers in ascending order; None where they are not."""
    try:
        found = tuple(map(float, values))
    except (TypeError, ValueError):
        return None
    return found if all(map(isfinite, found)) and all(a < b for a, b in pairwise(found)) else None


def stored_values(value: Mapping[str, Any]) -> dict[str, Any]:
    """The classes that are no text, by their names, as a schema event tells them."""
    kinds = value.get("types")
    if not isinstance(kinds, Mapping):
        return {}
    found = {str(name): own_value(str(kind), str(name)) for name, kind in kinds.items()}
    return {name: v for name, v in found.items() if kind_of(v) != TEXT}


def palette() -> Iterator[str]:
    """Colours without end: those of :data:`LONGER`, then hues far from each other."""
    yield from LONGER
    for i in count():
        red, green, blue = colorsys.hls_to_rgb((0.09 + i * 0.618034) % 1, 0.42 + 0.16 * (i % 2), 0.55)
        yield f"#{round(255 * red):02X}{round(255 * green):02X}{round(255 * blue):02X}"


def scale(n: int) -> list[str]:
    """``n`` colours from low to high."""
    found = []
    for i in range(n):
        at = (len(SCALE) - 1) * i / max(n - 1, 1)
        low, part = SCALE[int(at)], at - int(at)
        high = SCALE[min(int(at) + 1, len(SCALE) - 1)]
        ends = [(int(low[k : k + 2], 16), int(high[k : k + 2], 16)) for k in (1, 3, 5)]
        found.append("#" + "".join(f"{round(a + part * (b - a)):02X}" for a, b in ends))
    return found


def is_unicode(text: str) -> bool:
    """Whether the text can be stored and sent: no lone surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _refuse_alike(names: Sequence[str], values: Sequence[Any]) -> None:
    seen: dict[str, Any] = {}
    equal: dict[Any, Any] = {}
    for name, value in zip(names, values, strict=True):
        if (other := equal.setdefault(value, value)) is not value and str(other) != str(value):
            raise InvalidInput(f"classes= names {other!r} and {value!r}, which are equal: keep one of them.")
        if (other := seen.setdefault(alike(name), value)) is not value and other != value:
            raise InvalidInput(
                f"classes= names {other!r} and {value!r}, which people cannot tell apart: keep one of them. "
                "If the store holds labels of both, open it without classes= and merge them with "
                "session.classes.merge()."
            )


def _check(classes: Sequence[LabelClass]) -> None:
    names = [c.name for c in classes]
    if len(names) < 2:
        raise InvalidInput(
            f"classes={names!r}: {'one class is' if names else 'no classes are'} too few to choose "
            "from. Pass at least two, such as ['spam', 'ham']."
        )
    if len(names) > MAX_CLASSES:
        raise InvalidInput(f"classes= names {len(names)} classes; the limit is {MAX_CLASSES}.")
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise InvalidInput(f"classes= names {choices(twice)} more than once. Classes must be distinct.")
    for c in classes:
        if not c.name.strip():
            raise InvalidInput(f"The class {c.name!r} is blank: give it a name.")
        if not is_unicode(c.name + c.guidance + c.example):
            raise InvalidInput(f"The class {c.name!r} holds half a character (a lone surrogate): rewrite it.")
        if len(c.name) > MAX_NAME:
            raise InvalidInput(f"A class name has {len(c.name)} characters; the limit is {MAX_NAME}.")
        if c.color and not re.fullmatch(r"#[0-9a-fA-F]{6}", c.color):
            raise InvalidInput(f"color={c.color!r} of class {c.name!r}: expected '#rrggbb'.")
        if c.key and (len(c.key) != 1 or c.key.lower() not in KEYS):
            raise InvalidInput(f"key={c.key!r} of class {c.name!r}: expected one of {' '.join(KEYS)}.")
    keys = [c.key.lower() for c in classes if c.key]
    if len(set(keys)) < len(keys):
        raise InvalidInput(f"Two classes share a key: {choices(sorted(keys))}. Keys must be distinct.")


def _with_keys_and_colours(classes: Sequence[LabelClass]) -> tuple[LabelClass, ...]:
    taken = {c.key.lower() for c in classes if c.key}
    own: dict[str, str] = {}
    for c in classes:  # a class that is called like a free key gets it, before keys go by position
        if not c.key and (key := free_key(c.name, taken)):
            own[c.name] = key
            taken.add(key)
    by_place: dict[str, str] = {}
    for c, key in zip(classes, KEYS, strict=False):  # so that 2 is the second class, whatever the first has
        if not c.key and c.name not in own and key not in taken:
            by_place[c.name] = key
    free = iter([k for k in KEYS if k not in taken and k not in by_place.values()])
    return tuple(
        replace(
            c, key=c.key.lower() or own.get(c.name) or by_place.get(c.name) or next(free, ""), color=color
        )
        for c, color in zip(classes, _colours(classes), strict=True)
    )


def _colours(classes: Sequence[LabelClass]) -> list[str]:
    """Each class's own colour; else that of its place in the palette, or a free one where that is taken."""
    taken = {c.color.upper() for c in classes}
    by_place = list(islice(palette(), len(classes)))
    found: list[str] = []
    for c, color in zip(classes, by_place, strict=True):
        found.append(c.color or free_color(color, taken, {*taken, *by_place, *found}))
    return found


def free_color(color: str, others: Collection[str], avoid: Collection[str] | None = None) -> str:
    """The colour, or a free one of the palette where others have it; one that is none of ``avoid``."""
    if color not in others:
        return color
    return next(one for one in palette() if one not in (others if avoid is None else avoid))


def free_key(name: str, taken: Collection[str]) -> str:
    """The key that a class is called like, where that is free; else empty."""
    key = name.lower()
    return key if len(key) == 1 and key in KEYS and key not in taken else ""
