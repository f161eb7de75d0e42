"""Blind comparisons of two policies: whether people prefer what one of them makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hitl_widgets import screen
from hitl_widgets.errors import InvalidInput
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.preferences.candidates import on_the_left, prompt_words
from hitl_widgets.preferences.people import fixed
from hitl_widgets.preferences.policies import of_function
from hitl_widgets.preferences.samples import Samples
from hitl_widgets.quality.sequential import wilson
from hitl_widgets.questions.pair import FIRST, SECOND
from hitl_widgets.questions.question import Question
from hitl_widgets.session import Session

__all__ = ["Outcome", "Trial"]

DRAWN = "trial"  # what was sampled, in the log


@dataclass(frozen=True)
class Outcome:
    """How often people preferred a policy.

    Attributes
    ----------
    wins, losses, ties
        Numbers of answers; ties include pairs of which both are bad.
    same
        The share of prompts of which both policies made the same, which are not asked.
    win
        The share of wins, with ties, and what is the same, as half of one; None without answers.
    low, high
        Its 95 % interval (Wilson 1927).
    """

    wins: int
    losses: int
    ties: int
    same: float = 0.0

    @property
    def n(self) -> int:
        """The number of answers."""
        return self.wins + self.losses + self.ties

    @property
    def win(self) -> float | None:
        """See :class:`Outcome`."""
        return self._of_all((self.wins + self.ties / 2) / self.n) if self.n else None

    def _of_all(self, share: float) -> float:
        return (1 - self.same) * share + self.same / 2

    @property
    def _interval(self) -> tuple[float, float]:
        low, high = wilson(self.wins + self.ties / 2, self.n) if self.n else (0.0, 1.0)
        return self._of_all(low), self._of_all(high)

    @property
    def low(self) -> float:
        """See :class:`Outcome`."""
        return self._interval[0]

    @property
    def high(self) -> float:
        """See :class:`Outcome`."""
        return self._interval[1]

    def __str__(self) -> str:
        if self.win is None:
            return "nobody has answered yet"
        found = f"preferred in {self.win:.0%} ({self.low:.0%} to {self.high:.0%}), {self.n:,} blind answers"
        if self.same:
            found += f", {self.same:.0%} of the samples the same"
        if self.low > 0.5:
            return f"{found}: better"
        return f"{found}: worse" if self.high < 0.5 else f"{found}: not shown to be better or worse"


class Trial:
    """Compares what two policies make of prompts, blind; made by :meth:`.Preferences.trial`.

    In a notebook it displays the Workbench of its :attr:`session`.
    """

    def __init__(
        self,
        store: LabelStore,
        task: str,
        prompts: Sequence[Any],
        policy: Any,
        against: Any,
        question: str,
        embed: Any,
        **told: Any,
    ) -> None:
        import pandas as pd

        if isinstance(prompts, str) or not len(prompts):
            raise InvalidInput("prompts= is empty or a text: expected a list of prompts.")
        words = list(map(prompt_words, prompts))
        kept, known = Samples(store, task, DRAWN, "trial()"), dict[str, list[str]]()
        for event in kept.read():
            known |= event["samples"]
        lacking = [i for i, word in enumerate(words) if word not in known]
        if lacking:
            made = {words[i]: _two(prompts[i], policy, against) for i in lacking}
            kept.keep({"samples": made})
            known |= made
        self._samples = {word: known[word] for word in words}
        # The first of a pair is on the left: drawn by the hash with which Preferences does.
        asked = [word for word, (a, b) in self._samples.items() if a != b]
        if not asked:
            raise InvalidInput("Both policies made the same of all prompts, so there is nothing to compare.")
        self._left = {word: on_the_left(word, *self._samples[word]) for word in asked}
        pairs = [self._samples[word][:: 1 if self._left[word] else -1] for word in asked]
        table = pd.DataFrame({"id": asked, "prompt": asked, "candidates": [list(pair) for pair in pairs]})
        self.session = Session(
            table,
            item="candidates",
            kind="list:text",
            id="id",
            context="prompt",
            embed=embed,
            question=Question.pair(question, both_bad=True, sides="given"),
            store=store,
            task=task,
            audit=0,
            strategy="random",
            **told,
        )

    def result(self) -> Outcome:
        """Return how often the policy is preferred, of all answers so far."""
        labels, wins, losses = self.session.labels(), 0, 0
        answers = labels["label"].map(fixed(self.session.schema))
        for word, answer in zip(labels["id"], answers, strict=True):
            left = self._left[word]  # whether the policy's sample is the first
            wins += answer == (FIRST if left else SECOND)
            losses += answer == (SECOND if left else FIRST)
        same = sum(a == b for a, b in self._samples.values()) / len(self._samples)
        return Outcome(wins, losses, len(labels) - wins - losses, same)

    def __repr__(self) -> str:
        return f"<Trial {self.session.task!r}: {self.result()}>"

    def _ipython_display_(self, **options: Any) -> None:
        screen.display(self.session, **options)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return screen.mimebundle(self.session, **options)

    def _display_(self) -> Any:
        return screen.workbench(self.session)

    def close(self) -> None:
        """Close the session."""
        self.session.close()


def _two(prompt: Any, policy: Any, against: Any) -> list[str]:
    """Return a sample of each."""
    found = [of_function(made)(prompt, 1)[0] for made in (policy, against)]
    if wrong := [item for item in found if not isinstance(item, str)]:
        raise InvalidInput(f"{str(wrong[0])[:60]!r} is not a text: trials compare texts.")
    return found
