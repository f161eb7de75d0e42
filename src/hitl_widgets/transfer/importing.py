"""Import of labels: the rows of a table become acts in the log, and invalid rows are reported one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd

from hitl_widgets.data.pool import Pool
from hitl_widgets.data.rows import decode
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats.base import NotTaken, Size, Wanted, is_list, marks_of, one_of
from hitl_widgets.formats.history import History
from hitl_widgets.formats.reading import Columns, read_source
from hitl_widgets.formats.stems import stem_of_id
from hitl_widgets.items.base import Measured, is_missing
from hitl_widgets.items.spelling import canonical_text, is_rounded, rounded_words, spellings
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.questions.base import Answer
from hitl_widgets.questions.parts import kinds_in
from hitl_widgets.questions.schema import MAX_NAME, Schema, is_unicode
from hitl_widgets.questions.values import is_blank
from hitl_widgets.transfer.frames import column

__all__ = [
    "Answers",
    "Ids",
    "Imported",
    "Journal",
    "Refusals",
    "Source",
    "annotator_name",
    "import_table",
    "read_labels",
    "refused_labels",
]

GUESSES = 50  # at most so many unknown ids are compared with those of the pool, which is slow
SAMPLE = 2000
SHOWN, GUESSED = 60, 200
PEOPLE = "annotator"  # the column of names in our own tables


@dataclass(frozen=True, eq=False)
class Imported:
    """The result of an import.

    Attributes
    ----------
    n
        Number of labels (for a history: acts) that were written.
    n_same
        Number of those that were already there and were not written.
    refused
        The other rows: row (its number in the source, from 0), id, label, why.
    n_rows
        Number of rows in the source.
    """

    n: int
    n_same: int
    refused: pd.DataFrame
    n_rows: int
    unit: str = "labels"

    def __repr__(self) -> str:
        words = [f"{self.n:,} {self.unit.removesuffix('s') if self.n == 1 else self.unit} imported"]
        if self.n_same:
            words.append(f"{self.n_same:,} already there")
        if len(self.refused):
            rows = self.refused.row.nunique()  # a row of another tool may contain several answers
            words.append(f"{rows:,} of {self.n_rows:,} rows refused: see .refused")
        return ", ".join(words)


@dataclass(frozen=True)
class Journal:
    """The log of a task, with a function to add events.

    Attributes
    ----------
    events, fold
        Its events, and the state that results from them.
    add
        Writes an event; returns False if the store has an event with this id under another task.
    named
        Returns the keys and digests for an act on rows of the pool; used only for tables.
    meant
        Translates an event to the keys that ``fold`` uses.
    """

    task: str
    events: Sequence[LabelEvent]
    fold: Fold
    add: Callable[[LabelEvent], bool]
    named: Callable[[Sequence[int]], tuple[tuple[str, ...], str]] = lambda _: ((), "")
    meant: Callable[[LabelEvent], LabelEvent] = lambda event: event


@dataclass(frozen=True)
class Source:
    """A row that says a label: see :class:`~hitl_widgets.formats.base.Said`."""

    number: int
    id: Any
    label: Any
    annotator: Any
    content: Any = None
    texts: tuple[str, ...] = ()
    sure: bool = True


class Refusals:
    """Rows that are not imported, with reasons."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, Any, Any, str]] = []

    def add(self, number: int, why: str, id: Any = None, label: Any = None) -> None:  # noqa: A002
        """Refuse a row of the source."""
        self._rows.append((number, id, label, why))

    def table(self) -> pd.DataFrame:
        """Columns row, id, label and why, in the order of the source."""
        rows = sorted(self._rows, key=lambda row: row[0])
        names = ("row", "id", "label", "why")
        return pd.DataFrame({name: column([row[k] for row in rows]) for k, name in enumerate(names)})


def read_labels(
    source: Any, names: Sequence[str], pool: Pool, is_class: Callable[[Any], bool], asked: Schema
) -> tuple[Columns | History, dict[int, Any] | None]:
    """Read ``source``; for a pool without ids, also the content of each row by its number.

    Raises
    ------
    InvalidInput
        As :func:`read_source`, but the id column may be missing if the content is there. Also if people
        gave different answers to an item, and nobody asked for the column with their names.
    """
    found, contents = _read(source, names, pool, is_class, asked)
    if isinstance(found, Columns) and len(names) == 2 and PEOPLE not in names:
        _refuse_several(source, names, found, contents)
    return found, contents


