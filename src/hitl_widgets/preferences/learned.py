"""What was learned from the answers: the rewards of candidates, and what the side and the length add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.errors import HitlError, InvalidInput, a_type
from hitl_widgets.preferences.candidates import read_candidates
from hitl_widgets.preferences.criteria import judged, known_criterion
from hitl_widgets.questions.pair import PLACES

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.preferences.answers import Answers
    from hitl_widgets.preferences.reward import Posterior

__all__ = ["Learned"]


class Learned:
    """The reward after all answers so far, and those by each criterion."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.candidates, self._learner = answers, answers.candidates, answers.learner
        self._known: dict[str | None, tuple[int, Posterior]] = {}

    def posterior(self, criterion: str | None = None) -> Posterior:
        """Return the reward, or that by a criterion; raise HitlError if there are no answers yet."""
        labels = self.answers.labels()
        version = labels.n_events
        if self._known.get(criterion, (-1,))[0] != version:
            if criterion is None:
                rows, taught, _ = labels.training()
                n_classes = labels.target.problem.size
            else:
                every = self.answers.given()
                rows, taught = judged(every, known_criterion(every, labels.schema, criterion))
                n_classes = len(PLACES)
            learner = self._learner.start(None, n_classes)
            if criterion is not None:
                learner.voices = None  # they are about the overall preference; these are all answers
            if not len(rows):
                raise HitlError("There is no reward yet: answer at least one question.")
            learner.update(rows, taught)
            if learner.stale:
                learner.refresh()
                learner.update(rows, taught)
            self._known[criterion] = version, learner.fitted
        return self._known[criterion][1]

    def rewards(self, criterion: str | None) -> pd.DataFrame:
        """Return the reward of each candidate: see :meth:`.Preferences.rewards`."""
        import pandas as pd

        found, post = self.candidates, self.posterior(criterion)
        given = post.given
        both, twice = np.concatenate([given.first, given.second]), np.tile(given.weight, 2)
        n = np.bincount(both, twice, len(found)).round().astype(np.int64)
        table = pd.DataFrame(
            {
                "prompt": [found.words[p] for p in found.prompt],
                "candidate": list(map(found.own, found.items)),
                "reward": post.mean,
                "sd": post.sd,
                "n": n,
            }
        )
        return table.iloc[np.lexsort((-post.mean, found.prompt))].reset_index(drop=True)

    def reward(self, candidates: Iterable[Any], criterion: str | None) -> pd.DataFrame:
        """Return the reward of any candidates: see :meth:`.Preferences.reward`."""
        import pandas as pd

        if isinstance(candidates, str | bytes | Mapping) or not isinstance(candidates, Iterable):
            raise InvalidInput(f"candidates= is {a_type(candidates)}: expected a list of candidates.")
        read = read_candidates(self.candidates.kind, list(candidates), "candidates")
        if not read:
            return pd.DataFrame({"candidate": [], "reward": [], "sd": []})
        mean, sd = self.posterior(criterion).of(self.candidates.columns_of(read))
        return pd.DataFrame({"candidate": list(map(self.candidates.own, read)), "reward": mean, "sd": sd})

    def effects(self) -> pd.DataFrame:
        """Return what the side and the length add: see :meth:`.Preferences.effects`."""
        import pandas as pd

        post = self.posterior()
        rows = {"left": post.side} if np.any(post.given.sided) else {}
        if self.candidates.basis.has_length:
            rows["twice as long"] = post.length
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["effect", "sd"])
        low, high = table["effect"] - 1.96 * table["sd"], table["effect"] + 1.96 * table["sd"]
        return table.assign(low=low, high=high)[["effect", "low", "high"]]
