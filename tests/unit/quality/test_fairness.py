"""Label rates per group, swapped words, and the card of a session."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_widgets.errors import InvalidInput
from hitl_widgets.quality.fairness import Swap, label_rates, swap_effect
from hitl_widgets.quality.sequential import wilson
from hitl_widgets.session import Session


@pytest.mark.parametrize(
    ("pairs", "text", "swapped"),
    [
        (
            {"he": "she"},
            "He said that she, the nurse, left. HE DID.",
            "She said that he, the nurse, left. SHE DID.",
        ),
        ({"he": "she"}, "the shelf", "the shelf"),
        ({"man": "woman", "men": "women"}, "Men and a woman", "Women and a man"),
        ({"New York": "Accra"}, "in new york", "in Accra"),
        ({"a+b": "c"}, "a+b is C", "c is A+b"),
        ({"he": "she", "him": "her", "his": "her"}, "his, him, her", "her, her, him"),
    ],
)
def test_whole_words_are_swapped_both_ways_with_their_capitals(pairs, text, swapped):
    assert Swap(pairs)(text) == swapped


@given(st.text(alphabet="he sSH.,é"))
def test_swapping_twice_gives_the_text_back(text):
    swap = Swap({"he": "she"})
    assert swap(swap(text)).casefold() == text.casefold()


@pytest.mark.parametrize("pairs", [{}, [("he", "she")], {"he": ""}, {"he": 3}, "he"])
def test_other_pairs_are_refused(pairs):
    with pytest.raises(InvalidInput, match="expected words and what to swap"):
        Swap(pairs)


def test_only_texts_with_the_words_are_predicted():
    def predict(texts):
        she = np.array(["she" in text for text in texts])
        return np.column_stack([0.9 - 0.6 * she, 0.1 + 0.6 * she])

    found = swap_effect(["he is", "nobody", "she was", "they"], Swap({"he": "she"}), predict)
    assert found.rows.tolist() == [0, 2]
    assert found.flipped.tolist() == [True, True]
    assert swap_effect(["none"], Swap({"he": "she"}), predict).flipped.tolist() == []


def test_rates_have_intervals_and_small_cells_are_withheld():
    groups = ["x"] * 30 + ["y"] * 5 + [None] * 9
    labels = ["a"] * 24 + ["b"] * 6 + ["a"] * 14
    table = label_rates(groups, ["ann"] * 44, labels)
    x = table.loc[("x", "ann")]
    assert x["label"].tolist() == ["a", "b"]
    assert x["share"].tolist() == [0.8, 0.2]
    assert tuple(x.iloc[0][["low", "high"]]) == wilson(24, 30)
    [y] = table.loc[[("y", "ann")]].to_dict("records")
    assert y["n"] == 5
    assert pd.isna(y["label"])
    assert np.isnan(y["share"])
    assert table["n"].groupby(level=[0, 1]).first().sum() == 35


@pytest.fixture
def session(tmp_path):
    table = pd.DataFrame(
        {
            "text": [
                f"{who} likes {what} number {i}"
                for i in range(40)
                for who in ("he", "she")
                for what in ("apples", "rivers")
            ],
            "who": ["he", "he", "she", "she"] * 40,
        }
    )
    with Session(
        table,
        text="text",
        id=None,
        classes=["fruit", "water"],
        store=tmp_path / "l.sqlite",
        annotator="ann",
        random_state=0,
    ) as made:
        for i in range(60):
            made.label(made.pool.ids[i], "fruit" if i % 2 == 0 else "water")
        made.wait()
        yield made


def test_a_session_tells_rates_swaps_and_a_card(session):
    rates = session.trust.rates("who")
    assert rates.loc[("he", "ann"), "share"].tolist() == [0.5, 0.5]
    assert session.trust.rates("who", {"ann": "nurse"}).index[0] == ("he", "nurse")
    with pytest.raises(InvalidInput, match="no group for 'ann'"):
        session.trust.rates("who", {"bob": "nurse"})
    with pytest.raises(InvalidInput, match="not a column"):
        session.trust.rates("hwo")

    found = session.trust.swap({"he": "she"})
    assert found.attrs["n"] == len(found) == 160
    assert found.attrs["flipped"] == (found["label"] != found["swapped"]).sum()
    assert found["change"].is_monotonic_increasing
    assert session.trust.swap({"xyz": "zyx"}).attrs["n"] == 0
    # What makes the class: apples and rivers.
    assert session.trust.swap({"apples": "rivers"}).attrs["flipped"] == 160

    card = session.trust.card(["who"], intended="Sorting <b>mail</b>")
    assert card._repr_markdown_().startswith("# Labels and model: labels\n")
    for part in (
        "## Intended use",
        "Sorting &lt;b&gt;mail",
        "## Model",
        "trained on 60 labels",
        "## Groups",
        "annotator 1",
    ):
        assert part in card
    assert "ann " not in card.replace("annotator", "")
    assert "## Columns of the file" not in card
    path = card.save(session.store.path.parent / "card.md")
    assert path.read_text() == card
    assert path.stat().st_mode & 0o777 == 0o600


def test_groups_are_told_apart_although_they_are_masked(tmp_path):
    table = pd.DataFrame(
        {"text": [f"t{i} word{i % 2}" for i in range(60)], "who": ["a@example.org", "b@example.org"] * 30}
    )
    with Session(
        table, text="text", classes=["x", "y"], store=":memory:", annotator="ann", mask=True
    ) as made:
        for i in range(40):
            made.label(made.pool.ids[i], "xy"[i % 2])
        assert set(made.trust.rates("who").index) == {("a@example.org", "ann"), ("b@example.org", "ann")}


def test_words_cannot_be_swapped_in_numbers():
    X = np.random.default_rng(0).normal(size=(20, 3))
    with (
        Session(X, classes=["x", "y"], store=":memory:") as made,
        pytest.raises(InvalidInput, match="swapped in texts"),
    ):
        made.trust.swap({"he": "she"})
