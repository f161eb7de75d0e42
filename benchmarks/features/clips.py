"""Compare features of videos by accuracy at few labels, on clips made by code: docs/media-features.md.

Needs the extra ``video``. The clips are cut from scikit-learn's two photographs and its digits.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from benchmarks.features.common import compare
from hitl_widgets.items.features import images, videos
from hitl_widgets.items.features._frames import pairs_of

WIDTH, HEIGHT, FRAMES, RATE, EACH = 128, 96, 25, 12, 20
PHOTOS = load_sample_images().images
DIGITS = load_digits()
Clip = tuple[bytes, str]


def encoded(frames: Iterator[Any]) -> bytes:
    """The bytes of an MP4 file."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for i, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24").reformat(
                format="yuv420p"
            )
            frame.pts, frame.time_base = i, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def seen(photo: Any, x: float, y: float, zoom: float = 1.0, turn: float = 0.0) -> Any:
    """The part of a photograph around a point."""
    big = Image.fromarray(photo)
    w, h = WIDTH / zoom, HEIGHT / zoom
    radius = int(np.hypot(w, h) / 2) + 2
    part = big.crop((int(x) - radius, int(y) - radius, int(x) + radius, int(y) + radius)).rotate(
        turn, Image.Resampling.BILINEAR
    )
    box = (radius + x % 1 - w / 2, radius + y % 1 - h / 2, radius + x % 1 + w / 2, radius + y % 1 + h / 2)
    return np.asarray(part.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box))


CAMERA = {
    "left": (-1, 0, 0, 0), "right": (1, 0, 0, 0), "up": (0, -1, 0, 0), "down": (0, 1, 0, 0),
    "in": (0, 0, 1, 0), "out": (0, 0, -1, 0), "turn": (0, 0, 0, 1), "still": (0, 0, 0, 0),
}  # fmt: skip


def camera(rng: np.random.Generator) -> Iterator[Clip]:
    """Eight movements of the camera over any part of the photographs, at any speed."""
    for name, (dx, dy, grow, turn) in CAMERA.items():
        for _ in range(EACH):
            photo, speed = PHOTOS[rng.integers(2)], rng.uniform(0.5, 2.5)
            x, y = rng.uniform(200, 440), rng.uniform(180, 250)
            start = 1.6 if grow < 0 else 1.0

            def frame(i: int, at: Any = (photo, x, y, speed, start), way: Any = (dx, dy, grow, turn)) -> Any:
                (photo, x, y, speed, start), (dx, dy, grow, turn) = at, way
                zoom = start * (1 + 0.012 * speed * grow) ** i
                return seen(photo, x + dx * speed * i, y + dy * speed * i, zoom, turn * speed * i)

            yield encoded(map(frame, range(FRAMES))), name


