"""Background work: one thread per kind of work, where the latest request wins."""

from __future__ import annotations

import threading
import time
import warnings
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from hitl_widgets.turns import behind, first, one_blas_thread

__all__ = ["Worker", "ending"]


def ending() -> bool:
    """Whether the script is at its end: what fails now, such as an import, is nobody's concern."""
    return not threading.main_thread().is_alive()


class Worker:
    """Runs a job in its own thread whenever asked; requests that come meanwhile become one.

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
    """

    def __init__(
        self,
        job: Callable[[Callable[[], bool]], None],
        name: str,
        *,
        rest: float = 0.0,
        patience: float = float("inf"),
        last: bool = False,
    ) -> None:
        self._rest = rest
        self._patience = patience
        self._turn = behind if last else nullcontext
        self._hurried = False
        self._job = weakref.WeakMethod(job)
        self._wake = threading.Condition()
        self.failure: Exception | None = None
        self._asked = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"hitl-{name}", daemon=True)
        self._thread.start()

    def request(self) -> None:
        """Ask for a run; returns at once."""
        with self._wake:
            self._asked = True
            self._wake.notify_all()

    def hurry(self) -> None:
        """Do what is asked, or will be next, without a rest."""
        with self._wake:
            self._hurried = True
            self._wake.notify_all()

    def close(self) -> None:
        """End the thread after the run in hand; may be called by the job itself."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _overtaken(self) -> bool:
        return self._asked or self._closed

    def _run(self) -> None:
        while True:
            with self._wake:
                # The time-out lets the thread notice that its owner was garbage-collected.
                while not (self._asked or self._closed):
                    if not self._wake.wait(timeout=5) and self._job() is None:
                        return
                latest = time.monotonic() + self._patience
                while self._asked and not self._closed:
                    self._asked = False
                    if self._rest and not self._hurried and time.monotonic() < latest:
                        self._wake.wait(timeout=self._rest)
                turn = first if self._hurried else self._turn
                self._hurried = False
                if self._closed:
                    return
            job: Any = self._job()
            if job is None:
                return
            try:
                with turn(), one_blas_thread():
                    job(self._overtaken)
                self.failure = None
            # Even sys.exit() in a strategy: the next request must still find the thread.
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self.failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
                if not ending():
                    warnings.warn(f"Background work failed: {error!r}", RuntimeWarning, stacklevel=2)
            del job
