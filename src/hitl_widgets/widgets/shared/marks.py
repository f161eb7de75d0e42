"""What a map shows of every item: its label, the model's guess and the uncertainty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.loop.loop import Loop

__all__ = ["BLIND", "LEVELS", "Marks", "marks_of"]

LEVELS = 15
# A bit of the uncertainty of items with a machine label, which takes the place of the guess.
MACHINE = 64
# Value for items of which label, guess and uncertainty are hidden.
BLIND = 255

Marks = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]


def marks_of(loop: Loop, by: str) -> Marks:
    """Shades of label and guess (255 for none) and uncertainty level of every item, or BLIND."""
    labels, found = loop.labels, loop.round
    shading = labels.kind.shading(labels.answers, labels.schema, by)
    label = np.append(shading.answers, np.uint8(255))[labels.y]
    if found is None:
        marks = label, np.full_like(label, 255), np.zeros_like(label)
    else:
        doubt = np.rint(np.where(found.belief.known, found.uncertainty, 0) * LEVELS).astype(np.uint8)
        marks = label, shading.guesses(found.belief), doubt
    if labels.handed:
        rows = np.flatnonzero(labels.machine >= 0)
        marks[1][rows] = shading.answers[labels.machine[rows]]
        marks[2][rows] |= MACHINE
    hidden = loop.blind.mask(labels)
    for array in marks:
        array[hidden] = BLIND
    return marks
