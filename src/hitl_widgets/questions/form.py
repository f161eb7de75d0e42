"""Several questions about one item, answered together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.base import Answer, Names, QuestionKind, Shading, kind_of
from hitl_widgets.questions.choices import Choices
from hitl_widgets.questions.parts import Part, parts_of
from hitl_widgets.questions.schema import IN_FORM, LabelClass, Schema, question_of
from hitl_widgets.questions.untaught import Untaught
from hitl_widgets.questions.values import is_blank, own_value, plain, spelled
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.beliefs import Belief
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "PARTS", "Form", "questions_of"]

PARTS = ("choice", "choices", "rating", "number", "text")
"""The kinds of questions that a form can consist of."""

NO_ANSWER = ("no answer", "#BDBDBD")
SHOWN = 60
# How many schemas are remembered with their questions.
KEPT = 16

Entry = tuple[str, str, Any]
"""The name and the kind of a question, and its answer."""


@dataclass(frozen=True)
class Asked:
    """A question of a form: its part of the settings, its kind, and its own schema."""

    part: Part
    kind: QuestionKind
    schema: Schema


class Within(Vocabulary):
    """The classes of one question, without its name, as a vocabulary of their own."""

    def __init__(self, names: Any, asked: Asked) -> None:
        self._names, self._part, self.schema = names, asked.part, asked.schema

    def understood(self, word: object) -> str | None:
        """See :class:`.Vocabulary`."""
        found: str | None = self._names.understood(self._part.full(str(word)))
        return self._part.short(found)

    def meaning(self, id_: str | None) -> str | None:
        """See :class:`.Vocabulary`."""
        return None if id_ is None else self._part.short(self._names.meaning(self._part.full(id_)))

    def heir(self, id_: str | None) -> str | None:
        """See :class:`.Vocabulary`."""
        return None if id_ is None else self._part.short(self._names.heir(self._part.full(id_)))

    def find(self, value: Any) -> str:
        """See :class:`.Vocabulary`."""
        assert self.schema is not None  # noqa: S101 - it is always given
        name = self.meaning(self.understood(value)) if isinstance(value, str) else None
        found = self.schema.find(value) if name is None else name
        if found in self.schema.names:
            return self.schema.ids[self.schema.names.index(found)]
        if found is not None:
            way = f"session.classes.restore({self._part.full(found)!r})"
            raise InvalidInput(f"the class {value!r} is retired. To offer it again: {way}.")
        raise InvalidInput(
            f"{value!r} is not an answer.{nearest(value, self.schema.names)} "
            f"Expected one of {choices(self.schema.values)}."
        )


class Form(Choices):
    """Several questions about each item. An answer is a tuple of :data:`Entry` in the order of the questions.

    The log stores ``{"form": {name: answer in the form of its kind}}``, users read a dict from names to
    answers. A question that is not asked, because of an earlier answer, has no entry; an optional one may
    have none. The vocabulary has the classes of all questions, as in "topic: spam", and within the log of
    one question they lack its name. What is learned is which classes occur. The settings are described by
    :class:`~hitl_widgets.questions.parts.Part`.
    """

    name = "form"
    asks = "a form of several questions"
    composed = True
    predicts = False
    card = (
        "A label is a dict with an answer to each question that was asked, stored as JSON in files. A class "
        "is named after its question. Answers that are texts may contain personal data."
    )
    agreement = (
        " Two answers agree by the mean over the questions that either of them answers, each compared as its "
        "kind of question is."
    )

    # -- reading and writing

    def parse(self, value: Any, vocabulary: Vocabulary) -> tuple[Entry, ...]:
        """Parse a dict from names to answers, also as JSON, or the form of the log."""
        return self._read(value, vocabulary, whole=True)

    def draft(self, value: Any, vocabulary: Vocabulary) -> tuple[Entry, ...]:
        """Parse a suggestion: like :meth:`parse`, but required answers may be missing."""
        return self._read(value, vocabulary, whole=False)

    def keeps(self, draft: Any, answer: Any) -> bool:
        """Return whether an answer in the form of the log has everything that is in a draft."""
        return bool(draft["form"].items() <= answer["form"].items())

    def _read(self, value: Any, vocabulary: Vocabulary, *, whole: bool) -> tuple[Entry, ...]:
        assert vocabulary.schema is not None  # noqa: S101 - there are no answers without a schema
        every, given = questions_of(vocabulary.schema), _mapping(value)
        names = [asked.part.name for asked in every]
        if strange := [name for name in given if name not in names]:
            raise InvalidInput(
                f"{strange[0]!r} is not a question of this form.{nearest(strange[0], names)} The questions "
                f"are {choices(names)}."
            )
        found: list[Entry] = []
        for asked in every:
            part, said = asked.part, given.get(asked.part.name)
            missing = said is None or (not isinstance(said, str | Sequence | Mapping) and is_blank(said))
            holds = _holds(part, found, unknown=not whole)
            if missing and holds and part.required and whole:
                raise InvalidInput(f"The answer to {part.name!r} is missing: expected {asked.kind.asks}.")
            if not missing and not holds and whole:
                raise InvalidInput(f"{part.name!r} is only asked if {_condition(part, every)}: leave it out.")
            if missing or not holds:
                continue
            try:
                answer = asked.kind.parse(said, Within(vocabulary, asked))
            except InvalidInput as error:
                raise InvalidInput(f"{part.name!r}: {error}") from error
            found.append((part.name, part.kind, answer))
        return tuple(found)

    def load(self, value: Any, vocabulary: Vocabulary) -> tuple[Entry, ...] | None:
        """Return the answers with the class ids in the log; unreadable ones are left out."""
        given = value.get("form") if isinstance(value, Mapping) else None
        if not isinstance(given, Mapping) or vocabulary.schema is None:
            return None
        found: list[Entry] = []
        for asked in questions_of(vocabulary.schema):
            answer = asked.kind.load(given.get(asked.part.name), Within(vocabulary, asked))
            if answer is not None:
                found.append((asked.part.name, asked.part.kind, answer))
        return tuple(found)

    def dump(self, answer: Any) -> dict[str, Any]:
        """Return ``{"form": {name: answer}}``."""
        return {"form": {name: kind_of(kind).dump(given) for name, kind, given in answer}}

    def now(self, answer: Any, vocabulary: Vocabulary) -> tuple[Entry, ...] | None:
        """Return the answers to the questions that are asked now.

        None if one has to be given again because its class was split or removed, or if one is missing
        because the question was added, or is asked because of a merged class.
        """
        assert vocabulary.schema is not None  # noqa: S101 - as above
        before = {name: (kind, given) for name, kind, given in answer}
        found: list[Entry] = []
        for asked in questions_of(vocabulary.schema):
            name, kind = asked.part.name, asked.part.kind
            if not _holds(asked.part, found):
                continue
            given = before.get(name)
            if given is None or given[0] != kind:
                if asked.part.required:
                    return None
                continue
            if (now := asked.kind.now(given[1], Within(vocabulary, asked))) is None:
                return None
            found.append((name, kind, now))
        return tuple(found)

    # -- what people read

    def said(self, answer: Any, vocabulary: Names) -> Any:
        """Return a dict from names to answers with class names."""
        assert vocabulary.schema is not None  # noqa: S101 - as above
        every = {asked.part.name: asked for asked in questions_of(vocabulary.schema)}
        found = {
            name: every[name].kind.said(given, Within(vocabulary, every[name]))
            for name, _, given in answer
            if name in every
        }
        return None if None in found.values() else found

    def classes(self, answer: Any) -> tuple[str, ...]:
        """Return the ids of the classes that occur."""
        ids = ((name, id_) for name, kind, given in answer for id_ in kind_of(kind).classes(given))
        return tuple(sorted(f"{name}{IN_FORM}{id_}" for name, id_ in ids))

    def own(self, said: Any, schema: Schema) -> Any:
        """Return the user's values of the classes."""
        if said is None:
            return None
        every = {asked.part.name: asked for asked in questions_of(schema)}
        return {name: every[name].kind.own(given, every[name].schema) for name, given in said.items()}

    def text(self, said: Any) -> str:
        """Return each answer after the name of its question."""
        return ", ".join(f"{name}: {_in_words(given)}" for name, given in said.items()) or "no answers"

    def named(self, label: Any) -> Sequence[Any]:
        """Return each answer after the name of its question, as its class would be called."""
        return [
            f"{name}{IN_FORM}{spelled(one)}"
            for name, given in _mapping(label).items()
            for one in (given if isinstance(given, list | tuple) else [given])
            if not is_blank(one)
        ]

    def listed(self, value: Any) -> Sequence[Any]:
        """Return the same for a table cell."""
        return self.named(value)

    def cell(self, label: Any) -> Any:
        """Return the dict as JSON text."""
        return json.dumps(label, ensure_ascii=False, default=str) if isinstance(label, Mapping) else label

    def agree(self, a: Any, b: Any, schema: Schema) -> float:
        """Return the mean over the questions that either answers, 0 for one that only one answers."""
        every = {asked.part.name: asked for asked in questions_of(schema)}
        left, right = ({name: given for name, _, given in answer} for answer in (a, b))
        either = [name for name in every if name in left or name in right]
        scores = [
            every[name].kind.agree(left[name], right[name], every[name].schema)
            if name in left and name in right
            else 0.0
            for name in either
        ]
        return sum(scores) / len(scores) if scores else 1.0

    # -- learning

    def target(self, answers: Sequence[Answer], schema: Schema) -> Target:
        """Return whether each class occurs; nothing is learned from numbers and texts."""
        return super().target(answers, schema) if schema.classes else Untaught().target(answers, schema)

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:
        """Name the class that the model is least sure about."""
        return super().doubt(belief, i, names) if len(names) else Untaught().doubt(belief, i, names)

    def guesses(self, belief: Belief, schema: Schema) -> list[Any]:
        """Return a dict with the prediction for each question with classes that would be asked.

        Of a required question the most likely class, of an optional one only if it is more likely than not.
        """
        every, n = questions_of(schema), len(belief)
        found: list[dict[str, Any]] = [{} for _ in range(n)]
        ids: list[list[Entry]] = [[] for _ in range(n)]
        known = np.flatnonzero(belief.known).tolist()
        for asked in every:
            part = asked.part
            if not asked.schema.classes:
                continue
            guesses = asked.kind.guesses(_belief_in(asked, belief, schema), asked.schema)
            at = dict(zip(asked.schema.values, asked.schema.ids, strict=False))
            for i in known:
                guess = guesses[i]
                if guess is None or not _holds(part, ids[i]):
                    continue
                found[i][part.name] = guess
                answer = tuple(at[one] for one in guess) if isinstance(guess, list) else at[guess]
                ids[i].append((part.name, part.kind, answer))
        return [one if known else None for one, known in zip(found, belief.known.tolist(), strict=True)]

    def columns(self, belief: Any, schema: Schema) -> dict[str, npt.NDArray[Any]]:
        """Return the probability of each class."""
        return super().columns(belief, schema) if schema.classes else {}

    # -- the map

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:
        """Return the ways: by the answer to one question, the first one by default, or by one class."""
        names = [asked.part.name for asked in questions_of(schema) if asked.kind.name != "text"]
        if not names:
            return Untaught().ways_to_colour(schema)
        classes = zip(schema.ids, schema.names, strict=False)
        return [("", names[0]), *((name, name) for name in names[1:]), *classes]

    def shading(self, answers: Sequence[Any], schema: Schema, by: str) -> Shading:
        """Shade by the answer to one question, or by whether one class occurs."""
        if by in schema.ids[: len(schema.classes)]:
            return super().shading(answers, schema, by)
        every = [asked for asked in questions_of(schema) if asked.kind.name != "text"]
        if not every:
            return Untaught().shading(answers, schema, by)
        asked = next((one for one in every if one.part.name == by), every[0])
        given = [{name: one for name, _, one in answer}.get(asked.part.name) for answer in answers]
        inner = asked.kind.shading([one for one in given if one is not None], asked.schema, "")
        shades = np.full(len(answers), len(inner.legend), np.uint8)
        shades[[k for k, one in enumerate(given) if one is not None]] = inner.answers

        def guesses(belief: Any) -> npt.NDArray[np.uint8]:
            if not asked.schema.classes:
                return np.full(len(belief), 255, np.uint8)
            return inner.guesses(_belief_in(asked, belief, schema))

        return Shading((*inner.legend, NO_ANSWER), shades, guesses)


