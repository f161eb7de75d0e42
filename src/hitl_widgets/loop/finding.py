"""Finding: queries over the words, columns, labels and predictions of a session."""

from __future__ import annotations

import operator
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from functools import reduce
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.data.columns import Column, Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.beliefs import Belief
from hitl_widgets.loop.alike import Alike
from hitl_widgets.loop.asking import Ground, Labels
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.seen import Seen
from hitl_widgets.questions.base import Worded
from hitl_widgets.search.index import WordIndex, folded
from hitl_widgets.search.query import Query, Term, parse

__all__ = ["Finder", "Found"]

Mask = npt.NDArray[np.bool_]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ":": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
STATES = ("labelled", "unlabelled", "skipped", "disagrees")
_SPELLINGS = {"labeled": "labelled", "unlabeled": "unlabelled"}
FIELDS = (
    "class", "predicted", "like", "by", "id", "doubt", "uncertainty", "confidence", "is", "slice", "answer"
)  # fmt: skip
OWN = {"id", "like", "slice", "answer"}  # a column of this name comes first
KEPT = 100  # results of the index
FEW = 100_000
# 01.02.2026 could be in January or in February.
_DATE = re.compile(r"\d{4}((?:-\d{1,2}){0,2})([T ].*)?")
_TRUTHS = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}


class _NoModel(InvalidInput):
    """The query needs predictions."""


@dataclass(frozen=True, eq=False)
class Found:
    """The result of a query.

    Attributes
    ----------
    rows
        int64 of shape (k,): rows of the pool, ascending; most similar first if ``ranked``.
    parts
        The source of each condition, and the number of items that meet it.
    ranked
        Whether the query asks for items like another.
    """

    rows: npt.NDArray[np.int64]
    parts: tuple[tuple[str, int], ...]
    ranked: bool = False


