"""The QuestionKind protocol and the registry of kinds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

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

__all__ = [
    "Answer",
    "Arranged",
    "Corrected",
    "Drafted",
    "Explained",
    "Names",
    "QuestionKind",
    "Shading",
    "Standing",
    "Worded",
    "compares",
    "kind_of",
]

Answer = Hashable
"""An answer in terms of class ids: the id of one class, or a tuple of ids for several."""


@dataclass(frozen=True, eq=False)
class Shading:
    """How a map is colored by the answers.

    Attributes
    ----------
    legend
        Name and color (``#rrggbb``) of each shade, at most 255.
    answers
        uint8 of shape (n_codes,): the shade of each answer's code.
    guesses
        Returns the shades of a model's guesses, uint8 of shape (n_items,), 255 if there is no guess.
    """

    legend: tuple[tuple[str, str], ...]
    answers: npt.NDArray[np.uint8]
    guesses: Callable[[Belief], npt.NDArray[np.uint8]]


class Names(Protocol):
    """The current names of classes: a :class:`~.vocabulary.Vocabulary`, or :class:`Standing`."""

    schema: Schema | None

    def meaning(self, id_: str | None) -> str | None:
        """Return the name of a class; None if it is gone."""


@dataclass
class Standing:
    """The names in a schema."""

    schema: Schema | None

    def meaning(self, id_: str | None) -> str | None:
        """Return the name of a class, which may be retired; None if there is none with this id."""
        assert self.schema is not None  # noqa: S101 - it is always given
        return dict(zip(self.schema.ids, self.schema.all_names, strict=True)).get(id_ or "")


class QuestionKind(Protocol):
    """Everything specific to one kind of question; used by the log, the loop and the formats.

    Attributes
    ----------
    name
        Name used by the log and the front end.
    asks
        Description of what it asks for, shown to users.
    arity
        Number of items that an answer is about: 1, or 2 for a comparison.
    closed
        Whether :meth:`answers` returns all possible answers.
    ordered
        Whether the classes are levels, whose order and number are fixed.
    composed
        Whether an answer is more than its classes: the page composes it, and reads its form in the log.
    bulk
        Whether several items at once can get the same answer on a page.
    predicts
        Whether :meth:`guesses` are whole answers, not only the classes in them.
    items
        Names of the kinds of items that it can be asked about; empty for all.
    card
        Sentence on the data card about its answers.
    agreement
        Sentence, after a space, about how answers are compared; empty if they are just equal or not.
    """

    name: str
    asks: str
    arity: int
    closed: bool
    ordered: bool
    composed: bool
    bulk: bool
    predicts: bool
    items: tuple[str, ...]
    card: str
    agreement: str

    def parse(self, value: Any, vocabulary: Vocabulary) -> Answer:
        """Parse a value from Python, from a table, or from the page, which uses class ids.

        Raises
        ------
        InvalidInput
            If the value is not an answer; the message says what was expected.
        """

    def check(self, answer: Answer, schema: Schema, extent: Sequence[float]) -> None:
        """Raise InvalidInput for an answer that does not fit an item.

        ``extent`` is the size of the item: the number of characters of a text, width and height of an image
        in pixels, seconds of a recording; of a video width, height, number of frames and seconds; empty if
        unknown. Only called for :attr:`composed` kinds.
        """

    def load(self, value: Any, vocabulary: Vocabulary) -> Answer | None:
        """Read the answer of a log event, in the classes of its time; None if it is unreadable."""

    def dump(self, answer: Answer) -> Any:
        """Return the answer as JSON, for the log."""

    def now(self, answer: Answer, vocabulary: Vocabulary) -> Answer | None:
        """Return the answer after all class changes; None if the item must be asked again."""

    def said(self, answer: Answer, vocabulary: Names) -> Any:
        """Return the answer with class names, as users read it."""

    def classes(self, answer: Answer) -> tuple[str, ...]:
        """Return the ids of the classes in the answer."""

    def answers(self, schema: Schema) -> Sequence[Answer]:
        """Return the answers known in advance, by code; other answers get codes as they occur."""

    def own(self, said: Any, schema: Schema) -> Any:
        """Convert the result of :meth:`said` to the user's own values, such as numbers."""

    def text(self, said: Any) -> str:
        """Return the result of :meth:`said` as text."""

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the classes in a table cell as a list."""

    def named(self, label: Any) -> Sequence[Any]:
        """Return the classes in a label; both are in the form of :meth:`own`."""

    def cell(self, label: Any) -> Any:
        """Return a label in the form of :meth:`own` as a file cell that :meth:`parse` can read."""

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """Return the learning target of these answers, by code."""

    def agree(self, a: Answer, b: Answer, schema: Schema) -> float:
        """Return how far two answers agree, from 0 (nothing in common) to 1 (the same)."""

    def doubt(self, belief: Belief, i: int, names: Sequence[str]) -> str:
        """Return a short reason why the model is unsure about item ``i``; empty without a guess."""

    def guesses(self, belief: Belief, schema: Schema) -> list[Any]:
        """Return the prediction for each item in the user's own values; None where there is none."""

    def guess_words(self, belief: Belief, i: int) -> str:
        """Return text about a guess besides its classes and confidence; usually empty."""

    def columns(self, belief: Belief, schema: Schema) -> dict[str, npt.NDArray[Any]]:
        """Return extra columns, (n_items,) each, for a table with label, confidence and uncertainty."""

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:
        """Return the ways to color a map by the answers, default first: name and display text."""

    def shading(self, answers: Sequence[Answer], schema: Schema, by: str) -> Shading:
        """Return how a map is colored in the way ``by``, or by default if it is unknown."""


@runtime_checkable
class Explained(Protocol):
    """A kind whose answers may come with a reason."""

    def bare(self, answer: Any) -> Answer:
        """Return the answer without its reason."""


@runtime_checkable
class Arranged(Protocol):
    """A kind whose answers record how the parts of the item were arranged, to measure an effect of that."""

    def shown(self, answer: Any) -> str:
        """Return the parts in the order in which they were shown; empty if unknown."""


@runtime_checkable
class Drafted(Protocol):
    """A kind whose suggestions may lack a part of the answer."""

    def draft(self, value: Any, vocabulary: Vocabulary) -> Answer:
        """Parse a suggestion, like :meth:`QuestionKind.parse`."""

    def keeps(self, draft: Any, answer: Any) -> bool:
        """Return whether an answer has everything that is in a suggestion; both in the form of the log."""


@runtime_checkable
class Corrected(Protocol):
    """A kind whose suggestions are texts that people correct."""

    def changed(self, draft: Any, answer: Any) -> float:
        """Return how much of a suggestion was changed, 0 to 1; both in the form of the log."""


@runtime_checkable
class Worded(Protocol):
    """A kind whose answers contain texts."""

    def words(self, answer: Any) -> str:
        """Return the texts in an answer, for search."""


@cache
def _kinds() -> dict[str, QuestionKind]:
    return {kind.name: kind for kind in kinds_in(hitl_widgets.questions)}


def compares(name: str) -> bool:
    """Return whether questions of this kind compare the members of lists."""
    return "list" in kind_of(name).items


def kind_of(name: str) -> QuestionKind:
    """Return the kind with this name.

    Raises
    ------
    InvalidInput
        If this version does not know it.
    """
    if name not in _kinds():
        raise InvalidInput(
            f"The question is of kind {name!r}, which this version does not know.{nearest(name, _kinds())} "
            f"It knows {choices(_kinds())}. Upgrade with: pip install -U hitl-widgets."
        )
    return _kinds()[name]
