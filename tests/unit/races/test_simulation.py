"""Results of a Simulation for curves with a known answer."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.races.curves import t_interval
from hitl_widgets.races.simulation import Simulation
from hitl_widgets.widgets.charts import race_chart


def made(curves: dict[str, Any], n: list[int]) -> Simulation:
    """A Simulation of the given accuracies: contestant -> (repeats, numbers of labels)."""
    rows = [
        (name, repeat, labels, value)
        for name, runs in curves.items()
        for repeat, run in enumerate(np.atleast_2d(runs))
        for labels, value in zip(n, run, strict=True)
    ]
    return Simulation(pd.DataFrame(rows, columns=["contestant", "repeat", "n_labels", "pool_accuracy"]))


def straight(slope: float, n: list[int]) -> list[float]:
    return [slope * labels for labels in n]


N = [10, 20, 30, 40, 50, 100]


def test_saving_knows_the_answer_of_straight_curves() -> None:
    race = made({"random": straight(0.005, N), "quick": straight(0.02, [*N[:-1], 45])}, N)
    table = race.saving()
    assert table.loc["random", ["target", "labels", "ratio"]].tolist() == pytest.approx([0.5, 100, 1])
    # .5 is between 20 labels (.4) and 30 (.6).
    assert table.loc["quick", ["labels", "ratio"]].tolist() == [25, 4]
    assert table.loc["quick", "needs"] == "25"  # one repeat: no interval
    assert race.saving(at=50).loc["quick", "labels"] == 13  # .25 at 12.5 labels
    assert race.saving("quick", at=20).loc["random", "labels"] == 80


def test_saving_counts_whole_labels_exactly_where_they_were_recorded() -> None:
    race = made({"random": [0.1, 0.2, 0.3, 0.7], "other": [0.1, 0.7, 0.8, 0.9]}, [1, 2, 3, 4])
    assert race.saving()["labels"].tolist() == [4, 2]


def test_saving_takes_the_first_crossing_and_the_baselines_own() -> None:
    race = made({"random": [0.1, 0.9, 0.5, 0.8], "other": [0.8, 0.1, 0.1, 0.1]}, [10, 20, 30, 40])
    table = race.saving()
    assert table.loc["random", "labels"] == 19  # .8 is reached before .9
    assert table.loc["other", "labels"] == 10
    assert table.loc["other", "ratio"] == 1.9


def test_what_is_not_reached_is_said_and_not_invented() -> None:
    race = made({"random": [[0.1, 0.9], [0.1, 0.9]], "slow": [[0.1, 0.5], [0.1, 0.6]]}, [10, 50])
    slow = race.saving().loc["slow"]
    assert np.isnan(slow["labels"])
    assert np.isnan(slow["ratio"])
    assert slow["high"] == np.inf
    assert slow["needs"] == "> 50"
    assert "> 50" in repr(race)


def test_an_interval_that_leaves_the_budget_says_so() -> None:
    runs = np.tile([[0.1, 0.9], [0.1, 0.75]], (10, 1))
    slow = made({"random": np.tile([0.1, 0.8], (20, 1)), "unsure": runs}, [10, 50]).saving().loc["unsure"]
    assert np.isfinite(slow["low"])
    assert re.fullmatch(r"50 \(\d+ to > 50\)|49 \(\d+ to > 50\)", slow["needs"])


def test_the_median_does_not_heed_one_bad_run() -> None:
    runs = [[0.1, 0.9, 0.9]] * 4 + [[0.0, 0.0, 0.0]]
    race = made({"random": [[0.1, 0.2, 0.8]] * 5, "other": runs}, [10, 20, 30])
    assert race.saving(statistic="median").loc["other", "labels"] == 19
    assert np.isnan(race.saving(statistic="mean").loc["other", "labels"])


def test_bootstrap_samples_are_the_same_for_all_contestants() -> None:
    """A copy of the baseline saves nothing in every bootstrap sample."""
    runs = np.random.default_rng(0).random((20, len(N)))
    table = made({"random": runs, "copy": runs}, N).saving()
    assert table.loc["copy", ["ratio", "ratio_low", "ratio_high"]].tolist() == [1, 1, 1]
    assert table.loc["copy", "low"] < table.loc["copy", "high"]


def noisy_race(seed: int, repeats: int = 20) -> Simulation:
    """Linear curves with different runs; the baseline's level at 100 is reached at 50 labels."""
    rng = np.random.default_rng(seed)
    n = np.arange(5, 101, 5)
    off = rng.normal(0, 0.05, (2, repeats, 1))
    return made({"random": 0.005 * n + off[0], "good": 0.01 * n + off[1]}, n.tolist())


