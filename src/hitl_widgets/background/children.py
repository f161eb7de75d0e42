"""Work in a separate process: `ChildJob` in the kernel, `serve` in the child.

Unlike a thread, a process does not hold the kernel's GIL while Numba compiles, and it can be stopped
immediately. The child runs at a lower priority, leaves one core free, and ends when its stdin is closed, so
that it never outlives the kernel. It ignores the interrupt of a cell, which is sent to the kernel's whole
process group. A child that ends early is restarted.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError

__all__ = ["DRAWING", "Cancelled", "ChildJob", "Progress", "Reporter", "serve", "stopping"]

Progress = Callable[[str, float | None], None]

DRAWING = "drawing the map"
_SHOWN = "shown.npy"
# Maximum number of starts of a child, and seconds between them, in case the cause was temporary.
_TRIES, _PAUSE = 3, 0.5


class Cancelled(HitlError):
    """The computation was cancelled."""


class ChildJob:
    """One run of ``python -m MODULE FOLDER``; arrays and settings go in, arrays come out.

    Parameters
    ----------
    module
        A module that calls `serve`.
    arrays
        Arrays that the child reads as ``NAME.npy`` from its folder.
    settings
        Settings passed to the child as a dict; must be JSON.
    failed
        The beginning of the error message if the child fails.
    """

    def __init__(
        self, module: str, arrays: Mapping[str, npt.NDArray[Any]], settings: Mapping[str, Any], failed: str
    ) -> None:
        self._module, self._arrays, self._settings, self._failed = module, arrays, settings, failed
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._child: subprocess.Popen[str] | None = None

    def run(
        self,
        on_progress: Progress,
        results: Sequence[str],
        on_array: Callable[[npt.NDArray[Any]], None] = lambda _: None,
    ) -> list[npt.NDArray[Any]]:
        """Run the child until it ends; this blocks, so call it from a background thread.

        A child that is killed or crashes is restarted at most twice. One that fails with an error is
        restarted once, in case a file was being written at the time.

        Parameters
        ----------
        on_progress
            Called in this thread with a text for the stage, and the progress (0..1) if known.
        results
            Names of the arrays that the child writes.
        on_array
            Called in this thread with each intermediate array of the child.

        Raises
        ------
        Cancelled
            If `cancel` is called.
        HitlError
            If the child fails each time; includes the end of its output.
        """
        for tries in range(1, _TRIES + 1):
            try:
                return self._once(on_progress, results, on_array)
            except _EndedEarly as ended:
                if tries >= (_TRIES if ended.killed else _TRIES - 1):
                    raise HitlError(f"{self._failed} {ended}") from ended
                if not self._cancelled.wait(_PAUSE):
                    on_progress(f"restarting, {ended.how}", None)
        raise AssertionError("the last try returns or raises")

    def _once(
        self,
        on_progress: Progress,
        results: Sequence[str],
        on_array: Callable[[npt.NDArray[Any]], None],
    ) -> list[npt.NDArray[Any]]:
        # A new folder for each try, because a killed child may still be removing its folder.
        with tempfile.TemporaryDirectory(prefix="hitl-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            for array, values in self._arrays.items():
                np.save(folder / f"{array}.npy", values)
            (folder / "job.json").write_text(json.dumps(self._settings))
            with (folder / "errors.txt").open("w+", encoding="utf-8", errors="replace") as errors:
                child = self._start(folder, errors.fileno())
                try:
                    _follow(child, on_progress, lambda: on_array(np.load(folder / _SHOWN)))
                finally:
                    child.kill()
                    child.wait()
                    _close_pipes(child)
                errors.seek(0)
                return self._read(folder, results, child.returncode, errors.read())

    def cancel(self) -> None:
        """Stop the child, even before it starts; can be called repeatedly and from any thread."""
        with self._lock:
            self._cancelled.set()
            if self._child is not None:
                self._child.kill()

    def _start(self, folder: Path, errors: int) -> subprocess.Popen[str]:
        with self._lock:
            if self._cancelled.is_set():
                raise Cancelled("Cancelled before it started.")
            with _interrupts_blocked():
                self._child = subprocess.Popen(
                    [sys.executable, "-m", self._module, str(folder)],
                    stdin=subprocess.PIPE,  # kept open; the child ends when it is closed
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=_child_environment(),
                    encoding="utf-8",
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
            return self._child

    def _read(self, folder: Path, results: Sequence[str], status: int, errors: str) -> list[npt.NDArray[Any]]:
        if self._cancelled.is_set():
            raise Cancelled("Cancelled while it ran.")
        try:
            return [np.load(folder / f"{name}.npy") for name in results]
        except (OSError, ValueError, EOFError) as error:
            raise _EndedEarly(status, errors.strip()[-800:]) from error


@contextmanager
def stopping(job: ChildJob, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Cancel the job soon after `cancelled` returns True, even if the job does not report progress."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if cancelled():
                job.cancel()
                return

    watcher = threading.Thread(target=watch, name="hitl-cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


class _EndedEarly(Exception):
    """The child ended without results."""

    def __init__(self, status: int, output: str) -> None:
        self.killed = status < 0
        self.how = _ending(status)
        said = f" The end of its output:\n{output}" if output else ""
        super().__init__(f"The child process ended unexpectedly: {self.how}.{said}")


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"killed by {name}" + (", maybe because memory ran out" if name == "SIGKILL" else "")


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block SIGINT in processes started in this context, which inherit the signal mask.

    Interrupting a cell sends a signal to the kernel's process group. The mask applies only to this thread and
    works from any thread, unlike a handler. Windows has no such signal, so a new process group is used there.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow(child: subprocess.Popen[str], on_progress: Progress, on_shown: Callable[[], None]) -> None:
    for line in child.stdout or ():
        if not line.endswith("\n"):  # it was killed while writing
            break
        if message := json.loads(line):
            on_progress(message["stage"], message["fraction"])
        else:
            on_shown()
    child.wait()


def _close_pipes(child: subprocess.Popen[str]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def _child_environment() -> dict[str, str]:
    """Return an environment with our import path, and with one core left free."""
    threads = str(max(1, (os.cpu_count() or 2) - 1))
    limits = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    path = os.pathsep.join(p for p in sys.path if p)
    return {**os.environ, **dict.fromkeys(limits, threads), "PYTHONPATH": path}


class Reporter:
    """Reports progress from the child to the parent, as JSON lines."""

    def __init__(self, stream: TextIO, folder: Path) -> None:
        self._stream, self._folder = stream, folder

    def stage(self, words: str, fraction: float | None = None) -> None:
        """Report the current stage, and the share done if known."""
        self._say({"stage": words, "fraction": fraction})

    def show(self, array: npt.NDArray[Any]) -> None:
        """Send an intermediate array to the parent; replaces one that has not been read yet."""
        written = self._folder / f"new-{_SHOWN}"
        np.save(written, array)
        written.replace(self._folder / _SHOWN)
        self._say({})

    def _say(self, message: dict[str, Any]) -> None:
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()


def serve(work: Callable[[Path, dict[str, Any], Reporter], None]) -> None:
    """Run the child: ``work(folder, settings, reporter)`` reads and writes arrays in the folder."""
    folder = Path(sys.argv[1])
    # Other output must not mix with the JSON lines.
    reporter = Reporter(os.fdopen(os.dup(1), "w", encoding="utf-8"), folder)
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(15)  # labeling has priority
    threading.Thread(target=_die_with_parent, args=(folder,), daemon=True).start()
    warnings.simplefilter("ignore")
    work(folder, json.loads((folder / "job.json").read_text()), reporter)


def _die_with_parent(folder: Path) -> None:
    sys.stdin.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
