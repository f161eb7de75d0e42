"""New items: accepted or asked, with a promise that holds, drift that is said, and whom to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput

N, K = 240, 3
NAMES = np.array(["a", "b", "c"])


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(0, K, n)
    return (np.eye(K)[truth] * 2 + rng.normal(scale=1.0, size=(n, K))).astype(np.float32), truth


X, TRUTH = drawn(np.random.default_rng(0), N)
TABLE = pd.DataFrame({"text": [f"item {i}" for i in range(N)]})


def opened(where: Path | str, who: str = "ann", seed: int = 0, **settings: Any) -> hitl.Session:
    given = {"text": "text", "X": X, "classes": list(NAMES), "learner": "linear"} | settings
    return hitl.Session(TABLE, store=where, annotator=who, random_state=seed, **given)


@pytest.fixture(scope="module")
def routing(tmp_path_factory: pytest.TempPathFactory) -> Any:
    where = tmp_path_factory.mktemp("route") / "labels.sqlite"
    rng = np.random.default_rng(1)
    with opened(where, audit=0.5) as ann:
        for _ in range(120):
            [one] = ann.query()
            ann.label(one, NAMES[TRUTH[ann.pool.index([one])[0]]])
    with opened(where, "eve") as eve:
        for row in range(60):
            eve.label(eve.pool.ids[row], NAMES[rng.integers(0, K)])
    with opened(where) as ann:
        yield ann


def test_new_items_are_accepted_or_asked_by_the_promise(routing) -> None:
    new, truth = drawn(np.random.default_rng(2), 400)
    found = routing.route(new, 0.1)
    accepted = found["route"] == "accept"
    assert 40 < accepted.sum() < 400
    assert (found["label"] == NAMES[truth])[accepted].mean() > 0.8
    assert found["confidence"][accepted].min() >= found["confidence"][~accepted].max()
    assert set(found["rule"][accepted]) == {"at most 10.0% wrong on average"}
    assert set(found["rule"][~accepted]) == {""}
    assert found.attrs["drifted"] is False
    assert f"{accepted.sum()} of 400 new items are accepted" in found.attrs["summary"]
    sure = routing.route(new, 0.1, certainty=0.9)
    assert (sure["route"] == "accept").sum() < accepted.sum()


def test_where_they_differ_everything_is_asked_and_said(routing) -> None:
    new, _ = drawn(np.random.default_rng(2), 200)
    with pytest.warns(RuntimeWarning, match="differ from those of this session"):
        found = routing.route(np.concatenate([new[:120], new[120:] + 1.5]).astype(np.float32), 0.05)
    assert set(found["route"]) == {"ask"}
    assert found.attrs["drifted"] is True
    assert np.nanmean(found["newness"][120:]) > np.nanmean(found["newness"][:120])
    with pytest.warns(RuntimeWarning, match="cannot be tested with fewer than 20"):
        few = routing.route(new[:5], 0.05)
    assert few.attrs["p"] is None


def test_a_promise_without_enough_audits_says_how_many_it_needs(routing) -> None:
    new, _ = drawn(np.random.default_rng(3), 50)
    found = routing.route(new, 0.001)
    assert set(found["route"]) == {"ask"}
    assert found.attrs["needed"] > 900
    assert "more audited items" in found.attrs["summary"]


def test_the_person_who_is_most_likely_right_is_asked(routing) -> None:
    new, _ = drawn(np.random.default_rng(4), 50)
    found = routing.route(pd.DataFrame(new).to_numpy(), 0.05, people=True)
    asked = found[found["route"] == "ask"]
    assert set(asked["annotator"]) == {"ann"}
    assert found.loc[found["route"] == "accept", "annotator"].isna().all()
    only = routing.route(new, 0.05, people=["eve"])
    assert set(only[only["route"] == "ask"]["annotator"]) == {"eve"}
    assert only["expected"].max() < asked["expected"].min()
    table = routing.trust.ask_whom(routing.pool.ids[:4])
    assert table["annotator"].tolist() == ["ann"] * 4
    assert ((table["expected"] > 0.5) & (table["expected"] < 1)).all()
    with pytest.raises(InvalidInput, match="people='bob': nobody of this name"):
        routing.trust.ask_whom(routing.pool.ids[0], people=["bob"])


def test_what_cannot_be_routed_is_refused_with_the_reason(routing) -> None:
    with pytest.raises(InvalidInput, match="error=2"):
        routing.route(X, 2)
    with pytest.raises(InvalidInput, match="X has 2 columns"):
        routing.route(X[:, :2])
    with pytest.raises(InvalidInput, match="cannot be computed here"):
        routing.route(["a new text"])
    with opened(":memory:") as empty:
        with pytest.raises(HitlError, match="There is no model yet"):
            empty.route(X)
        empty.label(empty.pool.ids[:9:3], "a")
        empty.label(empty.pool.ids[1:9:3], "b")
        with pytest.raises(HitlError, match="How often each annotator is right is not known"):
            empty.trust.ask_whom(empty.pool.ids[20])


def test_the_promise_holds_over_sessions() -> None:
    """On average over sessions, among items that are accepted; new items come from the same source."""
    wrong = n = 0
    for seed in range(8):
        with opened(":memory:", seed=seed, audit=0.5) as session:
            for _ in range(6):
                for one in session.query(15):
                    session.label(one, NAMES[TRUTH[session.pool.index([one])[0]]])
            new, truth = drawn(np.random.default_rng(100 + seed), 200)
            found = session.route(new, 0.15)
            accepted = (found["route"] == "accept").to_numpy()
            wrong += int((found["label"].to_numpy() != NAMES[truth])[accepted].sum())
            n += int(accepted.sum())
    assert n > 100
    assert wrong / n < 0.2
