"""Simulations: compares learners and query strategies on a pool whose true classes are known."""

from __future__ import annotations

import signal
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import joblib
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from hitl_widgets.errors import HitlError, Interrupted, InvalidInput, choices
from hitl_widgets.learn.learner import Affinity
from hitl_widgets.learn.problems.base import Target
from hitl_widgets.learn.problems.multiclass import Multiclass
from hitl_widgets.learn.strategies.base import locked
from hitl_widgets.loop.settings import asked_schema
from hitl_widgets.questions.schema import Schema
from hitl_widgets.races.arguments import (
    Items,
    read_affinity,
    read_amounts,
    read_budget,
    read_confusion,
    read_cost,
    read_jobs,
    read_pool,
    read_question,
    read_start,
    read_stops,
    read_test,
    read_truth,
    share,
    whole,
)
from hitl_widgets.races.contest import Failed, Played, Race, Run, Start, Task
from hitl_widgets.races.entrants import Entrant, read_entrants
from hitl_widgets.races.facts import call, describe
from hitl_widgets.races.finished import SavedRuns, check_portable, kept, run_keys
from hitl_widgets.races.metrics import Metric, read_metrics
from hitl_widgets.races.pace import Pace
from hitl_widgets.races.people import Annotator, read_annotators
from hitl_widgets.races.replay import Source
from hitl_widgets.races.simulation import Simulation
from hitl_widgets.races.stopping import read_stopping

__all__ = ["simulate"]

LOST = (
    "A process ended without an answer, as when memory runs out or a learner crashes (a smaller n_jobs= "
    "needs less memory)"
)
# Names of measures in which more is better.
MEASURES = {"mean absolute error": "1 - relative error"}


