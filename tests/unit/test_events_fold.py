"""The fold against a model that recomputes everything from a plain list of acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.labels.events import LabelEvent, new_event_id
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.schema import Schema

ITEMS = ("x", "y", "z")
PEOPLE = ("ann", "bob")


@dataclass
class Act:
    """A label or skip, with what became of it."""

    event: LabelEvent
    turned: int  # when it was last done, undone or redone
    holds: bool = True
    dead: bool = False  # undone, and out of reach of redo since its annotator acted anew


class Model:
    """Acts with flags; every question is answered by a walk over all of them."""

    def __init__(self, log: list[LabelEvent]) -> None:
        self.acts: list[Act] = []
        for clock, event in enumerate(log):
            mine = [a for a in self.acts if a.event.annotator == event.annotator]
            if event.kind in {"label", "skip"}:
                for act in mine:
                    act.dead = act.dead or not act.holds
                self.acts.append(Act(event, clock))
            elif event.kind in {"undo", "redo"}:
                for act in mine:
                    movable = act.holds == (event.kind == "undo") and not act.dead
                    if act.event.event_id == event.value and movable:
                        act.holds = not act.holds
                        act.turned = clock

    def to_undo(self, who: str) -> LabelEvent | None:
        return self._latest([a for a in self.acts if a.event.annotator == who and a.holds])

    def to_redo(self, who: str) -> LabelEvent | None:
        return self._latest([a for a in self.acts if a.event.annotator == who and not a.holds and not a.dead])

    def _latest(self, acts: list[Act]) -> LabelEvent | None:
        return max(acts, key=lambda a: a.turned).event if acts else None

    def holding(self, item: str) -> dict[str, LabelEvent]:
        """Of each annotator, the last act in the log on this item that holds."""
        return {a.event.annotator: a.event for a in self.acts if a.holds and item in a.event.item_ids}

    def answer(self, item: str) -> LabelEvent | None:
        last = set(map(id, self.holding(item).values()))
        labels = [a.event for a in self.acts if id(a.event) in last and a.event.kind == "label"]
        labels = [e for e in labels if e.value is not None]
        return labels[-1] if labels else None

    def skipped(self, item: str) -> bool:
        kinds = {e.kind for e in self.holding(item).values()}
        return "skip" in kinds and self.answer(item) is None


def fold_of(log: list[LabelEvent]) -> Fold:
    fold = Fold()
    for event in log:
        fold.apply(event)
    return fold


def state(fold: Fold | Model) -> dict[str, Any]:
    holding = fold.current if isinstance(fold, Fold) else fold.holding
    return {
        "holding": {i: holding(i) for i in ITEMS},
        "answer": {i: fold.answer(i) for i in ITEMS},
        "skipped": {i: fold.skipped(i) for i in ITEMS},
        "undo": {p: fold.to_undo(p) for p in PEOPLE},
        "redo": {p: fold.to_redo(p) for p in PEOPLE},
    }


@st.composite
def logs(draw: st.DrawFn) -> list[LabelEvent]:
    """Logs as they may stand in a store: also of two kernels whose undos cross each other."""
    log: list[LabelEvent] = []
    for _ in range(draw(st.integers(0, 25))):
        who = draw(st.sampled_from(PEOPLE))
        kind = draw(st.sampled_from(["label", "label", "skip", "undo", "undo", "redo", "cross"]))
        if kind in {"label", "skip"}:
            items = tuple(draw(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3, unique=True)))
            value = draw(st.sampled_from(["a", "b", None])) if kind == "label" else None
            log.append(LabelEvent(kind, "t", who, items, value))
        elif kind == "cross":
            target = draw(st.sampled_from(log)).event_id if log else new_event_id()
            log.append(LabelEvent(draw(st.sampled_from(["undo", "redo"])), "t", who, value=target))
        else:
            model = Model(log)
            found = model.to_undo(who) if kind == "undo" else model.to_redo(who)
            if found:
                log.append(LabelEvent(kind, "t", who, value=found.event_id))
    return log


@given(logs())
def test_the_fold_agrees_with_the_model(log: list[LabelEvent]) -> None:
    fold, model = fold_of(log), Model(log)
    assert state(fold) == state(model)
    assert fold.acts() == [(a.event, a.holds) for a in model.acts]
    assert fold.n_events == len(log)


@given(logs())
def test_the_same_log_gives_the_same_state(log: list[LabelEvent]) -> None:
    assert state(fold_of(log)) == state(fold_of(log))


@given(logs(), st.sampled_from(PEOPLE))
def test_undo_then_redo_is_as_if_nothing_had_been_done(log: list[LabelEvent], who: str) -> None:
    fold = fold_of(log)
    before = state(fold)
    target = fold.to_undo(who)
    if target is not None:
        fold.apply(LabelEvent("undo", "t", who, value=target.event_id))
        assert fold.to_redo(who) == target
        fold.apply(LabelEvent("redo", "t", who, value=target.event_id))
    assert state(fold) == before


@given(logs(), st.sampled_from(["undo", "redo"]))
def test_nobody_turns_back_the_act_of_somebody_else(log: list[LabelEvent], kind: Any) -> None:
    fold = fold_of(log)
    before = state(fold)
    for event in log:
        if event.annotator == "bob":
            assert fold.apply(LabelEvent(kind, "t", "ann", value=event.event_id)) == ()
    assert state(fold) == before


@given(logs(), st.sampled_from(PEOPLE))
def test_undoing_everything_takes_all_of_ones_labels_away_and_none_of_the_others(
    log: list[LabelEvent], who: str
) -> None:
    fold = fold_of(log)
    others = {i: {p: e for p, e in fold.current(i).items() if p != who} for i in ITEMS}
    while (target := fold.to_undo(who)) is not None:
        fold.apply(LabelEvent("undo", "t", who, value=target.event_id))
    assert {i: fold.current(i) for i in ITEMS} == others


@given(logs())
def test_apply_names_every_item_whose_state_changes(log: list[LabelEvent]) -> None:
    fold = Fold()
    for event in log:
        before = {i: (fold.current(i), fold.answer(i), fold.skipped(i)) for i in ITEMS}
        touched = fold.apply(event)
        for i in ITEMS:
            after = (fold.current(i), fold.answer(i), fold.skipped(i))
            assert i in touched or after == before[i]


def test_the_last_of_several_annotators_answers_and_both_are_kept() -> None:
    log = [LabelEvent("label", "t", "ann", ("x",), "a"), LabelEvent("label", "t", "bob", ("x",), "b")]
    fold = fold_of(log)
    assert fold.answer("x") == log[1]
    assert fold.current("x") == {"ann": log[0], "bob": log[1]}
    fold.apply(LabelEvent("undo", "t", "bob", value=log[1].event_id))
    assert fold.answer("x") == log[0]


def test_a_bulk_act_is_undone_as_one() -> None:
    act = LabelEvent("label", "t", "ann", ITEMS, "a")
    fold = fold_of([act, LabelEvent("undo", "t", "ann", value=act.event_id)])
    assert [fold.answer(i) for i in ITEMS] == [None] * 3


def test_the_last_schema_holds() -> None:
    first, second = Schema(["a", "b"]), Schema(["a", "b", "c"])
    log = [LabelEvent("schema", "t", "ann", value=s.to_dict()) for s in (first, second)]
    assert fold_of(log).schema == second
    assert fold_of(log).to_undo("ann") is None