def test_intervals_of_the_saving_cover_the_truth() -> None:
    tables = [noisy_race(seed).saving().loc["good"] for seed in range(60)]
    covered = np.mean([t["low"] <= 50 <= t["high"] for t in tables])
    assert 0.85 <= covered <= 1
    assert np.mean([t["high"] - t["low"] for t in tables]) < 20


def test_t_intervals_cover_the_mean_in_95_of_100() -> None:
    rng = np.random.default_rng(0)
    bounds = [t_interval(rng.normal(0.8, 0.1, 8))[1:] for _ in range(2000)]
    assert np.mean([low <= 0.8 <= high for low, high in bounds]) == pytest.approx(0.95, abs=0.015)


def test_paired_differences_do_not_feel_what_both_share() -> None:
    level = np.random.default_rng(0).uniform(0.2, 0.6, (10, 1))
    n = [10, 20]
    race = made({"random": level + np.array([0.0, 0.1]), "better": level + np.array([0.1, 0.3])}, n)
    table = race.against().set_index("n_labels")
    assert table["difference"].tolist() == pytest.approx([0.1, 0.2])
    assert table["low"].tolist() == pytest.approx(table["high"].tolist())
    assert table["ahead"].tolist() == [1, 1]
    assert set(table["baseline"]) == {"random"}
    area = race.auc().loc["better"]
    assert area["difference_high"] - area["difference_low"] == pytest.approx(0, abs=1e-9)
    assert area["high"] - area["low"] > 0.1


def test_the_area_of_known_curves() -> None:
    race = made({"flat": [0.5, 0.5, 0.5], "ramp": [0.0, 0.5, 1.0], "late": [0.0, 0.0, 1.0]}, [0, 10, 20])
    assert race.auc("flat")["area"].tolist() == pytest.approx([0.5, 0.5, 0.25])
    assert race.auc("flat")["difference"].tolist() == pytest.approx([0, 0, -0.25])
    assert made({"flat": [0.5, 0.5]}, [0, 30]).auc()["area"].tolist() == pytest.approx([0.5])


def test_the_summary_is_mean_and_interval() -> None:
    race = made({"a": [[0.2, 0.5], [0.4, 0.5]]}, [1, 2])
    table = race.summary()
    assert table["mean"].tolist() == pytest.approx([0.3, 0.5])
    assert table["repeats"].tolist() == [2, 2]
    # t with one degree of freedom is 12.7, so the interval is clipped at 0 and 1.
    assert table.loc[0, ["low", "high"]].tolist() == [0, 1]
    assert table.loc[1, ["low", "high"]].tolist() == [0.5, 0.5]


def test_only_repeats_that_all_have_finished_are_compared() -> None:
    race = made({"random": [[0.1, 0.2]] * 3, "other": [[0.3, 0.4]] * 2}, [1, 2])
    assert race.repeats == (0, 1)
    assert race.against(at=[1, 2])["difference"].tolist() == pytest.approx([0.2, 0.2])


def test_numbers_that_some_repeats_never_reached_are_left_out() -> None:
    frame = made({"random": [[0.1, 0.2, 0.3]] * 2, "other": [[0.3, 0.4, 0.5]] * 2}, [1, 2, 3]).frame
    race = Simulation(frame.drop(index=frame.index[-1]))
    assert sorted(race.against()["n_labels"]) == [2]
    assert race.saving().loc["random", "target"] == pytest.approx(0.3)


def test_baselines_are_found_by_strategy_too() -> None:
    frame = made({"graph + random": [0.1, 0.2], "graph + margin": [0.3, 0.4]}, [10, 20]).frame
    frame["strategy"] = frame["contestant"].str.split(" + ", regex=False).str[1]
    race = Simulation(frame)
    assert race.saving().attrs["baseline"] == "graph + random"
    assert set(race.against("margin")["contestant"]) == {"graph + random"}
    with pytest.raises(InvalidInput, match=r"baseline='marging'.*Expected one of 'graph \+ random'"):
        race.saving("marging")