def simulate(
    pool: Any,
    y: Any,
    learners: Any = ("auto",),
    strategies: Any = ("auto",),
    budget: float = 200,
    repeats: int = 20,
    *,
    contestants: Mapping[str, tuple[Any, Any]] | None = None,
    X: Any = None,
    batch: int | Sequence[int] = 1,
    start: int | str | Sequence[int] | None = None,
    classes: Sequence[Any] | None = None,
    question: Schema | None = None,
    truth: Any = None,
    noise: float = 0.0,
    abstain: float = 0.0,
    confusion: Any = None,
    annotators: Mapping[str, Mapping[str, Any]] | None = None,
    whom: Any = None,
    overlap: float = 0.1,
    cost: Any = None,
    unit: str = "cost",
    test: tuple[Any, Any] | None = None,
    metrics: Any = None,
    stop: Any = (),
    audit: float = 0.0,
    at: Iterable[float] | None = None,
    random_state: int = 0,
    n_jobs: int = -1,
    path: str | Path | None = None,
    progress: bool | str = True,
    graph: Any = True,
) -> Simulation:
    """Compare learners and query strategies, with an oracle that answers instead of a person.

    In each repeat, all contestants get the same cold start and the same answers: the oracle's answer for an
    item depends only on ``random_state``, the repeat and the item. So contestants can be compared in pairs.

    The main metric is ``pool_accuracy``: the share of the whole pool that is correct if the labels given are
    kept and the model predicts the rest. A label is correct if it is the true class; a wrong answer
    (``noise``, ``confusion``) counts as wrong. So all contestants are measured on the same items. This is
    not the case for accuracy on the unlabelled items (``unlabelled_accuracy``): a strategy that asks the
    hard items leaves the easy ones. With ``test=``, accuracy on held-out items is also measured and becomes
    the main metric: ``pool_accuracy`` rates the labelled pool, ``test_accuracy`` the model on new items.

    A scikit-learn estimator that cannot yet be fitted to the few labels of a cold start, such as nearest
    neighbours with fewer labels than neighbours, is replaced by the most frequent class so far. If it still
    fails after the cold start, or after as many labels as it usually has, its run ends with that error.

    Parameters
    ----------
    pool
        A Pool, an array of features of shape (n, d), or any input of ``Pool.from_data`` together with ``X=``.
    y
        The true classes, shape (n,); or an oracle: a function ``(row, rng) -> class``, or None to abstain.
    learners, strategies
        Names, estimators, Learner objects and functions as in :class:`Session`, in a list or in a
        dict by display name. Every learner is run with every strategy.
    budget
        Labels per run, not counting abstentions. At least one item stays unlabelled. With ``cost=``, the
        maximum total cost of the questions of a run, including those without an answer.
    repeats
        Runs per contestant. Do not publish results from fewer than 20.
    contestants
        ``{name: (learner, strategy)}``, instead of ``learners`` and ``strategies``; or ``{name: {"learner":
        ..., "strategy": ..., "batch": ..., "whom": ...}}``.
    X
        Embeddings of the pool, shape (n, d).
    batch
        Labels between two updates of the model; with a list, such as ``[1, 10, 50]``, every learner and
        strategy is run with every size. A batch ends early if ``at`` asks for a record (with ``cost=`` it
        continues afterwards).
    start
        Size of the cold start, which consists of k-means medoids; None means one per class, at least 10.
        With 0, the strategy chooses from the first question on, and sees equal probabilities until there is
        a model. A list of row numbers: these items in every repeat. ``"own"``: k-means medoids, except that
        the strategy ``random`` also draws its first items. ``"one_class"``: as many items, drawn at random
        from one class, which is drawn anew in each repeat with the probability of its share.
    classes
        The class names in order; None means the sorted classes in ``y`` or ``truth``.
    question
        Instead of ``classes``, for other questions: ``Question.choices(...)``, with lists of classes in
        ``y``, ``Question.rating(...)``, with levels, or ``Question.number(...)``, with numbers (regression).
        In the columns named accuracy, the metric is then the mean Jaccard index, or one minus the mean
        absolute error as a share of the scale. Numbers are learned as up to 12 levels, which are quantiles
        of the numbers in ``y``.
    truth
        Shape (n,): the true classes, if they differ from ``y`` or ``y`` is a function.
    noise
        Share of wrong answers, drawn uniformly from the other classes.
    abstain
        Share of items for which the oracle does not answer; they are not asked again.
    confusion
        Shape (k, k): ``confusion[true, said]``, rows sum to 1. Noise is added to it.
    annotators
        ``{name: {"noise": ..., "abstain": ..., "confusion": ..., "cost": ...}}``, instead of one oracle; what
        is not given is as above, and an answer costs 1. ``budget`` and ``at`` are then amounts of cost, as
        with ``cost=``, whose values are multiplied by those of the annotators.
    whom
        Which annotator is asked about an item: ``"random"`` (the default), ``"cheapest"``, the name of one,
        ``"reliable"`` (most likely to be right about this item, as ``session.trust.ask_whom``),
        ``"reliable_per_cost"``, or a function ``(proba, panel) -> name``, where ``proba`` are the item's
        class probabilities, of shape (k,), and ``panel`` has ``names``, ``cost``, ``affordable``,
        ``confusion`` and ``random_state``. With a list, every contestant is run with every rule.
    overlap
        Share of items that all annotators answer, for rules that depend on how reliable they are
        (``"reliable"``, ``"reliable_per_cost"`` and functions). Each answer costs its price. They show how
        reliable each annotator is (:func:`~hitl_widgets.quality.consensus.consensus`), and their consensus is
        the label.
    cost
        The cost of each question: of shape (n,), one number, or a function ``row -> cost``. Strategies can
        use it, and ``budget`` and ``at`` are amounts of cost: contestants are compared at equal cost, not at
        equal numbers of labels. Each record is of the model trained on the questions that its amount covers.
        Questions that exceed the remaining budget are skipped.
    unit
        The unit of the cost, for tables and charts, such as ``"seconds"`` of a person or ``"EUR"``.
    test
        ``(X_test, y_test)``: held-out accuracy, which then is the default metric. It is measured with the
        exported model, ``export(index, y)`` of the learner, a classifier fitted to the class codes; for a
        learner without it, with its own ``predict(X)``, class codes of shape (m,), or ``predict_proba(X)``,
        shape (m, n_classes). For a learner with none of these it is NaN, with a warning.
    metrics
        Names and functions, in a list or a dict by name. The first is the main metric of tables and charts;
        all are measured on the pool and with ``test=`` on the test set. For classes: ``accuracy``,
        ``balanced_accuracy``, ``macro_f1``, ``log_loss`` and ``calibration_error`` (15 bins of equal width);
        for several classes per item: ``jaccard``, ``macro_f1``, ``micro_f1`` and ``exact_match``; for levels
        and numbers: ``rmse``, ``mae`` and ``r2``. A function ``(y_true, y_pred) -> number`` gets classes, 0
        and 1 of shape (m, k), or numbers. If its second argument is called ``proba``, ``y_proba``,
        ``y_prob`` or ``y_score``, it gets probabilities, (m, k), of all items; on the pool, ``y_pred``
        has the labels given. Less is better if the name ends in ``_loss`` or ``_error``.
    stop
        Rules for when to stop: see :meth:`Simulation.stopping`. ``"settled"`` (predictions no longer change),
        ``"flat"`` (more labels are worth little), ``"advice"`` (both, as a session advises), a number of
        labels, or a function ``(proba, context) -> bool``, in a list or a dict by name. Rules are checked at
        every record and do not change a run. An object's state is copied for each run.
    audit
        Share of the questions that are drawn at random instead of by the strategy, as in a session.
    at
        Numbers of labels to record; None means every number up to 50, then every fifth (every batch if
        ``batch`` > 1). With ``cost=``, amounts of cost; None means 50 equal steps.
    random_state
        Integer >= 0.
    n_jobs
        Number of processes, as in joblib; it does not affect the result. 1 runs in this process, which is
        required if a contestant or the oracle cannot be pickled.
    path
        File or folder where finished runs are saved. The same call continues from there, also with more
        repeats or contestants. With other data, settings or code it starts again, with a warning. A list or
        dict of a module that a function fills counts as part of its code, so cache results with
        ``functools.cache``.
    progress
        Whether to show a progress bar, or the text before it. It says for each contestant how long its
        other runs will take, estimated from those that are finished.
    graph
        Whether to build the neighbour graph for learners and strategies that use one; or its weights,
        sparse of shape (n, n).

    Raises
    ------
    InvalidInput
        For invalid arguments, and after the last run if a learner or strategy failed.
    HitlError
        If the oracle failed; raised immediately. Finished runs are in ``path``.
    """
    called = call("hitl.simulate", simulate, locals())
    data = read_pool(pool, X)
    if question is None:
        names, said, true = read_truth(data, y, classes, truth, test)
        codes = np.arange(len(names), dtype=np.int16)
        target = Target(Multiclass(len(names)), codes, codes >= 0)
        held = read_test(test, data, names)
    else:
        asked = asked_schema(classes, question, None)
        assert asked is not None  # noqa: S101 - it was passed
        names, said, true, held, target = read_question(data, asked, y, truth, test)
        _check_question(target.problem, asked.kind, confusion, annotators)
    usual = Annotator(
        "", share("noise", noise), share("abstain", abstain), read_confusion(confusion, len(names))
    )
    people = read_annotators(annotators, usual, len(names))
    entrants = read_entrants(learners, strategies, contestants, batch, whom, people)
    for entrant in entrants:
        target.problem.check_strategy(entrant.strategy_name, entrant.strategy)
    begin = Start(**read_start(start, len(names), data, said if said is not None else true))
    unit = _unit(unit)
    repeats, share_audited = whole("repeats", repeats), share("audit", audit)
    prices = None if cost is None else read_cost(data, cost)
    stops, records = _extent(data, prices, people, entrants, begin.size, budget, unit, at)
    race = Race(
        X=data.X,
        said=said,
        truth=true,
        oracle=y if callable(y) else None,
        rows=data.rows,
        classes=tuple(names),
        stops=stops,
        records=records,
        start=begin,
        usual=usual,
        people=people,
        overlap=share("overlap", overlap) if len(people) > 1 else 0.0,
        audit=share_audited,
        cost=prices,
        test=held,
        affinity=None,  # below, if runs are missing
        seed=whole("random_state", random_state, least=0),
        target=target,
        metrics=read_metrics(metrics, target.problem),
        stopping=read_stopping(stop, target.problem, share_audited),
    )
    jobs = read_jobs(n_jobs)
    keys = run_keys(race, entrants, repeats, graph)
    saved = SavedRuns(path)
    runs = saved.of(keys)
    if missing := len(keys) - len(runs):
        saved.open()
        if (jobs := min(jobs, missing)) > 1:
            check_portable(race, entrants)
        race = replace(race, affinity=read_affinity(data.X, graph))
        try:
            _run_all(race, entrants, keys, runs, saved, jobs, progress)
        except KeyboardInterrupt:
            words = _interrupted(entrants, repeats, runs, saved.file)
            if not runs:
                raise KeyboardInterrupt(words) from None
            warnings.warn(words, Interrupted, stacklevel=2)
        except BrokenProcessPool as error:
            words = _interrupted(entrants, repeats, runs, saved.file, LOST)
            if not runs:
                raise HitlError(words) from error
            warnings.warn(words, Interrupted, stacklevel=2)
    both = {e.name: e.learner for e in entrants}, {e.name: e.strategy for e in entrants}
    about = Source(data.pool, data.X, data.rows, question, tuple(names), *both)
    facts = describe(called, race, entrants, repeats, unit)
    lacking = Counter(name for name, repeat in keys if (name, repeat) not in runs)
    return replace(_result(race, entrants, runs, unit, about), facts=facts, missing=dict(lacking))


