"""Masks as run lengths, in the compressed form of COCO's files.

A mask is read column by column. ``counts`` are the lengths of its runs: of pixels outside, inside, outside
and so on. As text, each count from the fourth on is replaced by its difference to the count of the run two
before, and written in groups of 5 bits, lowest first, as characters from "0" on; the sixth bit says that more
follow.

The text is equal to that of ``pycocotools.mask.encode`` (Lin et al. 2014), which is not needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["area", "from_mask", "iou", "normal", "to_counts", "to_mask", "to_text"]

Counts = npt.NDArray[np.int64]
# Groups of 5 bits in a count: up to 2**34.
MOST_GROUPS = 7


def to_text(counts: Counts) -> str:
    """Return counts as text."""
    if not len(counts):
        return ""
    left = np.array(counts, np.int64)
    left[3:] -= counts[1:-2]
    groups = []
    going = np.ones(len(left), np.bool_)
    while going.any():
        bits, left = left & 31, left >> 5
        more = going & ~((left == 0) & (bits < 16) | (left == -1) & (bits >= 16))
        groups.append(np.where(going, bits + 32 * more + 48, 0))
        going = more
    written = np.stack(groups, axis=1).ravel()
    return written[written > 0].astype(np.uint8).tobytes().decode("ascii")


def to_counts(text: str) -> Counts:
    """Return the counts in a text.

    Raises
    ------
    InvalidInput
        If it is not such a text.
    """
    refused = InvalidInput(f"{text[:40]!r} is not the compressed run lengths of a mask, as in COCO's files.")
    try:
        written = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        raise refused from None
    if not len(written):
        return np.zeros(0, np.int64)
    if written.min() < 0 or written.max() > 63 or written[-1] >= 32:
        raise refused
    starts = np.flatnonzero(np.append(True, written[:-1] < 32))
    which = np.cumsum(np.append(False, written[:-1] < 32))
    place = np.arange(len(written)) - starts[which]
    if place.max() >= MOST_GROUPS:
        raise refused
    counts = np.add.reduceat((written & 31) << (5 * place), starts)
    last = np.append(starts[1:], len(written)) - 1
    counts -= np.where(written[last] & 16, np.int64(1) << (5 * (place[last] + 1)), 0)
    # Undo the differences: those of even and of odd runs are sums of their own, from the second of each on.
    for first in (1, 2):
        counts[first::2] = np.cumsum(counts[first::2])
    if counts.min() < 0:
        raise refused
    return counts


def normal(counts: Counts) -> Counts:
    """Return counts without runs of length 0, except for the first."""
    ends = np.cumsum(counts)
    edges = np.insert(ends, 0, 0)
    inside = np.arange(len(counts)) % 2 == 1
    keep = counts > 0
    kept, sides = edges[1:][keep], inside[keep]
    if not len(kept):
        return np.zeros(0, np.int64)
    closing = np.append(sides[1:] != sides[:-1], True)
    found = np.diff(kept[closing], prepend=0)
    return np.insert(found, 0, 0) if sides[0] else found


def from_mask(mask: Any) -> tuple[tuple[int, int], str]:
    """Return size (height, width) and text of a boolean mask, (height, width)."""
    flat = np.asarray(mask).astype(np.bool_).ravel(order="F")
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff(turns, prepend=0, append=len(flat))
    if len(flat) and flat[0]:
        counts = np.insert(counts, 0, 0)
    height, width = np.shape(mask)
    return (height, width), to_text(counts)


def to_mask(size: Sequence[int], text: str) -> npt.NDArray[np.bool_]:
    """Return the boolean mask, (height, width)."""
    counts = to_counts(text)
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(tuple(size), order="F")


def area(counts: Counts) -> int:
    """Return the number of pixels inside."""
    return int(counts[1::2].sum())


def iou(a: Counts, b: Counts) -> float:
    """Return the intersection of two masks of the same size divided by their union; 1 if both are empty."""
    ends_a, ends_b = np.insert(np.cumsum(a), 0, 0), np.insert(np.cumsum(b), 0, 0)
    # The number of pixels of b before each edge of b, and so, interpolated, before each edge of a.
    filled = np.insert(np.cumsum(np.where(np.arange(len(b)) % 2 == 1, b, 0)), 0, 0)
    before = np.interp(ends_a, ends_b, filled)
    both = float(np.diff(before)[1::2].sum())
    either = area(a) + area(b) - both
    return both / either if either else 1.0
