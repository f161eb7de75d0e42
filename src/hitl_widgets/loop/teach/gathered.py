"""Gathered: the experts of all who teach the model."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from hitl_widgets.learn.experts import Expert
from hitl_widgets.loop.asking import Labels

__all__ = ["Gathered"]


class _Teacher(Protocol):
    def experts(self, labels: Labels, X: Any) -> tuple[Expert, ...]:
        """Return the same tuple until something changes."""


class Gathered:
    """The experts of all who teach the model, for :attr:`.Trainer.experts`. It holds them weakly."""

    def __init__(self, *teachers: _Teacher) -> None:
        self._teachers = [weakref.ref(one) for one in teachers]
        self._last: tuple[tuple[tuple[Expert, ...], ...], tuple[Expert, ...]] = ((), ())

    def __call__(self, labels: Labels, X: Any) -> tuple[Expert, ...]:
        """Return the experts: the same tuple until something changes."""
        there = [teacher for one in self._teachers if (teacher := one()) is not None]
        parts = tuple(teacher.experts(labels, X) for teacher in there)
        before, experts = self._last
        if len(parts) != len(before) or any(a is not b for a, b in zip(parts, before, strict=True)):
            experts = tuple(one for part in parts for one in part)
            self._last = parts, experts
        return experts
