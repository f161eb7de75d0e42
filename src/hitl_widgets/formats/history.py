"""Export and import of the complete history as JSON lines, with one act per line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec

from hitl_widgets.errors import InvalidInput
from hitl_widgets.formats.base import Export, Left
from hitl_widgets.labels.events import EventKind, LabelEvent, Selection, Why
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.machine import HandOver, Withdrawal
from hitl_widgets.questions.schema import is_unicode

__all__ = ["FIELDS", "WRITERS", "History", "Jsonl", "is_history", "json_lines", "parsed", "read_history"]

FORMAT = 2
# Descriptions of the fields for the data card.
FIELDS = {
    "event_id": "the id of the act",
    "task": "the question",
    "annotator": "who acted",
    "kind": "label, skip, note, undo, redo, slice (a named search), definition (such as a rule), schema (the "
    "classes changed), machine (labels handed over to the model, or withdrawn), reveal (hidden personal "
    "data was displayed), team (a setting of the task) or trial (an answer in a practice round or a "
    "qualification)",
    "time": "time of the act, UTC",
    "item_ids": "the items, by id or hash",
    "value": "the answer with class ids, which do not change on renaming (none: label removed), the reason "
    "of a skip, the note, the act that an undo or redo is about, the classes, what is defined, the "
    "machine labels, the setting, or the answer in a trial",
    "said": "the class name at the time of the label",
    "selection": "how the items were chosen",
    "elapsed_ms": "how long the annotator looked at them, in milliseconds, if known",
    "digests": "a short digest of each item, to detect changes; only if needed",
    "model_version": "the round of the model at the time",
    "restores": "the undone act that this act repeats",
    "n_items": "the number of items",
    "holds": "false for undone acts",
    "pseudonym": "whether annotator is a pseudonym",
    "format": "the version of this format",
}
MAX_BYTES, MAX_LINE = 2**30, 2**26  # labeling a million points at once is a line of 27 MB
INFINITE = float("inf")
MAX_DEPTH = 20

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    task: _Name
    annotator: _Name
    kind: EventKind
    time: Annotated[str, msgspec.Meta(max_length=40)]
    item_ids: tuple[str, ...]
    value: Any
    selection: Selection | None
    elapsed_ms: _Count | None
    model_version: _Count | None
    restores: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    digests: str = ""
    pseudonym: bool = False
    n_items: int = 0
    holds: bool = True
    said: Any = None


@dataclass(frozen=True)
class History:
    """The acts of a file, each with its line number from 0, and invalid lines with the reason.

    Attributes
    ----------
    said
        The class names of labels at the time, by event id; the values contain ids of classes.
    pseudonyms
        Whether annotators are pseudonyms.
    n_lines
        Number of non-empty lines.
    """

    events: list[tuple[int, LabelEvent]] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    said: Mapping[str, Any] = field(default_factory=dict)
    pseudonyms: bool = False
    n_lines: int = 0


class Jsonl:
    """All acts in log order, one per line, each with whether it is in effect."""

    name = "jsonl"
    ending = ".jsonl"
    tabular = False
    folder, items = False, False
    kinds: tuple[str, ...] = ()

    def notes(self, export: Export) -> Sequence[str]:
        """Return a note if pseudonyms prevent restoring a store."""
        words = "Annotators are pseudonyms. To restore a store from the file, export with names=True."
        return [words] if export.called else []

    def columns(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return the fields of a line."""
        return list(FIELDS)

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write all acts, one per line."""
        holding = {e.event_id: holds for e, holds in export.fold.acts()}
        called = export.called
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for event in export.events:
                shown = replace(event, annotator=called[event.annotator]) if called else event
                line = {"format": FORMAT, **asdict(shown), "n_items": len(event.item_ids)}
                if not event.digests:
                    del line["digests"]
                line |= {"pseudonym": bool(called), "holds": holding.get(event.event_id, True)}
                if event.restores is None:
                    del line["restores"]
                if event.kind == "label" and event.value is not None:
                    line["said"] = export.fold.words(event)
                file.write(_line(line) + "\n")
        return []


WRITERS = (Jsonl(),)


def _line(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # Escape lone surrogates, and characters that some programs treat as line endings.
    return text if is_unicode(text) and len(text.splitlines()) == 1 else json.dumps(value)


def json_lines(path: Path) -> Iterable[tuple[int, bytes]]:
    """Yield the non-empty lines, each with its number from 0.

    Raises
    ------
    InvalidInput
        If the file is larger than 1 GB. A line longer than 64 MB is cut, and so not valid JSON.
    """
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{path} has {path.stat().st_size / 2**30:.1f} GB; the limit is 1 GB. Split it.")
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    pass
            if line.strip():
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line
            number += 1


def parsed(line: bytes, *, most: int | None = None, strict: bool = True) -> Any:
    """Parse a line of JSON.

    Parameters
    ----------
    most
        Maximum number of bytes.
    strict
        Whether to reject NaN and infinite numbers, which many programs write although JSON excludes them.

    Raises
    ------
    ValueError
        With the reason why the line is invalid: broken, too long, too deep, NaN or infinite.
    """
    most = MAX_LINE if most is None else most
    if len(line) > most:
        raise ValueError(f"longer than {most >> 20} MB")
    try:
        value = json.loads(line, parse_constant=_refuse_constant if strict else float)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at character {error.pos})") from None
    _check_values(value, strict=strict)
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"not valid JSON: it contains {name}")


def _check_values(value: Any, *, strict: bool) -> None:
    """Check a value that ``json`` has read, level by level: files may have millions of values."""
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 2):
        below = []
        for parts in level:
            for part in parts:
                of = type(part)
                if of is dict:
                    below.append(part.values())
                elif of is list:
                    below.append(part)
                elif of is float and strict and abs(part) == INFINITE:
                    raise ValueError("not valid: it contains a number that is too large")
        if not below:
            return
        level = below
    raise ValueError("nested too deeply")


def is_history(value: Any) -> bool:
    """Return whether a line was written by :class:`Jsonl`."""
    return isinstance(value, dict) and {"format", "event_id", "kind", "item_ids"} <= value.keys()


def read_history(path: Path) -> History:
    """Read and check the acts of a file written by :class:`Jsonl`.

    Raises
    ------
    InvalidInput
        If the file is larger than 1 GB.
    """
    events: list[tuple[int, LabelEvent]] = []
    broken: list[tuple[int, str]] = []
    said: dict[str, Any] = {}
    pseudonyms, n_lines = False, 0
    for number, line in json_lines(path):
        n_lines += 1
        try:
            value = parsed(line)
            event = _event(value)
        except (ValueError, msgspec.ValidationError) as error:
            broken.append((number, f"The line is {_words(error)}."))
        else:
            events.append((number, event))
            pseudonyms = pseudonyms or value.get("pseudonym", False)
            if value.get("said") is not None:
                said[event.event_id] = value["said"]
    return History(events, broken, said, pseudonyms, n_lines)


def _words(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"not a valid act: {text}" if isinstance(error, msgspec.ValidationError | InvalidInput) else text


def _event(value: Any) -> LabelEvent:
    line = msgspec.convert(value, _Line)
    if line.format not in range(1, FORMAT + 1):
        raise InvalidInput(f"it has format {line.format}, but this version reads up to {FORMAT}: upgrade")
    try:
        moment = datetime.fromisoformat(line.time)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(f"time is {line.time!r}, not an ISO 8601 time with a time zone")
    if not line.annotator.strip() or not is_unicode(line.annotator + line.task + line.event_id):
        raise InvalidInput(f"annotator {line.annotator!r} of task {line.task!r} is not a valid name")
    made = HandOver.of(line.value) if line.kind == "machine" else None
    if (line.kind in {"label", "skip", "note", "trial"} or made is not None) != bool(line.item_ids):
        raise InvalidInput(f"a {line.kind} cannot have {len(line.item_ids)} items")
    if len(set(line.item_ids)) < len(line.item_ids):
        raise InvalidInput("an item is listed twice")
    if made is not None and len(made.codes) != len(line.item_ids):
        raise InvalidInput(f"it has {len(line.item_ids)} items but {len(made.codes)} machine labels")
    CHECKS.get(line.kind, _check_nothing)(line.value)
    return LabelEvent(**{name: getattr(line, name) for name in LabelEvent.__dataclass_fields__})


def _check_label(value: Any) -> None:
    if (
        value is not None
        and not isinstance(value, dict | list)
        and not (isinstance(value, str) and value.strip())
    ):
        raise InvalidInput(f"value is {value!r}, not a class")


def _check_nothing(value: Any) -> None:
    if value is not None:
        raise InvalidInput(f"value is {value!r}, but no value is expected")


def _check_skip(value: Any) -> None:
    if value is not None and not (isinstance(value, dict) and value.get("why") in get_args(Why)):
        raise InvalidInput(f"value is {value!r}, not a reason to skip an item")


def _check_note(value: Any) -> None:
    match value:
        case {"note": str() | None} | {"kept": dict() | list(), "confidence": list()}:
            return
    raise InvalidInput(f"value is {value!r}, not a note")


def _check_target(value: Any) -> None:
    acts = value if isinstance(value, list) and value else [value]
    if not all(isinstance(act, str) for act in acts):
        raise InvalidInput(f"value is {value!r}, not the id of an act")


def _check_schema(value: Any) -> None:
    try:
        Fold().apply(LabelEvent("schema", "", "", value=value))
    except (TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(f"value is not a schema ({error!r})") from None


def _check_slice(value: Any) -> None:
    match value:
        case {"name": str(), "query": str() | None}:
            return
    raise InvalidInput(f"value is {value!r}, not a slice")


def _check_definition(value: Any) -> None:
    match value:
        case {"of": str(), "name": str(), "is": dict() | None}:
            return
    raise InvalidInput(f"value is {value!r}, not a definition")


def _check_team(value: Any) -> None:
    try:
        Fold().apply(LabelEvent("team", "", "", value=value))
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"value is not a setting of the team ({error})") from None
    if not isinstance(value, dict):
        raise InvalidInput(f"value is {value!r}, not a setting of the team")


def _check_machine(value: Any) -> None:
    if HandOver.of(value) is None and Withdrawal.of(value) is None:
        raise InvalidInput("value is neither a hand-over nor a withdrawal of machine labels")


CHECKS: dict[str, Callable[[Any], None]] = {
    "label": _check_label, "skip": _check_skip, "note": _check_note, "schema": _check_schema,
    "slice": _check_slice, "definition": _check_definition, "team": _check_team, "trial": _check_team,
    "reveal": _check_nothing, "undo": _check_target, "redo": _check_target, "machine": _check_machine,
}  # fmt: skip
