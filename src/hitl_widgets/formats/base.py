"""The common interface of file formats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.questions.schema import Schema

__all__ = [
    "IMAGES",
    "KIND",
    "MARKS",
    "Export",
    "Format",
    "InFiles",
    "Left",
    "NotTaken",
    "Row",
    "Said",
    "Size",
    "Wanted",
    "Writer",
    "answered",
    "by_item",
    "marks_of",
    "milliseconds",
    "moment",
    "one_each",
    "one_of",
    "pseudonym",
    "related",
    "relations_of",
    "size_in",
    "text_of",
    "texts_of",
    "told",
    "unnamed",
]

Row = tuple[int, Mapping[str, Any]]
Size = tuple[float, float]
"""Width and height of an image in pixels."""

# The kinds of questions whose answers are lists of marks, [] for none.
MARKS = ("spans", "ranges", "transcript", "boxes", "polygons", "points", "masks")
IMAGES = ("boxes", "polygons", "points", "masks")
MAX_SIDE = 10**6  # pixels
PSEUDONYM = re.compile(r"annotator \d+")
# The field of our rows with the kind of the answer, which its value alone does not always tell.
KIND = "hitl_kind"


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
    kind
        The kind of question, such as ``"choice"``; empty for whatever the file contains.
    whole
        Whether everything that is not read is reported, including answers to other questions.
    size_of
        Returns the size of the image with one of these names or paths; None if it is unknown.
    text_of
        Returns the text that consists of these tokens and of white space; None if it is unknown.
    relations
        Whether relations between spans are part of the answer; if everything is wanted, they are where there
        are any.
    compared
        Returns the id of the item that consists of these two, and whether it is in this order.
    task
        The task, whose answers alone are read where a file names it; empty for any.
    parts
        For a form, the kind of each question by its name.
    """

    id: str = "id"
    label: str = "label"
    is_class: Callable[[Any], bool] = lambda _: False
    selected: Callable[[str, str], Sequence[str]] = _no_selection
    kind: str = "choice"
    whole: bool = False
    size_of: Callable[[Sequence[str]], Size | None] = lambda _: None
    text_of: Callable[[Sequence[str]], str | None] = lambda _: None
    relations: bool = False
    compared: Callable[[Any, Any], tuple[Any, bool]] = lambda *_: (None, True)
    task: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)

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
    kind
        The kind of question that it answers; the label is in the form of :meth:`Session.labels`.
    item
        The fields of the item: ``text``, ``image`` (a path), ``audio``, ``items`` (a list of two or more to
        compare), and others.
    size
        The size of the image, if it is known.
    elapsed_ms, time
        How long it took, and when it was given (ISO 8601), if known.
    guess
        Whether it is a suggestion, not an answer.
    digest
        A digest of the item that was shown; empty if unknown.
    parts
        For a form, the kind of each question by its name, as far as it is known.
    """

    number: int
    label: Any
    id: Any = None
    content: tuple[str, ...] = ()
    annotator: str | None = None
    sure: bool = True
    kind: str = "choice"
    item: Mapping[str, Any] = field(default_factory=dict)
    size: Size | None = None
    elapsed_ms: int | None = None
    time: str | None = None
    guess: bool = False
    digest: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Left:
    """A row, or a part of it, that is not read or written, and the reason.

    ``part``: of an answer that is written, only a part is left out.
    """

    number: int
    why: str
    part: bool = False


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
    kind, classes
        The kind of question, and the names of its classes as text.
    schema
        The question, if there is one.
    said
        The current labels with their items, for the formats of other tools.
    """

    table: pd.DataFrame
    events: Sequence[LabelEvent] = ()
    fold: Fold = field(default_factory=Fold)
    called: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    classes: Sequence[str] = ()
    schema: Schema | None = None
    said: Sequence[Said] = ()


class Writer(Protocol):
    """A format for export. Modules of ``formats/`` list their writers in ``WRITERS``.

    Relations between spans and suggestions are left out, unless a writer has an attribute ``relations`` or
    ``suggestions`` that is true; the texts of boxes are reported as left out, unless it has an attribute
    ``texts`` that is true. A writer of a folder with a file for each item has an attribute ``each`` that is
    true; then the path may also be that of a zip file, or of one file.
    """

    @property
    def name(self) -> str:
        """The name for ``format=``."""

    @property
    def ending(self) -> str:
        """The suffix of its files, such as ``.csv``."""

    @property
    def tabular(self) -> bool:
        """Whether it writes the table, which may include columns of the items."""

    @property
    def folder(self) -> bool:
        """Whether it writes a folder instead of a file."""

    @property
    def items(self) -> bool:
        """Whether it writes the labels with their items, from ``said``, for another tool."""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of questions whose answers it can contain; empty for all."""

    def notes(self, export: Export) -> Sequence[str]:
        """Return notes for users of such a file."""

    def columns(self, export: Export) -> Sequence[str]:
        """Return the columns of the file, or the fields of its lines."""

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file; the caller moves it to its final path.

        Returns
        -------
        list of Left
            What the format cannot contain, by the numbers of the labels.

        Raises
        ------
        InvalidInput
            If the data does not fit into such a file.
        """


