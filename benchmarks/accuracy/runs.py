"""Simulated sessions of known accuracy, and the inputs of its estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import pools
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.learn.evaluate import Given, Rest, tell
from hitl_widgets.learn.learner import Learner, Refreshable, as_learner, foretold
from hitl_widgets.learn.scoring import ClassBelief
from hitl_widgets.learn.strategies import as_strategy
from hitl_widgets.loop.asking import Asker, Ground, Labels, ground_of
from hitl_widgets.questions.schema import Schema

Array = np.ndarray[Any, Any]

AT = (20, 50, 100, 150)
AUDIT = 0.1
# (up to this many labels, questions between two updates of the model): few while each label matters.
PACE = ((20, 2), (50, 5), (150, 10))


@dataclass(frozen=True)
class Kind:
    """A kind of pool: every session draws its own, of ``n`` items."""

    n: int
    words: str
    draw: Callable[[np.random.Generator, int], pools.Data]


def _rows_of(name: str) -> Callable[[np.random.Generator, int], pools.Data]:
    def draw(rng: np.random.Generator, n: int) -> pools.Data:
        X, y = pools.load(name)
        rows = rng.permutation(len(X))[:n]
        return np.ascontiguousarray(X[rows]), y[rows]

    return draw


@cache
def _land() -> tuple[Array, Array, Array]:
    """Centres, spreads and shares of seven classes of unequal size, with two modes each."""
    rng = np.random.default_rng(5)
    shares = np.array([0.30, 0.22, 0.18, 0.12, 0.09, 0.06, 0.03])
    return rng.normal(size=(7, 2, 10)) * 0.75, rng.normal(size=(7, 2, 10, 10)) * 0.32, shares


def _land_cover(rng: np.random.Generator, n: int) -> pools.Data:
    centres, spreads, shares = _land()
    y = rng.choice(len(shares), n, p=shares)
    mode = rng.integers(0, 2, n)
    X = centres[y, mode] + np.einsum("nij,nj->ni", spreads[y, mode], rng.normal(size=(n, 10)))
    return X.astype(np.float32), y


def _noisy(rng: np.random.Generator, n: int) -> pools.Data:
    """Four classes of sizes 20:7:3:1 in overlapping modes, with 8 % wrong labels."""
    modes = np.random.default_rng(1).normal(size=(4, 3, 10)) * 1.6
    y = rng.choice(4, n, p=np.array([20, 7, 3, 1]) / 31)
    X = modes[y, rng.integers(0, 3, n)] + rng.normal(size=(n, 10))
    return X.astype(np.float32), np.where(rng.random(n) < 0.08, rng.integers(0, 4, n), y)


def _hard(told: float) -> Callable[[np.random.Generator, int], pools.Data]:
    """Two classes and 20 columns, none of them informative or one weakly."""

    def draw(rng: np.random.Generator, n: int) -> pools.Data:
        X = rng.normal(size=(n, 20))
        return X.astype(np.float32), (told * X[:, 0] + rng.normal(size=n) > 0).astype(np.int64)

    return draw


KINDS = {
    "digits": Kind(500, "500 of the digits", _rows_of("digits")),
    "table": Kind(
        600,
        "600 synthetic rows that resemble land cover data; 7 classes with shares from 30 to 3 %",
        _land_cover,
    ),
    "docstrings": Kind(800, "800 of the docstrings, with text features", _rows_of("docstrings")),
    "noisy": Kind(3_000, "3,000 rows, four overlapping classes of sizes 20:7:3:1, 8 % wrong labels", _noisy),
    "nothing": Kind(300, "300 rows of two classes, 20 uninformative columns", _hard(0)),
    "little": Kind(300, "300 rows of two classes, one weakly informative column of 20", _hard(0.67)),
}


HARD = {"nothing", "little"}


def run(kind: str, seed: int, learner: Any = "auto") -> dict[str, Array]:
    """One session: for every number of labels in ``AT``, the inputs of the estimates and the truth."""
    rng = np.random.default_rng([11, seed])
    X, y = KINDS[kind].draw(rng, KINDS[kind].n)
    n_classes = int(y.max()) + 1
    with one_blas_thread():
        ground = ground_of(X, NeighborGraph.build(X))
        live = as_learner(learner).start(X, n_classes, ground.affinity)
        asker = Asker(*as_strategy("auto"), n_classes, AUDIT, seed)
        asker.begin(X)
        found: dict[str, Array] = {}
        for labels in _sessions(asker, live, ground, y):
            for name, values in _material(live, ground, labels, y).items():
                found[f"{len(labels)}-{name}"] = values
    return found


def _sessions(asker: Asker, live: Learner, ground: Ground, y: Array) -> Any:
    """Yield the labels at each number of labels in ``AT``."""
    given = Labels.blank(len(y), Schema([str(c) for c in range(int(y.max()) + 1)]))
    labels, utilities, n = given.copy(0), None, 0
    while n < AT[-1]:
        batch = next(size for most, size in PACE if n < most)
        for one in asker.queue(labels, batch, ground, utilities, lambda _: ""):
            n += 1
            given.y[one.index], given.order[one.index] = y[one.index], n
            given.audited[one.index], given.asked[one.index] = one.audit, True
        labels = given.copy(n)
        rows, codes, _ = labels.training()
        live.update(rows, codes)
        if isinstance(live, Refreshable) and live.stale:
            live.refresh()
        utilities = asker.utilities(
            live.proba, ClassBelief.of(live.proba()).uncertainty, ground, labels, live, 1
        )
        if n in AT:
            yield labels


def _material(live: Learner, ground: Ground, labels: Labels, y: Array) -> dict[str, Array]:
    given, rest = labels.given(), Rest.of(labels.y, most=len(y))
    fresh = live.start(ground.X, len(labels.schema.classes), ground.affinity)
    told = tell(fresh, given, rest, len(given))
    assert told is not None
    found = {
        "P": told.answers.P,
        "P of rest": told.P,
        "codes": given.y,
        "kind": told.answers.kind,
        "truth of rest": y[rest.index],
        "audited right": _before(fresh, given),
    }
    if len(given) == AT[-1]:
        early = tell(fresh, given, rest, AT[1])
        assert early is not None
        found |= {"early P": early.answers.P, "early P of rest": early.P, "early kind": early.answers.kind}
    narrow = {"i": np.int8, "f": np.float16}
    return {name: a.astype(narrow.get(a.dtype.kind, a.dtype)) for name, a in found.items()}


def _before(learner: Learner, given: Given) -> Array:
    """The former method: which audited items are right in five folds, bool (n,)."""
    rows, codes = given.index[given.audited], given.y[given.audited]
    right, fold = np.zeros(len(rows), np.bool_), np.arange(len(rows)) % 5
    for k in range(min(5, len(rows))):
        known = ~np.isin(given.index, rows[fold == k])
        P = foretold(learner, given.index[known], given.y[known], rows[fold == k])
        right[fold == k] = P.argmax(axis=1) == codes[fold == k]
    return right


def file_of(kind: str, seed: int, learner: str, folder: Path) -> Path:
    """The file of the session."""
    return folder / f"{kind}-{learner}-{seed}.npz"


def keep(kind: str, seed: int, learner: str, folder: Path) -> None:
    """Run the session and save it."""
    path = file_of(kind, seed, learner, folder)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **run(kind, seed, learner))
    part.replace(path)


def load(kind: str, seed: int, learner: str, folder: Path) -> dict[str, Array]:
    """A saved session."""
    with np.load(file_of(kind, seed, learner, folder)) as kept:
        return dict(kept)
