"""Transcripts: what is an answer and a draft, agreement, how much of a draft changes, and finding words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.vocabulary import Vocabulary

RATE = 1_000
SOUNDS = pd.DataFrame(
    {
        "id": [f"r{i}" for i in range(6)],
        "sound": [(np.full(10 * RATE, i, np.int16), RATE) for i in range(6)],
    }
)
KIND: Any = kind_of("transcript")
SRT = "1\n00:00:00,500 --> 00:00:02,000\nAnn: Good day\n\n2\n00:00:02,250 --> 00:00:04,000\nNew: said\n"


def session(**options: Any) -> hitl.Session:
    question = hitl.Question.transcript(options.pop("speakers", ["Ann", "Bob"]), "What is said?")
    given = {"store": ":memory:", "random_state": 0, "annotator": "ann"} | options
    return hitl.Session(SOUNDS, item="sound", kind="audio", id="id", question=question, **given)


def said(start: float, end: float, text: str, *speaker: str) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text} | ({"speaker": speaker[0]} if speaker else {})


def test_an_answer_is_a_list_of_segments_or_subtitles() -> None:
    with session() as made:
        made.label(
            "r0", [said(2, 3.00049, "  Good \r\n\n day ", "Ann"), {**said(0, 1, "Hi"), "speaker": None}]
        )
        made.label("r1", SRT)
        made.label("r2", [])
        made.label("r3", [{**said(0, 1, "Hi"), "label": "Bob"}])  # as other marks have their class
        found = dict(zip(made.labels()["id"], made.labels()["label"], strict=True))
        assert found["r0"] == [said(0, 1, "Hi"), said(2, 3, "Good\nday", "Ann")]
        assert found["r1"] == [said(0.5, 2, "Good day", "Ann"), said(2.25, 4, "New: said")]
        assert found["r2"] == []
        assert found["r3"] == [said(0, 1, "Hi", "Bob")]
        shown = KIND.text(found["r0"])
        assert shown == "2 segments: Ann, “Hi Good day”"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("Good day", "has no times: expected a list of segments, or subtitles"),
        ([said(0, 1, " \n ")], "The segment from 0 to 1 has no text"),
        ([{"start": 0, "end": 1}], "has no text"),
        ([said(0, 0, "a")], "is empty"),
        ([said(2, 1, "a")], "is empty"),
        ([said(0, 11, "a")], "beyond the recording, which has 10"),
        ([said(0, 1, "a", "Al")], "'Al' is not a class"),
        ([{"start": 0, "end": 1, "text": 5}], "has the text 5: expected a string"),
        ([{"start": 0, "text": "a"}], "has no 'end'"),
        ([{**said(0, 1, "a"), "label": "Al"}], "'Al' is not a class"),
        ([{**said(0, 1, "a", "Ann"), "label": "Bob"}], "unknown 'label'"),
        ([{**said(0, 1, "a"), "speakr": "Ann"}], "unknown 'speakr': .* Did you mean 'speaker'"),
        ("WEBVTT\n\n00:01.000 -> 00:02.000\nHi", "Line 3 of the subtitles, .* has no time"),
    ],
)
def test_what_is_wrong_is_said(wrong: Any, why: str) -> None:
    with session() as made, pytest.raises(InvalidInput, match=why):
        made.label("r0", wrong)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"pause": 0}, "pause=0: expected 0.05 to 600 seconds"),
        ({"longest": float("nan")}, "longest=nan"),
        ({"longest": 0.5}, "at least twice shortest=0.3"),
        ({"shortest": "1"}, "shortest='1'"),
    ],
)
def test_settings_are_seconds(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        hitl.Question.transcript(**settings)


def test_drafts_may_lack_times_texts_and_speakers() -> None:
    drafts = [
        "good day  to you\n",
        SRT,
        [said(0, 1, "Hi"), {"start": 1, "end": 2}],
        None,
        [said(0, 11, "beyond")],
        "WEBVTT\n\nbroken",
    ]
    with session(suggest=lambda items: drafts[: len(items)]) as made:
        suggesting = made._loop.suggesting
        assert suggesting is not None
        found = suggesting.of(range(6))
        assert found[0][0] == {"transcript": [[0.0, 0.0, "good day  to you", ""]]}
        assert [row[3] for row in found[1][0]["transcript"]] == ["Ann", ""]
        assert found[2][0]["transcript"][1] == [1.0, 2.0, "", ""]
        assert found[3] == (None, "")
        assert "beyond the recording" in found[4][1]
        assert "has no time" in found[5][1]
        untimed = found[0][0]
        assert "“good day to you”: different from your answer" in suggesting.compared(
            untimed, "", {"transcript": [[0, 1, "good day", "Ann"]]}
        )
        given = {"transcript": [[0, 1, "good day", "Ann"], [1, 2, "to you", ""]]}
        assert suggesting.is_same(untimed, given)
        assert KIND.changed(untimed, given) == 0
        timed = found[1][0]
        assert suggesting.is_same(
            timed, {"transcript": [timed["transcript"][0], [2.25, 4.0, "New: said", "Bob"]]}
        )
        assert not suggesting.is_same(timed, {"transcript": timed["transcript"][:1]})
        assert KIND.changed(timed, {"transcript": [[0.5, 2, "Good day", "Ann"]]}) == 0.5


def vocabulary() -> Vocabulary:
    made = Vocabulary()
    made.apply(hitl.Question.transcript(["Ann", "Bob"]).to_dict(), "asked")
    return made


def agreement(a: list[Any], b: list[Any]) -> float:
    known = vocabulary()
    left, right = KIND.parse(a, known), KIND.parse(b, known)
    found = KIND.agree(left, right, known.schema)
    assert found == KIND.agree(right, left, known.schema)
    return float(found)


def test_people_agree_as_far_as_words_and_speakers_are_the_same_at_the_same_time() -> None:
    whole = [said(0, 4, "one two three four", "Ann")]
    assert agreement(whole, [said(0, 2, "one two", "Ann"), said(2, 4.1, "three four", "Ann")]) == 1
    assert agreement(whole, [said(0, 4, "one two four", "Ann")]) == 0.75
    assert agreement(whole, [said(0, 4, "one two three four", "Bob")]) == 0
    assert agreement(whole, [said(5, 9, "one two three four", "Ann")]) == 0
    later = said(6, 7, "five six", "Bob")
    assert agreement([*whole, later], [*whole]) == pytest.approx(4 / 6)
    assert agreement([*whole, later], [*whole, {**later, "text": "five seven"}]) == pytest.approx(5 / 6)
    assert agreement([], []) == 1
    assert agreement([], whole) == 0


def test_words_are_found_in_answers() -> None:
    with session() as made:
        made.label("r3", [said(0, 1, "I was"), said(1, 2, "billed TWICE", "Ann")])
        made.label("r4", [said(0, 1, "Thank you", "Bob")])
        assert made.find("was billed twice") == ["r3"]
        assert made.find("/th.nk/ labelled") == ["r4"]
        assert made.find("answer:thank OR answer:billed") == ["r3", "r4"]
        assert made.find("-answer:thank class:Ann") == ["r3"]
        assert made.find("refund") == []
        made.undo()
        assert made.find("thank") == []
    with (
        hitl.Session(["refund", "b", "c"], classes=["x", "y"], store=":memory:") as made,
        pytest.raises(InvalidInput, match=r"the answers are .*, which have no words"),
    ):
        made.find("answer:refund")


def test_without_speakers_nothing_is_asked_about_them() -> None:
    with session(speakers=()) as made:
        made.label("r0", [said(0, 1, "Hi")])
        assert made.labels()["label"].tolist() == [[said(0, 1, "Hi")]]
        with pytest.raises(InvalidInput, match="'Ann' is not a class"):
            made.label("r1", [said(0, 1, "Hi", "Ann")])
        made.classes.add("Ann")
        made.label("r1", [said(0, 1, "Hi", "Ann")])
        assert made.labels()["label"].tolist()[1] == [said(0, 1, "Hi", "Ann")]
        made.classes.rename("Ann", "Anna")
        assert made.labels()["label"].tolist()[1] == [said(0, 1, "Hi", "Anna")]


BOXES: Any = kind_of("boxes")


def test_boxes_with_texts_agree_as_far_as_their_characters_do() -> None:
    known = Vocabulary()
    known.apply(hitl.Question.boxes(["a"], transcribe=True).to_dict(), "asked")

    def box(x: float, text: str) -> dict[str, Any]:
        return {"x": x, "y": 0, "width": 10, "height": 10, "text": text, "label": "a"}

    def f1(a: list[Any], b: list[Any]) -> float:
        left, right = BOXES.parse(a, known), BOXES.parse(b, known)
        assert BOXES.agree(left, right, None) == BOXES.agree(right, left, None)
        return float(BOXES.agree(left, right, None))

    assert f1([box(0, "Total")], [box(1, "Total")]) == 1
    assert f1([box(0, "Total")], [box(1, "Tota1")]) == pytest.approx(0.8)
    assert f1([box(0, "Total"), box(50, "")], [box(1, "Total")]) == pytest.approx(2 / 3)
    assert f1([box(0, "Total")], [box(0, "")]) == 0
    assert f1([box(0, ""), box(50, "b")], [box(0, ""), box(50, "b")]) == 1


def test_texts_are_kept_where_the_question_stops_asking_for_them(tmp_path: Any) -> None:
    items = pd.DataFrame({"id": ["a", "b"], "image": [np.zeros((20, 20, 3), np.uint8)] * 2})
    how: dict[str, Any] = {"image": "image", "id": "id", "store": tmp_path / "labels.sqlite"}
    box = {"x": 0, "y": 0, "width": 5, "height": 5, "label": "x"}
    with hitl.Session(items, question=hitl.Question.boxes(["x"], transcribe=True), **how) as made:
        made.label("a", [{**box, "text": " Total "}])
        made.label("b", [box])
        assert made.labels()["label"].tolist() == [[{**box, "text": "Total"}], [{**box, "text": ""}]]
        assert made.find("tot") == ["a"]
    with hitl.Session(items, question=hitl.Question.boxes(["x"]), **how) as made:
        assert made.labels()["label"].tolist()[0] == [{**box, "text": "Total"}]
        with pytest.raises(InvalidInput, match="asks for none: pass transcribe=True"):
            made.label("b", [{**box, "text": "of another program"}])
