"""Relations between spans: they come back unchanged from the log, from tables and from files."""

from __future__ import annotations

import json
import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.labels.events import new_event_id
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.question import Question
from hitl_widgets.questions.spans import Related
from hitl_widgets.questions.vocabulary import Vocabulary

TYPES = ["knows", "owns"]


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    places = st.tuples(st.integers(0, 6), st.integers(1, 4), st.sampled_from("abc"))
    marks = draw(st.lists(places, unique=True, max_size=6))
    spans = [{"start": start, "end": start + n, "label": label} for start, n, label in marks]
    pairs = st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(TYPES))
    told = draw(st.lists(pairs, unique=True, max_size=8))
    n = len(spans)
    relations = [{"from": i, "to": j, "label": kind} for i, j, kind in told if i != j and max(i, j) < n]
    return {"spans": spans, "relations": relations}


def asked() -> Vocabulary:
    vocabulary = Vocabulary()
    question = Question.spans(["a", "b", "c"], overlap=True, relations=TYPES)
    vocabulary.apply(question.to_dict(), "asked")
    return vocabulary


def between(answer: dict[str, Any], classes: dict[str, str]) -> set[Any]:
    """The relations, each with the places and classes of its spans."""
    spans = [(s["start"], s["end"], classes.get(s["label"], s["label"])) for s in answer["spans"]]
    return {(spans[r["from"]], spans[r["to"]], r["label"]) for r in answer["relations"]}


@given(told=answers())
def test_they_come_back_with_the_same_spans(told: dict[str, Any]) -> None:
    kind, vocabulary = kind_of("spans"), asked()
    answer = kind.parse(told, vocabulary)
    assert isinstance(answer, Related)
    said = kind.said(answer, vocabulary)
    assert between(said, {}) == between(told, {})
    for again in (json.loads(json.dumps(kind.dump(answer))), said, kind.cell(said)):
        assert kind.parse(again, vocabulary) == answer
    assert kind.load(kind.dump(answer), vocabulary) == pickle.loads(pickle.dumps(answer)) == answer
    assert kind.now(answer, vocabulary) == answer
    assert not answer.relations or answer != tuple(answer)


@given(told=answers())
def test_a_merge_of_classes_keeps_all_but_those_of_a_span_to_itself(told: dict[str, Any]) -> None:
    kind, vocabulary = kind_of("spans"), asked()
    answer = kind.parse(told, vocabulary)
    change = {"change": "merge", "of": ["b"], "name": "a"}
    vocabulary.apply(vocabulary.completed(change), new_event_id())
    now = kind.said(kind.now(answer, vocabulary), vocabulary)
    expected = {one for one in between(told, {"b": "a"}) if one[0] != one[1]}
    assert between(now, {}) == expected
