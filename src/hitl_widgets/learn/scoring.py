"""Scoring of the pool in one pass, with a linear head or given probabilities."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.learn._compile import NUMBA
from hitl_widgets.learn.arrays import FloatArray, IntArray, softmax

__all__ = [
    "BLOCK",
    "ClassBelief",
    "Head",
    "Measure",
    "best",
    "blocks_of",
    "score",
    "told_by",
    "warm_up",
]

# Rows in a task: few enough that the kernel's event loop can run in between.
BLOCK = 16_384
# Up to this many numbers, NumPy is fast enough, and no compilation is needed.
SMALL = 500_000
EXACT = 1_000
AGAIN = 5
_HALF = 512
# The logarithm of the odds of a class without labels.
LEAST = -30.0
_TILE = 5

_warming = threading.Event()

Measure = Literal["margin", "least_confident", "entropy"]


@dataclass(frozen=True, eq=False)
class Head:
    """Multinomial logistic regression as weights: the scores of a row are ``coef @ x + intercept``.

    It is small enough to be sent to remote rows.

    Attributes
    ----------
    coef
        float64 of shape (c, d), one row for each class in use.
    intercept
        float64 of shape (c,).
    codes
        int16 of shape (c,): their class codes.
    n_classes
        Number of classes, including unused ones.
    """

    coef: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int16]
    n_classes: int

    def proba(self, X: FloatArray) -> npt.NDArray[np.float64]:
        """Return class probabilities of some rows in double precision, (m, n_classes)."""
        P = np.zeros((len(X), self.n_classes))
        P[:, self.codes] = softmax(X.astype(np.float64) @ self.coef.T + self.intercept)
        return P

    def between(self, one: int, other: int) -> tuple[npt.NDArray[np.float64], float]:
        """Return the slope and the intercept of the logarithm of the odds of two classes.

        Zeros, and the logarithm of a very small probability, for a class that is not in use.
        """
        at = {int(code): k for k, code in enumerate(self.codes)}
        if one not in at or other not in at:
            unused = LEAST * ((other in at) - (one in at))
            return np.zeros(self.coef.shape[1]), float(unused)
        a, b = at[one], at[other]
        return self.coef[a] - self.coef[b], float(self.intercept[a] - self.intercept[b])

    def over(self, X: Any, index: IntArray | None = None) -> npt.NDArray[np.float32]:
        """Return class probabilities of rows of a pool, float32 (m, n_classes), computed in blocks."""
        P = np.empty((len(X) if index is None else len(index), self.n_classes), np.float32)
        for part in blocks_of(P):
            give_way()
            (P[part],) = told_by([self], X[part] if index is None else X[index[part]])
        return P


def told_by(heads: Sequence[Head], X: FloatArray) -> list[npt.NDArray[np.float32]]:
    """Return class probabilities of rows by each head, float32 (m, n_classes), reading X once."""
    slopes = np.concatenate([head.coef for head in heads]).T.astype(np.float32)
    scores = np.asarray(X, np.float32) @ slopes
    found, at = [], 0
    for head in heads:
        mine = scores[:, at : at + len(head.codes)] + head.intercept.astype(np.float32)
        at += len(head.codes)
        P = np.zeros((len(X), head.n_classes), np.float32)
        P[:, head.codes] = softmax(mine)
        found.append(P)
    return found


@dataclass(frozen=True, eq=False)
class ClassBelief:
    """A model's predictions for items, without the full table of probabilities.

    Attributes
    ----------
    predicted, runner_up
        int16 of shape (n,): the most likely class and the second; -1 if there is none.
    confidence
        float32 of shape (n,): probability of the most likely class.
    uncertainty
        float32 of shape (n,): one minus the margin between the two.
    entropy
        float32 of shape (n,): Shannon entropy in nats; of length 0 if not requested.
    """

    predicted: npt.NDArray[np.int16]
    runner_up: npt.NDArray[np.int16]
    confidence: npt.NDArray[np.float32]
    uncertainty: npt.NDArray[np.float32]
    entropy: npt.NDArray[np.float32]

    @classmethod
    def empty(cls, n: int, *, entropy: bool = False) -> ClassBelief:
        """Return a belief for ``n`` items without predictions."""
        # One allocation for all arrays is large enough for huge pages, which are filled five times as fast.
        room = np.empty((3, n), np.float32)
        codes = room[2].view(np.int16).reshape(2, n)
        room[:2], codes[:] = 0, -1
        return cls(codes[0], codes[1], room[0], room[1], np.zeros(n if entropy else 0, np.float32))

    @classmethod
    def of(cls, proba: FloatArray) -> ClassBelief:
        """Read a table of probabilities, float of shape (n, n_classes).

        Raises
        ------
        ValueError
            If the probabilities are not finite, in [0, 1], and summing to 1 in each row.
        """
        found = cls.empty(len(proba))
        if not _reader(proba.size)(proba, np.arange(len(proba)), *found.arrays[:4]):
            raise ValueError("its probabilities are not finite numbers from 0 to 1 that sum to 1 in each row")
        return found

    def changed(self, rows: IntArray, proba: FloatArray) -> ClassBelief:
        """Return a copy with new probabilities, (m, n_classes), for some rows; raises as :meth:`of`."""
        found, news = self.copy(), ClassBelief.of(proba)
        for mine, theirs in zip(found.arrays[:4], news.arrays[:4], strict=True):
            mine[rows] = theirs
        return found

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """The arrays, in the order of the attributes."""
        return self.predicted, self.runner_up, self.confidence, self.uncertainty, self.entropy

    def copy(self) -> ClassBelief:
        """Return a copy."""
        made = ClassBelief.empty(len(self), entropy=len(self.entropy) > 0)
        for mine, theirs in zip(made.arrays, self.arrays, strict=True):
            mine[:] = theirs
        return made

    def counts(self, n_classes: int) -> npt.NDArray[np.int64]:
        """Return the number of items predicted as each class, int64 of shape (n_classes,)."""
        return np.bincount(self.predicted[self.predicted >= 0], minlength=n_classes)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether there is a guess for each item, bool of shape (n,)."""
        return np.asarray(self.predicted >= 0)

    def guess(self, i: int) -> tuple[int, ...] | None:
        """See :class:`~.beliefs.Belief`."""
        code = int(self.predicted[i])
        return (code,) if code >= 0 else None

    def shares(self, i: int) -> list[tuple[int, float]]:
        """See :class:`~.beliefs.Belief`: the first two, as the others are not kept."""
        first, second, p = int(self.predicted[i]), int(self.runner_up[i]), float(self.confidence[i])
        both = [(first, p), (second, p - (1 - float(self.uncertainty[i])))]
        return [(code, max(share, 0.0)) for code, share in both if code >= 0] if first >= 0 else []

    def some(self, rows: IntArray) -> ClassBelief:
        """See :class:`~.beliefs.Belief`."""
        return ClassBelief(*(array[rows] if len(array) else array for array in self.arrays))

    def under(self, codes: IntArray, n_classes: int) -> ClassBelief:
        """See :class:`~.beliefs.Belief`."""
        found, new = self.copy(), np.append(codes, -1).astype(np.int16)
        found.predicted[:], found.runner_up[:] = new[found.predicted], new[found.runner_up]
        unsaid = found.predicted < 0
        found.confidence[unsaid] = found.uncertainty[unsaid] = 0
        return found

    def utility(self, measure: Measure) -> npt.NDArray[np.float32]:
        """Return the measure of every item, float32 of shape (n,), higher for less certain ones."""
        if measure == "margin":
            return self.uncertainty
        return np.asarray(1 - self.confidence) if measure == "least_confident" else self.entropy


