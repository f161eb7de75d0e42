"""Map: the positions of the items, their groups, and the names of the groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.cluster_names import name_table_clusters, name_text_clusters, plain_names
from hitl_widgets.data.clusters import find_clusters, medoids, outlines
from hitl_widgets.data.masking import Masked
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import ItemKind
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.several import Several

__all__ = ["Map", "Method", "check_scale", "draw", "regroup"]

Method = Literal["pca", "umap"]

_FINEST, _COARSEST = 0.25, 4.0


@dataclass(frozen=True, eq=False)
class Map:
    """The positions and groups of the items.

    Attributes
    ----------
    xy
        float32 of shape (n_items, 2), within [-1, 1].
    clusters
        int16 of shape (n_items,): the group of each item, 0 the largest.
    names
        A name for each group; empty until the map is settled.
    outlines
        float32 of shape (m, 2) for each group.
    method
        ``pca`` or ``umap``.
    scale
        How coarse the groups are: 1 by default, less for finer ones, 0.25 to 4.
    settled
        Whether the positions are final, unlike those of a preview or an intermediate layout.
    medoids
        int64: the central item of each group.
    """

    xy: npt.NDArray[np.float32]
    clusters: npt.NDArray[np.int16]
    names: tuple[str, ...]
    outlines: tuple[npt.NDArray[np.float32], ...]
    method: Method
    scale: float = 1.0
    settled: bool = True
    medoids: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __repr__(self) -> str:
        # Without the names, which contain words of the items, because cell output is saved.
        return f"<Map of {len(self.xy):,} items in {len(self.names)} groups, by {self.method}>"


def draw(
    xy: npt.NDArray[np.float32], pool: Pool, method: Method, *, scale: float = 1.0, settled: bool = True
) -> Map:
    """Create the map with these positions and its groups, which are named if the map is settled."""
    clusters = find_clusters(xy, scale=scale)
    middles = medoids(xy, clusters)
    names = _names(pool, clusters) if settled else [""] * len(middles)
    return Map(
        xy, clusters, tuple(names), tuple(outlines(xy, clusters)), method, float(scale), settled, middles
    )


def regroup(made: Map, pool: Pool, scale: float) -> Map:
    """Return the same map with finer or coarser groups.

    Parameters
    ----------
    made
        A map of the pool.
    pool
        The items, for the groups' names.
    scale
        From 0.25 (finest) to 4 (coarsest); 1 is the default.

    Raises
    ------
    InvalidInput
        If the scale is out of range.
    """
    return draw(made.xy, pool, made.method, scale=check_scale(scale), settled=made.settled)


def check_scale(scale: float) -> float:
    """Return the scale as a float, or raise InvalidInput."""
    if (
        isinstance(scale, bool)
        or not isinstance(scale, int | float | np.number)
        or not _FINEST <= scale <= _COARSEST
    ):
        raise InvalidInput(
            f"scale={scale!r}: expected a number from {_FINEST} (many small groups) to {_COARSEST:g} (few "
            "large ones). The default is 1."
        )
    return float(scale)


def _names(pool: Pool, clusters: npt.NDArray[np.int16]) -> list[str]:
    texts = _Words(pool) if pool.texts is None and _has_texts(pool.item_kind) else pool.texts
    if texts is not None:
        return name_text_clusters(texts if pool.mask is None else Masked(pool.mask, texts), clusters)
    if pool.item_kind.tabular and isinstance(pool.items, list):  # rows of features have no meaningful names
        return name_table_clusters(pool.items, clusters)
    return plain_names(clusters)


def _has_texts(kind: ItemKind) -> bool:
    """Whether items have texts among others. Of pairs, groups are about differences, not about words."""
    if isinstance(kind, ListKind):
        return kind.of.reads and not kind.compares
    return isinstance(kind, Several) and any(one.reads for one in kind.kinds)


class _Words(Sequence[str]):
    """The words of items, read when they are needed: names of groups need those of 20,000."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __len__(self) -> int:
        return len(self._pool)

    def __getitem__(self, i: Any) -> Any:
        return self._pool.item_kind.words(self._pool.items[i])
