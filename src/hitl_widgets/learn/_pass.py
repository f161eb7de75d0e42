"""The inner loops of scoring, compiled on first use and cached on disk."""

from __future__ import annotations

from typing import Any

import numpy as np

from hitl_widgets.learn._compile import compiled

__all__ = ["fused", "read", "widen"]

ROWS = 64
REBIAS = np.float32(2.0**112)
LEAST = np.float32(-3e38)
LOG2E = np.float32(1.4426950408889634)
# 2^f for f in [0, 1): least squares at Chebyshev nodes, relative error below 1e-7.
EXP0, EXP1, EXP2 = np.float32(0.9999999269), np.float32(0.6931529682), np.float32(0.2401545299)
EXP3, EXP4, EXP5 = np.float32(0.0558236045), np.float32(0.0089925840), np.float32(0.0018762330)


def fused(X: Any, coef: Any, intercept: Any, codes: Any, out: Any, entropy: Any) -> None:
    """Compute scores, softmax and measures of 64 rows at a time, so that all but ``X`` stays in the cache.

    Parameters
    ----------
    X
        float32 (n, d), C-contiguous.
    coef
        float32 (c, at least d), with c a multiple of 5. Rows from ``len(codes)`` and columns from d on are
        padding.
    intercept, codes
        float32 and int16, one for each class in use.
    out
        predicted, runner_up (int16), confidence, uncertainty (float32), each (n,); output.
    entropy
        float32 (n,), output; or of length 0.
    """
    _fused(X, coef, intercept, codes, *out, entropy)


@compiled(fastmath=True)
def _fused(
    X: Any, coef: Any, intercept: Any, codes: Any, predicted: Any, runner_up: Any, confidence: Any,
    uncertainty: Any, entropy: Any,
) -> None:  # fmt: skip
    n = len(X)
    scores = np.empty((len(coef), ROWS), np.float32)
    first, second = np.empty(ROWS, np.float32), np.empty(ROWS, np.float32)
    total, spread, e = np.empty(ROWS, np.float32), np.empty(ROWS, np.float32), np.empty(ROWS, np.float32)
    best, next_, power = np.empty(ROWS, np.int32), np.empty(ROWS, np.int32), np.empty(ROWS, np.int32)
    for low in range(0, n, ROWS):
        rows = min(ROWS, n - low)
        _product(X[low : low + rows], coef, scores)
        _two_best(scores, intercept, len(codes), first, second, best, next_)
        _sums(scores, len(codes), first, total, spread, e, power, len(entropy) > 0)
        for r in range(rows):
            i = low + r
            rest = np.float32(0)
            runner_up[i] = -1
            if len(codes) > 1:
                rest = np.exp(second[r] - first[r])
                runner_up[i] = codes[next_[r]]
            predicted[i] = codes[best[r]]
            confidence[i] = np.float32(1) / total[r]
            uncertainty[i] = np.float32(1) - (np.float32(1) - rest) / total[r]
            if len(entropy) > 0:
                entropy[i] = np.log(total[r]) + spread[r] / total[r]


@compiled(fastmath=True)
def _product(X: Any, coef: Any, scores: Any) -> None:
    """Compute ten classes at a time, then five, so that the sums stay in registers.

    Processing two rows at a time takes fewer instructions, but alternating memory access is slower.
    """
    rows, d = X.shape
    tens = len(coef) // 10 * 10
    for r in range(rows):
        for k in range(0, tens, 10):
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = s9 = np.float32(0)
            for j in range(d):
                x = X[r, j]
                s0 += x * coef[k, j]
                s1 += x * coef[k + 1, j]
                s2 += x * coef[k + 2, j]
                s3 += x * coef[k + 3, j]
                s4 += x * coef[k + 4, j]
                s5 += x * coef[k + 5, j]
                s6 += x * coef[k + 6, j]
                s7 += x * coef[k + 7, j]
                s8 += x * coef[k + 8, j]
                s9 += x * coef[k + 9, j]
            scores[k, r], scores[k + 1, r], scores[k + 2, r], scores[k + 3, r] = s0, s1, s2, s3
            scores[k + 4, r], scores[k + 5, r], scores[k + 6, r], scores[k + 7, r] = s4, s5, s6, s7
            scores[k + 8, r], scores[k + 9, r] = s8, s9
        for k in range(tens, len(coef), 5):
            s0 = s1 = s2 = s3 = s4 = np.float32(0)
            for j in range(d):
                x = X[r, j]
                s0 += x * coef[k, j]
                s1 += x * coef[k + 1, j]
                s2 += x * coef[k + 2, j]
                s3 += x * coef[k + 3, j]
                s4 += x * coef[k + 4, j]
            scores[k, r], scores[k + 1, r], scores[k + 2, r] = s0, s1, s2
            scores[k + 3, r], scores[k + 4, r] = s3, s4


