"""Somebody's name within a sentence of ours."""

from __future__ import annotations

__all__ = ["within"]

# What turns text around: embeddings, overrides and isolates, and what ends them.
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_FIRST_STRONG, _POP = "\u2068", "\u2069"


def within(name: str) -> str:
    """The name as it stands in a sentence: in a direction of its own, which turns nothing else around."""
    if name.isascii():
        return name
    return f"{_FIRST_STRONG}{name.translate(_TURNS)}{_POP}"
