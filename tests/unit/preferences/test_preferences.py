"""Preferences: comparisons and rankings end to end, without a page."""

from __future__ import annotations

import warnings
from pathlib import Path
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


def test_what_cannot_be_opened_is_not_kept(tmp_path: Any) -> None:
    """A store with too few or too many candidates of a prompt could never be opened again."""
    calls: list[str] = []

    def generate(prompt: str, n: int) -> list[str]:
        calls.append(prompt)
        if calls.count(PROMPTS[5]) == 1:
            raise TimeoutError("The model is busy.")
        return [f"{prompt} {i}" for i in range(n)]

    store = tmp_path / "p.sqlite"
    with pytest.raises(TimeoutError):
        opened(generate=generate, n=2, store=store)
    with opened(generate=generate, n=2, store=store) as prefs:
        assert calls[5:7] == [PROMPTS[5]] * 2  # the five before it are not generated again
        before = len(prefs.candidates)
        with pytest.raises(InvalidInput, match=r"The prompt 'Where is parcel 0\?' has 301 candidates"):
            prefs.add({PROMPTS[0]: [f"{i}" for i in range(299)]})
        assert len(prefs.candidates) == before
        prefs.session.label(prefs.session.pool.ids[0], "first")
    with opened(generate=generate, n=2, store=store) as prefs:
        assert prefs.session.n_labels == 1


def test_candidates_are_added_and_removed(tmp_path: Any) -> None:
    store, talk = tmp_path / "p.sqlite", [{"role": "user", "content": "Hello"}]
    how: dict[str, Any] = {"embed": embed, "store": store}
    with hitl.Preferences([talk, "q"], [["a", "b"], ["c", "d"]], **how) as prefs:
        session = prefs.session
        assert prefs.add([(talk, ["e", "e", "a"]), ("q", ["f"])]) == 2
        assert session.closed
        assert prefs.add({"q": ["f", "c"]}) == 0
        assert not prefs.session.closed  # nothing has changed
        id_ = prefs.revise(talk, "e", "ee")
        prefs.session.undo()
        assert not len(prefs.answers())
        prefs.session.redo()
        with pytest.warns(RuntimeWarning, match="answers to 1 pair under .* were removed or not passed"):
            assert prefs.remove([(talk, ["ee"])]) == 1
        assert prefs.n_elsewhere == 1  # the answer is kept
        assert prefs.add([(talk, ["ee"])]) == 1
        assert prefs.answers()["id"].tolist() == [id_]
        with pytest.warns(RuntimeWarning, match="answers to 1 pair"):
            assert prefs.remove([(talk, ["ee", "e"])]) == 2
        for told, words in (
            ({"q": "text"}, "is a str: expected a list"),
            ({"q": [None]}, "is missing"),
            ({"q": [" "]}, "an empty text"),
            ({"q": [3]}, "is an int: expected texts"),
            ({"z": ["x"]}, "'z' is not one of the 2 of this object"),
            (None, "candidates= is a NoneType: expected a dict"),
            ([("q", ["x"], 1)], "expected a dict from prompts"),
        ):
            with pytest.raises(InvalidInput, match=words):
                prefs.add(told)
        for told, words in (({"q": ["c"]}, "was not added"), ({"q": ["zz"]}, "was not added")):
            with pytest.raises(InvalidInput, match=words):
                prefs.remove(told)
        for revision, words in ((None, "revision= is missing"), ("", "empty"), (3, "expected texts")):
            with pytest.raises(InvalidInput, match=words):
                prefs.revise("q", "c", revision)
        for draft, words in (("C!", "'C!' is not a candidate"), ("x", "not a candidate"), (None, "missing")):
            with pytest.raises(InvalidInput, match=words):
                prefs.revise("q", draft, "y")
        with pytest.raises(InvalidInput, match="equals its draft"):
            prefs.revise("q", "c", "c")
    with pytest.warns(RuntimeWarning, match="answers to 1 pair"):
        prefs = hitl.Preferences([talk, "q"], [["a", "b"], ["c", "d"]], **how)
    with prefs:
        assert list(prefs.candidates.items) == ["a", "b", "c", "d", "f"]


