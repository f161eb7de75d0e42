"""Questions from whose answers nothing is learned unless a kind says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.questions.base import Answer, Shading
from hitl_widgets.questions.schema import Schema

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["Untaught"]

BLUE = "#0072B2"


class Untaught:
    """The part of these kinds that concerns learning."""

    predicts = False

    def named(self, label: Any) -> Sequence[Any]:  # noqa: ARG002
        """Return no classes, so that a data card does not count each answer."""
        return ()

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:  # noqa: ARG002
        """Return a target from which nothing is learned."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.unlearned import Unlearned

        n = len(answers)
        return Target(Unlearned(), np.zeros((n, 0), np.bool_), np.ones(n, np.bool_))

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:  # noqa: ARG002
        """Return the reason why such items are asked."""
        return "to cover the map"

    def guesses(self, belief: Any, schema: Schema) -> list[Any]:  # noqa: ARG002
        """Return no predictions."""
        return [None] * len(belief)

    def guess_words(self, belief: Any, i: int) -> str:  # noqa: ARG002
        """Return an empty text."""
        return ""

    def columns(self, belief: Any, schema: Schema) -> dict[str, npt.NDArray[Any]]:  # noqa: ARG002
        """Return no extra columns."""
        return {}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Return one way: whether there is an answer."""
        return [("", "answer")]

    def shading(self, answers: Sequence[Answer], schema: Schema, by: str) -> Shading:  # noqa: ARG002
        """Give all answers one color."""

        def none(belief: Any) -> npt.NDArray[np.uint8]:
            return np.full(len(belief), 255, np.uint8)

        return Shading((("answered", BLUE),), np.zeros(len(answers), np.uint8), none)