class Finder:
    """Run queries; see :mod:`hitl_widgets.search.query` for the syntax.

    Parameters
    ----------
    pool, columns, log
        Parts of the session.
    seen
        Returns its labels and predictions.
    ground
        Returns the features and the graph of the items; None before there are features.
    """

    def __init__(
        self,
        pool: Pool,
        columns: Columns,
        log: Log,
        seen: Callable[[], Seen],
        ground: Callable[[], Ground | None],
    ) -> None:
        self._pool, self._columns, self._log, self._seen = pool, columns, log, seen
        self._alike = Alike(ground)
        self._lock = threading.Lock()
        self._index: WordIndex | None = None
        self._of_columns: dict[str, WordIndex] = {}
        self._known: dict[tuple[str, str], npt.NDArray[np.uint8]] = {}
        self._said: tuple[Labels, WordIndex] | None = None

    @property
    def index(self) -> WordIndex:
        """The index of the words of all items; built now if :meth:`prepare` has not built it yet."""
        with self._lock:
            if self._index is None:
                words = map(self._pool.item_kind.words, self._pool.items)
                self._index = WordIndex(self._pool.texts or words, give_way)
            return self._index

    def prepare(self, _overtaken: Callable[[], bool] = lambda: False) -> None:
        """Build the index in advance. Words of items other than texts take longer, so only of a few."""
        if self._pool.texts is not None or len(self._pool) <= FEW:
            _ = self.index

    def find(self, text: str) -> Found:
        """Return the items that match a query; all items if it is blank.

        Raises
        ------
        InvalidInput
            If the query is invalid, has an unknown name, or needs a model that does not exist yet.
        """
        return self._found(parse(text), self._seen())

    def check(self, text: str) -> None:
        """Raise InvalidInput unless a query can be kept as a slice, now or once there is a model."""
        with suppress(_NoModel):
            self.mask(text)

    def mask(self, text: str) -> Mask:
        """Return which items match the query of a slice, bool (n_items,); raises as :meth:`find`."""
        alternatives = parse(text)
        if not alternatives:
            raise InvalidInput("The query is empty, so there is nothing to keep.")
        for term in chain.from_iterable(alternatives):
            self._refuse_unknown(term)
            if self._is_own("slice", term):
                raise InvalidInput(f"{term.typed!r}: a slice cannot refer to another slice.")
        found = np.zeros(len(self._pool), np.bool_)
        found[self._found(alternatives, self._seen()).rows] = True
        return found

    def fixed(self, text: str) -> Mask:
        """Return which items match a query that reads only the items, bool (n_items,).

        Raises
        ------
        InvalidInput
            As :meth:`find`, and if the query, or a slice in it, depends on labels or predictions.
        """
        alternatives = parse(text)
        if not alternatives:
            raise InvalidInput("The query is empty: expected words, /a pattern/ or a condition on a column.")
        for term in chain.from_iterable(alternatives):
            self._refuse_unknown(term)
            if self._is_own("slice", term):
                _, query = self._kept_query(term.value)
                self.fixed(query)
            elif self._changes(term):
                raise InvalidInput(
                    f"{term.typed!r} depends on labels or predictions, which a rule cannot, because it would "
                    "repeat what it should add to. Expected words, /a pattern/ or a condition on a column."
                )
        found = np.zeros(len(self._pool), np.bool_)
        found[self._found(alternatives, self._seen()).rows] = True
        return found

    def _changes(self, term: Term) -> bool:
        """Whether the result of a condition changes with labels or predictions."""
        if term.quoted:
            return False
        if term.kind == "words":
            return _SPELLINGS.get(term.value, term.value) in STATES
        is_own = term.field in FIELDS and not (term.field in OWN and term.field in self._columns)
        return term.kind == "field" and is_own and term.field != "id"

    def _found(self, alternatives: Query, seen: Seen) -> Found:
        if len(alternatives) == 1:
            asked = [term for term in alternatives[0] if self._is_own("like", term)]
            if asked:
                return self._like(asked, [term for term in alternatives[0] if term not in asked], seen)
        parts: list[tuple[str, int]] = []
        met = np.full(len(self._pool), not alternatives)
        for terms in alternatives:
            masks = [self._mask(term, seen) for term in terms]
            parts += _counted(terms, masks)
            met |= reduce(operator.and_, masks)
        return Found(np.flatnonzero(met).astype(np.int64), tuple(parts))

    def _like(self, asked: list[Term], others: list[Term], seen: Seen) -> Found:
        """Find items like another among those that meet the other conditions."""
        term = asked[0]
        if len(asked) > 1 or term.negated or term.operator not in {":", "="}:
            raise InvalidInput(f"{asked[-1].typed!r}: expected like: and one id, once in the query.")
        masks = [self._mask(other, seen) for other in others]
        among = reduce(operator.and_, masks, np.ones(len(self._pool), np.bool_))
        rows = self._alike.to(self._row(term.value), among)
        return Found(rows, ((term.typed, len(rows)), *_counted(others, masks)), ranked=True)

    def _is_own(self, field: str, term: Term) -> bool:
        """Whether a term is this field, and not a column of the same name."""
        return term.field == field and not term.quoted and field not in self._columns

    def _row(self, name: str) -> int:
        """Return the row of an item from its id as text."""
        i = self._pool.find(name)
        return int(self._pool.index([name])[0]) if i is None else i

    def _mask(self, term: Term, seen: Seen) -> Mask:
        found = self._of(term, seen)
        return ~found if term.negated else found

    def _of(self, term: Term, seen: Seen) -> Mask:
        if term.kind == "pattern":
            return self._indexed(term) | self._answered(term, seen)
        if term.kind == "words":
            state = _SPELLINGS.get(term.value, term.value)
            return _state(state, seen) if not term.quoted and state in STATES else self._words(term, seen)
        is_id = term.field == "id" == self._pool.id_column and term.operator == ":"
        of_table = term.field in OWN & self._columns.keys() and not is_id
        if not term.quoted and term.field in FIELDS and not of_table:
            return self._field(term, seen)
        if term.field in self._columns:
            column = self._columns[term.field]
            return self._matched(term, column) if _is_pattern(term, column) else _compared(term, column)
        if term.quoted or term.operator != ":" or term.slashed or nearest(term.field, self._known_names):
            raise self._unknown(term)
        return self._words(Term("words", term.typed[term.negated :]), seen)  # as in http://example.org

    @property
    def _known_names(self) -> list[str]:
        return [*FIELDS, *self._columns]

    def _unknown(self, term: Term) -> InvalidInput:
        return InvalidInput(
            f"{term.typed!r}: no column or field {term.field!r}.{nearest(term.field, self._known_names)} "
            f"Fields are {choices(FIELDS)}"
            + (f"; columns are {choices(self._columns)}." if self._columns else ".")
            + " To search for it as text, put all of it in quotes."
        )

    def _refuse_unknown(self, term: Term) -> None:
        """Raise InvalidInput if what is kept has a name that is neither a column nor a field.

        It may be a column that is gone, and must not turn into words. Addresses and times are words.
        """
        known = term.kind != "field" or term.field in self._known_names
        if not known and not term.value.startswith("//") and not term.field.isdigit():
            raise self._unknown(term)

    def _words(self, term: Term, seen: Seen) -> Mask:
        found = self._indexed(term) | self._answered(term, seen)
        i = None if term.quoted else self._pool.find(term.value)
        if i is not None:
            found[i] = True
        return found

    def _indexed(self, term: Term) -> Mask:
        """Search the index. The latest results are cached: slices are searched again after every label."""

        def search() -> Mask:
            of = self.index
            return of.matching(term.value) if term.kind == "pattern" else of.containing(term.value)

        return self._cached((term.kind, term.value), search)

    def _cached(self, key: tuple[str, str], search: Callable[[], Mask]) -> Mask:
        bits = self._known.get(key)
        if bits is None:
            bits = np.packbits(search())
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = bits
        return np.unpackbits(bits, count=len(self._pool)).view(np.bool_)

    def _matched(self, term: Term, column: Column) -> Mask:
        """Search a text column by a pattern. Its index is kept, and the latest results are cached."""

        def search() -> Mask:
            of = self._of_columns.get(term.field)
            if of is None:
                of = self._of_columns[term.field] = WordIndex(
                    (value or "" for value in column.values), give_way
                )
            filled = np.array([value is not None for value in column.values], np.bool_)
            return np.asarray(of.matching(term.value[1:-1]) & filled)

        return self._cached((f"column {term.field}", term.value), search)

    def _answered(self, term: Term, seen: Seen) -> Mask:
        """Search the texts in the answers, such as transcripts."""
        labels = seen.labels
        if not isinstance(kind := labels.kind, Worded):
            return np.zeros(len(self._pool), np.bool_)
        if self._said is None or self._said[0] is not labels:
            self._said = labels, WordIndex(map(kind.words, labels.answers))
        of = self._said[1]
        found = of.matching(term.value) if term.kind == "pattern" else of.containing(term.value)
        return np.asarray(np.append(found, False)[labels.y] & seen.shown)

    def _field(self, term: Term, seen: Seen) -> Mask:
        name, value = term.field, term.value
        if name in {"doubt", "uncertainty", "confidence"}:
            _number(term)
            belief = _belief(seen)
            values = belief.confidence if name == "confidence" else belief.uncertainty
            known = belief.known & seen.shown
            return _compared(term, Column("number", np.where(known, values, np.nan)))
        if term.operator not in {":", "=", "!="}:
            raise InvalidInput(f"{term.typed!r}: expected {name}: and a value.")
        match name:
            case "class":
                found = _labelled_as(self._class(value, seen.labels), seen)
            case "predicted":
                found = _predicted_as(self._class(value, seen.labels), seen)
            case "by":
                found = self._by(value, seen)
            case "slice":
                found = self._slice(value)
            case "answer":
                asked = Term("pattern", value[1:-1]) if term.slashed else Term("words", value)
                if not isinstance(kind := seen.labels.kind, Worded):
                    raise InvalidInput(f"{term.typed!r}: the answers are {kind.asks}, which have no words.")
                found = self._answered(asked, seen)
            case "id":
                found = np.zeros(len(self._pool), np.bool_)
                found[self._row(value)] = True
            case "like":
                raise InvalidInput(f"{term.typed!r}: items like another cannot be one side of OR.")
            case _:
                state = _SPELLINGS.get(value, value)
                if state not in {*STATES, "machine"}:
                    states = choices((*STATES, "machine"))
                    raise InvalidInput(f"{term.typed!r}: expected one of {states}.")
                found = _state(state, seen)
        return ~found if term.operator == "!=" else found

    def _class(self, name: str, labels: Labels) -> int:
        """Return the code of a class from its name, ignoring case, or from an earlier name."""
        names, ids = labels.schema.all_names, labels.schema.ids
        if name in names:
            return names.index(name)
        if (id_ := self._log.class_called(name)) in ids:
            return ids.index(id_)
        alike = [code for code, other in enumerate(names) if folded(other) == folded(name)]
        if len(alike) == 1:
            return alike[0]
        raise InvalidInput(f"Unknown class {name!r}.{nearest(name, names)} The classes are {choices(names)}.")

    def _slice(self, name: str) -> Mask:
        return self.mask(self._kept_query(name)[1])

    def _kept_query(self, name: str) -> tuple[str, str]:
        """Return the name and the query of a slice, ignoring case."""
        kept = self._log.slices
        names = [other for other in kept if folded(other) == folded(name)]
        if not names:
            known = f" The slices are {choices(kept)}." if kept else " No query has been kept as a slice yet."
            raise InvalidInput(f"Unknown slice {name!r}.{nearest(name, kept)}{known}")
        found = name if name in kept else names[0]
        return found, kept[found]

    def _by(self, who: str, seen: Seen) -> Mask:
        given = {self._log.annotator: 0, **self._log.given()}
        names = [name for name in given if folded(name) == folded(who)]
        if not names:
            raise InvalidInput(f"Nobody called {who!r} has labelled here.{nearest(who, given)}")
        found = (seen.labels.y >= 0) & seen.shown
        rows = np.flatnonzero(found)
        found[rows] = self._log.labelled_by(rows, names)
        return found


