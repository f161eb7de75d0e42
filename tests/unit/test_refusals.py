"""What cannot be done is said: the value, what was expected, and no act in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput, a_type


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda s: s.let_in("nobody"), "Everybody may label here"),
        (lambda s: s.decide("a", None), "Item 'a' has no decision to withdraw"),
        (lambda s: s.decide(["b", "a"], None), "Item 'a' has no decision to withdraw"),
        (lambda s: s.route([]), "no new items: pass at least one"),
        (lambda s: s.import_labels([("a", "x")]), "a tuple, not a dict. Expected dicts such as .'id': "),
        (lambda s: s.import_labels([1, 2]), "an int, not a dict"),
    ],
)
def test_an_act_without_effect_is_refused(act: Callable[[Any], Any], why: str) -> None:
    data = pd.DataFrame({"id": list("abcd"), "text": ["one red", "two blue", "three red", "four blue"]})
    with hitl.Session(
        data, text="text", id="id", classes=["x", "y"], store=":memory:", audit=0, random_state=0
    ) as made:
        for one, label in zip("abcd", "xyxy", strict=True):
            made.label(one, label)
        made.decide("b", "x")
        made.wait()
        before = len(made.history())
        with pytest.raises(InvalidInput, match=why):
            act(made)
        assert len(made.history()) == before


def test_a_file_of_suggestions_that_is_missing_is_said_at_once(tmp_path: Any) -> None:
    with pytest.raises(InvalidInput, match=r"File not found: .*nofile\.json"):
        hitl.suggest.file(tmp_path / "nofile.json")


def test_a_file_of_suggestions_without_a_readable_row_says_why(tmp_path: Any) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('"x"\n{"id": 1}\n')
    with pytest.raises(InvalidInput, match=r"no answers to suggest\. .*The row is a str, not a dict\."):
        hitl.Session(["a", "b"], classes=["x", "y"], store=":memory:", suggest=hitl.suggest.file(path))


def test_types_are_named_with_their_article() -> None:
    values = [1, {}, np.zeros(1), np.uint8(1), object()]
    assert [a_type(v) for v in values] == ["an int", "a dict", "an ndarray", "a uint8", "an object"]
