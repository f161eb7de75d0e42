"""The channel between a widget and its views: validated, acknowledged, resent by the browser."""

from __future__ import annotations

import contextvars
import functools
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import anywidget
import ipywidgets
import msgspec
import traitlets
from IPython.display import display

from hitl_widgets.background.turns import behind, first, give_way
from hitl_widgets.data.rows import decode, encode
from hitl_widgets.errors import BundleMissing, HitlError, InvalidInput, StoreError
from hitl_widgets.items.base import Payload, Size, broken
from hitl_widgets.loop.acts import relabelled, unsaid
from hitl_widgets.loop.loop import Loop, opaque
from hitl_widgets.session import Session, loop_of
from hitl_widgets.widgets import messages as m
from hitl_widgets.widgets.cells import enter, running
from hitl_widgets.widgets.screens import Screen

__all__ = [
    "ChannelWidget",
    "LockedBox",
    "LockedLayout",
    "LockedVBox",
    "SessionWidget",
    "Shown",
    "bundle",
    "plain_fallback",
    "show",
]

STATIC = Path(__file__).parent / "static"
# Items up to which an act is done at once, where the message arrives.
AT_ONCE = 10_000
# Bytes of media in one message.
PARCEL = 200_000
# The longer side of a thumbnail, in pixels.
SMALL = 160
# How a bulk act chose its items, as the map does.
BULK = {"lasso", "rectangle", "cluster"}
# What a message holds beside the act.
WIRE = {"type", "id", "pool", "late_ms"}
OTHER_ROWS = "The table changed since these points were selected: select them again."
OTHER_TABLE = "This was said about another table, or about this one before it changed."
SESSION_WORDS = "hitl-widgets: a labeling session. Run this cell in JupyterLab 4 to go on labeling."

_queues: WeakKeyDictionary[Loop, dict[str, ThreadPoolExecutor]] = WeakKeyDictionary()


@functools.cache
def bundle(name: str) -> str:
    """The text of a built file.

    Raises
    ------
    BundleMissing
        When the JavaScript was not built.
    """
    path = STATIC / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BundleMissing(
            f"The JavaScript of the widgets is missing ({path}). From a source checkout build it with "
            "`make js` (it needs no Node of your own); an installed wheel carries it: reinstall with "
            "pip install --force-reinstall hitl-widgets. Labels and Python are not affected."
        ) from None


class Shown:
    """What shows itself at the end of a cell, and words before it for a notebook that is opened again."""

    def _ipython_display_(self, **options: Any) -> None:
        show(self, **options)


class Locked:
    """What a browser may look at and not change: messages are the one way in."""

    def set_state(self, sync_data: Any) -> None:
        """Refuse: a browser may change no trait."""

    def _handle_msg(self, msg: Any) -> None:
        # ipywidgets' own handler raises for what is no message of its protocol.
        data = msg["content"].get("data")
        method = data.get("method") if isinstance(data, dict) else None
        if method == "request_state" or (method == "custom" and "content" in data):
            super()._handle_msg(msg)  # type: ignore[misc]


class LockedLayout(Locked, ipywidgets.Layout):  # type: ignore[misc]
    """Width, height and place of a widget, as Python set them."""


class LockedBox(Locked, ipywidgets.Box):  # type: ignore[misc]
    """Widgets beside each other, which stay the same ones."""


class LockedVBox(Locked, ipywidgets.VBox):  # type: ignore[misc]
    """Widgets below each other, which stay the same ones."""


