"""Oracle runs: learners and query strategies raced on a pool whose classes are known."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import joblib
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from hitl_widgets.errors import HitlError, InvalidInput, choices
from hitl_widgets.learn.learner import Affinity
from hitl_widgets.learn.problems.base import Target
from hitl_widgets.learn.problems.multiclass import Multiclass
from hitl_widgets.learn.strategies.base import locked
from hitl_widgets.loop.settings import asked_schema
from hitl_widgets.questions.schema import Schema
from hitl_widgets.races.arguments import (
    read_affinity,
    read_amounts,
    read_budget,
    read_confusion,
    read_cost,
    read_jobs,
    read_pool,
    read_question,
    read_stops,
    read_test,
    read_truth,
    share,
    start_size,
    whole,
)
from hitl_widgets.races.contest import (
    COLUMNS,
    Columns,
    Entrant,
    Failed,
    Race,
    Run,
    Task,
    read_entrants,
)
from hitl_widgets.races.finished import SavedRuns, check_portable, run_keys
from hitl_widgets.races.simulation import Simulation

__all__ = ["simulate"]

# What stands for accuracy, where more is better.
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
    batch: int = 1,
    start: int | str | None = None,
    classes: Sequence[Any] | None = None,
    question: Schema | None = None,
    truth: Any = None,
    noise: float = 0.0,
    abstain: float = 0.0,
    confusion: Any = None,
    cost: Any = None,
    test: tuple[Any, Any] | None = None,
    at: Iterable[float] | None = None,
    random_state: int = 0,
    n_jobs: int = -1,
    path: str | Path | None = None,
    progress: bool = True,
    graph: Any = True,
) -> Simulation:
    """Race learners and strategies against each other, an oracle answering instead of a person.

    In one repeat every contestant gets the same cold start and hears the same answers: what the
    oracle says of an item depends on nothing but ``random_state``, the repeat and the item. So
    contestants can be compared in pairs.

    What is measured is ``pool_accuracy``: the share of the whole pool that is right when the labels
    given are kept and the model says the rest. A label is right where it is the true class; a wrong
    answer (``noise``, ``confusion``) counts as wrong. So all contestants are measured on the same items.
    Accuracy on what is still unlabelled is not the same for all: a strategy that labels the hard
    items away leaves easy ones. It is there as ``unlabelled_accuracy``. With ``test=``, accuracy on
    items that nobody was asked about is measured too, and takes the place of ``pool_accuracy``: that says
    what a labelled pool is worth, this what the model is worth on new items.

    A scikit-learn estimator that cannot be fitted to the few labels of a cold start yet, such as
    nearest neighbours with fewer labels than neighbours, is measured by the most frequent class so far;
    where it still fails when the cold start is complete, its race ends with that error.

    Parameters
    ----------
    pool
        A Pool, an array of features of shape (n, d), or what ``Pool.from_data`` takes, with ``X=``.
    y
        The true classes, shape (n,); or an oracle, a function ``(row, rng) -> class``, None to abstain.
    learners, strategies
        Names, estimators, Learner objects and functions as in :class:`Session`, in a list or in a
        dict by the name to show. Every learner is run with every strategy.
    budget
        Labels per run; abstentions are not counted. At least one item stays unlabelled. With ``cost=``
        what the questions of a run may cost together, those that get no answer too.
    repeats
        Runs per contestant. Publish nothing of fewer than 20.
    contestants
        ``{name: (learner, strategy)}``, instead of ``learners`` and ``strategies``.
    X
        Embeddings of the pool, shape (n, d).
    batch
        Labels between two updates of the model; a batch ends early where ``at`` asks for a record (with
        ``cost=`` it goes on after it).
    start
        Size of the cold start, medoids of k-means; one for each class, at least 10, where None.
        ``"own"``: the same, but the strategy ``random`` draws its first items too.
    classes
        The class names in order; what ``y`` or ``truth`` holds, sorted, where None.
    question
        What is asked, where it is more than one class: ``Question.choices(...)``, of which ``y`` holds lists
        of classes, or ``Question.rating(...)``, of which it holds levels; instead of ``classes``. The mean
        Jaccard index, or one minus the mean absolute error as a share of the scale, is then measured in
        place of accuracy.
    truth
        Shape (n,): what accuracy is measured by where it is not ``y``, or ``y`` is a function.
    noise
        Share of wrong answers, each other class as likely.
    abstain
        Share of items of which the oracle says nothing; they are not asked again.
    confusion
        Shape (k, k): ``confusion[true, said]``, rows sum to 1. Noise comes on top.
    cost
        Shape (n,): what a question costs. The strategies see it, and ``budget`` and ``at`` are amounts
        of it: contestants are compared at equal cost, not at equal numbers of labels. A row holds the
        model of the questions that its amount pays for. The run passes over what the rest of the budget
        does not pay for.
    test
        ``(X_test, y_test)``: held-out accuracy, then the default of all figures. Of the model that
        people take away, ``export(index, y)`` of the learner, a classifier fitted to the class codes;
        of a learner without one, of its own ``predict(X)``, class codes of shape (m,), or
        ``predict_proba(X)``, shape (m, n_classes). A learner with none of these has no held-out
        accuracy: NaN, with a warning.
    at
        Numbers of labels to record; every one up to 50, then every fifth where None (each batch where
        ``batch`` > 1). With ``cost=`` amounts of cost; 50 equal steps where None.
    random_state
        Integer >= 0.
    n_jobs
        Processes, as in joblib; the result is the same for any. 1 stays in this process, and so it
        must be where a contestant or the oracle holds what cannot be pickled.
    path
        File or folder to which every finished run is written. The same call goes on from there, also
        with more repeats or contestants; with other data, settings or code it starts anew, with a
        warning. A list or dict of its module that a function fills is part of its code: keep what
        it remembers in ``functools.cache``.
    progress
        Show a bar.
    graph
        Build the neighbour graph for learners and strategies that use one; or its weights, sparse
        of shape (n, n).

    Raises
    ------
    InvalidInput
        For arguments that cannot be used, and after the last run where a learner or strategy failed.
    HitlError
        Where the oracle failed: at once. Finished runs are in ``path``.
    """
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
        if confusion is not None and asked.kind == "choices":
            raise InvalidInput("confusion= is of one class for another: leave it out where several apply.")
    entrants = read_entrants(learners, strategies, contestants)
    for entrant in entrants:
        target.problem.check_strategy(entrant.strategy_name, entrant.strategy)
    size = start_size(start, len(names))
    batch, repeats = whole("batch", batch), whole("repeats", repeats)
    prices = None if cost is None else read_cost(data, cost)
    stops: tuple[int, ...] = ()
    records: tuple[float, ...]
    if prices is None:
        stops, records = read_stops(read_budget(budget, len(data.X)), size, batch, at)
    else:
        records = read_amounts(budget, prices, at)
    race = Race(
        data.X,
        said,
        true,
        y if callable(y) else None,
        data.rows,
        tuple(names),
        stops,
        records,
        batch,
        size,
        start == "own",
        share("noise", noise),
        share("abstain", abstain),
        read_confusion(confusion, len(names)),
        prices,
        held,
        None,
        whole("random_state", random_state, least=0),
        target,
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
        _run_all(race, entrants, keys, runs, saved, jobs, progress)
    return _result(race, entrants, runs, repeats)


class _Failure(NamedTuple):
    """What failed, its words, and the traceback as text, which survives the way between processes."""

    what: str
    words: str
    trace: str


def _play(race: Race, entrant: Entrant, repeat: int) -> tuple[Task, Columns | _Failure]:
    """One run."""
    task = (entrant.name, repeat)
    try:
        with threadpool_limits(1), warnings.catch_warnings():
            # Of few labels of many classes: nothing is wrong, and it would be said at every step.
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
            race = replace(race, X=locked(np.asarray(race.X)), affinity=_in_memory(race.affinity))
            return task, Run(race, entrant, repeat).play()
    except Failed as failure:
        what, words = failure.args
        return task, _Failure(what, words, "".join(traceback.format_exception(failure.__cause__)))


def _in_memory(affinity: Affinity | None) -> Affinity | None:
    """The weights as plain arrays: joblib hands over memory maps."""
    if affinity is None:
        return None
    parts = tuple(np.asarray(part) for part in (affinity.data, affinity.indices, affinity.indptr))
    return csr_array(parts, shape=affinity.shape)


def _run_all(
    race: Race,
    entrants: list[Entrant],
    keys: dict[Task, str],
    runs: dict[Task, Columns],
    saved: SavedRuns,
    n_jobs: int,
    progress: bool,
) -> None:
    """Play what is missing, repeat by repeat; raise at the end what failed."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped]

    by_name = {e.name: e for e in entrants}
    missing = [task for task in keys if task not in runs]
    failures: dict[Task, _Failure] = {}

    def tasks() -> Iterator[Task]:
        # Lazily: an entrant that failed is not run again, and nothing follows a failed oracle, nor any
        # failure where runs are not kept: they would be lost.
        for task in missing:
            failed = {name for name, _ in failures}
            if failures and (saved.file is None or any(f.what == "oracle" for f in failures.values())):
                return
            if task[0] not in failed:
                yield task

    with tqdm(total=len(keys), initial=len(runs), disable=not progress, unit="run") as bar:
        for task, outcome in _outcomes(race, by_name, tasks(), n_jobs):
            bar.update()
            if isinstance(outcome, _Failure):
                failures[task] = outcome
            else:
                runs[task] = outcome
                saved.append(keys[task], task, outcome)
    if failures:
        # The first by repeat, not by time: the same words for any number of processes.
        ordered = [failures[task] for task in missing if task in failures]
        _raise(ordered, len({name for name, _ in failures}), (len(runs), len(keys)), saved.file)


