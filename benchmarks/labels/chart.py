"""The learning curves of all sets in one chart."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from benchmarks.labels.contestants import MAIN, RANDOM
from benchmarks.labels.stats import METRIC, Runs
from hitl_widgets.races.simulation import Simulation

GREY = "#6b7280"


def draw(cases: Mapping[str, Runs], target: Path) -> bool:
    """Write an SVG with one panel per set; False if vl-convert-python is not installed."""
    shown = [*MAIN, RANDOM]
    races = {
        name: Simulation(runs.frame[runs.frame["contestant"].isin(shown)]) for name, runs in cases.items()
    }
    if find_spec("vl_convert") is None or not races:
        return False
    import altair as alt

    table = pd.concat([race.summary(METRIC).assign(set=name) for name, race in races.items()])
    table = table[table["n_labels"] >= 10].replace({float("nan"): None})
    colors = next(iter(races.values())).colors
    base = alt.Chart(alt.InlineData(values=table.to_dict("records"))).encode(
        x=alt.X("n_labels:Q", title="labels"),
        color=alt.Color(
            "contestant:N",
            title=None,
            scale=alt.Scale(domain=list(colors), range=list(colors.values())),
            legend=alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1),
        ),
    )
    scale, title = alt.Scale(zero=False), "held-out accuracy"
    band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q")
    line = base.mark_line(strokeWidth=2).encode(y=alt.Y("mean:Q", title=title, scale=scale))
    chart = (
        alt.layer(band, line)
        .properties(width=230, height=170)
        .facet(alt.Facet("set:N", title=None, sort=list(races)), columns=3)
        .resolve_scale(x="independent", y="independent")
        .configure(background="white")
        .configure_view(stroke=None)
        .configure_axis(labelColor=GREY, titleColor=GREY, gridOpacity=0.3, domain=False)
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    chart.save(target)
    return True
