"""Lesson: a strategy step by step, and you against the machine, on points in the plane."""

from hitl_widgets.widgets.lesson.widget import Lesson

__all__ = ["Lesson"]
