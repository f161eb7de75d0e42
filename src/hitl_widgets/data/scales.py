"""Scales: the values of a column as shades of a map, with what each shade means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Column

__all__ = ["MISSING", "SHADES", "Scale", "scale_of"]

MISSING = 255
"""The shade of items without a value."""
SHADES = 255
"""The number of shades of a number or a time."""

# More categories could not be distinguished by color.
_MOST_NAMED = 12
# Values beyond these quantiles do not stretch the scale if that at least doubles its resolution.
_INNER = (0.01, 0.99)
_ENOUGH = 100_000
# Positive values that span this factor are shown by their logarithm.
_DECADES = 100.0
_MOST_TICKS = 6
# Numbers with more decimals are written with a power of ten.
_MOST_DIGITS = 6
_NAME_LENGTH = 60
_UNITS = ("Y", "M", "D", "h", "m", "s")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scale:
    """A column as shades.

    Attributes
    ----------
    kind
        ``number`` or ``time``: shades 0 to 254 from low to high. ``category``: each shade is a value.
    shades
        uint8 of shape (n_items,), 255 for a missing value.
    ticks
        Positions from 0 to 1 on the scale, and the value there as text; empty for categories.
    names
        The most frequent values, most frequent first; empty for numbers and times.
    others
        The number of distinct values that share the last shade, after those of ``names``.
    note
        What the ticks do not show, such as ``"logarithmic"``; may be empty.
    """

    kind: Literal["number", "time", "category"]
    shades: npt.NDArray[np.uint8]
    ticks: tuple[tuple[float, str], ...] = ()
    names: tuple[str, ...] = ()
    others: int = 0
    note: str = ""


def scale_of(column: Column) -> Scale:
    """Return the scale of a column: 12 categories and the rest, or the range of the numbers or times."""
    if column.kind == "text" and column.numbers is not None and len(set(column.values)) > _MOST_NAMED:
        column = Column("number", column.numbers)
    if column.kind in {"text", "truth"}:
        return _categories(column)
    kind: Literal["number", "time"] = "time" if column.kind == "time" else "number"
    if kind == "time":
        values = np.where(np.isnat(column.values), np.nan, column.values.astype(np.int64).astype(np.float64))
    else:
        values = np.where(np.isfinite(column.values), column.values, np.nan)
    present = np.isfinite(values)
    if not present.any():
        return Scale(kind, np.full(len(values), MISSING, np.uint8))
    low, high, clipped = _range(values[present])
    logarithmic = kind == "number" and low > 0 and high / low >= _DECADES
    ends = (np.log10(low), np.log10(high)) if logarithmic else (low, high)
    with np.errstate(invalid="ignore", divide="ignore"):
        along = np.log10(np.maximum(values, low)) if logarithmic else values
        places = (along - ends[0]) / ((ends[1] - ends[0]) or 1.0)
    shades = np.full(len(values), MISSING, np.uint8)
    shades[present] = np.rint(np.clip(places[present], 0, 1) * (SHADES - 1)).astype(np.uint8)
    if kind == "time":
        ticks = _time_ticks(low, high)
    else:
        ticks = _powers(*ends) if logarithmic else _number_ticks(low, high, whole=_whole(values[present]))
    notes = ["logarithmic"] * logarithmic + ["1 % at each end is beyond the scale"] * clipped
    return Scale(kind, shades, ticks, note=", ".join(notes))


def _range(values: Floats) -> tuple[float, float, bool]:
    """Return the ends of the scale, and whether it leaves out extreme values."""
    least, most = float(values.min()), float(values.max())
    low, high = (float(q) for q in np.quantile(values[:: 1 + len(values) // _ENOUGH], _INNER))
    if high > low and most - least > 2 * (high - low):
        return low, high, True
    return least, most, False


def _whole(values: Floats) -> bool:
    return bool((values == np.rint(values)).all())


def _number_ticks(low: float, high: float, *, whole: bool) -> tuple[tuple[float, str], ...]:
    """Round values of the range, 1, 2, 2.5 or 5 times a power of ten apart."""
    if high <= low:
        return ((0.5, f"{low:,.12g}"),)
    rough = (high - low) / _MOST_TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough)
    step = max(step, 1.0) if whole else step
    digits = next(d for d in range(330) if np.isclose(step * 10.0**d, np.rint(step * 10.0**d), atol=0))
    found = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    texts = _numbers([float(v) for v in found], digits)
    return tuple((float((v - low) / (high - low)), text) for v, text in zip(found, texts, strict=True))


def _powers(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Powers of ten between two logarithms."""
    exponents = np.arange(np.ceil(low - 1e-9), np.floor(high + 1e-9) + 1)
    some = exponents[:: 1 + len(exponents) // (_MOST_TICKS + 1)]
    wide = max(-int(low), int(high)) > _MOST_DIGITS
    texts = [f"1e{int(e)}" if wide else f"{10.0**e:,.{max(0, -int(e))}f}" for e in some]
    return tuple((float((e - low) / (high - low)), text) for e, text in zip(some, texts, strict=True))


def _numbers(values: Sequence[float], digits: int) -> list[str]:
    """Write all values with this many decimals, or all with the same power of ten if they get too long."""
    plain = [f"{value + 0.0:,.{digits}f}" for value in values]
    most = max(map(abs, values), default=0.0)
    if digits <= _MOST_DIGITS and most < 10.0**9:
        return plain
    power = int(np.floor(np.log10(most) + 1e-9))
    heads = [value / 10.0**power for value in values]
    needed = next(
        d for d in range(20) if np.allclose(np.round(heads, d), heads, 0, 1e-3 / 10.0 ** (power + digits))
    )
    short = [f"{head:.{needed}f}e{power}" if head else "0" for head in heads]
    return min(plain, short, key=lambda texts: max(map(len, texts)))


def _time_ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Return round points in time of the range, given in microseconds."""
    first, last = (np.datetime64(int(t), "us") for t in (low, high))
    for unit in _UNITS:
        found = np.arange(first.astype(f"M8[{unit}]"), last.astype(f"M8[{unit}]") + 1).astype("M8[us]")
        found = found[(found >= first) & (found <= last)]
        if len(found) >= 2 or unit == "s":
            break
    some = found[:: 1 + (len(found) - 1) // _MOST_TICKS]
    return tuple(
        (float((t.astype(np.int64) - low) / ((high - low) or 1)), _time(t.astype(f"M8[{unit}]")))
        for t in some
    )


def _time(value: np.datetime64) -> str:
    text = str(value).replace("T", " ")
    return f"{text}:00" if len(text) == len("2026-01-01 10") else text


def _categories(column: Column) -> Scale:
    values: list[Any] = column.values.tolist()
    if column.kind == "truth":
        values = [None if np.isnan(v) else "yes" if v else "no" for v in values]
    counts = Counter(values)
    counts.pop(None, None)
    first = nsmallest(_MOST_NAMED + 1, counts, key=lambda value: (-counts[value], value))
    named = first if len(counts) == len(first) else first[:_MOST_NAMED]
    shade: dict[Any, int] = {value: k for k, value in enumerate(named)} | {None: MISSING}
    rest = len(named)
    names = tuple(" ".join(value.split())[:_NAME_LENGTH] or "(blank)" for value in named)
    found = np.fromiter((shade.get(value, rest) for value in values), np.uint8, len(values))
    return Scale("category", found, names=names, others=len(counts) - rest)
