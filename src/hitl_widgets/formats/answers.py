"""Unsaved answers that the "Export" button of the card writes in the browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.formats.base import Left, NotTaken, Row, Said, Wanted, told

__all__ = ["FORMATS", "Answers"]

NAME = "hitl-widgets"


class Answers:
    """Labels of an item, given by its key, or of a selection, given by rows of its table."""

    name = NAME
    order = 0

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether every row names the kind of act."""
        return all(isinstance(row.get("hitl_act"), str) for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the labels, and reasons for skipping other acts, such as skips."""

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if row["hitl_act"] != "label":
                raise NotTaken(f"The act is {row['hitl_act']!r}, which is not a label.")
            keys = [row["key"]] if row.get("key") else wanted.selected(row["pool"], row["rows"])
            answer = row.get("answer")
            words = answer.get("words") if isinstance(answer, Mapping) else None
            for key in keys:  # several classes are a list; one class or level is a text
                yield Said(number, words if isinstance(words, list) else row["value"], key)

        return told(rows, answers, NAME)


FORMATS = (Answers(),)
