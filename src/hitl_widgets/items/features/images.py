"""Image features: texture, outlines and colors.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from hitl_widgets.background.children import Cancelled
from hitl_widgets.background.turns import give_way
from hitl_widgets.items.base import Features, is_missing
from hitl_widgets.items.features._descriptors import Descriptors, Failures, Floats
from hitl_widgets.items.features._stateless import Stateless
from hitl_widgets.items.pictures import load_image

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "PARTS",
    "SIDE",
    "WIDTH",
    "Columns",
    "ImageDescriptors",
    "described",
    "encode",
    "fitted",
    "through",
]

# The attributes saved in a model file: see models/estimators.py.
ESTIMATORS: dict[str, dict[str, str]] = {
    "ImageDescriptors": {"mean_": "d"},
    "Columns": {},
}

SIDE = 64  # pixels; images are stretched to a square with this side
SOME = 32  # images processed between two calls of give_way
FIT_ROWS = 5_000  # images that the components are fitted on; at most this many rows of WIDTH are in memory
CELL, ANGLES = 8, 9
CONTRAST = 0.01  # by which a neighbor must exceed the center; 1 is the range from black to white
PATTERNS = 59  # 58 uniform patterns, and one for all others
HUES, STEPS, GREYS, GREY = 8, 3, 6, 0.12
COLOURS = HUES * STEPS * STEPS + GREYS
QUARTERS = 5  # the whole image and its four quarters
TEXTURE = 2 * QUARTERS * PATTERNS
OUTLINE = (SIDE // CELL) ** 2 * ANGLES
COLOUR = QUARTERS * COLOURS
WIDTH = TEXTURE + OUTLINE + COLOUR
Part = tuple[str, int, int, float]
# Name, number of columns, number of components, and weight: see docs/image-features.md.
PARTS: tuple[Part, ...] = (
    ("texture", TEXTURE, 64, 0.7),
    ("outline", OUTLINE, 64, 0.5),
    ("colour", COLOUR, 32, 0.5),
)
DIM = 64


def encode(
    items: Sequence[Any],
    *,
    random_state: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Features, Pipeline]:
    """Compute features of images, and return them with the fitted scikit-learn transformer.

    There are three views of each image at 64 x 64 pixels: its texture, outlines and colors, see
    :func:`describe`. PCA reduces each view, whose rows are scaled to length 1, and then all three
    together. In larger pools, the PCA is fitted on 5,000 images.

    Parameters
    ----------
    items
        n images accepted by :func:`~hitl_widgets.items.pictures.load_image`: encoded bytes, paths, arrays or
        Pillow images. An unreadable image is described by the mean of the others, with a warning.
    on_progress
        Called with the share that is done.
    cancelled
        Called regularly; returns whether to stop.

    Returns
    -------
    X
        float32 (n, d) with d <= 64, rows of length about 1.
    encoder
        A ``Pipeline`` that transforms new images.

    Raises
    ------
    InvalidInput
        If no image can be read.
    Cancelled
        If ``cancelled`` returns True.
    """
    from sklearn.pipeline import make_pipeline

    n = len(items)
    failures: Failures = []
    order = np.arange(n) if n <= FIT_ROWS else np.random.default_rng(random_state).permutation(n)

    def read(low: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the readable ones among the next images, and their descriptors."""
        if cancelled():
            raise Cancelled("Reading the images was cancelled.")
        part = order[low : low + SOME]
        found, missed = describe([items[i] for i in part])
        failures.extend((int(part[i]), why) for i, why in missed)
        if 100 * low // n < 100 * (low + len(part)) // n:  # report each percent once
            on_progress((low + len(part)) / n)
        gone = [i for i, _ in missed]
        return np.delete(part, gone), np.delete(found, gone, axis=0)

    rows, parts, low = np.zeros(0, np.int64), [np.zeros((0, WIDTH), np.float32)], 0
    while low < n and len(rows) < FIT_ROWS:
        some, found = read(low)
        rows, low = np.append(rows, some), low + SOME
        parts.append(found)
    if not len(rows):
        ImageDescriptors.report(items, failures)
    known = np.concatenate(parts)
    parts.clear()
    reader = ImageDescriptors()
    reader.mean_ = known.mean(axis=0)
    steps = fitted(known, random_state)
    X = np.empty((n, steps[-1].n_components_), np.float32)
    X[:] = through(steps, reader.mean_[None])
    X[rows] = through(steps, known)
    del known
    for at in range(low, n, SOME):
        rows, found = read(at)
        if len(rows):
            X[rows] = through(steps, found)
    ImageDescriptors.report(items, failures)
    return X, make_pipeline(reader, *steps)


