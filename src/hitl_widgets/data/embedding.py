"""Features from an embedding that the user passes."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from hitl_widgets.data.matrix import Matrix, check_matrix, reduce_matrix
from hitl_widgets.errors import InvalidInput

__all__ = ["embed_items", "fit_embedding"]


def embed_items(items: Sequence[object], embed: Any) -> Matrix:
    """Compute the user's embedding of the items.

    Parameters
    ----------
    items
        n items, as the user gave them.
    embed
        A scikit-learn transformer (``fit_transform``), an encoder (``encode``, as in
        sentence-transformers) or a function. Each takes the items and returns one row of numbers per
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


def fit_embedding(items: Sequence[object], embed: Any) -> tuple[Matrix, Any]:
    """Return the result of :func:`embed_items`, and a fitted scikit-learn transformer for new items.

    The transformer is None if ``embed`` is not one or cannot transform new items, such as TSNE.
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
