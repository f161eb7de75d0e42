"""Classes that the model cannot tell apart."""

from __future__ import annotations

import numpy as np

from hitl_widgets.quality.inseparable import inseparable

Y = np.arange(90) % 3
# 0 and 1 are confused at random, 2 is told from both.
P = np.where((Y == 2)[:, None], [0.1, 0.1, 0.8], [0.46, 0.46, 0.08])
P[:, 0] += np.where(Y == 2, 0, np.random.default_rng(0).choice([-0.02, 0.02], 90))
BETWEEN = np.array([0, 1] * 20), np.array([1, 0] * 20)


def test_two_classes_that_are_confused_are_found_with_the_labels_in_question() -> None:
    (pair,) = inseparable(P, Y, *BETWEEN)
    assert (pair.one, pair.other, pair.n) == (0, 1, 60)
    assert pair.right == 60 - len(pair.wrong)
    assert set(Y[pair.wrong].tolist()) <= {0, 1}


def test_nothing_is_found_where_the_model_tells_them_apart_or_confuses_everything() -> None:
    apart = np.eye(3)[Y]
    assert not inseparable(apart, Y, *BETWEEN)
    assert not inseparable(np.full((90, 3), 1 / 3), Y, *BETWEEN)  # with the third class, too
    assert not inseparable(P[:20], Y[:20], *BETWEEN)  # too few labels
    assert not inseparable(P, Y, BETWEEN[0], np.full(40, 2))  # the third class is always next
    assert not inseparable(P[:, :2], np.minimum(Y, 1), *BETWEEN)  # only two classes
