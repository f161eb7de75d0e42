"""Messages about failed background work."""

from __future__ import annotations

import threading

from hitl_widgets.errors import HitlError

__all__ = ["Troubles", "in_words"]

PARTS = {
    "items": "The items could not be prepared",
    "model": "The model could not be brought up to date",
    "start": "The first items could not be selected, so they are drawn at random",
    "settling": "The model could not be brought fully up to date",
    "tagging": "Spans could not be learned, so the suggestions and what is asked do not follow the labels",
    "drafts": "The changes of drafts could not be learned, so items are asked so that they cover the map",
    "strikes": "The model still reads what was struck out",
    "edits": "Edited items do not teach the model",
    "graph": "The model continues without the neighbours of the items",
    "audit": "The accuracy could not be measured",
    "spot checks": "The machine labels could not be withdrawn, although their share of errors has risen",
    "teaching": "The answers of several annotators could not be combined, so the majority counts",
    "proposals": "The model could not look for something to propose",
    "news": "The widgets could not be notified of new labels",
    "view": "A widget could not follow the session",
    "map": "The map remains a preview",
    "groups": "The groups of the map could not be changed",
}
# Failures that affect the current item.
ASKING = ("items", "model", "start", "strikes", "news", "view")
MAP = ("items", "graph", "map", "groups")


class Troubles:
    """The failures that persist, by part of the work. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, str] = {}

    def note(self, part: str, error: BaseException | None) -> bool:
        """Record that the part failed, or that it works again (None); returns whether that is new."""
        words = None if error is None else f"{PARTS[part]}: {in_words(error)}."
        with self._lock:
            before = self._found.pop(part, None)
            if words is not None:
                self._found[part] = words
            return words != before

    def words(self, parts: tuple[str, ...] = tuple(PARTS)) -> str:
        """Describe the failures of these parts and what can be done; empty if there are none."""
        with self._lock:
            found = [words for part, words in self._found.items() if part in parts]
        return " ".join([*found, "session.retry() tries again."]) if found else ""


def in_words(error: BaseException) -> str:
    """The error's message without a trailing full stop."""
    if isinstance(error, HitlError):  # the message is already written for users
        return str(error).rstrip(".")
    return f"{type(error).__name__}: {error}".rstrip(".: ")
