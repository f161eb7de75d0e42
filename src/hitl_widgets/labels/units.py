"""Units: an answer is about a unit, which is one item or several in order, with one key in the log.

The log, the fold and undo use only keys, so an act on three pairs is one event with three keys, just like an
act on three items.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hitl_widgets.errors import InvalidInput

__all__ = ["items_of", "unit_key"]

# ASCII's record separator. Ids hardly ever begin with it; those that do are encoded as a list.
_SEVERAL = "\x1e"


def unit_key(items: Sequence[str]) -> str:
    """Return the key of a unit.

    Parameters
    ----------
    items
        Keys of its items, in order: two for a comparison, more for a ranking. One item keeps its key.

    Raises
    ------
    InvalidInput
        If there is no item, or the same one twice.
    """
    if not items or len(set(items)) < len(items):
        raise InvalidInput(f"A unit consists of one item or several different ones, not {list(items)!r}.")
    if len(items) == 1 and not items[0].startswith(_SEVERAL):
        return items[0]
    return _SEVERAL + json.dumps(list(items), ensure_ascii=True, separators=(",", ":"))


def items_of(key: str) -> tuple[str, ...]:
    """Return the keys of a unit's items, in order; a key not made by :func:`unit_key` is one item."""
    if not key.startswith(_SEVERAL):
        return (key,)
    try:
        found = json.loads(key[1:])
        made = isinstance(found, list) and all(isinstance(one, str) for one in found)
        made = made and unit_key(found) == key
    except ValueError:  # includes InvalidInput
        made = False
    return tuple(found) if made else (key,)
