"""Items to numbers by an embedding that the user brings."""

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

    None where ``embed`` is not a transformer, or one that cannot transform new items, such as TSNE.
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
