"""UMAP in a process of its own, started by `projection`.

``python -m hitl_widgets.data._umap_child FOLDER``
Reads ``X.npy``, ``init.npy``, ``job.json`` and perhaps ``knn_*.npy`` in the folder, writes
``out.npy``, and says how far it is as JSON lines on stdout. Ends when stdin is closed, so that it
never outlives the kernel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
import types
import warnings
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

# Up to here exact neighbours take seconds; beyond, UMAP's own approximate search pays for its
# compilation.
EXACT_KNN_ROWS = 20_000
# From here UMAP lays out in parallel when no random_state asks for a repeatable map.
_PARALLEL_ROWS = 50_000


class _Reporter:
    """Where tqdm writes ``12/100``; passes it on as a JSON line."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def stage(self, words: str, fraction: float | None = None) -> None:
        self.stream.write(json.dumps({"stage": words, "fraction": fraction}) + "\n")
        self.stream.flush()

    def write(self, text: str) -> int:
        if found := re.search(r"(\d+)/(\d+)", text):
            self.stage("settling the map", int(found[1]) / max(1, int(found[2])))
        return len(text)

    def flush(self) -> None:
        pass


def _die_with_parent(folder: Path) -> None:
    sys.stdin.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _stub_pynndescent() -> None:
    """Skip a module whose import compiles for 25 s; given the neighbours, UMAP calls none of it."""
    contents: dict[str, dict[str, Any]] = {
        "pynndescent": {"NNDescent": type("NNDescent", (), {})},
        "pynndescent.distances": {"named_distances": {}},
        "pynndescent.sparse": {"sparse_named_distances": {}},
    }
    for name, members in contents.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        sys.modules[name] = module


def _import_umap(with_neighbors: bool) -> Any:
    sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]  # only parametric UMAP needs it
    if with_neighbors:
        _stub_pynndescent()
    try:
        import umap
    except (ImportError, AttributeError):  # a UMAP that wants more of pynndescent
        for name in [m for m in sys.modules if m.partition(".")[0] in ("umap", "pynndescent")]:
            del sys.modules[name]
        import umap
    _cache_compiled()
    return umap


def _cache_compiled() -> None:
    """Keep what numba compiles: 8 s the first time on a machine, nothing after.

    Not the parallel layout: numba would take its file for that of the serial one.
    """
    try:
        from umap import layouts, umap_

        for function in (
            umap_.smooth_knn_dist,
            umap_.compute_membership_strengths,
            layouts._nb_optimize_layout_euclidean_single_epoch,  # noqa: SLF001
        ):
            function.enable_caching()
    except (AttributeError, OSError, RuntimeError) as error:  # another version, nowhere to write
        sys.stderr.write(f"UMAP is not cached: {error}\n")


def _neighbors(X: npt.NDArray[np.float32], folder: Path, k: int) -> tuple[Any, Any] | None:
    if (folder / "knn_indices.npy").exists():
        return np.load(folder / "knn_indices.npy"), np.load(folder / "knn_distances.npy")
    if len(X) > EXACT_KNN_ROWS:
        return None
    from sklearn.neighbors import NearestNeighbors

    distances, indices = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(X).kneighbors(X)
    return indices.astype(np.int32), distances.astype(np.float32)


def _run(folder: Path, reporter: _Reporter) -> None:
    job = json.loads((folder / "job.json").read_text())
    X, init = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "init.npy")
    reporter.stage("finding neighbours")
    k = min(job["n_neighbors"], len(X) - 1)
    knn = _neighbors(X, folder, k)
    reporter.stage("preparing the layout (the first time compiles)")
    umap = _import_umap(with_neighbors=knn is not None)
    parallel = job["random_state"] is None and len(X) >= _PARALLEL_ROWS
    model = umap.UMAP(
        n_neighbors=k,
        n_epochs=job["n_epochs"],
        init=init,
        precomputed_knn=knn or (None, None, None),
        random_state=None if parallel else job["random_state"] or 0,
        n_jobs=-1 if parallel else 1,
        tqdm_kwds={"disable": False, "file": reporter, "bar_format": "{n_fmt}/{total_fmt}"},
    )
    np.save(folder / "out.npy", model.fit_transform(X).astype(np.float32))


def main() -> None:
    folder = Path(sys.argv[1])
    # Whatever else prints must not mix with the JSON lines.
    reporter = _Reporter(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=_die_with_parent, args=(folder,), daemon=True).start()
    warnings.simplefilter("ignore")
    _run(folder, reporter)


if __name__ == "__main__":
    main()
