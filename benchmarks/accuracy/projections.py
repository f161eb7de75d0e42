"""Coverage of the projection of the learning curve: ``python -m benchmarks.accuracy.projections``.

It uses the finished sessions of ``benchmarks.accuracy.sessions``. The projection was fitted to the first ten
of each pool, so these are left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.accuracy import sessions
from benchmarks.accuracy.tables import markdown, share
from hitl_widgets.quality.projection import project

FITTED, MORE = 10, 50


def measured() -> pd.DataFrame:
    """One row for each session and number of labels."""
    rows = []
    for kind in sessions.available():
        for seed, found in sessions.finished(kind):
            if seed < FITTED:
                continue
            # Items that are never asked: the accuracy is of the same items at all times.
            held = np.arange(len(found["y"])) >= sessions.KINDS[kind].asked
            for n in sessions.AT:
                now, then = (float((found[f"{m}-said"] == found["y"])[held].mean()) for m in (n, n + MORE))
                made = project(sessions.curve_of(found, n)[-1].estimate, n, MORE)
                assert made is not None
                rows.append((kind, n, then - now, made.gain, made.low, made.high))
    return pd.DataFrame(rows, columns=["pool", "labels", "true", "projected", "low", "high"])


def main() -> None:
    found = measured()
    found["held"] = (found["low"] <= found["true"]) & (found["true"] <= found["high"])
    rows = []
    for by in (["pool", "labels"], ["labels"]):
        for key, part in found.groupby(by, sort=False):
            name, n = key if len(key) == 2 else ("all", *key)
            width = (part["high"] - part["low"]).mean()
            rows.append(
                [name, n, len(part), f"{part['true'].mean():+.3f}", f"{part['projected'].mean():+.3f}",
                 share(part["held"]), f"{width:.3f}"]
            )  # fmt: skip
    print(markdown(["pool", "labels", "sessions", "true gain", "projected", "covered", "width"], rows))


if __name__ == "__main__":
    main()
