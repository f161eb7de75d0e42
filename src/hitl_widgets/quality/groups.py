"""Figures per group of items or people, with intervals; small groups are withheld."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hitl_widgets.quality.sequential import wilson

__all__ = ["by_group"]

SMALL = 10


def by_group(groups: Any, right: npt.NDArray[np.bool_], *, smallest: int = SMALL) -> pd.DataFrame:
    """Return the share of right answers in each group.

    Parameters
    ----------
    groups
        (n,): the group of each item; a missing one is not counted.
    right
        bool of shape (n,).
    smallest
        Groups of fewer items are withheld: their share would say more about people than about the model, and
        nothing reliable about either. They are one row, ``(small groups)``, without a share.

    Returns
    -------
    Indexed by group; columns n, share, low and high (Wilson 1927, 95 %), largest group first.
    """
    table = pd.DataFrame({"group": groups, "right": right}).dropna(subset=["group"])
    rows: list[tuple[Any, int, float, float, float]] = []
    withheld = 0
    for group, part in table.groupby("group", sort=True, observed=True):
        n, k = len(part), int(part["right"].sum())
        if n < smallest:
            withheld += n
            continue
        rows.append((group, n, k / n, *wilson(k, n)))
    rows.sort(key=lambda row: -row[1])
    if withheld:
        rows.append(("(small groups)", withheld, np.nan, np.nan, np.nan))
    return pd.DataFrame(rows, columns=["group", "n", "share", "low", "high"]).set_index("group")
