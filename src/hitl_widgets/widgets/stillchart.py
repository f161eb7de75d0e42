"""Learning curves as a still SVG, for pages that show no Vega, such as those that nbconvert makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hitl_widgets.drawing import Drawing, text_width

__all__ = ["still_chart"]

WIDTH, HEIGHT = 420.0, 270.0
LEFT, TOP, BOTTOM = 52.0, 14.0, 44.0
GREY, PALE = "#6f6f6f", "#e3e3e3"


def still_chart(spec: Mapping[str, Any]) -> str | None:
    """Draw the Vega-Lite specification of a race; None for any other chart."""
    try:
        band, line, *_ = spec["layer"]
        scale = line["encoding"]["color"]["scale"]
        colors = dict(zip(scale["domain"], scale["range"], strict=True))
        x_title, axis = line["encoding"]["x"]["title"], line["encoding"]["x"]["field"]
        y_title = line["encoding"]["y"]["title"]
        dashes = line["encoding"]["strokeDash"]["scale"]["range"]
        data = spec.get("data") or band["data"]
        rows = data["values"] if "values" in data else spec["datasets"][data["name"]]
    except (KeyError, ValueError, TypeError):
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
