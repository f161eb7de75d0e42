"""How far annotators agree."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

__all__ = ["agreement"]


def agreement(labels: pd.DataFrame) -> pd.DataFrame:
    """How far annotators agree where they labelled the same items.

    Parameters
    ----------
    labels
        Columns id, label, annotator; a row for each item and annotator.

    Returns
    -------
    A row for each pair that shares items: annotators, n, agree (a share), kappa (Cohen 1960; NaN
    where both used one class alone).
    """
    rows = []
    people = labels["annotator"].unique()
    said = {str(who): labels[labels["annotator"] == who].set_index("id")["label"] for who in people}
    for (who, one), (other, two) in combinations(said.items(), 2):
        both = pd.concat([one, two], axis=1, join="inner", keys=["one", "two"])
        if not len(both):
            continue
        same = float((both["one"] == both["two"]).mean())
        kappa = float("nan")
        if both.stack().nunique() > 1:
            from sklearn.metrics import cohen_kappa_score

            kappa = float(cohen_kappa_score(both["one"].astype(str), both["two"].astype(str)))
        rows.append((f"{who}, {other}", len(both), same, kappa))
    return pd.DataFrame(rows, columns=["annotators", "n", "agree", "kappa"])
