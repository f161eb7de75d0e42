"""Messages about mismatches of a store and a table, for warnings in the cell and for the Monitor."""

from __future__ import annotations

from collections.abc import Sequence

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import choices
from hitl_widgets.labels.machine import Withdrawal

__all__ = ["carried", "changed", "incomplete", "machine", "missing", "respelled", "risen", "unlike", "unread"]


def _items(n: int) -> str:
    return "1 item" if n == 1 else f"{n:,} items"


def missing(n: int, n_labels: int, store: str, task: str, pool: Pool) -> str:
    """Message about labels of items that are not in the table, and likely reasons."""
    if pool.called:
        what = pool.called.removesuffix("s") if n == 1 else pool.called
        return (
            f"{store} has answers to {n:,} {what} under task {task!r} with prompts or candidates that were "
            f"removed or not passed here ({n_labels:,} are here). They are kept, but not used; "
            "session.missing() lists them. To use them, pass all prompts and candidates. If somebody has "
            "added candidates in the meantime, run the cell again."
        )
    those = "none of them is in this table" if not n_labels else "are not in this table"
    found = f", and {those}" if not n_labels else f" that {those} ({n_labels:,} found)"
    if pool.by_content:
        why = (
            "Without id=, items are identified by their content, so an edited item is a new one. Pass id= to "
            "keep labels through edits, or another task= for another table."
        )
    else:
        why = (
            f"The rows may have been removed, or their ids changed (the ids of this table look like "
            f"{choices(pool.ids[:2])}). Check the column of id=, or pass another task= for another table."
        )
    return (
        f"{store} has labels of {n:,} items under task {task!r}{found}. They are kept; session.missing() "
        f"lists them. {why}"
    )


def risen(n: int, ended: Withdrawal, error: float) -> str:
    """Message about machine labels that the session withdrew."""
    return (
        f"The machine labels of {_items(n)} were withdrawn, because their share of errors is above the "
        f"accepted {error:.1%}: {ended.wrong} of {ended.checked} spot checks were wrong. These items are "
        "asked again. Label more, then hand over anew."
    )


def machine(n: int, state: str, *, there: bool) -> str:
    """Message about machine labels for an export."""
    if there:
        return f"{_items(n)} have a machine label (label_source), which no person gave: {state}."
    return f"{_items(n)} with a machine label are not in the file. To include them: export(machine=True)."


def changed(n: int, n_labels: int) -> str:
    """Message about labels of items whose content has changed."""
    return (
        f"{n:,} of {n_labels:,} labelled items have changed since they were labelled. session.changed() "
        "lists them; session.keep() keeps their labels, session.drop() removes them. If this is another "
        "table with the same ids, pass another task=."
    )


def unlike(n: int) -> str:
    """Message about labels that were given when other columns were shown."""
    return (
        f"{_items(n)} showed other columns when they were labelled, so changes since then cannot be "
        "detected. If this is another table with the same ids, pass another task=."
    )


def carried(n: int, pool: Pool) -> str:
    """Message about labels that were matched by content, between a table with ids and one without."""
    way = "given under ids" if pool.by_content else "given without id="
    return f"The labels of {_items(n)} were {way} and have been matched by content."


def respelled(n: int) -> str:
    """Message about ids that are spelled differently in the store."""
    return f"The ids of {_items(n)} are spelled differently in the store, such as 7 and 007."


def incomplete(keys: Sequence[str]) -> str:
    """Message about answers that lack a part of the question."""
    return (
        f"The answers to {_items(len(keys))}, such as {keys[0]!r}, lack a question that is asked now. They "
        "are kept in the log, and session.history() lists them, but they do not count until the items are "
        "answered again. To let them count as they are, make the new question optional."
    )


def unread(keys: Sequence[str], store: str, task: str) -> str:
    """Message about labels that this version does not understand."""
    return (
        f"{store} has labels of {_items(len(keys))} under task {task!r} that this version cannot read, such "
        f"as that of {keys[0]!r}. They are kept, and the items are asked again. If a later version wrote "
        "them: pip install --upgrade hitl-widgets."
    )
