"""Compute sentence vectors in a separate process, started by `sentences`.

Reads ``letters.npy`` (concatenated texts in UTF-8) and ``ends.npy``, and writes ``vectors.npy``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hitl_widgets.background.children import Reporter, serve
from hitl_widgets.items.features.sentences import sentence_vectors


def _find(folder: Path, _settings: dict[str, Any], reporter: Reporter) -> None:
    letters, ends = np.load(folder / "letters.npy").tobytes(), np.load(folder / "ends.npy")
    starts = np.concatenate([[0], ends[:-1]])
    texts = [letters[low:high].decode("utf-8") for low, high in zip(starts, ends, strict=True)]
    found = sentence_vectors(texts, lambda share: reporter.stage("reading what the texts mean", share))
    np.save(folder / "vectors.npy", found)


if __name__ == "__main__":
    serve(_find)
