from __future__ import annotations

import numpy as np
import pytest

from hitl_widgets import datasets
from hitl_widgets.errors import InvalidInput


def test_digits_are_small_images_with_their_truth() -> None:
    table = datasets.digits()
    assert list(table.columns) == ["image", "digit"]
    assert len(table) == 1797
    first = table["image"].iloc[0]
    assert first.shape == (8, 8)
    assert first.dtype == np.uint8
    assert max(image.max() for image in table["image"]) == 255
    assert set(table["digit"]) == set("0123456789")


def test_docstrings_are_real_distinct_and_balanced() -> None:
    table = datasets.docstrings()
    assert list(table.columns) == ["name", "doc", "topic"]
    assert 2000 < len(table) < 6000
    assert table["name"].is_unique
    assert table["doc"].is_unique
    assert set(table["topic"]) == set(datasets.DOCSTRING_TOPICS)
    counts = table["topic"].value_counts()
    assert counts.max() < 5 * counts.min()
    assert table["doc"].str.len().min() >= 40
    assert not table["doc"].str.contains(r"%\(\w+\)s").any()
    assert not table["name"].str.contains(r"\._|\.tests\.").any()
    topic_of = table.set_index("name")["topic"]
    assert topic_of["scipy.optimize.linprog"] == "optimisation"


def test_docstrings_says_which_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.builtin, "_SOURCES", {"x": ("no_such_library/part",)})
    with pytest.raises(InvalidInput, match="no_such_library"):
        datasets.docstrings()


@pytest.mark.parametrize("name", datasets.TOYS)
def test_toys_are_points_with_a_class_and_the_same_every_time(name: str) -> None:
    table = datasets.toy(name, n=120, random_state=3)
    assert list(table.columns) == ["x1", "x2", "label"]
    assert len(table) == 120
    assert np.isfinite(table[["x1", "x2"]]).all(axis=None)
    assert 2 <= table["label"].nunique() <= 3
    assert table.equals(datasets.toy(name, n=120, random_state=3))
    assert not table.equals(datasets.toy(name, n=120, random_state=4))
    assert table["label"].iloc[:60].nunique() >= 2, "the rows are in random order"


def test_toys_are_what_their_names_say() -> None:
    assert datasets.toy("rare")["label"].value_counts().tolist() == [190, 10]
    trap = datasets.toy("trap")
    hidden = trap[(trap["x1"] > 2.2) & (trap["x2"] < 0)]
    assert set(hidden["label"]) == {"square"}
    assert 30 <= len(hidden) <= 45
    assert datasets.toy("blobs")["label"].nunique() == 3


@pytest.mark.parametrize(("name", "n", "words"), [("moon", 200, "Did you mean 'moons'"), ("line", 5, "n=5")])
def test_an_unknown_toy_says_the_names(name: str, n: int, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        datasets.toy(name, n=n)
