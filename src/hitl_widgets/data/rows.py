"""A compact text encoding of selected rows; js/src/host/codecs.ts is the counterpart.

The text is the Base64 encoding of a tag byte and either runs or bits, whichever is shorter. Runs are unsigned
LEB128 numbers: the number of runs; for each run, twice the gap before it, plus 1 if it is longer than one
row; then the lengths of these longer runs, minus 2. Bits are one byte for eight rows, the lowest bit first,
up to the last row.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput

__all__ = ["decode", "encode"]

RUNS, BITS = 1, 2
LONGEST = 5

Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]


def encode(rows: npt.ArrayLike) -> str:
    """Encode rows as text, in the format that browsers send.

    Parameters
    ----------
    rows
        Integers >= 0, shape (n,), ascending and distinct.
    """
    found = np.asarray(rows, dtype=np.int64)
    first = np.flatnonzero(np.diff(found, prepend=-2) != 1)
    lengths = np.diff(first, append=len(found))
    ends = found[first] + lengths
    gaps = found[first] - np.concatenate([[0], ends[:-1]])[: len(first)]
    numbers = np.concatenate([[len(first)], 2 * gaps + (lengths > 1), lengths[lengths > 1] - 2])
    runs = bytes([RUNS]) + _leb128(numbers)
    size = int(found[-1]) // 8 + 1 if len(found) else 0
    if len(runs) > size + 1:
        mask = np.zeros(8 * size, dtype=np.bool_)
        mask[found] = True
        runs = bytes([BITS]) + np.packbits(mask, bitorder="little").tobytes()
    return base64.b64encode(runs).decode("ascii")


def decode(text: str, n: int) -> Rows:
    """Decode rows of a pool of ``n`` items.

    Returns
    -------
    ndarray
        int64 of shape (k,), ascending and distinct, from 0 to ``n - 1``.

    Raises
    ------
    InvalidInput
        If the text is not in this format, or contains rows beyond the pool.
    """
    # The shorter form never exceeds this length.
    if len(text) > 4 * ((n + 7) // 8 + 3) // 3 + 4:
        raise InvalidInput(f"The selection contains rows beyond the pool of {n} items: select them again.")
    try:
        data = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    except (binascii.Error, ValueError) as error:
        raise _malformed("not base64") from error
    if not len(data) or data[0] not in {RUNS, BITS}:
        raise _malformed("unknown format")
    rows = _from_runs(data[1:], n) if data[0] == RUNS else _from_bits(data[1:])
    if len(rows) and rows[-1] >= n:
        raise InvalidInput(f"Row {rows[-1]} is not in the pool of {n} items: select them again.")
    return rows


def _from_bits(data: Bytes) -> Rows:
    return np.flatnonzero(np.unpackbits(data, bitorder="little")).astype(np.int64)


def _from_runs(data: Bytes, n: int) -> Rows:
    numbers = _from_leb128(data)
    count = int(numbers[0]) if len(numbers) else -1
    heads = numbers[1 : count + 1] if 0 <= count < len(numbers) else numbers[:0]
    longer = (heads & 1).astype(np.bool_)
    if len(heads) != count or len(numbers) != 1 + count + int(longer.sum()):
        raise _malformed("runs are missing")
    lengths = np.ones(count, dtype=np.int64)
    lengths[longer] = numbers[1 + count :] + 2
    gaps = heads >> 1
    if (gaps[1:] == 0).any():
        raise _malformed("runs touch")
    ends = np.cumsum(gaps + lengths)
    if count and ends[-1] > n:
        raise InvalidInput(f"Row {int(ends[-1]) - 1} is not in the pool of {n} items: select them again.")
    total = int(lengths.sum())
    before = np.cumsum(lengths) - lengths
    rows: Rows = np.repeat(ends - lengths - before, lengths) + np.arange(total)
    return rows


def _leb128(numbers: Rows) -> bytes:
    """Encode as unsigned LEB128: seven bits per byte, lowest first; the top bit is set if more follow."""
    parts = np.stack([(numbers >> 7 * k) & 127 for k in range(LONGEST)], axis=1)
    # One more byte for each of these thresholds that the number reaches.
    sizes = 1 + np.searchsorted(1 << 7 * np.arange(1, LONGEST), numbers, side="right")
    place = np.arange(LONGEST)
    parts[place < sizes[:, None] - 1] |= 128
    return parts[place < sizes[:, None]].astype(np.uint8).tobytes()


def _from_leb128(data: Bytes) -> Rows:
    ends = np.flatnonzero(data < 128)
    if not len(ends) or ends[-1] != len(data) - 1:
        raise _malformed("it ends within a number")
    starts = np.concatenate([[0], ends[:-1] + 1])
    sizes = ends - starts + 1
    if sizes.max() > LONGEST:
        raise _malformed("a number is too large")
    shifts = 7 * (np.arange(len(data)) - np.repeat(starts, sizes))
    numbers: Rows = np.add.reduceat((data & 127).astype(np.int64) << shifts, starts)
    return numbers


def _malformed(why: str) -> InvalidInput:
    return InvalidInput(f"The selection cannot be read ({why}): select the points again.")