def _refuse_several(
    source: Any, names: Sequence[str], found: Columns, contents: Mapping[int, Any] | None
) -> None:
    """Refuse a table in which people differ about an item, because all answers would become those of one."""
    if any(who is not None for who in found.annotators or ()):
        return  # a file of another tool, under their names
    said: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = zip(found.rows, found.cells[names[0]], found.cells[names[1]], strict=True)
    for k, (number, key, label) in enumerate(rows):
        item = (contents or {}).get(number) if is_missing(key) else key
        if item is not None and not is_blank(label):
            said[str(item)][str(label)].append(k)
    differing = [answers for answers in said.values() if len(answers) > 1]
    if not differing:
        return
    told = None
    columns = [names[0] if not contents else names[1], names[1], PEOPLE]
    with suppress(InvalidInput):  # there is no such column
        told = read_source(source, list(dict.fromkeys(columns)))
    if not isinstance(told, Columns) or list(told.rows) != list(found.rows):
        return
    who = [None if is_blank(name) else name for name in told.cells[PEOPLE]]
    n = sum(
        len({who[k] for places in answers.values() for k in places} - {None}) > 1 for answers in differing
    )
    if n:
        raise InvalidInput(
            f"Different annotators gave different answers to {n:,} item{'' if n == 1 else 's'}. To keep "
            f'their names, pass annotator="{PEOPLE}". To import the answers of one person, pass only '
            "the rows of that person. Nothing was imported."
        )


def _read(
    source: Any, names: Sequence[str], pool: Pool, is_class: Callable[[Any], bool], asked: Schema
) -> tuple[Columns | History, dict[int, Any] | None]:
    try:
        known = _ByContent(pool)
        wanted = Wanted(
            names[0],
            names[1],
            is_class,
            partial(_selected, pool),
            asked.kind,
            relations=bool(asked.settings.get("relations")),
            size_of=known.size,
            text_of=known.text,
            compared=known.compared,
            parts=kinds_in(asked.settings),
        )
        found: Columns | History | None = read_source(source, names, wanted)
    except InvalidInput as error:
        found, missing = None, error
    if isinstance(found, Columns) and found.content is not None:  # an export of another tool
        return found, None
    if isinstance(found, History) or (found is not None and pool.has(map(str, found.cells[names[0]]))):
        return found, None
    for columns in _content_columns(pool):
        with suppress(InvalidInput):
            told = read_source(source, list(dict.fromkeys([*columns, *names[1:]])))
            if isinstance(told, Columns):
                cells = zip(*(told.cells[c] for c in columns), strict=True)
                rows = pool.item_kind.tabular
                items = [dict(zip(columns, row, strict=True)) if rows else row[0] for row in cells]
                blank = replace(told, cells={names[0]: [None] * len(items), **told.cells})
                return found or blank, dict(zip(told.rows, items, strict=True))
    if found is None:
        raise missing
    return found, None


def _selected(pool: Pool, fingerprint: str, rows: str) -> list[str]:
    if fingerprint != pool.fingerprint:
        raise NotTaken("The selection was made on another table, or on an earlier version of this one.")
    return [pool.keys[row] for row in decode(rows, len(pool))]


def _content_columns(pool: Pool) -> list[list[str]]:
    """Columns that may identify the items of a pool without ids, most likely first."""
    if not pool.by_content or not pool.has_content or pool.item_kind.in_files:
        return []
    if pool.item_kind.tabular:
        return [list(map(str, pool.items[0]))]
    if pool.kind in {"list", "several"}:
        return []
    return [[name] for name in dict.fromkeys((*pool.columns, pool.kind, "text"))]


