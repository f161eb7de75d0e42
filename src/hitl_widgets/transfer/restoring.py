"""Import of an exported history. Its acts keep their ids, so importing it twice changes nothing."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Set
from datetime import datetime
from typing import Any

import pandas as pd

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.formats.history import History
from hitl_widgets.formats.reading import read_source
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.labels.machine import HandOver, Withdrawal
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.vocabulary import Vocabulary
from hitl_widgets.transfer.frames import folded
from hitl_widgets.transfer.importing import Imported, Journal, Refusals

__all__ = ["import_history", "import_stored"]


def import_history(found: History, log: Journal, annotator: str, *, replace: bool = False) -> Imported:
    """Write the acts of an exported history that are not in the log yet.

    Classes that the log never had are added, and those of its own ``classes=`` are kept. Changes of the
    classes are imported like other acts.

    Parameters
    ----------
    annotator
        The annotator of the acts that add classes.

    Raises
    ------
    InvalidInput
        If annotators are pseudonyms but the log has their names, or if the history answers another kind of
        question or uses another scale. Nothing is written.
    """
    if found.pseudonyms:
        _refuse_pseudonyms(found, log)
    _refuse_other_question(found, log)
    refusals = Refusals()
    for number, why in found.broken:
        refusals.add(number, why)
    accepted, n_same = _accepted(found, log, refusals, replace=replace)
    if log.fold.vocabulary.asked is not None:  # complete questions would remove each other's classes
        _add_classes(log, [event.value for _, event in accepted if _is_whole(event)], annotator)
        accepted = [(number, event) for number, event in accepted if not _is_whole(event)]
        accepted = _at_home(accepted, log, found.said)
    n = 0
    for number, event in accepted:
        if log.add(event):
            n += 1
        else:
            refusals.add(number, "The store already has this act under another task.", None, event.value)
    _settle_classes(log, accepted, refusals)
    return Imported(n, n_same, refusals.table(), found.n_lines, "acts")


def _refuse_other_question(found: History, log: Journal) -> None:
    asked, kind = log.fold.vocabulary.asked, log.fold.kind
    if asked is None:  # the history contains its own question
        return
    wholes = [event.value for _, event in found.events if _is_whole(event)]
    labels = [event for _, event in found.events if event.kind == "label" and isinstance(event.value, dict)]
    other = next((w for w in wholes if w.get("kind", "choice") != kind.name), None)
    if other is not None or (labels and not wholes and not any(_is_read(event, log) for event in labels)):
        theirs = "something else" if other is None else kind_of(other.get("kind", "choice")).asks
        raise InvalidInput(
            f"The history answers a question for {theirs}, but task {log.task!r} asks for "
            f"{kind.asks}. Nothing was imported."
        )
    scales = [[c["name"] for c in w["classes"]] for w in wholes]
    mine = [c["name"] for c in asked["classes"]]
    if kind.ordered and any(scale != mine for scale in scales):
        other_scale = next(scale for scale in scales if scale != mine)
        raise InvalidInput(
            f"The history has the levels {choices(other_scale)}, but task {log.task!r} has "
            f"{choices(mine)}. Nothing was imported."
        )


def _is_read(event: LabelEvent, log: Journal) -> bool:
    """Whether the answer of a label is one to the question of the log."""
    return event.kind != "label" or log.fold.kind.load(event.value, log.fold.vocabulary) is not None


def _in_words(event: LabelEvent, said: Mapping[str, Any]) -> LabelEvent:
    """The label with the class name of the time instead of the id."""
    word = said.get(event.event_id) if event.kind == "label" and event.value is not None else None
    return event if word is None else dataclasses.replace(event, value=word)


def _at_home(
    accepted: list[tuple[int, LabelEvent]], log: Journal, said: Mapping[str, Any]
) -> list[tuple[int, LabelEvent]]:
    """The acts with class names in place of ids that come from another log."""
    fold = log.fold
    made = {
        c["name"] for _, event in accepted if event.kind == "schema" for c in event.value.get("classes", ())
    }

    def told(event: LabelEvent) -> LabelEvent:
        if event.kind != "label" or (answer := fold.kind.load(event.value, fold.vocabulary)) is None:
            return event
        ids = fold.kind.classes(answer)
        return event if all(fold.vocabulary.knows(i) or i in made for i in ids) else _in_words(event, said)

    return [(number, told(event)) for number, event in accepted]


def _settle_classes(log: Journal, accepted: list[tuple[int, LabelEvent]], refusals: Refusals) -> None:
    """Merge classes whose new name in the history is already used here; report changes without effect."""
    changes = {event.event_id: (number, event) for number, event in accepted if event.kind == "schema"}
    if not changes:
        return
    every = {event.event_id: event for event in (*log.events, *(event for _, event in accepted))}
    vocabulary = folded(event for event in every.values() if event.kind not in {"label", "skip"}).vocabulary
    for event_id, why in vocabulary.void().items():
        if event_id not in changes:
            continue
        number, event = changes[event_id]
        if event.value["change"] in {"rename", "merge"} and (value := _as_merge(vocabulary, event.value)):
            merge = LabelEvent("schema", log.task, event.annotator, value=value)
            vocabulary.apply(merge.value, merge.event_id)
            log.add(merge)
        else:
            words = f"This change of the classes has no effect here. {why}"
            refusals.add(number, words, None, event.value["change"])


def _as_merge(vocabulary: Vocabulary, change: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A merge equivalent to a change that gave classes a new name; None if there is none."""
    into = change.get("name") or next((c["name"] for c in change.get("classes", ())), "")
    try:
        return vocabulary.completed({"change": "merge", "of": change["of"], "name": into})
    except InvalidInput:
        return None