def fitted(
    found: Floats, random_state: int, described_parts: Sequence[Part] = PARTS, dim: int = DIM
) -> list[Any]:
    """Fit the steps after the descriptors: PCA of each part, scaled to rows of length 1, then PCA of all."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import Normalizer

    def reduced(rows: Floats, k: int) -> Any:
        with np.errstate(invalid="ignore", divide="ignore"):  # equal images have no variance to explain
            return PCA(min(k, *rows.shape), random_state=random_state).fit(rows)

    parts, low = [], 0
    for name, width, k, _ in described_parts:
        give_way()
        parts.append((name, make_pipeline(
            Columns(low, low + width), reduced(found[:, low : low + width], k), Normalizer()
        )))  # fmt: skip
        low += width
    union = FeatureUnion(parts, transformer_weights={name: weight for name, _, _, weight in described_parts})
    return [union, reduced(union.transform(found), dim)]


def through(steps: Sequence[Any], found: Any) -> Features:
    """Transform descriptors by fitted steps."""
    for step in steps:
        found = step.transform(found)
    return np.ascontiguousarray(found, np.float32)


def describe(items: Sequence[Any]) -> tuple[Floats, Failures]:
    """Compute the descriptors of each image, and return which images cannot be read.

    The descriptors are square roots of three histograms: uniform local binary patterns (Ojala, Pietikäinen
    and Mäenpää 2002) at two sizes, of the image and its quarters; gradient directions in 8 x 8 cells (Dalal
    and Triggs 2005); hue, saturation and value, of the image and its quarters.

    Parameters
    ----------
    items
        n images accepted by :func:`~hitl_widgets.items.pictures.load_image`. Transparent images are drawn on
        white.

    Returns
    -------
    rows
        float32 (n, 1556); zeros for an image that cannot be read.
    failures
        Position and reason for each unreadable image.
    """
    failures: Failures = []
    pictures, read = np.zeros((len(items), SIDE, SIDE, 3), np.uint8), []
    for i, item in enumerate(items):
        try:
            pictures[i] = _picture(item)
            read.append(i)
        except Exception as error:  # noqa: BLE001 - a decoder may raise anything
            failures.append((i, str(error).rstrip(".")))
    rows = np.zeros((len(items), WIDTH), np.float32)
    for low in range(0, len(read), SOME):
        give_way()
        some = read[low : low + SOME]
        rows[some] = described(pictures[some])
    return rows, failures


def _picture(item: Any) -> npt.NDArray[np.uint8]:
    """uint8 (64, 64, 3)."""
    if isinstance(item, Mapping) and item.keys() <= {"bytes", "path"}:  # the format of Hugging Face datasets
        item = item.get("bytes") or item.get("path")
    if isinstance(item, Image.Image) and item.mode[0] in "IF":  # 16 or 32 bits per pixel: stretch to 0..255
        item = np.nan_to_num(np.asarray(item, np.float64), posinf=0, neginf=0)
    image = load_image(None if is_missing(item) else item)
    if image.mode == "RGBA":
        image = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)  # with premultiplied colors
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A"))
        return np.asarray(flat)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("RGB"))


def described(pictures: npt.NDArray[np.uint8]) -> Floats:
    """Return the descriptors of pictures, uint8 (n, 64, 64, 3); see :func:`describe`."""
    colours: Floats = pictures.astype(np.float32) / np.float32(255)
    grey: Floats = colours @ np.array([0.299, 0.587, 0.114], np.float32)
    parts = [_texture(grey), _texture(_halved(grey)), _outline(grey), _colour(_halved(colours))]
    return np.asarray(np.hstack([part.reshape(len(pictures), -1) for part in parts]), np.float32)


def _halved(values: Floats) -> Floats:
    half = values[:, ::2, ::2] + values[:, 1::2, ::2] + values[:, ::2, 1::2] + values[:, 1::2, 1::2]
    return np.asarray(half / 4, np.float32)


def _texture(grey: Floats) -> Floats:
    """Return how often each pattern of brighter neighbors occurs, (n, 5, 59)."""
    n, side = grey.shape[:2]
    codes, middle = np.zeros((n, side - 2, side - 2), np.uint8), grey[:, 1:-1, 1:-1] + CONTRAST
    around = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    for bit, (y, x) in enumerate(around):
        codes |= (grey[:, y : side - 2 + y, x : side - 2 + x] > middle).astype(np.uint8) << np.uint8(bit)
    return _by_quarter(_uniform()[codes], PATTERNS)


@cache
def _uniform() -> npt.NDArray[np.int64]:
    """Return the index of each pattern; only patterns with at most two changes have their own."""
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, PATTERNS - 1)


def _outline(grey: Floats) -> Floats:
    """Return the share of the gradient in each cell and direction, (n, 8, 8, 9)."""
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    strength = np.hypot(across, down)
    angle = np.arctan2(down, across) % np.float32(np.pi) * np.float32(ANGLES / np.pi)
    lower = np.minimum(angle.astype(np.int64), ANGLES - 1)
    share = np.minimum(angle - lower, 1)
    n, cells = len(grey), SIDE // CELL
    cell = np.arange(SIDE) // CELL
    base = (np.arange(n)[:, None, None] * cells**2 + cell[:, None] * cells + cell) * ANGLES
    found = _counts(base + lower, n * cells**2 * ANGLES, strength * (1 - share))
    found += _counts(base + (lower + 1) % ANGLES, n * cells**2 * ANGLES, strength * share)
    found = found.reshape(n, -1)
    # The constant suppresses the noise of blank images.
    return np.asarray(np.sqrt(found / (found.sum(axis=1, keepdims=True) + 1e-3)), np.float32)


def _colour(colours: Floats) -> Floats:
    """Return how often each color occurs, (n, 5, 78); grays are counted by brightness alone."""
    value, low = colours.max(axis=-1), colours.min(axis=-1)
    spread = value - low
    safe = np.where(spread > 0, spread, 1)
    red, green, blue = np.moveaxis(colours, -1, 0)
    hue = np.where(
        value == red,
        (green - blue) / safe % 6,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    saturation = spread / np.where(value > 0, value, 1)

    def step(share: Any, n: int) -> Any:
        return np.minimum((share * n).astype(np.int64), n - 1)

    code = (step(hue / 6, HUES) * STEPS + step(saturation, STEPS)) * STEPS + step(value, STEPS)
    grey = HUES * STEPS * STEPS + step(value, GREYS)
    return _by_quarter(np.where(saturation < GREY, grey, code), COLOURS)


def _by_quarter(codes: npt.NDArray[np.int64], k: int) -> Floats:
    """Return the square roots of the code frequencies, in the image and in each quarter, (n, 5, k)."""
    n, side = codes.shape[:2]
    half = np.arange(side) * 2 // side
    base = (np.arange(n)[:, None, None] * 4 + half[:, None] * 2 + half) * k
    quarters = _counts(base + codes, n * 4 * k).reshape(n, 4, k) / (side * side)
    whole = quarters.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.concatenate([whole / 2, quarters / 2], axis=1)), np.float32)


def _counts(codes: npt.NDArray[np.int64], k: int, weights: Any = None) -> npt.NDArray[np.float64]:
    found = np.bincount(codes.ravel(), None if weights is None else weights.ravel(), minlength=k)
    return found.astype(np.float64)


class ImageDescriptors(Descriptors):
    """Transform images into descriptors, float32 (n, 1556); see :func:`describe`.

    Attributes
    ----------
    mean_
        float32 (1556,): the row of an image that cannot be read.
    """

    _items = "images"
    _otherwise = "For images on the web, pass X= or embed=."

    @staticmethod
    def describe(items: Sequence[Any]) -> tuple[Floats, Failures]:
        """Compute the descriptors; see :func:`describe`."""
        return describe(items)


class Columns(Stateless):
    """Select the columns from ``first`` up to, but not including, ``last``."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"first": [int], "last": [int]}

    def __init__(self, first: int = 0, last: int = 1) -> None:
        self.first, self.last = first, last

    def transform(self, X: Any) -> Any:
        """Return these columns."""
        return X[:, self.first : self.last]