def _check_question(problem: Any, kind: str, confusion: Any, annotators: Any) -> None:
    """Refuse what needs exactly one class per item."""
    if isinstance(problem, Multiclass):
        return
    if confusion is not None and kind != "rating":
        words = "several may apply" if kind == "choices" else "answers are numbers"
        raise InvalidInput(f"confusion= needs exactly one class per item: omit it if {words}.")
    if annotators is not None:
        raise InvalidInput(
            "annotators= needs exactly one class per item, because their consensus is one: omit it with "
            f"Question.{kind}."
        )


def _dearest(data: Items, prices: Any, people: tuple[Annotator, ...]) -> Any:
    """The most that each question can cost."""
    items = np.ones(len(data.X)) if prices is None else prices
    return items * (sum(one.cost for one in people) if people else 1.0)


def _extent(
    data: Items,
    prices: Any,
    people: tuple[Annotator, ...],
    entrants: list[Entrant],
    start: int,
    budget: Any,
    unit: str,
    at: Any,
) -> tuple[dict[int, Any], tuple[float, ...]]:
    """What is learned and recorded when: see :class:`~.contest.Race`."""
    if prices is not None or people:
        return {}, read_amounts(budget, _dearest(data, prices, people), at)
    if unit != "cost":
        raise InvalidInput(f"unit={unit!r} is the unit of cost=: pass the cost of each question as well.")
    most = read_budget(budget, len(data.X))
    return {size: read_stops(most, start, size, at) for size in {e.batch for e in entrants}}, ()


