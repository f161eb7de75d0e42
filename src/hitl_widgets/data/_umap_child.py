"""Run UMAP in a separate process, started by `projection`.

Reads ``indices.npy``, ``distances.npy`` and ``init.npy`` from its folder, and writes ``xy.npy``. Shows
intermediate layouts.
"""

from __future__ import annotations

import os
import re
import sys
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import DRAWING, Reporter, serve

# From this number of rows, UMAP runs in parallel unless random_state requests a reproducible map.
_PARALLEL_ROWS = 50_000


class _Epochs:
    """A file for tqdm's ``12/100``; reports the progress and, at intervals, the current layout."""

    def __init__(self, reporter: Reporter, seconds: float) -> None:
        self._reporter, self._seconds = reporter, seconds
        self._due = time.monotonic() + seconds
        self.layout: npt.NDArray[np.float32] | None = None

    def write(self, text: str) -> int:
        if found := re.search(r"(\d+)/(\d+)", text):
            self._reporter.stage(DRAWING, int(found[1]) / max(1, int(found[2])))
            if self.layout is not None and int(found[1]) and time.monotonic() >= self._due:
                self._reporter.show(self.layout)
                self._due = time.monotonic() + self._seconds
        return len(text)

    def flush(self) -> None:
        pass

    def watch(self, umap_: Any) -> None:
        """Keep a reference to the array that UMAP optimizes."""
        if not hasattr(umap_, "optimize_layout_euclidean"):  # another version: no intermediate layouts
            return
        lay_out = umap_.optimize_layout_euclidean

        def watched(layout: npt.NDArray[np.float32], *arguments: Any, **settings: Any) -> Any:
            self.layout = layout
            return lay_out(layout, *arguments, **settings)

        umap_.optimize_layout_euclidean = watched


def _stub_pynndescent() -> None:
    """Replace a module whose import compiles for 25 s; UMAP does not need it with given neighbors."""
    contents: dict[str, dict[str, Any]] = {
        "pynndescent": {"NNDescent": type("NNDescent", (), {})},
        "pynndescent.distances": {"named_distances": {}},
        "pynndescent.sparse": {"sparse_named_distances": {}},
    }
    for name, members in contents.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        sys.modules[name] = module


def _import_umap() -> Any:
    sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]  # only parametric UMAP needs it
    _stub_pynndescent()
    try:
        import umap
    except (ImportError, AttributeError):  # a version of UMAP that needs more of pynndescent
        for name in [m for m in sys.modules if m.partition(".")[0] in ("umap", "pynndescent")]:
            del sys.modules[name]
        import umap
    _cache_compiled()
    return umap


def _cache_compiled() -> None:
    """Cache what Numba compiles, which takes 8 s the first time.

    The parallel layout is not cached, because Numba would confuse its file with that of the serial one.
    """
    try:
        from umap import layouts, umap_

        for function in (
            umap_.smooth_knn_dist,
            umap_.compute_membership_strengths,
            layouts._nb_optimize_layout_euclidean_single_epoch,  # noqa: SLF001
        ):
            function.enable_caching()
    except (AttributeError, OSError, RuntimeError) as error:  # another version, or no writable folder
        sys.stderr.write(f"UMAP is not cached: {error}\n")


def _lay_out(folder: Path, settings: dict[str, Any], reporter: Reporter) -> None:
    indices, distances = np.load(folder / "indices.npy"), np.load(folder / "distances.npy")
    reporter.stage("preparing the layout (the first time compiles)")
    umap = _import_umap()
    n = len(indices)
    several = int(os.environ.get("NUMBA_NUM_THREADS", "1")) > 1  # else compiling takes longer than it saves
    parallel = several and settings["random_state"] is None and n >= _PARALLEL_ROWS
    epochs = _Epochs(reporter, settings["frame_seconds"])
    epochs.watch(umap.umap_)
    model = umap.UMAP(
        n_neighbors=min(settings["n_neighbors"], indices.shape[1]),
        n_epochs=settings["n_epochs"],
        init=np.load(folder / "init.npy"),
        precomputed_knn=(indices, distances, None),
        random_state=None if parallel else settings["random_state"] or 0,
        n_jobs=-1 if parallel else 1,
        tqdm_kwds={"disable": False, "file": epochs, "bar_format": "{n_fmt}/{total_fmt}"},
    )
    # With neighbors and initial positions given, UMAP uses only the number of rows.
    xy = model.fit_transform(np.zeros((n, 1), np.float32))
    np.save(folder / "xy.npy", xy.astype(np.float32))


if __name__ == "__main__":
    serve(_lay_out)
