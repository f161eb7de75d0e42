"""What is measured of label efficiency; each result is a file of its own, so that a killed run goes on."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import hitl_widgets as hitl
import pools
from label_stats import METRIC

OURS, MARGIN, RANDOM, STRONG = "ours", "LR + margin", "LR + random", "LR (C=10) + margin"
KEEP = [
    "contestant",
    "repeat",
    "n_labels",
    "pool_accuracy",
    "macro_f1",
    "test_accuracy",
    "unlabelled_accuracy",
]
KEEP += ["seconds"]
BUDGET, UNLABELLED = 200, 20
NOISE = 0.1
RARE_DIGITS, POSITIVES, HUNT_CAP = (1, 4, 8), 10, 400
HELD_OUT = ("digits", "breast_cancer", "docstrings", "trec", "noisy", "line", "plane")
SPLITS = 5
LARGE = 100_000
UPDATE_SIZES, WARM_UP, TIMED = (100_000, 1_000_000), 30, 100


@dataclass(frozen=True)
class Options:
    """How often, on what, with how many processes; ``results`` is a folder."""

    repeats: int
    large_repeats: int
    sets: tuple[str, ...]
    jobs: int
    results: Path
    keep_baselines: bool = False


def contestant(name: str) -> tuple[Any, str]:
    weak, strong = LogisticRegression(max_iter=2000), LogisticRegression(C=10, max_iter=2000)
    return {
        OURS: ("auto", "auto"),
        MARGIN: (weak, "margin"),
        RANDOM: (weak, "random"),
        STRONG: (strong, "margin"),
    }[name]


def suite(options: Options) -> None:
    for name in options.sets:
        X, y = pools.load(name)
        budget = min(BUDGET, len(X) - UNLABELLED)
        race(options, "suite", name, X, y, [OURS, MARGIN, RANDOM, STRONG], budget=budget)


def noise(options: Options) -> None:
    for name in options.sets:
        X, y = pools.load(name)
        race(options, "noise", name, X, y, [OURS, MARGIN], budget=100, at=[20, 50, 100], noise=NOISE)


def held_out(options: Options) -> None:
    """Five splits, so that every item is held out once; the repeats are shared among them."""
    from sklearn.model_selection import StratifiedKFold

    for name in (n for n in options.sets if n in HELD_OUT):
        X, y = pools.load(name)
        n_splits = min(SPLITS, options.repeats)
        shares = [len(part) for part in np.array_split(np.arange(options.repeats), n_splits)]
        splits = list(StratifiedKFold(SPLITS, shuffle=True, random_state=0).split(X, y))[:n_splits]
        frames, kept = [], None
        for k, ((train, test), repeats) in enumerate(zip(splits, shares, strict=True)):
            settings = {"budget": BUDGET, "at": [50, BUDGET], "test": (X[test], y[test]), "random_state": k}
            frame, kept = _race(
                options, "held_out", name, X[train], y[train], [OURS, MARGIN], repeats=repeats,
                before=sum(shares[:k]), **settings,
            )  # fmt: skip
            frames.append(frame)
        _store(options, "held_out", name, _columns(pd.concat(frames)), kept)


def redrawn(options: Options) -> None:
    """The two adversarial kinds, another pool for every repeat: a pool by itself may be odd."""
    import joblib

    from hitl_widgets.loop.finished import _OUR_CODE

    for kind, wrong in product(pools.DRAWN, (0.0, NOISE)):
        name = f"{kind}, {wrong:.0%} wrong" if wrong else kind
        found = _stored(options, "redrawn", name)
        if found.get("code") == _OUR_CODE and len(set(found["found"]["repeat"])) >= options.repeats:
            continue
        print(f"redrawn: {name}", flush=True)
        frames = joblib.Parallel(options.jobs)(
            joblib.delayed(_on_another)(kind, wrong, number) for number in range(options.repeats)
        )
        _store(options, "redrawn", name, _columns(pd.concat(frames)), code=_OUR_CODE)


def _on_another(kind: str, wrong: float, number: int) -> pd.DataFrame:
    X, y = pools.drawn(kind, number)
    race = hitl.simulate(
        X, y, contestants={n: contestant(n) for n in (OURS, MARGIN)}, budget=100, at=[20, 30, 50, 100],
        repeats=1, random_state=number, n_jobs=1, progress=False, noise=wrong,
    )  # fmt: skip
    return race.frame.assign(repeat=number)


def large(options: Options) -> None:
    X, y = pools.large(LARGE)
    graph = _graph(options, X)
    settings = {"budget": 50, "at": [20, 30, 50], "graph": graph, "repeats": options.large_repeats}
    race(options, "large", f"{LARGE}", X, y, [OURS, MARGIN], **settings)


def rare(options: Options) -> None:
    import joblib

    from hitl_widgets.loop.finished import _OUR_CODE

    ways = {"most_likely_positive": OURS, "random": RANDOM}
    for digit in RARE_DIGITS:
        X, y = pools.rare(digit)
        graph = _graph(options, X)
        for strategy in ways:
            name = f"{digit}-{strategy}"
            found = _stored(options, "rare", name)
            if found.get("code") == _OUR_CODE and len(found["found"]["labels"]) >= options.repeats:
                continue
            runs = joblib.Parallel(options.jobs)(
                joblib.delayed(hunt)(X, y, graph, strategy, seed) for seed in range(options.repeats)
            )
            result = {"digit": digit, "strategy": strategy, "pool": len(y), "positives": int(y.sum())}
            _store(options, "rare", name, result | {"labels": runs}, code=_OUR_CODE)


def hunt(X: Any, y: Any, graph: Any, strategy: str, seed: int) -> int | None:
    """Labels from cold to ten positives, by the default learner; None where 400 are not enough.

    As in a session: k-means medoids first, then the strategy, also while only one class is known.
    """
    from threadpoolctl import threadpool_limits

    from hitl_widgets.learn.learner import as_learner
    from hitl_widgets.learn.strategies import Context, as_strategy, choose, kmeans_start, most_likely_positive

    n, blind = len(y), strategy == "random"
    wanted = "random" if blind else partial(most_likely_positive, positive=1)
    choice = as_strategy(wanted)[1]
    said, order = np.full(n, -1, dtype=np.int16), []
    cold = kmeans_start(X, 10, seed)
    with threadpool_limits(1):
        learner = as_learner("auto").start(X, 2, graph)
        proba = np.full((n, 2), 0.5)
        while len(order) < HUNT_CAP:
            i = cold[len(order)] if len(order) < len(cold) else None
            if i is None:
                if not blind:
                    proba = learned(learner, np.array(order), said[order])
                rng = np.random.default_rng([seed, len(order)])
                [i] = choose(choice, proba, Context(X, said, said < 0, rng, 1, graph, learner))
            said[i] = y[i]
            order.append(i)
            if (said == 1).sum() == POSITIVES:
                return len(order)
    return None


def learned(learner: Any, rows: Any, codes: Any) -> Any:
    """Probabilities of all rows by a learner that has learned everything, at once or in two steps."""
    learner.update(rows, codes)
    if getattr(learner, "stale", False):
        learner.refresh()
    return learner.proba()


def update(options: Options) -> None:
    """The time of one more label; a million rows stand on landmarks."""
    from hitl_widgets.learn.learner import as_learner

    for n in UPDATE_SIZES:
        X, y = pools.large(n)
        graph = _graph(options, X)
        began = time.perf_counter()
        learner = as_learner("auto").start(X, pools.CLASSES, graph)
        started = time.perf_counter() - began
        rows = np.random.default_rng(0).permutation(n)[: WARM_UP + TIMED]
        learned(learner, rows[:WARM_UP], y[rows[:WARM_UP]].astype(np.int16))
        times: dict[str, list[float]] = {"update": [], "refresh": []}
        for m in range(WARM_UP + 1, len(rows) + 1):
            said = rows[:m], y[rows[:m]].astype(np.int16)
            _timed(times["update"], partial(learner.update, *said))
            if getattr(learner, "stale", False) and m % 10 == 0:
                _timed(times["refresh"], learner.refresh)
        _store(options, "update", str(n), {"n": n, "start": started} | times)


PARTS: dict[str, Callable[[Options], None]] = {
    "suite": suite,
    "noise": noise,
    "rare": rare,
    "held_out": held_out,
    "redrawn": redrawn,
    "large": large,
    "update": update,
}


# -- a race, and its file ------------------------------------------------------------------------------


def race(options: Options, part: str, name: str, X: Any, y: Any, who: list[str], **settings: Any) -> None:
    """Run what is missing of a race, and store its curves."""
    frame, kept = _race(options, part, name, X, y, who, **settings)
    _store(options, part, name, _columns(frame), kept)


def _race(
    options: Options,
    part: str,
    name: str,
    X: Any,
    y: Any,
    who: list[str],
    *,
    before: int = 0,
    **settings: Any,
) -> tuple[pd.DataFrame, str | None]:
    """The frame, its repeats counted from ``before``; and the date of baselines that were kept."""
    settings = {"repeats": options.repeats, "random_state": 0} | settings
    old, kept = pd.DataFrame(), None
    numbers = range(before, before + settings["repeats"])
    if options.keep_baselines and (stored := _stored(options, part, name)):
        old = pd.DataFrame(stored["found"])
        old = old[old["contestant"].ne(OURS) & old["repeat"].isin(numbers)]
        same = METRIC in old  # else they were measured by something else
        if same and set(who) - {OURS} == set(old["contestant"]) and old["repeat"].nunique() == len(numbers):
            who, kept = [OURS], stored["kept"] or stored["date"]
        else:
            old = pd.DataFrame()
    file = options.results / part / f"{name}.jsonl"
    print(f"{part}: {name}, {len(X):,} x {X.shape[1]}, {', '.join(who)}", flush=True)
    found = hitl.simulate(
        X, y, contestants={n: contestant(n) for n in who}, path=file, n_jobs=options.jobs, **settings
    ).frame
    return pd.concat([found.assign(repeat=found["repeat"] + before), old], ignore_index=True), kept


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return frame[[c for c in KEEP if frame[c].notna().any()]].to_dict("list")


def _graph(options: Options, X: Any) -> Any:
    """What a learner stands on; large graphs are kept on disk, so that the next run has the same one."""
    from hitl_widgets.data.landmarks import LandmarkGraph
    from hitl_widgets.data.neighbors import NeighborGraph
    from hitl_widgets.loop.asking import ground_of
    from hitl_widgets.loop.mapping import MOST_IN_GRAPH

    kind = LandmarkGraph if len(X) > MOST_IN_GRAPH else NeighborGraph
    return ground_of(X, kind.build(X, cache=options.results / "graphs")).affinity


def _timed(times: list[float], act: Callable[[], Any]) -> None:
    began = time.perf_counter()
    act()
    times.append(time.perf_counter() - began)


def _stored(options: Options, part: str, name: str) -> dict[str, Any]:
    file = options.results / part / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _store(
    options: Options, part: str, name: str, found: dict[str, Any], kept: str | None = None, code: str = ""
) -> None:
    about = {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load": os.getloadavg()[0],
        "commit": _commit(),
        "kept": kept,
        "code": code,
    }
    file = options.results / part / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(about | {"found": found}))
    fresh.replace(file)


def _commit() -> str:
    """The commit, with a + where files differ from it."""
    here = Path(__file__).parent
    try:
        said = [
            subprocess.run(
                ["git", *words], cwd=here, capture_output=True, text=True, check=True
            ).stdout.strip()
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "../src"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said[0] + "+" * bool(said[1])
