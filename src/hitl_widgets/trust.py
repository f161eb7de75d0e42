"""Trust: how good the labels and the model are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.errors import HitlError, InvalidInput, choices
from hitl_widgets.evidence import Evidence
from hitl_widgets.learn.calibration import AUDITED
from hitl_widgets.loop.asking import BAD
from hitl_widgets.loop.figures import figures_of
from hitl_widgets.loop.handing import Handed
from hitl_widgets.loop.loop import Loop
from hitl_widgets.quality.agreement import agreement, reliability
from hitl_widgets.quality.consensus import consensus, worth
from hitl_widgets.quality.drift import Drift
from hitl_widgets.quality.fairness import Swap, label_rates, swap_effect
from hitl_widgets.quality.groups import by_group
from hitl_widgets.quality.sequential import wilson
from hitl_widgets.quality.triage import certain, on_average
from hitl_widgets.routing import ask_whom, check_promise
from hitl_widgets.transfer.cards import Card, session_card
from hitl_widgets.transfer.frames import column

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.loop.trusting import Advice

__all__ = ["Trust"]


class Trust:
    """How good the labels and the model are; ``session.trust``. It reads the log and changes nothing."""

    def __init__(self, loop: Loop) -> None:
        self._loop, self._known = loop, Evidence(loop)

    def __repr__(self) -> str:
        return f"<Trust of task {self._loop.task!r}>"

    # -- people ----------------------------------------------------------------

    def agreement(self) -> pd.DataFrame:
        """Return how far each two annotators agree on the items that both labelled.

        Columns annotators, n, agree (the mean, by the measure of the question's kind) and kappa (Cohen 1968).
        """
        return agreement(*self._known.said())

    def reliability(self) -> pd.DataFrame:
        """Return coefficients of agreement over all annotators, with 95 % bootstrap intervals over items.

        Rows ``agree``, ``alpha`` (Krippendorff), ``fleiss`` and ``ac1`` (Gwet); columns n (items with at
        least two labels), value, low and high. If one answer prevails, alpha is low although people agree,
        and AC1 is not, so look at both.
        """
        labels, agree = self._known.said()
        try:
            return reliability(labels, agree)
        except ValueError as error:
            raise InvalidInput(str(error)) from error

    def consensus(self) -> pd.DataFrame:
        """Return what the annotators together say of each item that somebody labelled.

        Each person's confusions are estimated with the answers, and the model's predictions of items whose
        label it has not seen are the prior (Dawid and Skene 1979; Raykar et al. 2010), so that one careful
        person outweighs two careless ones.

        Returns
        -------
        Columns id, label, confidence, opinions, disputed (whether people differ), and worth: how much another
        answer is expected to raise the confidence. Least confident first. If no item has two opinions, the
        labels are those that were given, and confidence and worth are NaN. What a reviewer decided
        (:meth:`Session.decide`) is certain, and not disputed any more; experts count as
        :meth:`Session.name_experts` says.
        """
        import pandas as pd

        labels, _, votes, model, more = self._known.votes()
        found = consensus(votes, model, **more)
        counts, decided = votes.counts(), more["known"] >= 0
        rows = np.flatnonzero((counts.sum(axis=1) > 0) | decided)
        known = bool((counts.sum(axis=1) > 1).any() or decided.any())
        table = pd.DataFrame(
            {
                "id": column([self._loop.pool.ids[row] for row in rows.tolist()]),
                "label": [labels.schema.values[code] for code in found.code[rows].tolist()],
                "confidence": found.confidence[rows] if known else np.nan,
                "opinions": counts[rows].sum(axis=1).astype(int),
                "disputed": ((counts[rows] > 0).sum(axis=1) > 1) & ~decided[rows],
                "worth": worth(found, rows) if known else np.nan,
            }
        )
        return table.sort_values("confidence", kind="stable", ignore_index=True)

    def disputes(self) -> pd.DataFrame:
        """Return the items on which annotators differ and that no reviewer has decided, least certain first.

        Columns id, answers (how many people gave each, by answer), people (how many), agree (the mean over
        pairs, by the measure of the question's kind) and confidence (of the most probable answer, for
        questions with one class per item; else NaN). Answers that agree to at least .9 are no dispute.
        """
        import pandas as pd

        self._loop.log.catch_up()
        rows = []
        for one in self._known.cases().open:
            said: dict[str, int] = {}
            for given in one.answers:
                name = words = self._loop.log.told(given.answer)[2]
                for n in count(2):  # such as two boxes of one class in different places
                    if name not in said:
                        break
                    name = f"{words} ({n})"
                said[name] = len(given.people)
            share = one.answers[0].share
            told = (self._loop.pool.ids[one.row], said, sum(said.values()), one.agree)
            rows.append((*told, np.nan if share is None else share))
        return pd.DataFrame(rows, columns=["id", "answers", "people", "agree", "confidence"])

    def annotators(self) -> pd.DataFrame:
        """Return how good each annotator's answers are, and how they work; most answers first.

        Returns
        -------
        Columns annotator, n (items answered), and skill: for questions with one class per item the share of
        right answers, as :meth:`consensus` estimates it; NaN without second opinions or decisions. The others
        come from answers to single items, each with its number n: ``gold``, the mean agreement with known
        answers that were asked unseen, with its 95 % interval (Wilson 1927); ``agree``, that with other
        annotators; ``seconds``, the median time; ``undone``, the share of labels that were undone. For gold,
        agree and seconds, ``_lately`` is the value of the last 20 and ``_before`` that of the earlier ones,
        if there are 20 of these.
        """
        import pandas as pd

        self._loop.log.catch_up()
        skills: dict[str, float] = {}
        if self._loop.schema.kind == "choice":
            _, people, votes, model, more = self._known.votes()
            skills = dict(zip(people, consensus(votes, model, **more).skill.tolist(), strict=True))
        with self._loop.log.lock:
            n = Counter(who for _, _, who in self._known.answers())
        rows = []
        for who in sorted(n, key=lambda who: -n[who]):
            found = figures_of(self._loop.log, who)
            row: dict[str, Any] = {"annotator": who, "n": n[who], "skill": skills.get(who, np.nan)}
            row |= {"gold": found.gold.value, "gold_n": found.gold.n}
            row |= {"gold_low": found.gold.low, "gold_high": found.gold.high}
            row |= {"agree": found.agreement.value, "agree_n": found.agreement.n}
            row |= {"seconds": found.seconds.value, "seconds_n": found.seconds.n}
            row |= {"undone": found.undone.value, "undone_n": found.undone.n}
            for name, one in (("gold", found.gold), ("agree", found.agreement), ("seconds", found.seconds)):
                row |= {f"{name}_lately": one.lately, f"{name}_before": one.before}
            rows.append(row)
        table = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["annotator", "n", "skill"])
        whole = {"annotator", "n", "gold_n", "agree_n", "seconds_n", "undone_n"}
        return table.astype({name: float for name in table.columns if name not in whole})

    def qualification(self) -> pd.DataFrame:
        """Return who has tried to qualify: columns annotator, attempt, right, n and passed.

        ``passed`` is None for an attempt that is not complete. See :meth:`Session.qualify`.
        """
        import pandas as pd

        self._loop.log.catch_up()
        rows = []
        with self._loop.log.lock:
            for who, trials in self._loop.log.ledger.fold.crew.trials.items():
                for attempt in sorted({trial.attempt for trial in trials}):
                    asked = [t for t in trials if t.attempt == attempt and not t.practice]
                    passed = next((t.passed for t in asked if t.passed is not None), None)
                    rows.append((who, attempt + 1, sum(t.right for t in asked), len(asked), passed))
        return pd.DataFrame(rows, columns=["annotator", "attempt", "right", "n", "passed"])

    # -- labels ----------------------------------------------------------------

    def suspects(self, n: int | None = None) -> pd.DataFrame:
        """Return the labelled items whose label is most doubtful, without those that somebody has kept.

        The model of all other labels predicts each item. Where an item that is nearly the same has another
        label, or its annotator answered differently when asked again, the confidence counts as one half at
        most. This is a list to look through, and no count of errors: the model may be wrong.

        Returns
        -------
        Columns id, label, confidence (the probability of the label), predicted, probability (of the
        predicted class), and why; most doubtful first, at most ``n``. ``why`` is empty where nothing speaks
        against the label. ``session.confirm(ids)`` takes labels off the list; they return if the model doubts
        them much more, or an item that is nearly the same gets another label.
        """
        import pandas as pd

        if n is not None and (not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 1):
            raise InvalidInput(f"n={n!r}: expected a number of items, at least 1.")
        self._known.one_class()
        self._loop.background.settle(None)
        found = self._loop.suspecting.found()
        if found is None:
            raise HitlError("There is no model yet: label a few items of two classes first.")
        values, at = found.labels.schema.values, np.flatnonzero(~found.kept)[:n]
        rows = found.rows[at].tolist()
        return pd.DataFrame(
            {
                "id": column([self._loop.pool.ids[row] for row in rows]),
                "label": [values[code] for code in found.labels.y[rows].tolist()],
                "confidence": found.confidence[at],
                "predicted": [values[code] for code in found.predicted[at].tolist()],
                "probability": found.probability[at],
                "why": [self._loop.suspecting.why(found, row) for row in rows],
            }
        )

    def pace(self) -> pd.DataFrame:
        """Return how fast each annotator labels, and how often they answer the same when asked again.

        Columns annotator; n, their labels of single items; seconds, the median time of those whose time is
        known; hasty, how many were given far faster than this person usually does; in_runs, how many are in
        a run of one class that is longer than the shares of the classes would give; again, how many items
        they were asked twice (``again=`` of the session); same, the share that they answered as before, with
        low and high (Wilson 1927, 95 %). Most labels first. :meth:`hasty` lists the labels.
        """
        import pandas as pd

        self._loop.log.catch_up()
        found = [self._loop.trusting.pace(who) for who in self._loop.log.given()]
        rows = [
            {
                "annotator": one.annotator,
                "n": one.n,
                "seconds": np.nan if one.seconds is None else one.seconds,
                "hasty": len(one.hasty),
                "in_runs": len(one.runs),
                "again": one.again,
                "same": one.same / one.again if one.again else np.nan,
                "low": np.nan if one.low is None else one.low,
                "high": np.nan if one.high is None else one.high,
            }
            for one in sorted(found, key=lambda one: -one.n)
        ]
        columns = ["annotator", "n", "seconds", "hasty", "in_runs", "again", "same", "low", "high"]
        return pd.DataFrame(rows, columns=columns)

    def hasty(self) -> pd.DataFrame:
        """Return the labels that :meth:`pace` counts as hasty or in a long run of one class.

        Columns id, annotator and why. There may be good reasons for them, such as an easy stretch.
        """
        import pandas as pd

        self._loop.log.catch_up()
        rows = [
            (row, one.annotator, why)
            for one in (self._loop.trusting.pace(who) for who in self._loop.log.given())
            for part, why in ((one.hasty, "far faster than usual"), (one.runs, "in a long run of one class"))
            for row in part.tolist()
        ]
        ids = column([self._loop.pool.ids[row] for row, _, _ in rows])
        return pd.DataFrame({"id": ids, "annotator": [a for _, a, _ in rows], "why": [w for *_, w in rows]})

    # -- the model -------------------------------------------------------------

    def advice(self) -> Advice:
        """Say whether to go on labeling, with the reasons.

        ``say`` is ``stop`` if the predictions of the last models no longer differ (stabilizing predictions:
        Bloodgood and Vijay-Shanker 2009) and the next 50 labels are worth less than one point of accuracy
        with 97.5 % certainty; ``go on`` if neither holds; otherwise ``unclear``. ``reasons`` are sentences.
        """
        self._known.one_class()
        self._loop.background.settle(None)
        return self._loop.trusting.report().advice

    def groups(self, column: str) -> pd.DataFrame:
        """Return the model's accuracy on audited items for each value of a column of your table.

        Indexed by group; columns n, share, low and high (Wilson 1927, 95 %). Groups of fewer than ten audited
        items are withheld.

        Raises
        ------
        InvalidInput
            If there is no such column.
        """
        self._known.check_column(column)
        _, told = self._known.told()
        audited = told.answers.kind == AUDITED
        return by_group(self._known.groups(told.rows[audited], column), told.answers.right[audited])

    def rates(self, column: str, people: Mapping[str, str] | None = None) -> pd.DataFrame:
        """Return how often each label is given, per value of a column and annotator.

        Parameters
        ----------
        column
            A column of your table, such as a group of the people that the items are about.
        people
            The group of each annotator, such as ``{"ann": "nurse", "bob": "doctor"}``, to compare these
            instead.

        Returns
        -------
        Indexed by group and annotator; columns label, n (labels in this cell), share, low and high (Wilson
        1927, 95 %). Cells of fewer than ten labels are withheld.

        Raises
        ------
        InvalidInput
            If there is no such column, or ``people`` lacks an annotator.
        """
        self._known.check_column(column)
        labels, names, votes, *_ = self._known.votes(model=False)
        if people is not None and (missing := [name for name in names if name not in people]):
            raise InvalidInput(f"people= has no group for {choices(missing)}.")
        called = names if people is None else [people[name] for name in names]
        return label_rates(
            self._known.groups(votes.item, column),
            [called[k] for k in votes.person.tolist()],
            [labels.schema.values[code] for code in votes.code.tolist()],
        )

    def swap(self, pairs: Mapping[str, str]) -> pd.DataFrame:
        """Return what :meth:`Session.model` predicts if words are swapped: ``{"he": "she"}``.

        A counterfactual test (Garg et al. 2019): if the label should not depend on these words, neither
        should the prediction. Words are swapped in both directions, as whole words.

        Returns
        -------
        A row for each text that has one of the words, the largest change first; columns id, label
        (predicted), swapped (predicted for the changed text), and change (of the probability of ``label``).
        In ``attrs``: ``n``, ``flipped`` (how many predictions change), and ``low`` and ``high`` of their
        share (Wilson 1927, 95 %).

        Raises
        ------
        InvalidInput
            If the items are not texts, or the model does not take texts.
        """
        import pandas as pd

        labels, pool = self._known.one_class(), self._loop.pool
        if pool.texts is None or not isinstance(pool.items[0], str):
            raise InvalidInput(f"Words are swapped in texts; the items are of kind {pool.kind!r}.")
        swap = Swap(pairs)
        self._loop.background.settle(None)
        background = self._loop.background
        classifier, encoder = background.trainer.export(self._loop.labels), background.encoder
        if encoder is None:
            raise InvalidInput(
                "The model takes the features that were passed as X= or computed by a function, so changed "
                "texts cannot be predicted. Pass a model of sentence-transformers or a transformer as embed=."
            )
        found = swap_effect(
            pool.items, swap, lambda texts: classifier.predict_proba(encoder.transform(texts))
        )
        values = dict(zip(labels.schema.names, labels.schema.values, strict=True))
        names = [values.get(name, name) for name in classifier.classes_.tolist()]
        before, after = found.before.argmax(axis=1), found.after.argmax(axis=1)
        at = np.arange(len(before))
        table = pd.DataFrame(
            {
                "id": column([pool.ids[row] for row in found.rows.tolist()]),
                "label": [names[code] for code in before.tolist()],
                "swapped": [names[code] for code in after.tolist()],
                "change": found.after[at, before] - found.before[at, before],
            }
        )
        flipped, n = int(found.flipped.sum()), len(table)
        low, high = wilson(flipped, n) if n else (np.nan, np.nan)
        table = table.sort_values("change", kind="stable", ignore_index=True)
        table.attrs |= {"n": n, "flipped": flipped, "low": low, "high": high}
        return table

    def card(self, groups: Sequence[str] = (), intended: str = "") -> Card:
        """Return a card of the labels and the model as Markdown, which a notebook displays.

        It has the question, the annotators and their agreement, how the items were chosen, what the model is
        and how good it is, also per value of the columns ``groups``, machine labels, and limitations (Gebru
        et al. 2021; Mitchell et al. 2019). ``intended`` says what labels and model are meant for.
        ``card.save("card.md")`` writes it.
        """
        for name in groups:
            self._known.check_column(name)
        return session_card(self._loop, {name: self.groups(name) for name in groups}, intended)

    def hand_over(self, error: float = 0.05, certainty: float | None = None) -> pd.DataFrame:
        """Return the items that the model may label, if a share of errors is acceptable.

        The promise is calibrated on audited items alone, which were drawn at random and predicted by models
        that had not seen their label.

        Parameters
        ----------
        error
            The acceptable share of wrong labels among these items.
        certainty
            None: on average (conformal selection; Jin and Candes 2023), so in a single case the share may be
            larger. A probability such as 0.9: with this certainty (Learn then Test; Angelopoulos et al.
            2025), for fewer items.

        Returns
        -------
        Columns id, label and confidence, most confident first; ``session.hand_over`` takes this table.
        ``attrs["needed"]`` is how many more audited items the promise needs at the least,
        ``attrs["audits"]`` on how many it is calibrated, and ``attrs["threshold"]`` the least confidence.
        """
        import pandas as pd

        check_promise(error, certainty)
        labels, told = self._known.told()
        belief = self._loop.background.settle(None).belief
        # With items that an earlier hand-over labelled: without, the rest would be harder than the audit.
        rows = np.flatnonzero((labels.y < 0) & (labels.refused != BAD))
        audited = told.answers.kind == AUDITED
        before = told.answers.P[audited].max(axis=1)
        wrong = ~told.answers.right[audited]
        confidence = np.asarray(belief.confidence[rows], np.float64)
        if certainty is None:
            made = on_average(confidence, before, wrong, error)
        else:
            made = certain(confidence, before, wrong, error, certainty=certainty)
        chosen = np.flatnonzero(made.chosen)
        chosen = chosen[np.argsort(-confidence[chosen], kind="stable")]
        table = pd.DataFrame(
            {
                "id": column([self._loop.pool.ids[row] for row in rows[chosen].tolist()]),
                "label": [labels.schema.values[belief.predicted[row]] for row in rows[chosen].tolist()],
                "confidence": confidence[chosen],
            }
        )
        table.attrs |= {"error": float(error), "certainty": certainty, "audits": int(audited.sum())}
        table.attrs |= {"needed": made.needed, "threshold": made.threshold}
        return table

    def handed_over(self) -> Handed | None:
        """Return the state of the last hand-over and its spot checks; None if there was none."""
        self._loop.log.catch_up()
        return self._loop.handing.state()

    def drift(self, X: Any) -> Drift:
        """Test whether new items differ from those of this session.

        Parameters
        ----------
        X
            New items as ``session.model().predict`` takes them, such as a list of texts; or features, float
            of shape (n, d), computed as those that the session got as ``X=``. Features by an encoder that
            was fitted to the session's items differ in any case.

        Raises
        ------
        InvalidInput
            If the features have another width, or cannot be computed for these items.
        """
        return self._known.drift(X)

    def ask_whom(self, ids: Any, people: Sequence[str] | None = None) -> pd.DataFrame:
        """Return, for items of this session, which annotator is most likely right about each.

        The model's probabilities are combined with each annotator's confusions, as :meth:`consensus`
        estimates them.

        Parameters
        ----------
        ids
            One id, or a list of ids.
        people
            The annotators to choose among; None means all.

        Returns
        -------
        Columns id, annotator, expected (how likely this person is right), label (the prediction) and
        confidence (how likely the model is right).
        """
        return ask_whom(self._known, ids, True if people is None else people)
