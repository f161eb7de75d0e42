"""Human-in-the-loop labeling in the notebook: a map, the most useful item to label next, a live model.

Examples
--------
>>> import hitl_widgets as hitl
>>> df = hitl.datasets.docstrings()
>>> session = hitl.Session(df, text="doc", classes=["statistics", "linear algebra"])
>>> session  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hitl_widgets import datasets, suggest
    from hitl_widgets.data.pool import Pool
    from hitl_widgets.items.clips import frame_times
    from hitl_widgets.items.conversation import turns
    from hitl_widgets.items.rendered import Renderer
    from hitl_widgets.labels.store import LabelStore
    from hitl_widgets.lessons.classroom import classroom
    from hitl_widgets.loop.round import Round
    from hitl_widgets.loop.teach.rules import Rule
    from hitl_widgets.models.files import load_model
    from hitl_widgets.preferences.preferences import Preferences
    from hitl_widgets.questions.question import Question
    from hitl_widgets.questions.schema import LabelClass, Schema
    from hitl_widgets.races.benchmark import benchmark
    from hitl_widgets.races.embeddings import compare_embeddings
    from hitl_widgets.races.simulate import simulate
    from hitl_widgets.races.simulation import Simulation
    from hitl_widgets.races.standings import Benchmark
    from hitl_widgets.session import Session
    from hitl_widgets.widgets.explorer import Explorer
    from hitl_widgets.widgets.labeler import Labeler
    from hitl_widgets.widgets.lesson import Lesson
    from hitl_widgets.widgets.monitor import Monitor
    from hitl_widgets.widgets.reviewer import Reviewer
    from hitl_widgets.widgets.workbench import Workbench

try:
    __version__ = version("hitl-widgets")
except PackageNotFoundError:  # a source checkout that is not installed
    __version__ = "0+unknown"

_HOMES = {
    "Benchmark": "races.standings",
    "Explorer": "widgets.explorer",
    "LabelClass": "questions.schema",
    "LabelStore": "labels.store",
    "Labeler": "widgets.labeler",
    "Lesson": "widgets.lesson",
    "Monitor": "widgets.monitor",
    "Pool": "data.pool",
    "Preferences": "preferences.preferences",
    "Renderer": "items.rendered",
    "Round": "loop.round",
    "Rule": "loop.teach.rules",
    "Question": "questions.question",
    "Reviewer": "widgets.reviewer",
    "Schema": "questions.schema",
    "Session": "session",
    "Simulation": "races.simulation",
    "Workbench": "widgets.workbench",
    "benchmark": "races.benchmark",
    "classroom": "lessons.classroom",
    "compare_embeddings": "races.embeddings",
    "frame_times": "items.clips",
    "load_model": "models.files",
    "simulate": "races.simulate",
    "turns": "items.conversation",
}

__all__ = [
    "Benchmark",
    "Explorer",
    "LabelClass",
    "LabelStore",
    "Labeler",
    "Lesson",
    "Monitor",
    "Pool",
    "Preferences",
    "Question",
    "Renderer",
    "Reviewer",
    "Round",
    "Rule",
    "Schema",
    "Session",
    "Simulation",
    "Workbench",
    "benchmark",
    "classroom",
    "compare_embeddings",
    "datasets",
    "frame_times",
    "load_model",
    "simulate",
    "suggest",
    "turns",
]


def __getattr__(name: str) -> Any:
    if name in {"datasets", "suggest"}:
        return importlib.import_module(f"hitl_widgets.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
