"""Answers of other people to tasks that were sent out."""

from __future__ import annotations

import json
import os
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.formats import Left, Said, Wanted, formats, recognised, unfolded
from hitl_widgets.formats.files import read_rows
from hitl_widgets.items.base import Measured
from hitl_widgets.labels.events import LabelEvent, now
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.qualifying import gold_rows
from hitl_widgets.paths import full_path
from hitl_widgets.questions.base import Answer
from hitl_widgets.transfer.importing import Ids, Imported, Refusals, Source, annotator_name
from hitl_widgets.transfer.into import journal_of

__all__ = ["Answered", "receive"]

# Answers have ids of their own, so that importing them again changes nothing.
NAMESPACE = uuid.UUID("6d0e5a1c-93a5-4d0d-8f3e-6d1f0f2b7c11")
ENDINGS = (".json", ".jsonl", ".csv")
TOOLS = {"a page of tasks", "Mechanical Turk", "Label Studio"}


@dataclass(frozen=True, eq=False, repr=False)
class Answered(Imported):
    """The result of :meth:`Session.import_answers`.

    Attributes
    ----------
    people
        A row for each person: person, n (answers), seconds (median for an answer, if known), n_gold (answers
        to items with known answers) and agreement (mean agreement with these, 0-1).
    """

    people: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class _One:
    """An answer that fits the question and the item."""

    said: Said
    place: int
    who: str
    answer: Answer
    time: str


def receive(loop: Loop, source: Any, gold: Sequence[int] | None) -> Answered:
    """Write answers; see :meth:`Session.import_answers`."""
    refusals, n_rows, every = Refusals(), 0, list[Said]()
    for path in _paths(source):
        rows, said, left = _read(loop, path)
        for one in left:
            refusals.add(n_rows + one.number, f"{path.name}: {one.why}")
        every += [replace(one, number=n_rows + one.number) for one in said]
        n_rows += rows
    with loop.log.lock:
        loop.log.refuse_closed()
        found = _understood(loop, every, refusals)
        people = _people(loop, found, gold)
        n, n_same = _write(loop, found)
    return Answered(n, n_same, refusals.table(), n_rows, "answers", people)


def _paths(source: Any) -> list[Path]:
    given = [source] if isinstance(source, str | os.PathLike) else list(source)
    found: list[Path] = []
    for one in map(full_path, given):
        if not one.exists():
            raise InvalidInput(f"File not found: {one}.")
        inside = sorted(p for p in one.iterdir() if p.suffix.lower() in ENDINGS) if one.is_dir() else [one]
        if not inside:
            raise InvalidInput(f"The folder {one} has no files that end with .json, .jsonl or .csv.")
        found += inside
    return found


def _read(loop: Loop, path: Path) -> tuple[int, list[Said], list[Left]]:
    rows, broken = read_rows(path)
    wanted = Wanted(
        "id", "label", lambda v: loop.schema.find(v) is not None, kind=loop.schema.kind, task=loop.task
    )
    tool = recognised([row for _, row in rows], wanted)
    if tool is None or tool.name not in TOOLS:
        # Several formats may be of one tool.
        known = choices(sorted({one.name for one in formats() if one.name in TOOLS}))
        raise InvalidInput(
            f"{path} has no answers to tasks: expected a file of {known}. Nothing was imported. For other "
            "files: session.import_labels(path)."
        )
    rows = list(unfolded(tool, rows))
    read = list(tool.read(rows, wanted))
    left = [Left(number, why) for number, why in broken] + [one for one in read if isinstance(one, Left)]
    return len(rows) + len(broken), [one for one in read if isinstance(one, Said)], left


