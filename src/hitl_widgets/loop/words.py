"""User-given names inside sentences."""

from __future__ import annotations

__all__ = ["counted", "within"]

# Characters that change the direction of text: embeddings, overrides, isolates and their terminators.
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_FIRST_STRONG, _POP = "\u2068", "\u2069"


def counted(n: int, what: str) -> str:
    """Return a number with what it counts, such as ``1 item`` and ``2,000 items``."""
    return f"{n:,} {what if n == 1 else f'{what}s'}"


def within(name: str) -> str:
    """Isolate the name's text direction, so that it does not affect the rest of the sentence."""
    if name.isascii():
        return name
    return f"{_FIRST_STRONG}{name.translate(_TURNS)}{_POP}"
