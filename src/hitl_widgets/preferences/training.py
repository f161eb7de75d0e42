"""Files that train a model elsewhere: the columns of TRL's trainers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.conversation import turns_of
from hitl_widgets.paths import full_path
from hitl_widgets.questions.pair import BOTH_BAD, FIRST, SECOND, TIE

if TYPE_CHECKING:
    from pathlib import Path

    from hitl_widgets.loop.log import Log
    from hitl_widgets.preferences.candidates import Candidates

__all__ = ["EVEN", "Said", "Trainer", "check_path", "most", "reasons_of", "rows_of"]

Trainer = Literal["dpo", "reward", "kto", "sft"]
SUFFIXES = (".jsonl", ".parquet")
EVEN = "even"  # annotators differ, and no answer was given most often
# What is written beside a preference. Not which one is better by a criterion, which names a side.
BESIDE = ("reason", "reasons")


def check_path(path: Any) -> Path:
    """Return the path of a file; raise InvalidInput if its suffix does not say what to write."""
    target = full_path(path)
    if target.suffix not in SUFFIXES:
        raise InvalidInput(
            f"The suffix of {target.name!r} is {target.suffix!r}: expected {' or '.join(SUFFIXES)}, such as "
            f"{target.with_suffix('.jsonl').name!r}. For a table of the answers: "
            "prefs.answers().to_csv(path), or prefs.session.export(path)."
        )
    return target


def reasons_of(log: Log, answers: Mapping[str, str]) -> tuple[dict[str, dict[str, Any]], int]:
    """Return the reasons that annotators gave, by the id of the pair, and how many are not returned.

    They are read from the log, because a session that does not ask for reasons does not return them.

    Parameters
    ----------
    answers
        The answer of each pair that counts. Reasons of other answers are counted.
    """
    found, lost = dict[str, dict[str, Any]](), 0
    with log.lock:
        fold = log.ledger.fold
        for id_, answer in answers.items():
            for event in fold.current(id_).values():
                said = fold.now(event)
                dumped = {} if said is None else fold.kind.dump(said)
                told = {name: dumped[name] for name in BESIDE if dumped.get(name)}
                if told and dumped["pair"] != answer:
                    lost += 1
                    continue
                for name, value in told.items():
                    given = found.setdefault(id_, {}).setdefault(name, [])
                    several = value if isinstance(value, list) else [value]
                    given += [one for one in several if one not in given]
    for told in found.values():
        if "reason" in told:
            told["reason"] = "\n".join(told["reason"])
    return found, lost


@dataclass(frozen=True)
class Said:
    """Answers that a file is made of.

    Attributes
    ----------
    first, second, answer
        The candidates, and which is better: :data:`.FIRST`, :data:`.SECOND`, or neither.
    reward
        The reward of each candidate.
    told
        What was said beside each answer, such as ``{"reason": ...}``.
    lost
        How many annotators said something beside an answer that does not count.
    every
        Each answer of each annotator, if this is what most of them say: see :func:`most`.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    answer: npt.NDArray[np.str_]
    reward: npt.NDArray[np.float64]
    told: Sequence[Mapping[str, Any]] = ()
    lost: int = 0
    every: Said | None = None

    def decided(self) -> list[int]:
        """Return the numbers of the answers that prefer one of two."""
        return np.flatnonzero(np.isin(self.answer, (FIRST, SECOND))).tolist()

    def better(self) -> list[tuple[int, int]]:
        """Return the better and the worse candidate of each of these."""
        a, b, won = self.first.tolist(), self.second.tolist(), (self.answer == FIRST).tolist()
        return [(a[i], b[i]) if won[i] else (b[i], a[i]) for i in self.decided()]

    def counts(self) -> tuple[int, int]:
        """Return how many ties there are, and how many pairs of which both are bad."""
        return int((self.answer == TIE).sum()), int((self.answer == BOTH_BAD).sum())