def _unit(unit: Any) -> str:
    if not isinstance(unit, str) or not unit.strip():
        raise InvalidInput(f"unit={unit!r}: expected a word, such as 'seconds'.")
    return unit.strip()


class _Failure(NamedTuple):
    """What failed, the message, and the traceback as text, which can be sent between processes."""

    what: str
    words: str
    trace: str


def _play(race: Race, entrant: Entrant, repeat: int) -> tuple[Task, Played | _Failure]:
    """One run."""
    task = (entrant.name, repeat)
    if parent_process() is not None and threading.current_thread() is threading.main_thread():
        # A notebook interrupts all of its processes. The one that collects the results ends the others.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with threadpool_limits(1), warnings.catch_warnings():
            # Expected with few labels of many classes, and it would be repeated at every step.
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
            race = replace(race, X=locked(np.asarray(race.X)), affinity=_in_memory(race.affinity))
            return task, Run(race, entrant, repeat).play()
    except Failed as failure:
        what, words = failure.args
        return task, _Failure(what, words, "".join(traceback.format_exception(failure.__cause__)))


def _in_memory(affinity: Affinity | None) -> Affinity | None:
    """The weights as plain arrays, because joblib passes memory maps."""
    if affinity is None:
        return None
    parts = tuple(np.asarray(part) for part in (affinity.data, affinity.indices, affinity.indptr))
    return csr_array(parts, shape=affinity.shape)


