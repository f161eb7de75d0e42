"""A column as shades of the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hitl_widgets.data.columns import Column
from hitl_widgets.data.scales import MISSING, SHADES, Scale, scale_of


def numbers(*values: float) -> Scale:
    return scale_of(Column("number", np.array(values, np.float64)))


def times(first: str, last: str) -> Scale:
    low, high = np.datetime64(first, "us"), np.datetime64(last, "us")
    return scale_of(Column("time", low + (high - low) * np.arange(11) // 10))


def categories(values: list[Any]) -> Scale:
    return scale_of(Column("text", np.array([*values, None], object)[:-1]))


def test_numbers_lie_between_the_ends_and_missing_ones_apart():
    scale = numbers(10, 20, 15, np.nan, np.inf)
    assert scale.shades.tolist() == [0, SHADES - 1, (SHADES - 1) // 2, MISSING, MISSING]
    assert scale.shades.dtype == np.uint8
    assert scale.note == ""


def test_ticks_are_round_and_few():
    assert numbers(0, 134).ticks[1] == (pytest.approx(25 / 134), "25")
    assert [text for _, text in numbers(1, 2, 3, 4, 5).ticks] == ["1", "2", "3", "4", "5"]
    assert [text for _, text in numbers(-0.001, 0.001).ticks][2] == "0.0000"
    assert [text for _, text in numbers(0, 20_000).ticks] == ["0", "5,000", "10,000", "15,000", "20,000"]
    for high in np.geomspace(1e-12, 1e15, 80):
        ticks = numbers(0, high).ticks
        assert 3 <= len(ticks) <= 7
        assert len({text for _, text in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((1e-8, 9e-8), "2e-8 4e-8 6e-8 8e-8"),
        ((0, 4e-7), "0 1e-7 2e-7 3e-7 4e-7"),
        ((-5e-7, 5e-7), "-4e-7 -2e-7 0 2e-7 4e-7"),
        ((1e-9, 1e-3), "1e-9 1e-7 1e-5 1e-3"),
        ((1e-3, 1e3), "0.001 0.1 10 1,000"),
        ((0, 5e9), "0 1e9 2e9 3e9 4e9 5e9"),
        ((0, 2.5e9), "0 0.5e9 1.0e9 1.5e9 2.0e9 2.5e9"),
        ((10**9, 10**9 + 4), "1,000,000,000 1,000,000,001 1,000,000,002 1,000,000,003 1,000,000,004"),
        ((0.1234561, 0.1234569), "0.1234562 0.1234564 0.1234566 0.1234568"),
    ],
)
def test_the_ticks_of_a_scale_are_written_alike(ends, expected):
    assert [text for _, text in numbers(*ends).ticks] == expected.split()


def test_a_few_extreme_values_do_not_take_the_scale():
    values = np.random.default_rng(0).normal(size=1000)
    values[0] = 1e6
    scale = numbers(*values)
    assert np.ptp(scale.shades[1:]) == SHADES - 1
    assert scale.shades[0] == SHADES - 1
    assert "beyond the scale" in scale.note


def test_positive_values_of_several_magnitudes_are_logarithmic():
    scale = numbers(1, 10, 100, 1000)
    assert scale.note == "logarithmic"
    assert [text for _, text in scale.ticks] == ["1", "10", "100", "1,000"]
    assert np.ptp(np.diff(scale.shades.astype(int))) <= 1


def test_one_value_and_none():
    assert numbers(3, 3).ticks == ((0.5, "3"),)
    assert numbers(3, 3).shades.tolist() == [0, 0]
    assert numbers(np.nan).shades.tolist() == [MISSING]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2019-03-01", "2026-01-02", "2020"),
        ("2026-03-01", "2026-05-02", "2026-03"),
        ("2026-03-01", "2026-03-09", "2026-03-01"),
        ("2026-03-01T10:30", "2026-03-01T15:02", "2026-03-01 11:00"),
    ],
)
def test_times_have_ticks_of_their_magnitude(first, last, expected):
    scale = times(first, last)
    assert (scale.shades[0], scale.shades[-1]) == (0, SHADES - 1)
    assert scale.ticks[0][1] == expected
    assert 2 <= len(scale.ticks) <= 7


def test_the_most_frequent_values_come_first_and_the_rest_share_a_shade():
    values = [f"v{k:02}" for k in range(20) for _ in range(30 - k)]
    scale = categories([*values, None])
    assert scale.names == tuple(f"v{k:02}" for k in range(12))
    assert scale.others == 8
    assert scale.shades[[0, -2, -1]].tolist() == [0, 12, MISSING]
    assert categories([f"v{k}" for k in range(13)]).others == 0, "one more is not worth a shade of its own"


def test_booleans_and_blank_texts_are_named():
    scale = scale_of(Column("truth", np.array([1.0, 0.0, 1.0, np.nan])))
    assert scale.names == ("yes", "no")
    assert scale.shades.tolist() == [0, 1, 0, MISSING]
    assert categories(["", " a\n b "]).names == ("(blank)", "a b")
