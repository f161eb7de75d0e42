"""Video features: texture, outlines, colors and movement.

Imported only when needed, because importing scikit-learn is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.children import Cancelled
from hitl_widgets.background.turns import give_way
from hitl_widgets.items.base import Features
from hitl_widgets.items.clips import as_video
from hitl_widgets.items.features import images
from hitl_widgets.items.features._descriptors import Descriptors, Failures, Floats
from hitl_widgets.items.features._frames import pairs_of

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["VideoDescriptors", "encode"]

# The attributes saved in a model file: see models/estimators.py.
ESTIMATORS: dict[str, dict[str, str]] = {"VideoDescriptors": {"mean_": "d"}}

PAIRS, SIDE = 8, images.SIDE  # pairs of frames that are looked at, and their side in pixels
GRID = 4  # cells across and down in which movement is measured
CELLS = GRID * GRID
STEADY = 1e-3  # added to gradients, so that flat cells do not move
MOTION = 7 * CELLS + 8
WIDTH = images.WIDTH + MOTION
# Name, number of columns, number of components, and weight: see docs/media-features.md.
PARTS = (*images.PARTS, ("motion", MOTION, 48, 1.5))
DIM = 64
Pictures = npt.NDArray[np.uint8]


def encode(
    items: Sequence[Any],
    *,
    random_state: int = 0,
    on_progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Features, Pipeline]:
    """Compute features of videos, and return them with the fitted scikit-learn transformer.

    The descriptors of each video, see :func:`describe`, are reduced by PCA for each of four views, whose rows
    are scaled to length 1, and then together.

    Parameters
    ----------
    items
        n videos: paths or bytes. An unreadable video is described by the mean of the others, with a warning.
    on_progress
        Called with the share that is done.
    cancelled
        Called regularly; returns whether to stop.

    Returns
    -------
    X
        float32 (n, d) with d <= 64.
    encoder
        A ``Pipeline`` that transforms new videos.

    Raises
    ------
    InvalidInput
        If no video can be read.
    Cancelled
        If ``cancelled`` returns True.
    """
    from sklearn.pipeline import make_pipeline

    def heard(share: float) -> None:
        if cancelled():
            raise Cancelled("Reading the videos was cancelled.")
        on_progress(share)

    rows, failures = describe(items, heard)
    VideoDescriptors.report(items, failures)
    gone = [i for i, _ in failures]
    known = np.delete(rows, gone, axis=0)
    reader = VideoDescriptors()
    reader.mean_ = known.mean(axis=0)
    rows[gone] = reader.mean_
    steps = images.fitted(known, random_state, PARTS, DIM)
    return images.through(steps, rows), make_pipeline(reader, *steps)


def describe(
    items: Sequence[Any], heard: Callable[[float], None] = lambda _: None
) -> tuple[Floats, Failures]:
    """Compute the descriptors of each video, and return which videos cannot be read.

    8 pairs of frames about 0.1 s apart are looked at, evenly spaced. Their appearance is the mean of what
    describes images, see :func:`~hitl_widgets.items.features.images.describe`. Movement is measured in 4 x 4
    cells: how much changes, and the speed to the right and down by least squares on the gradients (Lucas and
    Kanade 1981), each with its mean and deviation over time, and the shift, growth and rotation of the whole.

    Parameters
    ----------
    items
        n videos.
    heard
        Called with the share that is done, after each video.

    Returns
    -------
    rows
        float32 (n, 1676); zeros for a video that cannot be read.
    failures
        Position and reason for each unreadable video.
    """
    failures: Failures = []
    rows = np.zeros((len(items), WIDTH), np.float32)
    for i, item in enumerate(items):
        give_way()
        try:
            rows[i] = described(pairs_of(as_video(item), PAIRS, SIDE))
        except Exception as error:  # noqa: BLE001 - a decoder may raise anything
            failures.append((i, str(error).rstrip(".")))
        heard((i + 1) / len(items))
    return rows, failures


def described(pairs: Pictures) -> Floats:
    """Return the descriptors of a video from pairs of frames, uint8 (k, 2, 64, 64, 3)."""
    appearance = images.described(pairs[:, 0]).mean(axis=0)
    return np.concatenate([appearance, movement(pairs)]).astype(np.float32)


def movement(pairs: Pictures) -> Floats:
    """Return how things move, float32 (120,)."""
    grey: Floats = pairs.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    before, after = grey[:, 0], grey[:, 1]
    middle = (before + after) / np.float32(2)
    down, across = (np.asarray(slope, np.float32) for slope in np.gradient(middle, axis=(1, 2)))
    change = after - before
    flow = _flow(across, down, change)  # (k, 2, cells)
    moved = np.sqrt(_cells(change**2))
    first, second = flow[: len(flow) // 2], flow[len(flow) // 2 :]
    speed = np.linalg.norm(flow, axis=1)
    parts = [
        flow.mean(axis=0), flow.std(axis=0), moved.mean(axis=0), moved.std(axis=0), speed.mean(axis=0),
        _over_all(flow.mean(axis=0)), np.array([
            moved.mean(), moved.std(), _change(first, second), speed.max(axis=1).std()
        ]),
    ]  # fmt: skip
    return np.concatenate([np.ravel(part) for part in parts]).astype(np.float32)


def _change(first: Floats, second: Floats) -> float:
    return float(np.linalg.norm(second.mean(axis=0) - first.mean(axis=0))) if len(first) else 0.0


def _flow(across: Floats, down: Floats, change: Floats) -> Floats:
    """Return the speed to the right and down in each cell, in pixels per pair, (k, 2, cells)."""
    xx, yy, xy = _cells(across**2) + STEADY, _cells(down**2) + STEADY, _cells(across * down)
    xt, yt = _cells(across * change), _cells(down * change)
    size = xx * yy - xy**2
    right, below = -(yy * xt - xy * yt) / size, -(xx * yt - xy * xt) / size
    return np.asarray(np.clip(np.stack([right, below], axis=1), -4, 4), np.float32)


def _over_all(flow: Floats) -> Floats:
    """Return shift, growth and rotation of the whole picture from the speeds of the cells, (4,)."""
    at = (np.arange(GRID) - (GRID - 1) / 2) / GRID
    y, x = (axis.ravel() for axis in np.meshgrid(at, at, indexing="ij"))
    right, below = flow
    return np.array(
        [right.mean(), below.mean(), (x * right + y * below).mean(), (x * below - y * right).mean()],
        np.float32,
    )


def _cells(values: Floats) -> Floats:
    """Return the mean in each cell, (k, cells)."""
    k, side = values.shape[:2]
    size = side // GRID
    return np.asarray(
        values.reshape(k, GRID, size, GRID, size).mean(axis=(2, 4)).reshape(k, CELLS), np.float32
    )


class VideoDescriptors(Descriptors):
    """Transform videos into descriptors, float32 (n, 1676); see :func:`describe`.

    Attributes
    ----------
    mean_
        float32 (1676,): the row of a video that cannot be read.
    """

    _items = "videos"
    _otherwise = "You can also pass X= or embed=."

    @staticmethod
    def describe(items: Sequence[Any]) -> tuple[Floats, Failures]:
        """Compute the descriptors; see :func:`describe`."""
        return describe(items)
