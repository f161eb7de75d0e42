"""A map of candidates coloured by their rewards, beside the candidates of one prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from hitl_widgets.widgets.charts import GREY

__all__ = ["RewardChart", "reward_chart"]

# From low to high over a grey that is visible on light and dark pages (Okabe and Ito's orange and blue).
COLORS = ["#D55E00", "#B9A79B", "#0072B2"]


class RewardChart(alt.HConcatChart):
    """A chart that JupyterLab and VS Code render themselves; Altair's own renderer needs the network."""

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"application/vnd.vegalite.v5+json": self.to_dict(), "text/plain": "a map of rewards"}


def reward_chart(rows: Sequence[Mapping[str, Any]], name: str, n: int) -> RewardChart:
    """A map of candidates; a click shows the candidates of a prompt with 95 % intervals.

    Parameters
    ----------
    rows
        Dicts with x, y, prompt, at (its number), candidate, reward, sd and n (answers).
    name
        What the reward is called.
    n
        How many candidates there are; ``rows`` may be some of them.
    """
    sizes = sorted(abs(row["reward"]) for row in rows)
    far = sizes[int(0.95 * (len(sizes) - 1))] or 1.0  # a few do not make all others grey
    first = max(rows, key=lambda row: row["n"], default={"at": 0})["at"]
    values = [
        dict(row)
        | {
            "low": row["reward"] - 1.96 * row["sd"],
            "high": row["reward"] + 1.96 * row["sd"],
            "said": f"{row['reward']:+.2f} ± {1.96 * row['sd']:.2f}",
        }
        for row in rows
    ]
    chosen = alt.selection_point(fields=["at"], value=[{"at": first}], empty=False, name="prompt")
    tip = [
        alt.Tooltip("candidate:N"),
        alt.Tooltip("prompt:N"),
        alt.Tooltip("said:N", title=f"{name} (95 %)"),
        alt.Tooltip("n:Q", title="answers"),
    ]
    color = alt.Color(
        "reward:Q",
        title=[name, "against its prompt"],
        scale=alt.Scale(domain=[-far, 0, far], range=COLORS, interpolate="lab", clamp=True),
        legend=alt.Legend(format="+.1f", orient="bottom", gradientLength=220),
    )
    data = alt.InlineData(values=values)
    some = f" ({len(rows):,} of {n:,})" if len(rows) < n else ""
    points = (
        alt.Chart(data)
        .mark_circle(size=60)
        .encode(
            x=alt.X("x:Q", axis=None),
            y=alt.Y("y:Q", axis=None),
            color=color,
            opacity=alt.Opacity(
                "sd:Q",
                title="standard deviation",
                scale=alt.Scale(range=[1, 0.25], zero=False),
                legend=alt.Legend(orient="bottom", format=".2f", symbolFillColor=GREY, values=_few(values)),
            ),
            stroke=alt.when(chosen).then(alt.value(GREY)).otherwise(alt.value(None)),
            strokeWidth=alt.value(2),
            tooltip=tip,
        )
        .add_params(chosen)
        .properties(width=380, height=340, title=f"Candidates{some}: click one for its prompt")
    )
    beside = alt.Chart(data).transform_filter(chosen)
    y = alt.Y(
        "candidate:N",
        sort=alt.EncodingSortField("reward", order="descending"),
        title=None,
        axis=alt.Axis(labelLimit=230, labelPadding=6, ticks=False, domain=False),
    )
    rule = beside.mark_rule(strokeWidth=2, color=GREY, opacity=0.6).encode(
        y=y, x=alt.X("low:Q", title=f"{name} against its prompt, 95 %"), x2="high:Q", tooltip=tip
    )
    dot = beside.mark_circle(size=90, opacity=1).encode(y=y, x="reward:Q", color=color, tooltip=tip)
    prompt = (
        beside.transform_aggregate(groupby=["prompt"])
        .mark_text(align="left", x=0, color=GREY, limit=300)
        .encode(text="prompt:N", tooltip=alt.Tooltip("prompt:N"))
        .properties(width=230, height=18, title="The candidates of one prompt")
    )
    bars = alt.layer(rule, dot).properties(width=230, height=alt.Step(26))
    one = alt.vconcat(prompt, bars, spacing=4)
    chart: RewardChart = (
        RewardChart(hconcat=[points, one], spacing=24)
        .configure(background="transparent")
        .configure_view(stroke=None)
        .configure_axis(labelColor=GREY, titleColor=GREY, gridColor=GREY, gridOpacity=0.25, domain=False)
        .configure_legend(labelColor=GREY, titleColor=GREY)
        .configure_title(color=GREY, anchor="start", fontWeight=600, fontSize=12)
    )
    return chart


def _few(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the lowest, the middle and the highest standard deviation."""
    found = sorted(row["sd"] for row in rows)
    return list(dict.fromkeys(round(found[k], 2) for k in (0, len(found) // 2, -1))) if found else []
