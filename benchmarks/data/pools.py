"""The pools on which label efficiency is measured: items and true classes, identical in every run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import families

Array = np.ndarray[Any, Any]
Data = tuple[Array, Array]
# The features (or, for text sets, the texts), and the true class codes.
Items = tuple[Any, Array]

TREC = Path(os.environ.get("HITL_BENCH_DATA", "../shared/data")) / "trec_questions.txt"
TEXTS = ("docstrings", "trec")
TABLES = ("breast_cancer", "wine")
RARE_SHARE = 0.01
N, D = 2000, 10
MODES, CLASSES, LATENT, WIDTH, SPACING = 30, 10, 24, 384, 1.35


def digits() -> Items:
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.data / 16).astype(np.float32), found.target


def breast_cancer() -> Items:
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    return found.data, found.target


def wine() -> Items:
    from sklearn.datasets import load_wine

    found = load_wine()
    return found.data, found.target


def docstrings() -> Items:
    from hitl_widgets import datasets

    table = datasets.docstrings()
    return _distinct(table["doc"].tolist(), table["topic"].to_numpy())


def trec() -> Items:
    """Six kinds of questions, one of them rare (Li and Roth 2002); not part of the repository."""
    lines = TREC.read_text(encoding="utf-8").splitlines()
    kinds = np.array([line.split(":")[0] for line in lines])
    return _distinct([line.split(" ", 1)[1] for line in lines], kinds)


def noisy() -> Items:
    return _synthetic()["noisy"]


def line() -> Items:
    return _synthetic()["line"]


def plane() -> Items:
    return _synthetic()["plane"]


SETS: dict[str, Callable[[], Items]] = {
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
    "docstrings": "docstrings of the installed numpy, scipy, pandas and scikit-learn by topic",
    "trec": "TREC questions by coarse kind, one of them rare; for the file see benchmarks/README.md",
    "noisy": "four classes of sizes 20:7:3:1 in overlapping Gaussian modes; 8 % wrong classes",
    "line": families.WORDS["line"],
    "plane": families.WORDS["plane"],
}


def available() -> list[str]:
    """The sets that are available: the TREC questions are not in the repository."""
    return [name for name in SETS if name != "trec" or TREC.exists()]


@cache
def items(name: str) -> Items:
    """The unprocessed items, and class codes int64 (n,)."""
    return SETS[name]()


@cache
def load(name: str) -> Data:
    """Features of the whole set, float32 (n, d), and class codes int64 (n,)."""
    from hitl_widgets.items.features.texts import encode as encode_texts

    found, y = items(name)
    if name in TEXTS:
        return encode_texts(found)[0], y
    if name in TABLES:
        found = (found - found.mean(axis=0)) / found.std(axis=0)
    return found.astype(np.float32), y


def rare(digit: int) -> Data:
    """Whether an image is that digit, subsampled to 1 % of the pool."""
    X, y = items("digits")
    others = np.flatnonzero(y != digit)
    wanted = round(RARE_SHARE * len(others) / (1 - RARE_SHARE))
    few = np.random.default_rng(digit).choice(np.flatnonzero(y == digit), wanted, replace=False)
    rows = np.sort(np.concatenate([others, few]))
    return X[rows], (y[rows] == digit).astype(np.int64)


def large(n: int) -> Data:
    """30 modes in 384 dimensions, each of one of 10 classes, similar to embeddings.

    The points vary in 24 dimensions, and slightly in all others. The spacing is chosen so that the
    accuracy of LogisticRegression with 50 labels chosen by margin is about .77, as on an earlier research
    pool whose script was not kept.
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


def _distinct(texts: Sequence[str], kinds: Array) -> Items:
    """Merge equal texts into one item with the kind of the first."""
    _, first = np.unique(np.array(texts, dtype=object), return_index=True)
    first.sort()
    return [texts[i] for i in first], np.unique(kinds[first], return_inverse=True)[1]


@cache
def _synthetic() -> dict[str, Items]:
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
    made = {"noisy": (np.vstack(clouds), y), "line": families.line(rng, N), "plane": families.plane(rng, N)}
    return {name: (X.astype(np.float32), codes) for name, (X, codes) in made.items()}
