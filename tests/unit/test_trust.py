"""session.trust: annotators, suspects, groups, and what may be handed over, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput

RNG = np.random.default_rng(0)
N, K = 300, 3
TRUTH = RNG.integers(0, K, N)
X = (np.eye(K)[TRUTH] * 2 + RNG.normal(scale=0.6, size=(N, K))).astype(np.float32)
TABLE = pd.DataFrame(
    {"text": [f"item {i}" for i in range(N)], "team": np.where(np.arange(N) % 3, "north", "south")}
)
NAMES = np.array(["a", "b", "c"])


def opened(folder: Path, who: str, **settings: Any) -> hitl.Session:
    settings = {"text": "text", "X": X, "classes": list(NAMES), "learner": "linear"} | settings
    return hitl.Session(TABLE, store=folder / "labels.sqlite", annotator=who, random_state=0, **settings)


def give(session: hitl.Session, rows: Any, codes: Any) -> None:
    for k in range(K):
        mine = [session.pool.ids[i] for i in np.asarray(rows)[np.asarray(codes) == k]]
        if mine:
            session.label(mine, NAMES[k])


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three annotators of 160 items, of whom one is careless."""
    folder = tmp_path_factory.mktemp("team")
    rng = np.random.default_rng(1)
    for who, skill, rows in (
        ("ann", 0.98, np.arange(0, 120)),
        ("bob", 0.95, np.arange(60, 160)),
        ("eve", 0.5, np.arange(30, 130)),
    ):
        wrong = rng.random(len(rows)) > skill
        codes = np.where(wrong, (TRUTH[rows] + rng.integers(1, K, len(rows))) % K, TRUTH[rows])
        with opened(folder, who) as session:
            give(session, rows, codes)
    with opened(folder, "ann") as session:
        yield session


def test_the_careless_annotator_is_found_and_outvoted(team) -> None:
    people = team.trust.annotators().set_index("annotator")
    assert people.loc["eve", "skill"] < 0.7
    assert people.loc["bob", "skill"] > 0.9
    assert people["n"].to_dict() == {"ann": 120, "bob": 100, "eve": 100}
    found = team.trust.consensus()
    assert len(found) == 160
    rows = team.pool.index(found["id"].tolist())
    assert (found["label"].to_numpy() == NAMES[TRUTH[rows]]).mean() > 0.96
    latest = team.labels().drop_duplicates("id", keep="last").set_index("id")["label"]
    by_latest = latest.loc[found["id"]].to_numpy() == NAMES[TRUTH[rows]]
    assert by_latest.mean() < 0.9
    assert found["disputed"].any()
    assert found["confidence"].is_monotonic_increasing


def test_agreement_is_told_with_intervals(team) -> None:
    assert len(team.trust.agreement()) == 3
    found = team.trust.reliability()
    assert found.loc["alpha", "n"] == 100
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()


def test_wrong_labels_come_first_among_suspects(tmp_path: Path) -> None:
    rows = np.arange(200)
    flipped = np.random.default_rng(2).choice(200, 20, replace=False)
    codes = TRUTH[rows].copy()
    codes[flipped] = (codes[flipped] + 1) % K
    with opened(tmp_path, "ann") as session:
        give(session, rows, codes)
        found = session.trust.suspects(20)
        assert len(found) == 20
        hits = np.isin(session.pool.index(found["id"].tolist()), flipped)
        assert hits.mean() > 0.8
        assert (
            found["predicted"].to_numpy() == NAMES[TRUTH[session.pool.index(found["id"].tolist())]]
        ).mean() > 0.8


def test_confirmed_labels_leave_the_list_and_return_for_a_reason(tmp_path: Path) -> None:
    rows = np.arange(120)
    codes = TRUTH[rows].copy()
    wrong = np.argsort(-X[rows, codes])[:3]  # clear ones
    codes[wrong] = (codes[wrong] + 1) % K
    with opened(tmp_path, "ann", id=None) as session:
        give(session, rows, codes)
        before = session.labels().set_index("id")["time"]
        first = session.trust.suspects(3)
        assert set(session.pool.index(first["id"].tolist())) == set(wrong.tolist())
        assert first["why"].str.contains(r"the model of the other labels says '?[abc]'? \(\d+ %\)").all()
        session.confirm(first["id"].tolist())
        assert not set(session.trust.suspects(10)["id"]) & set(first["id"])
        assert (session.labels().set_index("id")["time"] == before).all()
        assert len(session.labels()) == 120
        assert session.notes().empty
    with opened(tmp_path, "ann", id=None) as session:  # all of it is in the log
        assert not set(session.trust.suspects(10)["id"]) & set(first["id"])
        n = session.history()["kind"].eq("note").sum()
        for _ in range(n):
            session.undo()
        assert set(session.trust.suspects(3)["id"]) == set(first["id"])
        for _ in range(n):
            session.redo()
        session.export(tmp_path / "history.jsonl")
        with hitl.Session(
            TABLE, text="text", X=X, classes=list(NAMES), store=":memory:", annotator="ann", learner="linear"
        ) as copy:
            copy.import_labels(tmp_path / "history.jsonl")
            assert not set(copy.trust.suspects(10)["id"]) & set(first["id"])
        # A new answer is not what was confirmed.
        item = first["id"][0]
        session.label(item, first["predicted"][0])
        session.label(item, first["label"][0])
        assert item in set(session.trust.suspects(3)["id"])
        with pytest.raises(InvalidInput, match="has no label to keep"):
            session.confirm(session.pool.ids[200])


