"""AutoLearner: experts on features, columns and the neighbor graph, weighted by evidence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way, held, one_blas_thread
from hitl_widgets.learn._compile import NUMBA
from hitl_widgets.learn.experts import (
    Expert,
    Heard,
    added,
    added_outside,
    between,
    evidence_of,
    told_beside,
    told_of,
    weighed,
)
from hitl_widgets.learn.graph import GraphLearner
from hitl_widgets.learn.landmarks import OnLandmarks
from hitl_widgets.learn.learner import Affinity, FloatArray, Graph, IntArray, Landmarks, softmax
from hitl_widgets.learn.linear import LinearLearner, told_together
from hitl_widgets.learn.outside import amid, mixed
from hitl_widgets.learn.pooling import (
    LITTLE,
    Labels,
    Logs,
    limited_logs,
    same_labels,
    stacked,
    summed,
    unsure,
    witnesses,
)
from hitl_widgets.learn.reasons import SMALLEST, Near, Reasons
from hitl_widgets.learn.remote import score_pool
from hitl_widgets.learn.scoring import ClassBelief, Head, blocks_of
from hitl_widgets.learn.takeaway import distil
from hitl_widgets.learn.views import smoothed, spectral

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    from hitl_widgets.learn.forest import ForestClassifier

__all__ = ["AutoLearner", "Trust"]

STRENGTHS = (0.1, 1.0, 10.0)
VIEW_STRENGTH = 10.0
PRIORS = (0.1, 1.0, 10.0)
# With more columns, X is probably an embedding, whose columns are not informative on their own.
COLUMNS = 256
# The number of trees; the number grown first; and the accuracy that these must reach, relative to the linear
# experts, for the others to be grown, which takes as long as all linear experts together.
TREES, SAPLINGS, WORTH = 50, 10, 0.75
# The maximum number of labels, evenly spaced, that trees are trained on.
FOREST_ROWS = 5_000
# Logarithms of the limits of the trees' inverse temperature, and the strength of the pull towards 1.
SURER, UNSURER, TEMPER = 1.5, -3.0, 0.5
# Rows processed between two calls of give_way, which take some milliseconds.
SOME = 4_096
# Numbers in X that are scored after each label; the rest is scored later.
PASS = 100_000_000
# With more numbers in X, refitting the linear experts would delay the user.
AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class Trust:
    """The evidence of the labels about the experts.

    Attributes
    ----------
    neighbours
        Share of the weight, 0 to 1, of the neighbor graph. The rest belongs to a linear model of the
        features and to trees.
    n_labels
        Number of labels that were left out, one by one, to compute it.
    right_graph, right_linear, right_trees, right_experts
        Number of these that each side predicted correctly.
    trees
        Share of the weight, 0 to 1, of trees on single columns.
    experts
        Share of the weight, 0 to 1, of experts such as rules.
    names
        What these experts are called.
    """

    neighbours: float
    n_labels: int
    right_graph: int
    right_linear: int
    trees: float = 0.0
    right_trees: int = 0
    experts: float = 0.0
    right_experts: int = 0
    names: str = ""

    @property
    def short(self) -> str:
        """The shares of the weight, such as "neighbours 78 %, linear 22 %"."""
        trees, experts = round(100 * self.trees), round(100 * self.experts)
        linear = round(100 * (1 - self.neighbours - self.trees - self.experts))
        words = f"neighbours {100 - linear - trees - experts} %, linear {linear} %"
        words += f", trees {trees} %" if trees else ""
        return f"{words}, {self.names} {experts} %" if experts else words

    @property
    def evidence(self) -> str:
        """The evidence for these shares, as text."""
        if not (self.right_graph or self.right_linear or self.right_trees or self.right_experts):
            return "there are too few labels to tell which of the two is better"
        trees = f", trees on single columns {self.right_trees:,}" if round(100 * self.trees) else ""
        experts = f", {self.names} {self.right_experts:,}" if round(100 * self.experts) else ""
        return (
            f"in leave-one-out prediction of {self.n_labels:,} labels, neighbours got "
            f"{self.right_graph:,} right, a linear model {self.right_linear:,}{trees}{experts}"
        )

    def __str__(self) -> str:
        return f"{self.short}: {self.evidence}"


class AutoLearner:
    """Logistic regressions of the features and of views through the graph, label spreading, and trees.

    The experts are logistic regressions of the features (three penalties), of the features
    :func:`~.views.smoothed` over the graph and of the graph's :func:`~.views.spectral` modes, and
    label spreading with these as its prior (three weights). The logarithms of their probabilities are
    averaged (Genest and Zidek 1986) with weights >= 0 that predict each label best when it is left out
    (stacking: Wolpert 1992; Yao et al. 2018), regularized towards equal weights while there are few labels.
    So the graph dominates if classes follow neighborhoods, and the linear model if they cut through them.
    Before there is a graph, only the linear models are used. With the graph comes a
    :class:`~.forest.ForestClassifier`, for classes that depend on a few of up to 256 columns. Its weight is
    regularized towards 0, so it needs evidence. So are those of other experts, such as rules: see
    :meth:`advise`.

    Notes
    -----
    In large pools, :meth:`update` changes only the rows that label spreading reaches, and :meth:`refresh`
    updates the rest. The model depends on the current labels, not on their history, except for the
    convergence of the warm-started L-BFGS steps of the linear experts.

    In a large pool without a graph, one linear model responds to each label. If X has more than a hundred
    million numbers, each label updates only the next part of the pool, and always the items that are asked
    first. The results of a refresh are also applied part by part.
    """

    name = "auto"

    def __init__(self) -> None:
        self._views: list[npt.NDArray[np.float32]] = []
        self._affinity: Affinity | None = None
        self._graph = GraphLearner()
        self._linear: list[LinearLearner] = []
        self._edges: npt.NDArray[np.float32] | None = None
        self._found: _Found | None = None
        self._touched: list[npt.NDArray[np.int64]] = []
        self._experts: tuple[Expert, ...] = ()
        self._lock = threading.RLock()
        self._refreshing = threading.Lock()

    def __reduce__(self) -> tuple[type[AutoLearner], tuple[()]]:
        return AutoLearner, ()  # locks cannot be pickled, so other processes start anew

    _X: npt.NDArray[np.float32]
    _n_classes: int
    _labels: Labels
    _quick: LinearLearner
    _speaking: Head | None = None
    _scored: ClassBelief | None = None
    _scored_by: Head | None = None
    _turn = _owed = 0
    _P: npt.NDArray[np.float32]

    def start(
        self, X: npt.NDArray[np.float32], n_classes: int, affinity: Graph | None = None
    ) -> AutoLearner | OnLandmarks:
        """See :class:`~hitl_widgets.learn.learner.Learner`. Slow with a new graph, fast with the same."""
        if isinstance(affinity, Landmarks):
            return OnLandmarks(self, X, n_classes, affinity)
        fresh = AutoLearner()
        fresh._X, fresh._n_classes, fresh._affinity = X, n_classes, affinity
        known = bool(self._views) and self._X is X and self._affinity is affinity
        fresh._views = self._views if known else _views_of(X, affinity)
        fresh._edges = self._edges if known else _edges_of(X, affinity)
        fresh._graph = self._graph.start_here(X, n_classes, affinity)
        fresh._quick = LinearLearner().start(X, n_classes)
        views = [LinearLearner(VIEW_STRENGTH).start(view, n_classes) for view in fresh._views[1:]]
        fresh._linear = [*fresh._quick.with_penalties(STRENGTHS), *views]
        return fresh

    def advise(self, experts: Sequence[Expert]) -> None:
        """Use these experts besides its own from the next :meth:`refresh` on."""
        self._experts = tuple(experts)

    @property
    def explanation(self) -> str:
        """The weights of the experts and the evidence, as text; empty without evidence."""
        return str(self.trust) if self.trust is not None and self._affinity is not None else ""

    @property
    def trust(self) -> Trust | None:
        """The evidence of the labels at the last refresh."""
        return self._found.trust if self._found else None

    @property
    def stale(self) -> bool:
        """See :class:`~hitl_widgets.learn.learner.Refreshable`."""
        with self._lock:
            found = self._found
            return found is not None and (
                found.experts is not self._experts or not same_labels(found.labels, self._labels)
            )

    def update(
        self, index: IntArray, y: IntArray, weight: FloatArray | None = None
    ) -> npt.NDArray[np.int64] | None:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        with held(self._lock):
            self._labels = (np.asarray(index), np.asarray(y), weight)
            if self._affinity is not None:
                touched = self._graph.update(index, y, weight)
                self._touched.append(touched)
                size = len(self._X) * sum(view.shape[1] for view in self._views)
                if self._found is not None and (size > AT_ONCE or self._experts):
                    self._P = self._P.copy()  # others may still use the old array
                    self._P[touched] = self._pooled(self._found, touched)
                    return touched
            elif self._quickly(*self._labels):
                return None
        self.refresh()
        return None

    def _quickly(self, index: IntArray, y: IntArray, weight: FloatArray | None) -> bool:
        """In a large pool without a graph, use a single linear model until the next refresh."""
        found = self._found
        if found is None or found.head is None or self._X.shape[0] * self._X.shape[1] <= AT_ONCE:
            return False
        if not np.array_equal(np.unique(y), found.head.codes):
            return False
        self._speaking = None
        if not same_labels(found.labels, self._labels):
            self._quick.update(index, y, weight)
            self._speaking = self._quick.head
        return True

    def refresh(self) -> None:
        """Refit the parts that :meth:`update` does not: the linear experts and the weights.

        Another thread may call :meth:`update` meanwhile.
        """
        with held(self._refreshing):
            with self._lock:
                labels, self._touched = self._labels, []
                among = witnesses(len(labels[1]))
                left = F = None
                if self._affinity is not None:
                    F = self._graph.reached()
                    left = self._graph.left_out(labels[0][among], labels[1][among])
            found = self._fit(labels, among, left)
            P = None if found.head is not None else self._pooled(found, F=F)
            with self._lock:
                if self._labels is labels:
                    self._speaking = None
                self._found = found
                if P is None:
                    return
                for rows in self._touched:  # changed by labels given meanwhile
                    P[rows] = self._pooled(found, rows)
                self._P = P

    def told(self, index: IntArray, y: IntArray, rows: IntArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Telling`."""
        return self.told_left_out(index, y, rows)[0]

    def told_left_out(
        self, index: IntArray, y: IntArray, rows: IntArray
    ) -> tuple[FloatArray, npt.NDArray[np.int64], FloatArray]:
        """See :class:`~hitl_widgets.learn.learner.LeavingOut`."""
        among = witnesses(len(y))
        left = F = None
        if self._affinity is not None:
            self._graph.update(index, y)
            left, F = self._graph.left_out(index[among], y[among]), self._graph.reached(rows)
        found = self._fit((index, y, None), among, left, rows)
        P = self._pooled(found, F=F) if found.head is None else found.head.over(self._X, rows)
        return _beside(P, found.advice), among, found.left_out

    @one_blas_thread()
    def _fit(
        self, labels: Labels, among: IntArray, left: FloatArray | None, rows: IntArray | None = None
    ) -> _Found:
        """Fit the experts to the labels, and compute their predictions for some rows or all."""
        index, y, weight = labels
        for expert in self._linear:
            expert.update(index, y, weight)
        told = [limited_logs(expert.left_out(index, y, weight, among)) for expert in self._linear]
        said = (y[among], None if weight is None else np.asarray(weight)[among])
        first = stacked(told, *said)
        experts = self._experts
        heard, advised = told_of(experts if len(np.unique(y)) > 1 else (), labels, among)
        if self._affinity is None and len(np.unique(y)) > 1:
            weights, every, n = first, [*told, *advised], len(told)
            if advised:
                weights = self._stacked(every, said, heard, first)
            head = _pooled_head(weights[:n], self._linear)
            left_out = softmax(summed(weights, every))
            kept = weighed(heard, weights[n:])
            trust = self._judged(weights, every, said[0], heard=heard)
            advice = added(kept, rows)
            return _Found(labels, weights, trust, left_out, experts, kept, advice, head=head)
        weights, every, trees, kept = first, told, None, ()
        if left is not None:
            blended = softmax(summed(first, told))
            spread = self._spread_logs(left, unsure(blended))
            trees = self._grown(labels, among, float(np.mean(blended.argmax(axis=1) == y[among])))
            n = len(told) + (trees is not None)
            every = [*told, *([trees.left_out] if trees else []), *advised, *spread]
            weights = self._stacked(every, said, heard, first, trees)
            kept = weighed(heard, weights[n : n + len(heard)])
        left_out = softmax(summed(weights, every))
        trust = self._judged(weights, every, said[0], trees is not None, heard)
        prior, base = self._said(first, weights, trees, rows)
        advice = added(kept, rows)
        base = base if advice is None else base + advice
        return _Found(labels, weights, trust, left_out, experts, kept, None, trees, prior, base, first)

    def _grown(self, labels: Labels, among: IntArray, right: float) -> _Trees | None:
        """Return trees fitted to the labels; None if a few are far less accurate than the linear experts."""
        if self._edges is None:
            return None
        from hitl_widgets.learn.forest import ForestClassifier

        index, y, weight = labels
        used = np.argsort(index, kind="stable")  # independent of the order of the labels
        used = used if weight is None else used[np.asarray(weight)[used] > 0]
        if len(np.unique(y[used])) < 2:
            return None
        if len(used) > FOREST_ROWS:
            used = used[np.linspace(0, len(used) - 1, FOREST_ROWS).astype(np.int64)]
        rows, shares = self._X[index[used]], None if weight is None else np.asarray(weight)[used]
        place = np.full(len(index), -1)
        place[used] = np.arange(len(used))
        place, X = place[among], self._X[index[among]]
        seen = place >= 0

        def grown(n_trees: int) -> tuple[ForestClassifier, npt.NDArray[np.float32]]:
            forest = ForestClassifier(n_trees).fit(rows, y[used], shares, self._edges)
            P = np.zeros((len(among), self._n_classes), np.float32)
            P[np.ix_(seen, forest.classes_)] = forest.left_out(X[seen], place[seen])
            P[np.ix_(~seen, forest.classes_)] = forest.predict_proba(X[~seen])
            P[P.sum(axis=1) == 0] = 1 / self._n_classes
            return forest, P

        if np.mean(grown(SAPLINGS)[1].argmax(axis=1) == y[among]) < WORTH * right:
            return None
        forest, P = grown(TREES)
        logs = limited_logs(P)
        heat = _heat(logs, y[among])
        return _Trees(forest, heat, heat * logs)

    def _said(
        self,
        first: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64],
        trees: _Trees | None,
        rows: IntArray | None,
    ) -> tuple[npt.NDArray[np.float32], Logs]:
        """Return the prior of label spreading, and the contribution of linear experts and trees."""
        n = len(self._X) if rows is None else len(rows)
        prior, base = np.empty((2, n, self._n_classes), np.float32)
        for part in blocks_of(base, SOME):
            give_way()
            some = part if rows is None else rows[part]
            logs = self._linear_logs(self._X[some], (view[some] for view in self._views[1:]))
            prior[part] = unsure(softmax(summed(first, logs)))
            base[part] = summed(weights[: len(logs)], logs)
            if trees and weights[len(logs)] > LITTLE:
                base[part] += np.float32(weights[len(logs)]) * trees.logs(self._X[some], self._n_classes)
        return prior, base

    def _stacked(
        self,
        every: list[FloatArray],
        said: tuple[IntArray, FloatArray | None],
        heard: Sequence[Heard],
        first: npt.NDArray[np.float64],
        trees: _Trees | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the weights of all experts; what others learned besides the labels is evidence, too."""
        own, (y, weight) = len(self._linear) + (trees is not None), said
        unproven = range(len(self._linear), own), range(own, own + len(heard))
        if (beside := evidence_of(heard)) is None:
            return stacked(every, y, weight, *unproven)
        near, share = amid(self._X, beside.X)
        told = self._logs_at(beside.X, near, share, first, trees)
        told[own:own] = [limited_logs(P) for P in told_beside(heard, beside, near, share)]
        shares = np.ones(len(y)) if weight is None else weight
        return stacked(
            [np.concatenate(both) for both in zip(every, told, strict=True)],
            np.concatenate([y, beside.y]),
            np.append(shares, np.ones(len(beside.y))),
            *unproven,
        )

    def _logs_at(
        self, new: FloatArray, near: Any, share: Any, first: npt.NDArray[np.float64], trees: _Trees | None
    ) -> list[FloatArray]:
        """Return what its own experts say of rows outside of the pool; the graph, of the nearest rows."""
        logs = self._linear_logs(new, (mixed(v[near], share).astype(np.float32) for v in self._views[1:]))
        if self._affinity is None:
            return logs
        prior = unsure(softmax(summed(first, logs)))
        spread = self._spread_logs(self._graph.reached_at(near, share), prior)
        return [*logs, *([trees.logs(new, self._n_classes)] if trees else []), *spread]

    def _linear_logs(self, X: FloatArray, views: Iterable[FloatArray]) -> list[FloatArray]:
        """Return what each linear expert says of some rows, given their features and their views."""
        told, n = told_together(self._linear[: len(STRENGTHS)], X), len(STRENGTHS)
        for expert, view in zip(self._linear[n:], views, strict=True):
            told += told_together([expert], view)
        return [limited_logs(P) for P in told]

    def _spread_logs(self, F: FloatArray, prior: FloatArray) -> list[FloatArray]:
        unit = self._graph.prior_weight
        total = F.sum(axis=1, keepdims=True)
        return [np.log((F + lam * unit * prior) / (total + lam * unit)) for lam in PRIORS]

    def _pooled(
        self, found: _Found, rows: npt.NDArray[np.int64] | None = None, F: FloatArray | None = None
    ) -> npt.NDArray[np.float32]:
        assert found.base is not None  # noqa: S101 - set if there is no head
        assert found.prior is not None  # noqa: S101
        which: Any = slice(None) if rows is None else rows
        base, prior = found.base[which], found.prior[which]
        P = np.empty(base.shape, np.float32)
        reached = None
        if self._affinity is not None:
            reached = self._graph.reached(rows) if F is None else F
        for part in blocks_of(P, SOME):
            give_way()
            scores = base[part]
            if reached is not None:
                logs = self._spread_logs(reached[part].astype(np.float32), prior[part])
                scores = scores + summed(found.weights[-len(PRIORS) :], logs)
            P[part] = softmax(scores)
        return P

    def reasons(self, row: int, one: int, other: int) -> Reasons:
        """See :class:`~hitl_widgets.learn.reasons.Explaining`.

        The certainty of each expert is limited, so each is a sum whose parts are scaled to the limited odds.
        """
        with held(self._refreshing):  # the linear experts are those of the last refresh
            if (head := self._head()) is not None:
                return self._reasons_beside(head, row, one, other)
            found = self._found
            assert found is not None  # noqa: S101 - there are labels
            advised = between(found.heard, row, one, other)
            rows = np.array([row])
            slope, start, neighbours = np.zeros(self._X.shape[1]), 0.0, 0.0
            n_plain = len(STRENGTHS)
            for k, expert in enumerate(self._linear):
                x = (self._X if k < n_plain else self._views[k - n_plain + 1])[row].astype(np.float64)
                (log,) = [limited_logs(P)[0] for P in told_together([expert], x[None].astype(np.float32))]
                limited, weight = float(log[one]) - float(log[other]), float(found.weights[k])
                if k >= n_plain:
                    neighbours += weight * limited
                    continue
                if expert.constant is not None:
                    start += weight * limited
                    continue
                along, ahead = expert.head.between(one, other)
                plain = float(along @ x) + ahead
                scale = limited / plain if abs(plain) > SMALLEST else 1.0
                slope += weight * scale * along
                start += weight * (limited - scale * float(along @ x))
            base, prior = (np.asarray(a)[rows].astype(np.float64) for a in (found.base, found.prior))
            told = float(base[0, one] - base[0, other])
            own = float(slope @ self._X[row].astype(np.float64)) + start + neighbours
            trees = told - own - sum(advised.values())
            if not found.trees:  # but rounding errors
                trees, neighbours = 0.0, neighbours + trees
            near: list[Near] = []
            if self._affinity is not None:
                logs = self._spread_logs(self._graph.reached(rows), prior)
                spread = summed(found.weights[-len(PRIORS) :], logs)[0]
                neighbours += float(spread[one] - spread[other])
                near = self._graph.near(row)
            return Reasons(slope, start, neighbours, trees, advised, near)

    def _reasons_beside(self, head: Head, row: int, one: int, other: int) -> Reasons:
        """The same for linear experts in one head, whose certainty is only limited beside others."""
        told, found = Reasons(*head.between(one, other)), self._found
        if found is None or not found.heard:
            return told
        (logs,) = limited_logs(head.over(self._X, np.array([row])))
        limited = float(logs[one]) - float(logs[other])
        return told.limited(self._X[row], limited, between(found.heard, row, one, other))

    def _judged(
        self,
        weights: npt.NDArray[np.float64],
        told: list[FloatArray],
        y: IntArray,
        trees: bool = False,
        heard: Sequence[Heard] = (),
    ) -> Trust:
        sides, n = np.ones(len(told), np.int64), len(self._linear)
        sides[: len(STRENGTHS)] = 0
        sides[n : n + trees] = 2
        sides[n + trees : n + trees + len(heard)] = 3
        total = weights.sum()

        def share(side: int) -> float:
            return float(weights[sides == side].sum() / total) if total > 0 else 0.0

        def right(side: int) -> int:
            logs = [log for log, of in zip(told, sides, strict=True) if of == side]
            if not logs or not told_apart:
                return 0
            return int((summed(np.maximum(weights[sides == side], 1e-9), logs).argmax(axis=1) == y).sum())

        told_apart = len(np.unique(y)) > 1
        names = ", ".join(dict.fromkeys(one.name for one in heard))
        by_experts = (share(3), right(3), names) if heard else ()
        return Trust(share(1), len(y), right(1), right(0), share(2), right(2), *by_experts)

    def export(
        self,
        index: IntArray,
        y: IntArray,
        weight: FloatArray | None = None,
        names: Sequence[Any] | None = None,
    ) -> LogisticRegression | Pipeline:
        """Return a plain classifier of the features, distilled from this model: :func:`~.takeaway.distil`."""
        assert self._found is not None  # noqa: S101 - there are labels
        trust, trusted = self._found.trust, self._found.weights[: len(STRENGTHS)] + 1e-9
        C = float(np.exp(np.average(np.log(STRENGTHS), weights=trusted)))
        share, trees = trust.neighbours + trust.trees + trust.experts, trust.trees > LITTLE
        return distil(self._X, self.proba(), index, y, weight, share=share, C=C, trees=trees, names=names)

    def scores(self, done: Callable[[slice, ClassBelief], None] | None = None) -> ClassBelief | None:
        """See :class:`~hitl_widgets.learn.learner.Scored`."""
        with held(self._lock):
            head = self._head()
            advised = self._found is not None and self._found.advice is not None
        if head is None or advised:
            self._scored, self._owed = None, 0
            return None
        size = max(1, PASS // self._X.shape[1])
        parts = -(-len(self._X) // size)
        if self._scored is None or parts == 1 or hasattr(self._X, "each_block"):
            self._scored, self._owed = score_pool(self._X, head, done=done), 0
        elif head is not self._scored_by or self._owed:
            self._owed = (parts if head is not self._scored_by else self._owed) - 1
            self._turn = (self._turn + 1) % parts
            part = slice(size * self._turn, size * (self._turn + 1))
            self._scored = score_pool(self._X, head, onto=(self._scored, part))
        self._scored_by = head
        return self._scored

    @property
    def unfinished(self) -> bool:
        """See :meth:`.Scored.scores`."""
        return self._owed > 0 and self._speaking is None

    def _head(self) -> Head | None:
        return self._speaking or (self._found.head if self._found else None)

    def proba(self, index: IntArray | None = None) -> FloatArray:
        """See :class:`~hitl_widgets.learn.learner.Learner`."""
        with held(self._lock):
            head, found = self._head(), self._found
        if head is not None:
            advice = None if found is None else found.advice
            advice = advice if advice is None or index is None else advice[index]
            return _beside(head.over(self._X, index), advice)
        return self._P if index is None else self._P[index]

    def proba_of(self, X: FloatArray) -> FloatArray:
        """See :class:`~hitl_widgets.learn.outside.Outside`.

        The features of the row are new; what the graph adds is that of the nearest rows of the pool.
        """
        with held(self._refreshing):
            head, found, new = self._head(), self._found, np.asarray(X, np.float32)
            assert found is not None  # noqa: S101 - there are labels
            near: Any = None
            share: Any = None
            if found.heard or head is None:
                near, share = amid(self._X, new)
            advice = added_outside(found.heard, new, near, share)
            if head is not None:
                return _beside(head.over(new), advice)
            told = self._logs_at(new, near, share, found.first, found.trees)
            own = found.weights
            if self._affinity is not None:  # those of other experts come before label spreading
                own = np.append(own[: len(told) - len(PRIORS)], own[-len(PRIORS) :])
            scores = summed(own, told)
            return softmax(scores if advice is None else scores + advice)


@dataclass(frozen=True, eq=False)
class _Found:
    """The result of a refresh: its labels, the weights of the experts, and their predictions.

    ``left_out`` are leave-one-out predictions of the labels used as evidence. If all own experts are linear,
    they are combined into one head, and ``advice`` is what the ``heard`` of the ``experts`` besides them add;
    else ``base`` is the sum of all logarithms, and ``prior`` the prior of label spreading, whose experts have
    the weights ``first``.
    """

    labels: Labels
    weights: npt.NDArray[np.float64]
    trust: Trust
    left_out: FloatArray
    experts: tuple[Expert, ...]
    heard: tuple[Heard, ...] = ()
    advice: Logs | None = None
    trees: _Trees | None = None
    prior: npt.NDArray[np.float32] | None = None
    base: Logs | None = None
    first: Any = None
    head: Head | None = None


@dataclass(frozen=True, eq=False)
class _Trees:
    """A forest, the factor of its logarithms, and the scaled logarithms of its out-of-bag predictions."""

    forest: ForestClassifier
    heat: float
    left_out: FloatArray

    def logs(self, X: FloatArray, n_classes: int) -> FloatArray:
        P = np.zeros((len(X), n_classes), np.float32)
        P[:, self.forest.classes_] = self.forest.predict_proba(X)
        return np.float32(self.heat) * limited_logs(P)


def _heat(logs: FloatArray, y: IntArray) -> float:
    """Return the inverse temperature that fits y best (Guo et al. 2017), regularized towards 1.

    Only a third of the trees have not seen a given row, so out-of-bag predictions are underconfident.
    """
    from scipy.optimize import minimize_scalar

    some = np.bincount(y)[y] > 1
    told, at = logs[some].astype(np.float64), np.arange(int(some.sum()))

    def loss(log_heat: float) -> float:
        scores = told * np.exp(log_heat)
        high = scores.max(axis=1, initial=-np.inf)
        norm = np.log(np.exp(scores - high[:, None]).sum(axis=1)) + high
        return float((norm - scores[at, y[some]]).sum()) + TEMPER * log_heat**2

    return float(np.exp(minimize_scalar(loss, bounds=(UNSURER, SURER), method="bounded").x))


def _edges_of(X: npt.NDArray[np.float32], affinity: Affinity | None) -> npt.NDArray[np.float32] | None:
    if affinity is None or X.shape[1] > COLUMNS or not NUMBA:
        return None
    from hitl_widgets.learn.forest import edges_of

    return edges_of(X)


def _views_of(X: npt.NDArray[np.float32], affinity: Affinity | None) -> list[npt.NDArray[np.float32]]:
    if affinity is None:
        return [X]
    return [X, smoothed(X, affinity), spectral(affinity, X)]


def _beside(P: FloatArray, advice: Logs | None) -> FloatArray:
    """Return predictions with the advice of others; only beside it, their certainty is limited."""
    return P if advice is None else softmax(limited_logs(P) + advice)


def _pooled_head(weights: npt.NDArray[np.float64], experts: list[LinearLearner]) -> Head:
    """Combine linear heads: their logarithmic pool is itself a linear head."""
    heads = [expert.head for expert in experts]
    coef = sum(w * head.coef for w, head in zip(weights, heads, strict=True))
    intercept = sum(w * head.intercept for w, head in zip(weights, heads, strict=True))
    return Head(np.asarray(coef), np.asarray(intercept), heads[0].codes, heads[0].n_classes)
