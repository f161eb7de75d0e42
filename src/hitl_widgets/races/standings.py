"""Benchmark: the results of :func:`hitl_widgets.benchmark`, with the tests of Demšar (2006)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hitl_widgets import screen
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.races.arguments import positive
from hitl_widgets.races.latex import booktabs
from hitl_widgets.races.ranking import (
    ALMOST,
    LEVEL,
    Ranking,
    holm,
    least_p,
    nemenyi,
    rank,
    ties,
    wilcoxon,
)
from hitl_widgets.races.report import Section, page
from hitl_widgets.races.simulation import Simulation

__all__ = ["Benchmark"]

# Below this number of sets, p values of Friedman's and Nemenyi's tests are rough (Demšar 2006).
ROUGH = 10


@dataclass(frozen=True, eq=False, repr=False)
class Benchmark:
    """The races of the same contestants on several data sets.

    The score of a contestant on a set is the mean over the repeats of the area under its learning curve,
    divided by its length, or of the metric at a number of labels (``at=``). Sets count equally, however many
    items they have. The tests are those of Demšar (2006): their n is the number of sets, not of repeats.

    Attributes
    ----------
    races
        The :class:`Simulation` of each set.
    fingerprints
        The :attr:`DataSet.fingerprint` of each set.
    missing
        Sets on which not all contestants have raced, because it was interrupted.
    facts
        What is needed to repeat it.
    """

    races: Mapping[str, Simulation]
    fingerprints: Mapping[str, str]
    missing: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def contestants(self) -> tuple[str, ...]:
        """The contestants, which raced on all sets."""
        return self._any.contestants

    @property
    def _any(self) -> Simulation:
        """One of the races: all have the same contestants and metrics."""
        return next(iter(self.races.values()))

    @property
    def sets(self) -> tuple[str, ...]:
        """The names of the data sets."""
        return tuple(self.races)

    def scores(self, metric: str | None = None, at: float | None = None) -> pd.DataFrame:
        """Return the score of each contestant (columns) on each set (rows).

        Parameters
        ----------
        metric
            As in :meth:`Simulation.summary`.
        at
            A number of labels (or amount of cost); None means the area under the learning curve.
        """
        at = at if at is None else positive("at", at)
        rows = {}
        for name, race in self.races.items():
            if at is None:
                rows[name] = race.auc(metric=metric)["area"]
                continue
            table = race.summary(metric)
            found = table[table[race.axis] == at]
            if found.empty:
                raise InvalidInput(
                    f"at={at:g} was not recorded on {name!r}. Expected one of "
                    f"{choices(sorted(table[race.axis].unique().tolist()))}."
                )
            rows[name] = found.set_index("contestant")["mean"]
        return pd.DataFrame(rows).T[list(self.contestants)].rename_axis("data set")

    def ranks(self, metric: str | None = None, at: float | None = None) -> pd.DataFrame:
        """Return the mean rank and score of each contestant, best first.

        Returns
        -------
        DataFrame
            Indexed by contestant: rank (the mean over the sets; 1 is the best, ties share), score (the mean
            over the sets), best (on how many sets it is the best, including ties) and p, of the difference
            from the first (Nemenyi 1963, corrected for all pairs; NaN for one set). ``attrs``
            has ``sets``, their number; ``chi2`` and ``p`` of Friedman's test that all are equal; and
            ``difference``, the critical difference of two ranks at 5 %.
        """
        scores, ranking = self._ranked(metric, at)
        values = scores.to_numpy(np.float64)
        better = values * self._sign(metric)
        first = int(ranking.ranks.argmin())
        table = pd.DataFrame(
            {
                "rank": ranking.ranks,
                "score": values.mean(axis=0),
                "best": (better >= better.max(axis=1, keepdims=True) - ALMOST).sum(axis=0),
                "p": nemenyi(ranking)[first] if ranking.n > 1 else np.nan,
            },
            index=pd.Index(scores.columns, name="contestant"),
        )
        table.attrs.update(sets=ranking.n, chi2=ranking.chi2, p=ranking.p, difference=ranking.difference)
        return table.sort_values("rank", kind="stable")

    def compare(
        self, baseline: str | None = None, metric: str | None = None, at: float | None = None
    ) -> pd.DataFrame:
        """Compare every contestant with a baseline, or all pairs.

        Parameters
        ----------
        baseline
            A contestant; None compares all pairs.
        metric, at
            As in :meth:`scores`.

        Returns
        -------
        DataFrame
            Columns a, b; sets, their number n; difference (the mean of a minus b over the sets); wins, ties
            and losses of a; p (Wilcoxon's signed-rank test over the sets) and corrected (Holm 1979, for the
            number of rows). p cannot be below 2 / 2**n: .0625 for five sets, .016 for seven.
        """
        scores = self.scores(metric, at)
        names = list(scores.columns)
        if baseline is not None and baseline not in names:
            raise InvalidInput(
                f"baseline={baseline!r} is not a contestant.{nearest(baseline, names)} Expected one of "
                f"{choices(names)}."
            )
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        if baseline is not None:
            pairs = [(name, baseline) for name in names if name != baseline]
        rows = []
        for a, b in pairs:
            gap = (scores[a] - scores[b]).to_numpy(np.float64)
            better = gap * self._sign(metric)
            wins, losses = int((better > ALMOST).sum()), int((better < -ALMOST).sum())
            p = wilcoxon(scores[a].to_numpy(np.float64), scores[b].to_numpy(np.float64))
            rows.append((a, b, len(gap), gap.mean(), wins, len(gap) - wins - losses, losses, p))
        table = pd.DataFrame(rows, columns=["a", "b", "sets", "difference", "wins", "ties", "losses", "p"])
        table["corrected"] = holm(table["p"].tolist())
        return table

    def conclusions(self, metric: str | None = None, at: float | None = None) -> list[str]:
        """Return what the tests say, and what they cannot say with so few sets, as sentences."""
        if len(self.contestants) < 2:
            return [f"{self._size()}: there is nothing to compare."]
        scores, ranking = self._ranked(metric, at)
        (n, k), said = scores.shape, [f"{self._size()}."]
        if n < 2:
            return [*said, "One set allows no test over sets: use race.against() for its repeats."]
        said.append(self._friedman(ranking))
        pairs = k * (k - 1) // 2
        if least_p(n) >= LEVEL:
            said.append(
                f"Wilcoxon's test of {n} sets cannot give p below {least_p(n):.4g}: no pair can differ "
                "significantly at 5 %. Use at least 6 sets."
            )
        elif least_p(n, pairs) >= LEVEL:
            enough = next(m for m in range(n, 99) if least_p(m, pairs) < LEVEL)
            alone = "" if least_p(n, k - 1) >= LEVEL else ", or compare with one baseline"
            said.append(
                f"After Holm's correction for all {pairs} pairs, Wilcoxon's test of {n} sets cannot give p "
                f"below {least_p(n, pairs):.2g}: no pair can differ significantly. Use at least {enough} "
                f"sets{alone}."
            )
        return said

    def _friedman(self, ranking: Ranking) -> str:
        """Return what Friedman's test and, if it finds a difference, Nemenyi's say."""
        names, k = self.contestants, len(self.contestants)
        rough = f" With fewer than {ROUGH} sets, these p values are rough." if ranking.n < ROUGH else ""
        first = int(ranking.ranks.argmin())
        best, worse = names[first], [names[i] for i in np.flatnonzero(nemenyi(ranking)[first] < LEVEL)]
        post = (
            f"the mean rank of {best!r} is better than that of {choices(worse)} by more than the critical "
            f"difference of {ranking.difference:.2f} (Nemenyi, 5 %)"
            if worse
            else f"no mean rank differs from the best, that of {best!r}, by the critical difference of "
            f"{ranking.difference:.2f} (Nemenyi, 5 %)"
        )
        if k == 2:
            return f"{post[0].upper()}{post[1:]}.{rough}"
        found = f"chi-squared({k - 1}) = {ranking.chi2:.2f}, {_p(ranking.p)}"
        if np.isnan(ranking.p):
            found = "all ranks are equal"
        test = f"Friedman's test over {ranking.n} sets: {found}"
        if not ranking.p < LEVEL:
            return f"{test}: these sets do not show that the contestants differ.{rough}"
        return f"{test}: the contestants differ; {post}.{rough}"

    def chart(
        self,
        metric: str | None = None,
        at: float | None = None,
        *,
        title: str | None = None,
        x_title: str | None = "mean rank",
        width: int = 420,
        grey: bool = False,
    ) -> Any:
        """Draw a critical-difference diagram (Demšar 2006) as an Altair chart.

        Contestants are placed by their mean rank, 1 is the best. A bar joins those that do not differ
        significantly (Nemenyi, 5 %). If Friedman's test does not find a difference, one bar joins all.

        Parameters
        ----------
        metric, at
            As in :meth:`scores`.
        title, x_title
            Titles of the diagram and its axis.
        width
            Length of the axis in pixels.
        grey
            Dark on white also on dark pages, for print.
        """
        _, ranking = self._ranked(metric, at)
        order = np.argsort(ranking.ranks, kind="stable")
        ranks = {self.contestants[i]: float(ranking.ranks[i]) for i in order}
        groups = ties(list(ranks.values()), ranking.difference)
        if len(ranks) > 2 and not ranking.p < LEVEL:
            groups = [(0, len(ranks) - 1)]
        return screen.ranks(
            ranks, groups, ranking.difference, title=title, x_title=x_title, width=width, grey=grey
        )

    def save(self, path: str | Path, metric: str | None = None, at: float | None = None, **look: Any) -> Path:
        """Save the critical-difference diagram as a figure: see :meth:`Simulation.save`."""
        return screen.save(self.chart(metric, at, **look), path)

    def latex(self, metric: str | None = None, at: float | None = None) -> str:
        """Return the scores and mean ranks as a LaTeX table, for the package booktabs; the best are bold."""
        scores, ranking = self._ranked(metric, at)
        values = scores.to_numpy(np.float64) * self._sign(metric)
        top = values >= values.max(axis=1, keepdims=True) - ALMOST
        bold = {(s, c) for i, s in enumerate(scores.index) for j, c in enumerate(scores.columns) if top[i, j]}
        least = ranking.ranks.min()
        bold |= {("mean rank", c) for c, r in zip(scores.columns, ranking.ranks, strict=True) if r == least}
        table = scores.map(lambda value: f"{value:.3f}")
        table.loc["mean rank"] = [f"{value:.2f}" for value in ranking.ranks]
        caption = f"{self._measure(metric, at)}. {' '.join(self.conclusions(metric, at))}"
        return booktabs(table, caption[0].upper() + caption[1:], bold, rule=1)

    def report(self, path: str | Path, title: str = "Benchmark") -> Path:
        """Write a report as one HTML file that needs no network; return its path.

        It contains the critical-difference diagram, the tests, the learning curves on each set, and what is
        needed to repeat it: the call, the settings, the seed, the fingerprints and the versions.

        Raises
        ------
        InvalidInput
            If vl-convert is missing (``pip install "hitl-widgets[figures]"``), or the file cannot be written.
        """
        lead = f"Which of {choices(self.contestants)} learns best from few labels?"
        said = self.conclusions()
        if self.missing:
            said.append(f"It was interrupted: {choices(self.missing)} are not included.")
        measure = self._measure(None, None)
        measure = f"Scores: {measure}. Sets count equally."
        found = []
        if len(self.contestants) > 1:
            found.append(Section("Result", [*said, measure], self.ranks(), screen.svg(self.chart())))
            pairs = (
                "Wins, ties and losses of a over the sets; p of Wilcoxon's signed-rank test over the sets, "
                "and corrected for the number of pairs (Holm)."
            )
            found.append(Section("Pairs", [pairs], self.compare()))
        found.append(Section("Scores", [measure], self.scores()))
        for name, race in self.races.items():
            facts = [race.facts[one] for one in ("data", "held out") if one in race.facts]
            words = [f"{'; held out: '.join(facts)}. Fingerprint {self.fingerprints[name]}." if facts else ""]
            if race.missing:
                words.append(f"Interrupted: {sum(race.missing.values())} runs are missing.")
            found.append(
                Section(
                    name, list(filter(None, words)), race.overview(), screen.svg(race.chart()), folded=True
                )
            )
        return page(path, title, lead, found, self.facts)

    def _measure(self, metric: str | None, at: float | None) -> str:
        words = self._any.summary(metric).attrs["metric"]
        return f"area under the learning curve, {words}" if at is None else f"{words}, at {at:g}"

    def _size(self) -> str:
        n, k = len(self.races), len(self.contestants)
        repeats = sorted({len(race.repeats) for race in self.races.values()})
        many = f"{repeats[0]}" if len(repeats) == 1 else f"{repeats[0]} to {repeats[-1]}"
        return (
            f"{n} data set{'s' * (n != 1)}, {k} contestant{'s' * (k != 1)}, {many} "
            f"repeat{'s' * (repeats != [1])} on each"
        )

    def _ranked(self, metric: str | None, at: float | None) -> tuple[pd.DataFrame, Ranking]:
        scores = self.scores(metric, at)
        if scores.shape[1] < 2:
            raise InvalidInput("There is only one contestant: pass at least two strategies or learners.")
        return scores, rank(scores.to_numpy(np.float64) * self._sign(metric))

    def _sign(self, metric: str | None) -> int:
        return self._any.sign(metric)

    def __repr__(self) -> str:
        return f"{self._head()}\n{self._shown().to_string()}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._head())}</p>{self._shown().rename_axis(None).to_html(border=0)}"

    def _head(self) -> str:
        left = f" Not finished: {choices(self.missing)}." if self.missing else ""
        return f"Benchmark: {' '.join(self.conclusions())}{left}"

    def _shown(self) -> pd.DataFrame:
        if len(self.contestants) < 2:
            return self.scores().round(3)
        return self.ranks().round({"rank": 2, "score": 3, "p": 3})


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
