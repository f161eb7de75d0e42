"""Comparing: what tells a group of items, such as a selection on the map, from all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.data.apart import Counts, Mark, apart
from hitl_widgets.data.columns import Column, Columns
from hitl_widgets.data.masking import Masked
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.several import Several
from hitl_widgets.learn.learner import Landmarks
from hitl_widgets.loop.asking import Ground
from hitl_widgets.loop.covering import Covering
from hitl_widgets.loop.log import Log

__all__ = ["Comparing", "Comparison"]

# Items of the group and others that are read, in a random sample of them.
GROUP, OTHERS = 5_000, 15_000
# Columns that are compared.
COLUMNS = 100

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What tells a group from all other items.

    Attributes
    ----------
    marks
        Words and columns, what tells most first.
    labels
        How many of the labels are of each class, by code, most frequent in the group first.
    near
        How many of the group's edges of the neighbour graph end in it, and of the edges of the others; None
        without such a graph.
    """

    marks: list[Mark]
    labels: dict[int, Counts] = field(default_factory=dict)
    near: Counts | None = None


class Comparing:
    """Compares groups with all other items on request. Thread-safe.

    Parameters
    ----------
    pool, columns, log, covering
        Parts of the session.
    ground
        Returns the features with their graph; None before there are features.
    """

    def __init__(
        self,
        pool: Pool,
        columns: Columns,
        log: Log,
        covering: Covering,
        ground: Callable[[], Ground | None],
    ) -> None:
        self._pool, self._log, self._covering, self._ground = pool, log, covering, ground
        kind = pool.item_kind
        # Texts of several columns are compared by the words of each.
        self._texts = pool.columns if isinstance(kind, ListKind) and kind.of.reads else ()
        own = () if kind.tabular or self._texts else pool.columns
        # Of items of several kinds, the words of those that have some.
        kinds = kind.kinds if isinstance(kind, Several) else ()
        whole = pool.columns[0] if pool.columns else "item"  # all of them in one column
        names = (
            pool.columns
            if len(pool.columns) == len(kinds)
            else [f"{whole} {k + 1}" for k in range(len(kinds))]
        )
        self._members = {
            name: (k, one) for k, (name, one) in enumerate(zip(names, kinds, strict=True)) if one.reads
        }
        self._columns = columns
        self._names = [name for name in columns if name not in own and name != pool.id_column][:COLUMNS]

    def of(self, rows: Rows) -> Comparison:
        """Compare the items of these rows, distinct, with all others.

        Raises
        ------
        InvalidInput
            If there are fewer than two, or no others.
        HitlError
            If all of them, or all others, are blurred.
        """
        if len(rows) < 2:
            raise InvalidInput(f"Expected at least two items to compare with all others, not {len(rows)}.")
        inside = np.zeros(len(self._pool), np.bool_)
        inside[rows] = True
        if inside.all():
            raise InvalidInput("All items are in the group: there are no others to compare them with.")
        return Comparison(self._marks(inside), self._labels(inside), self._near(inside))

    def _marks(self, inside: npt.NDArray[np.bool_]) -> list[Mark]:
        rng, covering, pool = np.random.default_rng(0), self._covering, self._pool
        some = [_some(np.flatnonzero(inside), GROUP, rng), _some(np.flatnonzero(~inside), OTHERS, rng)]
        some = [rows[~covering.blurred(rows)] for rows in some]
        if not all(map(len, some)):
            raise HitlError("These items, or all others, are blurred, so their words are not compared.")
        read = np.sort(np.concatenate(some))
        texts = None
        if pool.texts is not None:
            shown = pool.texts if pool.mask is None else Masked(pool.mask, pool.texts)
            texts = [shown[row] for row in read.tolist()]
        elif pool.item_kind.reads:
            texts = [pool.item_kind.words(pool.displayed(row)) for row in read.tolist()]
        columns = {name: self._member(name, read) for name in self._members}
        columns |= {name: self._column(name, read) for name in self._names}
        marks = apart(texts, columns, inside[read], give_way, of_words=(*self._texts, *self._members))
        # What is displayed of markup or of a conversation is not what a column is searched for.
        found = self._members.items()
        unsearched = {name for name, (_, one) in found if one.name != "text" or name not in self._columns}
        marks = [replace(mark, query="") if mark.column in unsearched else mark for mark in marks]
        # What is hidden is not told.
        return [mark for mark in marks if covering.text(mark.words) == mark.words]

    def _bare(self, text: str) -> str:
        """Return a text with dots in place of personal data."""
        mask = self._pool.mask
        return text if mask is None else mask.text(text, named=False)

    def _member(self, name: str, rows: Rows) -> Column:
        k, kind = self._members[name]
        words = [self._bare(kind.words(self._pool.items[row][k])) for row in rows.tolist()]
        return Column("text", np.array(words, object))

    def _column(self, name: str, rows: Rows) -> Column:
        column = self._columns[name]
        values = column.values[rows]
        if name in self._texts and column.kind == "text":
            values[:] = [value and self._bare(value) for value in values]
        elif column.kind == "text" and self._pool.mask is not None:
            values[[value is not None and self._covering.text(value) != value for value in values]] = None
        return replace(column, values=values)

    def _labels(self, inside: npt.NDArray[np.bool_]) -> dict[int, Counts]:
        labels = self._log.labels
        found = np.zeros((2, len(labels.schema.ids)), np.int64)
        given = [inside & (labels.y >= 0), ~inside & (labels.y >= 0)]
        for counts, some in zip(found, given, strict=True):
            for code, n in zip(*np.unique(labels.y[some], return_counts=True), strict=True):
                counts[list(labels.codes(code) or ())] += n
        of, of_rest = (int(some.sum()) for some in given)
        mine, rest = found.tolist()
        order = sorted((code for code in range(len(mine)) if mine[code]), key=lambda code: -mine[code])
        return {code: Counts(mine[code], of, rest[code], of_rest) for code in order}

    def _near(self, inside: npt.NDArray[np.bool_]) -> Counts | None:
        ground = self._ground()
        graph: Any = None if ground is None else ground.affinity
        if graph is None or isinstance(graph, Landmarks):
            return None
        ends, starts = inside[graph.indices], np.repeat(inside, np.diff(graph.indptr))
        return Counts(
            int((starts & ends).sum()), int(starts.sum()), int((~starts & ends).sum()), int((~starts).sum())
        )


def _some(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    return rows if len(rows) <= most else rng.choice(rows, most, replace=False)
