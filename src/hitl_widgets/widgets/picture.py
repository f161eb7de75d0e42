"""A still picture of the map, for pages without a kernel: reopened notebooks and those that nbconvert made.

It is saved with the notebook. It shows positions, colours and counts, but no item, id, class name or path.
"""

from __future__ import annotations

import base64
import io
import time

import numpy as np
import numpy.typing as npt

from hitl_widgets.loop.loop import Loop
from hitl_widgets.widgets.shared.marks import marks_of

__all__ = ["counts_of", "picture_of"]

# Pixels; shown in a width of 640, so that it is sharp on most screens.
WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 960, 360, 720
SHOWN_WIDTH = 640
MARGIN = 16
# The radius of a point, which is smaller in larger pools.
LARGEST, SMALLEST = 6, 1
GREY = (140, 140, 140)
PALE, FULL = 120, 255
# A PNG has 256 colours, and each shade takes two.
MOST_SHADES = 126


def picture_of(loop: Loop) -> str:
    """Return the picture and the counts as HTML; only the counts while there is no map."""
    drawn = loop.background.map
    labels = loop.labels
    legend = labels.kind.shading(labels.answers, labels.schema, "").legend
    words = f"{counts_of(loop)}, {time.strftime('%d %B %Y, %H:%M')}"
    swatches = "".join(
        f' <span style="white-space: nowrap; margin-left: 12px"><span style="color: {color}">&#9679;</span> '
        f"{n:,}</span>"
        for (_, color), n in zip(legend, _labels_of_shades(loop, len(legend)), strict=True)
    )
    caption = f'<p style="margin: 4px 0">{words}{swatches}</p>'
    if drawn is None:
        return caption
    label, guess, _ = marks_of(loop, "")
    png = base64.b64encode(_png(drawn.xy, label, guess, [color for _, color in legend])).decode()
    image = f'<img alt="Map: {words}" style="width: 100%" src="data:image/png;base64,{png}">'
    return f'<div style="max-width: {SHOWN_WIDTH}px">{image}{caption}</div>'


def counts_of(loop: Loop) -> str:
    """Return how many items are labelled, in words."""
    return f"{len(loop.labels):,} of {len(loop.pool):,} items labelled"


def _labels_of_shades(loop: Loop, n: int) -> list[int]:
    """The number of labels of each shade, without those that this annotator must not see yet."""
    labels = loop.labels
    told = labels.y.copy()
    told[loop.blind.mask(labels)] = -1
    shades = labels.kind.shading(labels.answers, labels.schema, "").answers[told[told >= 0]]
    found: list[int] = np.bincount(shades, minlength=n)[:n].tolist()
    return found


def _png(
    xy: npt.NDArray[np.float32],
    label: npt.NDArray[np.uint8],
    guess: npt.NDArray[np.uint8],
    colors: list[str],
) -> bytes:
    """Draw labelled points in the color of their class, others pale in that of the model's guess."""
    from PIL import Image

    low, high = xy.min(axis=0), xy.max(axis=0)
    wide, tall = np.maximum(high - low, 1e-6)
    height = int(np.clip(WIDTH * tall / wide, LEAST_HEIGHT, MOST_HEIGHT))
    scale = min((WIDTH - 2 * MARGIN) / wide, (height - 2 * MARGIN) / tall)
    x = np.rint((xy[:, 0] - (low + high)[0] / 2) * scale + WIDTH / 2).astype(np.intp)
    y = np.rint(((low + high)[1] / 2 - xy[:, 1]) * scale + height / 2).astype(np.intp)
    radius = int(np.clip(np.rint(LARGEST * (1000 / len(xy)) ** 0.25), SMALLEST, LARGEST))
    # Colours: 0 transparent, 1 grey, then of every shade the pale and the full one.
    paint = np.where(guess < 255, 2 + 2 * (guess % MOST_SHADES), 1).astype(np.uint8)
    given = label < 255
    paint[given] = 3 + 2 * (label[given] % MOST_SHADES)
    pixels = np.zeros((height, WIDTH), np.uint8)
    for some, size in ((~given, radius), (given, radius + 2)):
        _stamp(pixels, x[some], y[some], paint[some], size)
    shades = [tuple(bytes.fromhex(color[1:])) for color in colors[:MOST_SHADES]]
    image = Image.fromarray(pixels)
    image.putpalette([*(0, 0, 0), *GREY, *(part for shade in shades for part in 2 * shade)])
    file = io.BytesIO()
    alpha = bytes([0, PALE, *(PALE, FULL) * len(shades)])
    image.save(file, "PNG", transparency=alpha)
    return file.getvalue()


def _stamp(
    pixels: npt.NDArray[np.uint8],
    x: npt.NDArray[np.intp],
    y: npt.NDArray[np.intp],
    paint: npt.NDArray[np.uint8],
    radius: int,
) -> None:
    """Draw a disc at every place; the time is bounded by the number of pixels."""
    centres = np.zeros_like(pixels)
    centres[y, x] = paint
    y, x = np.nonzero(centres)
    paint = centres[y, x]
    across = np.arange(-radius, radius + 1)
    for dy in across:
        for dx in across[across**2 + dy**2 <= (radius + 0.5) ** 2]:
            pixels[y + dy, x + dx] = paint
