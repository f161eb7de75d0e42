"""Labels that span suggestions need, in the order of the tagger's doubt and in random order.

``python -m benchmarks.labels.spans [SEEDS]`` prints the tables of docs/spans.md. A run takes the sentences of
`benchmarks.data.prose`: a pool of 2,000 and 2,000 for the test. Runs are saved, and continued if they are
interrupted.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

import hitl_widgets as hitl
from benchmarks import RESULTS as ALL_RESULTS
from benchmarks.data.prose import CLASSES, Sentence, sentences
from benchmarks.speed.scale_report import table
from hitl_widgets.learn.strategies import Context, doubt
from hitl_widgets.learn.tagging import span_f1
from hitl_widgets.learn.tagging.crf import CrfTagger
from hitl_widgets.learn.tagging.tokens import spans_of, tags_of, tokens
from hitl_widgets.learn.tagging.tokenwise import TokenTagger
from hitl_widgets.loop.tagging import START

POOL, STEP, LOOK, SHARE = 2000, 10, 20, 0.8
RESULTS = ALL_RESULTS / "spans"
TAGGERS: dict[str, Callable[[], Any]] = {"CRF": CrfTagger, "token classifier": TokenTagger}
RANDOM, OURS = "random", "ours"

Array = np.ndarray[Any, Any]


class Texts:
    """The texts of a seed, their tokens, features and tags."""

    def __init__(self, seed: int) -> None:
        from hitl_widgets.learn.tagging.tokens import features

        every = sentences()
        rows = np.random.default_rng(seed).permutation(len(every))[: 2 * POOL]
        self.items: list[Sentence] = [every[i] for i in rows]
        self.places = [tokens(text) for text, _ in self.items]
        self.words = [
            [text[a:b].lower() for a, b in p] for (text, _), p in zip(self.items, self.places, strict=True)
        ]
        self.features = [features(text, p) for (text, _), p in zip(self.items, self.places, strict=True)]
        self.tags = [tags_of(p, s) for (_, s), p in zip(self.items, self.places, strict=True)]

    def fitted(self, new: Callable[[], Any], rows: list[int]) -> Any:
        """A tagger that has learned these rows."""
        model = new()
        with threadpool_limits(1):
            model._learn([self.features[i] for i in rows], [self.tags[i] for i in rows])
        return model

    def f1(self, model: Any) -> float:
        """F1 on the second half of the texts."""
        found = [
            {(self.places[i][a][0], self.places[i][b][1], label) for a, b, label in spans_of(tags)}
            for i, (tags, _) in enumerate(model._tag(self.features[POOL:]), POOL)
        ]
        return span_f1([spans for _, spans in self.items[POOL:]], found)


# -- orders: the utility of texts, from the certainty of their tokens


def total(certainty: list[Array], **_: Any) -> Array:
    """The expected number of wrong tags."""
    return np.array([(1 - c).sum() for c in certainty])


def mean(certainty: list[Array], **_: Any) -> Array:
    """The same, per token."""
    return np.array([(1 - c).mean() for c in certainty])


def mnlp(model: Any, texts: Texts, rows: Array, **_: Any) -> Array:
    """MNLP (Shen et al. 2018): minus the logarithm of the best path's probability, per token."""
    found = []
    for row in rows:
        words = texts.features[row]
        path = model._crf.tag(words)
        found.append(-np.log(max(1e-300, model._crf.probability(path))) / len(words))
    return np.array(found)


def novel(certainty: list[Array], texts: Texts, rows: Array, labelled: list[int], **_: Any) -> Array:
    """The expected number of wrong tags, each divided by 1 plus the labelled tokens of the same word."""
    known = Counter(word for row in labelled for word in texts.words[row])
    return np.array(
        [
            sum((1 - p) / (1 + known[w]) for w, p in zip(texts.words[row], c.tolist(), strict=True))
            for row, c in zip(rows, certainty, strict=True)
        ]
    )


