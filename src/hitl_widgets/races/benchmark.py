"""Benchmarks: races the same contestants on several data sets."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.datasets.sets import DataSet, check_seed
from hitl_widgets.datasets.suites import SUITES, suite
from hitl_widgets.errors import HitlError, Interrupted, InvalidInput, a_type, choices, nearest
from hitl_widgets.paths import full_path
from hitl_widgets.races.arguments import positive
from hitl_widgets.races.facts import call, versions
from hitl_widgets.races.finished import kept
from hitl_widgets.races.simulate import simulate
from hitl_widgets.races.simulation import Simulation
from hitl_widgets.races.standings import Benchmark

__all__ = ["benchmark"]

# Share of the items of a set that are held out to measure the models.
HELD_OUT = 0.3
# At most this share of the others is labelled.
MOST = 0.5
# Arguments of simulate() that a benchmark sets, or takes itself.
GIVEN = frozenset(
    "pool y X truth test learners strategies budget repeats path progress random_state".split()  # noqa: SIM905
)
USUAL = ("auto", "margin", "random")
# Numbers of labels that are recorded: measuring a model on held-out items takes longer than learning a label.
AT = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000)


def benchmark(
    sets: str | DataSet | Iterable[str | DataSet] = "small",
    learners: Any = ("auto",),
    strategies: Any = USUAL,
    budget: int = 200,
    repeats: int = 10,
    *,
    path: str | Path | None = None,
    progress: bool = True,
    random_state: int = 0,
    **settings: Any,
) -> Benchmark:
    """Race learners and strategies on several data sets, with held-out items to measure them.

    Parameters
    ----------
    sets
        ``"small"``, a suite of seven sets that needs no network (:func:`hitl_widgets.datasets.suite`); or a
        list of names of its sets, and of data sets such as from :func:`hitl_widgets.datasets.load`.
    learners, strategies, repeats
        See :func:`simulate`.
    budget
        Labels per run, at most half of the items of a set that are not held out.
    path
        A folder in which finished runs are kept: the same benchmark continues there.
    progress
        Whether to show a progress bar for each set.
    random_state
        Seeds the runs, the split (30 % are held out, the same for all repeats) and the synthetic sets.
    settings
        Further arguments of :func:`simulate`, such as ``noise=0.1`` or ``contestants=``. By default, ``at``
        is 10, 20, 30, 50, 75, 100, 150, 200 and so on: to measure a model on held-out items takes longer
        than to learn a label. The budget of each set is always recorded, and numbers beyond it are not.

    Returns
    -------
    Benchmark
        If it is interrupted, of the sets on which all contestants have finished a repeat, with a warning.

    Raises
    ------
    InvalidInput
        For invalid arguments, or if a learner or strategy failed.
    """
    called = call("hitl.benchmark", benchmark, locals())
    positive("budget", budget)
    check_seed(random_state)
    found = _sets(sets, random_state)
    if "test" in settings:
        raise InvalidInput("test= is not needed: 30 % of every set are held out.")
    known = [name for name in signature(simulate).parameters if name not in GIVEN]
    if odd := [name for name in settings if name not in known]:
        hint = nearest(odd[0], [*known, *signature(benchmark).parameters])
        raise InvalidInput(f"{odd[0]}= is not a setting.{hint} Expected one of {choices(known, 99)}.")
    folder = _folder(path)
    races: dict[str, Simulation] = {}
    stopped = False
    with warnings.catch_warnings():
        # One sentence below, instead of one for each set. Of a lost process the reason is said.
        warnings.filterwarnings("ignore", "Interrupted", Interrupted)
        for number, (name, data) in enumerate(found.items(), 1):
            kept, out = _split(data, random_state)
            most = min(budget, int(len(kept) * MOST))
            file = f"{name.replace('/', '-')}-{data.fingerprint}.jsonl"
            try:
                race = simulate(
                    data.X[kept],
                    data.y[kept],
                    *_contestants(learners, strategies, settings),
                    most,
                    repeats,
                    test=(data.X[out], data.y[out]),
                    random_state=random_state,
                    path=None if folder is None else folder / file,
                    progress=f"{name} ({number} of {len(found)})" if progress else False,
                    **_recorded(most, settings),
                )
            except HitlError as error:
                raise type(error)(f"{name}: {error}") from error
            except KeyboardInterrupt:
                stopped = True
                break
            stopped = bool(race.missing)
            # Sets count equally, so all contestants must have finished a repeat.
            if race.repeats and not race.missing.keys() - set(race.contestants):
                races[name] = race
            if stopped:
                break
    left = tuple(name for name in found if name not in races)
    if stopped:
        _say_interrupted(found, races, left, folder)
    prints = {name: found[name].fingerprint for name in races}
    facts = {
        "call": called,
        "data": "; ".join(repr(found[name]).removeprefix("<DataSet ").removesuffix(">") for name in races),
        "held out": f"{HELD_OUT:.0%} of each set, the same for all repeats",
        "budget": f"{budget} labels, at most {MOST:.0%} of the items of a set that are not held out",
        "repeats": f"{repeats}",
        "random_state": f"{random_state}",
        **versions(),
        "code": next(iter(races.values())).facts.get("code", ""),
    }
    return Benchmark(races, prints, left, facts)


def _contestants(learners: Any, strategies: Any, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return learners and strategies; ``contestants=`` takes the place of the default ones."""
    if settings.get("contestants") is not None and strategies is USUAL:
        return learners, ("auto",)
    return learners, strategies


