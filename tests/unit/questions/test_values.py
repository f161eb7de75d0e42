"""Classes that are not text: labels are returned in the user's type, and any equal spelling is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.naive_bayes import GaussianNB

from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.models.files import load_model
from hitl_widgets.session import Session
from hitl_widgets.transfer.stored import stored_labels

Make = Callable[..., Session]
X, NAMES = clouds()
CODES = (NAMES == "b").astype(int)


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


def taught(session: Session, classes: Any, n: int = 12) -> Session:
    for one, code in list(zip(session.pool.ids, CODES, strict=True))[:n]:
        session.label(one, list(classes)[code])
    session.wait()
    return session


NUMBERS = [
    ([0, 1], np.int64),
    ([7, -3], np.int64),
    (np.array([0, 1], np.uint8), np.int64),
    ([False, True], np.bool_),
    ([0.0, 1.0], np.float64),
]


@pytest.mark.parametrize(("classes", "kind"), NUMBERS)
@pytest.mark.parametrize("learner", ["auto", "linear", "graph", GaussianNB()])
def test_the_model_predicts_and_scores_in_the_persons_own_classes(
    make_session: Make, classes: Any, kind: Any, learner: Any
) -> None:
    y = np.asarray(classes)[CODES]
    model = taught(make_session(classes=classes, learner=learner), classes).model()
    assert model.classes_.dtype == kind
    assert model.score(X, y) > 0.95


@pytest.mark.parametrize(
    "classes", [["0", "1"], ["no", "yes"], [0.5, 1.5], [date(2026, 1, 1), date(2026, 1, 2)]]
)
def test_the_model_predicts_names_where_scikit_learn_takes_no_values(
    make_session: Make, classes: Any
) -> None:
    model = taught(make_session(classes=classes, learner="linear"), classes).model()
    assert model.score(X, np.asarray(list(map(str, classes)), dtype=object)[CODES]) > 0.95


@pytest.mark.parametrize(("classes", "kind"), NUMBERS)
def test_a_saved_model_keeps_the_type_of_its_classes(
    make_session: Make, tmp_path: Path, classes: Any, kind: Any
) -> None:
    session = taught(make_session(classes=classes), classes)
    again = load_model(session.save_model(tmp_path / "model.npz"))
    assert again.classes_.dtype == kind
    assert (again.predict(X) == session.model().predict(X)).all()


@pytest.mark.parametrize(
    "classes",
    [[0, 1], [False, True], [0.5, 1.5], [date(2026, 1, 1), date(2026, 1, 2)], list(Mood), [1, "other"]],
)
def test_labels_leave_as_the_persons_own_values(make_session: Make, classes: list[Any]) -> None:
    session = taught(make_session(classes=classes, learner="linear"), classes)
    told = [classes[code] for code in CODES[:12]]
    assert session.labels()["label"].tolist() == session.labels()["said"].tolist() == told
    assert session.history().query("kind == 'label'")["value"].tolist() == told
    assert session.predictions()["label"].tolist()[-1] == classes[CODES[-1]]
    frame = session.to_frame()
    assert frame["label"].dropna().tolist() == told
    assert frame["prediction"].tolist()[-1] == classes[CODES[-1]]
    assert set(map(type, session.labels()["label"].tolist())) == set(map(type, told))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_labels_beside_the_persons_table_have_their_type(make_session: Make, make: Any) -> None:
    session = make_session(make({"t": list("wxyz")}), text="t", classes=[0, 1])
    session.label(session.pool.ids[0], 1)
    found = session.to_frame()["label"]
    assert str(found.dtype) == "Int64"
    assert found[0] == 1


@pytest.mark.parametrize("format", ["csv", "parquet", "xlsx"])
def test_a_file_of_labels_has_their_type_and_is_taken_in_again(
    make_session: Make,
    tmp_path: Path,
    format: str,  # noqa: A002
) -> None:
    session = taught(make_session(classes=[0, 1]), [0, 1])
    file = session.export(tmp_path / f"labels.{format}")
    if format == "parquet":
        assert pd.read_parquet(file)["label"].tolist() == CODES[:12].tolist()
    came = make_session(classes=[0, 1]).import_labels(file)
    assert (came.n, len(came.refused)) == (12, 0)
    assert "| 0 |" in (tmp_path / f"labels.{format}.card.md").read_text()


@pytest.mark.parametrize("value", [1, "1", 1.0, np.int64(1), np.float32(1), True, " 1"])
def test_every_equal_spelling_labels(make_session: Make, value: Any) -> None:
    session = make_session(classes=[0, 1])
    session.label(session.pool.ids[0], value)
    assert session.labels()["label"].tolist() == [1]


@pytest.mark.parametrize("value", [2, "one", 0.5, float("nan"), pd.NA, "", b"1", [1]])
def test_what_is_no_class_is_refused(make_session: Make, value: Any) -> None:
    session = make_session(classes=[0, 1])
    with pytest.raises(InvalidInput, match=r"not a class of this task.*The classes are 0, 1"):
        session.label(session.pool.ids[0], value)
    assert session.n_labels == 0


def test_a_store_that_is_opened_without_classes_knows_their_type(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with make_session(classes=[0, 1], store=store) as session:
        taught(session, [0, 1])
    assert make_session(classes=None, store=store).labels()["label"].tolist() == CODES[:12].tolist()
    assert stored_labels(store)["label"].tolist() == CODES[:12].tolist()


def test_the_cell_says_the_type_and_two_cells_that_differ_leave_each_other_alone(
    make_session: Make, tmp_path: Path
) -> None:
    store = tmp_path / "labels.sqlite"
    first = make_session(classes=["0", "1"], store=store, annotator="ann")
    first.label(first.pool.ids[0], 1)
    second = make_session(classes=[0, 1], store=store, annotator="ben")
    assert second.labels()["label"].tolist() == [1]
    assert first.labels()["label"].tolist() == ["1"]
    written = second._loop.log.n_events
    assert make_session(classes=["0", "1"], store=store, annotator="ann")._loop.log.n_events == written


def test_values_that_the_log_cannot_make_again_are_said(make_session: Make, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    with make_session(classes=Mood, store=store) as session:
        session.label(session.pool.ids[0], Mood.BAD)
    assert make_session(classes=Mood, store=store).labels()["label"].tolist() == [Mood.BAD]
    with pytest.warns(RuntimeWarning, match=r"of type 'Mood'\. .* stores only their names"):
        session = make_session(classes=None, store=store)
    assert session.labels()["label"].tolist() == ["Mood.BAD"]


def test_changes_of_the_classes_take_and_give_values(make_session: Make) -> None:
    session = make_session(classes=[0, 1])
    session.label(session.pool.ids[0], 1)
    session.classes.add("2")
    session.label(session.pool.ids[1], 2)
    assert session.labels()["label"].tolist() == [1, 2]
    session.classes.merge([1, 2.0], into=1)
    assert session.labels()["label"].tolist() == [1, 1]
    session.classes.rename(np.int64(1), "positive")
    assert session.labels()["label"].tolist() == ["positive", "positive"]
    session.classes.add(5)
    assert session.classes.names == ("0", "positive", "5")


@pytest.mark.parametrize("new", ["spam ", "sp\u200bam", "s\u0440am"])
def test_a_new_class_must_not_look_like_another(make_session: Make, new: str) -> None:
    session = make_session(classes=["spam", "ham", "eggs"])
    for change in (
        lambda: session.classes.add(new),
        lambda: session.classes.rename("ham", new),
        lambda: session.classes.split("ham", ["x", new]),
        lambda: session.classes.split("ham", ["ab", "a\u0062\u200b"]),
        lambda: session.classes.merge(["ham", "eggs"], into="s\u0440am"),
    ):
        with pytest.raises(InvalidInput, match=r"looks like|already|named twice"):
            change()
    assert session.classes.names == ("spam", "ham", "eggs")
    session.classes.rename("spam", "Spam")  # its own name in another case
    assert session.classes.names == ("Spam", "ham", "eggs")


def test_a_class_that_is_added_gets_the_key_that_it_is_called_like(make_session: Make) -> None:
    session = make_session(classes=["1", "2"])
    session.classes.add("7")
    session.classes.add("other")
    assert [c.key for c in session.classes] == ["1", "2", "7", "3"]


def test_a_log_of_text_classes_is_read_by_versions_that_know_no_types(make_session: Make) -> None:
    session = make_session(classes=[0, 1])
    [schema] = session.history().query("kind == 'schema'")["value"]
    assert json.loads(json.dumps(schema))["types"] == {"0": "int", "1": "int"}
    assert all(set(c) == {"name", "guidance", "example", "key", "color"} for c in schema["classes"])
