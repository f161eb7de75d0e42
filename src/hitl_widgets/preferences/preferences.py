"""Preferences: compare candidates, and learn how good they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from hitl_widgets import screen
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.items.base import kind_of
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.settings import check_settings
from hitl_widgets.paths import full_path, replacing
from hitl_widgets.preferences.candidates import Candidates, as_candidates, listed, prompt_words
from hitl_widgets.preferences.criteria import (
    asked_beside,
    beside_on_card,
    compared,
    judged,
    known_criterion,
)
from hitl_widgets.preferences.learners import PairLearner, RankLearner, undecided
from hitl_widgets.preferences.mapping import reward_rows
from hitl_widgets.preferences.people import biases, biases_on_card, cycles, fixed
from hitl_widgets.preferences.policies import BestOf, Policy, Rejection, Tilted, given_base, of_function
from hitl_widgets.preferences.principles import Principles
from hitl_widgets.preferences.reward import Posterior
from hitl_widgets.preferences.rewarded import rewarded
from hitl_widgets.preferences.samples import Samples, generated
from hitl_widgets.preferences.training import (
    BAD,
    SECOND,
    TIE,
    WON,
    Said,
    Trainer,
    check_trainer,
    rows_of,
)
from hitl_widgets.preferences.trials import Trial
from hitl_widgets.questions import pair
from hitl_widgets.questions.pair import PLACES
from hitl_widgets.questions.question import Question
from hitl_widgets.questions.schema import Schema
from hitl_widgets.session import Session, loop_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Preferences"]

Ask = Literal["pairs", "ranking"]
How = Literal["best", "tilt", "reject", "trigram"]
SAMPLES, GENERATOR = "samples", "generate="
MOST, MOST_RANKED = 8, 8
# The columns of answers() beside the criteria.
COLUMNS = frozenset(("prompt", "first", "second", "answer", "reason", "reasons"))
COLUMNS |= {"annotator", "selection", "time", "id", "said", "elapsed_ms", "label"}
CODES = {pair.FIRST: WON, pair.SECOND: SECOND, pair.TIE: TIE, pair.BOTH_BAD: BAD}


class Preferences:
    """Compare candidates of prompts two by two, or rank them, while a reward is learned from the answers.

    In a notebook it displays the Workbench of its :attr:`session`, in which each item is a pair.

    Parameters
    ----------
    prompts
        What the candidates answer: texts, or conversations as lists of ``{"role": ..., "content": ...}``.
    candidates
        A list of candidates for each prompt. Up to 100,000 pairs are made, within prompts only.
    generate
        Instead: a function ``(prompt, n)`` that returns a list of ``n`` texts, or ``(prompt)`` that returns
        one. What it returns is kept in the store, so that it is not called again after a restart.
    n
        How many candidates ``generate`` makes of each prompt, 2 to 8.
    ask
        ``"pairs"`` or ``"ranking"``: of all candidates of a prompt, at most 8.
    top
        For rankings, how many of the best are ranked; the others are below, in no order. None for all.
    kind
        The kind of the candidates, such as ``"text"``, ``"markdown"``, ``"image"`` or ``"audio"``.
    embed
        Features of the candidates: a function that takes a list of them and returns an array (n, d), or a
        scikit-learn transformer. By default those of the kind.
    text
        The text of the question.
    tie, both_bad, reason
        Whether these are answers, and whether to ask for a reason: see :meth:`.Question.pair`.
    criteria
        Up to 6 names, such as ``["helpful", "honest"]``: which of the two is better by each is asked on the
        same card, after the question.
    reasons
        Up to 12 names, such as ``["too long", "rude"]``, any of which can be chosen before the answer.
    store, task
        See :class:`~hitl_widgets.session.Session`.
    strategy
        ``"auto"``: the pair whose order is least certain (for rankings, the list); else as for a Session.
    more
        Further arguments of :class:`~hitl_widgets.session.Session`, such as ``annotator``, ``audit``,
        ``again``, ``overlap`` and ``random_state``.

    Raises
    ------
    InvalidInput
        For invalid prompts, candidates or settings.
    """

    def __init__(
        self,
        prompts: Sequence[Any],
        candidates: Iterable[Iterable[Any]] | None = None,
        *,
        generate: Any = None,
        n: int = 4,
        ask: Ask = "pairs",
        top: int | None = None,
        kind: str = "text",
        embed: Any = None,
        text: str = "",
        tie: bool = True,
        both_bad: bool = True,
        reason: bool = False,
        criteria: Iterable[str] = (),
        reasons: Iterable[str] = (),
        store: str | os.PathLike[str] | LabelStore = "labels.sqlite",
        task: str = "preferences",
        strategy: Any = "auto",
        **more: Any,
    ) -> None:
        if ask not in ("pairs", "ranking"):
            raise InvalidInput(
                f"ask={ask!r}: expected 'pairs' or 'ranking'.{nearest(str(ask), ['pairs', 'ranking'])}"
            )
        if (candidates is None) == (generate is None):
            raise InvalidInput("Pass either candidates= or generate=.")
        if not isinstance(n, int | np.integer) or isinstance(n, bool) or not 2 <= n <= MOST:
            raise InvalidInput(f"n={n!r}: expected a number of candidates per prompt from 2 to {MOST}.")
        if taken := sorted(
            {"context", "schema", "item", "id", "X", "classes", "question", "learner"} & more.keys()
        ):
            raise InvalidInput(f"Preferences takes no {taken[0]}=: it sets what its session asks.")
        check_settings(more.get("audit", 0.1), more.get("random_state"), store, task, more.get("annotator"))
        self._prompts = [prompts] if isinstance(prompts, str) else list(prompts)
        self.ask, self.kind = ask, kind
        self._embed, self._of = embed, kind_of(kind)
        self._how = more | {"task": task, "strategy": strategy}
        criteria = [criteria] if isinstance(criteria, str) else list(criteria)
        reasons = [reasons] if isinstance(reasons, str) else list(reasons)
        if ask == "ranking" and (criteria or reasons):
            given = "criteria" if criteria else "reasons"
            raise InvalidInput(f"{given}= is for ask='pairs': a ranking asks for an order only.")
        if ask == "pairs" and top is not None:
            raise InvalidInput(f"top={top!r} is for ask='ranking'.")
        if taken := sorted(COLUMNS.intersection(criteria)):
            raise InvalidInput(f"criteria= contains {taken[0]!r}, which is a column of answers(): rename it.")
        self._question = (
            Question.pair(
                text,
                tie=tie,
                both_bad=both_bad,
                reason=reason,
                sides="given",
                criteria=criteria,
                reasons=reasons,
            )
            if ask == "pairs"
            else Question.ranking(text, top=top)
        )
        self._generate = generate
        self.principles = Principles(self)
        self._own_store = not isinstance(store, LabelStore)
        self.store = store if isinstance(store, LabelStore) else LabelStore(store)
        try:
            self._samples = Samples(self.store, task, SAMPLES, GENERATOR)
            self._given = None if candidates is None else listed(candidates)
            if generate is not None:
                self._sample(generate, n)
            self._open()
        except BaseException:
            self.close()
            raise

    session: Session
    """The session: labels, undo, audit, accuracy, history, export and trust are its methods."""

    candidates: Candidates
    """The candidates, sorted by prompt."""

    principles: Principles
    """What a good candidate does, and how much the preferences follow it."""

    def _open(self) -> None:
        self.candidates = as_candidates(self._prompts, self._lists(), self._of, self._embed)
        self._known: dict[str | None, tuple[int, Posterior]] = {}
        found, how = self.candidates, dict(self._how)
        if self.ask == "ranking" and found.layout.most > MOST_RANKED:
            raise InvalidInput(
                f"A prompt has {found.layout.most} candidates, and at most {MOST_RANKED} can be ranked at "
                "once: pass fewer, or ask='pairs'."
            )
        if self.ask == "pairs" and how["strategy"] == "auto":
            how["strategy"] = undecided
        self._learner = (PairLearner if self.ask == "pairs" else RankLearner)(found, self._members())
        self.session = self._asking(self._question, learner=self._learner, **how)

    def _asking(self, question: Schema, **how: Any) -> Session:
        """Return a session that asks this question about all pairs or lists."""
        if any(self.candidates.words):
            how["context"] = "prompt"
        return Session(
            self._table(self._learner.members),
            item="candidates",
            kind=f"list:{self.kind}",
            id="id",
            embed=self.candidates.features_of_members,
            question=question,
            store=self.store,
            **how,
        )

    def _members(self) -> npt.NDArray[np.int64]:
        """The candidates of each row of the pool, -1 where there are fewer."""
        found = self.candidates
        if self.ask == "pairs":
            return found.pairs
        at = found.layout
        members = np.full((at.n_prompts, at.most), -1, np.int64)
        members[at.prompt, at.place] = np.arange(len(found))
        return members

    def _table(self, members: npt.NDArray[np.int64]) -> pd.DataFrame:
        import pandas as pd

        found = self.candidates
        lists = [[i for i in row if i >= 0] for row in members.tolist()]
        return pd.DataFrame(
            {
                "id": list(map(found.key_of, lists)),
                "prompt": [found.words[found.prompt[row[0]]] for row in lists],
                "candidates": [[found.items[i] for i in row] for row in lists],
            }
        )

    # -- samples

    def _sample(self, generate: Any, n: int) -> None:
        """Generate candidates of the prompts that the store has none of."""
        known = {key for event in self._samples.read() for key in event["items"]}
        words = list(map(prompt_words, self._prompts))
        lacking = [i for i, one in enumerate(words) if one not in known]
        if lacking:
            made = list(generated(generate, [self._prompts[i] for i in lacking], int(n)))
            self._keep({words[i]: one for i, one in zip(lacking, made, strict=True)}, "generate")

    def _keep(self, made: Mapping[str, Sequence[Any]], source: str) -> None:
        for word, items in made.items():
            if wrong := [one for one in items if not isinstance(one, str)]:
                raise InvalidInput(
                    f"{str(wrong[0])[:60]!r} was generated for {word[:60]!r}: expected texts, because they "
                    "are kept in the store. Pass other candidates with candidates=."
                )
        self._samples.keep({"items": dict(made), "source": source})

    def _lists(self) -> list[list[Any]]:
        """The candidates of each prompt: those that were passed, then those that were added."""
        lists = [list(one) for one in self._given] if self._given is not None else [[] for _ in self._prompts]
        if len(lists) == len(self._prompts):
            at = {prompt_words(one): i for i, one in enumerate(self._prompts)}
            for event in self._samples.read():
                for word, items in event["items"].items():
                    if word in at:
                        lists[at[word]] += items
        return lists

    def add(self, candidates: Mapping[Any, Iterable[str]], source: str = "added") -> int:
        """Add candidates, such as samples of a better policy; returns how many of them are new.

        They are kept in the store. A new :attr:`session` opens with them: show it again.

        Parameters
        ----------
        candidates
            A list of texts for prompts of this object.
        source
            Where they come from, such as ``"round 1"``. It is not shown to annotators.
        """
        if self.ask == "ranking":
            raise InvalidInput("Candidates cannot be added to rankings: use ask='pairs'.")
        words = {prompt_words(one) for one in self._prompts}
        made = {prompt_words(prompt): list(items) for prompt, items in candidates.items()}
        if unknown := [word for word in made if word not in words]:
            raise InvalidInput(
                f"The prompt {unknown[0][:80]!r} is not one of the {len(words)} of this object."
                f"{nearest(unknown[0], list(words))}"
            )
        before = len(self.candidates)
        self._keep(made, source)
        self.principles.close()
        self.session.close()
        self._open()
        return len(self.candidates) - before

    def revise(self, prompt: Any, draft: str, revision: str) -> str:
        """Add a corrected candidate, and prefer it to its draft; returns the id of the pair.

        Like any act, the preference can be undone.
        """
        found, word = self.candidates, prompt_words(prompt)
        draft, revision = self._of.read([draft, revision], "draft and revision")
        old, new = found.key(word, draft), found.key(word, revision)
        if old not in found.keys or old == new:
            raise InvalidInput(
                f"The draft {str(draft)[:80]!r} is not a candidate of this prompt, or equals its revision."
            )
        self.add({word: [revision]}, source="revision")
        keys = self.candidates.keys
        pair = self.candidates.in_order(keys.index(old), keys.index(new))
        id_ = self.candidates.key_of(pair)
        self.session.label(id_, 1 if keys[pair[0]] == new else 2)
        return id_

    def also(self, name: str, question: Schema) -> Session:
        """Return a session that asks another question about the same pairs or lists, in a task of its own."""
        how = {key: value for key, value in self._how.items() if key != "strategy"}
        return self._asking(question, **how | {"task": f"{self._how['task']}: {name}"})

    def has_also(self, name: str) -> bool:
        """Return whether the store has answers of :meth:`also`."""
        return f"{self._how['task']}: {name}" in self.store.tasks()

    # -- what was learned

    def _labels(self) -> Labels:
        """The labels of everybody so far."""
        log = loop_of(self.session).log
        log.catch_up()
        return log.labels

    @property
    def posterior(self) -> Posterior:
        """The reward after all answers so far.

        Raises
        ------
        HitlError
            If there are no answers yet.
        """
        return self._posterior(None)

    def _posterior(self, criterion: str | None) -> Posterior:
        """Return the reward, or that by a criterion."""
        labels = self._labels()
        version = labels.n_events
        if self._known.get(criterion, (-1,))[0] != version:
            if criterion is None:
                rows, taught, _ = labels.training()
                n_classes = labels.target.problem.size
            else:
                rows, taught = judged(labels, known_criterion(labels.schema, criterion))
                n_classes = len(PLACES)
            learner = self._learner.start(None, n_classes)
            if not len(rows):
                raise HitlError("There is no reward yet: answer at least one question.")
            learner.update(rows, taught)
            if learner.stale:
                learner.refresh()
                learner.update(rows, taught)
            self._known[criterion] = version, learner.fitted
        return self._known[criterion][1]

    def rewards(self, criterion: str | None = None) -> pd.DataFrame:
        """Return the reward of each candidate, best first within each prompt.

        Columns prompt, candidate, reward, sd (its standard deviation) and n (in how many answers it
        occurred). Only differences between candidates of a prompt are compared, so only these mean something.

        Parameters
        ----------
        criterion
            One of ``criteria=``: the reward by this alone; None for the overall preference.
        """
        import pandas as pd

        found, post = self.candidates, self._posterior(criterion)
        given = post.given
        n = np.bincount(np.concatenate([given.first, given.second]), minlength=len(found))
        table = pd.DataFrame(
            {
                "prompt": [found.words[p] for p in found.prompt],
                "candidate": list(found.items),
                "reward": post.mean,
                "sd": post.sd,
                "n": n,
            }
        )
        return table.iloc[np.lexsort((-post.mean, found.prompt))].reset_index(drop=True)

    def reward(self, candidates: Iterable[Any], criterion: str | None = None) -> pd.DataFrame:
        """Return the reward of any candidates: columns candidate, reward and sd.

        It is predicted from their features; nothing is known of what they have of their own. ``criterion`` is
        as in :meth:`rewards`.
        """
        import pandas as pd

        read = self._of.read(list(candidates), "candidates")
        if not read:
            return pd.DataFrame({"candidate": [], "reward": [], "sd": []})
        mean, sd = self._posterior(criterion).of(self.candidates.columns_of(list(read)))
        return pd.DataFrame({"candidate": list(read), "reward": mean, "sd": sd})

    def criteria(self) -> pd.DataFrame:
        """Return how each criterion goes with the overall preference.

        Columns criterion; n, how many pairs were answered by it; correlation with the overall answer, where
        the first, a tie and the second are 1, 0 and -1; same, the share in which the same one is better, of
        those that are no ties; and weight, what being better by it adds to the log odds of being preferred,
        all other criteria being equal. These have ``_low`` and ``_high`` (95 %).
        """
        labels = self._labels()
        if not (names := labels.schema.settings.get("criteria", ())):
            raise InvalidInput("These preferences ask for no criteria: pass criteria= to Preferences.")
        return compared(labels, names)

    def effects(self) -> pd.DataFrame:
        """Return what being on the left and being twice as long add to the log odds of being preferred.

        Rows ``left`` and, for texts, ``twice as long``; columns effect, low and high (a 95 % interval).
        A preference for longer candidates is a bias only if length is no merit.
        """
        import pandas as pd

        post = self.posterior
        rows = {"left": post.side} if post.given.sided else {}
        if self.candidates.basis.has_length:
            rows["twice as long"] = post.length
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["effect", "sd"])
        low, high = table["effect"] - 1.96 * table["sd"], table["effect"] + 1.96 * table["sd"]
        return table.assign(low=low, high=high)[["effect", "low", "high"]]

    def rewarded(self, n: int = 20, criterion: str | None = None) -> pd.DataFrame:
        """Return which words, or columns of a table, move the reward most, and the length.

        A bias for flattery or for long answers is seen here. What the features of a candidate add to its
        reward, compared with those of an empty one, is divided among its words as :meth:`.Session.explain`
        does; if the features come from a function, each word is left out in turn. Up to 200 candidates are
        read.

        Parameters
        ----------
        n
            The number of words.
        criterion
            As in :meth:`rewards`.

        Returns
        -------
        Columns word; weight, what it adds to the reward in the mean of the candidates with it; n, how many
        these are; and moves, how far it moves a reward from the mean of its prompt, in the mean, by which the
        table is sorted. The row ``(twice as long)`` is about the length alone, for texts.
        """
        return rewarded(self.candidates, self._posterior(criterion), n)

    def map(self, criterion: str | None = None) -> Any:
        """Draw a map of the candidates by their features, coloured by their rewards.

        What the candidates of a prompt have in common is removed, from the features and from the rewards, so
        that near candidates differ in the same way from others to their prompt. Pale ones are uncertain.
        Point at one to read it; click one to compare it with the others of its prompt, with 95 % intervals.
        The chart contains the texts, also in a saved notebook.
        """
        return screen.rewards(
            reward_rows(self.candidates, self._posterior(criterion)),
            criterion or "reward",
            len(self.candidates),
        )

    def answers(self) -> pd.DataFrame:
        """Return the current answers of all annotators, in the order in which they were given.

        Columns prompt, first and second (the first was shown on the left), answer, reason, reasons and a
        column for each criterion (those that are asked for), annotator, selection, time and id; for rankings
        candidates and answer instead, a list of places.
        """
        labels = self.session.labels()
        pool, found, members = self.session.pool, self.candidates, self._learner.members
        rows = members[pool.index(labels["id"])]
        labels.insert(0, "prompt", [found.words[found.prompt[row[0]]] for row in rows])
        if self.ask == "pairs":
            labels.insert(1, "first", [found.items[row[0]] for row in rows])
            labels.insert(2, "second", [found.items[row[1]] for row in rows])
        else:
            labels.insert(1, "candidates", [[found.items[i] for i in row if i >= 0] for row in rows])
        told = labels.pop("label").tolist()
        answer = [one["label"] if isinstance(one, Mapping) else one for one in told]
        more = asked_beside(told, self.session.schema)
        for k, (name, column) in enumerate(
            ({"answer": answer} | more).items(), 3 if self.ask == "pairs" else 2
        ):
            labels.insert(k, name, column)
        return labels.drop(columns=["said", "elapsed_ms"])

    def people(self) -> pd.DataFrame:
        """Return how each annotator answers, with 95 % intervals (Wilson 1927).

        Columns annotator; n, their answers; ties, the share that is neither; left, how often they prefer the
        one on the left, where one half is fair because sides are drawn at random; longer, how often the
        longer one; again, how many pairs they were asked again (``again=`` of the session), and same, the
        share that they answered the same. Each share has ``_low`` and ``_high``.

        Raises
        ------
        InvalidInput
            For rankings.
        """
        if self.ask == "ranking":
            raise InvalidInput("Rankings have no sides: people() is for ask='pairs'.")
        answers = self.answers()
        answers["answer"] = answers["answer"].map(fixed(self.session.schema))
        rows = self._learner.members[self.session.pool.index(answers["id"])]
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

    def conflicts(self) -> list[list[Any]]:
        """Return cycles in the answers: candidates, each preferred to the next, and the last to the first.

        The shortest come first. They show where people disagree or the question is unclear.
        """
        rows, taught, _ = self._labels().training()
        if not len(rows):
            return []
        given = self._learner.comparisons(rows, taught)
        better = np.where(given.y == 1, given.first, given.second)[given.y != 0.5]
        worse = np.where(given.y == 1, given.second, given.first)[given.y != 0.5]
        found = cycles(zip(better.tolist(), worse.tolist(), strict=True))
        return [[self.candidates.items[i] for i in cycle] for cycle in found]

    # -- improving

    def improve(
        self,
        how: How = "best",
        *,
        n: int = 8,
        kl: float = 1.0,
        generate: Any = None,
        texts: Sequence[str] | None = None,
        steps: int = 60,
        beta: float = 0.1,
        judge: Any = None,
        random_state: int = 0,
    ) -> Policy:
        """Return a policy whose candidates have higher rewards: ``policy(prompt, n)`` makes them.

        A higher reward is no proof that people prefer them. Whether they do, :meth:`trial` asks.

        Parameters
        ----------
        how
            ``"best"``: of ``n`` samples the one with the highest reward. ``"tilt"``: the given candidates,
            with probabilities that rise with the reward, at the divergence ``kl``. ``"reject"``: samples,
            accepted with such probabilities. ``"trigram"``: a small word model of ``texts``, taught by
            REINFORCE, to watch what a policy does with a reward.
        n
            See ``"best"``, 2 to 256.
        kl
            The divergence from the base, in nats.
        generate
            Makes samples, as in the constructor; None takes the function given there, or draws from the
            given candidates.
        texts, steps, beta, judge
            For ``"trigram"``: the texts that it starts from, by default the candidates; the number of steps;
            how many standard deviations of the reward a nat of divergence costs; and a function that returns
            how often the first of two lists of texts are preferred to the second, such as a simulated person.
        random_state
            Seeds what is drawn here; a function of yours draws by itself.
        """
        if how not in (known := get_args(How)):
            raise InvalidInput(f"how={how!r}: expected one of {choices(known)}.{nearest(str(how), known)}")
        if not isinstance(n, int | np.integer) or not 2 <= n <= 256:
            raise InvalidInput(f"n={n!r}: expected a number of samples from 2 to 256.")
        if not isinstance(kl, int | float | np.number) or not 0 < kl < np.inf:
            raise InvalidInput(f"kl={kl!r}: expected nats above 0, such as 1.0.")
        if self.ask == "pairs" and generate is None:
            generate = self._generate
        post, rng = self.posterior, np.random.default_rng(random_state)

        def rewards(items: Sequence[Any]) -> npt.NDArray[np.float64]:
            return post.of(self.candidates.columns_of(list(items)))[0]

        if how == "tilt":
            return Tilted(self.candidates, post.mean, float(kl), rng)
        if how == "trigram":
            from hitl_widgets.preferences.trigram import reinforce

            if texts is None and not self.candidates.kind.reads:
                raise InvalidInput(
                    f"Candidates of kind {self.kind!r} have no words: how='trigram' is for texts."
                )
            start = list(self.candidates.items) if texts is None else list(texts)
            return reinforce(start, rewards, steps=steps, beta=beta, judge=judge, random_state=random_state)
        base = given_base(self.candidates, rng) if generate is None else of_function(generate)
        if how == "best":
            return BestOf(base, rewards, int(n))
        return Rejection(base, rewards, float(kl), self._prompts, rng)

    def trial(self, policy: Any, prompts: Sequence[Any], against: Any = None, *, name: str) -> Trial:
        """Return a blind comparison of a policy with another, or with its base, on prompts.

        Take prompts that the reward has not learned from. Each is asked once, in the same store, on sides
        drawn at random, and nothing tells which is which.

        Parameters
        ----------
        policy, against
            Policies, or functions as for ``generate=``. Without ``against``, the given candidates of
            these prompts or the function given to the constructor.
        name
            The name of the trial, which is a task of the store: after a restart it goes on, with the same
            samples.
        """
        if against is None:
            rng = np.random.default_rng(1)
            against = given_base(self.candidates, rng) if self._generate is None else self._generate
        told = {one: self._how[one] for one in ("annotator", "random_state") if one in self._how}
        asked = self._question.question if self.ask == "pairs" else ""
        return Trial(
            self.store, f"{self._how['task']}: {name}", prompts, policy, against, asked, self._embed, **told
        )

    # -- handing over

    def export(
        self,
        path: str | os.PathLike[str],
        to: Trainer = "dpo",
        *,
        messages: bool = False,
        margin: bool = False,
    ) -> Path:
        """Write what a trainer of TRL reads, as JSON lines, or Parquet if the path ends so.

        A data card, ``<path>.card.md``, says who answered how many, how far they agree, which biases they
        have, and what became of ties. Where annotators differ, the consensus of the session is written.
        Rankings are written as their pairs.

        Parameters
        ----------
        to
            ``"dpo"``: prompt, chosen, rejected, one row for each preference. ``"reward"``: the same.
            ``"kto"``: prompt, completion and label, true for candidates that won more often than they lost.
            ``"sft"``: prompt and completion, the best candidate of each prompt.
        messages
            Whether prompts and candidates are lists of messages; always if a prompt is a conversation.
        margin
            With ``to="reward"``: whether there is a column with the difference of the rewards.
        """
        from hitl_widgets.formats.hugging_face import write_rows
        from hitl_widgets.transfer.cards import session_card
        from hitl_widgets.transfer.exporting import pseudonyms

        trainer = check_trainer(to)
        made = rows_of(trainer, self.candidates, self._said(), messages=messages, margin=margin)
        target = full_path(path)
        if not made.rows:
            raise HitlError(f"There is nothing to write for to={to!r}: answer some questions first.")
        with replacing(target) as part:
            write_rows(made.rows, part)
        loop = loop_of(self.session)
        lines = "\n".join(f"- {line}" for line in (f"{len(made.rows):,} rows.", *made.notes))
        sections = [f"## File for {trainer.upper()}: {target.name}", lines]
        if self.ask == "pairs":
            sections += biases_on_card(self.people(), pseudonyms(loop.log.events()))
            sections += beside_on_card(self._labels())
        sections += self.principles.on_card()
        session_card(loop, {}, "", sections).save(target.with_name(f"{target.name}.card.md"))
        return target

    def _said(self) -> Said:
        labels = self._labels()
        rows, taught, _ = labels.training()
        if not len(rows):
            raise HitlError("There is nothing to export yet: answer at least one question.")
        given, reward = self._learner.comparisons(rows, taught), self.posterior.mean
        if self.ask == "ranking":
            return Said(given.first, given.second, np.where(given.y == 1, WON, SECOND), reward)
        codes = np.array([CODES[id_] for id_ in labels.class_ids], np.int64)
        return Said(given.first, given.second, codes[np.asarray(taught)], reward)

    # -- the session

    def __repr__(self) -> str:
        found = self.candidates
        what = "pairs" if self.ask == "pairs" else "lists"
        return (
            f"<Preferences of task {self.session.task!r}: {self.session.n_labels:,} of "
            f"{len(self.session.pool):,} {what} answered, {len(found):,} candidates of "
            f"{len(found.prompts):,} prompts>"
        )

    def _ipython_display_(self, **options: Any) -> None:
        screen.display(self.session, **options)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return screen.mimebundle(self.session, **options)

    def _display_(self) -> Any:
        return screen.workbench(self.session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the session, and the store if it was opened here."""
        self.principles.close()
        session = getattr(self, "session", None)
        if session is not None:
            session.close()
        if self._own_store:
            self.store.close()
