"""Whether intervals, promises, alarms and advice keep what they say; the tables of docs/trust.md.

``python -m benchmarks.accuracy.promises [PART ...]`` prints the tables. The parts ``anytime`` and ``alarm``
are simulated here, the others use the finished sessions of ``benchmarks.accuracy.sessions``. ``--quick``
makes a tenth of the draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.accuracy import sessions
from benchmarks.accuracy.tables import markdown, mean, share
from hitl_widgets.learn.calibration import AUDITED, chances_right
from hitl_widgets.loop.trusting import MORE
from hitl_widgets.quality.projection import project
from hitl_widgets.quality.sequential import RiseDetector, anytime_interval, wilson
from hitl_widgets.quality.stopping import TIMES, advise, settled
from hitl_widgets.quality.testing import active_estimate, audit_chances
from hitl_widgets.quality.triage import certain, on_average

Array = np.ndarray[Any, Any]
DRAWS = 5  # audits of one session


def _all(most: int) -> Iterator[tuple[str, int, dict[str, Array], Array]]:
    """Finished sessions, with the rows that are never asked."""
    for kind in sessions.available():
        for seed, found in sessions.finished(kind, most):
            yield kind, seed, found, np.arange(len(found["y"])) >= sessions.KINDS[kind].asked


def audit(most: int) -> str:
    """The interval of ``session.accuracy()``, for items without a label."""
    rows: dict[tuple[str, int], list[tuple[bool, float]]] = {}
    for kind, _, found, _ in _all(most):
        for n in sessions.AT:
            rest = found[f"{n}-rest"]
            truth = (found[f"{n}-said"] == found["y"])[rest].mean()
            *_, low, high = found[f"{n}-curve"][-1]
            for name in (kind, "all"):
                rows.setdefault((name, n), []).append((low <= truth <= high, high - low))
    return markdown(
        ["pool", "labels", "sessions", "covered", "width"],
        [
            [name, n, len(found), share([held for held, _ in found]), mean([width for _, width in found])]
            for (name, n), found in sorted(rows.items(), key=lambda one: (one[0][0] == "all", one[0]))
        ],
    )


def testing(most: int) -> str:
    """Audits of a model that stays the same: drawn evenly or where it may be wrong."""
    rows: dict[tuple[str, int, str], list[tuple[bool, float, float]]] = {}
    for kind, seed, found, _ in _all(most):
        rng = np.random.default_rng([5, seed])
        n = 100
        answers, rest = sessions.answers_of(found, n), found[f"{n}-rest"]
        right = (found[f"{n}-said"] == found["y"])[rest]
        sure = answers.P.max(axis=1).astype(np.float64)
        expected = chances_right(
            sure, answers.right, answers.kind, answers.weight, found[f"{n}-sure"][rest].astype(np.float64)
        )
        even, chosen = np.full(len(rest), 1 / len(rest)), audit_chances(expected)
        for m in [20, 50, 100] * DRAWS:
            a, b = rng.choice(len(rest), m, p=even), rng.choice(len(rest), m, p=chosen)
            k = int(right[a].sum())
            made = {
                "evenly, Wilson": (k / m, *wilson(k, m)),
                "evenly, corrected": active_estimate(expected, even, a, right[a]),
                "where it may be wrong": active_estimate(expected, chosen, b, right[b]),
            }
            for name, (value, low, high) in made.items():
                one = (low <= right.mean() <= high, high - low, value - right.mean())
                for pool in (kind, "all") if m == 100 else ("all",):
                    rows.setdefault((pool, m, name), []).append(one)
    lines = []
    for (pool, m, name), found in sorted(rows.items(), key=lambda one: (one[0][0] == "all", one[0][:2])):
        held, width, off = np.array(found, float).T
        error = f"{np.sqrt(np.mean(off**2)):.3f}"
        lines.append([pool, m, name, len(held), share(held), f"{width.mean():.3f}", error])
    return markdown(["pool", "audits", "drawn", "draws", "covered", "width", "root mean square error"], lines)


def machine(most: int) -> str:
    """Labels by the model of 200 labels, with a share of errors asked."""
    rows: dict[tuple[str, int, float], list[tuple[float, float, float, float]]] = {}
    for kind, seed, found, held in _all(most):
        rng = np.random.default_rng([6, seed])
        wrong = (found["200-said"] != found["y"])[held]
        sure = found["200-sure"][held].astype(np.float64)
        for m in (50, 200):
            drawn = rng.permutation(len(wrong))
            a, rest = drawn[:m], drawn[m:]
            for error in (0.05, 0.1):
                made = [rule(sure[rest], sure[a], wrong[a], error).chosen for rule in (on_average, certain)]
                one = [(float(wrong[rest][c].mean()) if c.any() else 0.0, float(c.mean())) for c in made]
                for pool in (kind, "all"):
                    rows.setdefault((pool, m, error), []).append((*one[0], *one[1]))
    lines = []
    for (pool, m, error), found in sorted(rows.items(), key=lambda one: (one[0][0] == "all", one[0])):
        a = np.array(found)
        lines.append([
            pool, m, error, len(a), mean(a[:, 0]), f"{a[:, 1].mean():.2f}",
            mean(a[:, 2]), share(a[:, 2] <= error), f"{a[:, 3].mean():.2f}",
        ])  # fmt: skip
    head = ["pool", "audits", "asked", "sessions", "on average: errors", "share of items"]
    return markdown([*head, "90 % certain: errors", "kept", "share of items"], lines)


def stop(most: int) -> str:
    """Stopping when predictions have settled, checked every ten labels, against 250 labels."""
    rows: dict[str, list[tuple[float, float]]] = {}
    count: dict[str, int] = {}
    at = list(range(sessions.EVERY, sessions.LABELS + 1, sessions.EVERY))
    for kind, _, found, held in _all(most):
        said = [found[f"{n}-said"][held] for n in at]
        right = [float((one == found["y"][held]).mean()) for one in said]
        k = settled(said)
        for pool in (kind, "all"):
            count[pool] = count.get(pool, 0) + 1
            if k is not None:
                rows.setdefault(pool, []).append((at[k], right[-1] - right[k]))
    lines = []
    for pool in sorted(count, key=lambda name: (name == "all", name)):
        lost = np.array(rows.get(pool, [])).reshape(-1, 2)
        median = f"{np.median(lost[:, 0]):.0f}" if len(lost) else "-"
        worst = f"{lost[:, 1].max():.3f}" if len(lost) else "-"
        lines.append([pool, count[pool], len(lost), median, share(lost[:, 1] <= 0.01), worst])
    return markdown(
        ["pool", "sessions", "it spoke", "at (median)", "within .01 of 250 labels", "worst"], lines
    )


def advice(most: int) -> str:
    """The whole advice after 50, 100, 150 and 200 labels: the accuracy at the first stop, against 250 labels.

    The models of fewer labels that it compares are those of the session itself, ten labels apart.
    """
    rows: dict[str, list[tuple[float, float]]] = {}
    said: dict[str, list[str]] = {}
    for kind, _, found, held in _all(most):
        stopped = False
        for n in sessions.AT:
            rest = found[f"{n}-rest"]
            models = [found[f"{n - sessions.EVERY * k}-said"][rest] for k in range(TIMES, -1, -1)]
            curve = sessions.curve_of(found, n)
            still = settled(models) is not None
            told = advise(still, project(curve[-1].estimate, n, MORE))
            for pool in (kind, "all"):
                said.setdefault(pool, []).append(told)
            if told == "stop" and not stopped:
                stopped = True
                last, now = ((found[f"{m}-said"] == found["y"])[held].mean() for m in (sessions.LABELS, n))
                for pool in (kind, "all"):
                    rows.setdefault(pool, []).append((n, last - now))
    lines = []
    for pool in sorted(said, key=lambda name: (name == "all", name)):
        lost = np.array(rows.get(pool, [])).reshape(-1, 2)
        counts = [sum(one == way for one in said[pool]) for way in ("stop", "unclear", "go on")]
        median = f"{np.median(lost[:, 0]):.0f}" if len(lost) else "-"
        worst = f"{lost[:, 1].max():.3f}" if len(lost) else "-"
        lines.append([
            pool, len(said[pool]) // len(sessions.AT), *counts, len(lost), median,
            share(lost[:, 1] <= 0.01) if len(lost) else "-", worst,
        ])  # fmt: skip
    head = ["pool", "sessions", "stop", "unclear", "go on", "stopped", "at (median)"]
    return markdown([*head, "within .01 of 250 labels", "worst"], lines)


def anytime(most: int) -> str:
    """Intervals of a fixed accuracy, looked at after every answer, up to 300."""
    rows = []
    for p in (0.5, 0.8, 0.95):
        right = np.cumsum(np.random.default_rng(int(100 * p)).random((most, 300)) < p, axis=1)
        for name, interval in (("Wilson", wilson), ("anytime", anytime_interval)):
            known: dict[tuple[int, int], bool] = {}
            held = 0
            for line in right.tolist():
                for n, k in enumerate(line, 1):
                    if (k, n) not in known:
                        low, high = interval(k, n)
                        known[k, n] = low <= p <= high
                    if not known[k, n]:
                        break
                else:
                    held += 1
            low, high = interval(round(100 * p), 100)
            rows.append([p, name, most, share(np.arange(most) < held), f"{high - low:.3f}"])
    return markdown(["share", "interval", "series", "always covered", "width at 100"], rows)


def looking(most: int) -> str:
    """The anytime interval of a session, looked at after every audited item up to 200 labels."""
    rows: dict[str, list[tuple[bool, bool]]] = {}
    for kind, _, found, held in _all(most):
        answers, place = sessions.answers_of(found, 200), {row: k for k, row in enumerate(found["order"])}
        audited = np.flatnonzero(answers.kind == AUDITED)
        position = np.array([place[row] for row in found["200-rows"][audited]])
        order = np.argsort(position)
        k = np.cumsum(answers.right[audited][order]).tolist()
        always = True
        for m, (right, at) in enumerate(zip(k, position[order], strict=True), 1):
            n = max(sessions.EVERY, at // sessions.EVERY * sessions.EVERY)
            low, high = anytime_interval(right, m)
            always &= low <= (found[f"{n}-said"] == found["y"])[held].mean() <= high
        low, high = wilson(k[-1], len(k))
        last = low <= (found["200-said"] == found["y"])[held].mean() <= high
        for pool in (kind, "all"):
            rows.setdefault(pool, []).append((always, last))
    lines = [
        [pool, len(rows[pool]), *(share([one[i] for one in rows[pool]]) for i in (0, 1))]
        for pool in sorted(rows, key=lambda name: (name == "all", name))
    ]
    return markdown(["pool", "sessions", "anytime, always covered", "Wilson, covered at 200 labels"], lines)


def alarm(most: int) -> str:
    """The detector: a rise by .2 after 50 checked answers, and series of 300 without one."""
    rows = []
    for promised in (0.05, 0.1, 0.2):
        rng = np.random.default_rng(int(1000 * promised))
        false, delays = 0, []
        for _ in range(most):
            false += RiseDetector(promised).see(rng.random(300) < promised)
            risen = RiseDetector(promised)
            if risen.see(rng.random(50) < promised):
                continue  # a false alarm, counted above in other series
            if risen.see(rng.random(600) < promised + 0.2):
                delays.append((risen.alarm_at or 0) - 50)
            else:
                delays.append(10**6)
        missed = sum(delay > 600 for delay in delays)
        rows.append(
            [
                promised,
                promised + 0.2,
                most,
                share(np.arange(most) < false),
                missed,
                f"{np.median(delays):.0f}",
            ]
        )
    return markdown(
        ["promised", "risen to", "series", "false alarms in 300", "missed", "found after (median)"], rows
    )


PARTS: dict[str, Callable[[int], str]] = {
    "audit": audit,
    "testing": testing,
    "machine": machine,
    "stop": stop,
    "advice": advice,
    "looking": looking,
    "anytime": anytime,
    "alarm": alarm,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the draws")
    options = parser.parse_args()
    for name in options.parts or PARTS:
        print(f"{name}: {PARTS[name].__doc__}\n\n{PARTS[name](50 if options.quick else 500)}\n", flush=True)


if __name__ == "__main__":
    main()
