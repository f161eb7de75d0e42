"""Pace: how long the missing runs of each contestant will take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from hitl_widgets.races.contest import Played, Task

__all__ = ["Pace", "span"]

SHOWN = 3  # contestants in the progress bar, the slowest first


class Pace:
    """The mean time of the finished runs of each contestant, and the number of the missing ones.

    Parameters
    ----------
    tasks
        All runs.
    runs
        Those that are finished.
    n_jobs
        Number of runs at a time.
    """

    def __init__(self, tasks: Iterable[Task], runs: Mapping[Task, Played], n_jobs: int) -> None:
        self.n_jobs = n_jobs
        self.missing: dict[str, int] = defaultdict(int)
        self.times: dict[str, list[float]] = defaultdict(list)
        for name, _ in tasks:
            self.missing[name] += 1
        for task, played in runs.items():
            self.add(task, played)

    def add(self, task: Task, played: Played) -> None:
        """Count a finished run."""
        self.missing[task[0]] -= 1
        if elapsed := played.columns["elapsed"]:
            self.times[task[0]].append(elapsed[-1])

    def left(self) -> str:
        """Return the time left for each contestant in words, the slowest first."""
        seconds = {
            name: n * sum(self.times[name]) / len(self.times[name]) / min(self.n_jobs, n)
            for name, n in self.missing.items()
            if n and self.times[name]
        }
        unknown = sum(1 for name, n in self.missing.items() if n and not self.times[name])
        slow = sorted(seconds, key=lambda name: -seconds[name])
        words = [f"{name} {span(seconds[name])}" for name in slow[:SHOWN]]
        if rest := slow[SHOWN:]:
            others = "1 other" if len(rest) == 1 else f"{len(rest)} others"
            words.append(f"{others} {span(sum(seconds[name] for name in rest))}")
        if unknown:
            words.append(f"{unknown} not yet measured")
        return f"left: {', '.join(words)}" if words else ""


def span(seconds: float) -> str:
    """Return a duration in words, such as ``40 s``, ``2 min`` or ``1 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
