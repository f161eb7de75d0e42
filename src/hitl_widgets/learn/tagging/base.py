"""The Tagger protocol, what all taggers share, and the F1 score of spans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.learn.tagging.tokens import Place, Span, features, spans_of, tags_of, tokens

__all__ = ["BLOCK", "Found", "Read", "SequenceTagger", "Tagger", "span_f1"]

# Texts that are read at once, and tokens of a longer text: what is far away does not count.
BLOCK, PIECE = 256, 1000


class Found(NamedTuple):
    """A suggested span; the confidence is the probability of its least certain token."""

    start: int
    end: int
    label: str
    confidence: float


class Tagger(Protocol):
    """Learns spans. Classes are any strings; positions are code points."""

    name: str

    def fit(self, texts: Sequence[str], spans: Sequence[Iterable[Span]]) -> Tagger:
        """Learn from these texts, each with all of its spans, which may overlap; returns self."""

    def suggest(self, texts: Sequence[str]) -> list[list[Found]]:
        """Return the spans of each text that the tagger finds, in order; they never overlap."""

    def doubt(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return how much there is to learn from each text, 0 or more, float64 of shape (n,)."""

    def survey(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
        """Return the doubt of each text, and its least certain span or token: start and end, int32 (n, 2)."""

    def batch(self, texts: Sequence[str], n: int) -> list[tuple[int, float]]:
        """Return the indices of ``n`` texts to ask before the next fit, best first.

        With each comes what it adds to the doubt of those before, which decreases.
        """


@dataclass(frozen=True, eq=False)
class Read:
    """What a tagger reads in a text.

    Attributes
    ----------
    places
        Start and end of each token.
    tags
        The most likely tag of each token, as a consistent sequence.
    certainty
        float64 of shape (n_tokens,): the probabilities of these tags.
    """

    places: list[Place]
    tags: list[str]
    certainty: npt.NDArray[np.float64]


Sequences = list[list[list[str]]]


class SequenceTagger(ABC):
    """A base class for taggers of tokens with BIO tags."""

    name: str
    # How often each word is in the labelled texts.
    _known: Counter[str]

    def fit(self, texts: Sequence[str], spans: Sequence[Iterable[Span]]) -> SequenceTagger:
        """See :class:`Tagger`."""
        sequences, tags = [], []
        self._known = Counter()
        for text, marked in zip(texts, spans, strict=True):
            give_way()
            places = tokens(text)
            told = tags_of(places, marked)
            self._known.update(_words(text, places))
            for part in _pieces(places):
                sequences.append(features(text, places[part]))
                tags.append(told[part])
        self._learn(sequences, tags)
        return self

    @abstractmethod
    def _learn(self, sequences: Sequences, tags: list[list[str]]) -> None:
        """Learn from the features and tags of texts, none of which is empty; there may be none."""

    @abstractmethod
    def _tag(self, sequences: Sequences) -> Iterator[tuple[list[str], npt.NDArray[np.float64]]]:
        """Yield tags and their probabilities for each text; no text is empty."""

    def read(self, texts: Sequence[str]) -> Iterator[Read]:
        """Yield what is in each text."""
        for low in range(0, len(texts), BLOCK):
            block = texts[low : low + BLOCK]
            places = [tokens(text) for text in block]
            told = self._tag(
                [
                    features(text, where[part])
                    for text, where in zip(block, places, strict=True)
                    for part in _pieces(where)
                ]
            )
            for where in places:
                found = [next(told) for _ in _pieces(where)]
                tags = [tag for one, _ in found for tag in one]
                yield Read(where, tags, np.concatenate([np.zeros(0), *(P for _, P in found)]))

    def suggest(self, texts: Sequence[str]) -> list[list[Found]]:
        """See :class:`Tagger`."""
        return [
            [
                Found(
                    one.places[a][0],
                    one.places[b][1],
                    label,
                    float(one.certainty[a : b + 1].min()),
                )
                for a, b, label in spans_of(one.tags)
            ]
            for one in self.read(texts)
        ]

    def doubt(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """See :class:`Tagger`: the expected number of wrong tags, those of known words counted less.

        Each is divided by 1 plus the number of times that the word was in the labelled texts. A tag that is
        uncertain although its word is well known stays uncertain: the classes overlap there.
        """
        return self.survey(texts)[0]

    def survey(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
        """See :class:`Tagger`."""
        values, places = np.zeros(len(texts)), np.zeros((len(texts), 2), np.int32)
        for i, (text, one) in enumerate(zip(texts, self.read(texts), strict=True)):
            if one.places:
                seen = [self._known[word] for word in _words(text, one.places)]
                values[i] = ((1 - one.certainty) / (1 + np.array(seen))).sum()
                places[i] = _least_certain(one)
        return values, places

    def batch(self, texts: Sequence[str], n: int) -> list[tuple[int, float]]:
        """See :class:`Tagger`: the words of the texts before count as known."""
        known, doubts = self._known.copy(), []
        for text, one in zip(texts, self.read(texts), strict=True):
            doubts.append(list(zip(_words(text, one.places), (1 - one.certainty).tolist(), strict=True)))

        def value(i: int) -> float:
            return float(sum(p / (1 + known[word]) for word, p in doubts[i]))

        left = {i: value(i) for i in range(len(texts))}
        chosen: list[tuple[int, float]] = []
        while left and len(chosen) < n:
            best = max(left, key=left.__getitem__)
            before, left[best] = left[best], value(best)
            if left[best] >= before:  # values only fall, so that few have to be computed again
                chosen.append((best, left.pop(best)))
                known.update(word for word, _ in doubts[best])
        return chosen


def _words(text: str, places: Sequence[Place]) -> list[str]:
    return [text[start:end].lower() for start, end in places]


def _pieces(places: Sequence[Place]) -> Iterator[slice]:
    return (slice(low, low + PIECE) for low in range(0, len(places), PIECE))


def _least_certain(one: Read) -> Place:
    at = int(one.certainty.argmin())
    first, last = next(((a, b) for a, b, _ in spans_of(one.tags) if a <= at <= b), (at, at))
    return one.places[first][0], one.places[last][1]


def span_f1(truth: Sequence[Iterable[Span]], guess: Sequence[Iterable[Span]]) -> float:
    """Return the F1 score of all spans together; start, end and class must be equal. 1 if there are none."""
    both = n = 0
    for a, b in zip(truth, guess, strict=True):
        left, right = set(a), set(b)
        both += len(left & right)
        n += len(left) + len(right)
    return 2 * both / n if n else 1.0
