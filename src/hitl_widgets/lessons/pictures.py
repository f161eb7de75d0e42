"""Still pictures of a lesson, drawn like the widget: the points, the model behind them, and the curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from hitl_widgets.drawing import Drawing, Point, mix, text_width, wrapped
from hitl_widgets.lessons.plane import CELLS, Bytes

__all__ = ["Scene", "drawn"]

Part = Literal["all", "points", "curves"]
TEXT, GROUND, ACCENT = "#111111", "#ffffff", "#b5179e"
FAINT, LINE = mix(TEXT, GROUND, 0.64), mix(TEXT, GROUND, 0.14)
SIDE, PAD, RIGHT = 440.0, 16.0, 430.0
CURVES = 230.0
# By class code, as in js/src/widgets/lesson/shapes.ts: number of corners (0 for a circle), angle of the
# first, a scale for equal visual size, and how deep a star is cut in between.
SHAPES = (
    (0, 0.0, 1.0, 1.0),
    (4, math.pi / 4, 1.22, 1.0),
    (3, -math.pi / 2, 1.34, 1.0),
    (4, 0.0, 1.26, 1.0),
    (3, math.pi / 2, 1.34, 1.0),
    (5, -math.pi / 2, 1.16, 1.0),
    (5, -math.pi / 2, 1.5, 0.45),
    (6, 0.0, 1.12, 1.0),
    (4, 0.0, 1.55, 0.4),
    (4, math.pi / 4, 1.55, 0.4),
)
DASHES = (None, (6.0, 4.0), (2.0, 3.0), (10.0, 3.0), (1.0, 2.0))


@dataclass(frozen=True, eq=False)
class Scene:
    """What a picture shows.

    Attributes
    ----------
    points
        Shape (n, 2), x and y in the unit square from the top left.
    colors, names
        Of the classes, by code. Without names, the legend shows no words.
    labelled
        The labelled points and the codes of their labels, in their order.
    rings
        The points with a ring, and the numbers beside them.
    surface, heat
        As in :class:`~hitl_widgets.lessons.lesson.Step`; None if nothing lies behind the points.
    truth
        The true classes of all points, if they are shown.
    headline, reason
        Texts beside the points.
    curves
        What was spent (labels, or cost) and the values of each curve; the first is the one that is shown.
    last
        The end of the axis; None means that of the longest curve.
    at
        The index of the marked value.
    measure, unit
        What the curves show, and what is spent.
    """

    points: npt.NDArray[np.float32]
    colors: Sequence[str]
    names: Sequence[str]
    labelled: Sequence[tuple[int, int]]
    rings: Sequence[tuple[int, int]] = ()
    surface: Bytes | None = None
    heat: Bytes | None = None
    truth: Sequence[int] | None = None
    headline: str = ""
    reason: str = ""
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]] = field(default_factory=dict)
    last: float | None = None
    at: int = 0
    measure: str = "Accuracy"
    unit: str = "labels"


def drawn(scene: Scene, part: Part = "all") -> Drawing:
    """Draw the points, the curves, or both beside each other with the texts."""
    if part == "points":
        picture = Drawing(SIDE + 2 * PAD, SIDE + 2 * PAD + 26)
        _plane(picture, scene, PAD, PAD)
        _legend(picture, scene, PAD, SIDE + 2 * PAD + 8, SIDE)
        return picture
    if part == "curves":
        picture = Drawing(620, 300)
        picture.text(PAD, 20, scene.measure, 13, FAINT, bold=True)
        _curves(picture, scene, PAD, 40, 620 - 2 * PAD, 244)
        return picture
    picture = Drawing(SIDE + RIGHT + 4 * PAD, SIDE + 2 * PAD)
    _plane(picture, scene, PAD, PAD)
    x, y = SIDE + 3 * PAD, PAD + 10
    picture.text(x, y, scene.headline, 18, TEXT, bold=True)
    for i, line in enumerate(wrapped(scene.reason, 14, RIGHT)[:4]):
        picture.text(x, y + 28 + 20 * i, line, 14, TEXT)
    picture.text(x, y + 118, scene.measure, 12, FAINT, bold=True)
    _curves(picture, scene, x, y + 132, RIGHT, CURVES)
    _legend(picture, scene, x, y + 132 + CURVES + 26, RIGHT)
    return picture


# -- the plane


def _plane(picture: Drawing, scene: Scene, left: float, top: float) -> None:
    pixels = _pixels(scene)
    if pixels is not None:
        picture.picture(left, top, SIDE, SIDE, pixels)
    if scene.surface is not None and scene.heat is None:
        for x0, y0, x1, y1 in boundary(scene.surface):
            ends = [(left + x0 * SIDE, top + y0 * SIDE), (left + x1 * SIDE, top + y1 * SIDE)]
            picture.shape(ends, stroke=TEXT, width=1.25, opacity=0.6, closed=False)
    n = len(scene.points)
    size = 1.05 * (0.7 if n > 600 else 1.0)
    at = [(left + float(x) * SIDE, top + float(y) * SIDE) for x, y in scene.points]
    done = {row for row, _ in scene.labelled}
    for row in set(range(n)) - done:
        if scene.truth is None:
            picture.circle(*at[row], 3.1 * size, fill=GROUND, fill_opacity=0.55, stroke=FAINT, width=1.1)
        else:
            code = scene.truth[row]
            _mark(picture, code, at[row], 4.2 * size, scene.colors[code], FAINT, 1.1)
    for row, code in scene.labelled:
        _mark(picture, code, at[row], 7 * size, scene.colors[code], TEXT, 1.6)
    for row, number in scene.rings:
        _ring(picture, at[row], 12 * size, str(number), (left, top))
    corners = [(left, top), (left + SIDE, top), (left + SIDE, top + SIDE), (left, top + SIDE)]
    picture.shape(corners, stroke=LINE)


def _mark(picture: Drawing, code: int, at: Point, r: float, fill: str, stroke: str, width: float) -> None:
    corners, turn, scale, cut = SHAPES[code % len(SHAPES)]
    if not corners:
        picture.circle(*at, r, fill=fill, stroke=stroke, width=width)
        return
    per = 1 if cut == 1 else 2
    around = []
    for i in range(per * corners):
        angle, far = turn + 2 * math.pi * i / (per * corners), r * scale * (cut if i % per else 1)
        around.append((at[0] + far * math.cos(angle), at[1] + far * math.sin(angle)))
    picture.shape(around, fill=fill, stroke=stroke, width=width)


def _ring(picture: Drawing, at: Point, r: float, number: str, corner: Point) -> None:
    picture.circle(*at, r, stroke=GROUND, width=5.5)
    picture.circle(*at, r, stroke=TEXT, width=2.5)
    dx = -1 if at[0] - corner[0] > SIDE - 2.4 * r else 1
    dy = 1 if at[1] - corner[1] < 2.4 * r else -1
    x, y = at[0] + dx * r, at[1] + dy * r
    picture.circle(x, y, 9, fill=TEXT, stroke=GROUND, width=1.5)
    picture.text(x, y, number, 11, GROUND, "middle", bold=True)


def _pixels(scene: Scene) -> npt.NDArray[np.uint8] | None:
    """One pixel per cell: the class by the model's lead, or the accent colour by utility."""
    if scene.heat is not None:
        rgb = np.tile(np.frombuffer(bytes.fromhex(ACCENT[1:]), np.uint8), (CELLS**2, 1))
        alpha = 0.78 * (scene.heat / 255) ** 1.4
    elif scene.surface is not None:
        palette = np.array([list(bytes.fromhex(color[1:])) for color in scene.colors], np.uint8)
        rgb, alpha = palette[scene.surface[0]], 0.1 + 0.36 * scene.surface[1] / 255
    else:
        return None
    shade = np.rint(255 * alpha).astype(np.uint8)
    return np.ascontiguousarray(np.column_stack([rgb, shade]).reshape(CELLS, CELLS, 4))


