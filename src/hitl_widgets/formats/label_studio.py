"""Label Studio: JSON (tasks with annotations), and JSON-MIN or CSV (a flat row for each annotation)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.formats.base import (
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    is_list,
    is_nothing,
    one_of,
    rows_of,
    texts_of,
    told,
    unpacked,
)

__all__ = ["FORMATS", "Flat", "Tasks"]

NAME = "Label Studio"
LOOKED_AT = 1_000
# The fields that Label Studio adds to those of a task.
OWN = {
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "reviewed_by",
    "comments", "predictions", "task_id", "project",
}  # fmt: skip


class Tasks:
    """Tasks with annotations and predictions."""

    name = NAME
    order = 10

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether tasks have ``data``, and ``annotations`` (formerly ``completions``)."""
        return any(
            isinstance(unpacked(row.get("data")), Mapping)
            and ({"annotations", "completions", "predictions"} & row.keys())
            for row in rows
        )

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels of submitted annotations."""
        question = _question(rows, wanted)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            data = unpacked(row["data"])
            made = _annotations(row)
            if not made:
                why = (
                    "a prediction of a model is not a label"
                    if row.get("predictions")
                    else "it is not labeled"
                )
                raise NotTaken(f"The task has no annotation: {why}.")
            for one in made:
                try:
                    yield Said(number, _choice(one, question), data.get(wanted.id), texts_of(data), _who(one))
                except NotTaken as why:
                    yield Left(number, str(why))

        return told(rows, answers, NAME)


def _annotations(row: Mapping[str, Any]) -> list[Any]:
    found = unpacked(row.get("annotations") or row.get("completions") or [])
    return list(found) if is_list(found) else []


def _question(rows: Sequence[Row], wanted: Wanted) -> str | None:
    """Return the question to import; None if the project has only one."""
    names = {
        str(part["from_name"])
        for _, row in rows
        for one in rows_of(_annotations(row))
        for part in rows_of(one.get("result"))
        if part.get("type") == "choices" and "from_name" in part
    }
    if wanted.label in names:
        return wanted.label
    if len(names) > 1 or (names and wanted.named):
        asked = f"label={wanted.label!r} is not one of them" if wanted.named else "pass one of them as label="
        raise InvalidInput(f"The file contains the questions {choices(sorted(names))}: {asked}.")
    return None


def _choice(one: Mapping[str, Any], question: str | None) -> Any:
    if one.get("was_cancelled") or one.get("skipped"):
        raise NotTaken("The annotation was cancelled: the annotator skipped the task.")
    if one.get("last_action") == "rejected" or any(
        review.get("accepted") is False for review in (one.get("reviews") or [])[-1:]
    ):
        raise NotTaken("The annotation was rejected in review.")
    parts = one.get("result") or []
    found = [
        part
        for part in parts
        if part.get("type") == "choices" and (question is None or part.get("from_name") == question)
    ]
    if not found:
        kinds = sorted({str(part.get("type")) for part in parts})
        raise NotTaken(
            f"The annotation contains {choices(kinds)}, but this task takes one choice for each item."
            if kinds
            else "Nothing was chosen."
        )
    if any({"start", "end", "x", "y"} & part["value"].keys() for part in found):
        raise NotTaken("The choice is for a region, not for the whole item.")
    return one_of([word for part in found for word in part["value"]["choices"]])


def _who(one: Mapping[str, Any]) -> str | None:
    by = one.get("completed_by", one.get("annotator"))
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("username") or by.get("id")
    return _name(by)


def _name(by: Any) -> str | None:
    if is_nothing(by):
        return None
    if isinstance(by, float) and by.is_integer():
        by = int(by)
    return f"{NAME} user {by}" if str(by).isdecimal() else str(by)


class Flat:
    """A row for each annotation, with the answers beside the fields of the task."""

    name = NAME
    order = 11

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have an annotation id, and a lead time or annotator."""
        return all("annotation_id" in row and ({"lead_time", "annotator"} & row.keys()) for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels."""
        question = _column(rows, wanted)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            value = unpacked(row.get(question))
            if is_nothing(value):
                raise NotTaken("Nothing was chosen.")
            if isinstance(value, Mapping) and "choices" in value:
                value = value["choices"]
            if isinstance(value, Mapping) or (isinstance(value, list) and isinstance(value[0], Mapping)):
                raise NotTaken("The answer is more than a choice, but this task takes one for each item.")
            own = {name: cell for name, cell in row.items() if name not in OWN and name != question}
            key = None if wanted.id in OWN else row.get(wanted.id)
            yield Said(number, one_of(value), key, texts_of(own), _name(row.get("annotator")))

        return told(rows, answers, NAME)


def _column(rows: Sequence[Row], wanted: Wanted) -> str:
    """Return the field of the answers: the given one, or the one with classes of this task."""
    names = dict.fromkeys(name for _, row in rows for name in row if name not in OWN)
    if wanted.label in names:
        return wanted.label

    def share(name: str) -> float:
        cells = [unpacked(row.get(name)) for _, row in rows[:LOOKED_AT] if not is_nothing(row.get(name))]
        return sum(map(fits, cells)) / len(cells) if cells else 0

    def fits(cell: Any) -> bool:
        return (isinstance(cell, Mapping) and "choices" in cell) or wanted.is_class(cell)

    found = [name for name in names if share(name) > 0.5]
    if len(found) == 1 and not wanted.named:
        return found[0]
    raise InvalidInput(
        f"The file is from {NAME}, but it is not clear which field contains the answers. Pass one of its "
        f"fields as label=: {choices(names)}."
    )


FORMATS = (Tasks(), Flat())
