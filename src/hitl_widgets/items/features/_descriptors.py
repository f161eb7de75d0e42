"""A base class for transformers that describe files, some of which may be unreadable."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from hitl_widgets.background.children import Cancelled
from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import InvalidInput, a_type

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Descriptors", "Failures", "Floats", "reduced"]

SHOWN = 200  # characters of a path in a message; the value may be a whole file's content
Floats = npt.NDArray[np.float32]
Failures = list[tuple[int, str]]


class Descriptors(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transform files into feature rows; an unreadable file gets the mean row of the others."""

    mean_: Floats

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}
    _items: ClassVar[str]
    """Their name in messages, in the plural."""
    _otherwise: ClassVar[str]
    """Advice for when none of them is a file."""

    @staticmethod
    @abstractmethod
    def describe(items: Sequence[Any]) -> tuple[Floats, Failures]:
        """Return a row for each item, zeros if unreadable, and the position and reason of each failure."""

    def fit(self, X: Sequence[Any], y: Any = None) -> Any:  # noqa: ARG002 - scikit-learn's signature
        """Compute the mean row of the readable items."""
        rows, failures = self.describe(X)
        known = np.delete(rows, [i for i, _ in failures], axis=0)
        self.mean_ = known.mean(axis=0) if len(known) else np.zeros(rows.shape[1], np.float32)
        return self

    def transform(self, X: Sequence[Any]) -> Floats:
        """Return the feature rows, float32.

        Raises
        ------
        InvalidInput
            If no item can be read. If only some cannot, there is a warning.
        """
        items = list(X)
        rows, failures = self.describe(items)
        self.report(items, failures)
        rows[[i for i, _ in failures]] = self.mean_
        return rows

    @classmethod
    def report(cls, items: Sequence[Any], failures: Failures) -> None:
        """Warn about items that cannot be read.

        Raises
        ------
        InvalidInput
            If none can be read.
        """
        if not failures:
            return
        n, n_failed, (at, why) = len(items), len(failures), min(failures)
        if n_failed == n:
            first = items[0]
            name = repr(str(first)[:SHOWN]) if isinstance(first, str | Path) else a_type(first)
            all_of = f"None of the {n:,} {cls._items} can" if n > 1 else "The only item cannot"
            raise InvalidInput(
                f"{all_of} be read. {'The first' if n > 1 else 'It'} is {name}: {why}. Are the paths "
                f"relative to the notebook's folder? {cls._otherwise}"
            )
        # By position, not by name, because the warning is saved with the notebook.
        warnings.warn(
            f"{n_failed:,} of {n:,} {cls._items} cannot be read, so the model knows nothing about them. The "
            f"first is number {at}: {why}.",
            RuntimeWarning,
            stacklevel=3,
        )


def reduced(
    reader: Descriptors,
    describe: Callable[[Sequence[Any], Callable[[float], None]], tuple[Floats, Failures]],
    items: Sequence[Any],
    width: int,
    *,
    random_state: int,
    on_progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> tuple[Floats, Pipeline]:
    """Describe the items, standardize the rows, reduce them by PCA and scale them to length 1.

    Parameters
    ----------
    reader
        Not fitted; its ``mean_`` is set.
    describe
        As :meth:`Descriptors.describe`, also with a function that it calls with the share that is done.
    width
        The most features.

    Returns
    -------
    X
        float32 (n, d) with d <= width.
    encoder
        The fitted ``Pipeline`` for new items.

    Raises
    ------
    InvalidInput
        If no item can be read.
    Cancelled
        If ``cancelled`` returns True.
    """
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer, StandardScaler

    def heard(share: float) -> None:
        if cancelled():
            raise Cancelled(f"Reading the {reader._items} was cancelled.")  # noqa: SLF001 - of its class
        on_progress(share)

    rows, failures = describe(items, heard)
    reader.report(items, failures)
    gone = [i for i, _ in failures]
    reader.mean_ = np.delete(rows, gone, axis=0).mean(axis=0)
    rows[gone] = reader.mean_
    give_way()
    steps = [StandardScaler(), PCA(min(width, *rows.shape), random_state=random_state), Normalizer()]
    X: Any = rows
    with np.errstate(invalid="ignore", divide="ignore"):  # equal items have no variance to explain
        for step in steps:
            X = step.fit_transform(X)
    return np.ascontiguousarray(X, np.float32), make_pipeline(reader, *steps)
