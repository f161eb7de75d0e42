"""The ledger, without threads: the log applied to the items of a pool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.loop.ledger import Ledger
from hitl_widgets.questions.schema import Schema

POOL = Pool("text", ["x", "y", "z"], ("0", "1", "2"), np.arange(3))
SCHEMA = Schema(["a", "b"])
ARRAYS = ("y", "order", "audited", "asked", "skipped")


def ledger(store: Any, asked: Schema | None = SCHEMA, pool: Pool = POOL) -> Ledger:
    return Ledger(store, "labels", pool, asked, "ann")


def label(key: str | tuple[str, ...], value: str | None, **more: Any) -> LabelEvent:
    keys = (key,) if isinstance(key, str) else key
    return LabelEvent("label", "labels", "ann", keys, value, **({"selection": "api"} | more))


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["label", "skip", "undo", "redo"]),
            st.sampled_from(["ann", "bob"]),
            st.lists(st.sampled_from("012 "), min_size=1, max_size=3, unique=True),
            st.sampled_from(["a", "b", None]),
            st.sampled_from(["audit", "api", "lasso"]),
        ),
        max_size=12,
    )
)
def test_a_label_at_a_time_ends_where_a_restart_begins(acts: list[Any]) -> None:
    store = LabelStore(":memory:")
    one = ledger(store)
    for kind, who, keys, value, selection in acts:
        if kind in {"undo", "redo"}:
            target = one.to_turn(kind, who)
            if target is not None:
                one.append(LabelEvent(kind, "labels", who, value=target.event_id))
        else:
            given = {"value": value, "selection": selection} if kind == "label" else {}
            one.append(LabelEvent(kind, "labels", who, tuple(keys), **given))
    again = ledger(store, None)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one.labels, name), getattr(again.labels, name))
    for i, key in enumerate(POOL.keys):
        answer = one.fold.answer(key)
        assert one.labels.y[i] == (-1 if answer is None else SCHEMA.names.index(answer.value))
    assert one.events == again.events
    assert one.n_events == len(list(store.read("labels")))


def test_only_single_items_that_were_not_picked_on_the_map_count_as_asked() -> None:
    found = ledger(LabelStore(":memory:"))
    found.append(label("0", "b", selection="audit"))
    found.append(label("1", "a", selection="lasso"))
    assert found.labels.y.tolist() == [1, 0, -1]
    assert found.labels.audited.tolist() == [True, False, False]
    assert found.labels.asked.tolist() == [True, False, False]
    found.append(label(("0", "2"), "a"))
    assert found.labels.asked.tolist() == [False, False, False]
    assert found.labels.order.tolist() == [4, 3, 4]


def test_sync_says_whether_anything_was_new_even_on_items_that_the_pool_lacks() -> None:
    store = LabelStore(":memory:")
    found = ledger(store)
    assert not found.sync()
    store.append(label("gone", "a"))
    assert found.sync()
    assert not found.sync()
    assert len(found.labels) == 0
    assert found.n_events == 2


def test_a_snapshot_does_not_change_with_the_ledger() -> None:
    found = ledger(LabelStore(":memory:"))
    before = found.snapshot()
    found.append(label("0", "a"))
    assert (len(before), before.n_events) == (0, 1)
    assert (len(found.snapshot()), found.snapshot().n_events) == (1, 2)


def test_an_undo_that_was_sent_is_found_with_the_act_it_was_about() -> None:
    found = ledger(LabelStore(":memory:"))
    act = label("0", "a")
    found.append(act)
    assert found.can_turn("ann") == (True, False)
    assert found.can_turn("bob") == (False, False)
    undo = LabelEvent("undo", "labels", "ann", value=act.event_id)
    found.append(undo)
    assert found.can_turn("ann") == (False, True)
    assert found.turned(undo.event_id) == act
    assert found.turned("unheard of") is None
    assert found.acts() == [(act, False)]


def test_the_same_schema_is_written_once_and_a_class_in_use_is_not_lost() -> None:
    store = LabelStore(":memory:")
    ledger(store).append(label("0", "b"))
    ledger(store)
    assert ledger(store, None).schema == SCHEMA
    with pytest.warns(RuntimeWarning, match="has labels of 'b'"):
        assert ledger(store, Schema(["a", "c"])).schema.names == ("a", "c", "b")
    with pytest.raises(InvalidInput, match="has labels of 'b'"):
        ledger(store, Schema(["x", "y"]))
    assert [e.kind for _, e in store.read("labels")] == ["schema", "label", "schema"]


def test_a_table_that_holds_none_of_the_labelled_items_is_said() -> None:
    store = LabelStore(":memory:")
    ledger(store).append(label("0", "a"))
    edited = Pool("text", ["x!", "y!"], ("8", "9"), np.arange(2), by_content=True)
    with pytest.warns(RuntimeWarning, match="1 items under task 'labels', and none of"):
        ledger(store, None, edited)
    ledger(store, None, Pool("text", ["x!", "y!"], ("8", "9"), np.arange(2)))  # the ids are the user's


def test_codes_follow_the_classes_as_they_are_added_merged_reordered_and_retired() -> None:
    store = LabelStore(":memory:")
    found = ledger(store, Schema(["a", "b", "c"]))
    for key, value in zip("012", "abc", strict=True):
        found.append(label(key, value))

    def change(value: dict[str, Any]) -> str:
        event = LabelEvent("schema", "labels", "ann", value=found.completed(value))
        found.append(event)
        np.testing.assert_array_equal(found.labels.y, ledger(store, None).labels.y)
        return event.event_id

    change({"change": "reorder", "of": ["c", "a"]})
    assert found.labels.schema.names == ("c", "a", "b")
    assert found.labels.y.tolist() == [1, 2, 0]
    retired = change({"change": "retire", "of": ["c"]})
    assert found.labels.y.tolist() == [0, 1, 2]
    assert found.labels.schema.all_names == ("a", "b", "c")
    assert found.labels.taught.tolist() == [0, 1, -1]
    assert [part.tolist() for part in found.labels.training()] == [[0, 1], [0, 1], [False, False]]
    assert not found.labels.candidates.any()
    assert len(found.labels) == 3
    found.append(LabelEvent("undo", "labels", "ann", value=retired))
    split = change({"change": "split", "of": ["b"], "classes": [{"name": "b1"}, {"name": "b2"}]})
    assert found.labels.y.tolist() == [1, -1, 0]
    assert found.labels.candidates.tolist() == [False, True, False]
    found.append(LabelEvent("undo", "labels", "ann", value=split))
    assert found.labels.y.tolist() == [1, 2, 0]


def test_a_class_added_while_people_label_survives_a_restart_and_the_old_cell() -> None:
    store = LabelStore(":memory:")
    found = ledger(store)
    value = found.completed({"change": "add", "classes": [{"name": "c"}]})
    found.append(LabelEvent("schema", "labels", "ann", value=value))
    for asked in (None, SCHEMA):
        assert ledger(store, asked).schema.names == ("a", "b", "c")


@pytest.mark.parametrize("own", [True, False])
def test_only_a_store_that_was_opened_here_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    closed: list[LabelStore] = []
    release = LabelStore.close
    monkeypatch.setattr(LabelStore, "close", lambda store: (closed.append(store), release(store)))
    path = tmp_path / "labels.sqlite"
    with pytest.raises(InvalidInput, match="classes= is missing"):
        ledger(path if own else LabelStore(path), None)
    assert len(closed) == own
    ledger(path if own else LabelStore(path)).close()
    assert len(closed) == 2 * own
