"""The contract of the modes, for every kind of question: verify, correct and demonstrate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.discovery import kinds_in
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.round import Suggestion
from hitl_widgets.questions import rle
from hitl_widgets.questions.base import kind_of
from hitl_widgets.session import Session
from hitl_widgets.widgets.labeler.messages import Answers, AnswersMessage, LabelerWelcome, QueueMessage
from hitl_widgets.widgets.labeler.widget import Labeler
from hitl_widgets.widgets.shared.acts import act
from hitl_widgets.widgets.shared.marks import BLIND, marks_of
from hitl_widgets.widgets.shared.messages import Label

N = 24
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3)).astype(np.float32)
DISC = np.hypot(*np.mgrid[-8:8, -10:10]) < 5


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"r{i}" for i in range(N)], **columns})


TEXTS = table(a=[f"Ada met Bo {i} times" for i in range(N)], b=[f"Bo {i}" for i in range(N)], c=["-"] * N)
IMAGES = table(image=list(RNG.integers(0, 255, (N, 16, 20, 3), np.uint8)))
SOUNDS = table(sound=[(np.full(8000, i, np.int16), 8000) for i in range(N)])
SHOWN: dict[str, dict[str, Any]] = {
    "text": {"data": TEXTS, "text": "a"},
    "list": {"data": TEXTS, "text": ["a", "b"]},
    "lists": {"data": TEXTS, "text": ["a", "b", "c"]},
    "image": {"data": IMAGES, "image": "image"},
    "sound": {"data": SOUNDS, "item": "sound", "kind": "audio"},
}


def mask(pixels: Any) -> dict[str, Any]:
    size, counts = rle.from_mask(pixels)
    return {"size": list(size), "counts": counts, "label": "a"}


Q, BOX = hitl.Question, {"x": 1, "y": 2, "width": 3, "height": 4, "label": "a"}
HEARD = {"start": 0.1, "end": 0.5, "speaker": "a", "text": "yes"}
CORNERS = [[1, 1], [9, 1], [5, 8]]
FORM = Q.form({"topic": Q.choice(["a", "b"]), "tone": Q.rating(3), "why": Q.text()}, optional=["why"])
# For each kind: what is shown, the question, the suggested answer, and another one.
KINDS: dict[str, tuple[str, Any, Any, Any]] = {
    "choice": ("text", Q.choice(["a", "b"]), "a", "b"),
    "choices": ("text", Q.choices(["a", "b"]), ["a", "b"], []),
    "rating": ("text", Q.rating(5), 4, 2),
    "number": ("text", Q.number(0, 10), 7, 3),
    "text": ("text", Q.text("What?"), "met Bo", "met Mo"),
    "spans": ("text", Q.spans(["a"]), [{"start": 0, "end": 3, "label": "a"}], []),
    "pair": ("list", Q.pair("Which?", reason=True), "first", "second"),
    "ranking": ("lists", Q.ranking("Which order?"), [2, 1, 3], [1, 2, 3]),
    "form": ("text", FORM, {"topic": "a", "tone": 1}, {"topic": "b", "tone": 3, "why": "it is"}),
    "boxes": ("image", Q.boxes(["a"]), [BOX], [BOX | {"x": 1.25}]),
    "points": ("image", Q.points(["a"]), [{"x": 3, "y": 4, "label": "a"}], []),
    "polygons": ("image", Q.polygons(["a"]), [{"points": CORNERS, "label": "a"}], []),
    "masks": ("image", Q.masks(["a"]), [mask(DISC)], [mask(~DISC)]),
    "ranges": ("sound", Q.ranges(["a"]), [{"start": 0.1, "end": 0.5, "label": "a"}], []),
    "transcript": ("sound", Q.transcript(["a"]), [HEARD], [HEARD | {"text": "no"}]),
}
# What a page adds to an answer, which is not part of what was said.
MORE = {"pair": {"left": "second", "reason": "why not"}, "ranking": {"shown": [3, 1, 2]}}
every = pytest.mark.parametrize("name", KINDS)
# Kinds whose answers a model predicts; spans have a model of their own, from 30 texts on.
PREDICTED = [name for name in KINDS if kind_of(name).predicts]


def test_all_kinds_are_here() -> None:
    import hitl_widgets.questions

    assert {kind.name for kind in kinds_in(hitl_widgets.questions)} == set(KINDS)


def opened(name: str, mode: str, **how: Any) -> Session:
    shown, question, suggested, _ = KINDS[name]
    features = {"list": np.stack([X, -X], axis=1), "lists": np.stack([X, -X, X / 2], axis=1)}.get(shown, X)
    given: dict[str, Any] = {
        "X": features,
        "id": "id",
        "store": ":memory:",
        "annotator": "ann",
        "random_state": 0,
    }
    given |= {"audit": 0, "suggest": lambda items: [suggested] * len(items)} | how
    return hitl.Session(**SHOWN[shown], question=question, mode=mode, **given)


def answer(session: Session, row: int, value: Any, n: int) -> Any:
    """Answer an item as a page does; return the acknowledgement."""
    written = session._loop.acts._said(value) | MORE.get(session.schema.kind, {})
    key = session.pool.keys[row]
    return act(
        session._loop, Label(id=f"act-{n:05d}", value="x", answer=written, selection="suggested", key=key)
    )


@every
def test_answers_are_compared_with_suggestions_shown_and_hidden(name: str) -> None:
    _, _, suggested, other = KINDS[name]
    with opened(name, "correct") as made:
        made._loop.blind.issue([Suggestion(row, "", audit=True) for row in (0, 1)])
        for row, value in enumerate([suggested, other, suggested, other, other]):
            assert answer(made, row, value, row).beside is None
        found = made.verification()
        assert found.loc["shown", ["n", "changed"]].tolist() == [3, 2]
        assert found.loc["hidden", ["n", "changed"]].tolist() == [2, 1]
        assert "demonstrated" not in made.labels()


@every
def test_a_demonstration_is_compared_afterwards_and_told_apart(name: str, tmp_path: Path) -> None:
    _, _, suggested, other = KINDS[name]
    with opened(name, "demonstrate") as made:
        same, different = answer(made, 0, suggested, 0), answer(made, 1, other, 1)
        assert same.beside.startswith("The suggestion was ")
        assert same.beside.endswith(": the same as your answer.")
        assert different.beside.endswith(": different from your answer.")
        assert made.verification().loc["hidden", ["n", "changed"]].tolist() == [2, 1]
        assert made.verification().loc["shown", "n"] == 0
        answer(made, 1, suggested, 2)  # after the suggestion was shown
        made.label("r3", other)  # from Python
        assert made.labels().set_index("id")["demonstrated"].to_dict() == {
            "r0": True,
            "r1": False,
            "r3": False,
        }
        past = made.history()
        assert past.loc[past["kind"] == "label", "demonstrated"].tolist() == [True, True, False, False]
        for ending in ("csv", "jsonl"):
            path = made.export(tmp_path / f"out.{ending}", names=True)
    with opened(name, "annotate", suggest=None) as again:
        again.import_labels(path)
        assert again.labels()["demonstrated"].tolist() == [True, False, False]
    assert pd.read_csv(tmp_path / "out.csv")["demonstrated"].tolist() == [True, False, False]
    assert "without any prediction in sight" in (tmp_path / "out.csv.card.md").read_text(encoding="utf-8")


@every
def test_before_a_demonstration_nothing_tells_what_is_predicted(name: str) -> None:
    _, _, suggested, other = KINDS[name]
    with opened(name, "demonstrate") as made:
        for row in range(12):
            made.label(f"r{row}", suggested if row % 2 else other)
        made.wait()
        view, told = Labeler(made), []
        view._unsubscribe()  # nothing but what is asked for here
        view._post = lambda message, *_: told.append(message)  # type: ignore[method-assign]
        view._greet("v")
        view._on_change("round")
        view._tell_answers(Answers(id="1", view="v", rows=tuple(range(8, 20))))
        [welcome, queue, answers] = told
        assert isinstance(welcome, LabelerWelcome)
        assert isinstance(queue, QueueMessage)
        assert welcome.mode == "demonstrate"
        for ask in (*welcome.queue, *queue.queue):
            assert ask.blind
            assert ask.guess is None
            assert ask.reason == "show how it is done: nothing is suggested"
        assert isinstance(answers, AnswersMessage)
        for one in answers.answers:
            assert (one.suggested is None) == (one.row >= 12)
        given, guessed, doubt = marks_of(made._loop, "")
        for marks in (given, guessed, doubt):
            assert (marks[12:] == BLIND).all()
        assert (given[:12] != BLIND).all()
        assert all(member.guess is None for member in view._members(np.arange(12, 20), made._loop.labels))
        if name in PREDICTED:
            assert set(made.find("disagrees")) <= {f"r{row}" for row in range(12)}


@pytest.mark.parametrize("name", PREDICTED)
def test_what_the_model_predicts_is_verified_without_a_column(name: str) -> None:
    _, _, suggested, other = KINDS[name]
    with opened(name, "verify", suggest=None) as made:
        for row in range(18):
            made.label(f"r{row}", suggested if X[row, 0] > 0 else other)
        made.wait()
        assert made._loop.suggesting is not None
        for row in range(18, N):
            found, why = made._loop.suggesting.of([row])[row]
            assert (found is not None, why) == (True, "")
            answer(made, row, found, row)
        assert made.verification().loc["shown", ["n", "changed"]].tolist() == [N - 18, 0]


@pytest.mark.parametrize("name", [name for name in KINDS if name not in PREDICTED and name != "spans"])
def test_without_anything_to_verify_it_is_said_before_anything_is_written(name: str, tmp_path: Path) -> None:
    for mode in ("verify", "correct"):
        with pytest.raises(InvalidInput, match=f"mode='{mode}' needs suggested answers.*Pass suggest="):
            opened(name, mode, suggest=None, store=tmp_path / "labels.sqlite")
    assert not (tmp_path / "labels.sqlite").exists()
    with opened(name, "demonstrate", suggest=None) as made:
        assert answer(made, 0, KINDS[name][2], 0).beside is None
        assert made.labels()["demonstrated"].tolist() == [True]


@every
def test_an_unknown_mode_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"mode='corect': expected one of 'annotate'.*Did you mean"):
        opened(name, "corect")


def test_a_sweep_has_no_other_mode() -> None:
    with pytest.raises(InvalidInput, match="omit mode='demonstrate'"):
        opened("choice", "demonstrate", suggest=None, sweep="a")


def test_a_demonstration_that_is_restored_stays_one() -> None:
    with opened("choice", "demonstrate") as made:
        answer(made, 0, "b", 0)
        made.undo()
        answer(made, 1, "b", 1)
        made.restore("act-00000")
        assert made.labels()["demonstrated"].tolist() == [True, True]
        assert made.verification().loc["hidden", ["n", "changed"]].tolist() == [2, 2]
