"""Compute the slowest modes of a graph in a separate process, started by `views`.

Reads the affinity matrix (``data.npy``, ``indices.npy`` and ``indptr.npy``) from its folder, and writes
``values.npy`` and ``vectors.npy``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from hitl_widgets.background.children import Reporter, serve
from hitl_widgets.learn.views import modes


def _find(folder: Path, settings: dict[str, Any], _reporter: Reporter) -> None:
    parts = tuple(np.load(folder / f"{name}.npy") for name in ("data", "indices", "indptr"))
    n = len(parts[2]) - 1
    values, vectors = modes(csr_array(parts, shape=(n, n)), settings["k"])
    np.save(folder / "values.npy", values)
    np.save(folder / "vectors.npy", vectors)


if __name__ == "__main__":
    serve(_find)
