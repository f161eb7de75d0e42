"""The only link from the computing modules to the widgets.

Sessions and simulations display themselves in a notebook without depending on the widgets, which are
imported by name when there is something to show.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = [
    "Shown",
    "chart",
    "display",
    "mimebundle",
    "place",
    "ranks",
    "replay",
    "rewards",
    "save",
    "svg",
    "workbench",
]


class Shown:
    """Displays the Workbench of its session at the end of a cell."""

    session: Any

    def _ipython_display_(self, **options: Any) -> None:
        display(self.session, **options)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return mimebundle(self.session, **options)

    def _display_(self) -> Any:
        return workbench(self.session)


def place() -> tuple[str, str]:
    """Return opaque names of the running cell and of this run of it; both are empty outside a notebook."""
    if not sys.modules.keys() & {"ipykernel", "marimo"}:
        return "", ""
    found: tuple[str, str] = import_module("hitl_widgets.widgets.cells").running()
    return found


def display(session: Any, **options: Any) -> None:
    """Display a session at the end of a cell."""
    workbench(session)._ipython_display_(**options)


def mimebundle(session: Any, **options: Any) -> Any:
    """Return the MIME bundle of a session, shown as a Workbench."""
    return workbench(session)._repr_mimebundle_(**options)


def workbench(session: Any) -> Any:
    """Return the Workbench with which a session displays itself."""
    return import_module("hitl_widgets.widgets.workbench").Workbench.unheld(session)


def chart(*told: Any, **how: Any) -> Any:
    """Draw the learning curves of a simulation: see :func:`hitl_widgets.widgets.charts.race_chart`."""
    return import_module("hitl_widgets.widgets.charts").race_chart(*told, **how)


def ranks(*told: Any, **how: Any) -> Any:
    """Draw the ranks of a benchmark: see :func:`hitl_widgets.widgets.charts.rank_chart`."""
    return import_module("hitl_widgets.widgets.charts").rank_chart(*told, **how)


def rewards(*told: Any) -> Any:
    """Draw a map of candidates: see :func:`hitl_widgets.widgets.rewardchart.reward_chart`."""
    return import_module("hitl_widgets.widgets.rewardchart").reward_chart(*told)


def replay(*told: Any) -> Any:
    """Show a run of a simulation: see :class:`hitl_widgets.widgets.replay.Replay`."""
    return import_module("hitl_widgets.widgets.replay").Replay(*told)


def save(chart: Any, path: str | Path) -> Path:
    """Save a chart as a figure: see :func:`hitl_widgets.widgets.figures.save`."""
    saved: Path = import_module("hitl_widgets.widgets.figures").save(chart, path)
    return saved


def svg(chart: Any) -> str:
    """Return a chart as SVG for a page: see :func:`hitl_widgets.widgets.figures.svg`."""
    drawn: str = import_module("hitl_widgets.widgets.figures").svg(chart)
    return drawn
