"""The answers to pairs or lists: as a table, of each annotator, and what is left out."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.preferences.criteria import asked_for, criteria_of
from hitl_widgets.preferences.learners import PairLearner, RankLearner
from hitl_widgets.preferences.people import biases, cycles, fixed
from hitl_widgets.preferences.voices import Given, given
from hitl_widgets.session import Session, loop_of

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.loop.asking import Labels
    from hitl_widgets.preferences.reward import Comparisons

__all__ = ["Answers", "every_comparison"]


def every_comparison(learner: PairLearner | RankLearner, every: Given) -> Comparisons:
    """Return each answer as comparisons of its own, then the corrected texts that are candidates."""
    alone = copy.copy(learner)
    alone.voices = None
    return alone.comparisons(every.rows, every.y).beside(learner.revised(every))


class Answers:
    """The answers of everybody to the pairs or lists of a learner. It reads the log and changes nothing."""

    def __init__(self, session: Session, learner: PairLearner | RankLearner) -> None:
        self.session, self.learner, self.candidates = session, learner, learner.candidates
        self.of_pairs = isinstance(learner, PairLearner)
        self._warned = self.n_elsewhere  # the session has said so
        if learner.voices is not None:
            learner.voices.listen(loop_of(session).log)

    def labels(self) -> Labels:
        """Return the labels of everybody so far."""
        log = loop_of(self.session).log
        log.catch_up()
        return log.labels

    def given(self) -> Given:
        """Return the current answers of everybody, each of which counts."""
        log = loop_of(self.session).log
        log.catch_up()
        return given(log)

    def table(self) -> pd.DataFrame:
        """Return the answers: see :meth:`.Preferences.answers`."""
        pool, found = self.session.pool, self.candidates
        every = self.session.labels()
        here = np.array([pool.find(one) is not None for one in every["id"]], bool)
        table = every[here].reset_index(drop=True)
        self.warn_of_elsewhere(len(every) - len(table))
        rows = self.learner.members[np.array(pool.index(table["id"]), np.int64)]
        told = {"prompt": [found.words[found.prompt[row[0]]] for row in rows]}
        if self.of_pairs:
            told |= {
                name: [found.own(found.items[i]) for i in rows[:, k]]
                for k, name in enumerate(("first", "second"))
            }
        else:
            told["candidates"] = [[found.own(found.items[i]) for i in row if i >= 0] for row in rows]
        told |= asked_for(table.pop("label").tolist(), self.session.schema)
        if self.of_pairs:
            told |= self._asked_earlier(
                list(zip(pool.index(table["id"]), table["annotator"], strict=True)), told
            )
        for k, (name, column) in enumerate(told.items()):
            table.insert(k, name, column)
        return table.drop(columns=["said", "elapsed_ms"])

    def _asked_earlier(self, of: list[tuple[int, str]], told: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return what these annotators said of these rows that is no longer asked for, but the reasons."""
        every = self.given()
        names = [name for name in criteria_of(every, self.session.schema) if name not in told]
        said: dict[Any, Any] = dict(
            zip(zip(every.rows.tolist(), every.who, strict=True), every.answers, strict=True)
        )
        found = [dict(said[one].criteria) if one in said else {} for one in of] if names else []
        more: dict[str, list[Any]] = {name: [one.get(name) for one in found] for name in names}
        if every.revised and "revisions" not in told:
            more["revisions"] = [dict(said[one].revisions) if one in said else {} for one in of]
        return more

    def prompts(self) -> set[str]:
        """Return the words of the prompts that somebody has answered a question about."""
        found, rows = self.candidates, np.unique(self.given().rows)
        return {found.words[found.prompt[i]] for i in self.learner.members[rows, 0].tolist()}

    @property
    def n_elsewhere(self) -> int:
        """How many answers are about others: see :attr:`.Preferences.n_elsewhere`."""
        return len(self.session.missing())

    def warn_of_elsewhere(self, n: int) -> None:
        """Say once how many answers are left out, to who called a method of :class:`.Preferences`."""
        if n > self._warned:
            warnings.warn(
                f"{n:,} {'answer is' if n == 1 else 'answers are'} left out, about candidates or prompts "
                "that were removed or not passed here: session.missing() lists them. If somebody has added "
                "candidates in the meantime, run the cell that creates these preferences again.",
                RuntimeWarning,
                stacklevel=4,
            )
        self._warned = max(n, self._warned)

    def people(self) -> pd.DataFrame:
        """Return how each annotator answers: see :meth:`.Preferences.people`."""
        if not self.of_pairs:
            raise InvalidInput("Rankings have no sides: people() is for ask='pairs'.")
        answers = self.table()
        answers["answer"] = answers["answer"].map(fixed(self.session.schema))
        rows = self.learner.members[np.array(self.session.pool.index(answers["id"]), np.int64)]
        length = self.candidates.lengths()
        if length is None:
            longer = np.full(len(rows), "", object)
        else:
            a, b = length[rows[:, 0]], length[rows[:, 1]]
            longer = np.where(a > b, "first", np.where(a < b, "second", ""))
        again: dict[str, tuple[int, int]] = {}
        pace = self.session.trust.pace()
        for who, n, same in zip(pace["annotator"], pace["again"], pace["same"], strict=True):
            again[who] = int(n), round(float(same) * int(n)) if n else 0
        return biases(answers.assign(longer=longer), again)

    def conflicts(self) -> list[list[int]]:
        """Return cycles of candidates, each preferred to the next, and the last to the first."""
        if not len(every := self.given()):
            return []
        told = every_comparison(self.learner, every)
        better = np.where(told.y == 1, told.first, told.second)[told.y != 0.5]
        worse = np.where(told.y == 1, told.second, told.first)[told.y != 0.5]
        return list(map(list, cycles(zip(better.tolist(), worse.tolist(), strict=True))))
