"""What a reward rewards, and the map of candidates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.features.telling import pieces_of
from hitl_widgets.preferences.rewarded import LENGTH, rewarded

OPENINGS = ["Thank you for asking.", "No idea.", "We are sorry.", "Look elsewhere."]
MORE = [
    "It arrives on Monday.",
    "It was sent yesterday, says the carrier.",
    "Please wait.",
    "It is in a depot.",
]
PROMPTS = [f"Where is parcel {i}?" for i in range(12)]


def texts() -> list[list[str]]:
    rng = np.random.default_rng(0)
    return [[f"{a} {b}" for a, b in zip(OPENINGS, rng.permutation(MORE), strict=True)] for _ in PROMPTS]


def worth(text: str) -> float:
    return 2.0 * text.count("Thank") + text.count("sorry") - text.count("idea")


@pytest.fixture(scope="module")
def prefs() -> Any:
    with hitl.Preferences(
        PROMPTS, texts(), store=":memory:", random_state=0, audit=0, criteria=["short"]
    ) as made:
        for id_ in made.session.pool.ids[:40]:
            a, b = made.session.item(id_)
            better = 1 if worth(a) > worth(b) else 2 if worth(a) < worth(b) else "tie"
            made.session.label(id_, {"label": better, "criteria": {"short": 1 if len(a) < len(b) else 2}})
        yield made


def test_the_words_that_are_rewarded_come_first(prefs: Any) -> None:
    table = prefs.rewarded(100)
    assert list(table) == ["word", "weight", "n", "moves"]
    found = table.set_index("word")
    assert found.loc["thank", "weight"] > 0 > found.loc["idea", "weight"]
    assert found.loc["thank", "n"] == 12
    assert {"thank", "idea", "asking", "no"} & set(table["word"][:6])
    assert abs(found.loc["monday", "weight"]) < found.loc["thank", "weight"] / 2
    assert (table["moves"].diff().dropna() <= 1e-12).all()
    assert found.loc[LENGTH, "weight"] == prefs.effects().loc["twice as long", "effect"]
    assert found.loc[LENGTH, "n"] == 48
    # By another criterion, the length is what counts.
    short = prefs.rewarded(100, criterion="short").set_index("word")
    assert short.loc[LENGTH, "weight"] < 0
    with pytest.raises(HitlError, match="not asked for"):
        prefs.rewarded(criterion="long")


def test_words_and_what_is_not_in_words_add_up_to_the_reward(prefs: Any) -> None:
    candidates, post = prefs.candidates, prefs.posterior
    basis, weights = candidates.basis, post.factor * post.weights[:-1]
    weights = np.append(weights[:-1], 0)  # the length is apart
    zeros = np.zeros(candidates.features.shape[1])
    for row in (0, 7, 33):
        z = np.asarray(candidates.features[row], np.float64)
        slope = basis.slope(weights, z)
        both = basis.transform(np.stack([z, zeros]), np.array([1, 1])) @ weights
        assert slope @ z == pytest.approx(both[0] - both[1], abs=1e-6)
        found, exact = pieces_of(candidates.encoder, candidates.items[row], slope)
        assert exact
        assert "".join(one.words for one in found) == "".join(c for c in candidates.items[row] if c.isalpha())


def test_features_of_a_function_and_of_pictures() -> None:
    words = ["Thank", "sorry", "idea"]

    def embed(items: list[str]) -> Any:
        return np.array([[text.count(word) for word in words] for text in items], float)

    with hitl.Preferences(PROMPTS, texts(), store=":memory:", embed=embed, audit=0) as made:
        for id_ in made.session.pool.ids[:40]:
            a, b = made.session.item(id_)
            made.session.label(id_, 1 if worth(a) >= worth(b) else 2)
        table = made.rewarded(50).set_index("word")
        assert table.loc["thank", "weight"] > 0.5
        assert table.loc["idea", "weight"] < 0
        assert abs(table.loc["monday", "weight"]) < 1e-9
        assert len(rewarded(made.candidates, made.posterior, 5)) == 6
    rng = np.random.default_rng(0)
    pictures = [[rng.integers(0, 255, (8, 8, 3), np.uint8) for _ in range(3)] for _ in range(3)]
    with hitl.Preferences(["a", "b", "c"], pictures, kind="image", store=":memory:") as made:
        made.session.label(made.session.pool.ids[0], "first")
        with pytest.raises(InvalidInput, match="no words"):
            made.rewarded()
        assert len(made.map().to_dict()["hconcat"]) == 2


def test_the_map_has_all_candidates_with_their_doubt(prefs: Any) -> None:
    spec = prefs.map().to_dict()
    points, beside = spec["hconcat"]
    rows = spec["datasets"][spec["data"]["name"]]
    assert len(rows) == 48
    table = prefs.rewards()
    one = rows[0]
    mine = table[table["prompt"] == one["prompt"]]
    reward = mine.set_index("candidate")["reward"]
    assert one["reward"] == pytest.approx(reward[one["candidate"]] - reward.mean())
    assert one["low"] < one["reward"] < one["high"]
    assert len({row["at"] for row in rows}) == 12
    for at in range(12):
        assert sum(row["reward"] for row in rows if row["at"] == at) == pytest.approx(0, abs=1e-9)
    # What was asked is known better.
    asked, other = (
        np.mean([row["sd"] for row in rows if (row["n"] > 0) is known]) for known in (True, False)
    )
    assert asked < other
    assert points["encoding"]["opacity"]["field"] == "sd"
    assert {one["field"] for one in points["encoding"]["tooltip"]} == {"candidate", "prompt", "said", "n"}
    # The chart beside it shows the prompt of the point that is clicked.
    assert all("filter" in part["transform"][0] for part in beside["vconcat"][1]["layer"])
    assert prefs.map("short").to_dict()["hconcat"][0]["encoding"]["color"]["title"][0] == "short"
    assert "application/vnd.vegalite.v5+json" in prefs.map()._repr_mimebundle_()
