"""Reviewer: items on which annotators disagree, and a reviewer's decisions."""

from hitl_widgets.widgets.reviewer.widget import Reviewer

__all__ = ["Reviewer"]
