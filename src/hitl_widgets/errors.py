"""Errors for users. Each message states the value, what was expected and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "RESCUE",
    "BundleMissing",
    "HitlError",
    "Interrupted",
    "InvalidInput",
    "StoreError",
    "Taken",
    "a_type",
    "check_flags",
    "choices",
    "missing_extra",
    "nearest",
]

RESCUE = "session.export('rescued.jsonl', names=True)"
"""The call that saves a session's history when its store is gone; session.import_labels reads the file."""


class HitlError(Exception):
    """Base class of all errors that hitl-widgets raises on purpose."""


class InvalidInput(HitlError, ValueError):
    """An argument, column, class or id that cannot be used."""


class Taken(InvalidInput):
    """A name that is in use, and that the caller may replace if that is meant."""


class StoreError(HitlError, OSError):
    """The label store cannot be opened, read or written."""


class Interrupted(RuntimeWarning):
    """A computation was interrupted: its result is the part that was finished."""


class BundleMissing(HitlError, RuntimeError):
    """The JavaScript of a widget has not been built."""


def a_type(value: object) -> str:
    """Name the type of a value with its article: "a dict", "an int"."""
    name = type(value).__name__
    return f"{'an' if name.lower().startswith(('a', 'e', 'i', 'o', 'nd')) else 'a'} {name}"


def check_flags(**given: object) -> None:
    """Raise InvalidInput for the first argument that is neither True nor False, of Python or NumPy."""
    for name, value in given.items():
        if type(value).__name__ not in {"bool", "bool_"}:
            raise InvalidInput(f"{name}={value!r}: expected True or False.")


def missing_extra(what: str, package: str, extra: str) -> str:
    """Return a message that says which optional package is needed and how to install it."""
    return f"{what} needs {package}, which is not installed. Run: pip install 'hitl-widgets[{extra}]'"


def nearest(value: object, valid: Iterable[object]) -> str:
    """Return ``" Did you mean 'x'?"``, or an empty string if nothing is close enough."""
    words = [str(v) for v in valid]
    found = difflib.get_close_matches(str(value), words, n=1, cutoff=0.65)
    return f" Did you mean {found[0]!r}?" if found else ""


def choices(valid: Iterable[object], limit: int = 12) -> str:
    """List the valid values for a message."""
    words = [repr(v) for v in valid]
    shown = ", ".join(words[:limit])
    return shown if len(words) <= limit else f"{shown} and {len(words) - limit} more"