def score(
    X: Any,
    head: Head,
    measure: Measure = "margin",
    *,
    onto: tuple[ClassBelief, slice] | None = None,
    done: Callable[[slice, ClassBelief], None] | None = None,
) -> ClassBelief:
    """Score every row with the head, in one pass that reads each number once.

    Blocks are distributed to as many threads as there are CPUs, without the GIL. The rows with the highest
    utility are then scored again in double precision, so that the same items are asked first on every
    machine.

    Parameters
    ----------
    X
        float32 or float16 of shape (n, d): an array, a memory map, or an object whose slices are arrays.
    measure
        The utility. Entropy is computed only if requested.
    onto
        Earlier scores with the same measure, and the only rows to score again, apart from those with the
        highest utility.
    done
        Called for each finished block, from its thread, with the rows and the scores so far (those of other
        rows may still be missing).
    """
    found = ClassBelief.empty(len(X), entropy=measure == "entropy") if onto is None else onto[0].copy()
    work = _fused if _compiled(len(X) * X.shape[1]) else _plain

    def part(rows: slice) -> None:
        _score_block(X[rows], head, found, rows, work)
        if done is not None:
            done(rows, found)

    wanted = range(len(X)) if onto is None else range(*onto[1].indices(len(X)))
    asked = (b for b in blocks_of(X) if b.start < wanted.stop and b.stop > wanted.start)
    for _ in _threads().map(part, asked):
        pass
    known = np.zeros(len(X), np.bool_)
    # With old scores, the best rows may drop, and others become the best, which are then scored too.
    for _ in range(1 if onto is None else AGAIN):
        top = best(found.utility(measure), min(EXACT, len(X)))[: 2 * EXACT]
        top = top[~known[top]]
        if not len(top):
            break
        known[top] = True
        exact = ClassBelief.empty(len(top), entropy=measure == "entropy")
        _told(head.proba(X[top])[:, head.codes], head.codes, exact.arrays)
        for array, values in zip(found.arrays, exact.arrays, strict=True):
            array[top if len(array) else []] = values
    return found


