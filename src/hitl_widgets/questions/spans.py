"""Questions that ask for spans of a text, and for relations between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.base import Names
from hitl_widgets.questions.marks import MOST_MARKS, Mark, Marks, f1
from hitl_widgets.questions.schema import Schema, is_unicode
from hitl_widgets.questions.values import plain, refuse_strange
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["KINDS", "Related", "Relation", "Spans", "relation_types"]

# There is a key for each type on the page.
MOST_TYPES = 34
MAX_TYPE = 60

Relation = tuple[int, int, str]
"""From one span to another, by their positions in the answer, with its type."""


class Related(tuple[Mark, ...]):
    """Spans with relations between them: an answer to a question that asks for relations."""

    relations: tuple[Relation, ...]

    def __new__(cls, marks: Iterable[Mark], relations: Iterable[Relation] = ()) -> Related:
        """Make an answer of sorted marks; relations are sorted, and equal ones are one."""
        made = super().__new__(cls, marks)
        made.relations = tuple(sorted(set(relations)))
        return made

    def __eq__(self, other: object) -> bool:
        """Return whether spans and relations are the same."""
        return isinstance(other, Related) and super().__eq__(other) and self.relations == other.relations

    def __ne__(self, other: object) -> bool:
        """Return whether they are not."""
        return not self == other

    def __hash__(self) -> int:
        """Return a hash of spans and relations."""
        return hash((tuple(self), self.relations))

    def __reduce__(self) -> Any:
        """Return how to make it again."""
        return Related, (tuple(self), self.relations)


class Spans(Marks):
    """Pieces of a text, each with a class. A place is (start, end) in code points, as in Python's slices.

    Where the question has types of relations (``settings["relations"]``), an answer is :class:`Related`. The
    log then has ``{"spans": [...], "relations": [[from, to, type], ...]}``, and users read a dict with the
    same names.
    """

    beside = ("relations",)
    name = "spans"
    asks = "spans of a text"
    items = ("text",)
    card = (
        "A label is a list of spans, each with start and end in characters and a class, as JSON in files. If "
        "relations are asked for, it is an object with these spans and relations, each from one span to "
        "another, by their places in the list from 0 on."
    )
    agreement = (
        " Two answers agree by the F1 score of their spans; start, end and class must be equal. Where there "
        "are relations, it is the mean of this and of the F1 score of the relations; both of their spans and "
        "the type must be equal."
    )
    one, many, fields = "span", "spans", ("start", "end")

    def place(self, given: Sequence[Any]) -> tuple[int, int]:
        """Return (start, end)."""
        if len(given) != 2 or not all(isinstance(x, int) and not isinstance(x, bool) for x in given):
            raise InvalidInput(f"{list(given)!r} is not a span: expected start and end, whole numbers.")
        start, end = given
        if not 0 <= start < end:
            raise InvalidInput(f"The span from {start} to {end} is empty: expected 0 <= start < end.")
        return start, end

    def same(self, a: Any, b: Any) -> bool:
        """Return whether both are equal."""
        return bool(a == b)

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:
        """Raise InvalidInput for spans beyond the text, and for overlaps if they are not allowed."""
        for (start, end), _ in answer:
            if end > extent[0]:
                raise InvalidInput(
                    f"The span from {start} to {end} is beyond the text, which has {extent[0]:,} characters."
                )
        if not schema.settings.get("overlap"):
            for ((a, b), _), ((c, d), _) in pairwise(answer):
                if c < b:
                    raise InvalidInput(
                        f"The spans {a}-{b} and {c}-{d} overlap, which this question does not allow: pass "
                        "overlap=True to Question.spans."
                    )

    # -- relations

    def parse(self, value: Any, vocabulary: Vocabulary) -> tuple[Mark, ...]:
        """Parse a list of spans, or a dict of spans and relations; also as JSON, or the form of the log."""
        value = self._decoded(value)
        types = _types_of(vocabulary.schema)
        told: Any = ()
        if isinstance(value, Mapping):
            if self.name not in value:
                raise InvalidInput(f"{value!r} is not an answer: expected {self._form(types)}.")
            refuse_strange(value, (self.name, *self.beside))
            told = value.get("relations", ())
            if any(isinstance(span, Mapping) for span in self._listed(value[self.name])):
                value = value[self.name]  # with class names, as users write them
        marks = self._parsed(value, vocabulary)
        relations = self._relations(told, marks, types)
        ordered = sorted(set(marks))
        if not types:
            return tuple(ordered)
        return Related(ordered, _moved(relations, marks, ordered))

    def _form(self, types: Sequence[str]) -> str:
        spans = f"a list of spans, each {self._expected()}"
        if not types:
            return spans
        return f"{{'spans': ..., 'relations': ...}} with {spans}, and a list of relations, each {_EXPECTED}"

    def _relations(self, told: Any, marks: Sequence[Mark], types: Sequence[str]) -> list[Relation]:
        """Return the relations, between the marks as given; raise InvalidInput for what is none."""
        if hasattr(told, "tolist"):
            told = told.tolist()
        if not isinstance(told, list | tuple):
            raise InvalidInput(f"'relations': {told!r}: expected a list, each {_EXPECTED}.")
        if told and not types:
            raise InvalidInput(
                "This question does not ask for relations: pass relations=['...'] to Question.spans."
            )
        if len(told) > MOST_MARKS:
            raise InvalidInput(f"The answer has {len(told):,} relations; the limit is {MOST_MARKS:,}.")
        found: dict[tuple[Mark, Mark, str], Relation] = {}
        for one in told:
            given = [one.get(name) for name in ("from", "to", "label")] if isinstance(one, Mapping) else one
            if not isinstance(given, list | tuple) or len(given) != 3:
                raise InvalidInput(f"{one!r} is not a relation: expected {_EXPECTED}.")
            start, end, kind = map(plain, given)
            for place in (start, end):
                if not _is_place(place, len(marks)):
                    raise InvalidInput(
                        f"The relation {one!r} is between spans {start!r} and {end!r}: expected positions in "
                        f"the list of spans, from 0 to {len(marks) - 1}."
                        if marks
                        else f"The relation {one!r} has no spans: the answer has none."
                    )
            if kind not in types:
                raise InvalidInput(
                    f"{kind!r} is not a type of relation.{nearest(kind, types)} The types are "
                    f"{choices(types)}."
                )
            if marks[start] == marks[end]:
                raise InvalidInput(f"The relation {one!r} is from a span to itself.")
            key = marks[start], marks[end], kind
            if key in found:
                raise InvalidInput(f"The relation {one!r} is given twice.")
            found[key] = start, end, kind
        return list(found.values())

    def load(self, value: Any, vocabulary: Vocabulary) -> tuple[Mark, ...] | None:
        """Return the spans with the class ids in the log, and the relations between them."""
        marks = self._loaded(value)
        if marks is None:
            return None
        relations = value.get("relations", ())
        if not isinstance(relations, list | tuple) or not all(_is_relation(r, marks) for r in relations):
            return None
        ordered = sorted(set(marks))
        if not relations and not _types_of(vocabulary.schema):
            return tuple(ordered)
        return Related(ordered, _moved([tuple(r) for r in relations], marks, ordered))

    def dump(self, answer: Any) -> dict[str, Any]:
        """Return ``{"spans": [[start, end, class id], ...]}``, and the relations if they are asked for."""
        found = super().dump(answer)
        return found | ({"relations": [list(r) for r in answer.relations]} if _related(answer) else {})

    def now(self, answer: Any, vocabulary: Vocabulary) -> tuple[Mark, ...] | None:
        """Return the spans in the current classes, with their relations; None if one was split or removed."""
        found = super().now(answer, vocabulary)
        if found is None or not (_related(answer) or _types_of(vocabulary.schema)):
            return found
        marks = [(place, str(vocabulary.heir(id_))) for place, id_ in answer]
        return Related(found, _moved(answer.relations if _related(answer) else (), marks, found))

    def said(self, answer: Any, vocabulary: Names) -> Any:
        """Return a dict for each span; with relations, a dict of these and of a dict for each relation."""
        spans = super().said(answer, vocabulary)
        if spans is None or not _related(answer):
            return spans
        names = ("from", "to", "label")
        return {"spans": spans, "relations": [dict(zip(names, r, strict=True)) for r in answer.relations]}

    def own(self, said: Any, schema: Schema) -> Any:
        """Return the user's values of the classes."""
        if not isinstance(said, Mapping):
            return super().own(said, schema)
        return {**said, "spans": super().own(said["spans"], schema)}

    def text(self, said: Any) -> str:
        """Return the number of spans, their classes, and the number of relations."""
        if not isinstance(said, Mapping):
            return super().text(said)
        n = len(said["relations"])
        more = f"; {n:,} {'relation' if n == 1 else 'relations'}" if n else ""
        return super().text(said["spans"]) + more

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the classes of the spans."""
        value = self._decoded(value)
        return super().listed(value.get("spans", ()) if isinstance(value, Mapping) else value)

    def named(self, label: Any) -> Sequence[Any]:
        """Return the classes of the spans."""
        return super().named(label["spans"] if isinstance(label, Mapping) else label)

    def cell(self, label: Any) -> Any:
        """Return the label as JSON text."""
        if isinstance(label, Mapping):
            return json.dumps(label, ensure_ascii=False, default=str)
        return super().cell(label)

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return the F1 score of the spans; with relations, the mean of this and of their F1 score."""
        spans = f1(a, b, self)
        one, other = _between(a), _between(b)
        if not one and not other:
            return spans
        return (spans + 2 * len(one & other) / (len(one) + len(other))) / 2


