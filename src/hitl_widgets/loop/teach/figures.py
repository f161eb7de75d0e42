"""Figures of rules: what each covers beside the others, and how often the labels prove it right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.loop.teach.reading import words_of
from hitl_widgets.quality.sequential import wilson
from hitl_widgets.questions.schema import Schema

__all__ = ["Column", "Evidence", "Figures", "RuleVotes", "is_retired"]

Column = npt.NDArray[np.int16]

# Labelled items that a rule must meet before it is called bad.
ENOUGH = 5
# Answers that are no class, as far as they are named.
SHOWN = 5


@dataclass(frozen=True, eq=False)
class Figures:
    """A rule at one moment.

    Attributes
    ----------
    name, words, kind
        Its name, what it goes by, and the kind of rule.
    codes
        The classes that it votes for; empty if its answers are those of another task.
    by
        Who defined it.
    retired
        Whether it is kept without being used.
    n_items, n_alone, n_overlaps, n_conflicts
        Numbers of items with its vote, of those with no vote of another rule in use, with one, and with one
        for another class.
    n_labelled
        How many of its items are labelled.
    n, right
        The number of labels that judge it, where items labelled in one act count as one label, and how many
        of them it gets right.
    low, high
        The 95 % interval of its accuracy (Wilson 1927); None without labels.
    same_as
        The rule with the same votes that counts instead of this one.
    why
        Why it cannot be used now, and the next step; empty if it can.
    bad
        What is wrong with its votes, and the next step.
    learned
        Whether its answers are those of another task, whose meaning is learned.
    unknown
        Its answers that are no class and count for nothing, with the number of items of each.
    lacking
        Which of its items are not in the table, and which answers of ``classes=`` nothing has.
    """

    name: str
    words: str
    kind: str
    codes: tuple[int, ...]
    by: str
    retired: bool
    n_items: int = 0
    n_alone: int = 0
    n_overlaps: int = 0
    n_conflicts: int = 0
    n_labelled: int = 0
    n: float = 0.0
    right: float = 0.0
    low: float | None = None
    high: float | None = None
    same_as: str = ""
    why: str = ""
    bad: str = ""
    learned: bool = False
    unknown: tuple[tuple[str, int], ...] = ()
    lacking: str = ""

    @property
    def n_unknown(self) -> int:
        """The number of items whose answer is no class."""
        return sum(n for _, n in self.unknown)

    @property
    def warned(self) -> str:
        """What is wrong with its votes, and what it lacks."""
        return f"{self.bad} {self.lacking}".strip()

    @property
    def note(self) -> str:
        """What its author should know of its votes, and the next step."""
        if not self.unknown:
            return self.warned
        named = ", ".join(f"{answer!r} ({n:,})" for answer, n in self.unknown[:SHOWN])
        more = f" and {len(self.unknown) - SHOWN} other answers" if len(self.unknown) > SHOWN else ""
        what = "1 answer is not a class and counts"
        if self.n_unknown > 1:
            what = f"{self.n_unknown:,} answers are not a class and count"
        told = f"{what} for nothing: "
        how = f"classes={{{self.unknown[0][0]!r}: ...}}"
        return f"{self.warned} {told}{named}{more}. Say what they mean: {how}, None for nothing.".strip()

    @property
    def accuracy(self) -> float | None:
        """The share of its labelled items that it gets right."""
        return self.right / self.n if self.n else None


@dataclass(frozen=True, eq=False)
class Evidence:
    """The labels that judge rules.

    Attributes
    ----------
    rows, y
        int64 of shape (m,): the labelled items and the codes of their classes.
    weight
        float64 of shape (m,): what each counts for; those that were labelled in one act count as one.
    names
        The names of the classes.
    """

    rows: npt.NDArray[np.int64]
    y: npt.NDArray[Any]
    weight: npt.NDArray[np.float64]
    names: tuple[str, ...]

    def judge(self, votes: Column) -> dict[str, Any]:
        """Return how many labels the votes of a rule meet and match, for :class:`Figures`."""
        mine = votes[self.rows]
        met = (mine >= 0) & (mine < len(self.names))
        n, right = float(self.weight[met].sum()), float(self.weight[met & (mine == self.y)].sum())
        low, high = wilson(right, n) if n else (None, None)
        return {"n_labelled": int(met.sum()), "n": n, "right": right, "low": low, "high": high}

    def fault(self, one: Figures) -> str:
        """Return what is wrong with a rule, and the next step; empty unless its labels leave no doubt."""
        if one.high is None or one.accuracy is None or one.n < ENOUGH or not one.codes:
            return ""
        shares = np.bincount(self.y, self.weight, minlength=len(self.names)) / self.weight.sum()
        common = max(one.codes, key=lambda code: shares[code])
        if one.high < 0.5:
            than = "it is wrong more often than right"
        elif one.high < shares[common]:
            than = f"{shares[common]:.0%} of all labels are {self.names[common]!r}, so it says nothing"
        else:
            return ""
        return (
            f"The rule {one.name!r} gets {one.accuracy:.0%} of {one.n_labelled} labelled items right (at "
            f"most {one.high:.0%}): {than}. Narrow it, or retire it: "
            f"session.teach.rules.retire({one.name!r})."
        )


@dataclass(frozen=True, eq=False)
class RuleVotes:
    """The votes of all rules in the log, for the classes of one moment.

    Attributes
    ----------
    kept
        The definitions, by name.
    schema
        The classes.
    votes
        The votes of each rule, also of retired ones.
    why
        Why the other rules have none.
    n_items
        Number of items.
    unknown
        The answers of each rule that are no class, with their numbers.
    lacking
        What each rule lacks: see :class:`Figures`.
    """

    kept: dict[str, LabelEvent]
    schema: Schema
    votes: dict[str, Column]
    why: dict[str, str]
    n_items: int
    unknown: dict[str, tuple[tuple[str, int], ...]]
    lacking: dict[str, str]

    @cached_property
    def used(self) -> dict[str, Column]:
        """The votes of the rules in use."""
        return {name: votes for name, votes in self.votes.items() if not is_retired(self.kept[name])}

    def claimed(self, votes: Column) -> npt.NDArray[np.bool_]:
        """Return where votes are for a class, rather than answers of another task."""
        return (votes >= 0) & (votes < len(self.schema.classes))

    def cover(self, votes: Column, *, used: bool = False) -> dict[str, Any]:
        """Return what votes cover beside the rules in use, for :class:`Figures`; ``used`` if they are one."""
        met, claims, tally = votes >= 0, self.claimed(votes), self._tally
        beside = tally.votes > used
        codes = np.unique(votes[claims]).tolist()
        same = np.zeros(self.n_items, np.int32)
        for code in codes:
            if code in tally.of:
                same[votes == code] = tally.of[code][votes == code]
        return {
            "codes": tuple(codes),
            "learned": bool((met & ~claims).any()),
            "n_items": int(met.sum()),
            "n_alone": int((met & ~beside).sum()),
            "n_overlaps": int((met & beside).sum()),
            "n_conflicts": int((claims & (tally.claims > same)).sum()),
        }

    def figures(self, name: str, evidence: Evidence) -> Figures:
        """Return the figures of a rule."""
        event = self.kept[name]
        value = event.value["is"]
        told = {"name": name, "words": words_of(value), "kind": value["kind"], "by": event.annotator}
        told["retired"] = is_retired(event)
        if name not in self.votes:
            return Figures(**told, codes=(), why=self.why.get(name, ""))
        told["unknown"], told["lacking"] = self.unknown.get(name, ()), self.lacking.get(name, "")
        made = Figures(**told, **self._covers[name], **evidence.judge(self.votes[name]))
        return replace(made, bad=evidence.fault(made))

    @cached_property
    def _covers(self) -> dict[str, dict[str, Any]]:
        """What each rule covers: labels change nothing about it, and views ask after each of them."""
        firsts = dict[bytes, str]()
        for name, votes in self.used.items():
            firsts.setdefault(_digest(votes), name)
        found = {}
        for name, votes in self.votes.items():
            first = firsts.get(_digest(votes), name)
            found[name] = self.cover(votes, used=name in self.used)
            found[name]["same_as"] = "" if first == name else first
        return found

    @cached_property
    def _tally(self) -> _Tally:
        return _Tally.of_columns(self.used.values(), self.n_items, len(self.schema.classes))


@dataclass(frozen=True, eq=False)
class _Tally:
    """How many rules in use have a vote for each item, a vote for a class, and a vote for each class."""

    votes: npt.NDArray[np.int32]
    claims: npt.NDArray[np.int32]
    of: dict[int, npt.NDArray[np.int32]]

    @classmethod
    def of_columns(cls, columns: Iterable[Column], n: int, n_classes: int) -> _Tally:
        votes, claims = np.zeros((2, n), np.int32)
        of: dict[int, npt.NDArray[np.int32]] = {}
        for column in columns:
            votes += column >= 0
            for code in np.unique(column[(column >= 0) & (column < n_classes)]).tolist():
                mine = column == code
                claims += mine
                of[code] = of.get(code, np.zeros(n, np.int32)) + mine
        return cls(votes, claims, of)


def _digest(column: Column) -> bytes:
    return hashlib.blake2b(column.tobytes()).digest()


def is_retired(event: LabelEvent) -> bool:
    """Return whether a rule is kept without being used."""
    return bool(event.value["is"].get("retired"))
