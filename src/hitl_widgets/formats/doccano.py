"""doccano: a row for each text, with a list of labels (or of annotations before 1.3)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hitl_widgets.formats.base import (
    Export,
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    fields_of,
    is_list,
    is_nothing,
    marks_of,
    one_each,
    one_of,
    related,
    relations_of,
    rows_of,
    texts_of,
    told,
    unpacked,
)

__all__ = ["FORMATS", "WRITERS", "Examples", "is_plain"]

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
            and (
                _is_old(row)
                or is_list(row.get("entities"))
                or any(_is_labels(row.get(name)) for name in LABELS)
                or _is_csv(row)
            )
            for row in rows
        )

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels; ids are checked against the text, because doccano numbers the rows itself."""
        kind = wanted.kind or _kind(rows)
        if kind not in Doccano.kinds:
            return (Left(number, f"doccano has no answers of kind {kind!r}.") for number, _ in rows)

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
            item = {name: row[name] for name in ("text", "image") if isinstance(row.get(name), str)}
            unread: list[str] = []
            for label, who in _labels(row, kind, wanted, unread):
                yield Said(
                    number, label, key, content, who, sure, kind=kind, item=item or {"text": content[0]}
                )
            yield from (Left(number, why) for why in unread)

        return told(rows, answers, NAME)


def _is_labels(value: Any) -> bool:
    return is_list(value) and not any(isinstance(one, Mapping) for one in value)


def _is_old(row: Mapping[str, Any]) -> bool:
    made = unpacked(row.get("annotations"))
    return isinstance(made, list) and all(isinstance(one, Mapping) and "label" in one for one in made)


def _is_csv(row: Mapping[str, Any]) -> bool:
    names = list(row)
    is_table = names[0] == "id" and names[1:2] in (["text"], ["data"]) and names[2:3] == ["label"]
    return is_table and not is_list(row["label"])


def is_plain(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether these rows may as well be anybody's table of ids, texts and labels."""
    return not any(_is_marked(row) or any(_is_labels(row.get(name)) for name in LABELS) for row in rows)


def _is_marked(row: Mapping[str, Any]) -> bool:
    return _is_old(row) or bool(MARKS & row.keys())


def _labels(
    row: Mapping[str, Any], kind: str, wanted: Wanted, unread: list[str]
) -> list[tuple[Any, str | None]]:
    if _is_old(row):
        return _annotated(unpacked(row["annotations"]), kind)
    if kind == "spans" and is_list(unpacked(row.get("entities"))):
        made = rows_of(row["entities"])
        links = _links(row, made, unread) if wanted.relations or wanted.whole else []
        return [(related(list(map(_span, made)), links, wanted), None)]
    name = wanted.label if wanted.label in row else next((n for n in LABELS if n in row), None)
    if name is None:
        raise NotTaken(f"The row has spans (entities), not answers of kind {kind!r}.")
    given = unpacked(row[name])
    if kind == "spans":
        return [([_span(one) for one in (given if is_list(given) else [])], None)]
    if is_nothing(given):
        raise NotTaken("The row is not labeled.")
    if isinstance(given, str) and not wanted.is_class(given) and "#" in given:
        given = given.split("#")
    if is_list(given) and any(map(is_list, given)):
        raise NotTaken("The labels are spans, but this task takes one class for each item.")
    return [(_plain(given, kind), None)]


def _links(
    row: Mapping[str, Any], made: Sequence[Mapping[str, Any]], unread: list[str]
) -> list[dict[str, Any]]:
    """Return the relations between entities; for others, reasons are added to ``unread``."""
    places = {str(one.get("id")): k for k, one in enumerate(made)}
    found = []
    for one in rows_of(row.get("relations")):
        ends = [places.get(str(one.get(name))) for name in ("from_id", "to_id")]
        if None in ends:
            unread.append("A relation is not between entities of the text.")
        elif is_nothing(one.get("type")):
            unread.append("A relation has no type.")
        else:
            found.append({"from": ends[0], "to": ends[1], "label": one["type"]})
    return found


def _plain(given: Any, kind: str) -> Any:
    if kind == "choices":
        return list(given) if is_list(given) else [given]
    return one_of(given)


def _span(one: Any) -> dict[str, Any]:
    if isinstance(one, Mapping):
        if not isinstance(one.get("label"), str):
            raise NotTaken(_number_of(one))
        return {"start": one["start_offset"], "end": one["end_offset"], "label": one["label"]}
    start, end, label = one
    return {"start": start, "end": end, "label": label}


def _number_of(one: Mapping[str, Any]) -> str:
    return (
        f"The class is given as an internal number of doccano ({one.get('label')}): export the data again as "
        "JSONL with the texts of the labels."
    )


def _annotated(made: Sequence[Mapping[str, Any]], kind: str) -> list[tuple[Any, str | None]]:
    by: dict[str | None, list[Any]] = {}
    for one in made:
        if "start_offset" in one and kind != "spans":
            raise NotTaken("The annotations are spans, but this task takes one class for each item.")
        if not isinstance(one["label"], str):
            raise NotTaken(_number_of(one))
        who = one.get("user")
        label = _span(one) if kind == "spans" else one["label"]
        by.setdefault(None if is_nothing(who) else _name(who), []).append(label)
    if not by:
        raise NotTaken("The row is not labeled.")
    return [(labels if kind == "spans" else _plain(labels, kind), who) for who, labels in by.items()]


def _kind(rows: Sequence[Row]) -> str:
    """Return the kind of the answers in a file. Texts of seq2seq look like several classes."""
    every = [row for _, row in rows]
    if any("entities" in row for row in every):
        return "spans"
    made = [one for row in every for one in rows_of(row.get("annotations"))]
    if any("start_offset" in one for one in made):
        return "spans"
    lists = [unpacked(row.get(name)) for row in every for name in LABELS if is_list(unpacked(row.get(name)))]
    if any(is_list(one) for given in lists for one in given):
        return "spans"
    return "choices" if any(len(given) != 1 for given in lists) else "choice"


def _name(who: Any) -> str:
    return who if isinstance(who, str) and not who.isdecimal() else f"{NAME} user {who}"


class Doccano:
    """A line for each text, with its labels."""

    name = "doccano"
    ending = ""
    tabular, folder, items, relations = False, False, True, True
    kinds = ("choice", "choices", "rating", "text", "spans")

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return what such a file does not contain."""
        return ["A file for doccano does not name annotators: it contains the newest answer for each item."]

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the fields of a line."""
        return ["id", "text", "label"]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the lines."""
        left: list[Left] = []
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for one in one_each(export.said, left, NAME):
                row = {"id": one.id, **one.item} if one.id is not None else dict(one.item)
                row |= _written(one)
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        return left


def _written(one: Said) -> dict[str, Any]:
    if one.kind != "spans":
        return {"label": list(map(str, one.label if one.kind == "choices" else [one.label]))}
    spans, relations = marks_of(one.label), relations_of(one.label)
    if not isinstance(one.label, Mapping):
        return {"label": [[mark["start"], mark["end"], str(mark["label"])] for mark in spans]}
    entities = [
        {"id": k, "label": str(mark["label"]), "start_offset": mark["start"], "end_offset": mark["end"]}
        for k, mark in enumerate(spans)
    ]
    links = [
        {"id": k, "from_id": link["from"], "to_id": link["to"], "type": link["label"]}
        for k, link in enumerate(relations)
    ]
    return {"entities": entities, "relations": links}


FORMATS = (Examples(),)
WRITERS = (Doccano(),)
