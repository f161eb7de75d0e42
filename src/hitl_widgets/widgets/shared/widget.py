"""SessionWidget: base class of all views of a session."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from hitl_widgets.background.turns import behind
from hitl_widgets.errors import HitlError, InvalidInput, a_type
from hitl_widgets.items.base import Payload
from hitl_widgets.loop.loop import Loop, opaque
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import LabelClass
from hitl_widgets.session import Session, loop_of
from hitl_widgets.widgets.cells import enter, running
from hitl_widgets.widgets.channel import ChannelWidget, module
from hitl_widgets.widgets.picture import picture_of
from hitl_widgets.widgets.screens import Screen
from hitl_widgets.widgets.shared import items
from hitl_widgets.widgets.shared import messages as m
from hitl_widgets.widgets.shared.acts import act
from hitl_widgets.widgets.still import Still
from hitl_widgets.widgets.wire import LARGEST, Action, Bye, FromBrowser, Hello, ToBrowser

__all__ = ["SessionWidget"]

# Up to this pool size, acts are handled in the thread in which the message arrives.
AT_ONCE = 10_000

# More characters that an answer may have if it is more than its classes.
LARGEST_ANSWER = 3_000_000

# Changes of what the still picture shows.
PICTURED = {"labels", "round", "schema", "map"}

_queues: WeakKeyDictionary[Loop, dict[str, ThreadPoolExecutor]] = WeakKeyDictionary()


class SessionWidget(ChannelWidget):
    """A view of a session."""

    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells
    _unsubscribe: Callable[[], None] = staticmethod(lambda: None)
    _still: Still | None = None

    def __init__(self, session: Session) -> None:
        if not isinstance(session, Session):
            raise TypeError(f"{type(self).__name__} shows a Session; got {a_type(session)}.")
        self.screen = Screen(session)
        self.run = running()
        loop = loop_of(session)
        super().__init__(loop.key, loop.token)
        enter(self)
        self._unsubscribe = loop.subscribe(self._hear)

    @property
    def session(self) -> Session:
        """The displayed session."""
        return self.screen.session

    @property
    def loop(self) -> Loop:
        """The loop of the session."""
        return loop_of(self.screen.session)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of task {self.loop.task!r}>"

    def close(self) -> None:
        """Remove the widget from the screen; the session stays open."""
        self._unsubscribe()
        if self._still is not None:
            self._still.stop()
        self._still = None
        super().close()

    def _picture(self) -> str:
        return picture_of(self.loop)

    def _displayed_as(self, name: str) -> None:
        known = weakref.ref(self)

        def make() -> dict[str, str] | None:
            widget = known()
            # A closed session has no map: the last picture stays.
            if widget is None or widget._still is None or widget.loop.log.closed:  # noqa: SLF001
                return None
            return widget._fallback()  # noqa: SLF001

        self._still = Still(name, make)

    # -- incoming --------------------------------------------------------------

    def _largest(self) -> int:
        # A selection has one bit per row, and six bits per character.
        composed = kind_of(self.loop.schema.kind).composed
        return LARGEST + len(self.loop.pool) // 4 + (LARGEST_ANSWER if composed else 0)

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case Hello():
                self.screen.hello(message.view)
                self._greet(message.view)
            case Bye():
                self.screen.bye(message.view)
            case m.Show() if self.loop.pool.is_slow:
                # Encoding is slow, so acts go first.
                self._behind("pictures", message, partial(self._show, message, time.monotonic()))
            case m.Show():
                self._show(message, time.monotonic())
            case m.More() if message.ask.get("what") == "segment":
                # The user's function may take long, so neither acts nor images wait for it.
                self._behind("segments", message, partial(self._more, message, time.monotonic()))
            case m.More():
                self._behind("parts", message, partial(self._more, message, time.monotonic()))
            case m.Retry():
                self.loop.background.retry()
            case m.Module():
                self._post(m.ModuleMessage(to=message.view, name=message.name), module(message.name))
            case Action():
                self._in_order(message, partial(self._take, message))
            case _:
                raise NotImplementedError(f"{type(self).__name__} does not handle {message!r}.")

    def _take(self, message: Any) -> None:
        with self.loop.log.from_page(message.late_ms or 0):
            self._post(self._act(message))

    def _act(self, message: m.Act) -> m.Ack:
        return act(self.loop, message)

    def _show(self, message: m.Show, since: float) -> None:
        for told, media in items.shown(self.loop, message, since):
            self._post(told, media)

    def _more(self, message: m.More, since: float) -> None:
        segments = self.loop.segmenting is not None and message.ask.get("what") == "segment"
        make = self._segmented if segments else items.part_of
        self._post(*items.part(message, partial(make, self.loop, message), since))

    def _segmented(self, loop: Loop, message: m.More) -> Payload:
        """The mark that the user's segmenter makes of a box or a point."""
        if message.row >= len(loop.pool) or loop.segmenting is None:
            raise InvalidInput(f"Row {message.row} is not in the pool of {len(loop.pool)} items.")
        mark = loop.segmenting.mark(loop.schema, message.row, message.ask)
        return Payload({"kind": "segment", "at": mark})

    def _in_order(self, message: FromBrowser, job: Callable[[], None], queue: str = "acts") -> None:
        """Run the job after earlier ones; for large pools in a thread, so as not to block the kernel."""
        if len(self.loop.pool) > AT_ONCE:
            _queue_of(self.loop, queue).submit(self._answer, message.id, job)
        else:
            job()

    def _behind(self, queue: str, message: FromBrowser, job: Callable[[], None]) -> None:
        """Run the job in a separate queue when no act is waiting."""

        def done() -> None:
            with behind():
                self._answer(message.id, job, goes_first=False)

        _queue_of(self.loop, queue).submit(done)

    def _later(self, queue: str, job: Callable[[], object]) -> None:
        """Run a job that nobody waits for in a separate queue when no act is waiting."""

        def done() -> None:
            with behind():
                job()

        _queue_of(self.loop, queue).submit(done)

    # -- outgoing --------------------------------------------------------------

    def _greet(self, view: str) -> None:
        """Send the whole state to a new view."""
        raise NotImplementedError

    def _on_change(self, what: str) -> None:
        """Send a change to all views."""
        raise NotImplementedError

    def _hear(self, what: str) -> None:
        try:
            if self._still is not None and what in PICTURED:
                drawn = self.loop.background.map
                self._still.note(at_once=what == "map" and drawn is not None and drawn.settled)
            if what == "schema":
                self._post(self._classes())
            else:
                self._on_change(what)
        except HitlError:
            # The last reference to the session may be dropped while a thread still reports a change.
            if not self.screen.gone:
                raise

    def _classes(self) -> ToBrowser:
        return m.ClassesMessage(**self._question())

    def _about(self) -> m.About:
        loop, store = self.loop, self.loop.store
        return m.About(
            session=loop.token,
            pool=loop.pool.fingerprint,
            place=opaque(store.path or store.name, loop.task, loop.annotator),
            who=opaque(loop.annotator),
            store=store.path.name if store.path else store.name,
            task=loop.task,
        )

    def _question_words(self, question: str) -> str:
        """The question; in a sweep, with the class that it is about."""
        sweep = self.loop.sweep
        return question if sweep is None else f"{question} {sweep.asks()}".strip()

    def _question(self) -> dict[str, Any]:
        """The fields of ``Asked``, with retired classes last."""
        schema = self.loop.schema
        kind = kind_of(schema.kind)
        n, every = len(schema.classes), (*_with(self.loop.log.keys, schema.classes), *schema.retired)
        classes = [
            m.LabelClass(**asdict(c), id=i, retired=k >= n)
            for k, (i, c) in enumerate(zip(schema.ids, every, strict=True))
        ]
        lost = [m.Lost(name, list(to)) for _, name, to in self.loop.log.unanswered]
        return {
            "classes": classes,
            "question": self._question_words(schema.question),
            "asks": schema.kind,
            "settings": {**schema.settings, **({"segment": True} if self.loop.segmenting else {})},
            "composed": kind.composed,
            "bulk": kind.bulk,
            "suggests": self.loop.suggesting is not None,
            "mode": self.loop.mode,
            "lost": lost,
        }


def _with(keys: Iterable[str], classes: Iterable[LabelClass]) -> list[LabelClass]:
    """The classes with these keys."""
    return [replace(c, key=key) for c, key in zip(classes, keys, strict=False)]


def _queue_of(loop: Loop, what: str = "acts") -> ThreadPoolExecutor:
    """A queue of the session, so that a huge lasso or an image does not block the kernel's event loop."""
    queues = _queues.setdefault(loop, {})
    if what not in queues:
        queues[what] = ThreadPoolExecutor(1, thread_name_prefix=f"hitl-{what}")
    return queues[what]
