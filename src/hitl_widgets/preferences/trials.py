"""Blind comparisons of two policies: whether people prefer what one of them makes."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Self

from hitl_widgets import screen
from hitl_widgets.errors import InvalidInput, Taken, a_type, check_flags
from hitl_widgets.items.base import ItemKind
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.preferences.candidates import on_the_left, prompt_words, prompts_of, read_candidates
from hitl_widgets.preferences.people import fixed
from hitl_widgets.preferences.policies import Base, called, of_function
from hitl_widgets.preferences.samples import Samples
from hitl_widgets.quality.sequential import Z, wilson_of_groups
from hitl_widgets.questions.pair import FIRST, SECOND
from hitl_widgets.questions.question import Question
from hitl_widgets.questions.schema import MAX_NAME
from hitl_widgets.session import Session

__all__ = ["Drawn", "Outcome", "Trial", "begun"]

DRAWN = "trial"  # what was sampled, in the log


@dataclass(frozen=True, repr=False)
class Outcome:
    """How often people preferred a policy.

    Attributes
    ----------
    wins, losses, ties
        Numbers of answers; ties include pairs of which both are bad.
    same
        The share of prompts of which both policies made the same, which are not asked.
    scores
        For each prompt with answers, the share of wins, ties as half of one; by default each answer is about
        a prompt of its own.
    n_prompts
        The number of prompts from which ``same`` is estimated; 0 if it is known.
    win
        The mean over prompts of the share of wins, with ties, and what is the same, as half of one; None
        without answers.
    low, high
        Its 95 % interval for such prompts. Answers of several annotators to a prompt are alike, so it grows
        with the variance between prompts (:func:`.wilson_of_groups`); it includes that the share of prompts
        with the same is estimated (Zou and Donner 2008).
    """

    wins: int
    losses: int
    ties: int
    same: float = 0.0
    scores: tuple[float, ...] = ()
    n_prompts: int = 0

    @property
    def n(self) -> int:
        """The number of answers."""
        return self.wins + self.losses + self.ties

    @property
    def _scores(self) -> tuple[float, ...]:
        return self.scores or (1.0,) * self.wins + (0.5,) * self.ties + (0.0,) * self.losses

    @property
    def win(self) -> float | None:
        """See :class:`Outcome`."""
        return self._of_all(fmean(self._scores)) if self.n else None

    def _of_all(self, share: float) -> float:
        return (1 - self.same) * share + self.same / 2

    @property
    def _interval(self) -> tuple[float, float]:
        if not self.n:
            return self._of_all(0.0), self._of_all(1.0)
        share, s = fmean(self._scores), self.same
        ends = wilson_of_groups(self._scores, self.n)
        more = Z * (share - 0.5) * math.sqrt(s * (1 - s) / self.n_prompts) if self.n_prompts else 0.0
        low, high = (math.hypot((1 - s) * (end - share), more) for end in ends)
        return max(self._of_all(share) - low, 0.0), min(self._of_all(share) + high, 1.0)

    @property
    def low(self) -> float:
        """See :class:`Outcome`."""
        return self._interval[0]

    @property
    def high(self) -> float:
        """See :class:`Outcome`."""
        return self._interval[1]

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        if self.win is None:
            return "nobody has answered yet"
        answers = "1 blind answer" if self.n == 1 else f"{self.n:,} blind answers"
        found = f"preferred in {self.win:.0%} ({self.low:.0%} to {self.high:.0%}), {answers}"
        if 0 < len(self.scores) < self.n:
            found += f" about {len(self.scores):,} prompts"
        if self.same:
            found += f", {self.same:.0%} of the samples the same"
        if self.low > 0.5:
            return f"{found}: better"
        return f"{found}: worse" if self.high < 0.5 else f"{found}: not shown to be better or worse"


@dataclass(frozen=True)
class Drawn:
    """What two policies made, as it lies in the log.

    Attributes
    ----------
    samples
        By prompt, what the policy made, and what the other made.
    policy, against
        What made them, in words.
    on
        The day.
    """

    samples: Mapping[str, Sequence[str]]
    policy: str
    against: str
    on: str


def begun(
    store: LabelStore,
    task: str,
    name: Any,
    policy: Any,
    prompts: Any,
    against: Any,
    *,
    kind: ItemKind,
    resume: bool,
    taught: Collection[str] = (),
) -> Drawn:
    """Return what was drawn for a trial, or draw it now: see :meth:`.Preferences.trial`.

    ``taught`` are the words of the prompts from which the reward has learned.
    """
    check_flags(resume=resume)
    if name is None:
        raise InvalidInput(
            "name= is missing: a trial and its answers are kept under its name, such as name='round 1'."
        )
    if not isinstance(name, str) or not 0 < len(name.strip()) <= MAX_NAME:
        raise InvalidInput(f"name={name!r}: expected a name of 1 to {MAX_NAME} characters.")
    if not kind.reads:
        raise InvalidInput(f"Trials compare texts, and the candidates are of kind {kind.name!r}.")
    kept = Samples(store, task, DRAWN, "trial()")
    told = drawn(kept)
    if told is None:
        if task in store.tasks():
            raise InvalidInput(f"name={name!r} is used by another task of {store.name}: pass another name.")
        for argument, value in (("policy", policy), ("prompts", prompts)):
            if value is None:
                raise InvalidInput(f"{argument}= is missing, and no trial {name!r} was begun.")
        told = draw(kept, kind, prompts, policy, against)
        if n := len(told.samples.keys() & set(taught)):
            warnings.warn(
                f"The reward has learned from {n:,} of the {len(told.samples):,} prompts of this trial, "
                "where it is better than elsewhere. For evidence about new prompts, pass others, and another "
                "name=.",
                RuntimeWarning,
                stacklevel=3,
            )
        return told
    if not resume:
        raise Taken(
            f"A trial {name!r} was begun on {told.on}: {told.policy} against {told.against}, "
            f"{len(told.samples):,} prompts. To go on with it, pass resume=True. To compare another policy, "
            "pass another name=."
        )
    given = told.samples.keys() if prompts is None else set(map(prompt_words, prompts_of(prompts)))
    if n := len(given ^ told.samples.keys()):
        raise InvalidInput(
            f"The trial {name!r} has {len(told.samples):,} prompts, and {n:,} prompts are only in it or only "
            "in prompts=. To go on with it, leave prompts= out; for other prompts, pass another name=."
        )
    if policy is not None and called(policy) != told.policy:
        warnings.warn(
            f"The trial {name!r} goes on with what {told.policy} made on {told.on}. {called(policy)} is not "
            "used: to compare it, pass another name=.",
            RuntimeWarning,
            stacklevel=3,
        )
    return told


def drawn(kept: Samples) -> Drawn | None:
    """Return what was drawn for a trial; None if it was not begun."""
    found = [(time, value) for time, value in kept.dated() if value.get("samples")]
    if not found:
        return None
    time, told = found[0]
    samples = {word: pair for _, value in found for word, pair in value["samples"].items()}
    return Drawn(samples, told.get("policy", "a policy"), told.get("against", "another"), time[:10])


def draw(kept: Samples, kind: ItemKind, prompts: Any, policy: Any, against: Any) -> Drawn:
    """Draw a sample of each policy for each prompt, and keep them."""
    given = prompts_of(prompts)
    words = list(map(prompt_words, given))
    if not words or isinstance(prompts, str):
        raise InvalidInput("prompts= is empty or a text: expected a list of prompts.")
    if len(set(words)) < len(words):
        again = next(word for word, n in Counter(words).items() if n > 1)
        raise InvalidInput(f"The prompt {again[:80]!r} occurs twice: each is asked once.")
    two = {"policy=": policy, "against=": against}
    makers = [of_function(made, name) for name, made in two.items()]
    samples = {word: _two(kind, prompt, makers) for word, prompt in zip(words, given, strict=True)}
    if all(a == b for a, b in samples.values()):
        raise InvalidInput(
            "Both policies made the same of all prompts, so there is nothing to compare: pass other prompts, "
            "or a policy further from its base."
        )
    kept.keep({"samples": samples, "policy": called(policy), "against": called(against)})
    told = drawn(kept)
    assert told is not None  # noqa: S101 - it was just kept
    return told


def _two(kind: ItemKind, prompt: Any, makers: Sequence[Base]) -> list[str]:
    """Return a sample of each, as the store keeps it."""
    found = [made(prompt, 1)[0] for made in makers]
    if wrong := [item for item in found if not (isinstance(item, str) or kind.claims([item]))]:
        raise InvalidInput(f"{str(wrong[0])[:60]!r} is {a_type(wrong[0])}: trials compare texts.")
    return [str(item) for item in read_candidates(kind, found, "a sample")]


class Trial(screen.Shown):
    """Compares what two policies make of prompts, blind; made by :meth:`.Preferences.trial`.

    In a notebook it displays the Workbench of its :attr:`session`.
    """

    def __init__(
        self, store: LabelStore, task: str, told: Drawn, question: str, *, kind: str, embed: Any, **how: Any
    ) -> None:
        import pandas as pd

        self._told, self._samples = told, told.samples
        # The first of a pair is on the left: drawn by the hash with which Preferences does.
        asked = [word for word, (a, b) in self._samples.items() if a != b]
        self._left = {word: on_the_left(word, *self._samples[word]) for word in asked}
        pairs = [self._samples[word][:: 1 if self._left[word] else -1] for word in asked]
        table = pd.DataFrame({"id": asked, "prompt": asked, "candidates": [list(pair) for pair in pairs]})
        self.session = Session(
            table,
            item="candidates",
            kind=f"list:{kind}",
            id="id",
            context="prompt",
            embed=embed,
            question=Question.pair(question, both_bad=True, sides="given"),
            store=store,
            task=task,
            audit=0,
            strategy="random",
            **how,
        )

    def result(self) -> Outcome:
        """Return how often the policy is preferred, of all answers so far."""
        labels, scores = self.session.labels(), dict[str, list[float]]()
        answers = labels["label"].map(fixed(self.session.schema))
        for word, answer in zip(labels["id"], answers, strict=True):
            mine, other = (FIRST, SECOND) if self._left[word] else (SECOND, FIRST)
            scores.setdefault(word, []).append({mine: 1.0, other: 0.0}.get(answer, 0.5))
        given = [score for one in scores.values() for score in one]
        wins, losses = given.count(1.0), given.count(0.0)
        same = sum(a == b for a, b in self._samples.values()) / len(self._samples)
        means = tuple(map(fmean, scores.values()))
        return Outcome(wins, losses, len(given) - wins - losses, same, means, len(self._samples))

    def __repr__(self) -> str:
        told = self._told
        return (
            f"<Trial {self.session.task!r}: {told.policy} against {told.against}, drawn on {told.on}; "
            f"{self.result()}>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the session; :meth:`result` still works."""
        self.session.close()
