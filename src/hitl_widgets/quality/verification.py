"""How much suggested answers sway annotators."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from hitl_widgets.quality.sequential import wilson

__all__ = ["verification"]


def verification(found: Iterable[tuple[bool, bool]]) -> pd.DataFrame:
    """Compare how often answers are the suggested ones, when the suggestion is shown and when it is not.

    Parameters
    ----------
    found
        For each answer, whether the suggestion was shown, and whether it is the answer.

    Returns
    -------
    Rows ``shown`` and ``hidden``; columns n, changed (how many answers are not the suggested one), same (the
    share of the others), low and high (its 95 % interval; Wilson 1927), which are NaN without answers.
    """
    told = list(found)
    rows = [_interval([same for shown, same in told if shown == which]) for which in (True, False)]
    return pd.DataFrame(rows, index=["shown", "hidden"], columns=["n", "changed", "same", "low", "high"])


def _interval(same: list[bool]) -> tuple[int, int, float, float, float]:
    n, k = len(same), sum(same)
    if not n:
        return 0, 0, float("nan"), float("nan"), float("nan")
    return n, n - k, k / n, *wilson(k, n)
