"""Candidates that a user's function makes, and how the store keeps them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput, a_type
from hitl_widgets.labels.events import LabelEvent, definition
from hitl_widgets.labels.store import LabelStore

__all__ = ["SIGNATURE", "Samples", "generated"]

SIGNATURE = "(prompt, n) -> list of candidates, or (prompt) -> one candidate"


class Samples:
    """What was generated for a task, kept in its log so that a restart does not generate it again.

    Parameters
    ----------
    of
        What the definitions in the log are of.
    by
        Who makes them: no annotator, so that nobody's undo removes them.
    """

    def __init__(self, store: LabelStore, task: str, of: str, by: str) -> None:
        self._store, self._task, self._of, self._by = store, task, of, by

    def read(self) -> list[dict[str, Any]]:
        """Return what was kept, oldest first."""
        return [value for _, value in self.dated()]

    def dated(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the same, each with the time when it was kept."""
        events = [event for _, event in self._store.read(self._task) if event.kind == "definition"]
        mine = [event for event in events if event.value.get("of") == self._of and event.value.get("is")]
        return [(event.time, event.value["is"]) for event in mine]

    def candidates(self) -> dict[str, list[str]]:
        """Return the texts that were added to each prompt and not removed since."""
        return _applied(self.read())

    def changed(self, by: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return the same as if this were kept, too."""
        return _applied([*self.read(), by])

    def keep(self, made: Mapping[str, Any]) -> None:
        """Add to it."""
        value = definition(self._of, f"{len(self.read())}", made)
        self._store.append(LabelEvent("definition", self._task, self._by, value=value))


def _applied(kept: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for value in kept:
        for word, items in value.get("items", {}).items():
            found.setdefault(word, {}).update(dict.fromkeys(items))
        for word, items in value.get("removed", {}).items():
            for item in items:
                found.get(word, {}).pop(item, None)
    return {word: list(items) for word, items in found.items()}


def generated(generate: Any, prompts: Sequence[Any], n: int, name: str = "generate=") -> Iterator[list[Any]]:
    """Yield ``n`` candidates of each prompt from a user's function.

    It takes a prompt and a number, and returns a list; or takes a prompt and returns one candidate, and is
    then called ``n`` times.
    """
    try:
        inspect.signature(generate).bind(None, n)
        at_once = True
    except TypeError:
        at_once = False
    for prompt in prompts:
        if not at_once:
            yield [generate(prompt) for _ in range(n)]
            continue
        found = generate(prompt, n)
        if isinstance(found, str) or not isinstance(found, Sequence) or not len(found):
            what = "an empty list" if isinstance(found, Sequence) and not len(found) else a_type(found)
            raise InvalidInput(
                f"{name} returned {what} for the prompt {str(prompt)[:60]!r}: expected a list of {n} "
                "candidates."
            )
        yield list(found)
