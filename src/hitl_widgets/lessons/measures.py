"""How good the model of a lesson is, and when a rule would stop asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hitl_widgets.loop.words import within

__all__ = ["Measures", "stopped_at"]

WINDOW, AGREEMENT = 3, 0.99

Codes = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Measures:
    """What is measured after each label.

    Attributes
    ----------
    truth
        The true classes of the points, int16 (n,).
    held
        Those of the points that are held out, int16 (m,); m may be 0.
    names
        The class names by code.
    """

    truth: Codes
    held: Codes
    names: tuple[str, ...]

    @cached_property
    def rare(self) -> int:
        """The rarest class that has points; of several, the last."""
        codes, counts = np.unique(self.truth, return_counts=True)
        return int(codes[counts == counts.min()][-1])

    @property
    def words(self) -> list[tuple[str, str]]:
        """The name of each measure, and what it is; the first is the accuracy on all points."""
        rare = within(self.names[self.rare])
        held = ("held-out accuracy", f"Accuracy on {len(self.held)} other points, which are never asked")
        return [
            ("accuracy", "Accuracy on all points, labels included"),
            *([held] if len(self.held) else []),
            (f"recall of {rare}", f"Recall of {rare}: the share of its points that is found"),
            (f"F1 of {rare}", f"F1 of {rare}: found, and not too much else called {rare}"),
        ]

    def of(self, said: Codes, held: Codes) -> tuple[float, ...]:
        """The measures, as in ``words``.

        Parameters
        ----------
        said
            int16 (n,): the label of a labelled point, right or wrong, and the prediction for any other. All
            strategies are measured on the same points: one that labels the hard points leaves the easy ones.
        held
            The predictions for the held-out points.
        """
        hit = said == self.truth
        rest = [float((held == self.held).mean())] if len(self.held) else []
        true, found = self.truth == self.rare, said == self.rare
        both = float((true & found).sum())
        recall, f1 = both / float(true.sum()), 2 * both / float(true.sum() + found.sum())
        return (float(hit.mean()), *rest, recall, f1)


def stopped_at(predicted: Sequence[Codes], n_classes: int) -> int | None:
    """The first step at which predictions are stable, or None.

    Stabilizing predictions (Bloodgood and Vijay-Shanker 2009): stop when Cohen's kappa between the models of
    successive steps, on all points, is at least .99 in the mean of the last three. Their stop set is
    the unlabelled pool; here it is all points, labelled ones as the model predicts them.
    """
    kappas = [_kappa(a, b, n_classes) for a, b in pairwise(predicted)]
    for i in range(WINDOW, len(predicted)):
        if np.mean(kappas[i - WINDOW : i]) >= AGREEMENT:
            return i
    return None


def _kappa(a: Codes, b: Codes, k: int) -> float:
    agreed = float((a == b).mean())
    chance = float((np.bincount(a, minlength=k) * np.bincount(b, minlength=k)).sum()) / len(a) ** 2
    return 1.0 if chance >= 1 else (agreed - chance) / (1 - chance)
