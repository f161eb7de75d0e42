"""Coefficients of agreement against published examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.quality.agreement import reliability

NAN = np.nan
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", four observers and twelve units.
FOUR = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
# Fleiss (1971) as on Wikipedia: fourteen raters, ten subjects, five categories.
FOURTEEN = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def long(table: np.ndarray) -> pd.DataFrame:
    who, item = np.nonzero(~np.isnan(table))
    return pd.DataFrame({"id": item, "annotator": who, "label": table[who, item].astype(int)})


def test_alpha_is_that_of_krippendorffs_example() -> None:
    found = reliability(long(FOUR))
    assert found.loc["alpha", "value"] == pytest.approx(0.743, abs=5e-4)
    assert found.loc["alpha", "n"] == 11
    squared = reliability(long(FOUR), lambda a, b: 1 - (a - b) ** 2 / 16)
    assert squared.loc["alpha", "value"] == pytest.approx(0.849, abs=5e-4)


def test_kappa_is_that_of_fleiss() -> None:
    rows = [
        (item, who, label)
        for item, counts in enumerate(FOURTEEN)
        for who, label in enumerate(np.repeat(range(5), counts))
    ]
    found = reliability(pd.DataFrame(rows, columns=["id", "annotator", "label"]))
    assert found.loc["fleiss", "value"] == pytest.approx(0.210, abs=5e-4)
    assert found.loc["agree", "value"] == pytest.approx(0.378, abs=5e-4)


def test_ac1_is_high_where_one_label_prevails() -> None:
    # Gwet (2008), table 2: 118 agree on A, 2 on B, 5 differ.
    pairs = [("+", "+")] * 118 + [("+", "-")] * 5 + [("-", "+")] * 2
    rows = [(i, who, said) for i, pair in enumerate(pairs) for who, said in enumerate(pair)]
    found = reliability(pd.DataFrame(rows, columns=["id", "annotator", "label"]))["value"]
    assert found["agree"] == pytest.approx(0.944)
    assert found["ac1"] == pytest.approx(0.9408, abs=5e-4)
    assert found["alpha"] < 0.05


def test_intervals_cover_and_few_items_have_wide_ones() -> None:
    rng = np.random.default_rng(0)

    def draw(n: int) -> pd.DataFrame:
        truth = rng.integers(0, 3, n)
        said = np.where(rng.random((2, n)) < 0.8, truth, rng.integers(0, 3, (2, n)))
        return long(said.astype(float))

    true = reliability(draw(30_000))["value"]
    found = [reliability(draw(100)) for _ in range(60)]
    for name in ("agree", "alpha", "fleiss", "ac1"):
        inside = [f.loc[name, "low"] <= true[name] <= f.loc[name, "high"] for f in found]
        assert np.mean(inside) > 0.85
    few, many = reliability(draw(15)).loc["alpha"], found[0].loc["alpha"]
    assert few["high"] - few["low"] > many["high"] - many["low"]


def test_without_second_opinions_nothing_is_claimed() -> None:
    found = reliability(pd.DataFrame({"id": [1, 2], "annotator": ["a", "b"], "label": ["x", "y"]}))
    assert (found["n"] == 0).all()
    assert found[["value", "low", "high"]].isna().all().all()
    same = reliability(pd.DataFrame({"id": [1, 1], "annotator": ["a", "b"], "label": ["x", "x"]}))
    assert same.loc["agree", "value"] == 1
    assert np.isnan(same.loc["alpha", "value"])