def _counted(terms: Iterable[Term], masks: Iterable[Mask]) -> list[tuple[str, int]]:
    return [(term.typed, int(mask.sum())) for term, mask in zip(terms, masks, strict=True)]


def _state(name: str, seen: Seen) -> Mask:
    labelled = (seen.labels.y >= 0) & seen.shown
    match name:
        case "labelled":
            return labelled
        case "unlabelled":
            return ~labelled
        case "skipped":
            return seen.labels.skipped.copy()
        case "machine":
            return (seen.labels.machine >= 0) & seen.shown
        case _:
            return _disagrees(seen)


def _disagrees(seen: Seen) -> Mask:
    belief, labels = _belief(seen), seen.labels
    found = (labels.y >= 0) & belief.known & seen.shown
    said = [labels.codes(code) for code in range(len(labels.answers))]
    rows = np.flatnonzero(found)
    found[rows] = [said[labels.y[i]] != belief.guess(i) for i in rows.tolist()]
    return found


def _labelled_as(code: int, seen: Seen) -> Mask:
    labels = seen.labels
    named = np.array([code in (labels.codes(k) or ()) for k in range(len(labels.answers))])
    return np.asarray(np.append(named, False)[labels.y] & seen.shown)


def _predicted_as(code: int, seen: Seen) -> Mask:
    belief = _belief(seen)
    said = belief.predicted
    return np.asarray((said[:, code] if said.ndim == 2 else said == code) & belief.known & seen.shown)


