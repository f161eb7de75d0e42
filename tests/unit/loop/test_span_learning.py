"""In a session about spans, a tagger learns in the background, suggests spans and orders the questions."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.loop import tagging
from hitl_widgets.widgets.labeler.widget import Labeler

NAMES = ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Emmy Noether", "Kurt Gödel"]
N = 60
START = 10


def text(i: int) -> str:
    form = ["{} gave talk {} in Rome.", "In Rome, talk {1} was given by {0}.", "Nobody gave talk {1}."][i % 3]
    return form.format(NAMES[i % 5], i)


def spans(i: int) -> list[dict[str, Any]]:
    name = NAMES[i % 5]
    at = text(i).find(name)
    return [] if at < 0 else [{"start": at, "end": at + len(name), "label": "person"}]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "START", START)
    monkeypatch.setattr(tagging, "PAUSE", 0.05)
    monkeypatch.setattr(tagging, "SHARE", 0.0)


def session(**options: Any) -> hitl.Session:
    X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)  # the map plays no part here
    given = {"store": ":memory:", "random_state": 0, "audit": 0.0, "X": X} | options
    return hitl.Session(
        [text(i) for i in range(N)], question=hitl.Question.spans(["person", "place"]), **given
    )


def row_of(made: hitl.Session, i: int) -> int:
    return made.pool.items.index(text(i))


def label(made: hitl.Session, rows: range) -> None:
    for i in rows:
        made.label(made.pool.ids[row_of(made, i)], spans(i))


def suggested(made: hitl.Session, i: int) -> Any:
    assert made._loop.suggesting is not None
    answer, why = made._loop.suggesting.of([row_of(made, i)])[row_of(made, i)]
    assert why == ""
    return answer


def learned(made: hitl.Session) -> tagging.Tagging:
    found = made._loop.background.tagging
    assert found is not None
    return found


@pytest.mark.parametrize("crf", [True, False])
def test_spans_are_suggested_from_the_first_enough_labels_on_and_renewed(
    crf: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not crf:
        monkeypatch.setitem(sys.modules, "pycrfsuite", None)
    with session() as made:
        label(made, range(START - 1))
        made.wait()
        assert suggested(made, 30) is None
        assert learned(made).generation == 0
        label(made, range(START - 1, 24))
        until(lambda: learned(made).doubts is not None)
        until(lambda: suggested(made, 30) == {"spans": [[0, 12, "person"]]})
        assert suggested(made, 32) is None  # nobody
        before = learned(made).generation
        made.classes.rename("person", "human")
        made.label(made.pool.ids[row_of(made, 40)], [])
        until(lambda: learned(made).generation > before)
        assert suggested(made, 30) == {"spans": [[0, 12, "person"]]}, "the log has the id of the class"
        for _ in range(24 - START + 3):
            made.undo()
        until(lambda: learned(made).doubts is None)
        assert suggested(made, 30) is None, "too few again"


def test_what_the_tagger_is_unsure_about_is_asked_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with session() as made:
        label(made, range(24))
        until(lambda: made.round is not None and made.round.doubts is not None)
        made.wait()
        found = made.round
        assert found is not None
        assert found.doubts is learned(made).doubts
        assert found.doubts is not None
        first = found.suggestions[0]
        assert first.reason.startswith("unsure about “")
        assert first.reason[14:-1].strip("\u2068\u2069") in made.pool.items[first.index]
        left = [i for i in range(N) if made._loop.labels.y[i] < 0]
        assert found.doubts.values[first.index] >= sorted(found.doubts.values[left])[len(left) // 2]
    with session(strategy="margin") as made:
        label(made, range(24))
        until(lambda: learned(made).doubts is not None)
        made.wait()
        assert made.round is not None
        assert made.round.doubts is None, "another strategy was chosen"


def test_the_users_suggestions_come_first() -> None:
    with session(suggest=lambda texts: [[] for _ in texts]) as made:
        label(made, range(24))
        until(lambda: learned(made).doubts is not None)
        assert suggested(made, 30) == {"spans": []}


def test_the_page_gets_the_number_of_the_suggestions_and_none_for_blind_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with session(audit=0.5) as made:
        label(made, range(24))
        until(lambda: learned(made).doubts is not None)
        made.wait()
        labeler, sent = Labeler(made), []
        monkeypatch.setattr(labeler, "send", lambda message, *_: sent.append(message))
        labeler._receive(labeler, {"id": new_event_id(), "type": "hello", "view": "the-one-view"}, [])
        until(lambda: any("suggests" in message for message in sent))
        (welcome,) = (message for message in sent if "suggests" in message)
        assert welcome["suggests"]
        assert welcome["suggestions"] == learned(made).generation > 0
        blind = [ask["row"] for ask in welcome["queue"] if ask["blind"]]
        others = {row_of(made, i) for i in range(24, N) if spans(i)}
        seen = sorted(others.difference(made._loop.blind.rows(made._loop.labels).tolist()))[:10]
        assert blind
        assert seen
        asked = {"id": new_event_id(), "type": "answers", "view": "the-one-view", "rows": [*blind, *seen]}
        labeler._receive(labeler, asked, [])
        until(lambda: any("answers" in message for message in sent))
        (answers,) = (message["answers"] for message in sent if "answers" in message)
        told = {one["row"]: one["suggested"] for one in answers}
        assert [told[row] for row in blind] == [None] * len(blind)
        assert all(told[row]["spans"] for row in seen)
        labeler.close()


def test_a_failure_is_said_and_labeling_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def fit(self, *_: Any) -> Any:
            raise ValueError("no luck")

    monkeypatch.setattr(tagging, "tagger", Broken)
    with session() as made:
        label(made, range(START))
        until(lambda: "Spans could not be learned" in made._loop.background.trouble)
        assert "no luck" in made._loop.background.trouble
        monkeypatch.undo()
        with pytest.warns(RuntimeWarning, match="no luck"):
            made.wait()
        assert made.query()


def test_other_questions_have_no_tagger() -> None:
    with hitl.Session([text(i) for i in range(N)], classes=["a", "b"], store=":memory:") as made:
        assert made._loop.background.tagging is None
        assert made._loop.suggesting is None


def test_importing_the_package_imports_no_crf() -> None:
    import subprocess

    code = "import hitl_widgets.session, hitl_widgets.loop.tagging, sys; print('pycrfsuite' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
