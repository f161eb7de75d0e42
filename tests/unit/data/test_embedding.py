"""Embeddings that the user passes: in batches, cached by content, continued after an interrupt."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from hitl_widgets import Session
from hitl_widgets.background.children import Cancelled
from hitl_widgets.data import embedding
from hitl_widgets.data.embedding import BATCH, FEW, Told, fit_embedding
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.base import kind_of

TEXTS = [f"text number {i}" for i in range(FEW + 3 * BATCH)]
TEXT = kind_of("text")


def vectors(items: list[str], factor: float = 1.0) -> Any:
    return factor * np.array([[len(item), int(item.rpartition(" ")[2]), 1.0] for item in items])


class Counting:
    """An embedding that notes how many items it was called with, and may fail after some."""

    def __init__(self, factor: float = 1.0, most: int = 10**9) -> None:
        self.calls: list[int] = []
        self.factor, self.most = factor, most

    def __call__(self, items: list[str]) -> Any:
        if sum(self.calls) + len(items) > self.most:
            raise OSError("the model is away")
        self.calls.append(len(items))
        return vectors(items, self.factor)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is embedded takes long enough to be cached."""
    monkeypatch.setattr(embedding, "SLOW", -1.0)
    monkeypatch.setattr(embedding, "EVERY", -1.0)


def test_independent_items_come_in_batches_and_tell_how_far_they_are() -> None:
    embed, shares = Counting(), list[float]()
    X, encoder = fit_embedding(TEXTS, embed, TEXT, Told(on_progress=shares.append))
    np.testing.assert_allclose(X, vectors(TEXTS))
    assert encoder is None
    assert max(embed.calls) == BATCH
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize(
    "depends",
    [
        lambda items: vectors(items) - vectors(items).mean(axis=0),
        lambda items: TfidfVectorizer().fit_transform(items),
        lambda items: vectors(TEXTS)[: len(items)],
        lambda items: np.arange(len(items))[:, None],
        lambda items: np.full((len(items), 1), len(items)),
    ],
    ids=["centred", "a vocabulary", "not of the items", "numbered", "their number"],
)
def test_what_depends_on_all_items_is_called_with_all_of_them(depends: Any) -> None:
    calls: list[int] = []

    def embed(items: list[str]) -> Any:
        calls.append(len(items))
        return depends(items)

    X, _ = fit_embedding(TEXTS, embed, TEXT)
    assert len(X) == len(TEXTS)
    assert calls[-1] == len(TEXTS)
    assert len(calls) <= 3


def test_few_items_are_embedded_in_one_call() -> None:
    embed = Counting()
    fit_embedding(TEXTS[:FEW], embed, TEXT)
    assert embed.calls == [FEW]


@pytest.mark.usefixtures("slow")
def test_vectors_are_cached_by_content(tmp_path: Path) -> None:
    told = Told(cache=tmp_path)
    X, _ = fit_embedding(TEXTS, Counting(), TEXT, told)
    again, more = Counting(), [*TEXTS[::-1], "a new text 7"]
    Y, _ = fit_embedding(more, again, TEXT, told)
    np.testing.assert_array_equal(Y[:-1], X[::-1])
    np.testing.assert_allclose(Y[-1:], vectors(more[-1:]))
    assert sum(again.calls) < 20


@pytest.mark.usefixtures("slow")
def test_another_embedding_of_the_same_name_does_not_get_cached_vectors(tmp_path: Path) -> None:
    told = Told(cache=tmp_path)
    fit_embedding(TEXTS, Counting(), TEXT, told)
    X, _ = fit_embedding(TEXTS, Counting(factor=2.0), TEXT, told)
    np.testing.assert_allclose(X, vectors(TEXTS, 2.0))


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("how", ["it fails", "it is cancelled", "the kernel is interrupted"])
def test_an_embedding_continues_where_it_stopped(tmp_path: Path, how: str) -> None:
    first = Counting()
    stop = {"it fails": OSError, "it is cancelled": Cancelled, "the kernel is interrupted": KeyboardInterrupt}

    def progress(share: float) -> None:
        if how == "the kernel is interrupted" and share > 0.5:
            raise KeyboardInterrupt

    if how == "it fails":
        first.most = 2 * BATCH + 50
    done: list[float] = []
    told = Told(
        on_progress=lambda share: (done.append(share), progress(share)),  # type: ignore[arg-type, func-returns-value]
        cancelled=lambda: how == "it is cancelled" and len(done) > 1,
        cache=tmp_path,
    )
    with pytest.raises(stop[how]):
        fit_embedding(TEXTS, first, TEXT, told)
    again = Counting()
    X, _ = fit_embedding(TEXTS, again, TEXT, Told(cache=tmp_path))
    np.testing.assert_allclose(X, vectors(TEXTS))
    assert sum(again.calls) <= len(TEXTS) - 2 * BATCH + 50


