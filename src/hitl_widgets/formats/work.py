"""Answers to tasks that were sent out: files that a page saved, and results of Mechanical Turk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from html import unescape
from typing import Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.base import Left, NotTaken, Row, Said, Wanted, is_nothing, milliseconds, told

__all__ = ["FORMATS", "Page", "Turk"]

VERSION = 1
# Amazon writes times such as "Mon Nov 30 08:15:00 PST 2026".
TIME = re.compile(r"\w{3} (\w{3} \d+ [\d:]+) (PST|PDT|UTC|GMT) (\d{4})")
HOURS = {"PST": -8, "PDT": -7}
SIDES = {"side A": 0, "side B": 1}
PLACES = ("first", "second")


class Page:
    """A file that a page saved: the person, and the answers by item."""

    name = "a page of tasks"
    order = 1

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether it is such a file, or its answers."""
        return all("hitl_answers" in row for row in rows)

    def unfold(self, value: Mapping[str, Any]) -> list[Row]:
        """Return a row for each answer."""
        shared = {name: value.get(name) for name in ("hitl_answers", "person", "kind", "task")}
        return [(k, {**shared, "answer": one}) for k, one in enumerate(value.get("answers") or [])]

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the answers."""
        known = [row for _, row in rows if row["hitl_answers"] == VERSION]
        kind = wanted.kind or (_kind(row.get("kind") for row in known) if known else "")

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if row["hitl_answers"] != VERSION:
                raise NotTaken("The file is from a newer version: upgrade with pip install -U hitl-widgets.")
            one = row["answer"]
            if wanted.task and row["task"] != wanted.task:
                raise NotTaken(
                    f"The answer belongs to the task {row['task']!r}, and this is {wanted.task!r}."
                )
            if not is_nothing(row["kind"]) and row["kind"] != kind:
                raise NotTaken(f"The answer is of kind {row['kind']!r}, and the question asks for {kind!r}.")
            if is_nothing(row["person"]):
                raise NotTaken("The person is not named.")
            if one["value"] is None:
                raise NotTaken("The person could not say.")
            yield Said(
                number,
                one["value"],
                one["item"],
                annotator=str(row["person"]),
                kind=kind,
                digest=_text(one.get("digest")),
                elapsed_ms=milliseconds(one.get("elapsed_ms"), 1),
                time=None if is_nothing(one.get("time")) else str(one["time"]),
            )

        return told(rows, answers, self.name)


class Turk:
    """Results of a batch on Mechanical Turk, with a row for each assignment."""

    name = "Mechanical Turk"
    order = 2

    def claims(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether all rows have a worker, an assignment and our item."""
        return all({"WorkerId", "AssignmentId", "Input.item"} <= row.keys() for row in rows)

    def read(self, rows: Sequence[Row], wanted: Wanted) -> Iterable[Said | Left]:
        """Yield the answers of assignments that were not rejected."""
        kind = wanted.kind or _kind([])

        def answers(number: int, row: Mapping[str, Any]) -> Iterator[Said]:
            if str(row.get("AssignmentStatus", "")).lower() == "rejected" or not is_nothing(
                row.get("Reject")
            ):
                raise NotTaken("The assignment was rejected.")
            if is_nothing(row.get("Answer.answer")):
                raise NotTaken("The assignment has no answer (Answer.answer).")
            value = json.loads(row["Answer.answer"])
            if value is None or value == "":
                raise NotTaken("Nothing was chosen.")
            left = row.get("Input.left")
            if kind == "pair":
                value = {"label": _placed(value, left), "left": left}
            yield Said(
                number,
                value,
                unescape(str(row["Input.item"])),
                annotator=str(row["WorkerId"]),
                kind=kind,
                digest=_text(row.get("Input.digest")),
                elapsed_ms=milliseconds(row.get("WorkTimeInSeconds")),
                time=_time(row.get("SubmitTime")),
            )

        return told(rows, answers, self.name)


def _kind(told: Iterable[Any]) -> str:
    """Return the kind of question that the answers are about, if their file says it."""
    found = next((kind for kind in told if isinstance(kind, str) and kind), "")
    if not found:
        raise InvalidInput(
            "The answers do not say which kind of question they are about: pass --kind, such as --kind "
            "choice (kind=). Or import them where the tasks are from: session.import_answers(path)."
        )
    return found


def _text(value: Any) -> str:
    return "" if is_nothing(value) else str(value)


def _placed(value: Any, left: Any) -> Any:
    """Return the place in the item of a side of the page; A is what was shown first."""
    if value not in SIDES:
        return value
    if left not in PLACES:
        raise NotTaken("The column Input.left does not say what was shown first.")
    return PLACES[PLACES.index(left) ^ SIDES[value]]


def _time(text: Any) -> str | None:
    found = TIME.fullmatch(str(text).strip())
    if found is None:
        return None
    zone = timezone(timedelta(hours=HOURS.get(found[2], 0)))
    moment = datetime.strptime(f"{found[1]} {found[3]}", "%b %d %H:%M:%S %Y").replace(tzinfo=zone)
    return moment.isoformat()


FORMATS = (Page(), Turk())
