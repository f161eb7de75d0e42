"""What a linear score of the features owes to each word or column of an item.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.items.base import is_missing
from hitl_widgets.items.strikes import places_in

__all__ = ["Piece", "pieces_of"]

# Texts with more words are not read once without each of them.
MOST_WORDS = 300

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an item, and what it adds to a score.

    Attributes
    ----------
    column
        The column of a table item; None for others.
    start, end
        The part of its text, in characters; None for a whole column.
    words
        That part, or the value of the column.
    value
        What it adds.
    member
        The number of the text in an item that is a list of texts; None for others.
    """

    column: Any
    start: int | None
    end: int | None
    words: str
    value: float
    member: int | None = None


class _Unknown(Exception):
    """A step of the encoder cannot be followed back to the words."""


class _Account:
    """What has been followed back to characters and columns, and what has not."""

    def __init__(self) -> None:
        self.texts: dict[Any, str] = {}
        self.spread: dict[Any, list[tuple[int, int, float]]] = {}
        self.columns: dict[Any, float] = {}
        self.values: dict[Any, str] = {}
        self._done: dict[tuple[int, int], tuple[Any, Any]] = {}

    def output(self, step: Any, given: Any) -> Any:
        """Return what a step makes of its input, computed once."""
        key = (id(step), id(given))
        if key not in self._done:
            # The input is kept, so that its id is not reused.
            self._done[key] = (given, self._made(step, given))
        return self._done[key][1]

    def _made(self, step: Any, given: Any) -> Any:
        if type(step).__name__ == "Pipeline":
            for _, one in step.steps:
                given = self.output(one, given)
            return given
        if type(step).__name__ == "FeatureUnion":
            weights = step.transformer_weights or {}
            parts = [(name, self.output(one, given)) for name, one in step.transformer_list]
            return np.hstack([weights.get(name, 1.0) * _dense(part) for name, part in parts])
        return step.transform(given)

    def letters(self, column: Any) -> Vector:
        """Return the contribution of each character of a text, float64 (n,)."""
        n = len(self.texts[column])
        starts, ends, values = np.array(self.spread[column] or [(0, 1, 0.0)]).T
        each = values / (ends - starts)
        steps = np.bincount(starts.astype(np.int64), each, n + 1)
        return np.cumsum(steps - np.bincount(ends.astype(np.int64), each, n + 1))[:n]


def pieces_of(
    encoder: Any, item: Any, slope: Vector, score: Callable[[Any], Vector] | None = None
) -> tuple[list[Piece], bool]:
    """Divide ``slope @ encoder.transform([item])`` among the words and columns of the item.

    The steps of the encoder that only multiply are followed back. Divisions by the length of a row are
    treated as constants of the item. The value of an n-gram is divided among its occurrences and characters,
    and the characters of each word are added up. If a step is unknown, the item is encoded once without each
    word instead (Li, Monroe and Jurafsky 2016).

    Parameters
    ----------
    encoder
        A fitted scikit-learn transformer of items.
    item
        A text, a row of a table as a dict, or a list of texts.
    slope
        float64 of shape (d,).
    score
        A score of features, (m, d), that is not linear; ``slope`` is then not used.

    Returns
    -------
    pieces
        The words and columns, in the order of the item. They do not explain everything, such as the meaning
        of the whole text.
    exact
        Whether the steps were followed back.
    """
    if score is not None:
        return _without_each(encoder, item, score), False
    account = _Account()
    try:
        _follow(encoder, [item], np.asarray(slope, np.float64), account, None)
    except _Unknown:
        return _without_each(encoder, item, lambda X: X @ np.asarray(slope, np.float64)), False
    found = []
    for column, text in account.texts.items():
        letters = account.letters(column)
        for start, end in places_in(text):
            where = (None, column) if isinstance(item, list | tuple) else (column, None)
            value = float(letters[start:end].sum())
            found.append(Piece(where[0], start, end, text[start:end], value, where[1]))
    for column, value in account.columns.items():
        found.append(Piece(column, None, None, account.values[column], value))
    return found, True


# -- following steps back


def _follow(step: Any, given: Any, slope: Vector, account: _Account, column: Any) -> None:
    """Account for ``slope @ step.transform(given)``, where ``given`` has one row."""
    kind = type(step).__name__
    if kind == "Pipeline":
        _pipeline([one for _, one in step.steps], given, slope, account, column)
    elif kind == "FeatureUnion":
        at, weights = 0, step.transformer_weights or {}
        for name, one in step.transformer_list:
            width = np.shape(account.output(one, given))[1]
            _follow(one, given, slope[at : at + width] * weights.get(name, 1.0), account, column)
            at += width
    elif kind in SOURCES:
        SOURCES[kind](step, given, slope, account, column)
    elif kind not in MEANING:
        raise _Unknown


