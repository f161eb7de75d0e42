"""What does not fit between a store and a table, in words: for the warning in the cell and the Monitor."""

from __future__ import annotations

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import choices

__all__ = ["carried", "changed", "missing", "respelled", "unlike"]


def _items(n: int) -> str:
    return "1 item" if n == 1 else f"{n:,} items"


def missing(n: int, n_labels: int, store: str, task: str, pool: Pool) -> str:
    """Labels of items that the table does not have, and why that may be."""
    those = "not one of them is in this table" if not n_labels else "this table does not have"
    found = f", and {those}" if not n_labels else f" that {those} ({n_labels:,} found)"
    if pool.by_content:
        why = (
            "Without id= an item is known by its content: one that was edited is another. Pass id= to keep "
            "labels through edits, or another task= for another table."
        )
    else:
        why = (
            f"The rows may be gone, or their ids may have been changed (those of this table look like "
            f"{choices(pool.ids[:2])}). Check the column of id=, or pass another task= for another table."
        )
    return (
        f"{store} holds labels of {n:,} items under task {task!r}{found}. They are kept: session.missing() "
        f"lists them. {why}"
    )


def changed(n: int, n_labels: int) -> str:
    """Labels that were given for other content than the items have now."""
    return (
        f"{n:,} of {n_labels:,} labelled items say something else now than when they were labelled. "
        "session.changed() lists them; session.keep() keeps their labels, session.drop() takes them away. If "
        "this is another table with the same ids, pass another task=."
    )


def unlike(n: int) -> str:
    """Labels that were given when other columns were shown."""
    return (
        f"{_items(n)} showed other columns when labelled, so whether anything has changed since cannot "
        "be checked. If this is another table with the same ids, pass another task=."
    )


def carried(n: int, pool: Pool) -> str:
    """Labels that were found by content, between a table with ids and one without."""
    way = "given under ids" if pool.by_content else "given without id="
    return f"The labels of {_items(n)} were {way}, and were found again by content."


def respelled(n: int) -> str:
    """Ids that the store has in another spelling."""
    return f"The ids of {_items(n)} are spelled in another way in the store, such as 7 and 007."