def test_unknown_metrics_and_steps_are_refused() -> None:
    race = made({"random": [0.1, 0.2], "b": [0.3, 0.4]}, [10, 20])
    with pytest.raises(
        InvalidInput, match=r"metric='pol_accuracy' is not known\. Did you mean 'pool_accuracy'"
    ):
        race.summary("pol_accuracy")
    former = Simulation(race.frame.assign(accuracy=0.5))
    with pytest.raises(InvalidInput, match=r"'accuracy' is now called 'unlabelled_accuracy'"):
        former.summary("accuracy")
    assert race.summary("accuracy").equals(race.summary("pool_accuracy"))
    with pytest.raises(
        InvalidInput, match=r"no metric column.*'accuracy' is now called 'unlabelled_accuracy'"
    ):
        Simulation(race.frame.rename(columns={"pool_accuracy": "accuracy"})).summary()
    with pytest.raises(InvalidInput, match="at=15 was not recorded"):
        race.against(at=[15])
    with pytest.raises(InvalidInput, match=r"at=30: the baseline was recorded from 10 to 20"):
        race.saving(at=30)
    with pytest.raises(InvalidInput, match="statistic='mode'"):
        race.saving(statistic="mode")  # type: ignore[arg-type]


def test_it_shows_itself_without_the_network_and_escapes_names() -> None:
    race = made({"<b>random</b>": [0.1, 0.2], "other": [0.1, 0.3]}, [10, 20])
    page = race._repr_html_()
    assert "&lt;b&gt;random" in page
    assert "<b>" not in page
    assert not re.search(r"https?:|<script|src=", page)
    assert "0.300" in page
    assert "0.300" in repr(race)


def test_one_repeat_gives_no_interval_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        race = made({"random": [0.1, 0.2]}, [10, 20])
        assert np.isnan(race.summary()["low"]).all()
        assert "0.200" in repr(race)


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_chart_holds_curve_band_and_colours(repeats: int) -> None:
    race = made({f"number {i}": np.full((repeats, 2), i / 12) for i in range(12)}, [10, 20])
    chart = race_chart(race.summary().to_dict("records"), race.colors).to_dict()
    marks = [layer["mark"]["type"] for layer in chart["layer"]]
    assert marks == ["area", "line", "point"]
    line = chart["layer"][1]["encoding"]
    assert line["color"]["scale"] == {"domain": list(race.colors), "range": list(race.colors.values())}
    assert line["strokeDash"]["scale"]["range"][:8] == [[1, 0]] * 8
    assert line["strokeDash"]["scale"]["range"][8] != [1, 0]
    values = chart["datasets"][chart["data"]["name"]]
    assert len(values) == 24
    assert (values[0]["low"] is None) == (repeats == 1)  # NaN is not valid JSON
    assert {t["field"] for t in chart["layer"][2]["encoding"]["tooltip"]} >= {
        "contestant",
        "n_labels",
        "mean",
    }


def test_the_chart_shows_itself_without_the_network() -> None:
    X, y = np.eye(20, dtype=np.float32), np.arange(20) % 2
    race = hitl.simulate(
        X, y, learners=["linear"], budget=5, repeats=2, n_jobs=1, progress=False, graph=False
    )
    bundle = race.chart()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.vegalite.v5+json", "image/svg+xml", "text/plain"}
    shown = bundle["application/vnd.vegalite.v5+json"]
    assert shown["layer"]
    assert shown["config"]["background"] == "transparent"  # the page may be dark


