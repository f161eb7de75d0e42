"""What a foreign file says, in one form for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold

__all__ = ["Export", "Format", "Left", "NotTaken", "Said", "Wanted", "Writer", "one_of", "texts_of", "told"]

Row = tuple[int, Mapping[str, Any]]


class NotTaken(Exception):
    """Why a row, or one answer in it, is not a label."""


def _no_selection(_pool: str, _rows: str) -> Sequence[str]:
    raise NotTaken("The rows of a selection mean nothing without the table that it was made on.")


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes
    ----------
    id, label
        The field of the person's own ids, and of the answers: the question, where a file has several.
    is_class
        Whether a value is a class of the task.
    selected
        The ids of a selection that was made on the table with a fingerprint.
    """

    id: str = "id"
    label: str = "label"
    is_class: Callable[[Any], bool] = lambda _: False
    selected: Callable[[str, str], Sequence[str]] = _no_selection

    @property
    def named(self) -> bool:
        """Whether the question is named, and not left as it is."""
        return self.label != "label"


@dataclass(frozen=True)
class Said:
    """One label.

    Attributes
    ----------
    number
        The row of the source.
    id
        The person's own id; None where the file has none. Numbers that a tool gave are not ids.
    content
        Texts and paths of the item, any of which may be what it is known by.
    annotator
        Who said so; None where the file does not say.
    sure
        Whether the id is the person's own for certain. Else it counts only where the content agrees.
    """

    number: int
    label: Any
    id: Any = None
    content: tuple[str, ...] = ()
    annotator: str | None = None
    sure: bool = True


@dataclass(frozen=True)
class Left:
    """A row that is not taken, and why."""

    number: int
    why: str


@dataclass(frozen=True, eq=False)
class Export:
    """What is written.

    Attributes
    ----------
    table
        The labels that hold, a row for each: cells are what a file can hold.
    events, fold
        Every act in log order, and what holds by them.
    called
        Pseudonyms of the annotators; empty where they are named.
    """

    table: pd.DataFrame
    events: Sequence[LabelEvent] = ()
    fold: Fold = field(default_factory=Fold)
    called: Mapping[str, str] = field(default_factory=dict)


class Writer(Protocol):
    """A format that is written. A module of ``formats/`` has its writers in ``WRITERS``."""

    @property
    def name(self) -> str:
        """What ``format=`` calls it."""

    @property
    def ending(self) -> str:
        """How its files end, such as ``.csv``."""

    @property
    def tabular(self) -> bool:
        """Whether it writes the table, beside which there is room for columns of the items."""

    def notes(self, export: Export) -> Sequence[str]:
        """What to know before such a file is used."""

    def columns(self, export: Export) -> Sequence[str]:
        """The columns of the file, or the fields of its lines."""

    def write(self, export: Export, path: Path) -> None:
        """Write the file; whoever calls it puts it into its place.

        Raises
        ------
        InvalidInput
            For what such a file cannot hold.
        """


class Format(Protocol):
    """A file of another tool. A module of ``formats/`` has its formats in ``FORMATS``."""

    @property
    def name(self) -> str:
        """What people call the tool."""

    @property
    def order(self) -> int:
        """Who is asked first whether rows are of this tool: the smallest."""

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether it wrote these rows."""

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """What they say, and of each row that is not taken, why."""


def told(
    rows: Iterable[Row], answers: Callable[[int, Mapping[str, Any]], Iterable[Said | Left]], tool: str
) -> Iterator[Said | Left]:
    """What each row says, whatever may be wrong with one of them."""
    for number, row in rows:
        try:
            yield from answers(number, row)
        except NotTaken as why:
            yield Left(number, str(why))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            yield Left(number, f"The row is not as {tool} writes it.")


def one_of(values: Any) -> Any:
    """The only one of several choices.

    Raises
    ------
    NotTaken
        Where there is none, or more than one.
    """
    if not is_list(values):
        return values
    found = list(values)
    if not found:
        raise NotTaken("Nothing was chosen.")
    if len(found) > 1:
        shown = ", ".join(map(repr, found[:5]))
        raise NotTaken(f"{len(found)} answers were given ({shown}); this task takes one for each item.")
    return found[0]


def is_list(value: Any) -> bool:
    """Whether a value is a list, also one of numpy or Arrow."""
    return isinstance(value, list | tuple) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """The dicts of a list, which may be a cell that holds JSON; empty where there are none."""
    found = unpacked(value)
    return [one for one in found if isinstance(one, Mapping)] if is_list(found) else []


def fields_of(value: Any) -> Mapping[str, Any]:
    """A dict, which may be a cell that holds JSON; empty where there is none."""
    found = unpacked(value)
    return found if isinstance(found, Mapping) else {}


def is_nothing(value: Any) -> bool:
    """Whether a field is empty."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN


def texts_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """What an item may be known by: its texts, and paths or addresses of its media; longest first."""
    found = {v for v in fields.values() if isinstance(v, str) and v.strip()}
    return tuple(sorted(found, key=len, reverse=True))


def unpacked(value: Any) -> Any:
    """A cell of a table that holds JSON, as the value; anything else as it is."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
