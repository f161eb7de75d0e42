"""Real and toy data sets that need no network, for demonstrations, lessons, documentation and tests."""

from __future__ import annotations

import ast
import gc
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DOCSTRING_TOPICS", "TOYS", "digits", "docstrings", "toy", "toy_points"]

_SOURCES: dict[str, tuple[str, ...]] = {
    "arrays": ("numpy/_core/fromnumeric.py", "numpy/_core/numeric.py", "numpy/lib", "numpy/ma"),
    "dates and times": (
        "pandas/tseries",
        "pandas/core/arrays/datetimelike.py",
        "pandas/core/arrays/datetimes.py",
        "pandas/core/arrays/period.py",
        "pandas/core/arrays/timedeltas.py",
        "pandas/core/indexes/accessors.py",
        "pandas/core/indexes/datetimelike.py",
        "pandas/core/indexes/datetimes.py",
        "pandas/core/indexes/period.py",
        "pandas/core/indexes/timedeltas.py",
        "pandas/core/resample.py",
        "pandas/core/tools/datetimes.py",
    ),
    "input and output": ("pandas/io", "scipy/io"),
    "linear algebra": ("numpy/linalg", "numpy/matrixlib", "scipy/linalg", "scipy/sparse"),
    "machine learning": (
        "sklearn/cluster",
        "sklearn/decomposition",
        "sklearn/ensemble",
        "sklearn/feature_extraction",
        "sklearn/linear_model",
        "sklearn/metrics",
        "sklearn/model_selection",
        "sklearn/neighbors",
        "sklearn/neural_network",
        "sklearn/svm",
        "sklearn/tree",
    ),
    "optimisation": ("scipy/optimize",),
    "polynomials and interpolation": ("numpy/polynomial", "scipy/interpolate"),
    "signals and images": (
        "numpy/fft",
        "scipy/fft",
        "scipy/fftpack",
        "scipy/ndimage",
        "scipy/signal",
    ),
    "statistics": ("scipy/stats",),
    "tables": (
        "pandas/core/frame.py",
        "pandas/core/generic.py",
        "pandas/core/groupby",
        "pandas/core/indexes/base.py",
        "pandas/core/indexes/category.py",
        "pandas/core/indexes/multi.py",
        "pandas/core/reshape",
        "pandas/core/series.py",
    ),
}
DOCSTRING_TOPICS: tuple[str, ...] = tuple(_SOURCES)
"""The true labels of `docstrings`: the topic of the part of the library that a docstring comes from."""

_SKIPPED = re.compile(r"^(tests?|_?testing|conftest|setup|_add_newdocs.*|_\w+_distns|externals|_?examples?)$")
_TEMPLATE = re.compile(r"%\(\w+\)s|^%\w|\{\w+\}\n")
_MIN_CHARACTERS = 40
_MAX_PER_TOPIC = 550


def digits() -> pd.DataFrame:
    """Handwritten digits: 1,797 small images with their true labels.

    Returns
    -------
    A table with the columns ``image`` ((8, 8) uint8 arrays, 0 is black and 255 is white) and ``digit``
    (str, ``"0"`` to ``"9"``).

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (1998), as shipped with
    scikit-learn.
    """
    import pandas as pd
    from sklearn.datasets import load_digits

    data = load_digits()
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)
    return pd.DataFrame({"image": list(images), "digit": [str(t) for t in data.target]})


def docstrings() -> pd.DataFrame:
    """About 4,000 docstrings from the installed sources of numpy, scipy, pandas and scikit-learn.

    The sources are parsed, not imported. The rows and their order are the same in every call; they change
    only with the installed versions.

    Returns
    -------
    A table with the columns ``name`` (dotted, unique), ``doc`` (cleaned by `inspect.cleandoc`) and ``topic``
    (the true label: one of `DOCSTRING_TOPICS`, determined by the part of the library).

    Raises
    ------
    InvalidInput
        If one of the four libraries, or its Python sources, is not installed.
    """
    import pandas as pd

    rng = np.random.default_rng(0)
    rows: list[tuple[str, str, str]] = []
    names: set[str] = set()
    docs: set[str] = set()
    for topic, places in _SOURCES.items():
        found = []
        for name, doc in (pair for place in places for pair in _documented(place)):
            if name not in names and doc not in docs:
                names.add(name)
                docs.add(doc)
                found.append((name, doc, topic))
        rows += [found[i] for i in rng.permutation(len(found))[:_MAX_PER_TOPIC]]
    order = rng.permutation(len(rows))
    return pd.DataFrame([rows[i] for i in order], columns=["name", "doc", "topic"])


def toy(name: str = "blobs", n: int = 200, random_state: int = 0) -> pd.DataFrame:
    """Points in the plane, for lessons.

    Parameters
    ----------
    name
        ``"blobs"``: three clouds, three classes. ``"line"``: one cloud cut in two by a slanted line.
        ``"moons"`` and ``"circles"``: two classes that no line separates. ``"rare"``: one point in
        twenty belongs to the second class, at the edge of the cloud. ``"trap"``: one class has two distant
        clusters, and a model that has seen only the first is confidently wrong about the second.
        ``"outliers"``: two clouds, and one point in fifteen far away, with a class at random.
    n
        Number of points, at least 20.
    random_state
        Seed: the same number gives the same points.

    Returns
    -------
    A table with the columns ``x1``, ``x2`` (float64) and ``label`` (``"circle"``, ``"square"`` or
    ``"triangle"``), in random order.

    Raises
    ------
    InvalidInput
        For an unknown name, or too few points.
    """
    import pandas as pd

    X, labels = toy_points(name, n, random_state)
    return pd.DataFrame({"x1": X[:, 0], "x2": X[:, 1], "label": labels})


