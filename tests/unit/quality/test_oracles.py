"""Agreement and consensus equal those of other packages (the extra ``oracles``; ``make test-oracles``)."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.quality.agreement import agreement, reliability
from hitl_widgets.quality.consensus import Votes, consensus, dawid_skene, majority

REQUIRED = "oracles" in os.environ.get("HITL_REQUIRE", "").split(",")


def oracle(name: str) -> Any:
    return importlib.import_module(name) if REQUIRED else pytest.importorskip(name)


def said(seed: int, n: int = 80, people: int = 4, k: int = 4) -> pd.DataFrame:
    """Answers of people of unequal skill, some of them missing; labels are 0 to k - 1."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(k, n, p=np.arange(k, 0, -1) / sum(range(k + 1)))
    rows = []
    for who in range(people):
        right = rng.random(n) < 0.55 + 0.1 * who
        label = np.where(right, truth, rng.integers(0, k, n))
        rows += [(i, int(label[i]), f"p{who}") for i in range(n) if rng.random() < 0.8]
    return pd.DataFrame(rows, columns=["id", "label", "annotator"])


def wide(labels: pd.DataFrame) -> pd.DataFrame:
    table = labels.pivot_table(index="id", columns="annotator", values="label", aggfunc="first")
    return table[table.notna().sum(axis=1) > 0]


MEASURES = {
    "identity": lambda a, b: float(a == b),
    "linear": lambda a, b: 1 - abs(a - b) / 3,
    "quadratic": lambda a, b: 1 - (a - b) ** 2 / 9,
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weights", list(MEASURES))
def test_coefficients_equal_those_of_irrcac(seed, weights) -> None:
    # irrCAC also counts answers to items with only one when it estimates what chance would give.
    labels = said(seed)
    labels = labels[labels.groupby("id")["label"].transform("size") > 1]
    cac = oracle("irrCAC.raw").CAC(wide(labels), weights=weights, digits=10)
    found = reliability(labels, MEASURES[weights])["value"]
    for name, other in (("ac1", cac.gwet), ("fleiss", cac.fleiss), ("alpha", cac.krippendorff)):
        assert found[name] == pytest.approx(other()["est"]["coefficient_value"], abs=1e-6), name


@pytest.mark.parametrize("seed", range(4))
def test_alpha_equals_that_of_simpledorff(seed) -> None:
    dorff = oracle("simpledorff")
    metrics = oracle("simpledorff.metrics")
    for agree, metric in (
        (MEASURES["identity"], metrics.nominal_metric),
        (MEASURES["quadratic"], metrics.interval_metric),
    ):
        theirs = dorff.calculate_krippendorffs_alpha_for_df(
            said(seed), experiment_col="id", annotator_col="annotator", class_col="label", metric_fn=metric
        )
        assert reliability(said(seed), agree).loc["alpha", "value"] == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_equals_that_of_scikit_learn(weights) -> None:
    from sklearn.metrics import cohen_kappa_score

    labels = said(0)
    found = agreement(labels, MEASURES[weights or "identity"]).set_index("annotators")["kappa"]
    both = wide(labels)[["p0", "p1"]].dropna().astype(int)
    theirs = cohen_kappa_score(both["p0"], both["p1"], weights=weights)
    assert found["p0, p1"] == pytest.approx(theirs, abs=1e-9)


def votes_of(labels: pd.DataFrame, k: int = 4) -> Votes:
    people, _ = pd.factorize(labels["annotator"])
    n = int(labels["id"].max()) + 1
    return Votes.of(
        labels["id"].tolist(), people.tolist(), labels["label"].tolist(), (n, int(people.max()) + 1, k)
    )


@pytest.mark.parametrize("steps", [5, 30])
def test_dawid_skene_equals_that_of_crowd_kit(steps, monkeypatch) -> None:
    labels = said(steps, n=200, people=5)
    model = oracle("crowdkit.aggregation").DawidSkene(n_iter=steps, tol=-np.inf)
    theirs = model.fit_predict_proba(
        labels.rename(columns={"id": "task", "annotator": "worker"})[["task", "worker", "label"]]
    )
    # Both after the same number of steps: they stop by different criteria.
    monkeypatch.setattr("hitl_widgets.quality.consensus.MOST_STEPS", steps)
    monkeypatch.setattr("hitl_widgets.quality.consensus.SETTLED", 0)
    ours = dawid_skene(votes_of(labels)).probability
    np.testing.assert_allclose(ours[theirs.index], theirs[sorted(theirs.columns)], atol=1e-6)


def test_consensus_is_at_least_that_of_crowdlab() -> None:
    crowdlab = oracle("cleanlab.multiannotator").get_label_quality_multiannotator
    gains = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        n, k = 500, 5
        truth = rng.integers(0, k, n)
        item = np.r_[np.arange(n), np.arange(n // 10)]
        person = np.r_[rng.integers(0, 4, n), np.zeros(n // 10, int)]
        person[n:] = (person[: n // 10] + 1) % 4
        right = rng.random(len(item)) < np.array([0.95, 0.85, 0.7, 0.5])[person]
        code = np.where(right, truth[item], (truth[item] + rng.integers(1, k, len(item))) % k)
        logits = 1.2 * rng.normal(size=(n, k)) + 2 * np.eye(k)[truth]
        model = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        votes = Votes.of(item.tolist(), person.tolist(), code.tolist(), (n, 4, k))
        table = np.full((n, 4), np.nan)
        table[votes.item, votes.person] = votes.code
        theirs = crowdlab(pd.DataFrame(table), model, verbose=False)["label_quality"]["consensus_label"]
        ours = float((consensus(votes, model).code == truth).mean())
        assert ours >= float((majority(votes).argmax(axis=1) == truth).mean())
        gains.append(ours - float((theirs.to_numpy() == truth).mean()))
    assert np.mean(gains) >= 0
