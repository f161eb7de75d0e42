"""The contract of every label store. To test another kind, add it to stores.KINDS."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import ANY_TEXT
from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels import _sqlite
from hitl_widgets.labels.events import definition
from hitl_widgets.labels.machine import HandOver, Withdrawal
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.labels.units import items_of, unit_key
from stores import DURABLE, KINDS, events, in_threads, label, place, raw

ODD = ["", "naïve", "日本語", "a\0b", "'; DROP TABLE label_event; --", "👩‍🔬" * 50, "\x100000", "%s {} :x"]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> Iterator[LabelStore]:
    made = LabelStore(place(request.param, request))
    yield made
    made.close()


@pytest.fixture(params=DURABLE)
def location(request: pytest.FixtureRequest) -> str:
    return place(request.param, request)


# -- every store


def test_events_come_back_whole_and_in_order(store: LabelStore) -> None:
    written = [
        label(0, value="a", selection="lasso", elapsed_ms=1200, model_version=3),
        label(1, kind="skip"),
        label(2, kind="undo", item_ids=(), value="some id"),
        label(3, kind="schema", item_ids=(), value={"classes": [{"name": "a"}], "question": "?"}),
        label(6, kind="definition", item_ids=(), value=definition("rule", "ads", {"words": "sale"})),
        label(4, kind="machine", value=HandOver(("1",), (0,), 0.05, None, 40).dump(), model_version=3),
        label(
            5, kind="machine", item_ids=(), value=Withdrawal("some id", risen=True, checked=9, wrong=3).dump()
        ),
    ]
    assert [store.append(e) for e in written] == [True] * 7
    assert events(store) == written


def test_a_pair_is_kept_as_any_item_is(store: LabelStore) -> None:
    units = [("item 1", "item 2"), ("item 2", "item 1"), ("a\0b", "日本語", "\x1e")]
    event = label(item_ids=tuple(map(unit_key, units)), value="left")
    store.append(event)
    assert events(store) == [event]
    assert [items_of(key) for key in events(store)[0].item_ids] == units


def test_the_tail_is_read_from_behind_a_sequence_number(store: LabelStore) -> None:
    written = [label(i) for i in range(5)]
    for event in written:
        store.append(event)
    numbers = [seq for seq, _ in store.read("t")]
    assert numbers == sorted(set(numbers))
    assert events(store, after=numbers[2]) == written[3:]
    assert events(store, after=numbers[-1]) == []


def test_an_event_written_twice_is_there_once(store: LabelStore) -> None:
    event = label(value="a")
    assert store.append(event) is True
    assert store.append(event) is False
    assert store.append(label(1, value="b", event_id=event.event_id)) is False
    assert events(store) == [event]


def test_tasks_do_not_see_each_other(store: LabelStore) -> None:
    assert store.tasks() == []
    mine, other = label(task="mine"), label(task="other")
    store.append(mine)
    store.append(other)
    assert store.tasks() == ["mine", "other"]
    assert events(store, "mine") == [mine]
    assert events(store, "neither") == []


@given(
    st.lists(ANY_TEXT, max_size=5),
    st.none() | ANY_TEXT,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
def test_every_text_survives(store: LabelStore, item_ids: list[str], value: str | None) -> None:
    event = label(item_ids=tuple(item_ids), value=value)
    store.append(event)
    assert events(store)[-1] == event


@pytest.mark.parametrize("word", ODD)
def test_names_of_tasks_and_annotators_are_any_text(store: LabelStore, word: str) -> None:
    event = label(task=word, annotator=word)
    store.append(event)
    assert events(store, word) == [event]
    assert store.tasks() == [word]


def test_an_act_on_812_items_is_one_event(store: LabelStore) -> None:
    event = label(item_ids=tuple(f"item {i}" for i in range(812)), value="a", selection="lasso")
    store.append(event)
    assert events(store) == [event]


def test_threads_that_share_a_store_lose_nothing(store: LabelStore) -> None:
    def write(who: str) -> None:
        for i in range(10):
            store.append(label(i, annotator=who))

    in_threads(lambda: write("ann"), lambda: write("bob"))
    found = events(store)
    for who in ("ann", "bob"):
        assert [e.item_ids[0] for e in found if e.annotator == who] == [f"item {i}" for i in range(10)]


def test_a_store_says_where_it_is_and_has_a_name_of_its_own(store: LabelStore) -> None:
    if store.path is not None:
        assert store.name == str(store.path)
    assert store.note == ""
    assert store.store_id != LabelStore(":memory:").store_id
    assert store.name in repr(store)


# -- leases


def test_a_lease_is_one_holders_until_it_is_given_back(store: LabelStore) -> None:
    assert store.lease("t", ["a", "b"], "h1", "ann", 60) == {"a", "b"}
    assert store.lease("t", ["b", "c", "c"], "h2", "bob", 60) == {"c"}
    assert store.leases("t") == {"a": "h1", "b": "h1", "c": "h2"}
    assert store.lease("t", ["a", "c"], "h1", "ann", 60) == {"a"}  # renewed
    store.release("t", "h1", ["b", "c", "unknown"])
    assert store.leases("t") == {"a": "h1", "c": "h2"}
    assert store.lease("t", ["b"], "h2", "bob", 60) == {"b"}
    store.release("t", "h2")
    assert store.leases("t") == {"a": "h1"}
    assert store.leases("other") == {}
    assert store.lease("t", [], "h1", "ann", 60) == frozenset()


def test_a_lease_that_is_over_is_free(store: LabelStore) -> None:
    store.lease("t", ["a"], "h1", "ann", 0.01)
    time.sleep(0.05)
    assert store.leases("t") == {}
    assert store.lease("t", ["a"], "h2", "bob", 60) == {"a"}
    assert store.leases("t") == {"a": "h2"}


def test_leases_from_before_the_clock_was_put_back_are_over(store: LabelStore) -> None:
    store.lease("t", ["a", "b"], "h1", "ann", 60)
    store.attend("t", "h1", "ann", 60)
    for table in ("lease", "presence"):
        raw(store, f"UPDATE {table} SET expires = expires + 3600")
    assert store.leases("t") == {}
    assert store.present("t") == {}
    assert store.lease("t", ["a"], "h2", "bob", 60) == {"a"}
    assert store.leases("t") == {"a": "h2"}


def test_thousands_of_leases_in_one_call(store: LabelStore) -> None:
    keys = [f"item {i}" for i in range(40_000)]
    assert store.lease("t", keys, "h1", "ann", 600) == set(keys)
    assert store.lease("t", [*keys, "more"], "h2", "bob", 600) == {"more"}
    store.release("t", "h1", keys[:39_999])
    assert store.leases("t") == {"item 39999": "h1", "more": "h2"}


def test_keys_and_holders_are_any_text(store: LabelStore) -> None:
    words = [*ODD, "\udcff", "\ud83d"]
    for word in words:
        assert store.lease(word, words, word, word, 60) == set(words)
        store.attend(word, word, word, 60)
        assert store.leases(word) == dict.fromkeys(words, word)
        assert store.present(word) == {word: word}
        store.release(word, word, words[1:])
        assert store.leases(word) == {"": word}


def test_who_is_there_is_seen_until_they_leave(store: LabelStore) -> None:
    store.attend("t", "h1", "ann", 60)
    store.attend("t", "h2", "bob", 60)
    store.attend("t", "h3", "ann", 0.01)
    time.sleep(0.05)
    assert store.present("t") == {"h1": "ann", "h2": "bob"}
    assert store.leases("t") == {}
    store.attend("t", "h1", "anna", 60)
    store.lease("t", ["a"], "h2", "bob", 60)
    store.release("t", "h2", ["a"])
    assert store.present("t") == {"h1": "anna", "h2": "bob"}
    store.release("t", "h2")
    assert store.present("t") == {"h1": "anna"}


@pytest.mark.parametrize("seconds", [0, -1, 600.1, float("nan"), float("inf")])
def test_a_lease_has_an_end_within_ten_minutes(store: LabelStore, seconds: float) -> None:
    for act in (
        lambda: store.lease("t", ["a"], "h", "ann", seconds),
        lambda: store.attend("t", "h", "ann", seconds),
    ):
        with pytest.raises(InvalidInput, match=f"seconds={seconds}.*at most 600"):
            act()


def test_what_is_over_is_swept(store: LabelStore) -> None:
    store.lease("t", ["a", "b"], "h1", "ann", 0.01)
    store.attend("other", "h1", "ann", 0.01)
    time.sleep(0.05)
    store._swept -= 3600
    store.lease("t", ["c"], "h1", "ann", 60)
    assert raw(store, "SELECT count(*) FROM lease") == 1
    assert raw(store, "SELECT count(*) FROM presence") == 0


def test_one_of_many_gets_each_lease(location: str) -> None:
    keys = [f"item {i}" for i in range(200)]
    got: dict[str, frozenset[str]] = {}

    def take(holder: str) -> None:
        store = LabelStore(location)
        order = keys if holder < "h2" else keys[::-1]
        got[holder] = frozenset().union(
            *(store.lease("t", order[i : i + 50], holder, holder, 600) for i in range(0, 200, 50))
        )
        store.close()

    in_threads(*(lambda h=f"h{i}": take(h) for i in range(4)))
    assert sorted(key for keys_ in got.values() for key in keys_) == sorted(keys)
    store = LabelStore(location)
    assert store.leases("t") == {key: holder for holder, keys_ in got.items() for key in keys_}
    store.close()


# -- persistent stores


def test_what_was_written_is_there_when_opened_again(location: str) -> None:
    first = LabelStore(location)
    first.append(label(0))
    first.close()
    second = LabelStore(location)
    assert second.store_id == first.store_id
    second.append(label(1))
    assert len(events(second)) == 2
    second.close()


def test_two_stores_of_one_place_see_each_others_events(location: str) -> None:
    first, second = LabelStore(location), LabelStore(location)
    event = label()
    first.append(event)
    assert events(second) == [event]
    assert second.append(event) is False
    first.close()
    second.close()


def test_two_stores_in_two_threads_lose_nothing(location: str) -> None:
    def write(who: str) -> None:
        store = LabelStore(location)
        for i in range(15):
            store.append(label(i, annotator=who))
        store.close()

    in_threads(lambda: write("ann"), lambda: write("bob"))
    store = LabelStore(location)
    assert len(events(store)) == 30
    store.close()


WRITER = """
import sys
from hitl_widgets.labels import _sqlite
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.store import LabelStore
_sqlite.WAL_SINCE = (int(sys.argv[3]),)
store = LabelStore(sys.argv[1])
for i in range(15):
    store.append(LabelEvent("label", "t", sys.argv[2], (str(i),), "a"))
"""


def test_two_processes_lose_nothing(location: str) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, location, who, str(_sqlite.WAL_SINCE[0])])
        for who in ("ann", "bob")
    ]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    store = LabelStore(location)
    found = events(store)
    store.close()
    for who in ("ann", "bob"):
        assert [e.item_ids for e in found if e.annotator == who] == [(str(i),) for i in range(15)]