def boundary(surface: Bytes) -> list[tuple[float, float, float, float]]:
    """The lines between the classes in the unit square, by marching squares on the lead: as in raster.ts."""
    code, lead = surface[0].reshape(CELLS, CELLS), surface[1].reshape(CELLS, CELLS).astype(float)
    square = np.stack([code[:-1, :-1], code[:-1, 1:], code[1:, 1:], code[1:, :-1]])
    found = []
    for row, column in zip(*np.nonzero((square != square[0]).any(axis=0)), strict=True):
        around = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
        crossings = []
        for a, b in zip(around, [*around[1:], around[0]], strict=True):
            if code[a] != code[b]:
                t = lead[a] / (lead[a] + lead[b]) if lead[a] + lead[b] else 0.5
                x, y = a[1] + t * (b[1] - a[1]), a[0] + t * (b[0] - a[0])
                crossings.append(((x + 0.5) / CELLS, (y + 0.5) / CELLS))
        if len(crossings) == 2:
            found.append((*crossings[0], *crossings[1]))
        else:
            middle = ((column + 1) / CELLS, (row + 1) / CELLS)
            found += [(*place, *middle) for place in crossings]
    return found


# -- beside the plane


def _legend(picture: Drawing, scene: Scene, x: float, y: float, width: float) -> None:
    start = x
    for code, name in enumerate(_short(name, 16) for name in scene.names):
        wide = 22 + text_width(name, 12) + 14
        if x > start and x + wide > start + width:
            x, y = start, y + 20
        _mark(picture, code, (x + 7, y), 5.2, scene.colors[code], TEXT, 1.4)
        picture.text(x + 20, y, name, 12, TEXT)
        x += wide


