"""All Altair charts. Data is added later with changesets, so that zoom and selection are kept.

The charts are constant, so ``make js`` writes them next to the bundles (``python -m
hitl_widgets.widgets.charts``), because importing Altair takes longer than drawing the first map.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import altair as alt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.widgets.stillchart import still_chart

__all__ = ["CHARTS", "curve_chart", "map_chart", "race_chart", "rank_chart"]

Align = Literal["left", "center", "right"]

# Halfway between black and white: visible on light and dark pages.
GREY = "#7F7F7F"
# Without a background, vl-convert 1.9 turns half-transparent colours in a PNG grey.
PAPER = "white"
# For grey charts: the same white, but kept on dark pages.
WHITE = "#FFFFFF"
PRINTED = "#222222"
GREYS = ("#000000", "#6E6E6E", "#A0A0A0")
LEAST, MOST = 20, 5000  # pixels
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


def map_chart() -> alt.LayerChart:
    """The map: one mark per item from the data set ``points``.

    Each row has x, y, fill, stroke, opacity, size and width as drawn, and ``top`` for points that are drawn
    above the others (labelled or uncertain). The parameters ``view_x`` and ``view_y`` are the visible
    domains.
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
    line = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=40, cursor="pointer")).encode(
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


class RaceChart(alt.LayerChart):
    """A chart that JupyterLab and VS Code render themselves; Altair's own renderer needs the network."""

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, Any]:
        spec = self.to_dict()
        if spec["config"].get("background") == PAPER:  # transparent on light and dark pages
            spec["config"]["background"] = "transparent"
        # They know MIME types up to Vega-Lite 5, and render them with the version that they have.
        made = {"application/vnd.vegalite.v5+json": spec, "text/plain": "a chart"}
        if still := still_chart(spec):
            made["image/svg+xml"] = still  # for pages that show no Vega, such as those that nbconvert makes
        return made


