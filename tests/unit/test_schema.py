from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.schema import KEYS, MAX_CLASSES, LabelClass, Schema

NAMES = st.lists(st.text(min_size=1, max_size=20).filter(str.strip), min_size=2, max_size=60, unique=True)


def test_names_are_enough_for_a_schema() -> None:
    schema = Schema(["spam", "ham"])
    assert schema.names == ("spam", "ham")
    assert [c.key for c in schema.classes] == ["1", "2"]
    assert schema.code("ham") == 1


def test_guidance_examples_keys_and_colours_are_kept() -> None:
    schema = Schema(
        [LabelClass("spam", key="x", color="#ff0000"), "ham"],
        "What is it?",
        guidance={"spam": "sells something"},
        examples={"ham": "see you at six"},
    )
    assert schema.question == "What is it?"
    assert schema.classes[0] == LabelClass("spam", "sells something", "", "x", "#ff0000")
    assert (schema.classes[1].example, schema.classes[1].key) == ("see you at six", "1")


def test_numbers_name_classes_as_text() -> None:
    schema = Schema([0, 1])  # type: ignore[list-item]
    assert schema.names == ("0", "1")
    assert schema.code(1) == 1


@given(NAMES, st.text())
def test_a_schema_survives_the_log(names: list[str], question: str) -> None:
    schema = Schema(names, question)
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


@given(NAMES)
def test_keys_are_distinct_and_every_class_has_a_colour(names: list[str]) -> None:
    schema = Schema(names)
    keys = [c.key for c in schema.classes if c.key]
    assert len(set(keys)) == len(keys) == min(len(names), len(KEYS))
    assert all(c.color for c in schema.classes)
    assert len({c.color for c in schema.classes[:8]}) == min(8, len(names))


def test_the_keys_that_the_labeler_needs_itself_are_never_given_to_a_class() -> None:
    assert not set("gnsz") & {c.key for c in Schema(map(str, range(60))).classes}


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([], r"no classes are too few.*\['spam', 'ham'\]"),
        (["spam"], r"\['spam'\]: one class is too few"),
        ("spam", r"'spam' is one text: pass a list"),
        (5, r"classes=5: expected a list"),
        (["a", "b", "a"], r"'a' more than once"),
        (["a", " "], r"' ' is blank"),
        (["a", None], r"None is no name"),
        (["a", float("nan")], r"nan is no name"),
        (["a", ["b"]], r"\['b'\] is no name"),
        (["a", "b" * 201], r"201 characters; the limit is 200"),
        ([str(i) for i in range(MAX_CLASSES + 1)], r"251 classes; the limit is 250"),
        (["a", LabelClass("b", color="red")], r"color='red' of class 'b': expected '#rrggbb'"),
        (["a", LabelClass("b", key="zz")], r"key='zz' of class 'b': expected one of 1 2"),
        (["a", LabelClass("b", key="s")], r"key='s' of class 'b'"),
        ([LabelClass("a", key="x"), LabelClass("b", key="X")], r"share a key"),
    ],
)
def test_classes_that_cannot_be_used_are_refused(classes: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Schema(classes)


@pytest.mark.parametrize("argument", ["guidance", "examples"])
def test_words_about_an_unknown_class_are_refused(argument: str) -> None:
    with pytest.raises(InvalidInput, match=rf"{argument}= speaks of 'spm'.*Did you mean 'spam'"):
        Schema(["spam", "ham"], **{argument: {"spm": "x"}})  # type: ignore[arg-type]


def test_an_unknown_class_is_named_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match=r"'spm' is no class.*Did you mean 'spam'\? .*'spam', 'ham'"):
        Schema(["spam", "ham"]).code("spm")
