"""Priorities and thread limits: work that the user waits for has priority over background work.

Python runs one thread at a time and switches every 5 ms, so a response that needs ten turns would wait ten
times for a concurrent computation.
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

# Maximum wait in seconds, because this thread may hold a lock that the others need.
MOST = 0.25
# Longer runs of Python code are interrupted by a nap that is just long enough to wake another thread.
RUN = 0.002
NAP = 5e-5


class _Here(threading.local):
    """The state of the current thread."""

    behind = False
    firsts = 0
    since = 0.0
    waited_out = -1


_here = _Here()
_idle = threading.Condition()
_busy = 0
_spell = 0


def _count(change: int) -> None:
    global _busy, _spell  # noqa: PLW0603 - one for the process, like the GIL
    with _idle:
        if not _busy:
            _spell += 1
        _busy += change
        if not _busy:
            _idle.notify_all()


@contextmanager
def first() -> Iterator[None]:
    """Run work that the user waits for; background work in the whole process pauses if it can."""
    _count(1)
    _here.firsts += 1
    try:
        yield
    finally:
        _here.firsts -= 1
        _count(-1)


@contextmanager
def held(lock: Any) -> Iterator[None]:
    """Acquire a lock that background work may hold, which continues while this thread waits."""
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
    """Delay Ctrl-C until the end of the context, for short work that must not be interrupted.

    Python raises KeyboardInterrupt only in the main thread, at any line.
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
    """Mark the work of this thread as background work, which gives way to other work."""
    before, _here.behind = _here.behind, True
    _here.since = time.monotonic()
    try:
        yield
    finally:
        _here.behind = before


class _One(ContextDecorator):
    """Context manager and decorator that limits a kind of library to one thread.

    The limit applies to the process, and contexts of several threads overlap, so they are counted, and the
    last one to exit restores the previous limit. Other code also sets and restores limits (scikit-learn in
    k-means), so each context sets the limit on entry, and the largest previous limit is restored.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._before: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """Reset the count, because a forked child has only one thread."""
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
    # Since threadpoolctl 3.8, only the first thread that sets a limit of OpenBLAS can change it; calls from
    # other threads are ignored. Our contexts are counted, so each thread can take over control.
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
    """Return a context manager and decorator that limits BLAS to one thread.

    Small fits are 2-10 times slower with several BLAS threads. Between calls, these threads spin and block
    the CPU: a refresh of 20,000 items took 75 to 155 ms with two threads, and 36 ms with one.
    """
    return _blas


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread, for many short calls.

    On busy cores, two threads that wait for each other take six times as long.
    """
    with _blas, _openmp:
        yield


def give_way() -> None:
    """Let other work go first if this is background work; called regularly in long computations."""
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
