"""The pools on which label efficiency is measured: features and true classes, the same in every run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Data = tuple[Array, Array]

TREC = Path(__file__).resolve().parents[2] / "shared" / "data" / "trec_questions.txt"
RARE_SHARE = 0.01
N, D = 2000, 10
MODES, CLASSES, LATENT, WIDTH, SPACING = 30, 10, 24, 384, 1.35


def digits() -> Data:
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.data / 16).astype(np.float32), found.target


def breast_cancer() -> Data:
    from sklearn.datasets import load_breast_cancer

    return _standardised(load_breast_cancer())


def wine() -> Data:
    from sklearn.datasets import load_wine

    return _standardised(load_wine())


def docstrings() -> Data:
    from hitl_widgets import datasets

    table = datasets.docstrings()
    return _texts(table["doc"].tolist(), table["topic"].to_numpy())


def trec() -> Data:
    """Six kinds of questions, one of them rare (Li and Roth 2002); never part of the repository."""
    lines = TREC.read_text(encoding="utf-8").splitlines()
    kinds = np.array([line.split(":")[0] for line in lines])
    return _texts([line.split(" ", 1)[1] for line in lines], kinds)


def noisy() -> Data:
    return _synthetic()["noisy"]


def line() -> Data:
    return _synthetic()["line"]


def plane() -> Data:
    return _synthetic()["plane"]


SETS: dict[str, Callable[[], Data]] = {
    "digits": digits,
    "breast_cancer": breast_cancer,
    "wine": wine,
    "docstrings": docstrings,
    "trec": trec,
    "noisy": noisy,
    "line": line,
    "plane": plane,
}

WORDS = {
    "digits": "images of digits (scikit-learn), pixels / 16",
    "breast_cancer": "scikit-learn, standardised",
    "wine": "scikit-learn, standardised",
    "docstrings": "docstrings of the installed numpy, scipy, pandas and scikit-learn by topic, text features",
    "trec": "TREC questions by coarse kind, one kind rare, text features",
    "noisy": "four classes of sizes 20:7:3:1 in overlapping Gaussian modes; 8 % of the truth is wrong",
    "line": "one Gaussian blob, cut in two by a plane through its centre: no neighbourhood says where",
    "plane": "12 clusters, every one cut by the same plane: neighbourhoods mislead",
}


def available() -> list[str]:
    """The sets that can be had here: the TREC questions lie outside the repository."""
    return [name for name in SETS if name != "trec" or TREC.exists()]


@cache
def load(name: str) -> Data:
    """float32 (n, d), and class codes int64 (n,)."""
    return SETS[name]()


def rare(digit: int) -> Data:
    """Is it that digit? Of which only so many are kept that they make 1 % of the pool."""
    X, y = load("digits")
    others = np.flatnonzero(y != digit)
    wanted = round(RARE_SHARE * len(others) / (1 - RARE_SHARE))
    few = np.random.default_rng(digit).choice(np.flatnonzero(y == digit), wanted, replace=False)
    rows = np.sort(np.concatenate([others, few]))
    return X[rows], (y[rows] == digit).astype(np.int64)


def large(n: int) -> Data:
    """30 modes of 10 classes in 384 dimensions, each of one class alone, as embeddings have them.

    The points spread in 24 dimensions, and a little in all others. Spaced so that LogisticRegression
    has with 50 margin-chosen labels about what it had on the pool of the research, .77, whose script
    was not kept.
    """
    rng = np.random.default_rng(2)
    mode = rng.integers(0, MODES, n)
    centres = SPACING * rng.normal(size=(MODES, LATENT))
    into = (rng.normal(size=(LATENT, WIDTH)) / np.sqrt(LATENT)).astype(np.float32)
    X = (centres[mode] + rng.normal(size=(n, LATENT))).astype(np.float32) @ into
    for low in range(0, n, 100_000):
        part = X[low : low + 100_000]
        part += 0.1 * rng.normal(size=part.shape).astype(np.float32)
    return X, mode % CLASSES


def drawn(kind: str, number: int) -> Data:
    """Another pool of the kind of ``line`` or ``plane``."""
    return DRAWN[kind](np.random.default_rng([3, number]))


def _standardised(found: Any) -> Data:
    X = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    return X.astype(np.float32), found.target


def _texts(texts: list[str], kinds: Array) -> Data:
    """Equal texts are one item, of the first one's kind."""
    from hitl_widgets.data.features import text_features
    from hitl_widgets.data.pool import Pool

    pool = Pool.from_data(texts)
    codes = np.unique(kinds[pool.first_rows], return_inverse=True)[1]
    return text_features(pool.items), codes


@cache
def _synthetic() -> dict[str, Data]:
    rng = np.random.default_rng(1)
    sizes = np.array([20, 7, 3, 1.0])
    sizes = (sizes / sizes.sum() * N).astype(int)
    sizes[0] += N - sizes.sum()
    clouds = []
    for size in sizes:
        modes = rng.normal(size=(3, D)) * 1.6
        clouds.append(modes[rng.integers(0, 3, size)] + rng.normal(size=(size, D)))
    y = np.repeat(np.arange(4), sizes)
    wrong = rng.random(N) < 0.08
    y[wrong] = rng.integers(0, 4, wrong.sum())
    made = {"noisy": (np.vstack(clouds).astype(np.float32), y)}

    made |= {kind: DRAWN[kind](rng) for kind in ("line", "plane")}
    return made


def _line(rng: np.random.Generator) -> Data:
    X = rng.normal(size=(N, D))
    return X.astype(np.float32), (X @ rng.normal(size=D) > 0).astype(np.int64)


def _plane(rng: np.random.Generator) -> Data:
    centres = rng.normal(size=(12, D)) * 5
    centres[:, 0] = 0
    X = centres[rng.integers(0, 12, N)] + rng.normal(size=(N, D))
    turned = X @ np.linalg.qr(rng.normal(size=(D, D)))[0]
    return turned.astype(np.float32), (X[:, 0] > 0).astype(np.int64)


DRAWN: dict[str, Callable[[np.random.Generator], Data]] = {"line": _line, "plane": _plane}
