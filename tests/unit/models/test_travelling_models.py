"""The exported model predicts new items like those of the pool, for all kinds of features."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.models.files import load_model, save_model
from hitl_widgets.races.simulate import simulate
from hitl_widgets.session import Session

Make = Callable[..., Session]

N = 60
FEW = [f"{'spam' if i % 2 else 'ham'} number {i % 7}" for i in range(N)]
MANY = [f"{'spam' if i % 2 else 'ham'} word{i} tok{i}x other{i}" for i in range(400)]
NEW = ["spam number 3", "ham number 3"]
ROWS = pd.DataFrame(
    {"size": np.arange(N) / N, "kind": ["b", "a"] * (N // 2), "id": [f"k{i}" for i in range(N)]}
)
IMAGES = [np.full((8, 8), (i % 2) * 150 + i, np.uint8) for i in range(N)]


class Lengths(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Returns a dense pandas table for texts."""

    def fit(self, X: Any, y: Any = None) -> Lengths:
        self.mean_ = np.mean([len(x) for x in X])
        return self

    def transform(self, X: Any) -> Any:
        return pd.DataFrame({"length": [len(x) - self.mean_ for x in X], "spam": ["spam" in x for x in X]})

    def get_feature_names_out(self, names: Any = None) -> Any:
        return np.array(["length", "spam"], object)


class Encoder:
    def encode(self, items: Any) -> Any:
        return np.array([[len(x), "spam" in x] for x in items], float)


class Trap(Encoder):
    """Its features are those of ``encode``; its ``transform`` does something else."""

    def transform(self, items: Any) -> Any:
        return np.ones((len(items), 7))


def taught(make_session: Make, data: Any, **options: Any) -> Session:
    session = make_session(data, **options)
    for i in range(0, len(session.pool), 3):
        session.label(session.pool.ids[i], "ab"[i % 2])
    return session


def near(found: Any, expected: Any) -> None:
    dense = found.toarray() if sparse.issparse(found) else np.asarray(found, float)
    np.testing.assert_allclose(dense, expected, atol=1e-4)


TAKES_ITEMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "few words": (FEW, {}),
    "many words": (MANY, {}),
    "dense": (FEW, {"embed": make_pipeline(CountVectorizer(), TruncatedSVD(2))}),
    "a table of numbers": (FEW, {"embed": Lengths()}),
    "sparse": (FEW, {"embed": CountVectorizer()}),
    "sparse, wide": (MANY, {"embed": TfidfVectorizer()}),
    "sparse, wide, in a pipeline": (MANY, {"embed": make_pipeline(CountVectorizer(), MaxAbsScaler())}),
    "hashed": (MANY, {"embed": HashingVectorizer(n_features=2**12)}),
    "pandas output": (
        FEW,
        {"embed": make_pipeline(Lengths(), StandardScaler()).set_output(transform="pandas")},
    ),
    "images": (IMAGES, {}),
    "tables": (ROWS, {}),
    "rows": (ROWS[["size", "kind"]], {"embed": DictVectorizer()}),
    "rows, scaled": (ROWS[["size", "kind"]], {"embed": make_pipeline(DictVectorizer(), MaxAbsScaler())}),
    "rows, wide": (pd.concat([ROWS] * 3, ignore_index=True).assign(id=[f"k{i}" for i in range(180)]),
                   {"embed": DictVectorizer()}),
}  # fmt: skip


@pytest.mark.parametrize("learner", ["linear", GaussianNB()], ids=["linear", "GaussianNB"])
@pytest.mark.parametrize("way", TAKES_ITEMS)
def test_it_takes_new_items_as_they_are(make_session: Make, tmp_path: Path, way: str, learner: Any) -> None:
    data, options = TAKES_ITEMS[way]
    session = taught(make_session, data, learner=learner, **options)
    items, model = session.pool.items[:], session.model()
    near(model[:-1].transform(items), session.features)
    told = model[-1].predict(session.features)
    assert model.predict(items).tolist() == told.tolist()
    assert np.mean(told == np.array(["a", "b"])[np.arange(len(items)) % 2]) > 0.9
    if way not in {"a table of numbers", "pandas output"}:  # these need code of the user
        loaded = load_model(session.save_model(tmp_path / "m.npz"))
        assert loaded.predict(items).tolist() == told.tolist()
        if session.pool.kind == "text":
            assert loaded.predict(NEW).tolist() == ["b", "a"]


