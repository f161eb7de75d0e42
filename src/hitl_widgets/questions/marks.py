"""Answers that mark places in an item, each with a class: spans, boxes and others."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, nearest
from hitl_widgets.questions.base import Names
from hitl_widgets.questions.choices import Choices
from hitl_widgets.questions.schema import Schema, is_unicode
from hitl_widgets.questions.text import distance, tidied
from hitl_widgets.questions.values import is_blank, plain, refuse_strange
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["MOST_MARKS", "Mark", "Marks", "f1", "lined"]

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
    extras
        Names of what a mark may have besides.
    called
        What users call the class of a mark.
    optional
        Whether a mark may lack a class.
    writes
        Whether marks have texts if the question has the setting ``transcribe``. A text is the last part of
        a place.
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
    extras: tuple[str, ...] = ()
    called = "label"
    optional = False
    writes = False
    beside: tuple[str, ...] = ()  # what else an answer that is a dict may have

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

    def group(self, place: Any) -> Any:  # noqa: ARG002 - of no place that has no parts
        """Return what two places must have in common to be the same, so that only these are compared."""
        return None

    def near(self, place: Any, others: Sequence[Any]) -> Sequence[int]:
        """Return the positions of the other places that are the same."""
        return [k for k, other in enumerate(others) if self.same(place, other)]

    def alike(self, a: Any, b: Any) -> float:
        """Return how far two places that are the same agree, 0 to 1: the share of equal characters."""
        if not self.writes or a[len(self.fields) :] == b[len(self.fields) :]:
            return 1.0
        texts = [place[-1] if isinstance(place[-1], str) else "" for place in (a, b)]
        most = max(map(len, texts))
        return 1 - distance(*texts) / most if most else 1.0

    def parse(self, value: Any, vocabulary: Vocabulary) -> tuple[Mark, ...]:
        """Parse a list of dicts or tuples with class names, also as JSON, or the form of the log."""
        return tuple(sorted(set(self._parsed(value, vocabulary))))

    def _parsed(self, value: Any, vocabulary: Vocabulary) -> list[Mark]:
        """Return the marks in the order in which they are given."""
        logged = isinstance(value, Mapping) and self.name in value
        if logged:
            refuse_strange(value, (self.name, *self.beside))
            marks = self._listed(value[self.name])
            classes: Any = vocabulary.choosable
        else:
            marks, classes = list(map(self._flat, self._listed(value))), vocabulary.find
        assert vocabulary.schema is not None  # noqa: S101 - there are no answers without a schema
        asked = self.writes and vocabulary.schema.settings.get("transcribe") is True
        found: list[Mark] = []
        for mark in marks:
            if not isinstance(mark, list | tuple) or len(mark) < 2:
                raise InvalidInput(f"{mark!r} is not a mark: expected {self._expected()}.")
            *numbers, name = map(plain, mark)
            place, text = self._read(numbers)
            if not (asked or logged or is_blank(text)):  # earlier answers in the log may have texts
                raise InvalidInput(
                    f"The {self.one} {numbers!r} has the text {text!r}, but the question asks for none: pass "
                    f"transcribe=True to Question.{self.name}, or leave the text out."
                )
            id_ = "" if self.optional and is_blank(name) else classes(name)
            found.append(((*place, lined(text)) if asked else place, id_))
        return found

    def _read(self, given: list[Any]) -> tuple[Any, str]:
        """Return a place, and its text."""
        text = given.pop() if self.writes and len(given) > 1 and isinstance(given[-1], str) else ""
        return self.place(given), text

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
        if self.called != "label" and "label" in mark and self.called not in mark:  # as other marks have it
            mark = {self.called if name == "label" else name: given for name, given in mark.items()}
        known = (*self.fields, self.called, *self.extras, *(("text",) if self.writes else ()))
        # Tables fill what only some marks have with missing values.
        if odd := [name for name in mark if name not in known and not is_blank(mark[name])]:
            raise InvalidInput(
                f"{dict(mark)!r} has an unknown {odd[0]!r}: expected {self._expected()}."
                f"{nearest(odd[0], known) or ' Leave it out.'}"
            )
        names = self.fields if self.optional else (*self.fields, self.called)
        if missing := [name for name in names if name not in mark]:
            raise InvalidInput(f"{dict(mark)!r} has no {missing[0]!r}: expected {self._expected()}.")
        text = plain(mark.get("text")) if self.writes else None
        if not isinstance(text, str) and not is_blank(text):
            raise InvalidInput(f"{dict(mark)!r} has the text {text!r}: expected a string.")
        name = plain(self.name_in(mark))
        name = "" if self.optional and is_blank(name) else name
        texts = [text if isinstance(text, str) else ""] if self.writes else []
        return [*(mark[field] for field in self.fields), *texts, name]

    def name_in(self, mark: Mapping[str, Any]) -> Any:
        """Return the class of a mark, which may always be called ``label``; None if it has none."""
        return mark[self.called] if self.called in mark else mark.get("label")

    def _expected(self) -> str:
        names = ", ".join(f"{name!r}: ..." for name in (*self.fields, self.called))
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
            texts = self.writes and len(mark) > 2 and isinstance(mark[-2], str)
            try:
                place = self.place(mark[: -2 if texts else -1])
            except InvalidInput:
                return None
            found.append(((*place, mark[-2]) if texts else place, mark[-1]))
        return found

    def dump(self, answer: Any) -> dict[str, Any]:
        """Return ``{name: [[*place, class id], ...]}``."""
        return {self.name: [[*self.told(place), id_] for place, id_ in answer]}

    def now(self, answer: Any, vocabulary: Vocabulary) -> tuple[Mark, ...] | None:
        """Return the marks in the current classes; None if one was split or removed."""
        heirs = {id_: vocabulary.heir(id_) for id_ in self.classes(answer)}
        if None in heirs.values():
            return None
        return tuple(sorted({(place, str(heirs.get(id_, ""))) for place, id_ in answer}))

    def said(self, answer: Any, vocabulary: Names) -> Any:
        """Return a dict for each mark, in order."""
        names = {id_: vocabulary.meaning(id_) for id_ in self.classes(answer)}
        if None in names.values():
            return None
        return [{**self.parts(place), **({self.called: names[id_]} if id_ else {})} for place, id_ in answer]

    def parts(self, place: Any) -> dict[str, Any]:
        """Return a place, with its text, as users read it."""
        fields = (*self.fields, "text") if self.writes else self.fields
        return dict(zip(fields, self.told(place), strict=False))

    def classes(self, answer: Any) -> tuple[str, ...]:
        """Return the ids of the classes that occur."""
        return tuple(sorted({id_ for _, id_ in answer if id_}))

    def own(self, said: Any, schema: Schema) -> Any:
        """Return the user's values of the classes."""
        if said is None:
            return None
        name = self.called
        return [{**mark, name: schema.value(mark[name])} if name in mark else mark for mark in said]

    def text(self, said: Any) -> str:
        """Return the number of marks, and their classes."""
        names = ", ".join(dict.fromkeys(map(str, self.named(said))))
        n = len(said)
        words = f"{n:,} {self.one if n == 1 else self.many}" if n else f"no {self.many}"
        return f"{words}: {names}" if names else words

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the classes of the marks."""
        return [mark[-1] for mark in map(self._flat, self._listed(value)) if mark[-1] != ""]

    def named(self, label: Any) -> Sequence[Any]:
        """Return the classes of the marks."""
        return tuple(mark[self.called] for mark in label if self.called in mark)

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return the F1 score of the marks: see :func:`f1`."""
        return f1(a, b, self)


