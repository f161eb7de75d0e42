"""A stored label is found under another spelling, or the user is told."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers import ANY_TEXT
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.spelling import canonical_id, canonical_text, is_rounded, spellings
from hitl_widgets.labels.events import LabelEvent, new_event_id
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.questions.schema import Schema
from hitl_widgets.session import Session
from hitl_widgets.widgets.labeler import Labeler
from hitl_widgets.widgets.monitor import Monitor

Make = Callable[..., Session]
BIG = 2**53
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]


def table(ids: Any, texts: Any = None) -> pd.DataFrame:
    ids = list(ids)
    return pd.DataFrame({"k": ids, "t": WORDS[: len(ids)] if texts is None else list(texts)})


def said(session: Session) -> list[Any]:
    """The label of each row of the user's table."""
    found = session.to_frame()["label"]
    return found.astype(object).where(found.notna(), None).tolist()


def old_store(where: Any, *labels: LabelEvent) -> LabelStore:
    """A store with labels as written before digests were added."""
    old = LabelStore(where)
    for event in (LabelEvent("schema", "labels", "ann", value=Schema(["a", "b"]).to_dict()), *labels):
        old.append(event)
    return old


def held(session: Session) -> dict[Any, str]:
    labels = session.labels()
    return dict(zip(labels["id"], labels["label"], strict=True))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "labels.sqlite"


@pytest.fixture
def by_id(make_session: Make, store: Path) -> Make:
    """Make sessions of tables with ids, on one store."""
    return lambda data, **how: make_session(data, **{"text": "t", "id": "k", "store": store} | how)


# -- floats that cannot be ids -----------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [float(BIG), float(BIG + 2), np.float64(BIG + 4), 1e300, np.float32(2**24)])
def test_a_float_that_is_several_whole_numbers_names_no_item(by_id: Make, wrong: Any) -> None:
    session = by_id(table([BIG, BIG + 1, BIG + 2, BIG + 4, 2**24, 5]), store=":memory:")
    for act in (
        lambda: session.label(wrong, "a"),
        lambda: session.skip([wrong]),
        lambda: session.item(wrong),
    ):
        with pytest.raises(InvalidInput, match="stands for several integers"):
            act()
    found = session.import_labels([{"id": wrong, "label": "a"}, {"id": 5.0, "label": "a"}])
    assert found.n == 1
    assert "several integers" in found.refused["why"][0]
    session.label([BIG + 1, str(BIG)], "b")
    assert set(held(session)) == {5, BIG + 1, BIG}


@pytest.mark.parametrize("text", [f"{BIG}.0", f"{BIG}.00", "9.007199254740992E+15", "1e16"])
def test_so_does_its_text_in_a_file(by_id: Make, tmp_path: Path, text: str) -> None:
    session = by_id(table([BIG, 10**16]), store=":memory:")
    file = tmp_path / "labels.csv"
    file.write_text(f"id,label\n{text},a\n{BIG},b\n", "utf-8")
    found = session.import_labels(file)
    assert (found.n, len(found.refused)) == (1, 1)
    assert "several integers" in found.refused["why"][0]


@pytest.mark.parametrize("wrong", [1.5, 7.25, float("inf"), float("nan"), None, True])
def test_what_is_no_id_is_refused(by_id: Make, wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="No item has the id"):
        by_id(table([1, 7, "nan", "None"]), store=":memory:").label(wrong, "a")


@pytest.mark.parametrize(
    "ids",
    [
        pd.Series([BIG + 1, None, BIG + 2]).dropna(),
        [1.0, float(BIG)],
        pd.Series([2**24 + 1, 5], dtype="float32"),
    ],
)
def test_a_column_of_ids_that_a_blank_made_floats_is_refused(by_id: Make, ids: Any) -> None:
    with pytest.raises(InvalidInput, match=r"id='k'.*Int64"):
        by_id(pd.DataFrame({"k": ids, "t": ["x", "y"]}), store=":memory:")