@pytest.mark.usefixtures("slow")
def test_damaged_caches_are_left_out(tmp_path: Path) -> None:
    fit_embedding(TEXTS, Counting(), TEXT, Told(cache=tmp_path))
    parts = sorted(tmp_path.rglob("*.npz"))
    assert len(parts) > 1
    parts[0].write_bytes(b"nothing")
    X, _ = fit_embedding(TEXTS, Counting(), TEXT, Told(cache=tmp_path))
    np.testing.assert_allclose(X, vectors(TEXTS))


def test_fast_embeddings_are_not_cached(tmp_path: Path) -> None:
    fit_embedding(TEXTS, Counting(), TEXT, Told(cache=tmp_path))
    assert not list(tmp_path.rglob("*.npz"))


def test_what_turns_out_to_depend_on_all_items_is_called_with_all_of_them() -> None:
    def embed(items: list[str]) -> Any:
        return np.ones((len(items), 2 if "text number 300" in items else 3)) * vectors(items)[:, :1]

    X, _ = fit_embedding(TEXTS, embed, TEXT)
    assert X.shape == (len(TEXTS), 2)


# -- models by name ------------------------------------------------------------------------------------


class Model:
    """Stands in for sentence_transformers.SentenceTransformer."""

    def __init__(self, name: str) -> None:
        if name == "nowhere":
            raise OSError("We couldn't connect")

    def encode(self, items: list[Any], **how: Any) -> Any:
        assert how == {"show_progress_bar": False, "convert_to_numpy": True}
        return np.array([[len(x), 1] if isinstance(x, str) else x.size for x in items], np.float32)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = Model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    monkeypatch.setattr(embedding, "find_spec", lambda name: name)
    monkeypatch.setattr(embedding, "version", lambda name: "5.0")


@pytest.mark.usefixtures("package")
def test_a_model_is_loaded_by_name() -> None:
    X, _ = fit_embedding(TEXTS[:3], "all-small", TEXT)
    np.testing.assert_allclose(X, [[len(text), 1] for text in TEXTS[:3]])
    X, _ = fit_embedding([{"a": "x", "b": 1}], Path("folder") / "model", kind_of("table"))
    assert X.shape == (1, 2)
    X, _ = fit_embedding([np.zeros((4, 5), np.uint8)], "clip", kind_of("image"))
    np.testing.assert_allclose(X, [[5, 4]])


@pytest.mark.usefixtures("package")
def test_a_model_that_cannot_be_loaded_says_what_to_do() -> None:
    with pytest.raises(HitlError, match=r"'nowhere' could not be loaded \(OSError: We couldn't.*network"):
        fit_embedding(TEXTS, "nowhere", TEXT)
    with pytest.raises(InvalidInput, match="not items of the kind 'audio'"):
        fit_embedding([b""], "all-small", kind_of("audio"))


def test_a_model_without_its_package_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "find_spec", lambda _: None)
    with pytest.raises(InvalidInput, match="not installed: pip install sentence-transformers"):
        Session(["x", "y"], classes=["a", "b"], store=":memory:", embed="all-MiniLM-L6-v2")


@pytest.mark.parametrize("wrong", [3, TfidfVectorizer, b"name"])
def test_what_cannot_embed_is_refused_at_once(wrong: object) -> None:
    with pytest.raises(InvalidInput, match=r"cannot be called\. Pass a function"):
        Session(["x", "y"], classes=["a", "b"], store=":memory:", embed=wrong)
