"""How often the accuracy's interval is right, in simulated sessions; writes docs/accuracy.md.

Every session is kept under benchmarks/results/interval, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from benchmarks import DOCS, RESULTS
from benchmarks.accuracy import runs
from hitl_widgets.learn.calibration import AUDITED, Answers
from hitl_widgets.learn.evaluate import Told

FOLDER, PAGE = RESULTS / "interval", DOCS / "accuracy.md"
SESSIONS = {"auto": 300, "linear": 100}
QUICK = 8


class Interval(NamedTuple):
    """An estimate, and the share that it is about."""

    value: float
    low: float
    high: float
    truth: float


Session = tuple[str, int, str]  # the pool, the seed and the learner


def sessions(*, quick: bool = False) -> Iterator[Session]:
    """Seed by seed, so that what is stopped early is balanced."""
    for seed in range(QUICK if quick else max(SESSIONS.values())):
        for learner, n in SESSIONS.items():
            if seed < n:
                yield from ((kind, seed, learner) for kind in runs.KINDS)


def play(wanted: list[Session]) -> None:
    """Run and keep those that are not kept yet, on all cores."""
    import joblib

    missing = [one for one in wanted if not runs.file_of(*one, FOLDER).exists()]
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        pool = joblib.Parallel(-1, return_as="generator_unordered", batch_size=1)
        for done, _ in enumerate(pool(joblib.delayed(runs.keep)(*one, FOLDER) for one in missing), 1):
            if done % 50 == 0:
                print(f"{done} of {len(missing)} sessions", flush=True)


def told(found: dict[str, Any], n: int) -> Told:
    """What the model of ``n`` labels said, from the material."""
    kind, codes = found[f"{n}-kind"].astype(int), found[f"{n}-codes"].astype(int)
    answers = Answers(found[f"{n}-P"], codes, kind, np.ones(len(kind)))
    P = found[f"{n}-P of rest"]
    return Told(answers, P, len(P), int((kind == AUDITED).sum()))


def both(found: dict[str, Any], n: int) -> tuple[Interval, Interval, list[Interval]]:
    """By counting, by calibration, and by calibration for each class that is said."""
    model = told(found, n)
    said, real = model.P.argmax(axis=1), found[f"{n}-truth of rest"]
    truth = float((said == real).mean())
    counted = found[f"{n}-audited right"]
    right, audited = int(counted.sum()), len(counted)
    wilson = binomtest(right, audited).proportion_ci(method="wilson")
    ours = model.estimate()
    classes = [
        Interval(one.value, one.low, one.high, float((real[said == code] == code).mean()))  # type: ignore[arg-type]
        for code, one in (model.per_class() if n == runs.AT[-1] else {}).items()
    ]
    return (
        Interval(right / audited, wilson.low, wilson.high, truth),
        Interval(ours.value, ours.low, ours.high, truth),  # type: ignore[arg-type]
        classes,
    )


def summary(found: list[Interval]) -> tuple[str, float, float]:
    """Coverage with its own interval, mean width, bias."""
    held = sum(one.low - 1e-9 <= one.truth <= one.high + 1e-9 for one in found)
    ends = binomtest(held, len(found)).proportion_ci(method="wilson")
    coverage = f"{held / len(found):.3f} ({ends.low:.2f}-{ends.high:.2f})"
    a = np.array(found)
    return coverage, float((a[:, 2] - a[:, 1]).mean()), float((a[:, 0] - a[:, 3]).mean())


def table(rows: list[list[str]], head: list[str]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def report(measured: dict[tuple[str, str, int], list[tuple[Interval, Interval, list[Interval]]]]) -> str:
    rows, classes = [], []
    pooled: dict[tuple[str, int], list[Any]] = {}
    for (kind, learner, n), found in measured.items():
        rows.append(_row(f"{kind}, {learner}", n, found))
        if kind not in runs.HARD:
            pooled.setdefault((learner, n), []).extend(found)
    for (learner, n), found in sorted(pooled.items()):
        rows.append(_row(f"**the first four, {learner}**", n, found))
        if each := [one for *_, some in found for one in some]:
            coverage, width, bias = summary(each)
            classes.append([learner, str(n), str(len(each)), coverage, f"{width:.2f}", f"{bias:+.3f}"])
    head = [
        "pool, learner",
        "labels",
        "audited",
        "sessions",
        "accuracy",
        "counting: coverage",
        "width",
        "bias",
    ]
    head += ["calibrated: coverage", "width", "bias", "width, ratio"]
    per_class = ["learner", "labels", "figures", "coverage", "width", "bias"]
    return "\n".join(
        [
            WORDS.format(date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")),
            *(f"- `{name}`: {kind.words}" for name, kind in runs.KINDS.items()),
            "",
            *table(rows, head),
            "",
            "## For each class",
            "",
            "Of the items that the model calls so: how many are. Classes of which it called ten labelled",
            "items so, in all pools. The figures of one session hang together, so the intervals of the",
            "coverage are too narrow.",
            "",
            *table(classes, per_class),
            "",
        ]
    )


def _row(name: str, n: int, found: list[tuple[Interval, Interval, list[Interval]]]) -> list[str]:
    counted, ours = summary([one for one, *_ in found]), summary([one for _, one, _ in found])
    accuracy = np.mean([one.truth for one, *_ in found])
    cells = [
        f"{value:.3f}" if i == 0 else f"{value:+.3f}"
        for one in (counted, ours)
        for i, value in enumerate(one[1:])
    ]
    return [
        name, str(n), str(round(n * runs.AUDIT)), str(len(found)), f"{accuracy:.2f}",
        counted[0], *cells[:2], ours[0], *cells[2:], f"{ours[1] / counted[1]:.2f}",
    ]  # fmt: skip


WORDS = """# Is the accuracy's interval right?

