"""How long an act waits for a locked store, and when it says so."""

from __future__ import annotations

import pytest

from hitl_widgets.labels import waiting


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([0.5, 0.9, 1.5, 9.9, 10.1], ["", "", "told", "told", "end"]),
        (
            [0.5, 12.0, 12.5],
            ["", "told", "end"],
        ),  # one attempt took longer than the wait
        ([30.0, 30.5], ["told", "end"]),
    ],
)
def test_nobody_gives_up_before_the_message(clock, attempts, expected):
    told: list[str] = []
    wait = waiting.Patience(tell=told.append)
    seen = []
    for clock[0] in attempts:
        goes_on = wait.goes_on("labels.sqlite")
        seen.append(("told" if told else "") if goes_on else "end")
    assert seen == expected
    assert len(told) == 1
    assert "labels.sqlite is locked by another program: waiting since" in told[0]
    assert told[0].endswith("for up to 10 s.")
