"""What every kind of question promises."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.questions.base import QuestionKind, kind_of
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

# Of each kind, values that people pass for different answers, of classes a, b and c; there is also a d.
VALUES: dict[str, list[Any]] = {"choice": ["a", "b", "c"]}

pytestmark = pytest.mark.parametrize("name", VALUES)


def asked() -> Vocabulary:
    vocabulary = Vocabulary()
    vocabulary.apply(Schema(["a", "b", "c", "d"]).to_dict(), "asked")
    return vocabulary


def change(vocabulary: Vocabulary, **how: Any) -> str:
    event_id = new_event_id()
    vocabulary.apply(vocabulary.completed(how), event_id)
    return event_id


def answers(kind: QuestionKind, vocabulary: Vocabulary) -> list[Any]:
    return [kind.parse(value, vocabulary) for value in VALUES[kind.name]]


def test_an_answer_survives_the_log(name: str) -> None:
    kind, vocabulary = kind_of(name), asked()
    found = answers(kind, vocabulary)
    assert len(set(found)) == len(found)
    for answer in found:
        written = json.loads(json.dumps(kind.dump(answer)))
        assert kind.load(written, vocabulary) == answer
        assert kind.parse(written, vocabulary) == answer  # as a page sends it
        assert kind.parse(kind.said(answer, vocabulary), vocabulary) == answer  # as a table has it
        assert set(kind.classes(answer)) <= set("abc")


def test_it_is_written_by_ids_so_names_that_are_swapped_later_do_not_matter(name: str) -> None:
    kind, vocabulary = kind_of(name), asked()
    before = answers(kind, vocabulary)
    written = [kind.dump(answer) for answer in before]
    for of, to in (("a", "x"), ("b", "a"), ("x", "b")):
        change(vocabulary, change="rename", of=[of], name=to)
    assert [kind.load(value, vocabulary) for value in written] == before
    assert [kind.now(answer, vocabulary) for answer in before] == before
    swapped = {"a": "b", "b": "a", "c": "c"}
    said = [json.dumps(kind.said(answer, vocabulary)) for answer in before]
    assert said == [json.dumps(v).translate(str.maketrans(swapped)) for v in VALUES[name]]


def test_what_became_of_a_class_became_of_its_answers(name: str) -> None:
    kind, vocabulary = kind_of(name), asked()
    before = answers(kind, vocabulary)
    change(vocabulary, change="merge", of=["a", "b"], name="b")
    assert all("a" not in kind.classes(kind.now(answer, vocabulary)) for answer in before)
    retired = change(vocabulary, change="retire", of=["b"])
    now = [kind.now(answer, vocabulary) for answer in before]
    assert None not in now  # it is no longer offered, and what was said stands
    for answer in now:
        if "b" in kind.classes(answer):
            with pytest.raises(InvalidInput, match="retired"):
                kind.parse(kind.dump(answer), vocabulary)
    vocabulary.turn(retired, back=True)
    change(vocabulary, change="split", of=["b"], classes=[{"name": "b1"}, {"name": "b2"}])
    for answer, later in zip(now, (kind.now(answer, vocabulary) for answer in now), strict=True):
        assert (later is None) == ("b" in kind.classes(answer))
        if later is None:
            with pytest.raises(InvalidInput, match="no class any more"):
                kind.parse(kind.dump(answer), vocabulary)


KEYS = st.sampled_from(["class", "classes", "word", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(value=JSON)
def test_whatever_the_log_or_a_page_says_is_an_answer_or_none(name: str, value: Any) -> None:
    kind, vocabulary = kind_of(name), asked()
    found = kind.load(value, vocabulary)
    if found is not None:
        hash(found)
        kind.now(found, vocabulary)
    with contextlib.suppress(InvalidInput):
        answer = kind.parse(value, vocabulary)
        assert kind.now(answer, vocabulary) == answer


def test_a_kind_of_a_later_version_is_said(name: str) -> None:
    with pytest.raises(InvalidInput, match=rf"kind 'x{name}'.*Upgrade"):
        kind_of(f"x{name}")