def _curves(picture: Drawing, scene: Scene, left: float, top: float, width: float, height: float) -> None:
    values = [v for _, line in scene.curves.values() for v in line]
    spent = [v for at, _ in scene.curves.values() for v in at]
    first, last = min(spent), scene.last or max(spent)
    floor = max(0.0, math.floor((min([0.85, *values]) - 0.03) * 10) / 10)
    right = max([60.0, *(text_width(_short(name), 11, bold=True) + 14 for name in scene.curves)])
    x0, y1 = left + 30, top + height - 34
    w, h = width - 30 - right, y1 - top

    def x(labels: float) -> float:
        return x0 + w * (labels - first) / max(1, last - first)

    def y(value: float) -> float:
        return top + h * (1 - (value - floor) / (1 - floor))

    step = 2 if floor < 0.55 else 1
    for tenths in range(round(10 * floor), 11, step):
        picture.shape([(x0, y(tenths / 10)), (x0 + w, y(tenths / 10))], stroke=LINE, closed=False)
        picture.text(x0 - 6, y(tenths / 10), f"{tenths / 10:.1f}", 11, FAINT, "end")
    every = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**9) if (last - first) / s <= 6)
    for labels in range(math.ceil(first / every) * every, math.floor(last) + 1, every):
        picture.text(x(labels), y1 + 14, str(labels), 11, FAINT, "middle")
    picture.text(x0 + w / 2, y1 + 30, scene.unit, 11, FAINT, "middle")
    ends = []
    for i, (name, (at, line)) in reversed(list(enumerate(scene.curves.items()))):
        look = {"stroke": TEXT if i == 0 else mix(TEXT, GROUND, 0.7), "width": 2.25 if i == 0 else 1.5}
        path = [(x(amount), y(value)) for amount, value in zip(at, line, strict=True)]
        if len(path) > 1:
            picture.shape(path, closed=False, dash=DASHES[i % len(DASHES)], **look)
        if i == 0:
            here = path[min(scene.at, len(path) - 1)]
            picture.circle(*here, 4, fill=TEXT, stroke=GROUND, width=1.5)
        ends.append((path[-1][1], path[-1][0] + 8, name, i == 0))
    ends.sort()
    heights = [place for place, *_ in ends]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + 13)
    over = max(0.0, heights[-1] - y1) if heights else 0.0
    for (_, end, name, bold), place in zip(ends, heights, strict=True):
        picture.text(end, place - over, _short(name), 11, TEXT if bold else FAINT, bold=bold)


def _short(name: str, most: int = 19) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
