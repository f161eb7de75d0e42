"""Masks as the run lengths of Label Studio, which differ from those of COCO.

The four channels of each pixel, row by row, are bytes in a stream of bits: 32 bits with their number,
5 bits with the size of a word (8) less one, four times 4 bits with the sizes of lengths (3, 4, 8 and 16)
less one, and then blocks. A block has one bit (1: one word that repeats, 0: each word written), 2 bits that
choose the size of its length, the length less one, and its words. The mask is the fourth channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["decode", "encode"]

SIZES = (3, 4, 8, 16)
WORD = 8
CHANNELS = 4
LARGEST = 2**32 - 1


def encode(mask: npt.NDArray[np.bool_]) -> list[int]:
    """Return a mask, (height, width), as bytes."""
    flat = mask.ravel()
    if flat.size * CHANNELS > LARGEST:
        raise InvalidInput(f"The mask has {flat.size:,} pixels, too many for a file of Label Studio.")
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(turns, prepend=0, append=flat.size) * CHANNELS
    bits = [f"{flat.size * CHANNELS:032b}", f"{WORD - 1:05b}", *(f"{size - 1:04b}" for size in SIZES)]
    inside = bool(flat[0])
    for run in runs.tolist():
        word = "11111111" if inside else "00000000"
        for length in _lengths(run):
            which = next(k for k, size in enumerate(SIZES) if length <= 2**size)
            bits.append(f"1{which:02b}{length - 1:0{SIZES[which]}b}{word}")
        inside = not inside
    text = "".join(bits)
    return list(int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big"))


def _lengths(run: int) -> list[int]:
    longest = 2 ** SIZES[-1]
    return [longest] * (run // longest) + ([run % longest] if run % longest else [])


def decode(rle: Sequence[Any], width: int, height: int) -> npt.NDArray[np.bool_]:
    """Return the mask, (height, width), in bytes.

    Raises
    ------
    InvalidInput
        If these are not the run lengths of such a mask.
    """
    refused = InvalidInput(f"The run lengths are not those of a mask of {width:,} x {height:,} pixels.")
    if not all(isinstance(byte, int) and 0 <= byte < 256 for byte in rle):
        raise refused
    bits = "".join(f"{byte:08b}" for byte in rle)
    at = 0

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(bits):
            raise refused
        return int(bits[at - size : at], 2)

    n = number(32)
    word = number(5) + 1
    sizes = [number(4) + 1 for _ in SIZES]
    if n != width * height * CHANNELS or word != WORD:
        raise refused
    flat = np.zeros(n, np.uint8)
    done = 0
    while done < n:
        repeats, which = number(1), number(2)
        length = number(sizes[which]) + 1
        if done + length > n:
            raise refused
        words = [number(WORD)] if repeats else [number(WORD) for _ in range(length)]
        flat[done : done + length] = words
        done += length
    return flat.reshape(height, width, CHANNELS)[:, :, 3] > 0
