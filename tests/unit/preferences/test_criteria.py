"""Criteria and reasons: asked beside a comparison, learned, and compared with the overall preference."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput

PROMPTS = [f"Where is parcel {i}?" for i in range(20)]
WORDS = ["kind", "short", "plain"]
CRITERIA = ["kind", "short"]


def texts() -> list[list[str]]:
    rng = np.random.default_rng(0)
    return [[f"{' '.join(rng.choice(WORDS, 4))} {k} {i}" for i in range(4)] for k in range(len(PROMPTS))]


def embed(items: list[str]) -> Any:
    return np.array([[text.split().count(word) for word in WORDS] for text in items], float)


def opened(**how: Any) -> hitl.Preferences:
    given = {"store": ":memory:", "random_state": 0, "embed": embed, "audit": 0, "criteria": CRITERIA} | how
    return hitl.Preferences(PROMPTS, texts(), **given)


def place(a: float, b: float) -> str:
    return "tie" if a == b else "first" if a > b else "second"


def answer(prefs: hitl.Preferences, n: int = 60) -> None:
    """Overall, kindness counts, and a little shortness; by each criterion, only its word."""
    for id_ in prefs.session.pool.ids[:n]:
        counts = [embed([text])[0] for text in prefs.session.item(id_)]
        (a, s, _), (b, t, _) = counts
        told = {"label": place(2 * a + s, 2 * b + t), "criteria": {"kind": place(a, b), "short": place(s, t)}}
        prefs.session.label(id_, told)


def test_each_criterion_has_a_reward_of_its_own() -> None:
    with opened() as prefs:
        with pytest.raises(HitlError, match="Nobody has answered 'kind' yet"):
            prefs.rewards("kind")
        answer(prefs)
        new = ["kind kind kind kind", "short short short short"]
        kind, short = (prefs.reward(new, criterion=name)["reward"] for name in CRITERIA)
        assert kind[0] > kind[1] + 1
        assert short[1] > short[0] + 1
        overall = prefs.reward(new)["reward"]
        assert overall[0] > overall[1]
        tables = [prefs.rewards(name) for name in (None, *CRITERIA)]
        assert [len(one) for one in tables] == [80] * 3
        truth = embed(list(tables[1]["candidate"]))[:, 0]
        assert np.corrcoef(tables[1]["reward"], truth)[0, 1] > 0.8
        # The next answer is taken into account.
        before = prefs.rewards("short")["n"].sum()
        prefs.session.label(prefs.session.pool.ids[70], {"label": 1, "criteria": {"short": 2}})
        assert prefs.rewards("short")["n"].sum() == before + 2
        assert prefs.rewards("kind")["n"].sum() == before


def test_how_criteria_go_with_the_overall_preference() -> None:
    with opened() as prefs:
        assert prefs.criteria()["n"].tolist() == [0, 0]
        answer(prefs)
        prefs.session.label(prefs.session.pool.ids[61], "first")  # without criteria
        found = prefs.criteria().set_index("criterion")
        assert found["n"].tolist() == [60, 60]
        assert found.loc["kind", "correlation"] > 0.7 > found.loc["short", "correlation"]
        assert found.loc["kind", "weight_low"] > 0 < found.loc["short", "weight"]
        assert found.loc["kind", "weight"] > found.loc["short", "weight"]
        for name in ("correlation", "same", "weight"):
            assert (found[f"{name}_low"] <= found[name]).all()
            assert (found[name] <= found[f"{name}_high"]).all()
        answers = prefs.answers()
        signs = answers[["answer", "kind"]].replace({"first": 1, "tie": 0, "second": -1}).dropna()
        r = np.corrcoef(signs["answer"].astype(float), signs["kind"].astype(float))[0, 1]
        assert found.loc["kind", "correlation"] == pytest.approx(r)
        # What the first and the second are called does not matter.
        prefs.session.classes.rename("first", "A")
        assert prefs.criteria().set_index("criterion").equals(found)


def test_answers_and_the_card_say_what_was_asked_beside(tmp_path: Any) -> None:
    with opened(reason=True, reasons=["too long", "rude"]) as prefs:
        answer(prefs, 10)
        told = {"label": 1, "reason": "It says hello.", "reasons": ["rude"], "criteria": {"short": 2}}
        prefs.session.label(prefs.session.pool.ids[10], told)
        table = prefs.answers()
        assert list(table)[:8] == [
            "prompt",
            "first",
            "second",
            "answer",
            "reason",
            "reasons",
            "kind",
            "short",
        ]
        last = table.set_index("id").loc[prefs.session.pool.ids[10]]
        assert (last["reason"], last["reasons"], last["short"]) == ("It says hello.", ["rude"], "second")
        assert pd.isna(last["kind"])
        path = prefs.export(tmp_path / "dpo.jsonl")
        card = path.with_name("dpo.jsonl.card.md").read_text(encoding="utf-8")
        assert "## Criteria" in card
        assert "| rude | 1 |" in card
        rows = prefs.session.export(tmp_path / "all.jsonl", format="hf").read_text(encoding="utf-8")
        kept = [json.loads(line)["label"] for line in rows.splitlines()]
        assert any(one["reasons"] == ["rude"] and one["reason"] == "It says hello." for one in kept)


@pytest.mark.parametrize("name", ["argilla", "label-studio", "hf", "csv", "parquet", "xlsx", "jsonl"])
def test_every_format_brings_back_what_was_said(name: str, tmp_path: Any) -> None:
    if name == "xlsx":
        pytest.importorskip("openpyxl")
    how: dict[str, Any] = {"reason": True, "reasons": ["too long", "rude"]}
    ending = {"argilla": "json", "label-studio": "json", "hf": "jsonl"}.get(name, name)
    with opened(**how) as prefs:
        answer(prefs, 6)
        ids = prefs.session.pool.ids
        prefs.session.label(ids[6], {"label": "both bad", "reason": "Really.", "reasons": ["rude"]})
        prefs.session.label(ids[7], "tie")
        before = prefs.answers().drop(columns=["time", "selection"])
        path = prefs.session.export(tmp_path / f"all.{ending}", format=None if ending == name else name)
    with opened(**how) as other:
        found = other.session.import_labels(path, **({"annotator": "annotator"} if ending == "csv" else {}))
        assert not len(found.refused), found.refused["why"].tolist()
        after = other.answers().drop(columns=["time", "selection"])
    names = [one for one in before if one != "annotator"]
    before, after = (one.sort_values("id", ignore_index=True)[names] for one in (before, after))
    pd.testing.assert_frame_equal(after, before)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"ask": "ranking"}, "criteria= is for ask='pairs'"),
        ({"criteria": ["time"]}, "a column of answers"),
        ({"criteria": ["a", "a"]}, "occurs twice"),
    ],
)
def test_criteria_that_cannot_be_asked(how: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        opened(**how)


def test_unknown_criteria() -> None:
    with opened() as prefs, pytest.raises(InvalidInput, match="Did you mean 'kind'"):
        prefs.rewards("kinds")
    with opened(criteria=()) as prefs:
        for call in (prefs.criteria, lambda: prefs.reward(["a"], criterion="kind")):
            with pytest.raises(InvalidInput, match="criteria= to Preferences"):
                call()