def toy_points(
    name: str, n: int = 200, random_state: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
    """Return the points of :func:`toy` as arrays: float64 (n, 2), and the labels (n,)."""
    if name not in _TOYS:
        raise InvalidInput(
            f"toy({name!r}) is not known.{nearest(name, _TOYS)} Expected one of {choices(_TOYS)}."
        )
    if not isinstance(n, int) or n < 20:
        raise InvalidInput(f"n={n!r}: a lesson needs at least 20 points, such as 200.")
    rng = np.random.default_rng(random_state)
    X, code = _TOYS[name](n, rng)
    order = rng.permutation(n)
    return X[order], np.array(["circle", "square", "triangle"])[code[order]]


_Points = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]


def _clouds(rng: np.random.Generator, *clouds: tuple[int, tuple[float, float], float, int]) -> _Points:
    """Round clouds, each given by its number of points, centre, width and class."""
    X = [rng.normal(centre, width, (m, 2)) for m, centre, width, _ in clouds]
    return np.vstack(X), np.repeat([code for *_, code in clouds], [m for m, *_ in clouds])


def _blobs(n: int, rng: np.random.Generator) -> _Points:
    a, b = n // 3, 2 * n // 3
    return _clouds(
        rng, (a, (-1.6, -1.0), 0.95, 0), (b - a, (1.7, -0.7), 0.95, 1), (n - b, (0.1, 1.9), 0.95, 2)
    )


def _line(n: int, rng: np.random.Generator) -> _Points:
    X = rng.normal(0, 1.5, (n, 2))
    return X, (X @ [0.6, 1.0] > 0.4).astype(np.int64)


def _moons(n: int, rng: np.random.Generator) -> _Points:
    code = np.arange(n) % 2
    turn = rng.uniform(0, np.pi, n) + np.pi * code
    X = 2 * np.column_stack([np.cos(turn) + code - 0.5, np.sin(turn) + 0.5 * code - 0.25])
    return X + rng.normal(0, 0.3, (n, 2)), code


def _circles(n: int, rng: np.random.Generator) -> _Points:
    code = np.arange(n) % 2
    turn = rng.uniform(0, 2 * np.pi, n)
    radius = np.where(code == 1, 1.0, 2.6) + rng.normal(0, 0.25, n)
    return radius[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]), code


def _rare(n: int, rng: np.random.Generator) -> _Points:
    m = max(2, round(n / 20))
    return _clouds(rng, (n - m, (0, 0), 1.3, 0), (m, (3.2, 2.2), 0.35, 1))


def _trap(n: int, rng: np.random.Generator) -> _Points:
    near, hidden = round(0.3 * n), round(0.2 * n)
    return _clouds(
        rng, (n - near - hidden, (0, 0), 0.65, 0), (near, (0, 3.9), 0.7, 1), (hidden, (3.7, -1.8), 0.45, 1)
    )


def _outliers(n: int, rng: np.random.Generator) -> _Points:
    m = max(2, round(n / 15))
    a = (n - m) // 2
    X, code = _clouds(rng, (a, (-1.2, -0.6), 0.75, 0), (n - m - a, (1.2, 0.6), 0.75, 1))
    turn = rng.uniform(0, 2 * np.pi, m)
    far = rng.uniform(4, 5.5, m)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    return np.vstack([X, far]), np.concatenate([code, rng.integers(0, 2, m)])


_TOYS: dict[str, Callable[[int, np.random.Generator], _Points]] = {
    "blobs": _blobs,
    "line": _line,
    "moons": _moons,
    "circles": _circles,
    "rare": _rare,
    "trap": _trap,
    "outliers": _outliers,
}
TOYS: tuple[str, ...] = tuple(_TOYS)
"""The names that `toy` accepts."""


def _documented(place: str) -> Iterator[tuple[str, str]]:
    """Yield the name and docstring of everything public in a folder or file such as ``"scipy/stats"``."""
    package, _, inside = place.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise InvalidInput(
            f"docstrings() reads the sources of {package!r}, which is not installed here. "
            "Install numpy, scipy, pandas and scikit-learn, or use datasets.digits()."
        )
    root = Path(spec.origin).parent
    path = root / inside
    for file in [path] if path.suffix == ".py" else sorted(path.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        if file.exists() and not any(_SKIPPED.match(part) for part in parts):
            module = ".".join((package, *(p for p in parts if not p.startswith("_"))))
            yield from _walk(_parse(file), module)


def _parse(file: Path) -> ast.Module:
    collecting = gc.isenabled()
    gc.disable()  # parsing creates many objects but no garbage: a quarter faster
    try:
        return ast.parse(file.read_bytes())
    finally:
        if collecting:
            gc.enable()


def _walk(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, str]]:
    for child in node.body:
        if not isinstance(child, ast.FunctionDef | ast.ClassDef) or child.name.startswith("_"):
            continue
        name = f"{prefix}.{child.name}"
        doc = inspect.cleandoc(ast.get_docstring(child, clean=False) or "").strip()
        if len(doc) >= _MIN_CHARACTERS and not _TEMPLATE.search(doc):
            yield name, doc
        if isinstance(child, ast.ClassDef):
            yield from _walk(child, name)
