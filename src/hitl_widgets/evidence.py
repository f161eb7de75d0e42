"""Evidence: what is known of the labels, the annotators and the model of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.learn.learner import NotYet
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.settings import as_list
from hitl_widgets.quality.consensus import Votes, consensus
from hitl_widgets.quality.disputes import Dispute, Disputes, Given, agreed, differ
from hitl_widgets.quality.drift import Drift, drift, sample
from hitl_widgets.questions.base import kind_of

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.learn.evaluate import Told
    from hitl_widgets.loop.asking import Labels

__all__ = ["Evidence"]


class Evidence:
    """What ``session.trust``, routing and the Reviewer judge by. It reads the log and changes nothing."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    @property
    def pool(self) -> Pool:
        """The items."""
        return self._loop.pool

    def one_class(self) -> Labels:
        """Return the labels; raise InvalidInput unless the question asks for one class per item."""
        self._loop.log.catch_up()
        kind = self._loop.schema.kind
        if kind != "choice":
            raise InvalidInput(
                f"This needs a question with one class per item; this one asks for {kind_of(kind).asks}."
            )
        return self._loop.labels

    def answers(self) -> list[tuple[int, Any, str]]:
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

    def said(self) -> tuple[pd.DataFrame, Any]:
        """Return the answers of all annotators, and how far two of them agree."""
        import pandas as pd

        self._loop.log.catch_up()
        ledger = self._loop.log.ledger
        with self._loop.log.lock:
            kind, schema = ledger.fold.kind, ledger.schema
            rows = [(row, answer, who) for row, answer, who in self.answers()]
        table = pd.DataFrame(rows, columns=["id", "label", "annotator"])
        return table, lambda a, b: kind.agree(a, b, schema)

    def votes(
        self, *, model: bool = True
    ) -> tuple[Labels, list[str], Votes, npt.NDArray[np.float64] | None, dict[str, Any]]:
        """Return the labels, annotators, their answers, the model's without each label, and what is known.

        The last are the further arguments of :func:`~hitl_widgets.quality.consensus.consensus`.
        """
        labels = self.one_class()
        codes = {answer: code for code, answer in enumerate(labels.answers)}
        k = len(labels.schema.classes)
        with self._loop.log.lock:
            given = self.answers()
        people = sorted({who for _, _, who in given})
        said = [(row, people.index(who), codes[answer]) for row, answer, who in given if answer in codes]
        said = [one for one in said if one[2] < k]
        item, person, code = zip(*said, strict=True) if said else ((), (), ())
        votes = Votes.of(item, person, code, (len(labels.y), len(people), k))
        with self._loop.log.lock:
            decided, experts = self._loop.log.ledger.decided(), self._loop.log.ledger.expertise(people)
        known = np.full(len(labels.y), -1, np.int64)
        known[list(decided)] = list(decided.values())
        more = {"known": known, "experts": experts}
        try:
            told = self.told()[1] if model else None
        except HitlError:
            told = None
        if told is None:
            return labels, people, votes, None, more
        P = np.full((len(labels.y), k), np.nan)
        P[told.rows] = told.answers.P[:, :k]
        return labels, people, votes, P, more

    def told(self) -> tuple[Labels, Told]:
        """Return the predictions of labelled items by models that have not seen their label."""
        self.one_class()
        self._loop.background.settle(None)
        try:
            labels, told = self._loop.background.trainer.held_out()
        except NotYet as error:
            raise HitlError(f"The model cannot predict yet: {error}") from error
        if told is None:
            raise HitlError("There is no model yet: label a few items of two classes first.")
        return labels, told

    def cases(self, *, model: bool = True) -> Disputes:
        """Return the items on which annotators differ; without the model, it does not wait for it."""
        shares, log = self._shares(model=model), self._loop.log
        with log.lock:
            fold, schema = log.ledger.fold, log.ledger.schema
            answers, decided = self.answers(), log.decided()
            experts = {
                who: {fold.vocabulary.heir(id_) for id_ in known} for who, known in fold.crew.experts.items()
            }
        kind = fold.kind
        by_row: dict[int, dict[Any, list[str]]] = {}
        for row, answer, who in answers:
            by_row.setdefault(row, {}).setdefault(answer, []).append(who)
        shared = {row: said for row, said in by_row.items() if sum(map(len, said.values())) > 1}
        found = []
        for row, said in shared.items():
            agree = cache(lambda a, b: kind.agree(a, b, schema))
            if row in decided or not differ(list(said), agree):
                continue
            given = [
                Given(
                    answer,
                    tuple(who),
                    sum(not experts.get(one, set()).isdisjoint(kind.classes(answer)) for one in who),
                    shares(row, answer),
                )
                for answer, who in said.items()
            ]
            given.sort(key=lambda one: (-(one.share or 0), -len(one.people)))
            every = [answer for answer, who in said.items() for _ in who]
            classes = {id_ for answer in said for id_ in kind.classes(answer)}
            mine = not experts.get(self._loop.annotator, set()).isdisjoint(classes)
            found.append(Dispute(row, tuple(given), agreed(every, agree), mine))
        found.sort(key=lambda one: (not one.mine, -one.doubt, one.row))
        return Disputes(tuple(found), len(shared), len({who for _, _, who in answers}))

    def _shares(self, *, model: bool) -> Callable[[int, Any], float | None]:
        """Return a function that gives the probability of an answer to an item by the consensus, if known."""
        if self._loop.schema.kind != "choice":
            return lambda row, answer: None  # noqa: ARG005
        labels, _, votes, P, more = self.votes(model=model)
        found = consensus(votes, P, **more).probability
        codes = {answer: code for code, answer in enumerate(labels.answers) if code < votes.n_classes}
        return lambda row, answer: float(found[row, codes[answer]]) if answer in codes else None

    def confusions(self) -> tuple[list[str], npt.NDArray[np.float64]]:
        """Return the annotators, and the confusion matrix of each."""
        _, names, votes, model, more = self.votes()
        return names, consensus(votes, model, **more).confusion

    def predicted(self, ids: Any) -> tuple[Labels, list[int], npt.NDArray[np.float64]]:
        """Return the labels, the rows of these items, and their class probabilities."""
        labels, rows = self.one_class(), self._loop.pool.index(as_list(ids))
        belief = self._loop.background.settle(None).belief
        if not belief.known.any():
            raise HitlError("There is no model yet: label a few items of two classes first.")
        P = np.zeros((len(rows), len(labels.class_ids)))
        for k, row in enumerate(rows):
            for code, share in belief.shares(row):
                P[k, code] = share
        return labels, rows, P

    def split_model(self) -> tuple[Labels, Any, npt.NDArray[np.int64]]:
        """Return the labels, a classifier that has not learned the audited ones, and the audited rows."""
        self.one_class()
        self._loop.background.settle(None)
        labels = self._loop.labels
        try:
            return labels, *self._loop.background.trainer.split_model(labels)
        except NotYet as error:
            raise HitlError(f"The model cannot predict yet: {error}") from error

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

    def _features(self, items: Any) -> Any:
        """Return the features of new items."""
        encoder = self._encoder()
        with _computed():
            return encoder.transform(items)

    def _encoder(self) -> Any:
        encoder = self._loop.background.encoder
        if encoder is None:
            raise InvalidInput(
                "The features of new items cannot be computed here, because this session got X= or a "
                "function. Pass their features, of shape (n, d)."
            )
        return encoder

    def drift(self, items: Any) -> Drift:
        """Test whether new items, or their features, differ from those of the session.

        Features that were fitted to the session's items differ for new ones in any case, so the features of
        both are computed anew, by an encoder that is fitted to both.
        """
        pool, rng = self._loop.pool, np.random.default_rng(0)
        rows = pool.rows[sample(len(pool.rows), rng)]  # an item that occurs often counts as often
        if _is_numbers(items) or pool.X is not None:
            X, new = self.features_of(items)
            n, chosen = len(new), sample(len(new), rng)
            once, place = np.unique(rows, return_inverse=True)
            before, after = np.asarray(X[once])[place], new[chosen]
        else:
            self._loop.background.settle(None)
            self._encoder()
            with _computed():
                background = self._loop.background
                strikes = background.ground.strikes if background.ground else ()
                alike = background.preparation.alike
                before, after, chosen, n = alike(rows, items, lambda n: sample(n, rng), strikes)
        found = drift(before, after)
        newness = np.full(n, np.nan)
        newness[chosen] = found.newness
        return replace(found, newness=newness)

    def check_column(self, column: Any) -> None:
        """Raise InvalidInput for a column that the table does not have."""
        known = Columns(self._loop.pool)
        if column not in known:
            raise InvalidInput(
                f"{column!r}: not a column of the table.{nearest(str(column), list(known))} "
                f"The columns are {choices(known) if known else 'none'}."
            )

    def groups(self, rows: npt.NDArray[np.int64], column: str) -> list[str | None]:
        """Return the cells of a column, None where it is empty."""
        return [cell or None for (cell,) in self._loop.listing.cells(rows, (column,), bare=True)]


@contextmanager
def _computed() -> Iterator[None]:
    """Say that features cannot be computed if that fails."""
    try:
        yield
    except Exception as error:
        raise InvalidInput(f"The features of these items cannot be computed: {error}") from error


def _is_numbers(X: Any) -> bool:
    """Whether these are features, and not items."""
    return isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "fiub"