def test_small_whole_floats_are_ids(by_id: Make) -> None:
    session = by_id(table([1.0, 2.0, 3.5]), store=":memory:")
    session.label([1, "2.0", 3.5, np.float32(1), np.int64(2)], "a")
    assert set(held(session)) == {1.0, 2.0, 3.5}


# -- other spellings of an id -----------------------------------------------------------------------

SPELLED = [
    (["007", "08", "9"], [7, 8, 9]),
    (["7", "8", "9"], [7.0, 8.0, 9.0]),
    ([7.0, 8.0, 9.0], ["7", "8", "9"]),
    ([7, 8, 9], ["007", "008", "009"]),
    ([" a ", "b", "c"], ["a", "b", "c"]),
    (["a", "b", "c"], ["a\n", " b", "c "]),
    (["é1", "ü2", "c"], ["e\u03011", "u\u03082", "c"]),
    (["-07", "0", "00012"], [-7, 0, 12]),
]


@pytest.mark.parametrize(("then", "now"), SPELLED)
def test_labels_are_found_under_another_spelling(by_id: Make, then: list[Any], now: list[Any]) -> None:
    with by_id(table(then)) as first:
        first.label([then[0], then[1]], "a")
        first.label(then[2], "b")
    with by_id(table(now)) as again:
        assert held(again) == {now[0]: "a", now[1]: "a", now[2]: "b"}
        assert len(again.missing()) == 0
        assert again.query(3) == []
        again.label(now[0], "b")
        assert held(again)[now[0]] == "b"
        again.undo()
        again.undo()  # the first session's last act
        assert held(again) == {now[0]: "a", now[1]: "a"}
    back = by_id(table(then))
    assert held(back) == {then[0]: "a", then[1]: "a"}
    assert back.redo() is not None
    assert {key for e in back._loop.log.ledger.events for key in e.item_ids} == {str(k) for k in then}


def test_old_events_without_digests_are_found_as_well(by_id: Make, store: Path) -> None:
    old_store(store, LabelEvent("label", "labels", "ann", ("007", "x"), "a")).close()
    with pytest.warns(RuntimeWarning, match=r"1 items .*session.missing\(\)"):
        session = by_id(table([7, 8]))
    assert held(session) == {7: "a", "x": "a"}
    assert session.missing()["id"].tolist() == ["x"]


@pytest.mark.parametrize(
    ("stored", "now", "found"),
    [
        (["007", "07"], [7, 8], set()),  # either is possible
        (["007", "7"], ["7", "8"], {"7"}),  # the one with that spelling
        (["007"], ["7", "07"], set()),
        (["7.5"], [7, 8], set()),
    ],
)
def test_a_spelling_that_may_be_two_items_is_none(
    by_id: Make, store: Path, stored: list[str], now: list[Any], found: set[Any]
) -> None:
    old_store(store, *(LabelEvent("label", "labels", "ann", (key,), "a") for key in stored)).close()
    with pytest.warns(RuntimeWarning, match=f"{len(stored) - len(found)} items"):
        session = by_id(table(now))
    assert {key for key in held(session) if key in now} == found
    assert set(session.missing()["id"]) == set(stored) - found


def test_the_content_says_which_of_two_spellings_it_is(by_id: Make) -> None:
    with by_id(table(["007", "7"])) as both:
        both.label("007", "a")
        both.label("7", "b")
    with pytest.warns(RuntimeWarning, match="1 items"):
        session = by_id(table([7], ["beta"]))
    assert held(session) == {7: "b", "007": "a"}


def test_two_open_sessions_with_other_spellings_agree(by_id: Make) -> None:
    texts, numbers = by_id(table(["01", "02", "03"])), by_id(table([1, 2, 3]))
    texts.label("01", "a")
    numbers.label(2, "b")
    assert held(texts) == {"01": "a", "02": "b"}
    assert held(numbers) == {1: "a", 2: "b"}
    numbers.label(1, "b")
    texts.label("02", "a")
    assert held(texts) == {"01": "b", "02": "a"}
    assert held(numbers) == {1: "b", 2: "a"}
    assert texts.query(5) == ["03"]
    again = by_id(table([1, 2, 3]))
    assert held(again) == {1: "b", 2: "a"}
    assert not len(again.missing())


