"""Texts that were corrected on the card, and become candidates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
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


def pair_of(prefs: hitl.Preferences, draft: str) -> str:
    return next(one for one in prefs.session.pool.ids if draft in prefs.session.item(one))


def reward(prefs: hitl.Preferences, *texts: str) -> list[float]:
    found = prefs.rewards().set_index("candidate")["reward"]
    return [float(found[text]) for text in texts]


def test_corrected_texts_become_candidates_that_are_preferred_to_their_drafts(tmp_path: Path) -> None:
    store = tmp_path / "p.sqlite"
    with opened(store=store, annotator="ann") as prefs:
        place = correct(prefs, "No idea.", "Sorry, I will ask.")
        assert prefs.answers()["revisions"].tolist() == [{place: "Sorry, I will ask."}]
        assert len(prefs.rewards()) == 9
        before = reward(prefs, "No idea.")
    with opened(store=store, annotator="bob") as prefs:
        correct(prefs, "Five.", "Five euros.", label="first")
        assert prefs.add_revisions() == 2
        new, draft = reward(prefs, "Sorry, I will ask.", "No idea.")
        assert new > draft < before[0]
        # It is no answer: figures about answers and people are about what was on the screen.
        assert len(prefs.answers()) == 2
        assert prefs.people()["n"].tolist() == [1, 1]
        assert prefs.add_revisions() == 0  # again, nothing
        assert reward(prefs, "Sorry, I will ask.", "No idea.") == [new, draft]
        waited = prefs.session.wait().belief
        assert waited is not None
    with opened(store=store, annotator="bob") as again:
        assert len(again.rewards()) == 11
        assert reward(again, "Sorry, I will ask.", "No idea.") == pytest.approx([new, draft], abs=1e-4)


def test_a_correction_counts_as_long_as_its_answer_stands() -> None:
    with opened() as prefs:
        id_ = pair_of(prefs, "No idea.")
        place = ("first", "second")[prefs.session.item(id_).index("No idea.")]
        prefs.session.label(id_, {"label": "tie", "revisions": {place: "v1"}})
        assert prefs.add_revisions() == 1
        assert reward(prefs, "v1")[0] > reward(prefs, "No idea.")[0]
        prefs.session.label(id_, {"label": "tie", "revisions": {place: "v2"}})
        assert prefs.add_revisions() == 1
        assert reward(prefs, "v2")[0] > reward(prefs, "No idea.")[0]
        assert [prefs.posterior.given.first.tolist()[1:], len(prefs.posterior.given)] == [
            [prefs.candidates.places[prefs.candidates.key(PROMPTS[0], "v2")]],
            2,
        ]
        prefs.session.undo()  # the second answer
        assert reward(prefs, "v1")[0] > reward(prefs, "No idea.")[0]
        prefs.session.undo()
        with pytest.raises(HitlError, match="no reward yet"):
            prefs.rewards()
        assert prefs.add_revisions() == 0  # nothing comes back
        prefs.session.redo()
        assert reward(prefs, "v1")[0] > reward(prefs, "No idea.")[0]


def test_what_was_removed_stays_removed_until_it_is_added() -> None:
    with opened() as prefs:
        correct(prefs, "No idea.", "v1")
        prefs.add_revisions()
        assert prefs.remove({PROMPTS[0]: ["v1"]}) == 1
        assert prefs.add_revisions() == 0
        assert prefs.add({PROMPTS[0]: ["v1"]}) == 1
        assert reward(prefs, "v1")[0] > reward(prefs, "No idea.")[0]


def test_corrections_of_pairs_that_a_reviewer_decided_count() -> None:
    with opened(annotator="ann") as prefs:
        id_ = pair_of(prefs, "No idea.")
        place = ("first", "second")[prefs.session.item(id_).index("No idea.")]
        prefs.session.label(id_, {"label": "first", "revisions": {place: "by ann"}})
        prefs.session.decide(id_, {"label": "second", "revisions": {place: "by the reviewer"}})
        assert prefs.add_revisions() == 2
        low, one, two = reward(prefs, "No idea.", "by ann", "by the reviewer")
        assert low < min(one, two)


def test_the_side_counts_only_where_there_was_one() -> None:
    """Both sides are corrected equally often, and no text is better: nothing is said of the left."""
    with opened(tie=True) as prefs:
        for id_ in prefs.session.pool.ids:
            revisions = {place: f"{id_} {place}" for place in ("first", "second")}
            prefs.session.label(id_, {"label": "tie", "revisions": revisions})
        before = prefs.effects().loc["left"]
        assert abs(before["effect"]) < 0.05
        prefs.add_revisions()
        after = prefs.effects().loc["left"]
        assert abs(after["effect"]) < 0.05
        assert after["high"] - after["low"] == pytest.approx(before["high"] - before["low"], rel=0.05)


def test_conflicts_see_a_correction() -> None:
    with opened() as prefs:
        correct(prefs, "No idea.", "v1")
        prefs.add_revisions()
        found = prefs.candidates
        a, b = (found.places[found.key(PROMPTS[0], text)] for text in ("v1", "No idea."))
        pair = found.in_order(a, b)
        for label in (2, 1):  # the draft is better, after all
            wins = pair.index(b) + 1 == label
            prefs.session.label(found.key_of(pair), label)
            assert prefs.conflicts() == []  # one against one
            new, draft = reward(prefs, "v1", "No idea.")
            assert abs(new - draft) < 0.2 if wins else new > draft + 0.5


def test_files_have_corrected_texts_once_they_are_candidates(tmp_path: Path) -> None:
    with opened() as prefs:
        correct(prefs, "Soon.", "At noon.", label="both bad")
        with pytest.raises(HitlError, match="no answer prefers one of two"):
            prefs.export(tmp_path / "a.jsonl")
        prefs.session.label(pair_of(prefs, "Five."), "first")
        card = Path(f"{prefs.export(tmp_path / 'a.jsonl')}.card.md").read_text()
        assert "Annotators wrote 1 corrected text." in card
        assert "Not in the file: 1 of them, until prefs.add_revisions() adds them" in card
        prefs.add_revisions()
        rows = [json.loads(line) for line in prefs.export(tmp_path / "b.jsonl").read_text().splitlines()]
        assert {"prompt": "When?", "chosen": "At noon.", "rejected": "Soon."} in rows
        assert len(rows) == 2
        assert "until prefs" not in (tmp_path / "b.jsonl.card.md").read_text()
        for to in ("reward", "kto", "sft"):
            rows = [
                json.loads(line)
                for line in prefs.export(tmp_path / "c.jsonl", to=to).read_text().splitlines()
            ]
            told = [one.get("chosen", one.get("completion")) for one in rows if one.get("label", True)]
            assert "At noon." in told, to


def test_a_text_is_kept_as_it_was_typed(tmp_path: Path) -> None:
    codes = [["    return 1\n", "return 2", "cafe\u0301"]]
    how: dict[str, Any] = {"embed": embed, "kind": "code", "store": ":memory:", "revisions": True}
    with hitl.Preferences(["q"], codes, **how) as prefs:
        typed = {codes[0][0]: "    return 3\n    # y\n", codes[0][1]: codes[0][1], codes[0][2]: "caf\u00e9"}
        for id_ in prefs.session.pool.ids:
            places = dict(zip(prefs.session.item(id_), ("first", "second"), strict=True))
            told = {places[text]: typed[text] for text in typed if text in places}
            prefs.session.label(id_, {"label": "tie", "revisions": told})
        assert prefs.add_revisions() == 2  # the draft itself is no correction
        assert set(prefs.candidates.items) == {*codes[0], *typed.values()}


def test_a_text_that_is_corrected_into_the_other_or_itself_makes_no_new_candidate() -> None:
    with opened() as prefs:
        id_ = next(one for one in prefs.session.pool.ids if "No idea." in prefs.session.item(one))
        pair = prefs.session.item(id_)
        mine = pair.index("No idea.")
        places = ["first", "second"]
        other = {places[mine]: pair[1 - mine], places[1 - mine]: pair[1 - mine]}
        prefs.session.label(id_, {"label": places[1 - mine], "revisions": other})
        assert prefs.add_revisions() == 0
        assert reward(prefs, other[places[mine]])[0] > reward(prefs, "No idea.")[0]


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
        assert [*prefs.answers()["revisions"][0].values()] == ["At noon."]
        assert prefs.add_revisions() == 1
        assert "At noon." in prefs.rewards()["candidate"].tolist()
