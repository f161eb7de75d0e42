"""Suggested answers, from a column of the table, from a function, or from the model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, a_type, nearest
from hitl_widgets.items.base import Measured
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.strategies import STRATEGIES, WITH_SUGGESTIONS, Context
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.round import Round
from hitl_widgets.loop.rules import Rules
from hitl_widgets.loop.troubles import in_words
from hitl_widgets.loop.words import within
from hitl_widgets.questions.base import Drafted, Explained, Standing, kind_of
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import is_blank
from hitl_widgets.search.places import apart

__all__ = [
    "Source",
    "SuggestedCodes",
    "Suggesting",
    "Sweep",
    "check_suggestions",
    "check_sweep",
    "source_of",
    "source_of_class",
    "source_of_model",
    "suggested_codes",
]

KEPT = 10_000

Source = Callable[[Sequence[int]], Sequence[Any]]
"""Returns the suggested answers of rows, in any form that a label may have; None for no suggestion."""


def source_of(suggest: Any, pool: Pool, columns: Columns) -> Source:
    """Return the source for ``suggest=``: the name of a column, or a function from items to answers.

    Raises
    ------
    InvalidInput
        If it is neither.
    """
    if callable(suggest):
        return lambda rows: _called(suggest, [pool.items[row] for row in rows])
    if isinstance(suggest, str) and suggest in columns:
        return _Cells(columns.raw(suggest))
    near = nearest(suggest, list(columns)) if isinstance(suggest, str) else ""
    raise InvalidInput(
        f"suggest={suggest!r}: expected a column of your data, or a function that takes a list of items and "
        f"returns a list of answers.{near}"
    )


class _Cells:
    """The source that reads a column."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __call__(self, rows: Sequence[int]) -> Sequence[Any]:
        return [self.values[row] for row in rows]


class SuggestedCodes:
    """The suggested classes of a column as codes, for query strategies; called with the current classes."""

    def __init__(self, source: Source, n: int) -> None:
        self._source, self._n = source, n
        self._schema: Schema | None = None
        self._codes = np.zeros(0, np.int16)

    def __call__(self, schema: Schema) -> npt.NDArray[np.int16]:
        """Return the class codes, int16 (n,); -1 where nothing or no class in use is suggested."""
        if schema is not self._schema:
            keys = [_key(value) for value in self._source(range(self._n))]
            codes = {key: _code(key[1], schema) for key in set(keys)}
            found = [codes[key] for key in keys]
            self._codes, self._schema = np.array(found, np.int16), schema
        return self._codes


def _key(value: Any) -> tuple[type, Any]:
    """Return the value with its type, because 1 and True are equal; None for lists, which are no class."""
    is_plain = isinstance(value, Hashable) and not isinstance(value, tuple)
    return (type(value), value) if is_plain else (type(None), None)


def _code(value: Any, schema: Schema) -> int:
    name = None if is_blank(value) else schema.find(value)
    return schema.names.index(name) if name in schema.names else -1


def check_suggestions(strategy: str, source: Source | None) -> None:
    """Raise InvalidInput if the strategy needs suggested classes, and they are not in a column."""
    if strategy in WITH_SUGGESTIONS and not isinstance(source, _Cells):
        got = "it is a function, which would be called for all items" if source else "there is none"
        raise InvalidInput(
            f"strategy={strategy!r} needs suggest=, the name of a column of suggested classes, but {got}."
        )


def suggested_codes(strategy: str, source: Source | None, n: int) -> SuggestedCodes | None:
    """Return the suggested classes, if they are in a column and the strategy may read them."""
    return SuggestedCodes(source, n) if isinstance(source, _Cells) and strategy not in STRATEGIES else None


class Sweep:
    """A query strategy that asks the items first that are most likely of one class.

    Parameters
    ----------
    name
        The class.

    Attributes
    ----------
    schema
        Returns the current classes; to be set before the first use.
    """

    orders_batch = True
    schema: Callable[[], Schema]

    def __init__(self, name: Any) -> None:
        self.name = name
        self.__name__ = "sweep"

    def asks(self) -> str:
        """The question about each item."""
        schema = self.schema()
        name = within(schema.names[schema.code(self.name)])
        return f"Is it “{name}”?" if kind_of(schema.kind).closed else f"Does “{name}” apply?"

    def __call__(self, proba: FloatArray, context: Context) -> FloatArray:  # noqa: ARG002
        """Return the probability of the class, (n,)."""
        return proba[:, self.schema().code(self.name)]


def check_sweep(name: Any, strategy: Any, suggest: Any) -> Sweep:
    """Return the strategy of a sweep; raise InvalidInput for other strategies and suggestions besides it."""
    if strategy != "auto" or suggest is not None:
        other = "suggest=" if strategy == "auto" else "strategy="
        raise InvalidInput(f"sweep={name!r} decides what is asked and suggested: omit {other}.")
    return Sweep(name)


def source_of_class(schema: Schema, name: Any) -> Source:
    """Return the source that suggests this class for every item.

    Raises
    ------
    InvalidInput
        If it is not a class, or an answer is not one class or several.
    """
    kind = kind_of(schema.kind)
    if kind.composed or kind.ordered:
        raise InvalidInput(
            f"sweep={name!r} needs a question about classes, but this one asks for {kind.asks}."
        )
    value = schema.value(schema.names[schema.code(name)])
    return lambda rows: [value if kind.closed else [value]] * len(rows)