def test_exports_and_imports_speak_the_ids_of_now(by_id: Make, tmp_path: Path) -> None:
    with by_id(table(["007", "008"])) as first:
        first.label("007", "a")
        first.export(tmp_path / "log.jsonl", names=True)
    with by_id(table([7, 8])) as again:
        again.import_labels({8: "b"})
        out = pd.read_csv(again.export(tmp_path / "labels.csv"))
        assert dict(zip(out["id"], out["label"], strict=True)) == {7: "a", 8: "b"}
        assert out["row"].tolist() == [0, 1]
        assert again.import_labels(tmp_path / "log.jsonl").n == 0
        assert said(again) == ["a", "b"]


def test_a_number_in_a_file_finds_the_id_with_zeros(by_id: Make) -> None:
    session = by_id(table(["007", "008"]), store=":memory:")
    assert session.import_labels(pd.DataFrame({"id": [7, 8], "label": ["a", "b"]})).n == 2


@given(st.integers(-(10**20), 10**20), st.sampled_from(["", "0", "000"]), st.sampled_from(["", " ", "\t"]))
def test_one_canonical_form_of_a_whole_number(n: int, zeros: str, space: str) -> None:
    sign, digits = ("-" if n < 0 else ""), str(abs(n))
    assert canonical_id(f"{space}{sign}{zeros}{digits}{space}") == str(n)
    if abs(n) < BIG:
        assert (
            canonical_id(f"{sign}{zeros}{digits}.0") == str(n) == canonical_id(str(float(n))) or abs(n) > 1e15
        )
        assert str(n) in list(spellings(float(n))) or abs(n) > 1e15
    else:
        assert is_rounded(float(n))


# -- invisible changes to texts by editors ------------------------------------------------------------

EDITED = [
    ("one\ntwo", "one\r\ntwo"),
    ("one\r\ntwo\r\n", "one\ntwo\n"),
    ("one\rtwo", "one\ntwo"),
    ("café", unicodedata.normalize("NFD", "café")),
    (unicodedata.normalize("NFD", "café"), "café"),
    ("end ", "end"),
    ("end", "end  "),
    ("end", "end\n"),
    ("one  \ntwo", "one\ntwo"),
    ("\ufeffone é", "one é"),
]


@pytest.mark.parametrize(("then", "now"), EDITED)
@pytest.mark.parametrize("kind", ["text", "table"])
def test_a_text_that_was_edited_unseen_keeps_its_label(
    make_session: Make, store: Path, then: str, now: str, kind: str
) -> None:
    how: dict[str, Any] = {"store": store} | ({"text": "t"} if kind == "text" else {"columns": ["t", "n"]})
    tables = [pd.DataFrame({"t": [text, "other"], "n": [1, 2]}) for text in (then, now)]
    with make_session(tables[0], **how) as first:
        key = first.pool.ids[0]
        first.label(key, "a")
    with make_session(tables[1], **how) as again:
        assert said(again) == ["a", None]
        assert not len(again.missing())
        assert again.history()["item_ids"].iloc[-1] == [key]
        again.label(again.pool.ids[0], "b")
    back = make_session(tables[0], **how)
    assert said(back) == ["b", None]


@pytest.mark.parametrize(
    ("then", "now"),
    [("one\ntwo", "one\r\ntwo"), ("café", unicodedata.normalize("NFD", "café")), ("x", "x\n")],
)
def test_also_in_a_store_of_before_there_were_digests(
    make_session: Make, store: Path, then: str, now: str
) -> None:
    for text, moment in ((then, now), (now, then)):
        key = Pool.from_data([text, "other"]).ids[0]
        old = old_store(":memory:", LabelEvent("label", "labels", "ann", (key,), "a"))
        assert make_session([moment, "other"], store=old).n_labels == 1


