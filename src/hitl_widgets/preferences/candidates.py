"""Prompts with their candidates, and the pairs of candidates that are compared."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.embedding import fit_embedding
from hitl_widgets.errors import HitlError, InvalidInput, a_type, nearest
from hitl_widgets.items.base import ItemKind, content_hash, is_missing
from hitl_widgets.items.conversation import turns_of
from hitl_widgets.learn.arrays import FloatArray
from hitl_widgets.preferences.reward import Basis, Layout
from hitl_widgets.questions.schema import is_unicode

__all__ = [
    "Candidates",
    "as_candidates",
    "by_prompt",
    "listed",
    "on_the_left",
    "prompt_words",
    "prompts_of",
    "read_candidate",
    "read_candidates",
]

MOST_PAIRS = 100_000
MOST_OF_ONE = 300


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of some prompts, sorted by prompt.

    Attributes
    ----------
    prompts
        What the candidates answer, as given: texts or conversations.
    items
        The candidates.
    prompt
        int64 of shape (n,): the prompt of each.
    kind
        Their kind of items.
    embed
        ``embed=``: see :class:`.Preferences`.
    """

    prompts: Sequence[Any]
    items: Sequence[Any]
    prompt: npt.NDArray[np.int64]
    kind: ItemKind
    embed: Any = field(repr=False)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def layout(self) -> Layout:
        """Which candidate belongs to which prompt."""
        return Layout.of(self.prompt)

    @cached_property
    def words(self) -> list[str]:
        """The prompts as texts."""
        return list(map(prompt_words, self.prompts))

    @cached_property
    def keys(self) -> list[str]:
        """A hash of each candidate with its prompt."""
        words = self.words
        return [self.key(words[p], item) for p, item in zip(self.prompt.tolist(), self.items, strict=True)]

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each key."""
        return {key: i for i, key in enumerate(self.keys)}

    def key(self, word: str, item: Any) -> str:
        """Return the hash of a candidate with its prompt, as a text."""
        return _hash(word, content_hash(self.kind, item))

    def rows_of(self, prompt: Any) -> npt.NDArray[np.int64]:
        """Return the candidates of a prompt; none if it is not one of these."""
        p = self._place.get(prompt_words(prompt), -1)
        return np.flatnonzero(self.prompt == p)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: p for p, word in enumerate(self.words)}

    def key_of(self, rows: Sequence[int]) -> str:
        """Return the id of candidates in this order."""
        keys = [self.keys[i] for i in rows]
        return "-".join(keys) if len(keys) == 2 else _hash(*keys)

    @cached_property
    def pairs(self) -> npt.NDArray[np.int64]:
        """int64 of shape (n_pairs, 2): the pairs within each prompt; the first is shown on the left.

        The side is drawn by a hash of the two, so that it stays the same wherever they are listed.
        """
        found = []
        starts = np.append(np.flatnonzero(self.layout.place == 0), len(self)).tolist()
        for low, high in pairwise(starts):
            found += [self.in_order(a, b) for a, b in combinations(range(low, high), 2)]
        return np.array(found, np.int64).reshape(-1, 2)

    def in_order(self, a: int, b: int) -> tuple[int, int]:
        """Return two candidates from left to right."""
        return (a, b) if on_the_left("", self.keys[a], self.keys[b]) else (b, a)

    def lengths(self, items: Sequence[Any] | None = None) -> npt.NDArray[np.int64] | None:
        """Return the number of characters of candidates, by default all; None if they are no texts."""
        if not self.kind.reads:
            return None
        return np.array([len(self.text(item)) for item in (self.items if items is None else items)])

    def text(self, item: Any) -> str:
        """Return a candidate as text; of a conversation what is said, without who says it."""
        if self.kind.name != "conversation":
            return self.kind.words(item)
        try:
            return "\n".join(turn["content"] for turn in turns_of(item))
        except ValueError:  # a text among conversations
            return str(item)

    def own(self, item: Any) -> Any:
        """Return a candidate as users pass it: a conversation as a list of messages."""
        if self.kind.name != "conversation":
            return item
        try:
            return turns_of(item)
        except ValueError:
            return item

    _lock: Any = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def _embedded(self) -> tuple[FloatArray, Any]:
        """The features, and the transformer of new candidates or None."""
        kind, items = self.kind, list(self.items)
        if self.embed is None:
            return kind.features(list(map(self.text, items)) if kind.reads else items)
        return fit_embedding(items, self.embed, kind)

    @property
    def features(self) -> FloatArray:
        """The features of the candidates, (n, d), computed when they are first needed."""
        with self._lock:
            return self._embedded[0]

    @property
    def encoder(self) -> Any:
        """The fitted transformer of the features, or None."""
        with self._lock:
            return self._embedded[1]

    def features_of(self, items: list[Any]) -> FloatArray:
        """Return the features of new candidates, (m, d)."""
        kind, embed, encoder = self.kind, self.embed, self.encoder
        if encoder is not None:
            found = encoder.transform(list(map(self.text, items)) if kind.reads else items)
        elif isinstance(embed, str | os.PathLike) or not callable(embed):
            raise HitlError(
                "These features cannot be computed for new candidates. Pass a function or a transformer as "
                "embed=."
            )
        else:
            found = fit_embedding(items, embed, kind)[0]
        return np.asarray(found, np.float64)

    @cached_property
    def basis(self) -> Basis:
        """The columns from which the reward is learned."""
        return Basis(self.features, self.layout, self.lengths())

    def columns_of(self, items: list[Any]) -> npt.NDArray[np.float64]:
        """Return the columns of new candidates, (m, q)."""
        return self.basis.transform(self.features_of(items), self.lengths(items))

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The first candidate with each content."""
        return {content_hash(self.kind, item): i for i, item in reversed(list(enumerate(self.items)))}

    def features_of_members(self, members: Sequence[Any]) -> npt.NDArray[np.float32]:
        """Return the features of candidates that occur many times, float32 (m, d)."""
        at = [self.row_of[content_hash(self.kind, one)] for one in members]
        return np.asarray(self.features, np.float32)[at]