def near(utility: Callable[..., Array], graph: Any, rows: Array, labelled: list[int], **more: Any) -> Array:
    """Another utility, lower where the neighbours of the text are labelled, as in the strategy doubt."""
    u, y = np.zeros(POOL), np.full(POOL, -1, np.int16)
    u[rows], y[labelled] = utility(rows=rows, labelled=labelled, **more), 0
    context = Context(graph[0], y, y < 0, np.random.default_rng(0), affinity=graph[1])
    return np.asarray(doubt.of_margin(u, context)[rows])  # type: ignore[attr-defined]


def spread(utility: Callable[..., Array], graph: Any, rows: Array, **more: Any) -> Array:
    """Another utility; the batch is spread out as by ``session.query(n)``."""
    from hitl_widgets.learn.strategies import pick

    u = utility(rows=rows, **more)
    context = Context(graph[0][rows], np.full(len(rows), -1, np.int16), np.ones(len(rows), bool),
                      np.random.default_rng(0), n=STEP)  # fmt: skip
    best = np.zeros(len(rows))
    for rank, i in enumerate(pick(u, context)):
        best[i] = 1e9 - rank
    return np.maximum(u, best)


def apart(certainty: list[Array], texts: Texts, rows: Array, labelled: list[int], **_: Any) -> Array:
    """The order of sessions: ``novel``; within a batch, the words of the texts before count as known."""
    known = Counter(word for row in labelled for word in texts.words[row])

    def value(i: int) -> float:
        return sum((1 - p) / (1 + known[w]) for w, p in zip(texts.words[rows[i]], certainty[i], strict=True))

    left = {i: value(i) for i in range(len(rows))}
    u = np.zeros(len(rows))
    for rank in range(STEP):
        while True:  # values only fall, so that few have to be computed again
            best = max(left, key=left.__getitem__)
            before, left[best] = left[best], value(best)
            if left[best] >= before:
                break
        u[best] = STEP - rank
        del left[best]
        known.update(texts.words[rows[best]])
    return u


ORDERS: dict[str, Callable[..., Array]] = {
    OURS: apart,
    "novel": novel,
    "novel, near": partial(near, novel),
    "total": total,
    "mean": mean,
    "MNLP": mnlp,
    "total, near": partial(near, total),
    "total, spread": partial(spread, total),
}


# -- runs


def start(texts: Texts, seed: int) -> tuple[list[int], tuple[Array, Any]]:
    """The first texts that a session asks, and its features with their graph."""
    file = RESULTS / f"start-{seed}.json"
    said = [
        [{"start": a, "end": b, "label": label} for a, b, label in spans] for _, spans in texts.items[:POOL]
    ]
    question = hitl.Question.spans(list(CLASSES), overlap=True)
    with hitl.Session([text for text, _ in texts.items[:POOL]], question=question, store=":memory:",
                      audit=0.0, random_state=seed) as session:  # fmt: skip
        session.wait()
        ground = session._loop.background.ground
        assert ground is not None
        if file.exists():
            return json.loads(file.read_text()), (ground.X, ground.affinity)
        rows: list[int] = []
        for _ in range(START):
            [id_] = session.query()
            rows.append(int(session.pool.first_rows[session.pool.index([id_])[0]]))
            session.label(id_, said[rows[-1]])
        file.write_text(json.dumps(rows))
        return rows, (ground.X, ground.affinity)


