"""Features of table rows.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import Cancelled
from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.items.base import Features
from hitl_widgets.items.base import is_missing as cell_is_missing
from hitl_widgets.items.features._stateless import Stateless
from hitl_widgets.items.features.texts import Dense
from hitl_widgets.items.features.texts import encode as encode_texts

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Categories", "Cell", "Gaps", "Numbers", "TableRows", "encode"]

# The attributes saved in a model file: see models/estimators.py.
ESTIMATORS: dict[str, dict[str, str]] = {
    "TableRows": {},
    "Numbers": {"quantiles_": "d q", "mean_": "d", "scale_": "d", "score_scale_": "d"},
    "Gaps": {},
    "Categories": {"vocabulary_": "terms d"},
    "Cell": {},
}

FEW, MANY = 20, 100  # distinct strings: up to FEW are always categories, up to MANY in large tables
TEXT_DIM = 64
QUANTILES = 101  # odd, so that the median is one of them
FARTHEST = 4.0  # standard deviations from the mean at which numbers are clipped
EDGE = 3.0  # at which normal scores are clipped
PER_TEXT = 2  # numeric columns that have the weight of one text column
MOST_WEIGHT = 3.0
LARGEST = 1e100  # so that the variance is finite
PLAIN = {float, bool, type(None)}
Numeric = npt.NDArray[np.float64]
Table = Mapping[Any, Sequence[Any]]


def encode(
    columns: Table,
    *,
    random_state: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    meaning: bool = True,
) -> tuple[Features, Pipeline]:
    """Compute features of a table's rows, and return them with the fitted scikit-learn transformer.

    Numbers, booleans and dates become the sum, with equal weight, of their rank in the column as a normal
    score and their distance from the mean, scaled to mean 0 and variance 1. Missing values become the
    median, with an indicator column. Strings with few distinct values get one column for each value. Other
    strings are encoded by :func:`~hitl_widgets.items.features.texts.encode`, with more weight if there are
    many numeric columns.

    Parameters
    ----------
    columns
        Mapping from names to values, all of the same length; None, NaN and NaT are missing.
    on_progress, cancelled, meaning
        See :func:`~hitl_widgets.items.features.texts.encode`.

    Returns
    -------
    X
        float32 (n, d), finite.
    encoder
        A ``Pipeline`` that transforms tables or lists of dicts with the same columns.

    Raises
    ------
    InvalidInput
        If there is no column, or columns have different lengths.
    Cancelled
        If ``cancelled`` returns True.
    """
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import StandardScaler

    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise InvalidInput(
            f"A table needs one or more columns of the same length; these have {lengths}. "
            "List the columns to learn from in columns=[...]."
        )
    numbers, gaps, categories, texts = _kinds(columns)
    parts: list[tuple[str, Any, float]] = []
    blocks: list[Any] = []

    def add(name: str, part: Any, weight: float = 1.0, X: Any = None) -> None:
        if cancelled():
            raise Cancelled("Reading the table was cancelled.")
        parts.append((name, part, weight))
        blocks.append(weight * (part.transform(columns) if X is None else X))

    if numbers:
        add("numbers", make_pipeline(Numbers(numbers), StandardScaler()).fit(columns))
    if gaps:
        add("gaps", make_pipeline(Gaps(gaps), StandardScaler()).fit(columns))
    if categories:
        add("categories", Categories(categories).fit(columns))
    weight = float(np.clip(np.sqrt(len(numbers) / PER_TEXT), 1, MOST_WEIGHT))
    for i, name in enumerate(texts):

        def told(share: float, done: int = i) -> None:
            on_progress((done + share) / len(texts))

        values = Cell(name).transform(columns)
        X, encoder = encode_texts(
            values,
            dim=TEXT_DIM,
            random_state=random_state,
            on_progress=told,
            cancelled=cancelled,
            meaning=meaning,
        )
        if X.any():
            steps = [step for _, step in encoder.steps]
            add(f"text {i}", make_pipeline(Cell(name), *steps), weight, X)
    if not parts:  # only empty texts: all rows look the same
        add("gaps", make_pipeline(Gaps(list(columns)), StandardScaler()).fit(columns))
    union = FeatureUnion(
        [(name, part) for name, part, _ in parts],
        transformer_weights={name: weight for name, _, weight in parts},
    )
    X = np.ascontiguousarray(np.hstack(blocks), np.float32)
    return X, make_pipeline(TableRows(list(columns)), union, Dense())


def _kinds(columns: Table) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Return the names of the numeric columns, those of them with gaps, categorical and text columns."""
    numbers: list[Any] = []
    gaps: list[Any] = []
    categories: list[Any] = []
    texts: list[Any] = []
    for name, values in columns.items():
        give_way()
        if (found := as_numbers(values)) is not None:
            numbers.append(name)
            if 0 < np.isnan(found).sum() < len(found):
                gaps.append(name)
            continue
        few = max(FEW, min(MANY, len(values) // 50))
        (categories if len(set(map(_word, values))) <= few else texts).append(name)
    return numbers, gaps, categories, texts


def _word(value: object) -> str:
    return "" if is_missing(value) else str(value)


def as_numbers(values: Sequence[object]) -> Numeric | None:
    """Convert numbers, dates and durations to float64, NaN if missing; None if there are other values."""
    out = np.full(len(values), np.nan)
    plain = {*map(type, values)} <= PLAIN
    if plain:  # ten times as fast as one by one
        out[:] = np.array(values, np.float64)
    for i, value in enumerate(() if plain else values):
        if is_missing(value):
            continue
        if isinstance(value, date | time | timedelta | np.datetime64 | np.timedelta64):
            out[i] = _seconds(value)
        elif isinstance(value, str | bytes):
            return None
        else:
            try:
                out[i] = float(value)  # type: ignore[arg-type]  # anything with __float__
            except OverflowError:
                out[i] = np.inf if value > 0 else -np.inf  # type: ignore[operator]
            except (TypeError, ValueError):
                return None
    return np.where(np.isinf(out), out, np.clip(out, -LARGEST, LARGEST))


def _seconds(moment: Any) -> float:
    if isinstance(moment, timedelta):
        return moment.total_seconds()
    if isinstance(moment, np.timedelta64):
        return float(moment / np.timedelta64(1, "s"))
    if isinstance(moment, time):
        return moment.hour * 3_600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    if isinstance(moment, datetime):
        return moment.timestamp() if moment.tzinfo else moment.replace(tzinfo=UTC).timestamp()
    return float(np.datetime64(moment).astype("datetime64[s]").astype(np.int64))


def is_missing(value: object) -> bool:
    """Return whether a value is None, NaN, NaT or pandas.NA, including NumPy scalars."""
    return cell_is_missing(value) or (isinstance(value, np.generic) and bool(value != value))  # noqa: PLR0124


class _OfColumns(Stateless):
    """A base class for transformers of named columns of a table."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"columns": [list]}

    def __init__(self, columns: list[Any] | tuple[Any, ...] = ()) -> None:
        self.columns = columns


class TableRows(_OfColumns):
    """Transform the user's rows into the values of each column that the model learned from.

    Parameters
    ----------
    columns
        Their names.
    """

    def transform(self, X: Any) -> dict[Any, list[Any]]:
        """Return the columns of a pandas, polars or Arrow table, a list of dicts, or a dict of columns.

        Raises
        ------
        InvalidInput
            If a column is missing, or ``X`` is none of these.
        """
        names, values = _table(X)
        if missing := [name for name in self.columns if name not in names]:
            raise InvalidInput(
                f"The model needs the columns {choices(self.columns, 30)}, and these rows lack "
                f"{choices(missing)}.{nearest(str(missing[0]), [str(n) for n in names])} Add them, with None "
                "where a value is unknown."
            )
        return {name: list(values(name)) for name in self.columns}


def _table(X: Any) -> tuple[Sequence[Any], Callable[[Any], Sequence[Any]]]:
    """Return the column names, and a function that returns the values of a column."""
    if isinstance(X, Mapping):
        if all(isinstance(values, Sequence | np.ndarray) and not isinstance(values, str | bytes)
               for values in X.values()):  # fmt: skip
            return list(X), X.__getitem__
    elif isinstance(X, list | tuple | np.ndarray) and len(X) and all(isinstance(row, Mapping) for row in X):
        return list({name: None for row in X for name in row}), lambda name: [row.get(name) for row in X]
    else:
        try:
            table = nw.from_native(X, eager_only=True)
        except TypeError:
            pass
        else:
            return table.columns, lambda name: table.get_column(name).to_list()
    raise InvalidInput(
        f"A {type(X).__name__} is not a table: expected a pandas, polars or Arrow table, or a list of dicts."
    )


class Numbers(_OfColumns):
    """Transform numbers, booleans and dates into numbers that are robust to outliers and skew.

    The result combines the normal score from the column's quantiles and the distance from its mean in equal
    parts. Missing values become the median.

    Parameters
    ----------
    columns
        Their names.

    Attributes
    ----------
    quantiles_
        float64 (n_columns, 101).
    mean_, scale_, score_scale_
        float64 (n_columns,): mean and scale of the values, and scale of their normal scores.
    """

    quantiles_: Numeric
    mean_: Numeric
    scale_: Numeric
    score_scale_: Numeric

    def fit(self, X: Table, y: Any = None) -> Numbers:  # noqa: ARG002 - scikit-learn's signature
        """Learn the columns' quantiles, means and standard deviations."""
        steps = np.linspace(0, 1, QUANTILES)
        # Infinite values are ignored here, and clipped like the largest values in transform.
        found = [values[np.isfinite(values)] for values in self._values(X)]
        found = [values if len(values) else np.zeros(1) for values in found]
        self.quantiles_ = np.array([np.quantile(values, steps) for values in found])
        self.mean_ = np.array([values.mean() for values in found])
        self.scale_ = np.array([values.std() or 1.0 for values in found])
        scores = [_normal_scores(v, q) for v, q in zip(found, self.quantiles_, strict=True)]
        self.score_scale_ = np.array([score.std() or 1.0 for score in scores])
        return self

    def transform(self, X: Table) -> Numeric:
        """Return finite numbers, float64 (n, n_columns).

        Raises
        ------
        InvalidInput
            If a value is not a number, not a date and not missing.
        """
        out = []
        for i, values in enumerate(self._values(X)):
            quantiles = self.quantiles_[i]
            known = np.where(np.isnan(values), quantiles[QUANTILES // 2], values)
            far = np.clip((known - self.mean_[i]) / self.scale_[i], -FARTHEST, FARTHEST)
            out.append(far + _normal_scores(known, quantiles) / self.score_scale_[i])
        return np.column_stack(out)

    def _values(self, X: Table) -> list[Numeric]:
        return [_numbers(name, X[name]) for name in self.columns]


def _numbers(name: Any, values: Sequence[Any]) -> Numeric:
    found = as_numbers(values)
    if found is not None:
        return found
    row = next(i for i, value in enumerate(values) if as_numbers([value]) is None)
    raise InvalidInput(
        f"Column {name!r}: the model learned from numbers or dates, but row {row} has {values[row]!r:.80}. "
        "Convert the column, for example with pandas.to_numeric, or pass None where a value is unknown."
    )


def _normal_scores(values: Numeric, quantiles: Numeric) -> Numeric:
    """Map the ranks of values among the quantiles to the standard normal distribution."""
    from scipy.special import ndtri

    scores = np.clip(ndtri(np.linspace(0, 1, len(quantiles))), -EDGE, EDGE)
    steps, inverse, counts = np.unique(quantiles, return_inverse=True, return_counts=True)
    # A frequent value may equal several quantiles; it gets their mean score.
    return np.interp(values, steps, np.bincount(inverse, scores) / counts)


class Gaps(_OfColumns):
    """Indicate which values of the columns are missing.

    Parameters
    ----------
    columns
        Their names.
    """

    def transform(self, X: Table) -> Numeric:
        """Return 1 for missing values and 0 for others, float64 (n, n_columns)."""
        rows = [[float(is_missing(value)) for value in X[name]] for name in self.columns]
        return np.array(rows, np.float64).T


class Categories(_OfColumns):
    """Encode columns of strings as one column of 0 and 1 for each value; a new value becomes zeros.

    Parameters
    ----------
    columns
        Their names.

    Attributes
    ----------
    vocabulary_
        Mapping from ``"<input column>=<value>"``, with the number of the column, to the output column.
    """

    vocabulary_: dict[str, int]

    def fit(self, X: Table, y: Any = None) -> Categories:  # noqa: ARG002 - scikit-learn's signature
        """Learn the distinct values."""
        terms: list[str] = []
        for i, name in enumerate(self.columns):
            terms += [f"{i}={word}" for word in sorted(set(map(_word, X[name])))]
        self.vocabulary_ = {term: at for at, term in enumerate(terms)}
        return self

    def transform(self, X: Table) -> Features:
        """Return the encoded values, float32 (n, n_values)."""
        n = len(X[self.columns[0]]) if len(self.columns) else 0
        out = np.zeros((n, len(self.vocabulary_)), np.float32)
        for i, name in enumerate(self.columns):
            for row, value in enumerate(X[name]):
                if (at := self.vocabulary_.get(f"{i}={_word(value)}")) is not None:
                    out[row, at] = 1
        return out


class Cell(Stateless):
    """Select the values of one column.

    Parameters
    ----------
    column
        Its name.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"column": "no_validation"}

    def __init__(self, column: Any = "") -> None:
        self.column = column

    def transform(self, X: Table) -> list[str]:
        """Return the values as texts; missing values become empty texts."""
        return list(map(_word, X[self.column]))
