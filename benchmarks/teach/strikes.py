"""What striking out a word that misleads gains, and what striking out one that helps costs.

Three words that mean nothing are added to the TREC questions. Each goes with one class among the labelled
items, as where these come from one source, and is drawn at random among the others.
``python -m benchmarks.teach.strikes`` prints the table of docs/teach.md; ``--quick`` makes 3 draws.
Without sentence embeddings, which take most of the time.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.tables import markdown, mean
from benchmarks.data import pools
from hitl_widgets.background.turns import one_blas_thread
from hitl_widgets.data.neighbors import NeighborGraph
from hitl_widgets.items.features.strikes import in_front, without
from hitl_widgets.items.features.texts import encode
from hitl_widgets.items.strikes import Strike
from hitl_widgets.learn.auto import AutoLearner
from hitl_widgets.learn.learner import foretold
from hitl_widgets.loop.asking import ground_of

WORDS = ("kindly", "hereby", "regards")
# How often an unlabelled item has one of the words.
REST = 0.5
N, SIZES, DRAWS, QUICK = 2_000, (60, 200), 20, 3
HELPFUL = ("helpful word struck", "helpful word emphasized")
RESULTS = Path("benchmarks/results/teach-strikes.json")


def accuracy(X: Any, y: Any, rows: Any) -> float:
    """The accuracy on all other items of the default model of these labels."""
    ground = ground_of(X, NeighborGraph.build(X))
    learner = AutoLearner().start(X, int(y.max()) + 1, ground.affinity)
    rest = np.setdiff1d(np.arange(len(y)), rows)
    return float(np.mean(foretold(learner, rows, y[rows], rest).argmax(axis=1) == y[rest]))


def read(X: Any, encoder: Any, texts: list[str], *strikes: Strike) -> Any:
    """The features with these strikes, as :meth:`.Preparation.taught` computes them."""
    if strikes[0].weight:
        return np.asarray(in_front(encoder, strikes).transform(texts), np.float32)
    out, changed = without(strikes), X.copy()
    rows = [i for i, text in enumerate(texts) if out.touches(text)]
    changed[rows] = encoder.transform([out.item(texts[i]) for i in rows])
    return changed


def telling(texts: list[str], y: Any, rows: Any) -> str:
    """The word that tells most about the classes of the labelled items."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.feature_selection import chi2

    counts = CountVectorizer(binary=True, token_pattern=r"\b[^\W\d_]{2,}\b").fit([texts[i] for i in rows])
    found, _ = chi2(counts.transform([texts[i] for i in rows]), y[rows])
    return str(counts.get_feature_names_out()[np.argmax(found)])


def draw(texts: Any, y: Any, n: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng([20, n, seed])
    some = rng.permutation(len(y))[:N]
    clean, y = [str(texts[i]) for i in some], y[some]
    rows = np.arange(n)
    which = np.where(rng.random(len(y)) < REST, rng.integers(0, len(WORDS), len(y)), -1)
    which[rows] = -1
    for k, code in enumerate(rng.permutation(np.argsort(-np.bincount(y[rows]))[: len(WORDS)])):
        which[rows[y[rows] == code]] = k
    misled = [f"{text} {WORDS[k]}" if k >= 0 else text for text, k in zip(clean, which, strict=True)]
    X, encoder = encode(misled, meaning=False)
    X0, encoder0 = encode(clean, meaning=False)
    helps = telling(clean, y, rows)
    return {
        "misled": accuracy(X, y, rows),
        "struck": accuracy(read(X, encoder, misled, *map(Strike, WORDS)), y, rows),
        "never had it": accuracy(X0, y, rows),
        "helpful word struck": accuracy(read(X0, encoder0, clean, Strike(helps)), y, rows),
        "helpful word emphasized": accuracy(read(X0, encoder0, clean, Strike(helps, weight=1.0)), y, rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} draws of each")
    options = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    rows = []
    texts, y = pools.items("trec")
    y = np.unique(y, return_inverse=True)[1]
    for n in SIZES:
        made = []
        for seed in range(QUICK if options.quick else DRAWS):
            key = f"words and letters {n} {seed}"
            if key not in kept:
                with one_blas_thread():
                    kept[key] = draw(texts, y, n, seed)
                print(key, kept[key], flush=True)
                RESULTS.parent.mkdir(exist_ok=True)
                RESULTS.write_text(json.dumps(kept, indent=1))
            made.append(kept[key])
        of = {what: np.array([one[what] for one in made]) for what in made[0]}
        share = of["struck"].mean() / of["never had it"].mean()
        helps = [of[what] - of["never had it"] for what in HELPFUL]
        shown = [mean(of[what]) for what in ("misled", "struck", "never had it")]
        rows.append([n, len(made), *shown, f"{share:.1%}", *map(mean, helps)])
    heads = ["labels", "draws", "misled", "struck", "never had it", "of that", "helpful struck", "emphasized"]
    print(markdown(heads, rows))


if __name__ == "__main__":
    main()