def run(seed: int) -> None:
    """All runs of a seed."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    texts = Texts(seed)
    first, graph = start(texts, seed)
    for tagger, new in TAGGERS.items():
        file = RESULTS / f"{seed}-{tagger}-full.json"
        if not file.exists():
            file.write_text(json.dumps(texts.f1(texts.fitted(new, list(range(POOL))))))
    goal = SHARE * json.loads((RESULTS / f"{seed}-CRF-full.json").read_text())
    todo = [("CRF", OURS), ("CRF", RANDOM), ("token classifier", OURS), ("token classifier", RANDOM)]
    todo += [("CRF", order) for order in ORDERS if order != OURS]
    for tagger, order in todo:
        file = RESULTS / f"{seed}-{tagger}-{order}.json"
        if not file.exists():
            file.write_text(json.dumps(curve(texts, tagger, order, first, graph, seed, goal)))
            print(file.stem, json.loads(file.read_text())[-1], flush=True)


def curve(
    texts: Texts, tagger: str, order: str, first: list[int], graph: Any, seed: int, goal: float
) -> list[tuple[int, int, float]]:
    """Labels, labelled tokens and F1, until the goal is reached."""
    rng = np.random.default_rng(seed)
    labelled = list(rng.permutation(POOL)[:START]) if order == RANDOM else list(first)
    found = []
    while True:
        looks = (len(labelled) - START) % LOOK == 0
        if order != RANDOM or looks:
            model = texts.fitted(TAGGERS[tagger], labelled)
        if looks:
            n = sum(len(texts.places[i]) for i in labelled)
            found.append((len(labelled), n, texts.f1(model)))
            if found[-1][2] >= goal or len(labelled) + STEP > POOL:
                return found
        rows = np.setdiff1d(np.arange(POOL), labelled)
        if order == RANDOM:
            labelled += rng.permutation(rows)[:STEP].tolist()
            continue
        certainty = [P for _, P in model._tag([texts.features[i] for i in rows])]
        u = ORDERS[order](
            certainty=certainty, model=model, texts=texts, rows=rows, labelled=labelled, graph=graph
        )
        labelled += rows[np.argsort(-u, kind="stable")[:STEP]].tolist()


# -- the tables


def reached(points: list[tuple[int, int, float]], goal: float) -> tuple[float, float]:
    """Labels and tokens at which a curve reaches the goal, interpolated."""
    for (n, m, low), (n2, m2, high) in pairwise(points):
        if high >= goal:
            part = (goal - low) / (high - low) if high > low else 1.0
            return n + part * (n2 - n), m + part * (m2 - m)
    return float(points[-1][0]), float(points[-1][1])


def report(seeds: int) -> str:
    goals = [SHARE * json.loads((RESULTS / f"{s}-CRF-full.json").read_text()) for s in range(seeds)]
    lines = []
    full = {
        t: [json.loads((RESULTS / f"{s}-{t}-full.json").read_text()) for s in range(seeds)] for t in TAGGERS
    }
    for tagger, values in full.items():
        lines.append(f"Test F1 of the {tagger} with all {POOL:,} labels: {np.mean(values):.3f}.")
    rows = []
    for tagger, order in [(t, o) for t in TAGGERS for o in (RANDOM, *ORDERS)]:
        files = [RESULTS / f"{s}-{tagger}-{order}.json" for s in range(seeds)]
        if not all(file.exists() for file in files):
            continue
        mine = np.array([reached(json.loads(f.read_text()), g) for f, g in zip(files, goals, strict=True)])
        other = np.array(
            [
                reached(json.loads((RESULTS / f"{s}-{tagger}-{RANDOM}.json").read_text()), goals[s])
                for s in range(seeds)
            ]
        )
        ratio = np.exp(np.log(other / mine).mean(axis=0))
        each = ", ".join(f"{n:.0f}" for n in mine[:, 0])
        rows.append([tagger, order, each, f"{mine[:, 0].mean():.0f}", f"{ratio[0]:.2f}", f"{ratio[1]:.2f}"])
    head = ["tagger", "order", "labels, each seed", "mean", "random / it, labels", "random / it, tokens"]
    return "\n".join([*lines, "", *table(head, rows)])


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    Parallel(min(3, seeds))(delayed(run)(seed) for seed in range(seeds))
    print(report(seeds))


if __name__ == "__main__":
    main()
