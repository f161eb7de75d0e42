"""Sets and families, each split into a pool and a held-out part in every repeat."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from benchmarks.data import families, pools
from benchmarks.labels import contestants as who

Array = np.ndarray[Any, Any]

BUDGET, UNLABELLED = 200, 20
STEPS = (20, 50, 100, 200)
# For the curves and the savings; elsewhere the four steps suffice, as exporting a model is expensive.
DENSE = (10, 12, 14, 17, 20, 25, 30, 35, 40, 50, 60, 80, 100, 130, 160, 200)
HELD_OUT, HELD_OUT_DRAWN, HELD_OUT_LARGE = 0.25, 0.5, 0.1
DRAWN = 2_000
RARE_DIGITS, HUNT_CAP = (1, 4, 8), 400
LARGE = 100_000
FORMER = "{}, words alone"


@dataclass(frozen=True)
class Case:
    """A set or family with the conditions under which it is measured.

    ``draw`` returns the items and true classes of a repeat, ``features`` is a key of ``ENCODERS``, ``share``
    is the held-out share, and ``peers`` are measured with ``--peer-repeats`` repeats.
    """

    name: str
    part: str
    words: str
    draw: Callable[[int], pools.Items]
    features: str = "as they are"
    noise: float = 0.0
    share: float = HELD_OUT
    budget: int = BUDGET
    contestants: tuple[str, ...] = who.MAIN
    peers: tuple[str, ...] = ()
    at: tuple[int, ...] = STEPS
    peers_at: tuple[int, ...] = STEPS


@dataclass(frozen=True, eq=False)
class Split:
    """Pool and held-out part of one repeat; ``digest`` identifies the data."""

    X: Array
    y: Array
    test: tuple[Array, Array] | None
    digest: str


def _suite(of: str, /, **settings: Any) -> Case:
    """A set of the suite, with its own name unless ``settings`` has another."""
    features = "texts" if of in pools.TEXTS else "standardised" if of in pools.TABLES else "as they are"
    given: dict[str, Any] = {"name": of, "words": pools.WORDS[of], "features": features}
    return Case(**given | {"draw": partial(_whole, of)} | settings)


def _whole(name: str, _: int) -> pools.Items:
    return pools.items(name)


def _drawn(family: str, noise: float = 0.0) -> Case:
    name = f"{family} anew" if family in pools.SETS else family
    draw = partial(families.draw, family, n=DRAWN)
    return Case(
        f"{name}, {noise:.0%} wrong" if noise else name, "drawn", families.WORDS[family], draw,
        "centred", noise, HELD_OUT_DRAWN,
    )  # fmt: skip


def _rare(digit: int, _: int) -> pools.Items:
    return pools.rare(digit)


def _large(_: int) -> pools.Items:
    return pools.large(round(LARGE / (1 - HELD_OUT_LARGE)))


SUITE = tuple(pools.SETS)
CASES: dict[str, Case] = {
    case.name: case
    for case in (
        *(_suite(n, part="suite", contestants=who.CORE, peers=who.PEERS, at=DENSE) for n in SUITE),
        *(
            _suite(
                n,
                name=FORMER.format(n),
                part="former",
                words=f"{pools.WORDS[n]}; features of the words alone",
                features="words",
                contestants=who.CORE,
                at=DENSE,
            )
            for n in pools.TEXTS
        ),
        *(_suite(n, name=f"{n}, 10% wrong", part="wrong", noise=0.1) for n in SUITE),
        *(_drawn(name) for name in families.FAMILIES),
        *(_drawn(name, noise) for name in ("blobs", "line") for noise in (0.1, 0.3)),
        _drawn("plane", 0.1),
        *(
            Case(f"digit {d}, 1 %", "rare", "", partial(_rare, d), share=0.0, budget=HUNT_CAP,
                 contestants=(who.HUNT, who.HUNT_RANDOM), at=(HUNT_CAP,))
            for d in RARE_DIGITS
        ),
        Case("100,000 items", "large", "", _large, share=HELD_OUT_LARGE, budget=50, contestants=(),
             peers=(who.OURS, who.MARGIN), peers_at=(20, 30, 50)),
    )
}  # fmt: skip


def available() -> list[str]:
    """The cases whose data are available."""
    here = pools.available()
    return [name for name in CASES if name.split(",")[0] in here or name.split(",")[0] not in pools.SETS]


@lru_cache(maxsize=1)
def split(name: str, repeat: int, folder: Path) -> Split:
    """The pool and the held-out part of a repeat, stratified; ``folder`` caches text features."""
    from sklearn.model_selection import train_test_split

    case = CASES[name]
    items, y = case.draw(repeat)
    y = np.asarray(y, dtype=np.int64)
    if not case.share:
        X = ENCODERS[case.features](items, (), folder)[0]
        return Split(X, y, None, joblib.hash((X, y)))
    pool, test = train_test_split(np.arange(len(y)), test_size=case.share, stratify=y, random_state=repeat)
    pool, test = np.sort(pool), np.sort(test)
    X, X_test = ENCODERS[case.features](_of(items, pool), _of(items, test), folder)
    return Split(X, y[pool], (X_test, y[test]), joblib.hash((X, y[pool], X_test, y[test])))


def _of(items: Any, rows: Array) -> Any:
    return [items[i] for i in rows] if isinstance(items, list) else items[rows]


# -- features: fitted to the pool, applied to the held-out items ---------------------------------------


def _as_they_are(pool: Array, test: Array, _: Path) -> tuple[Array, Array]:
    return _float32(pool), _float32(test)


def _standardised(pool: Array, test: Array, _: Path) -> tuple[Array, Array]:
    mean, scale = pool.mean(axis=0), pool.std(axis=0)
    return _float32((pool - mean) / scale), _float32((test - mean) / scale)


def _centred(pool: Array, test: Array, _: Path) -> tuple[Array, Array]:
    """Use one scale for all columns, so that their relative sizes are kept."""
    mean, scale = pool.mean(axis=0), pool.std(axis=0).mean()
    return _float32((pool - mean) / scale), _float32((test - mean) / scale)


def _words(pool: Sequence[str], test: Sequence[str], folder: Path) -> tuple[Array, Array]:
    """TF-IDF and latent semantic analysis: the text features until 2026-11."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    def made() -> tuple[Array, Array]:
        pairs = 2 if np.mean([len(text) for text in pool]) < 300 else 1
        counts = TfidfVectorizer(
            ngram_range=(1, pairs), min_df=2, sublinear_tf=True, max_features=30_000, dtype=np.float32
        )
        encoder = make_pipeline(counts, TruncatedSVD(128, n_iter=2, random_state=0), Normalizer())
        return encoder.fit_transform(pool), encoder.transform(test)

    return _kept(folder, ["words", *pool, *test], made)


