"""Files that train a model elsewhere: the columns of TRL's trainers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest

if TYPE_CHECKING:
    from hitl_widgets.preferences.candidates import Candidates

__all__ = ["BAD", "SECOND", "TIE", "WON", "Said", "Trainer", "check_trainer", "rows_of"]

Trainer = Literal["dpo", "reward", "kto", "sft"]
# The answers, by code.
WON, SECOND, TIE, BAD = range(4)


def check_trainer(to: Any) -> Trainer:
    """Return ``to=``; raise InvalidInput for an unknown trainer."""
    if to not in (known := get_args(Trainer)):
        raise InvalidInput(f"to={to!r}: expected {choices(known)}.{nearest(str(to), known)}")
    found: Trainer = to
    return found


@dataclass(frozen=True)
class Said:
    """Answers that a file is made of.

    Attributes
    ----------
    first, second, code
        The candidates, and the answer.
    reward
        The reward of each candidate.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    code: npt.NDArray[np.int64]
    reward: npt.NDArray[np.float64]

    def better(self) -> list[tuple[int, int]]:
        """Return the better and the worse candidate of each decided answer."""
        return [
            (a, b) if code == WON else (b, a)
            for a, b, code in zip(self.first.tolist(), self.second.tolist(), self.code.tolist(), strict=True)
            if code in (WON, SECOND)
        ]

    def counts(self) -> tuple[int, int]:
        """Return how many ties there are, and how many pairs of which both are bad."""
        return int((self.code == TIE).sum()), int((self.code == BAD).sum())


@dataclass
class Made:
    """The rows of a file.

    Attributes
    ----------
    rows
        The rows.
    notes
        What they are, and what became of ties.
    """

    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def rows_of(
    to: Trainer, candidates: Candidates, said: Said, *, messages: bool = False, margin: bool = False
) -> Made:
    """Return the rows for a trainer of TRL, and what they are.

    Parameters
    ----------
    messages
        Whether prompts and candidates are lists of messages rather than texts.
    margin
        Whether rows for a reward model have the difference of the rewards.
    """
    if margin and to != "reward":
        raise InvalidInput(f"margin=True is for to='reward', not for to={to!r}.")
    write = _Writer(candidates, messages=messages)
    ties, bad = said.counts()
    if to in ("dpo", "reward"):
        better = said.better()
        rows = [write.pair(a, b) for a, b in better]
        notes = ["Each row is an answer: `chosen` was preferred to `rejected`."]
        if margin:
            for row, (a, b) in zip(rows, better, strict=True):
                row["margin"] = float(said.reward[a] - said.reward[b])
            notes.append("`margin` is the difference of the rewards; below 0 where the model disagrees.")
        notes += [f"{ties:,} ties and {bad:,} pairs of which both are bad are not in the file."]
        return Made(rows, notes)
    if to == "kto":
        return _desirable(write, said)
    return _best(write, said)


def _desirable(write: _Writer, said: Said) -> Made:
    net: Counter[int] = Counter()
    for a, b in said.better():
        net[a] += 1
        net[b] -= 1
    bad = said.code == BAD
    for i in np.concatenate([said.first[bad], said.second[bad]]).tolist():
        net[i] -= 1
    rows = [write.completion(i) | {"label": n > 0} for i, n in sorted(net.items()) if n]
    ties, n_bad = said.counts()
    even = sum(not n for n in net.values())
    notes = ["Each row is a candidate; `label` says whether it won more comparisons than it lost."]
    notes.append(f"Both candidates of the {n_bad:,} pairs of which both are bad count as having lost.")
    notes.append(
        f"{ties:,} ties count for neither; {even:,} candidates that won as often as they lost are left out."
    )
    return Made(rows, notes)


def _best(write: _Writer, said: Said) -> Made:
    winners = {a for a, _ in said.better()}
    best: dict[int, int] = {}
    for i in sorted(winners):
        prompt = int(write.candidates.prompt[i])
        if prompt not in best or said.reward[i] > said.reward[best[prompt]]:
            best[prompt] = i
    left = len(write.candidates.prompts) - len(best)
    notes = [
        "Each row is the candidate of a prompt with the highest reward among those that won a comparison.",
        f"{left:,} prompts without such a candidate are not in the file.",
    ]
    return Made([write.completion(i) for _, i in sorted(best.items())], notes)


class _Writer:
    """Writes candidates as texts or messages."""

    def __init__(self, candidates: Candidates, *, messages: bool) -> None:
        if not candidates.kind.reads:
            raise InvalidInput(
                f"The candidates are of kind {candidates.kind.name!r}, and TRL's columns hold texts: use "
                "session.export(path, format='label-studio') or 'jsonl'."
            )
        self.candidates, self.messages = candidates, messages
        self.turns = any(not isinstance(one, str) for one in candidates.prompts)

    def prompt(self, i: int) -> Any:
        p = int(self.candidates.prompt[i])
        if not self.messages and not self.turns:
            return self.candidates.words[p]
        prompt = self.candidates.prompts[p]
        if isinstance(prompt, str):
            return [{"role": "user", "content": prompt}]
        turns: Sequence[Mapping[str, Any]] = [prompt] if isinstance(prompt, Mapping) else prompt
        return [{"role": str(one.get("role", "user")), "content": one["content"]} for one in turns]

    def answer(self, i: int) -> Any:
        item = self.candidates.items[i]
        return [{"role": "assistant", "content": item}] if self.messages or self.turns else item

    def pair(self, better: int, worse: int) -> dict[str, Any]:
        return {
            "prompt": self.prompt(better),
            "chosen": self.answer(better),
            "rejected": self.answer(worse),
        }

    def completion(self, i: int) -> dict[str, Any]:
        return {"prompt": self.prompt(i), "completion": self.answer(i)}
