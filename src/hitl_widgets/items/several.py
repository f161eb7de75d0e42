"""Items of several columns of different kinds, such as a text and its image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, a_type
from hitl_widgets.items.base import Features, ItemKind, Payload, Size, content_hash, is_missing, kind_of
from hitl_widgets.items.image import ImageKind
from hitl_widgets.items.lists import part_of, together
from hitl_widgets.items.text import Text

__all__ = ["KINDS", "Several"]

BETWEEN = ","  # the kinds of the columns in an option
NESTED = ("list", "several", "table")


class Several:
    """One item of each of several kinds, which are the option: ``"several:text,image"``.

    The features are those of each column one after the other, divided by their mean length, so that all
    columns count alike.
    """

    name = "several"
    reads, tabular = False, False
    order = 102

    def __init__(self, kinds: Sequence[ItemKind] | None = None, names: Sequence[str] = ()) -> None:
        self.kinds, self.names = tuple(kinds or (Text(), ImageKind())), tuple(names)
        self.in_files = any(kind.in_files for kind in self.kinds)
        self.mutable = any(kind.mutable for kind in self.kinds)

    def with_option(self, option: str) -> Several:
        """Return items of these kinds, which may have options, too: ``"text,series:250 Hz"``."""
        kinds = [kind_of(one) for one in option.split(BETWEEN)]
        if len(kinds) < 2 or any(kind.name in NESTED for kind in kinds):
            raise InvalidInput(
                f"kind='several:{option}': expected two or more kinds of single items, such as "
                "'several:text,image'."
            )
        return Several(kinds)

    def named(self, names: Sequence[str]) -> Several:
        """Return the same with the names of the columns, which are shown above them."""
        return Several(self.kinds, names)

    def claims(self, values: Sequence[Any]) -> bool:  # noqa: ARG002 - the kinds must be named
        """Return False: the kind must be named."""
        return False

    def read(self, values: Sequence[Any], what: str) -> list[tuple[Any, ...]]:
        """Return the items as tuples."""
        n = len(self.kinds)
        for row, value in enumerate(values):
            if isinstance(value, str | bytes) or not hasattr(value, "__len__") or len(value) != n:
                shown = "missing" if is_missing(value) else a_type(value)
                raise InvalidInput(f"{what}: row {row} is {shown}: expected a list of {n} values.")
        columns = [
            kind.read([value[k] for value in values], f"{what}, part {k + 1}")
            for k, kind in enumerate(self.kinds)
        ]
        return list(zip(*columns, strict=True))

    def identity(self, item: Sequence[Any]) -> Iterator[bytes]:
        """Yield the kinds and the hashes of the members, in order."""
        yield b"several\0"
        for kind, member in zip(self.kinds, item, strict=True):
            yield f"{kind.name}\0{content_hash(kind, member)}\0".encode()

    def canonical(self, item: Any) -> Any:
        """Return the canonical form of each member."""
        found = tuple(kind.canonical(one) for kind, one in zip(self.kinds, item, strict=True))
        return item if all(a is b for a, b in zip(item, found, strict=True)) else found

    def payload(self, item: Sequence[Any], size: Size) -> Payload:
        """Return what to display of each member, with the names of the columns."""
        return together(self.kinds, item, size, self.names)

    def more(self, item: Sequence[Any], ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return a part of the member number ``ask["member"]``."""
        return part_of(self.kinds, item, ask, most)

    def words(self, item: Sequence[Any]) -> str:
        """Return the members as text, one after the other."""
        return "\n".join(filter(None, (kind.words(one) for kind, one in zip(self.kinds, item, strict=True))))

    def features(self, items: Sequence[Any], **told: Any) -> tuple[Features, Any]:
        """Compute features of each column with its kind, and put them beside each other."""
        from hitl_widgets.items.features.lists import Beside, beside

        blocks, encoders = [], []
        for k, kind in enumerate(self.kinds):
            members = [item[k] for item in items]
            Z, encoder = kind.features(list(map(kind.words, members)) if kind.reads else members, **told)
            blocks.append(np.asarray(Z, np.float32))
            encoders.append(encoder)
        scales = [float(np.linalg.norm(Z, axis=1).mean()) or 1.0 for Z in blocks]
        fitted = None if any(encoder is None for encoder in encoders) else Beside(encoders, scales)
        return beside(blocks, scales), fitted


KINDS = (Several(),)