def test_a_colleague_with_other_prompts_or_candidates_works_on_the_same_store(tmp_path: Any) -> None:
    store = tmp_path / "p.sqlite"
    with opened(store=store, annotator="ann") as prefs:
        answer(prefs, 30)
        prefs.principles.add("Is kind.")
        prefs.principles.question("Is kind.").label(prefs.session.pool.ids[-1], "first")
        prefs.add({PROMPTS[11]: ["one of ann"]})
        everything = prefs.answers()
    other = [[*one[:3], "of my own"] for one in texts()[:5]]
    with pytest.warns(RuntimeWarning, match="prompts or candidates that were removed or not passed"):
        prefs = hitl.Preferences(PROMPTS[:5], other, embed=embed, store=store, annotator="bob")
    with prefs, warnings.catch_warnings():
        warnings.simplefilter("error")
        mine = prefs.answers()
        assert 0 < len(mine) < 30
        assert prefs.n_elsewhere == 30 - len(mine)
        assert f"; {prefs.n_elsewhere} answers about others not used" in repr(prefs)
        assert mine["id"].tolist() == [one for one in everything["id"] if one in set(mine["id"])]
        assert prefs.people()["n"].tolist() == [len(mine)]
        assert len(prefs.rewards()) == 20
        with pytest.warns(RuntimeWarning, match="answers to 1 pair under"):  # of its own session
            assert len(prefs.principles.weights()) == 1
        prefs.effects(), prefs.conflicts(), prefs.principles.conflicts(), prefs.session.trust.reliability()
        n = len(prefs.export(tmp_path / "x.jsonl").read_text().splitlines())
        assert n == mine["answer"].isin(["first", "second"]).sum()
        card = (tmp_path / "x.jsonl.card.md").read_text()
        assert f"- Not in the file: {prefs.n_elsewhere} answers about other candidates or prompts." in card
        answer(prefs, 5)
    # What somebody adds meanwhile is said, too.
    with pytest.warns(RuntimeWarning, match="answers to . pairs? under"):
        prefs, late = (opened(store=store, annotator=who) for who in ("ann", "bob"))
    with prefs, late:
        with pytest.warns(RuntimeWarning, match="answers to . pairs? under"):
            prefs.revise(PROMPTS[0], prefs.candidates.items[0], "much better")
        with pytest.warns(RuntimeWarning, match="answers? (is|are) left out.*run the cell that creates"):
            late.answers()


def test_answers_that_are_no_longer_asked_for_stay(tmp_path: Any) -> None:
    store = tmp_path / "p.sqlite"
    with opened(store=store) as prefs:
        for id_ in prefs.session.pool.ids[:4]:
            prefs.session.label(id_, "tie")
    with pytest.warns(RuntimeWarning, match="has answers 'tie' under .*so this answer is still offered"):
        prefs = opened(store=store, tie=False)
    with prefs:
        assert prefs.answers()["answer"].tolist() == ["tie"] * 4
        assert loop_of(prefs.session).log.unanswered == []  # fixed answers cannot be merged or retired


def test_closed_is_final_and_what_was_learned_stays(tmp_path: Any) -> None:
    with opened(store=tmp_path / "p.sqlite") as prefs:
        answer(prefs, 20)
        prefs.principles.add("Is kind.", has="thanks")
        prefs.principles.question("Is kind.").label(prefs.session.pool.ids[0], "first")
        trial = prefs.trial(lambda p, n: ["x"], ["new"], lambda p, n: ["y"], name="t")
        before = prefs.answers(), prefs.rewards(), prefs.principles.weights()
    assert trial.session.closed
    after = prefs.answers(), prefs.rewards(), prefs.principles.weights()
    assert all(a.equals(b) for a, b in zip(before, after, strict=True))
    assert prefs.export(tmp_path / "x.jsonl").exists()
    assert len(prefs.improve("tilt")(PROMPTS[0], 3)) == 3
    assert str(trial.result()) == "nobody has answered yet"
    prefs.close()
    for act in (
        lambda: prefs.add({PROMPTS[0]: ["x"]}),
        lambda: prefs.remove({PROMPTS[0]: ["x"]}),
        lambda: prefs.revise(PROMPTS[0], prefs.candidates.items[0], "x"),
        lambda: prefs.trial(name="t", resume=True),
        lambda: prefs.session.label(prefs.session.pool.ids[0], "first"),
        lambda: prefs.principles.add("Is short.", most=3),
        lambda: prefs.principles.question("Is kind.").label(prefs.session.pool.ids[0], "first"),
    ):
        with pytest.raises(HitlError, match=r"closed\. (To|Run).*cell"):
            act()