def test_items_that_differ_in_the_table_of_now_are_not_merged(make_session: Make, store: Path) -> None:
    with make_session(["end", "x"], store=store) as first:
        first.label(first.pool.ids[0], "a")
    with pytest.warns(RuntimeWarning, match="1 items"):
        again = make_session(["end ", "end\n", "x"], store=store)
    assert again.n_labels == 0
    both = make_session(["end", "end ", "x"], store=store)
    assert said(both) == ["a", None, None]


@given(ANY_TEXT)
def test_the_canonical_form_is_stable(text: str) -> None:
    assert canonical_text(canonical_text(text)) == canonical_text(text)
    assert canonical_text(text + " \r\n") == canonical_text(text)


# -- from ids to content and back --------------------------------------------------------------------


@pytest.mark.parametrize("how", [{"text": "t"}, {}])
def test_ids_that_come_and_go_keep_the_labels(make_session: Make, store: Path, how: dict[str, Any]) -> None:
    data = table(["x1", "x2", "x3"], ["alpha", "beta\r\n", "gamma"])
    options = {"store": store, **how}
    with make_session(data, **options) as content:
        content.label(content.pool.ids[:2], "a")
    with pytest.warns(RuntimeWarning, match="2 items were given without id="):
        ids = make_session(data, id="k", **options)
    with ids:
        assert held(ids) == {"x1": "a", "x2": "a"}
        ids.label(["x2", "x3"], "b")
    with pytest.warns(RuntimeWarning, match="2 items were given under ids"):
        back = make_session(data.sample(frac=1, random_state=1), **options)
    with back:
        found = back.to_frame().set_index("k")["label"]
        assert found.to_dict() == {"x1": "a", "x2": "b", "x3": "b"}
        assert not len(back.missing())
    with pytest.warns(RuntimeWarning, match="items were given without id="):
        again = make_session(data, id="k", **options)
    assert held(again) == {"x1": "a", "x2": "b", "x3": "b"}
    assert len(again._loop.log.notices) == 1


def test_equal_rows_share_what_was_said_of_their_content(make_session: Make, store: Path) -> None:
    data = table([1, 2, 3], ["same", "same", "other"])
    with pytest.warns(UserWarning, match="1 of 3 rows repeats another row"):
        content = make_session(data, text="t", store=store)
    assert any("1 of 3 rows" in words for words in content._loop.log.notices)
    content.label(content.pool.ids[0], "a")
    with pytest.warns(RuntimeWarning, match="2 items were given without id="):
        ids = make_session(data, text="t", id="k", store=store)
    assert held(ids) == {1: "a", 2: "a"}
    ids.label(2, "b")
    assert held(ids) == {1: "a", 2: "b"}


# -- items missing from the table ---------------------------------------------------------------------


@pytest.mark.parametrize("id_column", ["k", None])
def test_labels_that_the_table_lacks_are_counted_listed_and_kept(
    make_session: Make, store: Path, id_column: str | None
) -> None:
    how: dict[str, Any] = {"text": "t", "id": id_column, "store": store}
    with make_session(table(range(6)), **how) as first:
        first.label([first.pool.ids[i] for i in range(4)], "a")
        first.skip(first.pool.ids[5])
    with pytest.warns(RuntimeWarning, match=r"has labels of 3 items .* \(1 found\).*missing\(\)"):
        again = make_session(table(range(3, 6), WORDS[3:]), **how)
    assert again.n_labels == 1
    assert len(again.missing()) == 3
    assert set(again.missing()["label"]) == {"a"}
    assert any("3 items" in words for words in again._loop.log.notices)
    again.undo()  # the skip
    again.undo()  # the labels
    assert again._loop.log.notices == []
    again.redo()
    assert len(again.missing()) == 3


# -- same ids, different content -----------------------------------------------------------------------


