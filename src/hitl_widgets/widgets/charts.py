"""Every Altair chart. Data comes later, by changesets, so that zoom and selection survive it.

The charts never change, so ``make js`` writes them beside the bundles (``python -m
hitl_widgets.widgets.charts``): importing Altair takes longer than drawing the first map.
"""

from __future__ import annotations

import json
from pathlib import Path

import altair as alt

__all__ = ["CHARTS", "curve_chart", "map_chart"]


def map_chart() -> alt.LayerChart:
    """The map: one mark per item from the data set ``points``.

    Each row holds x, y, fill, stroke, opacity, size and width as they are to be drawn, and ``top``
    for what is drawn above the rest (labelled, doubtful). The view is the parameters ``view_x`` and
    ``view_y``: the domains on screen.
    """
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=alt.ExprRef("view_x"), nice=False, zero=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=alt.ExprRef("view_y"), nice=False, zero=False))
    look = {
        "fill": alt.Fill("fill:N", scale=None),
        "opacity": alt.Opacity("opacity:Q", scale=None),
        "size": alt.Size("size:Q", scale=None),
    }
    points = alt.Chart(alt.NamedData(name="points"))
    rest = points.transform_filter("!datum.top").mark_circle(stroke=None).encode(x, y, **look)
    top = (
        points.transform_filter("datum.top")
        .mark_circle()
        .encode(
            x,
            y,
            stroke=alt.Stroke("stroke:N", scale=None),
            strokeWidth=alt.StrokeWidth("width:Q", scale=None),
            **look,
        )
    )
    view_x, view_y = alt.param("view_x", value=[-1, 1]), alt.param("view_y", value=[-1, 1])
    chart: alt.LayerChart = (
        alt.layer(rest, top)
        .add_params(view_x, view_y)
        .properties(width=400, height=400, padding=0, autosize=alt.AutoSizeParams(type="none"))
        .configure(background="transparent")
        .configure_view(stroke=None)
    )
    return chart


def curve_chart() -> alt.LayerChart:
    """The learning curve: audit accuracy with its 95 % interval, from the data set ``curve``."""
    x_axis = alt.Axis(tickCount=4, grid=False, domain=False, ticks=False, labelPadding=6, titlePadding=8)
    y_axis = alt.Axis(
        tickCount=3, format=".1f", grid=True, domain=False, ticks=False, labelPadding=6, titlePadding=8
    )
    base = alt.Chart(alt.NamedData(name="curve")).encode(
        x=alt.X("n:Q", title="labels", axis=x_axis, scale=alt.Scale(zero=True)),
    )
    y_scale = alt.Scale(domain=[0, 1])
    band = base.mark_area(opacity=0.18, line=False).encode(
        y=alt.Y("low:Q", title="accuracy", scale=y_scale, axis=y_axis), y2="high:Q"
    )
    line = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=28)).encode(
        y=alt.Y("value:Q", title="accuracy", scale=y_scale, axis=y_axis)
    )
    chart: alt.LayerChart = (
        alt.layer(band, line)
        .properties(
            width=240, height=110, padding=4, autosize=alt.AutoSizeParams(type="fit", contains="padding")
        )
        .configure(background="transparent")
        .configure_view(stroke=None)
    )
    return chart


CHARTS = {"map.json": map_chart, "curve.json": curve_chart}


def main() -> None:
    """Write every chart beside the bundles."""
    folder = Path(__file__).parent / "static"
    folder.mkdir(exist_ok=True)
    for name, chart in CHARTS.items():
        (folder / name).write_text(json.dumps(chart().to_dict()), encoding="utf-8")


if __name__ == "__main__":
    main()