def _score_block(X: Any, head: Head, into: ClassBelief, rows: slice, work: Callable[..., None]) -> None:
    """Score some rows ``X``, an array of shape (m, d), into positions ``rows`` of ``into``."""
    out = [array[rows] if len(array) else array for array in into.arrays]
    if X.dtype == np.float32:
        work(np.ascontiguousarray(X), head, out)
        return
    for low in range(0, len(X), _HALF):  # in small parts, so that the float32 copy stays in the cache
        some = slice(low, low + _HALF)
        work(_single(X[some]), head, [array[some] for array in out])


def _single(X: Any) -> npt.NDArray[np.float32]:
    """Some rows as float32."""
    if X.dtype != np.float16 or not NUMBA:
        return np.asarray(X, np.float32)
    from hitl_widgets.learn._pass import widen

    wide = np.empty(X.shape, np.float32)
    widen(np.ascontiguousarray(X).view(np.uint16), wide.view(np.int32))
    return wide


def warm_up() -> None:
    """Import, compile, or load from disk what the first label on a large pool would wait for.

    Until this is done, NumPy is used, which is slower but available immediately.
    """
    importlib.import_module("scipy.optimize")
    if not NUMBA:
        return
    _warming.set()
    try:
        from hitl_widgets.learn._pass import fused, read

        X, few = np.zeros((2, 4), np.float32), ClassBelief.empty(2)
        fused(X, np.zeros((_TILE, 4), np.float32), X[0, :2], few.predicted, few.arrays[:4], few.entropy)
        read(X, np.arange(2), *few.arrays[:4])
    finally:
        _warming.clear()


def _compiled(size: int) -> bool:
    """Return whether to use Numba for this many numbers."""
    return NUMBA and size > SMALL and not _warming.is_set()


def blocks_of(X: Any, size: int = BLOCK) -> Iterator[slice]:
    """Return slices of ``size`` rows that cover all, or of ``block_rows`` if the object has them."""
    size = getattr(X, "block_rows", size)
    return (slice(low, min(low + size, len(X))) for low in range(0, len(X), size))


