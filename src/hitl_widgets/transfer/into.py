"""Import into a session, from a table, a history, or a session whose store is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hitl_widgets.formats.history import History
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.loop.loop import Loop
from hitl_widgets.transfer.importing import Imported, Journal, import_table, read_labels
from hitl_widgets.transfer.restoring import import_history

__all__ = ["import_into", "journal_of"]


def import_into(loop: Loop, source: Any, names: Sequence[str], *, replace: bool) -> Imported:
    """Write the labels of ``source``: see :meth:`Session.import_labels`.

    Parameters
    ----------
    source
        Any supported source; a session is passed as a :class:`~hitl_widgets.loop.loop.Loop`.
    names
        The columns of ids, labels and, if there is one, annotators.
    """
    log, schema = loop.log, loop.schema
    contents: dict[int, Any] | None = None
    if isinstance(source, Loop):
        events = source.log.events()
        said = {event.event_id: source.log.words(event) for event in events if event.kind == "label"}
        found: Any = History(list(enumerate(events)), said=said, n_lines=len(events))
    else:
        found, contents = read_labels(source, names, loop.pool, lambda v: schema.find(v) is not None, schema)

    with log.lock:
        log.refuse_closed()
        log.refuse_unqualified()
        journal = journal_of(loop)
        if isinstance(found, History):
            return import_history(found, journal, loop.annotator, replace=replace)
        return import_table(
            found, names, journal, loop.pool, loop.schema, loop.annotator, replace=replace, contents=contents
        )


def journal_of(loop: Loop) -> Journal:
    """Return the log of a session as a journal."""
    log, ledger = loop.log, loop.log.ledger

    def add(event: LabelEvent) -> bool:
        log.write(event)
        return ledger.find(event.event_id) is not None

    return Journal(loop.task, ledger.events, ledger.fold, add, ledger.named, ledger.naming.meant)
