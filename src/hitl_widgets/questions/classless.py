"""Questions without classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hitl_widgets.questions.base import Answer
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["Classless"]


class Classless:
    """A base class for these kinds. Changes of classes do not change their answers."""

    arity = 1
    closed = False
    ordered = False
    composed = True

    def check(self, answer: Answer, schema: Schema, extent: Sequence[float]) -> None:
        """Accept every answer."""

    def now(self, answer: Any, vocabulary: Vocabulary) -> Any:  # noqa: ARG002
        """Return the answer."""
        return answer

    def classes(self, answer: Answer) -> tuple[str, ...]:  # noqa: ARG002
        """Return no classes."""
        return ()

    def answers(self, schema: Schema) -> Sequence[Any]:  # noqa: ARG002
        """Return no answers; they get codes as they occur."""
        return ()

    def own(self, said: Any, schema: Schema) -> Any:  # noqa: ARG002
        """Return what was said."""
        return said

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the value in a list."""
        return [value]

    def cell(self, label: Any) -> Any:
        """Return the label."""
        return label
