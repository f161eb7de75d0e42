"""Labels that the table already has: ``labels="column"``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.session import Session

Make = Callable[..., Session]
N = 30
GIVEN = {2: "spam", 3: "ham", 7: "ham"}


def table(values: dict[int, Any], n: int = N) -> pd.DataFrame:
    return pd.DataFrame(
        {"text": [f"item {i}" for i in range(n)], "label": [values.get(i) for i in range(n)], "n": range(n)}
    )


def made(make_session: Make, data: Any, where: Path, **options: Any) -> Session:
    how: dict[str, Any] = {"text": "text", "classes": ["spam", "ham"], "labels": "label", "annotator": "Ann"}
    return make_session(data, store=where / "l.sqlite", **how | options)


def held(session: Session) -> dict[str, Any]:
    return {session.item(one): label for one, label in session.labels().set_index("id").label.items()}


@pytest.mark.parametrize("kind", ["pandas", "polars", "dicts", "categories"])
def test_labels_of_a_column_are_labels_and_the_model_learns_them(
    make_session: Make, tmp_path: Path, kind: str
) -> None:
    data: Any = table(GIVEN)
    if kind == "polars":
        data = pl.from_pandas(data)
    elif kind == "dicts":
        data = data.to_dict("records")
    elif kind == "categories":
        data["label"] = data["label"].astype("category")
    session = made(make_session, data, tmp_path)
    assert held(session) == {"item 2": "spam", "item 3": "ham", "item 7": "ham"}
    assert session.wait().model
    assert set(session.history().query("kind == 'label'").selection) == {"import"}
    assert session.accuracy().n == 0, "they were not drawn for the audit"
    assert not set(session.query(20)) & set(session.labels().id)


def test_each_is_imported_once_whatever_happens_to_it_later(make_session: Make, tmp_path: Path) -> None:
    session = made(make_session, table(GIVEN), tmp_path)
    by_text = {session.item(one): one for one in session.labels().id}
    session.label(by_text["item 2"], "ham")
    session.label(by_text["item 3"], None)
    n = len(session.history())
    session.close()
    again = made(make_session, table(GIVEN), tmp_path)
    assert held(again) == {"item 2": "ham", "item 7": "ham"}
    assert len(again.history()) == n
    again.close()
    more = made(make_session, table({**GIVEN, 9: "spam"}), tmp_path)  # the table has grown
    assert held(more) == {"item 2": "ham", "item 7": "ham", "item 9": "spam"}
    more.undo()
    more.close()
    assert held(made(make_session, table({**GIVEN, 9: "spam"}), tmp_path)) == {
        "item 2": "ham",
        "item 7": "ham",
    }


def test_cells_that_have_changed_since_are_counted(make_session: Make, tmp_path: Path) -> None:
    def again(values: dict[int, Any], n: int, **options: Any) -> Session:
        if not n:
            return made(make_session, table(values), tmp_path, **options)
        with pytest.warns(RuntimeWarning, match=f"'label': {n} items? ha.*replace=True") as told:
            session = made(make_session, table(values), tmp_path, **options)
        assert len(told) == 1
        assert Path(told[0].filename).name == "conftest.py", "where the session is made"
        return session

    session = again(GIVEN, 0)
    by_text = {session.item(one): one for one in session.labels().id}
    session.label(by_text["item 2"], "ham")
    session.close()
    again(GIVEN, 0).close()  # it was imported before it was corrected
    again({**GIVEN, 2: "ham"}, 0).close()  # it is what the label is
    changed = {**GIVEN, 3: "spam", 7: "spam", 9: "ham"}
    session = again(changed, 2)
    assert held(session) == {"item 2": "ham", "item 3": "ham", "item 7": "ham", "item 9": "ham"}
    done = session.import_labels(table(changed), label="label", replace=True)
    assert held(session)["item 3"] == "spam"
    assert len(done.refused) == N - len(changed), "they are blank"
    session.classes.rename("ham", "good")
    session.close()
    again(changed, 0, classes=["spam", "good"]).close()
    again({**changed, 9: "good", 3: "odd"}, 1, classes=["spam", "good"]).close()


def test_a_colleague_does_not_import_them_again(make_session: Make, tmp_path: Path) -> None:
    made(make_session, table(GIVEN), tmp_path)
    bob = made(make_session, table(GIVEN), tmp_path, annotator="Bob")
    assert set(bob.history().query("kind == 'label'").annotator) == {"Ann"}


@pytest.mark.parametrize("blank", [None, np.nan, "", "  ", pd.NA])
def test_blank_values_are_items_without_a_label(make_session: Make, tmp_path: Path, blank: Any) -> None:
    session = made(make_session, table(dict.fromkeys(range(N), blank) | GIVEN), tmp_path)
    assert session.n_labels == 3


def test_numbers_are_classes_also_as_floats(make_session: Make, tmp_path: Path) -> None:
    session = made(make_session, table({1: 0, 2: 1, 3: 1}), tmp_path, classes=[0, 1])
    assert held(session) == {"item 1": 0, "item 2": 1, "item 3": 1}


def test_several_classes_and_levels(make_session: Make, tmp_path: Path) -> None:
    several = hitl.Question.choices(["spam", "ham"])
    session = make_session(
        table({1: ["spam"], 2: ["spam", "ham"], 3: []}),
        text="text",
        question=several,
        classes=None,
        labels="label",
    )
    assert sorted(map(len, session.labels().label)) == [0, 1, 2]
    rated = make_session(
        table({1: 5, 2: 1}), text="text", question=hitl.Question.rating(5), classes=None, labels="label"
    )
    assert sorted(rated.labels().label) == [1, 5]


def test_values_that_are_not_classes_are_named_and_nothing_is_imported(
    make_session: Make, tmp_path: Path
) -> None:
    data = table({1: "spam", 2: "hma", 3: "hma", 4: "todo"})
    with pytest.raises(
        InvalidInput, match=r"'hma' is not a class.*Did you mean 'ham'.*\(2 rows\).*'todo'.*\(1 row\)"
    ):
        made(make_session, data, tmp_path)
    assert made(make_session, table({}), tmp_path).n_labels == 0


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (table(GIVEN), "lable", r"not a column; the columns are 'text', 'label', 'n'. Did you mean 'label'"),
        (table(GIVEN), 3, "not a column"),
        (table(GIVEN), table(GIVEN).label, "a Series: not a column"),
        ([f"item {i}" for i in range(N)], "label", "not a table"),
    ],
)
def test_a_column_that_does_not_exist_is_said_before_anything_is_written(
    make_session: Make, tmp_path: Path, data: Any, name: Any, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        made(
            make_session, data, tmp_path, labels=name, text="text" if isinstance(data, pd.DataFrame) else None
        )
    assert not (tmp_path / "l.sqlite").exists()


def test_an_item_with_two_labels_in_its_rows_stays_unlabelled_and_is_counted(
    make_session: Make, tmp_path: Path
) -> None:
    data = pd.concat([table(GIVEN), table({2: "ham", 3: "ham"})])
    with pytest.warns(RuntimeWarning, match="1 item with several rows and different labels"):
        session = made(make_session, data, tmp_path)
    assert held(session) == {"item 3": "ham", "item 7": "ham"}
