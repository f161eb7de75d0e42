"""Fairness: label rates per group, and what changes in a prediction if named attributes are swapped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hitl_widgets.errors import InvalidInput
from hitl_widgets.quality.groups import SMALL
from hitl_widgets.quality.sequential import wilson

__all__ = ["Effect", "Swap", "label_rates", "swap_effect"]

Floats = npt.NDArray[np.float64]


def label_rates(
    groups: Sequence[Any], people: Sequence[str], labels: Sequence[Any], *, smallest: int = SMALL
) -> pd.DataFrame:
    """Return the share of each label per group of items and per annotator.

    Parameters
    ----------
    groups, people, labels
        (n,): the group of the item, the annotator or their group, and the label; labels of items without a
        group (None or NaN) are not counted.
    smallest
        Cells of fewer labels are withheld.

    Returns
    -------
    Indexed by group and annotator; columns label, n (labels in this cell), share, low and high (Wilson 1927,
    95 %).
    """
    table = pd.DataFrame({"group": groups, "annotator": people, "label": labels}).dropna(subset=["group"])
    names = list(dict.fromkeys(labels))
    rows: list[tuple[Any, ...]] = []
    for (group, who), part in table.groupby(["group", "annotator"], sort=True, observed=True):
        n = len(part)
        if n < smallest:
            rows.append((group, who, None, n, np.nan, np.nan, np.nan))
            continue
        for name in names:
            k = int((part["label"] == name).sum())
            rows.append((group, who, name, n, k / n, *wilson(k, n)))
    columns = ["group", "annotator", "label", "n", "share", "low", "high"]
    return pd.DataFrame(rows, columns=columns).astype({"label": object}).set_index(["group", "annotator"])


class Swap:
    """Swap words for others in texts, in both directions, as whole words and with their capitals.

    Parameters
    ----------
    pairs
        Words and what they are swapped for, such as ``{"he": "she", "his": "her"}``. If several words are
        swapped for the same one, that one becomes the first of them.
    """

    def __init__(self, pairs: Mapping[str, str]) -> None:
        told = dict(pairs) if isinstance(pairs, Mapping) else {}
        words = [word for pair in told.items() for word in pair]
        if not told or not all(isinstance(word, str) and word.strip() for word in words):
            raise InvalidInput(
                f"{pairs!r}: expected words and what to swap them for, such as {{'he': 'she'}}."
            )
        self._to = {a.casefold(): b for a, b in told.items()}
        for a, b in told.items():
            self._to.setdefault(b.casefold(), a)
        longest = sorted(self._to, key=len, reverse=True)
        found = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest)
        self._found = re.compile(found, re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """Return the text with the words swapped; the same if it has none of them."""
        return self._found.sub(lambda m: _like(m[0], self._to[m[0].casefold()]), text)


def _like(before: str, word: str) -> str:
    """Return the word in capitals or with a capital, if the one before it was."""
    if len(before) > 1 and before.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if before[:1].isupper() else word


@dataclass(frozen=True, eq=False)
class Effect:
    """What changes if words are swapped.

    Attributes
    ----------
    rows
        int64 of shape (n,): positions of the texts that contain one of the words.
    before, after
        float64 of shape (n, n_classes): probabilities of the texts as they are, and swapped.
    """

    rows: npt.NDArray[np.int64]
    before: Floats
    after: Floats

    @property
    def flipped(self) -> npt.NDArray[np.bool_]:
        """Whether each predicted class changes: bool of shape (n,)."""
        return np.asarray(self.before.argmax(axis=1) != self.after.argmax(axis=1))


def swap_effect(texts: Sequence[str], swap: Swap, predict: Callable[[list[str]], Any]) -> Effect:
    """Predict the texts that contain one of the words as they are, and with the words swapped.

    A counterfactual test (Garg et al. 2019): the true class should not depend on these words. ``predict``
    returns probabilities, array-like of shape (n, n_classes).
    """
    swapped = [(i, text, other) for i, text in enumerate(texts) if (other := swap(text)) != text]
    rows = np.array([i for i, _, _ in swapped], np.int64)
    if not len(rows):
        return Effect(rows, np.zeros((0, 1)), np.zeros((0, 1)))
    before = predict([text for _, text, _ in swapped])
    after = predict([text for _, _, text in swapped])
    return Effect(rows, np.asarray(before, np.float64), np.asarray(after, np.float64))
