"""Texts that were corrected on the card, and become candidates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput

PROMPTS = ["Where is it?", "How much?", "When?"]
TEXTS = [
    ["No idea.", "On its way.", "Look."],
    ["Five.", "It depends.", "Ask Bob."],
    ["Soon.", "Today.", "Later."],
]


def embed(items: list[str]) -> Any:
    return np.array([[len(text), text.count("Sorry")] for text in items], float)


def opened(**how: Any) -> hitl.Preferences:
    given = {"store": ":memory:", "random_state": 0, "embed": embed, "audit": 0, "revisions": True} | how
    return hitl.Preferences(PROMPTS, TEXTS, **given)


def correct(prefs: hitl.Preferences, draft: str, text: str, label: str = "tie") -> str:
    """Answer a pair with this draft, which is corrected; returns the draft's place in it."""
    for id_ in prefs.session.pool.ids:
        pair = prefs.session.item(id_)
        if draft in pair:
            place = ("first", "second")[pair.index(draft)]
            prefs.session.label(id_, {"label": label, "revisions": {place: text}})
            return place
    raise AssertionError(draft)


def test_corrected_texts_become_candidates_that_are_preferred_to_their_drafts(tmp_path: Path) -> None:
    store = tmp_path / "p.sqlite"
    with opened(store=store, annotator="ann") as prefs:
        place = correct(prefs, "No idea.", "Sorry, I will ask.")
        assert prefs.answers()["revisions"].tolist() == [{place: "Sorry, I will ask."}]
        assert len(prefs.rewards()) == 9
    with opened(store=store, annotator="bob") as prefs:
        correct(prefs, "Five.", "Five euros.", label="first")
        assert prefs.add_revisions() == 2
        found = prefs.answers()
        assert len(found) == 4
        new = found[found["revisions"] == {}]
        for text, draft, who in (("Sorry, I will ask.", "No idea.", "ann"), ("Five euros.", "Five.", "bob")):
            row = new[(new["first"] == text) | (new["second"] == text)].iloc[0]
            assert {row["first"], row["second"]} == {text, draft}
            assert row[row["answer"]] == text
            assert row["annotator"] == who  # whoever calls it
        rewards = prefs.rewards().set_index("candidate")["reward"]
        assert rewards["Sorry, I will ask."] > rewards["No idea."]
        assert prefs.add_revisions() == 0  # again, nothing
        pd.testing.assert_frame_equal(prefs.answers(), found)
        # Who changed their mind is not overruled.
        pair = new[new["annotator"] == "bob"]["id"].iloc[0]
        prefs.session.label(pair, "tie")
        assert prefs.add_revisions() == 0
        assert prefs.answers().set_index(["id", "annotator"])["answer"][pair, "bob"] == "tie"
        with pytest.warns(RuntimeWarning, match="answers to 1 pair"):
            assert prefs.remove({PROMPTS[0]: ["Sorry, I will ask."]}) == 1
        assert prefs.add_revisions() == 1
    with opened(store=store, annotator="bob") as again:
        assert len(again.rewards()) == 11
        assert again.answers()["id"].tolist() == prefs.answers()["id"].tolist()


def test_files_have_corrected_texts_once_they_are_candidates(tmp_path: Path) -> None:
    with opened() as prefs:
        correct(prefs, "Soon.", "At noon.", label="first")
        card = Path(f"{prefs.export(tmp_path / 'a.jsonl')}.card.md").read_text()
        assert "Not in the file: 1 corrected text, until prefs.add_revisions() adds them" in card
        prefs.add_revisions()
        rows = [json.loads(line) for line in prefs.export(tmp_path / "b.jsonl").read_text().splitlines()]
        assert {"prompt": "When?", "chosen": "At noon.", "rejected": "Soon."}.items() <= rows[-1].items()
        assert "corrected text" not in (tmp_path / "b.jsonl.card.md").read_text()


def test_a_text_that_is_corrected_into_the_other_or_itself_makes_no_new_candidate() -> None:
    with opened() as prefs:
        id_ = next(one for one in prefs.session.pool.ids if "No idea." in prefs.session.item(one))
        pair = prefs.session.item(id_)
        mine = pair.index("No idea.")
        places = ["first", "second"]
        other = {places[mine]: pair[1 - mine], places[1 - mine]: pair[1 - mine]}
        prefs.session.label(id_, {"label": places[1 - mine], "revisions": other})
        assert prefs.add_revisions() == 0
        assert len(prefs.answers()) == 1


def test_corrections_that_cannot_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"ask='pairs': a ranking asks for an order only"):
        opened(ask="ranking")
    with pytest.raises(InvalidInput, match="candidates that are texts, not for kind='image'"):
        hitl.Preferences(PROMPTS, TEXTS, kind="image", revisions=True, store=":memory:")
    with pytest.raises(InvalidInput, match="revisions='yes'"):
        opened(revisions="yes")
    with pytest.raises(InvalidInput, match="'revisions', which is a column of answers"):
        opened(criteria=["revisions"])
    ranks = opened(store=tmp_path / "p.sqlite", ask="ranking", revisions=False)
    with ranks, pytest.raises(InvalidInput, match="cannot be added to rankings"):
        ranks.add_revisions()
    with pytest.raises(HitlError, match=r"closed. To add corrected texts, run the cell"):
        ranks.add_revisions()


def test_a_task_that_is_opened_without_corrections_keeps_them(tmp_path: Path) -> None:
    store = tmp_path / "p.sqlite"
    with opened(store=store) as prefs:
        correct(prefs, "Soon.", "At noon.")
    with pytest.warns(RuntimeWarning, match="last opened with revisions=True"):
        prefs = opened(store=store, revisions=False)
    with prefs:
        assert "revisions" not in prefs.answers()
        assert prefs.add_revisions() == 1
        assert "At noon." in prefs.rewards()["candidate"].tolist()
