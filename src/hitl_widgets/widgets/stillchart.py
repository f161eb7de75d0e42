"""Charts of races as still SVG, for pages that show no Vega, such as those that nbconvert makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hitl_widgets.drawing import Anchor, Drawing, text_width

__all__ = ["still_chart"]

WIDTH, HEIGHT = 420.0, 270.0
LEFT, TOP, BOTTOM = 52.0, 14.0, 44.0
GREY, PALE = "#6f6f6f", "#e3e3e3"


def still_chart(spec: Mapping[str, Any]) -> str | None:
    """Draw the Vega-Lite specification of learning curves or of ranks; None for any other chart."""
    try:
        return _curves(spec) or _ranks(spec)
    except (KeyError, ValueError, TypeError, IndexError):
        return None


def _rows(spec: Mapping[str, Any], layer: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = spec.get("data") or layer["data"]
    rows: list[dict[str, Any]] = data["values"] if "values" in data else spec["datasets"][data["name"]]
    return rows


def _ranks(spec: Mapping[str, Any]) -> str | None:
    """Rules and texts at pixels, as in a diagram of ranks."""
    lines, *texts = spec["layer"]
    rules = _rows(spec, lines)
    words = [(layer["mark"]["align"], row) for layer in texts for row in _rows(spec, layer)]
    if lines["mark"]["type"] != "rule" or not words:
        return None
    ends = {"left": (0, 1), "right": (-1, 0), "center": (-0.5, 0.5)}
    edges = [row["x"] + side * text_width(row["text"], 12) for align, row in words for side in ends[align]]
    left, right = min(edges) - 12, max(edges) + 12
    high = max(row["y"] for _, row in words) + 20
    picture = Drawing(right - left, high + 8)
    for row in rules:
        path = [(row["x"] - left, row["y"] + 8), (row["x2"] - left, row["y2"] + 8)]
        picture.shape(path, stroke=GREY, width=row["thick"], closed=False)
    for align, row in words:
        anchor: Anchor = "start" if align == "left" else "end" if align == "right" else "middle"
        picture.text(row["x"] - left, row["y"] + 8, row["text"], row["size"], GREY, anchor)
    return picture.svg(", ".join(row["text"] for _, row in words))


def _curves(spec: Mapping[str, Any]) -> str | None:
    """Lines with bands, and their names."""
    try:
        band, line, *_ = spec["layer"]
        scale = line["encoding"]["color"]["scale"]
        colors = dict(zip(scale["domain"], scale["range"], strict=True))
        x_title, axis = line["encoding"]["x"]["title"], line["encoding"]["x"]["field"]
        y_title = line["encoding"]["y"]["title"]
        dashes = line["encoding"]["strokeDash"]["scale"]["range"]
        rows = _rows(spec, band)
    except (KeyError, ValueError):
        return None
    runs = {name: [row for row in rows if row["contestant"] == name] for name in colors}
    if not rows:
        return None
    return _draw(runs, colors, dashes, axis, x_title, y_title)


def _draw(
    runs: Mapping[str, list[dict[str, Any]]],
    colors: Mapping[str, str],
    dashes: list[list[float]],
    axis: str,
    x_title: str,
    y_title: str,
) -> str:
    rows = [row for run in runs.values() for row in run]
    bounds = [row[key] for row in rows for key in ("mean", "low", "high") if row[key] is not None]
    (x0, x1), (y0, y1) = _span([row[axis] for row in rows]), _span(bounds)
    longest = max(text_width(name, 12) for name in colors)
    picture = Drawing(LEFT + WIDTH + 50 + longest, max(TOP + HEIGHT + BOTTOM, TOP + 22 * len(colors) + 20))

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + WIDTH * (x - x0) / (x1 - x0), TOP + HEIGHT * (y1 - y) / (y1 - y0)

    for tick in _ticks(y0, y1):
        picture.shape([at(x0, tick), at(x1, tick)], stroke=PALE, closed=False)
        picture.text(LEFT - 8, at(x0, tick)[1], f"{tick:.3g}", 11, GREY, "end")
    for tick in _ticks(x0, x1):
        picture.text(at(tick, y0)[0], TOP + HEIGHT + 14, f"{tick:g}", 11, GREY, "middle")
    picture.text(LEFT + WIDTH / 2, TOP + HEIGHT + 32, x_title, 11, GREY, "middle")
    picture.text(LEFT, 6, y_title, 11, GREY)
    for name, run in runs.items():
        known = [row for row in run if row["low"] is not None]
        edge = [at(row[axis], row["low"]) for row in known]
        edge += [at(row[axis], row["high"]) for row in reversed(known)]
        if edge:
            picture.shape(edge, fill=colors[name], opacity=0.18)
    for i, (name, run) in enumerate(runs.items()):
        dash = tuple(dashes[i % len(dashes)][:2])
        look: dict[str, Any] = {"stroke": colors[name], "width": 2.5, "closed": False}
        look["dash"] = dash if len(dash) == 2 and dash[1] else None
        picture.shape([at(row[axis], row["mean"]) for row in run], **look)
        y = TOP + 10 + 22 * i
        picture.shape([(LEFT + WIDTH + 14, y), (LEFT + WIDTH + 34, y)], **look)
        picture.text(LEFT + WIDTH + 42, y, name, 12, GREY)
    return picture.svg(f"{y_title} by {x_title}: {', '.join(colors)}")


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float) -> list[float]:
    unit = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(m * unit for m in (1, 2, 2.5, 5, 10, 20) if (high - low) / (m * unit) <= 6)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
