"""Segments of a recording between pauses."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from hitl_widgets.items.base import kind_of
from hitl_widgets.items.pauses import Loudness, segments
from hitl_widgets.items.recordings import open_recording

RATE = 8_000
SETTINGS = {"pause": 0.4, "shortest": 0.3, "longest": 15.0}


def voiced(*ends: tuple[float, float], seconds: float, noise: float = 0.0) -> np.ndarray:
    """A tone with syllables in these times."""
    random, t = np.random.default_rng(0), np.arange(round(seconds * RATE)) / RATE
    loud = sum(((t >= a) & (t < b)).astype(float) for a, b in ends) + np.zeros(len(t))
    sound = 0.3 * loud * (0.4 + np.abs(np.sin(20 * t))) * np.sin(2 * np.pi * 150 * t)
    return (sound + noise * random.normal(size=len(t))).astype(np.float32)


def found(samples: np.ndarray, **settings: float) -> list[tuple[float, float]]:
    sound = open_recording((samples, RATE))
    loudness = Loudness(sound)
    loudness.look(sound, 60)
    return segments(loudness, SETTINGS | settings)


@pytest.mark.parametrize("noise", [0, 0.0001, 0.003, 0.02])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_heard_is_found_at_any_level_of_noise(noise: float, channels: int) -> None:
    there = [(0.7, 2.0), (2.6, 5.0), (5.1, 6.0), (8.0, 8.5)]
    samples = voiced(*there, seconds=9.5, noise=noise)
    ends = found(np.stack([samples] * channels, axis=1))
    wanted = [(0.7, 2.0), (2.6, 6.0), (8.0, 8.5)]  # the pause of 0.1 s is too short
    assert len(ends) == len(wanted)
    for (a, b), (c, d) in zip(ends, wanted, strict=True):
        assert c - 0.15 < a <= c
        assert d <= b < d + 0.15
    assert found(samples, pause=0.05)[2][0] > 5


def test_settings_decide_what_is_a_pause_and_a_segment() -> None:
    samples = voiced((1, 2), (2.3, 2.4), (4, 5), seconds=6)
    assert len(found(samples)) == 2
    assert len(found(samples, pause=0.2)) == 2  # 0.1 s of sound is too short
    assert len(found(samples, pause=0.2, shortest=0.08)) == 3
    assert len(found(samples, pause=3)) == 1


def test_long_segments_are_cut_where_it_is_most_quiet() -> None:
    samples = voiced((0.5, 4.1), (4.2, 8), (8.1, 12), seconds=13)
    ends = found(samples, longest=5)
    assert len(ends) >= 3
    assert max(b - a for a, b in ends) <= 5 + 0.17
    assert any(4.1 <= b <= 4.2 for _, b in ends) or any(8 <= b <= 8.1 for _, b in ends)
    assert all(b <= c for (_, b), (c, _) in pairwise(ends))
    assert ends[0][0] < 0.5
    assert ends[-1][1] >= 12


def test_silence_has_no_segments_and_a_constant_sound_is_one() -> None:
    assert found(np.zeros(5 * RATE, np.float32)) == []
    tone = np.sin(np.arange(4 * RATE) * 0.3).astype(np.float32)
    assert found(tone) == [(0.0, 4.0)]
    parts = found(tone, longest=1.5)
    assert all(b - a <= 1.5 for a, b in parts)
    assert parts[0][0] == 0
    assert parts[-1][1] == 4
    assert found(voiced((0, 1), seconds=1)) == [(0.0, 1.0)]


def test_a_page_asks_until_all_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitl_widgets.items.pauses.AT_ONCE", RATE)
    monkeypatch.setattr("hitl_widgets.items.waves.MOMENT", 0)
    item, kind = (voiced((1, 2), (3, 4), seconds=5), RATE), kind_of("audio")
    ask: dict[str, Any] = {"what": "segments", "version": "", **SETTINGS}
    known = []
    while True:
        content = kind.more(item, ask, 2**20).content  # type: ignore[attr-defined]
        known.append(content["known"] / content["of"])
        if "segments" in content:
            break
        assert len(known) < 100
    assert known == sorted(set(known))
    assert known[-1] == 1
    assert len(known) > 2
    assert len(content["segments"]) == 2
    for wrong in ({"pause": 0.0}, {"pause": "1"}, {"longest": True}, {"version": "old"}):
        with pytest.raises(ValueError, match=r"expected seconds|has changed"):
            kind.more(item, ask | wrong, 2**20)  # type: ignore[attr-defined]
