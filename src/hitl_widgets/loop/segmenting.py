"""The user's own segmenter: from a box or a point on an image to a mark."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.pictures import load_image
from hitl_widgets.loop.troubles import in_words
from hitl_widgets.questions import rle
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.marks import Marks
from hitl_widgets.questions.schema import Schema

__all__ = ["Segment", "Segmenting", "check_segment", "outline"]

KINDS = ("boxes", "polygons", "masks")
# Pixels by which a polygon may differ from the outline of a mask.
CLOSE = 1.0

Segment = Callable[[npt.NDArray[np.uint8], dict[str, float]], Any]


def check_segment(segment: Any, schema: Schema) -> None:
    """Raise InvalidInput unless this is a function for a question about marks that it can make."""
    if segment is None:
        return
    if schema.kind not in KINDS:
        raise InvalidInput(
            "segment= makes boxes, polygons or masks, but this question asks for "
            f"{kind_of(schema.kind).asks}."
        )
    if not callable(segment):
        raise InvalidInput(
            f"segment={segment!r}: expected a function that takes an image, an array (height, width, 3) of "
            "uint8, and a box or a point as a dict, and returns a mask, a box or a polygon."
        )


class Segmenting:
    """Calls the user's segmenter and converts what it returns to a mark of the question's kind."""

    def __init__(self, pool: Pool, segment: Segment) -> None:
        if pool.kind == "video":
            raise InvalidInput("segment= takes images, but these items are videos: leave it out.")
        self._pool, self._segment = pool, segment

    def mark(self, schema: Schema, row: int, place: Mapping[str, Any]) -> list[Any]:
        """Return the mark in the form of the log, without its class.

        Parameters
        ----------
        place
            The box, with x, y, width and height in pixels, or the point, with x and y.

        Raises
        ------
        InvalidInput
            If it fails, finds nothing, or returns something else; the message is for the user.
        """
        image = np.asarray(load_image(self._pool.items[row]).convert("RGB"))
        names = ("x", "y", "width", "height") if "width" in place else ("x", "y")
        try:
            found = self._segment(image, {name: float(place[name]) for name in names})
        except Exception as error:
            raise InvalidInput(f"The segmenter failed: {in_words(error)}.") from error
        if found is None:
            raise InvalidInput("The segmenter found nothing here.")
        kind: Any = kind_of(schema.kind)
        assert isinstance(kind, Marks)  # noqa: S101 - see check_segment
        height, width = image.shape[:2]
        mask, box, polygon = _read(found, (height, width))
        if kind.name == "masks":
            mask = _filled(box, polygon, (height, width)) if mask is None else mask
            size, counts = rle.from_mask(mask)
            given: list[Any] = [list(size), counts]
        elif kind.name == "polygons":
            given = [outline(mask) if mask is not None else polygon or _corners(box)]
        else:
            given = _bounds(mask) if mask is not None else box or _around(polygon)
        try:
            told = kind.place(given)
            kind.check(((told, ""),), schema, (width, height))
        except InvalidInput as error:
            raise InvalidInput(f"The segmenter returned a mark that does not fit: {error}") from error
        return list(kind.told(told))


def _read(found: Any, shape: tuple[int, int]) -> tuple[Any, list[float], list[list[float]]]:
    """Return a mask, a box or a polygon; the others are None or empty."""
    if isinstance(found, Mapping):
        if {"x", "y", "width", "height"} <= found.keys():
            return None, [float(found[name]) for name in ("x", "y", "width", "height")], []
        found = found.get("mask", found.get("points"))
    array = _array(found)
    if array.shape == shape and array.dtype.kind in "biu":
        if not array.any():
            raise InvalidInput("The segmenter found nothing here.")
        return array.astype(np.bool_), [], []
    if array.ndim == 2 and array.shape[1] == 2 and len(array) > 2 and array.dtype.kind in "iuf":
        corners: list[list[float]] = array.astype(np.float64).tolist()
        return None, [], corners
    what = f"an array of shape {array.shape}" if isinstance(found, np.ndarray) else reprlib.repr(found)
    raise InvalidInput(
        f"The segmenter returned {what}: expected a mask of shape {shape}, a box "
        '{"x": ..., "y": ..., "width": ..., "height": ...}, a polygon [[x, y], ...], or None.'
    )


def _array(found: Any) -> npt.NDArray[Any]:
    """Return an array; an empty one for what is none."""
    try:
        return np.asarray([] if isinstance(found, str | bytes) else found)
    except ValueError:  # lists of different lengths
        return np.zeros(0)


def _bounds(mask: npt.NDArray[np.bool_]) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]


def _around(polygon: list[list[float]]) -> list[float]:
    low, high = np.min(polygon, axis=0), np.max(polygon, axis=0)
    return [*low.tolist(), *(high - low).tolist()]


def _corners(box: list[float]) -> list[list[float]]:
    x, y, width, height = box
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]


def _filled(box: list[float], polygon: list[list[float]], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    from PIL import Image, ImageDraw

    drawn = Image.new("1", (shape[1], shape[0]))
    corners = [(x - 0.5, y - 0.5) for x, y in polygon or _corners(box)]  # pixels are named by their middle
    ImageDraw.Draw(drawn).polygon(corners, fill=1)
    return np.asarray(drawn, np.bool_)


def outline(mask: npt.NDArray[np.bool_]) -> list[list[float]]:
    """Return the corners of the outline of the largest region of a mask, without its holes.

    The outline follows the edges of the pixels, and is simplified (Douglas and Peucker 1973).
    """
    from scipy import ndimage

    regions, _ = ndimage.label(mask)
    region = np.pad(regions == np.bincount(regions.ravel())[1:].argmax() + 1, 1)
    inner = region[1:-1, 1:-1]
    # The edges of the pixels at the border, so that the region is to the right of each.
    ways: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for beyond, start, end in (
        (region[:-2, 1:-1], (0, 0), (1, 0)),
        (region[1:-1, 2:], (1, 0), (1, 1)),
        (region[2:, 1:-1], (1, 1), (0, 1)),
        (region[1:-1, :-2], (0, 1), (0, 0)),
    ):
        for y, x in np.argwhere(inner & ~beyond).tolist():
            ways.setdefault((x + start[0], y + start[1]), []).append((x + end[0], y + end[1]))
    first = min(ways, key=lambda at: (at[1], at[0]))
    at, found = first, [first]
    while (at := ways[at].pop()) != first:
        found.append(at)
    corners: list[list[float]] = _simplified(np.array(found, np.float64)).tolist()
    return corners if len(corners) > 2 else _corners(_bounds(inner))  # a pixel or a line of them


def _simplified(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the corners without those closer than ``CLOSE`` to the line between others."""
    middle = len(corners) // 2
    kept = np.zeros(len(corners) + 1, np.bool_)
    kept[[0, middle, -1]] = True
    ring, parts = np.vstack([corners, corners[:1]]), [(0, middle), (middle, len(corners))]
    while parts:
        low, high = parts.pop()
        if high - low < 2:
            continue
        start, way = ring[low], ring[high] - ring[low]
        off = ring[low + 1 : high] - start
        length = float(np.hypot(*way))
        far = np.abs(way[0] * off[:, 1] - way[1] * off[:, 0]) / length if length else np.hypot(*off.T)
        if far.max() >= CLOSE:
            place = low + 1 + int(far.argmax())
            kept[place] = True
            parts += [(low, place), (place, high)]
    return ring[kept][:-1]
