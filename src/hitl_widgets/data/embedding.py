"""Features from an embedding that the user passes."""

from __future__ import annotations

import contextlib
import copy
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import Cancelled
from hitl_widgets.data._vectors import CachedVectors
from hitl_widgets.data.matrix import Matrix, check_matrix, reduce_matrix
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.items.base import ItemKind, content_hash
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.pictures import load_image

__all__ = ["Told", "check_embed", "embed_items", "embed_more", "embeds_alone", "fit_embedding"]

BATCH = 256
FEW = 512  # items; so many are embedded in one call
PROBED = 8
SLOW = 2.0  # seconds; what takes longer is cached
EVERY = 10.0  # seconds between two parts of the cache
CHECKED = 4  # cached vectors that are computed again, to recognise another embedding of the same name
# The largest difference of a vector computed twice, relative to the largest value. Encoders pad the texts of
# a batch to the same length, which changes the last digits.
SAME = 1e-3
IntArray = npt.NDArray[np.int64]

PACKAGE = "sentence_transformers"
INSTALL = "pip install sentence-transformers"


@dataclass(frozen=True)
class Told:
    """What a long embedding is told, and tells.

    Attributes
    ----------
    on_progress
        Called with the share that is done.
    cancelled
        Called between batches; returns whether to stop.
    cache
        The cache folder, or None.
    """

    on_progress: Callable[[float], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False
    cache: Path | None = None


def embed_items(items: Sequence[object], embed: Any) -> Matrix:
    """Compute the user's embedding of the items.

    Parameters
    ----------
    items
        n items, as the user gave them.
    embed
        A scikit-learn transformer (``fit_transform``), an encoder (``encode``), a function, or the name or
        folder of a model of sentence-transformers. Each takes the items and returns one row of numbers per
        item.

    Returns
    -------
    float32 (n, d), C-contiguous, finite.

    Raises
    ------
    InvalidInput
        If `embed` cannot be called, or does not return such an array.
    """
    return fit_embedding(items, embed)[0]


def check_embed(embed: Any, kind: ItemKind | None = None) -> None:
    """Raise InvalidInput if ``embed=`` cannot be used for items of this kind, before anything is computed."""
    kind = kind.of if isinstance(kind, ListKind) else kind
    if isinstance(embed, str | os.PathLike):
        if kind is not None and not (kind.reads or kind.tabular or kind.name == "image"):
            raise InvalidInput(
                f"embed={embed!r}: models of sentence-transformers embed texts, rows of tables and images, "
                f"not items of the kind {kind.name!r}. Pass a function (items -> array of shape (n, d))."
            )
        if find_spec(PACKAGE) is None:
            raise InvalidInput(
                f"embed={embed!r} names a model of sentence-transformers, which is not installed: {INSTALL}. "
                "Or pass a function (items -> array of shape (n, d))."
            )
    elif embed is not None and _method(embed) is None and (isinstance(embed, type) or not callable(embed)):
        raise InvalidInput(
            f"embed={embed!r} cannot be called. Pass a function (items -> array of shape (n, d)), an "
            "instance of a scikit-learn transformer, or the name of a model of sentence-transformers."
        )


def fit_embedding(
    items: Sequence[Any], embed: Any, kind: ItemKind | None = None, told: Told | None = None
) -> tuple[Matrix, Any]:
    """Return the result of :func:`embed_items`, and a fitted scikit-learn transformer for new items.

    The transformer is None if ``embed`` is not one or cannot transform new items, such as TSNE. An encoder
    or a function that embeds each item by itself gets them in batches, and what it has computed is cached.
    Others, which depend on all items, get them in one call. A model of sentence-transformers gets the words
    of texts and rows of tables, and images as PIL images.

    Raises
    ------
    InvalidInput
        As :func:`embed_items`.
    HitlError
        If the model cannot be loaded.
    Cancelled
        If ``told.cancelled`` returns True.
    """
    check_embed(embed, kind)
    of = _Items(items, kind, told or Told())
    if _method(embed) == "fit_transform":
        made = embed.fit_transform(items)
        X, reduction = reduce_matrix(made, len(items), f"{type(embed).__name__}.fit_transform(items)")
        return X, _kept(embed, made, reduction, items) if hasattr(embed, "transform") else None
    return _embedded(of, *_call(embed, kind)), None


def embeds_alone(items: Sequence[Any], embed: Any, kind: ItemKind) -> bool:
    """Return whether the vector of an item does not depend on the others, judging by a few."""
    return _method(embed) != "fit_transform" and _independent(
        _Items(items, kind, Told()), _call(embed, kind)[0]
    )


def embed_more(items: Sequence[Any], embed: Any, kind: ItemKind, told: Told) -> Matrix:
    """Return the vectors of further items, if :func:`embeds_alone`."""
    return _embedded(_Items(items, kind, told), *_call(embed, kind))


def _call(embed: Any, kind: ItemKind | None) -> tuple[Callable[[Any], Any], str]:
    """Return the function that embeds items, and its name in the cache."""
    if isinstance(embed, str | os.PathLike):
        return _model(embed, kind), f"{PACKAGE} {version('sentence-transformers')} {os.fspath(embed)}"
    method = _method(embed)
    made_by = type(embed) if method or not hasattr(embed, "__qualname__") else embed
    return embed.encode if method else embed, f"{made_by.__module__}.{made_by.__qualname__}"


def _method(embed: Any) -> str | None:
    """Return the method that embeds items; None for a function, and for a class or a text."""
    if isinstance(embed, type | str | bytes):
        return None
    return next((name for name in ("fit_transform", "encode") if callable(getattr(embed, name, None))), None)


def _model(name: str | os.PathLike[str], kind: ItemKind | None) -> Callable[[Any], Any]:
    """Return the function that embeds items with a model of sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(os.fspath(name))
    except Exception as error:
        raise HitlError(
            f"The model embed={os.fspath(name)!r} could not be loaded ({type(error).__name__}: {error}). "
            "Check its name. It is downloaded once, which needs a network connection; without one, copy its "
            "folder from another machine and pass embed= its path."
        ) from error

    def encode(items: Sequence[Any]) -> Any:
        given: Any = list(items)
        if kind is not None:
            given = [load_image(item) if kind.name == "image" else kind.words(item) for item in items]
        return model.encode(given, show_progress_bar=False, convert_to_numpy=True)

    return encode


@dataclass(frozen=True, eq=False)
class _Items:
    items: Sequence[Any]
    kind: ItemKind | None
    told: Told

    def __len__(self) -> int:
        return len(self.items)

    def at(self, rows: IntArray) -> list[Any]:
        return [self.items[i] for i in rows.tolist()]

    def key(self, item: Any) -> bytes:
        assert self.kind is not None  # noqa: S101 - without a kind nothing is cached
        return content_hash(self.kind, item).encode()

    def cached(self, name: str) -> CachedVectors | None:
        folder = self.told.cache
        return None if folder is None or self.kind is None else CachedVectors(folder, name)


def _embedded(of: _Items, call: Callable[[Any], Any], name: str) -> Matrix:
    """Embed the items, in batches if they are independent of each other."""
    if len(of) <= FEW or not _independent(of, call):
        return check_matrix(call(of.items), len(of), "embed(items)")
    cached = of.cached(name)
    X, done = _from_cache(of, call, cached)
    missing = np.flatnonzero(~done)
    began = written = time.monotonic()
    unsaved = 0
    try:
        for start in range(0, len(missing), BATCH):
            if of.told.cancelled():
                raise Cancelled
            rows = missing[start : start + BATCH]
            made = check_matrix(call(of.at(rows)), len(rows), "embed(items)")
            X = np.zeros((len(of), made.shape[1]), np.float32) if X is None else X
            if made.shape[1] != X.shape[1]:  # it depends on the items after all
                done[:] = False
                return check_matrix(call(of.items), len(of), "embed(items)")
            X[rows] = made
            done[rows] = True
            of.told.on_progress(float(done.mean()))
            now = time.monotonic()
            if now - began > SLOW and now - written > EVERY:
                _save(of, X, missing[unsaved : start + BATCH], cached)
                written, unsaved = now, start + BATCH
    finally:  # after an error or an interrupt, too, so that the next attempt continues here
        if time.monotonic() - began > SLOW:
            rest = missing[unsaved:]
            _save(of, X, rest[done[rest]], cached)
    assert X is not None  # noqa: S101 - there are items
    return X


def _independent(of: _Items, call: Callable[[Any], Any]) -> bool:
    """Whether the vector of an item does not depend on the others, judging by a few."""
    from scipy import sparse

    some = np.linspace(0, len(of) - 1, PROBED).astype(np.int64)
    half = PROBED // 2
    try:
        made, again = call(of.at(some)), call(of.at(some[half:]))
        if sparse.issparse(made):  # of words, most likely
            return False
        whole = check_matrix(made, PROBED, "embed(items)")
        part = check_matrix(again, half, "embed(items)")
    except Exception:  # noqa: BLE001 - such as a PCA of too few rows; an error is raised again for all items
        return False
    return _same(whole[half:], part)


def _same(a: Matrix, b: Matrix) -> bool:
    return a.shape == b.shape and bool(np.abs(a - b).max() <= SAME * max(1e-12, float(np.abs(a).max())))


def _from_cache(
    of: _Items, call: Callable[[Any], Any], cached: CachedVectors | None
) -> tuple[Matrix | None, npt.NDArray[np.bool_]]:
    """Return the cached vectors of the items, and which items have one."""
    done = np.zeros(len(of), np.bool_)
    rows, vectors = cached.read() if cached else ({}, None)
    if cached is None or vectors is None:
        return None, done
    places = np.array([rows.get(of.key(item), -1) for item in of.items])
    known = np.flatnonzero(places >= 0)
    if not len(known):
        return None, done
    some = known[np.linspace(0, len(known) - 1, min(CHECKED, len(known))).astype(int)]
    again = check_matrix(call(of.at(some)), len(some), "embed(items)")
    if not _same(vectors[places[some]], again):
        cached.clear()
        return None, done
    X = np.zeros((len(of), vectors.shape[1]), np.float32)
    X[known] = vectors[places[known]]
    done[known] = True
    return X, done


def _save(of: _Items, X: Matrix | None, rows: IntArray, cached: CachedVectors | None) -> None:
    if cached is not None and X is not None and len(rows):
        cached.write([of.key(item) for item in of.at(rows)], X[rows])


def _kept(transformer: Any, made: Any, reduction: Any, items: Sequence[object]) -> Any:
    """Return a copy of the fitted transformer, followed by the reduction of its output."""
    from sklearn.pipeline import make_pipeline

    with contextlib.suppress(Exception):  # use the original if it cannot be copied
        # The user may refit the original, for example for another session.
        transformer = copy.deepcopy(transformer)
        if hasattr(made, "columns"):  # without column names, which the model would check
            transformer.set_output(transform="default")
    if reduction is not None:
        return make_pipeline(transformer, reduction)
    return _made_dense(transformer, items)


def _made_dense(encoder: Any, items: Sequence[object]) -> Any:
    """Return the fitted encoder, with a step that makes its output dense if it is sparse.

    The model is trained on dense rows, and some models accept no others.
    """
    from scipy import sparse
    from sklearn.decomposition import TruncatedSVD
    from sklearn.pipeline import make_pipeline

    rows: Any = None if encoder is None else encoder.transform(items[:1])
    if not sparse.issparse(rows):
        return encoder
    # Multiply by the identity: TruncatedSVD makes rows dense and can be saved as plain arrays.
    width = rows.shape[1]  # type: ignore[attr-defined]  # missing in scipy's types
    dense = TruncatedSVD(width)
    dense.components_, dense.n_features_in_ = np.eye(width, dtype=np.float32), width
    return make_pipeline(encoder, dense)