def _belief_in(asked: Asked, belief: Any, schema: Schema) -> Any:
    """Return what the model believes about the answer to one question."""
    from hitl_widgets.learn.beliefs import MultiBelief

    columns = [k for k, id_ in enumerate(schema.ids[: len(schema.classes)]) if asked.part.short(id_)]
    P, known = belief.P[:, columns], belief.known
    if asked.kind.name == "choices":
        return MultiBelief(P, known)
    sure = known if asked.part.required else known & (P.max(axis=1) > 0.5)
    return SimpleNamespace(predicted=np.where(sure, P.argmax(axis=1), -1).astype(np.int16), known=known)


_remembered: dict[int, tuple[Schema, tuple[Asked, ...]]] = {}


def questions_of(schema: Schema) -> tuple[Asked, ...]:
    """Return the questions of a form; each schema has those of the form, and its own classes."""
    found = _remembered.get(id(schema))
    if found is None or found[0] is not schema:
        made = tuple(_asked(part, schema) for part in parts_of(schema.settings))
        for old in list(_remembered)[: max(0, len(_remembered) - KEPT)]:
            _remembered.pop(old, None)
        found = _remembered[id(schema)] = schema, made
    return found[1]


def _asked(part: Part, schema: Schema) -> Asked:
    ids = dict(zip(schema.all_names, schema.ids, strict=True))

    def mine(classes: Iterable[LabelClass]) -> Iterator[tuple[str, LabelClass]]:
        for c in classes:
            if question_of(c.name, "form") == part.name:
                yield part.short(ids[c.name]) or "", replace(c, name=part.short(c.name) or "")

    live = dict(mine(schema.classes))
    own = Schema.standing(
        live.values(),
        part.question or part.name,
        live,
        dict(mine(schema.retired)),
        {name: own_value(kind, name) for name, kind in part.types.items()},
        kind=part.kind,
        least=0,
        settings=part.settings,
    )
    return Asked(part, kind_of(part.kind), own)


