"""Session.explain, and what the card says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer

import hitl_widgets as hitl
from helpers import clouds
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.labeler.why import BLIND, why

MAIL = [
    f"{word} {rest} number {i}" for i in range(20) for word, rest in [("free", "money"), ("lunch", "today")]
]


@pytest.fixture
def spam(make_session: Any) -> Any:
    def make(**options: Any) -> Any:
        session = make_session(MAIL, classes=["spam", "ham"], audit=0, **options)
        for text in MAIL[:12]:
            session.label([session.pool.ids[MAIL.index(text)]], "spam" if "free" in text else "ham")
        session.wait()
        return session

    return make


def row_of(session: Any, text: str) -> Any:
    return session.pool.ids[MAIL.index(text)]


@pytest.mark.parametrize("learner", ["auto", "linear"])
def test_the_telling_words_are_named_and_the_parts_add_up(spam: Any, learner: str) -> None:
    session = spam(learner=learner)
    found = session.explain(row_of(session, MAIL[30]))
    assert (found.attrs["guess"], found.attrs["against"], found.attrs["exact"]) == ("spam", "ham", True)
    words = found[found["part"] == "word"].set_index("words")["value"]
    assert words.drop(["free", "money"]).max() < words[["free", "money"]].min()
    told = found[found["part"] != "label"]["value"].sum()
    [row] = session.pool.index([row_of(session, MAIL[30])])
    P = session._loop.background.trainer.proba(row)
    assert told == pytest.approx(float(np.log(P[0] / P[1])), abs=1e-5)
    assert found.attrs["odds"] == pytest.approx(told)
    text = MAIL[30]
    spans = found.dropna(subset=["start"])
    assert all(
        text[int(a) : int(b)] == w for w, a, b in spans[["words", "start", "end"]].itertuples(index=False)
    )


def test_another_class_may_be_asked_about(spam: Any) -> None:
    session = spam()
    there = session.explain(row_of(session, MAIL[30]), against="ham")
    assert there.attrs["against"] == "ham"
    with pytest.raises(InvalidInput, match="is not a class"):
        session.explain(row_of(session, MAIL[30]), against="hamm")
    with pytest.raises(
        InvalidInput, match="The model guesses 'spam' for this item: compare that with another"
    ):
        session.explain(row_of(session, MAIL[30]), against="spam")


@pytest.mark.parametrize(
    "question", [None, hitl.Question.choice(["spam", "ham"])], ids=["classes", "question"]
)
@pytest.mark.parametrize("learner", ["linear", RandomForestClassifier(20, random_state=0)], ids=str)
def test_words_of_several_texts_are_named_with_their_column(
    make_session: Any, question: Any, learner: Any
) -> None:
    table = pd.DataFrame(
        {"text": MAIL, "more": [f"{'buy' if 'free' in t else 'see'} pills {t[-1]}" for t in MAIL]}
    )
    how = {"classes": ["spam", "ham"]} if question is None else {"classes": None, "question": question}
    session = make_session(table, text=["text", "more"], audit=0, learner=learner, **how)
    for i in range(12):
        session.label([session.pool.ids[i]], "spam" if "free" in MAIL[i] else "ham")
    id_ = session.pool.ids[30]
    found = session.explain(id_)
    words = found.query("part == 'word'")["words"].tolist()
    assert words == [
        "text: free",
        "text: money",
        "text: number",
        "text: 15",
        "more: buy",
        "more: pills",
        "more: 5",
    ]
    assert found.attrs["exact"] == (learner == "linear")
    if learner == "linear":
        assert found[found["part"] != "label"]["value"].sum() == pytest.approx(found.attrs["odds"], abs=1e-5)
    assert {"free", "money", "buy"} & set(session.telling_words(3)["words"])
    said = told(session, 30)
    assert not said.places, "where each text is on the card is not known"
    assert all(one.column is None and session.teach.preview(one.word).items for one in said.words)
    with pytest.raises(InvalidInput, match=r"session.teach.strike\('buy'\)"):
        session.teach.strike("more: buy")
    session.teach.strike("buy")
    session.teach.emphasize("money")
    session.wait()
    found = session.explain(id_)
    assert "more: buy" not in found["words"].tolist()
    if learner == "linear":
        assert found[found["part"] != "label"]["value"].sum() == pytest.approx(found.attrs["odds"], abs=1e-5)


def test_telling_words_are_as_many_as_asked_or_say_why(spam: Any, make_session: Any) -> None:
    session = spam(learner="linear")
    assert session.telling_words(np.int64(1)).groupby("label").size().tolist() == [1, 1]
    for n in (0, -1, "3", 2.5, True, None):
        with pytest.raises(InvalidInput, match="expected how many words of each class"):
            session.telling_words(n)
    X = make_session(MAIL, X=np.eye(len(MAIL), dtype=np.float32), classes=["a", "b"], audit=0, task="X")
    for i in range(8):
        X.label([X.pool.ids[i]], "ab"[i % 2])
    with pytest.raises(HitlError, match=r"passed as X=.* Pass the items without X="):
        X.telling_words()
    assert "passed as X=" in X.explain(X.pool.ids[20]).attrs["missing"]
    apart = make_session([f"w{i} v{i}" for i in range(20)], classes=["a", "b"], audit=0, task="apart")
    for i in range(8):
        apart.label([apart.pool.ids[i]], "ab"[i % 2])
    with pytest.warns(RuntimeWarning, match="No words speak for 'a', 'b'"):
        assert apart.telling_words().empty


def test_a_function_reads_the_item_without_each_word(spam: Any) -> None:
    session = spam(
        embed=lambda texts: np.array([[t.count("free"), t.count("lunch")] for t in texts], np.float64)
    )
    found = session.explain(row_of(session, MAIL[30]))
    words = found.query("part == 'word'").set_index("words")["value"]
    assert not found.attrs["exact"]
    assert words["free"] > 0.1
    assert words.drop("free").abs().max() < 1e-9
    assert session.telling_words(1)["words"].tolist() == ["free", "lunch"]


def test_labels_nearby_are_listed_with_their_class(spam: Any) -> None:
    session = spam(learner="graph")
    near = session.explain(row_of(session, MAIL[30])).query("part == 'label'")
    assert len(near) > 0
    assert set(near["label"]) <= {"spam", "ham"}
    assert near["share"].sum() == pytest.approx(1)
    assert set(near["id"]) <= set(session.labels()["id"])


def test_columns_of_a_table_are_named(make_session: Any) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(size=60), "noise": rng.normal(size=60)})
    session = make_session(table, classes=["big", "small"], audit=0, learner="linear")
    for i in range(30):
        session.label([session.pool.ids[i]], "big" if table["size"][i] > 0 else "small")
    row = int(table["size"][30:].abs().idxmax())
    found = session.explain(session.pool.ids[row]).query("part == 'column'")
    values = {one.split(":")[0]: value for one, value in zip(found["words"], found["value"], strict=True)}
    assert abs(values["size"]) > 3 * abs(values["noise"])


def test_features_of_ones_own_are_one_part(make_session: Any) -> None:
    X, y = clouds()
    session = make_session(X, classes=["a", "b"], audit=0, learner="linear")
    for i in range(8):
        session.label([session.pool.ids[i]], str(y[i]))
    parts = session.explain(session.pool.ids[20])["part"].tolist()
    assert "features" in parts
    assert "word" not in parts


def test_a_transformer_of_ones_own_is_followed(spam: Any) -> None:
    found = (session := spam(embed=TfidfVectorizer(), learner="linear")).explain(row_of(session, MAIL[30]))
    assert found.attrs["exact"]
    assert {"free", "money"} <= set(found.sort_values("value")["words"].tail(2))


def test_what_has_no_reasons_is_said(make_session: Any) -> None:
    session = make_session(MAIL, classes=["spam", "ham"])
    with pytest.raises(HitlError, match="no model yet"):
        session.explain(session.pool.ids[0])
    many = make_session(MAIL, classes=None, question=hitl.Question.choices(["spam", "ham"]), task="many")
    many.label([many.pool.ids[0]], ["spam"])
    with pytest.raises(HitlError, match="questions with one class"):
        many.explain(many.pool.ids[0])


def told(session: Any, row: int, codes: tuple[int, ...] = ()) -> m.WhyMessage:
    return why(session._loop, m.Why(view="v", id="1", row=row, codes=codes))


def test_the_card_names_words_and_underlines_them(spam: Any) -> None:
    session = spam(learner="linear")
    [row] = session.pool.index([row_of(session, MAIL[30])])
    said = told(session, row)
    assert (said.code, said.other, said.missing) == (0, 1, "")
    assert {"free", "money"} <= {one.word for one in said.words}
    assert {MAIL[30][one.start : one.end] for one in said.places if one.strength > 0.8} <= {"free", "money"}
    assert sum(abs(one.share) for one in said.parts) == pytest.approx(1, abs=0.01)


def test_a_stale_guess_gives_way_to_that_of_the_model(spam: Any) -> None:
    session = spam(learner="linear")
    [row] = session.pool.index([row_of(session, MAIL[30])])
    assert told(session, row, (1, 0)).code == 0
    assert told(session, row, (0, 99)).code == 0


def test_an_item_that_is_asked_blind_keeps_its_guess_to_itself(spam: Any) -> None:
    session = spam(mode="demonstrate")
    [row] = session.pool.index([row_of(session, MAIL[30])])
    said = told(session, row)
    assert (said.missing, said.code, said.words, said.places) == (BLIND, -1, [], [])


def test_words_beside_the_item_are_masked_and_rows_elsewhere_refused(make_session: Any) -> None:
    mail = [f"{text} to a{i}@b.org" for i, text in enumerate(MAIL)]
    session = make_session(mail, classes=["spam", "ham"], audit=0, mask=True, learner="graph")
    for i in range(12):
        session.label([session.pool.ids[i]], "spam" if i % 2 == 0 else "ham")
    session.wait()
    said = told(session, 30)
    assert "@" not in str(said)
    assert told(session, 999).missing


def test_the_telling_words_of_each_class_come_first(spam: Any) -> None:
    found = spam(learner="linear").telling_words(3)
    best = found.groupby("label")["words"].apply(set)
    assert {"free", "money"} <= best["spam"]
    assert {"lunch", "today"} <= best["ham"]
    assert (found["value"] > 0).all()
    assert (found["items"] <= found["of"]).all()
    assert found.groupby("label").size().max() == 3


def test_the_label_that_turns_a_guess_is_found(make_session: Any) -> None:
    X, y = clouds()
    session = make_session(X, classes=["a", "b"], audit=0, learner="graph")
    for i in range(8):
        session.label([session.pool.ids[i]], str(y[i]))
    found = session.influence(session.pool.ids[20])
    assert set(found["id"]) <= set(session.labels()["id"])
    assert found["change"].abs().is_monotonic_decreasing
    assert set(found["guess"]) <= {"a", "b"}
    # One wrong label beside the item turns its guess, and is the most influential one.
    nearest = int(np.argsort(((X - X[20]) ** 2).sum(axis=1))[1])
    session.label([session.pool.ids[nearest]], "b" if y[20] == "a" else "a")
    turned = session.influence(session.pool.ids[20])
    assert turned["id"][0] == session.pool.ids[nearest]


@pytest.mark.parametrize("method", ["telling_words", "influence"])
def test_without_a_model_there_are_no_reasons(make_session: Any, method: str) -> None:
    session = make_session(MAIL, classes=["spam", "ham"])
    arguments = [session.pool.ids[0]] if method == "influence" else []
    with pytest.raises(HitlError, match="no model yet"):
        getattr(session, method)(*arguments)


def test_what_an_encoder_of_ones_own_reads_is_not_taken_for_what_is_displayed(make_session: Any) -> None:
    pages = pd.DataFrame({"page": [f"<p class='mail'>{text}</p>" for text in MAIL]})
    session = make_session(pages, html="page", classes=["spam", "ham"], audit=0, embed=TfidfVectorizer())
    for i in range(12):
        session.label([session.pool.ids[i]], "spam" if "free" in MAIL[i] else "ham")
    assert {"free", "mail"} <= set(session.explain(session.pool.ids[30])["words"])
    assert told(session, 30).words
    assert not told(session, 30).places


def test_a_conversation_is_not_edited_as_text(make_session: Any) -> None:
    talks = [[{"role": "user", "content": text}, {"role": "bot", "content": "well"}] for text in MAIL]
    session = make_session(talks, kind="conversation", classes=["spam", "ham"])
    with pytest.raises(HitlError, match="Texts and table rows can be edited, and this item is of kind 'conv"):
        session.teach.edit(session.pool.ids[0], "free", "ham")