def _recorded(budget: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the numbers of labels to record, unless the budget is an amount of cost."""
    if settings.get("cost") is not None or settings.get("annotators") is not None:
        return dict(settings)
    wanted = settings.get("at")
    if isinstance(wanted, str) or not isinstance(wanted, Iterable | None):
        raise InvalidInput(f"at={wanted!r}: expected a list of numbers of labels, such as [10, {budget}].")
    return {**settings, "at": [*(n for n in (AT if wanted is None else wanted) if n < budget), budget]}


def _say_interrupted(
    found: Mapping[str, DataSet], races: Mapping[str, Simulation], left: tuple[str, ...], folder: Path | None
) -> None:
    partial = [name for name, race in races.items() if race.missing]
    whole = len(races) - len(partial)
    words = f"Interrupted: {whole} of {len(found)} data sets are finished"
    if partial:
        n = len(races[partial[0]].repeats)
        words += f", {partial[0]!r} with {n} repeat{'s' * (n != 1)}"
    if left and races:
        words += f", without {choices(left)}"
    if not races:
        raise KeyboardInterrupt(f"{words}; {kept(folder)}.") from None
    warnings.warn(f"{words}; {kept(folder)}.", Interrupted, stacklevel=3)


def _folder(path: str | Path | None) -> Path | None:
    if path is None:
        return None
    folder = full_path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"path={str(path)!r} cannot be used: {error.strerror or error}. Pass a folder."
        ) from error
    return folder


def _sets(sets: Any, random_state: int) -> dict[str, DataSet]:
    if not isinstance(sets, Iterable | DataSet):
        raise InvalidInput(f"sets={sets!r}: expected 'small', or a list of names and data sets.")
    given = [sets] if isinstance(sets, str | DataSet) else list(sets)
    if wrong := [one for one in given if not isinstance(one, str | DataSet)]:
        raise InvalidInput(
            f"sets= contains {a_type(wrong[0])}: expected names, or data sets from hitl.datasets.load()."
        )
    names = [
        name for one in given for name in (SUITES.get(one, [one]) if isinstance(one, str) else [one.name])
    ]
    if not names:
        raise InvalidInput("sets= is empty: pass at least one data set.")
    if twice := {name for name in names if names.count(name) > 1}:
        raise InvalidInput(f"Two data sets are called {min(twice)!r}: pass name= to load().")
    found: dict[str, DataSet] = {}
    for one in given:
        found |= suite(one, random_state) if isinstance(one, str) else {one.name: one}
    return found


def _split(data: DataSet, random_state: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows of the pool and those held out, with the same shares of classes if that is possible."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(data.y))
    counts = np.unique(data.y, return_counts=True)[1]
    by = data.y if counts.min() > 1 and HELD_OUT * len(rows) >= len(counts) else None
    pool, out = train_test_split(rows, test_size=HELD_OUT, random_state=random_state, stratify=by)
    return np.sort(pool), np.sort(out)
