"""Ranks and tests equal those of scipy, scikit-posthocs and statsmodels (``make test-oracles``)."""

from __future__ import annotations

import importlib
import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hitl_widgets.races.ranking import holm, nemenyi, rank, wilcoxon

REQUIRED = "oracles" in os.environ.get("HITL_REQUIRE", "").split(",")
SIZES = [(5, 3), (7, 8), (12, 5), (30, 10)]


def oracle(name):
    return importlib.import_module(name) if REQUIRED else pytest.importorskip(name)


def scores(n, k, *, tied=False):
    """Accuracies of k contestants on n sets, the later ones slightly better; ``tied``: many are equal."""
    found = np.random.default_rng(n).normal(size=(n, k)) + np.arange(k) / 2
    return np.round(found) if tied else found


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_friedman_equals_scipy(n, k, tied):
    values = scores(n, k, tied=tied)
    found, expected = rank(values), stats.friedmanchisquare(*values.T)
    assert (found.chi2, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.ranks == pytest.approx(stats.rankdata(-values, axis=1).mean(axis=0))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_wilcoxon_equals_scipy(n, k, tied):
    a, b = scores(n, k, tied=tied).T[:2]
    assert wilcoxon(a, b) == pytest.approx(stats.wilcoxon(a, b).pvalue)


@pytest.mark.parametrize(
    ("k", "q"),
    [
        (2, 1.960),
        (3, 2.343),
        (4, 2.569),
        (5, 2.728),
        (6, 2.850),
        (7, 2.949),
        (8, 3.031),
        (9, 3.102),
        (10, 3.164),
    ],
)
def test_the_critical_difference_is_that_of_demsar(k, q):
    """Demšar (2006), table 5(a)."""
    for n in (5, 14, 30):
        expected = q * np.sqrt(k * (k + 1) / (6 * n))
        assert rank(scores(n, k)).difference == pytest.approx(expected, rel=5e-4)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_nemenyi_equals_scikit_posthocs(n, k, tied):
    posthocs, values = oracle("scikit_posthocs"), scores(n, k, tied=tied)
    assert nemenyi(rank(values)) == pytest.approx(
        posthocs.posthoc_nemenyi_friedman(values).to_numpy(), abs=1e-6
    )


@pytest.mark.parametrize(("n", "k"), SIZES)
def test_wilcoxon_with_holm_equals_scikit_posthocs(n, k):
    posthocs, values = oracle("scikit_posthocs"), scores(n, k)
    long = pd.DataFrame(values).melt(var_name="who", value_name="score")
    expected = posthocs.posthoc_wilcoxon(long, val_col="score", group_col="who", p_adjust="holm").to_numpy()
    rows, columns = np.triu_indices(k, 1)
    pairs = [wilcoxon(values[:, i], values[:, j]) for i, j in zip(rows, columns, strict=True)]
    assert holm(pairs) == pytest.approx(expected[rows, columns], abs=1e-9)


@pytest.mark.parametrize("m", [1, 4, 28])
def test_holm_equals_statsmodels(m):
    p = np.random.default_rng(m).random(m) ** 3
    assert holm(p.tolist()) == pytest.approx(
        oracle("statsmodels.stats.multitest").multipletests(p, method="holm")[1]
    )
