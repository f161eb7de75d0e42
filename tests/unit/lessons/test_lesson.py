"""A lesson: a deterministic trace of steps, a student's game, and its messages."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from hitl_widgets import datasets
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import Affinity
from hitl_widgets.learn.strategies import STRATEGIES, Context
from hitl_widgets.lessons.course import Course
from hitl_widgets.lessons.lesson import Step
from hitl_widgets.lessons.plane import CELLS, Plane, surface_of
from hitl_widgets.lessons.words import Asked, why
from hitl_widgets.widgets import channel
from hitl_widgets.widgets.lesson import Lesson


def course(toy: str = "line", strategy: Any = "margin", learner: Any = "linear", **options: Any) -> Course:
    points = datasets.toy(toy, n=options.pop("n", 80))
    settings = {"classes": None, "budget": 12, "random_state": 0} | options
    return Course(points[["x1", "x2"]], points["label"], learner, strategy, **settings)


def step_of(made: Course, strategy: str, seed: int, i: int) -> Step:
    return made.step(strategy, made.start, seed, i).now


def same(a: Step, b: Step) -> bool:
    arrays = [(getattr(a, f), getattr(b, f)) for f in ("proba", "surface", "utilities", "heat")]
    equal = all((x is None and y is None) or np.array_equal(x, y) for x, y in arrays)
    return equal and (a.labelled, a.measures, a.queries, a.why) == (b.labelled, b.measures, b.queries, b.why)


# -- the trace


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_every_strategy_can_be_stepped_through_and_is_the_same_again(strategy: str) -> None:
    first, second = course(strategy=strategy, n=60), course(strategy=strategy, n=60)
    trace = first.trace(strategy, "kmeans", 5)
    assert len(trace) == 12 - 2 + 1
    for i in range(len(trace)):
        step = trace[i]
        assert len(step.labelled) == len(set(step.labelled)) == 2 + i
        assert step.query is None if i == len(trace) - 1 else step.query not in step.labelled
        assert step.why or step.query is None
        if i:
            assert step.labelled[-1] == trace[i - 1].query
    assert same(step_of(second, strategy, 5, len(trace) - 1), trace[len(trace) - 1])
    assert same(step_of(second, strategy, 5, 3), trace[3])


def test_accuracy_is_that_of_all_points_a_label_counted_right() -> None:
    made = course(learner=LogisticRegression())
    run = made.step("margin", "kmeans", 0, 6)
    step = run.now
    rest = np.setdiff1d(np.arange(80), step.labelled)
    rows = list(step.labelled)
    model = LogisticRegression().fit(made.plane.X[rows], made.plane.truth[rows])
    right = model.predict(made.plane.X[rest]) == made.plane.truth[rest]
    assert step.accuracy == pytest.approx((right.sum() + len(rows)) / 80)
    assert run.curves[0] == [step_of(made, "margin", 0, i).accuracy for i in range(7)]


def test_the_query_of_margin_is_the_closest_call_and_the_warmest_point() -> None:
    made = course("blobs")
    for i in range(1, 6):
        step = step_of(made, "margin", 0, i)
        free = np.setdiff1d(np.arange(80), step.labelled)
        top = np.sort(step.proba[free], axis=1)
        assert step.query == free[(top[:, -1] - top[:, -2]).argmin()]
        assert step.utilities is not None
        assert step.utilities[step.query] == 255
        assert step.utilities[list(step.labelled)].max() == 0


def test_until_two_classes_are_known_questions_are_drawn_at_random_and_say_so() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(np.arange(60) == 7, "rare", "common")
    step = step_of(Course(X, y, "linear", "margin", None, 10, 0), "margin", 0, 0)
    assert {y[row] for row in step.labelled} == {"common"}
    assert step.heat is None
    assert "the same class" in step.why


def test_an_estimator_that_needs_more_labels_is_drawn_for_until_it_has_them() -> None:
    made = course("blobs", learner=KNeighborsClassifier(5))
    for i in range(4):
        step = step_of(made, "margin", 0, i)
        fitted = len(step.labelled) >= 5
        assert ("KNeighborsClassifier cannot learn from so few labels yet" in step.why) is not fitted
        rows = list(step.labelled)
        counts = np.bincount(made.plane.truth[rows], minlength=3)
        shares = np.tile((counts + 1) / (len(rows) + 3), (80, 1))
        if fitted:
            shares = (
                KNeighborsClassifier(5)
                .fit(made.plane.X[rows], made.plane.truth[rows])
                .predict_proba(made.plane.X)
            )
        assert step.proba == pytest.approx(shares)
    free = [row for row in range(80) if row not in made.play("kmeans", 0, []).start]
    assert len(made.play("kmeans", 0, free[:9]).curve) == 10


def test_a_strategy_that_failed_once_labels_no_point_twice() -> None:
    failures = iter([False, True])

    def stumbles(proba: Any, context: Context) -> Any:
        if next(failures, False):
            raise ValueError("once")
        return proba[:, 0]

    made = course(strategy=stumbles, learner=GraphVotes())
    with pytest.raises(InvalidInput, match="once"):
        step_of(made, "stumbles", 0, 1)
    labelled = step_of(made, "stumbles", 0, 3).labelled
    assert len(set(labelled)) == len(labelled) == 5


def test_the_trap_is_one_for_margin_and_none_for_chance() -> None:
    ends: dict[str, list[float]] = {"margin": [], "random": []}
    for seed in range(5):
        points = datasets.toy("trap", random_state=seed)
        made = Course(points[["x1", "x2"]], points["label"], "linear", "margin", None, 30, 0)
        for name, values in ends.items():
            values.append(step_of(made, name, 0, 28).accuracy)
    assert max(ends["margin"]) < 0.82
    assert min(ends["random"]) > 0.85


# -- the plane


def test_cells_lie_row_by_row_from_the_top_and_hold_all_points() -> None:
    plane = Plane(*np.split(np.column_stack([clouds(), np.zeros(20)]), [2], axis=1)[:1], ["a", "b"] * 10)
    grid = plane.everything[20:].reshape(CELLS, CELLS, 2)
    assert (np.diff(grid[:, 0, 1]) < 0).all()
    assert (np.diff(grid[0, :, 0]) > 0).all()
    assert (plane.low < plane.X.min(axis=0)).all()
    assert (plane.high > plane.X.max(axis=0)).all()


def clouds() -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).normal(size=(20, 2)) * [1, 40]


def test_the_surface_is_the_model_at_the_centre_of_each_cell() -> None:
    made = course("blobs", learner=LogisticRegression())
    step = step_of(made, "margin", 0, 4)
    rows = list(step.labelled)
    model = LogisticRegression().fit(made.plane.X[rows], made.plane.truth[rows])
    expected = surface_of(model.predict_proba(made.plane.everything[80:]))
    assert np.array_equal(step.surface[0], expected[0])
    assert np.abs(step.surface[1].astype(int) - expected[1]).max() <= 1


def test_values_spread_to_cells_stay_between_those_of_the_points_and_meet_them() -> None:
    X = clouds()
    plane = Plane(X, ["a", "b"] * 10)
    values = np.random.default_rng(0).random(20)
    spread = plane.spread(values)
    assert spread.min() >= values.min()
    assert spread.max() <= values.max()
    unit = (X - plane.low) / (plane.high - plane.low)
    cells = (plane.everything[20:] - plane.low) / (plane.high - plane.low)
    near, cell = np.unravel_index(cdist(unit, cells).argmin(), (20, CELLS**2))
    assert spread[cell] == pytest.approx(values[near], abs=0.05)
    assert np.allclose(plane.spread(np.ones((20, 3))), 1)


class GraphVotes:
    """A learner that uses the graph: one step along it from the labels."""

    name = "votes of neighbours"

    def start(self, X: Any, n_classes: int, affinity: Affinity | None = None) -> GraphVotes:
        fresh = GraphVotes()
        assert affinity is not None
        assert affinity.shape == (len(X), len(X))
        fresh.W, fresh.k = csr_array(affinity), n_classes
        return fresh

    def update(self, index: Any, y: Any, weight: Any = None) -> None:
        Y = np.zeros((self.W.shape[0], self.k))
        Y[index, y] = 1
        F = 1e-3 + Y + self.W @ Y
        self.P = F / F.sum(axis=1, keepdims=True)

    def proba(self, index: Any = None) -> Any:
        return self.P if index is None else self.P[index]


@pytest.mark.parametrize("strategy", ["margin", "query_by_committee", "typicality"])
def test_a_learner_on_the_graph_sees_the_points_alone_and_still_colours_the_plane(strategy: str) -> None:
    made = course("blobs", strategy, GraphVotes())
    step = step_of(made, strategy, 0, 8)
    assert len(step.proba) == 80
    assert set(step.surface[0]) == {0, 1, 2}
    assert step.heat is None or len(step.heat) == CELLS**2


@pytest.mark.parametrize("name", ["margin", "entropy", "vote_entropy", "information_density", "core_set"])
def test_cells_never_change_what_a_strategy_asks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cells = [step_of(course(strategy=name), name, 0, i) for i in range(8)]
    monkeypatch.setattr("hitl_widgets.lessons.lesson.Trace._heat", lambda *_: (None, None))
    without = course(strategy=name)
    assert [s.query for s in with_cells] == [step_of(without, name, 0, i).query for i in range(8)]


def test_a_pointwise_strategy_is_asked_for_the_cells_and_another_is_spread_from_the_points() -> None:
    made = course(learner=LogisticRegression())
    step = step_of(made, "margin", 0, 5)
    proba = _grid_proba(made, step)
    lead = np.abs(proba[:, 0] - proba[:, 1])
    assert step.heat is not None
    between = (step.heat > 0) & (step.heat < 255)
    assert between.sum() > 1000
    assert np.corrcoef(step.heat[between], -lead[between])[0, 1] > 0.9999

    def from_the_middle(proba: Any, context: Context) -> Any:
        return -(np.linalg.norm(context.X - context.X.mean(axis=0), axis=1) ** (1 + len(context.X) / 1e4))

    other = course(strategy=from_the_middle)
    step = step_of(other, "from_the_middle", 0, 0)
    assert step.heat is not None
    assert not other.trace("from_the_middle", "kmeans", 0)._pointwise


def _grid_proba(made: Course, step: Step) -> Any:
    rows = list(step.labelled)
    model = LogisticRegression().fit(made.plane.X[rows], made.plane.truth[rows])
    return model.predict_proba(made.plane.everything[len(made.plane) :])


def test_random_has_no_heat() -> None:
    step = step_of(course(strategy="random"), "random", 0, 3)
    assert step.heat is None
    assert step.utilities is None


# -- the student


def test_the_student_starts_where_the_machine_does_and_is_scored_alike() -> None:
    made = course()
    machine = made.trace("margin", "kmeans", 4)
    student = made.play("kmeans", 4, [])
    assert same_model(student.now, machine[0])
    picks: list[int] = []
    for i in range(5):
        query = machine[i].query
        assert query is not None
        picks.append(query)
        student = made.play("kmeans", 4, picks)
    assert student.curve == [machine[i].accuracy for i in range(6)]
    assert same_model(student.now, machine[5])


def same_model(a: Step, b: Step) -> bool:
    return np.array_equal(a.proba, b.proba) and a.labelled == b.labelled and a.accuracy == b.accuracy


def test_another_way_is_another_game_and_the_same_way_the_same() -> None:
    made = course()
    free = [row for row in range(80) if row not in made.play("kmeans", 0, []).start]
    one = made.play("kmeans", 0, free[:4]).now
    made.play("kmeans", 0, free[4:6])
    assert same_model(made.play("kmeans", 0, free[:4]).now, one)
    assert made.play("kmeans", 1, []).start != made.play("kmeans", 0, []).start


def test_a_student_cannot_label_twice_nor_beyond_the_budget() -> None:
    made = course()
    start = made.play("kmeans", 0, []).start
    free = [row for row in range(80) if row not in start]
    for picks in ([start[0]], [free[0], free[0]], [80], [-1]):
        with pytest.raises(InvalidInput, match="cannot be labelled"):
            made.play("kmeans", 0, picks)
    with pytest.raises(InvalidInput, match="budget of 12"):
        made.play("kmeans", 0, free[:11])
    assert len(made.play("kmeans", 0, free[:10]).now.labelled) == 12


# -- words


def test_the_reason_names_the_classes_and_their_probabilities() -> None:
    asked = Asked(np.array([0.2, 0.45, 0.35]), 0.9, 1)
    names = ["circle", "square", "triangle"]
    assert "square 0.45 against triangle 0.35" in why("margin", asked, names)
    assert "mine gives it the highest utility: 0.9" in why("mine", asked, names)
    assert "3 points are equally useful" in why("entropy", asked._replace(n_tied=3), names)
    assert "drawn at random" in why("vote_entropy", asked._replace(n_tied=9, all_tied=True), names)


def test_every_strategy_has_words_of_its_own() -> None:
    asked = Asked(np.array([0.6, 0.4]), 0.123, 1)
    assert not [name for name in STRATEGIES if "highest utility" in why(name, asked, ["a", "b"])]


# -- invalid input


def tired(proba: Any, context: Context) -> Any:
    raise KeyError("tired")


@pytest.mark.parametrize(
    ("X", "y", "options", "words"),
    [
        (np.zeros((20, 1)), ["a", "b"] * 10, {}, r"shape \(20, 1\)"),
        (np.zeros((20, 3)), ["a", "b"] * 10, {"at": np.zeros((20, 3))}, r"Expected \(20, 2\)"),
        (np.zeros((20, 3)), ["a", "b"] * 10, {"test": (clouds(), ["a", "b"] * 10)}, "points in the plane"),
        (np.zeros((5, 2)), list("ababa"), {}, "5 points"),
        (np.full((20, 2), np.nan), ["a", "b"] * 10, {}, "NaN"),
        ([["x", "y"]] * 20, ["a", "b"] * 10, {}, "not numbers"),
        (clouds(), ["a"] * 20, {"classes": ["a", "b"]}, "only one class"),
        (clouds(), ["a", None] * 10, {}, "no class for point 1"),
        (clouds(), ["a", "b"] * 9, {}, "one class for each of the 20"),
        (np.tile(clouds(), (2, 1)), list("abcdefghijk") * 3 + ["a"] * 7, {}, "at most 10"),
        (clouds(), ["a", "c"] * 10, {"classes": ["a", "b"]}, "'c'"),
        (clouds(), ["a", "b"] * 10, {"budget": 20}, "Expected 3 to 19"),
        (clouds(), ["a", "b"] * 10, {"budget": 2}, "at least 3"),
        (clouds(), ["a", "b"] * 10, {"random_state": -1}, "random_state=-1"),
        (clouds(), ["a", "b"] * 10, {"strategy": "margins"}, "Did you mean 'margin'"),
        (
            clouds(),
            ["a", "b"] * 10,
            {"learner": KNeighborsClassifier(9)},
            "KNeighborsClassifier.* on 8 labels",
        ),
        (clouds(), ["a", "b"] * 10, {"strategy": tired}, "'tired' failed on .* KeyError: 'tired'"),
        (clouds(), ["a", "b"] * 10, {"strategy": lambda p, c: p}, "one utility per item"),
    ],
)
def test_what_cannot_be_shown_is_told_in_the_cell(
    X: Any, y: Any, options: dict[str, Any], words: str, bundles: None
) -> None:
    with pytest.raises(InvalidInput, match=words):
        Lesson(X, y, **({"budget": 8} | options))


# -- messages


@pytest.fixture
def wire(bundles: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    points = datasets.toy("blobs", n=200)
    widget = Lesson(points[["x1", "x2"]], points["label"], budget=20)
    widget.sent = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: widget.sent.append((content, buffers)))

    def say(kind: str, **fields: Any) -> tuple[dict[str, Any], list[bytes]]:
        widget.sent.clear()
        if kind in {"step", "play", "attempt"}:
            fields = {"start": "kmeans", "strategy": "margin", "seed": 0} | fields
        widget._receive(widget, {"id": "message-1", "type": kind, "view": "view-1234", **fields}, [])
        [(content, buffers)] = widget.sent
        json.dumps(content, allow_nan=False)
        return content, buffers

    widget.say = say
    return widget


def test_a_view_is_welcomed_with_the_points_and_steps_are_small(wire: Any) -> None:
    welcome, [points, truth, cost, space] = wire.say("hello")
    xy = np.frombuffer(points, "<f4").reshape(200, 2)
    assert 0 < xy.min() < xy.max() < 1
    assert welcome["strategies"][0] == welcome["strategy"] == "margin"
    codes = wire._course.plane.truth
    assert list(truth) == list(codes)
    assert cost == space == b""
    # The first coordinate increases to the right, the second downwards.
    top = int(wire._course.plane.X[:, 1].argmax())
    assert xy[top, 1] == xy[:, 1].min()

    step, buffers = wire.say("step", strategy="margin", seed=0, index=5)
    assert (step["type"], step["index"], step["last"]) == ("moment", 5, 17)
    assert [len(b) for b in buffers] == [2 * CELLS**2, 400, CELLS**2, 200]
    assert len(json.dumps(step)) < 1000
    assert sum(map(len, buffers)) < 12_000
    beyond, _ = wire.say("step", strategy="margin", seed=0, index=2**30)
    assert beyond["index"] == 17
    assert beyond["queries"] == []


def test_a_game_is_answered_with_both_players(wire: Any) -> None:
    start, _ = wire.say("play", strategy="random", seed=9, picks=[])
    free = [row for row in range(200) if row not in start["you"]["labelled"]][:3]
    game, buffers = wire.say("play", strategy="random", seed=9, picks=free)
    assert game["you"]["labelled"][3:] == free
    assert len(game["yours"]["spent"]) == len(game["theirs"]["spent"]) == 4
    assert game["you"]["labelled"][:3] == game["machine"]["labelled"][:3]
    assert len(buffers) == 4  # random has no heat map


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("step", {"strategy": "nonsense", "seed": 0, "index": 0}, "not part of this lesson"),
        ("play", {"strategy": "margin", "seed": 0, "picks": [999]}, "cannot be labelled"),
    ],
)
def test_trouble_is_told_to_the_view_that_asked(wire: Any, kind: str, fields: Any, words: str) -> None:
    content, _ = wire.say(kind, **fields)
    assert content["type"] == "trouble"
    assert content["to"] == "view-1234"
    assert words in content["words"]


def test_a_strategy_that_fails_later_is_trouble_and_the_others_go_on(
    bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tires(proba: Any, context: Context) -> Any:
        if (context.y >= 0).sum() > 4:
            raise ValueError("I am tired")
        return proba[:, 0]

    points = datasets.toy("line", n=40)
    widget = Lesson(points[["x1", "x2"]], points["label"], strategy=tires, budget=10)
    sent: list[Any] = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append(content))
    for strategy in ("tires", "margin"):
        widget._receive(
            widget,
            {
                "id": "message-1",
                "type": "step",
                "view": "view-1234",
                "strategy": strategy,
                "start": "kmeans",
                "seed": 0,
                "index": 6,
            },
            [],
        )
    assert [m["type"] for m in sent] == ["trouble", "moment"]
    assert "I am tired" in sent[0]["words"]


def test_a_lesson_saves_no_point_with_the_notebook_and_takes_no_label(wire: Any) -> None:
    saved = {k: v for k, v in wire.get_state().items() if k not in {"_esm", "_css"}}
    assert "circle" not in repr(saved)
    before = wire.get_state()
    wire.set_state(dict.fromkeys(before, "changed"))
    assert wire.get_state() == before
    wire.sent.clear()
    wire._receive(wire, {"id": "message-1", "type": "undo"}, [])
    [(reply, _)] = wire.sent
    assert reply["type"] == "refused"
    assert "lesson" in wire._repr_mimebundle_()[0]["text/plain"]
    assert isinstance(wire, channel.ChannelWidget)


def test_classes_that_look_the_same_are_refused() -> None:
    points = np.random.default_rng(0).normal(size=(12, 2))
    with pytest.raises(InvalidInput, match="y contains 1 and '1', which look the same"):
        Lesson(points, [1, "1", "2"] * 4)


def test_a_closed_lesson_leaves_no_timer(wire: Any) -> None:
    wire._displayed_as("somewhere")
    wire.say("step", strategy="margin", seed=0, index=1)
    timers = [t for t in threading.enumerate() if t.name == "hitl-still"]
    assert timers
    wire.close()
    for timer in timers:
        timer.join(5)
        assert not timer.is_alive()
