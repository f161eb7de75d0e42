"""Explorer: the map, where points are chosen."""

from hitl_widgets.widgets.explorer.widget import BLIND, Explorer

__all__ = ["BLIND", "Explorer"]
