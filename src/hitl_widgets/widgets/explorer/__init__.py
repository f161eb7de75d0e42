"""Explorer: the map, on which points are selected."""

from hitl_widgets.widgets.explorer.widget import BLIND, Explorer

__all__ = ["BLIND", "Explorer"]
