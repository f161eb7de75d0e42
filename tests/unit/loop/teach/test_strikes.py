"""Struck words and columns: session.teach.strike and what follows from it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from msgspec import structs
from sklearn.feature_extraction.text import TfidfVectorizer

import hitl_widgets as hitl
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.strikes import Places, spelled
from hitl_widgets.labels.events import new_event_id
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.labeler.why import effect, struck, why
from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.acts import act

# "unsubscribe" is in every third item of both kinds.
MAIL = [
    f"{word} {rest} number {i} {'Unsubscribe here' if i % 3 == 0 else ''}"
    for i in range(40)
    for word, rest in [("free", "money"), ("lunch", "today")]
]
HAS = np.array(["Unsubscribe" in text for text in MAIL])
CLASSES = ["spam", "ham"]
# What the browser finds, too.
SHARED = json.loads((Path(__file__).parents[4] / "js" / "test" / "words.json").read_text())


def labelled(session: Any, n: int = 16) -> Any:
    for id_, text in zip(session.pool.ids[:n], MAIL, strict=False):
        session.label([id_], "spam" if "free" in text else "ham")
    session.wait()
    return session


@pytest.fixture
def spam(make_session: Any) -> Any:
    return labelled(make_session(MAIL, classes=CLASSES, audit=0))


def features(session: Any) -> Any:
    return np.array(session._loop.background.trainer.ground.X)


@pytest.mark.parametrize("case", SHARED, ids=lambda case: case["text"][:20])
def test_words_are_blanked_as_a_whole(case: dict[str, Any]) -> None:
    text, places = case["text"], Places(case["wanted"])
    assert [text[start:end] for start, end in places.of(text)] == case["found"]
    left = places.blanked(text)
    assert len(left) == len(text)
    assert not places.of(left)


def test_a_word_in_the_log_is_the_word_that_was_said() -> None:
    for code in range(sys.maxunicode + 1):
        if (word := spelled(chr(code))) and not chr(code).isascii():
            assert len(word) == 1
            assert spelled(word[0]) == word, hex(code)
            assert Places(word).of(f"a {chr(code)} b") == [(2, 3)], hex(code)


def test_only_items_with_the_word_are_read_again(spam: Any) -> None:
    before, xy = features(spam), spam.map.xy
    spam.teach.strike("unsubscribe")
    assert [one.word for one in spam.wait().strikes] == ["unsubscribe"]
    after = features(spam)
    assert np.array_equal(after[~HAS], before[~HAS])
    assert (after[HAS] != before[HAS]).any(axis=1).all()
    assert spam.map.xy is xy
    words = spam.explain(spam.pool.ids[0])["words"].dropna().tolist()
    assert "Unsubscribe" not in words
    assert "here" in words
    told = spam.explain(spam.pool.ids[0])
    assert told[told["part"] != "label"]["value"].sum() == pytest.approx(told.attrs["odds"], abs=1e-5)
    assert spam.teach.strikes[["word", "weight", "items"]].values.tolist() == [
        ["unsubscribe", 0.0, HAS.sum()]
    ]
    spam.undo()
    assert spam.wait().strikes == ()
    assert np.array_equal(features(spam), before)
    assert spam.teach.strikes.empty


def test_the_model_that_is_saved_forgets_the_word(spam: Any, tmp_path: Path) -> None:
    spam.teach.strike("unsubscribe")
    spam.teach.emphasize("money")
    model = spam.model()
    texts = ["free money", "free money unsubscribe"]
    assert np.array_equal(*model.predict_proba(texts))
    assert not np.array_equal(*model[:-1].transform(["free", "free money"]))
    assert np.allclose(model[:-1].transform(MAIL), features(spam), atol=1e-5)
    again = hitl.load_model(spam.save_model(tmp_path / "model.npz"))
    assert np.array_equal(again.predict_proba(MAIL), model.predict_proba(MAIL))


def test_it_is_there_after_a_restart_and_for_others(make_session: Any, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    one = labelled(make_session(MAIL, classes=CLASSES, audit=0, store=store, annotator="ann"))
    other = make_session(MAIL, classes=CLASSES, audit=0, store=store, annotator="bob")
    other.wait()
    one.teach.strike("unsubscribe")
    one.wait()
    assert other.teach.strikes["annotator"].tolist() == ["ann"]
    assert len(other.wait().strikes) == 1
    assert np.array_equal(features(one), features(other))
    one.close()
    again = make_session(MAIL, classes=CLASSES, audit=0, store=store, annotator="ann")
    assert len(again.wait().strikes) == 1
    assert np.allclose(features(again), features(other), atol=1e-6)
    again.teach.bring_back("Unsubscribe")
    assert again.wait().strikes == ()
    again.undo()
    assert len(again.wait().strikes) == 1


def test_columns_and_words_of_columns(make_session: Any) -> None:
    n = 60
    table = pd.DataFrame(
        {
            "text": [f"{'free' if i % 2 else 'lunch'} unsubscribe {i}" for i in range(n)],
            "note": [f"unsubscribe from {i} and {i % 7}" for i in range(n)],
            "sender": ["ab"[i % 2] for i in range(n)],
            "size": np.random.default_rng(0).normal(size=n),
        }
    )
    session = make_session(table, columns=list(table), classes=CLASSES, audit=0)
    for i in range(16):
        session.label([session.pool.ids[i]], "spam" if i % 2 else "ham")
    session.wait()
    session.teach.strike(column="sender")
    session.teach.strike("unsubscribe", column="note")
    session.teach.emphasize("free")
    session.wait()
    told = session.explain(session.pool.ids[31])["words"].dropna().tolist()
    assert {"text: unsubscribe", "text: free", "note: from"} <= set(told)
    assert not {"note: unsubscribe", "sender: b", "sender: "} & set(told)
    swapped = table.assign(sender="b", note=table["note"].str.replace("unsubscribe", "", regex=False))
    model = session.model()
    assert np.allclose(model.predict_proba(table), model.predict_proba(swapped), atol=1e-6)
    assert session.teach.strikes["column"].tolist() == ["sender", "note", None]


@pytest.mark.parametrize("own", [TfidfVectorizer(), "function"])
def test_an_embedding_of_ones_own_reads_the_item_without_the_word(make_session: Any, own: Any) -> None:
    seen: list[str] = []

    def lengths(texts: list[str]) -> Any:
        seen.extend(texts)
        return np.array([[len(text.split()), text.count("e")] for text in texts], np.float64)

    embed = lengths if own == "function" else own
    session = labelled(make_session(MAIL, classes=CLASSES, audit=0, embed=embed))
    before = features(session)
    seen.clear()
    session.teach.strike("unsubscribe")
    assert len(session.wait().strikes) == 1
    after = features(session)
    assert np.array_equal(after[~HAS], before[~HAS])
    assert (after[HAS] != before[HAS]).any()
    assert sum("Unsubscribe" not in text for text in seen) <= HAS.sum() + 16


def test_words_with_marks_are_struck_whole(make_session: Any) -> None:
    hindi = [f"{'मुफ़्त पैसा' if i % 2 else 'कल दोपहर'} संदेश {i}" for i in range(40)]
    session = make_session(hindi, classes=CLASSES, audit=0)
    for i in range(16):
        session.label([session.pool.ids[i]], CLASSES[1 - i % 2])
    session.wait()
    words = session.explain(session.pool.ids[31])["words"].dropna().tolist()
    assert words == ["मुफ़्त", "पैसा", "संदेश", "31"]
    session.teach.strike("मुफ़्त")
    session.wait()
    assert session.teach.strikes["items"].tolist() == [20]
    assert session.explain(session.pool.ids[31])["words"].dropna().tolist() == words[1:]
    decomposed = make_session(["cafe\u0301 noir", "thé vert"], classes=CLASSES, task="accents")
    decomposed.teach.strike("CAFÉ")
    assert decomposed.teach.strikes["word"].tolist() == ["café"]


def test_what_is_struck_already_is_no_second_act(spam: Any) -> None:
    first = spam.teach.strike("unsubscribe")
    assert spam.teach.strike("Unsubscribe") == first
    assert spam.teach.emphasize("unsubscribe") != first
    spam.undo()
    spam.undo()
    assert spam.teach.strikes.empty


def test_what_reasons_name_can_be_struck(make_session: Any) -> None:
    table = pd.DataFrame({"text": MAIL, "flag": ["free" in text for text in MAIL]})
    session = make_session(table, columns=list(table), classes=CLASSES, audit=0)
    for i in range(16):
        session.label([session.pool.ids[i]], CLASSES[i % 2])
    told = session.telling_words(3)
    assert told["words"][0] == "flag: True"
    for one in told.itertuples():
        assert session.teach.preview(one.word, column=one.column).items > 0
    with pytest.raises(InvalidInput, match=r"session.teach.strike\(column='flag'\)"):
        session.teach.strike("flag: True")
    with pytest.raises(InvalidInput, match=r"session.teach.strike\('money', column='text'\)"):
        session.teach.strike("text: money")
    with pytest.raises(InvalidInput, match="a whole column cannot count more"):
        session.teach.emphasize(column="text")


def test_what_it_does_to_ratings_is_told_as_an_error(make_session: Any) -> None:
    texts = [f"{['bad', 'poor', 'good', 'great'][i % 4]} film {i}" for i in range(60)]
    session = make_session(texts, question=hitl.Question.rating(4), classes=None, audit=0)
    for i in range(24):
        session.label([session.pool.ids[i]], i % 4 + 1)
    session.wait()
    found = session.teach.preview("good")
    assert (found.measure, found.shares) == ("mean absolute error", False)
    assert found.before is not None
    assert found.after is not None
    assert found.before < found.after, "less is better, and the word tells"
    assert found.low <= found.high
    assert "Mean absolute error" in str(found)


def test_what_it_costs_is_told_beforehand(make_session: Any) -> None:
    # The label depends on nothing but one word.
    texts = [f"{'yes' if i % 2 else 'no'} word{i % 7} word{i % 5} {i}" for i in range(80)]
    session = make_session(texts, classes=["a", "b"], audit=0)
    assert "no labels of two classes yet" in str(session.teach.preview("yes"))
    for i in range(30):
        session.label([session.pool.ids[i]], "a" if i % 2 else "b")
    session.wait()
    before, n_events = features(session), len(session.history())
    found = session.teach.preview("yes")
    assert (found.items, found.of, found.n) == (40, 80, 30)
    assert found.before == 1.0
    assert found.after <= found.before
    assert found.low < found.after - found.before < found.high
    cost = session.teach.preview("word1")
    assert cost.after == 1.0
    assert cost.low < 0 < cost.high
    assert np.array_equal(features(session), before)
    assert len(session.history()) == n_events


def test_what_cannot_be_struck_is_said(spam: Any, make_session: Any) -> None:
    for word, message in [
        ("subscribe", "No item contains the word 'subscribe'.*as a whole"),
        ("!", "no letters or digits"),
        (3, "is not a word"),
    ]:
        with pytest.raises(InvalidInput, match=message):
            spam.teach.strike(word)
    with pytest.raises(InvalidInput, match="have no columns"):
        spam.teach.strike(column="sender")
    with pytest.raises(InvalidInput, match="pass a word, or column="):
        spam.teach.strike()
    with pytest.raises(InvalidInput, match="'free' is not struck out"):
        spam.teach.bring_back("free")
    with pytest.raises(InvalidInput, match="above 0 and at most 10"):
        spam.teach.emphasize("free", weight=0)
    points = make_session()
    with pytest.raises(InvalidInput, match="passed as X="):
        points.teach.strike(column="x0")
    spans = make_session(MAIL, classes=None, question=hitl.Question.spans(CLASSES), task="spans")
    with pytest.raises(InvalidInput, match=r"No model reads features of whole items.*'spans'"):
        spans.teach.strike("free")


def test_an_embedding_of_all_items_together_is_refused(make_session: Any) -> None:
    def ranks(texts: list[str]) -> Any:
        return np.argsort(np.argsort([len(text) for text in texts]))[:, None].astype(float)

    session = labelled(make_session(MAIL, classes=CLASSES, audit=0, embed=ranks))
    with pytest.raises(InvalidInput, match="all items together"):
        session.teach.strike("unsubscribe")


def test_a_strike_that_the_features_cannot_follow_is_said(make_session: Any, tmp_path: Path) -> None:
    store = tmp_path / "labels.sqlite"
    one = labelled(make_session(MAIL, classes=CLASSES, audit=0, store=store))
    one.teach.strike("unsubscribe")
    one.wait()
    one.close()
    X = np.random.default_rng(0).normal(size=(len(MAIL), 3))
    other = make_session(MAIL, X=X, classes=CLASSES, audit=0, store=store)
    assert other.wait().strikes == ()
    assert "still reads what was struck out: The features were passed as X=" in other.trouble
    with pytest.raises(HitlError, match="passed as X="):
        other.teach.preview("unsubscribe")


def test_drift_is_judged_without_the_word(spam: Any) -> None:
    new = [text.replace("number", "number unsubscribe") for text in MAIL]
    before = spam.trust.drift(new)
    spam.teach.strike("unsubscribe")
    assert spam.trust.drift(new).auc < before.auc - 0.2


def test_what_the_card_says_of_it(spam: Any) -> None:
    loop = spam._loop
    asked = m.Preview(view="view-1234", id="12345678", word="unsubscribe", column=None)
    found = effect(loop, asked)
    assert (found.items, found.of, found.n, found.missing) == (HAS.sum(), len(MAIL), 16, "")
    assert effect(loop, structs.replace(asked, word="nothing")).missing.startswith("No item contains")
    act(loop, shared.Strike(id=new_event_id(), word="unsubscribe", column=None, on=True))
    assert [(one.name, one.more) for one in struck(loop)] == [("unsubscribe", False)]
    spam.wait()
    row = int(np.flatnonzero(HAS)[0])
    told = why(loop, m.Why(view="view-1234", id="12345678", row=row, codes=()))
    assert "unsubscribe" not in [one.word for one in (*told.words, *told.against)]
    act(loop, shared.Strike(id=new_event_id(), word="unsubscribe", column=None, on=False))
    assert struck(loop) == []


def test_hidden_personal_data_is_not_sent_to_be_struck(make_session: Any) -> None:
    texts = [f"{'write to ann@example.org' if i % 2 else 'lunch today'} number {i}" for i in range(40)]
    session = make_session(
        texts,
        classes=CLASSES,
        audit=0,
        mask=lambda text: [(at, at + 3, "name") for at in [text.find("ann")] if at >= 0],
    )
    session.teach.strike("ann")
    assert [(one.word, "ann" in one.name) for one in struck(session._loop)] == [(None, False)]


def test_labels_of_one_class_cannot_tell_what_a_strike_costs(make_session: Any) -> None:
    session = make_session(MAIL, classes=CLASSES)
    session.label(session.pool.ids[0], CLASSES[0])
    assert "no labels of two classes yet" in str(session.teach.preview("free"))


def test_bringing_back_names_what_is_struck_out_of_a_column(make_session: Any) -> None:
    table = pd.DataFrame({"subject": ["re hello", "re there", "fw so", "it"] * 5, "n": range(20)})
    session = make_session(table, classes=["a", "b"])
    session.teach.strike("re", column="subject")
    for named in ({"word": "re"}, {"column": "subject"}, {"word": "re", "column": "n"}):
        with pytest.raises(InvalidInput, match=r"Call session\.teach\.bring_back\('re', column='subject'\)"):
            session.teach.bring_back(**named)
    session.teach.bring_back("re", column="subject")
    assert not len(session.teach.strikes)
