"""Where active learning fails in a lesson: starts, mistakes, batches, costs, measures, stopping."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, recall_score

from hitl_widgets.datasets.builtin import toy_points
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.strategies import STRATEGIES
from hitl_widgets.lessons import measures
from hitl_widgets.lessons.answers import Answers
from hitl_widgets.lessons.course import Course, points_of
from hitl_widgets.lessons.lesson import GRAPHLESS, Step
from hitl_widgets.lessons.measures import Measures, stopped_at
from hitl_widgets.lessons.starts import STARTS, start_rows

NAMES = ("circle", "square", "triangle")


def course(toy: str = "line", strategy: Any = "margin", **options: Any) -> Course:
    X, y, test = points_of(toy, None, None)
    settings = {"budget": 12, "test": test} | options
    return Course(X, y, "linear", strategy, None, settings.pop("budget"), 0, **settings)


def steps(made: Course, start: str = "kmeans", strategy: str = "margin", seed: int = 0) -> list[Step]:
    return made.step(strategy, start, seed, 99).steps


# -- starts


def test_starts_are_in_the_middle_at_random_next_to_each_other_or_nothing() -> None:
    X, labels = toy_points("blobs")
    truth = np.unique(labels, return_inverse=True)[1].astype(np.int16)
    points = X.astype(np.float32)
    found = {name: [start_rows(name, points, truth, 3, seed) for seed in range(8)] for name in STARTS}
    assert found["none"] == [()] * 8
    for name in ("kmeans", "random", "worst"):
        assert all(len(set(rows)) == 3 for rows in found[name])
        assert len(set(found[name])) > 3, "another seed is another start"
        assert found[name][0] == start_rows(name, points, truth, 3, 0)
    # The clouds are the classes: k-means finds each of them.
    assert all(len(set(truth[list(rows)])) == 3 for rows in found["kmeans"])
    for rows in found["worst"]:
        assert len(set(truth[list(rows)])) == 1
        spread = np.linalg.norm(X[list(rows)] - X[rows[0]], axis=1).max()
        assert spread < np.sort(np.linalg.norm(X - X[rows[0]], axis=1))[12]


def test_without_labels_a_strategy_without_a_model_chooses_and_others_draw() -> None:
    made = course("blobs", "typicality", start="none")
    first = steps(made, "none", "typicality")[0]
    assert first.labelled == ()
    assert "typical" in first.why
    assert np.allclose(first.proba, 1 / 3)
    drawn = steps(made, "none", "margin")[0]
    assert "no labels yet" in drawn.why
    assert drawn.ranks is None


def test_rows_of_ones_own_are_a_start_beside_the_others() -> None:
    made = course(start=[7, 3, 5])
    assert made.starts == ["chosen", *STARTS]
    assert steps(made, "chosen")[0].labelled == (7, 3, 5)
    assert made.n_start("chosen") == 3
    assert made.n_start("none") == 0
    with pytest.raises(InvalidInput, match="start='chosen' is not part"):
        course().step("margin", "chosen", 0, 0)


# -- answers


def test_a_rate_is_the_share_of_wrong_answers_and_the_same_for_all_strategies() -> None:
    truth = np.repeat(np.arange(3), 2000).astype(np.int16)
    said = Answers(truth, NAMES, 0.3).drawn(4)[0]
    assert (said != truth).mean() == pytest.approx(0.3, abs=0.02)
    for code in range(3):
        others = said[(truth == code) & (said != code)]
        assert np.bincount(others, minlength=3).max() < 0.6 * len(others), "all other classes alike"
    made = course(noise=0.3)
    given: dict[int, int] = {}
    for strategy in ("margin", "random", "core_set"):
        last = steps(made, strategy=strategy)[-1]
        for row, code in zip(last.labelled, last.said, strict=True):
            assert given.setdefault(row, code) == code
    assert any(code != made.plane.truth[row] for row, code in given.items())


def test_noise_may_be_a_rate_of_a_class_a_confusion_or_a_table() -> None:
    truth = np.repeat(np.arange(3), 3000).astype(np.int16)
    tables = {
        "class": ({"square": 0.4}, [[1, 0, 0], [0.2, 0.6, 0.2], [0, 0, 1]]),
        "confusion": ({"square": {"circle": 0.4}}, [[1, 0, 0], [0.4, 0.6, 0], [0, 0, 1]]),
        "table": ([[0.5, 0.5, 0], [0, 1, 0], [0.1, 0.2, 0.7]],) * 2,
    }
    for name, (noise, expected) in tables.items():
        said = Answers(truth, NAMES, noise).drawn(0)[0]
        shares = [np.bincount(said[truth == code], minlength=3) / 3000 for code in range(3)]
        assert np.allclose(shares, expected, atol=0.03), name


def test_annotators_answer_in_turn_and_what_the_others_would_have_said_is_told() -> None:
    made = course(annotators={"Ann": 0, "Ben": {"square": 1.0}}, budget=40)
    truth = made.plane.truth
    run = steps(made)
    last = run[-1]
    for place, (row, code) in enumerate(zip(last.labelled, last.said, strict=True)):
        assert code == (0 if place % 2 else truth[row])
    wrong = next(i for i, step in enumerate(run) if i and step.said[-1] != truth[step.labelled[-1]])
    assert "Ben gave a wrong answer: circle, but the point is a square." in run[wrong].why
    assert "Ann would have said square" in run[wrong].why
    right = next(
        i for i, step in enumerate(run) if i and len(step.said) % 2 == 1 and truth[step.labelled[-1]] == 1
    )
    assert "Ann said square; Ben would have said circle." in run[right].why


def test_a_wrong_answer_is_told_counts_as_wrong_and_teaches() -> None:
    made = course(noise=0.4, budget=60)
    run = steps(made)
    truth = made.plane.truth
    for step in run[1:]:
        wrong = step.said[-1] != truth[step.labelled[-1]]
        assert step.why.startswith("The last answer was wrong") == wrong
        labelled = list(step.labelled)
        said = step.proba.argmax(axis=1)
        said[labelled] = step.said
        assert step.accuracy == pytest.approx((said == truth).mean())


def test_a_student_hears_of_wrong_answers_too() -> None:
    made = course(noise={"circle": 1.0})
    row = next(
        int(r) for r in np.flatnonzero(made.plane.truth == 0) if r not in made.play("kmeans", 0, []).start
    )
    assert made.play("kmeans", 0, [row]).now.why == (
        "The last answer was wrong: square, but the point is a circle."
    )


# -- batches and costs


def test_a_batch_is_the_best_points_and_the_budget_is_kept() -> None:
    made = course(batch=4, budget=13)
    run = steps(made)
    assert [len(step.labelled) for step in run] == [2, 6, 10, 13]
    assert run[1].labelled[2:] == run[0].queries
    lead = np.abs(run[0].proba[:, 0] - run[0].proba[:, 1])
    free = np.setdiff1d(np.arange(200), run[0].labelled)
    assert set(run[0].queries) == set(free[np.argsort(lead[free])[:4]])
    assert "The batch has 4 points: the next best, each rated alone." in run[0].why
    assert "chosen together" in steps(made, strategy="margin_kmeans")[0].why
    assert len(made.rival("margin", "kmeans", 0, 5).steps) == 6, "a game is played label by label"


def test_a_batch_of_a_diverse_strategy_is_wider() -> None:
    made = course("blobs", batch=6, budget=20)

    def width(strategy: str) -> float:
        rows = list(steps(made, strategy=strategy)[1].queries)
        return float(made.plane.X[rows].std(axis=0).sum())

    assert width("margin_kmeans") > width("margin")


def test_cost_divides_the_utilities_and_is_summed() -> None:
    cost = np.random.default_rng(0).uniform(1, 20, 200)
    made = course(cost=cost)
    run = steps(made)
    assert [step.spent for step in run] == pytest.approx([cost[list(s.labelled)].sum() for s in run])
    lead = np.abs(run[0].proba[:, 0] - run[0].proba[:, 1])
    free = np.setdiff1d(np.arange(200), run[0].labelled)
    assert run[0].query == free[((1 - lead[free]) / cost[free]).argmax()]
    assert f"divided by its cost, {cost[run[0].query]:.3g}" in run[0].why
    assert sum(cost[list(run[-1].labelled)]) < sum(cost[list(steps(course())[-1].labelled)])


# -- measures


def test_measures_are_those_of_scikit_learn_and_the_held_out_points_are_never_asked() -> None:
    made = course("rare", budget=30, noise=0.1)
    step = steps(made)[9]
    truth = made.plane.truth
    said = step.proba.argmax(axis=1)
    said[list(step.labelled)] = step.said
    accuracy, held, recall, f1 = step.measures
    assert accuracy == pytest.approx(accuracy_score(truth, said))
    assert recall == pytest.approx(recall_score(truth, said))
    assert f1 == pytest.approx(f1_score(truth, said))
    X, y = toy_points("rare", 400, 1)
    names = [name for name, _ in made.plane.measures.words]
    assert names == ["accuracy", "held-out accuracy", "recall of square", "F1 of square"]
    assert len(made.plane.everything) == 200 + 3600 + 400
    model = _model(made, step)
    assert held == pytest.approx((model.predict(X.astype(np.float32)) == (y == "square")).mean(), abs=0.005)


def _model(made: Course, step: Step) -> Any:
    from sklearn.linear_model import LogisticRegression

    rows = list(step.labelled)
    return LogisticRegression(C=2, max_iter=1000).fit(made.plane.X[rows], step.said)


def test_accuracy_hides_what_recall_shows_on_a_rare_class() -> None:
    first = steps(course("rare", budget=20), "worst", "random")[0]
    accuracy, _, recall, f1 = first.measures
    assert accuracy > 0.9
    assert recall == f1 == 0


def test_a_class_without_points_is_not_the_rarest_one() -> None:
    found = Measures(np.array([0, 0, 1], dtype=np.int16), np.zeros(0, np.int16), ("a", "b", "c"))
    assert found.rare == 1
    assert found.of(np.array([0, 0, 2], dtype=np.int16), np.zeros(0, np.int16)) == (2 / 3, 0, 0)


# -- stopping


def test_a_rule_stops_when_predictions_are_stable() -> None:
    rng = np.random.default_rng(1)
    changing = [rng.integers(0, 3, 200).astype(np.int16) for _ in range(5)]
    stable = [changing[-1]] * 5
    assert stopped_at(changing, 3) is None
    # Three steps in a row without a change.
    assert stopped_at(changing + stable, 3) == 7
    assert stopped_at([*changing, *stable[:2]], 3) is None
    for a, b in pairwise(changing):
        assert measures._kappa(a, b, 3) == pytest.approx(cohen_kappa_score(a, b))
    same = np.zeros(10, np.int16)
    assert measures._kappa(same, same, 3) == 1


def test_the_rule_does_not_stop_before_there_is_a_model_and_may_stop_too_early() -> None:
    made = course("trap", budget=40)
    run = made.step("margin", "kmeans", 0, 99)
    assert run.stop is not None
    assert run.steps[run.stop].accuracy < 0.85, "stable, and wrong about a whole group"
    assert made.step("margin", "kmeans", 0, run.stop - 1).stop is None
    worst = made.step("margin", "worst", 0, 99)
    known = next(i for i, step in enumerate(worst.steps) if len(set(step.said)) > 1)
    assert worst.stop is None or worst.stop >= known + 3


# -- toy data by name


def test_outliers_lie_far_away_and_mislead_the_farthest_point_strategy() -> None:
    X, _ = toy_points("outliers", 300, 5)
    far = np.linalg.norm(X, axis=1) > 3.9
    assert far.mean() == pytest.approx(1 / 15, abs=0.02)
    made = course("outliers")
    asked = steps(made, strategy="core_set")[-1].labelled[2:]
    assert (np.linalg.norm(made.plane.X[list(asked)], axis=1) > 3.9).mean() >= 0.5
    asked = steps(made, strategy="typicality")[-1].labelled[2:]
    assert (np.linalg.norm(made.plane.X[list(asked)], axis=1) > 3.9).mean() < 0.2


@pytest.mark.parametrize("strategy", sorted(GRAPHLESS))
def test_a_strategy_that_is_said_not_to_read_the_graph_does_not(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> list[tuple[int, ...]]:
        return [step.queries for step in steps(course(strategy=strategy, budget=8), strategy=strategy)]

    without = asked()
    monkeypatch.setattr("hitl_widgets.lessons.lesson.GRAPHLESS", set())
    assert asked() == without
    assert strategy in STRATEGIES


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": "kmean"}, "Did you mean 'kmeans'"),
        ({"start": [1, 1]}, "different row numbers from 0 to 199"),
        ({"start": [200]}, "different row numbers"),
        ({"start": [0.5]}, "different row numbers"),
        ({"start": []}, "names 0 points"),
        ({"start": range(12)}, "names 12 points"),
        ({"noise": 1.5}, "expected a rate from 0 to 1"),
        ({"noise": True}, "noise is a bool"),
        ({"noise": "much"}, "noise is a str"),
        ({"noise": {"sqare": 0.1}}, "Did you mean 'square'"),
        ({"noise": {"square": {"circle": 0.7, "square": 2}}}, "expected a rate"),
        ({"noise": [[1, 0], [0.5, 0.6]]}, "the row for 'square' sums to 1.1"),
        ({"noise": [[1, 0], [1.5, -0.5]]}, "rows sum to 1"),
        ({"annotators": {"Ann": 0.1}}, "2 to 5 names"),
        ({"annotators": {"Ann": 0.1, "Ben": 0.2}, "noise": 0.1}, "not both"),
        ({"annotators": {"Ann": 0.1, "": 0.2}}, "a name of 1 to 40"),
        ({"annotators": {"Ann": 0.1, "Ben": {"x": 0.2}}}, r"annotators\['Ben'\] contains 'x'"),
        ({"batch": 0}, "batch=0"),
        ({"cost": [1.0]}, "one finite number above 0 for each of the 200"),
        ({"cost": np.zeros(200)}, "above 0"),
        ({"test": 0.3}, r"expected \(X, y\)"),
        ({"test": (np.zeros((20, 3)), ["circle"] * 20)}, r"test\[0\] has shape"),
        ({"test": (np.zeros((20, 2)), ["oval"] * 20)}, r"test\[1\] contains 'oval', which is not a class"),
    ],
)
def test_what_cannot_be_is_told_with_the_way_out(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        course(**options)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ("lines", None, "Did you mean 'line'"),
        ("line", ["a"] * 200, "omit y="),
        (np.zeros((20, 2)), None, "y= is missing"),
    ],
)
def test_points_are_named_or_given_with_their_classes(X: Any, y: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        points_of(X, y, None)


@pytest.mark.parametrize(("n", "budget"), [(10, 9), (15, 14), (31, 30), (80, 30)])
def test_a_budget_that_nobody_chose_fits_the_points(n: int, budget: int) -> None:
    X, y = (array[:n] for array in toy_points("line"))
    assert Course(X, y, "linear", "margin", None, None, 0).budget == budget


def test_too_few_points_for_their_classes_are_told() -> None:
    X = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(InvalidInput, match=r"10 points of 10 classes\. Expected at least 12 points"):
        Course(X, list("abcdefghij"), "linear", "margin", None, None, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X: X * 1e-300, "has a column whose numbers from"),
        (lambda X: X * [1, 1e-300], "has a column whose numbers from"),
        (lambda X: X + np.array([0, 1e12]), "has a column whose numbers from"),
        (lambda X: X * 1e300, "Expected numbers up to 3e38"),
        (lambda X: X + 1j, "not numbers"),
        (lambda X: X[:0], "has 0 points"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_numbers_that_a_lesson_cannot_hold_are_told(change: Any, words: str) -> None:
    X, y = toy_points("line")
    with pytest.raises(InvalidInput, match=words):
        Course(change(X), y, "linear", "margin", None, None, 0)


def test_small_numbers_and_constant_columns_are_no_reason_to_refuse() -> None:
    X, y = toy_points("line")
    noise = np.where(np.arange(200) % 2, 1e-60, 0)
    made = Course(np.column_stack([X, noise, np.ones(200)]), y, "linear", "margin", None, None, 0)
    assert made.plane.X.shape == (200, 4)
    with pytest.raises(InvalidInput, match="y has only one class"):
        Course(X, ["circle"] * 200, "linear", "margin", None, None, 0)


def test_held_out_points_need_a_plane() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = ["a", "b"] * 20
    with pytest.raises(InvalidInput, match="test= needs points in the plane"):
        Course(X, y, "linear", "margin", None, 12, 0, test=(X, y))
