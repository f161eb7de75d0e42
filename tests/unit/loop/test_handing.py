"""Handing over to the model: apart from people's labels, checked at random, withdrawn when errors rise."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.session import loop_of

RNG = np.random.default_rng(0)
N, K = 300, 3
TRUTH = RNG.integers(0, K, N)
X = (np.eye(K)[TRUTH] * 2 + RNG.normal(scale=0.6, size=(N, K))).astype(np.float32)
TABLE = pd.DataFrame({"text": [f"item {i}" for i in range(N)]})
NAMES = np.array(["a", "b", "c"])

Open = Callable[..., hitl.Session]


@pytest.fixture
def open_(tmp_path: Path) -> Open:
    def make(who: str = "ann", **settings: Any) -> hitl.Session:
        given = {"text": "text", "X": X, "classes": list(NAMES), "learner": "linear", "audit": 0.5}
        given |= {"store": tmp_path / "labels.sqlite", "annotator": who, "random_state": 0} | settings
        return hitl.Session(TABLE, **given)

    return make


def answer(session: hitl.Session, n: int, shift: int = 0) -> list[int]:
    """Answer the next questions, wrongly if shifted; returns the rows."""
    rows = []
    for _ in range(n):
        [one] = session.query() or [None]
        if one is None:
            break
        row = session.pool.index([one])[0]
        session.label(one, NAMES[(TRUTH[row] + shift) % K])
        rows.append(row)
    return rows


def handed(open_: Open, error: float = 0.1, keep: int = 150, **settings: Any) -> hitl.Session:
    """A session of 60 labels that has handed over its surest items."""
    session = open_(**settings)
    answer(session, 60)
    proposal = session.trust.hand_over(error)
    assert len(proposal) > keep
    session.hand_over(proposal.head(keep))
    return session


def test_they_are_apart_from_the_labels_of_people(open_: Open) -> None:
    with handed(open_) as session:
        given = session.labels()
        assert len(given) == session.n_labels == 60
        assert len(session.labels(machine=True)) == 210
        sources = session.to_frame(machine=True)["label_source"]
        assert sources.value_counts().to_dict() == {"machine": 150, "person": 60}
        assert sources.isna().sum() == 90
        assert session.to_frame()["label"].notna().sum() == 60
        assert session.wait().n_labels == 60, "they teach nothing"
        assert session.accuracy().n == (given["selection"] == "audit").sum()
        assert 140 <= len(session.find("is:machine")) <= 150, "without those that are asked blind next"
        state = session.trust.handed_over()
        assert (state.n, state.n_given, state.error, state.withdrawn) == (150, 150, 0.1, None)
        machine = set(session.labels(machine=True).query("label_source == 'machine'")["id"])
        one = session.find("is:machine")[0]
        assert one in machine
        session.label(one, "b")
        assert session.labels(machine=True).set_index("id").loc[one, "label_source"] == "person"
        assert session.trust.handed_over().n == 149


def test_one_act_takes_them_back_and_they_stay_taken_back_after_a_restart(open_: Open) -> None:
    with handed(open_) as session:
        act = session.trust.handed_over().event_id
        session.undo()
        assert session.trust.handed_over() is None
        session.redo()
        answer(session, 2)
        with pytest.raises(InvalidInput, match="'x' is not in use"):
            session.take_back("x")
        session.take_back(act)
        assert session.trust.handed_over().withdrawn == "asked"
        with pytest.raises(InvalidInput, match="No machine labels are in use"):
            session.take_back()
    with open_() as session:
        assert session.trust.handed_over().withdrawn == "asked"
        assert len(session.labels(machine=True)) == len(session.labels())
        session.undo()
        assert session.trust.handed_over().withdrawn is None
        assert session.history()["kind"].tolist().count("machine") == 2


def test_a_share_of_the_questions_checks_them_without_a_hint(open_: Open) -> None:
    with handed(open_):
        pass
    with open_(audit=0.05) as session:
        before = loop_of(session).labels.machine >= 0
        rows = answer(session, 40)
        checked = [row for row in rows if before[row]]
        assert len(checked) >= 2
        state = session.trust.handed_over()
        assert state.checked == len(checked)
        assert state.wrong <= 1
        assert state.low < state.wrong / state.checked < state.high or not state.wrong
        selection = session.labels().set_index("id")["selection"]
        assert {selection[session.pool.ids[row]] for row in checked} <= {"audit", "spot"}
        assert (selection == "spot").any()


def test_when_nothing_else_is_left_enough_are_checked_for_the_promise(open_: Open) -> None:
    with open_() as session:
        answer(session, 60)
        session.hand_over(session.trust.hand_over(0.2))
        session.skip(session.find("unlabelled -is:machine") or [session.pool.ids[0]])
        rows = answer(session, 100)
        state = session.trust.handed_over()
        assert len(rows) < 100
        assert state.checked >= 11, "so many right ones show 20 % with a certainty of 90 %"


def test_what_is_asked_to_check_is_blind_until_it_is_answered(open_: Open) -> None:
    with handed(open_, keep=200):
        pass
    with open_(audit=0.05) as session:
        session.wait()
        loop = loop_of(session)
        draws = [s for s in loop.round.suggestions if s.spot or s.audit]
        assert any(s.spot for s in draws)
        assert all(s.blind for s in draws)
        hidden = loop.blind.mask(loop.labels)
        assert all(hidden[s.index] for s in draws)
        assert not set(session.find("is:machine")) & {session.pool.ids[s.index] for s in draws}


def test_they_are_withdrawn_when_the_share_of_errors_has_risen_also_after_a_restart(open_: Open) -> None:
    with handed(open_, error=0.05, keep=120) as session:
        answer(session, 60, shift=1)
        end = time.monotonic() + 60
        while session.trust.handed_over().withdrawn is None and time.monotonic() < end:
            answer(session, 1, shift=1)
        state = session.trust.handed_over()
        assert state.withdrawn == "risen"
        assert state.n == 0
        [words] = [w for w in loop_of(session).log.notices if "machine labels" in w]
        assert "machine labels of 120 items were withdrawn" in words
        last = session.history().query("kind == 'machine'")["value"].iloc[-1]
        assert last["risen"] is True
        assert f"{last['wrong']} of {last['checked']} spot checks were wrong" in words
        labelled = session.n_labels
        session.undo()
        assert session.n_labels == labelled - 1, "undo is for what the person did"
        assert session.trust.handed_over().withdrawn == "risen"
    with pytest.warns(RuntimeWarning, match="machine labels of 120 items were withdrawn"):
        session = open_()
    with session:
        assert session.trust.handed_over().withdrawn == "risen"
        assert len(session.find("is:machine")) == 0


def test_what_cannot_be_handed_over_is_refused_with_the_reason(open_: Open) -> None:
    with open_() as session:
        answer(session, 60)
        proposal = session.trust.hand_over(0.1)
        with pytest.raises(InvalidInput, match=r"hand_over\(\) takes the table"):
            session.hand_over(proposal.drop(columns="label"))
        with pytest.raises(InvalidInput, match=r"hand_over\(\) takes the table"):
            session.hand_over(["a"])
        with pytest.raises(InvalidInput, match="'z' is not a class now"):
            session.hand_over(proposal.assign(label="z"))
        with pytest.raises(InvalidInput, match="nothing to hand over"):
            session.hand_over(proposal.head(0))
        for name in ("audit", "spot"):
            with pytest.raises(InvalidInput, match=f"selection='{name}' is only for items"):
                session.label(session.pool.ids[0], "a", selection=name)


def test_a_file_tells_them_apart_and_an_import_does_not_make_them_answers(
    open_: Open, tmp_path: Path
) -> None:
    with handed(open_) as session:
        with pytest.warns(RuntimeWarning, match="150 items with a machine label are not in the file"):
            session.export(tmp_path / "people.csv")
        path = session.export(tmp_path / "all.csv", machine=True)
        table = pd.read_csv(path)
        assert table["label_source"].value_counts().to_dict() == {"machine": 150, "person": 60}
        assert table.loc[table["label_source"] == "machine", "annotator"].isna().all()
        assert "machine label" in Path(f"{path}.card.md").read_text()
        with pytest.raises(InvalidInput, match="machine=True is for tables"):
            session.export(tmp_path / "all.jsonl", machine=True)
        for source in (path, table, table.to_dict("records"), table.to_dict("list")):
            found = session.import_labels(source)
            assert (found.n, found.n_same, len(found.refused)) == (0, 60, 150)
            assert "not an answer of a person" in found.refused["why"].iloc[0]
        session.export(tmp_path / "history.jsonl", names=True)
        with open_(store=tmp_path / "again.sqlite") as again:
            assert again.import_labels(tmp_path / "history.jsonl").n > 60
            assert len(again.labels(machine=True)) == 210


def test_machine_labels_follow_ids_that_are_spelled_differently(tmp_path: Path) -> None:
    """The answers stay with their items when keys of the log map to other keys of the table."""
    where = {"X": X, "classes": list(NAMES), "learner": "linear", "random_state": 0, "audit": 0.5}
    where |= {"store": tmp_path / "labels.sqlite", "text": "text", "id": "id"}
    given = TABLE.assign(id=np.arange(N))
    with hitl.Session(given, **where) as session:
        answer(session, 60)
        session.hand_over(session.trust.hand_over(0.1).head(100))
        known = session.labels(machine=True).query("label_source == 'machine'")
        before = {str(one): label for one, label in zip(known["id"], known["label"], strict=True)}
    with hitl.Session(
        given.assign(id=[f"{i}.0" for i in range(N)])[::-1], **(where | {"X": X[::-1]})
    ) as again:
        known = again.labels(machine=True).query("label_source == 'machine'")
        after = {
            one.removesuffix(".0"): label for one, label in zip(known["id"], known["label"], strict=True)
        }
    assert after == before
