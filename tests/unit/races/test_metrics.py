"""Metrics of simulations: equal to scikit-learn's, and functions of the user."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.problems.base import Target
from hitl_widgets.learn.problems.multiclass import Multiclass
from hitl_widgets.learn.problems.multilabel import Multilabel
from hitl_widgets.learn.problems.ordinal import Ordinal
from hitl_widgets.races.metrics import BINS, Metric, Sheet, read_metrics

rng = np.random.default_rng(0)
N, K = 400, 4
P = rng.dirichlet(np.ones(K) / 2, N)
TRUTH = np.where(rng.random(N) < 0.6, P.argmax(axis=1), rng.integers(K, size=N))
SETS, GUESSED = rng.random((N, K)) < 0.3, rng.random((N, K))
NUMBERS = rng.normal(size=N)

FAST: dict[str, Any] = {"repeats": 2, "n_jobs": 1, "progress": False, "graph": False}


def clouds(n: int = 120) -> tuple[Any, Any]:
    codes = np.arange(n) % 3
    X = np.random.default_rng(1).normal(size=(n, 3)) + 1.5 * np.eye(3)[codes]
    return X.astype(np.float32), np.array(["a", "b", "c"])[codes]


def by_sklearn(truth: Any, P: Any) -> dict[str, float]:
    told, sure, P64 = P.argmax(axis=1), P.max(axis=1), P.astype(np.float64)
    right, mean = calibration_curve(told == truth, sure, n_bins=BINS, strategy="uniform")
    of = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], sure)
    weight = np.bincount(of, minlength=BINS)
    occurring = np.unique(truth)
    return {
        "accuracy": sk.accuracy_score(truth, told),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, told),
        "macro_f1": sk.f1_score(truth, told, average="macro", labels=occurring),
        "log_loss": sk.log_loss(truth, P64 / P64.sum(axis=1, keepdims=True), labels=np.arange(P.shape[1])),
        "calibration_error": float(weight[weight > 0] @ np.abs(right - mean) / len(truth)),
    }


def measured(problem: Any, truth: Any, told: Any, P: Any, names: Any) -> dict[str, float]:
    sheet = Sheet(Target(problem, np.arange(K), np.ones(K, np.bool_)), [])
    return {m.name: m.measure(sheet, truth, told, P) for m in read_metrics(names, problem)}


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("classes", [K, K - 1], ids=["all", "one does not occur"])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_metrics_of_classes_are_those_of_scikit_learn(classes: int, kind: Any) -> None:
    truth, proba = TRUTH % classes, P.astype(kind)
    proba[0] = np.eye(K)[(truth[0] + 1) % classes]  # a wrong certainty
    expected = by_sklearn(truth, proba)
    found = measured(Multiclass(K), truth, proba.argmax(axis=1), proba, list(expected))
    assert found == pytest.approx(expected, rel=1e-6)


def test_metrics_of_several_classes_are_those_of_scikit_learn() -> None:
    told, truth = GUESSED > 0.7, SETS.copy()
    told[:5] = truth[:5] = False  # both empty
    told[:, 3] = truth[:, 3] = False  # a class that never applies
    expected = {
        "jaccard": sk.jaccard_score(truth, told, average="samples", zero_division=1),
        "macro_f1": sk.f1_score(truth, told, average="macro", zero_division=0),
        "micro_f1": sk.f1_score(truth, told, average="micro"),
        "exact_match": sk.accuracy_score(truth, told),
    }
    assert measured(Multilabel(K), truth, told, GUESSED, list(expected)) == pytest.approx(expected)


def test_metrics_of_numbers_are_those_of_scikit_learn() -> None:
    told = NUMBERS + rng.normal(size=N) / 2
    expected = {
        "rmse": sk.root_mean_squared_error(NUMBERS, told),
        "mae": sk.mean_absolute_error(NUMBERS, told),
        "r2": sk.r2_score(NUMBERS, told),
    }
    assert measured(Ordinal((0.0, 1.0)), NUMBERS, told, P, list(expected)) == pytest.approx(expected)


def test_metrics_on_pool_and_test_set_are_those_of_the_model() -> None:
    """What a function of the user gets is what the built-in metrics measure."""
    X, y = clouds(180)
    seen: list[tuple[Any, Any]] = []

    def own(y_true: Any, y_pred: Any) -> float:
        seen.append((y_true, y_pred))
        return float(np.mean(y_true == y_pred))

    def own_loss(y_true: Any, y_proba: Any) -> float:
        return float(sk.log_loss(y_true, y_proba, labels=list("abc")))

    metrics = ["log_loss", "balanced_accuracy", "calibration_error", own, own_loss]
    options: dict[str, Any] = FAST | {"budget": 30, "at": [5, 30], "test": (X[120:], y[120:])}
    found = hitl.simulate(X[:120], y[:120], ["linear"], ["margin"], metrics=metrics, **options)
    frame = found.frame
    assert set(seen[0][0]) == set("abc")
    assert [len(true) for true, _ in seen] == [120, 60] * 4
    for place in ("pool", "test"):
        assert frame[f"{place}_own"].tolist() == pytest.approx(frame[f"{place}_accuracy"].tolist())
        assert frame[f"{place}_own_loss"].tolist() == pytest.approx(frame[f"{place}_log_loss"].tolist())
    assert "log loss on the test set" in repr(found)
    assert found.summary().equals(found.summary("test_log_loss"))
    assert found.summary("balanced_accuracy").equals(found.summary("test_balanced_accuracy"))
    losses = found.summary()["mean"]
    assert losses.iloc[-1] < losses.iloc[0]


def test_less_is_better_where_the_name_says_so() -> None:
    X, y = clouds()
    options: dict[str, Any] = FAST | {"budget": 40, "at": [10, 20, 40], "metrics": ["log_loss", "accuracy"]}
    found = hitl.simulate(
        X, y, contestants={"good": ("linear", "random"), "bad": ("linear", "random")}, **options
    )
    found.frame.loc[found.frame["contestant"] == "bad", "pool_log_loss"] += 0.2
    against = found.against("bad")
    assert (against["difference"] < 0).all()
    assert (against["ahead"] == 1).all()
    saving = found.saving("bad").loc["good"]
    assert saving["labels"] <= 40
    assert saving["target"] == pytest.approx(found.summary().query("contestant == 'bad'")["mean"].iloc[-1])
    assert saving["ratio"] > 1


@pytest.mark.parametrize(
    ("question", "y", "metrics"),
    [
        (hitl.Question.choices(list("abc")), "sets", ["jaccard", "macro_f1", "micro_f1", "exact_match"]),
        (hitl.Question.rating(4), "levels", ["rmse", "mae", "r2"]),
        (hitl.Question.rating(["bad", "fair", "good"]), "named", ["rmse", "r2"]),
        (hitl.Question.number(step=0), "numbers", ["rmse", "mae", "r2"]),
    ],
)
def test_other_questions_have_metrics_of_their_own(question: Any, y: str, metrics: list[str]) -> None:
    X = rng.normal(size=(160, 4)).astype(np.float32)
    level = np.digitize(X[:, 0], [-0.8, 0, 0.8])
    answers: dict[str, Any] = {
        "sets": [[c for k, c in enumerate("abc") if x[k] > 0.3] for x in X],
        "levels": (level + 1).tolist(),
        "named": [["bad", "fair", "good"][min(one, 2)] for one in level],
        "numbers": (3 * X[:, 0]).round(2).tolist(),
    }
    given, told = answers[y][:120], answers[y][120:]

    def own(y_true: Any, y_pred: Any) -> float:
        if y == "sets":
            return float(sk.f1_score(y_true, y_pred, average="micro"))
        return float(sk.root_mean_squared_error(y_true, y_pred))

    found = hitl.simulate(
        X[:120], given, ["linear"], ["margin"], question=question, budget=60, at=[15, 60],
        metrics=[*metrics, own], test=(X[120:], told), **FAST,
    )  # fmt: skip
    frame = found.frame
    one = "micro_f1" if y == "sets" else "rmse"
    for place in ("pool", "test"):
        assert frame[f"{place}_own"].tolist() == pytest.approx(frame[f"{place}_{one}"].tolist())
        assert frame[[f"{place}_{m}" for m in metrics]].notna().all().all()
    first, last = found.summary()["mean"]
    assert (last < first) == (metrics[0] == "rmse")
    if y == "numbers":
        assert frame["test_r2"].iloc[-1] > 0.6
        assert found.asked()["label"].isin(given).all()


def test_a_learner_without_probabilities_for_new_rows_has_no_loss() -> None:
    from sklearn.linear_model import RidgeClassifier

    X, y = clouds()
    options: dict[str, Any] = FAST | {"budget": 20, "at": [20], "metrics": ["accuracy", "log_loss"]}
    with pytest.warns(UserWarning, match="test_log_loss is NaN .* no probabilities for new rows"):
        found = hitl.simulate(X, y, [RidgeClassifier()], ["random"], test=(X[:9], y[:9]), **options).frame
    assert found["test_accuracy"].notna().all()
    assert found["pool_log_loss"].notna().all()


class Scorer:
    """A metric without a name of a function."""

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return "much"


def broken(y_true: Any, y_pred: Any) -> float:
    raise ZeroDivisionError("none")


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (["acuracy"], "unknown metric 'acuracy'. Did you mean 'accuracy'"),
        (["rmse"], "unknown metric 'rmse'.*Expected 'accuracy'"),
        ([], "metrics=.*expected a list of names"),
        (3, "metrics=3: expected a list"),
        ([3], "contains 3: expected a name or a function"),
        (["accuracy", "accuracy"], "'accuracy' twice"),
        ([lambda y_true, y_pred: 1.0], "has no name.*pass a dict"),
        ({"accuracy": lambda y_true, y_pred: 1.0}, "'accuracy' is the name of a built-in metric"),
        ({"<b>x</b>": broken}, "contains the name '<b>x</b>': expected letters, digits and underscores"),
        ({"mine": "accuracy"}, "built-in metric keeps its name"),
        ([len], "must be a function of two arguments"),
        ({"mine": Scorer()}, "The metric 'mine' failed.*returned 'much': expected a number"),
        ([broken], "The metric 'broken' failed after 10 labels in repeat 0: ZeroDivisionError"),
    ],
)
def test_bad_metrics_are_refused_in_words(metrics: Any, words: str) -> None:
    X, y = clouds()
    with pytest.raises(InvalidInput, match=words):
        hitl.simulate(X, y, ["linear"], ["random"], budget=12, at=[10], metrics=metrics, **FAST)


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_said_and_left_out(odd: float) -> None:
    X, y = clouds()

    made: list[int] = []

    def early(y_true: Any, y_pred: Any) -> float:
        made.append(1)
        return odd if len(made) % 3 == 1 else 0.5

    options: dict[str, Any] = FAST | {"budget": 12, "at": [10, 11, 12], "metrics": [early], "stop": [11]}
    with pytest.warns(UserWarning, match="pool_early is NaN or infinite in 2 of 6 records. Tables"):
        found = hitl.simulate(X, y, ["linear"], ["random"], **options)
    assert found.summary()["n_labels"].tolist() == [11, 12]
    assert found.stopping()[["value", "wasted"]].notna().all(axis=None)
    options["metrics"] = {"never": lambda y_true, y_pred: odd, "accuracy": "accuracy"}
    with pytest.warns(UserWarning, match="pool_never is NaN or infinite in 6 of 6"):
        found = hitl.simulate(X, y, ["linear"], ["random"], **options)
    with pytest.raises(InvalidInput, match="metric='pool_never' is NaN or infinite in all records"):
        found.summary("never")


def test_a_metric_is_one_or_a_list() -> None:
    assert [m.name for m in read_metrics("log_loss", Multiclass(3))] == ["log_loss"]
    assert [m.name for m in read_metrics(broken, Multiclass(3))] == ["broken"]
    assert isinstance(read_metrics(None, Multiclass(3))[0], Metric)
    assert read_metrics(None, Multilabel(3)) == ()
