"""Pictures made of a few shapes, as SVG and as pixels: what the widgets draw in a browser, without one."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["Anchor", "Drawing", "Point", "mix", "text_width", "wrapped"]

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
FONT = "system-ui, 'DejaVu Sans', sans-serif"
# Pixels are drawn at this multiple and then reduced, so that edges are smooth.
FINE = 3
# No part of an XML document, or no part of a line: control characters, lone surrogates, line separators.
UNDRAWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Shape:
    """A polygon or line (``points``), or a circle (``points`` is its centre)."""

    points: tuple[Point, ...]
    fill: str | None = None
    stroke: str | None = None
    width: float = 1.0
    opacity: float = 1.0
    fill_opacity: float = 1.0
    radius: float | None = None
    dash: tuple[float, float] | None = None
    closed: bool = True


@dataclass(frozen=True)
class Text:
    """A line of text; ``at`` is the middle of its height."""

    at: Point
    words: str
    size: float
    fill: str
    anchor: Anchor
    bold: bool


@dataclass(frozen=True)
class Picture:
    """RGBA pixels, uint8 of shape (h, w, 4), in a rectangle."""

    at: Point
    size: Point
    pixels: npt.NDArray[np.uint8]


@dataclass
class Drawing:
    """Shapes, texts and pictures on a ground, in the order in which they are added.

    Parameters
    ----------
    width, height
        Size in pixels.
    ground
        Colour of the ground, as ``"#rrggbb"``, as are all colours.
    """

    width: float
    height: float
    ground: str = "#ffffff"
    parts: list[Shape | Text | Picture] = field(default_factory=list)

    def shape(self, points: Sequence[Point], **look: Any) -> None:
        """Add a polygon, or with ``closed=False`` a line: see :class:`Shape`."""
        self.parts.append(Shape(tuple(points), **look))

    def circle(self, x: float, y: float, radius: float, **look: Any) -> None:
        """Add a circle: see :class:`Shape`."""
        self.parts.append(Shape(((x, y),), radius=radius, **look))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        fill: str,
        anchor: Anchor = "start",
        bold: bool = False,
    ) -> None:
        """Add a line of text."""
        self.parts.append(Text((x, y), _line(words), size, fill, anchor, bold))

    def picture(self, x: float, y: float, width: float, height: float, pixels: npt.NDArray[np.uint8]) -> None:
        """Add pixels."""
        self.parts.append(Picture((x, y), (width, height), pixels))

    def svg(self, title: str) -> str:
        """The drawing as an SVG document, with a title for screen readers."""
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONT}">'
        ground = f'<rect width="100%" height="100%" fill="{self.ground}"/>'
        return "".join(
            [head, f"<title>{escape(_line(title))}</title>", ground, *map(_svg, self.parts), "</svg>"]
        )

    def pixels(self, scale: float = 2) -> Image:
        """The drawing as an RGB image of ``scale`` times its size."""
        from PIL import Image, ImageDraw

        fine = scale * FINE
        size = (round(self.width * fine), round(self.height * fine))
        image = Image.new("RGB", size, self.ground)
        draw = ImageDraw.Draw(image, "RGBA")
        for part in self.parts:
            if isinstance(part, Picture):
                box = [round(v * fine) for v in (*part.at, *part.size)]
                drawn = Image.fromarray(part.pixels).resize((box[2], box[3]), Image.Resampling.BILINEAR)
                image.paste(drawn, (box[0], box[1]), drawn)
            elif isinstance(part, Text):
                anchor = {"start": "lm", "middle": "mm", "end": "rm"}[part.anchor]
                place = (part.at[0] * fine, part.at[1] * fine)
                draw.text(place, part.words, part.fill, _font(part.size * fine, part.bold), anchor)
            else:
                _draw(draw, part, fine)
        return image.resize((round(self.width * scale), round(self.height * scale)), Image.Resampling.LANCZOS)

    def png(self, scale: float = 2, *, small: bool = False) -> bytes:
        """The drawing as a PNG file of ``scale`` times its size; ``small``: with 256 colours."""
        file = io.BytesIO()
        pixels = self.pixels(scale)
        (pixels.quantize() if small else pixels).save(file, "PNG", optimize=True)
        return file.getvalue()


def mix(over: str, under: str, share: float) -> str:
    """``share`` of a colour over another one."""
    pairs = zip(bytes.fromhex(over[1:]), bytes.fromhex(under[1:]), strict=True)
    return "#" + bytes(round(share * a + (1 - share) * b) for a, b in pairs).hex()


def text_width(words: str, size: float, *, bold: bool = False) -> float:
    """The width of a line of text in pixels."""
    return float(_font(100, bold).getlength(_line(words))) * size / 100


def wrapped(words: str, size: float, width: float) -> list[str]:
    """Break a text into lines of at most this width, if its words are not longer."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _line(words: str) -> str:
    """The text with a space for each character that cannot be drawn in a line."""
    return UNDRAWN.sub(" ", words)


