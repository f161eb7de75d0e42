"""Answers that mark places in an item, each with a class: spans, boxes and others."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Names
from hitl_widgets.questions.choices import Choices
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import plain
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["MOST_MARKS", "Mark", "Marks", "f1"]

# More than this would make an act too large to send.
MOST_MARKS = 20_000

Mark = tuple[Any, str]
"""A place in an item, in a form that depends on the kind, and the id of its class."""


class Marks(Choices):
    """A base class for these kinds. An answer is a sorted tuple of :data:`Mark`.

    The log stores ``{name: [[*place, class id], ...]}``, users read a list of dicts. What is learned on the
    whole item is which classes occur in it.

    Attributes
    ----------
    one, many
        What a mark is called.
    fields
        Names of the numbers of a place, as users read them.
    """

    asks = "marks"
    composed = True
    bulk = False
    predicts = False
    card = "A label is a list of marks, each with a class, stored as JSON in files."
    agreement = " Two answers agree by the F1 score of their marks."
    one: str
    many: str
    fields: tuple[str, ...]

    @abstractmethod
    def place(self, given: Sequence[Any]) -> Any:
        """Return a hashable place from JSON values.

        Raises
        ------
        InvalidInput
            If they are not a place.
        """

    def told(self, place: Any) -> Sequence[Any]:
        """Return a place as JSON values."""
        return list(place)

    @abstractmethod
    def same(self, a: Any, b: Any) -> bool:
        """Return whether two places are the same, as far as two annotators can be expected to agree."""

    def near(self, place: Any, others: Sequence[Any]) -> Sequence[int]:
        """Return the positions of the other places that are the same."""
        return [k for k, other in enumerate(others) if self.same(place, other)]

    def parse(self, value: Any, vocabulary: Vocabulary) -> tuple[Mark, ...]:
        """Parse a list of dicts or tuples with class names, also as JSON, or the form of the log."""
        return tuple(sorted(set(self._parsed(value, vocabulary))))

    def _parsed(self, value: Any, vocabulary: Vocabulary) -> list[Mark]:
        """Return the marks in the order in which they are given."""
        if isinstance(value, Mapping) and self.name in value:
            marks = self._listed(value[self.name])
            classes: Any = vocabulary.choosable
        else:
            marks, classes = list(map(self._flat, self._listed(value))), vocabulary.find
        found: list[Mark] = []
        for mark in marks:
            if not isinstance(mark, list | tuple) or len(mark) < 2:
                raise InvalidInput(f"{mark!r} is not a mark: expected {self._expected()}.")
            found.append((self.place(list(map(plain, mark[:-1]))), classes(plain(mark[-1]))))
        return found

    def _decoded(self, value: Any) -> Any:
        """Return what a text means as JSON, and other values as they are."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidInput(f"{value!r} is not a list of {self.many}: expected JSON.") from None

    def _listed(self, value: Any) -> list[Any]:
        value = self._decoded(value)
        if hasattr(value, "tolist"):
            value = value.tolist()
        if not isinstance(value, list | tuple):
            raise InvalidInput(
                f"{value!r} is not an answer: expected a list of {self.many}, each {self._expected()}; "
                "[] for none."
            )
        if len(value) > MOST_MARKS:
            raise InvalidInput(f"The answer has {len(value):,} {self.many}; the limit is {MOST_MARKS:,}.")
        return list(value)

    def _flat(self, mark: Any) -> Any:
        if not isinstance(mark, Mapping):
            return mark
        names = (*self.fields, "label")
        if missing := [name for name in names if name not in mark]:
            raise InvalidInput(f"{dict(mark)!r} has no {missing[0]!r}: expected {self._expected()}.")
        return [mark[name] for name in names]

    def _expected(self) -> str:
        names = ", ".join(f"{name!r}: ..." for name in (*self.fields, "label"))
        return f"{{{names}}}"

    def load(self, value: Any, vocabulary: Vocabulary) -> tuple[Mark, ...] | None:  # noqa: ARG002
        """Return the marks with the class ids in the log."""
        found = self._loaded(value)
        return None if found is None else tuple(sorted(set(found)))

    def _loaded(self, value: Any) -> list[Mark] | None:
        """Return the marks in the order of the log; None if they cannot be read."""
        marks = value.get(self.name) if isinstance(value, Mapping) else None
        if not isinstance(marks, list | tuple):
            return None
        found = []
        for mark in marks:
            if not isinstance(mark, list | tuple) or len(mark) < 2 or not isinstance(mark[-1], str):
                return None
            try:
                found.append((self.place(mark[:-1]), mark[-1]))
            except InvalidInput:
                return None
        return found

    def dump(self, answer: Any) -> dict[str, Any]:
        """Return ``{name: [[*place, class id], ...]}``."""
        return {self.name: [[*self.told(place), id_] for place, id_ in answer]}

    def now(self, answer: Any, vocabulary: Vocabulary) -> tuple[Mark, ...] | None:
        """Return the marks in the current classes; None if one was split or removed."""
        heirs = {id_: vocabulary.heir(id_) for id_ in self.classes(answer)}
        if None in heirs.values():
            return None
        return tuple(sorted({(place, str(heirs[id_])) for place, id_ in answer}))

    def said(self, answer: Any, vocabulary: Names) -> Any:
        """Return a dict for each mark, in order."""
        names = {id_: vocabulary.meaning(id_) for id_ in self.classes(answer)}
        if None in names.values():
            return None
        return [
            {**dict(zip(self.fields, self.told(place), strict=False)), "label": names[id_]}
            for place, id_ in answer
        ]

    def classes(self, answer: Any) -> tuple[str, ...]:
        """Return the ids of the classes that occur."""
        return tuple(sorted({id_ for _, id_ in answer}))

    def own(self, said: Any, schema: Schema) -> Any:
        """Return the user's values of the classes."""
        return None if said is None else [{**mark, "label": schema.value(mark["label"])} for mark in said]

    def text(self, said: Any) -> str:
        """Return the number of marks, and their classes."""
        names = ", ".join(dict.fromkeys(str(mark["label"]) for mark in said))
        n = len(said)
        return f"{n:,} {self.one if n == 1 else self.many}: {names}" if n else f"no {self.many}"

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the classes of the marks."""
        return [mark[-1] for mark in map(self._flat, self._listed(value))]

    def named(self, label: Any) -> Sequence[Any]:
        """Return the classes of the marks."""
        return tuple(mark["label"] for mark in label)

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return the F1 score of the marks: see :func:`f1`."""
        return f1(a, b, self)


def f1(a: Iterable[Mark], b: Iterable[Mark], kind: Marks) -> float:
    """Return the F1 score of two answers: twice the number of marks in both, divided by that in either.

    As many marks as possible are matched, each with at most one other of the same class and place.
    """
    left, right = _by_class(a), _by_class(b)
    n = sum(map(len, left.values())) + sum(map(len, right.values()))
    both = sum(_matched(places, right.get(id_, []), kind) for id_, places in left.items())
    return 2 * both / n if n else 1.0


def _by_class(marks: Iterable[Mark]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for place, id_ in marks:
        found.setdefault(id_, []).append(place)
    return found


def _matched(places: list[Any], others: list[Any], kind: Marks) -> int:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not others:
        return 0
    near = [kind.near(place, others) for place in places]
    ends = np.cumsum([0, *map(len, near)])
    columns = np.array([k for row in near for k in row], np.int32)
    alike = csr_array((np.ones(len(columns), np.bool_), columns, ends), shape=(len(places), len(others)))
    return int((maximum_bipartite_matching(alike, perm_type="column") >= 0).sum())
