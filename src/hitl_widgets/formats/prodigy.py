"""Prodigy: a line for each answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
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
    moment,
    one_of,
    related,
    relations_of,
    rows_of,
    size_in,
    texts_of,
    told,
    unpacked,
)
from hitl_widgets.formats.images import refuse_frames
from hitl_widgets.formats.tokenized import pieces

__all__ = ["FORMATS", "WRITERS", "Answers"]

NAME = "Prodigy"
ANSWERS = {"accept", "reject", "ignore"}
NAMELESS = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$|-default$")  # sessions without a name
INPUT = "user_input"  # the field of a block text_input
MORE = {"spans": "spans", "relations": "relations", "audio_spans": "audio spans"}


class Answers:
    """Answers of ``textcat`` and ``choice``."""

    name = NAME
    order = 30

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all answers are ``accept``, ``reject`` or ``ignore``."""
        given = [row["answer"] for row in rows if not is_nothing(row.get("answer"))]
        return bool(given) and all(isinstance(one, str) and one in ANSWERS for one in given)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the accepted answers."""
        kind = wanted.kind or _kind(rows)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said | Left]:
            if (answer := row.get("answer")) != "accept":
                raise NotTaken(
                    "The row has no answer."
                    if is_nothing(answer)
                    else f"The answer is {answer!r}: only accepted answers are labels."
                )
            own = {name: row.get(name) for name in ("text", "html", "image", "audio", "path")}
            key = row.get(wanted.id, fields_of(row.get("meta")).get(wanted.id))
            answer, unread = _answer(row, kind, wanted), list[str]()
            if kind == "spans" and (wanted.relations or wanted.whole):
                answer = related(answer, _links(row, answer, unread), wanted)
            yield Said(
                number,
                answer,
                key,
                texts_of(own),
                _who(row),
                kind=kind,
                item=_item(row),
                size=size_in(row.get("width"), row.get("height")),
                time=moment(row.get("_timestamp")),
            )
            yield from (Left(number, why) for why in unread)
            if wanted.whole:
                yield from (Left(number, f"The {what}.") for what in _besides(row, kind))

        return told(rows, answers, NAME)


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the item; the path of an image rather than its encoded content."""
    found = {name: row[name] for name in ("text", "html", "image", "audio") if not is_nothing(row.get(name))}
    path = row.get("path")
    return {name: path if name in {"image", "audio"} and path else value for name, value in found.items()}


def _kind(rows: Sequence[Row]) -> str:
    """Return the kind of the answers in a file."""
    every = [row for _, row in rows]
    spans = [span for row in every for span in rows_of(row.get("spans"))]
    if any("points" in span or "width" in span for span in spans):
        boxes = all(span.get("type", "rect") == "rect" for span in spans)
        return "boxes" if boxes else "polygons"
    if any(rows_of(row.get("audio_spans")) for row in every):
        return "ranges"
    if spans or any(is_list(unpacked(row.get("spans"))) for row in every):
        return "spans"
    if any(INPUT in row for row in every):
        return "text"
    given = [unpacked(row["accept"]) for row in every if is_list(unpacked(row.get("accept")))]
    return "choices" if any(len(one) != 1 for one in given) else "choice"


def _besides(row: Mapping[str, Any], kind: str) -> list[str]:
    """Return what a row contains besides the answer."""
    parts = {"spans": kind in {"spans", "boxes", "polygons"}, "audio_spans": kind == "ranges"}
    parts["relations"] = kind == "spans"
    return [what for field, what in MORE.items() if rows_of(row.get(field)) and not parts.get(field)]


def _answer(row: Mapping[str, Any], kind: str, wanted: Wanted) -> Any:
    if kind in {"spans", "ranges"}:
        field, end = ("spans", int) if kind == "spans" else ("audio_spans", float)
        return [
            {"start": end(one["start"]), "end": end(one["end"]), "label": one["label"]}
            for one in rows_of(row.get(field))
        ]
    if kind in {"boxes", "polygons"}:
        return [_shape(one, kind) for one in rows_of(row.get("spans"))]
    if kind == "text":
        name = wanted.label if wanted.named else INPUT
        if not isinstance(row.get(name), str):
            raise NotTaken(f"The row has no text in the field {name!r}.")
        return row[name]
    return _choice(row, kind, wanted)


def _links(
    row: Mapping[str, Any], spans: Sequence[Mapping[str, Any]], unread: list[str]
) -> list[dict[str, Any]]:
    """Return the relations between spans, which are given with each; reasons are added to ``unread``."""
    at = {(one["start"], one["end"], str(one["label"])): k for k, one in reversed(list(enumerate(spans)))}
    found = []
    for one in rows_of(row.get("relations")):
        ends = [fields_of(one.get(name)) for name in ("head_span", "child_span")]
        places = [at.get((end.get("start"), end.get("end"), str(end.get("label")))) for end in ends]
        if None in places:
            unread.append("A relation is not between labeled spans.")
        elif is_nothing(one.get("label")):
            unread.append("A relation has no type.")
        else:
            found.append({"from": places[0], "to": places[1], "label": one["label"]})
    return found


