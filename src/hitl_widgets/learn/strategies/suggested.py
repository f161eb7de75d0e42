"""Use of suggested classes, such as the answers of a language model: ask where they are probably wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.learn.linear import LinearLearner
from hitl_widgets.learn.strategies.base import Context

__all__ = ["disagreement"]

SAMPLE = 5_000


def disagreement(
    proba: FloatArray, context: Context, suggested: npt.NDArray[np.int16] | None = None
) -> FloatArray:
    """Return how much two models disagree with the suggested class of an item.

    After FreeAL (Xiao, Dong, Zhao, Wu, Lin, Chen and Wang 2023), in which a language model labels all items,
    and a small model that learns from these finds those that are probably wrong, by their loss. There, the
    language model labels them again; here, the person is asked.

    One model is a logistic regression of the suggestions, replaced by labels where there are any. It predicts
    each item without its own suggestion, so it disagrees with those that are not typical of their class. The
    other is the session's model, which finds mistakes that are systematic. The utility is 1 minus the mean of
    the probabilities that they give to the suggestion; without one, to their own prediction.

    Parameters
    ----------
    proba, context
        As in every strategy.
    suggested
        Class codes of shape (n,), -1 where nothing is suggested. None uses the suggestions of the context:
        those of ``suggest=`` in a session. In ``simulate``, pass
        ``functools.partial(disagreement, suggested=codes)``.

    Raises
    ------
    InvalidInput
        If there are no suggestions, or not one for each item.
    """
    said = _checked(context.suggested if suggested is None else suggested, len(proba), proba.shape[1])
    learned = np.where(context.y >= 0, context.y, said).astype(np.int64)
    rows = np.flatnonzero(learned >= 0)
    if len(rows) > SAMPLE:
        labelled = context.y[rows] >= 0
        rest = context.random_state.choice(
            rows[~labelled], max(0, SAMPLE - int(labelled.sum())), replace=False
        )
        rows = np.sort(np.concatenate([rows[labelled], rest]))
    both = np.asarray(proba, dtype=np.float64) / 2
    if len(rows):
        model = LinearLearner().start(context.X, proba.shape[1])
        model.update(rows, learned[rows])
        typical = model.proba()
        if len(np.unique(learned[rows])) > 1:
            typical[rows] = model.left_out(rows, learned[rows])
        both += typical / 2
    asked = np.where(said >= 0, said, both.argmax(axis=1))
    return np.asarray(1 - both[np.arange(len(both)), asked])


def _checked(suggested: npt.NDArray[np.int16] | None, n: int, n_classes: int) -> npt.NDArray[np.int16]:
    if suggested is None:
        raise InvalidInput(
            "strategy='disagreement' needs suggested classes: pass suggest=, a column of the table, to the "
            "session, or functools.partial(disagreement, suggested=codes) as the strategy."
        )
    said = np.asarray(suggested)
    if said.shape != (n,):
        raise InvalidInput(
            f"suggested has shape {said.shape}: expected one class code per item of the pool, ({n},)."
        )
    if said.dtype.kind not in "iu" or (len(said) and not -1 <= said.min() <= said.max() < n_classes):
        raise InvalidInput(
            f"suggested must be class codes, 0 to {n_classes - 1}, and -1 where nothing is suggested; got "
            f"{said.dtype} values{f' from {said.min()} to {said.max()}' if said.dtype.kind in 'iu' else ''}."
        )
    return said
