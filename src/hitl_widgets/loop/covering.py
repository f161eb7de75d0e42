"""Covering: items that are blurred until the annotator shows them, and personal data that is hidden."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.items.base import Payload, Size, short
from hitl_widgets.loop.seen import Seen
from hitl_widgets.questions.schema import Schema

__all__ = ["Blur", "Covering", "blur_of"]

LONGEST_WARNING = 80
PERHAPS = "may be hard to look at"


class Blur:
    """Which items are blurred.

    Parameters
    ----------
    classes
        Names of classes: items with such a label or prediction are blurred.
    warnings
        For each item, the words of its warning; empty for none. None without a column.
    """

    def __init__(self, classes: Collection[str] = (), warnings: npt.NDArray[Any] | None = None) -> None:
        self.classes, self.warnings = frozenset(classes), warnings

    def check(self, schema: Schema) -> None:
        """Raise InvalidInput for classes that the question does not have."""
        names = [c.name for c in (*schema.classes, *schema.retired)]
        for name in sorted(self.classes.difference(names)):
            raise InvalidInput(
                f"blur=[{name!r}]: not a class.{nearest(name, names)} The classes are {choices(names)}. To "
                "blur by a column, pass its name as text: blur='column'."
            )

    def warning(self, row: int, look: Callable[[], Seen]) -> str:
        """Return the warning of an item; empty if it is not blurred. ``look`` returns what may be seen."""
        if self.warnings is not None and self.warnings[row]:
            return str(self.warnings[row])
        if not self.classes:
            return ""
        seen = look()
        labels, belief = seen.labels, seen.belief
        if not seen.shown[row]:
            # Blurred or not, it would give the prediction away.
            return PERHAPS if belief is not None else ""
        names = {labels.schema.classes[k].name for k in labels.codes(labels.y[row]) or () if k < _n(labels)}
        if belief is not None and belief.known[row] and labels.y[row] < 0:
            names |= {labels.schema.classes[k].name for k in belief.guess(row) or () if k < _n(labels)}
        found = sorted(self.classes & names)
        return short(" and ".join(found), LONGEST_WARNING)


class Covering:
    """Say what of an item is displayed.

    Parameters
    ----------
    pool
        The items, and the mask of personal data.
    blur
        Which items are blurred; None for none.
    seen
        Returns the labels and predictions that the annotator may see.
    schema
        The question.

    Raises
    ------
    InvalidInput
        If classes to blur are unknown.
    """

    def __init__(self, pool: Pool, blur: Blur | None, seen: Callable[[], Seen], schema: Schema) -> None:
        if blur is not None:
            blur.check(schema)
        self._pool, self._blur, self._seen = pool, blur, seen
        self._revealed: set[int] = set()

    def reveal(self, rows: Iterable[int]) -> None:
        """Display the personal data of these items until the session ends."""
        self._revealed.update(rows)

    def check(self) -> None:
        """Raise InvalidInput if the session has no mask."""
        if self._pool.mask is None:
            raise InvalidInput("Nothing is hidden here: the session has no mask=.")

    def payload(self, row: int, size: Size) -> Payload:
        """Return what is displayed of an item. A preview of a blurred item only says so."""
        warning = "" if self._blur is None else self._blur.warning(row, self._seen)
        if warning and size.glimpse:
            return Payload({"kind": "covered", "warning": warning})
        shown = self._pool.payload(row, size, bare=not size.glimpse and row in self._revealed)
        return replace(shown, content={**shown.content, "warning": warning}) if warning else shown

    def is_blurred(self, row: int) -> bool:
        """Return whether an item has a content warning."""
        return self._blur is not None and bool(self._blur.warning(row, self._seen))

    def blurred(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which of these items have a content warning, bool (m,)."""
        if (blur := self._blur) is None:
            return np.zeros(len(rows), np.bool_)
        seen = self._seen()
        return np.array([bool(blur.warning(row, lambda: seen)) for row in rows.tolist()], np.bool_)

    def part(self, row: int, ask: Mapping[str, Any], most: int) -> Payload:
        """Return a part of an item: see :meth:`Pool.part`."""
        return self._pool.part(row, ask, most, bare=row in self._revealed)

    def is_revealed(self, row: int) -> bool:
        """Return whether the personal data of an item is displayed."""
        return row in self._revealed

    def text(self, text: str) -> str:
        """Return a text beside an item, such as a cell, as it is displayed."""
        return text if self._pool.mask is None else self._pool.mask.text(text)


def blur_of(blur: Any, columns: Columns) -> Blur | None:
    """Return what is passed as ``blur=``.

    Raises
    ------
    InvalidInput
        If it is neither a column nor a list of classes.
    """
    if blur is None:
        return None
    if isinstance(blur, str):
        if blur not in columns:
            raise InvalidInput(
                f"blur={blur!r}: not a column.{nearest(blur, list(columns))} Expected a column, or a list of "
                f"classes, such as blur=[{blur!r}]."
            )
        return Blur(warnings=_warnings(columns.raw(blur), blur))
    names: list[Any] = list(blur) if isinstance(blur, Iterable) else [None]
    if not all(isinstance(name, str) for name in names):
        raise InvalidInput(f"blur={blur!r}: expected the name of a column, or a list of names of classes.")
    return Blur(names)


def _warnings(values: Iterable[Any], name: str) -> npt.NDArray[Any]:
    return np.array([_warning(value, name) for value in values], dtype=object)


def _warning(value: Any, name: str) -> str:
    """Return the words of a cell: a text is the warning itself, and other values count if they are true."""
    if isinstance(value, str):
        return short(value.strip(), LONGEST_WARNING)
    return name if value is not None and value == value and bool(value) else ""  # noqa: PLR0124 - NaN


def _n(labels: Any) -> int:
    return len(labels.schema.classes)