_EXPECTED = "{'from': 0, 'to': 1, 'label': ...}"


def relation_types(relations: Any) -> list[str]:
    """Return the types of relations that a question asks for; raise InvalidInput for what is none."""
    expected = "expected a list of types, such as ['works for', 'owns']."
    if relations is None:
        return []
    if isinstance(relations, str | bytes) or not isinstance(relations, Iterable):
        raise InvalidInput(f"relations={relations!r}: {expected}")
    types = list(map(plain, relations))
    for one in types:
        if not isinstance(one, str) or not one.strip() or not is_unicode(one):
            raise InvalidInput(f"relations= contains {one!r}: {expected}")
        if len(one) > MAX_TYPE:
            raise InvalidInput(
                f"relations= contains a type of {len(one)} characters; the limit is {MAX_TYPE}."
            )
    if twice := sorted({one for one in types if types.count(one) > 1}):
        raise InvalidInput(f"relations= contains {choices(twice)} more than once.")
    if not 0 < len(types) <= MOST_TYPES:
        raise InvalidInput(f"relations= has {len(types)} types: expected 1 to {MOST_TYPES}.")
    return types


def _types_of(schema: Schema | None) -> Sequence[str]:
    found = () if schema is None else schema.settings.get("relations", ())
    return found if isinstance(found, list | tuple) else ()


def _related(answer: Any) -> bool:
    return isinstance(answer, Related)


def _is_place(value: Any, n: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < n


def _is_relation(value: Any, marks: Sequence[Mark]) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 3
        and _is_place(value[0], len(marks))
        and _is_place(value[1], len(marks))
        and isinstance(value[2], str)
    )


def _moved(relations: Iterable[Relation], marks: Sequence[Mark], now: Sequence[Mark]) -> list[Relation]:
    """Return the relations between the marks where they are now; marks that became one are not related."""
    place = {mark: i for i, mark in enumerate(now)}
    moved = [(place[marks[start]], place[marks[end]], kind) for start, end, kind in relations]
    return [(start, end, kind) for start, end, kind in moved if start != end]


def _between(answer: Any) -> set[tuple[Mark, Mark, str]]:
    """Return the relations with their spans."""
    return {(answer[i], answer[j], kind) for i, j, kind in answer.relations} if _related(answer) else set()


KINDS = (Spans(),)
"""The kinds of questions, and the vocabulary of classes with its history of changes."""
