"""How much has to change until the guess flips, and what edited items gain or cost.

    python -m benchmarks.teach.counterfactuals                 everything: 20 min on 2 cores
    python -m benchmarks.teach.counterfactuals --part tables --runs 5

``tables`` and ``texts``: sessions with 50 (texts: 100) labels drawn at random; the smallest changes of six
items that are not labelled, and what the model guesses for each changed item when it is asked again.
``edits``: the accuracy on the other items with 100 labels of 2,000 TREC questions, without and with 30 edited
ones. In ``misled``, each question begins with a word that names the class in 95 of 100 labels and none
elsewhere, and the edits put another such word in its place. In ``plain`` there is no such word, and the edits
leave out a random word. The edited questions keep their class. Finished runs are kept in
benchmarks/results/counterfactuals.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import RESULTS
from benchmarks.accuracy.tables import markdown, mean, share
from benchmarks.data import pools

Array = np.ndarray[Any, Any]

TABLES, TEXTS, EDITS = ("breast_cancer", "wine", "synthetic"), ("trec",), ("misled", "plain")
COLUMNS, ITEMS, LABELS, TEXT_LABELS = 10, 6, 50, 100
SIZE, EDITED, RELIABLE = 2_000, 30, 0.95
TAGS = ("alpha", "bravo", "carol", "delta", "echo", "foxtrot")


def table(name: str, seed: int) -> tuple[pd.DataFrame, Array]:
    """Ten columns and the true classes."""
    if name == "synthetic":
        from sklearn.datasets import make_classification

        X, y = make_classification(
            600, COLUMNS, n_informative=5, n_redundant=2, n_classes=3, class_sep=1.5, random_state=seed
        )
    else:
        X, y = (pools.breast_cancer if name == "breast_cancer" else pools.wine)()
    return pd.DataFrame(np.asarray(X)[:, :COLUMNS], columns=[f"c{k}" for k in range(COLUMNS)]), y


def questions(seed: int) -> tuple[list[str], Array]:
    """TREC questions, each once, in random order, and their classes."""
    pairs = dict(line.split(" ", 1)[::-1] for line in pools.TREC.read_text("utf-8").splitlines())
    texts = [list(pairs)[k] for k in np.random.default_rng(seed).permutation(len(pairs))[:SIZE]]
    return texts, np.unique([pairs[text].partition(":")[0] for text in texts], return_inverse=True)[1]


def flips(name: str, seed: int) -> dict[str, Any]:
    """The sizes of the smallest changes, whether each flips the guess, and the seconds that they took."""
    import hitl_widgets as hitl

    data, y = questions(seed) if name in TEXTS else table(name, seed)
    classes = [f"class {k}" for k in range(int(y.max()) + 1)]
    with (
        warnings.catch_warnings(),
        hitl.Session(data, classes=classes, store=":memory:", audit=0, random_state=seed) as session,
    ):
        warnings.simplefilter("ignore")
        order = np.random.default_rng(seed).permutation(len(session.pool))
        n = TEXT_LABELS if name in TEXTS else LABELS
        place = session.pool.first_rows
        for row in order[:n].tolist():
            session.label([session.pool.ids[row]], classes[y[place[row]]])
        session.wait()
        made: dict[str, Any] = {"sizes": [], "flipped": [], "seconds": []}
        session.teach.counterfactual(session.pool.ids[int(order[-1])])  # loads what the first one needs
        for row in order[n : n + ITEMS].tolist():
            began = time.perf_counter()
            found = session.teach.counterfactual(session.pool.ids[row])
            made["seconds"].append(time.perf_counter() - began)
            made["sizes"].append(len(found))
            [P] = session._loop.editing.told([found.attrs["item"]])
            made["flipped"].append(classes[int(P.argmax())] == found.attrs["to"] != found.attrs["guess"])
    return made


def gains(way: str, seed: int) -> dict[str, Any]:
    """The accuracy without and with edited items."""
    from hitl_widgets.data.neighbors import NeighborGraph
    from hitl_widgets.items.features.texts import encode
    from hitl_widgets.learn.auto import AutoLearner
    from hitl_widgets.learn.edited import EditedRows
    from hitl_widgets.loop.asking import ground_of

    rng = np.random.default_rng(seed)
    texts, y = questions(seed)
    labels, k = np.arange(TEXT_LABELS), len(TAGS)
    tag = rng.integers(0, k, len(y))
    tag[labels] = np.where(rng.random(len(labels)) < RELIABLE, y[labels], tag[labels])
    parents = rng.choice(labels, EDITED, replace=False)
    if way == "misled":
        other = (tag[parents] + rng.integers(1, k, EDITED)) % k
        new = [f"{TAGS[t]} {texts[row]}" for t, row in zip(other, parents, strict=True)]
        texts = [f"{TAGS[t]} {text}" for t, text in zip(tag, texts, strict=True)]
    else:
        new = []
        for row in parents:
            words = texts[row].split()
            del words[int(rng.integers(len(words)))]
            new.append(" ".join(words))
    X, encoder = encode(texts, meaning=False)
    graph = ground_of(X, NeighborGraph.build(X)).affinity
    rows = np.asarray(encoder.transform(new), np.float32)
    found = []
    for experts in ([], [EditedRows(X, parents, rows, y[parents], k)]):
        live = AutoLearner().start(X, k, graph)
        live.advise(experts)
        live.update(labels, y[labels])
        live.refresh()
        found.append(float(np.mean(live.proba().argmax(axis=1)[TEXT_LABELS:] == y[TEXT_LABELS:])))
    return {"without": found[0], "with": found[1]}


def kept(name: str, seed: int) -> dict[str, Any]:
    """A run, computed once."""
    path: Path = RESULTS / "counterfactuals" / f"{name}-{seed}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps((gains if name in EDITS else flips)(name, seed)))
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def main() -> None:
    """Run everything, and print the tables of docs/teach.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["tables", "texts", "edits"])
    parser.add_argument("--runs", type=int, default=20)
    asked = parser.parse_args()
    every = {"tables": TABLES, "texts": TEXTS, "edits": EDITS}
    for part in [asked.part] if asked.part else list(every):
        lines = []
        for name in every[part]:
            runs = [kept(name, seed) for seed in range(asked.runs)]
            if part == "edits":
                before, after = (np.array([run[which] for run in runs]) for which in ("without", "with"))
                lines.append([name, mean(before), mean(after), mean(after - before)])
                continue
            sizes = [np.mean(run["sizes"]) for run in runs]
            most = max(max(run["sizes"]) for run in runs)
            flipped = np.concatenate([run["flipped"] for run in runs])
            seconds = np.concatenate([run["seconds"] for run in runs])
            took = f"{np.median(seconds):.2f} s, {np.quantile(seconds, 0.95):.2f} s"
            lines.append([name, mean(sizes, 1), most, share(flipped), took])
        head = ["", "without", "with 30 edits", "gain"] if part == "edits" else [
            "", "changes", "most", "flipped", "median and 95 % of the times"
        ]  # fmt: skip
        print(markdown(head, lines), "\n")


if __name__ == "__main__":
    main()
