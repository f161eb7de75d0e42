"""Contestants on several data sets: scores, ranks and tests, and what they cannot show."""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hitl_widgets as hitl
from helpers import Stops
from hitl_widgets.datasets import DataSet
from hitl_widgets.errors import HitlError, Interrupted, InvalidInput
from hitl_widgets.races.benchmark import benchmark
from hitl_widgets.races.ranking import holm, least_p, nemenyi, rank, ties, wilcoxon
from hitl_widgets.races.simulation import Simulation
from hitl_widgets.races.standings import Benchmark


def race(**finals):
    """A race in which each contestant gets these accuracies in three repeats."""
    rows = [
        (name, repeat, n, accuracy + 0.01 * repeat + 0.001 * n)
        for name, accuracy in finals.items()
        for repeat in range(3)
        for n in (10, 20)
    ]
    return Simulation(pd.DataFrame(rows, columns=["contestant", "repeat", "n_labels", "pool_accuracy"]))


def over(finals):
    """A benchmark of these accuracies on each set."""
    races = {f"set {i}": race(**one) for i, one in enumerate(finals)}
    return Benchmark(races, dict.fromkeys(races, "f"))


@pytest.fixture(scope="module")
def made():
    quality = {"good": 0.8, "fair": 0.7, "poor": 0.6}
    return over(
        {name: q + shift for name, q in quality.items()} | {"odd": 0.9 if i < 2 else 0.5}
        for i, shift in enumerate([0, 0.05, 0.1, -0.1, 0.02, 0.03, 0.01])
    )


