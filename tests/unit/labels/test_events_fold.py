"""The fold compared with a model that recomputes everything from a plain list of acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import LabelEvent, definition, new_event_id
from hitl_widgets.labels.fold import Fold
from hitl_widgets.questions.schema import Schema

ITEMS = ("x", "y", "z")
PEOPLE = ("ann", "bob")
BEGUN = LabelEvent("schema", "t", "ann", value=Schema(["a", "b", "c"]).to_dict())


@dataclass
class Act:
    """A label or skip, with its state."""

    event: LabelEvent
    turned: int  # when it was last done, undone or redone
    holds: bool = True
    dead: bool = False  # undone, and no longer redoable because its annotator did something else


@dataclass
class Class:
    """A class of the model, independent of its name."""

    name: str
    place: str = "live"  # or "retired" or "gone"
    heir: Class | None = None

    def now(self) -> Class | None:
        found: Class | None = self
        while found is not None and found.place == "gone":
            found = found.heir
        return found


class Model:
    """Acts with flags; every query walks over all of them from the beginning."""

    def __init__(self, log: list[LabelEvent]) -> None:
        self.acts: list[Act] = []
        # The classes that the names in an event meant when it was written: indices into `everything`.
        self.meant: dict[str, list[int]] = {}
        self.called: dict[str, int] = {}
        self.n_made = 3
        self.made: dict[str, list[int]] = {}
        self.replay()
        for clock, event in enumerate(log):
            mine = [a for a in self.acts if a.event.annotator == event.annotator]
            if event.kind in {"label", "skip", "slice", "definition"} or (
                event.kind == "schema" and "change" in event.value
            ):
                self.read(event)
                for act in mine:
                    act.dead = act.dead or not act.holds
                self.acts.append(Act(event, clock))
            elif event.kind in {"undo", "redo"}:
                targets = event.value if isinstance(event.value, list) else [event.value]
                for step, target in enumerate(targets):
                    for act in mine:
                        movable = act.holds == (event.kind == "undo") and not act.dead
                        if act.event.event_id == target and movable:
                            act.holds = not act.holds
                            act.turned = clock + step / 1000
            self.replay()

    def read(self, event: LabelEvent) -> None:
        words = [event.value] if event.kind == "label" else []
        if event.kind == "schema":
            words = [*event.value.get("of", [])]
            if event.value["change"] == "merge" and "classes" not in event.value:
                words.append(event.value["name"])
            new = [c["name"] for c in event.value.get("classes", [])]
            # A name that no class here has or had is the same class as when it was last made.
            born = [
                self.called[n] if n in self.called and self.called[n] not in self.alive else self.n_made + k
                for k, n in enumerate(new)
            ]
            self.made[event.event_id] = born
            self.n_made += len(new)
        standing = {c.name: i for i, c in self.everything.items() if c.place != "gone"}
        said = [standing.get(w, self.called.get(w, -1)) for w in words if w is not None]
        if event.kind == "schema":
            said = [
                next(i for i, c in self.everything.items() if c is self.everything[j].now()) for j in said
            ]
        self.meant[event.event_id] = said

    def replay(self) -> None:
        """Every class after all valid changes; changes that no longer apply are skipped."""
        self.order = [0, 1, 2]
        self.everything = {i: Class(name) for i, name in enumerate("abc")}
        for act in self.acts:
            if act.holds and act.event.kind == "schema":
                before = (self.order[:], {i: Class(**vars(c)) for i, c in self.everything.items()})
                for c in before[1].values():  # copies refer to copies
                    c.heir = next((before[1][i] for i, o in self.everything.items() if o is c.heir), None)
                try:
                    self.change(act.event)
                    names = [c.name for c in self.everything.values() if c.place != "gone"]
                    assert len(self.order) >= 2
                    assert len(set(names)) == len(names)
                except (AssertionError, KeyError, ValueError):
                    self.order, self.everything = before
        self.alive = {*self.everything}
        for place in ("retired", "live"):
            for i, c in self.everything.items():
                if c.place == place:
                    self.called[c.name] = i

    def change(self, event: LabelEvent) -> None:
        what, of, made = event.value, self.meant[event.event_id], self.made[event.event_id]
        kind, every = what["change"], self.everything
        target = of.pop() if kind == "merge" and "classes" not in what else None
        if target is not None:
            self.meant[event.event_id] = [*of, target]
        at = min((self.order.index(i) for i in of), default=0) if kind in {"merge", "split"} else 99
        for k, (i, c) in enumerate(zip(made, what.get("classes", []), strict=True)):
            assert i not in every
            every[i] = Class(c["name"])
            made_at = at + k
            self.order.insert(made_at, i)
        if kind == "rename":
            assert of[0] in self.order
            every[of[0]].name = what["name"]
        elif kind == "reorder":
            of = [i for i in of if i in self.order]
            self.order = [*of, *(i for i in self.order if i not in of)]
        elif kind == "restore":
            assert every[of[0]].place == "retired"
            every[of[0]].place = "live"
            self.order.append(of[0])
        elif kind != "add":
            heir = every[made[0]] if kind == "merge" and made else every.get(target)  # type: ignore[arg-type]
            assert kind != "merge" or (heir is not None and heir.place == "live")
            of = [i for i in of if i != target]
            assert of
            for i in of:
                self.order.remove(i)
                every[i].place = "retired" if kind == "retire" else "gone"
                every[i].heir = heir if kind == "merge" else None

    def became(self) -> dict[str, str]:
        """The state of every act: brought back if its last restore holds or is brought back itself."""
        found: dict[str, str] = {}
        for act in reversed(self.acts):  # acts that restore it are later in the log
            event = act.event
            again = [
                a.event.event_id
                for a in self.acts[self.acts.index(act) + 1 :]
                if a.event.restores == event.event_id and a.event.annotator == event.annotator
            ]
            back = bool(again) and found[again[-1]] in {"holds", "brought back"}
            # Restoring an act that can still be redone is a new act.
            lost = "brought back" if back else "left behind"
            found[event.event_id] = "holds" if act.holds else lost if act.dead else "undone"
        return found

    def meaning(self, event: LabelEvent) -> str | None:
        if event.kind != "label" or event.value is None:
            return None
        found = self.everything.get(self.meant[event.event_id][0])
        found = found.now() if found else None
        return found.name if found else None

    def names(self) -> list[str]:
        return [self.everything[i].name for i in self.order]

    def to_undo(self, who: str) -> LabelEvent | None:
        return self._latest([a for a in self.acts if a.event.annotator == who and a.holds])

    def to_redo(self, who: str) -> LabelEvent | None:
        return self._latest([a for a in self.acts if a.event.annotator == who and not a.holds and not a.dead])

    def _latest(self, acts: list[Act]) -> LabelEvent | None:
        return max(acts, key=lambda a: a.turned).event if acts else None

    def holding(self, item: str) -> dict[str, LabelEvent]:
        """For each annotator, the last valid act on this item in the log."""
        return {a.event.annotator: a.event for a in self.acts if a.holds and item in a.event.item_ids}

    def answer(self, item: str) -> LabelEvent | None:
        last = set(map(id, self.holding(item).values()))
        labels = [a.event for a in self.acts if id(a.event) in last and a.event.kind == "label"]
        labels = [e for e in labels if self.meaning(e) is not None]
        return labels[-1] if labels else None

    @property
    def slices(self) -> dict[str, str]:
        kept = [a.event.value for a in self.acts if a.holds and a.event.kind == "slice"]
        last = {value["name"]: value["query"] for value in kept}
        return {name: query for name, query in last.items() if query is not None}

    def definitions(self, of: str) -> dict[str, LabelEvent]:
        made = [a.event for a in self.acts if a.holds and a.event.kind == "definition"]
        last = {event.value["name"]: event for event in made if event.value["of"] == of}
        return {name: event for name, event in last.items() if event.value["is"] is not None}

    def skipped(self, item: str) -> bool:
        kinds = {e.kind for e in self.holding(item).values()}
        return "skip" in kinds and self.answer(item) is None


def fold_of(log: list[LabelEvent]) -> Fold:
    fold = Fold()
    for event in (BEGUN, *log):
        fold.apply(event)
    return fold


def state(fold: Fold | Model) -> dict[str, Any]:
    holding = fold.current if isinstance(fold, Fold) else fold.holding
    return {
        "holding": {i: holding(i) for i in ITEMS},
        "answer": {i: fold.answer(i) for i in ITEMS},
        "meaning": {i: e and fold.meaning(e) for i in ITEMS for e in [fold.answer(i)]},
        "classes": list(fold.schema.names) if isinstance(fold, Fold) and fold.schema else fold.names(),  # type: ignore[union-attr]
        "skipped": {i: fold.skipped(i) for i in ITEMS},
        "slices": fold.slices,
        "definitions": {of: fold.definitions(of) for of in ("rule", "strike")},
        "undo": {p: fold.to_undo(p) for p in PEOPLE},
        "redo": {p: fold.to_redo(p) for p in PEOPLE},
    }


NAMES = st.sampled_from("abcd")
KINDS = ["label", "label", "skip", "undo", "undo", "redo", "cross", "change", "jump", "restore"]
KINDS += ["slice", "definition"]


def changes() -> st.SearchStrategy[dict[str, Any]]:
    """Changes that somebody may try; half of them are impossible."""
    of = st.lists(NAMES, min_size=1, max_size=3, unique=True)
    one = NAMES.map(lambda n: [n])
    new = NAMES.map(lambda n: {"name": n})
    made = st.lists(new, min_size=2, max_size=2)
    return st.one_of(
        st.builds(lambda c: {"change": "add", "classes": [c]}, new),
        st.builds(lambda o, n: {"change": "rename", "of": o, "name": n}, one, NAMES),
        st.builds(lambda o, n: {"change": "merge", "of": o, "name": n}, of, NAMES),
        st.builds(lambda o, c: {"change": "merge", "of": o, "classes": [c]}, of, new),
        st.builds(lambda o, c: {"change": "split", "of": o, "classes": c}, one, made),
        st.builds(lambda o, k: {"change": k, "of": o}, one, st.sampled_from(["retire", "restore"])),
        st.builds(lambda o: {"change": "reorder", "of": o}, of),
    )


@st.composite
def single(draw: st.DrawFn, kind: Any, who: str) -> LabelEvent:
    if kind == "slice":
        value = {"name": draw(st.sampled_from("xy")), "query": draw(st.sampled_from(["one", "two", None]))}
        return LabelEvent("slice", "t", who, value=value)
    if kind == "definition":
        of, name = draw(st.sampled_from(["rule", "strike"])), draw(st.sampled_from("xy"))
        value = definition(of, name, draw(st.sampled_from([{"n": 1}, {"n": 2}, None])))
        return LabelEvent("definition", "t", who, value=value)
    items = tuple(draw(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3, unique=True)))
    word = draw(st.sampled_from(["a", "b", "c", "d", "unheard of", None])) if kind == "label" else None
    return LabelEvent(kind, "t", who, items, word)


@st.composite
def logs(draw: st.DrawFn) -> list[LabelEvent]:
    """Logs that may exist in a store, including concurrent undos of two kernels."""
    log: list[LabelEvent] = []
    for _ in range(draw(st.integers(0, 25))):
        who = draw(st.sampled_from(PEOPLE))
        kind = draw(st.sampled_from(KINDS))
        if kind == "change":
            try:
                value = fold_of(log).vocabulary.completed(draw(changes()))
            except InvalidInput:
                continue
            log.append(LabelEvent("schema", "t", who, value=value))
        elif kind == "jump":
            acts = [e.event_id for e in log if e.annotator == who]
            try:
                back, way = fold_of(log).to_jump(who, draw(st.sampled_from([None, *acts])))
            except InvalidInput:
                continue
            if way:
                log.append(LabelEvent("undo" if back else "redo", "t", who, value=way))
        elif kind == "restore":
            acts = [e for e in log if e.kind in {"label", "skip", "slice", "definition"}]
            if acts:  # also of valid acts, and of acts of others
                act = draw(st.sampled_from(acts))
                log.append(LabelEvent(act.kind, "t", who, act.item_ids, act.value, restores=act.event_id))
        elif kind in {"label", "skip", "slice", "definition"}:
            log.append(draw(single(kind, who)))
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
    assert {e.event_id: fold.state(e) for e, _ in fold.acts()} == model.became()
    assert fold.n_events == len(log) + 1


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


def code(fold: Fold, item: str) -> int | None:
    answer = fold.answer(item)
    assert fold.schema is not None
    return answer and fold.schema.all_names.index(str(fold.meaning(answer)))  # type: ignore[return-value]


@given(logs())
def test_apply_names_every_item_whose_state_changes(log: list[LabelEvent]) -> None:
    fold = fold_of([])
    for event in log:
        before = {i: (fold.current(i), code(fold, i), fold.skipped(i)) for i in ITEMS}
        touched = fold.apply(event)
        for i in ITEMS:
            after = (fold.current(i), code(fold, i), fold.skipped(i))
            assert i in touched or after == before[i]


@given(logs(), st.sampled_from(PEOPLE), st.data())
def test_a_jump_leads_where_so_many_undos_or_redos_lead(
    log: list[LabelEvent], who: str, data: st.DataObject
) -> None:
    fold, single = fold_of(log), fold_of(log)
    acts = [e.event_id for e in log if e.annotator == who and e.kind not in {"undo", "redo"}]
    there = data.draw(st.sampled_from([None, *acts]))
    try:
        back, way = fold.to_jump(who, there)
    except InvalidInput:
        assert there not in {e.event_id for e, holds in fold.acts() if holds}
        return
    fold.apply(LabelEvent("undo" if back else "redo", "t", who, value=way))
    for _ in way:
        target = single.to_undo(who) if back else single.to_redo(who)
        assert target is not None
        single.apply(LabelEvent("undo" if back else "redo", "t", who, value=target.event_id))
    assert state(fold) == state(single)
    done = fold.to_undo(who)
    assert (done.event_id if done else None) == there


@given(logs(), st.sampled_from(PEOPLE))
def test_a_way_counts_the_acts_and_labels_that_a_jump_turns(log: list[LabelEvent], who: str) -> None:
    fold = fold_of(log)
    acts = {e.event_id: e for e, _ in fold.acts(annotator=who)}
    ways = fold.ways(who, acts)
    for event_id in acts:
        try:
            _, way = fold.to_jump(who, event_id)
        except InvalidInput:
            assert event_id not in ways
            continue
        labels = sum(len(acts[i].item_ids) for i in way if acts[i].kind == "label")
        assert ways[event_id] == (len(way), labels)


@given(logs(), st.sampled_from(PEOPLE))
def test_what_was_left_behind_is_listed_the_newest_first(log: list[LabelEvent], who: str) -> None:
    fold = fold_of(log)
    left = [e for e, _ in fold.acts(annotator=who) if fold.state(e) == "left behind"]
    assert {e.event_id for e in fold.left(who, 99)} == {e.event_id for e in left}
    assert fold.left(who, 1) == fold.left(who, 99)[:1]


def test_an_act_that_restores_itself_or_somebody_elses_locks_nobody_out() -> None:
    act = LabelEvent("label", "t", "ann", ("x",), "a")
    own = LabelEvent("label", "t", "ann", ("x",), "a", restores="me", event_id="me")
    other = LabelEvent("label", "t", "bob", ("x",), "a", restores=act.event_id)
    undo = [LabelEvent("undo", "t", "ann", value=e.event_id) for e in (own, act)]
    fold = fold_of([act, own, other, *undo, LabelEvent("skip", "t", "ann", ("y",))])
    assert [fold.state(e) for e in (act, own, other)] == ["left behind", "left behind", "holds"]


def test_a_jump_to_the_act_of_somebody_else_is_refused() -> None:
    act = LabelEvent("label", "t", "ann", ("x",), "a")
    with pytest.raises(InvalidInput, match="not an act of yours"):
        fold_of([act]).to_jump("bob", act.event_id)


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


def test_the_last_schema_holds_and_is_no_act_to_undo() -> None:
    first, second = Schema(["a", "b"]), Schema(["a", "b", "c"])
    fold = Fold()
    for schema in (first, second):
        fold.apply(LabelEvent("schema", "t", "ann", value=schema.to_dict()))
    assert fold.schema == second
    assert fold.to_undo("ann") is None
