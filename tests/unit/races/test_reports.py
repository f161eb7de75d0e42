"""Figures, LaTeX tables and reports of a race, the time left, and what an interrupt leaves."""

from __future__ import annotations

import json
import re
import warnings
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.linear_model import LogisticRegression

import hitl_widgets as hitl
from helpers import Stops
from hitl_widgets.errors import HitlError, Interrupted, InvalidInput
from hitl_widgets.races import simulate
from hitl_widgets.races.contest import Played
from hitl_widgets.races.facts import call
from hitl_widgets.races.latex import booktabs, escape
from hitl_widgets.races.pace import Pace, span

RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=90)
X = (RNG.normal(size=(90, 3)) + 2 * np.eye(3)[Y]).astype(np.float32)


def least_sure(proba, context):
    """A strategy of one's own."""
    return 1 - proba.max(axis=1)


def race(**options):
    told = {"learners": ["linear"], "strategies": ["margin", least_sure], "budget": 15, "repeats": 2}
    return hitl.simulate(X, Y, **told | {"n_jobs": 1, "progress": False, "graph": False} | options)


@pytest.fixture(scope="module")
def made():
    return race(noise=0.1, random_state=3)


# -- charts and figures --------------------------------------------------------------------------------------


def test_a_chart_has_titles_a_size_and_greys(made):
    spec = made.chart(title="T", x_title="X", y_title="Y", width=200, height=100, grey=True).to_dict()
    assert (spec["title"], spec["width"], spec["height"]) == ("T", 200, 100)
    line = spec["layer"][1]["encoding"]
    assert (line["x"]["title"], line["y"]["title"]) == ("X", "Y")
    for shade in line["color"]["scale"]["range"]:
        assert shade[1:3] == shade[3:5] == shade[5:7]
    dashes = line["strokeDash"]["scale"]["range"]
    assert dashes[0] != dashes[1]
    plain = made.chart().to_dict()
    assert "title" not in plain
    assert plain["layer"][1]["encoding"]["x"]["title"] == "labels"
    assert plain["layer"][1]["encoding"]["y"]["title"] == "accuracy on the whole pool"


def test_greys_and_dashes_tell_twelve_contestants_apart():
    from hitl_widgets.widgets.charts import race_chart

    names = {f"c{i}": "#000000" for i in range(12)}
    line = race_chart([], names, grey=True).to_dict()["layer"][1]["encoding"]
    looks = zip(line["color"]["scale"]["range"], map(str, line["strokeDash"]["scale"]["range"]), strict=True)
    assert len(set(looks)) == 12


def test_a_grey_chart_stays_on_white_on_dark_pages(made):
    shown = made.chart(grey=True)._repr_mimebundle_()["application/vnd.vegalite.v5+json"]
    assert shown["config"]["background"] == "#FFFFFF"
    assert made.chart()._repr_mimebundle_()["application/vnd.vegalite.v5+json"]["config"]["background"] == (
        "transparent"
    )


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<svg"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")])
def test_figures_are_vector_graphics_or_pictures(made, tmp_path, ending, begins):
    pytest.importorskip("vl_convert")
    path = made.save(tmp_path / f"figure.{ending}", title="Title of the figure", width=100, height=80)
    data = path.read_bytes()
    assert data.startswith(begins)
    if ending == "svg":
        assert b"Title of the figure" in data
        assert b"#7F7F7F" not in data.upper()  # dark text
    if ending == "PNG":
        from PIL import Image

        with Image.open(path) as picture:
            assert picture.size[0] > 100 * 300 / 72
            assert picture.info["dpi"][0] == pytest.approx(300, abs=1)


def test_characters_that_cannot_be_drawn_are_replaced(tmp_path):
    odd = race(strategies={"a\x01b": "margin", "c": "random"}, repeats=1)
    text = odd.save(tmp_path / "odd.svg", title="T\x1f", y_title="Y\ufffe").read_text("utf-8")
    ET.fromstring(text)
    for name in ("a\ufffdb", "T\ufffd", "Y\ufffd"):
        assert name in text
    assert "a\ufffdb" in odd.report(tmp_path / "odd.html", title="R\x01\ud800").read_text("utf-8")


