"""Time series: one or several lines of numbers, drawn from the extremes of intervals and in parts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Features, Payload, Size, broken, is_missing, short

__all__ = ["KINDS", "Line", "Series"]

MOST_LINES, MOST_NUMBERS = 50, 200_000_000
BINS, FEW, TOGETHER = 1_200, 120, 20_000  # intervals of a card and a glimpse, and of all lines together
TIMES = ("time", "times", "timestamp", "date", "t")
EXPECTED = (
    "an array of shape (n,) or (n, lines), a list of numbers, a dict of lists (one may be named 'time'), or "
    "a pandas Series or DataFrame"
)
RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:hz)?\s*", re.IGNORECASE)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """One or several lines over the same samples.

    Attributes
    ----------
    values
        float64 (n, lines); NaN where a value is missing.
    names
        A name for each line; "" if it has none.
    times
        float64 (n,), increasing: numbers as given, durations in
        seconds, or seconds since 1970; None if there are none.
    dated
        Whether the times are dates.
    zone
        The time zone of the dates, "" if they have none.
    why
        Why it cannot be shown; "" if it can.
    """

    values: Floats
    names: tuple[str, ...]
    times: Floats | None = None
    dated: bool = False
    zone: str = ""
    why: str = ""


class Series:
    """A time series. The option is the number of samples per second: ``kind="series:250 Hz"``."""

    name = "series"
    reads, in_files, mutable, tabular = False, False, False, False
    order = 101

    def __init__(self, rate: float = 0.0) -> None:
        self.rate = rate

    def with_option(self, option: str) -> Series:
        """Return series with this many samples per second."""
        found = RATE.fullmatch(option)
        if not found or not float(found[1]):
            raise InvalidInput(
                f"kind='series:{option}': expected the samples per second, such as 'series:250 Hz'."
            )
        return Series(float(found[1]))

    def claims(self, values: Sequence[Any]) -> bool:  # noqa: ARG002 - a list of numbers may be many things
        """Return False: the kind must be named."""
        return False

    def read(self, values: Sequence[Any], what: str) -> list[Line]:
        """Return copies of the series; what is not one is displayed with the reason."""
        found = [value if isinstance(value, Line) else _line(value) for value in values]
        if found and all(line.why for line in found):
            raise InvalidInput(f"{what}: row 0 is not a series: {found[0].why} Expected {EXPECTED}.")
        return found

    def identity(self, item: Line) -> Iterator[bytes]:
        """Yield the numbers, the times and the names."""
        yield b"series\0"
        yield repr((item.values.shape, item.names, item.why)).encode("utf-8", "surrogatepass")
        yield item.values.tobytes()
        if item.times is not None:
            yield item.times.tobytes()

    def canonical(self, item: Any) -> Any:
        """Return the series unchanged."""
        return item

    def payload(self, item: Line, size: Size) -> Payload:
        """Return the whole series, as the extremes of intervals."""
        if item.why:
            return broken(f"{item.why} Expected {EXPECTED}.")
        return self._drawn(item, 0, len(item.values), FEW if size.glimpse else BINS)

    def more(self, item: Line, ask: Mapping[str, str | float | bool], most: int) -> Payload:  # noqa: ARG002 - bounded
        """Return the samples from ``ask["from"]`` up to ``ask["to"]``, likewise."""
        low, high = ask.get("from", 0), ask.get("to", 0)
        if (
            isinstance(low, str | bool)
            or isinstance(high, str | bool)
            or not 0 <= low < high <= len(item.values)
        ):
            raise ValueError("There is no such part of the series.")
        return self._drawn(item, int(low), max(int(high), int(low) + 1), BINS)

    def _drawn(self, item: Line, low: int, high: int, bins: int) -> Payload:
        n, lines = item.values.shape
        m = min(bins, high - low, TOGETHER // lines)
        edges = low + np.arange(m + 1, dtype=np.int64) * (high - low) // m
        part, at = item.values[low:high], edges[:-1] - low
        least, most = np.fmin.reduceat(part, at, axis=0), np.fmax.reduceat(part, at, axis=0)
        known = np.nan_to_num(np.stack([np.fmin.reduce(least), np.fmax.reduce(most)]))
        base = known.mean(axis=0)  # so that single precision is enough
        with np.errstate(invalid="ignore", over="ignore"):
            pairs = np.stack([least - base, most - base], axis=2).transpose(1, 0, 2).astype("<f4")
        content: dict[str, Any] = {"kind": "series", "n": n, "from": low, "to": high, "bins": m}
        content |= {"names": [short(name, 60) for name in item.names], "rate": self.rate}
        content |= {"dated": item.dated, "zone": item.zone}
        content |= {"base": base.tolist(), "least": known[0].tolist(), "most": known[1].tolist()}
        content["values"] = base64.b64encode(pairs.tobytes()).decode()
        if item.times is not None:
            shown = item.times[np.minimum(edges, n - 1)].astype("<f8")
            content["times"] = base64.b64encode(shown.tobytes()).decode()
        return Payload(content)

    def extent(self, item: Line) -> tuple[float, ...]:
        """Return the first and the last time; without times, 0 and the number of samples or the seconds."""
        if item.why:
            return ()
        if item.times is not None:
            return float(item.times[0]), float(item.times[-1])
        return 0.0, len(item.values) / (self.rate or 1)

    def words(self, item: Line) -> str:
        """Return the names of the lines."""
        return " ".join(filter(None, item.names))

    def features(self, items: Sequence[Line], **told: Any) -> tuple[Features, Any]:
        """Compute features; see :func:`~hitl_widgets.items.features.series.encode`."""
        from hitl_widgets.items.features.series import encode

        return encode(items, **told)


def _line(value: Any) -> Line:
    try:
        return _read(value)
    except (ValueError, TypeError, OverflowError) as error:
        why = str(error)
        return Line(np.zeros((0, 1)), (short(repr(value), 100),), why=why.rstrip(".") + ".")


def _read(value: Any) -> Line:
    times: Any = None
    if hasattr(value, "to_frame") and hasattr(value, "index"):  # a Series of pandas
        value = value.to_frame(value.name if value.name is not None else "")
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):
        index = getattr(value, "index", None)
        if index is not None and type(index).__name__ != "RangeIndex":
            times = index
        value = {str(name): value[name] for name in value.columns}
    if isinstance(value, Mapping):
        cells = {str(name): np.asarray(line) for name, line in value.items()}
        key = next((name for name in cells if name.lower() in TIMES), None)
        times = times if key is None else cells.pop(key)
        sizes = {len(line) if line.ndim == 1 else -1 for line in cells.values()}
        if not cells or len(sizes) > 1 or -1 in sizes:
            raise ValueError("Its lines are not equally long lists of numbers")
        names, values = tuple(cells), np.stack([_numbers(line) for line in cells.values()], axis=1)
    else:
        if is_missing(value) or isinstance(value, str | bytes) or not hasattr(value, "__len__"):
            shown = "missing" if is_missing(value) else f"of type {type(value).__name__}"
            raise ValueError(f"It is {shown}")
        values = _numbers(value)
        values = values[:, None] if values.ndim == 1 else values
        names = ("",) * (values.shape[1] if values.ndim == 2 else 0)
    if values.ndim != 2 or not values.size:
        raise ValueError("It has no numbers" if values.ndim == 2 else f"It has {values.ndim} dimensions")
    if values.shape[1] > MOST_LINES or values.size > MOST_NUMBERS:
        raise ValueError(f"It has the shape {values.shape}: at most {MOST_LINES} lines can be shown")
    if n := int(np.isinf(values).sum()):
        raise ValueError(
            f"{n:,} of its values {'is' if n == 1 else 'are'} infinite: replace them by NaN, which is a gap"
        )
    if np.isnan(values).all():
        raise ValueError("All its values are missing")
    values.flags.writeable = False
    return Line(values, names, *_times(times, len(values)))


def _numbers(value: Any) -> Floats:
    try:
        return np.array(value, np.float64)
    except (ValueError, TypeError):
        raise ValueError("Its values are not all numbers, or its lines are not equally long") from None


def _times(times: Any, n: int) -> tuple[Floats | None, bool, str]:
    if times is None:
        return None, False, ""
    found, zone = np.asarray(times), ""
    dated = found.dtype.kind in "MOU"
    if dated:
        import pandas as pd

        given = pd.Index(found)
        dates = pd.to_datetime(given, utc=True)
        zone = _zone(given)
        # As a number, a missing date would be one in 1677.
        found = np.where(dates.isna(), np.nan, dates.as_unit("ns").asi8 / 1e9)
    elif found.dtype.kind == "m":
        found = found / np.timedelta64(1, "s")  # a missing one is NaN
    found = np.array(found, np.float64)
    if found.shape != (n,):
        raise ValueError(f"It has {n:,} samples, but times of the shape {found.shape}")
    if not np.isfinite(found).all() or (np.diff(found) < 0).any():
        raise ValueError("Its times are not increasing, or some are missing")
    found.flags.writeable = False
    return found, dated, zone


def _zone(dates: Any) -> str:
    """Return the time zone of dates; UTC if they have several, "" if they have none."""
    import pandas as pd

    if (zone := getattr(dates, "tz", None)) is not None:
        return str(zone).removeprefix("UTC") or "UTC"  # of an offset such as UTC+05:30, what browsers know
    first = next((date for date in dates if not pd.isna(date)), None)
    return "" if first is None or pd.Timestamp(first).tzinfo is None else "UTC"


KINDS = (Series(),)