def scenes(rng: np.random.Generator) -> Iterator[Clip]:
    """Eight places in the photographs, with any movement of the camera."""
    for k in range(8):
        for _ in range(EACH):
            photo = PHOTOS[k % 2]
            x, y = 150 + 115 * (k // 2) + rng.uniform(-30, 30), 210 + rng.uniform(-50, 50)
            dx, dy = rng.uniform(-1.5, 1.5, 2)
            light = rng.uniform(0.7, 1.2)
            frames = (seen(photo, x + dx * i, y + dy * i) * light for i in range(FRAMES))
            yield encoded(np.clip(frame, 0, 255).astype(np.uint8) for frame in frames), f"place {k}"


def digits(rng: np.random.Generator) -> Iterator[Clip]:
    """Ten digits that wander over noise."""
    for k in range(10):
        for _ in range(EACH):
            which = rng.choice(np.flatnonzero(DIGITS.target == k))
            small = Image.fromarray((DIGITS.images[which] * 15).astype(np.uint8)).resize((56, 56))
            x, y, dx, dy = rng.uniform(5, 60), rng.uniform(5, 30), *rng.uniform(-1, 1, 2)
            ground = rng.integers(0, 60, (HEIGHT, WIDTH, 3))
            colour = rng.uniform(0.6, 1, 3)

            def frame(i: int, given: Any = (small, x, y, dx, dy, ground, colour)) -> Any:
                small, x, y, dx, dy, ground, colour = given
                left, top = (
                    int(np.clip(v, 0, 60 if n == 0 else 38)) for n, v in enumerate((x + dx * i, y + dy * i))
                )
                pixels = ground.copy()
                pixels[top : top + 56, left : left + 56] += (
                    np.asarray(small)[..., None] * colour * 0.75
                ).astype(int)
                return np.clip(pixels, 0, 255).astype(np.uint8)

            yield encoded(map(frame, range(FRAMES))), str(k)


PATHS: dict[str, Callable[[float], tuple[float, float, float]]] = {
    "circle": lambda t: (np.cos(t), np.sin(t), 1), "across": lambda t: (np.sin(t), 0, 1),
    "up and down": lambda t: (0, np.sin(t), 1), "pulse": lambda t: (0, 0, 1 + 0.6 * np.sin(t)),
    "blink": lambda t: (0, 0, float(np.sin(t) > 0)), "still": lambda _: (0, 0, 1),
}  # fmt: skip


def actions(rng: np.random.Generator) -> Iterator[Clip]:
    """Six ways in which a patch of any colour moves, over any part of a photograph."""
    for name, path in PATHS.items():
        for _ in range(EACH):
            ground = seen(PHOTOS[rng.integers(2)], rng.uniform(160, 480), rng.uniform(150, 280))
            colour, pace, size = rng.integers(0, 255, 3), rng.uniform(0.25, 0.6), rng.uniform(8, 16)
            x0, y0, far, phase = (
                rng.uniform(44, 84),
                rng.uniform(36, 60),
                rng.uniform(14, 26),
                rng.uniform(0, 6),
            )

            def frame(i: int, given: Any = (path, ground, colour, pace, size, x0, y0, far, phase)) -> Any:
                path, ground, colour, pace, size, x0, y0, far, phase = given
                dx, dy, grow = path(pace * i + phase)
                pixels, half = ground.copy(), size * grow
                x, y = x0 + far * dx, y0 + far * dy
                pixels[max(0, int(y - half)) : int(y + half), max(0, int(x - half)) : int(x + half)] = colour
                return pixels

            yield encoded(map(frame, range(FRAMES))), name


SETS = {"camera": camera, "actions": actions, "scenes": scenes, "digits": digits}


def colours(pairs: Any) -> Any:
    """Mean and deviation over time of the histograms of colors."""
    rows = images.described(pairs[:, 0])[:, -images.COLOUR :]
    return np.concatenate([rows.mean(axis=0), rows.std(axis=0)])


def views(rows: Any, *parts: tuple[str, int, int, float]) -> Any:
    """Reduce each view, then all, as the package does."""
    return images.through(
        images.fitted(rows.astype(np.float32), 0, parts, videos.DIM), rows.astype(np.float32)
    )


if __name__ == "__main__":
    made = {
        name: [
            (pairs_of(data, videos.PAIRS, videos.SIDE), label)
            for data, label in make(np.random.default_rng(0))
        ]
        for name, make in SETS.items()
    }
    colour, motion = ("colour", 2 * images.COLOUR, 32, 0.7), videos.PARTS[-1]
    compare(made, {"colours, mean and deviation": colours}, lambda rows: views(rows, colour))
    compare(made, {"movement": videos.movement}, lambda rows: views(rows, motion))
    both = {"colours and movement": lambda pairs: np.concatenate([colours(pairs), videos.movement(pairs)])}
    compare(made, both, lambda rows: views(rows, colour, motion))
    compare(made, {"appearance": lambda pairs: images.described(pairs[:, 0]).mean(axis=0)},
            lambda rows: views(rows, *images.PARTS))  # fmt: skip
    for weight in (0.5, 1.0, 1.5):
        compare(made, {f"appearance and movement, weight {weight}": videos.described},
                lambda rows, weight=weight: views(rows, *images.PARTS, (*motion[:3], weight)))  # fmt: skip
