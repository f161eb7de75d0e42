"""Figures of one annotator: pace, agreement, known answers, undone acts, and how they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.loop.log import Log
from hitl_widgets.quality.pace import answer_seconds
from hitl_widgets.quality.sequential import wilson

__all__ = ["Figure", "Figures", "figures_of"]

# The last so many values are compared with those before, if these are as many.
LATELY = 20


@dataclass(frozen=True)
class Figure:
    """A value from ``n`` observations, with a 95 % interval if it is a share.

    ``lately`` is the value of the last :data:`LATELY` observations and ``before`` that of the earlier ones;
    None if there are too few.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    lately: float | None = None
    before: float | None = None


@dataclass(frozen=True)
class Figures:
    """The figures of an annotator.

    Attributes
    ----------
    seconds
        Median time for an item that was answered alone.
    agreement
        Mean agreement with the current answers of others to the same items.
    gold
        Mean agreement with known answers that were asked unseen.
    undone
        Share of the labels that were undone.
    reviewed, upheld
        How many items with an answer of theirs a reviewer has decided, and how many of these like them.
    changed
        The rows of the others, in the order of the answers.
    """

    seconds: Figure
    agreement: Figure
    gold: Figure
    undone: Figure
    reviewed: int
    upheld: int
    changed: tuple[int, ...]


def figures_of(log: Log, who: str, limit: int | None = None) -> Figures:
    """Return the figures of an annotator, from their labels of single items; only the last ``limit`` acts."""
    # Answers are compared without the lock: to compare 500 with boxes takes most of a second.
    with log.lock:
        ledger = log.ledger
        fold = ledger.fold
        kind, schema = fold.kind, ledger.schema
        acts = [
            (event, holds)
            for event, holds in fold.acts(limit, who)
            if event.kind == "label"
            and event.selection not in {"decision", "import"}
            and len(event.item_ids) == 1
        ]
        seconds = answer_seconds(event for event, _ in acts)
        beside: list[tuple[Any, list[Any]]] = []
        known: dict[str, tuple[Any, Any]] = {}
        reviewed = upheld = 0
        changed: list[int] = []
        for event, holds in acts:
            mine = fold.now(event) if holds else None
            if mine is None:
                continue
            key = event.item_ids[0]
            if (row := ledger.naming.row(key)) is not None:
                key = ledger.pool.keys[row]
            decided = ledger.verdict(key)
            if event.selection == "gold" and decided is not None and key not in known:
                known[key] = mine, fold.now(decided)
            current = fold.current(key)
            if current.get(who) is not event:
                continue
            others = [fold.now(e) for name, e in current.items() if name != who]
            others = [other for other in others if other is not None]
            if others:
                beside.append((mine, others))
            if decided is not None and decided.annotator != who and event.selection != "gold":
                same = mine == fold.now(decided)
                reviewed, upheld = reviewed + 1, upheld + same
                if not same and row is not None:
                    changed.append(row)
    undone = [float(not holds) for event, holds in acts if not _is_removal(event)]
    agreed = [fmean(kind.agree(mine, other, schema) for other in others) for mine, others in beside]
    gold = [kind.agree(mine, right, schema) for mine, right in known.values()]
    return Figures(
        _figure(seconds, median),
        _figure(agreed, fmean, share=True),
        _figure(gold, fmean, share=True),
        _figure(undone, fmean, share=True),
        reviewed,
        upheld,
        tuple(changed),
    )


def _is_removal(event: LabelEvent) -> bool:
    return event.value is None


def _figure(
    values: Sequence[float], mean: Callable[[Sequence[float]], float], *, share: bool = False
) -> Figure:
    n = len(values)
    if not n:
        return Figure(None, 0)
    # Shares of agreement vary less than right or wrong answers, so that Wilson's interval is cautious.
    low, high = wilson(sum(values), n) if share else (None, None)
    enough = n >= 2 * LATELY
    lately, before = (mean(values[-LATELY:]), mean(values[:-LATELY])) if enough else (None, None)
    return Figure(mean(values), n, low, high, lately, before)
