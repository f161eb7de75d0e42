from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.schema import KEYS, MAX_CLASSES, LabelClass, Schema
from hitl_widgets.questions.values import alike, is_blank

NAMES = st.lists(
    st.text(min_size=1, max_size=20).filter(lambda name: not is_blank(name)),
    min_size=2,
    max_size=60,
    unique_by=alike,
)


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
    assert (schema.classes[1].example, schema.classes[1].key) == ("see you at six", "2")


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


VALUES: list[tuple[list[Any], list[Any]]] = [
    ([0, 1], [1, "1", 1.0, np.int64(1), np.float32(1), True, Decimal(1), " 1 ", "1.0", "01"]),
    ([False, True], [True, "True", "true", "TRUE", np.True_, 1, np.int8(1)]),
    ([0.5, 1.5], [1.5, "1.5", "1.50", np.float64(1.5), Decimal("1.5")]),
    ([0.0, 1.0], [1, 1.0, "1", "1.0", np.float32(1)]),
    (["0", "1"], [1, "1", 1.0, np.int64(1), "1.0"]),
    ([-1, 10**30], [10**30, str(10**30)]),
    ([date(2026, 1, 1), date(2026, 1, 2)], ["2026-01-02", date(2026, 1, 2), pd.Timestamp("2026-01-02")]),
    (
        [datetime.fromisoformat("2026-01-01 09:00"), datetime.fromisoformat("2026-01-01 10:00")],
        ["2026-01-01T10:00", "2026-01-01 10:00:00", np.datetime64("2026-01-01T10:00")],
    ),
    (
        [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")],
        ["2026-01-02", np.datetime64("2026-01-02", "ns")],
    ),
    ([Decimal("1.10"), Decimal("2.20")], [Decimal("2.2"), "2.2", "2.20"]),
    (list(Mood), [Mood.BAD, "BAD", "bad", "Mood.BAD"]),
    (["naïve", "café"], ["café", "cafe\u0301", " café", np.str_("café")]),
    ([1, "other"], ["other"]),
]


@pytest.mark.parametrize(("classes", "spellings"), VALUES)
def test_a_class_comes_back_as_the_person_passed_it_and_goes_in_in_any_equal_spelling(
    classes: list[Any], spellings: list[Any]
) -> None:
    schema = Schema(classes)
    assert list(schema.values) == classes
    assert list(map(type, schema.values)) == list(map(type, classes))
    assert all(isinstance(name, str) for name in schema.names)
    assert [schema.code(one) for one in spellings] == [1] * len(spellings)
    with pytest.raises(InvalidInput, match="not a class of this task"):
        schema.code("nothing like it")


@pytest.mark.parametrize("classes", [classes for classes, _ in VALUES if classes != list(Mood)])
def test_the_log_keeps_the_type_of_a_class(classes: list[Any]) -> None:
    schema = Schema(classes)
    again = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert list(again.values) == classes
    assert list(map(type, again.values)) == list(map(type, classes))


def test_the_log_of_text_classes_is_as_it_was() -> None:
    assert Schema(["a", "b"]).to_dict().keys() == {"question", "classes"}


@pytest.mark.parametrize(
    "classes",
    [
        (0, 1),
        range(2),
        np.array([0, 1]),
        np.array([0, 1], np.uint8),
        pd.Index([0, 1]),
        pd.Series([0, 1]),
        pd.Series([0, 1], dtype="Int64"),
        pl.Series([0, 1]),
        pd.Categorical([1, 0, 1, 0]),
        pd.CategoricalDtype([0, 1]),
        pd.Series([1, 0, 1], dtype="category"),
        pd.CategoricalIndex([1, 0, 1]),
        (i for i in (0, 1)),
        {0: None, 1: None}.keys(),
    ],
)
def test_classes_may_be_any_list(classes: Any) -> None:
    schema = Schema(classes)
    assert schema.values == (0, 1)
    assert {type(v) for v in schema.values} == {int}


def test_categories_of_polars_and_enumerations_are_classes() -> None:
    assert Schema(pl.Series(["b", "a", "b"], dtype=pl.Enum(["a", "b"]))).names == ("a", "b")
    assert Schema(Mood).values == (Mood.GOOD, Mood.BAD)


@pytest.mark.parametrize(
    "names",
    [
        ("a", "a "),
        ("a", " a"),
        ("a b", "a  b"),
        ("caf\u00e9", "cafe\u0301"),
        ("spam", "sp\u200bam"),
        ("spam", "spam\ufeff"),
        ("spam", "\u202espam"),
        ("A", "\uff21"),
        ("a", "\u0430"),  # Cyrillic
        ("1", "1\u00a0"),
    ],
)
def test_names_that_nobody_can_tell_apart_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"look the same.*merge"):
        Schema(names)
    kept = LabelClass(names[0]), LabelClass(names[1])
    told = {"question": "", "classes": [asdict(c) for c in kept]}
    assert Schema.from_dict(told).names == names  # a log that contains them can be opened


