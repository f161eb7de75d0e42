"""Time series: what is read as one, how it is decimated, and its features."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Size, content_hash, kind_of

KIND: Any = kind_of("series")
RNG = np.random.default_rng(0)


def decoded(content: dict[str, Any]) -> Any:
    raw = np.frombuffer(base64.b64decode(content["values"]), "<f4")
    return raw.reshape(len(content["names"]), content["bins"], 2) + np.array(content["base"])[:, None, None]


def test_the_same_lines_are_one_item_however_they_are_passed() -> None:
    frame = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6]})
    found = KIND.read([frame, {"a": [1, 2, 3], "b": np.array([4, 5, 6])}, np.array([1, 2, 3])], "items")
    hashes = [content_hash(KIND, item) for item in found]
    assert hashes[0] == hashes[1] != hashes[2]
    assert found[0].names == ("a", "b")


def test_times_are_a_line_of_that_name_or_the_index() -> None:
    dates = pd.date_range("2026-01-01", periods=3, freq="h")
    one, other, numbers = KIND.read(
        [
            pd.Series([1, 2, 3], dates, name="v"),
            {"v": [1, 2, 3], "Time": dates},
            {"v": [1, 2], "t": [0, 0.5]},
        ],
        "items",
    )
    assert content_hash(KIND, one) == content_hash(KIND, other)
    assert (one.dated, one.times.tolist()) == (True, [1767225600 + 3600 * i for i in range(3)])
    assert (numbers.dated, numbers.times.tolist()) == (False, [0, 0.5])


def test_dates_are_shown_in_their_zone() -> None:
    dates = pd.date_range("2026-01-01", periods=2, freq="h")
    zones = {"": dates, "Europe/Berlin": dates.tz_localize("Europe/Berlin"), "UTC": dates.tz_localize("UTC")}
    zones |= {"+05:30": dates.tz_localize("+05:30")}
    for zone, times in zones.items():
        [item] = KIND.read([pd.Series([1, 2], times)], "items")
        assert KIND.payload(item, Size()).content["zone"] == zone
    [text] = KIND.read([{"v": [1, 2], "t": ["2026-01-01T00:00+01:00", "2026-01-01T01:00+01:00"]}], "items")
    assert KIND.payload(text, Size()).content["zone"] == "UTC"


def test_durations_are_seconds() -> None:
    [item] = KIND.read([pd.Series([1, 2], pd.to_timedelta([1, 2], "min"))], "items")
    assert (item.times.tolist(), item.dated) == ([60, 120], False)


@pytest.mark.parametrize("low", [0, 12_345])
def test_intervals_have_the_extremes_of_their_samples(low: int) -> None:
    values = RNG.normal(1e6, 1, (50_000, 3))
    values[20_000:30_000, 1] = np.nan
    [item] = KIND.read([values], "items")
    content = (
        KIND.more(item, {"from": low, "to": 50_000}, 2**20).content
        if low
        else KIND.payload(item, Size()).content
    )
    assert len(json.dumps(content)) < 2**20
    found, m = decoded(content), content["bins"]
    edges = low + np.arange(m + 1) * (50_000 - low) // m
    for k in range(3):
        parts = [values[a:b, k] for a, b in itertools.pairwise(edges)]
        for end, of in enumerate((np.min, np.max)):
            known = np.array(
                [
                    of(part[np.isfinite(part)], initial=None) if np.isfinite(part).any() else np.nan
                    for part in parts
                ]
            )
            np.testing.assert_allclose(found[k, :, end], known, atol=1e-5)
    near = KIND.more(item, {"from": 100, "to": 110}, 2**20).content
    np.testing.assert_allclose(decoded(near)[0, :, 0], values[100:110, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (None, "missing"),
        ("1,2,3", "type str"),
        ([], "no numbers"),
        ([1, "x"], "not all numbers"),
        ([[1, 2], [3]], "equally long"),
        ({"a": [1, 2], "b": [1]}, "equally long"),
        ([None, float("nan")], "missing"),
        (np.zeros((2, 51)), "at most 50 lines"),
        (np.zeros((2, 2, 2)), "3 dimensions"),
        ({"a": [1, 2], "time": [2, 1]}, "not increasing"),
        ({"a": [1, 2], "time": [1, float("nan")]}, "some are missing"),
        ({"a": [1, 2], "time": [None, "2024-01-01"]}, "some are missing"),
        (pd.Series([1, 2], pd.DatetimeIndex([pd.NaT, "2024-01-01"])), "some are missing"),
        (pd.DataFrame({"a": [1, 2], "time": pd.to_datetime(["2024-01-01", None])}), "some are missing"),
        (pd.Series([1, 2], pd.TimedeltaIndex(["1s", None])), "some are missing"),
        ({"a": [1, 2], "time": [None, 1]}, "some are missing"),
        ({"a": [1, 2], "time": ["2026-01-01", None]}, "some are missing"),
        ({"a": [1, 2], "time": pd.to_timedelta([None, 1], "s")}, "some are missing"),
        (pd.Series([1, 2], [pd.NaT, pd.Timestamp("2026")]), "some are missing"),
        (pd.Series([1, 2], [pd.NaT, pd.Timestamp("2026", tz="Asia/Tokyo")]), "some are missing"),
        ([1, np.inf, 2], "1 of its values is infinite"),
        ({"a": [-np.inf, np.inf]}, "2 of its values are infinite"),
    ],
)
def test_what_is_not_a_series_is_said_on_the_item(wrong: Any, why: str) -> None:
    _, item = KIND.read([[1, 2, 3], wrong], "items")
    content = KIND.payload(item, Size()).content
    assert content["kind"] == "broken"
    assert why in content["why"]
    with pytest.raises(InvalidInput, match="x: row 0 is not a series"):
        KIND.read([wrong], "x")


def test_the_rate_is_an_option_and_unknown_parts_are_refused() -> None:
    [item] = KIND.read([np.arange(500)], "items")
    assert kind_of("series:250 Hz").extent(item) == (0.0, 2.0)
    with pytest.raises(InvalidInput, match="samples per second"):
        kind_of("series:fast")
    for ask in ({}, {"from": 0, "to": 501}, {"from": 5, "to": 5}, {"from": "0", "to": 5}):
        with pytest.raises(ValueError, match="no such part"):
            KIND.more(item, ask, 1_000)


def test_features_tell_shapes_apart() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    time = np.arange(400)
    makers = [
        lambda phase, rate: np.sin(time / rate + phase),
        lambda phase, rate: np.sign(np.sin(time / rate + phase)),
        lambda phase, rate: (time / rate + phase) % 3,
        lambda phase, rate: np.cumsum(RNG.normal(size=400)) / 9,
    ]
    y = np.arange(160) % 4
    values = [makers[k](RNG.uniform(0, 6), RNG.uniform(4, 12)) + RNG.normal(0, 0.2, 400) for k in y.tolist()]
    X, _ = KIND.features(KIND.read(values, "items"))
    assert cross_val_score(LogisticRegression(C=10), X, y, cv=5).mean() > 0.9
    assert cross_val_score(LogisticRegression(C=10, max_iter=1_000), np.stack(values), y, cv=5).mean() < 0.8
