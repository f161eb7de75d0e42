"""Handles the acts of all views: from the message to the log and the acknowledgement."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from hitl_widgets.data.rows import decode, encode
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.acts import relabelled, unsaid
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.rules import Rule
from hitl_widgets.loop.teach.strikes import keep
from hitl_widgets.widgets.shared import messages as m
from hitl_widgets.widgets.wire import Selection, words

__all__ = ["act", "doubtful", "items_of", "rule_of"]

# How a bulk act chose its items, in the map's terms.
BULK: dict[str | None, Selection] = {
    "lasso": "lasso",
    "rectangle": "rectangle",
    "cluster": "cluster",
    "search": "search",
}
# Fields of a message that are not part of the act.
WIRE = {"type", "id", "pool", "late_ms"}
OTHER_ROWS = "The table has changed since these points were selected. Select them again."
OTHER_TABLE = "This refers to another table, or to an earlier version of this one."


def act(loop: Loop, message: m.Act) -> m.Ack:
    """Carry out an act; it is saved when this returns."""
    if message.pool not in {"", loop.pool.fingerprint}:
        raise InvalidInput(
            OTHER_ROWS if isinstance(message, m.Label | m.Clear) and message.rows else OTHER_TABLE
        )
    before = 0 if isinstance(message, m.Label | m.Clear | m.Skip | m.Keep) else loop.log.counts[0]
    told = {"back": None, "chosen": None, "gone": None, "note": None, "beside": None} | _done(loop, message)
    n_labels, n_events = loop.log.counts
    if n_labels < before and _is_change(loop, message):
        told["note"] = unsaid(before - n_labels)
    undo, redo = loop.log.can_turn()
    return m.Ack(id=message.id, **told, undo=undo, redo=redo, n_labels=n_labels, n_events=n_events)


def _done(loop: Loop, message: m.Act) -> dict[str, Any]:
    """Carry out the act; returns the fields of the acknowledgement that depend on the act."""
    match message:
        case m.Label():
            return {"beside": _label(loop, message)}
        case m.Skip():
            return {"beside": _skip(loop, message)}
        case m.Clear():
            loop.acts.label(_rows(loop, message), None, selection=message.selection, event_id=message.id)
        case m.Note() | m.Reveal() | m.Keep() | m.Decide() | m.Guide():
            _on_item(loop, message, loop.pool.index([message.key]))
        case m.Edit():
            [row] = loop.pool.index([message.key])
            new = message.cells if message.text is None else message.text
            loop.editing.keep(row, new, message.of, bare=False, event_id=message.id)
        case m.Settle():
            rows = None if message.key is None else loop.pool.index([message.key])
            loop.acts.settle(rows, keep=message.keep, event_id=message.id)
        case m.Undo():
            loop.acts.turn("undo", event_id=message.id)
            return {"back": _taken_back(loop, message.id), "chosen": _chosen(loop, message.id)}
        case m.Redo():
            loop.acts.turn("redo", event_id=message.id)
            again = _taken_back(loop, message.id)
            return {"gone": again.key if again else None}
        case m.Jump():
            loop.acts.jump(message.act, event_id=message.id)
        case m.Restore():
            _, replaced = loop.acts.restore(message.acts, event_id=message.id)
            return {"note": relabelled(replaced) if replaced else None}
        case _:
            _of_task(loop, message)
    return {}


def _of_task(loop: Loop, message: m.Act) -> None:
    """Carry out an act that is not about single items."""
    match message:
        case m.Slice():
            loop.slicing.keep(message.name, message.query, replace=message.replace, event_id=message.id)
        case m.KeepRule():
            rows = decode(message.rows, len(loop.pool)) if message.rows else None
            rule = rule_of(loop, message.query, message.of, rows)
            loop.ruling.say(rule, event_id=message.id)
        case m.RetireRule():
            loop.ruling.retire(message.name, back=message.back, event_id=message.id)
        case m.RemoveRule():
            loop.ruling.remove(message.name, event_id=message.id)
        case m.Requeue():
            loop.guiding.queue(message.of, event_id=message.id)
        case m.Strike():
            striking = loop.background.striking
            find = striking.check if message.on else striking.named
            keep(loop.acts, find(message.word, message.column), on=message.on, event_id=message.id)
        case m.HandOver():
            loop.handing.accept(message.proposal, event_id=message.id)
        case m.TakeBack():
            loop.handing.take_back(message.act, event_id=message.id)
        case m.Dismiss():
            loop.background.proposing.dismiss(loop.acts, message.name, message.id)
        case m.Change():
            change = {part: x for part, x in msgspec.to_builtins(message).items() if part not in WIRE}
            loop.acts.change_classes(change, event_id=message.id)


def _skip(loop: Loop, message: m.Skip) -> str | None:
    """Leave an item unanswered; in a qualification, return what is said of that."""
    rows = loop.pool.index([message.key])
    if loop.qualifying.waits:
        return words(loop.qualifying.answer(rows[0], None, event_id=message.id)) or None
    loop.acts.skip(rows, message.why, event_id=message.id)
    return None


def _on_item(loop: Loop, message: m.Note | m.Reveal | m.Keep | m.Decide | m.Guide, rows: list[int]) -> None:
    match message:
        case m.Note():
            loop.acts.note(rows, message.text, event_id=message.id)
        case m.Reveal():
            loop.covering.check()
            loop.acts.reveal(rows, event_id=message.id)
            loop.covering.reveal(rows)
        case m.Keep():
            loop.acts.keep(rows, loop.suspecting.confidence, event_id=message.id)
        case m.Decide():
            told: dict[str, Any] = {"gold": message.gold, "event_id": message.id}
            loop.acts.decide(rows, message.answer, message.because or None, **told)
        case m.Guide(counter=None):
            loop.guiding.drop(rows[0], message.of, event_id=message.id)
        case m.Guide(counter=bool(counter)):
            loop.guiding.keep(rows[0], message.of, message.because, counter=counter, event_id=message.id)


def _label(loop: Loop, message: m.Label) -> str | None:
    """Label items; after a demonstration, return what would have been suggested."""
    rows, shown, idea = _rows(loop, message), None, None
    if message.key is not None and loop.qualifying.waits:
        said = loop.qualifying.answer(rows[0], _answer_of(message), event_id=message.id)
        return words(said) or None
    if message.key is not None:
        shown = not bool(loop.blind.mask(loop.labels)[rows].any())
        if loop.mode == "demonstrate" and not shown and loop.suggesting is not None:
            idea = loop.suggesting.of(rows)[rows[0]]
    answer = _answer_of(message)
    act = loop.acts.label(
        rows,
        answer,
        selection=message.selection,
        elapsed_ms=message.elapsed_ms,
        event_id=message.id,
        shown=shown,
    )
    if stands := loop.log.outvoted(act):
        return words(stands)
    if idea is None or loop.suggesting is None:
        return None
    return words(loop.suggesting.compared(*idea, loop.log.own_act(act).value))


def items_of(loop: Loop, event_id: str) -> m.ActItems:
    """The items of an act of the annotator, as far as they are in this table."""
    rows, missing, how = loop.log.items_of(event_id)
    return m.ActItems(rows=encode(rows), n=len(rows), how=BULK.get(how, "clicked"), missing=missing)


def rule_of(loop: Loop, query: str, class_id: str, rows: npt.NDArray[np.int64] | None) -> Rule:
    """The rule that a page means: by its query, or for these rows."""
    vocabulary = loop.log.ledger.fold.vocabulary
    label = vocabulary.meaning(vocabulary.choosable(class_id))
    if rows is None:
        return Rule(query, label)
    ids = loop.pool.ids
    return Rule(label=label, items=[ids[row] for row in rows.tolist()])


def _taken_back(loop: Loop, event_id: str) -> m.Ask | None:
    """The single item of this pool that an undo shows again, or a redo removes from view; else None."""
    target = loop.log.turned(event_id)
    if target is None or len(target.item_ids) != 1:
        return None
    row = loop.log.row_of(target.item_ids[0])
    if row is None:
        return None
    drawn: dict[str | None, Selection] = {"audit": "audit", "spot": "spot"}
    if target.selection in drawn:
        loop.blind.draw(row)
    return m.Ask(
        row=row,
        key=loop.pool.keys[row],
        reason="undone by you",
        selection=drawn.get(target.selection, "suggested"),
        blind=bool(loop.blind.mask(loop.labels)[row]),
        guess=None,
        note=loop.log.note_on(row),
        changed=loop.log.is_changed(row),
        decided=words(loop.log.decided_on(row)),
        again=row in loop.blind.again(loop.labels) or msgspec.UNSET,
        doubtful=doubtful(loop, row) if target.kind == "note" and "kept" in target.value else msgspec.UNSET,
    )


def doubtful(loop: Loop, row: int) -> m.Doubtful | msgspec.UnsetType:
    """The label of an item that is to be looked at again."""
    labels = loop.labels
    codes = labels.codes(labels.y[row])
    if codes is None:
        return msgspec.UNSET
    return m.Doubtful(codes, words(loop.suspecting.giver(row)))


def _rows(loop: Loop, message: m.Label | m.Clear) -> Any:
    if message.key is not None:
        return loop.pool.index([message.key])
    if message.pool:
        return decode(message.rows, len(loop.pool))
    raise InvalidInput(OTHER_ROWS)


def _answer_of(message: m.Label) -> Any:
    if message.answer is not None:
        return message.answer
    return message.value if message.of is None else {"class": message.of, "word": message.value}


def _is_change(loop: Loop, message: m.Act) -> bool:
    """Whether the act changed the classes rather than labels."""
    target = None if isinstance(message, m.Change | m.Jump | m.Restore) else loop.log.turned(message.id)
    return isinstance(message, m.Change) or (target is not None and target.kind == "schema")


def _chosen(loop: Loop, event_id: str) -> m.ActItems | None:
    """The selection that an undo restores: the items of a bulk act."""
    target = loop.log.turned(event_id)
    found = items_of(loop, target.event_id) if target and len(target.item_ids) > 1 else None
    return found if found and found.n else None