def _pipeline(steps: Sequence[Any], given: Any, slope: Vector, account: _Account, column: Any) -> None:
    """Go back through the last steps while they are linear, and account for the first ones."""
    inputs = [given]
    for step in steps[:-1]:
        if type(step).__name__ == "Cell":
            column = step.column
        inputs.append(account.output(step, inputs[-1]))
    last = len(steps) - 1
    while last > 0 and type(steps[last]).__name__ in BACK:
        slope = BACK[type(steps[last]).__name__](steps[last], inputs[last], slope)
        last -= 1
    if last > 0 and not all(type(step).__name__ in PLAIN for step in steps[:last]):
        raise _Unknown
    _follow(steps[last], inputs[last], slope, account, column)


def _dense(rows: Any) -> npt.NDArray[Any]:
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)


def _normalized(step: Any, rows: Any, slope: Vector) -> Vector:
    length = np.linalg.norm(_dense(rows)[0], ord={"l1": 1, "l2": 2, "max": np.inf}[step.norm])
    return slope / length if length > 0 else np.zeros_like(slope)


def _reduced(step: Any, rows: Any, slope: Vector) -> Vector:  # noqa: ARG001 - as the others
    if getattr(step, "whiten", False):
        raise _Unknown
    return slope @ np.asarray(step.components_, np.float64)


def _standardized(step: Any, rows: Any, slope: Vector) -> Vector:  # noqa: ARG001 - as the others
    return slope if step.scale_ is None else slope / step.scale_


BACK: dict[str, Callable[[Any, Any, Vector], Vector]] = {
    "Normalizer": _normalized,
    "TruncatedSVD": _reduced,
    "PCA": _reduced,
    "StandardScaler": _standardized,
    "Dense": lambda _, __, slope: slope,
}
# Steps that read a text as a whole.
MEANING = {"SentenceVectors", "Silent"}
# First steps that keep the places of words and columns.
PLAIN = {"FirstCharacters", "Cell", "TableRows", "Without"}


# -- sources


def _vectorized(step: Any, given: Any, slope: Vector, account: _Account, column: Any) -> None:
    """Account for the terms of a text, at the places where they occur."""
    [text] = given
    row = account.output(step, given)
    terms = dict(zip(row.indices.tolist(), (row.data * slope[row.indices]).tolist(), strict=True))
    places: dict[int, list[list[tuple[int, int]]]] = {}
    number = _numbered(step)
    for term, spans in _occurrences(step, text):
        if (k := number(term)) is not None and k in terms:
            places.setdefault(k, []).append(spans)
    # The same column may be read twice, by its words and by the letters of its beginning.
    if len(text) >= len(account.texts.get(column, "")):
        account.texts[column] = text
    spread = account.spread.setdefault(column, [])
    for k, found in places.items():
        for spans in found:
            share = terms[k] / len(found) / len(spans)
            spread += [(start, end, share) for start, end in spans]


def _numbered(step: Any) -> Callable[[str], int | None]:
    if hasattr(step, "vocabulary_"):
        return step.vocabulary_.get  # type: ignore[no-any-return]
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(step.n_features, input_type="string", alternate_sign=False)
    return cache(lambda term: int(hasher.transform([[term]]).indices[0]))


def _occurrences(step: Any, text: str) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Yield the terms that a vectorizer counts, with the places of their words."""
    if callable(step.analyzer) or step.preprocessor or step.tokenizer or step.strip_accents:
        raise _Unknown
    read, at = _lowered(text) if step.lowercase else (text, None)

    def place(start: int, end: int) -> tuple[int, int]:
        return (start, end) if at is None else (at[start], at[end - 1] + 1)

    low, high = step.ngram_range
    if step.analyzer == "word":
        stop = step.get_stop_words() or ()
        pattern = re.compile(step.token_pattern)
        group = 1 if pattern.groups else 0
        tokens = [
            (m.group(group), m.span(group)) for m in pattern.finditer(read) if m.group(group) not in stop
        ]
        for n in range(low, high + 1):
            for i in range(len(tokens) - n + 1):
                some = tokens[i : i + n]
                yield " ".join(word for word, _ in some), [place(*span) for _, span in some]
    elif step.analyzer == "char_wb":
        for match in re.finditer(r"\S+", read):
            yield from _letters(f" {match.group()} ", match.start() - 1, match.span(), low, high, place)
    elif step.analyzer == "char":
        squeezed = [m.span() for m in re.finditer(r"\S|\s+", read)]
        clean = "".join(read[a:b] if not read[a:b].isspace() or b - a < 2 else " " for a, b in squeezed)
        for n in range(low, high + 1):
            for i in range(len(clean) - n + 1):
                yield clean[i : i + n], [place(squeezed[i][0], squeezed[i + n - 1][1])]
    else:
        raise _Unknown


def _letters(
    padded: str,
    shift: int,
    inside: tuple[int, int],
    low: int,
    high: int,
    place: Callable[[int, int], tuple[int, int]],
) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Yield the n-grams of a padded word, as scikit-learn's analyzer ``char_wb`` does."""
    for n in range(low, high + 1):
        last = max(len(padded) - n, 0)
        for i in range(last + 1):
            start, end = max(i + shift, inside[0]), min(i + n + shift, inside[1])
            # A space beside the word belongs to the word.
            start, end = (start, end) if end > start else inside
            yield padded[i : i + n], [place(start, end)]
        if last == 0:
            return  # a short word is counted once


