"""Whose turn it is, and how many threads it takes: what a person waits for goes first.

Python lets one thread run at a time and changes over every 5 ms: an answer that takes ten turns to
make would wait ten times for whatever computes beside it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

from hitl_widgets.background.forks import on_fork

__all__ = ["behind", "first", "give_way", "held", "one_blas_thread", "one_thread", "uninterrupted"]

# Longest wait for others, in one go: who holds what they need must not wait for ever.
MOST = 0.25
# A longer run of Python alone is broken by a nap, short but long enough for another thread to wake.
RUN = 0.002
NAP = 5e-5


class _Here(threading.local):
    """What this thread is about."""

    behind = False
    firsts = 0
    since = 0.0
    waited_out = -1


_here = _Here()
_idle = threading.Condition()
_busy = 0
_spell = 0


def _count(change: int) -> None:
    global _busy, _spell  # noqa: PLW0603 - the interpreter's lock is one for the process as well
    with _idle:
        if not _busy:
            _spell += 1
        _busy += change
        if not _busy:
            _idle.notify_all()


@contextmanager
def first() -> Iterator[None]:
    """Do what somebody waits for: background work of the whole process pauses where it can."""
    _count(1)
    _here.firsts += 1
    try:
        yield
    finally:
        _here.firsts -= 1
        _count(-1)


@contextmanager
def held(lock: Any) -> Iterator[None]:
    """With a lock that background work may hold: while this thread waits for it, that goes on."""
    firsts = _here.firsts
    if firsts:
        _count(-firsts)
    try:
        lock.acquire()
    finally:
        if firsts:
            _count(firsts)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C until this is done: for short work that must not be left half done.

    Python raises KeyboardInterrupt in the main thread alone, at any line.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[Any] = []
    signal.signal(signal.SIGINT, lambda *args: came.append(args))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])


@contextmanager
def behind() -> Iterator[None]:
    """Mark what this thread does as background work, which gives way."""
    before, _here.behind = _here.behind, True
    _here.since = time.monotonic()
    try:
        yield
    finally:
        _here.behind = before


class _One(ContextDecorator):
    """Context, and decorator: one thread for some kind of library.

    The limit is the process's and contexts of several threads overlap, so they are counted: only the
    last to leave gives back what was there. Others set limits as well (scikit-learn in k-means) and
    lift them when they end, so it is set by each that enters, and one thread is never taken for what
    was there if there were more before.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._before: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """Nobody is inside: of a forked child's threads none but its own is left."""
        self._inside = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            for k, library in enumerate(self._all()):
                if not self._inside:
                    self._before[k] = max(self._before.get(k, 1), library.num_threads)
                _set_threads(library, 1)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                for k, library in enumerate(self._all()):
                    _set_threads(library, self._before[k])

    def _all(self) -> list[Any]:
        return [found for found in _libraries().lib_controllers if found.user_api == self._kind]


def _set_threads(library: Any, n: int) -> None:
    # From threadpoolctl 3.8 on, whichever thread was the first to set a limit of OpenBLAS is the only one
    # that can, and for all others nothing happens: ours are counted, so whoever comes takes that over.
    release = getattr(library, "clear_controlling_thread", lambda **_: None)
    release(force=True)
    library.set_num_threads(n)
    release(force=True)


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


_blas, _openmp = _One("blas"), _One("openmp")


def _forked() -> None:
    global _idle, _busy
    _idle, _busy = threading.Condition(), 0
    _blas.reset()
    _openmp.reset()


on_fork(_forked)


def one_blas_thread() -> _One:
    """Context, and decorator: small fits are 2-10 times slower when BLAS spreads them over threads.

    Between two calls its threads spin, and take the processor from whoever else would have it: a
    refresh of 20,000 items took 75 to 155 ms with two, 36 with one.
    """
    return _blas


@contextmanager
def one_thread() -> Iterator[None]:
    """Context: one thread for BLAS and for OpenMP, for many short calls.

    On busy cores two threads that wait for each other take six times as long.
    """
    with _blas, _openmp:
        yield


def give_way() -> None:
    """Called from long computations, now and then: lets others go first if this is background work."""
    if not _here.behind:
        return
    if _busy and _here.waited_out != _spell:
        with _idle:
            if not _idle.wait_for(lambda: not _busy, timeout=MOST):
                _here.waited_out = _spell
    elif time.monotonic() - _here.since > RUN:
        time.sleep(NAP)
    else:
        return
    _here.since = time.monotonic()
