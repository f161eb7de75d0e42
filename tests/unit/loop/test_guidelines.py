"""Guidelines: texts, examples and versions, and the labels that a change touches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.transfer.stored import export_stored
from hitl_widgets.widgets.labeler import Labeler

VIEW = "the-one-view"
N = 60
RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(0, 1, (N // 2, 2)), RNG.normal(6, 1, (N // 2, 2))]).astype(np.float32)
TABLE = pd.DataFrame({"id": [f"r{i}" for i in range(N)], "text": [f"message {i}" for i in range(N)]})


def opened(folder: Path, who: str = "ann", **more: Any) -> hitl.Session:
    told = {"classes": ["spam", "ham"], "learner": "linear", "X": X, "random_state": 0, "audit": 0} | more
    return hitl.Session(TABLE, text="text", id="id", store=folder / "l.sqlite", annotator=who, **told)


@pytest.fixture
def session(tmp_path: Path) -> Any:
    with opened(tmp_path) as made:
        yield made


def label(session: hitl.Session, rows: range) -> None:
    for i in rows:
        session.label(f"r{i}", "spam" if i < N // 2 else "ham")
    session.wait()


def test_text_examples_and_versions_are_acts_that_undo_reverts(session: hitl.Session) -> None:
    spam = session.teach.guidelines["spam"]
    assert (spam.text, spam.examples, spam.versions) == ("", (), ())
    session.teach.guidelines["spam"] = "wants money"
    spam.add_example("r3", "asks for a fee first")
    spam.add_counterexample("r40")
    assert session.classes[0].guidance == spam.text == "wants money"
    [example], [counter] = spam.examples, spam.counterexamples
    assert (example.id, example.words, example.because) == ("r3", "message 3", "asks for a fee first")
    assert (counter.id, counter.because, counter.annotator) == ("r40", "", "ann")
    told = [(v.number, v.text, v.examples, v.counterexamples) for v in spam.versions]
    assert told == [
        (1, "wants money", (), ()),
        (2, "wants money", ("r3",), ()),
        (3, "wants money", ("r3",), ("r40",)),
    ]
    # An item is one or the other.
    spam.add_counterexample("r3")
    assert [e.id for e in spam.counterexamples] == ["r40", "r3"]
    assert spam.examples == ()
    session.undo()
    spam.remove_example("r40")
    assert [e.id for e in spam.examples] == ["r3"]
    assert spam.counterexamples == ()
    for _ in range(4):
        session.undo()
    assert (spam.text, spam.examples, spam.counterexamples, spam.versions) == ("", (), (), ())
    for _ in range(3):
        session.redo()
    assert len(spam.versions) == 3


def test_others_and_a_later_session_see_the_same_guideline(tmp_path: Path) -> None:
    with opened(tmp_path) as ann, opened(tmp_path, "bob") as bob:
        ann.teach.guidelines["spam"].add_example("r3", "a fee")
        bob.teach.guidelines["spam"].text = "wants money"
        assert [v.annotator for v in ann.teach.guidelines["spam"].versions] == ["ann", "bob"]
        assert bob.teach.guidelines["spam"].examples == ann.teach.guidelines["spam"].examples
    with opened(tmp_path, "cem") as later:
        spam = later.teach.guidelines["spam"]
        assert (spam.text, spam.examples[0].because) == ("wants money", "a fee")
        assert "a fee" in spam._repr_markdown_()


def test_a_guideline_follows_its_class(session: hitl.Session) -> None:
    session.classes.add("junk")
    session.teach.guidelines["junk"].add_example("r1")
    session.teach.guidelines["spam"].add_example("r2")
    session.classes.rename("spam", "adverts")
    assert [e.id for e in session.teach.guidelines["adverts"].examples] == ["r2"]
    session.classes.merge(["junk", "adverts"], into="adverts")
    assert [e.id for e in session.teach.guidelines["spam"].examples] == ["r1", "r2"]
    session.teach.guidelines["adverts"].remove_example("r1")
    assert [e.id for e in session.teach.guidelines["adverts"].examples] == ["r2"]
    with pytest.raises(KeyError, match=r"'nothing' is not a class\. The classes are"):
        session.teach.guidelines["nothing"]


def test_what_cannot_be_kept_is_said(session: hitl.Session) -> None:
    spam = session.teach.guidelines["spam"]
    with pytest.raises(InvalidInput, match="Item 'r1' is not in the guideline of 'spam'"):
        spam.remove_example("r1")
    with pytest.raises(InvalidInput, match="because=3"):
        spam.add_example("r1", 3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="'nobody'"):
        spam.add_example("nobody")
    with pytest.raises(InvalidInput, match="3 is not a text"):
        session.teach.guidelines["spam"] = 3  # type: ignore[assignment]
    with pytest.raises(InvalidInput, match="no label that the guideline of 'spam' may touch is older"):
        spam.queue_again()


def test_other_questions_queue_nothing_and_say_so(tmp_path: Path) -> None:
    with opened(tmp_path, classes=None, question=hitl.Question.choices(["a", "b"])) as session:
        one = session.teach.guidelines["a"]
        for ask in (one.touched, one.queue_again):
            with pytest.raises(InvalidInput, match="questions with one class per item only"):
                ask()


def test_a_change_offers_the_labels_that_it_may_touch(session: hitl.Session) -> None:
    session.teach.guidelines["spam"].text = "wants money"
    label(session, range(25, 35))
    spam, ham = session.teach.guidelines["spam"], session.teach.guidelines["ham"]
    assert spam.touched() == []  # the guidance was there before
    with pytest.raises(InvalidInput, match="nothing to queue"):
        spam.queue_again()
    spam.text = "wants money, also for a good cause"
    found = set(spam.touched())
    # All labels of the class, and others only where the model has it among its first two.
    assert {f"r{i}" for i in range(25, 30)} <= found
    assert ham.touched() == []
    session.label("r25", "ham")  # given after the change
    assert "r25" not in spam.touched()
    session.confirm("r26")
    assert "r26" not in spam.touched()
    spam.queue_again()
    assert spam.touched() == []
    waiting = session._loop.guiding.waiting()
    assert {f"r{row}" for row in waiting} == found - {"r25", "r26"}
    session.confirm("r27")
    session.label("r28", "ham")
    assert {f"r{row}" for row in session._loop.guiding.waiting()} == found - {"r25", "r26", "r27", "r28"}
    session.undo()
    session.undo()
    session.undo()
    assert session._loop.guiding.waiting() == {}
    assert set(spam.touched()) == found - {"r25", "r26"}


def test_a_kept_example_touches_other_labels_but_not_its_own(session: hitl.Session) -> None:
    label(session, range(25, 35))
    session.teach.guidelines["spam"].add_counterexample("r29")
    found = session.teach.guidelines["spam"].touched()
    assert "r29" not in found
    assert {"r25", "r26", "r27", "r28"} <= set(found)


def test_decisions_with_a_reason_are_examples(session: hitl.Session) -> None:
    label(session, range(25, 35))
    session.decide("r26", "spam", because="sells pills")
    session.decide("r27", "spam")
    assert [(e.id, e.because) for e in session.teach.guidelines["spam"].examples] == [("r26", "sells pills")]
    session.teach.guidelines["spam"].text = "sells things"
    assert "r26" not in session.teach.guidelines["spam"].touched()


def test_history_says_what_was_done(session: hitl.Session) -> None:
    label(session, range(28, 32))
    spam = session.teach.guidelines["spam"]
    spam.add_example("r28")
    spam.add_counterexample("r30")
    spam.remove_example("r28")
    spam.queue_again()
    acts = [event for event, _ in session._loop.log.acts()][-4:]
    told = [session._loop.guiding.describe(event) for event in acts]
    assert told[0] == "example of spam kept"
    assert told[1] == "counter-example of spam kept"
    assert told[2] == "example removed from the guidance"
    assert told[3].startswith("guidance of spam changed: ")


def test_guidelines_are_on_the_data_card_and_sent_out(session: hitl.Session, tmp_path: Path) -> None:
    session.teach.guidelines["spam"] = "wants money"
    session.teach.guidelines["spam"].text = "wants <money>"
    session.teach.guidelines["spam"].add_example("r3", "asks for a *fee*")
    session.teach.guidelines["ham"].add_counterexample("r4")
    for path in (
        session.export(tmp_path / "out.csv"),
        export_stored(tmp_path / "l.sqlite", tmp_path / "stored.csv"),
    ):
        told = path.with_name(f"{path.name}.card.md").read_text()
        assert "| spam | 3 |" in told
        assert "| annotator 1 | wants &lt;money&gt; | 1 | 0 |" in told
        assert "| spam | yes | r3 | asks for a \\*fee\\* |" in told
        assert "| ham | no | r4 |  |" in told
    sent = session.export_tasks(tmp_path / "out", ids=["r4", "r5"])
    page = sent.files[0].read_text()
    assert "spam. asks for a *fee*" in page
    assert "not ham" not in page  # r4 is asked
    table = session.guidance().fillna({"id": ""})
    assert table[["class", "id", "counter"]].to_numpy().tolist() == [
        ["spam", "", False],
        ["spam", "r3", False],
        ["ham", "r4", True],
    ]


def test_the_card_tells_and_takes_guidance(session: hitl.Session, bundles: None) -> None:
    label(session, range(25, 35))
    widget, sent = Labeler(session), list[dict[str, Any]]()
    widget.send = lambda told, _=None: sent.append(json.loads(json.dumps(told)))  # type: ignore[method-assign]

    def say(type_: str, **more: Any) -> str:
        id_ = new_event_id()
        widget._receive(widget, {"type": type_, "id": id_, **more}, [])
        return id_

    def last(type_: str) -> dict[str, Any]:
        return next(m for m in reversed(sent) if m["type"] == type_)

    say("hello", view=VIEW)
    assert all(m["type"] != "guidance" for m in sent)
    key = session.pool.keys[3]
    act = say("guide", key=key, of="spam", counter=True, because="no fee")
    until(lambda: any(m["type"] == "guidance" for m in sent))
    [one] = last("guidance")["precedents"]
    assert one == {
        "row": 3, "codes": [0], "counter": True, "kept": True, "item": "message 3",
        "because": "no fee", "by": "ann",
    }  # fmt: skip
    # Sent twice, kept once.
    widget._receive(
        widget, {"type": "guide", "id": act, "key": key, "of": "spam", "counter": True, "because": ""}, []
    )
    assert len(session.teach.guidelines["spam"].versions) == 1
    n = last("guidance")["guidelines"][0]["n_touched"]
    assert n >= 5
    say("requeue", of="spam")
    until(lambda: len(last("guidance")["waiting"]) == n)
    say("suspected", view=VIEW)
    until(lambda: any(m["type"] == "suspects" for m in sent))
    asks = last("suspects")["queue"]
    assert [ask["row"] for ask in asks[:n]] == last("guidance")["waiting"]
    assert asks[0]["reason"] == "the guidance of spam has changed since this label"
    assert asks[0]["doubtful"] == {"codes": [0], "by": ""}
    say("requeue", of="ham")
    assert last("refused")["why"].startswith("There is nothing to queue")
    say("guide", key=key, of="spam", counter=None, because="")
    until(lambda: last("guidance")["precedents"] == [])
    widget.close()


def test_a_cell_that_sets_the_text_can_be_run_again_and_other_values_are_refused(
    session: hitl.Session,
) -> None:
    spam = session.teach.guidelines["spam"]
    for _ in range(2):
        spam.text = "wants money"
        session.teach.guidelines["spam"] = "wants money"
    assert len(spam.versions) == 1
    with pytest.raises(InvalidInput, match="text=3: expected text"):
        spam.text = 3  # type: ignore[assignment]


def test_a_guideline_in_a_variable_follows_a_merge(session: hitl.Session) -> None:
    session.classes.add("junk")
    junk = session.teach.guidelines["junk"]
    junk.add_example("r1")
    session.classes.merge(["junk", "spam"], into="spam")
    assert (junk.name, [one.id for one in junk.examples]) == ("spam", ["r1"])
    junk.text = "wants money"
    junk.add_example("r2")
    junk.remove_example("r1")
    spam = session.teach.guidelines["spam"]
    assert (spam.text, [one.id for one in spam.examples]) == ("wants money", ["r2"])
    assert junk.versions == spam.versions
    assert repr(spam) == "<Guideline of 'spam': 'wants money', 1 example, 0 counter-examples>"


def test_a_question_without_classes_has_no_guidelines_and_says_so(tmp_path: Path) -> None:
    with opened(tmp_path, classes=None, question=hitl.Question.number(0, 10)) as session:
        found = session.teach.guidelines
        assert repr(found) == "<guidelines of no classes>"
        assert "asks for a number" in found._repr_markdown_()
        with pytest.raises(KeyError, match="asks for a number"):
            found["spam"]
