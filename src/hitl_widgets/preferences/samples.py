"""Candidates that were generated, added or removed, and how the store keeps them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.errors import InvalidInput, a_type, nearest
from hitl_widgets.items.base import ItemKind
from hitl_widgets.labels.events import LabelEvent, definition
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.preferences.candidates import (
    Candidates,
    as_candidates,
    by_prompt,
    prompt_words,
    read_candidate,
    read_candidates,
)

__all__ = ["SIGNATURE", "Samples", "added", "fill", "generated", "removed", "revised", "together"]

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

    def removed(self) -> dict[str, set[str]]:
        """Return the texts that were removed from each prompt, now or earlier."""
        found: dict[str, set[str]] = {}
        for value in self.read():
            for word, items in value.get("removed", {}).items():
                found.setdefault(word, set()).update(items)
        return found

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
            each = [generate(prompt) for _ in range(n)]
            if isinstance(each[0], list | tuple) and not _is_talk(each[0]):
                raise InvalidInput(
                    f"{name} takes one argument, so it is expected to return one candidate, and returned "
                    f"{a_type(each[0])}. To return a list, let it take (prompt, n)."
                )
            yield each
            continue
        found = generate(prompt, n)
        if isinstance(found, str) or not isinstance(found, Sequence) or not len(found):
            what = "an empty list" if isinstance(found, Sequence) and not len(found) else a_type(found)
            raise InvalidInput(
                f"{name} returned {what} for the prompt {str(prompt)[:60]!r}: expected a list of {n} "
                "candidates."
            )
        yield list(found)


def _is_talk(one: Sequence[Any]) -> bool:
    return bool(one) and all(isinstance(turn, Mapping) for turn in one)


def fill(kept: Samples, kind: ItemKind, prompts: Sequence[Any], generate: Any, n: int) -> None:
    """Generate and keep what the store lacks of ``n`` candidates of each prompt.

    What was generated and removed since is not replaced.
    """
    known, words = kept.candidates(), list(map(prompt_words, prompts))
    asked = Counter[str]()
    for value in kept.read():
        if value.get("source") == "generate":
            asked.update({word: len(items) for word, items in value["items"].items()})
    of = dict(zip(words, prompts, strict=True))
    lacking = {word: n - asked[word] for word in of if word not in known or 0 < asked[word] < n}
    made: dict[str, list[str]] = {}
    try:
        for word, more in lacking.items():
            [items] = generated(generate, [of[word]], max(more, 1))
            made[word] = _texts(kind, word, items)
            if word not in known and len(set(made[word])) < 2:
                del made[word]
                raise InvalidInput(
                    f"generate= returned the same text each time for the prompt {word[:60]!r}: expected "
                    f"{n} that differ. Let it draw samples, or pass candidates=."
                )
    finally:  # what was made before an error is not lost
        if made:
            kept.keep({"items": made, "source": "generate"})


def together(
    prompts: Sequence[Any],
    given: Sequence[list[Any]] | None,
    kept: Mapping[str, Sequence[Any]],
    kind: ItemKind,
    embed: Any,
    of: Iterable[str] = (),
) -> Candidates:
    """Return the candidates that were passed, and those of the store; errors name the prompts ``of``."""
    lists = [list(one) for one in given] if given is not None else [[] for _ in prompts]
    words = list(map(prompt_words, prompts))
    if len(lists) == len(words):
        lists = [[*one, *kept.get(word, ())] for one, word in zip(lists, words, strict=True)]
    named = set(of)

    def name(i: int) -> str:
        passed = given is not None and words[i] not in named
        return f"candidates[{i}]" if passed else f"The prompt {words[i][:60]!r}"

    return as_candidates(prompts, lists, kind, embed, name)


def added(found: Candidates, told: Any) -> dict[str, list[str]]:
    """Return what is new by the words of its prompt: see :meth:`.Preferences.add`."""
    new = dict[str, list[str]]()
    for word, items in by_prompt(told, found.words).items():
        texts = [one for one in _texts(found.kind, word, items) if found.key(word, one) not in found.places]
        new |= {word: list(dict.fromkeys(texts))} if texts else {}
    return new


def removed(found: Candidates, kept: Samples, told: Any) -> dict[str, list[str]]:
    """Return what goes by the words of its prompt: see :meth:`.Preferences.remove`."""
    there, gone = kept.candidates(), dict[str, list[str]]()
    for word, items in by_prompt(told, found.words).items():
        texts = _texts(found.kind, word, items)
        if strange := [one for one in texts if one not in there.get(word, ())]:
            raise InvalidInput(
                f"{strange[0][:60]!r} was not added to the prompt {word[:60]!r}. To drop a candidate that "
                "was passed with candidates=, leave it out of candidates=."
            )
        gone[word] = texts
    return gone


def revised(found: Candidates, prompt: Any, draft: Any, revision: Any) -> tuple[str, str, str]:
    """Return the new text, its key and that of its draft: see :meth:`.Preferences.revise`."""
    word = prompt_words(prompt)
    by_prompt([(prompt, [draft])], found.words)  # whether it is a prompt of this object
    old = read_candidate(found.kind, draft, "draft=")
    read_candidate(found.kind, revision, "revision=")
    [new] = _texts(found.kind, word, [revision])
    key, key_of_draft = found.key(word, new), found.key(word, old)
    if key_of_draft not in found.places:
        given = [str(found.items[i]) for i in found.rows_of(prompt)]
        raise InvalidInput(
            f"draft={str(draft)[:80]!r} is not a candidate of this prompt.{nearest(str(draft), given)} "
            "Expected one of them, as in prefs.rewards()."
        )
    if key == key_of_draft:
        raise InvalidInput(f"revision={str(revision)[:80]!r} equals its draft: expected another text.")
    return new, key, key_of_draft


def _texts(kind: ItemKind, word: str, items: Sequence[Any]) -> list[str]:
    """Return candidates of a prompt as the store keeps them."""
    where = f"candidates[{word[:60]!r}]"
    found = read_candidates(kind, items, where)
    for i, (one, told) in enumerate(zip(found, items, strict=True)):
        if not isinstance(one, str) or not (isinstance(told, str) or kind.claims([told])):
            raise InvalidInput(
                f"{where}[{i}] is {a_type(told)}: expected texts, because the store keeps them. Pass "
                "other candidates with candidates=."
            )
    return found
