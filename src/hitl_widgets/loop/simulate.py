"""Oracle runs: learners and query strategies raced on a pool whose classes are known."""

from __future__ import annotations

import hashlib
import json
import os
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple, NoReturn

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from hitl_widgets.data.features import check_matrix
from hitl_widgets.data.items import is_missing
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.learn.learner import Affinity, FloatArray, Learner, SklearnLearner, as_learner
from hitl_widgets.learn.strategies import Context, Strategy, as_strategy, choose, kmeans_start
from hitl_widgets.loop.mapping import build_features
from hitl_widgets.loop.simulation import Simulation

__all__ = ["simulate"]

DENSE = 50  # up to here every number of labels is recorded, then every fifth
COLUMNS = (
    "n_labels", "n_asked", "n_abstained", "accuracy", "balanced_accuracy", "test_accuracy", "cost", "seconds",
)  # fmt: skip
# What a generator is for, as part of its seed: no two purposes draw the same numbers.
COLD, ORACLE, STRATEGY = 1, 2, 3

Columns = dict[str, list[float]]


def simulate(
    pool: Any,
    y: Any,
    learners: Any = ("auto",),
    strategies: Any = ("auto",),
    budget: int = 200,
    repeats: int = 20,
    *,
    contestants: Mapping[str, tuple[Any, Any]] | None = None,
    X: Any = None,
    batch: int = 1,
    start: int | str | None = None,
    classes: Sequence[Any] | None = None,
    truth: Any = None,
    noise: float = 0.0,
    abstain: float = 0.0,
    confusion: Any = None,
    cost: Any = None,
    test: tuple[Any, Any] | None = None,
    at: Iterable[int] | None = None,
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
        Labels per run; abstentions are not counted. At least one item stays unlabelled.
    repeats
        Runs per contestant. Publish nothing of fewer than 20.
    contestants
        ``{name: (learner, strategy)}``, instead of ``learners`` and ``strategies``.
    X
        Embeddings of the pool, shape (n, d).
    batch
        Labels between two updates of the model; a batch ends early where ``at`` asks for a record.
    start
        Size of the cold start, medoids of k-means; max(2 classes, 10) where None. ``"own"``: the
        same, but the strategy ``random`` draws its first items too. Until two classes are known,
        items are drawn at random.
    classes
        The class names in order; what ``y`` or ``truth`` holds, sorted, where None.
    truth
        Shape (n,): what accuracy is measured by where it is not ``y``, or ``y`` is a function.
    noise
        Share of wrong answers, each other class as likely.
    abstain
        Share of items of which the oracle says nothing; they are not asked again.
    confusion
        Shape (k, k): ``confusion[true, said]``, rows sum to 1. Noise comes on top.
    cost
        Shape (n,): what a question costs; the strategies see it, and the frame sums it up.
    test
        ``(X_test, y_test)``: accuracy of the exported model: the learner's ``export()``, else the
        fitted scikit-learn estimator, else LogisticRegression on the same labels.
    at
        Numbers of labels to record; every one up to 50, then every fifth where None (each batch where
        ``batch`` > 1).
    random_state
        Integer >= 0.
    n_jobs
        Processes, as in joblib; the result is the same for any. 1 stays in this process.
    path
        File or folder to which every finished run is written. The same call goes on from there, also
        with more repeats or contestants; with other data, settings or code it starts anew.
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
    data = _read_pool(pool, X)
    names, said, true = _read_truth(data, y, classes, truth, test)
    entrants = _entrants(learners, strategies, contestants)
    budget = _budget(budget, len(data.X))
    size = _start(start, len(names))
    batch, repeats = _whole("batch", batch), _whole("repeats", repeats)
    stops, records = _stops(budget, size, batch, at)
    race = _Race(
        data.X,
        said,
        true,
        y if callable(y) else None,
        data.rows,
        tuple(names),
        stops,
        records,
        size,
        start == "own",
        _share("noise", noise),
        _share("abstain", abstain),
        _read_confusion(confusion, len(names)),
        None if cost is None else _read_cost(data, cost),
        _read_test(test, data.X.shape[1], names),
        None,
        _whole("random_state", random_state, least=0),
    )
    keys = _keys(race, entrants, repeats, graph)
    saved = _Saved(path)
    runs = {task: saved.runs[key] for task, key in keys.items() if key in saved.runs}
    if len(runs) < len(keys):
        race = replace(race, affinity=_affinity(data.X, graph))
        _run_all(race, entrants, keys, runs, saved, n_jobs, progress)
    return _result(entrants, runs, repeats)


# -- one run -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Race:
    """What all runs share; arrays over the n items of the pool."""

    X: npt.NDArray[np.float32]
    said: npt.NDArray[np.int16] | None
    truth: npt.NDArray[np.int16] | None
    oracle: Callable[..., Any] | None
    rows: npt.NDArray[np.int64]
    classes: tuple[Any, ...]
    stops: tuple[int, ...]
    records: tuple[int, ...]
    start: int
    own_start: bool
    noise: float
    abstain: float
    confusion: FloatArray | None
    cost: npt.NDArray[np.float64] | None
    test: tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]] | None
    affinity: Affinity | None
    seed: int

    def rng(self, *purpose: int) -> np.random.Generator:
        """Same purpose, same numbers, in every contestant's run."""
        return np.random.default_rng([self.seed, *purpose])

    def answer(self, repeat: int, i: int) -> int:
        """The class code that the oracle gives item ``i`` in this repeat, -1 where it abstains."""
        rng = self.rng(repeat, ORACLE, i)
        silent, wrong = rng.random(2)
        if silent < self.abstain:
            return -1
        code = self._honest(i, rng)
        if code >= 0 and self.confusion is not None:
            code = int(rng.choice(len(self.classes), p=self.confusion[code]))
        if code >= 0 and wrong < self.noise:
            code = (code + 1 + int(rng.integers(len(self.classes) - 1))) % len(self.classes)
        return code

    def _honest(self, i: int, rng: np.random.Generator) -> int:
        if self.oracle is None:
            assert self.said is not None  # noqa: S101 - what an oracle would say otherwise
            return int(self.said[i])
        said = self.oracle(int(self.rows[i]), rng)
        if said is None:
            return -1
        if said not in self.classes:
            raise InvalidInput(
                f"it said {said!r}, which is no class: expected {choices(self.classes)} or None"
            )
        return self.classes.index(said)


