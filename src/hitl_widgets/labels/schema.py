"""Schema: the question that is asked of every item."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count, islice
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["LabelClass", "Schema", "palette"]

KEYS = "123456789abcdefhijklmopqrtuvwxy"  # not g, n, s, z: they grow, go on, skip and undo
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7A7A7A")
# Light enough for a dark page, dark enough for a light one.
LONGER = (
    *OKABE_ITO,
    "#8C6BB1", "#A6761D", "#66A61E", "#E7298A", "#44AA99", "#B15928", "#AA4499", "#999933",
    "#6699CC", "#DDCC77", "#882255", "#88CCEE", "#CC6677", "#4B9E5F", "#B07AA1", "#EDC948",
)  # fmt: skip
MAX_NAME = 200
MAX_CLASSES = 250


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One answer.

    Attributes
    ----------
    name
        What the label says.
    guidance
        When to choose it, shown to the annotator.
    example
        A text that shows it.
    key
        The key that chooses it; given by position (1-9, then letters) where empty.
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
        Names, or :class:`LabelClass` objects; at least two, distinct.
    question
        The question as the annotator reads it.

    Attributes
    ----------
    retired
        Classes that can no longer be chosen; what was labelled with them stays so.
    ids
        Names that outlive a rename, of the classes and then of the retired ones.
    """

    classes: tuple[LabelClass, ...]
    question: str = ""
    retired: tuple[LabelClass, ...] = ()
    ids: tuple[str, ...] = ()

    def __init__(
        self,
        classes: Iterable[str | LabelClass],
        question: str = "",
        *,
        guidance: Mapping[str, str] | None = None,
        examples: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(classes, set | frozenset):
            raise InvalidInput(
                "classes= is a set, which has no order: pass a list, so that keys stay the same."
            )
        if isinstance(classes, str):
            raise InvalidInput(f"classes={classes!r} is one text: pass a list, such as ['spam', 'ham'].")
        if not isinstance(classes, Iterable):
            raise InvalidInput(f"classes={classes!r}: expected a list of names, such as ['spam', 'ham'].")
        made = tuple(c if isinstance(c, LabelClass) else LabelClass(_name(c)) for c in classes)
        names = [c.name for c in made]
        for argument, texts in (("guidance", guidance), ("examples", examples)):
            for name in texts or {}:
                if name not in names:
                    raise InvalidInput(
                        f"{argument}= speaks of {name!r}, which is no class.{nearest(name, names)}"
                    )
        made = tuple(
            LabelClass(
                c.name,
                c.guidance or (guidance or {}).get(c.name, ""),
                c.example or (examples or {}).get(c.name, ""),
                c.key,
                c.color,
            )
            for c in made
        )
        _check(made)
        object.__setattr__(self, "classes", _with_keys_and_colours(made))
        object.__setattr__(self, "question", question)
        object.__setattr__(self, "retired", ())
        object.__setattr__(self, "ids", tuple(c.name for c in made))

    @classmethod
    def standing(
        cls,
        classes: Iterable[LabelClass],
        question: str,
        ids: Iterable[str],
        retired: Mapping[str, LabelClass],
    ) -> Schema:
        """The schema of a task whose classes were changed, by :class:`~.question.Question`."""
        made = cls(classes, question)
        if len(made.classes) + len(retired) > MAX_CLASSES:
            raise InvalidInput(f"With the retired ones there would be more than {MAX_CLASSES} classes.")
        object.__setattr__(made, "retired", tuple(retired.values()))
        object.__setattr__(made, "ids", (*ids, *retired))
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes that can be chosen, in order: code ``i`` is ``names[i]``."""
        return tuple(c.name for c in self.classes)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names by code, the retired ones behind the others."""
        return (*self.names, *(c.name for c in self.retired))

    def code(self, name: object) -> int:
        """The position of a class.

        Raises
        ------
        InvalidInput
            For a class that the schema does not have, or that is retired.
        """
        try:
            return self.names.index(str(name))
        except ValueError:
            if any(c.name == str(name) for c in self.retired):
                raise InvalidInput(
                    f"The class {name!r} is retired: session.classes.restore({str(name)!r}) offers it again."
                ) from None
            raise InvalidInput(
                f"{name!r} is no class of this task.{nearest(name, self.names)} "
                f"The classes are {choices(self.names)}. To add one: session.classes.add({str(name)!r})."
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the log keeps them."""
        return {"question": self.question, "classes": [asdict(c) for c in self.classes]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Schema:
        """The opposite of :meth:`to_dict`."""
        return cls([LabelClass(**c) for c in value["classes"]], value.get("question", ""))


def palette() -> Iterator[str]:
    """Colours without end: those of :data:`LONGER`, then hues far from each other."""
    yield from LONGER
    for i in count():
        red, green, blue = colorsys.hls_to_rgb((0.09 + i * 0.618034) % 1, 0.42 + 0.16 * (i % 2), 0.55)
        yield f"#{round(255 * red):02X}{round(255 * green):02X}{round(255 * blue):02X}"


def is_unicode(text: str) -> bool:
    """Whether the text can be stored and sent: no lone surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _name(value: object) -> str:
    if value is None or isinstance(value, float | bytes | list | dict | tuple):
        raise InvalidInput(f"The class {value!r} is no name: expected text, such as 'spam'.")
    return str(value)


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
    free = iter([k for k in KEYS if k not in taken])
    colors = list(islice(palette(), len(classes)))
    return tuple(
        LabelClass(
            c.name,
            c.guidance,
            c.example,
            c.key.lower() or next(free, ""),
            c.color or colors[i],
        )
        for i, c in enumerate(classes)
    )