def _holds(part: Part, found: Sequence[Entry], *, unknown: bool = False) -> bool:
    """Return whether a question is asked, given earlier answers; ``unknown`` if one of them is missing."""
    given = {name: kind_of(kind).classes(answer) for name, kind, answer in found if name in part.when}
    return all(
        unknown if name not in given else not set(ids).isdisjoint(given[name])
        for name, ids in part.when.items()
    )


def _condition(part: Part, every: Sequence[Asked]) -> str:
    """Return the condition of a question in words."""
    schemas = {asked.part.name: asked.schema for asked in every}
    told = []
    for name, ids in part.when.items():
        values = dict(zip(schemas[name].ids, schemas[name].all_values, strict=True))
        told.append(f"{name!r} is {' or '.join(repr(values.get(id_, id_)) for id_ in ids)}")
    return " and ".join(told)


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return the answers by the names of their questions."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidInput(f"{value!r} is not an answer to a form: expected a dict, or JSON.") from None
    if not isinstance(value, Mapping):
        raise InvalidInput(
            f"{value!r} is not an answer to a form: expected a dict from the names of questions to answers."
        )
    inner = value.get("form")
    return inner if isinstance(inner, Mapping) else value


def _in_words(given: Any) -> str:
    if isinstance(given, list):
        return " + ".join(map(str, given)) or "none of them"
    line = " ".join(str(plain(given)).split()) or "blank"
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


KINDS = (Form(),)
