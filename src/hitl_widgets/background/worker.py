"""Background work: one thread per kind of work, where the latest request wins."""

from __future__ import annotations

import threading
import time
import warnings
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from hitl_widgets.background.children import Cancelled
from hitl_widgets.background.turns import behind, first, one_blas_thread, uninterrupted
from hitl_widgets.errors import HitlError

__all__ = ["PAUSES", "Worker", "ending", "half_imported", "weakly"]

# Seconds before a job that failed is run again, and that a thread without work stays.
PAUSES = (0.2, 0.5)
IDLE = 60.0


def ending() -> bool:
    """Whether the script is at its end: what fails now, such as an import, is nobody's concern."""
    return not threading.main_thread().is_alive()


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """The bound method as a callback that does not keep its owner; nothing happens once that is gone."""
    ref = weakref.WeakMethod(method)

    def call(*args: Any, **named: Any) -> None:
        found: Any = ref()
        if found is not None:
            found(*args, **named)

    return call


class Worker:
    """Runs a job in its own thread whenever asked; requests that come meanwhile become one.

    The thread is there while there is work, and a minute longer. A job that raises is run again, twice at
    most, unless it raised a HitlError: that is for a person to read.

    Parameters
    ----------
    job
        A bound method; it gets a function that says whether a newer request is waiting, so that
        long work can stop early. It is held weakly: an abandoned owner ends the thread.
    name
        Name of the thread.
    rest
        Seconds without a request before the job starts: work that can wait leaves the processor
        to what cannot.
    patience
        Seconds after which it starts all the same.
    last
        Whether it lets everything that somebody waits for go first; what is hurried is waited for.
    on_turn
        A bound method, held weakly; called with the name and the error when the job has failed for good,
        and with None when it works again.
    """

    def __init__(
        self,
        job: Callable[[Callable[[], bool]], None],
        name: str,
        *,
        rest: float = 0.0,
        patience: float = float("inf"),
        last: bool = False,
        on_turn: Callable[[str, Exception | None], None] | None = None,
    ) -> None:
        self._rest = rest
        self._patience = patience
        self._turn = behind if last else nullcontext
        self._hurried = False
        self._name = name
        self._job = weakref.WeakMethod(job)
        self._on_turn = None if on_turn is None else weakref.WeakMethod(on_turn)
        self._wake = threading.Condition()
        self.failure: Exception | None = None
        self._asked = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def request(self) -> None:
        """Ask for a run; returns at once."""
        with uninterrupted(), self._wake:
            self._asked = True
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name=f"hitl-{self._name}", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def hurry(self) -> None:
        """Do what is asked, or will be next, without a rest."""
        with uninterrupted(), self._wake:
            self._hurried = True
            self._wake.notify_all()

    def close(self) -> None:
        """End the thread after the run in hand; may be called by the job itself."""
        with uninterrupted(), self._wake:
            self._closed = True
            thread = self._thread
            self._wake.notify_all()
        if thread is not None and threading.current_thread() is not thread:
            thread.join(timeout=5)

    def _overtaken(self) -> bool:
        return self._asked or self._closed

    def _run(self) -> None:
        try:
            while (turn := self._next()) is not None:
                job: Any = self._job()
                if job is None:
                    return
                failure = self._attempt(job, turn)
                del job
                self._tell(failure)
        finally:  # whatever ended it, the next request starts another
            with self._wake:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _next(self) -> Callable[[], AbstractContextManager[None]] | None:
        """Wait for a request; None where the thread is to end."""
        with self._wake:
            idle = time.monotonic() + IDLE
            while not (self._asked or self._closed):
                # The time-out lets the thread notice that its owner was garbage-collected.
                if not self._wake.wait(timeout=5) and (self._job() is None or time.monotonic() > idle):
                    self._thread = None
                    return None
            latest = time.monotonic() + self._patience
            while self._asked and not self._closed:
                self._asked = False
                if self._rest and not self._hurried and time.monotonic() < latest:
                    self._wake.wait(timeout=self._rest)
            turn = first if self._hurried else self._turn
            self._hurried = False
            return None if self._closed else turn

    def _attempt(self, job: Any, turn: Callable[[], AbstractContextManager[None]]) -> Exception | None:
        for pause in (*PAUSES, None):
            try:
                with turn(), one_blas_thread():
                    job(self._overtaken)
            except Cancelled:  # nobody wants it any more
                return None
            # Even sys.exit() in a strategy: the next request must still find the thread.
            except (Exception, SystemExit) as error:  # noqa: BLE001
                failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
                if pause is None or isinstance(failure, HitlError) or ending():
                    return failure
            else:
                return None
            with self._wake:
                if self._wake.wait_for(lambda: self._closed, timeout=pause):
                    return None
        return None

    def _tell(self, failure: Exception | None) -> None:
        before, self.failure = self.failure, failure
        if ending() or not (failure or before):
            return
        if self._on_turn is not None and (tell := self._on_turn()) is not None:
            tell(self._name, failure)
        elif failure is not None:
            warnings.warn(f"Background work failed: {failure!r}", RuntimeWarning, stacklevel=2)


def half_imported(error: BaseException | None) -> bool:
    """Whether a module was used while another thread was still importing it: the next try works."""
    while error is not None:
        if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
            return True
        if "partially initialized module" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