def test_series_are_compared() -> None:
    rng = np.random.default_rng(0)
    lines = [[rng.random(30) for _ in range(3)] for _ in range(3)]
    with hitl.Preferences(["a", "b", "c"], lines, kind="series", store=":memory:") as prefs:
        for id_ in prefs.session.pool.ids[:5]:
            prefs.session.label(id_, "first")
        assert len(prefs.rewards()) == 9
        assert len(prefs.reward([rng.random(30)])) == 1
        assert prefs.session.pool.payload(0).content["kind"] == "list"


def test_what_a_session_of_pairs_lacks_says_what_to_use() -> None:
    with opened() as prefs:
        answer(prefs, 5)
        for ask in (prefs.session.model, lambda: prefs.session.explain(prefs.session.pool.ids[0])):
            with pytest.raises(HitlError, match=r"reward\(candidates\) says how good any candidate is"):
                ask()
        with pytest.raises(InvalidInput, match="'A' is not an answer to this comparison"):
            prefs.session.label(prefs.session.pool.ids[0], "A")


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
        for name, new in (("first", "A"), ("second", "B")):
            with pytest.raises(
                InvalidInput, match=f"'{name}' cannot be called 'tie', which is another answer"
            ):
                prefs.session.classes.rename(name, "tie")
            prefs.session.classes.rename(name, new)
        with pytest.raises(InvalidInput, match="'A' cannot be called 'second'"):
            prefs.session.classes.rename("A", "second")
        prefs.session.classes.rename("A", "first")  # its own name
        prefs.session.classes.rename("first", "A")
        pd.testing.assert_frame_equal(prefs.people().set_index("annotator"), table)
        draft = prefs.candidates.items[0]
        prefs.revise(PROMPTS[0], draft, "a revision")
        said = prefs.answers().query("first == 'a revision' or second == 'a revision'").iloc[-1]
        assert (said["answer"] == "A") == (said["first"] == "a revision")


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
        with pytest.raises(InvalidInput, match="is an ndarray: expected texts"):
            prefs.revise("a", pictures[0][0], pictures[1][0])


