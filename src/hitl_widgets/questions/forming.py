"""Checks the questions of a form, and makes its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.form import PARTS
from hitl_widgets.questions.parts import Part
from hitl_widgets.questions.schema import IN_FORM, Schema, is_unicode
from hitl_widgets.questions.values import KNOWN, alike, is_blank
from hitl_widgets.questions.values import kind_of as type_of
from hitl_widgets.questions.vocabulary import Vocabulary

__all__ = ["form_of"]

MAX_NAME = 60
EXAMPLE = "Question.form({'topic': Question.choice(['praise', 'spam']), 'tone': Question.rating(5)})"


def form_of(questions: Any, text: str, optional: Any, defaults: Any, when: Any) -> Schema:
    """Return the schema of a form: see :meth:`~hitl_widgets.questions.question.Question.form`."""
    if not isinstance(questions, Mapping) or not questions:
        shown = "no questions" if isinstance(questions, Mapping) else f"questions={questions!r}"
        raise InvalidInput(f"A form with {shown}: expected a dict from names to questions, as in {EXAMPLE}.")
    _check_names(questions)
    for name, schema in questions.items():
        _check_part(name, schema)
    given = {"optional": dict.fromkeys(_several(optional)), "defaults": defaults or {}, "when": when or {}}
    for argument, named in given.items():
        if not isinstance(named, Mapping):
            raise InvalidInput(f"{argument}={named!r}: expected a dict from names of questions.")
        for name in named:
            if name not in questions:
                raise InvalidInput(
                    f"{argument}= contains {name!r}, which is not a question of this form."
                    f"{nearest(name, questions)} The questions are {choices(questions)}."
                )
    parts = [
        Part(
            name,
            schema.kind,
            schema.question,
            dict(schema.settings),
            name not in given["optional"],
            _default(name, schema, given["defaults"]),
            _condition(name, questions, given["when"].get(name, {})),
            {value: type_of(own) for value, own in schema.own.items()},
        )
        for name, schema in questions.items()
    ]
    classes = [
        replace(c, name=f"{name}{IN_FORM}{c.name}")
        for name, schema in questions.items()
        for c in schema.classes
    ]
    settings = {"questions": [asdict(part) for part in parts]}
    return Schema(classes, text, kind="form", least=min(1, len(classes)), settings=settings)


def _check_names(questions: Mapping[Any, Any]) -> None:
    seen: dict[str, str] = {}
    for name in questions:
        if not isinstance(name, str) or is_blank(name) or not is_unicode(name):
            raise InvalidInput(f"The name {name!r} of a question: expected a text, such as 'topic'.")
        if ":" in name or name != name.strip() or not name.isprintable() or len(name) > MAX_NAME:
            raise InvalidInput(
                f"The name {name!r} of a question: expected one line of at most {MAX_NAME} characters, "
                "without colons and without blanks at its ends."
            )
        if (other := seen.setdefault(alike(name), name)) != name:
            raise InvalidInput(f"The names {other!r} and {name!r} look the same: rename one of them.")


def _check_part(name: str, schema: Any) -> None:
    if not isinstance(schema, Schema):
        raise InvalidInput(f"The question {name!r} is {schema!r}: expected a question, as in {EXAMPLE}.")
    if schema.kind == "form":
        raise InvalidInput(f"The question {name!r} is a form: put its questions into this form instead.")
    if schema.kind not in PARTS:
        raise InvalidInput(
            f"The question {name!r} asks for {kind_of(schema.kind).asks}, which needs the whole card and its "
            f"keys, so it cannot be a part of a form. Ask it in a task of its own: Session(..., "
            f"question=..., task={name!r})."
        )
    for value in schema.own.values():
        if type_of(value) not in KNOWN:
            raise InvalidInput(
                f"The class {value!r} of {name!r} is of type {type_of(value)!r}, which a form cannot store: "
                "use texts, numbers, booleans or dates."
            )


def _default(name: str, schema: Schema, defaults: Mapping[str, Any]) -> Any:
    """Return the default in the form of the log; None if there is none."""
    if (value := defaults.get(name)) is None:
        return None
    kind, vocabulary = kind_of(schema.kind), Vocabulary()
    vocabulary.apply(schema.to_dict(), "")
    vocabulary.spell(dict(zip(schema.names, schema.values, strict=True)))
    try:
        return kind.dump(kind.parse(value, vocabulary))
    except InvalidInput as error:
        raise InvalidInput(f"defaults= gives {name!r} the answer {value!r}. {error}") from error


def _condition(name: str, questions: Mapping[str, Schema], when: Any) -> dict[str, list[str]]:
    """Return the condition of a question: for earlier questions, the ids of classes."""
    order = list(questions)
    if not isinstance(when, Mapping):
        raise InvalidInput(
            f"when= gives {name!r} the condition {when!r}: expected a dict, such as {{'topic': ['spam']}}."
        )
    found: dict[str, list[str]] = {}
    for other, given in when.items():
        if other not in questions:
            raise InvalidInput(
                f"when= makes {name!r} depend on {other!r}, which is not a question of this form."
                f"{nearest(other, order)} The questions are {choices(order)}."
            )
        if order.index(other) >= order.index(name):
            which = "itself" if other == name else f"{other!r}, which is asked later"
            raise InvalidInput(f"when= makes {name!r} depend on {which}: only earlier questions can decide.")
        schema = questions[other]
        if not schema.classes:
            raise InvalidInput(
                f"when= makes {name!r} depend on {other!r}, which asks for {kind_of(schema.kind).asks}: only "
                "classes and levels can decide."
            )
        values = _several(given)
        if not values:
            raise InvalidInput(f"when= gives {name!r} no classes of {other!r}: it would never be asked.")
        for value in values:
            if (known := schema.find(value)) is None:
                raise InvalidInput(
                    f"when= makes {name!r} depend on the answer {value!r} to {other!r}, which it does not "
                    f"have.{nearest(value, schema.names)} Expected one of {choices(schema.values)}."
                )
            found.setdefault(other, []).append(known)
    return found


def _several(given: Any) -> list[Any]:
    single = isinstance(given, str) or not isinstance(given, Iterable)
    return [given] if single else list(given)