def _run_all(
    race: Race,
    entrants: list[Entrant],
    keys: dict[Task, str],
    runs: dict[Task, Played],
    saved: SavedRuns,
    n_jobs: int,
    progress: bool | str,
) -> None:
    """Do the missing runs, repeat by repeat, and raise failures at the end."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped]

    by_name = {e.name: e for e in entrants}
    missing = [task for task in keys if task not in runs]
    failures: dict[Task, _Failure] = {}

    def tasks() -> Iterator[Task]:
        # Lazy, so that a contestant that failed is not run again. Stop after a failure of the oracle, and
        # after any failure if runs are not saved, as they would be lost.
        for task in missing:
            failed = {name for name, _ in failures}
            if failures and (saved.file is None or any(f.what == "oracle" for f in failures.values())):
                return
            if task[0] not in failed:
                yield task

    pace = Pace(keys, runs, n_jobs)
    title = progress if isinstance(progress, str) else None
    with tqdm(total=len(keys), initial=len(runs), disable=not progress, unit="run", desc=title) as bar:
        bar.set_postfix_str(pace.left())
        for task, outcome in _outcomes(race, by_name, tasks(), n_jobs):
            bar.update()
            if isinstance(outcome, _Failure):
                failures[task] = outcome
            else:
                runs[task] = outcome
                saved.append(keys[task], task, outcome)
                pace.add(task, outcome)
                bar.set_postfix_str(pace.left())
    if failures:
        # The first by repeat, not by time, so that the message does not depend on the number of processes.
        ordered = [failures[task] for task in missing if task in failures]
        _raise(ordered, len({name for name, _ in failures}), (len(runs), len(keys)), saved.file)


def _raise(failures: list[_Failure], n_failed: int, runs: tuple[int, int], file: Path | None) -> NoReturn:
    oracle = [f for f in failures if f.what == "oracle"]
    first = (oracle or failures)[0]
    others = f" ({n_failed - 1} more failed.)" if n_failed > 1 else ""
    left = f"saved in {file}: the same call continues from there" if file else "not saved: pass path= to save"
    done = f"{runs[0]} of {runs[1]} runs are finished, and {left}." if runs[0] else "No run is finished."
    error = (HitlError if oracle else InvalidInput)(f"{first.words}{others} {done}")
    error.add_note(first.trace)
    raise error


def _outcomes(
    race: Race, entrants: Mapping[str, Entrant], tasks: Iterator[Task], n_jobs: int
) -> Iterator[tuple[Task, Played | _Failure]]:
    if n_jobs == 1:
        yield from (_play(race, entrants[name], repeat) for name, repeat in tasks)
        return
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        pool = joblib.Parallel(n_jobs, return_as="generator_unordered", batch_size=1)
        yield from pool(joblib.delayed(_play)(race, entrants[name], repeat) for name, repeat in tasks)


def _interrupted(
    entrants: list[Entrant],
    repeats: int,
    runs: Mapping[Task, Played],
    file: Path | None,
    why: str = "Interrupted",
) -> str:
    done = f"{why}: {len(runs)} of {repeats * len(entrants)} runs are finished"
    none = [e.name for e in entrants if not any(name == e.name for name, _ in runs)]
    lack = f", none of {choices(none)}" if none and runs else ""
    return f"{done}{lack}; {kept(file)}."


def _result(
    race: Race, entrants: list[Entrant], runs: Mapping[Task, Played], unit: str, about: Source
) -> Simulation:
    parts, told = [], []
    for e in entrants:
        for repeat in sorted(number for name, number in runs if name == e.name):
            played = runs[e.name, repeat]
            part = pd.DataFrame(played.columns, columns=list(race.columns))
            for name in ("n_labels", "n_asked", "n_abstained"):
                part[name] = part[name].astype(int)
            for name in (f"stop_{rule}" for rule in race.stopping):
                part[name] = part[name].astype(bool)
            who: dict[str, Any] = {
                "contestant": e.name,
                "learner": e.learner_name,
                "strategy": e.strategy_name,
            }
            who |= {"batch": e.batch} if len({one.batch for one in entrants}) > 1 else {}
            who |= {"whom": e.whom_name} if race.people else {}
            parts.append(_before(part, who | {"repeat": repeat}))
            told.append(_before(pd.DataFrame(played.asked), {"contestant": e.name, "repeat": repeat}))
    frame = pd.concat(parts, ignore_index=True)
    if frame.empty:
        if not any(played.asked["item"] for played in runs.values()):
            raise InvalidInput(
                f"budget={race.records[-1]:g} pays for no question: the cheapest costs {_cheapest(race):g}."
            )
        cheapest = f" (one question costs {_cheapest(race):g} or more)" if race.records else ""
        raise InvalidInput(
            "The oracle abstained from every question, so there is nothing to compare. "
            f"Check y, or use a lower abstain= or a larger budget={cheapest}."
        )
    counts = frame.groupby("contestant", sort=False)["test_accuracy"].count()
    if race.test is not None and (silent := counts.index[counts == 0].tolist()):
        warnings.warn(
            f"test_accuracy of {choices(silent)} is NaN: the learner has no export, predict or predict_proba "
            "for the rows of test=.",
            UserWarning,
            stacklevel=3,
        )
    _check_metrics(race, frame)
    frame.attrs["measure"] = MEASURES.get(race.problem.measure, race.problem.measure)
    if race.metrics:
        frame.attrs["metric"] = race.metrics[0].name
    if race.records:
        frame.attrs["unit"] = unit
    else:
        frame = frame.drop(columns="budget")
    return Simulation(frame, queries=_asked(race, pd.concat(told, ignore_index=True)), source=about)


def _check_metrics(race: Race, frame: pd.DataFrame) -> None:
    """Warn of values that are not finite, and make NaN of infinite ones, which have no mean either."""
    for metric in race.metrics:
        for where in ("pool", "test"):
            name = f"{where}_{metric.name}"
            if name not in frame:
                continue
            measured = frame[f"{where}_accuracy"].notna()
            odd = measured & ~np.isfinite(frame[name])
            if n := int(odd.sum()):
                why = (
                    ", because the learner gives no probabilities for new rows" if _is_silent(metric) else ""
                )
                warnings.warn(
                    f"{name} is NaN or infinite in {n:,} of {int(measured.sum()):,} records{why}. Tables and "
                    "charts leave them out.",
                    UserWarning,
                    stacklevel=4,
                )
                frame.loc[odd, name] = np.nan


def _is_silent(metric: Metric) -> bool:
    return metric.reads_proba and not metric.own


def _cheapest(race: Race) -> float:
    """The least that a question costs."""
    item = 1.0 if race.cost is None else float(race.cost.min())
    return item * min((one.cost for one in race.people), default=1.0)


def _before(part: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """A table with columns of one value each before its own."""
    for place, (name, value) in enumerate(values.items()):
        part.insert(place, name, value)
    return part


def _asked(race: Race, told: pd.DataFrame) -> pd.DataFrame:
    """What was asked, with the user's rows, classes and annotators: see :meth:`Simulation.asked`."""
    from hitl_widgets.transfer.frames import column

    table = told[["contestant", "repeat"]].copy()
    table["step"] = told.groupby(["contestant", "repeat"], sort=False).cumcount() + 1
    table["row"] = race.rows[told["item"].to_numpy(np.int64)]
    table["label"] = column([None if code < 0 else race.classes[code] for code in told["code"]])
    if race.people:
        table["annotator"] = [race.people[who].name for who in told["annotator"]]
    table["batch"] = told["batch"].astype(int)
    if race.audit:
        table["audited"] = told["audited"].astype(bool)
    return table.assign(cost=told["cost"], seconds=told["seconds"])