def test_nearly_equal_items_with_different_labels_are_suspects_until_both_are_confirmed(
    tmp_path: Path,
) -> None:
    near = X.copy()
    near[150] = near[0] + 0.001
    rows = np.r_[np.arange(120), 150]
    codes = np.r_[TRUTH[:120], (TRUTH[0] + 1) % K]
    with opened(tmp_path, "ann", X=near, learner="auto") as session:
        session.wait()
        give(session, rows, codes)
        pair = {session.pool.ids[0], session.pool.ids[150]}
        found = session.trust.suspects()
        told = found[found["why"].str.contains("nearly the same as item")]
        assert pair <= set(told["id"])
        assert len(told) < 8
        session.confirm(list(pair))
        assert not pair & set(session.trust.suspects()["id"])
        # Another label of one of them is news about the other.
        session.label(session.pool.ids[150], NAMES[(TRUTH[0] + 2) % K])
        assert pair <= set(session.trust.suspects()["id"])


def test_a_corrected_label_of_the_audit_still_counts(tmp_path: Path) -> None:
    with opened(tmp_path, "ann", audit=1.0) as session:
        for _ in range(12):
            (item,) = session.query(1)
            session.label(item, NAMES[TRUTH[session.pool.index([item])[0]]])
        other = next(one for one in session.pool.ids if one not in set(session.labels()["id"]))
        session.label(other, "b")
        for one in (item, other):
            session.label(one, "a", selection="review")
        assert session.history()["selection"].tolist()[-2:] == ["audit", "review"]


