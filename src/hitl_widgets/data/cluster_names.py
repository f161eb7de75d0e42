"""Names for clusters: what distinguishes each from the others, in the items' own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["name_table_clusters", "name_text_clusters", "plain_names"]

Labels = npt.NDArray[np.int16]

_READ = 20_000
_CHARACTERS = 1_000
_WORD = r"(?u)\b[^\W\d_]{3,}\b"
_MOST_COLUMNS = 50
_MOST_VALUES = 20
_TELLING = 0.5  # standard deviations


def plain_names(labels: Labels) -> list[str]:
    """Return ``["group 1", "group 2", ...]``, one for each cluster id from 0 to the largest."""
    return [f"group {i + 1}" for i in range(_n_groups(labels))]


def name_text_clusters(texts: Sequence[str], labels: Labels, n_words: int = 2) -> list[str]:
    """Name each cluster by its distinctive words: c-TF-IDF (Grootendorst, 2022, BERTopic).

    Counts the texts that contain a word, not occurrences, so that one long text cannot name a cluster.

    Parameters
    ----------
    texts
        n texts. English stop words, numbers and words of one or two letters are skipped. About 20,000
        texts are read, equally many from each cluster, up to 1,000 characters each.
    labels
        (n,) cluster ids.
    n_words
        Number of words in a name.

    Returns
    -------
    One name for each id from 0 to the largest, distinct; ``"group 3"`` if no word is left.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer

    names = plain_names(labels)
    some = _drawn(labels)
    texts, labels = [texts[i][:_CHARACTERS] for i in some], labels[some]
    vectorizer = CountVectorizer(
        stop_words="english",
        token_pattern=_WORD,
        min_df=2 if len(texts) >= 50 else 1,
        max_features=20_000,
        binary=True,
    )
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError:  # no words at all
        return names
    n = len(texts)
    members = sparse.csr_matrix((np.ones(n), (labels, np.arange(n))), shape=(len(names), n))
    per_class = (members @ counts).toarray()
    total = per_class.sum(axis=0)
    frequency = per_class / np.maximum(per_class.sum(axis=1, keepdims=True), 1)
    score = frequency * np.log1p(per_class.sum() / len(names) / total)
    words = vectorizer.get_feature_names_out()
    taken: set[str] = set()
    for i, row in enumerate(score):
        best = [str(words[j]) for j in np.argsort(-row, kind="stable")[: n_words + 6] if row[j] > 0]
        names[i] = _distinct(best, n_words, taken, names[i])
        taken.add(names[i])
    return names


def _distinct(best: list[str], n_words: int, taken: set[str], fallback: str) -> str:
    """Return the first words, with a different last word if another cluster has that name."""
    head = best[: n_words - 1]
    for last in best[n_words - 1 :] or [""]:
        name = ", ".join(word for word in (*head, last) if word)
        if name and name not in taken:
            return name
    return fallback


def name_table_clusters(rows: Sequence[Mapping[str, Any]], labels: Labels) -> list[str]:
    """Name each cluster by the column in which it differs most: ``"high income"``, ``"city Paris"``.

    The difference between the cluster's mean and the overall mean is measured in standard deviations. A
    value of a column with few distinct values counts as a column of zeros and ones.

    Parameters
    ----------
    rows
        n rows of a table with at most 50 columns; about 20,000 rows are read.
    labels
        (n,) cluster ids.

    Returns
    -------
    One name for each id from 0 to the largest, distinct; ``"group 3"`` if nothing distinguishes it.
    """
    names = plain_names(labels)
    if len(names) < 2 or not 0 < len(rows[0]) <= _MOST_COLUMNS:
        return names
    some = _drawn(labels)
    high, low, values = _columns([rows[i] for i in some])
    if not high:
        return names
    spread = values.std(axis=1, keepdims=True)
    scaled = (values - values.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    words, taken = np.array([*high, *low]), {""}
    for group in range(len(names)):
        members = labels[some] == group
        if not members.any():
            continue
        apart = scaled[:, members].mean(axis=1)
        telling = np.concatenate([apart, -apart])
        order = [i for i in np.argsort(-telling, kind="stable") if telling[i] > _TELLING]
        names[group] = next((w for w in map(str, words[order]) if w not in taken), names[group])
        taken.add(names[group])
    return names


def _columns(rows: list[Mapping[str, Any]]) -> tuple[list[str], list[str], npt.NDArray[np.float64]]:
    """Return names for high and for low values, and the values of the rows, (m, n)."""
    high, low, values = [], [], []
    for name in rows[0]:
        cells = [row[name] for row in rows]
        distinct = {str(c) for c in cells}
        if all(isinstance(c, int | float | np.number) and not isinstance(c, bool) for c in cells):
            column = np.array(cells, np.float64)
            filled = np.where(np.isfinite(column), column, np.nan)
            if np.isfinite(column).any():
                values.append(np.where(np.isnan(filled), np.nanmean(filled), filled))
                high.append(f"high {name}")
                low.append(f"low {name}")
        elif len(distinct) <= _MOST_VALUES:
            text = np.array([str(c) for c in cells])
            for value in sorted(distinct):
                values.append((text == value).astype(np.float64))
                high.append(f"{name} {value}")
                low.append("")
    return high, low, np.array(values)


def _drawn(labels: Labels) -> npt.NDArray[np.int64]:
    """Draw about 20,000 rows, in order, with equally many from each group where possible."""
    if len(labels) <= _READ:
        return np.arange(len(labels))
    turn = np.random.default_rng(0).permutation(len(labels))
    order = turn[np.argsort(labels[turn], kind="stable")]
    sizes = np.bincount(labels)
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[place < max(1, _READ // int(np.count_nonzero(sizes)))])


def _n_groups(labels: Labels) -> int:
    return int(labels.max()) + 1 if len(labels) else 0
