"""What trainers of TRL read, with ties and bad pairs, and what the card says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput

TALK = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]


def embed(items: list[str]) -> Any:
    return np.array([[len(one), one.count("a")] for one in items], float)


def opened(prompts: Any = ("p", "q"), **how: Any) -> hitl.Preferences:
    """a beats b and c, d and e are both bad, d and f are a tie; b and c, e and f are open."""
    prefs = hitl.Preferences(
        list(prompts), [["a", "bb", "ccc"], ["d", "ee", "fff"]], embed=embed, store=":memory:", **how
    )
    if how.get("ask") != "ranking":
        said = {"abb": "a", "accc": "a", "dee": "both bad", "dfff": "tie"}
        for id_ in prefs.session.pool.ids:
            pair = prefs.session.item(id_)
            if answer := said.get("".join(sorted(pair))):
                prefs.session.label(id_, pair.index(answer) + 1 if answer in pair else answer)
    return prefs


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_trainer_gets_its_columns(tmp_path: Path) -> None:
    with opened() as prefs:
        dpo = rows(prefs.export(tmp_path / "dpo.jsonl"))
        assert sorted(dpo, key=lambda row: row["rejected"]) == [
            {"prompt": "p", "chosen": "a", "rejected": "bb"},
            {"prompt": "p", "chosen": "a", "rejected": "ccc"},
        ]
        reward = rows(prefs.export(tmp_path / "r.jsonl", "reward", margin=True))
        assert [set(row) for row in reward] == [{"prompt", "chosen", "rejected", "margin"}] * 2
        assert all(row["margin"] > 0 for row in reward)
        kto = rows(prefs.export(tmp_path / "kto.jsonl", "kto"))
        assert {(row["prompt"], row["completion"]): row["label"] for row in kto} == {
            ("p", "a"): True, ("p", "bb"): False, ("p", "ccc"): False, ("q", "d"): False, ("q", "ee"): False,
        }  # fmt: skip
        assert rows(prefs.export(tmp_path / "sft.jsonl", "sft")) == [{"prompt": "p", "completion": "a"}]
        table = parquet.read_table(prefs.export(tmp_path / "dpo.parquet")).to_pylist()
        assert sorted(map(str, table)) == sorted(map(str, dpo))


def test_conversations_are_messages(tmp_path: Path) -> None:
    with opened(prompts=[TALK, "q"]) as prefs:
        [first, _] = rows(prefs.export(tmp_path / "dpo.jsonl"))
        assert first["prompt"] == TALK
        assert first["chosen"] == [{"role": "assistant", "content": "a"}]
        [row] = parquet.read_table(prefs.export(tmp_path / "sft.parquet", "sft")).to_pylist()
        assert row == {"prompt": TALK, "completion": first["chosen"]}
    with opened() as prefs:
        [row, _] = rows(prefs.export(tmp_path / "dpo.jsonl", messages=True))
        assert row["prompt"] == [{"role": "user", "content": "p"}]


def test_candidates_that_are_conversations_are_messages(tmp_path: Path) -> None:
    answers = [[*TALK[1:], {"from": "gpt", "value": text}] for text in ("a", "b")]
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "a"}]
    with hitl.Preferences(["p"], [answers], kind="conversation", store=":memory:") as prefs:
        [id_] = prefs.session.pool.ids
        prefs.session.label(id_, 1 + ('"a"' not in prefs.session.item(id_)[0]))
        [row] = rows(prefs.export(tmp_path / "dpo.jsonl"))
        assert row["prompt"] == [{"role": "user", "content": "p"}]
        assert row["chosen"] == said
        assert row["rejected"] == [said[0], {"role": "assistant", "content": "b"}]
        [row] = rows(prefs.export(tmp_path / "sft.jsonl", "sft"))
        assert row["completion"] == said
        assert prefs.add({"p": [[*TALK, {"role": "assistant", "content": "c"}]]}) == 1


def test_reasons_are_in_the_file(tmp_path: Path) -> None:
    store = tmp_path / "p.sqlite"
    for who, why in (("ann", "kinder"), ("bob", "shorter"), ("eve", "")):
        with hitl.Preferences(
            ["p"], [["a", "bb", "ccc"]], embed=embed, store=store, reason=True, annotator=who, overlap=1.0
        ) as prefs:
            for id_ in prefs.session.pool.ids:
                first, second = prefs.session.item(id_)
                better = 1 if len(first) < len(second) else 2
                if {first, second} == {"bb", "ccc"}:
                    prefs.session.label(id_, {"label": "tie", "reason": f"equal to {who}"})
                elif {first, second} == {"a", "ccc"} and who == "bob":
                    prefs.session.label(id_, {"label": 3 - better, "reason": "another opinion"})
                else:
                    prefs.session.label(id_, {"label": better, "reason": why})
            if who != "eve":
                continue
            found = {row["rejected"]: row for row in rows(prefs.export(tmp_path / "dpo.jsonl"))}
            assert sorted(found["bb"]["reason"].split("\n")) == ["kinder", "shorter"]
            assert found["ccc"]["reason"] == "kinder"
            card = (tmp_path / "dpo.jsonl.card.md").read_text()
            assert "`reason` is what annotators said beside the answer" in card
            assert "Not in the file: the reasons of 2 answers" in card  # of the tie, and of the other opinion
            assert "reason" in parquet.read_table(prefs.export(tmp_path / "dpo.parquet")).column_names
            assert "another opinion" in set(prefs.answers()["reason"])
            assert all(set(row) == {"prompt", "completion", "label"}
                       for row in rows(prefs.export(tmp_path / "kto.jsonl", "kto")))  # fmt: skip
            assert "the reasons of" in (tmp_path / "kto.jsonl.card.md").read_text()
    # A colleague who does not ask for reasons exports them all the same.
    with hitl.Preferences(["p"], [["a", "bb", "ccc"]], embed=embed, store=store) as prefs:
        assert {row.get("reason") for row in rows(prefs.export(tmp_path / "dpo.jsonl"))} >= {"kinder"}


def test_the_card_says_what_ties_became_and_how_people_answer(tmp_path: Path) -> None:
    with opened(annotator="ann") as prefs:
        path = prefs.export(tmp_path / "dpo.jsonl")
        card = path.with_name("dpo.jsonl.card.md").read_text()
        assert "Not in the file: 1 tie, and 1 pair of which both are bad." in card
        assert "left preferred" in card
        assert "ann" not in card.split("## Biases")[1].split("##")[0].replace("annotator", "")
        card = prefs.export(tmp_path / "k.jsonl", "kto").with_name("k.jsonl.card.md").read_text()
        assert "1 tie counted for neither" in card


def test_rankings_are_written_as_their_pairs(tmp_path: Path) -> None:
    with opened(ask="ranking") as prefs:
        [id_] = [one for one in prefs.session.pool.ids if "a" in prefs.session.item(one)]
        prefs.session.label(id_, [3, 1, 2])
        found = rows(prefs.export(tmp_path / "dpo.jsonl"))
        assert {(row["chosen"], row["rejected"]) for row in found} == {
            ("ccc", "a"),
            ("ccc", "bb"),
            ("a", "bb"),
        }
        assert "## Biases" not in (tmp_path / "dpo.jsonl.card.md").read_text()


def test_what_was_exported_can_be_imported(tmp_path: Path) -> None:
    with opened() as prefs:
        path = prefs.export(tmp_path / "dpo.jsonl")
        with hitl.Preferences(
            ["p", "q"], [["a", "bb", "ccc"], ["d", "ee", "fff"]], embed=embed, store=":memory:"
        ) as other:
            other.session.import_labels(path)
            assert other.export(tmp_path / "again.jsonl").exists()
            assert sorted(map(str, rows(tmp_path / "again.jsonl"))) == sorted(map(str, rows(path)))


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with hitl.Preferences(["p"], [["a", "b"]], embed=embed, store=":memory:") as prefs:
        with pytest.raises(HitlError, match="answer at least one question"):
            prefs.export(tmp_path / "x.jsonl")
        prefs.session.label(prefs.session.pool.ids[0], "tie")
        with pytest.raises(HitlError, match="nothing to write for to='dpo'"):
            prefs.export(tmp_path / "x.jsonl")
        with pytest.raises(InvalidInput, match="to='ppo': expected"):
            prefs.export(tmp_path / "x.jsonl", "ppo")  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="margin=True is for"):
            prefs.export(tmp_path / "x.jsonl", margin=True)
        for name in ("x.csv", "x", "x.json"):
            with pytest.raises(InvalidInput, match=r"expected \.jsonl or \.parquet, such as 'x\.jsonl'"):
                prefs.export(tmp_path / name)
        with pytest.raises(InvalidInput, match="messages=1: expected"):
            prefs.export(tmp_path / "x.jsonl", messages=1)  # type: ignore[arg-type]
    pictures = [[np.full((4, 4, 3), k, np.uint8) for k in range(2)]]
    with hitl.Preferences(["p"], pictures, kind="image", store=":memory:") as prefs:
        prefs.session.label(prefs.session.pool.ids[0], "first")
        with pytest.raises(InvalidInput, match="of kind 'image'"):
            prefs.export(tmp_path / "x.jsonl")