def best(utility: FloatArray, k: int, candidates: npt.NDArray[np.bool_] | None = None) -> IntArray:
    """Return the ``k`` candidates of highest utility, unordered, including ties with the last."""
    rows = _likely(utility, k, candidates)
    if k >= len(rows):
        return rows
    values = utility[rows]
    return np.asarray(rows[values >= np.partition(values, -k)[-k]])


def _likely(utility: FloatArray, k: int, candidates: npt.NDArray[np.bool_] | None) -> IntArray:
    """Preselect candidates that include the ``k`` best: at least the k-th best of every 31st row."""
    asked = slice(None, None, 31)
    some = utility[asked] if candidates is None else utility[asked][candidates[asked]]
    if k < len(some):
        rows = np.flatnonzero(utility >= np.partition(some, -k)[-k])
        return rows if candidates is None else rows[candidates[rows]]
    return np.arange(len(utility)) if candidates is None else np.flatnonzero(candidates)


def _fused(X: npt.NDArray[np.float32], head: Head, out: list[npt.NDArray[Any]]) -> None:
    from hitl_widgets.learn._pass import fused

    fused(X, _padded(head), head.intercept.astype(np.float32), head.codes, out[:4], out[4])


@lru_cache(maxsize=1)  # called for every block of a pass
def _padded(head: Head) -> npt.NDArray[np.float32]:
    """Return the weights as float32, padded to whole tiles, with rows aligned to 64 bytes.

    Unaligned vectors of 64 bytes would span two cache lines.
    """
    c, d = head.coef.shape
    rows, width = -(-c // _TILE) * _TILE, -(-d // 16) * 16
    room = np.zeros(rows * width + 16, np.float32)
    at = -room.ctypes.data % 64 // 4
    made = room[at : at + rows * width].reshape(rows, width)
    made[:c, :d] = head.coef
    return made


def _plain(X: npt.NDArray[np.float32], head: Head, out: list[npt.NDArray[Any]]) -> None:
    """Score a block without Numba."""
    P = softmax(X @ head.coef.T.astype(np.float32) + head.intercept.astype(np.float32))
    _told(P, head.codes, out)


def _told(P: FloatArray, codes: npt.NDArray[np.int16], out: Sequence[npt.NDArray[Any]]) -> None:
    """Fill the measures from the probabilities of the classes in use, (m, c)."""
    predicted, runner_up, _, _, entropy = out
    _read(P, np.arange(len(P)), *out[:4])
    predicted[:] = codes[predicted]
    runner_up[:] = np.where(runner_up >= 0, codes[runner_up], -1)
    if len(entropy):
        entropy[:] = _entropy(P)


def _entropy(P: FloatArray) -> FloatArray:
    return np.asarray(-(P * np.log(np.maximum(P, 1e-30))).sum(axis=1))


def _reader(size: int) -> Callable[..., bool]:
    if not _compiled(size):
        return _read
    from hitl_widgets.learn._pass import read

    return read


def _read(
    proba: FloatArray,
    rows: IntArray,
    predicted: npt.NDArray[np.int16],
    runner_up: npt.NDArray[np.int16],
    confidence: npt.NDArray[np.float32],
    uncertainty: npt.NDArray[np.float32],
) -> bool:
    P, at = proba[rows], np.arange(len(rows))
    first = P.argmax(axis=1)
    predicted[rows], confidence[rows] = first, P[at, first]
    sound = bool(np.isfinite(P).all() and (P >= 0).all() and (abs(P.sum(axis=1) - 1) <= 0.01).all())
    if P.shape[1] < 2:
        runner_up[rows], uncertainty[rows] = -1, 1 - P[at, first]
        return sound
    rest = P.copy()
    rest[at, first] = -1
    second = rest.argmax(axis=1)
    runner_up[rows], uncertainty[rows] = second, 1 - (P[at, first] - P[at, second])
    return sound


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="hitl-scoring")
