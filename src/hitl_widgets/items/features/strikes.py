"""Transformers that leave out words and columns, and mark words that count more.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from hitl_widgets.items.base import Features
from hitl_widgets.items.features._stateless import Stateless
from hitl_widgets.items.strikes import Places, Strike

__all__ = ["Marked", "Without", "in_front", "marked", "texts_of", "without"]

# The attributes saved in a model file: see models/estimators.py.
ESTIMATORS: dict[str, dict[str, str]] = {"Without": {}, "Marked": {}}

# First steps of our own encoders, which check their input; what is left out is left out after them.
FIRST = {"FirstCharacters", "TableRows"}
OF_WORDS: dict[str, list[Any]] = {"words": [list], "texts": [list, None]}


class _OfWords(Stateless):
    """A base class for transformers that know words of texts, or of columns of a table.

    Parameters
    ----------
    words
        Pairs of a word, or several words in a row, and its column; None means each that is read as text.
    texts
        The columns that are read as text; None means each that contains text.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = OF_WORDS

    def __init__(self, words: Sequence[Any] = (), texts: Sequence[Any] | None = None) -> None:
        self.words = words
        self.texts = texts

    def cells(self, item: Any) -> Iterator[tuple[Any, str]]:
        """Yield the texts of an item with their column, or their number in a list of texts."""
        if isinstance(item, str):
            yield None, item
        elif isinstance(item, Mapping):
            for name, cell in item.items():
                if isinstance(cell, str) and (self.texts is None or name in self.texts):
                    yield name, cell
        elif isinstance(item, list | tuple):
            for k, one in enumerate(item):
                for name, text in self.cells(one):
                    yield k if name is None else name, text

    @cached_property
    def _places(self) -> dict[Any, Places]:
        """The words of each column that has its own, and under None those of all."""
        names = {column for _, column in self.words} | {None}
        return {name: Places(w for w, column in self.words if column in (None, name)) for name in names}

    def places(self, column: Any) -> Places:
        """Return what finds the words of a column."""
        return self._places.get(column, self._places[None])

    def touches(self, item: Any) -> bool:
        """Return whether one of the words occurs in an item."""
        return any(self.places(name).of(text) for name, text in self.cells(item))


class Without(_OfWords):
    """Replace words by spaces, and the values of columns by missing ones.

    Parameters
    ----------
    words, texts
        See :class:`_OfWords`.
    columns
        The columns that are left out.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = OF_WORDS | {"columns": [list]}

    def __init__(
        self, words: Sequence[Any] = (), columns: Sequence[Any] = (), texts: Sequence[Any] | None = None
    ) -> None:
        super().__init__(words, texts)
        self.columns = columns

    def transform(self, X: Any) -> Any:
        """Return the items, or the columns of a table, without them."""
        if not isinstance(X, Mapping):
            return [self.item(one) for one in X]
        found = dict(X)
        for name, values in X.items():
            if name in self.columns:
                found[name] = [None] * len(values)
            elif self.words and (self.texts is None or name in self.texts):
                blanked = self.places(name).blanked
                found[name] = [blanked(one) if isinstance(one, str) else one for one in values]
        return found

    def item(self, item: Any) -> Any:
        """Return one item without them."""
        if isinstance(item, str):
            return self.places(None).blanked(item)
        if isinstance(item, Mapping):
            return {
                name: values[0] for name, values in self.transform({n: [v] for n, v in item.items()}).items()
            }
        return type(item)(map(self.item, item)) if isinstance(item, list | tuple) else item

    def touches(self, item: Any) -> bool:
        """Return whether an item is read differently."""
        return bool(self.columns) or super().touches(item)


class Marked(_OfWords):
    """Tell which items have each of some words that count more.

    Parameters
    ----------
    words, texts
        See :class:`_OfWords`.
    weights
        The value for an item with the word, for each word.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = OF_WORDS | {"weights": [list]}

    def __init__(
        self, words: Sequence[Any] = (), weights: Sequence[float] = (), texts: Sequence[Any] | None = None
    ) -> None:
        super().__init__(words, texts)
        self.weights = weights

    def transform(self, X: Any) -> Features:
        """Return the weight of each word for items that have it and 0 for others, float32 (n, n_words)."""
        items = self.rows(X)
        out = np.zeros((len(items), len(self.words)), np.float32)
        for k, weight in enumerate(self.weights):
            for i, item in enumerate(items):
                if any(True for _ in self.found(k, item)):
                    out[i, k] = weight
        return out

    def found(self, k: int, item: Any) -> Iterator[tuple[Any, str, tuple[int, int]]]:
        """Yield where word number ``k`` occurs in an item: the column, its text, and the characters."""
        word, column = self.words[k]
        places = Places([word])
        for name, text in self.cells(item):
            if column in (None, name):
                for span in places.of(text):
                    yield name, text, span

    @staticmethod
    def rows(X: Any) -> list[Any]:
        """Return items, or the columns of a table, as a list of items."""
        if not isinstance(X, Mapping):
            return list(X)
        return [dict(zip(X, row, strict=True)) for row in zip(*X.values(), strict=True)]


def in_front(encoder: Any, strikes: Sequence[Strike], scale: float = 1.0) -> Any:
    """Return a fitted encoder that leaves out what was struck, and marks the words that count more.

    Parameters
    ----------
    encoder
        A fitted scikit-learn transformer of items.
    strikes
        What is left out or counts more.
    scale
        The value that stands for a weight of 1.
    """
    from sklearn.pipeline import FeatureUnion, Pipeline

    texts = texts_of(encoder)
    steps: list[tuple[str, Any]] = []
    out = without(strikes, texts)
    if out.words or out.columns:
        steps.append(("without", out))
    own = getattr(encoder, "steps", None) or [("features", encoder)]
    first = [own[0]] if type(own[0][1]).__name__ in FIRST else []
    rest: Any = Pipeline(own[len(first) :]) if hasattr(encoder, "steps") else encoder
    if more := marked(strikes, texts, scale):
        rest = FeatureUnion([("features", rest), ("marked", more)])
    return Pipeline([*first, *steps, ("encoder", rest)])


def without(strikes: Sequence[Strike], texts: Sequence[Any] | None = None) -> Without:
    """Return the transformer that leaves out what was struck."""
    out = [one for one in strikes if not one.weight]
    words = [[one.word, one.column] for one in out if one.word is not None]
    return Without(words, [one.column for one in out if one.word is None], texts and list(texts))


def marked(strikes: Sequence[Strike], texts: Sequence[Any] | None, scale: float) -> Marked | None:
    """Return the transformer that marks the words that count more; None if there are none."""
    more = [one for one in strikes if one.weight]
    words = [[one.word, one.column] for one in more]
    return Marked(words, [scale * one.weight for one in more], texts and list(texts)) if more else None


def texts_of(encoder: Any) -> list[Any] | None:
    """Return the columns of a table that our own encoder reads as text; None for other encoders."""
    steps = getattr(encoder, "steps", None)
    if not steps or type(steps[0][1]).__name__ != "TableRows":
        return None
    parts = [part for _, part in steps[1][1].transformer_list]
    first = [part.steps[0][1] for part in parts if hasattr(part, "steps")]
    return [one.column for one in first if type(one).__name__ == "Cell"]
