"""Labeler: the item to label, the classes, and the panel for labeling a selection."""

from hitl_widgets.widgets.labeler.widget import Labeler

__all__ = ["Labeler"]