class ChannelWidget(Shown, Locked, anywidget.AnyWidget):
    """A widget whose views ask, and are told, by messages.

    State is sent to a view when it says hello, and as messages from then on: traits would be saved with
    the notebook, and of several writes from the browser only the last arrives. The only traits are opaque
    names and the protocol's version.

    Parameters
    ----------
    key
        Names the log that acts are for, the same when the cell is run again.
    session
        Names what is shown, anew each time it is made: views that share it are joined on the page.
    """

    _bundle: ClassVar[str]
    _words: ClassVar[str] = SESSION_WORDS

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _key = traitlets.Unicode().tag(sync=True)
    _session = traitlets.Unicode().tag(sync=True)
    _protocol = traitlets.Int(m.PROTOCOL).tag(sync=True)

    def __init__(self, key: str, session: str) -> None:
        self._wire = threading.RLock()
        self._page = contextvars.copy_context()
        super().__init__(
            _esm=bundle(f"{self._bundle}.js"),
            _css=bundle("hitl.css"),
            _key=key,
            _session=session,
            layout=LockedLayout(),
        )
        self.on_msg(self._receive)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return plain_fallback(super()._repr_mimebundle_(**options), self._words)

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        self._page = contextvars.copy_context()
        name = content.get("id") if isinstance(content, dict) else None
        name = name if isinstance(name, str) and len(name) <= 64 and name.isascii() else ""
        self._answer(name, lambda: self._handle(m.parse(content, buffers, self._largest())))

    def _largest(self) -> int:
        """Characters that a message may have."""
        return m.LARGEST

    def _answer(self, name: str, job: Callable[[], None], *, goes_first: bool = True) -> None:
        try:
            with first() if goes_first else nullcontext():
                job()
        except (InvalidInput, msgspec.ValidationError, RecursionError) as error:
            self._post({"type": "refused", "id": name, "why": m.words(error)})
        except HitlError as error:
            stuck = isinstance(error, StoreError)
            self._post({"type": "failed", "id": name, "why": m.words(error), "stuck": stuck})
        except Exception as error:  # noqa: BLE001 - whatever it is, the browser keeps the label and is told
            self._post({"type": "failed", "id": name, "why": m.words(f"{type(error).__name__}: {error}")})

    def _handle(self, message: m.Message) -> None:
        raise NotImplementedError

    def _post(self, content: dict[str, Any], buffers: list[Any] | None = None) -> None:
        # ipykernel (7.4) takes what the page says next to the shell whose message this one answers, and
        # outside of the page's context that may be a cell: the page would wait until the cell ends.
        page = self._page.copy()
        with self._wire:
            page.run(self.send, m.sendable(content), buffers or [])