def race_chart(
    rows: Sequence[Mapping[str, Any]],
    colors: Mapping[str, str],
    *,
    axis: str = "n_labels",
    unit: str = "cost",
    title: str | None = None,
    x_title: str | None = None,
    y_title: str = "accuracy",
    width: int = 520,
    height: int = 320,
    grey: bool = False,
) -> RaceChart:
    """Learning curves with 95 % bands; clicking a name in the legend fades the others.

    Parameters
    ----------
    rows
        Dicts with contestant, n_labels (or budget), mean, low, high and repeats; low and high are None or
        NaN if unknown.
    colors
        A colour for each contestant, in the order of the legend. With more than eight, lines are also
        dashed.
    axis
        Column of the x axis: ``n_labels``, or ``budget``, an amount of cost.
    unit
        The unit of the cost.
    title, x_title, y_title
        Titles of the chart and its axes.
    width, height
        Size of the plot in pixels.
    grey
        Greys and dashes instead of colours, on white.
    """
    _check_look({"title": title, "x_title": x_title, "y_title": y_title}, {"width": width, "height": height})
    x_title = x_title or ("labels" if axis == "n_labels" else unit)
    names = list(colors)
    shades = [GREYS[i % len(GREYS)] for i in range(len(names))] if grey else list(colors.values())
    dashes = [DASHES[(i if grey else i // 8) % len(DASHES)] for i in range(len(names))]
    color = alt.Color(
        "contestant:N",
        title=None,
        scale=alt.Scale(domain=names, range=shades),
        legend=alt.Legend(
            orient="right", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1, symbolSize=400
        ),
    )
    dash = alt.StrokeDash("contestant:N", title=None, scale=alt.Scale(domain=names, range=dashes))
    chosen = alt.selection_point(fields=["contestant"], bind="legend")
    near = alt.selection_point(on="pointerover", nearest=True, empty=False, clear="pointerout")
    # JSON has no NaN, and null is not drawn.
    values = [{k: None if v != v else v for k, v in row.items()} for row in rows]  # noqa: PLR0124
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            f"{axis}:Q",
            title=x_title,
            scale=alt.Scale(zero=False, nice=False),
            axis=alt.Axis(labelFlush=False),
        ),
        color=color,
    )
    y = alt.Y("mean:Q", title=y_title, scale=alt.Scale(zero=False), axis=alt.Axis(format=".2~f"))
    tooltip = [
        alt.Tooltip("contestant:N"),
        alt.Tooltip(f"{axis}:Q", title=x_title),
        alt.Tooltip("mean:Q", format=".3f"),
        alt.Tooltip("low:Q", title="95 % from", format=".3f"),
        alt.Tooltip("high:Q", title="95 % to", format=".3f"),
        alt.Tooltip("repeats:Q"),
    ]
    band = base.mark_area(clip=True).encode(
        y=alt.Y("low:Q", title=y_title, scale=alt.Scale(zero=False)),
        y2="high:Q",
        opacity=alt.when(chosen).then(alt.value(0.16)).otherwise(alt.value(0.02)),
    )
    line = base.mark_line(strokeWidth=2.5, interpolate="linear").encode(
        y=y, strokeDash=dash, opacity=alt.when(chosen).then(alt.value(1)).otherwise(alt.value(0.12))
    )
    points = base.mark_point(filled=True, size=70).encode(
        y=y, tooltip=tooltip, opacity=alt.when(near).then(alt.value(1)).otherwise(alt.value(0))
    )
    layers = [band, line.add_params(chosen), points.add_params(near)]
    return _plain(RaceChart(layer=layers), title, grey).properties(width=width, height=height)


def rank_chart(
    ranks: Mapping[str, float],
    groups: Sequence[tuple[int, int]],
    difference: float,
    *,
    title: str | None = None,
    x_title: str | None = None,
    width: int = 420,
    grey: bool = False,
) -> RaceChart:
    """A critical-difference diagram (Demšar 2006, figure 1): names at an axis of mean ranks.

    Parameters
    ----------
    ranks
        The mean rank of each contestant, best first; 1 is the best.
    groups
        First and last place of the contestants that a bar joins, because they do not differ significantly.
    difference
        The critical difference, drawn as a bar above the axis.
    title, x_title
        Titles of the diagram and its axis.
    width
        Length of the axis in pixels.
    grey
        Dark on white in any theme.
    """
    _check_look({"title": title, "x_title": x_title}, {"width": width})
    k, ink = len(ranks), PRINTED if grey else GREY
    rules: list[dict[str, Any]] = []
    texts: dict[Align, list[dict[str, Any]]] = {"left": [], "right": [], "center": []}

    def at(rank: float) -> float:
        return (rank - 1) / (k - 1) * width

    def rule(x: float, y: float, x2: float, y2: float, thick: float = 1) -> None:
        rules.append({"x": x, "y": y, "x2": x2, "y2": y2, "thick": thick})

    def text(align: Align, x: float, y: float, words: str, **more: Any) -> None:
        texts[align].append({"x": x, "y": y, "text": words, "size": 12, **more})

    axis = 48.0
    words = f"CD = {difference:.2f}"
    if difference <= k - 1:
        rule(0, 14, at(1 + difference), 14, 2)
        for x in (0, at(1 + difference)):
            rule(x, 10, x, 18, 2)
        text("center", at(1 + difference) / 2, 3, words)
    else:
        text("left", 0, 10, f"{words}, more than any two ranks can differ by")
    rule(0, axis, width, axis, 1.5)
    for half in range(2 * k - 1):
        rule(half / 2 / (k - 1) * width, axis, half / 2 / (k - 1) * width, axis - (4 if half % 2 else 8))
    for tick in range(1, k + 1):
        text("center", at(tick), axis - 15, str(tick), size=11)
    if x_title:
        text("left", width + 14, axis, x_title, size=11)
    placed = list(ranks.items())
    for i, (first, last) in enumerate(groups):
        low, high = at(placed[first][1]) - 4, at(placed[last][1]) + 4
        rule(low, axis + 12 + 9 * i, high, axis + 12 + 9 * i, 4)
    below = axis + 26 + 9 * len(groups)
    for place, (name, rank) in enumerate(placed):
        left = place < (k + 1) // 2
        y = below + 22 * (place if left else k - 1 - place)
        end, side = (-14.0, -19.0) if left else (width + 14.0, width + 19.0)
        rule(at(rank), axis, at(rank), y)
        rule(at(rank), y, end, y)
        text("right" if left else "left", side, y, f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}")
    here = {"x": alt.X("x:Q", scale=None, axis=None), "y": alt.Y("y:Q", scale=None, axis=None)}
    lines = (
        alt.Chart(alt.InlineData(values=rules))
        .mark_rule(color=ink, strokeCap="butt")
        .encode(**here, x2="x2", y2="y2", strokeWidth=alt.StrokeWidth("thick:Q", scale=None))
    )
    labels = [
        alt.Chart(alt.InlineData(values=rows))
        .mark_text(align=align, baseline="middle", color=ink)
        .encode(**here, text="text:N", size=alt.Size("size:Q", scale=None))
        for align, rows in texts.items()
        if rows
    ]
    height = below + 22 * ((k + 1) // 2 - 1) + 8
    return _plain(RaceChart(layer=[lines, *labels]), title, grey).properties(width=width, height=height)


def _check_look(titles: Mapping[str, Any], sizes: Mapping[str, Any]) -> None:
    """Refuse titles that are not text, and sizes that nobody can draw or see."""
    for name, words in titles.items():
        if not isinstance(words, str | None):
            raise InvalidInput(f"{name}={words!r}: expected text, or None.")
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int | float) or not LEAST <= size <= MOST:
            raise InvalidInput(f"{name}={size!r}: expected a number of pixels from {LEAST} to {MOST:,}.")


def _plain(chart: RaceChart, title: str | None, grey: bool) -> RaceChart:
    """Hairlines and grey text that are visible on light and dark pages, or dark ones on white."""
    ink = PRINTED if grey else GREY
    done: RaceChart = (
        chart.configure(background=WHITE if grey else PAPER)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=ink,
            titleColor=ink,
            gridColor=ink,
            gridOpacity=0.12 if grey else 0.25,
            domain=False,
            tickColor=ink,
        )
        .configure_legend(labelColor=ink, labelLimit=260)
        .configure_title(color=ink, anchor="start", fontWeight=600)
    )
    return done.properties(title=title) if title else done


CHARTS = {"map.json": map_chart, "curve.json": curve_chart}


def main() -> None:
    """Write all charts next to the bundles."""
    folder = Path(__file__).parent / "static"
    folder.mkdir(exist_ok=True)
    for name, chart in CHARTS.items():
        (folder / name).write_text(json.dumps(chart().to_dict()), encoding="utf-8")


if __name__ == "__main__":
    main()