def lined(text: str) -> str:
    """Return the text of a mark as it is stored: its lines without surrounding white space or blank lines."""
    if not is_unicode(text):
        raise InvalidInput("The text contains a lone surrogate (half a character): remove it.")
    return "\n".join(filter(None, map(str.strip, tidied(text).split("\n"))))


def f1(a: Iterable[Mark], b: Iterable[Mark], kind: Marks) -> float:
    """Return the F1 score of two answers: twice the number of marks in both, divided by that in either.

    Each mark is matched with at most one other of the same class and place, so that as many as possible are,
    and of overlapping ones those whose texts are alike: a match counts as far as the texts are.
    """
    left, right = (_grouped(marks, kind) for marks in sorted((tuple(a), tuple(b))))
    n = sum(map(len, left.values())) + sum(map(len, right.values()))
    both = sum(_matched(places, right.get(key, []), kind) for key, places in left.items())
    return 2 * both / n if n else 1.0


def _grouped(marks: Iterable[Mark], kind: Marks) -> dict[tuple[str, Any], list[Any]]:
    found: dict[tuple[str, Any], list[Any]] = {}
    for place, id_ in marks:
        found.setdefault((id_, kind.group(place)), []).append(place)
    return found


def _matched(places: list[Any], others: list[Any], kind: Marks) -> float:
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

    if not others:
        return 0.0
    n, near = len(places), [kind.near(place, others) for place in places]
    left = np.repeat(np.arange(n), [len(row) for row in near])
    right = np.array([k for row in near for k in row], np.int64)
    pairs = zip(left.tolist(), right.tolist(), strict=True) if kind.writes else ()
    weight = np.array([kind.alike(places[i], others[k]) for i, k in pairs])
    if (weight == 1).all():
        alike = csr_array((np.ones(len(left), np.bool_), (left, right)), shape=(n, len(others)))
        return float((maximum_bipartite_matching(alike, perm_type="column") >= 0).sum())
    # Of marks that overlap, directly or through others, the best matching; most overlap with one other.
    whole = csr_array((np.ones(len(left)), (left, n + right)), shape=(n + len(others),) * 2)
    part = connected_components(whole, directed=False)[1][left]
    order = np.argsort(part, kind="stable")
    total = 0.0
    for mine in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
        rows, i = np.unique(left[mine], return_inverse=True)
        columns, k = np.unique(right[mine], return_inverse=True)
        table = np.zeros((len(rows), len(columns)))
        table[i, k] = weight[mine]
        total += float(table[linear_sum_assignment(table, maximize=True)].sum())
    return total
