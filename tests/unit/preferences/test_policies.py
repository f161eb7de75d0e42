"""Policies, what they cost, and blind trials of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput, Taken
from hitl_widgets.preferences.policies import best_of_kl, tilt
from hitl_widgets.preferences.trials import Outcome
from hitl_widgets.preferences.trigram import Biased, Trigram, reinforce
from hitl_widgets.quality.sequential import wilson, wilson_of_groups

PROMPTS = [f"p{i}" for i in range(10)]
GOOD = [[f"{'good ' * k}{p} {k}" for k in range(4)] for p in range(10)]


def embed(items: list[str]) -> Any:
    return np.array([[one.split().count("good"), len(one) % 3] for one in items], float)


@pytest.fixture
def prefs() -> Any:
    with hitl.Preferences(PROMPTS, GOOD, embed=embed, store=":memory:", random_state=0, audit=0) as made:
        for id_ in made.session.pool.ids:
            a, b = (one.split().count("good") for one in made.session.item(id_))
            made.session.label(id_, "first" if a > b else "second")
        yield made


def test_best_of_n_is_the_best_of_what_the_base_makes(prefs: Any) -> None:
    policy = prefs.improve("best", n=16)
    assert policy.kl == pytest.approx(np.log(16) - 15 / 16)
    found = policy("p3", 20)
    assert np.mean([one.startswith("good good good") for one in found]) > 0.9
    asked: list[tuple[str, int]] = []

    def generate(prompt: str, n: int) -> list[str]:
        asked.append((prompt, n))
        return [f"{'good ' * (k % 3)}x" for k in range(n)]

    assert prefs.improve("best", n=5, generate=generate)("new prompt") == ["good good x"]
    assert asked == [("new prompt", 5)]


@pytest.mark.parametrize("kl", [0.05, 0.5, 1.0])
def test_tilting_meets_the_divergence_and_no_other_shares_have_more_reward(kl: float) -> None:
    rng = np.random.default_rng(0)
    rewards = [rng.normal(size=n) for n in (3, 8, 5, 4)]
    shares, strength, found = tilt(rewards, kl)
    assert found == pytest.approx(kl, abs=1e-6)
    assert strength > 0
    mean = sum(p @ r for p, r in zip(shares, rewards, strict=True))
    for _ in range(200):  # nearby shares at no more divergence
        other = [p * np.exp(0.1 * rng.normal(size=len(p))) for p in shares]
        other = [p / p.sum() for p in other]
        cost = np.mean([(p * np.log(p * len(p))).sum() for p in other])
        if cost <= kl:
            assert sum(p @ r for p, r in zip(other, rewards, strict=True)) <= mean + 1e-9
    best, _, most = tilt(rewards, 99.0)
    assert all(p.max() == pytest.approx(1, abs=1e-3) for p in best)
    assert most < 99


def test_tilting_and_rejection_prefer_what_is_better(prefs: Any) -> None:
    tilted = prefs.improve("tilt", kl=0.6)
    table = tilted.table()
    assert table.groupby("prompt")["p"].sum().round(6).eq(1).all()
    assert tilted.kl == pytest.approx(0.6, abs=1e-6)
    for policy in (tilted, prefs.improve("reject", kl=0.6)):
        counts = [one.split().count("good") for one in policy("p1", 60)]
        assert np.mean(counts) > 1.9  # 1.5 at random
        assert min(counts) < 3  # not only the best
    with pytest.raises(InvalidInput, match="draws from the given"):
        tilted("unknown")
    with pytest.raises(InvalidInput, match="n=0: expected a number of candidates"):
        tilted("p1", 0)


def test_the_divergence_of_a_biased_trigram_is_exact() -> None:
    base = Trigram(["a b", "a c", "b"])
    model = Biased(base)
    rng = np.random.default_rng(0)
    assert model.sample(50, rng).kl == pytest.approx(np.zeros(50), abs=1e-6)
    model.one[base.words.index("a")] = 1.0
    walk = model.sample(4000, rng)
    # The same by enumeration of the texts, from the probabilities of words.
    texts, counts = np.unique([base.text(row) for row in walk.rows], return_counts=True)
    assert walk.kl.mean() > 0.01
    assert counts[texts == "b"].sum() < 4000 / 3
    start = np.array([[0, 0]])
    p = base.shares(start)[0]
    assert p.sum() == pytest.approx(1)
    q = p * np.exp(model.one)
    q /= q.sum()
    first = (q * np.log(np.maximum(q, 1e-300) / np.maximum(p, 1e-300))).sum()
    assert (walk.kl >= first - 1e-9).all()


def test_reinforce_raises_the_reward_and_is_shown_beside_best_of_n() -> None:
    texts = [f"{a} {b} {c}" for a in ("the", "a") for b in ("cat", "dog") for c in ("runs", "sleeps", "eats")]

    def rewards(made: Any) -> Any:
        return np.array([one.split().count("cat") - 0.1 * len(one.split()) for one in made], float)

    def judge(made: Any, other: Any) -> Any:
        return (rewards(made) > rewards(other)) + 0.5 * (rewards(made) == rewards(other))

    found = reinforce(texts, rewards, steps=30, beta=0.05, judge=judge, n_judged=64)
    steps = found.steps[found.steps["policy"] == "REINFORCE"]
    assert steps["step"].tolist() == [0, 5, 10, 15, 20, 25, 30]
    assert steps["kl"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert steps["reward"].iloc[-1] > steps["reward"].iloc[0] + 0.3
    assert steps["win"].iloc[-1] > 0.6
    best = found.steps[found.steps["policy"] == "best of n"]
    assert best["kl"].tolist() == [best_of_kl(n) for n in best["step"]]
    assert best["reward"].is_monotonic_increasing
    assert len(found("", 3)) == 3
    spec = found.chart().to_dict()
    assert spec["layer"]
    with pytest.raises(InvalidInput, match="no words"):
        reinforce(["", " "], rewards)


def renamed(session: hitl.Session) -> None:
    """Call the answers something else."""
    for name, new in (("first", "A"), ("second", "B"), ("tie", "first one")):
        session.classes.rename(name, new)


def test_a_trial_is_blind_and_goes_on_after_a_restart(tmp_path: Any) -> None:
    calls: list[str] = []

    def better(prompt: str, n: int) -> list[str]:
        calls.append(prompt)
        return [f"good good {prompt}"] * n

    def worse(prompt: str, n: int) -> list[str]:
        return [f"bad {prompt}"] * n

    held = [f"new {i}" for i in range(30)]
    how = {"embed": embed, "store": tmp_path / "p.sqlite", "annotator": "ann"}
    with hitl.Preferences(PROMPTS, GOOD, **how) as prefs:
        trial = prefs.trial(better, held, worse, name="round 1")
        assert str(trial.result()) == "nobody has answered yet"
        left = [item[0].startswith("good") for item in trial.session.pool.items]
        assert 5 < sum(left) < 25
        for id_ in trial.session.pool.ids[:20]:
            trial.session.label(id_, 1 if trial.session.item(id_)[0].startswith("good") else 2)
        trial.session.label(trial.session.pool.ids[20], "tie")
        result = trial.result()
        assert (result.wins, result.losses, result.ties) == (20, 0, 1)
        assert str(result).endswith("21 blind answers: better")
        renamed(trial.session)  # what the answers are called changes nothing
        assert trial.result() == result
        trial.close()
    with hitl.Preferences(PROMPTS, GOOD, **how) as prefs:
        # Answers about one policy are never reported as answers about another.
        with pytest.raises(Taken, match=r"was begun on .*: better against worse, 30 .*resume=True"):
            prefs.trial(worse, held, better, name="round 1")
        with pytest.raises(InvalidInput, match="has 30 prompts, and 1 prompts are only in it or only in"):
            prefs.trial(prompts=held[:29], name="round 1", resume=True)
        for more in ({}, {"policy": better, "prompts": held}):
            with prefs.trial(name="round 1", resume=True, **more) as trial:
                assert trial.result() == result
                assert "better against worse, drawn on 2" in repr(trial)
        with pytest.warns(RuntimeWarning, match="what better made .* worse is not used"):
            prefs.trial(worse, name="round 1", resume=True)
        assert len(calls) == 30
        first = prefs.trial(better, ["p1", "p2"], name="first", resume=True)
        assert "better against the given candidates" in repr(first)
        for _ in range(2):  # a trial that cannot begin does not take the name
            with pytest.raises(InvalidInput, match="made the same"):
                prefs.trial(better, held, better, name="round 2")
        for told, words in (
            ({"policy": 3}, "policy= is an int"),
            ({"against": 3}, "against= is an int"),
            ({"policy": None}, "policy= is missing, and no trial 'round 2' was begun"),
            ({"prompts": None}, "prompts= is missing"),
            ({"prompts": "held"}, "a text: expected a list"),
            ({"prompts": ["a", "a"]}, "occurs twice"),
            ({"against": None}, "no candidates: pass against="),
            ({"name": " "}, "name=' ': expected a name"),
            ({"name": None}, "name= is missing: a trial and its answers"),
            ({"resume": 1}, "resume=1: expected True or False"),
        ):
            given = {"policy": better, "prompts": held, "against": worse, "name": "round 2"} | told
            with pytest.raises(InvalidInput, match=words):
                prefs.trial(**given)
        prefs.principles.add("Is kind.")
        prefs.principles.question("Is kind.")
        with pytest.raises(InvalidInput, match="used by another task"):
            prefs.trial(better, held, worse, name="principle: Is kind.")


def test_a_policy_is_compared_with_its_own_base_on_prompts_that_are_new() -> None:
    made_so_far = itertools.count()

    def mine(prompt: str, n: int) -> list[str]:
        return [f"mine {prompt} {next(made_so_far)}" for _ in range(n)]

    def other(prompt: str, n: int) -> list[str]:
        return [f"other {prompt} {i}" for i in range(n)]

    with hitl.Preferences(PROMPTS, generate=other, embed=embed, store=":memory:") as prefs:
        prefs.session.label(prefs.session.pool.ids[0], 1)
        bases = {"best": "mine mine", "reject": "mine mine", "tilt": "other other", "trigram": None}
        for how, words in bases.items():
            given = {"generate": mine} if how in ("best", "reject") else {}
            policy = prefs.improve(how, n=2, steps=1, **given)
            trial = prefs.trial(policy, PROMPTS[1:], name=how)
            names = {"tilt": "the given candidates", "trigram": "the trigram of the texts"}
            assert f"against {names.get(how, 'mine')}, drawn" in repr(trial)
            if words:
                made = {" ".join(text.split()[0] for text in item) for item in trial.session.pool.items}
                assert made == {words}
            if how != "trigram":
                with pytest.raises(InvalidInput, match=r"There is no chart of .* only a policy of improve"):
                    policy.chart()
        # A function has no base: that of these preferences.
        assert "mine against other, drawn" in repr(prefs.trial(mine, ["new"], name="function"))
        with pytest.warns(RuntimeWarning, match="has learned from 1 of the 2 prompts of this trial"):
            prefs.trial(mine, PROMPTS[:2], name="known")


def test_no_win_is_claimed_without_answers_that_show_it() -> None:
    assert "not shown to be better or worse" in str(Outcome(6, 4, 0))
    assert str(Outcome(1, 30, 0)).endswith(": worse")
    assert Outcome(0, 0, 4).win == 0.5
    assert Outcome(0, 0, 0).win is None
    # What is the same is half a win, and is not an answer.
    half = Outcome(10, 0, 0, same=0.5, n_prompts=20)
    assert half.win == 0.75
    assert half.low > 0.5
    assert "50% of the samples the same: better" in str(half)


def test_several_answers_to_a_prompt_count_less_than_answers_to_several() -> None:
    alone = Outcome(30, 10, 0)
    assert (alone.low, alone.high) == pytest.approx(wilson(30, 40))
    # Ten people agree on each of four prompts: four answers, not forty.
    alike = Outcome(30, 10, 0, scores=(1.0, 1.0, 1.0, 0.0), n_prompts=4)
    assert alike.win == 0.75
    assert (alike.low, alike.high) == pytest.approx(wilson(3, 4))
    assert str(alike).endswith("40 blind answers about 4 prompts: not shown to be better or worse")
    mixed = Outcome(30, 10, 0, scores=(0.8, 0.7, 0.8, 0.7), n_prompts=4)
    assert mixed.low == pytest.approx(alone.low)
    # That the share of prompts with the same is estimated makes the interval wider, unless nothing changes.
    known = Outcome(10, 0, 0, same=0.5, scores=(1.0,) * 10)
    assert Outcome(10, 0, 0, same=0.5, scores=(1.0,) * 10, n_prompts=20).low < known.low
    even = Outcome(5, 5, 0, same=0.5, n_prompts=20)
    assert even.low == pytest.approx(Outcome(5, 5, 0, same=0.5).low)


@pytest.mark.parametrize(("prompts", "people", "alike"), [(20, 1, 0.3), (20, 10, 0.3), (50, 3, 0.8)])
def test_the_interval_of_a_trial_contains_the_truth(prompts: int, people: int, alike: float) -> None:
    rng, win = np.random.default_rng(0), 0.7
    odds = (1 - alike) / alike
    found = []
    for _ in range(1500):
        of_prompt = rng.beta(win * odds, (1 - win) * odds, prompts)
        found.append(wilson_of_groups(rng.binomial(people, of_prompt) / people, prompts * people))
    low, high = np.array(found).T
    assert 0.93 < np.mean((low <= win) & (win <= high)) < 0.99


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"how": "ppo"}, "how='ppo': expected one of"),
        ({"n": 1}, "n=1"),
        ({"kl": 0}, "kl=0"),
        ({"kl": float("nan")}, "kl=nan"),
        ({"kl": True}, "kl=True"),
        ({"n": 2.5}, "n=2.5"),
        ({"generate": 3}, "generate= is an int"),
        ({"random_state": -1}, "random_state=-1"),
        ({"judge": len}, "judge= is for how='trigram', not for how='best'"),
        ({"how": "tilt", "generate": len}, "generate= is for how='best' or 'reject'"),
        ({"how": "trigram", "steps": -1}, "steps=-1: expected a number of steps"),
        ({"how": "trigram", "beta": -1}, "beta=-1: expected"),
        ({"how": "trigram", "judge": 3}, "judge= is an int"),
        ({"how": "trigram", "judge": lambda made, other: [0.5]}, "judge= returned .0.5.: expected 256"),
        ({"how": "trigram", "texts": "abc"}, "texts= is a str"),
        ({"how": "trigram", "texts": [1]}, "texts= contains '1', an int"),
    ],
)
def test_invalid_settings_say_what_is_wrong(prefs: Any, how: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        prefs.improve(**how)


def test_without_answers_nothing_is_improved() -> None:
    with (
        hitl.Preferences(PROMPTS, GOOD, embed=embed, store=":memory:") as prefs,
        pytest.raises(HitlError, match="no reward yet"),
    ):
        prefs.improve()