def source_of_model(newest: Callable[[], Round | None]) -> Source:
    """Return the source of the newest model's guesses."""

    def guesses(rows: Sequence[int]) -> Sequence[Any]:
        found = newest()
        if found is None:
            return [None] * len(rows)
        some = found.belief.some(np.asarray(rows, np.int64))
        return kind_of(found.schema.kind).guesses(some, found.schema)

    return guesses


def _shown(found: Any) -> str:
    if isinstance(found, list | tuple):
        return f"{a_type(found)} of {len(found)}"
    return f"a value of type {type(found).__name__}"


def _called(suggest: Callable[..., Any], items: list[Any]) -> Sequence[Any]:
    found = suggest(items)
    if isinstance(found, str | bytes) or not hasattr(found, "__len__") or len(found) != len(items):
        raise InvalidInput(
            f"suggest= returned {_shown(found)}: expected a list with one answer for each of the "
            f"{len(items)} items."
        )
    return list(found)


class Suggesting:
    """Reads suggestions when they are needed, and checks them like answers.

    Parameters
    ----------
    log
        The log, which knows the question.
    source
        Returns the suggestions.
    generation
        Returns a number that changes when all of them do.
    by_model
        Whether they are what the session's model predicts.

    Attributes
    ----------
    rules
        Words and patterns whose places are suggested as well, if spans are asked for.
    """

    def __init__(
        self,
        pool: Pool,
        log: Log,
        source: Source,
        generation: Callable[[], int] = lambda: 0,
        *,
        by_model: bool = False,
    ) -> None:
        self.by_model = by_model
        self._pool, self._log, self._source, self._newest = pool, log, source, generation
        self.rules = Rules(pool, log)
        self._raw: dict[int, tuple[Any, str]] = {}
        self._read = self._newest()
        self._reading = threading.Lock()

    @property
    def generation(self) -> int:
        """The number of the newest suggestions."""
        return self._newest() + self.rules.version

    def of(self, rows: Sequence[int]) -> dict[int, tuple[Any, str]]:
        """Return the suggestion of each row in the form of the log, None if there is none, and why."""
        with self._reading:
            if self._read != (newest := self._newest()):
                self._raw.clear()
                self._read = newest
            if missing := [row for row in dict.fromkeys(rows) if row not in self._raw]:
                try:
                    found: list[tuple[Any, str]] = [(value, "") for value in self._source(missing)]
                except Exception as error:  # noqa: BLE001 - a user's function may raise anything
                    found = [(None, f"The suggestions failed: {in_words(error)}")] * len(missing)
                self._raw.update(zip(missing, found, strict=True))
            raw = {row: self._raw[row] for row in rows}
            if len(self._raw) > KEPT:
                self._raw = dict(raw)
        return {row: self._with_rules(row, *self._checked(row, *one)) for row, one in raw.items()}

    def at_hand(self, rows: Sequence[int]) -> dict[int, tuple[Any, str]]:
        """The same for rows whose suggestions are known or in a column, without calling a function."""
        if not isinstance(self._source, _Cells):
            with self._reading:
                rows = [row for row in rows if row in self._raw]
        return self.of(rows)

    def is_same(self, suggested: Any, answer: Any) -> bool:
        """Whether an answer is the suggested one; both are in the form of the log. Reasons do not count."""
        fold = self._log.ledger.fold
        if isinstance(fold.kind, Drafted):
            return fold.kind.keeps(suggested, answer)
        with self._log.lock:
            a, b = (fold.kind.load(one, fold.vocabulary) for one in (suggested, answer))
        kind = fold.kind
        if isinstance(kind, Explained) and a is not None and b is not None:
            a, b = kind.bare(a), kind.bare(b)
        return a is not None and a == b

    def compared(self, suggested: Any, why: str, answer: Any) -> str:
        """Say what would have been suggested, and whether the answer is the same."""
        if suggested is None:
            nothing = "The model had no prediction yet." if self.by_model else "There was no suggestion."
            return why or nothing
        kind, names = self._log.ledger.fold.kind, Standing(self._log.schema)
        found = kind.load(suggested, self._log.ledger.fold.vocabulary)
        words = kind.text(kind.said(found, names))
        who = "The model would have answered" if self.by_model else "The suggestion was"
        how = "the same as" if self.is_same(suggested, answer) else "different from"
        return f"{who} {words}: {how} your answer."

    def _checked(self, row: int, value: Any, why: str) -> tuple[Any, str]:
        if value is None or (not isinstance(value, list | tuple | dict) and is_blank(value)):
            return None, why
        try:
            return self._log.as_answer(value, self._extent(row)), why
        except (InvalidInput, ValueError) as error:
            return None, f"The suggestion is not an answer: {error}"

    def _with_rules(self, row: int, answer: Any, why: str) -> tuple[Any, str]:
        """Add the places of words and patterns where nothing else is suggested."""
        base = {"spans": []} if answer is None else answer
        if found := apart(self.rules.spans(row), [(start, end) for start, end, _ in base.get("spans", ())]):
            try:
                return self._log.as_answer({**base, "spans": [*base["spans"], *map(list, found)]}), why
            except InvalidInput as error:
                return answer, f"What was typed for all texts is not suggested here: {error}"
        return answer, why

    def _extent(self, row: int) -> tuple[float, ...]:
        kind = self._pool.item_kind
        return kind.extent(self._pool.items[row]) if isinstance(kind, Measured) else ()
