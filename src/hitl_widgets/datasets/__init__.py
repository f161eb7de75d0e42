"""Data sets that need no network, and those in your files: for demonstrations, lessons, races and tests."""

from __future__ import annotations

from hitl_widgets.datasets.builtin import DOCSTRING_TOPICS, TOYS, digits, docstrings, toy
from hitl_widgets.datasets.files import load
from hitl_widgets.datasets.sets import DataSet
from hitl_widgets.datasets.suites import SUITES, suite

__all__ = ["DOCSTRING_TOPICS", "SUITES", "TOYS", "DataSet", "digits", "docstrings", "load", "suite", "toy"]
