"""What the answers say about the people who gave them, and where they contradict each other."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.quality.sequential import wilson
from hitl_widgets.questions.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["biases", "biases_on_card", "cycles", "fixed"]


def biases(answers: pd.DataFrame, again: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """Return how each annotator answers: see :meth:`.Preferences.people`.

    Parameters
    ----------
    answers
        Columns annotator, answer (``first``, ``second`` or neither), and longer: which of the two is the
        longer one, ``""`` if they are equally long.
    again
        For each annotator, how many pairs they were asked again, and how many they answered the same.
    """
    import pandas as pd

    rows = []
    for who, given in answers.groupby("annotator", sort=False):
        decided = given[given["answer"].isin(["first", "second"])]
        unequal = decided[decided["longer"] != ""]
        twice, same = again.get(str(who), (0, 0))
        rows.append(
            {"annotator": who, "n": len(given), "ties": 1 - len(decided) / len(given)}
            | _share("left", int((decided["answer"] == "first").sum()), len(decided))
            | _share("longer", int((unequal["answer"] == unequal["longer"]).sum()), len(unequal))
            | {"again": twice}
            | _share("same", same, twice)
        )
    names = ["annotator", "n", "ties"]
    for name in ("left", "longer"):
        names += [name, f"{name}_low", f"{name}_high"]
    table = pd.DataFrame(rows, columns=[*names, "again", "same", "same_low", "same_high"])
    return table.sort_values("n", ascending=False, kind="stable").reset_index(drop=True)


def _share(name: str, k: int, n: int) -> dict[str, float]:
    low, high = wilson(k, n) if n else (np.nan, np.nan)
    return {name: k / n if n else np.nan, f"{name}_low": low, f"{name}_high": high}


def biases_on_card(found: pd.DataFrame, called: Mapping[str, str]) -> list[str]:
    """Return the section of a data card about :func:`biases`, with these names of the annotators."""
    from hitl_widgets.formats.card import escaped, table

    def share(row: Any, name: str) -> str:
        value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
        return "-" if np.isnan(value) else f"{value:.0%} ({low:.0%} to {high:.0%})"

    rows = [
        (
            escaped(called.get(row["annotator"], row["annotator"])),
            f"{row['n']:,}",
            f"{row['ties']:.0%}",
            *(share(row, name) for name in ("left", "longer", "same")),
        )
        for _, row in found.iterrows()
    ]
    header = ["annotator", "answers", "neither", "left preferred", "longer preferred", "same when repeated"]
    return ["## Biases", "Shares with 95 % intervals. Sides were drawn at random.", table(header, rows)]


def fixed(schema: Schema) -> dict[Any, str]:
    """Return the fixed name of each answer to a comparison, such as ``first``, whatever it is called now."""
    return dict(zip(schema.values, schema.ids, strict=False))


def cycles(wins: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Return the shortest cycles through each comparison, such as a > b > c > a as ``(a, b, c)``.

    Parameters
    ----------
    wins
        Winners and losers. If two have beaten each other, the one that did so more often counts.
    """
    net: dict[tuple[int, int], int] = defaultdict(int)
    for better, worse in wins:
        low, high = min(better, worse), max(better, worse)
        net[low, high] += 1 if better == low else -1
    beats: dict[int, list[int]] = defaultdict(list)
    for (low, high), count in net.items():
        if count:
            better, worse = (low, high) if count > 0 else (high, low)
            beats[better].append(worse)
    found: dict[frozenset[int], tuple[int, ...]] = {}
    for better in sorted(beats):
        for worse in sorted(beats[better]):
            way = _way(beats, worse, better)
            if way and frozenset(way) not in found:
                at = way.index(min(way))
                found[frozenset(way)] = (*way[at:], *way[:at])
    return sorted(found.values(), key=lambda one: (len(one), one))


def _way(beats: Mapping[int, list[int]], start: int, end: int) -> tuple[int, ...]:
    """Return the shortest way from one to another along what it beats; empty if there is none."""
    before: dict[int, int] = {start: start}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        if at == end:
            way = [at]
            while way[-1] != start:
                way.append(before[way[-1]])
            return (way[0], *reversed(way[1:]))
        for worse in beats.get(at, ()):
            if worse not in before:
                before[worse] = at
                waiting.append(worse)
    return ()
