"""Questions that ask for one class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Answer, Names, Shading
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import refuse_strange
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.beliefs import Belief
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "Choice"]


class Choice:
    """One class for each item. An answer is the id of a class.

    The log stores ``{"class": id}``. Stores of formats 1 and 2 have the class name at the time.
    """

    name = "choice"
    asks = "one class"
    arity = 1
    closed = True
    ordered = False
    composed = False
    bulk = True
    predicts = True
    items: tuple[str, ...] = ()
    card = ""
    agreement = ""

    def parse(self, value: Any, vocabulary: Vocabulary) -> str:
        """Parse a current or former class name in any equivalent spelling, or ``{"class": id}``."""
        if isinstance(value, Mapping):
            if not isinstance(value.get("class"), str):
                raise InvalidInput(f"{dict(value)!r} is not an answer: expected a class.")
            refuse_strange(value, ("class", "word"))
            return vocabulary.choosable(value["class"], value.get("word"))
        return vocabulary.find(value)

    def check(self, answer: Answer, schema: Schema, extent: Sequence[float]) -> None:
        """Accept every answer."""

    def load(self, value: Any, vocabulary: Vocabulary) -> str | None:
        """Return the id; for a name, the id of the class that it stood for."""
        if isinstance(value, Mapping):
            found = value.get("class")
            return found if isinstance(found, str) else None
        return vocabulary.understood(value)

    def dump(self, answer: Any) -> dict[str, str]:
        """Return ``{"class": id}``."""
        return {"class": answer}

    def now(self, answer: Any, vocabulary: Vocabulary) -> str | None:
        """Return the class, or the one it was merged into; None if it was split or removed."""
        return vocabulary.heir(answer)

    def said(self, answer: Any, vocabulary: Names) -> str | None:
        """Return the class name."""
        return vocabulary.meaning(answer)

    def classes(self, answer: Any) -> tuple[str, ...]:
        """Return the id in a tuple."""
        return (answer,)

    def answers(self, schema: Schema) -> Sequence[str]:
        """Return the class ids in order, retired ones last."""
        return schema.ids

    def own(self, said: Any, schema: Schema) -> Any:
        """Return the user's value of the class."""
        return schema.value(said)

    def text(self, said: Any) -> str:
        """Return the class name."""
        return str(said)

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the value in a list."""
        return [value]

    def named(self, label: Any) -> Sequence[Any]:
        """Return the class in a tuple."""
        return (label,)

    def cell(self, label: Any) -> Any:
        """Return the class."""
        return label

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """Return the class codes as the target; retired classes are excluded."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.multiclass import Multiclass

        codes, n = self.places(answers, schema), len(schema.classes)
        return Target(Multiclass(n), codes, codes < n)

    def places(self, answers: Sequence[Answer], schema: Schema) -> npt.NDArray[np.int16]:
        """Return the position of each answer's class in ``schema.ids``, int16 (n_answers,)."""
        place = {id_: k for k, id_ in enumerate(schema.ids)}
        return np.array([place[str(answer)] for answer in answers], dtype=np.int16)

    def agree(self, a: Answer, b: Answer, schema: Schema) -> float:  # noqa: ARG002
        """Return 1 for the same class, else 0."""
        return float(a == b)

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:
        """Name the two most likely classes."""
        first, second = int(belief.predicted[i]), int(belief.runner_up[i])
        return f"between {names[first]} and {names[second]}" if min(first, second) >= 0 else ""

    def guesses(self, belief: Belief, schema: Schema) -> list[Any]:
        """Return the user's value of the most likely class."""
        values = schema.values
        return [values[code] if code >= 0 else None for code in belief.predicted.tolist()]

    def guess_words(self, belief: Belief, i: int) -> str:  # noqa: ARG002
        """Return an empty text."""
        return ""

    def columns(self, belief: Belief, schema: Schema) -> dict[str, npt.NDArray[Any]]:  # noqa: ARG002
        """Return no extra columns."""
        return {}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Return one way: by class."""
        return [("", "class")]

    def shading(self, answers: Sequence[Answer], schema: Schema, by: str) -> Shading:  # noqa: ARG002
        """Give each class its own color."""
        every = (*schema.classes, *schema.retired)
        shades = self.places(answers, schema).astype(np.uint8)
        # -1 becomes 255.
        return Shading(
            tuple((c.name, c.color) for c in every), shades, lambda b: b.predicted.astype(np.uint8)
        )


KINDS = (Choice(),)
