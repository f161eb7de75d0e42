from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.schema import scale

ITEMS = pd.DataFrame({"id": [f"r{i}" for i in range(20)], "text": [f"item {i}" for i in range(20)]})


def session(question: Any, store: Any = ":memory:", **options: Any) -> hitl.Session:
    given = {"text": "text", "id": "id", "random_state": 0, "annotator": "ann"} | options
    return hitl.Session(ITEMS, question=question, store=store, **given)


def test_a_rating_has_numbers_keys_and_colours() -> None:
    made = hitl.Question.rating(5, "How good?")
    assert made.values == (1, 2, 3, 4, 5)
    assert [c.key for c in made.classes] == list("12345")
    assert [c.color for c in made.classes] == scale(5)
    assert made.numbers == (1, 2, 3, 4, 5)
    assert hitl.Question.rating(["bad", "fair", "good"]).numbers == (1, 2, 3)
    assert hitl.Question.rating([0, 0.5, 2]).numbers == (0, 0.5, 2)
    own = hitl.Question.rating([hitl.LabelClass("no", color="#112233"), "yes"])
    assert own.classes[0].color == "#112233"


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (1, "from 2 to 30"),
        (True, "from 2 to 30"),
        ([3, 2, 1], r"low to high, such as \[1.0, 2.0, 3.0\]"),
        (["a"], "from 2 to 30"),
    ],
)
def test_what_is_no_scale_is_refused(levels: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        hitl.Question.rating(levels)


def test_several_classes_are_a_list_in_the_order_of_the_question(tmp_path: Path) -> None:
    question = hitl.Question.choices(["x", "a", "m"])
    with session(question, tmp_path / "labels.sqlite") as made:
        made.label("r0", ["m", "x"])
        made.label("r1", [])
        made.label("r2", "a")
        made.label("r3", ("m",))
        made.label("r4", np.array(["x", "a"]))
        assert made.labels()["label"].tolist() == [["x", "m"], [], ["a"], ["m"], ["x", "a"]]
        assert made.n_labels == 5
        made.undo()
        made.label("r1", None)  # removes the answer; "none of the classes" is an answer
        assert made.n_labels == 3
        for wrong in (["y"], [None], 3, {"classes": "x"}, float("nan")):
            with pytest.raises(InvalidInput):
                made.label("r0", wrong)
        assert made.n_labels == 3
    with session(None, tmp_path / "labels.sqlite") as again:  # the store has recorded the question
        assert again.schema.kind == "choices"
        assert again.labels()["label"].tolist() == [["x", "m"], ["a"], ["m"]]


def test_changes_of_the_classes_reach_answers_of_several() -> None:
    with session(hitl.Question.choices(["x", "a", "m"])) as made:
        made.label("r0", ["x", "a"])
        made.label("r1", ["a", "m"])
        made.classes.merge(["x"], into="a")
        assert made.labels()["label"].tolist() == [["a"], ["a", "m"]]
        made.classes.split("m", into=["m1", "m2"])
        assert made.labels()["label"].tolist() == [["a"]], "the other is asked again"
        made.undo()
        made.undo()
        assert made.labels()["label"].tolist() == [["x", "a"], ["a", "m"]]
        made.classes.retire("a")
        assert made.labels()["label"].tolist() == [["x", "a"], ["m", "a"]], "retired ones come last"
        with pytest.raises(InvalidInput, match="retired"):
            made.label("r2", ["a"])


def test_levels_can_be_renamed_and_no_more() -> None:
    with session(hitl.Question.rating(["bad", "good"])) as made:
        made.label("r0", "bad")
        made.classes.rename("bad", "poor")
        assert made.labels()["label"].tolist() == ["poor"]
        assert made.labels()["said"].tolist() == ["bad"]
        for change in (
            lambda: made.classes.add("superb"),
            lambda: made.classes.merge(["poor"], into="good"),
            lambda: made.classes.reorder(["good", "poor"]),
            lambda: made.classes.retire("poor"),
        ):
            with pytest.raises(InvalidInput, match=r"scale.*task="):
                change()


def test_one_task_asks_one_kind_of_question(tmp_path: Path) -> None:
    session(hitl.Question.rating(3), tmp_path / "labels.sqlite").close()
    for other in (hitl.Question.choices(["1", "2", "3"]), hitl.Question.choice(["1", "2", "3"])):
        with pytest.raises(InvalidInput, match=r"a rating under task .labels.*task='another name'"):
            session(other, tmp_path / "labels.sqlite")
    with pytest.raises(InvalidInput, match="levels"):
        session(hitl.Question.rating(4), tmp_path / "labels.sqlite")
    session(hitl.Question.rating(3, "How?"), tmp_path / "labels.sqlite").close()


def test_what_cannot_be_learned_so_is_said_before_anything_is_written(tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with pytest.raises(InvalidInput, match=r"strategy='badge'.*Expected one of 'doubt'"):
        session(hitl.Question.choices(["a", "b"]), store, strategy="badge")
    with pytest.raises(InvalidInput, match="not both"):
        session(hitl.Question.choices(["a", "b"]), store, classes=["a", "b"])
    with pytest.raises(InvalidInput, match=r"question= is a list: expected a hitl_widgets\.Question"):
        session(["a", "b"], store)
    assert not store.exists()


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx", "jsonl"])
@pytest.mark.parametrize("kind", ["choices", "rating"])
def test_what_is_exported_comes_back(kind: str, ending: str, tmp_path: Path) -> None:
    if kind == "choices":
        question: Any = hitl.Question.choices(["a, b", 'c"d', "=e"])
        values: list[Any] = [[], ["a, b"], ['c"d', "=e"]]
    else:
        question, values = hitl.Question.rating([0, 0.5, 1]), [0, 0.5, 1]
    with session(question, tmp_path / "labels.sqlite") as ann:
        for i in range(12):
            ann.label(f"r{i}", values[i % 3])
        with session(question, tmp_path / "labels.sqlite", annotator="bob") as bob:
            for i in range(6):
                bob.label(f"r{i}", values[(i // 2) % 3])
        path = ann.export(tmp_path / f"out.{ending}", names=True)
        before = ann.labels().sort_values(["id", "annotator"])["label"].tolist()
        card = Path(f"{path}.card.md").read_text(encoding="utf-8")
    assert "ann, bob | 6 |" in card
    with session(question, tmp_path / "other.sqlite", annotator="eve") as other:
        done = other.import_labels(path, annotator=None if ending == "jsonl" else "annotator")
        assert len(done.refused) == 0
        assert other.labels().sort_values(["id", "annotator"])["label"].tolist() == before
        again = other.import_labels(path, annotator=None if ending == "jsonl" else "annotator")
        assert (again.n, len(again.refused)) == (0, 0)


def test_a_table_of_several_labels_is_taken_up_and_odd_rows_are_told() -> None:
    with session(hitl.Question.choices(["a", "b"])) as made:
        table = pd.DataFrame({"id": ["r0", "r1", "r2", "r3", "r4"]})
        table["label"] = [["a", "b"], '["b"]', "a", ["z"], None]
        done = made.import_labels(table)
        assert made.labels()["label"].tolist() == [["a", "b"], ["b"], ["a"]]
        assert done.refused["id"].tolist() == ["r3", "r4"]
        assert "not a class of this task" in done.refused["why"][0]


def test_people_are_compared_by_how_far_they_agree(tmp_path: Path) -> None:
    question = hitl.Question.rating(5)
    with (
        session(question, tmp_path / "l.sqlite") as ann,
        session(question, tmp_path / "l.sqlite", annotator="bob") as bob,
    ):
        for i, (one, two) in enumerate([(1, 2), (3, 3), (5, 4), (2, 2)]):
            ann.label(f"r{i}", one)
            bob.label(f"r{i}", two)
        card = Path(f"{ann.export(tmp_path / 'out.csv', names=True)}.card.md").read_text(encoding="utf-8")
    assert "| ann, bob | 4 | 88% |" in card  # 1 - (1/4 + 0 + 1/4 + 0) / 4


@pytest.mark.parametrize("kind", ["choices", "rating", "two levels"])
def test_the_model_that_is_taken_away_and_saved_says_what_the_question_asks(
    kind: str, tmp_path: Path
) -> None:
    X = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    if kind == "choices":
        question: Any = hitl.Question.choices(["a", "b", "never"])
        said: list[Any] = [[c for c, x in zip("ab", row, strict=False) if x > 0] for row in X]
    else:
        question = hitl.Question.rating(3 if kind == "rating" else ["low", "high"])
        cuts = [-0.5, 0.5] if kind == "rating" else [0]
        said = [question.values[k] for k in np.digitize(X[:, 0], cuts)]
    with hitl.Session(X, X=X, question=question, store=":memory:", random_state=0) as made:
        for i, id_ in enumerate(made.pool.ids[:50]):
            made.label(id_, said[i])
        model = made.model()
        again = hitl.load_model(made.save_model(tmp_path / "model.npz"))
    assert (again.predict(X) == model.predict(X)).all()
    assert (again.predict_proba(X) == model.predict_proba(X)).all()
    assert again.classes_.tolist() == list(question.values)
    if kind == "choices":
        right = model.predict(X)[:, :2] == np.array([[c in one for c in "ab"] for one in said])
        assert not model.predict(X)[:, 2].any()
    else:
        right = model.predict(X) == np.array(said)
        assert model.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(80))
    assert right.mean() > 0.8


def histories(tmp_path: Path) -> dict[str, Path]:
    """A history for each kind of question on the same items."""
    questions: dict[str, tuple[Any, Any]] = {
        "choice": (hitl.Question.choice(["a", "b", "c"]), "a"),
        "choices": (hitl.Question.choices(["a", "b", "c"]), ["a", "b"]),
        "rating": (hitl.Question.rating(5), 5),
        "another scale": (hitl.Question.rating(10), 5),
    }
    made = {}
    for name, (question, value) in questions.items():
        with session(question) as one:
            one.label("r0", value)
            made[name] = one.export(tmp_path / f"{name}.jsonl", names=True)
    return made


@pytest.mark.parametrize("mine", ["choice", "choices", "rating", "another scale"])
@pytest.mark.parametrize("theirs", ["choice", "choices", "rating", "another scale"])
def test_a_history_of_another_question_is_refused_whole(mine: str, theirs: str, tmp_path: Path) -> None:
    files = histories(tmp_path)
    questions: dict[str, Any] = {
        "choice": hitl.Question.choice(["a", "b", "c"]),
        "choices": hitl.Question.choices(["a", "b", "c"]),
        "rating": hitl.Question.rating(5),
        "another scale": hitl.Question.rating(10),
    }
    with session(questions[mine], annotator="bob") as made:
        made.label("r0", {"choice": "b", "choices": ["c"]}.get(mine, 3))
        before = made.history()["event_id"].tolist()
        if mine == theirs:
            assert made.import_labels(files[theirs]).n == 1
            return
        with pytest.raises(InvalidInput, match=r"Nothing was imported"):
            made.import_labels(files[theirs])
        assert made.history()["event_id"].tolist() == before


def test_a_level_that_is_renamed_keeps_its_number() -> None:
    with session(hitl.Question.rating([1, 2, 4])) as made:
        made.classes.rename("4", "very much")
        assert made.schema.numbers == (1, 2, 4)
        made.classes.rename("1", "7")
        assert made.schema.numbers == (1, 2, 4)
        made.label("r0", "very much")
        assert made.labels()["label"].tolist() == ["very much"]


@pytest.mark.parametrize("value", [True, False, 1.5, {}, [], "6", None])
def test_what_is_not_a_level_is_refused(value: Any) -> None:
    with session(hitl.Question.rating(5)) as made:
        if value is None:
            made.label("r0", 3)
            made.label("r0", None)  # removes the label
        else:
            with pytest.raises(InvalidInput):
                made.label("r0", value)
        assert made.n_labels == 0


def test_a_class_that_looks_like_a_list_is_a_class() -> None:
    with session(hitl.Question.choices(["a", '["a"]', "[]"])) as made:
        for i, value in enumerate(['["a"]', "[]", [], "['a']", np.array("a"), {"a"}]):
            made.label(f"r{i}", value)
        assert made.labels()["label"].tolist() == [['["a"]'], ["[]"], [], ["a"], ["a"], ["a"]]
        table = pd.DataFrame({"id": [f"r{i}" for i in range(6, 10)], "label": ['["a"]', "[]", "['a']", "b"]})
        done = made.import_labels(table)
        assert made.labels()["label"].tolist()[6:] == [['["a"]'], ["[]"], ["a"]]
        assert done.refused["id"].tolist() == ["r9"]


@pytest.mark.parametrize("make", [hitl.Question.rating, hitl.Question.choices])
@pytest.mark.parametrize("names", [[0, 0.5, 1], [1, "two", 3.5]])
def test_values_of_several_types_come_back_in_a_polars_table(make: Any, names: Any) -> None:
    import polars as pl

    data, question = pl.from_pandas(ITEMS), make(names)
    options: dict[str, Any] = {"text": "text", "id": "id", "store": ":memory:", "random_state": 0}
    with hitl.Session(data, question=question, **options) as made:
        several = question.kind == "choices"
        for i, name in enumerate(names):
            made.label(f"r{i}", [name] if several else name)
        found = made.to_frame()["label"].to_list()[:3]
        one: Any = float if names[0] == 0 else str
        assert found == [[one(name)] if several else one(name) for name in names]


def test_a_classifier_without_probabilities_can_be_taken_away() -> None:
    from sklearn.linear_model import Perceptron, RidgeClassifier
    from sklearn.svm import SVC

    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    for learner in (SVC(), Perceptron(), RidgeClassifier()):
        options: dict[str, Any] = {"learner": learner, "store": ":memory:", "random_state": 0}
        with hitl.Session(X, X=X, question=hitl.Question.choices(["a", "b"]), **options) as made:
            said = [[c for c, x in zip("ab", row, strict=False) if x > 0] for row in X]
            for i, id_ in enumerate(made.pool.ids[:40]):
                made.label(id_, said[i])
            right = made.model().predict(X) == np.array([[c in one for c in "ab"] for one in said])
            assert right.mean() > 0.7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"guidance": ["x"]}, "guidance=.*a dict from classes to texts"),
        ({"examples": {"a": None}}, "examples=.*a dict from classes to texts"),
        ({"text": 5}, "5 is not a string"),
    ],
)
def test_what_is_said_beside_the_classes_is_text(options: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        hitl.Question.choices(["a", "b"], **options)