@dataclass(frozen=True, eq=False)
class _Entrant:
    name: str
    learner_name: str
    strategy_name: str
    learner: Learner
    strategy: Strategy


class _Failed(Exception):
    """What failed (oracle, learner or strategy), and the words for it."""


class _Run:
    """One entrant's way through the pool."""

    def __init__(self, race: _Race, entrant: _Entrant, repeat: int) -> None:
        self.race, self.entrant, self.repeat = race, entrant, repeat
        self.n = len(race.X)
        self.template = _seeded(entrant.learner, [race.seed, repeat])
        self.y = np.full(self.n, -1, dtype=np.int16)
        self.open = np.ones(self.n, dtype=np.bool_)
        self.order: list[int] = []
        self.abstained = 0
        self.spent = 0.0
        self.steps: list[float] = []
        self.proba: FloatArray | None = None
        own = race.own_start and entrant.strategy_name == "random"
        size = 0 if own else min(race.start, self.n)
        # One number more than the other purposes have: zeros at the end of a seed count for nothing.
        self.cold = kmeans_start(race.X, size, [race.seed, repeat, COLD, 1]) if size else []

    def play(self) -> Columns:
        """Ask and learn until the budget is spent or nobody answers any more."""
        learner = self._guard(
            "learner", lambda: self.template.start(self.race.X, self._k, self.race.affinity)
        )
        found: Columns = {name: [] for name in COLUMNS}
        for stop in self.race.stops:
            began = time.perf_counter()
            while len(self.order) < stop and self.open.any():
                for i in self._next(stop - len(self.order)):
                    self._ask(i)
            if len(self.order) < stop:
                break
            self._guard("learner", lambda: self._learn(learner))
            self.steps.append(time.perf_counter() - began)
            if stop in self.race.records:
                for name, value in zip(COLUMNS, self._record(learner), strict=True):
                    found[name].append(value)
        return found

    @property
    def _k(self) -> int:
        return len(self.race.classes)

    def _guard(self, what: str, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Exception as error:
            names = {"learner": self.entrant.learner_name, "strategy": self.entrant.strategy_name}
            who = f"The {what} {names[what]!r}" if what in names else f"The {what}"
            words = str(error) if isinstance(error, InvalidInput) else f"{type(error).__name__}: {error}"
            where = f"after {len(self.order)} labels in repeat {self.repeat}"
            raise _Failed(what, f"{who} failed {where}: {words.rstrip('.')}.") from error

    def _next(self, n: int) -> list[int]:
        if waiting := [i for i in self.cold if self.open[i]]:
            return waiting[:n]
        rng = self.race.rng(self.repeat, STRATEGY, len(self.order) + self.abstained)
        proba = self.proba
        if proba is None or len(np.unique(self.y[self.order])) < 2:
            return [int(i) for i in rng.permutation(np.flatnonzero(self.open))[:n]]
        context = Context(
            self.race.X,
            _locked(self.y),
            _locked(self.open),
            rng,
            n,
            self.race.affinity,
            self.template,
            self.race.cost,
        )
        chosen: list[int] = self._guard("strategy", lambda: choose(self.entrant.strategy, proba, context))
        return chosen

    def _ask(self, i: int) -> None:
        code = self._guard("oracle", lambda: self.race.answer(self.repeat, i))
        self.open[i] = False
        self.spent += 1.0 if self.race.cost is None else float(self.race.cost[i])
        if code < 0:
            self.abstained += 1
            return
        self.y[i] = code
        self.order.append(i)

    def _learn(self, learner: Learner) -> None:
        rows = np.array(self.order)
        learner.update(rows, self.y[rows])
        proba = np.asarray(learner.proba())
        if proba.shape != (self.n, self._k):
            raise InvalidInput(f"its probabilities have shape {proba.shape}, not {(self.n, self._k)}")
        if not np.isfinite(proba).all() or proba.min() < 0 or np.abs(proba.sum(axis=1) - 1).max() > 0.01:
            raise InvalidInput("its probabilities are not finite, from 0 to 1, summing to 1 in each row")
        self.proba = proba

    def _record(self, learner: Learner) -> tuple[float, ...]:
        """The values of COLUMNS; accuracy is on the items without a label alone."""
        assert self.proba is not None  # noqa: S101 - a record follows an update
        plain = balanced = tested = float("nan")
        if self.race.truth is not None:
            rest = self.y < 0
            truth = self.race.truth[rest]
            right = self.proba[rest].argmax(axis=1) == truth
            plain = float(right.mean())
            balanced = float(np.mean([right[truth == c].mean() for c in np.unique(truth)]))
        if self.race.test is not None:
            tested = self._guard("learner", lambda: self._tested(learner))
        seconds, self.steps = float(np.mean(self.steps)), []
        n = len(self.order)
        return n, n + self.abstained, self.abstained, plain, balanced, tested, self.spent, seconds

    def _tested(self, learner: Any) -> float:
        """Accuracy of the model that people take away, on the test set."""
        assert self.race.test is not None  # noqa: S101
        X, y = self.race.test
        codes = self.y[self.order]
        if len(np.unique(codes)) < 2:
            return float((y == codes[0]).mean())
        if callable(getattr(learner, "export", None)):
            model = learner.export()
        elif (model := getattr(learner, "_fitted", None)) is None:
            from sklearn.linear_model import LogisticRegression

            model = LogisticRegression(max_iter=1000).fit(self.race.X[self.order], codes)
        return float((np.asarray(model.predict(X)) == y).mean())


def _locked(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _seeded(learner: Learner, seed: list[int]) -> Learner:
    """An estimator whose seed was left open gets that of the repeat: the same result in any process."""
    if not isinstance(learner, SklearnLearner):
        return learner
    estimator = clone(learner.estimator)
    number = int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1)
    for name, value in estimator.get_params(deep=True).items():
        if value is None and name.rpartition("__")[2] == "random_state":
            estimator.set_params(**{name: number})
    return SklearnLearner(estimator)


# -- all runs ----------------------------------------------------------------

Task = tuple[str, int]


class _Failure(NamedTuple):
    """What failed, its words, and the traceback as text, which survives the way between processes."""

    what: str
    words: str
    trace: str


def _play(race: _Race, entrant: _Entrant, repeat: int) -> tuple[Task, Columns | _Failure]:
    """One run."""
    task = (entrant.name, repeat)
    try:
        with threadpool_limits(1):
            race = replace(race, X=_locked(np.asarray(race.X)), affinity=_in_memory(race.affinity))
            return task, _Run(race, entrant, repeat).play()
    except _Failed as failure:
        what, words = failure.args
        return task, _Failure(what, words, "".join(traceback.format_exception(failure.__cause__)))


def _in_memory(affinity: Affinity | None) -> Affinity | None:
    """The weights as plain arrays: joblib hands over memory maps."""
    if affinity is None:
        return None
    parts = tuple(np.asarray(part) for part in (affinity.data, affinity.indices, affinity.indptr))
    return csr_array(parts, shape=affinity.shape)


def _run_all(
    race: _Race,
    entrants: list[_Entrant],
    keys: dict[Task, str],
    runs: dict[Task, Columns],
    saved: _Saved,
    n_jobs: int,
    progress: bool,
) -> None:
    """Play what is missing, repeat by repeat; raise at the end what failed."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped]

    by_name = {e.name: e for e in entrants}
    missing = [task for task in keys if task not in runs]
    failures: dict[Task, _Failure] = {}

    def tasks() -> Iterator[Task]:
        # Lazily: an entrant that failed is not run again, and nothing follows a failed oracle.
        for task in missing:
            failed = {name for name, _ in failures}
            if task[0] not in failed and not any(f.what == "oracle" for f in failures.values()):
                yield task

    with tqdm(total=len(keys), initial=len(runs), disable=not progress, unit="run") as bar:
        for task, outcome in _outcomes(race, by_name, tasks(), n_jobs, len(missing)):
            bar.update()
            if isinstance(outcome, _Failure):
                failures[task] = outcome
            else:
                runs[task] = outcome
                saved.append(keys[task], task, outcome)
    if failures:
        # The first by repeat, not by time: the same words for any number of processes.
        ordered = [failures[task] for task in missing if task in failures]
        _raise(
            ordered,
            len({name for name, _ in failures}),
            f"{len(runs)} of {len(keys)} runs are finished",
            saved.file,
        )


def _raise(failures: list[_Failure], n_failed: int, finished: str, file: Path | None) -> NoReturn:
    oracle = [f for f in failures if f.what == "oracle"]
    first = (oracle or failures)[0]
    others = f" ({n_failed - 1} more failed.)" if n_failed > 1 else ""
    kept = f"kept in {file}: the same call goes on from there" if file else "lost: pass path= to keep them"
    error = (HitlError if oracle else InvalidInput)(f"{first.words}{others} {finished}, and {kept}.")
    error.add_note(first.trace)
    raise error


def _outcomes(
    race: _Race, entrants: Mapping[str, _Entrant], tasks: Iterator[Task], n_jobs: int, n_tasks: int
) -> Iterator[tuple[Task, Columns | _Failure]]:
    n_jobs = min(joblib.effective_n_jobs(n_jobs), n_tasks)
    if n_jobs == 1:
        yield from (_play(race, entrants[name], repeat) for name, repeat in tasks)
        return
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        pool = joblib.Parallel(n_jobs, return_as="generator_unordered", batch_size=1)
        yield from pool(joblib.delayed(_play)(race, entrants[name], repeat) for name, repeat in tasks)


def _result(entrants: list[_Entrant], runs: Mapping[Task, Columns], repeats: int) -> Simulation:
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
    return Simulation(pd.concat(parts, ignore_index=True))


# -- finished runs on disk ---------------------------------------------------


class _Saved:
    """Finished runs as JSON lines, each appended by one write; a line that a kill cut short is passed over.

    Parameters
    ----------
    path
        A file, a folder (then ``runs.jsonl`` in it), or None: nothing is kept.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.file: Path | None = None
        self.runs: dict[str, Columns] = {}
        if path is None:
            return
        path = Path(path)
        self.file = path if path.suffix and not path.is_dir() else path / "runs.jsonl"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if not self.file.exists():
            return
        text = self.file.read_text("utf-8", "replace")
        for line in text.splitlines():
            try:
                run = json.loads(line)
                self.runs[run["key"]] = run["columns"]
            except (ValueError, TypeError, KeyError):
                continue
        if text.strip() and not self.runs and not text.startswith('{"key"'):
            raise InvalidInput(
                f"path={str(path)!r} is a file of something else: pass a new file or a folder."
            )
        if text and not text.endswith("\n"):
            self._write(b"\n")

    def append(self, key: str, task: Task, columns: Columns) -> None:
        """Keep a run; it is on disk when this returns."""
        if self.file is not None:
            run = {"key": key, "contestant": task[0], "repeat": task[1], "columns": columns}
            self._write(json.dumps(run).encode() + b"\n")

    def _write(self, line: bytes) -> None:
        assert self.file is not None  # noqa: S101
        with self.file.open("ab", buffering=0) as file:
            file.write(line)
            os.fsync(file.fileno())


def _keys(race: _Race, entrants: list[_Entrant], repeats: int, graph: Any) -> dict[Task, str]:
    """What each run is a function of, in a hash: data, settings, code, learner, strategy, repeat.

    An oracle function is its name: who repairs it wants to go on.
    """
    shared = {name: getattr(race, name) for name in race.__dataclass_fields__ if name != "oracle"}
    given = graph if isinstance(graph, bool) or graph is None else joblib.hash(graph)
    oracle = getattr(race.oracle, "__qualname__", type(race.oracle).__qualname__)
    common = [joblib.hash(shared), oracle, given, _OUR_CODE]

    def key(e: _Entrant, repeat: int) -> str:
        own = race.own_start and e.strategy_name == "random"
        what = repr([common, _identity(e.learner), _identity(e.strategy), own, repeat])
        return hashlib.blake2b(what.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    return {(e.name, repeat): key(e, repeat) for repeat in range(repeats) for e in entrants}


def _our_code() -> str:
    """A hash of the modules that decide a run: another version of them starts anew."""
    root = Path(__file__).parents[1]
    files = [
        *sorted((root / "learn").rglob("*.py")),
        *sorted((root / "data").glob("*neighbors*.py")),
        Path(__file__),
    ]
    texts = [f.read_bytes() for f in files if f.exists()]
    return hashlib.blake2b(b"\0".join(texts), digest_size=12).hexdigest()


_OUR_CODE = _our_code()  # at import: of the code that runs, whatever is edited meanwhile


def _identity(thing: Any, home: str = "", seen: frozenset[int] = frozenset()) -> Any:
    """What a learner or strategy is, as a value that is the same in the next session.

    A function is its code, its defaults, and what of its closure and module it names; an object is
    its state and the code of its methods.
    """
    if id(thing) in seen:
        return None
    seen |= {id(thing)}
    if isinstance(thing, partial):
        return [_identity(x, home, seen) for x in (thing.func, thing.args, thing.keywords)]
    if isinstance(thing, type | ModuleType):
        return thing.__name__
    if isinstance(code := getattr(thing, "__code__", None), CodeType):
        if home not in {"", thing.__module__}:
            return [thing.__module__, thing.__qualname__]
        held = [getattr(thing, "__self__", None), thing.__defaults__, thing.__kwdefaults__]
        held += [cell.cell_contents for cell in thing.__closure__ or ()]
        held += [thing.__globals__[n] for n in code.co_names if n in thing.__globals__]
        return [_code(code), *(_identity(h, thing.__module__, seen) for h in held)]
    kind = type(thing)
    methods = [getattr(f, "__code__", None) for c in kind.__mro__ for f in vars(c).values()]
    try:
        state = joblib.hash(thing)
    except Exception:  # noqa: BLE001 - it holds what cannot be pickled, such as a lambda
        state = [[n, _identity(v, home, seen)] for n, v in sorted(getattr(thing, "__dict__", {}).items())]
    return [kind.__qualname__, [_code(m) for m in methods if isinstance(m, CodeType)], state]


def _code(code: CodeType) -> Any:
    def constant(value: Any) -> Any:
        if isinstance(value, CodeType):
            return _code(value)
        return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)

    return [code.co_name, code.co_code.hex(), [constant(c) for c in code.co_consts], code.co_names]


# -- arguments ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Items:
    """The pool's distinct items: features, and the row of the person's data that holds each."""

    X: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    n_rows: int

    def pick(self, values: Any, name: str) -> npt.NDArray[Any]:
        """One value for each item from one for each row."""
        array = np.asarray(values)
        if array.ndim != 1 or len(array) not in {self.n_rows, len(self.X)}:
            raise InvalidInput(
                f"{name} has shape {array.shape}, the pool has {self.n_rows:,} rows. Give one value for each "
                "row, in the same order."
            )
        return array[self.rows] if len(array) == self.n_rows else array


def _read_pool(pool: Any, X: Any) -> _Items:
    if isinstance(pool, Pool):
        features = pool.X if X is None else check_matrix(X, len(pool))
        return _Items(build_features(pool) if features is None else features, pool.first_rows, len(pool.rows))
    if X is None and getattr(pool, "ndim", 0) == 2 and not hasattr(pool, "columns"):
        features = check_matrix(pool, pool.shape[0])
        return _Items(features, np.arange(len(features)), len(features))
    if X is None:
        raise InvalidInput(
            f"The pool is a {type(pool).__name__}, of which the features are not known: pass X=, an array of "
            "features, or a hitl.Pool.from_data(...)."
        )
    return _read_pool(Pool.from_data(pool, X=X), None)


def _read_truth(
    data: _Items, y: Any, classes: Any, truth: Any, test: Any
) -> tuple[list[Any], npt.NDArray[np.int16] | None, npt.NDArray[np.int16] | None]:
    """Class names; the codes that are said, None where a function says them; the true codes."""
    said = None if callable(y) else data.pick(y, "y")
    true = said if truth is None else data.pick(truth, "truth")
    if true is None and test is None:
        raise InvalidInput(
            "y is a function, so nothing says what is true: pass truth=, the true classes, or test=."
        )
    if true is None and classes is None:
        raise InvalidInput("y is a function, so the classes are not known: pass classes=[...].")
    parts = [said] if said is true else [said, true]
    found = [v for part in parts if part is not None for v in part.tolist()]
    names = _names(classes, found)
    return (
        names,
        None if said is None else _codes(said, names, "y"),
        None if true is None else _codes(true, names, "truth"),
    )


def _names(classes: Any, found: list[Any]) -> list[Any]:
    if missing := sum(map(is_missing, found)):
        raise InvalidInput(f"{missing} true classes are missing: leave those rows out of the pool.")
    names = sorted(set(found), key=lambda c: (str(type(c)), c)) if classes is None else list(classes)
    if len(names) < 2:
        raise InvalidInput(
            f"y holds {len(names)} class ({choices(names)}): two are needed to learn anything. Pass rows of "
            "more classes, or classes=[...] to name those that may come."
        )
    if len(set(names)) < len(names):
        raise InvalidInput(f"classes={names!r} names a class twice. Classes must be distinct.")
    return names


def _codes(values: npt.NDArray[Any], names: list[Any], what: str) -> npt.NDArray[np.int16]:
    code = {name: i for i, name in enumerate(names)}
    if unknown := [v for v in dict.fromkeys(values.tolist()) if v not in code]:
        raise InvalidInput(
            f"{what} holds {unknown[0]!r}, which is no class.{nearest(unknown[0], names)} The classes are "
            f"{choices(names)}."
        )
    return np.array([code[v] for v in values.tolist()], dtype=np.int16)


def _read_confusion(confusion: Any, k: int) -> FloatArray | None:
    if confusion is None:
        return None
    matrix = np.asarray(confusion, dtype=np.float64)
    if matrix.shape != (k, k):
        raise InvalidInput(f"confusion has shape {matrix.shape}, expected {(k, k)}: confusion[true, said].")
    sums = matrix.sum(axis=1)
    if not (np.isfinite(matrix).all() and matrix.min() >= 0 and np.abs(sums - 1).max() < 1e-6):
        raise InvalidInput(
            f"The rows of confusion sum to {choices(np.round(sums, 3).tolist(), 5)}: each must hold shares "
            "from 0 to 1 that sum to 1. Divide it by matrix.sum(axis=1, keepdims=True)."
        )
    return np.asarray(matrix / sums[:, None])


def _read_cost(data: _Items, cost: Any) -> npt.NDArray[np.float64]:
    values = data.pick(cost, "cost").astype(np.float64)
    if not (np.isfinite(values).all() and values.min() > 0):
        raise InvalidInput(
            f"cost goes down to {values.min()}: expected a finite number above 0 for each row."
        )
    return values


def _read_test(
    test: Any, d: int, names: list[Any]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]] | None:
    if test is None:
        return None
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise InvalidInput("test= must be a pair (X_test, y_test).")
    y = _codes(np.asarray(test[1]), names, "y_test")
    X = check_matrix(test[0], len(y), "X_test")
    if X.shape[1] != d:
        raise InvalidInput(
            f"X_test has {X.shape[1]} columns, the pool {d}. Build both with the same features."
        )
    return X, y


