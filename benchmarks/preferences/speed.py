"""How long it takes from an answer to the next pair, with 10,000 candidates.

``python -m benchmarks.preferences.speed [PROMPTS]`` answers 300 pairs of a session of texts, eight for each
prompt, and then measures 100 more, one by one: until the round that has learned the answer is there.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

from hitl_widgets.preferences.preferences import Preferences
from hitl_widgets.session import loop_of

WORDS = [
    f"{a}{b}" for a in ("ba", "ce", "di", "fo", "gu", "ha", "ki") for b in ("ra", "se", "ti", "vo", "zu")
]


def embed(texts: list[str]) -> np.ndarray:
    """Features that are fast to compute, as many as those of texts."""
    return HashingVectorizer(n_features=128, analyzer="char", ngram_range=(2, 3)).transform(texts).toarray()


def main() -> None:
    prompts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_250
    rng = np.random.default_rng(0)
    texts = [[" ".join(rng.choice(WORDS, rng.integers(5, 40))) for _ in range(8)] for _ in range(prompts)]
    began = time.perf_counter()
    with Preferences(
        [f"Prompt {i}" for i in range(prompts)], texts, embed=embed, store=":memory:", random_state=0
    ) as prefs:
        session, loop = prefs.session, loop_of(prefs.session)
        print(prefs, f"open after {time.perf_counter() - began:.1f} s")
        session.query(1)
        print(f"the first pair after {time.perf_counter() - began:.1f} s")

        for _ in range(300):
            id_ = session.pool.ids[int(rng.integers(len(session.pool)))]
            a, b = session.pool.items[session.pool.index([id_])[0]]
            session.label(id_, "first" if a.count("e") + rng.normal() > b.count("e") else "second")
        session.wait()
        print(f"ready after {time.perf_counter() - began:.1f} s, {session.stage}")
        while session.stage is not None:  # the map
            time.sleep(0.5)
        print(f"idle after {time.perf_counter() - began:.1f} s")
        seen, times, work = threading.Event(), [], []
        wanted = [0]

        def heard(what: str) -> None:
            if what == "round" and session.round is not None and session.round.n_labels >= wanted[0]:
                seen.set()

        loop.subscribe(heard)
        for _ in range(100):
            time.sleep(1.0)  # people take longer than this
            candidates = [s.index for s in session.round.suggestions]
            id_ = session.pool.ids[candidates[0]]
            a, b = session.pool.items[candidates[0]]
            wanted[0] = session.n_labels + 1
            seen.clear()
            start, cpu = time.perf_counter(), time.process_time()
            session.label(id_, "first" if a.count("e") + rng.normal() > b.count("e") else "second")
            seen.wait(20)
            times.append(time.perf_counter() - start)
            work.append(time.process_time() - cpu)
        ms = np.array(times) * 1000
        load = float(Path("/proc/loadavg").read_text().split()[0])
        print(f"CPU time of it: median {np.median(work) * 1000:.0f} ms, at a load of {load:.0f}")
        print(f"answer to next pair: median {np.median(ms):.0f} ms, p95 {np.quantile(ms, 0.95):.0f} ms")


if __name__ == "__main__":
    main()
