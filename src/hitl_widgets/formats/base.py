"""The common interface of file formats."""

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
    """Raised with the reason why a row, or an answer in it, is not a label."""


def _no_selection(_pool: str, _rows: str) -> Sequence[str]:
    raise NotTaken("The rows of a selection cannot be read without the table that it was made on.")


@dataclass(frozen=True)
class Wanted:
    """What to import.

    Attributes
    ----------
    id, label
        The field of the user's ids, and the field of the answers: the question, if a file has several.
    is_class
        Whether a value is a class of the task.
    selected
        Returns the ids of a selection that was made on the table with the given fingerprint.
    """

    id: str = "id"
    label: str = "label"
    is_class: Callable[[Any], bool] = lambda _: False
    selected: Callable[[str, str], Sequence[str]] = _no_selection

    @property
    def named(self) -> bool:
        """Whether the question is given explicitly."""
        return self.label != "label"


@dataclass(frozen=True)
class Said:
    """One label.

    Attributes
    ----------
    number
        The row in the source.
    id
        The user's id, or None. Numbers assigned by a tool are not ids.
    content
        Texts and paths of the item, any of which may identify it.
    annotator
        The annotator; None if unknown.
    sure
        Whether the id is certainly the user's own. If not, it counts only if the content matches.
    """

    number: int
    label: Any
    id: Any = None
    content: tuple[str, ...] = ()
    annotator: str | None = None
    sure: bool = True


@dataclass(frozen=True)
class Left:
    """A row that is not imported, and the reason."""

    number: int
    why: str


@dataclass(frozen=True, eq=False)
class Export:
    """The data to export.

    Attributes
    ----------
    table
        The current labels, one per row, with cells that files can contain.
    events, fold
        All acts in log order, and the state computed from them.
    called
        Pseudonyms of the annotators; empty if their names are included.
    """

    table: pd.DataFrame
    events: Sequence[LabelEvent] = ()
    fold: Fold = field(default_factory=Fold)
    called: Mapping[str, str] = field(default_factory=dict)


class Writer(Protocol):
    """A format for export. Modules of ``formats/`` list their writers in ``WRITERS``."""

    @property
    def name(self) -> str:
        """The name for ``format=``."""

    @property
    def ending(self) -> str:
        """The suffix of its files, such as ``.csv``."""

    @property
    def tabular(self) -> bool:
        """Whether it writes the table, which may include columns of the items."""

    def notes(self, export: Export) -> Sequence[str]:
        """Return notes for users of such a file."""

    def columns(self, export: Export) -> Sequence[str]:
        """Return the columns of the file, or the fields of its lines."""

    def write(self, export: Export, path: Path) -> None:
        """Write the file; the caller moves it to its final path.

        Raises
        ------
        InvalidInput
            If the data does not fit into such a file.
        """


class Format(Protocol):
    """A file format of another tool. Modules of ``formats/`` list their formats in ``FORMATS``."""

    @property
    def name(self) -> str:
        """The display name of the tool."""

    @property
    def order(self) -> int:
        """Formats with a smaller value are tried first."""

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether these rows are in this format."""

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels, and a reason for each row that is not imported."""


def told(
    rows: Iterable[Row], answers: Callable[[int, Mapping[str, Any]], Iterable[Said | Left]], tool: str
) -> Iterator[Said | Left]:
    """Yield the answers of each row; errors in a row become reasons."""
    for number, row in rows:
        try:
            yield from answers(number, row)
        except NotTaken as why:
            yield Left(number, str(why))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            yield Left(number, f"The row is not in the format of {tool}.")


def one_of(values: Any) -> Any:
    """Return the single choice of a list; return other values unchanged.

    Raises
    ------
    NotTaken
        If there is none, or more than one.
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
    """Return whether a value is a list, including NumPy and Arrow."""
    return isinstance(value, list | tuple) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """Return the dicts in a list, which may be JSON in a cell; empty if there are none."""
    found = unpacked(value)
    return [one for one in found if isinstance(one, Mapping)] if is_list(found) else []


def fields_of(value: Any) -> Mapping[str, Any]:
    """Return a dict, which may be JSON in a cell; empty if there is none."""
    found = unpacked(value)
    return found if isinstance(found, Mapping) else {}


def is_nothing(value: Any) -> bool:
    """Return whether a field is empty."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN


def texts_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what may identify an item: its texts, and paths or URLs of its media; longest first."""
    found = {v for v in fields.values() if isinstance(v, str) and v.strip()}
    return tuple(sorted(found, key=len, reverse=True))


def unpacked(value: Any) -> Any:
    """Parse a cell that contains JSON; return anything else unchanged."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
