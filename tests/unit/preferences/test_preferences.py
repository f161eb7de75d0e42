"""Preferences: comparisons and rankings end to end, without a page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.loop.asking import UNCERTAIN
from hitl_widgets.preferences.learners import undecided
from hitl_widgets.preferences.people import cycles
from hitl_widgets.session import loop_of

WORDS = [
    "fine",
    "good",
    "nice",
    "bad",
    "awful",
    "poor",
    "great",
    "thanks",
    "please",
    "sorry",
    "soon",
    "today",
]
PROMPTS = [f"Where is parcel {i}?" for i in range(12)]


def texts(seed: int = 0, n: int = 4) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [[f"{' '.join(rng.choice(WORDS, rng.integers(3, 12)))} {i}" for i in range(n)] for _ in PROMPTS]


def worth(text: str) -> float:
    words = text.split()
    return words.count("good") + words.count("great") - words.count("bad") - words.count("awful")


def embed(items: list[str]) -> Any:
    return np.array([[text.split().count(word) for word in WORDS] for text in items], float)


def opened(candidates: Any = None, **how: Any) -> hitl.Preferences:
    given = {"store": ":memory:", "random_state": 0, "embed": embed} | how
    if "generate" not in given and candidates is None:
        candidates = texts()
    return hitl.Preferences(PROMPTS, candidates, **given)


def answer(prefs: hitl.Preferences, n: int) -> None:
    session = prefs.session
    for _ in range(n):
        [id_] = session.query(1)
        a, b = map(worth, session.item(id_))
        session.label(id_, "tie" if a == b else "first" if a > b else "second")


def test_pairs_are_within_prompts_on_sides_that_are_drawn_and_kept() -> None:
    with opened() as prefs, opened([list(reversed(one)) for one in texts()]) as other:
        pool = prefs.session.pool
        assert len(pool) == 12 * 6 == len({frozenset(item) for item in pool.items})
        prompt_of = {c: p for p, one in zip(PROMPTS, texts(), strict=True) for c in one}
        assert all(prompt_of[a] == prompt_of[b] for a, b in pool.items)
        # The same pair has the same id and the same sides, however the candidates are listed.
        assert dict(zip(pool.ids, pool.items, strict=True)) == dict(
            zip(other.session.pool.ids, other.session.pool.items, strict=True)
        )
    rng = np.random.default_rng(0)
    many = [[f"{p} {i} {rng.random()}" for i in range(8)] for p in range(12)]
    with opened(many, embed=lambda one: np.ones((len(one), 1))) as prefs:
        left = [many[p].index(a) < many[p].index(b) for p in range(12)
                for a, b in prefs.session.pool.items if a in many[p]]  # fmt: skip
        assert 0.4 < np.mean(left) < 0.6


def test_equal_candidates_of_different_prompts_are_different_pairs() -> None:
    with opened([["yes", "no"]] * 12) as prefs:
        assert len(prefs.session.pool) == 12
        prefs.session.label(prefs.session.pool.ids[0], "first")
        assert prefs.session.n_labels == 1


def test_a_reward_is_learned_and_the_queue_asks_what_is_undecided() -> None:
    with opened(audit=0) as prefs:
        with pytest.raises(HitlError, match="There is no reward yet"):
            prefs.rewards()
        answer(prefs, 40)
        made = prefs.session.wait()
        assert not made.error
        assert "least certain" in made.explanation
        live = loop_of(prefs.session).background.trainer._live
        mean, variance = live.differences()
        ratio = np.abs(mean) / np.sqrt(variance)
        left = loop_of(prefs.session).labels.left
        asked = [one.index for one in made.suggestions]
        assert ratio[asked].tolist() == pytest.approx(np.sort(ratio[left])[: len(asked)].tolist())
        assert made.suggestions[0].reason == "unsure which is better"
        table = prefs.rewards()
        assert list(table) == ["prompt", "candidate", "reward", "sd", "n"]
        assert int(table["n"].sum()) == 2 * 40
        truth = table["candidate"].map(worth)
        centred = table["reward"] - table.groupby("prompt")["reward"].transform("mean")
        assert np.corrcoef(centred, truth - truth.groupby(table["prompt"]).transform("mean"))[0, 1] > 0.6
        assert (table.groupby("prompt")["reward"].diff().dropna() <= 0).all()
        new = prefs.reward(["good great good", "bad awful bad"])
        assert new["reward"][0] > new["reward"][1] + 0.5
        assert set(prefs.effects().index) == {"left", "twice as long"}
    assert undecided.__name__ in UNCERTAIN


def test_the_predicted_answers_include_ties_and_sum_to_one() -> None:
    with opened(audit=0) as prefs:
        session = prefs.session
        for k, id_ in enumerate(session.pool.ids[:40]):
            session.label(id_, ["first", "second", "tie", "both bad"][k % 4])
        P = loop_of(session).background.trainer._live
        session.wait()
        P = loop_of(session).background.trainer._live.proba()
        assert P.shape == (72, 4)
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
        assert P[:, 2:].mean() > 0.15


def test_undo_and_restart_keep_what_was_said(tmp_path: Any) -> None:
    store = tmp_path / "p.sqlite"
    with opened(store=store) as prefs:
        answer(prefs, 12)
        prefs.session.undo()
        before = prefs.answers()
        rewards = prefs.rewards()
    with opened(store=store) as prefs:
        assert len(before) == 11
        assert prefs.answers().equals(before)
        np.testing.assert_allclose(prefs.rewards()["reward"], rewards["reward"])


def test_what_is_generated_is_kept_and_samples_come_into_the_queue(tmp_path: Any) -> None:
    store, calls = tmp_path / "p.sqlite", []

    def generate(prompt: str, n: int) -> list[str]:
        calls.append(prompt)
        return [f"{prompt} {i} {len(calls)}" for i in range(n)]

    with opened(generate=generate, n=3, store=store) as prefs:
        assert len(prefs.candidates) == 36
        answer(prefs, 5)
        assert prefs.session.undo() is not None
        assert prefs.add({PROMPTS[0]: ["good great", f"{PROMPTS[0]} 0 1"]}, source="round 1") == 1
        assert len(prefs.candidates) == 37
        assert prefs.session.n_labels == 4
        for _ in range(9):  # nobody's undo removes samples
            prefs.session.undo()
    with opened(generate=generate, n=3, store=store) as prefs:
        assert len(prefs.candidates) == 37
        assert len(calls) == 12
    with opened(generate=lambda prompt: f"{prompt} {np.random.default_rng().random()}", n=2) as prefs:
        assert len(prefs.candidates) == 24


def test_lists_are_ranked() -> None:
    with opened(ask="ranking") as prefs:
        session = prefs.session
        assert len(session.pool) == 12
        for _ in range(9):
            [id_] = session.query(1)
            members = session.item(id_)
            session.label(id_, (np.argsort([-worth(one) for one in members], kind="stable") + 1).tolist())
        made = session.wait()
        assert not made.error
        table = prefs.rewards()
        assert np.corrcoef(table["reward"], table["candidate"].map(worth))[0, 1] > 0.5
        assert list(prefs.answers())[:3] == ["prompt", "candidates", "answer"]
        assert list(prefs.effects().index) == ["twice as long"]
        with pytest.raises(InvalidInput, match="sides"):
            prefs.people()
        with pytest.raises(InvalidInput, match="cannot be added"):
            prefs.add({PROMPTS[0]: ["x"]})


@pytest.mark.parametrize("many", [False, True])
def test_many_pairs_are_not_laid_out_by_umap(monkeypatch: pytest.MonkeyPatch, many: bool) -> None:
    started = []
    monkeypatch.setattr("hitl_widgets.maps.preparation.umap_available", lambda n: True)
    monkeypatch.setattr("hitl_widgets.preferences.learners.PairLearner.most_mapped", 71 if many else 72)
    monkeypatch.setattr("hitl_widgets.maps.preparation.Preparation._lay_out", lambda *_: started.append(1))
    with opened() as prefs:
        session = prefs.session
        until(lambda: session.stage is None and session.map is not None)
        assert bool(started) is not many
        assert session.map.method == "pca"
        assert session.map.settled is many


def test_the_best_of_lists_are_ranked() -> None:
    lists = [one[: 3 + i % 2] for i, one in enumerate(texts())]
    with opened(lists, ask="ranking", top=2) as prefs:
        session = prefs.session
        for id_ in session.pool.ids[:10]:
            members = session.item(id_)
            best = (np.argsort([-worth(one) for one in members], kind="stable") + 1).tolist()[:2]
            session.label(id_, best)
        assert not session.wait().error
        assert np.corrcoef(prefs.rewards()["reward"], prefs.rewards()["candidate"].map(worth))[0, 1] > 0.4
        # Of four, the best two are above each other and both others: five pairs; of three, all three.
        given = prefs.posterior.given
        assert len(given) == 5 * 5 + 5 * 3
    with pytest.raises(InvalidInput, match="top=2 is for ask='ranking'"):
        opened(top=2)


def test_people_who_prefer_a_side_or_length_are_seen(tmp_path: Any) -> None:
    store = tmp_path / "p.sqlite"
    for who in ("ann", "bob"):
        with opened(store=store, annotator=who, overlap=1.0) as prefs:
            session = prefs.session
            for id_ in session.pool.ids:
                a, b = session.item(id_)
                longer = "first" if len(a) >= len(b) else "second"
                session.label(id_, "first" if who == "ann" else longer)
    with opened(store=store, annotator="ann") as prefs:
        table = prefs.people().set_index("annotator")
        assert table.loc["ann", "left"] == 1
        assert table.loc["ann", "left_low"] > 0.9
        assert table.loc["bob", "left_low"] < 0.5 < table.loc["bob", "left_high"]
        assert table.loc["bob", "longer"] == 1
        assert table.loc["ann", "ties"] == 0
        for name, new in (("first", "A"), ("second", "first"), ("A", "second")):
            prefs.session.classes.rename(name, new)
        pd.testing.assert_frame_equal(prefs.people().set_index("annotator"), table)
        draft = prefs.candidates.items[0]
        prefs.revise(PROMPTS[0], draft, "a revision")
        said = prefs.answers().query("first == 'a revision' or second == 'a revision'").iloc[-1]
        assert (said["answer"] == "second") == (said["first"] == "a revision")


def test_conflicts_are_cycles_of_answers() -> None:
    assert cycles([(0, 1), (1, 2), (2, 0), (0, 3)]) == [(0, 1, 2)]
    assert cycles([(0, 1), (1, 2), (0, 2)]) == []
    assert cycles([(0, 1), (1, 0)]) == []  # one of two people each
    assert cycles([(0, 1), (1, 2), (2, 3), (3, 0)]) == [(0, 1, 2, 3)]
    with opened([["a", "b", "c"]] * 12) as prefs:
        assert prefs.conflicts() == []
        better = {frozenset("ab"): "a", frozenset("bc"): "b", frozenset("ac"): "c"}
        for id_ in prefs.session.pool.ids[:3]:
            pair = prefs.session.item(id_)
            prefs.session.label(id_, pair.index(better[frozenset(pair)]) + 1)
        assert prefs.conflicts() == [["a", "b", "c"]]


def test_conversations_and_pictures() -> None:
    talk = [[{"role": "user", "content": f"Hello {i}"}] for i in range(2)]
    with hitl.Preferences(talk, [["a", "b"], ["c", "d"]], embed=embed, store=":memory:") as prefs:
        assert prefs.candidates.words == ["user: Hello 0", "user: Hello 1"]
        id_ = prefs.revise(talk[0], "a", "aa")
        assert set(prefs.session.item(id_)) == {"a", "aa"}
    rng = np.random.default_rng(0)
    pictures = [[rng.integers(0, 255, (8, 8, 3), np.uint8) for _ in range(3)] for _ in range(3)]
    with hitl.Preferences(["a", "b", "c"], pictures, kind="image", store=":memory:") as prefs:
        for id_ in prefs.session.pool.ids[:5]:
            prefs.session.label(id_, "first")
        assert len(prefs.rewards()) == 9
        assert list(prefs.effects().index) == ["left"]
        assert prefs.people()["longer"].isna().all()
        with pytest.raises(InvalidInput, match="expected texts"):
            prefs.revise("a", pictures[0][0], pictures[1][0])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"candidates": texts()[:3]}, "12 prompts, but candidates= has 3 lists"),
        ({"candidates": [["a"]] * 12}, "candidates.0. has 1 different candidates"),
        ({"candidates": [["a", "a"]] * 12}, "candidates.0. has 1 different candidates"),
        ({"candidates": ["ab"] * 12}, "candidates.0. is a str"),
        ({"candidates": texts(), "ask": "rankings"}, "ask='rankings': expected"),
        ({"candidates": texts(n=9), "ask": "ranking"}, "at most 8 can be ranked"),
        ({"candidates": texts(), "n": 9}, "n=9"),
        ({"candidates": texts(), "question": 1}, "takes no question="),
        ({"candidates": texts(), "generate": len}, "either candidates= or generate="),
        ({"generate": "model"}, "generate= is a str"),
        ({"generate": lambda prompt, n: "one"}, "generate= returned a str"),
        ({"generate": lambda prompt, n: [1, 2]}, "expected texts"),
    ],
)
def test_invalid_settings_say_what_is_wrong(how: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        opened(**how)
    with pytest.raises(InvalidInput, match="occurs twice"):
        hitl.Preferences(["a", "a"], [["x", "y"]] * 2, store=":memory:")
