"""Machine labels in the fold: never those of people, one hand-over at a time, and what their checks found."""

from __future__ import annotations

from typing import Any

import pytest

from hitl_widgets.formats.history import read_history
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.machine import HandOver, Withdrawal
from hitl_widgets.questions.schema import Schema

BEGUN = LabelEvent("schema", "t", "ann", value=Schema(["a", "b", "c"]).to_dict())


class Log:
    def __init__(self) -> None:
        self.fold = Fold()
        self.fold.apply(BEGUN)
        assert self.fold.schema is not None
        self.a, self.b, _ = self.fold.schema.ids

    def act(self, kind: Any, keys: str = "", value: Any = None, who: str = "ann", **more: Any) -> str:
        event = LabelEvent(kind, "t", who, tuple(keys), value=value, **more)
        self.fold.apply(event)
        return event.event_id

    def label(self, key: str, id_: str, who: str = "ann", selection: Any = "clicked") -> str:
        return self.act("label", key, {"class": id_}, who, selection=selection)

    def hand(self, keys: str, codes: tuple[int, ...], who: str = "ann", error: float = 0.05) -> str:
        return self.act("machine", keys, HandOver((self.a, self.b), codes, error, None, 40).dump(), who)

    def withdraw(self, act: str, *, risen: bool = False) -> str:
        return self.act("machine", "", Withdrawal(act, risen, 9, 3).dump())

    @property
    def machine(self) -> dict[str, Any]:
        return {key: self.fold.machine(key) for key in self.fold.machines.given}


@pytest.fixture
def log() -> Log:
    return Log()


def test_they_are_not_answers_of_anybody(log: Log) -> None:
    log.hand("xyz", (0, 1, 0))
    assert log.machine == {"x": log.a, "y": log.b, "z": log.a}
    assert log.fold.answer("x") is None
    assert log.fold.current("x") == {}
    assert list(log.fold.touched) == []
    assert log.fold.given == {}


def test_a_hand_over_replaces_the_one_before_and_an_undo_brings_it_back(log: Log) -> None:
    log.hand("xy", (0, 0))
    second = log.hand("yz", (1, 1), who="bob")
    assert log.machine == {"y": log.b, "z": log.b}
    log.act("undo", value=second, who="bob")
    assert log.machine == {"x": log.a, "y": log.a}
    log.act("redo", value=second, who="bob")
    assert log.machine == {"y": log.b, "z": log.b}


def test_what_was_taken_back_leaves_none_in_use_until_that_is_undone(log: Log) -> None:
    log.hand("x", (0,))
    second = log.hand("y", (0,))
    end = log.withdraw(second)
    assert log.machine == {}
    log.act("undo", value=end)
    assert log.machine == {"y": log.a}
    log.withdraw(second)
    log.hand("z", (1,))
    assert log.machine == {"z": log.b}


def test_what_the_session_withdrew_is_no_act_of_the_annotator(log: Log) -> None:
    act = log.hand("x", (0,))
    label = log.label("y", log.a)
    log.withdraw(act, risen=True)
    assert log.machine == {}
    last = log.fold.to_undo("ann")
    assert last is not None
    assert last.event_id == label


def test_the_classes_may_change_afterwards(log: Log) -> None:
    log.hand("xy", (0, 1))
    change = log.fold.vocabulary.completed({"change": "merge", "of": ["b"], "name": "a"}, "ann")
    log.act("schema", "", change)
    assert log.machine == {"x": log.a, "y": log.a}


def test_only_random_draws_after_the_hand_over_check_it(log: Log) -> None:
    log.label("v", log.b, selection="audit")
    log.hand("vwxyz", (0, 0, 0, 0, 0))
    log.label("w", log.b, selection="spot")
    log.label("x", log.a, selection="audit", who="bob")
    log.label("y", log.b, selection="clicked")
    log.act("label", "z", None, selection="spot")
    assert log.fold.checks() == [("w", True), ("x", False)]
    log.label("w", log.a, selection="clicked")  # corrected: not what was drawn
    assert log.fold.checks() == [("x", False)]
    log.hand("xyz", (0, 0, 0))
    assert log.fold.checks() == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"classes": ["1"], "codes": [1], "error": 0.05, "certainty": None, "audits": 3},
        {"classes": ["1"], "codes": [0], "error": 0, "certainty": None, "audits": 3},
        {"withdraws": 3, "risen": True, "checked": 1, "wrong": 1},
    ],
)
def test_values_that_are_neither_change_nothing_and_are_refused_by_an_import(
    log: Log, value: Any, tmp_path: Any
) -> None:
    log.hand("x", (0,))
    log.act("machine", "y", value)
    assert log.machine == {"x": log.a}
    import json

    line = {
        "format": 2, "event_id": "e" * 8, "task": "t", "annotator": "ann", "kind": "machine",
        "time": "2026-11-01T10:00:00+00:00", "item_ids": ["y"], "value": value, "selection": None,
        "elapsed_ms": None, "model_version": None,
    }  # fmt: skip
    (path := tmp_path / "history.jsonl").write_text(json.dumps(line))
    found = read_history(path)
    assert found.events == []
    assert len(found.broken) == 1


def test_the_values_come_back(log: Log) -> None:
    made = HandOver(("1", "2"), (0, 1, 1), 0.05, 0.9, 120)
    assert HandOver.of(made.dump()) == made
    ended = Withdrawal("act", risen=True, checked=12, wrong=4)
    assert Withdrawal.of(ended.dump()) == ended
    assert HandOver.of(ended.dump()) is Withdrawal.of(made.dump()) is None