def test_texts_that_say_nothing_have_a_model_too(make_session: Make, tmp_path: Path) -> None:
    blank = pd.DataFrame({"text": ["", "  ", "\n"] * 3, "id": range(9)})
    session = make_session(blank, text="text", id="id")
    session.label(range(5), "a")
    session.label([6, 7], "b")
    loaded = load_model(session.save_model(tmp_path / "m.npz"))
    assert session.model().predict(["x", ""]).tolist() == loaded.predict(["x", ""]).tolist() == ["a", "a"]


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_of_markup_it_takes_the_visible_text(make_session: Make, kind: str) -> None:
    table = pd.DataFrame({"page": [f"<b>{t}</b>" if kind == "html" else f"**{t}**" for t in FEW]})
    session = taught(make_session, table, **{kind: "page"})
    near(session.model()[:-1].transform(session.pool.texts), session.features)
    assert session.model().predict(NEW).tolist() == ["b", "a"]


ROWS_LIKE_FEATURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "a function": (FEW, {"embed": Encoder().encode}),
    "an encoder": (FEW, {"embed": Encoder()}),
    "an encoder with a transform of another kind": (FEW, {"embed": Trap()}),
    "X": (FEW, {"X": Encoder().encode(FEW)}),
    "sparse X": (FEW, {"X": sparse.csr_array(Encoder().encode(FEW))}),
    "rows of numbers": (Encoder().encode(FEW) + np.arange(N)[:, None] / N, {}),
}


@pytest.mark.parametrize("way", ROWS_LIKE_FEATURES)
def test_it_takes_rows_like_features_and_the_docstring_says_so(make_session: Make, way: str) -> None:
    data, options = ROWS_LIKE_FEATURES[way]
    session = taught(make_session, data, **options)
    model, X = session.model(), session.features
    assert model.n_features_in_ == X.shape[1]
    right = model.predict(X) == np.array(["a", "b"])[np.arange(len(X)) % 2]
    assert right.mean() > 0.9
    assert "Otherwise it takes rows like :attr:`features`" in " ".join(str(Session.model.__doc__).split())


@pytest.mark.parametrize("data", [MANY, np.arange(400.0)[:, None]], ids=["texts", "rows"])
def test_of_a_wide_sparse_matrix_it_takes_rows_like_it(make_session: Make, tmp_path: Path, data: Any) -> None:
    X = CountVectorizer().fit(MANY)
    session = taught(make_session, data, X=X.transform(MANY))
    model = session.model()
    near(model[:-1].transform(X.transform(MANY)), session.features)
    assert model.predict(X.transform(NEW)).tolist() == ["b", "a"]
    assert load_model(session.save_model(tmp_path / "m.npz")).predict(X.transform(NEW)).tolist() == ["b", "a"]


def test_names_of_columns_that_are_no_texts_are_not_saved(tmp_path: Path) -> None:
    embed = DictVectorizer().fit([{1: 0.5, 2: 0.1}])
    with pytest.raises(HitlError, match="A DictVectorizer with names that are not texts cannot be saved"):
        save_model(embed, tmp_path / "m.npz")


def test_a_transformer_that_is_fitted_again_changes_no_model(make_session: Make) -> None:
    embed = TfidfVectorizer()
    session = taught(make_session, FEW, embed=embed)
    before = session.model().predict_proba(FEW)
    embed.fit(["quite", "another", "language"])
    np.testing.assert_allclose(session.model().predict_proba(FEW), before, rtol=1e-9)


@pytest.mark.parametrize("held", ["array", "X", "pool"])
def test_a_wide_sparse_test_set_is_reduced_as_the_pool_was(held: str) -> None:
    """With its own SVD, its columns would have another meaning, although their number is the same."""
    rng = np.random.default_rng(0)
    X = sparse.csr_array(
        np.where(rng.random((400, 500)) < 0.02, rng.random((400, 500)), 0)
    ) + sparse.csr_array(
        np.where(np.arange(400)[:, None] % 2, np.arange(500) % 2, np.arange(500) % 2 == 0) * 0.2
    )
    y = np.arange(400) % 2
    pool, more = {
        "array": (X[:200], {}),
        "X": ([f"text {i}" for i in range(200)], {"X": X[:200]}),
        "pool": (Pool.from_data([f"text {i}" for i in range(200)], X=X[:200]), {}),
    }[held]
    options: dict[str, Any] = {"learners": ["linear"], "budget": 20, "repeats": 1, "at": [20], "n_jobs": 1}
    options |= {"progress": False, "graph": False, "strategies": ["random"]} | more
    for X_test in (X[200:], X[200:].toarray()):
        found = simulate(pool, y[:200], test=(X_test, y[200:]), **options).frame
        assert found["test_accuracy"].tolist() == [1.0]
    with pytest.raises(InvalidInput, match="X_test has 400 columns, but the pool has 500"):
        simulate(pool, y[:200], test=(X[200:, :400], y[200:]), **options)
    dense = simulate(X[:200].toarray(), y[:200], test=(X[200:], y[200:]), **{**options, "X": None}).frame
    assert dense["test_accuracy"].tolist() == [1.0]
