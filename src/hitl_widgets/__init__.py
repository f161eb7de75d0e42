"""Human-in-the-loop labeling in the notebook: a map, the item most worth labeling, a live model.

Examples
--------
>>> import hitl_widgets as hitl
>>> df = hitl.datasets.docstrings()
>>> session = hitl.Session(df, text="doc", classes=["statistics", "linear algebra"])
>>> session  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hitl_widgets import datasets
    from hitl_widgets.data.pool import Pool
    from hitl_widgets.labels.store import LabelStore
    from hitl_widgets.loop.round import Round
    from hitl_widgets.models.files import load_model
    from hitl_widgets.questions.schema import LabelClass, Schema
    from hitl_widgets.races.simulate import simulate
    from hitl_widgets.races.simulation import Simulation
    from hitl_widgets.session import Session
    from hitl_widgets.widgets.explorer import Explorer
    from hitl_widgets.widgets.labeler import Labeler
    from hitl_widgets.widgets.lesson import Lesson
    from hitl_widgets.widgets.monitor import Monitor
    from hitl_widgets.widgets.workbench import Workbench

try:
    __version__ = version("hitl-widgets")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

_HOMES = {
    "Explorer": "widgets.explorer",
    "LabelClass": "questions.schema",
    "LabelStore": "labels.store",
    "Labeler": "widgets.labeler",
    "Lesson": "widgets.lesson",
    "Monitor": "widgets.monitor",
    "Pool": "data.pool",
    "Round": "loop.round",
    "Schema": "questions.schema",
    "Session": "session",
    "Simulation": "races.simulation",
    "Workbench": "widgets.workbench",
    "load_model": "models.files",
    "simulate": "races.simulate",
}

__all__ = [
    "Explorer",
    "LabelClass",
    "LabelStore",
    "Labeler",
    "Lesson",
    "Monitor",
    "Pool",
    "Round",
    "Schema",
    "Session",
    "Simulation",
    "Workbench",
    "datasets",
    "load_model",
    "simulate",
]


def _mimebundle(session: Session, **options: Any) -> Any:
    """The one place where the loop meets a screen: a Session shows itself as a Workbench."""
    workbench = importlib.import_module("hitl_widgets.widgets.workbench").Workbench.unheld(session)
    return workbench._repr_mimebundle_(**options)


def _display(session: Session, **options: Any) -> None:
    importlib.import_module("hitl_widgets.widgets.channel").show(session, **options)


def _place() -> tuple[str, str]:
    """Where a Session is made: the cell of a notebook, and this run of it."""
    if "ipykernel" not in sys.modules:
        return "", ""
    place: tuple[str, str] = importlib.import_module("hitl_widgets.widgets.cells").running()
    return place


def _chart(simulation: Simulation, metric: str | None = None, **size: int) -> Any:
    """Learning curves with 95 % bands; ``width=`` and ``height=`` in pixels."""
    charts = importlib.import_module("hitl_widgets.widgets.charts")
    table = simulation.summary(metric)
    rows, axis = table.to_dict("records"), simulation.axis
    return charts.race_chart(rows, simulation.colors, table.attrs["metric"], axis=axis, **size)


def __getattr__(name: str) -> Any:
    if name == "datasets":
        return importlib.import_module("hitl_widgets.datasets")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in {"Simulation", "simulate"}:
        importlib.import_module(f"{__name__}.races.simulation").Simulation.chart = _chart
    if name == "Session":
        value._repr_mimebundle_, value._ipython_display_ = _mimebundle, _display
        value.place = staticmethod(_place)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