def _texts(pool: Sequence[str], test: Sequence[str], folder: Path) -> tuple[Array, Array]:
    """The default text features."""
    import hitl_widgets
    from hitl_widgets.items.features.texts import encode as encode_texts

    home = Path(hitl_widgets.__file__).parent / "items" / "features"
    code = [(home / f"{module}.py").read_text() for module in ("texts", "sentences")]

    def made() -> tuple[Array, Array]:
        X, encoder = encode_texts(pool)
        return X, encoder.transform(test)

    return _kept(folder, [*code, *pool, *test], made)


def _kept(folder: Path, key: Sequence[str], make: Callable[[], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Cache the features, because those of texts take seconds."""
    digest = hashlib.blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    file = folder / "features" / f"{digest}.npz"
    if not file.exists():
        pool, test = (_float32(X) for X in make())
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part.npz")
        np.savez(part, pool=pool, test=test)
        part.replace(file)
    with np.load(file) as found:
        return found["pool"], found["test"]


def _float32(X: Any) -> Array:
    return np.ascontiguousarray(X, dtype=np.float32)


ENCODERS: dict[str, Callable[[Any, Any, Path], tuple[Array, Array]]] = {
    "as they are": _as_they_are,
    "standardised": _standardised,
    "centred": _centred,
    "words": _words,
    "texts": _texts,
}
