"""The one door from what computes to what is shown.

Sessions and races show themselves in a notebook, and know no widgets: these are imported, by name, when
there is something to show.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["chart", "display", "mimebundle", "place"]


def place() -> tuple[str, str]:
    """The cell that runs now and this run of it, by opaque names; both empty outside a notebook."""
    if "ipykernel" not in sys.modules:
        return "", ""
    found: tuple[str, str] = import_module("hitl_widgets.widgets.cells").running()
    return found


def display(session: Any, **options: Any) -> None:
    """Show a session at the end of a cell."""
    import_module("hitl_widgets.widgets.output").show(session, **options)


def mimebundle(session: Any, **options: Any) -> Any:
    """A session as a Workbench."""
    workbench = import_module("hitl_widgets.widgets.workbench").Workbench.unheld(session)
    return workbench._repr_mimebundle_(**options)


def chart(*told: Any, **how: Any) -> Any:
    """The learning curves of a race: see :func:`hitl_widgets.widgets.charts.race_chart`."""
    return import_module("hitl_widgets.widgets.charts").race_chart(*told, **how)
