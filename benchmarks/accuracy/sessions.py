"""Simulated sessions, kept with everything that the figures of docs/trust.md are computed from.

``python -m benchmarks.accuracy.sessions`` plays them, a few seconds each, and continues where it was
interrupted; ``--quick`` plays a few of each pool. The other modules compute figures from what is finished.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import RESULTS
from benchmarks.accuracy import runs
from benchmarks.data import pools
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.calibration import Answers
from hitl_widgets.learn.evaluate import (
    CurvePoint,
    Earlier,
    Estimate,
    Rest,
    accuracy_estimate,
    learning_curve,
    tell,
)
from hitl_widgets.learn.learner import Learner, Refreshable, as_learner
from hitl_widgets.learn.scoring import ClassBelief
from hitl_widgets.learn.strategies import as_strategy
from hitl_widgets.loop.asking import Asker, Ground, Labels, ground_of
from hitl_widgets.questions.schema import Schema

Array = np.ndarray[Any, Any]

FOLDER = RESULTS / "sessions"
SESSIONS, QUICK = 60, 5
# Labels in all; between two saved models; at which the curve and the predictions are saved.
LABELS, EVERY, AT = 250, 10, (50, 100, 150, 200)
AUDIT, PACE = 0.1, 5


@dataclass(frozen=True)
class Kind:
    """A pool: every session draws its own items, of which only the first ``asked`` are ever asked."""

    n: int
    asked: int
    words: str
    draw: Callable[[np.random.Generator, int], pools.Data]


KINDS = {
    "digits": Kind(1797, 600, "the digits of scikit-learn", runs._rows_of("digits")),
    "docstrings": Kind(1800, 800, "docstrings by topic, with text features", runs._rows_of("docstrings")),
    "trec": Kind(1800, 800, "TREC questions, with text features", runs._rows_of("trec")),
    "table": Kind(1800, 800, "synthetic rows of seven classes", runs.KINDS["table"].draw),
    "noisy": Kind(1800, 800, "four overlapping classes, 8 % wrong labels", runs.KINDS["noisy"].draw),
    "little": Kind(1800, 800, "two classes, one weakly informative column of 20", runs.KINDS["little"].draw),
}


def play(kind: str, seed: int) -> dict[str, Array]:
    """One session: predictions of all items at every tenth label, and what the estimates need at ``AT``."""
    rng = np.random.default_rng([17, seed])
    X, y = KINDS[kind].draw(rng, KINDS[kind].n)
    k = int(y.max()) + 1
    found: dict[str, Array] = {"y": y}
    with one_blas_thread():
        ground = ground_of(X, NeighborGraph.build(X))
        live = as_learner("auto").start(X, k, ground.affinity)
        for labels in _labels(live, ground, y, k, KINDS[kind].asked, seed):
            n, P = len(labels), live.proba()
            found[f"{n}-said"] = P.argmax(axis=1)
            if n in AT:
                found[f"{n}-sure"] = P.max(axis=1)
                found |= {f"{n}-{name}": a for name, a in _material(live, ground, labels, k).items()}
        found["order"] = labels.given().index
        found["audited"] = labels.given().audited
    narrow = {"i": np.int16, "f": np.float32}
    return {name: a.astype(narrow.get(a.dtype.kind, a.dtype)) for name, a in found.items()}


def _labels(live: Learner, ground: Ground, y: Array, k: int, asked: int, seed: int) -> Iterator[Labels]:
    """Yield the labels at every tenth, with the live model of these labels."""
    asker = Asker(*as_strategy("auto"), k, AUDIT, seed)
    asker.begin(ground.X)
    given = Labels.blank(len(y), Schema([str(c) for c in range(k)]))
    given.skipped[asked:] = True
    labels, utilities, n = given.copy(0), None, 0
    while n < LABELS:
        for one in asker.queue(labels, PACE, ground, utilities, lambda _: ""):
            n += 1
            given.y[one.index], given.order[one.index] = y[one.index], n
            given.audited[one.index], given.asked[one.index] = one.audit, True
        labels = given.copy(n)
        rows, codes, _ = labels.training()
        live.update(rows, codes)
        if isinstance(live, Refreshable) and live.stale:
            live.refresh()
        sure = ClassBelief.of(live.proba()).uncertainty
        utilities = asker.utilities(live.proba, sure, ground, labels, live, 1)
        if n % EVERY == 0:
            yield labels


def _material(live: Learner, ground: Ground, labels: Labels, k: int) -> dict[str, Array]:
    """The learning curve, and predictions of the labelled items by models without their label."""
    given, rest = labels.given(), Rest.of(labels.y)
    fresh, earlier = live.start(ground.X, k, ground.affinity), Earlier()
    last = accuracy_estimate(fresh, given, rest, earlier=earlier)
    curve = learning_curve(fresh, given, rest, last, earlier=earlier)
    told = tell(fresh, given, rest, len(given), earlier=earlier)
    assert told is not None
    points = [
        (p.n_labels, p.estimate.value, p.estimate.low, p.estimate.high)
        for p in curve
        if p.estimate.value is not None
    ]
    return {
        "curve": np.array(points, np.float64),
        "rest": rest.index,
        "P": told.answers.P,
        "codes": told.answers.y,
        "kind": told.answers.kind,
        "weight": told.answers.weight,
        "rows": told.rows,
    }


def curve_of(found: dict[str, Array], n: int) -> list[CurvePoint]:
    """The learning curve that was shown after ``n`` labels."""
    return [
        CurvePoint(int(m), Estimate(float(value), float(low), float(high), 1))
        for m, value, low, high in found[f"{n}-curve"]
    ]


def answers_of(found: dict[str, Array], n: int) -> Answers:
    """The predictions of labelled items by models without their label, after ``n`` labels."""
    return Answers(*(found[f"{n}-{name}"] for name in ("P", "codes", "kind", "weight")))


def file_of(kind: str, seed: int) -> Any:
    """The file of the session."""
    return FOLDER / f"{kind}-{seed}.npz"


def finished(kind: str, most: int = SESSIONS) -> Iterator[tuple[int, dict[str, Array]]]:
    """The finished sessions of a pool, with their seeds."""
    for seed in range(most):
        if file_of(kind, seed).exists():
            with np.load(file_of(kind, seed)) as kept:
                yield seed, dict(kept)


def available() -> list[str]:
    """The pools whose data are here: the TREC questions are not in the repository."""
    return [kind for kind in KINDS if kind != "trec" or pools.TREC.exists()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"play {QUICK} sessions of each pool")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed in range(QUICK if options.quick else SESSIONS):
        for kind in available():
            path = file_of(kind, seed)
            if not path.exists():
                part = path.with_suffix(".part.npz")
                np.savez_compressed(part, **play(kind, seed))
                part.replace(path)
        print(f"{seed + 1} sessions of each pool", flush=True)


if __name__ == "__main__":
    main()
