"""What a linear score owes to words and columns: the pieces add up, and name the right places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import Normalizer

from hitl_widgets import datasets
from hitl_widgets.items.features.tables import encode as encode_rows
from hitl_widgets.items.features.telling import pieces_of
from hitl_widgets.items.features.texts import encode as encode_texts

TEXTS = datasets.docstrings()["doc"].tolist()[:250]
SMALL = ["free money now", "meeting at noon", "free lunch at the meeting", "Money, money!", "see you there"]


def slope_of(n: int) -> Any:
    return np.random.default_rng(0).normal(size=n)


@pytest.mark.parametrize(
    "vectorizer",
    [
        TfidfVectorizer(),
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4)),
        TfidfVectorizer(analyzer="char", ngram_range=(2, 3)),
        CountVectorizer(lowercase=False),
        HashingVectorizer(n_features=4096),
    ],
    ids=["words", "pairs", "letters in words", "letters", "counts", "hashed"],
)
def test_the_words_of_a_text_add_up_to_the_score(vectorizer: Any) -> None:
    X = vectorizer.fit_transform(SMALL)
    slope = slope_of(X.shape[1])
    for text in ["free money", "Money money at noon", "the free lunch"]:
        found, exact = pieces_of(vectorizer, text, slope)
        score = float((vectorizer.transform([text]) @ slope)[0])
        spaces = vectorizer.analyzer == "char"  # n-grams that contain spaces
        assert exact
        assert sum(one.value for one in found) == pytest.approx(score, abs=0.7 if spaces else 1e-9)
        assert all(text[one.start : one.end] == one.words for one in found)


def test_a_word_gets_what_its_term_adds() -> None:
    vectorizer = CountVectorizer().fit(SMALL)
    slope = np.zeros(len(vectorizer.vocabulary_))
    slope[vectorizer.vocabulary_["money"]] = 3.0
    found, _ = pieces_of(vectorizer, "Money and more money", slope)
    assert [(one.words, one.value) for one in found] == [
        ("Money", pytest.approx(3)),
        ("and", 0),
        ("more", 0),
        ("money", pytest.approx(3)),
    ]


def test_letters_whose_lower_case_is_longer_keep_their_places() -> None:
    vectorizer = TfidfVectorizer(token_pattern=r"\S+").fit(["İstanbul free", "free"])
    slope = np.zeros(2)
    slope[vectorizer.vocabulary_["free"]] = 1.0
    found, _ = pieces_of(vectorizer, "İİİ free", slope)
    assert {one.words: round(one.value, 9) for one in found} == {"İİİ": 0.0, "free": 1.0}


def test_the_features_of_the_session_are_followed_back() -> None:
    X, encoder = encode_texts(TEXTS)
    slope = slope_of(X.shape[1])
    steps = [step for _, step in encoder.steps]
    for text in (TEXTS[0], TEXTS[17], "never seen words", ""):
        found, exact = pieces_of(encoder, text, slope)
        assert exact
        score = float(encoder.transform([text])[0] @ slope)
        union = next(step for step in steps if isinstance(step, FeatureUnion))
        meaning = dict(union.transformer_list).get("meaning")
        if meaning is None:  # else the meaning of the whole text is the rest
            assert sum(one.value for one in found) == pytest.approx(score, abs=1e-5)
        if text == TEXTS[0]:
            assert max(abs(one.value) for one in found) > 0.01


def test_words_and_meaning_add_up_exactly_without_centering() -> None:
    words = make_pipeline(TfidfVectorizer(), TruncatedSVD(8, random_state=0), Normalizer())
    letters = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3)), TruncatedSVD(8), Normalizer()
    )
    both = FeatureUnion([("words", words), ("letters", letters)], transformer_weights={"letters": 0.5})
    encoder = make_pipeline(both, TruncatedSVD(6), Normalizer()).fit(TEXTS)
    slope = slope_of(6)
    for text in TEXTS[:5]:
        found, exact = pieces_of(encoder, text, slope)
        assert exact
        punctuation = float(encoder.transform([text])[0] @ slope) - sum(one.value for one in found)
        assert abs(punctuation) < 0.2
    plain = "free of any sign"
    found, _ = pieces_of(encoder, plain, slope)
    assert sum(one.value for one in found) == pytest.approx(
        float(encoder.transform([plain])[0] @ slope), abs=1e-9
    )


def test_an_encoder_that_cannot_be_followed_is_read_without_each_word() -> None:
    class Lengths:
        def transform(self, texts: list[str]) -> Any:
            return np.array([[float(len(text))] for text in texts])

    found, exact = pieces_of(Lengths(), "free lunch", np.array([2.0]))
    assert not exact
    assert [(one.words, one.value) for one in found] == [("free", 8.0), ("lunch", 10.0)]
    whitened = make_pipeline(TfidfVectorizer(), TruncatedSVD(3), PCA(2, whiten=True)).fit(SMALL)
    assert not pieces_of(whitened, "free lunch", np.ones(2))[1]


def test_columns_of_a_table_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    n = 80
    table: dict[str, Any] = {
        "age": rng.integers(18, 80, n).tolist(),
        "gap": [None if i % 5 == 0 else float(i) for i in range(n)],
        "town": rng.choice(["Rome", "Oslo"], n).tolist(),
        "about": [TEXTS[i][:200] for i in range(n)],
    }
    X, encoder = encode_rows(table)
    slope = slope_of(X.shape[1])
    row = {name: values[7] for name, values in table.items()}
    found, exact = pieces_of(encoder, row, slope)
    assert exact
    assert {one.column for one in found} == {"age", "gap", "town", "about"}
    whole = {one.column: one.words for one in found if one.start is None}
    assert whole == {"age": str(row["age"]), "gap": str(row["gap"]), "town": row["town"]}
    # Another age changes the score only by what the age adds.
    other = {**row, "age": 19 if row["age"] != 19 else 20}
    again, _ = pieces_of(encoder, other, slope)
    change = float((encoder.transform([other]) - encoder.transform([row]))[0] @ slope)
    by_age = [next(one.value for one in some if one.column == "age") for some in (found, again)]
    assert by_age[1] - by_age[0] == pytest.approx(change, abs=1e-5)


WORDY = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3)).fit(TEXTS)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40))
def test_any_text_is_taken(text: str) -> None:
    found, exact = pieces_of(WORDY, text, slope_of(len(WORDY.vocabulary_)))
    assert exact
    assert all(text[one.start : one.end] == one.words for one in found)
    assert all(np.isfinite(one.value) for one in found)
