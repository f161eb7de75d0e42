"""Tables with a row for each label, in whatever file, without a session that says what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.formats.base import (
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    is_list,
    is_nothing,
    texts_of,
    told,
    unpacked,
)

__all__ = ["Plain"]

PREFERRED = {"first", "second", "tie", "both bad"}
OWN = ("annotator", "time", "elapsed_ms")
# The fields of marks, and the kinds of questions that have them.
FIELDS = {
    "boxes": {"x", "y", "width", "height"},
    "masks": {"size", "counts"},
    "polygons": {"points"},
    "spans": {"start", "end"},
    "points": {"x", "y"},
}


class Plain:
    """Rows with an id, a label, and fields of the item; lists may be JSON in cells."""

    name = "rows"

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels."""
        kind = wanted.kind or _kind([row for _, row in rows], wanted.label)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if wanted.label not in row:
                raise NotTaken(f"The row has no field {wanted.label!r}: pass the field with the labels.")
            label = _label(row[wanted.label], kind)
            item = {
                str(name): unpacked(value) if name == "items" else value
                for name, value in row.items()
                if name not in {wanted.label, wanted.id, *OWN} and not is_nothing(value)
            }
            who, time, elapsed = (None if is_nothing(row.get(name)) else row[name] for name in OWN)
            size = (item["width"], item["height"]) if {"width", "height"} <= item.keys() else None
            key = None if is_nothing(row.get(wanted.id)) else row[wanted.id]
            yield Said(
                number,
                label,
                key,
                texts_of(item),
                None if who is None else str(who),
                kind=kind,
                item=item,
                size=None if size is None else (float(size[0]), float(size[1])),
                elapsed_ms=None if elapsed is None else int(float(elapsed)),
                time=None if time is None else str(time),
            )

        return told(rows, answers, "a table of labels")


def _label(value: Any, kind: str) -> Any:
    if kind == "text":
        return "" if value is None else str(value)
    if is_nothing(value):
        raise NotTaken("The row is not labeled.")
    found = unpacked(value)
    if kind == "number":
        number = float(found)
        return int(number) if number.is_integer() else number
    if kind == "choices" and not is_list(found):
        return [found]
    if kind in {"choice", "rating"} and is_list(found):
        raise NotTaken(f"The label is a list: pass the kind of the question, which is not {kind!r}.")
    return list(found) if is_list(found) else found


def _kind(rows: Sequence[Mapping[str, Any]], label: str) -> str:
    """Return the kind of question that labels seem to answer."""
    values = [(unpacked(row.get(label)), row) for row in rows]
    if any(isinstance(value, Mapping) and "spans" in value for value, _ in values):
        return "spans"
    lists = [(value, row) for value, row in values if is_list(value)]
    for value, row in lists:
        for one in value:
            if isinstance(one, Mapping):
                return _marks(one)
            is_order = isinstance(one, int) and is_list(unpacked(row.get("items")))
            return "ranking" if is_order else "choices"
    if lists:
        return "choices"
    given = [(value, row) for value, row in values if not is_nothing(value)]
    compared = all(is_list(unpacked(row.get("items"))) and _preferred(value) for value, row in given)
    return "pair" if given and compared else "choice"


def _preferred(value: Any) -> bool:
    return (value.get("label") if isinstance(value, Mapping) else value) in PREFERRED


def _marks(one: Mapping[str, Any]) -> str:
    for kind, fields in FIELDS.items():
        if fields <= one.keys():
            return "ranges" if kind == "spans" and isinstance(one["start"], float) else kind
    raise NotTaken(f"{dict(one)!r} is not a mark.")