def on_the_left(prompt: str, one: str, other: str) -> bool:
    """Return whether the first of two is shown on the left, drawn by a hash of both."""
    return (int(_hash("side", prompt, *sorted((one, other))), 16) % 2 == 0) == (one < other)


def _hash(*parts: str) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def prompt_words(prompt: Any) -> str:
    """Return a prompt as a text: of a conversation each message after its role."""
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, Mapping):
        prompt = [prompt]
    if (
        isinstance(prompt, Sequence)
        and prompt
        and all(isinstance(one, Mapping) and isinstance(one.get("content"), str) for one in prompt)
    ):
        return "\n".join(f"{one.get('role', 'user')}: {one['content']}" for one in prompt)
    raise InvalidInput(
        f"The prompt {str(prompt)[:80]!r} is {a_type(prompt)}: expected a text, or a list of messages such "
        'as {"role": "user", "content": "..."}.'
    )


def prompts_of(prompts: Any) -> list[Any]:
    """Return prompts as a list; one text is one prompt."""
    if isinstance(prompts, str):
        return prompts_of([prompts])
    if isinstance(prompts, Mapping) or not isinstance(prompts, Iterable):
        raise InvalidInput(
            f"prompts= is {a_type(prompts)}: expected a list of prompts, each a text or a list of messages."
        )
    found = list(prompts)
    for i, one in enumerate(found):
        refuse_halves(one, f"prompts[{i}]")
    return found


def read_candidates(kind: ItemKind, members: Sequence[Any], where: str) -> list[Any]:
    """Return candidates as items of their kind.

    Raises
    ------
    InvalidInput
        If one is missing, a text without any character but spaces, or not of this kind.
    """
    for i, one in enumerate(members):
        if what := _lacks(one):
            raise InvalidInput(f"{where}[{i}] is {what}: expected a candidate. Leave it out.")
        refuse_halves(one, f"{where}[{i}]")
    return list(kind.read(members, where)) if members else []


def read_candidate(kind: ItemKind, one: Any, name: str) -> Any:
    """Return an argument that is one candidate."""
    if what := _lacks(one):
        raise InvalidInput(f"{name} is {what}: expected a candidate.")
    refuse_halves(one, name)
    return kind.read([one], name)[0]


def refuse_halves(value: Any, name: str) -> None:
    """Raise InvalidInput for a text that cannot be stored, because it contains a lone surrogate."""
    texts = [value] if isinstance(value, str) else _texts_of(value)
    if not all(map(is_unicode, texts)):
        raise InvalidInput(
            f"{name} contains half a character (a lone surrogate), as texts do that were cut in an emoji. "
            "Expected Unicode: text.encode('utf-8', 'replace').decode() replaces it."
        )


