"""What tells a group of items from all others: words, and values and ranges of columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Column
from hitl_widgets.items.strikes import spelled
from hitl_widgets.search.index import WordIndex, folded

__all__ = ["Counts", "Mark", "apart"]

# Characters of a text that are read.
CHARACTERS = 1_000
# Characters of a value that a query contains at most.
LONGEST = 500
# Items of which it is checked that a query finds the word, besides their number.
LOOKED_AT = 200
# The probability that anything is named although the group was drawn at random, and marks at most.
LEVEL, MOST = 0.05, 30
# Ranges leave out these shares of the group at an end.
TRIMMED = (0.0, 0.05, 0.25, 0.5)

# Letters, digits and marks, and scripts without spaces, for the search.
_LETTERS = r"\pL\pN\pM\x{200c}\x{200d}"
_UNSPACED = "".join(
    rf"\p{{{name}}}" for name in ("Thai", "Lao", "Myanmar", "Khmer", "Hiragana", "Katakana", "Han")
)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items of a group, and of all others, have something.

    Attributes
    ----------
    n, of
        How many items of the group have it, of how many.
    rest, of_rest
        The same of all others.
    """

    n: int
    of: int
    rest: int
    of_rest: int

    @property
    def ratio(self) -> float:
        """How many times as common it is in the group; inf if no other item has it."""
        if not self.n or not self.rest:
            return float("inf") if self.n else 0.0
        return self.n * self.of_rest / (self.of * self.rest)

    @property
    def gain(self) -> float:
        """How much it tells about whether an item is in the group: G², the log-likelihood ratio."""
        from scipy.special import xlogy

        table = np.array([[self.n, self.of - self.n], [self.rest, self.of_rest - self.rest]], np.float64)
        expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
        return float(2 * (xlogy(table, table) - xlogy(table, np.where(expected > 0, expected, 1))).sum())


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is commoner in a group than among all other items.

    Attributes
    ----------
    column
        A column of the table; None for words of the items.
    words
        The word, or the value or range of the column, such as ``≥ 12``.
    query
        A query that finds the same items of those that were read; empty if none can.
    counts
        How many items have it.
    """

    column: str | None
    words: str
    query: str
    counts: Counts


def apart(
    texts: Sequence[str] | None,
    columns: Mapping[str, Column],
    inside: Mask,
    pause: Callable[[], None] = lambda: None,
    *,
    of_words: Collection[str] = (),
) -> list[Mark]:
    """Return what tells the items ``inside`` from all others, what tells most first.

    That is the information about whether an item is in the group, as the log-likelihood ratio G² (Dunning
    1993). If the group was drawn at random, nothing is returned with a probability of 95 %: words and values
    are tested by Fisher's exact test, and ranges of numbers, whose ends are values of the group, as tolerance
    intervals (Wilks 1941), all at 5 % divided by their number.

    Parameters
    ----------
    texts
        The words of m items, the first 1,000 characters of which are read, or None.
    columns
        Columns of these items by name. Of a text column in which most values differ, words count.
    inside
        bool of shape (m,), some of them True and some not.
    pause
        Called regularly, so that background work can yield to other threads.
    of_words
        Text columns of which words count, however many values differ.
    """
    found, tests = list[tuple[Mark, float]](), 0
    for name, some in _all(texts, columns, inside, pause, of_words):
        tests += some.tests
        # One range of a column is enough.
        marks = some.marks if name is None or not some.ranges else some.marks[:1]
        found += [(replace(mark, column=name), p) for mark, p in marks]
    kept = [mark for mark, p in found if p * tests <= LEVEL]
    kept = sorted(kept, key=lambda mark: -mark.counts.gain)[:MOST]
    return _searchable(kept, texts, columns)


@dataclass(frozen=True, eq=False)
class _Some:
    """Marks with their p values, what tells most first, and how many were looked at."""

    marks: list[tuple[Mark, float]]
    tests: int
    ranges: bool = False


def _all(
    texts: Sequence[str] | None,
    columns: Mapping[str, Column],
    inside: Mask,
    pause: Callable[[], None],
    of_words: Collection[str],
) -> Iterator[tuple[str | None, _Some]]:
    if texts is not None:
        yield None, _frequent((_words(text) for text in texts), inside, lambda _: "", pause)
    for name, column in columns.items():
        pause()
        numbers = None if name in of_words else _numbers(column)
        if numbers is not None:
            yield name, _ranges(name, numbers, inside, dates=column.kind == "time")
            continue
        values = _values(column)
        filled = [value for value in values if value is not None]
        if name in of_words or len(set(filled)) > len(filled) / 2:
            having: Iterable[Iterable[str]] = (_words(value or "") for value in values)
            yield name, _frequent(having, inside, partial(_query, name, ":"), pause)
        else:
            having = (() if value is None else (value,) for value in values)
            yield name, _frequent(having, inside, partial(_query, name, "="), pause)


def _words(text: str) -> set[str]:
    return {*spelled(text[:CHARACTERS])}


def _values(column: Column) -> list[str | None]:
    if column.kind == "truth":
        return [None if np.isnan(value) else str(bool(value)).lower() for value in column.values]
    return [value if value and value.strip() else None for value in column.values]


def _numbers(column: Column) -> npt.NDArray[np.float64] | None:
    """Return numbers, and times as days since 1970; NaN if missing. None of other columns."""
    if column.kind == "time":
        days = column.values.astype("M8[D]")
        return np.where(np.isnat(days), np.nan, days.astype(np.int64))
    return column.values if column.kind == "number" else column.numbers


def _query(name: str, operator: str, value: str) -> str:
    if '"' in name or len(value) > LONGEST:
        return ""
    if '"' in value:  # which cannot be in quotes
        literal = re.sub(r"([^\w\s])", r"\\\1", folded(value), flags=re.ASCII)
        return f'"{name}":/^{literal}$/' if operator == "=" and literal.isascii() else ""
    return f'"{name}"{operator}"{value}"'


def _searchable(marks: list[Mark], texts: Sequence[str] | None, columns: Mapping[str, Column]) -> list[Mark]:
    """Return the marks with the shortest queries that find the items with their words, and no others."""
    indexes: dict[str | None, WordIndex] = {}  # by column
    found = []
    for one in marks:
        mark = one
        n = mark.counts.n + mark.counts.rest
        if mark.column is None and texts is not None:
            index = indexes[None] = indexes.get(None) or WordIndex(text[:CHARACTERS] for text in texts)
            mark = replace(mark, query=_of_word(mark.words, n, index, texts))
        elif mark.column is not None and ":" in mark.query.removeprefix(f'"{mark.column}"')[:1]:
            word, values = folded(mark.words), _values(columns[mark.column])
            # A column is searched for parts of words, too.
            if sum(value is not None and word in folded(value) for value in values) != n:
                filled = [value or "" for value in values]
                index = indexes[mark.column] = indexes.get(mark.column) or WordIndex(filled)
                pattern = _of_word(mark.words, n, index, filled)
                mark = replace(mark, query=pattern and f'"{mark.column}":{pattern}')
        found.append(mark)
    return found


def _of_word(word: str, n: int, index: WordIndex, texts: Sequence[str]) -> str:
    r"""Return a query that finds a word in ``n`` texts, as words are told apart in :mod:`.items.strikes`.

    ``\b`` knows only ASCII letters, and ends words at an apostrophe.
    """

    def finds(pattern: str) -> bool:
        found = np.flatnonzero(index.matching(pattern))
        return len(found) == n and all(word in _words(texts[i]) for i in found[:LOOKED_AT].tolist())

    patterns = [rf"\b{word}\b", word]
    for more in ("", rf"[{_UNSPACED}]|"):
        before = rf"(^|{more}[^{_LETTERS}'\x{{2019}}]|(^|{more}[^{_LETTERS}])['\x{{2019}}])"
        after = rf"({more}[^{_LETTERS}'\x{{2019}}]|['\x{{2019}}]({more}[^{_LETTERS}]|$)|$)"
        patterns.append(f"{before}{folded(word)}{after}")
    # Of a letter of a script without spaces, what follows must not be a mark of it.
    patterns.append(rf"{folded(word)}([^\pM]|$)")
    return next((f"/{pattern}/" for pattern in patterns if finds(pattern)), "")


# -- words and values


def _frequent(
    having: Iterable[Iterable[str]], inside: Mask, query: Callable[[str], str], pause: Callable[[], None]
) -> _Some:
    """Count what items have, and compare the counts."""
    from scipy.stats import hypergeom

    counts = Counter[str](), Counter[str]()
    for i, (some, of_group) in enumerate(zip(having, inside.tolist(), strict=True)):
        counts[of_group].update(some)
        if i % 256 == 0:
            pause()
    rest, mine = counts
    of, of_rest = int(inside.sum()), int((~inside).sum())
    # What a single item has cannot tell.
    known = [one for one in mine.keys() | rest.keys() if mine[one] + rest[one] > 1]
    found = {one: Counts(mine[one], of, rest[one], of_rest) for one in sorted(known)}
    often = sorted((one for one in found if found[one].ratio > 1), key=lambda one: -found[one].gain)
    marks = [Mark(None, one, query(one), found[one]) for one in often[:MOST]]
    each = [mark.counts for mark in marks]
    p = [float(hypergeom.sf(c.n - 1, of + of_rest, c.n + c.rest, of)) for c in each]
    return _Some(list(zip(marks, p, strict=True)), len(known))


# -- ranges


def _ranges(name: str, values: npt.NDArray[np.float64], inside: Mask, *, dates: bool) -> _Some:
    """Compare how many values are in ranges that hold most of the group, from or up to a value or both."""
    from scipy.stats import betabinom

    mine, others = np.sort(values[inside]), values[~inside]
    mine, others = mine[np.isfinite(mine)], others[np.isfinite(others)]
    found, tests = list[tuple[Mark, float]](), 0
    for trimmed in TRIMMED:
        out = int(trimmed * len(mine))
        for low, high in ((True, False), (False, True), (True, True)):
            spanned = len(mine) + 1 - (low + high) - out * (low + high)
            if spanned < 1 or not len(others):
                continue
            tests += 1
            ends = mine[out] if low else -np.inf, mine[-1 - out] if high else np.inf
            n, rest = (int(((some >= ends[0]) & (some <= ends[1])).sum()) for some in (mine, others))
            p = float(betabinom.cdf(rest, len(others), spanned, len(mine) + 1 - spanned))
            words, query = _spoken(name, ends, values, dates=dates)
            counts = Counts(n, int(inside.sum()), rest, int((~inside).sum()))
            if counts.ratio > 1:
                found.append((Mark(None, words, query, counts), p))
    found.sort(key=lambda one: -one[0].counts.gain)
    return _Some(found, tests, ranges=True)


def _spoken(
    name: str, ends: tuple[Any, Any], values: npt.NDArray[np.float64], *, dates: bool
) -> tuple[str, str]:
    """Return a range in words, and as a query."""
    low, high = (
        ""
        if not np.isfinite(end)
        else str(np.datetime64(int(end), "D"))
        if dates
        else _short(end, values, up)
        for end, up in zip(ends, (False, True), strict=True)
    )
    query = " ".join(_query(name, operator, end) for operator, end in ((">=", low), ("<=", high)) if end)
    if low and high:
        return (low if low == high else f"{low} to {high}"), query
    return (f"≥ {low}" if low else f"≤ {high}"), query


def _short(end: float, values: npt.NDArray[np.float64], up: bool) -> str:
    """Return the end of a range with as few digits as keep the same values in it."""
    kept = values <= end if up else values >= end
    for digits in range(1, 17):
        text = f"{end:.{digits}g}"
        if np.array_equal(values <= float(text) if up else values >= float(text), kept):
            value = float(text)
            return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else text
    return repr(float(end))
