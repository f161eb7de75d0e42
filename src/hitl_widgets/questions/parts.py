"""The questions of a form, as its settings describe them, and the changes of classes that a form allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.schema import IN_FORM, Schema, question_of
from hitl_widgets.questions.values import spelled

__all__ = ["Part", "in_form", "kinds_in", "moved", "parts_of", "refuse_changed"]

OF_SCALE = ("add", "merge", "split", "retire", "restore")


@dataclass(frozen=True)
class Part:
    """One question of a form.

    Attributes
    ----------
    name
        The name of its answer. Its classes are called ``"name: class"`` in the form.
    kind, question, settings
        As in a :class:`~hitl_widgets.questions.schema.Schema`.
    required
        Whether there is no answer to the form without an answer to it, if it is asked.
    default
        The answer that the page starts with, in the form of the log; None for none.
    when
        For each earlier question that it depends on, the ids of the classes with which it is asked.
    types
        Types of its classes that are not text, by name.
    """

    name: str
    kind: str
    question: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    required: bool = True
    default: Mapping[str, Any] | None = None
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    def full(self, id_: str) -> str:
        """Return the id of a class in the form."""
        return f"{self.name}{IN_FORM}{id_}"

    def short(self, id_: str | None) -> str | None:
        """Return the id, or the name, of a class without the name of the question; None for other classes."""
        start = f"{self.name}{IN_FORM}"
        return id_.removeprefix(start) if id_ is not None and id_.startswith(start) else None


def parts_of(settings: Mapping[str, Any]) -> tuple[Part, ...]:
    """Return the questions of a form, in order."""
    return tuple(Part(**told) for told in settings["questions"])


def kinds_in(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the kind of each question of a form; empty if it is not one."""
    return {part.name: part.kind for part in parts_of(settings)} if "questions" in settings else {}


def moved(settings: Mapping[str, Any], heir: Callable[[str], str | None]) -> dict[str, Any]:
    """Return the settings with the current classes in conditions and defaults."""

    def now(name: str, ids: Iterable[str]) -> list[str]:
        part = Part(name, "")
        found = (part.short(heir(part.full(id_))) for id_ in ids)
        return list(dict.fromkeys(id_ for id_ in found if id_ is not None))

    def asked(told: Mapping[str, Any]) -> dict[str, Any]:
        default = told.get("default")
        if default and "class" in default:
            default = next(({"class": id_} for id_ in now(told["name"], [default["class"]])), None)
        elif default and "classes" in default:
            default = {"classes": now(told["name"], default["classes"])}
        when = {name: now(name, ids) for name, ids in told.get("when", {}).items()}
        return {**told, "default": default, "when": when}

    return {**settings, "questions": [asked(told) for told in settings["questions"]]}


def refuse_changed(before: Mapping[str, Any] | None, asked: Mapping[str, Any]) -> None:
    """Raise InvalidInput if a form lacks a question that the task had, or asks it in another way.

    Both are in the form of the log.
    """
    if before is None:
        return
    new = {part.name: part for part in parts_of(asked["settings"])}
    for part in parts_of(before["settings"]):
        now = new.get(part.name)
        if now is None:
            raise InvalidInput(
                f"The form of this task asks {part.name!r}, which is missing here.{nearest(part.name, new)} "
                f"Keep it (with optional=[{part.name!r}], it can be left out), or pass task='another name'. "
                "Nothing was changed."
            )
        if now.kind != part.kind:
            raise InvalidInput(
                f"The question {part.name!r} of this task is of kind {part.kind!r}, which cannot be changed "
                f"to {now.kind!r}: give the new question another name. Nothing was changed."
            )
        levels = [[c["name"] for c in all_["classes"] if part.short(c["name"])] for all_ in (before, asked)]
        if part.kind == "rating" and levels[0] != levels[1]:
            raise InvalidInput(
                f"The levels of {part.name!r} are {choices(map(part.short, levels[0]))} and cannot be "
                "changed: give the question with the new scale another name. Nothing was changed."
            )


def in_form(change: Mapping[str, Any], schema: Schema, named: Callable[[Any], str]) -> dict[str, Any]:
    """Return a change of classes with full names, such as ``"topic: spam"``.

    Parameters
    ----------
    change
        As in :class:`~hitl_widgets.questions.vocabulary.Vocabulary`. New names may lack the name of the
        question if the change names other classes of it.
    schema
        The current classes.
    named
        Returns the current full name of a class.

    Raises
    ------
    InvalidInput
        If it combines classes of several questions, changes a scale, leaves a question with less than two
        classes, or removes a class on which another question depends.
    """
    action, parts = change.get("change"), {part.name: part for part in parts_of(schema.settings)}
    of = [named(word) for word in change.get("of", ())]
    if action == "reorder":
        for part in parts.values():
            mine = [name for name in of if part.short(name)]
            if part.kind == "rating" and mine != [name for name in schema.names if name in mine]:
                raise InvalidInput(f"The levels of {part.name!r} are a scale: their order is fixed.")
    if action not in {*OF_SCALE, "rename"}:
        return dict(change)
    home = question_of(of[0], "form") if of else ""
    if strange := next((name for name in of if question_of(name, "form") != home), None):
        raise InvalidInput(
            f"{of[0]!r} and {strange!r} belong to different questions: choose two of the same."
        )

    def full(name: Any) -> str:
        word, at = spelled(name), question_of(spelled(name), "form")
        if at in parts and word != at:
            if home and at != home:
                raise InvalidInput(f"{word!r} would belong to another question than {of[0]!r}.")
            return word
        if not home:
            can = [part.name for part in parts.values() if part.kind in {"choice", "choices"}]
            raise InvalidInput(
                f"{word!r} does not say which question it belongs to: expected, for example, "
                f"{f'{can[0]}{IN_FORM}{word}' if can else word!r}. Questions with classes: {choices(can)}."
            )
        return f"{home}{IN_FORM}{word}"

    told = dict(change)
    if "name" in told:
        told["name"] = full(told["name"])
    if "classes" in told:
        told["classes"] = [{**c, "name": full(c.get("name"))} for c in told["classes"]]
    made = [c["name"] for c in told.get("classes", ())]
    at = home or next((question_of(name, "form") for name in made), "")
    if at in parts and action in OF_SCALE:
        _refuse(action, parts[at], schema, of, told.get("name"), made, parts.values())
    return told


def _refuse(
    action: str,
    part: Part,
    schema: Schema,
    of: Sequence[str],
    into: str | None,
    made: Sequence[str],
    parts: Iterable[Part],
) -> None:
    """Raise InvalidInput for a change of the classes of one question, as :func:`in_form` says."""
    if part.kind == "rating":
        raise InvalidInput(
            f"The levels of {part.name!r} are a scale, which {action!r} would change. They can be renamed "
            "and edited."
        )
    if part.kind not in {"choice", "choices"}:
        raise InvalidInput(f"The question {part.name!r} has no classes.")
    gone = {name for name in of if name != into} if action in {"merge", "split", "retire"} else set()
    left = {*(name for name in schema.names if part.short(name)), *made} - gone
    if gone and len(left) < 2:
        raise InvalidInput(f"The question {part.name!r} would have less than two classes.")
    if action == "merge":
        return
    ids = dict(zip(schema.names, schema.ids, strict=False))
    for other in parts:
        for id_ in map(part.full, other.when.get(part.name, ())):
            if hit := next((name for name in gone if ids.get(name) == id_), None):
                raise InvalidInput(
                    f"{other.name!r} is asked because of {hit!r}: first pass the form with another when=."
                )
