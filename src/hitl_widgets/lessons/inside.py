"""What a model would do: the committee behind a step, and what is expected of a label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import FloatArray, seeded
from hitl_widgets.learn.strategies import Context
from hitl_widgets.learn.strategies.committee import committee
from hitl_widgets.lessons.lesson import N_CELLS, STRATEGY, Ground, Model, Step
from hitl_widgets.lessons.plane import CELLS, Bytes, surface_of
from hitl_widgets.loop.words import within

__all__ = ["SIDE", "expectation", "members"]

# Members are drawn as lines, for which fewer cells are enough.
SIDE = CELLS // 2
LIKELY = 0.01


def members(ground: Ground, seed: int, step: Step) -> tuple[list[Bytes], str]:
    """The models that vote in ``query_by_committee`` at this step, and their votes on the next question.

    Returns
    -------
    list of ndarray
        For each member, uint8 (2, 900): as the surface of a step, with a quarter of the cells.
    str
        The votes in words.
    """
    plane, n = ground.plane, len(ground.plane)
    model = Model(plane, seeded(ground.learner, seed))
    X = plane.everything if model.sees_cells else plane.X
    y = np.full(len(X), -1, dtype=np.int16)
    y[list(step.labelled)] = step.said
    rng = np.random.default_rng([seed, STRATEGY, len(step.labelled)])
    graph = None if model.sees_cells else plane.affinity
    context = Context(X, y, y < 0, rng, 1, graph, seeded(ground.learner, seed))
    try:
        thinks = committee(context, plane.n_classes)
    except Exception as error:
        raise InvalidInput(
            f"A committee cannot be trained on {len(step.labelled)} labels: {str(error).rstrip('.')}. "
            "Go on to a later step."
        ) from error
    if not len(thinks):
        return [], "There are no labels yet, so there is no committee."
    whole = [one if model.sees_cells else np.vstack([one, plane.spread(one)]) for one in thinks]
    return [_surface(one[n : n + N_CELLS]) for one in whole], _votes(thinks, step, plane.schema.names)


def _surface(proba: FloatArray) -> Bytes:
    """The mean of every four cells."""
    four = proba.reshape(SIDE, 2, SIDE, 2, -1).mean(axis=(1, 3))
    return surface_of(four.reshape(SIDE**2, -1))


def _votes(thinks: npt.NDArray[np.float64], step: Step, names: tuple[str, ...]) -> str:
    if step.query is None:
        return f"Each line is one of {len(thinks)} models, trained on a sample of the labels."
    votes = np.bincount(thinks[:, step.query].argmax(axis=1), minlength=len(names))
    said = ", ".join(f"{votes[c]} {within(names[c])}" for c in np.argsort(-votes, kind="stable") if votes[c])
    return f"{len(thinks)} models, each trained on a sample of the labels, vote here: {said}."


def expectation(ground: Ground, seed: int, step: Step, row: int) -> str:
    """How many errors the model expects after a label of this point, in words (Roy and McCallum 2001).

    The errors on the points without a label are estimated by the model's own probabilities.
    """
    plane, n = ground.plane, len(ground.plane)
    if row >= n or row in step.labelled:
        raise InvalidInput(f"Point {row} has a label already, or does not exist.")
    y = np.full(n, -1, dtype=np.int16)
    y[list(step.labelled)] = step.said
    now = float((1 - step.proba[y < 0].max(axis=1)).sum())
    model = Model(plane, seeded(ground.learner, seed))
    said, mean = [], 0.0
    shares = step.proba[row] / step.proba[row].sum()
    for code in np.argsort(-shares):
        if shares[code] < LIKELY:
            continue
        y[row] = code
        proba = model.learn([*step.labelled, row], y)[:n]
        left = float((1 - proba[y < 0].max(axis=1)).sum())
        mean += shares[code] * left
        said.append(f"{left:.1f} if {within(plane.schema.names[code])} ({100 * shares[code]:.0f} %)")
    return f"Expected errors now {now:.1f}; with this label {', '.join(said)}: {mean:.1f} on average"
