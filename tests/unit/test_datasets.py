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
    assert counts.max() < 4 * counts.min()
    assert table["doc"].str.len().min() >= 40
    assert not table["doc"].str.contains(r"%\(\w+\)s").any()
    assert not table["name"].str.contains(r"\._|\.tests\.").any()
    topic_of = table.set_index("name")["topic"]
    assert topic_of["scipy.optimize.linprog"] == "optimisation"


def test_docstrings_says_which_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_SOURCES", {"x": ("no_such_library/part",)})
    with pytest.raises(InvalidInput, match="no_such_library"):
        datasets.docstrings()
