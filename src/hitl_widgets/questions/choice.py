"""Choice: one class of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["KINDS", "Choice"]


class Choice:
    """One class for each item. An answer is the id of a class.

    The log has ``{"class": id}``. Stores of formats 1 and 2 have the class's name of that moment.
    """

    name = "choice"
    arity = 1

    def parse(self, value: Any, vocabulary: Vocabulary) -> str:
        """A class in any equal spelling, by a name that it has or had; or ``{"class": id}``."""
        if isinstance(value, Mapping):
            return vocabulary.choosable(value.get("class"), value.get("word"))
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


KINDS = (Choice(),)
