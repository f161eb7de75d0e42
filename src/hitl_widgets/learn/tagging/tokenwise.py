"""A classifier of tokens that needs no further package: logistic regression and a consistent path."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.learn.tagging.base import Sequences, SequenceTagger
from hitl_widgets.learn.tagging.tokens import OUTSIDE, follows

__all__ = ["TokenTagger"]

# Columns of the hashed features, the inverse regularization, and when the fit ends.
COLUMNS, C, ITERATIONS, TOLERANCE = 2**18, 10.0, 60, 1e-3

Array = npt.NDArray[np.float64]


class TokenTagger(SequenceTagger):
    """Multinomial logistic regression on hashed features, joined by the frequencies of pairs of tags.

    The score of a path is the product of ``p(tag | token) p(tag | tag before) / p(tag)``, as in a hidden
    Markov model whose emissions come from a classifier (Bourlard and Morgan 1994). Paths that are not BIO are
    impossible.
    """

    name = "token classifier"
    _model: Any = None

    def _learn(self, sequences: Sequences, tags: list[list[str]]) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        self._model = None
        told = [tag for text in tags for tag in text]
        classes = sorted(set(told))
        if len(classes) < 2:  # a regression needs two; of texts without spans nothing is learned
            return
        model = LogisticRegression(C=C, max_iter=ITERATIONS, tol=TOLERANCE)
        X = _hashed(sequences)
        # Other columns would get the weight 0.
        self._columns = np.unique(X.indices)
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            model.fit(X[:, self._columns], [classes.index(tag) for tag in told])
        counts = np.ones((len(classes), len(classes)))
        start = np.ones(len(classes))
        for text in tags:
            codes = [classes.index(tag) for tag in text]
            start[codes[0]] += 1
            np.add.at(counts, (codes[:-1], codes[1:]), 1)
        allowed = np.array([[follows(a, b) for b in classes] for a in classes])
        counts *= allowed
        start *= np.array([follows(OUTSIDE, b) for b in classes])
        prior = np.array([told.count(tag) for tag in classes]) / len(told)
        self._tags, self._model = classes, model
        with np.errstate(divide="ignore"):
            self._pairs = np.log(counts / counts.sum(axis=1, keepdims=True) / prior)
            self._start = np.log(start / start.sum() / prior)

    def _tag(self, sequences: Sequences) -> Iterator[tuple[list[str], Array]]:
        if not sequences:
            return
        lengths = [len(words) for words in sequences]
        if self._model is None:
            yield from (([OUTSIDE] * n, np.ones(n)) for n in lengths)
            return
        scores = self._model.predict_log_proba(_hashed(sequences)[:, self._columns])
        ends = np.cumsum(lengths)
        # Texts of about the same length are computed together.
        order = np.argsort(lengths, kind="stable")
        found: dict[int, tuple[list[str], Array]] = {}
        for part in np.array_split(order, max(1, len(order) // 32)):
            longest = max(lengths[i] for i in part)
            table = np.zeros((len(part), longest, len(self._tags)))
            for row, i in enumerate(part):
                table[row, : lengths[i]] = scores[ends[i] - lengths[i] : ends[i]]
            n = np.array([lengths[i] for i in part])
            paths, P = (
                best_paths(table, n, self._start, self._pairs),
                marginals(table, n, self._start, self._pairs),
            )
            for row, i in enumerate(part):
                path = paths[row, : lengths[i]]
                found[int(i)] = [self._tags[k] for k in path], P[row, np.arange(lengths[i]), path]
        yield from (found[i] for i in range(len(sequences)))


def _hashed(sequences: Sequences) -> Any:
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(COLUMNS, input_type="string", alternate_sign=False)
    return hasher.transform(word for words in sequences for word in words)


def best_paths(scores: Array, n: npt.NDArray[np.int64], start: Array, pairs: Array) -> npt.NDArray[np.int64]:
    """Return the most likely paths (Viterbi), int64 of shape (texts, longest).

    Parameters
    ----------
    scores
        Log scores of tags, (texts, longest, tags); texts have ``n`` tokens.
    start, pairs
        Log scores of the first tag, (tags,), and of pairs, (tags, tags); -inf for impossible ones.
    """
    texts, longest, _ = scores.shape
    back = np.zeros(scores.shape, np.int64)
    best = start + scores[:, 0]
    lasts = [best]
    for t in range(1, longest):
        ways = best[:, :, None] + pairs
        back[:, t] = ways.argmax(axis=1)
        best = ways.max(axis=1) + scores[:, t]
        lasts.append(best)
    paths = np.zeros((texts, longest), np.int64)
    for row in range(texts):
        at = int(n[row]) - 1
        paths[row, at] = lasts[at][row].argmax()
        for t in range(at, 0, -1):
            paths[row, t - 1] = back[row, t, paths[row, t]]
    return paths


def marginals(scores: Array, n: npt.NDArray[np.int64], start: Array, pairs: Array) -> Array:
    """Return the probability of each tag (forward-backward), (texts, longest, tags); see best_paths."""
    longest = scores.shape[1]
    W = np.exp(pairs)
    P = np.exp(scores - scores.max(axis=2, keepdims=True))
    forward, backward = np.empty(scores.shape), np.ones(scores.shape)
    here = np.exp(start) * P[:, 0]
    forward[:, 0] = here / here.sum(axis=1, keepdims=True)
    for t in range(1, longest):
        here = forward[:, t - 1] @ W * P[:, t]
        forward[:, t] = here / here.sum(axis=1, keepdims=True)
    for t in range(longest - 2, -1, -1):
        here = (backward[:, t + 1] * P[:, t + 1]) @ W.T
        here /= here.sum(axis=1, keepdims=True)
        backward[:, t] = np.where((n > t + 1)[:, None], here, 1.0)
    both = forward * backward
    return np.asarray(both / both.sum(axis=2, keepdims=True))