def test_upper_and_lower_case_can_be_told_apart() -> None:
    assert Schema(["A", "a"]).names == ("A", "a")


@pytest.mark.parametrize("classes", [[1, True], [1, 1.0], [0, False], ["1", 1], [1, np.int64(1)]])
def test_equal_values_are_no_two_classes(classes: list[Any]) -> None:
    with pytest.raises(InvalidInput, match=r"more than once|look the same|equal"):
        Schema(classes)


@pytest.mark.parametrize(
    ("classes", "keys"),
    [
        (range(10), "0123456789"),
        (["9", "other", "1"], "921"),
        (["a", "b", "c"], "abc"),
        (["A", "a", "b"], "a2b"),
        (["s", "n", "x"], "12x"),  # s and n are used by the Labeler
        ([LabelClass("2", key="1"), "1", "x"], "12x"),
        ([LabelClass("other", key="3"), "3", "1"], "321"),
        (["other", "1"], "21"),
    ],
)
def test_a_class_that_is_called_like_a_free_key_gets_it(classes: Any, keys: str) -> None:
    assert "".join(c.key for c in Schema(classes).classes) == keys


def test_no_object_without_a_name_is_a_class() -> None:
    for odd in (object(), len, ("a",), {"a": 1}, np.zeros(2), b"a"):
        with pytest.raises(InvalidInput, match=r"not a name|bytes"):
            Schema(["a", odd])
    for odd in (b"ab", {"a": 1}, pd.DataFrame({"a": [1], "b": [2]})):
        with pytest.raises(InvalidInput, match="classes="):
            Schema(odd)


def test_words_about_a_class_are_found_by_its_value() -> None:
    assert Schema([0, 1], guidance={1: "yes"}).classes[1].guidance == "yes"  # type: ignore[dict-item]


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
        ("spam", r"'spam' is a single text: pass a list"),
        (5, r"classes=5: expected a list"),
        (["a", "b", "a"], r"'a' more than once"),
        (["a", " "], r"' ' is blank"),
        *[
            (["a", value], "missing value.*dropna")
            for value in (None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"))
        ],
        (["a", Decimal("NaN")], "missing value"),
        (pl.Series(["a", "b", None]), "missing value"),
        (pd.Series([0, 1, None]), "missing value"),
        (pd.array(["a", None], "string"), "missing value"),
        *[(["a", "b", blank], "is blank") for blank in ("", "  ", "\t\n", "\u200b", "\ufeff", "\u00a0")],
        (["a", ["b"]], r"\['b'\] is not a name"),
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
    with pytest.raises(InvalidInput, match=rf"{argument}= contains 'spm'.*Did you mean 'spam'"):
        Schema(["spam", "ham"], **{argument: {"spm": "x"}})  # type: ignore[arg-type]


def test_an_unknown_class_is_named_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match=r"'spm' is not a class.*Did you mean 'spam'\? .*'spam', 'ham'"):
        Schema(["spam", "ham"]).code("spm")


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["long", "b", "other"], "1b3"),
        (["y", "no"], "y2"),
        (["A", "a"], "a2"),
        (["2", "two", "three"], "213"),
        ([str(i) for i in range(10)], "0123456789"),
    ],
)
def test_a_key_by_position_is_the_position(names: list[str], keys: str) -> None:
    assert "".join(c.key for c in Schema(names).classes) == keys


def test_a_colour_that_a_class_has_is_given_to_no_other() -> None:
    made = Schema([LabelClass("a", color="#e69f00"), "b", "c", LabelClass("d", color="#0072B2")])
    colors = [c.color.upper() for c in made.classes]
    assert colors[0] == "#E69F00"
    assert colors[2] == "#009E73"
    assert len(set(colors)) == 4