@cache
def _font(size: float, bold: bool) -> Any:
    from PIL import ImageFont

    try:
        return ImageFont.truetype(f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
    except OSError:
        return ImageFont.load_default(size)


def _svg(part: Shape | Text | Picture) -> str:
    if isinstance(part, Text):
        weight = 'font-weight="600"' if part.bold else ""
        return (
            f'<text x="{part.at[0]:.1f}" y="{part.at[1]:.1f}" font-size="{part.size:g}" fill="{part.fill}" '
            f'{weight} text-anchor="{part.anchor}" dominant-baseline="central">{escape(part.words)}</text>'
        )
    if isinstance(part, Picture):
        from PIL import Image

        # Larger, because not all programs enlarge smoothly.
        image = Image.fromarray(part.pixels).resize((180, 180), Image.Resampling.BILINEAR)
        file = io.BytesIO()
        image.save(file, "PNG", optimize=True)
        (x, y), (width, height) = part.at, part.size
        data = base64.b64encode(file.getvalue()).decode()
        box = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        return f'<image {box} preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
    look = f'fill="{part.fill or "none"}"'
    if part.stroke:
        look += f' stroke="{part.stroke}" stroke-width="{part.width:g}" stroke-linejoin="round"'
    if part.dash:
        look += f' stroke-dasharray="{part.dash[0]:g} {part.dash[1]:g}"'
    if part.fill_opacity < 1:
        look += f' fill-opacity="{part.fill_opacity:g}"'
    if part.opacity < 1:
        look += f' opacity="{part.opacity:g}"'
    if part.radius is not None:
        [(x, y)] = part.points
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{part.radius:g}" {look}/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in part.points)
    return f'<{"polygon" if part.closed else "polyline"} points="{points}" {look}/>'


def _draw(draw: ImageDraw, part: Shape, fine: float) -> None:
    fill = part.fill and f"{part.fill}{round(255 * part.opacity * part.fill_opacity):02x}"
    stroke = part.stroke and f"{part.stroke}{round(255 * part.opacity):02x}"
    points = [(x * fine, y * fine) for x, y in part.points]
    thick = max(1, round(part.width * fine))
    if part.radius is not None:
        [(x, y)] = points
        # Pillow draws the outline inside of the box, SVG in the middle of the line.
        r = part.radius * fine + (thick / 2 if stroke else 0)
        draw.ellipse((x - r, y - r, x + r, y + r), fill, stroke, thick)
        return
    if part.closed and fill:
        draw.polygon(points, fill)
    if stroke:
        path = [*points, *points[: 2 * part.closed]]
        for piece in _dashes(path, [v * fine for v in part.dash]) if part.dash else [path]:
            draw.line(piece, stroke, thick, "curve")


def _dashes(path: list[Point], dash: list[float]) -> list[list[Point]]:
    """The drawn pieces of a dashed line."""
    pieces: list[list[Point]] = [[path[0]]]
    drawn, left = True, dash[0]
    for (x0, y0), (x1, y1) in pairwise(path):
        length = math.hypot(x1 - x0, y1 - y0)
        at = 0.0
        while length - at > left:
            at += left
            place = (x0 + (x1 - x0) * at / length, y0 + (y1 - y0) * at / length)
            if drawn:
                pieces[-1].append(place)
            else:
                pieces.append([place])
            drawn = not drawn
            left = dash[0 if drawn else 1]
        left -= length - at
        if drawn:
            pieces[-1].append((x1, y1))
    return [piece for piece in pieces if len(piece) > 1]
