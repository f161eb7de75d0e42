"""Lists of items of another kind, such as two answers to compare, or several to rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, a_type
from hitl_widgets.items.base import (
    Features,
    InParts,
    ItemKind,
    Payload,
    Size,
    broken,
    content_hash,
    is_missing,
    kind_of,
)
from hitl_widgets.items.text import Text

__all__ = ["KINDS", "ListKind", "part_of", "together"]

MOST_MEMBERS = 30


class ListKind:
    """A list of two or more items of another kind, its members, which is the option: ``"list:image"``.

    The order is part of the item. If the question compares the members, the features of a pair are the
    difference of its members' features, the first minus the second, so that a model of them can be
    antisymmetric. All others are the members' features one after the other.
    """

    name = "list"
    reads, tabular = False, False
    order = 5

    def __init__(self, option: str = "text", of: ItemKind | None = None) -> None:
        self.option, self.of = option, of or Text()
        self.compares = True
        self.names: tuple[str, ...] = ()
        self.in_files, self.mutable = self.of.in_files, self.of.mutable

    def with_option(self, option: str) -> ListKind:
        """Return lists of this kind of items, which may have an option, too."""
        of = kind_of(option)
        if isinstance(of, ListKind):
            raise InvalidInput(f"kind='list:{option}': the members of a list cannot be lists.")
        return ListKind(option, of)

    def asked(self, compares: bool, columns: Sequence[str]) -> ListKind:
        """Return the same for a question that compares the members, or asks about all of them.

        In a comparison the names of the columns are not shown, because they may give away the answer.
        """
        found = ListKind(self.option, self.of)
        found.compares, found.names = compares, () if compares else tuple(columns)
        return found

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all are lists of texts; other members must be named, as in ``kind="list:image"``."""
        return bool(values) and all(
            isinstance(value, list | tuple) and len(value) > 1 and all(isinstance(one, str) for one in value)
            for value in values
        )

    def read(self, values: Sequence[Any], what: str) -> list[tuple[Any, ...]]:
        """Return the lists as tuples."""
        rows = [_members(value, f"{what}: row {row}") for row, value in enumerate(values)]
        try:
            found = iter(self.of.read(list(chain.from_iterable(rows)), what))
        except InvalidInput:
            for row, members in enumerate(rows):  # to name the row of the list, not that of the member
                self.of.read(members, f"{what}: row {row} of the lists, within which")
            raise
        return [tuple(next(found) for _ in members) for members in rows]

    def identity(self, item: Sequence[Any]) -> Iterator[bytes]:
        """Yield the hashes of the members, in order."""
        yield b"list\0"
        for member in item:
            yield content_hash(self.of, member).encode()

    def canonical(self, item: Any) -> Any:
        """Return the list with the canonical form of each member."""
        found = tuple(map(self.of.canonical, item))
        return item if all(a is b for a, b in zip(item, found, strict=True)) else found

    def payload(self, item: Sequence[Any], size: Size) -> Payload:
        """Return what to display of each member, and how many of the media each has."""
        return together([self.of] * len(item), item, size, self.names)

    def more(self, item: Sequence[Any], ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return a part of the member number ``ask["member"]``."""
        return part_of([self.of] * len(item), item, ask, most)

    def extent(self, item: Sequence[Any]) -> tuple[float, ...]:
        """Return the number of members."""
        return (len(item),)

    def words(self, item: Sequence[Any]) -> str:
        """Return the members as text, one after the other."""
        return "\n".join(filter(None, map(self.of.words, item)))

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """Compute features of the members with their kind, and join them."""
        return self.encoded(items, lambda members: self.of.features(members, **told), words=self.of.reads)

    def encoded(
        self, items: Sequence[Any], encode: Callable[[list[Any]], tuple[Any, Any]], *, words: bool = False
    ) -> tuple[Features, Any]:
        """Return the features of lists by an encoder of members, and the transformer of lists.

        Parameters
        ----------
        encode
            Returns features of members, (m, d), and their fitted transformer or None.
        words
            Whether it takes the members' words rather than the members.
        """
        from hitl_widgets.items.features.lists import Joined, join

        members = list(chain.from_iterable(items))
        Z, encoder = encode([self.of.words(member) for member in members] if words else members)
        joined = join(np.asarray(Z), [len(item) for item in items], self.compares)
        return joined, None if encoder is None else Joined(encoder, self.compares)


def together(
    kinds: Sequence[ItemKind], members: Sequence[Any], size: Size, names: Sequence[str] = ()
) -> Payload:
    """Return what to display of each member, and how many media each has; ``names`` are one for each."""
    most = None if size.most is None else size.most // len(members)
    made = [kind.payload(one, replace(size, most=most)) for kind, one in zip(kinds, members, strict=True)]
    if all(one.content["kind"] == "broken" for one in made):
        return broken(made[0].content["why"])
    content: dict[str, Any] = {"kind": "list", "items": [one.content for one in made]}
    content |= {"media": [len(one.media) for one in made]} | (
        {"names": list(names)} if len(names) == len(members) else {}
    )
    return Payload(content, tuple(chain.from_iterable(one.media for one in made)))


def part_of(
    kinds: Sequence[ItemKind], members: Sequence[Any], ask: Mapping[str, str | float | bool], most: int
) -> Payload:
    """Return a part of the member number ``ask["member"]``.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    member = ask.get("member")
    if not isinstance(member, int | float) or member not in range(len(members)):
        raise ValueError(f"The list has no member {member!r}.")
    kind = kinds[int(member)]
    if not isinstance(kind, InParts):
        raise ValueError(f"Items of kind {kind.name!r} are not sent in parts.")  # noqa: TRY004 - shown to the user
    return kind.more(members[int(member)], {k: v for k, v in ask.items() if k != "member"}, most)


def _members(value: Any, where: str) -> list[Any]:
    """Return the members of a list; raise InvalidInput if it is none."""
    if isinstance(value, np.ndarray) and value.ndim:
        value = list(value)
    if not isinstance(value, list | tuple):
        shown = "missing" if is_missing(value) else a_type(value)
        raise InvalidInput(f"{where} is {shown}: expected a list of 2 to {MOST_MEMBERS} items.")
    if not 2 <= len(value) <= MOST_MEMBERS:
        raise InvalidInput(f"{where} has {len(value)} members: expected 2 to {MOST_MEMBERS}.")
    return list(value)


KINDS = (ListKind(),)