@pytest.fixture
def two_tables(by_id: Make) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables with the ids 0 to 3 that share only the last row; the first is labelled."""
    one, two = table(range(4), ["a0", "a1", "a2", "same"]), table(range(4), ["b0", "b1", "b2", "same"])
    with by_id(one) as first:
        first.label([0, 1, 3], "a")
        first.label(2, "b")
    return one, two


def test_another_table_with_the_same_ids_is_said(
    by_id: Make, two_tables: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    one, two = two_tables
    with pytest.warns(RuntimeWarning, match=r"3 of 4 labelled items have changed .*task="):
        session = by_id(two)
    assert session.changed()["id"].tolist() == [0, 1, 2]
    assert session.n_labels == 4
    with pytest.warns(RuntimeWarning, match="3 of 4"):
        session.export(tmp_path / "labels.csv")
    assert "3 of 4 labelled items" in (tmp_path / "labels.csv.card.md").read_text("utf-8")
    assert not by_id(one)._loop.log.notices
    assert not by_id(one, task="other")._loop.log.notices


def test_keep_and_drop(by_id: Make, two_tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    one, two = two_tables
    session = by_id(two)
    assert session.keep([0, 3]) == 1
    assert session.changed()["id"].tolist() == [1, 2]
    assert session.drop() == 2
    assert held(session) == {0: "a", 3: "a"}
    assert not session._loop.log.notices
    assert set(session.query(4)) == {1, 2}
    session.undo()
    assert session.changed()["id"].tolist() == [1, 2]
    session.redo()
    session.label(1, "b")
    assert held(by_id(two)) == {0: "a", 1: "b", 3: "a"}
    first = by_id(one)  # it has its own labels
    assert held(first) == {0: "a", 1: "a", 2: "b", 3: "a"}
    assert not first._loop.log.notices


def test_a_kept_label_counts_for_the_audit_as_it_did(by_id: Make, store: Path) -> None:
    digest = Pool.from_data(table([0, 1]), text="t", id="k").digests([0])
    event = LabelEvent("label", "labels", "ann", ("0",), "a", "audit", digests=digest)
    old_store(store, event).close()
    session = by_id(table([0, 1], ["edited", "beta"]))
    assert session.keep() == 1
    assert session._loop.labels.audited.tolist() == [True, False]


@pytest.mark.parametrize("how", [{"id": "k"}, {}])
def test_digests_that_were_computed_ahead_are_the_same(how: dict[str, str]) -> None:
    said = ["plain", "behind it \n", "caf\u00e9", "cafe\u0301", "a\r\nb"]
    pools = [Pool.from_data(table(range(5), said), text="t", **how) for _ in range(3)]
    pools[1].fill_digests(lambda: False)
    pools[2].fill_digests(lambda: True)
    rows = [4, 0, 1, 3]
    found = {pool.digests(rows) for pool in pools}
    assert len(found) == 1
    one_by_one = "".join(map(pools[0].digest, rows))
    assert how == {} or found == {one_by_one}
    assert pools[0].digests([0]) == (pools[0].digest(0) if how else "")


def test_others_labels_on_other_content_are_dropped_as_well(by_id: Make) -> None:
    with by_id(table([0, 1]), annotator="mia") as first:
        first.label([0, 1], "a")
    session = by_id(table([0, 1], ["new", "beta"]), annotator="tom")
    assert session.drop() == 1
    assert held(session) == {1: "a"}


@pytest.mark.parametrize("edit", [lambda t: t + "\r\n", lambda t: t + " ", lambda t: t])
def test_what_an_editor_changes_unseen_is_no_change(by_id: Make, edit: Callable[[str], str]) -> None:
    with by_id(table([0, 1])) as first:
        first.label([0, 1], "a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = by_id(table([0, 1], map(edit, WORDS[:2])))
    assert not len(again.changed())


def test_columns_that_are_added_are_no_change_and_other_columns_are_said(
    make_session: Make, store: Path
) -> None:
    data = pd.DataFrame({"k": [0, 1], "t": ["x", "y"], "n": [1, 2]})
    with make_session(data, id="k", store=store) as first:
        first.label([0, 1], "a")
        added = first.to_frame()
    assert not make_session(added, id="k", store=store)._loop.log.notices
    assert make_session(added.assign(n=5), id="k", store=store).changed()["id"].tolist() == [0, 1]
    with pytest.warns(RuntimeWarning, match="2 items showed other columns"):
        make_session(data.rename(columns={"n": "m"}), id="k", store=store)


def test_an_image_file_that_changed_is_said(make_session: Make, store: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.png" for i in range(3)]
    for i, file in enumerate(files):
        Image.new("RGB", (4, 4), (i, 0, 0)).save(file)
    data = pd.DataFrame({"k": range(3), "file": map(str, files)})
    with make_session(data, image="file", id="k", store=store) as first:
        first.label([0, 1, 2], "a")
    assert not make_session(data, image="file", id="k", store=store)._loop.log.notices
    Image.new("RGB", (4, 4), (99, 0, 0)).save(files[1])
    # Not pytest.warns: the features of the images are computed in a thread that catches warnings.
    again = make_session(data, image="file", id="k", store=store)
    assert "1 of 3 labelled items" in again._loop.log.notices[0]
    assert again.changed()["id"].tolist() == [1]


def test_a_store_of_before_there_were_digests_opens_in_silence(by_id: Make, store: Path) -> None:
    old_store(store, LabelEvent("label", "labels", "ann", ("0", "1"), "a")).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert by_id(table([0, 1, 2])).n_labels == 2


def test_broken_digests_are_none(by_id: Make, store: Path) -> None:
    old_store(store, LabelEvent("label", "labels", "ann", ("0", "1"), "a", digests="abc")).close()
    assert not by_id(table([0, 1, 2]))._loop.log.notices


def test_digests_go_through_a_history(by_id: Make, tmp_path: Path) -> None:
    with by_id(table([0, 1])) as first:
        first.label([0, 1], "a")
        first.export(tmp_path / "log.jsonl", names=True)
    session = by_id(table([0, 1], ["new", "beta"]), store=tmp_path / "other.sqlite")
    assert session.import_labels(tmp_path / "log.jsonl").n > 0
    assert session.changed()["id"].tolist() == [0]


# -- imports by content -----------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["t", "text"])
@pytest.mark.parametrize("ending", [".csv", ".jsonl", None])
def test_a_table_of_texts_and_labels_is_matched_by_content(
    make_session: Make, tmp_path: Path, column: str, ending: str | None
) -> None:
    session = make_session(table(range(3)), text="t")
    source: Any = pd.DataFrame({column: ["beta ", "gamma", "unknown"], "label": ["a", "b", "a"]})
    if ending == ".csv":
        source.to_csv(tmp_path / "in.csv", index=False)
        source = tmp_path / "in.csv"
    elif ending == ".jsonl":
        source.to_json(tmp_path / "in.jsonl", orient="records", lines=True)
        source = tmp_path / "in.jsonl"
    found = session.import_labels(source)
    assert (found.n, found.refused["row"].tolist()) == (2, [2])
    assert found.refused["why"][0] == "No item has the content 'unknown'."
    assert said(session) == [None, "a", "b"]


def test_other_ids_in_the_file_do_not_hinder(make_session: Make) -> None:
    session = make_session(table(range(3)), text="t")
    ids = [session.pool.ids[2], "17", "18"]
    source = pd.DataFrame({"id": ids, "t": ["gamma", "beta", "no"], "label": ["a", "b", "b"]})
    found = session.import_labels(source)
    assert (found.n, found.refused["row"].tolist()) == (2, [2])
    assert said(session) == [None, "b", "a"]
    assert session.import_labels({"alpha": "a", "zeta": "b"}).n == 1


def test_rows_of_a_table_are_matched_by_all_their_columns(make_session: Make) -> None:
    data = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    session = make_session(data)
    assert session.import_labels(data.assign(label=["a", "b", "a"]).iloc[[2, 0]]).n == 2
    assert said(session) == ["a", None, "a"]
    with pytest.raises(InvalidInput, match="no column 'id'"):
        session.import_labels(pd.DataFrame({"b": ["x"], "label": ["a"]}))


# -- in widgets --------------------------------------------------------------------------------------


def test_widgets_say_what_has_changed_and_settle_it(
    by_id: Make,
    two_tables: tuple[pd.DataFrame, pd.DataFrame],
    bundles: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = by_id(two_tables[1])
    labeler, monitor = Labeler(session), Monitor(session)
    sent: list[dict[str, Any]] = []
    for widget in (labeler, monitor):
        monkeypatch.setattr(widget, "send", lambda content, _=None: sent.append(content))
    state = monitor._state()
    assert (state["n_changed"], len(state["notices"])) == (3, 1)
    assert "3 of 4 labelled items" in state["notices"][0]
    members = [labeler._member(row, session._loop.labels, blind=False) for row in range(4)]
    assert [member.changed for member in members] == [True, True, True, False]
    assert not labeler._member(0, session._loop.labels, blind=True).changed

    def settle(name: str, **how: Any) -> dict[str, Any]:
        labeler._receive(labeler, {"type": "settle", "id": name, **how}, [])
        return next(m for m in sent if m.get("id") == name)

    one, all_ = new_event_id(), new_event_id()
    assert settle(one, keep=False, key="0")["type"] == "ack"
    assert held(session) == {1: "a", 2: "b", 3: "a"}
    assert settle(all_, keep=True)["type"] == "ack"
    n = session._loop.log.n_events
    assert settle(all_, keep=True)["type"] == "ack"  # resent
    assert session._loop.log.n_events == n
    assert monitor._state()["notices"] == []
    assert held(session) == {1: "a", 2: "b", 3: "a"}
    labeler._receive(labeler, {"type": "undo", "id": new_event_id()}, [])
    [back] = [m["back"] for m in sent if m.get("back")]
    assert (back["changed"], back["key"]) == (True, "2")


def test_undo_gives_back_an_item_that_the_log_spells_in_another_way(
    by_id: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with by_id(table(["007", "08"])) as first:
        first.label("08", "a")
    session = by_id(table([7, 8]))
    labeler = Labeler(session)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(labeler, "send", lambda content, _=None: sent.append(content))
    labeler._receive(labeler, {"type": "undo", "id": new_event_id()}, [])
    [back] = [m["back"] for m in sent if m.get("back")]
    assert (back["row"], back["key"]) == (1, "8")


# -- in any order -------------------------------------------------------------------------------------

TABLES = [
    {"id": [7, 8, 9], "text": ["x", "y", "z"]},
    {"id": ["007", "08", "9"], "text": ["x", "y", "z\r\n"]},
    {"id": ["7", "07", "10"], "text": ["x", "y", "w"]},
    {"id": [7.0, 9.0, 10.0], "text": ["other", "z", "w"]},
    {"text": ["x", "y ", "z", "w"]},
    {"text": ["z\n", "y", "x\r\n", "x"]},
]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.sampled_from(["a", "b", None, "undo"]))))
def test_open_ledgers_see_what_one_opened_now_would_see(acts: list[tuple[int, int, str | None]]) -> None:
    store, schema = LabelStore(":memory:"), Schema(["a", "b"])
    pools = [
        Pool.from_data(pd.DataFrame(data), text="text", id="id" if "id" in data else None) for data in TABLES
    ]

    def opened(pool: Pool) -> Ledger:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Ledger(store, "labels", pool, schema, "ann")

    ledgers = [opened(pool) for pool in pools]
    for which, row, value in acts:
        ledger = ledgers[which]
        ledger.sync()
        if value == "undo":
            if (target := ledger.to_turn("undo", "ann")) is not None:
                ledger.append(LabelEvent("undo", "labels", "ann", value=target.event_id))
            continue
        keys, digests = ledger.named([row])
        ledger.append(LabelEvent("label", "labels", "ann", keys, value, "api", digests=digests), [row])
        assert ledger.labels.y[row] == {"a": 0, "b": 1, None: -1}[value]
    for pool, ledger in zip(pools, ledgers, strict=True):
        ledger.sync()
        again = opened(pool)
        assert ledger.labels.y.tolist() == again.labels.y.tolist()
        assert ledger.changed == again.changed
        assert ledger.notices() == again.notices()
        assert sorted(ledger.missing()) == sorted(again.missing())
