"""A base class for transformers that describe files, some of which may be unreadable."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from hitl_widgets.errors import InvalidInput

__all__ = ["Descriptors", "Failures", "Floats"]

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
            name = repr(str(first)[:SHOWN]) if isinstance(first, str | Path) else f"a {type(first).__name__}"
            raise InvalidInput(
                f"None of the {n:,} {cls._items} can be read. The first is {name}: {why}. Are the paths "
                f"relative to the notebook's folder? {cls._otherwise}"
            )
        # By position, not by name, because the warning is saved with the notebook.
        warnings.warn(
            f"{n_failed:,} of {n:,} {cls._items} cannot be read, so the model knows nothing about them. The "
            f"first is number {at}: {why}.",
            RuntimeWarning,
            stacklevel=3,
        )