def _texts_of(value: Any) -> list[str]:
    """Return the texts of a conversation."""
    turns = [value] if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    said = [one.get("content") for one in turns if isinstance(one, Mapping)]
    return [one for one in said if isinstance(one, str)]


def _lacks(one: Any) -> str:
    """Return why something is no candidate; empty if it may be one."""
    if is_missing(one):
        return "missing"
    return "an empty text" if isinstance(one, str) and not one.strip() else ""


def as_candidates(
    prompts: Sequence[Any],
    lists: Sequence[list[Any]],
    kind: ItemKind,
    embed: Any,
    name: Callable[[int], str] = "candidates[{}]".format,
) -> Candidates:
    """Return the candidates of each prompt, without repetitions.

    ``name`` says what a list of candidates is called in messages.

    Raises
    ------
    InvalidInput
        If there is not a list of candidates for each prompt, or fewer than two of a prompt.
    """
    if len(lists) != len(prompts):
        there = "is 1 prompt" if len(prompts) == 1 else f"are {len(prompts):,} prompts"
        raise InvalidInput(
            f"There {there}, but candidates= has {len(lists):,} lists: expected a list of candidates for "
            "each prompt."
        )
    if not lists:
        raise InvalidInput("There are no prompts: pass at least one, with at least two candidates.")
    words = list(map(prompt_words, prompts))
    if len(set(words)) < len(words):
        again = next(word for word, n in Counter(words).items() if n > 1)
        raise InvalidInput(
            f"The prompt {again[:80]!r} occurs twice: pass it once, with all of its candidates in one list."
        )
    items: list[Any] = []
    prompt: list[int] = []
    for p, members in enumerate(lists):
        read = read_candidates(kind, members, name(p))
        found = list({content_hash(kind, one): one for one in reversed(read)}.values())[::-1]
        if not 2 <= len(found) <= MOST_OF_ONE:
            n = {0: "no candidates", 1: "one candidate"}.get(len(found), f"{len(found):,} candidates")
            raise InvalidInput(
                f"{name(p)} has {n}, without repetitions: expected 2 to {MOST_OF_ONE} for each prompt."
            )
        items += found
        prompt += [p] * len(found)
    counts = np.bincount(prompt)
    if (n_pairs := int((counts * (counts - 1) // 2).sum())) > MOST_PAIRS:
        raise InvalidInput(
            f"The candidates make {n_pairs:,} pairs, and the limit is {MOST_PAIRS:,}: pass fewer candidates "
            "per prompt, or fewer prompts."
        )
    return Candidates(list(prompts), items, np.array(prompt, np.int64), kind, embed)


def by_prompt(told: Any, words: Sequence[str]) -> dict[str, list[Any]]:
    """Return candidates by the words of their prompt.

    Parameters
    ----------
    told
        A dict from prompts to lists of candidates; or pairs of the two, because a prompt that is a list of
        messages cannot be the key of a dict.
    words
        The prompts that there are, as texts.
    """
    shape = "a dict from prompts to lists of candidates, or a list of pairs (prompt, candidates)"
    if isinstance(told, str | bytes) or not isinstance(told, Iterable):
        raise InvalidInput(f"candidates= is {a_type(told)}: expected {shape}.")
    found, known = dict[str, list[Any]](), set(words)
    for one in told.items() if isinstance(told, Mapping) else told:
        if not isinstance(one, tuple | list) or len(one) != 2:
            raise InvalidInput(f"candidates= contains {str(one)[:80]!r}: expected {shape}.")
        word = prompt_words(one[0])
        if word not in known:
            raise InvalidInput(
                f"The prompt {word[:80]!r} is not one of the {len(words):,} of this object."
                f"{nearest(word, words)} For other prompts, create Preferences with them."
            )
        found.setdefault(word, []).extend(_listed(one[1], f"candidates[{word[:60]!r}]"))
    return found


def listed(candidates: Any) -> list[list[Any]]:
    """Return the candidates of each prompt as lists; raise InvalidInput if they are not."""
    if isinstance(candidates, str | bytes | Mapping) or not isinstance(candidates, Iterable):
        raise InvalidInput(
            f"candidates= is {a_type(candidates)}: expected a list of candidates for each prompt, in the "
            "order of the prompts."
        )
    return [_listed(one, f"candidates[{i}]") for i, one in enumerate(candidates)]


def _listed(value: Any, where: str) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        said = "missing" if is_missing(value) else a_type(value)
        raise InvalidInput(f"{where} is {said}: expected a list of candidates, such as ['one', 'another'].")
    return list(value)