class Format(Protocol):
    """A file format of another tool. Modules of ``formats/`` list their formats in ``FORMATS``.

    A format that is one JSON object for all items has a method ``unfold``, which returns a row for each. A
    method ``where`` returns the place of a row in its file, such as "task 7", where it is not a row of a
    table or a line.
    """

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


@runtime_checkable
class InFiles(Protocol):
    """A format whose files are neither tables nor JSON, or that is a folder of files."""

    def opens(self, path: Path) -> bool:
        """Return whether a file or folder is in this format."""

    def rows(self, path: Path) -> list[Row]:
        """Return a row for each item.

        Raises
        ------
        InvalidInput
            If it cannot be read.
        """


def told(
    rows: Iterable[Row], answers: Callable[[int, Mapping[str, Any]], Iterable[Said | Left]], tool: str
) -> Iterator[Said | Left]:
    """Yield the answers of each row; errors in a row become reasons."""
    for number, row in rows:
        try:
            yield from answers(number, row)
        except (NotTaken, InvalidInput) as why:
            yield Left(number, str(why))
        except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError):
            yield Left(number, f"The row is not in the format of {tool}.")


def by_item(said: Iterable[Said]) -> list[list[Said]]:
    """Return the labels of each item, in the order of the items."""
    found: dict[Any, list[Said]] = {}
    for one in said:
        key = str(one.id) if one.id is not None else one.content or one.number
        found.setdefault(key, []).append(one)
    return list(found.values())


def answered(said: Iterable[Said], left: list[Left]) -> list[Said]:
    """Return the answers; suggestions are added to ``left``."""
    found = []
    for one in said:
        if one.guess:
            left.append(Left(one.number, "A suggestion is not an answer."))
        else:
            found.append(one)
    return found


def one_each(said: Iterable[Said], left: list[Left], tool: str) -> list[Said]:
    """Return the newest label of each item; the others are added to ``left``."""
    found = []
    for given in by_item(said):
        given.sort(key=lambda one: one.time or "")
        left += [
            Left(one.number, f"{tool} takes one answer for each item: only the newest one is written.")
            for one in given[:-1]
        ]
        found += given[-1:]
    return found


def marks_of(label: Any) -> Any:
    """Return an answer without relations between its marks, if it has any."""
    return label["spans"] if isinstance(label, Mapping) and "spans" in label else label


def relations_of(label: Any) -> Sequence[Mapping[str, Any]]:
    """Return the relations in an answer."""
    return label.get("relations", ()) if isinstance(label, Mapping) else ()


def related(spans: list[Any], relations: Sequence[Any], wanted: Wanted) -> Any:
    """Return an answer of spans, with relations if they are asked for, or everything is wanted."""
    relations = list(relations)
    if wanted.relations or (wanted.whole and relations):
        return {"spans": spans, "relations": relations}
    return spans


def milliseconds(spent: Any, unit: int = 1000) -> int | None:
    """Return a duration in milliseconds, given in units of so many; None if it is not one."""
    try:
        value = float(spent) * unit
        return round(value) if value >= 0 else None
    except (ArithmeticError, TypeError, ValueError):
        return None


def pseudonym(n: int) -> str:
    """Return what files call the n-th annotator if they do not name them."""
    return f"annotator {n}"


def unnamed(who: str | None) -> str | None:
    """Return the name of an annotator; None for a pseudonym of our files, which is nobody's name."""
    return None if who is None or PSEUDONYM.fullmatch(who) else who


def moment(seconds: Any) -> str | None:
    """Return a time in seconds since 1970 in ISO 8601; None if it is not one."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ArithmeticError, OSError, TypeError, ValueError):
        return None


def size_in(width: Any, height: Any) -> Size | None:
    """Return the size of an image; None if these are not numbers of pixels."""
    try:
        found = float(width), float(height)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return found if all(1 <= side <= MAX_SIDE for side in found) else None


def text_of(item: Mapping[str, Any]) -> str | None:
    """Return the text of an item; None if it has none."""
    text = item.get("text")
    if isinstance(text, str):
        return text
    texts = [value for value in item.values() if isinstance(value, str)]
    return texts[0] if len(texts) == 1 else None


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
