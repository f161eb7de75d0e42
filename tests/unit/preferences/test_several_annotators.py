"""Every current answer of every annotator counts: in rewards, criteria, principles and files."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.session import loop_of

PROMPTS = ["p", "q"]
CANDIDATES = [["sorry, soon", "no"], ["yes", "never"]]


def opened(store: Path, who: str, **how: Any) -> hitl.Preferences:
    features = {"embed": lambda items: np.ones((len(items), 1)), "random_state": 0} | how
    return hitl.Preferences(PROMPTS, CANDIDATES, store=store / "s.sqlite", annotator=who, audit=0, **features)


def said(store: Path, answers: dict[str, list[Any]], **how: Any) -> hitl.Preferences:
    """Return preferences in which each annotator has answered the first pairs like this."""
    for who, given in answers.items():
        with opened(store, who, **how) as prefs:
            for id_, one in zip(prefs.session.pool.ids, given, strict=False):
                prefs.session.label(id_, one)
    return opened(store, "reader", **how)


def gap(prefs: hitl.Preferences) -> tuple[float, float]:
    """Return the difference of the first pair and its standard deviation; the live model has the same."""
    first, second = prefs.candidates.pairs[:1].T
    mean, variance = prefs.posterior.differences(first, second)
    prefs.session.wait()
    live = loop_of(prefs.session).background.trainer._live
    assert live.differences()[0][0] == pytest.approx(mean[0], abs=1e-2)
    assert live.differences()[1][0] == pytest.approx(variance[0], rel=1e-2)
    return float(mean[0]), float(np.sqrt(variance[0]))


def test_the_minority_does_not_win_and_agreement_is_more_certain(tmp_path: Path) -> None:
    found = {}
    for name, answers in {
        "one": ["first"],
        "three": ["first", "first", "first"],
        "outvoted": ["first", "first", "second"],
        "even": ["first", "second"],
        "a tie": ["first", "tie"],
    }.items():
        (tmp_path / name).mkdir()
        with said(tmp_path / name, {f"ann{i}": [one] for i, one in enumerate(answers)}) as prefs:
            found[name] = gap(prefs)
            assert prefs.rewards()["n"].max() == len(answers)
    assert found["three"][0] > found["one"][0] + 0.1
    assert found["three"][1] < found["one"][1]
    assert 0 < found["outvoted"][0] < found["three"][0]
    assert abs(found["even"][0]) < 0.01 < found["a tie"][0] < found["one"][0]


def test_rankings_of_several_annotators_all_teach(tmp_path: Path) -> None:
    how = {"ask": "ranking"}
    with said(tmp_path, {"ann": [[1, 2]], "bob": [[1, 2]], "cat": [[2, 1]]}, **how) as prefs:
        best = prefs.session.pool.items[0][0]
        table = prefs.rewards().set_index("candidate")
        assert table["reward"][best] == table["reward"][: len(PROMPTS)].max()
        assert table["n"][best] == 3
        assert _rows(prefs, tmp_path, "dpo")[0]["chosen"] == best


def _rows(prefs: hitl.Preferences, where: Path, to: Any) -> list[dict[str, Any]]:
    path = prefs.export(where / f"{to}.jsonl", to)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_files_follow_most_answers_and_leave_out_what_balances(tmp_path: Path) -> None:
    answers = {"ann": ["first", "first"], "bob": ["first", "second"], "cat": ["second"]}
    with said(tmp_path, answers) as prefs:
        first, second = prefs.session.pool.items[0]
        for to in ("dpo", "reward"):
            [row] = _rows(prefs, tmp_path, to)
            assert (row["chosen"], row["rejected"]) == (first, second)
        card = (tmp_path / "dpo.jsonl.card.md").read_text()
        assert "Not in the file: 1 pair of which two answers were given equally often." in card
        assert {row["completion"]: row["label"] for row in _rows(prefs, tmp_path, "kto")} == {
            first: True,
            second: False,
        }
        assert [row["completion"] for row in _rows(prefs, tmp_path, "sft")] == [first]


def test_a_reviewer_decides(tmp_path: Path) -> None:
    with said(tmp_path, {"ann": ["first"], "bob": ["first"]}) as prefs:
        prefs.session.decide(prefs.session.pool.ids[0], "second", because="longer")
        assert gap(prefs)[0] < 0
        assert _rows(prefs, tmp_path, "dpo")[0]["chosen"] == prefs.session.pool.items[0][1]


def test_criteria_and_principles_count_all_answers(tmp_path: Path) -> None:
    given = {"label": "first", "criteria": {"kind": "first"}}
    other = {"label": "second", "criteria": {"kind": "second"}}
    with said(tmp_path, {"ann": [given], "bob": [given], "cat": [other]}, criteria=["kind"]) as prefs:
        assert prefs.criteria()["n"].tolist() == [3]
        best = prefs.session.pool.items[0][0]
        by_kind = prefs.rewards("kind").set_index("candidate")
        assert by_kind["n"][best] == 3
        assert by_kind["reward"][best] > 0
        prefs.principles.add("First.", check=lambda one: one == best)
        [row] = prefs.principles.weights().to_dict("records")
        assert (row["n"], row["followed"]) == (3, pytest.approx(2 / 3))
        assert row["weight"] > 0


def test_a_rule_of_consensus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="takes no consensus=: the reward learns from every answer"):
        opened(tmp_path, "ann", consensus="majority")


def test_other_settings_on_the_same_store_are_said_and_old_criteria_stay(tmp_path: Path) -> None:
    with opened(tmp_path, "ann", criteria=["kind"], reason=True) as ann:
        id_ = ann.session.pool.ids[0]
        ann.session.label(id_, {"label": "first", "criteria": {"kind": "second"}})
        told = (
            r"'preferences' was last opened with reason=True, criteria=\['kind'\], by 'ann', and is now "
            r"asked with reason=False, criteria=\['short'\].* pass task='another name'"
        )
        with pytest.warns(RuntimeWarning, match=told):
            bob = opened(tmp_path, "bob", criteria=["short"])
        with bob:
            bob.session.label(id_, {"label": "first", "criteria": {"short": "first"}})
            assert bob.criteria().set_index("criterion")["n"].to_dict() == {"kind": 1, "short": 1}
            assert bob.rewards("kind")["n"].sum() == 2
            assert bob.answers()["kind"].dropna().tolist() == ["second"]
            assert bob.answers()["short"].dropna().tolist() == ["first"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            opened(tmp_path, "cat", criteria=["short"]).close()
    how = {"ask": "ranking", "task": "order"}
    opened(tmp_path, "ann", **how).close()
    with pytest.warns(RuntimeWarning, match="'order' was last opened with top=None.*asked with top=1"):
        opened(tmp_path, "bob", top=1, **how).close()


def test_more_candidates_are_made_after_a_restart_and_none_instead_of_removed_ones(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def generate(prompt: str, n: int) -> list[str]:
        asked.append((prompt, n))
        return [f"{prompt} {len(asked)} {i}" for i in range(n)]

    def made(n: int) -> int:
        how = {"embed": lambda items: np.ones((len(items), 1)), "store": tmp_path / "g.sqlite"}
        with hitl.Preferences(PROMPTS, generate=generate, n=n, **how) as prefs:
            if n == 5:
                prefs.remove({"p": ["p 1 0"]})
            return len(prefs.candidates)

    assert [made(4), made(4), made(6), made(3), made(5), made(6)] == [8, 8, 12, 12, 11, 11]
    assert asked == [("p", 4), ("q", 4), ("p", 2), ("q", 2)]


def test_a_session_that_was_replaced_says_where_the_new_one_is(tmp_path: Path) -> None:
    with opened(tmp_path, "ann") as prefs:
        for change in (
            lambda: prefs.add({"p": ["another"]}),
            lambda: prefs.revise("p", "no", "never"),
            lambda: prefs.remove({"p": ["another"]}),
        ):
            old = prefs.session
            change()
            with pytest.raises(
                HitlError,
                match=r"closed. Candidates were added or removed: use prefs.session, and run the cell",
            ):
                old.label(old.pool.ids[0], 1)
        last = prefs.session
    with pytest.raises(HitlError, match="Run the cell"):
        last.label(last.pool.ids[0], 1)


def test_small_numbers_are_checked_and_said_in_words(tmp_path: Path) -> None:
    with opened(tmp_path, "ann") as prefs:
        prefs.session.label(prefs.session.pool.ids[0], 1)
        for n in ("x", -1, 0, True, 1.5):
            with pytest.raises(InvalidInput, match=r"n=.*: expected a number of words from 1"):
                prefs.rewarded(n)
    with pytest.raises(InvalidInput, match="top=9: no prompt has more than 2 candidates"):
        opened(tmp_path, "ann", ask="ranking", top=9, task="order")
    how = {"store": ":memory:", "ask": "ranking", "embed": lambda items: np.ones((len(items), 1))}
    with hitl.Preferences(["p"], [["a", "b", "c"]], top=2, **how) as prefs:
        assert "3 candidates of 1 prompt>" in repr(prefs)
        id_ = prefs.session.pool.ids[0]
        with pytest.raises(InvalidInput, match="has 1 place, but"):
            prefs.session.label(id_, [1])
        prefs.session.label(id_, [1, 2])
        prefs.export(tmp_path / "r.jsonl")
        card = (tmp_path / "r.jsonl.card.md").read_text()
        assert "- 3 rows.\n- The preferences are the pairs implied by 1 ranking. Only the best 2" in card
        assert "(top=2); the others are below them, in no order." in card
