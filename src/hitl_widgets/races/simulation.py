"""Simulation: the results of :func:`hitl_widgets.simulate`, with statistics and charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from hitl_widgets import screen
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.schema import LONGER
from hitl_widgets.races.arguments import positive
from hitl_widgets.races.curves import Array, area, first_at, percentiles, resampled, t_interval, value_at
from hitl_widgets.races.latex import booktabs
from hitl_widgets.races.metrics import PLACES, best_is_low, bounds, parts_of, words_of
from hitl_widgets.races.pace import span
from hitl_widgets.races.regret import regret
from hitl_widgets.races.replay import Source
from hitl_widgets.races.report import Section, page

__all__ = ["Simulation"]

FORMER = {
    "accuracy": "unlabelled_accuracy",
    "balanced_accuracy": "unlabelled_balanced_accuracy",
    "macro_f1": "pool_macro_f1",
}
MILESTONES = (10, 20, 50, 100, 200, 500, 1000, 2000)
FEW = 20  # repeats for a publication


@dataclass(frozen=True, eq=False, repr=False)
class Simulation:
    """The runs of several contestants, with the same repeats for all.

    Intervals are 95 %. For means and paired differences they are Student's t intervals over the repeats; for
    :meth:`saving`, percentile intervals of a bootstrap over whole repeats, with the same samples for every
    contestant (Efron and Tibshirani 1993, chapter 13).

    Parameters
    ----------
    frame
        One row per contestant, repeat and number of labels. Columns: ``contestant``, ``learner``,
        ``strategy``, ``repeat``, ``n_labels``; ``n_asked`` and ``n_abstained``, numbers of questions so far;
        ``pool_accuracy``, on the whole pool, with the labels given and predictions for the rest, measured
        against the true classes; ``test_accuracy``, NaN without ``test=``; ``pool_...`` and ``test_...`` for
        each of ``metrics=``, by default ``macro_f1``; ``unlabelled_accuracy`` and
        ``unlabelled_balanced_accuracy`` on the items not labelled yet, which differ between contestants;
        ``cost`` of the questions so far; ``seconds``, mean time of a step (learn and choose) since the
        previous row; ``elapsed``, seconds since the run began. With ``cost=`` there is also ``budget``: the
        amount of cost at which the row was recorded, the same for all. With several values, there are
        ``batch`` and ``whom``; with ``stop=``, ``stop_...``: whether each rule has said to stop.
        :meth:`chart` and the tables need only contestant, repeat, n_labels (or budget) and the metric.
    overlap
        If all repeats split the same labels: the number of held-out items divided by that of the others. The
        variance of a mean over the repeats is then not 1/n but 1/n + overlap of their variance (the
        corrected resampled t-test, Nadeau and Bengio 2003). The intervals of :meth:`saving` are not widened.
    queries
        What was asked in all runs: see :meth:`asked`.
    source
        What the runs were about, for :meth:`replay`.
    facts
        What is needed to repeat it: the call, the data with a fingerprint, the settings and the versions.
    missing
        By contestant, the number of runs that are missing because it was interrupted.

    Notes
    -----
    Contestants are compared at equal ``n_labels``, or at equal cost if the frame has a ``budget``: then each
    is measured after the questions that the amount covers, whose number differs. All tables then have a
    column ``budget`` instead of ``n_labels``, and ``at`` is an amount of cost.
    """

    frame: pd.DataFrame
    overlap: float = 0.0
    queries: pd.DataFrame | None = None
    source: Source | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lacks = [name for name in ("contestant", "repeat", self.axis) if name not in self.frame]
        if lacks:
            raise InvalidInput(
                f"The frame has no column {choices(lacks)}: expected contestant, repeat, n_labels (or "
                "budget) and a metric, such as test_accuracy."
            )

    @cached_property
    def contestants(self) -> tuple[str, ...]:
        """The names of the contestants, in the order of the frame."""
        return tuple(str(name) for name in self.frame["contestant"].unique())

    @cached_property
    def repeats(self) -> tuple[int, ...]:
        """The repeats that every contestant has finished, which are compared in pairs."""
        found = [set(runs) for _, runs in self.frame.groupby("contestant")["repeat"]]
        return tuple(sorted(set.intersection(*found))) if found else ()

    @property
    def axis(self) -> str:
        """The column at equal values of which contestants are compared: ``n_labels`` or ``budget``."""
        return "budget" if "budget" in self.frame else "n_labels"

    @property
    def unit(self) -> str:
        """The unit of the axis: ``labels``, or that of ``cost=``."""
        return str(self.frame.attrs.get("unit", "cost")) if self.axis == "budget" else "labels"

    @property
    def _axis_words(self) -> str:
        return {"labels": "number of labels", "cost": "amount of cost"}.get(
            self.unit, f"number of {self.unit}"
        )

    @property
    def budget(self) -> float:
        """The largest number of labels or amount of cost."""
        return self._amount(self.frame[self.axis].max())

    def _amount(self, value: Any) -> float:
        return int(value) if self.unit == "labels" else float(value)

    @property
    def colors(self) -> dict[str, str]:
        """A colour for each contestant, from the Okabe-Ito palette."""
        return {name: LONGER[i % len(LONGER)] for i, name in enumerate(self.contestants)}

    def summary(self, metric: str | None = None) -> pd.DataFrame:
        """Learning curves: mean and interval for each contestant and number of labels (or cost).

        Parameters
        ----------
        metric
            A column of the frame, such as ``test_accuracy`` or ``pool_macro_f1``; or a metric, such as
            ``"macro_f1"``: on the test set if all contestants have it there, otherwise on the pool. None
            means the first of ``metrics=``.

        Returns
        -------
        DataFrame
            Columns contestant, n_labels (or budget), mean, low, high, repeats. Bounds are NaN for a single
            repeat.
        """
        metric = self.column(metric)
        groups = self.frame.groupby(["contestant", self.axis], sort=False)[metric]
        rows = []
        for key, group in groups:
            values = group.dropna().to_numpy()
            if len(values):
                mean, low, high = np.clip(t_interval(values, self.overlap), *bounds(metric))
                rows.append((*key, mean, low, high, len(values)))
        table = pd.DataFrame(rows, columns=["contestant", self.axis, "mean", "low", "high", "repeats"])
        table.attrs["metric"] = self._words(metric)
        return table

    def auc(self, baseline: str | None = None, metric: str | None = None) -> pd.DataFrame:
        """Area under the learning curve by the trapezoidal rule, divided by its range: 0 to 1.

        Returns
        -------
        DataFrame
            Indexed by contestant: area, low, high; difference from the baseline in the same repeats,
            difference_low, difference_high.
        """
        base = self._baseline(baseline)
        curves = self._curves(metric)
        shared = sorted(set.intersection(*(set(c.columns) for c in curves.values())))
        if not shared:
            raise InvalidInput(
                f"No {self._axis_words} was recorded by all contestants: pass the same at= to all."
            )
        areas = {name: area(np.array(shared, float), _values(c[shared])) for name, c in curves.items()}
        rows = [
            (*t_interval(a, self.overlap), *t_interval(a - areas[base], self.overlap)) for a in areas.values()
        ]
        columns = ["area", "low", "high", "difference", "difference_low", "difference_high"]
        return pd.DataFrame(rows, columns=columns, index=pd.Index(list(areas), name="contestant"))

    def saving(
        self,
        baseline: str | None = None,
        at: float | None = None,
        statistic: Literal["mean", "median"] = "mean",
        metric: str | None = None,
    ) -> pd.DataFrame:
        """The labels (or cost) that each contestant needs to match what the baseline reaches at ``at``.

        The curve is the mean (or median) over the repeats, with linear interpolation between records; the
        result is the point at which it first reaches the target.

        Parameters
        ----------
        baseline
            A contestant or a strategy; None means the first contestant with strategy ``random``, if any.
        at
            The baseline's number of labels or amount of cost; None means the full budget.
        statistic
            ``mean`` or ``median``.

        Returns
        -------
        DataFrame
            Indexed by contestant. ``target``; ``labels``, NaN if the target was not reached; its bounds
            ``low`` and ``high``, inf if beyond the budget; ``ratio``, the labels that the baseline
            itself needs (at most ``at``) divided by those of the contestant, with ``ratio_low`` and
            ``ratio_high``; ``needs``, the same as text, such as ``34 (29 to 41)`` or ``> 200``. If
            questions have a cost, its unit, such as ``cost``, replaces ``labels``.
        """
        if statistic not in {"mean", "median"}:
            raise InvalidInput(f"statistic={statistic!r}: expected 'mean' or 'median'.")
        base, sign = self._baseline(baseline), self.sign(metric)
        # What is better when low is compared with the opposite sign.
        curves = {
            name: (c.columns.to_numpy(float), sign * resampled(_values(c), statistic))
            for name, c in self._curves(metric).items()
        }
        at = self._amount(curves[base][0][-1]) if at is None else positive("at", at)
        target = value_at(*curves[base], float(at))
        whole = self.unit == "labels"
        needed = {name: first_at(n, values, target, whole=whole) for name, (n, values) in curves.items()}
        rows = []
        for name, labels in needed.items():
            ratio = needed[base] / labels
            last = float(curves[name][0][-1])
            low, high = percentiles(labels[1:])
            fewest, most = percentiles(ratio[1:])
            reached = bool(np.isfinite(labels[0]))
            known = (labels[0], ratio[0]) if reached else (np.nan, np.nan)
            words = _needs(labels[0], low, high, last)
            rows.append((sign * target[0], known[0], low, high, known[1], fewest, most, words))
        columns = ["target", self.unit, "low", "high", "ratio", "ratio_low", "ratio_high", "needs"]
        table = pd.DataFrame(rows, columns=columns, index=pd.Index(list(needed), name="contestant"))
        table.attrs.update(baseline=base, at=at)
        return table

    def against(
        self,
        baseline: str | None = "random",
        at: Sequence[float] | None = None,
        metric: str | None = None,
    ) -> pd.DataFrame:
        """The difference from the baseline in the same repeats, at several numbers of labels (or budgets).

        Parameters
        ----------
        baseline
            A contestant or a strategy (its first contestant).
        at
            Numbers of labels; None means 10, 20, 50, 100, ... and the budget. If questions have a cost,
            amounts of cost; None means a quarter, a half and the whole budget.

        Returns
        -------
        DataFrame
            Columns contestant, baseline, n_labels (or budget), difference, low, high, and ``ahead``: the
            share of repeats in which the contestant is better, counting ties as one half. A difference below
            0 is better where less is better, as in ``log_loss``.
        """
        if isinstance(at, str) or not isinstance(at, Iterable | None):
            raise InvalidInput(f"at={at!r}: expected a list of numbers, such as [{self.budget:g}].")
        base, sign = self._baseline(baseline), self.sign(metric)
        curves = self._curves(metric)
        shared = set.intersection(*(set(c.columns) for c in curves.values()))
        steps = (
            self._milestones(sorted(shared)) if at is None else [self._amount(positive("at", n)) for n in at]
        )
        if missing := [n for n in steps if n not in shared]:
            raise InvalidInput(
                f"at={missing[0]} was not recorded for all. Expected some of {choices(sorted(shared))}."
            )
        rows = []
        for name in [c for c in self.contestants if c != base]:
            for n in steps:
                gap = _values(curves[name][n]) - _values(curves[base][n])
                ahead = float(np.mean((sign * gap > 0) + (gap == 0) / 2))
                rows.append((name, base, n, *t_interval(gap, self.overlap), ahead))
        columns = ["contestant", "baseline", self.axis, "difference", "low", "high", "ahead"]
        return pd.DataFrame(rows, columns=columns)

    def overview(self, metric: str | None = None) -> pd.DataFrame:
        """One row per contestant, as text: the mean at some numbers of labels, the area and the saving.

        With the mean time of a run, where it was measured: of learning, choosing and measuring, on this
        machine with as many runs at a time as there were.
        """
        summary = self.summary(metric)
        table = pd.DataFrame(index=pd.Index(self.contestants, name="contestant"))
        for n in self._milestones(sorted(summary[self.axis].unique())):
            part = summary[summary[self.axis] == n].set_index("contestant")
            words = {name: _interval(*row) for name, row in part[["mean", "low", "high"]].iterrows()}
            table[f"at {n:g}"] = [words.get(name, "-") for name in self.contestants]
        if self.repeats:
            table["area"] = [f"{a:.3f}" for a in self.auc(metric=metric)["area"]]
            if len(self.contestants) > 1:
                saving = self.saving(metric=metric)
                reached = f"{self.unit} to match {saving.attrs['baseline']!r} at {saving.attrs['at']:g}"
                table[reached] = saving["needs"]
        if "elapsed" in self.frame:
            runs = self.frame.groupby(["contestant", "repeat"])["elapsed"].max()
            means = runs.groupby("contestant").mean()
            table["time per run"] = [span(means[name]) for name in self.contestants]
        return table

    def __repr__(self) -> str:
        return f"{self._title()}\n{self.overview().rename_axis(None).to_string()}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title())}</p>{self.overview().rename_axis(None).to_html(border=0)}"

    def asked(self, contestant: str | None = None, repeat: int | None = None) -> pd.DataFrame:
        """What was asked, question by question.

        Parameters
        ----------
        contestant, repeat
            Only these runs; None means all.

        Returns
        -------
        DataFrame
            Columns contestant, repeat; ``step``, from 1; ``row``, the row in the pool; ``label``, the answer,
            missing if there was none; ``batch``, from 1; ``cost``; and ``seconds``, the time for learning
            and choosing this question. With ``annotators=``, ``annotator``; items that several have
            answered have a row for each. With ``audit=``, ``audited``: whether it was drawn at random.
        """
        if self.queries is None:
            raise InvalidInput("This simulation was made from a table, which does not say what was asked.")
        table = self.queries
        if contestant is not None:
            table = table[table["contestant"] == self._baseline(contestant, "contestant")]
        if repeat is not None:
            if repeat not in self.repeats:
                raise InvalidInput(f"repeat={repeat!r} was not run: expected {choices(self.repeats)}.")
            table = table[table["repeat"] == repeat]
        return table.reset_index(drop=True)

    def replay(self, contestant: str | None = None, repeat: int = 0, step: int = 0) -> Any:
        """Show a run on the map, question by question, in a notebook.

        The colours are predictions of the contestant's learner, which is fitted to the labels of the step,
        and the rings what its strategy would ask. Of several answers to an item, the last one is shown.

        Parameters
        ----------
        contestant
            None means the first. All contestants and repeats can be chosen in the view.
        repeat, step
            The repeat, and the number of answers.

        Returns
        -------
        Replay
            A widget with ``go(step, contestant, repeat)`` and ``session``, a session with these labels.
        """
        return screen.replay(self, contestant, repeat, step)

    def stopping(self, metric: str | None = None, within: float = 0.01) -> pd.DataFrame:
        """How good the rules of ``stop=`` are: what they lose and waste against the best stop.

        In each run, the best stop is the first record whose metric is within ``within`` of the best that the
        run reaches. A rule that never says to stop uses the whole budget, as the row ``budget`` does.

        Parameters
        ----------
        within
            In units of the metric, >= 0.

        Returns
        -------
        DataFrame
            One row for each contestant and rule: ``stopped``, the share of repeats in which the rule said to
            stop; the mean ``labels`` (or cost) and ``value`` of the metric where it stopped; ``lost``, how
            much worse the metric is than at the best stop, at least 0; ``wasted``, labels (or cost) after
            the best stop; both with ``_low`` and ``_high``.
        """
        column = self.column(metric)
        rules = [str(name) for name in self.frame if str(name).startswith("stop_")]
        if not rules:
            raise InvalidInput("No stopping rule was checked: pass stop=['settled'] to simulate().")
        if not (isinstance(within, int | float) and within >= 0):
            raise InvalidInput(f"within={within!r}: expected a number of at least 0, in units of the metric.")
        runs = self.frame[self.frame["repeat"].isin(self.repeats)]
        sign = self.sign(metric)
        return regret(runs, rules, column, self.axis, self.unit, sign, within, self.overlap)

    def chart(
        self,
        metric: str | None = None,
        *,
        title: str | None = None,
        x_title: str | None = None,
        y_title: str | None = None,
        width: int = 520,
        height: int = 320,
        grey: bool = False,
    ) -> Any:
        """Learning curves with 95 % bands as an Altair chart.

        Parameters
        ----------
        metric
            As in :meth:`summary`.
        title, x_title, y_title
            Titles of the chart and its axes; None means no title, the unit and the metric.
        width, height
            Size of the plot in pixels, without axes and legend.
        grey
            Greys and dashes instead of colours, for print.
        """
        table = self.summary(metric)
        titles = {"title": title, "x_title": x_title, "y_title": y_title or table.attrs["metric"]}
        rows = table.to_dict("records")
        size = {"width": width, "height": height}
        return screen.chart(rows, self.colors, axis=self.axis, unit=self.unit, grey=grey, **titles, **size)

    def save(self, path: str | Path, metric: str | None = None, **look: Any) -> Path:
        """Save the learning curves as a figure with dark text on white; return its path.

        Parameters
        ----------
        path
            A name that ends with ``.svg``, ``.pdf`` (both vector graphics) or ``.png`` (300 dpi).
        metric, look
            As in :meth:`chart`.

        Raises
        ------
        InvalidInput
            For another ending, or if vl-convert is missing (``pip install "hitl-widgets[figures]"``).
        """
        return screen.save(self.chart(metric, **look), path)

    def latex(self, metric: str | None = None) -> str:
        """Return :meth:`overview` as a LaTeX table, for the package booktabs."""
        table = self.overview(metric)
        caption = f"{self._title(metric)}."
        if self.missing:
            caption += f" {sum(self.missing.values())} runs are missing."
        return booktabs(table, caption)

    def report(self, path: str | Path, title: str = "Race") -> Path:
        """Write a report as one HTML file that needs no network; return its path.

        It contains the learning curves, the tables, and what is needed to repeat the race: the call, the
        settings, the seed, a fingerprint of the data, the versions and the code of strategies that are
        functions. It does not contain the data.

        Raises
        ------
        InvalidInput
            If vl-convert is missing (``pip install "hitl-widgets[figures]"``), or the file cannot be written.
        """
        lead = f"Which of {choices(self.contestants)} learns best from few labels?"
        return page(path, title, lead, self._sections(), self.facts)

    def _sections(self) -> list[Section]:
        said = [f"{self._title()}."]
        if self.missing:
            each = ", ".join(f"{n} of {name!r}" for name, n in self.missing.items())
            said.append(f"It was interrupted, and runs are missing: {each}.")
        if len(self.repeats) < FEW:
            n = len(self.repeats)
            said.append(f"{n} repeat{'s' * (n != 1)}: use at least {FEW} for a publication.")
        main = self.column(None)
        found = [Section("Result", said, self.overview(), screen.svg(self.chart()))]
        if self.repeats and len(self.contestants) > 1:
            gaps = self.against(None)
            words = (
                f"Paired differences from {gaps['baseline'][0]!r} in {self._words(main)}. The 95 % intervals "
                "are over the repeats and not corrected for their number; ahead is the share of repeats in "
                "which the contestant is better."
            )
            found.append(Section("Differences", [words], gaps.drop(columns="baseline")))
        for metric in self.metrics:
            if self.frame[metric].notna().any():
                figure = "" if metric == main else screen.svg(self.chart(metric))
                title = self._words(metric)
                found.append(
                    Section(title[0].upper() + title[1:], [], self.summary(metric), figure, folded=True)
                )
        return found

    def _title(self, metric: str | None = None) -> str:
        n, r = len(self.contestants), self.frame["repeat"].nunique()
        return (
            f"Simulation: {n} contestant{'s' * (n != 1)}, {r} repeat{'s' * (r != 1)}, "
            f"{f'budget {self.budget:g}' if self.unit == 'cost' else f'{self.budget:g} {self.unit}'}; "
            f"{self._words(self.column(metric))}, mean (95 % interval)"
        )

    def _words(self, metric: str) -> str:
        place, name = parts_of(metric)
        words = words_of(name)
        if words == "accuracy":
            words = str(self.frame.attrs.get("measure", words))
        return f"{words} {PLACES[place]}" if place else words

    @property
    def metrics(self) -> tuple[str, ...]:
        """The columns of metrics, in the frame's order."""
        return tuple(str(name) for name in self.frame if str(name).startswith(tuple(PLACES)))

    def sign(self, metric: str | None) -> int:
        """1 if more is better in a metric, -1 if less."""
        return -1 if best_is_low(self.column(metric)) else 1

    def column(self, metric: str | None = None) -> str:
        """The column of the frame with a metric; None means the main metric."""
        if metric is None:
            main = str(self.frame.attrs.get("metric", "accuracy"))
            known = [m for p in PLACES if (m := p + main) in self.metrics and self.frame[m].notna().any()]
            if not known:
                raise InvalidInput(
                    "The frame has no metric column. Expected one such as 'test_accuracy' or 'pool_accuracy'."
                    f"{''.join(_renamed(name) for name in FORMER if name in self.frame)}"
                )
            # Some contestants may not have been measured on the test set.
            return known[1] if self._lacking(known[0]) and len(known) > 1 else known[0]
        if not isinstance(metric, str):
            raise InvalidInput(f"metric={metric!r}: expected one of {choices(self.metrics)}.")
        found = metric
        if metric not in self.metrics:
            short = [p + metric for p in PLACES if p + metric in self.metrics]
            if not short or metric in self.frame:
                names = [*self.metrics, *(parts_of(m)[1] for m in self.metrics)]
                hint = _renamed(metric) if metric in FORMER else nearest(metric, names)
                raise InvalidInput(f"metric={metric!r} is not known.{hint} Expected {choices(self.metrics)}.")
            whole = [m for m in short if self.frame[m].notna().any() and not self._lacking(m)]
            found = (whole or short)[0]
        if not self.frame[found].notna().any():
            place = "test_" if found.startswith("test_") else "pool_"
            if f"{place}accuracy" in self.frame and self.frame[f"{place}accuracy"].notna().any():
                raise InvalidInput(f"metric={found!r} is NaN or infinite in all records.")
            need = "test=" if found.startswith("test_") else "truth="
            raise InvalidInput(f"metric={found!r} was not measured: pass {need} to simulate().")
        return found

    def _lacking(self, metric: str) -> list[str]:
        """The contestants for which the metric was not measured."""
        counts = self.frame.groupby("contestant", sort=False)[metric].count()
        return [str(name) for name in counts.index[counts == 0]]

    def _milestones(self, recorded: Sequence[float]) -> list[float]:
        """Those of the recorded numbers of labels, or amounts of cost, that tables show."""
        if not recorded:
            return []
        if self.unit == "labels":
            return [*[n for n in MILESTONES if n in recorded and n < recorded[-1]], int(recorded[-1])]
        n = len(recorded)
        return sorted({recorded[max(0, -(-n * quarter // 4) - 1)] for quarter in (1, 2, 4)})

    def _baseline(self, baseline: str | None, argument: str = "baseline") -> str:
        by_strategy = self.frame.get("strategy", self.frame["contestant"])
        wanted = "random" if baseline is None else baseline
        if wanted in self.contestants:
            return wanted
        found = self.frame["contestant"][by_strategy == wanted]
        if len(found):
            return str(found.iloc[0])
        if baseline is None:
            return self.contestants[0]
        raise InvalidInput(
            f"{argument}={baseline!r} is not a contestant.{nearest(baseline, self.contestants)} Expected one "
            f"of {choices(self.contestants)}."
        )

    def _curves(self, metric: str | None) -> dict[str, Any]:
        """By contestant: one row per shared repeat, one column per shared number of labels (or cost)."""
        if not self.repeats:
            raise InvalidInput("No repeat was finished by all contestants: there is nothing to compare yet.")
        name = self.column(metric)
        if lacking := self._lacking(name):
            others = [m for m in self.metrics if m != name and not self._lacking(m)]
            raise InvalidInput(
                f"{name} was not measured for {choices(lacking)}, so there is nothing to compare. "
                f"Choose another metric: {choices(others)}."
            )
        runs = self.frame[self.frame["repeat"].isin(self.repeats)]
        tables = {
            c: runs[runs["contestant"] == c].pivot_table(index="repeat", columns=self.axis, values=name)
            for c in self.contestants
        }
        curves = {c: t.reindex(list(self.repeats)).dropna(axis=1) for c, t in tables.items()}
        if empty := [c for c, curve in curves.items() if curve.empty]:
            odd = f" with a finite {name}" if runs[name].isna().any() else ""
            raise InvalidInput(
                f"{empty[0]!r} has no {self._axis_words} that all its repeats have reached{odd}."
            )
        return curves


def _values(table: Any) -> Array:
    return np.asarray(table, dtype=np.float64)


def _renamed(name: str) -> str:
    return f" {name!r} is now called {FORMER[name]!r}."


def _needs(labels: float, low: float, high: float, last: float) -> str:
    def said(amount: float) -> str:
        if not np.isfinite(amount):
            return f"> {last:g}"
        return f"{amount:.0f}" if amount >= 100 else f"{amount:.3g}"

    if np.isnan(low) or not np.isfinite(low):
        return said(labels)
    return f"{said(labels)} ({said(low)} to {said(high)})"


def _interval(mean: float, low: float, high: float) -> str:
    return f"{mean:.3f}" if np.isnan(low) else f"{mean:.3f} ({low:.3f}-{high:.3f})"