def test_ranks_count_every_set_once_and_ties_share(made):
    table = made.ranks()
    assert table.index.tolist() == ["good", "fair", "odd", "poor"]
    # On set 3, odd and poor are both .5.
    assert table["rank"].tolist() == pytest.approx([9 / 7, 16 / 7, 21.5 / 7, 23.5 / 7])
    assert table["best"].tolist() == [5, 0, 2, 0]
    scores = made.scores()
    assert table.loc["good", "score"] == pytest.approx(scores["good"].mean())
    # Rounded, because the areas of the tied contestants differ in the last bit.
    expected = stats.friedmanchisquare(*scores.round(9).to_numpy().T)
    assert (table.attrs["chi2"], table.attrs["p"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert table.attrs["difference"] == pytest.approx(2.569 * np.sqrt(20 / 42), abs=1e-3)  # Demšar, table 5
    assert table.attrs["sets"] == 7
    assert made.scores(at=20).loc["set 0", "good"] == pytest.approx(0.83)


def test_pairs_have_wins_and_p_values(made):
    table = made.compare("good").set_index("a")
    assert table.loc["odd", ["sets", "wins", "ties", "losses"]].tolist() == [7, 2, 0, 5]
    scores = made.scores()
    assert table.loc["odd", "p"] == pytest.approx(stats.wilcoxon(scores["odd"], scores["good"]).pvalue)
    assert (table["corrected"] >= table["p"]).all()
    assert len(made.compare()) == 6
    assert made.compare().query("a == 'poor' and b == 'odd'")["ties"].tolist() == [1]
    with pytest.raises(InvalidInput, match="Did you mean 'good'"):
        made.compare("goof")
    with pytest.raises(InvalidInput, match="at=15 was not recorded on 'set 0'"):
        made.ranks(at=15)


@pytest.mark.parametrize(
    ("p", "corrected"), [([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]), ([0.5, 0.6], [1, 1]), ([], [])]
)
def test_holm(p, corrected):
    assert holm(p) == pytest.approx(corrected)


def test_the_least_p_is_that_of_contestants_that_always_win():
    for n in range(1, 12):
        assert least_p(n) == pytest.approx(stats.wilcoxon(np.arange(1.0, n + 1)).pvalue)
    assert least_p(7, 100) == 1


def test_equal_scores_share_a_rank_and_differ_in_nothing():
    same = np.full((4, 3), 0.5)
    found = rank(same)
    assert found.ranks.tolist() == [2, 2, 2]
    assert (nemenyi(found) == 1).all()
    assert wilcoxon(same[:, 0], same[:, 1]) == 1
    assert rank(np.array([[0.1 + 0.2, 0.3]])).ranks.tolist() == [1.5, 1.5]
    said = repr(over([dict.fromkeys("abc", 0.5)] * 4))
    assert "over 4 sets: all ranks are equal: these sets do not show that the contestants differ" in said


@pytest.mark.parametrize(
    ("ranks", "difference", "groups"),
    [
        ([1, 2, 3, 4], 1.5, [(0, 1), (1, 2), (2, 3)]),
        ([1, 1.2, 1.4, 4], 1.5, [(0, 2)]),
        ([1, 2.4, 2.5, 4.1], 1.5, [(0, 1), (1, 2)]),
        ([1, 2.5], 1.5, []),
        ([2, 2, 2], 0.1, [(0, 2)]),
    ],
)
def test_bars_join_the_largest_groups_that_do_not_differ(ranks, difference, groups):
    assert ties(ranks, difference) == groups


# -- what so few sets cannot show ----------------------------------------------------------------------------


def winners(n, names="abc"):
    """The first contestant wins on each set, and so on."""
    return over({name: 0.9 - 0.1 * i - 0.001 * s for i, name in enumerate(names)} for s in range(n))


def test_what_is_significant_is_said_with_the_number_of_sets():
    said = " ".join(winners(12).conclusions())
    assert said.startswith("12 data sets, 3 contestants, 3 repeats on each.")
    assert "Friedman's test over 12 sets: chi-squared(2) = 24.00, p < 0.001: the contestants differ" in said
    assert "'a' is better than that of 'b', 'c'" in said
    assert "rough" not in said
    assert "cannot" not in said


def test_five_sets_cannot_be_significant_by_wilcoxon():
    found = winners(5)
    assert (found.compare()["p"] >= 0.0625).all()
    said = " ".join(found.conclusions())
    assert "Wilcoxon's test of 5 sets cannot give p below 0.0625" in said
    assert "Use at least 6 sets" in said
    assert "With fewer than 10 sets, these p values are rough." in said


def test_the_number_of_pairs_may_be_too_large_for_the_sets():
    said = " ".join(winners(7, "abcdefgh").conclusions())
    assert "for all 28 pairs, Wilcoxon's test of 7 sets cannot give p below 0.44" in said
    assert "Use at least 11 sets." in said
    assert (winners(7, "abcdefgh").compare()["corrected"] >= 0.4375 - 1e-9).all()
    baseline = " ".join(winners(7, "abcd").conclusions())
    assert "Use at least 8 sets, or compare with one baseline." in baseline
    assert (winners(7, "abcd").compare("a")["corrected"] < 0.05).all()


def test_one_set_or_one_contestant_is_not_compared():
    assert "One set allows no test" in " ".join(winners(1).conclusions())
    assert winners(1).ranks()["p"].isna().all()
    with pytest.raises(InvalidInput, match="at='x': expected a number above 0"):
        winners(2).scores(at="x")
    assert "nothing to compare" in repr(winners(3, "a"))
    with pytest.raises(InvalidInput, match="only one contestant"):
        winners(3, "a").ranks()


def test_two_contestants_are_compared_without_friedman():
    said = " ".join(winners(12, "ab").conclusions())
    assert "Friedman" not in said
    assert "The mean rank of 'a' is better than that of 'b' by more than the critical difference" in said


# -- the figure and the table --------------------------------------------------------------------------------


def drawn(chart):
    """The texts of a diagram with their places, and its rules."""
    layers = json.loads(chart.to_json())["layer"]
    sets = json.loads(chart.to_json())["datasets"]
    values = [sets[layer["data"]["name"]] for layer in layers]
    return {row["text"]: row for rows in values[1:] for row in rows}, values[0]


def test_the_diagram_places_names_by_rank_and_joins_what_does_not_differ():
    found = winners(12)
    texts, rules = drawn(found.chart(width=300))
    assert [texts[f"{n}"]["x"] for n in (1, 2, 3)] == [0, 150, 300]
    assert "CD = 0.96" in texts
    assert {"a  1.00", "b  2.00", "3.00  c"} <= texts.keys()
    assert not [rule for rule in rules if rule["thick"] == 4]  # all differ: no bars
    _, rules = drawn(winners(4).chart(width=300))
    bars = [(rule["x"], rule["x2"]) for rule in rules if rule["thick"] == 4]
    assert bars == [(-4, 154), (146, 304)]


def test_one_bar_joins_all_where_friedman_finds_nothing():
    same = over({"a": 0.5 + 0.1 * (i == 0), "b": 0.5 + 0.1 * (i == 1), "c": 0.5} for i in range(4))
    _, rules = drawn(same.chart(width=300))
    assert len([rule for rule in rules if rule["thick"] == 4]) == 1


def test_a_table_for_papers_has_the_best_in_bold_and_escapes_names():
    found = over([{"a_b & 50%": 0.9, "margin": 0.8}, {"a_b & 50%": 0.9, "margin": 0.9}])
    lines = found.latex().splitlines()
    assert r"data set & a\_b \& 50\% & margin \\" in lines
    assert r"set 0 & \textbf{0.925} & 0.825 \\" in lines
    assert r"set 1 & \textbf{0.925} & \textbf{0.925} \\" in lines
    assert r"mean rank & \textbf{1.25} & 1.75 \\" in lines
    assert "2 data sets" in found.latex()


# -- races ---------------------------------------------------------------------------------------------------


def clouds(name, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=120)
    return DataSet(name, rng.normal(size=(120, 3)) + 2 * y[:, None], y)


SETS = [clouds("a", 0), clouds("b", 1)]
TOLD = {"learners": ["linear"], "strategies": ["margin", "random"], "budget": 20, "repeats": 2}
TOLD |= {"progress": False, "n_jobs": 1, "graph": False}


def test_a_benchmark_races_on_every_set_and_continues_where_it_was(tmp_path, monkeypatch):
    first = benchmark(SETS, path=tmp_path, **TOLD)
    assert first.scores().shape == (2, 2)
    assert first.fingerprints == {one.name: one.fingerprint for one in SETS}
    assert first.contestants == ("margin", "random")
    assert "test_accuracy" in first.races["a"].frame
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr("hitl_widgets.races.simulate._run_all", None)  # nothing is run again
    again = benchmark(SETS, path=tmp_path, **TOLD)
    pd.testing.assert_frame_equal(again.scores(), first.scores(), check_exact=True)


@pytest.mark.parametrize(
    ("at", "sets", "words"),
    [
        (18, ["a", "b"], "Interrupted: 1 of 2 data sets are finished, 'b' with 1 repeat; pass path="),
        (99, ["a", "b"], ""),
        (8, ["a"], "Interrupted: 0 of 2 data sets are finished, 'a' with 1 repeat, without 'b'; pass path="),
    ],
)
def test_an_interrupt_gives_what_is_finished(at, sets, words):
    """A run asks 5 times: 10 of 15 labels are the cold start, in steps of 2."""
    told = TOLD | {"budget": 20, "batch": 2, "strategies": ["random", Stops(at)]}
    if not words:
        found = benchmark(SETS, **told)
        assert not found.missing
    else:
        with pytest.warns(Interrupted, match=re.escape(words)):
            found = benchmark(SETS, **told)
    assert list(found.races) == sets
    assert found.missing == tuple({"a", "b"} - set(sets))
    assert found.scores().notna().all(axis=None)
    assert repr(found)


def test_an_interrupt_before_anything_is_finished_has_no_result():
    with pytest.raises(KeyboardInterrupt, match="0 of 2 data sets are finished"):
        benchmark(SETS, **TOLD | {"strategies": [Stops(2), "random"]})


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        ("smal", "Did you mean 'small'"),
        ([], "empty"),
        ([3], "contains an int"),
        (None, "sets=None: expected 'small', or a list"),
        ([SETS[0], SETS[0]], "Two data sets are called 'a'"),
        (["wine", "small"], "Two data sets are called 'wine'"),
    ],
)
def test_other_sets_are_refused(sets, why):
    with pytest.raises(InvalidInput, match=why):
        benchmark(sets)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"nois": 0.1}, "nois= is not a setting. Did you mean 'noise'.*Expected one of"),
        ({"y": [1]}, "y= is not a setting"),
        ({"budget": "many"}, "budget='many': expected a number above 0"),
        ({"random_state": -1}, "random_state=-1: expected a whole number of at least 0"),
        ({"at": 100}, r"at=100: expected a list of numbers of labels, such as \[10, 20\]"),
    ],
)
def test_other_settings_are_refused(settings, why):
    with pytest.raises(InvalidInput, match=why):
        benchmark(SETS[:1], **TOLD | settings)


