"""QuestionKind: what a kind of question must say of its answers, and the kinds that there are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache
from typing import Any, Protocol

import hitl_widgets.questions
from hitl_widgets.discovery import kinds_in
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["Answer", "QuestionKind", "kind_of"]

Answer = Hashable
"""What somebody said, in ids of classes: a class by its id, several as a tuple of ids."""


class QuestionKind(Protocol):
    """Everything that only this kind of question knows; the log, the loop and the formats ask it.

    Attributes
    ----------
    name
        How the log and the front end call it.
    arity
        How many items an answer is about: 1, or 2 for a comparison.
    """

    name: str
    arity: int

    def parse(self, value: Any, vocabulary: Vocabulary) -> Answer:
        """The answer that a value means: of Python, of a table, or of the page, which knows class ids.

        Raises
        ------
        InvalidInput
            For what is no answer, with what was expected.
        """

    def load(self, value: Any, vocabulary: Vocabulary) -> Answer | None:
        """What an event of the log said, in the classes of that moment; None for what nobody can read."""

    def dump(self, answer: Answer) -> Any:
        """The answer as JSON, for the log."""

    def now(self, answer: Answer, vocabulary: Vocabulary) -> Answer | None:
        """What it means after classes were renamed, merged, split and retired; None: it is asked again."""

    def said(self, answer: Answer, vocabulary: Vocabulary) -> Any:
        """The answer in names of classes: what people read."""

    def classes(self, answer: Answer) -> tuple[str, ...]:
        """The ids of the classes that it names."""

    def answers(self, schema: Schema) -> Sequence[Answer]:
        """The answers by code, as far as they are known beforehand; others are counted as they come."""


@cache
def _kinds() -> dict[str, QuestionKind]:
    return {kind.name: kind for kind in kinds_in(hitl_widgets.questions)}


def kind_of(name: str) -> QuestionKind:
    """The kind of this name.

    Raises
    ------
    InvalidInput
        For one that this version does not know.
    """
    if name not in _kinds():
        raise InvalidInput(
            f"The question is of kind {name!r}, which this version does not know.{nearest(name, _kinds())} "
            f"It knows {choices(_kinds())}. Upgrade with: pip install -U hitl-widgets."
        )
    return _kinds()[name]