def test_candidates_that_are_conversations_are_read_without_roles_and_returned_as_messages() -> None:
    def talk(text: str, role: str = "assistant") -> list[dict[str, str]]:
        return [{"role": role, "content": text}]

    given = [[talk(f"sorry {i}"), talk(f"no {i}", "user"), talk("never mind, bye")] for i in range(6)]
    prompts = [f"p{i}" for i in range(6)]
    with hitl.Preferences(prompts, given, kind="conversation", store=":memory:") as prefs:
        for id_ in prefs.session.pool.ids:
            prefs.session.label(id_, 1 if "sorry" in prefs.session.item(id_)[0] else 2)
        assert prefs.candidates.lengths().tolist()[:3] == [
            len("sorry 0"),
            len("no 0"),
            len("never mind, bye"),
        ]
        assert not {"assistant", "user", "role", "content"} & set(prefs.rewarded()["word"])
        prefs.principles.add("Names the assistant.", has="assistant")
        prefs.principles.add("Is short.", most=2)
        broken = prefs.principles.broken()
        assert broken.groupby("principle").size().to_dict() == {"Names the assistant.": 18, "Is short.": 6}
        assert talk("sorry 0") in prefs.rewards()["candidate"].tolist()
        assert prefs.reward([talk("new")])["candidate"].tolist() == [talk("new")]
        assert talk("no 0", "user") in [*prefs.answers()["first"], *prefs.answers()["second"]]
        policy = prefs.improve(n=4)
        for made in (policy("p0", 2), prefs.improve("tilt")("p0", 2)):
            assert all(one in given[0] for one in made)
        assert prefs.add({"p1": policy("p0", 1)}) == 1
        trial = prefs.trial(
            lambda prompt, n: [talk("a")] * n, ["new"], lambda p, n: [talk("b")] * n, name="t"
        )
        assert len(trial.session.pool) == 1


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"candidates": texts()[:3]}, "12 prompts, but candidates= has 3 lists"),
        ({"candidates": [["a"]] * 12}, "candidates.0. has one candidate"),
        ({"candidates": [["a", "a"]] * 12}, "candidates.0. has one candidate"),
        ({"candidates": ["ab"] * 12}, "candidates.0. is a str"),
        ({"candidates": texts(), "ask": "rankings"}, "ask='rankings': expected"),
        ({"candidates": texts(n=9), "ask": "ranking"}, "at most 8 can be ranked"),
        ({"candidates": texts(), "n": 9}, "n=9"),
        ({"candidates": texts(), "question": 1}, "takes no question="),
        ({"candidates": texts(), "generate": len}, "either candidates= or generate="),
        ({"generate": "model"}, "generate= is a str"),
        ({"generate": lambda prompt, n: "one"}, "generate= returned a str"),
        ({"generate": lambda prompt, n: []}, "generate= returned an empty list"),
        ({"generate": lambda prompt, n: ["a"] * n}, "the same text each time for the prompt 'Where"),
        ({"generate": lambda prompt, n: ["a", None]}, "candidates.'Where.*.1. is missing"),
        ({"generate": lambda prompt, n: [1, 2]}, "candidates.'Where.*.0. is an int: expected texts"),
        ({"candidates": [["a", None]] * 12}, "candidates.0..1. is missing"),
        ({"candidates": [["a", " "]] * 12}, "candidates.0..1. is an empty text"),
        ({"candidates": 5}, "candidates= is an int"),
        ({"candidates": texts(), "tie": "no"}, "tie='no': expected True or False"),
        ({"candidates": texts(), "both_bad": 1}, "both_bad=1: expected"),
        ({"candidates": texts(), "reason": None}, "reason=None: expected"),
        ({"candidates": texts(), "embed": 3}, "embed=3 cannot be called"),
        ({"candidates": texts(), "annotater": "x"}, "Preferences has no argument annotater=. Did you mean"),
        ({"candidates": texts(), "n": True}, "n=True"),
    ],
)
def test_invalid_settings_say_what_is_wrong(how: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        opened(**how)
    with pytest.raises(InvalidInput, match="occurs twice"):
        hitl.Preferences(["a", "a"], [["x", "y"]] * 2, store=":memory:")


def test_half_a_character_is_refused_where_it_comes_in() -> None:
    half = "cut \ud83d"
    for prompts, candidates in (([half], [["a", "b"]]), (["q"], [["a", half]])):
        with pytest.raises(InvalidInput, match=r"\w+\[0\].* half a character .*Expected Unicode"):
            hitl.Preferences(prompts, candidates, store=":memory:")
    talk = [[{"role": "user", "content": half}]]
    with pytest.raises(InvalidInput, match=r"prompts\[0\] contains half a character"):
        hitl.Preferences(talk, [["a", "b"]], store=":memory:")
    with hitl.Preferences(["q"], [["a", "b"]], embed=embed, store=":memory:") as prefs:
        for act in (
            lambda: prefs.add({"q": [half]}),
            lambda: prefs.revise("q", "a", half),
            lambda: prefs.principles.add(half),
            lambda: prefs.reward([half]),
        ):
            with pytest.raises(InvalidInput, match="half a character"):
                act()
        assert len(prefs.candidates) == 2


def test_a_question_about_a_principle_that_nobody_has_answered(tmp_path: Any) -> None:
    with opened(store=tmp_path / "p.sqlite") as prefs:
        answer(prefs, 10)
        prefs.principles.add("Is kind.")
        before = prefs.principles.weights()
        prefs.principles.question("Is kind.")
        pd.testing.assert_frame_equal(prefs.principles.weights(), before)
        assert not len(prefs.principles.conflicts())
        assert Path(f"{prefs.export(tmp_path / 'x.jsonl')}.card.md").exists()


def test_a_function_that_returns_lists_without_being_asked_for_a_number() -> None:
    with pytest.raises(InvalidInput, match=r"takes one argument.*returned a list.*let it take \(prompt, n\)"):
        hitl.Preferences(["q"], generate=lambda prompt: ["a", "b"], store=":memory:")


def test_a_policy_after_rankings_draws_from_the_function_of_the_constructor() -> None:
    calls: list[str] = []

    def generate(prompt: str, n: int) -> list[str]:
        calls.append(prompt)
        return [f"{prompt} {len(calls)} {k}" for k in range(n)]

    how: dict[str, Any] = {"ask": "ranking", "n": 3, "embed": embed, "store": ":memory:"}
    with hitl.Preferences(["q", "r"], generate=generate, **how) as prefs:
        prefs.session.label(prefs.session.pool.ids[0], [2, 1, 3])
        n = len(calls)
        [text] = prefs.improve(n=4)("new", 1)
        assert calls[n:] == ["new"]
        assert text.startswith("new 3 ")
