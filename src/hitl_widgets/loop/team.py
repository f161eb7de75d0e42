"""Team: other annotators of this task, their new labels, and the items that they have reserved."""

from __future__ import annotations

import threading
import time
import uuid
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Collection
from typing import TypeVar

from hitl_widgets.background.worker import ending
from hitl_widgets.errors import StoreError
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.labels.waiting import waiting

__all__ = ["KEEP", "Team"]

T = TypeVar("T")

# Seconds between two reads of the store: others' labels arrive within two seconds.
BEAT = 1.0
# Seconds that a lease lasts, also after its kernel was killed, and seconds after which it is renewed.
LEASE, RENEW = 60.0, 20.0
# Seconds to wait for a locked store: others' acts lock it briefly, and longer locks must not block a session.
COURTESY = 5.0
# Seconds for which items stay reserved: one that is no longer among the next ones may still be displayed.
KEEP = 120.0


class Team:
    """Polls the store, and holds leases on the items that this session asks.

    Two people are not asked the same item as long as there are others. Anybody can still label an item that
    somebody else holds, and both labels are kept. In a single session, leases are not written with every
    label, but a moment later.

    Parameters
    ----------
    store, task, annotator
        Those of the Session.
    look
        Folds new events of the store; raises StoreError.
    on_conflict
        Called when somebody else holds one of this session's next items.
    """

    def __init__(
        self,
        store: LabelStore,
        task: str,
        annotator: str,
        look: Callable[[], None],
        on_conflict: Callable[[], None],
    ) -> None:
        self._store, self._task, self._annotator = store, task, annotator
        self._look, self._on_conflict = weakref.WeakMethod(look), weakref.WeakMethod(on_conflict)
        self._lock = threading.Lock()
        self._holder = uuid.uuid4().hex
        self._wanted: dict[str, float] = {}  # key -> when this session no longer needs it
        self._answered: deque[Collection[str]] = deque()
        self._mine: set[str] = set()
        self._attending = False
        self._renewed = 0.0
        self._missing = False
        self.theirs: frozenset[str] = frozenset()
        self.others: dict[str, str] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(
            target=_watch, args=(weakref.ref(self), self._end), name="hitl-team", daemon=True
        )
        self._thread.start()

    def held(self) -> frozenset[str]:
        """Keys of the items that other sessions hold."""
        return self.theirs

    @property
    def people(self) -> frozenset[str]:
        """Names of the people who have other sessions open."""
        return frozenset(self.others.values())

    def hold(self, keys: Collection[str], *, seconds: float, at_once: bool = False) -> None:
        """Reserve these items; afterwards :attr:`theirs` contains those that others hold."""
        with self._lock:
            self._note_answered()
            until = time.monotonic() + seconds
            self._wanted.update(dict.fromkeys(keys, until))
            if not self._attending:
                self._attending = at_once = True  # somebody may open the same task a moment later
                self._try(self._attend)
            if (self.others or at_once) and not self._missing:
                self._try(self._take)

    def done(self, keys: Collection[str]) -> None:
        """Note that these items are answered; they are released once others have had time to read that."""
        self._answered.append(keys)  # without the lock, which reading the store may hold for long

    def _note_answered(self) -> None:
        soon = time.monotonic() + 3 * BEAT
        while self._answered:
            for key in self._wanted.keys() & set(self._answered.popleft()):
                self._wanted[key] = min(self._wanted[key], soon)

    def close(self) -> None:
        """Release everything and stop polling."""
        self._end.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)
        with self._lock:
            if self._attending:
                self._attending = False
                self._try(lambda: self._store.release(self._task, self._holder))

    def beat(self) -> None:
        """Poll once: new events, present annotators and leases."""
        look = self._look()
        if look is None:
            self._end.set()
            return
        self._try(look)
        if self._missing:
            return  # no leases in a store that is locked or cannot be reached
        conflict = False
        with self._lock:
            if self._attending and not self._end.is_set():
                conflict = bool(self._try(self._keep_up))
        if conflict and (tell := self._on_conflict()) is not None:
            tell()

    def _keep_up(self) -> bool:
        self._note_answered()
        now = time.monotonic()
        self._wanted = {key: until for key, until in self._wanted.items() if until > now}
        if now - self._renewed > RENEW:
            self._mine.clear()  # so that all of them are leased again
            self._attend()
        before = self.theirs
        self._see()
        if gone := self._mine.difference(self._wanted):
            self._store.release(self._task, self._holder, gone)
            self._mine -= gone
        self._take()
        return any(key in self._wanted for key in self.theirs - before)

    def _attend(self) -> None:
        self._store.attend(self._task, self._holder, self._annotator, LEASE)
        self._renewed = time.monotonic()
        self._see()

    def _see(self) -> None:
        here = self._store.present(self._task)
        self.others = {holder: name for holder, name in here.items() if holder != self._holder}
        if self.others or self.theirs:
            held = self._store.leases(self._task)
            self.theirs = frozenset(key for key, holder in held.items() if holder != self._holder)

    def _take(self) -> None:
        missing = [key for key in self._wanted if key not in self._mine]
        if missing:
            mine = self._store.lease(self._task, missing, self._holder, self._annotator, LEASE)
            self._mine |= mine
            self.theirs |= frozenset(missing) - mine

    def _try(self, work: Callable[[], T]) -> T | None:
        """Run work on the store. If it cannot be reached, warn once; labeling continues without leases."""
        try:
            with waiting(COURTESY, lambda _: None):
                found = work()
        except StoreError as error:
            if not (self._missing or self._end.is_set() or ending()):
                warnings.warn(
                    f"{error} The session shows what was read before.", RuntimeWarning, stacklevel=2
                )
            self._missing = True
            return None
        self._missing = False
        return found


def _watch(team: weakref.ref[Team], end: threading.Event) -> None:
    while not end.wait(BEAT):
        found = team()
        if found is None:
            return
        found.beat()
        del found