def test_numbers_of_labels_beyond_the_budget_of_a_set_are_not_recorded():
    told = TOLD | {"budget": 60, "strategies": ["random"], "repeats": 1}
    for at, recorded in ((None, [10, 20, 30, 42]), ([12, 40, 50], [12, 40, 42])):
        frame = benchmark(SETS[:1], at=at, **told).races["a"].frame  # 84 items are not held out
        assert frame["n_labels"].tolist() == recorded


def test_failures_name_the_set():
    def fails(proba, context):
        raise ValueError("too hard")

    with pytest.raises(HitlError, match=r"^a: The strategy 'fails' failed .* too hard"):
        benchmark(SETS, **TOLD | {"strategies": [fails]})
    with pytest.raises(InvalidInput, match="test= is not needed"):
        benchmark(SETS, test=3)


def test_contestants_take_the_place_of_the_default_strategies():
    told = {name: value for name, value in TOLD.items() if name not in {"learners", "strategies"}}
    found = hitl.benchmark(SETS[:1], contestants={"mine": ("linear", "entropy")}, **told)
    assert found.contestants == ("mine",)


# -- the report ----------------------------------------------------------------------------------------------


def test_the_report_has_all_that_is_needed_to_repeat_it(tmp_path):
    pytest.importorskip("vl_convert")
    found = benchmark(SETS, **TOLD)
    text = found.report(tmp_path / "bench.html", title="Two clouds <3").read_text()
    assert "<title>Two clouds &lt;3</title>" in text
    assert text.count("<svg") == 3
    for one in SETS:
        assert text.count(one.fingerprint) == 2
    assert "hitl.benchmark(" in text
    assert "budget=20" in text
    assert f"Python {os.sys.version.split()[0]}" in text
    assert "cannot give p below" in text
    # Nothing is loaded, and no two elements have the same name.
    assert not re.search(r"(src|href)=|@import|url\((?!#)", text)
    names = re.findall(r'\bid="([^"]*)"', text)
    assert len(names) == len(set(names)) > 0
    for used in re.findall(r"url\(#([^)]*)\)", text):
        assert used in names
    with pytest.raises(InvalidInput, match="cannot be written"):
        found.report(tmp_path / "none" / "bench.html")


def test_less_is_better_in_a_loss():
    told = TOLD | {"metrics": ["accuracy", "log_loss"]}
    found = benchmark(SETS, **told)
    scores = found.scores("log_loss")
    table = found.ranks("log_loss")
    lower = (scores["margin"] < scores["random"]).tolist()
    assert table.loc["margin", "rank"] == pytest.approx(np.mean([1 if low else 2 for low in lower]))
    pair = found.compare(metric="log_loss").iloc[0]
    assert (pair["a"], pair["wins"], pair["losses"]) == ("margin", sum(lower), 2 - sum(lower))
