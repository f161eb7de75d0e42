"""What a reward rewards: the words or columns of the candidates, and their length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.preferences.candidates import Candidates
    from hitl_widgets.preferences.reward import Posterior

__all__ = ["LENGTH", "rewarded"]

Floats = npt.NDArray[np.float64]

LENGTH = "(twice as long)"
# Candidates that are read, as whole prompts.
MOST = 200


class _Encoder:
    """The features of candidates, where they come from a function."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates

    def transform(self, items: list[Any]) -> Any:
        """Return the features of candidates, (m, d)."""
        return self._candidates.features_of(items)


def rewarded(candidates: Candidates, post: Posterior, n: int) -> pd.DataFrame:
    """Return what moves the reward most within prompts: see :meth:`.Preferences.rewarded`."""
    import pandas as pd

    from hitl_widgets.items.features.telling import pieces_of

    kind = candidates.kind
    if not (kind.reads or kind.tabular):
        raise InvalidInput(
            f"Candidates of kind {kind.name!r} have no words or columns: rewarded() is for texts and tables."
        )
    rows = _some(candidates)
    basis, features = candidates.basis, candidates.features
    weights = post.factor * post.weights[:-1]
    encoder = candidates.encoder or _Encoder(candidates)
    values: dict[str, Floats] = {}
    counts: dict[str, int] = {}
    for k, row in enumerate(rows.tolist()):
        give_way()
        item = candidates.items[row]
        slope = basis.slope(weights, np.asarray(features[row], np.float64))
        found, _ = pieces_of(encoder, candidates.text(item) if kind.reads else item, slope)
        seen = set()
        for one in found:
            word = one.words.casefold() if one.start is not None else f"{one.column}: {one.words}"
            values.setdefault(word, np.zeros(len(rows)))[k] += one.value
            seen.add(word)
        for word in seen:
            counts[word] = counts.get(word, 0) + 1
    prompts = candidates.prompt[rows]
    table = []
    for word, value in values.items():
        if (of := counts[word]) > 1:  # a word of a single candidate says little about the reward
            moves = _moves(value, prompts)
            table.append({"word": word, "weight": value.sum() / of, "n": of, "moves": moves})
    table.sort(key=lambda one: -float(one["moves"]))
    table = table[:n]
    if (length := candidates.lengths([candidates.items[i] for i in rows])) is not None:
        twice = post.length[0]
        moves = _moves(twice * np.log2(np.maximum(length, 1)), prompts)
        table.append({"word": LENGTH, "weight": twice, "n": len(rows), "moves": moves})
        table.sort(key=lambda one: -float(one["moves"]))
    return pd.DataFrame(table, columns=["word", "weight", "n", "moves"])


def _some(candidates: Candidates) -> npt.NDArray[np.int64]:
    """Return the candidates of some prompts, or of all."""
    if len(candidates) <= MOST:
        return np.arange(len(candidates))
    drawn = np.random.default_rng(0).permutation(len(candidates.prompts))
    counts = np.bincount(candidates.prompt, minlength=len(drawn))[drawn]
    kept = drawn[: max(1, int(np.searchsorted(np.cumsum(counts), MOST, "right")))]
    return np.flatnonzero(np.isin(candidates.prompt, kept))


def _moves(values: Floats, prompts: npt.NDArray[np.int64]) -> float:
    """Return how far values are from the mean of their prompt, in the mean."""
    sums, counts = np.bincount(prompts, values), np.bincount(prompts)
    return float(np.abs(values - (sums / np.maximum(counts, 1))[prompts]).mean())