def test_other_figures_are_refused_in_words(made, tmp_path, monkeypatch):
    with pytest.raises(InvalidInput, match=r"ends with one of '\.svg', '\.pdf', '\.png'"):
        made.save(tmp_path / "figure.jpg")
    pytest.importorskip("vl_convert")
    with pytest.raises(InvalidInput, match="cannot be written"):
        made.save(tmp_path / "none" / "figure.svg")
    monkeypatch.setattr("hitl_widgets.widgets.figures.find_spec", lambda name: None)
    for needs in (lambda: made.save(tmp_path / "a.svg"), lambda: made.report(tmp_path / "a.html")):
        with pytest.raises(InvalidInput, match=r"vl-convert-python.*hitl-widgets\[figures\]"):
            needs()


# -- LaTeX ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda made: made.save("a.svg", width=-5), "width=-5: expected a number of pixels from 20 to 5,000"),
        (lambda made: made.save("a.svg", width=np.nan), "width=nan: expected a number of pixels"),
        (lambda made: made.save("a.svg", height=1e6), "height=1000000.0: expected a number of pixels"),
        (lambda made: made.save("a.svg", width="a"), "width='a': expected a number of pixels"),
        (lambda made: made.chart(title=3), "title=3: expected text"),
        (lambda made: made.report("x.pdf"), r"path='x\.pdf': a report is a page, .*'\.html', '\.htm'"),
        (lambda made: made.report("x.html", title=3), "title=3: expected text"),
        (lambda made: made.report(""), "path='': expected the name of a file"),
        (lambda made: made.save(None), "path=None: expected the name of a file"),
        (lambda made: race(path=""), "path='': expected the name of a file"),
        (lambda made: race(path=3), "path=3: expected the name of a file"),
        (lambda made: hitl.benchmark(["wine"], path=3), "path=3: expected the name of a file"),
        (lambda made: hitl.datasets.load(None), "path=None: expected the name of a file"),
        (lambda made: made.summary(3), "metric=3: expected one of 'pool_accuracy'"),
        (lambda made: made.saving(at="x"), "at='x': expected a number above 0"),
        (lambda made: made.against(at=10), r"at=10: expected a list of numbers, such as \[15\]"),
        (lambda made: type(made)(pd.DataFrame({"a": [1]})), "no column 'contestant', 'repeat', 'n_labels'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(made, tmp_path, monkeypatch, act, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=words):
        act(made)
    assert not list(tmp_path.iterdir())


def test_names_are_escaped_for_latex():
    assert escape('a_b & 50% #1 {x} $y$ ~^\\ <|> "q"') == (
        r"a\_b \& 50\% \#1 \{x\} \$y\$ \textasciitilde{}\textasciicircum{}\textbackslash{} "
        r"\textless{}\textbar{}\textgreater{} ''q''"
    )


def test_the_table_of_a_race_is_its_overview(made):
    text, table = made.latex(), made.overview()
    assert text.count(r" \\") == 1 + len(table)
    assert r"least\_sure & " in text
    assert escape(table.loc["margin", "at 15"]) in text
    assert "2 repeats" in text
    assert booktabs(table, "A caption.").count(r"\midrule") == 1


# -- reports -------------------------------------------------------------------------------------------------


def test_the_report_has_the_call_the_data_and_the_code(made, tmp_path):
    pytest.importorskip("vl_convert")
    text = made.report(tmp_path / "race.html").read_text()
    again = re.search(r"<pre>(hitl\.simulate\(.*?)</pre>", text, re.DOTALL)[1]
    for part in ("pool", "y", "budget=15", "noise=0.1", "random_state=3", "least_sure"):
        assert part in again
    assert "n_jobs" not in again
    assert "def least_sure(proba, context)" in text
    assert made.facts["fingerprint"] in text
    assert "90 items, 3 features, 3 classes" in text
    assert "use at least 20 for a publication" in text
    assert text.count("<svg") == 4  # one for each metric
    assert "default-src &#x27;none&#x27;" not in text
    assert "default-src 'none'" in text
    assert not re.search(r"<script|(src|href)=", text)


def test_the_call_repeats_the_race(made):
    values = {"hitl": hitl, "pool": X, "y": Y, "least_sure": least_sure}
    again = eval(made.facts["call"], values)
    assert again.facts["fingerprint"] == made.facts["fingerprint"]
    drop = ["seconds", "elapsed"]
    assert again.frame.drop(columns=drop).equals(made.frame.drop(columns=drop))


def test_calls_are_written_as_code():
    def simulated(pool, learners=("auto",), noise=0.0, path=None, **settings):
        return locals()

    def said(*args, **kwargs):
        return call("f", simulated, simulated(*args, **kwargs))

    assert said(X) == "f(pool)"
    assert said(X, ["auto"]) == "f(pool, learners=['auto'])"
    assert said(X, noise=0.1, path="x.jsonl", n_jobs=2) == "f(pool, noise=0.1)"
    assert said(X, {"mine": LogisticRegression(C=10)}, graph=X) == (
        "f(pool, learners={'mine': LogisticRegression(C=10)}, graph=graph)"
    )
    assert said("small", contestants={"a": ("auto", least_sure)}) == (
        "f('small', contestants={'a': ('auto', least_sure)})"
    )


def test_other_data_has_another_fingerprint(made):
    other = hitl.simulate(X + 1, Y, ["linear"], ["margin"], 12, 1, n_jobs=1, progress=False, graph=False)
    assert other.facts["fingerprint"] != made.facts["fingerprint"]


def test_the_table_shows_the_time_per_run(made):
    assert made.overview()["time per run"].str.fullmatch(r"[\d.]+ s").all()
    runs = made.frame.groupby(["contestant", "repeat"])["elapsed"]
    assert runs.is_monotonic_increasing.all()


# -- time left -----------------------------------------------------------------------------------------------


def test_the_time_left_is_that_of_the_other_runs():
    tasks = [(name, repeat) for repeat in range(4) for name in "abcde"]
    pace = Pace(tasks, {}, n_jobs=1)
    assert pace.left() == "left: 5 not yet measured"
    for name, seconds in zip("abcde", (1, 20, 300, 2, 0.5), strict=True):
        pace.add((name, 0), Played({"elapsed": [0.1, seconds]}, {}))
    assert pace.left() == "left: c 15 min, b 1 min, d 6.0 s, 2 others 4.5 s"
    assert Pace(tasks, {task: Played({"elapsed": [100.0]}, {}) for task in tasks[:15]}, n_jobs=2).left() == (
        "left: a 2 min, b 2 min, c 2 min, 2 others 3 min"
    )
    assert Pace(tasks, {task: Played({"elapsed": [1.0]}, {}) for task in tasks}, n_jobs=2).left() == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (9.6, "10 s"), (59, "59 s"), (61, "1 min"), (3900, "1 h 5 min")]
)
def test_spans_are_short(seconds, words):
    assert span(seconds) == words


