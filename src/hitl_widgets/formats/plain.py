"""Tables with a row for each label, in whatever file, without a session that says what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.formats.base import (
    KIND,
    MARKS,
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    is_list,
    is_nothing,
    milliseconds,
    size_in,
    texts_of,
    told,
    unpacked,
)

__all__ = ["Plain"]

PREFERRED = {"first", "second", "tie", "both bad"}
OWN = ("annotator", "time", "elapsed_ms")
MEMBER = re.compile(r"member_\d+")
WORDS = 3  # a single label with more words than this may be a text
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
        """Yield the labels.

        Raises
        ------
        InvalidInput
            If no kind is wanted, and the labels may be answers of several kinds.
        """
        kind = wanted.kind or _kind([row for _, row in rows], wanted.label)

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if wanted.label not in row:
                raise NotTaken(f"The row has no field {wanted.label!r}: pass the field with the labels.")
            label = _label(row[wanted.label], kind)
            item = {
                str(name): unpacked(value) if name == "items" else value
                for name, value in row.items()
                if name not in {wanted.label, wanted.id, KIND, *OWN} and not is_nothing(value)
            }
            if kind in {"pair", "ranking"} and "items" not in item:
                item = _together(item)
            who, time, elapsed = (None if is_nothing(row.get(name)) else row[name] for name in OWN)
            key = None if is_nothing(row.get(wanted.id)) else row[wanted.id]
            yield Said(
                number,
                label,
                key,
                texts_of(item),
                None if who is None else str(who),
                kind=kind,
                item=item,
                size=size_in(item.get("width"), item.get("height")),
                elapsed_ms=milliseconds(elapsed, 1),
                time=None if time is None else str(time),
            )

        return told(rows, answers, "a table of labels")


def _together(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item whose members are in columns of their own, as our tables have them, as one."""
    names = sorted((name for name in item if MEMBER.fullmatch(name)), key=lambda name: int(name[7:]))
    rest = {name: value for name, value in item.items() if name not in names}
    return {"items": [item[name] for name in names], **rest} if names else item


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
    if kind in {"choice", "rating"} and isinstance(found, float) and found.is_integer():
        return int(found)  # workbooks and columns with gaps have no integers
    if kind in {"choice", "rating"} and is_list(found):
        raise NotTaken(f"The label is a list: pass the kind of the question, which is not {kind!r}.")
    return list(found) if is_list(found) else found


def _kind(rows: Sequence[Mapping[str, Any]], label: str) -> str:
    """Return the kind of question that labels answer, if they leave no doubt."""
    kinds = {row.get(KIND) for row in rows if isinstance(row.get(KIND), str)}
    if label == "label" and kinds:  # it is that of the labels
        return _sole(sorted(map(str, kinds)))
    values = [(unpacked(row.get(label)), row) for row in rows]
    given = [(value, row) for value, row in values if not is_list(value) and not is_nothing(value)]
    if any(isinstance(value, Mapping) and "spans" in value for value, _ in given):
        return "spans"
    lists = [(list(value), row) for value, row in values if is_list(value)]
    if lists:
        return _of_lists(lists)
    if given and all(_preferred(value) for value, _ in given):
        compared = all(is_list(unpacked(row.get("items"))) for _, row in given)
        return "pair" if compared else _sole(["pair", "choice"])
    if any(isinstance(value, Mapping) for value, _ in given):
        return _sole(["form", "pair"])
    if given and all(_is_number(value) for value, _ in given):
        return _sole(["number", "rating", "choice"])
    texts = [str(value) for value, _ in given]
    if len(set(texts)) * 2 > len(texts) and (len(texts) > 1 or len(texts[0].split()) > WORDS):
        return _sole(["text", "choice"])
    return "choice"


def _of_lists(lists: Sequence[tuple[list[Any], Mapping[str, Any]]]) -> str:
    members = [one for value, _ in lists for one in value]
    marks = [one for one in members if isinstance(one, Mapping)]
    if marks:
        return _marks(marks)
    if not members:
        return _sole(["choices", *MARKS])
    if all(isinstance(one, int) for one in members):
        ordered = all(_is_order(value, unpacked(row.get("items"))) for value, row in lists)
        return "ranking" if ordered else _sole(["ranking", "choices"])
    return "choices"


def _sole(kinds: Sequence[str]) -> str:
    """Return the only kind; an answer of one kind must not silently become one of another."""
    if len(kinds) > 1:
        raise InvalidInput(
            f"The labels may be answers of kind {choices(kinds)}: say which with --kind, such as "
            f"--kind {kinds[0]} (in Python: kind=)."
        )
    return kinds[0]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool | Mapping):
        return False
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_order(value: Sequence[Any], items: Any) -> bool:
    return is_list(items) and sorted(value) == list(range(1, len(items) + 1))


def _preferred(value: Any) -> bool:
    return (value.get("label") if isinstance(value, Mapping) else value) in PREFERRED


def _marks(marks: Sequence[Mapping[str, Any]]) -> str:
    for kind, fields in FIELDS.items():
        if fields <= marks[0].keys():
            # Seconds may be whole, the places of characters always are.
            seconds = any(isinstance(one.get(end), float) for one in marks for end in ("start", "end"))
            if kind == "spans" and "text" in marks[0] and "label" not in marks[0]:
                return "transcript"
            return "ranges" if kind == "spans" and seconds else kind
    raise InvalidInput(f"The label {dict(marks[0])!r} is not a mark: say what it is with --kind (kind=).")
