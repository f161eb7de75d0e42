"""Preferences: compare candidates, and learn how good they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from hitl_widgets import screen
from hitl_widgets.data.embedding import check_embed
from hitl_widgets.errors import HitlError, InvalidInput, check_flags
from hitl_widgets.items.base import kind_of
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.loop.settings import check_settings
from hitl_widgets.preferences.answers import Answers
from hitl_widgets.preferences.asking import (
    Ask,
    check_ask,
    check_more,
    check_top,
    learner_of,
    pool_of,
    question_of,
    warn_of_changed,
)
from hitl_widgets.preferences.candidates import Candidates, listed, prompts_of
from hitl_widgets.preferences.checks import check_function, whole
from hitl_widgets.preferences.criteria import compared
from hitl_widgets.preferences.exporting import exported
from hitl_widgets.preferences.improving import How, policy_of
from hitl_widgets.preferences.learned import Learned
from hitl_widgets.preferences.learners import undecided
from hitl_widgets.preferences.mapping import reward_rows
from hitl_widgets.preferences.policies import Policy, given_base
from hitl_widgets.preferences.principles import Principles
from hitl_widgets.preferences.revising import check_revisions, waiting
from hitl_widgets.preferences.reward import Posterior
from hitl_widgets.preferences.rewarded import rewarded
from hitl_widgets.preferences.samples import SIGNATURE, Samples, added, fill, removed, revised, together
from hitl_widgets.preferences.training import Trainer
from hitl_widgets.preferences.trials import Trial, begun
from hitl_widgets.questions.schema import Schema
from hitl_widgets.session import Session, loop_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Preferences"]

SAMPLES, GENERATOR = "samples", "generate="
MOST = 8


class Preferences(screen.Shown):
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
        How many candidates ``generate`` makes of each prompt, 2 to 8. If the store has fewer, it makes the
        missing ones.
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
    revisions
        Whether texts can be corrected on the card, before the answer: see :meth:`add_revisions`.
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
        prompts: Iterable[Any],
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
        revisions: bool = False,
        store: str | os.PathLike[str] | LabelStore = "labels.sqlite",
        task: str = "preferences",
        strategy: Any = "auto",
        **more: Any,
    ) -> None:
        check_ask(ask)
        if (candidates is None) == (generate is None):
            raise InvalidInput("Pass either candidates= or generate=.")
        n = whole("n", n, 2, MOST, "a number of candidates per prompt")
        answers = {"tie": tie, "both_bad": both_bad, "reason": reason, "revisions": revisions}
        check_flags(**answers)
        check_more(more, Preferences)
        check_settings(more.get("audit", 0.1), more.get("random_state"), store, task, more.get("annotator"))
        self._prompts = prompts_of(prompts)
        self.ask, self.kind = ask, kind
        self._embed, self._of = embed, kind_of(kind)
        check_embed(embed, self._of)
        check_revisions(revisions, ask, self._of)
        if generate is not None:
            check_function("generate", generate, SIGNATURE)
        self._how = more | {"task": task, "strategy": strategy}
        self._question = question_of(ask, text, top=top, criteria=criteria, reasons=reasons, **answers)
        self._generate, self._closed = generate, False
        self._trials: list[Trial] = []
        self.principles = Principles(self)
        self._own_store = not isinstance(store, LabelStore)
        self.store = store if isinstance(store, LabelStore) else LabelStore(store)
        try:
            self._samples = Samples(self.store, task, SAMPLES, GENERATOR)
            self._given = None if candidates is None else listed(candidates)
            if generate is not None:
                fill(self._samples, self._of, self._prompts, generate, n)
            found = self._with(self._samples.candidates())
            check_top(top, found)
            warn_of_changed(self.store, task, self._question, more.get("annotator"))
            self._open(found)
        except BaseException:
            self.close()
            raise

    session: Session
    """The session: labels, undo, audit, accuracy, history, export and trust are its methods."""

    candidates: Candidates
    """The candidates, sorted by prompt."""

    principles: Principles
    """What a good candidate does, and how much the preferences follow it."""

    def _with(self, kept: Mapping[str, Sequence[Any]], of: Iterable[str] = ()) -> Candidates:
        """Return the candidates with what the store keeps; errors name the prompts ``of``."""
        return together(self._prompts, self._given, kept, self._of, self._embed, of)

    def _open(self, found: Candidates) -> None:
        """Open a session of these candidates."""
        self.candidates = found
        self._learner = learner_of(self.ask, found)
        how = dict(self._how)
        if self.ask == "pairs" and how["strategy"] == "auto":
            how["strategy"] = undecided
        self.session = self._asking(self._question, learner=self._learner, **how)
        self._answers = Answers(self.session, self._learner)
        self._learned = Learned(self._answers)

    def _asking(self, question: Schema, **how: Any) -> Session:
        """Return a session that asks this question about all pairs or lists."""
        if any(self.candidates.words):
            how["context"] = "prompt"
        shown = {name: how.pop(name) for name in ("remote_images", "render") if name in how}
        pool, embed = pool_of(self._learner, self.kind, **shown), self.candidates.features_of_members
        return Session(pool, embed=embed, question=question, store=self.store, **how)

    # -- samples

    def add(self, candidates: Any, source: str = "added") -> int:
        """Add candidates, such as samples of a better policy; returns how many of them are new.

        They are kept in the store. A new :attr:`session` opens with them: show it again. The undo of a
        session does not reach them; :meth:`remove` takes them back.

        Parameters
        ----------
        candidates
            A dict from prompts of this object to lists of texts. Prompts that are conversations cannot be
            the keys of a dict: pass a list of pairs (prompt, texts) instead.
        source
            Where they come from, such as ``"round 1"``. It is not shown to annotators.
        """
        self._refuse_adding("add candidates")
        if not isinstance(source, str):
            raise InvalidInput(f"source={source!r}: expected a text, such as 'round 1'.")
        found, new = self.candidates, added(self.candidates, candidates)
        self._change(new, {"items": new, "source": source})
        return len(self.candidates) - len(found)

    def remove(self, candidates: Any) -> int:
        """Remove candidates that were added or generated; returns how many.

        Answers about them stay in the store, but are not used. :meth:`add` brings both back.

        Parameters
        ----------
        candidates
            As for :meth:`add`.
        """
        self._refuse_closed("remove candidates")
        found, gone = self.candidates, removed(self.candidates, self._samples, candidates)
        self._change(gone, {"removed": gone})
        return len(found) - len(self.candidates)

    def _change(self, of: Mapping[str, Sequence[str]], kept: Mapping[str, Any]) -> None:
        """Keep a change of the candidates of some prompts, and open a session with it."""
        if not any(of.values()):
            return
        # Not written before it is known that such candidates can be opened: else the store never could be.
        found = self._with(self._samples.changed(kept), of=of)
        self._samples.keep(kept)
        self.principles.close(again=True)
        loop_of(self.session).log.replaced = (
            "Candidates were added or removed: use prefs.session, and run the cell that displays it again. "
            "Answers that wait are offered there."
        )
        self.session.close()
        self._open(found)

    def revise(self, prompt: Any, draft: Any, revision: Any) -> str:
        """Add a corrected candidate, and prefer it to its draft; returns the id of the pair.

        The undo of :attr:`session` takes the preference back; :meth:`remove` takes the candidate back.
        """
        self._refuse_adding("revise a candidate")
        new, key, draft_key = revised(self.candidates, prompt, draft, revision)
        self.add([(prompt, [new])], source="revision")
        found = self.candidates
        pair = found.in_order(found.places[draft_key], found.places[key])
        id_ = found.key_of(pair)
        self.session.label(id_, 1 if found.keys[pair[0]] == key else 2)
        return id_

    def add_revisions(self) -> int:
        """Add the texts that were corrected on the card as candidates; returns how many are new.

        As long as the answer with which it was written stands, each is preferred to its draft: in what is
        learned, in :meth:`conflicts` and in files. That is no answer of its own: it is not in
        :meth:`answers`, and not in figures about people. Before they are added, nothing is learned from such
        texts. Those that :meth:`remove` has taken back are left out; :meth:`add` brings them back.
        """
        self._refuse_adding("add corrected texts")
        prompts, words = self.candidates.prompts, self.candidates.words
        gone = self._samples.removed()
        new = [(p, one.text) for p, one in waiting(self._answers) if one.text not in gone.get(words[p], ())]
        return self.add([(prompts[p], [text]) for p, text in new], source="revision")

    def also(self, name: str, question: Schema) -> Session:
        """Return a session that asks another question about the same pairs or lists, in a task of its own."""
        self._refuse_closed(f"ask {name!r}")
        how = {key: value for key, value in self._how.items() if key != "strategy"}
        return self._asking(question, **how | {"task": f"{self._how['task']}: {name}"})

    def has_also(self, name: str) -> bool:
        """Return whether the store has answers of :meth:`also`."""
        return f"{self._how['task']}: {name}" in self.store.tasks()

    # -- what was learned

    @property
    def posterior(self) -> Posterior:
        """The reward after all answers so far.

        Raises
        ------
        HitlError
            If there are no answers yet.
        """
        return self._learned.posterior()

    def rewards(self, criterion: str | None = None) -> pd.DataFrame:
        """Return the reward of each candidate, best first within each prompt.

        Columns prompt, candidate, reward, sd (its standard deviation) and n (in how many answers it
        occurred). Only differences between candidates of a prompt are compared, so only these mean something.

        Parameters
        ----------
        criterion
            One of ``criteria=``: the reward by this alone; None for the overall preference.
        """
        return self._learned.rewards(criterion)

    def reward(self, candidates: Iterable[Any], criterion: str | None = None) -> pd.DataFrame:
        """Return the reward of any candidates: columns candidate, reward and sd.

        It is predicted from their features; nothing is known of what they have of their own. ``criterion`` is
        as in :meth:`rewards`.
        """
        return self._learned.reward(candidates, criterion)

    def criteria(self) -> pd.DataFrame:
        """Return how each criterion goes with the overall preference.

        Columns criterion; n, how many pairs were answered by it; correlation with the overall answer, where
        the first, a tie and the second are 1, 0 and -1; same, the share in which the same one is better, of
        those that are no ties; and weight, what being better by it adds to the log odds of being preferred,
        all other criteria being equal. These have ``_low`` and ``_high`` (95 %).
        """
        return compared(self._answers.given(), self.session.schema)

    def effects(self) -> pd.DataFrame:
        """Return what being on the left and being twice as long add to the log odds of being preferred.

        Rows ``left`` and, for texts, ``twice as long``; columns effect, low and high (a 95 % interval).
        A preference for longer candidates is a bias only if length is no merit.
        """
        return self._learned.effects()

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
        n = whole("n", n, 1, 100_000, "a number of words")
        return rewarded(self.candidates, self._learned.posterior(criterion), n)

    def map(self, criterion: str | None = None) -> Any:
        """Draw a map of the candidates by their features, coloured by their rewards.

        What the candidates of a prompt have in common is removed, from the features and from the rewards, so
        that near candidates differ in the same way from others to their prompt. Pale ones are uncertain.
        Point at one to read it; click one to compare it with the others of its prompt, with 95 % intervals.
        The chart contains the texts, also in a saved notebook.
        """
        rows = reward_rows(self.candidates, self._learned.posterior(criterion))
        return screen.rewards(rows, criterion or "reward", len(self.candidates))

    def answers(self) -> pd.DataFrame:
        """Return the current answers of all annotators, in the order in which they were given.

        Columns prompt, first and second (the first was shown on the left), answer, reason, reasons and a
        column for each criterion (those that are asked for), annotator, selection, time and id; for rankings
        candidates and answer instead, a list of places. Answers about candidates or prompts that were removed
        or not passed here are left out: see :attr:`n_elsewhere`.
        """
        return self._answers.table()

    @property
    def n_elsewhere(self) -> int:
        """How many answers of the task are about candidates or prompts that were removed or not passed here.

        They are kept in the store, but not used: ``session.missing()`` lists them.
        """
        return self._answers.n_elsewhere

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
        return self._answers.people()

    def conflicts(self) -> list[list[Any]]:
        """Return cycles in the answers: candidates, each preferred to the next, and the last to the first.

        The shortest come first. They show where people disagree or the question is unclear.
        """
        items = self.candidates.items
        return [[self.candidates.own(items[i]) for i in cycle] for cycle in self._answers.conflicts()]

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
        return policy_of(
            self._learned,
            self._generate,
            how,
            n=n,
            kl=kl,
            generate=generate,
            texts=texts,
            steps=steps,
            beta=beta,
            judge=judge,
            random_state=random_state,
        )

    def trial(
        self,
        policy: Any = None,
        prompts: Iterable[Any] | None = None,
        against: Any = None,
        *,
        name: str | None = None,
        resume: bool = False,
    ) -> Trial:
        """Return a blind comparison of a policy with another, or with its base, on prompts.

        Take prompts that the reward has not learned from. Each is asked once, in the same store, on sides
        drawn at random, and nothing tells which is which.

        Parameters
        ----------
        policy, against
            Policies, or functions as for ``generate=``. Without ``against``, the policy's own base; for a
            function, the one given to the constructor, or the given candidates of these prompts.
        name
            The name of the trial, which is a task of the store. It is needed.
        resume
            If a trial of this name was begun, go on with it, whatever the policy is now: with the samples
            that were drawn then. It needs neither policy nor prompts.

        Raises
        ------
        Taken
            If a trial of this name was begun, and ``resume`` is False.
        """
        self._refuse_closed("begin a trial")
        task = f"{self._how['task']}: {name}"
        if against is None:
            against = policy.base if isinstance(policy, Policy) else self._generate
        if against is None:
            against = given_base(self.candidates, np.random.default_rng(1), "against=")
        taught = self._answers.prompts()
        told = begun(
            self.store, task, name, policy, prompts, against, kind=self._of, resume=resume, taught=taught
        )
        how = {one: self._how[one] for one in ("annotator", "random_state") if one in self._how}
        asked = self._question.question if self.ask == "pairs" else ""
        trial = Trial(self.store, task, told, asked, kind=self.kind, embed=self._embed, **how)
        self._trials.append(trial)
        return trial

    # -- handing over

    def export(
        self,
        path: str | os.PathLike[str],
        to: Trainer = "dpo",
        *,
        messages: bool = False,
        margin: bool = False,
    ) -> Path:
        """Write what a trainer of TRL reads, as JSON lines (``.jsonl``) or Parquet (``.parquet``).

        A data card, ``<path>.card.md``, says who answered how many, how far they agree, which biases they
        have, and what became of ties. Where annotators differ, the answer that most of them gave counts; if
        they balance, there is no row. Rankings are written as their pairs.

        Parameters
        ----------
        to
            ``"dpo"``: prompt, chosen, rejected, one row for each preference; and reason, if reasons were
            given. ``"reward"``: the same. ``"kto"``: prompt, completion and label, true for candidates that
            won more often than they lost. ``"sft"``: prompt and completion, the best candidate of each
            prompt.
        messages
            Whether prompts and candidates are lists of messages; always if prompts or candidates are
            conversations.
        margin
            With ``to="reward"``: whether there is a column with the difference of the rewards.
        """
        return exported(self._learned, self.principles, path, to, messages=messages, margin=margin)

    # -- the session

    def __repr__(self) -> str:
        found = self.candidates
        what = "pairs" if self.ask == "pairs" else "lists"
        n = self.n_elsewhere
        elsewhere = f"; {n:,} {'answer' if n == 1 else 'answers'} about others not used" if n else ""
        return (
            f"<Preferences of task {self.session.task!r}: {self.session.n_labels:,} of "
            f"{len(self.session.pool):,} {what} answered, {len(found):,} candidates of "
            f"{len(found.prompts):,} {'prompt' if len(found.prompts) == 1 else 'prompts'}{elsewhere}>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the session, and the store if it was opened here.

        What was learned and answered can still be read and exported. What asks or writes raises HitlError.
        """
        self._closed = True
        self.principles.close()
        for trial in self._trials:
            trial.close()
        session = getattr(self, "session", None)
        if session is not None:
            session.close()
        if self._own_store:
            self.store.close()

    def _refuse_closed(self, what: str) -> None:
        if self._closed:
            raise HitlError(
                f"These preferences are closed. To {what}, run the cell that creates them again. Answers, "
                "rewards and exports are still there."
            )

    def _refuse_adding(self, what: str) -> None:
        self._refuse_closed(what)
        if self.ask == "ranking":
            raise InvalidInput("Candidates cannot be added to rankings: use ask='pairs'.")