def _understood(loop: Loop, every: Sequence[Said], refusals: Refusals) -> list[_One]:
    ids, found = Ids(loop.pool), []
    fold, pool = journal_of(loop).fold, loop.pool
    for one in every:
        try:
            row = Source(one.number, one.id, one.label, one.annotator, None, one.content, one.sure)
            place, who = ids.of(row), annotator_name(one.annotator)
            if one.digest and not pool.same(place, one.digest):
                raise InvalidInput(_other(pool.ids[place]))
            answer = fold.kind.parse(one.label, fold.vocabulary)
            if fold.kind.composed and isinstance(pool.item_kind, Measured):
                fold.kind.check(answer, loop.schema, pool.item_kind.extent(pool.items[place]))
            found.append(_One(one, place, who, answer, _moment(one.time)))
        except ValueError as error:
            refusals.add(one.number, str(error), one.id, one.label)
    return found


def _other(id_: Any) -> str:
    return (
        f"What was shown as the item {id_!r} is not this item: it has changed since, or the tasks are of "
        "another table. To import answers by their ids alone: session.import_labels(path)."
    )


def _moment(time: str | None) -> str:
    """Return a time as the log writes it, not later than now; empty if it is unknown."""
    try:
        moment = datetime.fromisoformat(str(time))
    except ValueError:
        return ""
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return min(moment.isoformat(timespec="milliseconds"), now())


def _write(loop: Loop, found: Sequence[_One]) -> tuple[int, int]:
    """Write what is new, in the order in which it was given; return how many answers were new and known."""
    journal = journal_of(loop)
    kind, known = journal.fold.kind, {event.event_id for event in journal.events}
    newest: dict[tuple[int, str], _One] = {}
    for one in found:
        before = newest.get((one.place, one.who))
        if before is None or one.time >= before.time:
            newest[one.place, one.who] = one
    n, known_answers = 0, set(gold_rows(loop.log))
    for one in sorted(newest.values(), key=lambda one: one.time):
        dumped = kind.dump(one.answer)
        key = loop.pool.keys[one.place]
        told = json.dumps([loop.task, key, one.who, dumped, one.time], sort_keys=True, default=str)
        event_id = str(uuid.uuid5(NAMESPACE, told))
        held = journal.fold.current(key).get(one.who)
        if event_id in known or (held is not None and journal.fold.now(held) == one.answer):
            continue
        if held is not None and one.time and held.time > one.time:
            continue  # changed since
        keys, digests = journal.named([one.place])
        event = LabelEvent(
            "label",
            loop.task,
            one.who,
            keys,
            dumped,
            "gold" if one.place in known_answers else "import",
            elapsed_ms=one.said.elapsed_ms,
            event_id=event_id,
            digests=digests,
            time=one.time or now(),
        )
        n += journal.add(event)
    return n, len(found) - n


def _people(loop: Loop, found: Sequence[_One], gold: Sequence[int] | None) -> pd.DataFrame:
    fold = journal_of(loop).fold
    kind, schema = fold.kind, loop.schema
    truth = {}
    for place in gold_rows(loop.log) if gold is None else gold:
        decided = fold.verdict(loop.pool.keys[place])
        if decided is not None:
            truth[place] = fold.now(decided)
            continue
        held = fold.current(loop.pool.keys[place]).get(loop.annotator)
        answer = None if held is None else fold.now(held)
        if answer is None:
            raise InvalidInput(f"The item {loop.pool.ids[place]!r} has no label of yours: gold= needs one.")
        truth[place] = answer
    by: dict[str, list[_One]] = defaultdict(list)
    for one in found:
        by[one.who].append(one)
    rows = []
    for who, many in by.items():
        spent = [one.said.elapsed_ms / 1000 for one in many if one.said.elapsed_ms is not None]
        agreed = [kind.agree(one.answer, truth[one.place], schema) for one in many if one.place in truth]
        rows.append((who, len(many), pd.Series(spent).median(), len(agreed), pd.Series(agreed).mean()))
    columns = ["person", "n", "seconds", "n_gold", "agreement"]
    return pd.DataFrame(rows, columns=columns).astype({"seconds": float, "agreement": float})
