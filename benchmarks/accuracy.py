"""How fast the model learns on digits: our loop against plain scikit-learn, paired by seed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

SEEDS = 10
STEPS = (20, 50, 100, 150)


def _data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    from hitl_widgets.data.pool import Pool
    from hitl_widgets.datasets import digits
    from hitl_widgets.loop.mapping import build_features

    table = digits()
    pool = Pool.from_data(table, image="image")
    first = np.unique(pool.rows, return_index=True)[1]
    return build_features(pool), table["digit"].to_numpy().astype(str)[first]


def ours(X: np.ndarray[Any, Any], y: np.ndarray[Any, Any], seed: int, audit: float) -> list[float]:
    """The default loop, answered by the truth; accuracy on the unlabelled rest."""
    from hitl_widgets.data.pool import Pool
    from hitl_widgets.loop.session import Session

    pool = Pool.from_data([{"row": i} for i in range(len(X))], X=X)
    where = {id_: i for i, id_ in enumerate(pool.ids)}
    found = []
    classes = sorted(set(y))
    with Session(pool, classes=classes, store=":memory:", audit=audit, random_state=seed) as session:
        for n in range(1, STEPS[-1] + 1):
            [asked] = session.query()
            session.label(asked, y[where[asked]])
            if n in STEPS:
                made = session.wait()
                rest = session.current.y < 0
                found.append(float((np.array(classes)[made.predicted[rest]] == y[rest]).mean()))
    return found


def plain(X: np.ndarray[Any, Any], y: np.ndarray[Any, Any], seed: int, strategy: str) -> list[float]:
    """LogisticRegression fitted anew after every label, from the same k-means start."""
    from sklearn.linear_model import LogisticRegression

    from hitl_widgets.learn.strategies import kmeans_start

    rng = np.random.default_rng(seed)
    start = kmeans_start(X, max(2 * len(set(y)), 10), seed)
    if strategy == "random":
        start = [int(i) for i in rng.permutation(len(X))[: STEPS[-1]]]
    labelled: list[int] = []
    found = []
    model = None
    for n in range(1, STEPS[-1] + 1):
        rest = np.setdiff1d(np.arange(len(X)), labelled)
        if len(labelled) < len(start):
            labelled.append(start[len(labelled)])
        else:
            top = np.sort(model.predict_proba(X[rest]), axis=1)[:, -2:]  # type: ignore[union-attr]
            labelled.append(int(rest[np.argmin(top[:, 1] - top[:, 0])]))
        if n in STEPS or n >= len(start):
            model = LogisticRegression(max_iter=2000).fit(X[labelled], y[labelled])
        if n in STEPS and model is not None:
            rest = np.setdiff1d(np.arange(len(X)), labelled)
            found.append(float((model.predict(X[rest]) == y[rest]).mean()))
    return found


def measure() -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    from hitl_widgets.loop import mapping

    mapping.umap_available = lambda _: False
    X, y = _data()
    made: dict[str, Any] = {"steps": STEPS, "runs": {}, "seconds": {}, "shape": X.shape}
    ways = {
        "ours (default: 1 question in 10 audited)": lambda s: ours(X, y, s, 0.1),
        "ours, without the audit": lambda s: ours(X, y, s, 0.0),
        "scikit-learn, margin": lambda s: plain(X, y, s, "margin"),
        "scikit-learn, random": lambda s: plain(X, y, s, "random"),
    }
    with threadpool_limits(1):
        for name, way in ways.items():
            began = time.monotonic()
            made["runs"][name] = [way(seed) for seed in range(SEEDS)]
            made["seconds"][name] = time.monotonic() - began
            print(name, np.mean(made["runs"][name], axis=0).round(3), flush=True)
    return made


if __name__ == "__main__":
    measure()