# -- interrupts ----------------------------------------------------------------------------------------------


def test_an_interrupted_race_has_the_runs_that_are_finished(tmp_path):
    told = {"strategies": {"random": "random", "stops": Stops(8)}, "repeats": 3}
    with pytest.warns(
        Interrupted, match=r"^Interrupted: 3 of 6 runs are finished; pass path= to continue later\."
    ):
        found = race(**told)
    assert found.missing == {"random": 1, "stops": 2}
    assert found.repeats == (0,)
    assert found.overview().shape[0] == 2
    assert "3 runs are missing" in found.latex()
    told["strategies"] = {"random": "random", "stops": Stops(2)}
    with pytest.warns(
        Interrupted, match=r"1 of 6 runs are finished, none of 'stops'; saved in .*runs\.jsonl"
    ):
        assert race(path=tmp_path, **told).contestants == ("random",)


@pytest.mark.parametrize("finished", [0, 2])
def test_what_is_finished_survives_a_lost_process(finished, tmp_path, monkeypatch):
    def outcomes(race, entrants, tasks, n_jobs):
        for task, _ in zip(tasks, range(finished), strict=False):
            yield simulate._play(race, entrants[task[0]], task[1])
        raise TerminatedWorkerError("SIGKILL(-9)")

    monkeypatch.setattr(simulate, "_outcomes", outcomes)
    words = f"A process ended without an answer.*: {finished} of 4 runs are finished.*saved in "
    if not finished:
        with pytest.raises(HitlError, match=words):
            race(path=tmp_path)
        return
    with pytest.warns(Interrupted, match=words):
        found = race(path=tmp_path)
    assert sum(found.missing.values()) == 2
    assert found.repeats == (0,)


def test_an_interrupt_before_the_first_run_is_raised():
    with pytest.raises(KeyboardInterrupt, match="0 of 2 runs are finished; pass path="):
        race(strategies=[Stops(1)])


def test_a_finished_race_misses_nothing(made):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made.missing == {}
    assert json.dumps(dict(made.facts))