def _belief(seen: Seen) -> Belief:
    if seen.belief is None or not seen.belief.known.any():
        raise _NoModel("There is no model yet: label a few items of two classes first.")
    return seen.belief


def _compared(term: Term, column: Column) -> Mask:
    assert term.operator is not None  # noqa: S101 - of a field there is one
    compare, values = _COMPARE[term.operator], column.values
    if column.kind == "text":
        numbers = None if term.operator == ":" else column.numbers
        if numbers is None or (term.operator in {"=", "!="} and not _is_number(term)):
            return _compared_texts(term, values)
        values = numbers
    if column.kind == "time":
        wanted = _time(term, column.zone)
        return np.asarray(compare(values.astype(wanted.dtype), wanted) & ~np.isnat(values))
    wanted = _truth(term) if column.kind == "truth" else _number(term)
    return np.asarray(compare(values, wanted) & ~np.isnan(values))


def _is_pattern(term: Term, column: Column) -> bool:
    return column.kind == "text" and term.slashed


def _compared_texts(term: Term, values: npt.NDArray[Any]) -> Mask:
    wanted = folded(term.value)
    if term.operator == ":":
        return np.array([value is not None and wanted in folded(value) for value in values], np.bool_)
    compare = _COMPARE[str(term.operator)]
    return np.array([value is not None and compare(folded(value), wanted) for value in values], np.bool_)


def _number(term: Term) -> float:
    try:
        return float(term.value.replace("_", ""))
    except ValueError:
        raise _refusal(term, "a number") from None


def _truth(term: Term) -> float:
    if term.value.lower() not in _TRUTHS:
        raise _refusal(term, "true or false")
    return _TRUTHS[term.value.lower()]


def _is_number(term: Term) -> bool:
    with suppress(InvalidInput):
        _number(term)
        return True
    return False


def _time(term: Term, zone: tzinfo | None) -> Any:
    """Return a datetime64 in microseconds; in days, months or years if the rest is left out.

    A time with an offset is converted to ``zone``, or to UTC.
    """
    import pandas as pd

    date = _DATE.fullmatch(term.value)
    if date is None:
        raise _refusal(term, "a date such as 2026-01-31")
    unit = "us" if date[2] else "YMD"[date[1].count("-")]
    try:
        moment = pd.Timestamp(term.value)
        moment = moment.tz_convert(zone or "UTC").tz_localize(None) if moment.tzinfo else moment
        return np.datetime64(moment.to_pydatetime(), "us").astype(f"M8[{unit}]")
    except (ValueError, OverflowError):
        raise _refusal(term, "a date such as 2026-01-31") from None


def _refusal(term: Term, expected: str) -> InvalidInput:
    return InvalidInput(f"{term.typed!r}: {term.value!r} is not {expected}, as required by {term.field!r}.")