class SessionWidget(ChannelWidget):
    """A view on a session."""

    _unsubscribe: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, session: Session) -> None:
        if not isinstance(session, Session):
            raise TypeError(f"{type(self).__name__} shows a Session; got a {type(session).__name__}.")
        self.screen = Screen(session)
        self.run = running()
        loop = loop_of(session)
        super().__init__(loop.key, loop.token)
        enter(self)
        self._unsubscribe = loop.subscribe(self._hear)

    @property
    def session(self) -> Session:
        """The session that is shown."""
        return self.screen.session

    @property
    def loop(self) -> Loop:
        """What the session is made of."""
        return loop_of(self.screen.session)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of task {self.loop.task!r}>"

    def close(self) -> None:
        """Take the widget off the screen; the session goes on."""
        self._unsubscribe()
        super().close()

    # -- in --------------------------------------------------------------------

    def _largest(self) -> int:
        # A selection takes six bits a character for a bit a row.
        return m.LARGEST + len(self.loop.pool) // 4

    def _handle(self, message: m.Message) -> None:  # noqa: PLR0912 - one line for each message
        match message:
            case m.Hello():
                self.screen.hello(message.view)
                self._greet(message.view)
            case m.Bye():
                self.screen.bye(message.view)
            case m.Show() if self.loop.pool.item_kind.in_files:
                # Encoding takes its time: acts go first.
                _queue_of(self.loop, "pictures").submit(self._show_behind, message, time.monotonic())
            case m.Show():
                self._show(message, time.monotonic())
            case m.More():
                _queue_of(self.loop, "parts").submit(self._more_behind, message, time.monotonic())
            case m.Skipped():
                self._look_again(message)
            case m.Shade():
                self._shade(message)
            case m.Groups():
                self.loop.background.regroup(message.scale)
            case m.Retry():
                self.loop.background.retry()
            case m.Vega():
                self._post({"type": "vega", "to": message.view}, [bundle("vega.js").encode()])
            case m.Step() | m.Play():
                raise InvalidInput("This widget shows a session, not a lesson.")
            case _ if len(self.loop.pool) > AT_ONCE:
                _queue_of(self.loop, "acts").submit(self._answer, message.id, partial(self._take, message))
            case _:
                self._take(message)

    def _take(self, message: m.Act | m.Sample | m.Open) -> None:
        match message:
            case m.Sample():
                self._sample(message)
            case m.Open():
                self._open(message)
            case _:
                with self.loop.log.from_page(message.late_ms or 0):
                    self._act(message)

    def _act(self, message: m.Act) -> None:
        loop = self.loop
        if message.pool not in {"", loop.pool.fingerprint}:
            raise InvalidInput(OTHER_ROWS if isinstance(message, m.Label) and message.rows else OTHER_TABLE)
        back = chosen = gone = note = None
        before = 0 if isinstance(message, m.Label | m.Skip) else loop.log.counts[0]
        match message:
            case m.Label():
                self._label(message)
            case m.Skip():
                loop.acts.skip(loop.pool.index([message.key]), event_id=message.id)
            case m.Settle():
                rows = None if message.key is None else loop.pool.index([message.key])
                loop.acts.settle(rows, keep=message.keep, event_id=message.id)
            case m.Undo():
                loop.acts.turn("undo", event_id=message.id)
                back, chosen = self._taken_back(message.id), self._chosen(message.id)
            case m.Redo():
                loop.acts.turn("redo", event_id=message.id)
                gone = (self._taken_back(message.id) or {}).get("key")
            case m.Jump():
                loop.acts.jump(message.act, event_id=message.id)
            case m.Restore():
                _, replaced = loop.acts.restore(message.acts, event_id=message.id)
                note = relabelled(replaced) if replaced else None
            case m.Change():
                change = {part: x for part, x in msgspec.to_builtins(message).items() if part not in WIRE}
                loop.acts.change_classes(change, event_id=message.id)
        n_labels, n_events = loop.log.counts
        if n_labels < before and self._is_change(message):
            note = unsaid(before - n_labels)
        undo, redo = loop.log.can_turn()
        answer = {"type": "ack", "id": message.id, "back": back, "chosen": chosen, "gone": gone, "note": note}
        self._post(answer | {"undo": undo, "redo": redo, "n_labels": n_labels, "n_events": n_events})

    def _label(self, message: m.Label) -> None:
        loop, pool = self.loop, self.loop.pool
        if message.key is not None:
            rows: Any = pool.index([message.key])
        elif message.pool:
            rows = decode(message.rows, len(pool))
        else:
            raise InvalidInput(OTHER_ROWS)
        loop.acts.label(
            rows,
            _answer_of(message),
            selection=message.selection,
            elapsed_ms=message.elapsed_ms,
            event_id=message.id,
        )

    def _is_change(self, message: m.Act) -> bool:
        """Whether it changed what words mean, rather than what was said."""
        target = (
            None if isinstance(message, m.Change | m.Jump | m.Restore) else self.loop.log.turned(message.id)
        )
        return isinstance(message, m.Change) or (target is not None and target.kind == "schema")

    def _taken_back(self, event_id: str) -> dict[str, Any] | None:
        """The item that an undo gives back to the card, or a redo takes: a single one of this pool."""
        target = self.loop.log.turned(event_id)
        if target is None or len(target.item_ids) != 1:
            return None
        row = self.loop.log.row_of(target.item_ids[0])
        if row is None:
            return None
        audit = target.selection == "audit"
        if audit:
            self.loop.blind.draw(row)
        blind = bool((self.loop.blind.rows(self.loop.labels) == row).any())
        ask = {"row": row, "key": self.loop.pool.keys[row], "guess": None, "blind": blind}
        ask |= {"changed": self.loop.log.is_changed(row)}
        return ask | {"reason": "taken back by you", "audit": audit}

    def _chosen(self, event_id: str) -> dict[str, Any] | None:
        """The selection that an undo gives back: the items of a bulk act."""
        target = self.loop.log.turned(event_id)
        found = self._items(target.event_id) if target and len(target.item_ids) > 1 else None
        return found if found and found["n"] else None

    def _items(self, act: str) -> dict[str, Any]:
        rows, missing, how = self.loop.log.items_of(act)
        how = how if how in BULK else "clicked"
        return {"rows": encode(rows), "n": len(rows), "how": how, "missing": missing}

    def _open(self, message: m.Open) -> None:
        """Send which items an act of the annotator was about, as far as they are in this table."""
        self._post({"type": "opened", "to": message.view, "act": message.act, **self._items(message.act)})

    def _show_behind(self, message: m.Show, since: float) -> None:
        with behind():
            self._answer(message.id, partial(self._show, message, since), goes_first=False)

    def _more_behind(self, message: m.More, since: float) -> None:
        with behind():
            self._answer(message.id, partial(self._more, message, since), goes_first=False)

    def _more(self, message: m.More, since: float) -> None:
        """Send a part of an item; the browser asks for the next when this one is there."""
        give_way()
        payload = self._made(partial(self._part, message))
        took = round(1000 * (time.monotonic() - since))
        told = {"type": "part", "to": message.view, "id": message.id, "content": payload.content}
        self._post(told | {"took_ms": took}, [data for _, data in payload.media])

    def _part(self, message: m.More) -> Payload:
        if message.row >= (n := len(self.loop.pool)):
            raise InvalidInput(f"Row {message.row} is not in the pool of {n} items.")
        return self.loop.pool.part(message.row, message.ask, message.most)

    def _show(self, message: m.Show, since: float) -> None:
        """Send the items in order, at least one, and those that fit; say which are left to ask again."""
        n = len(self.loop.pool)
        if (largest := max(message.rows)) >= n:
            raise InvalidInput(f"Row {largest} is not in the pool of {n} items.")
        items: list[dict[str, Any]] = []
        media: list[bytes] = []
        sent = 0
        for at, row in enumerate(message.rows, 1):
            give_way()
            payload = self._payload(row, message)
            mimes, parts = [mime for mime, _ in payload.media], [data for _, data in payload.media]
            items.append({"row": row, "content": payload.content, "media": mimes})
            media += parts
            sent += sum(map(len, parts)) + len(msgspec.json.encode(m.sendable(payload.content)))
            left = message.rows[at:]
            # The next is taken to be as large as those before.
            last = not left or (message.most is not None and sent + sent / at > message.most)
            # One message for many, for each costs the server as much as a label does; but the first
            # picture need not wait for all.
            if last or sum(map(len, media)) > PARCEL:
                # So that the browser can tell a slow line from a slow kernel.
                took = round(1000 * (time.monotonic() - since))
                told = {"type": "items", "to": message.view, "items": items, "took_ms": took}
                self._post(told | {"left": list(left) if last else []}, media)
                items, media = [], []
            if last:
                return

    def _payload(self, row: int, message: m.Show) -> Payload:
        size = Size(side=SMALL, glimpse=True) if message.small else Size()
        return self._made(lambda: self.loop.pool.payload(row, replace(size, most=message.most)))

    def _made(self, make: Callable[[], Payload]) -> Payload:
        """One that cannot be shown says why; the others are shown."""
        try:
            return make()
        except (HitlError, ValueError) as error:  # whose words are for people
            return broken(m.words(error))
        except Exception as error:  # noqa: BLE001
            return broken(m.words(f"{type(error).__name__}: {error}"))

    # -- out -------------------------------------------------------------------

    def _greet(self, view: str) -> None:
        raise NotImplementedError

    def _sample(self, message: m.Sample) -> None:  # noqa: ARG002
        raise InvalidInput("This widget takes no selection.")

    def _shade(self, message: m.Shade) -> None:  # noqa: ARG002
        raise InvalidInput("This widget has no map.")

    def _look_again(self, message: m.Skipped) -> None:  # noqa: ARG002
        raise InvalidInput("This widget asks nothing.")

    def _hear(self, what: str) -> None:
        try:
            if what == "schema":
                self._post({"type": "classes", **self._question()})
            else:
                self._on_change(what)
        except HitlError:
            # The last who held the session may let go of it while one of its threads still tells of a change.
            if not self.screen.gone:
                raise

    def _on_change(self, what: str) -> None:
        raise NotImplementedError

    def _about(self) -> dict[str, str]:
        """What acts of this session are meant for: see ``About`` in protocol.ts."""
        loop, store = self.loop, self.loop.store
        return {
            "session": loop.token,
            "pool": loop.pool.fingerprint,
            "place": opaque(store.path or store.name, loop.task, loop.annotator),
            "who": opaque(loop.annotator),
            "store": store.path.name if store.path else store.name,
            "task": loop.task,
        }

    def _question(self) -> dict[str, Any]:
        """The question and its classes by code, the retired ones behind the others."""
        schema = self.loop.schema
        n, every = len(schema.classes), (*schema.classes, *schema.retired)
        classes = [
            asdict(c) | {"id": i, "retired": k >= n}
            for k, (i, c) in enumerate(zip(schema.ids, every, strict=True))
        ]
        lost = [{"name": name, "to": to} for _, name, to in self.loop.log.unanswered]
        return {"classes": classes, "question": schema.question, "asks": schema.kind, "lost": lost}


