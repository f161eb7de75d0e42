"""How soon the drafts are found that need the most changes, against the order that covers the map.

``python -m benchmarks.labels.drafts [REPEATS]`` prints the table of docs/verifying.md. The texts are the
first words of docstrings. A machine has transcribed them: it changes, leaves out or doubles few words of most
texts, and many of those from two of the topics.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

import hitl_widgets as hitl
from benchmarks.speed.scale_report import table
from hitl_widgets.loop.drafting import START, expected_changes
from hitl_widgets.questions.text import changed_share

N, AT, LATER = 500, (25, 50, 100, 150), 5
WAYS = ("ours", "weighted by neighbours", "covering the map", "random order")
RARE, OFTEN = 0.04, 0.35


def drafted(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Texts with their drafts, and the share of changed words of each."""
    rng = np.random.default_rng(seed)
    docs = hitl.datasets.docstrings().sample(N, random_state=seed)
    bad = set(rng.choice(docs["topic"].unique(), 2, replace=False))
    words = " ".join(docs["doc"]).split()
    rows = []
    for doc, topic in zip(docs["doc"], docs["topic"], strict=True):
        text, draft = doc.split()[:40], []
        rate = rng.beta(2, 2 / (OFTEN if topic in bad else RARE) - 2)
        for word in text:
            if rng.random() > rate:
                draft.append(word)
            else:
                draft += [[str(rng.choice(words))], [], [word, word]][rng.integers(3)]
        rows.append({"doc": doc, "text": " ".join(text), "draft": " ".join(draft) or "-"})
    frame = pd.DataFrame(rows)
    shares = [changed_share(d, t) for d, t in zip(frame["draft"], frame["text"], strict=True)]
    return frame, np.array(shares)


def found(frame: pd.DataFrame, shares: np.ndarray, seed: int, way: str) -> np.ndarray:
    """The share of the changes of all drafts in the first labels, (AT[-1],)."""
    tfidf = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english").fit_transform(frame["doc"])
    X = normalize(TruncatedSVD(50, random_state=0).fit_transform(tfidf)).astype(np.float32)
    with hitl.Session(
        frame, text="doc", X=X, question=hitl.Question.text("What is said?", lines=True), store=":memory:",
        audit=0, random_state=seed, strategy="random" if way == "random order" else "auto",
    ) as session:  # fmt: skip
        session.wait()
        asker, ground = session._loop.background.trainer._asker, session._loop.background.ground
        order: list[int] = []
        expected = None
        while len(order) < AT[-1]:
            if way in WAYS[:2] and len(order) >= START and len(order) % LATER == 0:
                expected = expected_changes(ground, np.array(order), shares[order])
            if expected is None:
                row = session.pool.index(session.query(1))[0]
            else:
                labels = session._loop.labels
                instead = "margin" if way == WAYS[0] else ""
                value = asker.utilities(lambda: None, expected, ground, labels, None, 1, instead=instead)
                row = int(np.where(labels.y < 0, value, -np.inf).argmax())
            session.label(session.pool.ids[row], "done")
            order.append(row)
        return np.cumsum(shares[order]) / shares.sum()


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    curves: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    for seed in range(repeats):
        frame, shares = drafted(seed)
        for way in WAYS:
            curves[way].append(found(frame, shares, seed, way))
            print(way, seed, curves[way][-1][np.array(AT) - 1].round(3), file=sys.stderr, flush=True)
    rows = [[way, *(f"{np.mean(told, axis=0)[n - 1]:.0%}" for n in AT)] for way, told in curves.items()]
    print("\n".join(table(["", *(f"{n} texts" for n in AT)], rows)))


if __name__ == "__main__":
    main()
