"""QuestionKind: what a kind of question must say of its answers, and the kinds that there are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

import hitl_widgets.questions
from hitl_widgets.discovery import kinds_in
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.beliefs import Belief
    from hitl_widgets.learn.problems.base import Target

__all__ = ["Answer", "QuestionKind", "Shading", "kind_of"]

Answer = Hashable
"""What somebody said, in ids of classes: a class by its id, several as a tuple of ids."""


@dataclass(frozen=True, eq=False)
class Shading:
    """How a map is coloured by the answers.

    Attributes
    ----------
    legend
        Name and colour (``#rrggbb``) of each shade, at most 255.
    answers
        uint8 of shape (n_codes,): the shade of each answer's code.
    guesses
        The shades of what a model guesses, uint8 of shape (n_items,), 255 where it guesses nothing.
    """

    legend: tuple[tuple[str, str], ...]
    answers: npt.NDArray[np.uint8]
    guesses: Callable[[Belief], npt.NDArray[np.uint8]]


class QuestionKind(Protocol):
    """Everything that only this kind of question knows; the log, the loop and the formats ask it.

    Attributes
    ----------
    name
        How the log and the front end call it.
    asks
        What it asks for, in words for people.
    arity
        How many items an answer is about: 1, or 2 for a comparison.
    closed
        Whether :meth:`answers` are all that there can be.
    ordered
        Whether the classes are levels, whose order and number stay.
    card
        What a data card says of its answers besides the classes.
    agreement
        What it says of how answers are compared, after a space; empty where they are the same or not.
    """

    name: str
    asks: str
    arity: int
    closed: bool
    ordered: bool
    card: str
    agreement: str

    def parse(self, value: Any, vocabulary: Vocabulary) -> Answer:
        """The answer that a value means: of Python, of a table, or of the page, which knows class ids.

        Raises
        ------
        InvalidInput
            For what is not an answer, with what was expected.
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

    def own(self, said: Any, schema: Schema) -> Any:
        """What :meth:`said` gives, in the person's own values: a class that is a number is a number."""

    def text(self, said: Any) -> str:
        """What :meth:`said` gives, as people read it."""

    def listed(self, value: Any) -> Sequence[Any]:
        """What a cell of a table names, class by class."""

    def named(self, label: Any) -> Sequence[Any]:
        """The classes that a label names, as :meth:`own` gives both."""

    def cell(self, label: Any) -> Any:
        """A label, as :meth:`own` gives it, in a cell of a file; :meth:`parse` understands it."""

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """What these answers, by code, teach a model."""

    def agree(self, a: Answer, b: Answer, schema: Schema) -> float:
        """How far two answers agree: 1 where they are the same, 0 where nothing of them is."""

    def doubt(self, belief: Belief, i: int, names: Sequence[str]) -> str:
        """Why the model is in doubt about item ``i``, in a few words; empty where it has no guess."""

    def guess_words(self, belief: Belief, i: int) -> str:
        """What is to be said of a guess besides its classes and how sure it is; mostly empty."""

    def columns(self, belief: Belief, schema: Schema) -> dict[str, npt.NDArray[Any]]:
        """Columns of a table of predictions besides label, confidence and uncertainty, (n_items,) each."""

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:
        """Ways to colour a map by the answers, the default first: a name, and words for people."""

    def shading(self, answers: Sequence[Answer], schema: Schema, by: str) -> Shading:
        """How a map is coloured in one of these ways; in the default one where ``by`` is none of them."""


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
