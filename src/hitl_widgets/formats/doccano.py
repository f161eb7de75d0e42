"""doccano: a row for each text, with a list of labels (or of annotations before 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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
    texts_of,
    told,
    unpacked,
)

__all__ = ["FORMATS", "Examples"]

NAME = "doccano"
CONTENT = ("text", "data", "filename")
MARKS = {"Comments", "comments", "annotation_approver", "meta", "cats", "entities"}
LABELS = ("label", "labels", "cats")


class Examples:
    """Texts or images of a classification."""

    name = NAME
    order = 40

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether rows have an id, a text, and a list of labels or annotations, also as CSV."""
        return all(
            "id" in row
            and any(name in row for name in CONTENT)
            and (_is_old(row) or any(is_list(row.get(name)) for name in LABELS) or _is_csv(row))
            for row in rows
        )

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels; ids are checked against the text, because doccano numbers the rows itself."""

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            own = fields_of(row.get("meta") or row.get("metadata")).get(wanted.id)
            content = texts_of({name: row.get(name) for name in CONTENT})
            # With these fields, the row is certainly doccano's, and the number is not the user's id.
            sure = own is not None or wanted.id != "id"
            key = (
                own
                if own is not None
                else None
                if wanted.id == "id" and _is_marked(row)
                else row.get(wanted.id)
            )
            for label, who in _labels(row, wanted):
                yield Said(number, label, key, content, who, sure)

        return told(rows, answers, NAME)


def _is_old(row: Mapping[str, Any]) -> bool:
    made = unpacked(row.get("annotations"))
    return isinstance(made, list) and all(isinstance(one, Mapping) and "label" in one for one in made)


def _is_csv(row: Mapping[str, Any]) -> bool:
    names = list(row)
    return names[0] == "id" and names[1:2] in (["text"], ["data"]) and names[2:3] == ["label"]


def _is_marked(row: Mapping[str, Any]) -> bool:
    return _is_old(row) or bool(MARKS & row.keys())


def _labels(row: Mapping[str, Any], wanted: Wanted) -> list[tuple[Any, str | None]]:
    if _is_old(row):
        return _annotated(unpacked(row["annotations"]))
    name = wanted.label if wanted.label in row else next(n for n in LABELS if n in row)
    given = row[name]
    if is_nothing(given):
        raise NotTaken("The row is not labeled.")
    if isinstance(given, str) and not wanted.is_class(given) and "#" in given:
        given = given.split("#")
    if is_list(given) and any(map(is_list, given)):
        raise NotTaken("The labels are spans, but this task takes one class for each item.")
    return [(one_of(given), None)]


def _annotated(made: Sequence[Mapping[str, Any]]) -> list[tuple[Any, str | None]]:
    by: dict[str | None, list[Any]] = {}
    for one in made:
        if "start_offset" in one:
            raise NotTaken("The annotations are spans, but this task takes one class for each item.")
        if not isinstance(one["label"], str):
            raise NotTaken(
                f"The class is given as an internal number of doccano ({one['label']}): export the data "
                "again as JSONL with the texts of the labels."
            )
        who = one.get("user")
        by.setdefault(None if is_nothing(who) else _name(who), []).append(one["label"])
    if not by:
        raise NotTaken("The row is not labeled.")
    return [(one_of(labels), who) for who, labels in by.items()]


def _name(who: Any) -> str:
    return who if isinstance(who, str) and not who.isdecimal() else f"{NAME} user {who}"


FORMATS = (Examples(),)