def test_hasty_labels_runs_and_the_advice(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    with opened(tmp_path, "ann") as session:
        assert session.trust.pace().empty
        rows = rng.permutation(N)[:160]
        rows = np.r_[rows[:100], rows[100:][np.argsort(TRUTH[rows[100:]])]]  # then class by class
        for k, row in enumerate(rows.tolist()):
            seconds = 0.1 if k in {30, 40} else rng.lognormal(1, 0.3)
            item = session.pool.ids[row]
            session.label(item, NAMES[TRUTH[row]], selection="suggested", elapsed_ms=round(1000 * seconds))
        [line] = session.trust.pace().to_dict("records")
        assert (line["annotator"], line["n"], line["hasty"], line["again"]) == ("ann", 160, 2, 0)
        assert 2 < line["seconds"] < 4
        assert 50 <= line["in_runs"] <= 70
        found = session.trust.hasty()
        hasty = found[found["why"] == "far faster than usual"]
        assert list(session.pool.index(hasty["id"].tolist())) == sorted(rows[[30, 40]].tolist())
        assert (found["why"] == "in a long run of one class").sum() == line["in_runs"]
        advice = session.trust.advice()
        settled = "no longer change" in advice.reasons[0]
        assert settled or "still change" in advice.reasons[0]
        assert advice.say == ("unclear" if settled else "go on")  # nothing is audited
        assert "each of the last 4 models, 10 labels apart" in advice.reasons[0]
        assert any("At your pace, 50 labels take about 2 minutes" in one for one in advice.reasons)


def test_everybody_says_the_same_of_the_seconds_per_answer(tmp_path: Path) -> None:
    """Also where answers were undone, removed, or given to many items at once."""
    with opened(tmp_path, "ann") as session:
        for k, ms in enumerate([1000, 2000, 9000, 7000]):
            session.label(session.pool.ids[k], "a", elapsed_ms=ms)
        session.undo()
        session.label(session.pool.ids[5:9], "b", elapsed_ms=60_000)
        session.label(session.pool.ids[0], None, elapsed_ms=90_000)
        trust = session.trust
        told = [
            trust.pace().set_index("annotator").loc["ann", "seconds"],
            trust.annotators().set_index("annotator").loc["ann", "seconds"],
            session.progress().set_index("annotator").loc["ann", "seconds"],
        ]
        assert told == [4.5, 4.5, 4.5]


def test_the_advice_says_what_it_lacks(tmp_path: Path) -> None:
    with opened(tmp_path, "ann") as session:
        session.label(session.pool.ids[0], "a")
        assert session.trust.advice().reasons == ("There is no model yet.",)
        give(session, np.arange(30), TRUTH[:30])
        advice = session.trust.advice()
        assert advice.say == "unclear"
        assert advice.reasons[0].endswith("predictions still change: label 20 more.")
        assert "from 50 labels on" in advice.reasons[1]


def test_groups_and_what_may_be_handed_over(tmp_path: Path) -> None:
    with opened(tmp_path, "ann", audit=1.0) as session:
        for _ in range(90):
            (item,) = session.query(1)
            session.label(item, NAMES[TRUTH[session.pool.index([item])[0]]])
        groups = session.trust.groups("team")
        assert set(groups.index) == {"north", "south"}
        assert 70 < groups["n"].sum() <= 90
        assert (groups["share"] > 0.8).all()
        easy = session.trust.hand_over(0.1)
        assert easy["confidence"].is_monotonic_decreasing
        assert len(easy) > 50
        rows = session.pool.index(easy["id"].tolist())
        assert (easy["label"].to_numpy() == NAMES[TRUTH[rows]]).mean() > 0.85
        sure = session.trust.hand_over(0.1, certainty=0.9)
        assert len(sure) <= len(easy)
        assert session.trust.hand_over(0.01, certainty=0.99).attrs["needed"] > 300
        with pytest.raises(InvalidInput, match=r"'town': not a column.*team"):
            session.trust.groups("town")
        with pytest.raises(InvalidInput, match="error=0: expected a share"):
            session.trust.hand_over(0)


def test_drift_of_new_items(team) -> None:
    same = team.trust.drift(X[:100] + RNG.normal(scale=0.01, size=(100, K)))
    moved = team.trust.drift(X[:100] + np.array([3, 0, 0]))
    assert moved.p <= 0.01 < same.p
    with pytest.raises(InvalidInput, match="X has 2 columns; the session's features have 3"):
        team.trust.drift(np.ones((5, 2)))


def test_drift_takes_new_texts(tmp_path: Path) -> None:
    words = ["red green blue", "sea sky sand", "tree leaf bark"]
    texts = [f"{words[i % 3]} {i}" for i in range(90)]
    with opened(tmp_path, "ann") as session, pytest.raises(InvalidInput, match=r"got X= or a function"):
        session.trust.drift(["a text"])
    with hitl.Session(texts, classes=["a", "b"], store=":memory:") as session:
        assert session.trust.drift([f"{words[i % 3]} {i}" for i in range(60)]).p > 0.01
        assert session.trust.drift(["Dampfschifffahrt im Nebel"] * 40).p <= 0.01


def sentences(rng: np.random.Generator, n: int, topic: str = "") -> list[str]:
    """Texts of frequent and rare words, as in any language; with a topic, some of its words."""
    share = 1 / np.arange(1, 601)
    ranks = rng.choice(600, (n, 12), p=share / share.sum())
    return [" ".join(f"{topic if k % 3 == 0 else ''}w{rank}" for k, rank in enumerate(row)) for row in ranks]


@pytest.mark.parametrize("how", ["texts", "table", "embed"])
def test_texts_from_the_same_source_do_not_drift(how: str) -> None:
    """Features that are fitted to the session's texts would differ in every draw."""
    rng = np.random.default_rng(4)

    def drawn(n: int, topic: str = "") -> Any:
        texts = sentences(rng, n, topic)
        return pd.DataFrame({"text": texts, "n": rng.normal(size=n)}) if how == "table" else texts

    more: dict[str, Any] = {}
    if how == "embed":
        more["embed"] = make_pipeline(TfidfVectorizer(), TruncatedSVD(30))
    with hitl.Session(drawn(200), classes=["a", "b"], store=":memory:", **more) as session:
        session.wait()
        fitted = more["embed"][-1].components_ if how == "embed" else None
        alarms = sum(session.trust.drift(drawn(60)).p < 0.05 for _ in range(8))
        assert alarms <= 2
        assert how != "embed" or more["embed"][-1].components_ is fitted
        mixed = drawn(40), drawn(40, "new")
        found = session.trust.drift(pd.concat(mixed) if how == "table" else [*mixed[0], *mixed[1]])
        assert found.p <= 0.01
        assert found.newness[40:].mean() > found.newness[:40].mean()
        assert session.trust.drift(drawn(2100)).newness.shape == (2100,)


def test_a_lone_annotator_is_not_contradicted(tmp_path: Path) -> None:
    codes = np.random.default_rng(3).integers(0, K, 60)  # at random: nothing to learn
    with opened(tmp_path, "ann") as session:
        give(session, np.arange(60), codes)
        found = session.trust.consensus()
        rows = session.pool.index(found["id"].tolist())
        assert (found["label"].to_numpy() == NAMES[codes[rows]]).all()
        assert found[["confidence", "worth"]].isna().all().all()
        assert session.trust.annotators()["skill"].isna().all()
        with pytest.raises(InvalidInput, match="n=-1"):
            session.trust.suspects(-1)


def test_without_a_model_or_for_other_questions_it_is_said(tmp_path: Path) -> None:
    with opened(tmp_path, "ann") as session:
        with pytest.raises(HitlError, match="There is no model yet"):
            session.trust.suspects()
        assert len(session.trust.consensus()) == 0
        assert len(session.trust.annotators()) == 0
        assert len(session.trust.agreement()) == 0
        assert (session.trust.reliability()["n"] == 0).all()
    question = hitl.Question.rating(5)
    with (
        opened(tmp_path, "ann", classes=None, question=question, task="r") as session,
        pytest.raises(InvalidInput, match="one class per item"),
    ):
        session.trust.consensus()