def import_table(
    found: Columns,
    names: Sequence[str],
    log: Journal,
    pool: Pool,
    schema: Schema,
    annotator: str,
    *,
    replace: bool,
    contents: Mapping[int, Any] | None = None,
) -> Imported:
    """Write the labels of a table, one act for each class and annotator; see :meth:`Session.import_labels`.

    Parameters
    ----------
    names
        The columns of ids, labels and, if there is one, annotators.
    annotator
        The annotator, if no column says.
    contents
        The content of rows by their number, which identifies items without ids.
    """
    refusals = Refusals()
    for number, why in found.broken:
        refusals.add(number, why)
    n = len(found.rows)
    people = [annotator] * n if found.annotators is None else [who or annotator for who in found.annotators]
    if len(names) > 2:
        people = found.cells[names[2]]
    cells = zip(
        found.rows,
        found.cells[names[0]],
        found.cells[names[1]],
        people,
        map((contents or {}).get, found.rows),
        found.content or [()] * n,
        found.sure or [True] * n,
        strict=True,
    )
    told = _told([Source(*cell) for cell in cells], pool, Answers(schema, log.fold), refusals)
    groups, n_same = _groups(told, log, pool, refusals, replace=replace)
    for (answer, who), places in groups.items():
        keys, digests = log.named(places)
        said = log.fold.kind.dump(answer)
        log.add(LabelEvent("label", log.task, who, keys, said, "import", digests=digests))
    return Imported(sum(map(len, groups.values())), n_same, refusals.table(), found.n_rows)


def refused_labels(values: Iterable[Any], schema: Schema, fold: Fold) -> Counter[str]:
    """Return why values are not answers to the question, each with the number of such values."""
    answers, found = Answers(schema, fold), Counter[str]()
    for value in values:
        try:
            answers.find(value)
        except InvalidInput as error:
            found[str(error)] += 1
    return found


def _told(
    rows: Sequence[Source], pool: Pool, answers: Answers, refusals: Refusals
) -> dict[tuple[int, str], list[tuple[Source, Answer]]]:
    """The answers of the valid rows, by item and annotator."""
    ids = Ids(pool)
    told: dict[tuple[int, str], list[tuple[Source, Answer]]] = defaultdict(list)
    for row in rows:
        try:
            place, who = ids.of(row), annotator_name(row.annotator)
            value = answers.find(answers.asked(row.label), pool, place)
        except InvalidInput as error:
            refusals.add(row.number, str(error), row.id, row.label)
        else:
            told[place, who].append((row, value))
    return told


def _groups(
    told: dict[tuple[int, str], list[tuple[Source, Answer]]],
    log: Journal,
    pool: Pool,
    refusals: Refusals,
    *,
    replace: bool,
) -> tuple[dict[tuple[Answer, str], list[int]], int]:
    """The items to label by answer and annotator, and the number of rows that are already in effect."""
    groups: dict[tuple[Answer, str], list[int]] = defaultdict(list)
    kind, vocabulary = log.fold.kind, log.fold.vocabulary
    n_same = 0
    for (place, who), said in told.items():
        key, values = pool.keys[place], list(dict.fromkeys(value for _, value in said))
        held = log.fold.current(key).get(who)
        now = None if held is None else log.fold.now(held)
        why = ""
        if len(values) > 1:
            called = choices(kind.said(value, vocabulary) for value in values)
            why = f"The item occurs {len(said)} times, as {called}. For several annotators, pass annotator=."
        elif now not in {None, values[0]} and not replace:
            before = None if now is None else kind.said(now, vocabulary)
            why = f"{who} has already labelled it {before!r}. To use the file's labels, pass replace=True."
        if why:
            for row, _ in said:
                refusals.add(row.number, why, row.id, row.label)
            continue
        if now == values[0]:
            n_same += len(said)
        else:
            groups[values[0], who].append(place)
            n_same += len(said) - 1
    return groups, n_same


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _nearest(value: Any, valid: Iterable[str]) -> str:
    return nearest(value, valid) if len(str(value)) <= GUESSED else ""


def _alone(value: Any) -> Any:
    """The single value of a list; several labels are refused."""
    if not is_list(value):
        return value
    try:
        return one_of(value)
    except NotTaken as why:
        raise InvalidInput(str(why)) from None


def _refuse_odd(value: Any, what: str) -> None:
    if is_missing(value) or (isinstance(value, str) and not value.strip()):
        raise InvalidInput(f"The {what} is blank.")
    if not isinstance(value, Hashable) or isinstance(value, bytes | tuple):
        raise InvalidInput(f"The {what} {_shown(value)} is not text.")


