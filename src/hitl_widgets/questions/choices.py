"""Questions that ask for any number of classes."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Answer, Names, Shading
from hitl_widgets.questions.schema import Schema, scale
from hitl_widgets.questions.values import is_blank, plain, refuse_strange
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.beliefs import Belief
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "Choices"]

GREY = "#8C8C8C"
# With more classes, the color stays the same.
MOST = 6


class Choices:
    """Any of the classes for each item, or none of them. An answer is a sorted tuple of class ids.

    The log stores ``{"classes": [ids]}``.
    """

    name = "choices"
    asks = "several classes at once"
    arity = 1
    closed = False
    ordered = False
    composed = False
    bulk = True
    predicts = True
    items: tuple[str, ...] = ()
    card = "Any of the classes may apply to an item, or none: a label is a list, stored as JSON in files."
    agreement = " Two answers agree as far as they share classes (Jaccard index); kappa is weighted by that."

    def parse(self, value: Any, vocabulary: Vocabulary) -> tuple[Any, ...]:
        """Parse classes in any equivalent spelling: a list, also as JSON, one, or ``{"classes": [ids]}``."""
        if isinstance(value, Mapping):
            ids, words = value.get("classes"), value.get("words")
            if not isinstance(ids, list | tuple) or not all(isinstance(id_, str) for id_ in ids):
                raise InvalidInput(f"{value!r} is not an answer: expected a list of classes.")
            refuse_strange(value, ("classes", "words"))
            called = dict(zip(ids, words, strict=False)) if isinstance(words, list | tuple) else {}
            return tuple(sorted({vocabulary.choosable(id_, called.get(id_)) for id_ in ids}))
        if isinstance(value, str) and vocabulary.understood(value) is not None:
            return (vocabulary.find(value),)  # even if it looks like a list
        return tuple(sorted({vocabulary.find(one) for one in self.listed(value)}))

    def check(self, answer: Answer, schema: Schema, extent: Sequence[float]) -> None:
        """Accept every answer."""

    def load(self, value: Any, vocabulary: Vocabulary) -> tuple[Any, ...] | None:
        """Return the ids; for names, the ids of the classes that they stood for."""
        if isinstance(value, list | tuple):
            ids: Any = [vocabulary.understood(word) for word in value]
        else:
            ids = value.get("classes") if isinstance(value, Mapping) else None
        if not isinstance(ids, list | tuple) or not all(isinstance(id_, str) for id_ in ids):
            return None
        return tuple(sorted(set(ids)))

    def dump(self, answer: Any) -> dict[str, list[str]]:
        """Return ``{"classes": [ids]}``."""
        return {"classes": list(answer)}

    def now(self, answer: Any, vocabulary: Vocabulary) -> tuple[Any, ...] | None:
        """Return the classes, or those they were merged into; None if one was split or removed."""
        heirs = [vocabulary.heir(id_) for id_ in answer]
        return None if None in heirs else tuple(sorted({h for h in heirs if h is not None}))

    def said(self, answer: Any, vocabulary: Names) -> list[str] | None:
        """Return the class names, in the order of the question."""
        schema = vocabulary.schema
        order = {} if schema is None else {name: i for i, name in enumerate(schema.all_names)}
        names = [vocabulary.meaning(id_) for id_ in answer]
        if None in names:
            return None
        return sorted(
            dict.fromkeys(n for n in names if n is not None), key=lambda n: order.get(n, len(order))
        )

    def classes(self, answer: Any) -> tuple[str, ...]:
        """Return the ids."""
        return tuple(answer)

    def answers(self, schema: Schema) -> Sequence[tuple[str, ...]]:  # noqa: ARG002
        """Return only the empty answer; others get codes as they occur."""
        return ((),)

    def own(self, said: Any, schema: Schema) -> Any:
        """Return the user's values of the classes."""
        return None if said is None else [schema.value(name) for name in said]

    def text(self, said: Any) -> str:
        """Return the class names, separated by commas."""
        return ", ".join(said) or "none of them"

    def listed(self, value: Any) -> Sequence[Any]:
        """Return one class or several as a list; a text may be a JSON or Python list."""
        value = plain(value)
        if isinstance(value, str):
            return _in_text(value)
        if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
            if is_blank(value) or isinstance(value, Mapping):
                raise InvalidInput(
                    f"{value!r} is not an answer: expected a list of classes; [] for none of them."
                )
            return [value]
        return list(value)

    def named(self, label: Any) -> Sequence[Any]:
        """Return the classes."""
        return tuple(label)

    def cell(self, label: Any) -> Any:
        """Return the list as JSON text."""
        return json.dumps(label, ensure_ascii=False, default=str) if isinstance(label, list) else label

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """Return whether each class applies; retired ones are excluded."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.multilabel import Multilabel

        n = len(schema.classes)
        return Target(Multilabel(n), self._table(answers, schema)[:, :n], np.ones(len(answers), np.bool_))

    def _table(self, answers: Sequence[Any], schema: Schema) -> npt.NDArray[np.bool_]:
        code = {id_: k for k, id_ in enumerate(schema.ids)}
        table = np.zeros((len(answers), len(code)), np.bool_)
        for row, answer in enumerate(answers):
            table[row, [code[id_] for id_ in self.classes(answer) if id_ in code]] = True
        return table

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return the Jaccard index: the share of classes in both answers among those in either."""
        either = set(a) | set(b)
        return len(set(a) & set(b)) / len(either) if either else 1.0

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:
        """Name the class that the model is least sure about."""
        return f"unsure about {names[int(np.abs(belief.P[i] - 0.5).argmin())]}" if belief.known[i] else ""

    def guesses(self, belief: Belief, schema: Schema) -> list[Any]:
        """Return the user's values of the classes that are more likely than not."""
        values, rows = schema.values, zip(belief.known.tolist(), belief.predicted, strict=True)
        return [[values[k] for k in np.flatnonzero(row)] if known else None for known, row in rows]

    def guess_words(self, belief: Belief, i: int) -> str:  # noqa: ARG002
        """Return an empty text."""
        return ""

    def columns(self, belief: Any, schema: Schema) -> dict[str, npt.NDArray[Any]]:
        """Return the probability of each class."""
        P = np.where(belief.known[:, None], belief.P, np.nan)
        return {f"p_{name}": P[:, k] for k, name in enumerate(schema.names)}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:
        """Return the ways: by the number of classes that apply, or by one class."""
        return [("", "how many"), *((id_, name) for id_, name in zip(schema.ids, schema.names, strict=False))]

    def shading(self, answers: Sequence[Answer], schema: Schema, by: str) -> Shading:
        """Shade by the number of classes that apply, or by whether one class does."""
        table = self._table(answers, schema)
        if by in (ids := schema.ids[: len(schema.classes)]):
            k = ids.index(by)
            c = schema.classes[k]
            legend = ((f"not {c.name}", GREY), (c.name, c.color))

            def one(belief: Any) -> npt.NDArray[np.uint8]:
                return np.where(belief.known, belief.predicted[:, k], 255).astype(np.uint8)

            return Shading(legend, table[:, k].astype(np.uint8), one)
        most = min(MOST, len(schema.classes))
        words = ["none", "1 class", *(f"{n} classes" for n in range(2, most + 1))]
        if most < len(schema.classes):
            words[-1] += " or more"

        def many(belief: Any) -> npt.NDArray[np.uint8]:
            n = np.minimum(belief.predicted.sum(axis=1), most)
            return np.where(belief.known, n, 255).astype(np.uint8)

        shades = np.minimum(table.sum(axis=1), most).astype(np.uint8)
        return Shading(tuple(zip(words, [GREY, *scale(most)], strict=True)), shades, many)


def _in_text(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        for read in (json.loads, ast.literal_eval):
            with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                found = read(text.strip())
                return found if isinstance(found, list) else [text]
    return [text]


KINDS = (Choices(),)
