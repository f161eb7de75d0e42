"""Decisions of reviewers, gold questions, experts and qualifications: from the log to the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.evidence import Evidence

N = 40
TABLE = pd.DataFrame({"id": [f"r{i}" for i in range(N)], "text": [f"message {i}" for i in range(N)]})
X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)


def opened(folder: Path, who: str, **more: Any) -> hitl.Session:
    told = {"classes": ["spam", "ham", "other"], "learner": "linear", "X": X, "random_state": 0}
    told |= {"consensus": "latest"} | more
    return hitl.Session(TABLE, text="text", id="id", store=folder / "l.sqlite", annotator=who, **told)


@pytest.fixture
def team(tmp_path: Path):
    """Ann and Bob differ on r0 and r1 and agree on r2; Bob has labelled r3 alone."""
    with opened(tmp_path, "ann") as ann, opened(tmp_path, "bob") as bob, opened(tmp_path, "rev") as rev:
        ann.label("r0", "spam")
        ann.label(["r1", "r2"], "ham")
        bob.label(["r0", "r2"], "ham")
        bob.label(["r1", "r3"], "spam")
        rev.labels()
        yield ann, bob, rev


@pytest.mark.parametrize("by", ["ann", "rev"])
def test_who_decides_on_an_item_that_they_labelled_still_gets_a_file_with_its_card(
    team, tmp_path, by
) -> None:
    deciding = {"ann": team[0], "rev": team[2]}[by]
    deciding.decide("r0", "spam")
    deciding.gold(["r1"], ["ham"])
    for name in ("x.csv", "x.jsonl"):
        deciding.export(tmp_path / name)
        assert "Cohen's kappa" in (tmp_path / f"{name}.card.md").read_text()
    assert "| 3 |" in deciding.trust.card()


def test_marks_in_other_places_are_other_answers(tmp_path: Path) -> None:
    told = {"classes": None, "question": hitl.Question.spans(["a"])}
    spans = [{"start": 0, "end": 2, "label": "a"}], [{"start": 3, "end": 4, "label": "a"}]
    with opened(tmp_path, "ann", **told) as ann, opened(tmp_path, "bob", **told) as bob:
        for who, value in zip((ann, bob), spans, strict=True):
            who.label("r0", value)
        [one] = ann.trust.disputes().to_dict("records")
    assert (one["people"], list(one["answers"].values())) == (2, [1, 1])


def label(session: hitl.Session, id_: str) -> Any:
    session._loop.log.catch_up()
    return session.to_frame().set_index("id").loc[id_, "label"]


def test_a_decision_counts_instead_of_all_labels_until_it_is_undone(team, tmp_path: Path) -> None:
    ann, bob, rev = team
    assert set(rev.trust.disputes()["id"]) == {"r0", "r1"}
    assert label(rev, "r0") == "ham"  # the latest
    rev.decide("r0", "spam", "It sells pills.")
    assert label(rev, "r0") == label(ann, "r0") == "spam"
    bob.label("r0", "ham")  # a later label does not outvote it
    assert label(rev, "r0") == "spam"
    assert list(rev.trust.disputes()["id"]) == ["r1"]
    agreed = rev.trust.agreement().set_index("annotators").loc["ann, bob"]
    assert agreed["n"] == 3
    assert agreed["agree"] == pytest.approx(1 / 3), "the answers stay as they were given"
    certain = rev.trust.consensus().set_index("id").loc["r0"]
    assert (certain["label"], certain["confidence"], certain["disputed"]) == ("spam", 1.0, False)
    with opened(tmp_path, "cem") as later:  # survives a restart
        assert label(later, "r0") == "spam"
    row = rev.decisions().iloc[0]
    assert row[["id", "label", "because", "annotator"]].tolist() == ["r0", "spam", "It sells pills.", "rev"]
    assert ann.labels().query("id == 'r0' and selection == 'decision'")["annotator"].tolist() == ["rev"]
    [example] = rev.guidance()[["class", "because", "id"]].to_numpy().tolist()
    assert example == ["spam", "It sells pills.", "r0"]
    rev.undo()
    assert label(rev, "r0") == "ham"
    rev.redo()
    assert label(rev, "r0") == "spam"
    rev.decide("r0", None)  # withdrawn
    assert label(rev, "r0") == "ham"
    assert rev.decisions().empty


def test_who_decided_may_change_their_mind_with_a_label_and_others_are_told(team) -> None:
    ann, _, rev = team
    rev.decide("r0", "spam")
    rev.label("r0", "other")
    assert label(rev, "r0") == "other"
    assert rev.decisions()["label"].tolist() == ["other"]
    ann.label("r0", "ham")
    last = ann.history().iloc[-1]["event_id"]
    assert "Decided by rev: other." in ann._loop.log.outvoted(last)
    assert label(ann, "r0") == "other"


def test_a_decision_does_not_take_an_item_out_of_the_audit(tmp_path: Path) -> None:
    with opened(tmp_path, "ann", audit=1.0) as ann:
        [id_] = ann.query()
        ann.label(id_, "spam")
        assert ann._loop.labels.audited.sum() == 1
        ann.decide(id_, "ham")
        assert ann._loop.labels.audited.sum() == 1
        assert label(ann, id_) == "ham"


def test_gold_is_asked_unseen_and_counted_for_each_person(tmp_path: Path) -> None:
    ids = [f"r{i}" for i in range(10)]
    with opened(tmp_path, "rev") as rev:
        found = rev.gold(ids, "spam", "because", share=0.5)
        assert found["id"].tolist() == ids
        assert not rev._loop.labels.gold.any(), "the author is not asked"
    with opened(tmp_path, "ann") as ann:
        assert ann._loop.labels.gold.sum() == 10
        asked = []
        for k in range(14):
            [id_] = ann.query()
            asked.append(id_)
            ann.label(id_, "spam" if k % 2 else "ham", elapsed_ms=2000)
        golden = [id_ for id_ in asked if id_ in ids]
        assert golden, "a share of .5 comes soon"
        assert len(golden) < len(asked)
        said = ann.labels().set_index("id")
        own = said[said["annotator"] == "ann"]
        assert set(own.loc[golden, "selection"]) == {"gold"}
        assert not ann._loop.labels.audited[ann.pool.index(golden)].any()
        row = ann.trust.annotators().set_index("annotator").loc["ann"]
        right = (own.loc[golden, "label"] == "spam").mean()
        assert row["gold_n"] == len(golden)
        assert row["gold"] == pytest.approx(right)
        assert row["gold_low"] <= right <= row["gold_high"]
        assert row["seconds"] == 2
        assert ann.gold()["n"].sum() == len(golden)
        ann.label(golden[0], "other")  # changed later: the answer that was given unseen still counts
        assert ann.trust.annotators().set_index("annotator").loc["ann", "gold_n"] == len(golden)


def test_gold_and_its_share_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    with opened(tmp_path, "rev") as rev:
        for wrong in (
            lambda: rev.gold(["r0", "r1"], ["spam", "spma"]),
            lambda: rev.gold(["r0", "r1"], ["spam"]),
            lambda: rev.gold("r0"),
            lambda: rev.gold("r0", "spam", share=0.9),
            lambda: rev.decide("r0", "spam", because="x" * 3000),
            lambda: rev.name_experts({"ann": ["spma"]}),
            lambda: rev.name_experts({"": ["spam"]}),
            lambda: rev.qualify(3),
            lambda: rev.qualify(0),
            lambda: rev.qualify(3, 1.5),
            lambda: rev.let_in(""),
        ):
            with pytest.raises(InvalidInput):
                wrong()
        assert rev.decisions().empty
        assert rev.experts == {}


def test_experts_are_asked_about_disputes_of_their_classes_first(team, tmp_path: Path) -> None:
    _, bob, rev = team
    rev.name_experts({"eve": ["spam"], "rev": ["other"]})
    assert rev.experts == {"eve": ["spam"], "rev": ["other"]}
    with opened(tmp_path, "eve") as eve:
        second = eve._loop.labels.second
        assert np.flatnonzero(second).tolist() == eve.pool.index(["r0", "r1"])
        assert "expert" in next(s.reason for s in eve.wait().suggestions if s.opinion)
        eve.label("r0", "spam")
        assert np.flatnonzero(eve._loop.labels.second).tolist() == eve.pool.index(["r1"])
        cases = Evidence(eve._loop).cases(model=False).open
        assert [one.mine for one in cases] == [True, True]
        given = {one.answer: one.experts for case in cases for one in case.answers if case.row == 0}
        assert sum(given.values()) == 1
    assert not bob._loop.labels.second.any()
    rev.name_experts({})
    assert rev.experts == {}


def test_there_is_no_way_around_a_qualification(tmp_path: Path) -> None:
    with opened(tmp_path, "rev") as rev:
        rev.gold([f"r{i}" for i in range(6)], "spam")
        rev.qualify(4, practice=0)
    with opened(tmp_path, "ann") as ann:
        table = pd.DataFrame({"id": ["r20"], "label": ["ham"]})
        around = (
            lambda: ann.import_labels(table),
            lambda: ann.qualify(None),
            lambda: ann.decide("r20", "ham"),
            lambda: ann.name_experts({"ann": ["ham"]}),
        )
        for refused in around:
            with pytest.raises(InvalidInput, match="not passed"):
                refused()
        assert ann.labels().query("annotator == 'ann'").empty


def test_who_must_qualify_cannot_label_until_they_pass_or_are_let_in(tmp_path: Path) -> None:
    ids = [f"r{i}" for i in range(12)]
    with opened(tmp_path, "rev") as rev:
        rev.gold(ids, "spam", "It sells pills.")
        rev.qualify(4, 0.75, practice=2, tries=2)
        rev.label("r20", "ham")  # who requires it need not pass
    with opened(tmp_path, "ann") as ann:
        trial = ann._loop.qualifying
        assert trial.waits
        for refused in (lambda: ann.label("r20", "ham"), lambda: ann.skip("r20")):
            with pytest.raises(InvalidInput, match=r"rev can also let you in: session.let_in\('ann'\)"):
                refused()
        with pytest.raises(InvalidInput):
            ann.let_in("ann")
        asked = trial.questions()
        assert [one.practice for one in asked] == [True] * 2 + [False] * 4
        assert "practice: question 1 of 2" in asked[0].words
        said = trial.answer(asked[0].row, {"class": _id(ann, "ham"), "word": "ham"})
        assert said == "Not quite. The answer is spam. Why: It sells pills."
        assert trial.answer(trial.questions()[0].row, "spam").startswith("Right: spam.")
        for _ in range(3):
            assert trial.answer(trial.questions()[0].row, "ham") == ""
        told = trial.answer(trial.questions()[0].row, None)
        assert told.startswith("0 of 4 right; 3 of 4 is needed.")
        again = [one.row for one in trial.questions()]
        assert not set(again) & {one.row for one in asked}, "other questions, as far as there are any"
        assert ann.labels().query("annotator == 'ann'").empty, "trials are no labels"
    with opened(tmp_path, "ann") as ann:  # survives a restart
        trial = ann._loop.qualifying
        assert [one.row for one in trial.questions()] == again
        for value in ("spam", "spam", "spam", "spam", "ham"):
            trial.answer(trial.questions()[0].row, value)
        assert "3 of 4 right: you have passed" in trial.answer(trial.questions()[0].row, "spam")
        assert not trial.waits
        ann.label("r21", "ham")
        found = ann.trust.qualification()
        assert found["passed"].tolist() == [False, True]
        assert found["right"].tolist() == [0, 3]
    with opened(tmp_path, "bob") as bob, opened(tmp_path, "rev") as rev:
        trial = bob._loop.qualifying
        while trial.questions():
            trial.answer(trial.questions()[0].row, "ham")
        assert trial.closed().startswith("Thank you for trying. 3 of 4 right answers are needed")
        with pytest.raises(InvalidInput, match="Thank you for trying"):
            trial.answer(0, "spam")
        rev.let_in("bob")
        bob.progress()
        assert not trial.waits
        assert trial.closed() == ""
        bob.label("r22", "ham")


def _id(session: hitl.Session, name: str) -> str:
    return session.schema.ids[session.schema.names.index(name)]


def test_the_history_as_a_file_keeps_decisions_gold_experts_and_trials(tmp_path: Path) -> None:
    with opened(tmp_path, "rev") as rev:
        rev.gold([f"r{i}" for i in range(5)], "spam", "why", share=0.1)
        rev.name_experts({"ann": ["ham"]})
        rev.qualify(2, practice=0)
    with opened(tmp_path, "ann") as ann:
        trial = ann._loop.qualifying
        for _ in range(2):
            trial.answer(trial.questions()[0].row, "spam")
        ann.export(tmp_path / "all.jsonl", names=True)
        before = ann.decisions()
    folder = tmp_path / "other"
    folder.mkdir()
    with opened(folder, "ann") as other:
        done = other.import_labels(tmp_path / "all.jsonl")
        assert done.refused.empty
        pd.testing.assert_frame_equal(other.decisions(), before)
        assert other.experts == {"ann": ["ham"]}
        assert other._loop.labels.gold_share == 0.1
        assert other.trust.qualification()["passed"].tolist() == [True]
