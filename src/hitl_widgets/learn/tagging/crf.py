"""A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001), by python-crfsuite."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.tagging.base import Sequences, SequenceTagger
from hitl_widgets.learn.tagging.tokens import OUTSIDE

__all__ = ["CrfTagger"]

# Chosen on other texts than the benchmark: see docs/spans.md.
SETTINGS = {"c1": 0.05, "c2": 0.05, "max_iterations": 60, "feature.possible_transitions": True}


class CrfTagger(SequenceTagger):
    """A CRF; its marginals are the probabilities of tags."""

    name = "CRF"
    _crf: Any = None

    def __init__(self) -> None:
        # CRFsuite's tagger holds the text that it reads.
        self._reading = threading.Lock()

    def _learn(self, sequences: Sequences, tags: list[list[str]]) -> None:
        import pycrfsuite

        self._crf = None
        if not any(tag != OUTSIDE for text in tags for tag in text):
            return  # CRFsuite cannot learn a single tag
        trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=SETTINGS, verbose=False)
        for pair in zip(sequences, tags, strict=True):
            trainer.append(*pair)
        crf = pycrfsuite.Tagger()
        # Training releases the GIL. The model is read from its file, because open_inmemory does not keep the
        # bytes that it reads later, and crashes.
        with tempfile.TemporaryDirectory(prefix="hitl-", ignore_cleanup_errors=True) as folder:
            file = str(Path(folder) / "model.crf")
            trainer.train(file)
            crf.open(file)
        self._crf = crf

    def _tag(self, sequences: Sequences) -> Iterator[tuple[list[str], npt.NDArray[np.float64]]]:
        for words in sequences:
            if self._crf is None:
                yield [OUTSIDE] * len(words), np.ones(len(words))
                continue
            with self._reading:
                tags = self._crf.tag(words)
                P = np.array([self._crf.marginal(tag, i) for i, tag in enumerate(tags)])
            yield tags, P