def _answer_of(message: m.Label) -> Any:
    if message.answer is not None:
        return message.answer
    return message.value if message.of is None else {"class": message.of, "word": message.value}


def _queue_of(loop: Loop, what: str = "acts") -> ThreadPoolExecutor:
    """A queue of the session's own: a huge lasso or a picture must not hold the kernel's event loop."""
    queues = _queues.setdefault(loop, {})
    if what not in queues:
        queues[what] = ThreadPoolExecutor(1, thread_name_prefix=f"hitl-{what}")
    return queues[what]


def plain_fallback(bundle_: Any, words: str = SESSION_WORDS) -> Any:
    """Where widgets cannot run, words that help and hold no data."""
    data = bundle_[0] if isinstance(bundle_, tuple) else bundle_
    data["text/plain"] = words
    data["text/html"] = f"<p>{words}</p>"
    return bundle_


# JupyterLab says "model not found" in the output itself; where it found one, the widget is a child of it.
HIDE_ERROR = (
    "<style>.jp-OutputArea-child:has(.hitl-fallback) + .jp-OutputArea-child > .jp-OutputArea-output"
    ".jupyter-widgets {display: none}</style>"
)


def show(thing: Any, **options: Any) -> None:
    """Publish a widget, and before it what to do where the notebook is opened again without its kernel.

    Of one output JupyterLab shows the widget or the words, and chooses the widget also where its model
    is gone. So the words are an output of their own, which a widget that lives hides.
    """
    shown = thing._repr_mimebundle_(**options)
    data, metadata = shown if isinstance(shown, tuple) else (shown, {})
    words = data["text/plain"]
    if "ipykernel" in sys.modules:
        html = f'<div class="hitl-fallback">{words}</div>{HIDE_ERROR}'
        display({"text/plain": words, "text/html": html}, raw=True)  # type: ignore[no-untyped-call]
    display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
