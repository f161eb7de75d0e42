"""Explorer: the map, on which points are selected."""

from hitl_widgets.widgets.explorer.widget import Explorer

__all__ = ["Explorer"]