def _is_whole(event: LabelEvent) -> bool:
    return event.kind == "schema" and "change" not in event.value


def _add_classes(log: Journal, wholes: list[Mapping[str, Any]], annotator: str) -> None:
    """Add the classes of the imported questions that the log never had."""
    vocabulary = log.fold.vocabulary
    named = {c["name"]: c for whole in wholes for c in whole["classes"]}
    for name, c in named.items():
        if vocabulary.understood(name) is None:
            new = {"name": name, "guidance": c["guidance"], "example": c["example"]}
            value = vocabulary.completed({"change": "add", "classes": [new]})
            log.add(LabelEvent("schema", log.task, annotator, value=value))


def _accepted(
    found: History, log: Journal, refusals: Refusals, *, replace: bool
) -> tuple[list[tuple[int, LabelEvent]], int]:
    """The acts that are new to the log, with their line numbers, and the number that it already has."""
    known = {event.event_id: event for event in log.events}
    classes = _known_classes(found, log)
    accepted, n_same = [], 0
    for number, event in found.events:
        word = found.said.get(event.event_id) if isinstance(event.value, dict) else event.value
        if event.event_id in known:
            if known[event.event_id] in (event, _in_words(event, found.said)):
                n_same += 1
                continue
            why = "Another act has this id."
        else:
            why = _why_not(event, word, log, known, classes, replace=replace)
        if why:
            shown = event.item_ids[0] if len(event.item_ids) == 1 else None
            refusals.add(number, why, shown, word if event.kind == "label" else None)
        else:
            known[event.event_id] = event
            accepted.append((number, event))
    return accepted, n_same


