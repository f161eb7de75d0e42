"""Lesson: a strategy step by step, and a game against it, on points in the plane."""

from hitl_widgets.widgets.lesson.widget import Lesson

__all__ = ["Lesson"]
