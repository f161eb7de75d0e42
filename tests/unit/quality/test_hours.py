"""Hours of work and breaks."""

from __future__ import annotations

import numpy as np
import pytest

from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.resting import check_break
from hitl_widgets.quality.hours import break_due, worked
from hitl_widgets.session import Session, loop_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("times", "took", "seconds"),
    [
        ([], [], 0),
        ([0], [NAN], 0),
        ([0], [7], 7),
        ([0, 10, 30], [5, 9, 9], 35),
        ([0, 10, 4000, 4010], [5, 9, 20, 8], 45),  # a pause
        ([0, 4000], [NAN, 9999], 300),
    ],
)
def test_pauses_do_not_count(times, took, seconds):
    assert worked(np.array(times, float), np.array(took, float)) == seconds


def every(n, seconds):
    return np.arange(n) * float(seconds)


def test_a_break_is_due_after_the_time_and_not_after_a_pause():
    times = every(400, 10)  # 66 minutes
    took = np.full(400, 8.0)
    agreed = np.full(400, NAN)
    now = times[-1] + 5
    due = break_due(times, took, agreed, now, 50)
    assert due is not None
    assert (due.minutes, due.tired) == (66, False)
    assert "66 minutes" in due.words
    assert break_due(times, took, agreed, now, 70) is None
    assert break_due(times, took, agreed, times[-1] + 301, 50) is None
    paused = np.concatenate([times, times[-1] + 400 + every(10, 10)])
    assert break_due(paused, np.full(410, 8.0), np.full(410, NAN), paused[-1], 50) is None


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("worse", [False, True])
def test_answers_that_are_slower_and_agree_less_are_a_reason_only_together(slow, worse):
    rng = np.random.default_rng(0)
    took = np.r_[np.full(60, 4.0), np.full(60, 8.0 if slow else 4.5)]
    agreed = np.r_[rng.random(60) < 0.95, rng.random(60) < (0.5 if worse else 0.95)].astype(float)
    due = break_due(every(120, 10), took, agreed, 1195, 50)
    assert (due is not None and due.tired) == (slow and worse)


@pytest.mark.parametrize("after", [0, -1, "50", True, NAN, float("inf")])
def test_other_times_are_refused(after):
    with pytest.raises(InvalidInput, match="break_after="):
        check_break(after)


def test_progress_counts_acts_hours_and_seconds():
    with Session(
        [f"t{i}" for i in range(9)], classes=["a", "b"], store=":memory:", annotator="ann"
    ) as session:
        acts = loop_of(session).acts
        for row, ms in enumerate([1000, 3000, 8000]):
            acts.label([row], "a", selection="suggested", elapsed_ms=ms)
        session.skip(session.pool.ids[5])
        [row] = session.progress().to_dict("records")
    assert (row["annotator"], row["labels"], row["acts"], row["here"]) == ("ann", 3, 4, True)
    assert row["seconds"] == 3.0
    assert 1.0 <= row["hours"] * 3600 < 60


def test_a_hint_appears_in_the_monitor(monkeypatch):
    from hitl_widgets.quality.hours import Break
    from hitl_widgets.widgets.monitor import Monitor

    with Session(["a", "b", "c"], classes=["x", "y"], store=":memory:") as session:
        monitor = Monitor(session)
        assert monitor._state()["notices"] == []
        monkeypatch.setattr(loop_of(session).resting, "due", lambda: Break(51, tired=False))
        assert monitor._state()["notices"] == ["You have labelled for 51 minutes without a break."]