def _lowered(text: str) -> tuple[str, list[int] | None]:
    """Return the text in lower case, with the place of each character if their number changes."""
    low = text.lower()
    if len(low) == len(text):
        return low, None
    # A final sigma depends on its neighbours, but has the same length.
    return low, [i for i, char in enumerate(text) for _ in char.lower()]


def _each_column(step: Any, given: Any, slope: Vector, account: _Account, column: Any) -> None:  # noqa: ARG001
    values = np.ravel(_dense(account.output(step, given))) * slope
    for name, value in zip(step.columns, values, strict=True):
        account.columns[name] = account.columns.get(name, 0.0) + float(value)
        account.values[name] = _shown(given[name][0])


def _categories(step: Any, given: Any, slope: Vector, account: _Account, column: Any) -> None:  # noqa: ARG001
    values = np.ravel(_dense(account.output(step, given))) * slope
    for term, at in step.vocabulary_.items():
        name = step.columns[int(term.partition("=")[0])]
        account.columns[name] = account.columns.get(name, 0.0) + float(values[at])
        account.values[name] = _shown(given[name][0])


def _marked(step: Any, given: Any, slope: Vector, account: _Account, column: Any) -> None:  # noqa: ARG001
    """Account for words that count more, at the places where they occur."""
    values = np.ravel(_dense(account.output(step, given))) * slope
    [item] = step.rows(given)
    for k, value in enumerate(values.tolist()):
        found = list(step.found(k, item))
        for name, text, span in found:
            if len(text) > len(account.texts.get(name, "")):
                account.texts[name] = text
            account.spread.setdefault(name, []).append((*span, value / len(found)))


def _joined(step: Any, given: Any, slope: Vector, account: _Account, column: Any) -> None:  # noqa: ARG001
    """Account for the texts of a list: see :func:`~.lists.join`."""
    [members] = given
    width = np.shape(account.output(step.encoder, [members[0]]))[1]
    for k, member in enumerate(members):
        differs = step.compares and len(members) == 2
        part = slope * (-1) ** k if differs else slope[k * width : (k + 1) * width]
        _follow(step.encoder, [member], part, account, k)


def _shown(value: Any) -> str:
    return "" if is_missing(value) else str(value)


SOURCES: dict[str, Callable[[Any, Any, Vector, _Account, Any], None]] = {
    "TfidfVectorizer": _vectorized,
    "CountVectorizer": _vectorized,
    "HashingVectorizer": _vectorized,
    "Numbers": _each_column,
    "Gaps": _each_column,
    "Categories": _categories,
    "Marked": _marked,
    "Joined": _joined,
}


# -- any encoder


def _without_each(encoder: Any, item: Any, score: Callable[[Any], Vector]) -> list[Piece]:
    """Encode the item once without each word, or with each column empty."""
    pieces: list[Piece]
    if isinstance(item, str):
        places = places_in(item)[:MOST_WORDS]
        others: list[Any] = [item[:start] + item[end:] for start, end in places]
        pieces = [Piece(None, start, end, item[start:end], 0.0) for start, end in places]
    elif isinstance(item, list | tuple):
        within = [(k, *place) for k, text in enumerate(item) for place in places_in(text)][:MOST_WORDS]
        cut = [(k, item[k][:start] + item[k][end:]) for k, start, end in within]
        others = [(*item[:k], text, *item[k + 1 :]) for k, text in cut]
        pieces = [Piece(None, start, end, item[k][start:end], 0.0, k) for k, start, end in within]
    else:
        others = [{**item, name: None} for name in item]
        pieces = [Piece(name, None, None, _shown(item[name]), 0.0) for name in item]
    scores = score(_dense(encoder.transform([item, *others])))
    gone = (scores[0] - scores[1:]).tolist()
    return [replace(one, value=value) for one, value in zip(pieces, gone, strict=True)]
