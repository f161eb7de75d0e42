"""Choice: one class of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Answer, Shading
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.beliefs import Belief
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "Choice"]


class Choice:
    """One class for each item. An answer is the id of a class.

    The log has ``{"class": id}``. Stores of formats 1 and 2 have the class's name of that moment.
    """

    name = "choice"
    asks = "one class"
    arity = 1
    closed = True
    ordered = False
    card = ""
    agreement = ""

    def parse(self, value: Any, vocabulary: Vocabulary) -> str:
        """A class in any equal spelling, by a name that it has or had; or ``{"class": id}``."""
        if isinstance(value, Mapping):
            if not isinstance(value.get("class"), str):
                raise InvalidInput(f"{dict(value)!r} is not an answer: expected a class.")
            return vocabulary.choosable(value["class"], value.get("word"))
        return vocabulary.find(value)

    def load(self, value: Any, vocabulary: Vocabulary) -> str | None:
        """The id; of a name the class that it stood for."""
        if isinstance(value, Mapping):
            found = value.get("class")
            return found if isinstance(found, str) else None
        return vocabulary.understood(value)

    def dump(self, answer: Any) -> dict[str, str]:
        """``{"class": id}``."""
        return {"class": answer}

    def now(self, answer: Any, vocabulary: Vocabulary) -> str | None:
        """The class, or the one that it was merged into; None where it was split or left out."""
        return vocabulary.heir(answer)

    def said(self, answer: Any, vocabulary: Vocabulary) -> str | None:
        """The class's name."""
        return vocabulary.meaning(answer)

    def classes(self, answer: Any) -> tuple[str, ...]:
        """The id."""
        return (answer,)

    def answers(self, schema: Schema) -> Sequence[str]:
        """The classes in order, the retired ones behind the others."""
        return schema.ids

    def own(self, said: Any, schema: Schema) -> Any:
        """The class's own value."""
        return schema.value(said)

    def text(self, said: Any) -> str:
        """The class's name."""
        return str(said)

    def listed(self, value: Any) -> Sequence[Any]:
        """The value."""
        return [value]

    def named(self, label: Any) -> Sequence[Any]:
        """The class."""
        return (label,)

    def cell(self, label: Any) -> Any:
        """The class."""
        return label

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """The class's code; a retired class teaches nothing."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.multiclass import Multiclass

        codes, n = self.places(answers, schema), len(schema.classes)
        return Target(Multiclass(n), codes, codes < n)

    def places(self, answers: Sequence[Answer], schema: Schema) -> npt.NDArray[np.int16]:
        """The place of each answer's class in ``schema.ids``, int16 (n_answers,)."""
        place = {id_: k for k, id_ in enumerate(schema.ids)}
        return np.array([place[str(answer)] for answer in answers], dtype=np.int16)

    def agree(self, a: Answer, b: Answer, schema: Schema) -> float:  # noqa: ARG002
        """1 for the same class, 0 for another."""
        return float(a == b)

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:
        """The two likeliest classes."""
        first, second = int(belief.predicted[i]), int(belief.runner_up[i])
        return f"between {names[first]} and {names[second]}" if min(first, second) >= 0 else ""

    def guess_words(self, belief: Belief, i: int) -> str:  # noqa: ARG002
        """Nothing more."""
        return ""

    def columns(self, belief: Belief, schema: Schema) -> dict[str, npt.NDArray[Any]]:  # noqa: ARG002
        """None."""
        return {}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """By class."""
        return [("", "class")]

    def shading(self, answers: Sequence[Answer], schema: Schema, by: str) -> Shading:  # noqa: ARG002
        """Each class has its colour."""
        every = (*schema.classes, *schema.retired)
        shades = self.places(answers, schema).astype(np.uint8)
        # -1 becomes 255.
        return Shading(
            tuple((c.name, c.color) for c in every), shades, lambda b: b.predicted.astype(np.uint8)
        )


KINDS = (Choice(),)