def most(every: Said) -> tuple[Said, npt.NDArray[np.int64]]:
    """Return, for each pair, the answer that was given most often, and where each pair occurs first.

    If two answers were given equally often, it is :data:`EVEN`.
    """
    pairs = np.column_stack([every.first, every.second])
    _, at, of = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    counts = [Counter[str]() for _ in at]
    for i, answer in zip(of.ravel().tolist(), every.answer.tolist(), strict=True):
        counts[i][answer] += 1
    found = []
    for one in counts:
        (answer, n), *others = one.most_common(2)
        found.append(EVEN if others and others[0][1] == n else answer)
    order = np.argsort(at)
    at = at[order]
    answers = np.array(found)[order]
    return Said(every.first[at], every.second[at], answers, every.reward, every=every), at


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
        notes = ["Each row is a pair: `chosen` was preferred to `rejected`.", *_by_most(said)]
        if margin:
            for row, (a, b) in zip(rows, better, strict=True):
                row["margin"] = float(said.reward[a] - said.reward[b])
            notes.append("`margin` is the difference of the rewards; below 0 where the model disagrees.")
        told = [said.told[i] for i in said.decided()] if said.told else []
        for name in dict.fromkeys(name for one in told for name in one):
            for row, one in zip(rows, told, strict=True):
                row[name] = one.get(name)
            notes.append(f"`{name}` is what annotators said beside the answer, empty where nothing was said.")
        notes += [f"Not in the file: {_n(ties, 'tie')}, and {_n(bad, 'pair')} of which both are bad."]
        lost = said.lost + sum(map(bool, said.told)) - sum(map(bool, told))
    else:
        rows, notes = _desirable(write, said) if to == "kto" else _best(write, said)
        lost = said.lost + sum(map(bool, said.told))
    if lost:
        notes.append(
            f"Not in the file: the reasons of {_n(lost, 'answer')}, because no row is about these answers; "
            "prefs.session.export() writes all of them."
        )
    return Made(rows, notes)


def _desirable(write: _Writer, said: Said) -> tuple[list[dict[str, Any]], list[str]]:
    said = said.every or said
    net: Counter[int] = Counter()
    for a, b in said.better():
        net[a] += 1
        net[b] -= 1
    bad = said.answer == BOTH_BAD
    for i in np.concatenate([said.first[bad], said.second[bad]]).tolist():
        net[i] -= 1
    rows = [write.completion(i) | {"label": n > 0} for i, n in sorted(net.items()) if n]
    ties, n_bad = said.counts()
    even = sum(not n for n in net.values())
    notes = ["Each row is a candidate; `label` says whether it won more comparisons than it lost."]
    notes.append("Each answer of each annotator is one comparison.")
    notes.append(f"{_n(n_bad, 'answer')} that both are bad: both candidates count as having lost.")
    notes.append(f"{_n(ties, 'tie')} counted for neither.")
    notes.append(f"Not in the file: {_n(even, 'candidate')} that won as often as lost.")
    return rows, notes


def _best(write: _Writer, said: Said) -> tuple[list[dict[str, Any]], list[str]]:
    winners = {a for a, _ in said.better()}
    best: dict[int, int] = {}
    for i in sorted(winners):
        prompt = int(write.candidates.prompt[i])
        if prompt not in best or said.reward[i] > said.reward[best[prompt]]:
            best[prompt] = i
    left = len(write.candidates.prompts) - len(best)
    notes = [
        "Each row is the candidate of a prompt with the highest reward among those that won a comparison.",
        *_by_most(said),
        f"Not in the file: {_n(left, 'prompt')} without such a candidate.",
    ]
    return [write.completion(i) for _, i in sorted(best.items())], notes


def _by_most(said: Said) -> list[str]:
    """Say what was done where several annotators answered a pair."""
    if said.every is None or len(said.every.answer) == len(said.answer):
        return []
    even = int((said.answer == EVEN).sum())
    out = f"Not in the file: {_n(even, 'pair')} of which two answers were given equally often."
    return [f"Where annotators differ, the answer that most of them gave counts. {out}"]


def _n(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


class _Writer:
    """Writes candidates as texts or messages."""

    def __init__(self, candidates: Candidates, *, messages: bool) -> None:
        if not candidates.kind.reads:
            raise InvalidInput(
                f"The candidates are of kind {candidates.kind.name!r}, and TRL's columns hold texts. Use "
                "prefs.session.export(path, format='label-studio'), or 'jsonl'."
            )
        self.candidates = candidates
        self.talks = candidates.kind.name == "conversation"
        self.turns = messages or self.talks or any(not isinstance(one, str) for one in candidates.prompts)

    def prompt(self, i: int) -> Any:
        p = int(self.candidates.prompt[i])
        if not self.turns:
            return self.candidates.words[p]
        prompt = self.candidates.prompts[p]
        if isinstance(prompt, str):
            return [{"role": "user", "content": prompt}]
        turns: Sequence[Mapping[str, Any]] = [prompt] if isinstance(prompt, Mapping) else prompt
        return [{"role": str(one.get("role", "user")), "content": one["content"]} for one in turns]

    def answer(self, i: int) -> Any:
        item = self.candidates.items[i]
        if not self.turns:
            return item
        try:
            said = turns_of(item) if self.talks else []
        except ValueError:  # a text among conversations
            said = []
        if not said:
            return [{"role": "assistant", "content": item}]
        return [{"role": one["role"], "content": one["content"]} for one in said]

    def pair(self, better: int, worse: int) -> dict[str, Any]:
        return {
            "prompt": self.prompt(better),
            "chosen": self.answer(better),
            "rejected": self.answer(worse),
        }

    def completion(self, i: int) -> dict[str, Any]:
        return {"prompt": self.prompt(i), "completion": self.answer(i)}
