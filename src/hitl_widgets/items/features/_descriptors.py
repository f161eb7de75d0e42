"""A base for transformers that describe files, of which some may not be readable."""

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

SHOWN = 200  # characters of a path that are repeated, not all of a file that was pasted as text
Floats = npt.NDArray[np.float32]
Failures = list[tuple[int, str]]


class Descriptors(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Files to rows of numbers; one that cannot be read gets the mean of those that can."""

    mean_: Floats

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}
    _items: ClassVar[str]
    """What they are called, in the plural."""
    _otherwise: ClassVar[str]
    """What to do where none of them is a file."""

    @staticmethod
    @abstractmethod
    def describe(items: Sequence[Any]) -> tuple[Floats, Failures]:
        """A row for each, zeros where it cannot be read, and of those the position and why."""

    def fit(self, X: Sequence[Any], y: Any = None) -> Any:  # noqa: ARG002 - scikit-learn's signature
        """Learn the mean row of the items that can be read."""
        rows, failures = self.describe(X)
        known = np.delete(rows, [i for i, _ in failures], axis=0)
        self.mean_ = known.mean(axis=0) if len(known) else np.zeros(rows.shape[1], np.float32)
        return self

    def transform(self, X: Sequence[Any]) -> Floats:
        """The rows of numbers, float32.

        Raises
        ------
        InvalidInput
            Where no item can be read; for some that cannot there is a warning.
        """
        items = list(X)
        rows, failures = self.describe(items)
        self.report(items, failures)
        rows[[i for i, _ in failures]] = self.mean_
        return rows

    @classmethod
    def report(cls, items: Sequence[Any], failures: Failures) -> None:
        """Warn of items that cannot be read.

        Raises
        ------
        InvalidInput
            Where none can.
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
        # By its place: a warning is saved with the notebook.
        warnings.warn(
            f"{n_failed:,} of {n:,} {cls._items} cannot be read: the model knows nothing of them. The first "
            f"is number {at}: {why}.",
            RuntimeWarning,
            stacklevel=3,
        )
