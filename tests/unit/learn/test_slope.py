"""Whether a learning curve still rises."""

from __future__ import annotations

import numpy as np

from hitl_widgets.learn.evaluate import CurvePoint, Estimate
from hitl_widgets.learn.slope import rises

SIZES = (5, 10, 20, 30, 50, 75, 100, 150, 200)


def curve(values: object, sizes: tuple[int, ...] = SIZES) -> list[CurvePoint]:
    estimates = [Estimate(v, v - 0.1, v + 0.1, 20) for v in np.asarray(values, float).tolist()]
    return [CurvePoint(n, estimate) for n, estimate in zip(sizes, estimates, strict=True)]


def test_a_curve_rises_where_errors_fall_steadily() -> None:
    n = np.array(SIZES, float)
    assert rises(curve(1 - 0.9 * n**-0.4))
    assert not rises(curve(1 - 0.9 * n**-0.05))
    assert not rises(curve(0.5 + 0.3 * n**-0.4))  # falls


def test_nothing_is_said_of_an_unsteady_or_short_curve_or_of_its_beginning() -> None:
    n = np.array(SIZES, float)
    waves = 0.15 * (-1.0) ** np.arange(len(n))
    assert not rises(curve(np.clip(1 - 0.9 * n**-0.2 + waves, 0, 0.99)))
    assert not rises([])
    assert not rises(curve(1 - 0.9 * n[:5] ** -0.4, SIZES[:5]))
    assert not rises(curve([0.3, 0.5, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9]))
    assert not rises([*curve(1 - 0.9 * n**-0.4)[:5], CurvePoint(75, Estimate(None, None, None, 0))])
    assert not rises(curve(np.ones(len(n))))  # no errors left
