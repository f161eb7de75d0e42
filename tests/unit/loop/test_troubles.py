"""Failures in the background are retried or reported: on the card, on the map, in the Monitor."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Told, clouds, until
from hitl_widgets.background import worker
from hitl_widgets.background.worker import half_imported
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError
from hitl_widgets.items.base import Payload
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.loop import asking
from hitl_widgets.loop.background import Background
from hitl_widgets.loop.troubles import Troubles, in_words
from hitl_widgets.maps import preparation as mapping
from hitl_widgets.session import Session
from hitl_widgets.widgets.explorer import Explorer
from hitl_widgets.widgets.labeler import Labeler
from hitl_widgets.widgets.monitor import Monitor

Make = Callable[..., Session]
HALF = "cannot import name 'x' from partially initialized module 'y' (most likely due to a circular import)"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(mapping, "PAUSES", (0.01, 0.01))


class Fails:
    """Raises a number of times, then works."""

    def __init__(self, error: BaseException, times: int, works: Callable[..., Any]) -> None:
        self.error, self.left, self.works, self.calls = error, times, works, 0

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        if self.left > 0:
            self.left -= 1
            raise self.error
        return self.works(*args, **options)


def chained(error: Exception) -> Exception:
    outer = HitlError("the model failed")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (ImportError(HALF), True),
        (AttributeError("partially initialized module 'numpy' has no attribute 'x'"), True),
        (chained(ImportError(HALF)), True),
        (ModuleNotFoundError("No module named 'torch'"), False),
        (ValueError("no"), False),
        (None, False),
    ],
)
def test_what_is_half_imported_is_known(error: Exception | None, passing: bool) -> None:
    assert half_imported(error) is passing


def test_troubles_are_told_once_and_say_what_to_do() -> None:
    troubles = Troubles()
    assert troubles.words() == ""
    assert troubles.note("map", HitlError("No memory."))
    assert not troubles.note("map", HitlError("No memory."))
    assert troubles.words() == "The map remains a preview: No memory. session.retry() tries again."
    assert troubles.words(("model",)) == ""
    assert troubles.note("map", None)
    assert not troubles.note("map", None)
    assert in_words(ValueError()) == "ValueError"


class Importing(LinearLearner):
    """An estimator whose library is still being imported by another thread."""

    failing: Any = None

    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Any:
        if self.failing is not None:
            self.failing()
        return super().start(X, n_classes, affinity)


def test_a_round_that_failed_on_a_half_imported_module_is_made_again(make_session: Make) -> None:
    learner = Importing()
    learner.failing = Fails(ImportError(HALF), 2, lambda: None)
    session = make_session(learner=learner)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for row, value in enumerate("abab"):
            session._loop.acts.label([row], value)
        found = session.wait(20)
    assert found.learned
    assert found.error == ""
    assert session.trouble == ""


def test_so_is_a_strategy(make_session: Make) -> None:
    strategy = Fails(ImportError(HALF), 2, lambda proba, context: np.ones(len(proba)))
    session = make_session(strategy=strategy)
    for row, value in enumerate("ab" * 6):
        session._loop.acts.label([row], value)
    assert session.wait(20).error == ""
    assert strategy.calls >= 3


def test_one_that_fails_for_ever_is_said_on_the_card_and_works_after_retry(
    make_session: Make, bundles: None
) -> None:
    learner = Importing()
    learner.failing = Fails(ImportError(HALF), 10**6, lambda: None)
    session = make_session(learner=learner)
    told = Told(session)
    session._loop.acts.label([0], "a")
    told.wait_until(lambda: "cannot import name 'x'" in session.trouble)
    for state in (Labeler(session)._state(session._loop.labels), Monitor(session)._state()):
        assert "cannot import name 'x'" in state["error"]
        assert "session.retry()" in state["error"]
    with pytest.raises(HitlError, match="cannot import name"):
        session.wait(20)
    learner.failing.left = 0
    session.retry()
    told.wait_until(lambda: not session.trouble)
    assert session.wait(20).learned


@pytest.mark.parametrize("part", ["start", "audit", "graph", "news"])
def test_each_worker_that_fails_is_said_in_the_monitor(
    part: str, make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise MemoryError(f"no room for {part}")

    if part == "start":
        monkeypatch.setattr(asking, "kmeans_start", fails)
    elif part == "audit":
        monkeypatch.setattr("hitl_widgets.loop.trainer.accuracy_estimate", fails)
    elif part == "news":
        monkeypatch.setattr(Background, "_tell_labels", fails)
    session = make_session(learner=OnNoGraph() if part == "graph" else "auto", audit=1.0)
    told = Told(session)
    for id_, value in zip(session.query(4), "abab", strict=True):
        session.label(id_, value)
    told.wait_until(lambda: f"no room for {part}" in session.trouble)
    assert f"no room for {part}" in Monitor(session)._state()["error"]
    with pytest.warns(RuntimeWarning, match=f"no room for {part}"):
        assert session.wait(20).learned


class OnNoGraph(LinearLearner):
    def start(self, X: Any, n_classes: int, affinity: Any = None) -> Any:
        if affinity is not None:
            raise MemoryError("no room for graph")
        return super().start(X, n_classes, affinity)


def test_features_that_fail_are_said_everywhere_and_made_again_by_the_button(
    no_umap: None, bundles: None
) -> None:
    X, _ = clouds()
    embed = Fails(OSError("the disk is away"), 1, lambda items: X[: len(items)])
    with Session([f"item {i}" for i in range(60)], embed=embed, classes=["a", "b"],
                 store=":memory:") as session:  # fmt: skip
        told = Told(session)
        told.wait_until(lambda: session._loop.background.error is not None)
        states = [Labeler(session)._state(session._loop.labels), Monitor(session)._state()]
        explorer, posted = Explorer(session), []
        explorer._post = lambda content, buffers=None: posted.append(content)  # type: ignore[method-assign]
        explorer._greet("view-12345")
        for words in [*(state["error"] for state in states), posted[0].trouble]:
            assert "the disk is away" in words
        with pytest.raises(HitlError, match="the disk is away"):
            session.wait(20)
        explorer._receive(None, {"type": "retry", "id": "12345678", "view": "view-12345"}, [])
        told.wait_until(lambda: session.round is not None and session.round.has_features)
        assert session._loop.background.error is None
        assert session.trouble == ""
        assert session.wait(20).has_features
        assert getattr(posted[-1], "trouble", "") == ""


@pytest.mark.parametrize("when", ["error", "stage"])
def test_a_retry_at_the_moment_of_the_failure_is_not_lost(no_umap: None, bundles: None, when: str) -> None:
    X, _ = clouds()
    subscribed = threading.Event()
    embed = Fails(OSError("the disk is away"), 1, lambda items: X[: len(items)])
    with Session([f"item {i}" for i in range(60)], embed=lambda items: subscribed.wait(20) and embed(items),
                 classes=["a", "b"], store=":memory:") as session:  # fmt: skip
        # Called from the failed thread, which is still running at that time.
        session._loop.subscribe(
            lambda what: session.retry() if what == when and session._loop.background.error else None
        )
        told = Told(session)
        subscribed.set()
        told.wait_until(lambda: session.round is not None and session.round.has_features)
        assert session.trouble == ""
    assert embed.calls == 2


def test_features_that_need_a_half_imported_module_are_made_again_by_themselves(no_umap: None) -> None:
    X, _ = clouds()
    embed = Fails(ImportError(HALF), 2, lambda items: X[: len(items)])
    with Session([f"item {i}" for i in range(60)], embed=embed, classes=["a", "b"],
                 store=":memory:") as session:  # fmt: skip
        assert session.wait(20).has_features
    assert embed.calls == 3


def test_a_view_that_fails_once_is_told_again_and_one_that_fails_always_is_said(make_session: Make) -> None:
    session = make_session()
    session.wait(20)
    heard: list[str] = []
    listener = Fails(ImportError(HALF), 1, heard.append)
    session._loop.subscribe(listener)
    session._loop._tell("labels")
    assert heard == ["labels"]
    assert session.trouble == ""
    listener.left = 10**6
    with pytest.warns(RuntimeWarning, match="A view of the session failed"):
        session._loop._tell("labels")
    assert "A widget could not follow the session" in session.trouble
    listener.left = 0
    session._loop._tell("labels")
    assert session.trouble == ""


def test_retry_does_nothing_where_nothing_failed(make_session: Make) -> None:
    session = make_session()
    session.wait(20)
    until(lambda: session.stage is None)  # the model has its neighbours before the map has its groups
    before = session.map
    session.retry()
    assert session.map is before
    assert session.stage is None
    session.close()
    with pytest.raises(HitlError, match="closed"):
        session.retry()


def test_an_item_that_cannot_be_shown_does_not_hide_the_others(
    make_session: Make, bundles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session()
    labeler, posted = Labeler(session), []
    labeler._post = lambda content, buffers=None: posted.append(content)  # type: ignore[method-assign]

    def payload(i: int) -> Payload:
        if i == 1:
            raise MemoryError("a huge picture")
        return Payload({"kind": "text", "text": str(i)})

    monkeypatch.setattr(Pool, "payload", lambda _, i, size, **how: payload(i))
    labeler._receive(None, {"type": "show", "id": "12345678", "view": "view-12345", "rows": [0, 1, 2]}, [])
    items = {item.row: item.content for message in posted for item in getattr(message, "items", ())}
    assert items[0]["text"] == "0"
    assert items[2]["text"] == "2"
    assert "a huge picture" in items[1]["why"]


HALF_IMPORTING = """
import sys, threading, time
from pathlib import Path
folder = Path(sys.argv[1])
import hitl_widgets as hitl
hitl.Session  # all that is ours is here
assert "pandas" not in sys.modules
began = threading.Event()
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("pandas.core"):
            began.set()
            time.sleep(.02)
sys.meta_path.insert(0, Slow())
thread = threading.Thread(target=lambda: __import__("pandas"))
thread.start()
assert began.wait(20)
session = hitl.Session(["one", "two", "three"] * 5, classes=["a", "b"], store=":memory:")
print(len(session.pool))
session.close()
"""


def test_a_session_waits_for_a_library_that_another_thread_is_importing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HALF_IMPORTING, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout == "3\n", done.stderr[-2_000:]