@compiled(fastmath=True)
def _two_best(scores: Any, intercept: Any, c: int, first: Any, second: Any, best: Any, next_: Any) -> None:
    # Loop over rows, not classes, so that the compiler can vectorize.
    for r in range(ROWS):
        first[r] = second[r] = LEAST
        best[r], next_[r] = 0, 0
    for k in range(c):
        for r in range(ROWS):
            value = scores[k, r] + intercept[k]
            scores[k, r] = value
            wins, places = value > first[r], value > second[r]
            next_[r] = best[r] if wins else (k if places else next_[r])
            second[r] = first[r] if wins else (value if places else second[r])
            best[r] = k if wins else best[r]
            first[r] = value if wins else first[r]


@compiled(fastmath=True)
def _sums(
    scores: Any, c: int, first: Any, total: Any, spread: Any, e: Any, power: Any, entropy: bool
) -> None:
    """Compute ``sum exp(s - first)`` and optionally ``sum exp(s - first) (first - s)`` of each row."""
    scale = power.view(np.float32)
    for r in range(ROWS):
        total[r] = spread[r] = np.float32(0)
    for k in range(c):
        # exp(s) = 2^t: the integer part of t gives the exponent bits, the fraction a polynomial.
        for r in range(ROWS):
            t = max((scores[k, r] - first[r]) * LOG2E, np.float32(-126))
            whole = np.floor(t)
            f = t - whole
            power[r] = (np.int32(whole) + np.int32(127)) << np.int32(23)
            e[r] = EXP0 + f * (EXP1 + f * (EXP2 + f * (EXP3 + f * (EXP4 + f * EXP5))))
        for r in range(ROWS):
            total[r] += e[r] * scale[r]
        if entropy:
            for r in range(ROWS):
                spread[r] += e[r] * scale[r] * (first[r] - scores[k, r])


@compiled()
def widen(half: Any, bits: Any) -> None:
    """Convert half to single precision: float16 as uint16 (m, d) to float32 as int32 (m, d).

    NumPy's conversion takes eight times as long if it does not use the CPU's instruction. Numbers must be
    finite.
    """
    wide = bits.view(np.float32)
    rows, d = half.shape
    for r in range(rows):
        for j in range(d):
            h = np.int32(half[r, j])
            bits[r, j] = ((h & np.int32(0x7FFF)) << np.int32(13)) | ((h & np.int32(0x8000)) << np.int32(16))
        for j in range(d):
            wide[r, j] *= REBIAS


@compiled()
def read(proba: Any, rows: Any, predicted: Any, runner_up: Any, confidence: Any, uncertainty: Any) -> bool:
    """Compute the two most likely classes and measures of some rows; return whether all rows are valid.

    Valid rows are finite and non-negative, and sum to 1 within 0.01.
    """
    sound = True
    c = proba.shape[1]
    for i in rows:
        best, next_ = 0, -1
        total = proba[i, 0]
        sound &= proba[i, 0] >= 0
        for k in range(1, c):
            value = proba[i, k]
            sound &= value >= 0
            total += value
            if value > proba[i, best]:
                best, next_ = k, best
            elif next_ < 0 or value > proba[i, next_]:
                next_ = k
        sound &= abs(total - 1) <= 0.01
        predicted[i], runner_up[i] = best, next_
        confidence[i] = proba[i, best]
        uncertainty[i] = 1 - (proba[i, best] - (proba[i, next_] if next_ >= 0 else 0))
    return sound
