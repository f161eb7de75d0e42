"""Units: what one answer is about. An item, or several in order, under one key of the log.

The log, the fold and undo know keys alone, so an act on three pairs is one event of three keys, as an act on
three items is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hitl_widgets.errors import InvalidInput

__all__ = ["items_of", "unit_key"]

# ASCII's record separator: no id that people write begins with it, and those that do are written as a list.
_SEVERAL = "\x1e"


def unit_key(items: Sequence[str]) -> str:
    """The key of a unit.

    Parameters
    ----------
    items
        Keys of its items, in order: of a comparison two, of a ranking more. That of one item is its own.

    Raises
    ------
    InvalidInput
        For no item, or the same one twice.
    """
    if not items or len(set(items)) < len(items):
        raise InvalidInput(f"A unit holds one item or several different ones, not {list(items)!r}.")
    if len(items) == 1 and not items[0].startswith(_SEVERAL):
        return items[0]
    return _SEVERAL + json.dumps(list(items), ensure_ascii=True, separators=(",", ":"))


def items_of(key: str) -> tuple[str, ...]:
    """Keys of the items of a unit, in order; of a key that :func:`unit_key` did not make, the key alone."""
    if not key.startswith(_SEVERAL):
        return (key,)
    try:
        found = json.loads(key[1:])
        made = isinstance(found, list) and all(isinstance(one, str) for one in found)
        made = made and unit_key(found) == key
    except ValueError:  # InvalidInput is one
        made = False
    return tuple(found) if made else (key,)
