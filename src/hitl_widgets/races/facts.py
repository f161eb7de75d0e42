"""What is needed to repeat a race: the call, the data, the seed and the versions."""

from __future__ import annotations

import inspect
import platform
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from types import FunctionType
from typing import Any

from hitl_widgets.datasets.sets import DataSet, fingerprint
from hitl_widgets.errors import choices
from hitl_widgets.races.contest import Race
from hitl_widgets.races.entrants import Entrant
from hitl_widgets.races.people import Annotator

__all__ = ["call", "describe", "versions"]

PACKAGES = ("hitl-widgets", "numpy", "scipy", "scikit-learn", "pandas", "numba")
WIDE = 80  # longest call on one line
# They do not change the result.
UNSAID = {"path", "progress", "n_jobs"}


def call(name: str, function: Callable[..., Any], told: Mapping[str, Any]) -> str:
    """Return the call as Python code, with the arguments that differ from the defaults.

    Arrays and other data are represented by the names of their parameters, and functions and data sets by
    their own.
    """
    parts = []
    for one, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            parts += [f"{key}={_code(value, key)}" for key, value in told[one].items() if key not in UNSAID]
        elif parameter.default is parameter.empty:
            parts.append(_code(told[one], one))
        elif one not in UNSAID and not _same(told[one], parameter.default):
            parts.append(f"{one}={_code(told[one], one)}")
    line = f"{name}({', '.join(parts)})"
    return line if len(line) <= WIDE else f"{name}(\n    " + ",\n    ".join(parts) + ",\n)"


def describe(called: str, race: Race, entrants: list[Entrant], repeats: int, unit: str) -> dict[str, str]:
    """Return what is needed to repeat a race, by name."""
    n, d = race.X.shape
    y = race.said if race.said is not None else race.truth
    settings = {
        "start": _start(race),
        **_answers(race.usual),
        **{f"annotator {one.name}": _annotator(one) for one in race.people},
        "overlap": f"{race.overlap:.0%}" if race.overlap else "",
        "audit": f"{race.audit:.0%}" if race.audit else "",
        "stopping rules": ", ".join(race.stopping),
        "cost": f"from {race.cost.min():g} to {race.cost.max():g} {unit} per question"
        if race.cost is not None
        else "",
    }
    functions: list[Any] = [part for e in entrants for part in (e.strategy, e.whom)]
    functions += [metric.function for metric in race.metrics if metric.own]
    functions += [getattr(rule, "function", None) for rule in race.stopping.values()]
    return {
        "call": called,
        "data": f"{n:,} items, {d} features, {len(race.classes)} classes",
        "fingerprint": fingerprint(race.X, *([] if y is None else [y])),
        "held out": f"{len(race.test[0]):,} items" if race.test else "none",
        "classes": choices(race.classes),
        "contestants": "; ".join(map(_contestant, entrants)),
        "metrics": ", ".join(metric.name for metric in race.metrics),
        "budget": f"{_budget(race):g}{f' ({unit})' if race.records else ''}",
        "repeats": f"{repeats}",
        **{name: words for name, words in settings.items() if words},
        "random_state": f"{race.seed}",
        **versions(),
        "code": "\n\n".join(dict.fromkeys(filter(None, map(_source, functions)))),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that determine a result, and the date."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:  # a source checkout that is not installed
            continue
    return {
        "versions": ", ".join([f"Python {platform.python_version()}", *found]),
        "machine": f"{platform.system()} {platform.machine()}",
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def _same(value: Any, default: Any) -> bool:
    return (
        type(value) is type(default)
        and isinstance(value, str | int | float | tuple | None)
        and value == default
    )


def _code(value: Any, name: str) -> str:
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    if isinstance(value, PurePath):
        return repr(str(value))
    if isinstance(value, list | tuple) and len(value) <= 50:
        inner = ", ".join(_code(one, name) for one in value)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner}{',' * (len(value) == 1)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_code(one, str(key))}' for key, one in value.items())}}}"
    if isinstance(value, DataSet):
        return re.sub(r"\W+", "_", value.name)
    if isinstance(value, FunctionType):
        return value.__name__
    if hasattr(value, "get_params"):  # of scikit-learn and scikit-activeml: it reads like code
        return " ".join(repr(value).split())
    return name


def _start(race: Race) -> str:
    start = race.start
    if start.rows is not None:
        return f"{start.size} given rows"
    if start.one_class:
        return f"{start.size} random items of one class"
    if not start.size:
        return "chosen by the strategy"
    return f"{start.size} k-means medoids{', of random: random items' if start.own else ''}"


def _answers(by: Annotator) -> dict[str, str]:
    return {
        "wrong answers": f"{by.noise:.0%} uniform" if by.noise else "",
        "confusion": repr(by.confusion.round(3).tolist()) if by.confusion is not None else "",
        "no answer": f"{by.abstain:.0%}" if by.abstain else "",
    }


def _annotator(by: Annotator) -> str:
    said = [f"{name}: {words}" for name, words in _answers(by).items() if words]
    return ", ".join([*said, f"costs {by.cost:g}"])


def _contestant(e: Entrant) -> str:
    parts = [f"{e.learner_name} + {e.strategy_name}", *[f"batches of {e.batch}"] * (e.batch > 1)]
    return f"{e.name}: {', '.join([*parts, *[f'asks {e.whom_name}'] * bool(e.whom_name)])}"


def _budget(race: Race) -> float:
    """The whole budget, the same for all sizes of the batches."""
    return race.records[-1] if race.records else next(iter(race.stops.values()))[1][-1]


def _source(function: Any) -> str:
    """Return the source code of a function of the user's."""
    if not isinstance(function, FunctionType) or function.__module__.startswith("hitl_widgets"):
        return ""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""
