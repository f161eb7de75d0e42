"""Keys: the keys that one annotator presses for the classes. They change nothing for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.schema import KEYS, LabelClass, Schema, by_question, question_of

__all__ = ["asked_keys", "check_key", "own_keys"]

EXAMPLE = "such as keys={'spam': 'j', 'ham': 'k'} or keys='jk'"
# What the Workbench does with a key.
USED = {
    "z": "undoes",
    "s": "skips",
    "n": "goes to the next uncertain item",
    "g": "grows the selection",
    "m": "finds similar items",
    "t": "shows the list",
    "/": "finds items",
    "?": "shows the keys",
    "[": "makes the groups coarser",
    "]": "makes the groups finer",
    "+": "zooms in",
    "=": "zooms in",
    "-": "zooms out",
    ",": "plays slower",
    ".": "plays faster",
    " ": "plays, and selects in a list",
}


def check_key(key: Any, name: object) -> str:
    """Return the key in lower case; raise InvalidInput unless it is a free letter or a digit."""
    if isinstance(key, str) and (does := USED.get(key.lower())):
        raise InvalidInput(
            f"The key {key!r} for {name!r} is taken: it {does}. Use another letter or a digit."
        )
    one = isinstance(key, str) and len(key) == len(key.lower()) == 1
    if not one or not (key.isalpha() or key in "0123456789"):
        raise InvalidInput(f"The key {key!r} for {name!r} is not a single letter or digit.")
    return str(key).lower()


def asked_keys(keys: Any, schema: Schema) -> dict[str, str] | None:
    """Return ``keys=`` as a dict from class names to keys; None if it was not given.

    Parameters
    ----------
    keys
        A mapping from classes to keys, or a string with the keys of the first classes in order.
    schema
        The classes that it refers to.

    Raises
    ------
    InvalidInput
        For unknown classes, and for keys that are not single letters or digits, are used by the Workbench, or
        occur twice.
    """
    if keys is None:
        return None
    if isinstance(keys, str):
        if len(keys) > len(schema.names):
            raise InvalidInput(f"keys={keys!r} has {len(keys)} keys for {len(schema.names)} classes.")
        keys = dict(zip(schema.values, keys, strict=False))
    if not isinstance(keys, Mapping):
        raise InvalidInput(
            f"keys={keys!r}: expected a dict from classes to keys, or a string with one key per class, "
            f"{EXAMPLE}."
        )
    found: dict[str, str] = {}
    for given, key in keys.items():
        name = schema.find(given)
        if name not in schema.names:
            raise InvalidInput(
                f"keys= contains {given!r}, which is not a class.{nearest(str(given), schema.names)} The "
                f"classes are {choices(schema.values)}."
            )
        low = check_key(key, given)
        home = question_of(name, schema.kind)
        same = (n for n, k in found.items() if k == low and question_of(n, schema.kind) == home)
        if other := next((n for n in same if n != name), None):
            raise InvalidInput(
                f"keys= gives the key {low!r} to {other!r} and to {given!r}: it can have one class."
            )
        found[str(name)] = low
    return found


def own_keys(schema: Schema, mine: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys of the classes for an annotator; "" where there are not enough.

    Parameters
    ----------
    schema
        The classes, with the keys that they have for everyone.
    mine
        The annotator's own keys, by class id. A class whose key is used here gets a free one.
    """
    ids = dict(zip(schema.names, schema.ids, strict=False))
    keys: dict[str, str] = {}
    for together in by_question(schema.classes, schema.kind):
        keys |= _own(together, {c.name: mine.get(ids[c.name], "") for c in together})
    return tuple(keys[name] for name in schema.names)


def _own(classes: Sequence[LabelClass], mine: Mapping[str, str]) -> dict[str, str]:
    found = {name: key for name, key in mine.items() if key}
    for c in classes:
        if c.name not in found and c.key not in found.values():
            found[c.name] = c.key
    taken = set(found.values())
    free = iter([key for key in KEYS if key not in taken])
    return {c.name: found.get(c.name) or next(free, "") for c in classes}
