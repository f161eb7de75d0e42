"""The readable report of the doctor about a store."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hitl_widgets.labels.events import LabelEvent

__all__ = ["Report"]


@dataclass
class Report:
    """The findings about a store.

    Attributes
    ----------
    place
        Where the store is.
    facts
        Names and values, in display order.
    problems
        Problems, each with the next step; empty if the store is healthy.
    notes
        Information that requires no repair.
    done
        The actions of a repair.
    events
        Every event that could be read.
    """

    place: str
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    events: list[LabelEvent] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [self.place, ""]
        lines += [f"  {name:<14}{value}" for name, value in self.facts.items()]
        lines += ["", *_tasks(self.events)]
        if self.done:
            lines += ["", "repaired:", *(f"  + {each}" for each in self.done)]
        if self.notes:
            lines += ["", "notes:", *_points("-", self.notes)]
        if self.problems:
            n = len(self.problems)
            lines += ["", f"{n} problem{'s' * (n > 1)}:", *_points("!", self.problems)]
        else:
            lines += ["", "healthy"]
        return "\n".join(lines)


def _points(mark: str, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield textwrap.fill(
            text, 100, initial_indent=f"  {mark} ", subsequent_indent="    ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _tasks(found: Iterable[LabelEvent]) -> Iterator[str]:
    by_task: dict[str, list[LabelEvent]] = {}
    for event in found:
        by_task.setdefault(event.task, []).append(event)
    if not by_task:
        yield "no events"
    for task, all_ in sorted(by_task.items()):
        labels = [e for e in all_ if e.kind == "label"]
        items = {key for e in labels for key in e.item_ids}
        days = sorted(e.time[:10] for e in all_)
        counts = f"{len(all_):,} events, {len(labels):,} labels on {len(items):,} items"
        if handed := [len(e.item_ids) for e in all_ if e.kind == "machine" and e.item_ids]:
            times = "once" if len(handed) == 1 else f"{len(handed):,} times, the last time"
            counts += f", handed over to the model {times} with {handed[-1]:,} items"
        yield f"task {task!r}: {counts}, {_span(days)}"
        for who, n in Counter(e.annotator for e in all_).most_common():
            theirs = sorted(e.time[:10] for e in all_ if e.annotator == who)
            yield f"  {who:<20} {n:>7,} events, {_span(theirs)}"


def _span(days: list[str]) -> str:
    return days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
