"""Suites of data sets for benchmarks. None needs the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from hitl_widgets.datasets.builtin import docstrings
from hitl_widgets.datasets.sets import DataSet, check_seed, fingerprint
from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["SUITES", "suite"]

# Features, classes, and what the fingerprint is computed from if not from these.
Made = tuple[Any, Any, Any]


def suite(name: str = "small", random_state: int = 0) -> dict[str, DataSet]:
    """Return the data sets of a suite by name.

    Parameters
    ----------
    name
        ``"small"``: digits (pixels), breast cancer, wine, docstrings (the built-in text features), and three
        synthetic sets: blobs (five classes of unequal size, three clusters each), rings (no linear model
        separates them) and noisy border (a linear border, one answer in twenty is wrong). Or the name of one
        of these sets.
    random_state
        Draws the synthetic ones: another value gives other data.

    Raises
    ------
    InvalidInput
        For an unknown name, or another seed than a whole number.
    """
    check_seed(random_state)
    every = {one: make for makers in SUITES.values() for one, make in makers.items()}
    if name not in SUITES and name not in every:
        known = [*SUITES, *every]
        raise InvalidInput(
            f"{name!r} is not a suite or set.{nearest(name, known)} Expected one of {choices(known)}."
        )
    makers = SUITES[name] if name in SUITES else {name: every[name]}
    found = {}
    for one, make in makers.items():
        # A generator for each, so that a set is the same on its own as in its suite.
        X, y, raw = make(np.random.default_rng([random_state, *one.encode()]))
        found[one] = DataSet(one, X, y, "" if raw is None else fingerprint(raw, y))
    return found


def _bundled(name: str) -> Callable[[np.random.Generator], Made]:
    def make(_: np.random.Generator) -> Made:
        import sklearn.datasets

        found = getattr(sklearn.datasets, f"load_{name}")()
        X = found.data if name == "digits" else (found.data - found.data.mean(0)) / found.data.std(0)
        return X, [str(found.target_names[code]) for code in found.target], found.data

    return make


@cache
def _encoded() -> Made:
    from hitl_widgets.items.base import kind_of

    table = docstrings()
    texts = table["doc"].tolist()
    return kind_of("text").features(texts)[0], table["topic"].tolist(), texts


def _docstrings(_: np.random.Generator) -> Made:
    return _encoded()


def _blobs(rng: np.random.Generator) -> Made:
    """Five classes of unequal size, three clusters each, in 20 dimensions."""
    sizes = rng.multinomial(2000, [0.4, 0.25, 0.2, 0.1, 0.05])
    centers = rng.normal(size=(5, 3, 20)) * 1.2
    y = np.repeat(np.arange(5), sizes)
    return centers[y, rng.integers(3, size=len(y))] + rng.normal(size=(len(y), 20)), y, None


def _rings(rng: np.random.Generator) -> Made:
    """Three rings around each other, among 8 dimensions of noise."""
    y = rng.integers(3, size=1500)
    angle, radius = rng.uniform(0, 2 * np.pi, len(y)), 1.0 + y + rng.normal(scale=0.15, size=len(y))
    plane = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return np.column_stack([plane, rng.normal(scale=0.3, size=(len(y), 8))]), y, None


def _border(rng: np.random.Generator) -> Made:
    """Two classes with a linear border in 30 dimensions; one class in twenty is swapped."""
    X = rng.normal(size=(2000, 30))
    y = (X @ rng.normal(size=30) > 0).astype(int)
    return X, np.where(rng.random(len(y)) < 0.05, 1 - y, y), None


SUITES: Mapping[str, Mapping[str, Callable[[np.random.Generator], Made]]] = {
    "small": {
        "digits": _bundled("digits"),
        "breast cancer": _bundled("breast_cancer"),
        "wine": _bundled("wine"),
        "docstrings": _docstrings,
        "blobs": _blobs,
        "rings": _rings,
        "noisy border": _border,
    },
}
"""Functions that make the sets of each suite."""
