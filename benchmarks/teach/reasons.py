"""Processor time of an explanation, and whether the parts add up to the odds of the live model.

``python -m benchmarks.teach.reasons`` prints the table of docs/teach.md, on 5,000 TREC questions
with 200 labels.
"""

from __future__ import annotations

import time
from typing import Any
from unittest import mock

import numpy as np

import hitl_widgets as hitl
from benchmarks.accuracy.tables import markdown
from benchmarks.data import pools
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.items.features import texts as features
from hitl_widgets.maps import preparation
from hitl_widgets.session import loop_of

N, LABELS, EXPLAINED = 5_000, 200, 300
FEATURES = {"words and letters": False, "with sentence embeddings": True}


def measured(texts: Any, y: Any) -> list[Any]:
    names = [str(name) for name in np.unique(y)]
    session = hitl.Session(texts, classes=names, store=":memory:", audit=0, random_state=0)
    for row in range(LABELS):
        session.label([session.pool.ids[row]], str(y[row]))
    session.wait()
    loop = loop_of(session)
    explain, proba = loop.explaining.of, loop.background.trainer.proba
    seconds, errors = [], []
    explain(0)
    with one_blas_thread():
        for row in np.random.default_rng(0).choice(len(session.pool), EXPLAINED, replace=False).tolist():
            began = time.thread_time()
            found = explain(row)
            seconds.append(time.thread_time() - began)
            P = proba(row)
            parts = sum(found.parts.values())
            errors.append(abs(parts - float(np.log(P[found.code] / P[found.other]))))
        began = time.thread_time()
        loop.explaining.telling()
        telling = time.thread_time() - began
    session.close()
    p50, p95 = (1000 * np.quantile(seconds, q) for q in (0.5, 0.95))
    return [f"{p50:.1f} ms", f"{p95:.1f} ms", f"{max(errors):.0e}", f"{telling:.1f} s"]


def main() -> None:
    texts, y = pools.items("trec")
    some = np.random.default_rng(0).permutation(len(y))[:N]
    rows = []
    for name, meaning in FEATURES.items():
        with (
            mock.patch.object(preparation, "umap_available", return_value=False),
            mock.patch.object(features, "has_sentences", return_value=meaning),
        ):
            rows.append([name, *measured([texts[i] for i in some], y[some])])
    print(markdown(["features", "median", "p95", "largest difference to the odds", "telling_words()"], rows))


if __name__ == "__main__":
    main()
