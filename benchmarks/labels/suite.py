"""Sections on the suite: accuracy, labels saved, peers, and text features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmarks.data import pools
from benchmarks.labels import contestants as who
from benchmarks.labels import stats
from benchmarks.labels.chart import draw
from benchmarks.labels.sets import FORMER, HELD_OUT, STEPS
from benchmarks.labels.stats import Estimate, Runs
from benchmarks.labels.words import Bar, cell, counted, plain, prose
from benchmarks.speed.scale_report import table

AT_MARGIN = {"wine": 30}  # elsewhere 100
TREC_BARS, DOCSTRINGS_BAR = {20: 0.50, 50: 0.63, 100: 0.67}, 0.86
SAVINGS = ((who.RANDOM, who.STRONG_RANDOM, 6.0), (who.MARGIN, who.STRONG, 2.0))

Cases = Mapping[str, Runs]


def suite(cases: Cases, former: Cases, target: Path, bars: list[Bar]) -> list[str]:
    """The sections; ``former`` are the text sets with features of words alone."""
    if not cases:
        return []
    lines = [
        "## The suite",
        "",
        *[f"- **{name}**: {pools.WORDS[name]}" for name in cases],
        "",
        *prose(
            f"{HELD_OUT:.0%} of every set is held out. Feature extraction (standardisation, and all features",
            "of texts) is fitted to the pool and applied to the held-out items.",
        ),
    ]
    if draw(cases, target.with_suffix(".svg")):
        lines += [f"![Held-out accuracy with 95 % bands, one panel per set]({target.stem}.svg)", ""]
    lines += [
        *prose(
            f"Held-out accuracy by number of labels; {counted(cases, who.CORE)}. The last columns are the",
            "accuracy on the whole pool, where labelled items count as right.",
        ),
        *_accuracies(cases),
        "",
    ]
    return [*lines, *_savings(cases, former, bars), *_peers(cases), *_texts(cases, former, bars)]


def _accuracies(cases: Cases) -> list[str]:
    rows = []
    for name, runs in cases.items():
        steps = [min(n, runs.budget) for n in STEPS]
        for one in (c for c in who.CORE if c in runs.contestants):
            cells = [cell(stats.accuracy(runs, one, n)) for n in steps]
            if steps[-1] < STEPS[-1]:
                cells[-1] += f" at {steps[-1]}"
            pool = [plain(stats.accuracy(runs, one, n, stats.POOL)) for n in (50, 100)]
            rows.append([name, one, *cells, *pool, str(runs.repeats(one))])
    return table(["set", "", *map(str, STEPS), "pool, 50", "pool, 100", "repeats"], rows)


def _savings(cases: Cases, former: Cases, bars: list[Bar]) -> list[str]:
    lines = [
        "## Labels saved",
        "",
        *prose(
            "Labels that ours needs for the held-out accuracy of LR + random with 200 labels (wine: all of",
            "its pool but 20), and of LR + margin with 100 labels (wine 30). In the last column of each",
            "table LogisticRegression has the former text features (words alone), while ours keeps its own.",
        ),
    ]
    for baseline, strong, bound in SAVINGS:
        at = {
            n: AT_MARGIN.get(n, 100) if baseline == who.MARGIN else min(200, r.budget)
            for n, r in cases.items()
        }
        same = _found(cases, {}, baseline, at)
        if not same:
            continue
        other, apart = _found(cases, {}, strong, at), _found(cases, former, baseline, at)
        rows = [
            [
                name,
                f"{s.target:.3f} at {s.at}",
                f"{s.labels:.0f}" if s.reached else f"not reached, counted as {s.labels:.0f}",
                *(found[name].ratio.shown(2) if name in found else "-" for found in (same, other, apart)),
            ]
            for name, s in same.items()
        ]
        means = [
            stats.geometric_mean(list(found.values())) if found else None for found in (same, other, apart)
        ]
        shown = [f"**{mean.shown(2)}**" if mean else "-" for mean in means]
        rows.append(["geometric mean", "", "", *shown])
        head = [
            "set",
            f"accuracy of {baseline}",
            "labels of ours",
            "ratio",
            f"ratio to {strong}",
            "ratio to LR, former features",
        ]
        lines += [*table(head, rows), ""]
        which = f"{len(same)} of {len(pools.SETS)} sets"
        words = f"label ratio to {baseline} at {'200' if baseline == who.RANDOM else '100'}"
        pool = _found(cases, {}, baseline, at, stats.POOL)
        told = (
            (means[0], f"≥ {bound:g}", "held out, the same features"),
            (means[2], "-", "held out, baseline with the former text features"),
            (stats.geometric_mean(list(pool.values())), "-", "on the whole pool, the same features"),
        )
        for mean, need, how in told:
            if mean is not None:
                bars.append(
                    Bar(f"{words}, geometric mean ({which}): {how}", need, mean.shown(2), mean, bound)
                )
    return lines


def _found(
    cases: Cases, former: Cases, baseline: str, at: Mapping[str, int], metric: str = stats.METRIC
) -> dict[str, stats.Saving]:
    """The savings by set; the baseline uses the runs in ``former`` for sets that are there."""
    found = {}
    for name, runs in cases.items():
        ours = runs.curves(who.OURS, metric)
        theirs = former.get(FORMER.format(name), runs).curves(baseline, metric)
        if len(ours.index.intersection(theirs.index)) and theirs.columns[-1] >= at[name]:
            found[name] = stats.saving(ours, theirs, at[name])
    return found


def _peers(cases: Cases) -> list[str]:
    here = [one for one in (*who.CORE, *who.PEERS) if any(one in runs.contestants for runs in cases.values())]
    if len(here) < 2:
        return []
    rows = []
    for one in here:
        means = [_mean_over_sets(cases, one, n) for n in STEPS]
        gaps = [stats.over_sets(cases, who.OURS, one, n) if one != who.OURS else None for n in (50, 100)]
        sets = sum(one in runs.contestants for runs in cases.values())
        repeats = sorted({runs.repeats(one) for runs in cases.values()} - {0})
        shown = " to ".join(map(str, dict.fromkeys([repeats[0], repeats[-1]])))
        rows.append(
            [one, f"{sets} x {shown}", *map(plain, means), *(g.shown(3, "+") if g else "-" for g in gaps)]
        )
    each = [
        [
            one,
            *(" / ".join(plain(stats.accuracy(runs, one, n)) for n in (50, 100)) for runs in cases.values()),
        ]
        for one in here
    ]
    return [
        "## Peers",
        "",
        *prose(
            "Held-out accuracy averaged over the sets, measured with `simulate(contestants=)`, one question",
            "at a time. At 200 labels without wine. The differences are paired: the mean over the sets is",
            "compared within each repeat.",
        ),
        *table(["", "sets x repeats", *map(str, STEPS), "ours minus it at 50", "at 100"], rows),
        "",
        *prose(
            "TypiClust, ProbCover and BADGE are those of scikit-activeml with default settings, after the",
            "same medoids as for all contestants. BADGE needs the gradients of a classifier, so with our",
            "learner it uses a LogisticRegression. TCM is not in scikit-activeml 1.0; here it is TypiClust",
            f"up to {who.TURN} labels per class, then margin. LabelSpreading (kernel knn) and",
            "SelfTrainingClassifier(LogisticRegression(C=10)) learn from the whole pool.",
        ),
        "Held-out accuracy by set with 50 / 100 labels.",
        "",
        *table(["", *cases], each),
        "",
    ]


def _mean_over_sets(cases: Cases, one: str, n: int) -> Estimate | None:
    """Mean over the sets with ``n`` labels; None if the contestant lacks one of them."""
    sets = [runs for runs in cases.values() if n in runs.curves(who.OURS)]
    values = [stats.accuracy(runs, one, n) for runs in sets]
    known = [v.value for v in values if v is not None]
    return Estimate(sum(known) / len(known)) if known and len(known) == len(sets) else None


def _texts(cases: Cases, former: Cases, bars: list[Bar]) -> list[str]:
    rows = []
    for name in (n for n in pools.TEXTS if n in cases):
        pairs = [("", cases[name])]
        if FORMER.format(name) in former:
            pairs.append((", words alone", former[FORMER.format(name)]))
        for words, runs in pairs:
            rows += [
                [
                    name + words,
                    one,
                    *(cell(stats.accuracy(runs, one, n)) for n in STEPS),
                    str(runs.repeats(one)),
                ]
                for one in (who.OURS, who.MARGIN, who.STRONG, who.STRONG_RANDOM)
                if one in runs.contestants
            ]
        if len(pairs) == 2:
            bars += _not_behind_former(name, cases[name], pairs[1][1])
    for n, bound in TREC_BARS.items():
        _accuracy_bar(cases, "trec", n, bound, bars)
    _accuracy_bar(cases, "docstrings", 100, DOCSTRINGS_BAR, bars)
    if not rows:
        return []
    return [
        "## Text features",
        "",
        "The default features compared with the former ones, words alone (TF-IDF and 128 components).",
        "",
        *table(["set", "", *map(str, STEPS), "repeats"], rows),
        "",
    ]


def _not_behind_former(name: str, now: Runs, before: Runs) -> list[Bar]:
    """The worst difference between ours with the default and with the former features."""
    frames = [
        now.frame[now.frame["contestant"] == who.OURS],
        before.frame[before.frame["contestant"] == who.OURS],
    ]
    both = Runs(pd.concat([frames[0], frames[1].assign(contestant="former")]), [])
    gaps = [gap for n in STEPS if (gap := stats.to_best(name, both, who.OURS, ["former"], n))]
    if not gaps:
        return []
    worst = min(gaps, key=lambda gap: gap.size.value)
    shown = f"{worst.size.shown(3, '+')} at {worst.n_labels}"
    return [
        Bar(
            f"{name}: ours with default features minus ours with words alone, worst",
            "≥ 0",
            shown,
            worst.size,
            0,
        )
    ]


def _accuracy_bar(cases: Cases, name: str, n: int, bound: float, bars: list[Bar]) -> None:
    if name in cases and (found := stats.accuracy(cases[name], who.OURS, n)):
        bars.append(Bar(f"{name}, {n} labels, held out", f"≥ {bound:.2f}", found.shown(), found, bound))