def _whole(name: str, value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidInput(f"{name}={value!r}: expected a whole number of at least {least}.")
    return int(value)


def _start(start: Any, n_classes: int) -> int:
    if start is None or start == "own":
        return max(2 * n_classes, 10)
    if isinstance(start, str):
        raise InvalidInput(f"start={start!r}: expected the size of the cold start, 'own' or None.")
    return _whole("start", start)


def _share(name: str, value: Any) -> float:
    if not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise InvalidInput(f"{name}={value!r}: expected a share from 0 to 1, such as 0.1.")
    return float(value)


def _budget(budget: Any, n: int) -> int:
    if (wanted := _whole("budget", budget)) < n:
        return wanted
    warnings.warn(
        f"budget={budget}, and the pool has {n} items: {n - 1} are labelled, so that one is left to measure.",
        UserWarning,
        stacklevel=3,
    )
    return _whole("The pool less one item", n - 1)


def _stops(budget: int, start: int, batch: int, at: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of labels where the model is updated, and those of them that are recorded."""
    bounds = {*range(min(start, budget), budget, batch), budget}
    if at is not None:
        wanted = {_whole("at", n) for n in at} & set(range(1, budget + 1))
        if not wanted:
            raise InvalidInput(f"at= names no number of labels from 1 to {budget}, the budget.")
    elif batch > 1:
        wanted = bounds
    else:
        wanted = {*range(1, min(DENSE, budget) + 1), *range(DENSE, budget, 5), budget}
    return tuple(sorted(bounds | wanted)), tuple(sorted(wanted))


def _affinity(X: npt.NDArray[np.float32], graph: Any) -> Affinity | None:
    if graph is None or graph is False:
        return None
    if graph is True:
        from hitl_widgets.data.neighbors import NeighborGraph

        graph = NeighborGraph.build(X, k=15)
    weights = csr_array(getattr(graph, "weights", graph))
    if weights.shape != (len(X), len(X)):
        raise InvalidInput(f"graph has shape {weights.shape}, the pool has {len(X):,} items.")
    return weights


def _entrants(learners: Any, strategies: Any, contestants: Any) -> list[_Entrant]:
    if contestants is not None:
        if not isinstance(contestants, Mapping) or not contestants:
            raise InvalidInput("contestants= must be a dict: {name: (learner, strategy)}.")
        pairs = {}
        for name, pair in contestants.items():
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise InvalidInput(f"contestants[{name!r}] must be a pair (learner, strategy).")
            pairs[str(name)] = (*_learner(pair[0]), *_strategy(pair[1]))
        return [_Entrant(name, ln, sn, lrn, fn) for name, (ln, lrn, sn, fn) in pairs.items()]
    those, ways = _named("learners", learners, _learner), _named("strategies", strategies, _strategy)

    def label(learner: str, strategy: str) -> str:
        if len(those) == 1:
            return strategy
        return learner if len(ways) == 1 else f"{learner} + {strategy}"

    return [_Entrant(label(a, b), a, b, those[a], ways[b]) for a in those for b in ways]


def _named(argument: str, given: Any, read: Callable[[Any], tuple[str, Any]]) -> dict[str, Any]:
    if isinstance(given, Mapping):
        found = {str(name): read(one)[1] for name, one in given.items()}
    else:
        found = {}
        for one in given if isinstance(given, list | tuple) else [given]:
            name, made = read(one)
            same = sum(n == name or n.rpartition(" ")[0] == name for n in found)
            found[f"{name} {same + 1}" if same else name] = made
    if not found:
        raise InvalidInput(f"{argument}= is empty: pass at least one, such as ['auto'].")
    return found


def _learner(given: Any) -> tuple[str, Learner]:
    made = as_learner(given)
    return (given if isinstance(given, str) else made.name), made


def _strategy(given: Any) -> tuple[str, Strategy]:
    name, made = as_strategy(given)
    return (given if isinstance(given, str) else name), made