class Ids:
    """Finds items by id, and suggests the nearest id for unknown ones."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self._guesses = pool, GUESSES
        self._items = _ByContent(pool)

    def of(self, row: Source) -> int:
        """The item of a row: by its id, or by its content if it has no id of the user's."""
        if not row.texts or (row.sure and not is_missing(row.id)):
            return self.find(row.id, row.content)
        place = None if is_missing(row.id) else self._place(row.id)
        if place is not None and self._items.says(place, row.texts):
            return place
        if (found := self._items.find(row.texts)) is not None:
            return found
        if (found := self._items.named(row.texts)) is not None:
            return found
        text, key = _shown(row.texts[0]), "" if is_missing(row.id) else f" The item {row.id!r} differs."
        what = "text" if self._pool.item_kind.reads else "name"
        raise InvalidInput(
            f"No item, or more than one, has the {what} {text}.{key} Ids of tools are ignored."
        )

    def _place(self, value: Any) -> int | None:
        try:
            return self.find(value)
        except InvalidInput:
            return None

    def find(self, value: Any, content: Any = None) -> int:
        """The item with this id, or this content; raises InvalidInput if there is none."""
        if isinstance(value, str) and (exact := self._pool.find(value)) is not None:
            return exact  # also if it is a space
        if content is not None and (place := self._by_content(content)) is not None:
            return place
        if is_missing(value) and isinstance(content, str | dict):
            raise InvalidInput(f"No item has the content {_shown(content)}.")
        _refuse_odd(value, "id")
        for spelling in spellings(value):
            place = self._pool.find(spelling)
            if place is not None:
                return place
        if is_rounded(value):
            raise InvalidInput(rounded_words(value))
        # A number may have lost leading zeros; a text has not.
        place = self._by_content(value) if isinstance(value, str) else self._pool.respelled(str(value))
        if place is not None:
            return place
        self._guesses -= 1
        guess = _nearest(value, self._pool.keys[:SAMPLE]) if self._guesses >= 0 else ""
        example = choices(self._pool.ids[:1])
        raise InvalidInput(f"No item has the id {_shown(value)}.{guess} Ids look like {example}.")

    def _by_content(self, content: Any) -> int | None:
        """The one item with this content, if items are identified by content."""
        pool = self._pool
        if not pool.by_content or not isinstance(content, str if pool.item_kind.reads else dict):
            return None
        return pool.saying(content)


