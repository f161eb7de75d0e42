"""Boxes on the frames of a video, in Label Studio's words: objects with keyframes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_widgets.formats.base import NotTaken, Size

__all__ = ["TYPE", "boxes_of", "objects_of"]

TYPE = "videorectangle"
SIDES = ("x", "y", "width", "height")
# A box continues the object of the frame before if it overlaps its box so much (intersection over union).
SAME = 0.3
MOST_FRAMES = 20_000
Box = Mapping[str, Any]


def boxes_of(region: Box, size: Size) -> Iterator[dict[str, Any]]:
    """Yield the box of an object on each frame on which it is seen.

    Label Studio counts frames from 1. From a keyframe to the next, the box moves evenly; after a keyframe
    that is not ``enabled`` the object is not seen until the next one. After the last one it stays to the end.

    Raises
    ------
    NotTaken
        With the reason.
    """
    sequence = sorted(region.get("sequence") or (), key=lambda one: one["frame"])
    if not sequence:
        raise NotTaken("An object of a video has no keyframes.")
    end = max(sequence[-1]["frame"], region.get("framesCount") or 0)
    if end - sequence[0]["frame"] > MOST_FRAMES:
        raise NotTaken(f"An object of a video spans more than {MOST_FRAMES:,} frames.")
    if any(one.get("rotation") for one in sequence):
        raise NotTaken("A box on a frame of a video is rotated, which cannot be imported.")
    scale = (size[0], size[1], size[0], size[1])
    for before, after in zip(sequence, [*sequence[1:], None], strict=True):
        first = before["frame"]
        last = first if not before.get("enabled", True) else end if after is None else after["frame"] - 1
        for frame in range(first, last + 1):
            share = 0.0 if after is None else (frame - first) / (after["frame"] - first)
            sides = [before[side] + share * ((after or before)[side] - before[side]) for side in SIDES]
            pixels = (round(value * whole / 100, 2) for value, whole in zip(sides, scale, strict=True))
            yield {**dict(zip(SIDES, pixels, strict=True)), "frame": frame - 1}


def objects_of(marks: Sequence[Box], size: Size) -> list[dict[str, Any]]:
    """Return the values of objects that contain these boxes, each of which has a frame.

    Boxes of a class on consecutive frames are one object if they overlap. Each is a keyframe, so that the
    boxes on these frames are exactly those that were given.
    """
    objects: list[list[Box]] = []
    for mark in sorted(marks, key=lambda one: one["frame"]):
        ends = [
            one for one in objects
            if one[-1]["label"] == mark["label"] and one[-1]["frame"] == mark["frame"] - 1
        ]  # fmt: skip
        best = max(ends, key=lambda one: _overlap(one[-1], mark), default=None)
        if best is not None and _overlap(best[-1], mark) >= SAME:
            best.append(mark)
        else:
            objects.append([mark])
    width, height = size
    scale = (width, height, width, height)
    found = []
    for one in objects:
        sequence = [
            {
                "frame": mark["frame"] + 1,
                "enabled": mark is not one[-1],
                "rotation": 0,
                **{side: mark[side] / whole * 100 for side, whole in zip(SIDES, scale, strict=True)},
            }
            for mark in one
        ]
        found.append({"sequence": sequence, "labels": [str(one[0]["label"])]})
    return found


def _overlap(a: Box, b: Box) -> float:
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    both = max(across, 0.0) * max(down, 0.0)
    whole = a["width"] * a["height"] + b["width"] * b["height"] - both
    return float(both / whole) if whole else 0.0
