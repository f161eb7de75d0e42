"""Local push on a sparse graph, compiled on first use and cached on disk."""

from __future__ import annotations

from typing import Any

import numpy as np

from hitl_widgets.learn._compile import compiled

__all__ = ["forward_push", "interpolate"]


@compiled()
def forward_push(
    indptr: Any, indices: Any, data: Any, threshold: Any, source: int, alpha: float, value: Any, left: Any
) -> Any:
    """Approximate column ``source`` of ``(1 - alpha) (I - alpha S)^-1`` (Andersen, Chung and Lang 2006).

    Pushes in first-in-first-out order, so the result is reproducible to the last bit. ``value`` and ``left``
    are float64 of shape (n,), and zero on entry. ``value`` contains the column on return, and the caller
    clears it at the returned rows; ``left`` is cleared here. The remainder is below ``threshold`` at every
    row.
    """
    n = len(threshold)
    queued = np.zeros(n, np.bool_)
    queue = np.empty(n, np.int64)
    touched = np.empty(n, np.int64)
    seen = np.zeros(n, np.bool_)
    n_touched = 0
    left[source] = 1 - alpha
    queue[0] = source
    queued[source] = True
    head, waiting = 0, 1
    while waiting > 0:
        u = queue[head]
        head = head + 1 if head + 1 < n else 0
        waiting -= 1
        queued[u] = False
        amount = left[u]
        left[u] = 0.0
        value[u] += amount
        if not seen[u]:
            seen[u] = True
            touched[n_touched] = u
            n_touched += 1
        for j in range(indptr[u], indptr[u + 1]):
            v = indices[j]
            left[v] += alpha * data[j] * amount
            if not queued[v] and left[v] > threshold[v]:
                queued[v] = True
                tail = head + waiting
                queue[tail if tail < n else tail - n] = v
                waiting += 1
    for i in range(n_touched):
        u = touched[i]
        left[u] = 0.0
        for j in range(indptr[u], indptr[u + 1]):
            left[indices[j]] = 0.0
    return touched[:n_touched].copy()


@compiled()
def interpolate(values: Any, nearest: Any, share: Any, rows: Any, into: Any) -> None:
    """Set ``into[i] = sum_j share[i, j] * values[nearest[i, j]]`` for some rows i; values are float32."""
    k, c = nearest.shape[1], values.shape[1]
    for r in range(len(rows)):
        i = rows[r]
        for m in range(c):
            into[i, m] = 0.0
        for j in range(k):
            s = share[i, j]
            at = nearest[i, j]
            for m in range(c):
                into[i, m] += s * values[at, m]
