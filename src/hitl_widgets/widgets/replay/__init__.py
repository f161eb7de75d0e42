"""Replay: a run of a simulation on the map, question by question."""

from hitl_widgets.widgets.replay.widget import Replay

__all__ = ["Replay"]
