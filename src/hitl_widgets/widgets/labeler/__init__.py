"""Labeler: the item to label, the classes, and the card for a whole selection."""

from hitl_widgets.widgets.labeler.widget import Labeler

__all__ = ["Labeler"]
