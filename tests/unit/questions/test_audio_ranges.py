"""Ranges of recordings: what is an answer, agreement, and the way through log, files and import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import kind_of as item_kind
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.marks import f1
from hitl_widgets.questions.vocabulary import Vocabulary

RATE, SECONDS = 8_000, 4.00055
SOUNDS = pd.DataFrame(
    {
        "id": [f"r{i}" for i in range(6)],
        "sound": [(np.full(round(RATE * SECONDS), i, np.int16), RATE) for i in range(6)],
    }
)
KIND: Any = kind_of("ranges")


def session(**options: Any) -> hitl.Session:
    question = hitl.Question.ranges(
        ["speech", "music"], "What is heard?", overlap=options.pop("overlap", False)
    )
    given = {"store": ":memory:", "random_state": 0, "annotator": "ann"} | options
    return hitl.Session(SOUNDS, item="sound", kind="audio", id="id", question=question, **given)


def piece(start: float, end: float, label: str = "speech") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def test_places_are_rounded_also_at_the_end_of_the_recording() -> None:
    with session() as made:
        [seconds] = item_kind("audio").extent(made.pool.items[0])  # type: ignore[attr-defined]
        made.label("r0", [piece(0.00000049, 1.23456789), (2, seconds, "music")])
        assert made.labels()["label"].tolist() == [[piece(0, 1.234568), piece(2, round(seconds, 6), "music")]]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ([piece(1, 1.0000004)], "empty: expected start < end"),
        ([piece(-1, 1)], r"from -1 to 1 is beyond the recording, which has 4\.00"),
        ([piece(0, 4.002)], r"beyond the recording, which has 4\.00"),
        ([piece(0, 2), piece(1, 3)], "overlap.*overlap=True"),
        ([piece(0, 3), piece(1, 2, "music"), piece(2.5, 2.75)], "overlap"),
        ([piece(0, float("nan"))], "not a range"),
        ([piece(0, float("inf"))], "not a range"),
        ([(True, 2, "speech")], "not a range"),
        ([piece("0", 2)], "not a range"),  # type: ignore[arg-type]
        ([{"start": 0, "label": "speech"}], "no 'end'"),
        ([piece(0, 1, "noise")], "noise"),
        ({"ranges": [[0, 1]]}, "not a range"),
        ("speech", "expected JSON"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(wrong: Any, why: str) -> None:
    with session() as made:
        with pytest.raises(InvalidInput, match=why):
            made.label("r0", wrong)
        assert made.n_labels == 0


def test_ranges_may_overlap_where_the_question_allows_it() -> None:
    with session(overlap=True) as made:
        made.label("r0", [piece(1, 3), piece(0, 2)])
        assert made.labels()["label"].tolist() == [[piece(0, 2), piece(1, 3)]]


def test_the_question_is_about_recordings_and_an_unreadable_one_is_said() -> None:
    with pytest.raises(
        InvalidInput, match=r"ranges of a recording, a video or a series.*'text'.*'audio'.*'series'"
    ):
        hitl.Session(["a", "b"], question=hitl.Question.ranges(["a"]), store=":memory:")
    sounds = [*SOUNDS["sound"][:2], None]
    with (
        hitl.Session(sounds, kind="audio", question=hitl.Question.ranges(["a"]), store=":memory:") as made,
        pytest.raises(InvalidInput, match="no recording"),
    ):
        made.label(made.pool.ids[2], [(0, 1, "a")])


TIMES = st.integers(0, 4_000).map(lambda ms: ms / 1000)
ANSWERS = st.lists(
    st.tuples(TIMES, TIMES, st.sampled_from(["speech", "music"])).filter(lambda mark: mark[0] < mark[1]),
    max_size=6,
)


@given(a=ANSWERS, b=ANSWERS)
def test_agreement_is_the_same_both_ways_and_counts_each_range_once(a: Any, b: Any) -> None:
    vocabulary = Vocabulary()
    vocabulary.apply(hitl.Question.ranges(["speech", "music"]).to_dict(), "asked")
    left, right = KIND.parse(a, vocabulary), KIND.parse(b, vocabulary)
    found = KIND.agree(left, right, vocabulary.schema)
    assert found == KIND.agree(right, left, vocabulary.schema)
    assert found <= (2 * min(len(left), len(right)) / (len(left) + len(right)) if left or right else 1)
    assert KIND.agree(left, left, vocabulary.schema) == 1


def test_ranges_are_the_same_if_they_share_half_of_their_time() -> None:
    assert KIND.same((0, 2), (1, 2))
    assert KIND.same((0, 3), (1, 4))  # 2 of 4 seconds
    assert not KIND.same((0, 2), (1.001, 3))
    assert not KIND.same((0, 1), (1, 2))
    # The first could take either of the others, of which one fits only the second.
    left, right = [((0, 10), "a"), ((0, 5), "a")], [((0, 5.1), "a"), ((3, 10), "a")]
    assert f1(left, right, KIND) == f1(left[::-1], right[::-1], KIND) == f1(right, left, KIND) == 1
    assert f1([((0, 1), "a")], [((0, 1), "b")], KIND) == 0


def test_suggestions_of_a_detector_are_checked_like_answers(tmp_path: Path) -> None:
    def detector(items: list[Any]) -> list[Any]:
        return [
            [(0, 1, "music")],
            [(0, 99, "music")],
            None,
            [],
            [("a",)],
            [(0, 1, "music"), (0.5, 2, "music")],
        ]

    with session(suggest=detector, store=tmp_path / "labels.sqlite") as made:
        told = made._loop.suggesting.of(range(6))
    assert told[0] == ({"ranges": [[0, 1, "music"]]}, "")
    assert "beyond the recording" in told[1][1]
    assert told[2] == (None, "")
    assert told[3] == ({"ranges": []}, "")
    assert told[4][0] is told[5][0] is None
    assert "overlap" in told[5][1]


LINES = {
    "samples": ([0.0, 1.0, 4.0, 2.0], "series", (0, 4)),
    "a rate": ([0.0, 1.0, 4.0, 2.0], "series:2 Hz", (0, 2)),
    "times": ({"time": [-5.5, 0.0, 1.25, 9.0], "v": [0, 1, 4, 2]}, "series", (-5.5, 9)),
    "dates": (
        {"time": ["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-05"], "v": [0, 1, 4, 2]},
        "series",
        (1_767_225_600, 1_767_571_200),
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_ranges_of_a_series_are_in_the_units_of_its_axis(name: str) -> None:
    line, kind, (first, last) = LINES[name]
    question = hitl.Question.ranges(["rise", "fall"])
    table = pd.DataFrame({"line": [line]})
    with hitl.Session(table, item="line", kind=kind, question=question, store=":memory:") as made:
        [one] = made.pool.ids
        middle = (first + last) / 2
        whole = [piece(first, middle, "rise"), piece(middle, last, "fall")]
        made.label(one, whole)
        assert made.labels()["label"].tolist() == [whole]
        for start, end in ((first - 0.001, last), (first, last + 0.001)):
            with pytest.raises(InvalidInput, match="beyond the series, which is from"):
                made.label(one, [piece(start, end, "rise")])
        with pytest.raises(InvalidInput, match="overlap"):
            made.label(one, [piece(first, last, "rise"), piece(middle, last, "fall")])


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_ranges_of_dates_may_be_given_as_dates(zone: str | None) -> None:
    dates = pd.date_range("2026-01-01", periods=3, freq="D", tz=zone)
    table = pd.DataFrame({"line": [pd.Series([1.0, 2, 3], dates)]})
    question = hitl.Question.ranges(["rise"])
    with hitl.Session(table, item="line", kind="series", question=question, store=":memory:") as made:
        [one] = made.pool.ids
        for end in (dates[1], dates[1].to_pydatetime(), dates[1].to_datetime64()):
            made.label(one, [{"start": dates[0], "end": end, "label": "rise"}])
            first, last = dates[0].timestamp(), dates[1].timestamp()
            assert made.labels()["label"].tolist() == [[piece(first, last, "rise")]]
        with pytest.raises(InvalidInput, match="beyond the series"):
            made.label(one, [{"start": dates[0], "end": dates[2] + pd.Timedelta("1s"), "label": "rise"}])
        with pytest.raises(InvalidInput, match="not a range"):
            made.label(one, [{"start": pd.NaT, "end": dates[2], "label": "rise"}])


@pytest.mark.parametrize("end", [10**400, float("inf"), float("nan")])
def test_numbers_beyond_all_limits_are_refused_in_words(end: float) -> None:
    with pytest.raises(InvalidInput, match="expected numbers up to"):
        kind_of("ranges").place([0, end])


def test_a_speaker_that_is_a_list_is_refused_in_words() -> None:
    question = hitl.Question.transcript(["Ann"])
    sounds = [(np.zeros(800, np.int16), 8000)] * 2
    with hitl.Session(sounds, kind="audio", id=None, question=question, store=":memory:") as made:
        said = [{"start": 0, "end": 0.05, "speaker": ["Ann"], "text": "x"}]
        with pytest.raises(InvalidInput):
            made.label(made.pool.ids[0], said)
