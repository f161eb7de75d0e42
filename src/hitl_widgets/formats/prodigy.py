"""Prodigy: a line for each answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.formats.base import (
    Left,
    NotTaken,
    Row,
    Said,
    Wanted,
    fields_of,
    is_nothing,
    one_of,
    texts_of,
    told,
)

__all__ = ["FORMATS", "Answers"]

NAME = "Prodigy"
ANSWERS = {"accept", "reject", "ignore"}
NAMELESS = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$|-default$")  # sessions without a name
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

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if (answer := row.get("answer")) != "accept":
                raise NotTaken(
                    "The row has no answer."
                    if is_nothing(answer)
                    else f"The answer is {answer!r}: only accepted answers are labels."
                )
            own = {name: row.get(name) for name in ("text", "html", "image", "audio", "path")}
            key = row.get(wanted.id, fields_of(row.get("meta")).get(wanted.id))
            yield Said(number, _choice(row, wanted), key, texts_of(own), _who(row))

        return told(rows, answers, NAME)


def _choice(row: Mapping[str, Any], wanted: Wanted) -> Any:
    if wanted.named and wanted.label in row:
        return one_of(row[wanted.label])
    # The chosen option, else the proposed label that was accepted.
    if "accept" in row and not is_nothing(row["accept"]):
        return one_of(row["accept"])
    if not is_nothing(row.get("label")):
        return one_of(row["label"])
    held = [what for field, what in MORE.items() if row.get(field)]
    raise NotTaken(
        f"The answer contains {held[0]}, but this task takes one choice for each item."
        if held
        else "Nothing was chosen."
    )


def _who(row: Mapping[str, Any]) -> str | None:
    by = row.get("_annotator_id") or row.get("_session_id")
    return None if not isinstance(by, str) or is_nothing(by) or NAMELESS.search(by) else by


FORMATS = (Answers(),)