Written by `make bench-accuracy` (`python -m benchmarks.accuracy.interval`) on {date}; do not edit. `--quick`
runs a few sessions and writes nowhere; `--report` writes this page from the sessions that have run so far.

`session.accuracy()` gives the share of the items without a label that the model gets right, and an interval
that is to hold it in 95 of 100 sessions. Here sessions are simulated: an oracle answers, the product's own
asking draws one question in ten for the audit and lets the strategy `doubt` choose the others. Every
session has a pool of its own. The model is updated every second question up to 20 labels, every fifth up to
50, then every tenth. A quarter to a third of the two small pools is labelled in the end.

- **Counting** is what was done before: the share of the audited items that models get right which have not
  seen them, by Wilson's interval. It was shown from 15 audited items on.
- **Calibrated** is what is done now: the confidence of the model, calibrated on all labels and averaged over
  what is not labelled. Audited items are told by models of the labels before them, the others by
  leave-one-out (`auto`) or in ten folds (`linear`, and any other learner), with an offset and a slope for
  those that were not drawn at random. `learn/calibration.py` and `learn/evaluate.py` say how, with sources.

Counting is biased where much is labelled: the strategy has taken the hard items out of what is left. The
priors of the calibration were set once for all pools, on a part of these sessions.

What to know: with `linear`, a model of nine tenths of the labels stands in for the model, so the figure is a
little low where every label still helps (digits, docstrings). With two or three audited items the interval
rests on the priors, and holds the truth somewhat less often than later. It measures agreement with the
person's labels: noise in them counts against the model.

What is asked later depends on a label, so a model without it is not without its trace, and gets it right
more often than new items. It shows where the features say next to nothing of the classes (the last two
pools): with audited items left out in turn like all others, the interval held the truth in .79 / .54 /
.50 / .58 and .88 / .79 / .67 / .83 of 24 sessions at 20 / 50 / 100 / 150 labels, and now in what the table
says: more often, and still not often enough. Audited items that all come first are told by models of few
labels, so the figure is then too low.

The pools:
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} sessions of each pool, printed")
    parser.add_argument("--report", action="store_true", help="run none: write what there is")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = list(sessions(quick=options.quick))
    if not options.report:
        play(wanted)
    measured: dict[tuple[str, str, int], list[Any]] = {}
    for kind, seed, learner in sorted(wanted, key=lambda one: (list(runs.KINDS).index(one[0]), one[2])):
        if runs.file_of(kind, seed, learner, FOLDER).exists():
            found = runs.load(kind, seed, learner, FOLDER)
            for n in runs.AT:
                measured.setdefault((kind, learner, n), []).append(both(found, n))
    text = report(measured)
    if options.quick:
        print(text)
    else:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
