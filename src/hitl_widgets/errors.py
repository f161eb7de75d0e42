"""The errors that people meet. Each message says the value, what was expected and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "RESCUE",
    "BundleMissing",
    "HitlError",
    "InvalidInput",
    "StoreError",
    "choices",
    "missing_extra",
    "nearest",
]

RESCUE = "session.export('rescued.jsonl', names=True)"
"""What saves the acts that a session knows when its store is gone; session.import_labels reads them."""


class HitlError(Exception):
    """Base of every error that hitl-widgets raises on purpose."""


class InvalidInput(HitlError, ValueError):
    """An argument, column, class or id that cannot be used."""


class StoreError(HitlError, OSError):
    """The label store cannot be opened, read or written."""


class BundleMissing(HitlError, RuntimeError):
    """The JavaScript of a widget was not built."""


def missing_extra(what: str, package: str, extra: str) -> str:
    """That something needs an optional package, and how to install it."""
    return f"{what} needs {package}, which is not installed. Run: pip install 'hitl-widgets[{extra}]'"


def nearest(value: object, valid: Iterable[object]) -> str:
    """``" Did you mean 'x'?"``, or an empty string where nothing comes close."""
    words = [str(v) for v in valid]
    found = difflib.get_close_matches(str(value), words, n=1, cutoff=0.65)
    return f" Did you mean {found[0]!r}?" if found else ""


def choices(valid: Iterable[object], limit: int = 12) -> str:
    """The valid values as a short list for a message."""
    words = [repr(v) for v in valid]
    shown = ", ".join(words[:limit])
    return shown if len(words) <= limit else f"{shown} and {len(words) - limit} more"
