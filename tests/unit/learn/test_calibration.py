"""The interval has its nominal coverage, whatever the confidence means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate

from hitl_widgets.learn.calibration import (
    AUDITED,
    CHOSEN,
    IN_BULK,
    Answers,
    _confidence,
    _logit,
    _posterior,
    share_right,
)


def sigma(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def two(sure: Any) -> Any:
    """Probabilities of two classes, of which the first is predicted."""
    return np.column_stack([sure, 1 - np.asarray(sure)])


def answers(sure: Any, right: Any, kind: Any = AUDITED, weight: float = 1.0) -> Answers:
    n = len(sure)
    y = np.where(right, 0, 1)
    return Answers(two(sure), y, np.broadcast_to(kind, n).copy(), np.full(n, weight))


def test_the_draws_are_those_of_the_posterior() -> None:
    rng = np.random.default_rng(0)
    found = answers(rng.uniform(0.5, 1, 12), rng.random(12) < 0.7)
    told = _logit(_confidence(found.P, found.sharpness))
    theta, weight, _ = _posterior(told, found.right, found.kind, found.weight, None)
    sure = np.clip(found.P.max(axis=1) ** found.sharpness, 0, 1)
    other = np.clip(found.P.min(axis=1) ** found.sharpness, 0, 1)
    level = np.round(np.log(np.clip(sure / (sure + other), 0.001, 0.999)), 9)
    level = np.round(level - np.log(1 - np.exp(level)), 1)

    def density(b: float, a: float) -> float:
        p = sigma(a + b * level)
        prior = np.exp(-((a / 1.25) ** 2) / 2 - ((b - 1) / 0.5) ** 2 / 2)
        return float(prior * np.prod(np.where(found.right, p, 1 - p)))

    box = (-6, 6, -2, 4)
    total = integrate.dblquad(density, *box)[0]
    for k, mean in enumerate(weight @ theta):
        oracle = integrate.dblquad(lambda b, a, k=k: (a, b)[k] * density(b, a), *box)[0] / total
        assert mean == pytest.approx(oracle, abs=0.01)


def coverage(make: Any, sessions: int = 200) -> tuple[float, float]:
    """Coverage of the interval, and its mean width."""
    held, width = 0, 0.0
    for seed in range(sessions):
        known, P, right = make(np.random.default_rng(seed))
        _, low, high = share_right(known, P, len(P))
        held += low <= right.mean() <= high
        width += high - low
    return held / sessions, width / sessions


@pytest.mark.parametrize("n", [3, 15, 60])
def test_audited_items_alone_give_an_honest_interval(n: int) -> None:
    def make(rng: Any) -> Any:
        a, b = rng.normal(0, 1), rng.normal(1, 0.5)
        sure = rng.beta(4, 1.5, 300 + n) / 2 + 0.5
        right = rng.random(300 + n) < sigma(a + b * np.log(sure / (1 - sure)))
        return answers(sure[:n], right[:n]), two(sure[n:]), right[n:]

    held, _ = coverage(make)
    assert held > 0.88


def test_chosen_items_that_are_harder_than_they_look_do_not_mislead() -> None:
    def make(rng: Any) -> Any:
        sure = rng.beta(4, 1.5, 480) / 2 + 0.5
        logit = np.log(sure / (1 - sure))
        hard = np.arange(480) < 60
        right = rng.random(480) < sigma(logit - 1.0 * hard)
        kind = np.where(np.arange(80) < 60, CHOSEN, AUDITED)
        return answers(sure[:80], right[:80], kind), two(sure[80:]), right[80:]

    held, width = coverage(make)
    assert held > 0.9
    assert width < 0.3


@pytest.mark.parametrize("share", [0.6, 0.9, 1.0])
def test_a_model_that_is_always_sure_gets_an_honest_interval(share: float) -> None:
    # Like nearest neighbours with one neighbour, or an estimator without probabilities.
    def make(rng: Any) -> Any:
        right = rng.random(430) < share
        return answers(np.ones(30), right[:30]), two(np.ones(400)), right[30:]

    held, _ = coverage(make)
    assert held > 0.9


def test_what_is_not_a_number_says_nothing() -> None:
    P = two(np.full(20, np.nan))
    known = Answers(P, np.zeros(20, int), np.zeros(20, int), np.ones(20))
    value, low, high = share_right(known, P, 20)
    assert 0 <= low < value < high <= 1


def test_few_items_vary_more_than_many_do() -> None:
    known = answers(np.full(400, 0.8), np.arange(400) % 5 > 0)
    few, many = (share_right(known, two(np.full(10, 0.8)), n) for n in (10, 10_000))
    assert few[0] == pytest.approx(many[0])
    assert few[2] - few[1] > 3 * (many[2] - many[1])


def test_a_draw_of_unlike_items_is_less_certain_than_all_of_them() -> None:
    known = answers(np.tile([0.55, 0.99], 2000), np.arange(4000) % 20 > 4)
    P = two(np.tile([0.55, 0.99], 10))
    drawn, all_ = share_right(known, P, 100_000), share_right(known, np.tile(P, (5000, 1)), 100_000)
    assert drawn[2] - drawn[1] > 1.5 * (all_[2] - all_[1])


def test_a_lasso_of_many_counts_as_one_label() -> None:
    sure = np.full(20, 0.9)
    audited = answers(sure, np.arange(20) % 2 == 0)
    many = 500
    P = np.concatenate([audited.P, two(np.full(many, 0.9))])
    y = np.concatenate([audited.y, np.zeros(many, int)])
    kind = np.concatenate([audited.kind, np.full(many, IN_BULK)])
    weight = np.concatenate([audited.weight, np.full(many, 1 / many)])
    alone = share_right(audited, two(np.full(100, 0.9)), 100)
    beside = share_right(Answers(P, y, kind, weight), two(np.full(100, 0.9)), 100)
    assert beside[0] == pytest.approx(alone[0], abs=0.03)


def test_probabilities_of_many_classes_that_are_far_too_modest_are_sharpened() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=(3000, 10))
    true = np.exp(4 * score) / np.exp(4 * score).sum(axis=1, keepdims=True)
    y = np.array([rng.choice(10, p=p) for p in true])
    shown = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    known = Answers(shown[:300], y[:300], np.full(300, CHOSEN), np.ones(300))
    assert known.sharpness == pytest.approx(4, rel=0.3)
    value, low, high = share_right(known, shown[300:], 2700)
    real = (shown[300:].argmax(axis=1) == y[300:]).mean()
    assert low < real < high
    assert value == pytest.approx(real, abs=0.05)