class _ByContent:
    """Finds items by content, for files without the user's ids."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def find(self, texts: Sequence[str]) -> int | None:
        """The item with one of these texts; None if there is none or more than one."""
        for text in texts:
            if self._pool.item_kind.reads:
                place = self._pool.saying(text)
            else:
                places = self._places.get(canonical_text(text), ())
                place = places[0] if len(places) == 1 else None
            if place is not None:
                return place
        return None

    def named(self, names: Sequence[str]) -> int | None:
        """The item whose id is one of these names of files, with or without its suffix; None if unknown."""
        if self._pool.by_content:
            return None
        for name in names:
            if (place := self._pool.find(name)) is not None:
                return place
        places = [self._stems[name] for name in names if name in self._stems]
        return places[0][0] if places and len(places[0]) == 1 else None

    @cached_property
    def _stems(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        if not self._pool.item_kind.reads:
            for place, key in enumerate(self._pool.ids):
                found[stem_of_id(str(key))].append(place)
        return dict(found)

    def size(self, texts: Sequence[str]) -> Size | None:
        """The size of the image with one of these paths, names or ids; None if it is unknown."""
        pool = self._pool
        if not isinstance(pool.item_kind, Measured):
            return None
        place = self.find(texts)
        place = self.named(texts) if place is None else place
        try:
            extent = () if place is None else pool.item_kind.extent(pool.items[place])
        except ValueError:
            return None
        return (extent[0], extent[1]) if len(extent) > 1 else None

    def text(self, words: Sequence[str]) -> str | None:
        """The one text that consists of these words and white space."""
        found = self._dense.get("".join(words), [])
        return found[0] if len(found) == 1 else None

    @cached_property
    def _dense(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for text in self._pool.texts or ():
            found["".join(text.split())].append(text)
        return dict(found)

    def compared(self, one: Any, other: Any) -> tuple[Any, bool]:
        """The id of the list of these two, and whether it is in this order."""
        for pair, in_order in (((one, other), True), ((other, one), False)):
            try:
                places = self._lists.get(pair, [])
            except TypeError:  # not a text
                break
            if len(places) == 1:
                return self._pool.ids[places[0]], in_order
        return None, True

    @cached_property
    def _lists(self) -> dict[Any, list[int]]:
        found: dict[Any, list[int]] = defaultdict(list)
        if self._pool.kind == "list":
            for place, item in enumerate(self._pool.items):
                if all(isinstance(member, str | Path) for member in item):
                    found[tuple(map(str, item))].append(place)
        return dict(found)

    def says(self, place: int, texts: Sequence[str]) -> bool:
        """Whether the item has one of these texts."""
        return not self._texts(place).isdisjoint(map(canonical_text, texts))

    def _texts(self, place: int) -> set[str]:
        item = self._pool.items[place]
        kind = self._pool.item_kind
        values = [str(v) for v in (item.values() if kind.tabular else (item,)) if isinstance(v, str | Path)]
        if kind.in_files:  # other tools know the names of files
            values += [name for v in values for name in (Path(v).name, Path(v).stem)]
        return set(map(canonical_text, values))

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for place in range(len(self._pool)):
            for text in self._texts(place):
                found[text].append(place)
        return dict(found)


class Answers:
    """Converts cells to answers."""

    def __init__(self, schema: Schema, fold: Fold) -> None:
        self._classes, self._kind, self._vocabulary = _Classes(schema), fold.kind, fold.vocabulary
        self._schema = schema

    def find(self, value: Any, pool: Pool | None = None, place: int = 0) -> Answer:
        """The answer; checked against the item at this place of the pool, if it is more than its classes.

        Raises InvalidInput if the cell is none.
        """
        if self._kind.composed:
            return self._composed(value, pool, place)
        if self._kind.closed:
            [one] = self._kind.listed(value)
            return self._kind.parse(self._classes.find(_alone(one)), self._vocabulary)
        many = is_list(value) or isinstance(value, set | frozenset)
        if not many:
            _refuse_odd(value, "label")
        if not many and self._classes.has(value):
            return self._kind.parse([value], self._vocabulary)
        named = [self._classes.find(one) for one in self._kind.listed(value)]
        return self._kind.parse(named, self._vocabulary)

    def asked(self, label: Any) -> Any:
        """The label of another tool without its relations, if the question does not ask for any."""
        asks = self._kind.name != "spans" or self._schema.settings.get("relations")
        return label if asks else marks_of(label)

    def _composed(self, value: Any, pool: Pool | None, place: int) -> Answer:
        if not is_list(value) and not isinstance(value, Mapping) and is_blank(value):
            raise InvalidInput("The label is blank.")
        answer = self._kind.parse(value, self._vocabulary)
        if pool is not None and isinstance(kind := pool.item_kind, Measured):
            try:
                self._kind.check(answer, self._schema, kind.extent(pool.items[place]))
            except ValueError as error:
                raise InvalidInput(str(error)) from error
        return answer


class _Classes:
    """Finds classes by name, and suggests the nearest name for unknown ones."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._found: dict[tuple[type, Any], str | None] = {}
        self._why: dict[str, str] = {}

    def has(self, value: Any) -> bool:
        """Whether it is exactly the name of a class."""
        return value in self._schema.names

    def find(self, value: Any) -> str:
        _refuse_odd(value, "label")
        spelling = type(value), value
        if spelling not in self._found:
            self._found[spelling] = self._schema.find(value)
        if (name := self._found[spelling]) in self._schema.names:
            return str(name)
        text = _shown(value)
        if text not in self._why:
            guess, known = _nearest(value, self._schema.names), choices(self._schema.values)
            more = "" if self._schema.kind != "choices" else ' For several, use a list such as ["a", "b"].'
            self._why[text] = f"{text} is not a class of this task.{guess} The classes are {known}.{more}"
        raise InvalidInput(self._why[text])


def annotator_name(value: Any) -> str:
    """Return the name of an annotator; raise InvalidInput if it is none."""
    if is_missing(value):
        raise InvalidInput("The annotator is blank.")
    text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    if not text or len(text) > MAX_NAME or not is_unicode(text) or not text.isprintable():
        raise InvalidInput(
            f"The annotator {_shown(value)} is not a name: expected a text of 1 to {MAX_NAME} characters."
        )
    return text