def test_bands_keep_their_colours_in_a_saved_picture(tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    from PIL import Image

    flat = np.linspace(0.4, 0.6, 5)[:, None] * np.ones(2)
    race = made({"low": flat, "high": flat + 0.35}, [10, 20])
    rows = race.summary().to_dict("records")
    race_chart(rows, race.colors).save(tmp_path / "race.png")
    with Image.open(tmp_path / "race.png") as picture:
        counts = np.unique(np.asarray(picture.convert("RGBA")).reshape(-1, 4), axis=0, return_counts=True)
    bands = [
        color[:3].astype(int) for color, n in zip(*counts, strict=True) if n > 5000 and np.ptp(color[:3]) > 15
    ]
    for wanted in race.colors.values():
        mixed = 255 - 0.16 * (255 - np.array([int(wanted[i : i + 2], 16) for i in (1, 3, 5)]))
        assert any(np.abs(band - mixed).max() <= 2 for band in bands), (wanted, bands)


# -- intervals and metrics ---------------------------------------------------


def test_intervals_are_cut_at_the_bounds_and_written_as_they_are() -> None:
    race = made({"a": [[0.44, 1.0], [1.0, 0.9]]}, [10, 20])
    words = repr(race)
    assert "0.720 (0.000-1.000)" in words
    assert "0.950 (0.315-1.000)" in words
    assert "±" not in words + race._repr_html_()


def with_test(lacking: bool) -> Simulation:
    frame = made({"random": [[0.1, 0.2]] * 2, "other": [[0.3, 0.4]] * 2}, [10, 20]).frame
    frame["test_accuracy"] = 0.6
    frame.loc[lacking & (frame["contestant"] == "other"), "test_accuracy"] = np.nan
    return Simulation(frame)


def test_held_out_accuracy_comes_first_where_all_have_it() -> None:
    race = with_test(lacking=False)
    assert "accuracy on the test set" in repr(race)
    assert "0.600" in repr(race)
    assert race.summary()["mean"].tolist() == pytest.approx([0.6] * 4)
    assert race.saving().loc["random", "target"] == pytest.approx(0.6)
    assert race.summary("pool_accuracy")["mean"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_who_has_no_held_out_accuracy_is_not_compared_by_it() -> None:
    race = with_test(lacking=True)
    assert "accuracy on the whole pool" in repr(race)
    with pytest.raises(InvalidInput, match=r"test_accuracy was not measured for 'other'.*'pool_accuracy'"):
        race.saving(metric="test_accuracy")
    assert set(race.summary("test_accuracy")["contestant"]) == {"random"}


# -- at equal cost -----------------------------------------------------------


def priced() -> Simulation:
    """The contestant that asks for cheap items has more labels for the same cost."""
    frame = made(
        {"random": [[0.2, 0.4, 0.6, 0.8]] * 2, "cheap": [[0.4, 0.6, 0.8, 0.8]] * 2}, [1, 2, 3, 4]
    ).frame
    frame["budget"] = 2.5 * frame["n_labels"]
    frame.loc[frame["contestant"] == "cheap", "n_labels"] *= 10
    return hitl.Simulation(frame)


def test_contestants_that_spent_differently_are_compared_at_equal_cost() -> None:
    race = priced()
    assert (race.budget, race.unit) == (10.0, "cost")
    assert race.summary().columns[:2].tolist() == ["contestant", "budget"]
    table = race.saving()
    assert table.loc["cheap", ["target", "cost", "ratio"]].tolist() == pytest.approx([0.8, 7.5, 4 / 3])
    assert race.saving(at=3.75).loc["cheap", "cost"] == pytest.approx(2.5)  # .3, reached at the start
    assert race.saving(at=6.25).loc["cheap", "cost"] == pytest.approx(3.75)  # not rounded to integers
    assert race.auc().loc["cheap", "difference"] == pytest.approx((0.2 + 0.2 + 0.2 + 0.2 + 0.2 + 0) / 6)
    against = race.against()
    assert against["budget"].tolist() == [2.5, 5.0, 10.0]
    assert against["difference"].tolist() == pytest.approx([0.2, 0.2, 0])
    assert race.against(at=[7.5])["difference"].tolist() == pytest.approx([0.2])
    with pytest.raises(InvalidInput, match=r"at=3\.0 was not recorded"):
        race.against(at=[3])
    words = repr(race)
    assert "budget 10;" in words
    assert "at 2.5" in words
    assert "cost to match 'random' at 10" in words
    assert "7.5 (7.5 to 7.5)" in words
    chart = race.chart().to_dict()
    assert {layer["encoding"]["x"]["field"] for layer in chart["layer"]} == {"budget"}
    assert {layer["encoding"]["x"]["title"] for layer in chart["layer"]} == {"cost"}
