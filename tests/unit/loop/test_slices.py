"""Queries kept under a name, and what is measured of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.errors import InvalidInput, Taken
from hitl_widgets.loop.slices import LONGEST, MOST
from hitl_widgets.session import Session, loop_of

Make = Callable[..., Session]
N = 200
RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(0, 1, (N // 2, 2)), RNG.normal(5, 1, (N // 2, 2))])
TABLE = pd.DataFrame({"text": [f"item {i}" for i in range(N)], "n": range(N)})


@pytest.fixture
def session(make_session: Make) -> Session:
    return make_session(TABLE, text="text", X=X, classes=["low", "high"], annotator="Ann", audit=0.3)


def teach(session: Session, n: int) -> None:
    for _ in range(n):
        [one] = session.query(1)
        session.label(one, "low" if session.pool.find(one) < N // 2 else "high")
    session.wait()


def test_a_slice_is_a_mapping_entry_that_undo_reverts(session: Session) -> None:
    session.slices["late ones"] = "n>=150"
    assert dict(session.slices) == {"late ones": "n>=150"}
    assert session.find('slice:"late ones"') == session.find("n>=150")
    assert session.find('slice:"LATE ones" n<160') == session.find("n>=150 n<160")
    session.slices["late ones"] = "n>=190"
    assert len(session.find('slice:"late ones"')) == 10
    session.undo()
    assert session.slices["late ones"] == "n>=150"
    del session.slices["late ones"]
    assert "late ones" not in session.slices
    session.undo()
    session.undo()
    assert len(session.slices) == 0
    session.redo()
    assert list(session.slices) == ["late ones"]
    assert session.history().kind.iloc[1] == "slice"


def test_a_name_keeps_its_query_until_it_is_replaced_explicitly(session: Session) -> None:
    slicing = loop_of(session).slicing
    first = slicing.keep("late", "n>=150", event_id="first")
    with pytest.raises(
        Taken, match=r"'late' already keeps another search \(n>=150\)\. Replace it, or choose"
    ):
        slicing.keep("late", "n>=190")
    assert dict(session.slices) == {"late": "n>=150"}
    slicing.keep("late", "n>=150")  # the same
    slicing.keep("late", "n>=190", replace=True)
    assert slicing.keep("late", "n>=150", event_id=first) == first, "it was sent again"
    session.slices["late"] = "n>=195"
    assert dict(session.slices) == {"late": "n>=195"}


def test_a_slice_stays_in_the_store_and_reaches_everybody(make_session: Make, tmp_path: Any) -> None:
    where: dict[str, Any] = {
        "text": "text",
        "X": X,
        "classes": ["low", "high"],
        "store": tmp_path / "l.sqlite",
    }
    ann = make_session(TABLE, annotator="Ann", **where)
    ann.slices["late"] = "n>=150"
    bob = make_session(TABLE, annotator="Bob", **where)
    assert dict(bob.slices) == {"late": "n>=150"}
    bob.undo()  # of nothing: the act is Ann's
    assert dict(bob.slices) == {"late": "n>=150"}
    ann.export(tmp_path / "history.jsonl", names=True)
    other = make_session(TABLE, annotator="Ann", **where | {"store": tmp_path / "other.sqlite"})
    other.import_labels(tmp_path / "history.jsonl")
    assert dict(other.slices) == {"late": "n>=150"}


def test_the_frame_counts_and_estimates_each_slice(session: Session) -> None:
    session.slices["late"] = "n>=150"
    session.slices["labelled"] = "labelled"
    before = session.slices.to_frame()
    assert before.loc["late", ["n_items", "n_labelled"]].tolist() == [50, 0]
    assert before.value.isna().all()
    teach(session, 40)
    after = session.slices.to_frame()
    labelled = session.labels().id
    assert after.loc["late", "n_labelled"] == sum(session.pool.find(one) >= 150 for one in labelled)
    late = after.loc["late"]
    assert 0 <= late.low <= late.value <= late.high <= 1
    assert late.value > 0.8, "the classes are far apart"
    assert late.n_audited <= session.accuracy().n
    assert np.isnan(after.loc["labelled", "value"]), "it has no unlabelled items"
    assert after.error.tolist() == ["", ""]


def test_a_slice_follows_its_class_through_renames_and_merges(session: Session) -> None:
    session.slices["lows"] = "class:low"
    session.label(session.query(3), "low")
    session.classes.rename("low", "small")
    assert len(session.find("slice:lows")) == 3
    session.classes.add("tiny")
    session.classes.merge(["small"], into="tiny")
    assert session.slices.to_frame().loc["lows", "n_labelled"] == 3


def test_a_query_that_cannot_be_run_any_more_says_why(session: Session) -> None:
    session.slices["lows"] = "class:low"
    session.classes.split("low", into=["lower", "lowest"])
    row = session.slices.to_frame().loc["lows"]
    assert "Unknown class 'low'" in row.error
    assert pd.isna(row.n_items)
    with pytest.raises(InvalidInput, match="Unknown class 'low'"):
        session.find("slice:lows")


def test_a_slice_may_wait_for_the_model(session: Session) -> None:
    session.slices["doubtful"] = "doubt>0.5"
    assert "no model yet" in session.slices.to_frame().loc["doubtful", "error"]
    teach(session, 20)
    assert session.slices.to_frame().loc["doubtful", "error"] == ""


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("", "n>1", "not a name"),
        ("  ", "n>1", "not a name"),
        ('a "b"', "n>1", "double quotes"),
        ("a\nb", "n>1", "printable"),
        ("x" * (LONGEST + 1), "n>1", f"1 to {LONGEST}"),
        (3, "n>1", "not a name"),
        ("a", "", "empty"),
        ("a", "  ", "empty"),
        ("a", None, "not a query"),
        ("a", ["n>1"], "not a query"),
        ("a", "m>1", "no column or field 'm'"),
        ("a", "class:middle", "Unknown class"),
        ("a", "n>many", "not a number"),
        ("a", "slice:b", "cannot refer to another slice"),
        ("a", "n>1 OR -slice:a", "cannot refer to another slice"),
        ("a", "id:nothing", "nothing"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    session: Session, name: Any, query: Any, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        session.slices[name] = query
    assert session.history().empty or "slice" not in set(session.history().kind)


def test_an_unknown_slice_is_named_with_the_nearest(session: Session) -> None:
    with pytest.raises(InvalidInput, match="No query has been kept"):
        session.find("slice:late")
    session.slices["late"] = "n>=150"
    with pytest.raises(InvalidInput, match="Did you mean 'late'"):
        session.find("slice:lat")
    with pytest.raises(KeyError, match="Did you mean 'late'"):
        del session.slices["lat"]


def test_the_number_of_slices_has_a_limit(session: Session) -> None:
    for i in range(MOST):
        session.slices[f"s{i}"] = f"n>{i}"
    with pytest.raises(InvalidInput, match="remove one first"):
        session.slices["another"] = "n>1"
    session.slices["s3"] = "n>100"  # a new query for a known name
    del session.slices["s4"]
    session.slices["another"] = "n>1"


def test_a_column_named_slice_comes_first(make_session: Make) -> None:
    table = TABLE.assign(slice=["thin" if i % 2 else "thick" for i in range(N)])
    session = make_session(table, text="text", X=X, classes=["low", "high"])
    session.slices["odd"] = "slice:thin"
    assert len(session.find("slice:thin")) == N // 2