def _why_not(
    event: LabelEvent,
    word: Any,
    log: Journal,
    known: dict[str, LabelEvent],
    classes: Set[str],
    *,
    replace: bool,
) -> str:
    """The reason why an act cannot be imported; empty if it can."""
    if event.task != log.task:
        return f"It belongs to task {event.task!r}, not to {log.task!r}."
    if event.kind in {"undo", "redo"}:
        for act in event.value if isinstance(event.value, list | tuple) else [event.value]:
            target = known.get(str(act))
            if target is None or target.annotator != event.annotator:
                return f"It refers to the act {act!r}, which does not exist here."
    if event.kind == "machine" and (why := _why_not_machine(event, log, known)):
        return why
    if event.kind == "label" and classes and isinstance(word, str) and word not in classes:
        return f"{word!r} is not a class of this task.{nearest(word, classes)}"
    asked = log.fold.vocabulary.asked is not None
    if asked and isinstance(event.value, dict) and not _is_read(event, log):
        return f"It is not an answer to a question for {log.fold.kind.asks}."
    if event.kind == "label" and word is None and event.value is not None:
        return "It gives its class only by id: the class name is missing."
    if not replace and event.kind in {"label", "skip"}:
        moment = datetime.fromisoformat(event.time)
        for key in log.meant(event).item_ids:
            held = log.fold.current(key).get(event.annotator)
            if held is not None and datetime.fromisoformat(held.time) > moment:
                return f"{event.annotator} has a later answer for {key!r}. To override it, pass replace=True."
    return ""


def _why_not_machine(event: LabelEvent, log: Journal, known: dict[str, LabelEvent]) -> str:
    """The reason why machine labels, or the end of their use, cannot be imported; empty if they can."""
    made, ended = HandOver.of(event.value), Withdrawal.of(event.value)
    if ended is not None and ended.act not in known:
        return f"It withdraws the machine labels {ended.act!r}, which do not exist here."
    vocabulary = log.fold.vocabulary
    if made is not None and vocabulary.asked is not None and not all(map(vocabulary.knows, made.classes)):
        return "Its machine labels are of classes that this task does not have. Hand over here instead."
    return ""


def _known_classes(found: History, log: Journal) -> set[str]:
    """All class names that ever existed in the log or the history; empty if none is known."""
    schemas = [e for _, e in found.events if e.kind == "schema" and e.task == log.task]
    schemas += [e for e in log.events if e.kind == "schema"]
    names = {c["name"] for e in schemas for c in e.value.get("classes", ())}
    return names | {e.value["name"] for e in schemas if e.value.get("name")}  # what a class was renamed to


def _refuse_pseudonyms(found: History, log: Journal) -> None:
    here = {event.event_id: event for _, event in found.events}
    if any(e.kind != "schema" and here.get(e.event_id) != e for e in log.events):
        raise InvalidInput(
            "The annotators of this history are pseudonyms, but the log has acts under other names, so they "
            "would count as different people. Export it with names=True, or import it into an empty store."
        )


def import_stored(
    store: str | os.PathLike[str], path: str | os.PathLike[str], task: str | None = None
) -> Imported:
    """Write a history that was exported to .jsonl into a store, which is created if it does not exist.

    Parameters
    ----------
    task
        The task to import; None imports all tasks of the file.

    Raises
    ------
    InvalidInput
        If the file does not contain such a history. No store is created then.
    """
    found = read_source(path, ["id", "label"])
    if not isinstance(found, History) or not found.events:
        raise InvalidInput(
            f"{path} is not a history that was exported to .jsonl. A table of labels needs the data: "
            "use session.import_labels."
        )
    tasks = list(dict.fromkeys(event.task for _, event in found.events))
    if task is not None and task not in tasks:
        raise InvalidInput(f"{path} has no task {task!r}.{nearest(task, tasks)} It has {choices(tasks)}.")
    opened = LabelStore(store)
    try:
        parts = [_import_task(found, opened, name) for name in ([task] if task else tasks)]
    finally:
        opened.close()
    broken = Refusals()
    for number, why in found.broken:
        broken.add(number, why)
    refused = pd.concat([broken.table(), *(part.refused for part in parts)], ignore_index=True)
    return Imported(sum(p.n for p in parts), sum(p.n_same for p in parts), refused, found.n_lines, "acts")


def _import_task(found: History, store: LabelStore, task: str) -> Imported:
    events = [event for _, event in store.read(task)]
    own = [(number, event) for number, event in found.events if event.task == task]
    part = History(own, [], found.said, found.pseudonyms, len(own))
    return import_history(
        part, Journal(task, events, folded(events), store.append), events[0].annotator if events else ""
    )
