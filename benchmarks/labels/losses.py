"""Sections on where ours is worse and why, and on how soon classes are found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.labels import contestants as who
from benchmarks.labels import stats
from benchmarks.labels.sets import CASES, DRAWN, HELD_OUT_DRAWN, STEPS
from benchmarks.labels.stats import BEHIND, FOUND, Gap, Runs
from benchmarks.labels.words import Bar, counted, difference, prose
from benchmarks.speed.scale_report import table

UNEQUAL = 3  # macro F1 is shown if the largest class is this many times the smallest
WHY = Path(__file__).with_name("losses.md")

Cases = Mapping[str, Runs]


def losses(cases: Cases, bars: list[Bar]) -> list[str]:
    """The sections on all sets and families except the rare class and the large pool."""
    found = {
        (name, n): stats.to_best(name, runs, who.OURS, who.RIVALS, n)
        for name, runs in cases.items()
        for n in STEPS
    }
    gaps = [gap for gap in found.values() if gap is not None]
    if not gaps:
        return []
    worst = min(gaps, key=lambda gap: gap.size.value)
    bars.append(
        Bar(f"held-out accuracy minus that of the best of {', '.join(who.RIVALS)}, worst of {len(gaps)}",
            f"≥ {-BEHIND:+}", f"{worst.size.shown(3, '+')}, {worst.name} at {worst.n_labels}", worst.size,
            -BEHIND)
    )  # fmt: skip
    rows = [
        [name, *(difference(found[name, n]) for n in STEPS), _repeats(*(found[name, n] for n in STEPS))]
        for name in cases
    ]
    return [
        "## Comparison with the best baseline",
        "",
        *prose(
            f"Ours minus the best of {', '.join(who.RIVALS)} on held-out items, in the same repeats. The",
            "best has the highest mean at that number of labels in the same runs.",
            f"**Bold**: worse by more than {BEHIND:g} with the whole interval. ?: worse by more than that on",
            f"average, but not with the whole interval. {counted(cases, who.MAIN).capitalize()}.",
        ),
        *prose(
            f"The families have a new draw of {DRAWN:,} rows in every repeat,",
            f"of which {HELD_OUT_DRAWN:.0%} are held out.",
            '"10% wrong": one answer in ten is another class, chosen uniformly; accuracy is by the truth.',
        ),
        *table(["set", *map(str, STEPS), "repeats"], rows),
        "",
        *[f"- **{name}**: {CASES[name].words}" for name in cases if _is_first_of_family(name)],
        "",
        *_behind(cases, gaps),
        *_why(),
        *_macro(cases),
    ]


def _is_first_of_family(name: str) -> bool:
    return CASES[name].part == "drawn" and "wrong" not in name


def _behind(cases: Cases, gaps: list[Gap]) -> list[str]:
    by_pool = [
        gap
        for name, runs in cases.items()
        for n in STEPS
        if (gap := stats.to_best(name, runs, who.OURS, who.RIVALS, n, stats.POOL))
    ]
    behind = sorted((gap for gap in gaps if gap.verdict), key=lambda gap: gap.size.value)
    rows = [
        [gap.name, str(gap.n_labels), gap.rival, f"{gap.ours:.3f}", f"{gap.theirs:.3f}",
         gap.size.shown(3, "+"), gap.verdict, str(gap.repeats)]
        for gap in behind
    ]  # fmt: skip
    head = [
        "set",
        "labels",
        "best baseline",
        "ours",
        "baseline",
        "difference",
        f"worse by more than {BEHIND:g}",
        "repeats",
    ]
    return [
        "### Where ours is worse",
        "",
        *prose(
            f"On held-out items, in {_counts(gaps)}. On the whole pool, where labelled items count as right,",
            f"in {_counts(by_pool)}.",
        ),
        *(table(head, rows) if rows else []),
        "",
    ]


def _counts(gaps: list[Gap]) -> str:
    verdicts = [gap.verdict for gap in gaps]
    surely, probably = verdicts.count("surely"), verdicts.count("probably")
    safe = sum(gap.size.low >= -BEHIND for gap in gaps)
    return (
        f"{surely + probably} of {len(gaps)} cells by more than {BEHIND:g}: {surely} surely, {probably} only "
        f"probably; in {safe} the whole interval is within that limit"
    )


def _why() -> list[str]:
    """The manually written explanation of the losses."""
    return [*WHY.read_text().strip().splitlines(), ""] if WHY.exists() else []


def _macro(cases: Cases) -> list[str]:
    rows = []
    for name, runs in cases.items():
        shares = runs.files[0]["shares"]
        if max(shares) < UNEQUAL * min(shares):
            continue
        gaps = [stats.to_best(name, runs, who.OURS, who.RIVALS, n, stats.MACRO) for n in STEPS]
        cells = (f"{gap.ours:.3f}, {difference(gap)}" if gap else "-" for gap in gaps)
        rows.append([name, *cells, _repeats(*gaps)])
    if not rows:
        return []
    return [
        "### Macro F1",
        "",
        *prose(
            f"For sets whose largest class is at least {UNEQUAL} times the smallest: ours, and ours minus",
            "the best of the same three, on the whole pool.",
        ),
        *table(["set", *map(str, STEPS), "repeats"], rows),
        "",
    ]


def _repeats(*gaps: Gap | None) -> str:
    return str(next((gap.repeats for gap in gaps if gap), "-"))


def discovery(cases: Cases) -> list[str]:
    """Section on how soon every class that is not tiny has a label."""
    rows: list[list[str]] = []
    ours: list[float] = []
    for name, runs in cases.items():
        cells, counts = list[str](), list[str]()
        for one in (who.OURS, who.MARGIN):
            found = [stats.discovered(f["asked"], f["shares"]) for f in runs.files if f["contestant"] == one]
            cells += [stats.quantile(found, q, runs.budget) if found else "-" for q in (0.5, 0.9)]
            ours += found if one == who.OURS else []
            counts.append(str(len(found)))
        rows.append([name, *cells, ", ".join(dict.fromkeys(counts))])
    if not rows:
        return []
    within = (
        f"{sum(n <= 30 for n in ours) / len(ours):.0%} of its runs within 30 labels"
        if ours
        else "not measured"
    )
    return [
        "## Classes found",
        "",
        *prose(
            f"Labels until every class with at least {FOUND:.0%} of the pool has one: the median and the 90",
            f"% quantile over the repeats. Ours finds them in {within}.",
        ),
        *table(["set", "ours, median", "90 %", "LR + margin, median", "90 %", "repeats"], rows),
        "",
    ]