def _shape(one: Mapping[str, Any], kind: str) -> dict[str, Any]:
    points = one.get("points") or []
    if kind == "polygons":
        return {"points": [list(point) for point in points], "label": one["label"]}
    if one.get("type", "rect") != "rect":
        raise NotTaken(f"A span of the image is a {one['type']}, not a box.")
    if "width" in one:
        return {**{name: one[name] for name in ("x", "y", "width", "height")}, "label": one["label"]}
    across, down = zip(*points, strict=True)
    place = {
        "x": min(across),
        "y": min(down),
        "width": max(across) - min(across),
        "height": max(down) - min(down),
    }
    return {**place, "label": one["label"]}


def _choice(row: Mapping[str, Any], kind: str, wanted: Wanted) -> Any:
    if kind not in {"choice", "choices", "rating", "number"}:
        raise NotTaken(f"Prodigy has no answers of kind {kind!r}.")
    many: Any = list if kind == "choices" else one_of
    if wanted.named and wanted.label in row:
        return many(row[wanted.label])
    # The chosen option, else the proposed label that was accepted.
    if "accept" in row and not is_nothing(row["accept"]):
        found = unpacked(row["accept"])
        return many(found if is_list(found) else [found])
    if not is_nothing(row.get("label")):
        return [row["label"]] if kind == "choices" else one_of(row["label"])
    held = [what for field, what in MORE.items() if row.get(field)]
    raise NotTaken(
        f"The answer contains {held[0]}, but this task takes one choice for each item."
        if held
        else "Nothing was chosen."
    )


def _who(row: Mapping[str, Any]) -> str | None:
    by = row.get("_annotator_id") or row.get("_session_id")
    return None if not isinstance(by, str) or is_nothing(by) or NAMELESS.search(by) else by


class Prodigy:
    """A line for each answer, as ``prodigy db-out`` writes it."""

    name = "prodigy"
    ending = ""
    tabular, folder, items, relations = False, False, True, True
    kinds = ("choice", "choices", "rating", "text", "spans", "ranges", "boxes", "polygons")

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return no notes."""
        return []

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the fields of a line that depend on the kind of question."""
        return [
            "text, image or audio",
            "options and accept, spans, audio_spans or user_input",
            "answer",
            "meta",
        ]

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the lines."""
        left: list[Left] = []
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for one in export.said:
                try:
                    refuse_frames(one.label)
                except NotTaken as why:
                    left.append(Left(one.number, str(why)))
                    continue
                row = {**one.item, **_given(one, export.classes), "answer": "accept"}
                if one.size is not None:
                    row |= {"width": one.size[0], "height": one.size[1]}
                if one.id is not None:
                    row["meta"] = {"id": one.id}
                if one.annotator is not None:
                    row |= {"_annotator_id": one.annotator, "_session_id": one.annotator}
                if one.time is not None:
                    row["_timestamp"] = int(datetime.fromisoformat(one.time).timestamp())
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        return left


def _given(one: Said, classes: Sequence[str]) -> dict[str, Any]:
    if one.kind == "text":
        return {INPUT: one.label}
    if one.kind == "spans":
        return _related(one)
    if one.kind == "ranges":
        return {"audio_spans": [{**mark, "type": "audio"} for mark in one.label]}
    if one.kind == "polygons":
        return {"spans": [{**mark, "type": "polygon"} for mark in one.label]}
    if one.kind == "boxes":
        return {"spans": [{**mark, "type": "rect", "points": _corners(mark)} for mark in one.label]}
    chosen = one.label if one.kind == "choices" else [one.label]
    options = [{"id": name, "text": name} for name in classes]
    return {"options": options, "accept": list(map(str, chosen))}


def _related(one: Said) -> dict[str, Any]:
    """Return spans; with relations, also tokens, by which Prodigy finds the ends."""
    spans, relations = marks_of(one.label), relations_of(one.label)
    found: dict[str, Any] = {"spans": [dict(mark) for mark in spans]}
    text = one.item.get("text")
    if not relations or not isinstance(text, str):
        return found
    places = pieces(text)
    tokens = [
        {"text": text[a:b], "start": a, "end": b, "id": k, "ws": text[b : b + 1] == " "}
        for k, (a, b) in enumerate(places)
    ]

    def first(mark: Mapping[str, Any]) -> int:
        return next((k for k, (_, end) in enumerate(places) if end > mark["start"]), 0)

    links = []
    for link in relations:
        head, child = spans[link["from"]], spans[link["to"]]
        ends = {
            "head": first(head),
            "child": first(child),
            "head_span": dict(head),
            "child_span": dict(child),
        }
        links.append({**ends, "label": link["label"]})
    return found | {"tokens": tokens, "relations": links}


def _corners(mark: Mapping[str, Any]) -> list[list[float]]:
    x, y, right, down = mark["x"], mark["y"], mark["x"] + mark["width"], mark["y"] + mark["height"]
    return [[x, y], [x, down], [right, down], [right, y]]


FORMATS = (Answers(),)
WRITERS = (Prodigy(),)