def _raise(failures: list[_Failure], n_failed: int, runs: tuple[int, int], file: Path | None) -> NoReturn:
    oracle = [f for f in failures if f.what == "oracle"]
    first = (oracle or failures)[0]
    others = f" ({n_failed - 1} more failed.)" if n_failed > 1 else ""
    kept = (
        f"kept in {file}: the same call goes on from there" if file else "not kept: pass path= to keep them"
    )
    done = f"{runs[0]} of {runs[1]} runs are finished, and {kept}." if runs[0] else "No run is finished."
    error = (HitlError if oracle else InvalidInput)(f"{first.words}{others} {done}")
    error.add_note(first.trace)
    raise error


def _outcomes(
    race: Race, entrants: Mapping[str, Entrant], tasks: Iterator[Task], n_jobs: int
) -> Iterator[tuple[Task, Columns | _Failure]]:
    if n_jobs == 1:
        yield from (_play(race, entrants[name], repeat) for name, repeat in tasks)
        return
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        pool = joblib.Parallel(n_jobs, return_as="generator_unordered", batch_size=1)
        yield from pool(joblib.delayed(_play)(race, entrants[name], repeat) for name, repeat in tasks)


def _result(race: Race, entrants: list[Entrant], runs: Mapping[Task, Columns], repeats: int) -> Simulation:
    parts = []
    for e in entrants:
        for repeat in range(repeats):
            part = pd.DataFrame(runs[e.name, repeat], columns=list(COLUMNS))
            for name in ("n_labels", "n_asked", "n_abstained"):
                part[name] = part[name].astype(int)
            part.insert(0, "repeat", repeat)
            part.insert(0, "strategy", e.strategy_name)
            part.insert(0, "learner", e.learner_name)
            part.insert(0, "contestant", e.name)
            parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    if frame.empty:
        cheapest = "" if race.cost is None else f" (one question costs {race.cost.min():g} or more)"
        raise InvalidInput(
            "The oracle answered no question, so there is nothing to compare: it abstained each time. "
            f"Look at y, or take a lower abstain= or a larger budget={cheapest}."
        )
    told = frame.groupby("contestant", sort=False)["test_accuracy"].count()
    if race.test is not None and (silent := told.index[told == 0].tolist()):
        warnings.warn(
            f"test_accuracy of {choices(silent)} is NaN: the learner has no export, predict or predict_proba "
            "to tell the rows of test=.",
            UserWarning,
            stacklevel=3,
        )
    frame.attrs["measure"] = MEASURES.get(race.problem.measure, race.problem.measure)
    return Simulation(frame if race.cost is not None else frame.drop(columns="budget"))
