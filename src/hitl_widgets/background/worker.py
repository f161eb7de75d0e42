"""Background work: one thread per kind of work, where only the latest request counts."""

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

# Seconds before failed jobs are run again, and seconds that an idle thread stays alive.
PAUSES = (0.2, 0.5)
IDLE = 60.0


def ending() -> bool:
    """Return whether the script is ending; failures at this time, such as of imports, are ignored."""
    return not threading.main_thread().is_alive()


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """Wrap a bound method as a callback that holds its owner weakly, and does nothing once it is gone."""
    ref = weakref.WeakMethod(method)

    def call(*args: Any, **named: Any) -> None:
        found: Any = ref()
        if found is not None:
            found(*args, **named)

    return call


class Worker:
    """Runs a job in its own thread on request; requests made during a run are merged into one.

    The thread ends after a minute without work. A job that raises an error is run again at most twice, unless
    the error is a HitlError, which is shown to the user.

    Parameters
    ----------
    job
        A bound method. Its argument is a function that returns whether a newer request is waiting, so that
        long work can stop early. It is held weakly; the thread ends when the owner is gone.
    name
        Name of the thread.
    rest
        Seconds without a request before the job starts, so that less urgent work leaves the CPU to other
        work.
    patience
        Seconds after which the job starts in any case.
    last
        Whether the job gives way to all work that the user waits for. This does not apply after
        :meth:`hurry`.
    on_turn
        A bound method, held weakly. It is called with the name and the error when the job has finally
        failed, and with None when it works again.
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
        """Request a run, and return immediately."""
        with uninterrupted(), self._wake:
            self._asked = True
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name=f"hitl-{self._name}", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def hurry(self) -> None:
        """Run the current or next request without waiting for the rest period."""
        with uninterrupted(), self._wake:
            self._hurried = True
            self._wake.notify_all()

    def close(self) -> None:
        """End the thread after the current run; may be called by the job itself."""
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
        finally:  # the next request starts a new thread
            with self._wake:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _next(self) -> Callable[[], AbstractContextManager[None]] | None:
        """Wait for a request; return None if the thread should end."""
        with self._wake:
            idle = time.monotonic() + IDLE
            while not (self._asked or self._closed):
                # The timeout lets the thread notice that its owner was garbage-collected.
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
            except Cancelled:  # no longer needed
                return None
            # Even after sys.exit() in a strategy, the thread must be available for the next request.
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
    """Return whether a module was used while another thread was importing it, so that a retry works."""
    while error is not None:
        if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
            return True
        if "partially initialized module" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
