"""What a simulation can vary: annotators, costs, batches, starts, stopping rules; and what it asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.strategies import STRATEGIES
from hitl_widgets.races.simulation import Simulation


def blobs(n: int = 90) -> tuple[Any, Any]:
    """Three touching clouds: float32 (n, 3), and classes 'a', 'b' or 'c'."""
    codes = np.arange(n) % 3
    X = np.random.default_rng(0).normal(size=(n, 3)) + 2 * np.eye(3)[codes]
    return X.astype(np.float32), np.array(["a", "b", "c"])[codes]


def race(n: int = 90, **options: Any) -> Simulation:
    X, y = blobs(n)
    settings: dict[str, Any] = {"learners": "linear", "strategies": ["random"], "budget": 15, "repeats": 2}
    settings |= {"n_jobs": 1, "progress": False, "graph": False} | options
    if "contestants" in options:
        settings = {k: v for k, v in settings.items() if k not in {"learners", "strategies"}}
    return hitl.simulate(settings.pop("X", X), settings.pop("y", y), **settings)


def measured(simulation: Simulation) -> pd.DataFrame:
    """The results that must not depend on the machine."""
    return simulation.frame.drop(columns=["seconds", "elapsed"])


# -- what was asked ------------------------------------------------------------


def test_what_was_asked_is_recorded_in_order(tmp_path: Path) -> None:
    _, y = blobs()
    heard: list[tuple[int, Any]] = []

    def oracle(row: int, rng: Any) -> Any:
        said = None if row % 7 == 0 else "b" if row % 5 == 0 else y[row]
        heard.append((row, said))
        return said

    options: dict[str, Any] = {"y": oracle, "truth": y, "strategies": ["margin"], "batch": 4, "repeats": 2}
    found = race(**options, path=tmp_path)
    asked = found.asked()
    said = [None if pd.isna(label) else label for label in asked["label"]]
    assert list(zip(asked["row"], said, strict=True)) == heard
    for (_, repeat), run in asked.groupby(["contestant", "repeat"]):
        assert run["step"].tolist() == list(range(1, len(run) + 1))
        assert run["batch"].is_monotonic_increasing
        assert run["cost"].sum() == found.frame.query(f"repeat == {repeat}")["n_asked"].iloc[-1]
        assert (run["seconds"] >= 0).all()
    assert asked.groupby("repeat")["label"].count().tolist() == [15, 15]  # abstentions are None
    # The answers are in the file too.
    again = race(**options, path=tmp_path)
    assert again.asked().equals(asked)
    assert len(heard) == len(asked)
    one = found.asked("margin", repeat=1)
    assert one["repeat"].unique().tolist() == [1]
    with pytest.raises(InvalidInput, match="repeat=2 was not run: expected 0, 1"):
        found.asked(repeat=2)
    with pytest.raises(InvalidInput, match="contestant='margn' is not a contestant"):
        found.asked("margn")
    with pytest.raises(InvalidInput, match="made from a table"):
        Simulation(found.frame).asked()


def test_rows_are_those_of_the_users_table() -> None:
    texts = [f"text {i // 2}" for i in range(120)]  # each twice, so that the pool has 60 items
    y = np.arange(120) // 2 % 2
    X = np.arange(120.0)[:, None] // 2
    found = hitl.simulate(texts, y, "linear", "random", 15, 1, X=X, n_jobs=1, progress=False)
    asked = found.asked()
    assert (asked["row"] % 2 == 0).all()
    assert asked["label"].tolist() == y[asked["row"]].tolist()


def test_a_saved_run_without_its_questions_is_not_used(tmp_path: Path) -> None:
    import json

    race(path=tmp_path)
    file = tmp_path / "runs.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        del line["asked"]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.warns(UserWarning, match="which cannot be used. The simulation starts again"):
        assert len(race(path=tmp_path).asked()) == 30


# -- costs and units -------------------------------------------------------------


def test_a_cost_is_a_number_a_function_or_a_column() -> None:
    column = 1 + np.arange(90) % 4
    options: dict[str, Any] = {"budget": 40, "at": [20, 40], "strategies": ["margin"]}
    by_column = race(cost=column, **options)
    by_function = race(cost=lambda row: 1 + row % 4, **options)
    assert measured(by_column).equals(measured(by_function))
    same = race(cost=2.5, **options)
    assert same.frame["n_labels"].tolist() == [8, 16] * 2
    with pytest.raises(InvalidInput, match="cost= failed at row 3: ZeroDivisionError"):
        race(cost=lambda row: 1 / (row - 3), **options)
    with pytest.raises(InvalidInput, match="cost=-1: expected a number above 0"):
        race(cost=-1, **options)


def test_the_unit_of_the_cost_is_told_everywhere() -> None:
    found = race(cost=lambda row: 5.0, unit="seconds", budget=100, strategies=["random", "margin"])
    assert found.unit == "seconds"
    assert "100 seconds" in repr(found)
    assert "seconds to match 'random' at 100" in repr(found)
    assert "100 &lt;b&gt;" in race(cost=lambda row: 5.0, unit="<b>", budget=100)._repr_html_()
    assert "seconds" in found.saving()
    assert found.chart().to_dict()["layer"][0]["encoding"]["x"]["title"] == "seconds"
    with pytest.raises(InvalidInput, match="unit='seconds' is the unit of cost="):
        race(unit="seconds")
    with pytest.raises(InvalidInput, match="unit=3: expected a word"):
        race(cost=1, unit=3)


# -- annotators ------------------------------------------------------------------

PEOPLE: dict[str, Any] = {"expert": {"noise": 0.02, "cost": 4}, "crowd": {"noise": 0.4}}


def test_annotators_differ_in_noise_and_cost() -> None:
    _, y = blobs(600)
    found = race(600, annotators=PEOPLE, whom=["expert", "crowd"], budget=480, repeats=1, at=[480])
    asked = found.asked()
    assert asked.groupby("contestant")["annotator"].unique().map(list).to_dict() == {
        "ask crowd": ["crowd"],
        "ask expert": ["expert"],
    }
    assert found.frame.set_index("contestant")["n_labels"].to_dict() == {"ask expert": 120, "ask crowd": 480}
    wrong = asked["label"].to_numpy() != y[asked["row"]]
    rate = wrong.astype(float)[asked["annotator"] == "crowd"].mean()
    assert rate == pytest.approx(0.4, abs=0.07)
    assert wrong[asked["annotator"] == "expert"].mean() < 0.08


def test_each_annotator_says_the_same_to_all_contestants() -> None:
    options: dict[str, Any] = {"annotators": PEOPLE, "budget": 120, "overlap": 0.5}
    found = race(**options, strategies=["random", "margin"], whom=["random", "cheapest", "reliable"]).asked()
    said = found.groupby(["repeat", "row", "annotator"])["label"].nunique()
    assert (said == 1).all()
    assert found.groupby(["repeat", "row", "annotator"]).size().max() == 6
    assert found.groupby(["repeat", "row"])["label"].nunique().max() > 1


def test_the_confusions_of_an_annotator_and_abstentions_hold() -> None:
    matrix = [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
    people: dict[str, Any] = {"odd": {"confusion": matrix, "abstain": 0.3, "cost": 2}, "usual": {}}
    _, y = blobs(300)
    found = race(300, annotators=people, whom=["odd", "usual"], noise=0.2, budget=200, repeats=1, at=[200])
    asked = found.asked().assign(true=lambda t: y[t["row"]])
    odd = asked[(asked["annotator"] == "odd") & asked["label"].notna()]
    # With noise=0.2 for all who have none of their own.
    assert (odd.query("true == 'a'")["label"] != "b").mean() == pytest.approx(0.2, abs=0.15)
    silent = asked[asked["annotator"] == "odd"]["label"].isna().mean()
    assert silent == pytest.approx(0.3, abs=0.12)
    assert not asked[asked["annotator"] == "usual"]["label"].isna().any()
    row = found.frame.set_index("contestant").loc["ask odd"]
    assert row["n_asked"] == 100
    assert row["n_abstained"] == row["n_asked"] - row["n_labels"] > 10


def test_who_is_reliable_is_learned_from_items_that_several_answer() -> None:
    people: dict[str, Any] = {"good": {"noise": 0.02}, "poor": {"noise": 0.6}, "fair": {"noise": 0.3}}
    found = race(500, annotators=people, whom="reliable", overlap=0.2, budget=400, at=[400], batch=5)
    asked = found.asked()
    alone = asked.groupby(["repeat", "row"])["annotator"].transform("size") == 1
    assert (asked.groupby(["repeat", "row"])["annotator"].nunique().isin([1, 3])).all()
    assert (~alone).groupby([asked["repeat"], asked["row"]]).first().mean() == pytest.approx(0.2, abs=0.06)
    late = asked[alone & (asked["step"] > 200)]["annotator"].value_counts(normalize=True)
    assert late["good"] > 0.6
    assert late.get("poor", 0) < 0.1
    # The rules that do not need it do not pay for it.
    fixed = race(500, annotators=people, whom=["good", "random", "cheapest"], overlap=0.2, budget=60).asked()
    assert not fixed.duplicated(["contestant", "repeat", "row"]).any()


def test_a_label_of_several_is_their_consensus() -> None:
    people: dict[str, Any] = {"one": {"noise": 0.02}, "two": {"noise": 0.02}, "liar": {"noise": 0.9}}
    found = race(300, annotators=people, whom="reliable", overlap=1.0, budget=600, repeats=1, at=[600])
    _, y = blobs(300)
    asked = found.asked().assign(true=lambda t: y[t["row"]])
    shown = asked.groupby("row").filter(lambda part: len(part) == 3)
    votes = shown.pivot_table(index="row", columns="annotator", values="label", aggfunc="first")
    agreeing = (votes["one"] == votes["two"]).mean()
    assert agreeing > 0.9
    assert found.frame["pool_accuracy"].iloc[-1] > 0.9  # the liar, who is asked as often, is outvoted


def test_a_function_chooses_the_annotator() -> None:
    seen: list[Any] = []

    def by_doubt(proba: Any, panel: Any) -> str:
        assert proba.shape == (3,)
        assert proba.sum() == pytest.approx(1, abs=1e-5)
        seen.append(panel.confusion)
        return "expert" if proba.max() < 0.7 and panel.affordable[0] else "crowd"

    found = race(annotators=PEOPLE, whom=by_doubt, overlap=0.3, budget=100, repeats=1)
    assert set(found.asked()["annotator"]) == {"expert", "crowd"}
    assert np.isnan(seen[0]).all()
    assert np.isfinite(seen[-1]).all()
    assert found.frame["cost"].max() <= 100 + 1e-6
    assert found.frame["whom"].unique().tolist() == ["by_doubt"]


def test_contestants_can_have_their_own_annotator_and_batch() -> None:
    contestants: dict[str, Any] = {
        "slow": {"strategy": "margin", "learner": "linear", "batch": 1, "whom": "expert"},
        "fast": {"strategy": "margin", "learner": "linear", "batch": 10, "whom": "crowd"},
        "usual": ("linear", "random"),
    }
    found = race(contestants=contestants, annotators=PEOPLE, budget=80, repeats=1)
    assert found.contestants == ("slow", "fast", "usual")
    assert set(found.asked("slow")["annotator"]) == {"expert"}
    assert found.asked("fast").groupby("batch").size().max() == 10


# -- batches -------------------------------------------------------------------


def test_batch_sizes_compete() -> None:
    found = race(strategies=["margin", "random"], batch=[1, 5, 20], budget=50)
    assert found.contestants == tuple(f"{s}, batch {b}" for s in ("margin", "random") for b in (1, 5, 20))
    assert set(found.frame["batch"]) == {1, 5, 20}
    sizes = found.asked("margin, batch 20", 0).groupby("batch").size().tolist()
    assert sizes == [10, 20, 20]
    # The same start for all, and every tenth number of labels is recorded for all.
    starts = found.asked(repeat=1).query("step <= 10").groupby("contestant")["row"].apply(tuple)
    assert starts.nunique() == 1
    assert len(found.against("random, batch 1", at=[10, 30, 50])) == 15
    assert len(found.auc()) == 6


def test_one_batch_size_is_as_in_a_list() -> None:
    one, other = race(batch=5, strategies=["margin"]), race(batch=[5], strategies=["margin"])
    assert measured(one).equals(measured(other))


# -- starts --------------------------------------------------------------------

LEARNERS: dict[str, Any] = {
    "auto": "auto",
    "linear": "linear",
    "graph": "graph",
    "logistic": LogisticRegression(),
    "tree": DecisionTreeClassifier(),
    "neighbours": KNeighborsClassifier(5),
}
SLOW = {"expected_error_reduction", "graph_error_reduction"}


@pytest.mark.parametrize("start", [0, "one_class"])
def test_every_strategy_starts_with_nothing_or_with_one_class(start: Any) -> None:
    # Slow strategies are in the next test.
    names = [name for name in STRATEGIES if name not in SLOW]
    found = race(60, strategies=names, start=start, budget=25, repeats=1, at=[1, 10, 25], graph=True)
    assert found.frame.groupby("contestant")["n_labels"].max().eq(25).all()
    asked = found.asked()
    if start == "one_class":
        assert asked.query("step <= 10").groupby("contestant")["label"].nunique().eq(1).all()
    else:
        # A strategy that needs no model chooses its first item.
        assert asked.query("step == 1").set_index("contestant")["row"].nunique() > 1
    assert asked.groupby("contestant")["row"].nunique().eq(25).all()


@pytest.mark.parametrize("start", [0, 1, "one_class"])
def test_every_learner_starts_with_nothing_or_with_one_class(start: Any) -> None:
    X, y = blobs(60)
    ways = ["margin", "graph_error_reduction", "typicality"]
    found = race(
        60, learners=LEARNERS, strategies=ways, start=start, budget=20, repeats=1, at=[1, 20], graph=True,
        test=(X[:9], y[:9]), metrics=["accuracy", "log_loss"],
    )  # fmt: skip
    last = found.frame[found.frame["n_labels"] == 20]
    assert len(last) == len(LEARNERS) * len(ways)
    assert last[["pool_accuracy", "test_accuracy", "pool_log_loss"]].notna().all().all()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        (hitl.Question.choices(list("abc")), lambda x: [c for k, c in enumerate("abc") if x[k] > 1]),
        (hitl.Question.rating(4), lambda x: int(np.clip(x[0] + 2, 1, 4))),
        (hitl.Question.number(step=0), lambda x: float(round(float(x[0]), 2))),
    ],
)
@pytest.mark.parametrize("start", [0, 1])
def test_other_questions_start_with_nothing_too(question: Any, answers: Any, start: int) -> None:
    X, _ = blobs(60)
    y = [answers(x) for x in X]
    found = race(60, y=y, question=question, start=start, budget=20, strategies=["doubt", "margin", "random"])
    assert found.frame["pool_accuracy"].notna().all()


def test_a_start_is_a_list_of_rows() -> None:
    found = race(strategies=["margin", "random"], start=[7, 3, 12], repeats=2)
    for _, run in found.asked().groupby(["contestant", "repeat"]):
        assert run["row"].tolist()[:3] == [7, 3, 12]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": [99]}, "start= contains row 99, but the pool has 90 rows"),
        ({"start": ["a"]}, "start='a': expected a whole number"),
        ({"start": -1}, "start=-1: expected a whole number of at least 0"),
        ({"start": "one class"}, "start='one class': expected .*'one_class'"),
        ({"batch": []}, r"batch=\[\]: expected a size, or a list"),
        ({"batch": [2, 2]}, "list of different ones"),
        ({"batch": 0}, "batch=0: expected a whole number"),
        ({"annotators": []}, r"annotators=\[\]: expected a dict"),
        ({"annotators": {"a": 3}}, r"annotators\['a'\] is 3: expected a dict"),
        ({"annotators": {"a": {"nois": 3}}}, r"annotators\['a'\] has 'nois'. Did you mean 'noise'"),
        ({"annotators": {"a": {"noise": 3}}}, r"annotators\['a'\]\['noise'\]=3: expected a share"),
        ({"annotators": {"a": {"cost": 0}}}, r"annotators\['a'\]\['cost'\]=0: expected a number above 0"),
        ({"annotators": {"a": {}}, "whom": "b"}, "whom= contains 'b'.*Expected 'random'"),
        ({"annotators": {"a": {}}, "whom": lambda p, q: "b"}, "rule for whom to ask '<lambda>' failed.*'b'"),
        ({"whom": "random"}, "whom='random' requires annotators="),
        ({"contestants": {"a": {"lerner": 1}}}, r"contestants\['a'\] has 'lerner'. Did you mean 'learner'"),
        ({"contestants": {"a": {"whom": "a"}}}, r"contestants\['a'\] has whom=, which requires annotators="),
        ({"contestants": {"a": {"batch": 2}, "b": {}}, "batch": [1, 3]}, r"contestants\['b'\] does not say"),
        ({"overlap": 2, "annotators": {"a": {}, "b": {}}}, "overlap=2: expected a share"),
        ({"stop": ["setled"]}, "stop= contains 'setled'. Did you mean 'settled'"),
        ({"stop": 3.5}, "stop=3.5: expected a list"),
        ({"stop": ["flat"]}, "stop= contains 'flat'.*pass audit=0.1"),
        ({"stop": [lambda p, c: True]}, "has no name: pass a dict"),
        ({"stop": ["settled", "settled"]}, "'settled' twice"),
        ({"stop": {"mine": lambda p, c: 1}}, "stopping rule 'mine' failed.*returned 1: expected True"),
        ({"audit": 1.5}, "audit=1.5: expected a share"),
        ({"stop": {"budget": 12}}, "stop= contains 'budget', the row of the whole budget"),
        ({"annotators": {"reliable": {}, "b": {}}}, "called 'reliable'. 'reliable' is a rule of whom="),
        ({"annotators": {" ": {}}}, "called ' '. Use another name"),
        ({"start": [1, 1, 1]}, "start= contains row 1 twice"),
        ({"start": []}, "start= is empty: expected different row numbers"),
        ({"y": [1, "1", "2"] * 30}, "y contains 1 and '1', which look the same"),
        ({"y": np.array([1, "1", "2"] * 30, object)}, "y contains 1 and '1', which look the same"),
        ({"test": (blobs()[0][:3], 3)}, "must be a pair"),
        ({"test": (blobs()[0][:0], [])}, "test= is empty"),
        ({"test": (blobs()[0][:3], ["a"])}, "test= has 3 rows in X_test, but 1 answers in y_test"),
        ({"cost": 100, "budget": 14}, "budget=14 pays for no question: the cheapest costs 100"),
        ({"annotators": {"a": {"cost": 20}}, "budget": 14}, "pays for no question: the cheapest costs 20"),
    ],
)
def test_bad_input_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        race(**options)


def test_no_more_is_wasted_than_the_budget() -> None:
    found = race(stop=[15], repeats=3).stopping(within=1)
    assert found["wasted_high"].max() <= 15


def test_what_needs_one_class_is_refused_for_other_questions() -> None:
    X, _ = blobs()
    for question, y in (
        (hitl.Question.choices(list("ab")), [["a"] if x[0] > 0 else ["b"] for x in X]),
        (hitl.Question.number(step=0), X[:, 0].tolist()),
    ):
        with pytest.raises(InvalidInput, match="annotators= needs exactly one class per item"):
            race(y=y, question=question, annotators=PEOPLE)
        with pytest.raises(InvalidInput, match="confusion= needs exactly one class per item"):
            race(y=y, question=question, confusion=np.eye(2))


def test_more_different_numbers_than_codes_are_refused() -> None:
    X = np.arange(40_000, dtype=np.float32)[:, None]
    with pytest.raises(InvalidInput, match="more than 32,767 different answers: round the numbers"):
        race(X=X, y=np.arange(40_000.0), question=hitl.Question.number(step=0))


# -- stopping and audits ---------------------------------------------------------


def test_rules_are_checked_and_measured_against_the_best_stop() -> None:
    def enough(proba: Any, context: Any) -> bool:
        assert proba.shape == (90, 3)
        assert not context.y.flags.writeable
        return bool((context.y >= 0).sum() >= 22)

    found = race(stop=[20, enough], budget=60, at=range(10, 61, 5), strategies=["margin", "random"])
    table = found.stopping(within=0.02)
    assert table["rule"].tolist() == ["budget", "20 labels", "enough"] * 2
    assert table["labels"].tolist() == [60, 20, 25] * 2
    assert table["stopped"].tolist() == [0, 1, 1] * 2
    for contestant in found.contestants:
        curves = found.frame[found.frame["contestant"] == contestant]
        expected = []
        for _, run in curves.groupby("repeat"):
            n, value = run["n_labels"].to_numpy(), run["pool_accuracy"].to_numpy()
            best = int(np.argmax(value >= value.max() - 0.02))
            at = int(np.argmax(n == 25))
            expected.append((max(value[best] - value[at], 0), max(n[at] - n[best], 0)))
        row = table[(table["contestant"] == contestant) & (table["rule"] == "enough")].iloc[0]
        assert (row["lost"], row["wasted"]) == pytest.approx(np.mean(expected, axis=0))
    with pytest.raises(InvalidInput, match=r"pass stop=\['settled'\]"):
        race().stopping()


def test_rules_do_not_change_a_run_and_remember_only_their_own() -> None:
    class Third:
        """Stops at the third check."""

        def __init__(self) -> None:
            self.n = 0

        def __call__(self, proba: Any, context: Any) -> bool:
            self.n += 1
            return self.n >= 3

    options: dict[str, Any] = {"budget": 40, "at": [10, 20, 30, 40], "strategies": ["margin", "random"]}
    with_rule = race(stop={"third": Third(), "still": "settled"}, **options)
    assert with_rule.stopping().query("rule == 'third'")["labels"].tolist() == [30, 30]
    frame = measured(with_rule).drop(columns=["stop_third", "stop_still"])
    assert frame.equals(measured(race(**options)))


def test_settled_stops_once_the_predictions_stay_the_same() -> None:
    rng = np.random.default_rng(0)
    codes = np.arange(200) % 2
    X = (rng.normal(size=(200, 2)) + 8 * codes[:, None]).astype(np.float32)  # far apart: nothing to learn
    noise = rng.normal(size=(200, 2)).astype(np.float32)  # nothing can be learned
    options: dict[str, Any] = {"stop": "settled", "budget": 100, "at": range(10, 101, 5), "repeats": 3}
    easy = race(200, X=X, y=codes, **options).stopping().query("rule == 'settled'").iloc[0]
    assert easy["stopped"] == 1
    assert easy["labels"] == 50  # the earliest: 20 labels, and three models 10 labels apart
    assert easy["lost"] == 0
    hard = race(200, X=noise, y=codes, **options).stopping().query("rule == 'settled'").iloc[0]
    assert hard["stopped"] == 0


def test_the_audit_draws_its_share_at_random() -> None:
    options: dict[str, Any] = {"audit": 0.2, "budget": 110, "repeats": 4, "at": [110]}
    found = race(300, strategies=["margin", "least_confident"], **options)
    asked = found.asked()
    assert not asked.query("step <= 10")["audited"].any()
    assert asked.groupby(["contestant", "repeat"])["audited"].sum().eq(20).all()
    # Both contestants audit the same items, except for those that are labelled already.
    drawn = asked[asked["audited"]].groupby(["repeat", "contestant"])["row"].apply(set)
    for repeat in range(4):
        one, other = drawn[repeat]
        assert len(one & other) >= 12
    assert asked.groupby(["contestant", "repeat"])["row"].nunique().eq(110).all()
    assert race(300, strategies=["margin"], **options, batch=20).asked()["audited"].sum() == 80


def test_the_advice_of_a_session_is_a_rule() -> None:
    """With few labels it is not given; with an easy pool it is."""
    codes = np.arange(300) % 2
    X = (np.random.default_rng(0).normal(size=(300, 2)) + 8 * codes[:, None]).astype(np.float32)
    found = race(
        300, X=X, y=codes, stop=["flat", "advice"], audit=0.2, budget=200, at=[40, 120, 160, 200], repeats=1
    )  # fmt: skip
    flat = found.stopping().query("rule == 'flat'").iloc[0]
    assert flat["stopped"] == 1
    assert flat["labels"] > 40
    levels = (X[:, 0] > 4).astype(int) + 1
    with pytest.raises(InvalidInput, match="for measures from 0 to 1, not for the mean absolute error"):
        race(300, X=X, y=levels, question=hitl.Question.rating(2), stop="advice", audit=0.1)


def test_everything_that_varies_gives_the_same_in_processes_and_from_a_file(tmp_path: Path) -> None:
    def recall(y_true: Any, y_pred: Any) -> float:
        return float(np.mean(y_pred[y_true == "a"] == "a"))

    def by_turns(proba: Any, panel: Any) -> str:
        return str(panel.random_state.choice(np.array(panel.names)[panel.affordable]))

    def enough(proba: Any, context: Any) -> bool:
        return bool((context.y >= 0).sum() >= 12)

    options: dict[str, Any] = {
        "strategies": ["margin"], "metrics": ["log_loss", recall], "annotators": PEOPLE, "batch": [1, 5],
        "whom": [by_turns, "expert"], "stop": ["settled", enough], "audit": 0.2, "budget": 60, "overlap": 0.3,
    }  # fmt: skip
    alone = race(**options)
    saved = race(**options, n_jobs=2, path=tmp_path)
    again = race(**options, path=tmp_path)
    for other in (saved, again):
        pd.testing.assert_frame_equal(measured(alone), measured(other), check_exact=True)
        pd.testing.assert_frame_equal(
            alone.asked().drop(columns="seconds"), other.asked().drop(columns="seconds")
        )
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 8
    assert "def by_turns" in alone.facts["code"]
    assert "def recall" in alone.facts["code"]
    assert "def enough" in alone.facts["code"]
    assert alone.facts["annotator expert"] == "wrong answers: 2% uniform, costs 4"


def test_another_metric_rule_or_batch_is_another_run(tmp_path: Path) -> None:
    race(path=tmp_path)
    for options in ({"metrics": "log_loss"}, {"stop": 12}, {"audit": 0.3}, {"start": 0}):
        with pytest.warns(UserWarning, match="The simulation starts again"):
            race(path=tmp_path, **options)
    race(path=tmp_path)  # what it had is still there
