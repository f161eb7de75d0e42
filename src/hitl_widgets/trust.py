"""Trust: how good the labels and the model are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.learn.calibration import AUDITED
from hitl_widgets.learn.learner import NotYet
from hitl_widgets.loop.asking import BAD
from hitl_widgets.loop.handing import Handed
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.settings import as_list
from hitl_widgets.quality.agreement import agreement, reliability
from hitl_widgets.quality.consensus import Votes, consensus, worth
from hitl_widgets.quality.drift import Drift, drift
from hitl_widgets.quality.groups import by_group
from hitl_widgets.quality.triage import certain, on_average
from hitl_widgets.questions.base import kind_of
from hitl_widgets.routing import ask_whom, check_promise
from hitl_widgets.transfer.frames import column

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.learn.evaluate import Told
    from hitl_widgets.loop.asking import Labels

__all__ = ["Trust"]


class Trust:
    """How good the labels and the model are; ``session.trust``. It reads the log and changes nothing."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def __repr__(self) -> str:
        return f"<Trust of task {self._loop.task!r}>"

    # -- people ----------------------------------------------------------------

    def agreement(self) -> pd.DataFrame:
        """Return how far each two annotators agree on the items that both labelled.

        Columns annotators, n, agree (the mean, by the measure of the question's kind) and kappa (Cohen 1968).
        """
        return agreement(*self._said())

    def reliability(self) -> pd.DataFrame:
        """Return coefficients of agreement over all annotators, with 95 % bootstrap intervals over items.

        Rows ``agree``, ``alpha`` (Krippendorff), ``fleiss`` and ``ac1`` (Gwet); columns n (items with at
        least two labels), value, low and high. If one answer prevails, alpha is low although people agree,
        and AC1 is not, so look at both.
        """
        labels, agree = self._said()
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
        labels are those that were given, and confidence and worth are NaN.
        """
        import pandas as pd

        labels, _, votes, model = self._votes()
        found = consensus(votes, model)
        counts = votes.counts()
        rows = np.flatnonzero(counts.sum(axis=1) > 0)
        known = bool((counts.sum(axis=1) > 1).any())
        table = pd.DataFrame(
            {
                "id": column([self._loop.pool.ids[row] for row in rows.tolist()]),
                "label": [labels.schema.values[code] for code in found.code[rows].tolist()],
                "confidence": found.confidence[rows] if known else np.nan,
                "opinions": counts[rows].sum(axis=1).astype(int),
                "disputed": (counts[rows] > 0).sum(axis=1) > 1,
                "worth": worth(found, rows) if known else np.nan,
            }
        )
        return table.sort_values("confidence", kind="stable", ignore_index=True)

    def annotators(self) -> pd.DataFrame:
        """Return each annotator's estimated share of right answers, as :meth:`consensus` estimates it.

        Columns annotator, n and skill, most answers first. If no item has two opinions, skill is NaN.
        """
        import pandas as pd

        _, names, votes, model = self._votes()
        n = np.bincount(votes.person, minlength=len(names))
        table = pd.DataFrame({"annotator": names, "n": n, "skill": consensus(votes, model).skill})
        return table.sort_values("n", ascending=False, kind="stable", ignore_index=True)

    # -- labels ----------------------------------------------------------------

    def suspects(self, n: int | None = None) -> pd.DataFrame:
        """Return the labelled items whose label the model doubts most.

        The model of all other labels predicts each item. This is a list to look through, and no count of
        errors: the model may be wrong.

        Returns
        -------
        Columns id, label, confidence (the probability of the label), predicted, and probability (of the
        predicted class); least confident first, at most ``n``.
        """
        import pandas as pd

        if n is not None and (not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 1):
            raise InvalidInput(f"n={n!r}: expected a number of items, at least 1.")
        labels, told = self._told()
        answers = told.answers
        own = answers.P[np.arange(len(answers.y)), answers.y]
        order = np.argsort(own, kind="stable")[:n]
        values = labels.schema.values
        return pd.DataFrame(
            {
                "id": column([self._loop.pool.ids[row] for row in told.rows[order].tolist()]),
                "label": [values[code] for code in answers.y[order].tolist()],
                "confidence": own[order],
                "predicted": [values[code] for code in answers.predicted[order].tolist()],
                "probability": answers.P.max(axis=1)[order],
            }
        )

    # -- the model -------------------------------------------------------------

    def groups(self, column: str) -> pd.DataFrame:
        """Return the model's accuracy on audited items for each value of a column of your table.

        Indexed by group; columns n, share, low and high (Wilson 1927, 95 %). Groups of fewer than ten audited
        items are withheld.

        Raises
        ------
        InvalidInput
            If there is no such column.
        """
        known = Columns(self._loop.pool)
        if column not in known:
            raise InvalidInput(
                f"{column!r}: not a column of the table.{nearest(str(column), list(known))} "
                f"The columns are {choices(known) if known else 'none'}."
            )
        _, told = self._told()
        audited = told.answers.kind == AUDITED
        cells = self._loop.listing.cells(told.rows[audited], (column,))
        groups = [cell[0] if cell[0] != "" else None for cell in cells]
        return by_group(groups, told.answers.right[audited])

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
        labels, told = self._told()
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
            Features, float of shape (n, d), computed as the session's are; or new items as
            ``session.model().predict`` takes them, such as a list of texts.

        Raises
        ------
        InvalidInput
            If the features have another width, or cannot be computed for these items.
        """
        return drift(*self.features_of(X))

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
        return ask_whom(self, ids, True if people is None else people)

    # -- for routing ------------------------------------------------------------

    @property
    def pool(self) -> Pool:
        """The items."""
        return self._loop.pool

    def features_of(self, items: Any) -> tuple[Any, Any]:
        """Return the session's features, and those of new items or new features after a check."""
        from hitl_widgets.data.matrix import check_matrix

        self._loop.background.settle(None)
        ground = self._loop.background.ground
        assert ground is not None  # noqa: S101 - settle() waited for it
        new = check_matrix(items if _is_numbers(items) else self._features(items), None, "X")
        if new.shape[1] != ground.X.shape[1]:
            raise InvalidInput(
                f"X has {new.shape[1]} columns; the session's features have {ground.X.shape[1]}."
            )
        return ground.X, new

    def split_model(self) -> tuple[Labels, Any, npt.NDArray[np.int64]]:
        """Return the labels, a classifier that has not learned the audited ones, and the audited rows."""
        self._one_class()
        self._loop.background.settle(None)
        labels = self._loop.labels
        try:
            return labels, *self._loop.background.trainer.split_model(labels)
        except NotYet as error:
            raise HitlError(f"The model cannot predict yet: {error}") from error

    def predicted(self, ids: Any) -> tuple[Labels, list[int], npt.NDArray[np.float64]]:
        """Return the labels, the rows of these items, and their class probabilities."""
        labels, rows = self._one_class(), self._loop.pool.index(as_list(ids))
        belief = self._loop.background.settle(None).belief
        if not belief.known.any():
            raise HitlError("There is no model yet: label a few items of two classes first.")
        P = np.zeros((len(rows), len(labels.class_ids)))
        for k, row in enumerate(rows):
            for code, share in belief.shares(row):
                P[k, code] = share
        return labels, rows, P

    def confusions(self) -> tuple[list[str], npt.NDArray[np.float64]]:
        """Return the annotators, and the confusion matrix of each."""
        _, names, votes, model = self._votes()
        return names, consensus(votes, model).confusion

    def _features(self, items: Any) -> Any:
        """Return the features of new items."""
        encoder = self._loop.background.preparation.encoder
        if encoder is None:
            raise InvalidInput(
                "The features of new items cannot be computed here, because this session got X= or a "
                "function. Pass their features, of shape (n, d)."
            )
        try:
            return encoder.transform(items)
        except Exception as error:
            raise InvalidInput(f"The features of these items cannot be computed: {error}") from error

    # -- parts ------------------------------------------------------------------

    def _said(self) -> tuple[pd.DataFrame, Any]:
        """Return the answers of all annotators, and how far two of them agree."""
        import pandas as pd

        self._loop.log.catch_up()
        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            kind, schema = ledger.fold.kind, ledger.schema
            rows = [(row, answer, who) for row, answer, who in self._answers()]
        table = pd.DataFrame(rows, columns=["id", "label", "annotator"])
        return table, lambda a, b: kind.agree(a, b, schema)

    def _answers(self) -> list[tuple[int, Any, str]]:
        """Return row, answer and annotator of each current label."""
        ledger = self._loop.log.ledger
        found = []
        for key, row in ledger.naming.placed(ledger.fold):
            if row is None:
                continue
            for event in ledger.fold.current(key).values():
                answer = ledger.fold.now(event)
                if answer is not None:
                    found.append((row, answer, event.annotator))
        return found

    def _votes(self) -> tuple[Labels, list[str], Votes, npt.NDArray[np.float64] | None]:
        """Return the labels, the annotators, their answers, and what the model says without each label."""
        labels = self._one_class()
        codes = {answer: code for code, answer in enumerate(labels.answers)}
        k = len(labels.schema.classes)
        with self._loop.log.lock:
            given = self._answers()
        people = sorted({who for _, _, who in given})
        said = [(row, people.index(who), codes[answer]) for row, answer, who in given if answer in codes]
        said = [one for one in said if one[2] < k]
        item, person, code = zip(*said, strict=True) if said else ((), (), ())
        votes = Votes.of(item, person, code, (len(labels.y), len(people), k))
        try:
            _, told = self._told()
        except HitlError:
            return labels, people, votes, None
        model = np.full((len(labels.y), k), np.nan)
        model[told.rows] = told.answers.P[:, :k]
        return labels, people, votes, model

    def _one_class(self) -> Labels:
        self._loop.log.catch_up()
        kind = self._loop.schema.kind
        if kind != "choice":
            raise InvalidInput(
                f"This needs a question with one class per item; this one asks for {kind_of(kind).asks}."
            )
        return self._loop.labels

    def _told(self) -> tuple[Labels, Told]:
        """Return the predictions of labelled items by models that have not seen their label."""
        self._one_class()
        self._loop.background.settle(None)
        try:
            labels, told = self._loop.background.trainer.held_out()
        except NotYet as error:
            raise HitlError(f"The model cannot predict yet: {error}") from error
        if told is None:
            raise HitlError("There is no model yet: label a few items of two classes first.")
        return labels, told


def _is_numbers(X: Any) -> bool:
    """Whether these are features, and not items."""
    return isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "fiub"
