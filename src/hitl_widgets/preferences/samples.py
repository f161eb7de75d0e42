"""Candidates that a user's function makes, and how the store keeps them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput, a_type
from hitl_widgets.labels.events import LabelEvent, definition
from hitl_widgets.labels.store import LabelStore

__all__ = ["Samples", "generated"]


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
        found = [event.value for _, event in self._store.read(self._task) if event.kind == "definition"]
        return [value["is"] for value in found if value.get("of") == self._of and value.get("is")]

    def keep(self, made: Mapping[str, Any]) -> None:
        """Add to it."""
        value = definition(self._of, f"{len(self.read())}", made)
        self._store.append(LabelEvent("definition", self._task, self._by, value=value))


def generated(generate: Any, prompts: Sequence[Any], n: int) -> Iterator[list[Any]]:
    """Yield ``n`` candidates of each prompt from a user's function.

    It takes a prompt and a number, and returns a list; or takes a prompt and returns one candidate, and is
    then called ``n`` times.
    """
    if not callable(generate):
        raise InvalidInput(
            f"generate= is {a_type(generate)}: expected a function (prompt, n) -> list of candidates, or "
            "(prompt) -> one candidate."
        )
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
            raise InvalidInput(
                f"generate= returned {a_type(found)} for the prompt {str(prompt)[:60]!r}: expected a list of "
                f"{n} candidates."
            )
        yield list(found)
