"""A base class for transformers that learn nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.base import BaseEstimator, TransformerMixin

__all__ = ["Stateless"]


class Stateless(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer that needs no fitting; unlike a ``FunctionTransformer``, it can be saved."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002 - scikit-learn's signature
        """Do nothing and return the transformer."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True
