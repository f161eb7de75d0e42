"""Argilla: records with responses (versions 2 and 1, nested or flat), and records of version 0."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.formats.base import (
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    fields_of,
    is_list,
    is_nothing,
    one_of,
    rows_of,
    texts_of,
    told,
    unpacked,
)

__all__ = ["FORMATS", "NAME", "Flat", "Old", "Records", "key_of", "responses_of"]

NAME = "Argilla"
TAKEN = {"submitted"}
KINDS = ("choice", "choices", "rating", "number", "text", "spans")
LOOKED_AT = 1_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
Response = tuple[Any, str | None, str | None]  # value, user, status


def _taken(
    number: int, key: tuple[Any, bool], fields: Mapping[str, Any], given: Iterable[Response], kind: str
) -> Iterator[Said | Left]:
    """Yield the submitted responses."""
    for value, user, status in given:
        try:
            who = None if is_nothing(user) else str(user)
            answer = _answer(value, status, kind)
            yield Said(number, answer, key[0], texts_of(fields), who, sure=key[1], kind=kind, item=fields)
        except NotTaken as why:
            yield Left(number, str(why))


def _kind(
    rows: Sequence[Row], given: Callable[[Mapping[str, Any]], Sequence[Response]], wanted: Wanted
) -> str:
    """Return the kind of question that the responses of these rows answer."""
    if wanted.kind:
        return wanted.kind
    values: list[Any] = []
    for _, row in rows[:LOOKED_AT]:
        with suppress(AttributeError, IndexError, KeyError, TypeError, ValueError):  # a malformed row
            values += [value for value, *_ in given(row)]
    lists = [list(value) for value in values if is_list(value)]
    if any(isinstance(one, Mapping) and "start" in one for value in lists for one in value):
        return "spans"
    return "choices" if lists else "choice"


def _answer(value: Any, status: str | None, kind: str) -> Any:
    if status not in TAKEN:
        raise NotTaken(f"The response is {status or 'without a status'}: only submitted ones are labels.")
    found = value["value"] if isinstance(value, Mapping) and "value" in value else value
    if is_nothing(found):
        raise NotTaken("Nothing was chosen.")
    if kind not in KINDS:
        raise NotTaken(f"The response is not an answer of kind {kind!r}.")
    if kind == "spans" and is_list(found):
        return [{name: one[name] for name in ("start", "end", "label")} for one in rows_of(found)]
    if kind == "choices" and is_list(found) and not rows_of(found):
        return list(found)
    if isinstance(found, Mapping) or (is_list(found) and any(isinstance(v, Mapping) for v in found)):
        raise NotTaken("The response is more than a choice, but this task takes one for each item.")
    return one_of(found)


def _asked(names: Iterable[str], wanted: Wanted) -> str:
    """Return the name of the question to import."""
    known = sorted(set(names))
    if wanted.label in known:
        return wanted.label
    if len(known) == 1 and not wanted.named:
        return known[0]
    asked = f"label={wanted.label!r} is not one of them" if wanted.named else "pass one of them as label="
    raise InvalidInput(f"The file contains the questions {choices(known)}: {asked}.")


def _unanswered(row: Mapping[str, Any], suggested: bool) -> NotTaken:
    if row.get("status") == "discarded":
        return NotTaken("The record was discarded.")
    why = "a suggestion is not a label" if suggested else "it is not labeled"
    return NotTaken(f"The record has no response: {why}.")


class Records:
    """Nested records: ``fields``, ``responses`` and ``suggestions``."""

    name = NAME
    order = 20

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have ``fields`` and ``responses``."""
        return all(isinstance(unpacked(row.get("fields")), Mapping) and "responses" in row for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the submitted responses."""
        names = [name for _, row in rows for name in responses_of(row)]
        question = _asked(names, wanted) if names else wanted.label
        kind = _kind(rows, lambda row: responses_of(row).get(question, []), wanted)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            fields = unpacked(row["fields"])
            given = responses_of(row).get(question)
            if not given:
                raise _unanswered(row, bool(unpacked(row.get("suggestions"))))
            return _taken(number, key_of(row, fields, wanted), fields, given, kind)

        return told(rows, answers, NAME)


def key_of(row: Mapping[str, Any], fields: Mapping[str, Any], wanted: Wanted) -> tuple[Any, bool]:
    """Return the user's id, from a field or metadata of this name, and whether it is certain.

    Version 2 assigns a UUID to records without an id.
    """
    for place in (fields, fields_of(row.get("metadata")), row):
        name = "external_id" if place is row and wanted.id == "id" else wanted.id
        if not is_nothing(place.get(name)):
            return place[name], True
    key = row.get("id") if wanted.id == "id" and "external_id" not in row else None
    return (None, True) if is_nothing(key) else (key, _UUID.fullmatch(str(key)) is None)


def responses_of(row: Mapping[str, Any]) -> dict[str, list[Response]]:
    """Return the responses of a record by question."""
    found: dict[str, list[Response]] = {}
    responses = unpacked(row.get("responses"))
    usual = {"completed": "submitted"}.get(str(row.get("status")), row.get("status"))
    for name, given in fields_of(responses).items():  # version 2: a list for each question
        for one in rows_of(given if is_list(given) else [given]):
            response = one.get("value"), one.get("user_id"), one.get("status", usual)
            found.setdefault(name, []).append(response)
    for one in rows_of(responses):  # version 1: a list of users, each with values by question
        by, status = one.get("user_id"), one.get("status", usual)
        values = {one["question_name"]: one.get("value")} if "question_name" in one else one.get("values")
        for name, value in fields_of(values).items():
            found.setdefault(str(name), []).append((value, by, status))
    return found


class Flat:
    """Rows with a column for the responses to each question."""

    name = NAME
    order = 21

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether columns are called ``question.responses`` (2) or contain lists of responses (1)."""
        return bool(_columns(rows))

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the submitted responses."""
        columns = _columns([row for _, row in rows])
        question = _asked(columns, wanted)
        column = columns[question]
        kind = _kind(rows, lambda row: _listed(row, column), wanted)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            own = {
                n: v
                for n, v in row.items()
                if not n.startswith(question) and n not in {"id", "status", "_server_id"}
            }
            given = _listed(row, column)
            if not given:
                suggested = row.get(f"{question}.suggestion", row.get(f"{question}-suggestion"))
                raise _unanswered(row, not is_nothing(suggested))
            return _taken(number, key_of(row, own, wanted), own, given, kind)

        return told(rows, answers, NAME)


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the column of the responses to each question."""
    names = dict.fromkeys(name for row in rows for name in row)
    found = {n.removesuffix(".responses"): n for n in names if n.endswith(".responses")}
    if found:
        return found
    return {
        name: name
        for name in names
        if f"{name}-suggestion" in names
        and any(is_list(row.get(name)) and _are_responses(row[name]) for row in rows)
    }


def _are_responses(value: Iterable[Any]) -> bool:
    return any(isinstance(one, Mapping) and {"value", "status"} <= one.keys() for one in value)


def _listed(row: Mapping[str, Any], column: str) -> list[Response]:
    given = unpacked(row.get(column))
    if given is None or not is_list(given):
        return []
    given = list(given)
    if _are_responses(given):
        return [(one.get("value"), one.get("user_id"), one.get("status")) for one in given]
    usual = "submitted" if row.get("status") == "completed" else row.get("status")
    users = list(_or(unpacked(row.get(f"{column}.users")), [None] * len(given)))
    statuses = list(_or(unpacked(row.get(f"{column}.status")), [usual] * len(given)))
    return list(zip(given, users, statuses, strict=True))


def _or(value: Any, default: list[Any]) -> Any:
    return value if is_list(value) else default


class Old:
    """Records of version 0, with one annotation and its status."""

    name = NAME
    order = 22

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have an annotation, its agent and a status."""
        return all({"annotation", "annotation_agent", "status"} <= row.keys() for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the validated annotations."""

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if (status := row.get("status")) != "Validated":
                raise NotTaken(f"The record is {str(status).lower()}: only validated records are labels.")
            if is_nothing(row["annotation"]):
                raise NotTaken("The record is not labeled.")
            fields = {"text": row.get("text"), **fields_of(row.get("inputs"))}
            who = row["annotation_agent"]
            label = one_of(row["annotation"])
            if isinstance(label, Mapping):
                raise NotTaken("The annotation is more than a choice.")
            key, sure = key_of(row, fields, wanted)
            by = None if is_nothing(who) else str(who)
            yield Said(number, label, key, texts_of(fields), by, sure, item=fields)

        return told(rows, answers, NAME)


FORMATS = (Records(), Flat(), Old())
