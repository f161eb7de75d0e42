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
from hitl_widgets.races.contest import Race, Start
from hitl_widgets.races.entrants import Entrant

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


def describe(called: str, race: Race, entrants: list[Entrant], repeats: int) -> dict[str, str]:
    """Return what is needed to repeat a race, by name."""
    n, d = race.X.shape
    y = race.said if race.said is not None else race.truth
    return {
        "call": called,
        "data": f"{n:,} items, {d} features, {len(race.classes)} classes",
        "fingerprint": fingerprint(race.X, *([] if y is None else [y])),
        "held out": f"{len(race.test[0]):,} items" if race.test else "none",
        "classes": choices(race.classes),
        "contestants": "; ".join(f"{e.name}: {e.learner_name} + {e.strategy_name}" for e in entrants),
        "repeats": f"{repeats}",
        "start": _start(race.start),
        "random_state": f"{race.seed}",
        **versions(),
        "code": "\n\n".join(dict.fromkeys(filter(None, map(_source, entrants)))),
    }


def _start(start: Start) -> str:
    if start.rows is not None:
        return f"{len(start.rows)} items that were given"
    if start.one_class:
        return f"{start.size} random items of one class"
    own = ", of random: random items" if start.own else ""
    return f"{start.size} items, k-means medoids{own}" if start.size else "none"


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


def _source(entrant: Entrant) -> str:
    """Return the source code of a strategy that is a function of the user's."""
    function = entrant.strategy
    if not isinstance(function, FunctionType) or function.__module__.startswith("hitl_widgets"):
        return ""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""
