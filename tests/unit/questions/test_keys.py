"""An annotator's own keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hitl_widgets import Session
from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.keys import asked_keys, own_keys
from hitl_widgets.questions.schema import LabelClass, Schema

MAIL = Schema(["spam", "ham", "other"])
Open = Callable[..., Session]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (None, None),
        ({"spam": "J"}, {"spam": "j"}),
        ("jk", {"spam": "j", "ham": "k"}),
        ({}, {}),
        ({"ham": "\u00f6", "spam": "0"}, {"ham": "\u00f6", "spam": "0"}),
    ],
)
def test_keys_are_given_by_class_or_in_order(keys: Any, found: Any) -> None:
    assert asked_keys(keys, MAIL) == found


def test_keys_may_be_given_for_classes_that_are_numbers() -> None:
    assert asked_keys({2: "j"}, Schema([1, 2])) == {"2": "j"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"spma": "j"}, "keys= contains 'spma', which is not a class. Did you mean 'spam'?"),
        ({"spam": "z"}, "The key 'z' for 'spam' is taken: it undoes. Use another letter or a digit."),
        ({"spam": "/"}, "The key '/' for 'spam' is taken: it finds items."),
        ({"spam": "M"}, "The key 'M' for 'spam' is taken: it finds similar items."),
        ({"spam": "j", "ham": "J"}, "keys= gives the key 'j' to 'spam' and to 'ham': it can have one class."),
        ({"spam": "F1"}, "The key 'F1' for 'spam' is not a single letter or digit."),
        ({"spam": ""}, "The key '' for 'spam' is not a single letter or digit."),
        ({"spam": 1}, "The key 1 for 'spam' is not a single letter or digit."),
        ("jklh", "keys='jklh' has 4 keys for 3 classes."),
        (["j", "k"], "keys=['j', 'k']: expected a dict from classes to keys, or a string"),
    ],
)
def test_what_is_wrong_with_keys_is_explained(keys: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{re.escape(words)}"):
        asked_keys(keys, MAIL)


def test_a_class_whose_key_is_used_gets_a_free_one() -> None:
    assert own_keys(MAIL, {}) == ("1", "2", "3")
    assert own_keys(MAIL, {"other": "1"}) == ("3", "2", "1")
    assert own_keys(Schema([LabelClass("a", key="j"), "b"]), {"b": "j"}) == ("1", "j")
    assert own_keys(MAIL, {"gone": "1"}) == ("1", "2", "3")


@pytest.fixture
def people(tmp_path: Path, make_session: Open) -> Open:
    def open_(who: str, **options: Any) -> Session:
        told: dict[str, Any] = {"classes": ["spam", "ham"], "store": tmp_path / "labels.sqlite"} | options
        return make_session([f"text {i}" for i in range(8)], annotator=who, **told)

    return open_


def test_each_annotator_has_keys_of_their_own(people: Open) -> None:
    ann, bob = people("ann", keys={"spam": "j"}), people("bob", keys="xy")
    assert ann.keys == {"spam": "j", "ham": "2"}
    assert bob.keys == {"spam": "x", "ham": "y"}
    assert people("cem").keys == {"spam": "1", "ham": "2"}
    assert [c.key for c in ann.classes] == ["1", "2"], "the classes are those of everyone"
    ann.label(ann.pool.ids[0], "spam")
    ann.classes.rename("spam", "junk")
    assert ann.keys == {"junk": "j", "ham": "2"}


def test_a_cell_that_runs_again_keeps_what_was_changed_in_the_widget(people: Open) -> None:
    ann = people("ann", keys={"spam": "j"})
    change = {"change": "keys", "of": ["ham"], "set": {"key": "k"}}
    ann._loop.acts.change_classes(change)
    assert ann.keys == {"spam": "j", "ham": "k"}
    with pytest.raises(InvalidInput, match="The key 'j' is used by 'spam'"):
        ann._loop.acts.change_classes(change | {"set": {"key": "j"}})
    n = ann._loop.log.n_events
    again = people("ann", keys={"spam": "j"})
    assert again.keys == {"spam": "j", "ham": "k"}
    assert again._loop.log.n_events == n, "nothing is written"
    again.undo()
    assert again.keys == {"spam": "j", "ham": "2"}
    assert again.undo() is None, "what the cell asks for is not an act"
    assert people("ann", keys={}).keys == {"spam": "1", "ham": "2"}
    assert people("ann").keys == {"spam": "1", "ham": "2"}


def test_wrong_keys_write_nothing(people: Open, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a class"):
        people("ann", keys={"x": "j"})
    assert not (tmp_path / "labels.sqlite").exists()
