"""A session that is neither shown nor referenced is closed; a referenced one stays."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

from helpers import clouds, until
from hitl_widgets.errors import HitlError
from hitl_widgets.session import Session
from hitl_widgets.widgets import screens
from hitl_widgets.widgets.labeler.messages import LabelerWelcome
from hitl_widgets.widgets.workbench import Workbench

VIEW = "view-{}"


@pytest.fixture(autouse=True)
def no_garbage_collection(no_umap: None, bundles: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Disable garbage collection: nothing may depend on it, because it may never run."""
    monkeypatch.setattr(screens, "GRACE", 0.05)
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def make(folder: Path) -> Session:
    return Session(clouds()[0], classes=["a", "b"], store=folder / "labels.sqlite", random_state=0)


def say(workbench: Workbench, what: str, view: int = 0) -> None:
    for k, widget in enumerate(workbench.views):
        message = {"type": what, "id": "12345678", "view": f"view-{view}-{k}"}
        widget._receive(widget, message, [])


def threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.name.startswith("hitl-")}


def test_a_session_that_nobody_holds_ends_at_once(tmp_path: Path) -> None:
    before = threads()
    session = make(tmp_path)
    session._loop.acts.label([0], "a")
    session.wait(20)
    store, gone = weakref.ref(session.store), weakref.ref(session)
    del session
    until(lambda: gone() is None)
    until(lambda: threads() <= before)
    until(lambda: store() is None)
    with make(tmp_path) as again:
        assert again.n_labels == 1


def test_one_that_nobody_holds_ends_while_its_map_is_drawn(tmp_path: Path) -> None:
    before = threads()
    gone = weakref.ref(make(tmp_path))
    until(lambda: gone() is None)
    until(lambda: threads() <= before)


def test_five_that_were_shown_in_a_callback_and_cleared_leave_nothing(tmp_path: Path) -> None:
    def widgets() -> set[str]:
        """Without layouts, which ipywidgets keeps."""
        every = ipywidgets.widgets.widget._instances
        return {name for name, widget in list(every.items()) if isinstance(widget, ipywidgets.DOMWidget)}

    before, known = threads(), widgets()
    gone: list[Any] = []

    def click(n: int) -> Workbench:
        session = make(tmp_path)
        gone.append(weakref.ref(session))
        workbench = Workbench.unheld(session)
        say(workbench, "hello", n)
        return workbench

    shown = [click(n) for n in range(5)]
    time.sleep(0.2)
    assert all(ref() is not None for ref in gone)
    for n, workbench in enumerate(shown):
        say(workbench, "bye", n)
    until(lambda: not any(ref() for ref in gone))
    until(lambda: threads() <= before)
    until(lambda: widgets() <= known)


def test_one_that_no_page_ever_showed_ends_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "FIRST", 0.05)
    session = make(tmp_path)
    gone = weakref.ref(session)
    Workbench.unheld(session)
    del session
    until(lambda: gone() is None)


def test_one_that_another_view_shows_stays(tmp_path: Path) -> None:
    session = make(tmp_path)
    gone, workbench = weakref.ref(session), Workbench.unheld(session)
    del session
    say(workbench, "hello", 0)
    say(workbench, "hello", 1)
    say(workbench, "bye", 0)
    time.sleep(0.3)
    assert gone() is not None
    say(workbench, "bye", 1)
    say(workbench, "hello", 2)  # moved to another position on the page
    time.sleep(0.3)
    assert gone() is not None
    gone().close()
    say(workbench, "bye", 2)
    until(lambda: gone() is None)


def test_one_that_a_variable_holds_stays_usable_and_can_be_shown_again(tmp_path: Path) -> None:
    session = make(tmp_path)
    workbench = Workbench.unheld(session)
    say(workbench, "hello")
    say(workbench, "bye")
    time.sleep(0.3)
    session._loop.acts.label([0], "a")
    assert session.wait(20).n_labels == 1
    posted: list[Any] = []
    workbench.labeler._post = lambda content, buffers=None: posted.append(content)
    say(workbench, "hello", 1)
    assert isinstance(posted[0], LabelerWelcome)
    assert posted[0].n_labels == 1
    session.close()


def test_one_that_a_widget_of_the_persons_own_shows_stays(tmp_path: Path) -> None:
    workbench = Workbench(make(tmp_path))
    say(workbench, "hello")
    say(workbench, "bye")
    time.sleep(0.3)
    assert workbench.session.n_labels == 0
    workbench.session.close()


def test_a_widget_whose_session_is_gone_says_so(tmp_path: Path) -> None:
    session = make(tmp_path)
    workbench, gone = Workbench(session), weakref.ref(session)
    workbench.screen._held = None
    del session
    until(lambda: gone() is None)
    with pytest.raises(HitlError, match="Create it again"):
        _ = workbench.session
    workbench.labeler._hear("round")  # a thread that had not ended yet: no output and no error
