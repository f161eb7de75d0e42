"""What every map engine must do in a browser: draw, hover, select, follow the theme."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import PATIENCE_MS, Bench, launched
from playwright.sync_api import Browser, Playwright
from playwright.sync_api import TimeoutError as NotYet

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

WITH_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WITHOUT_WEBGL = ("--disable-3d-apis",)
ENGINES = [("altair", 2_000, ()), ("raster", 60_000, ()), ("webgl", 60_000, WITH_WEBGL)]

# Only the preview map is used: a later map would move the points during the test.
SESSION = """import json, time, numpy as np, hitl_widgets as hitl
rng = np.random.default_rng(0)
middles = rng.normal(size=(8, 5)) * 4
X = (middles[rng.integers(0, 8, {n})] + rng.normal(size=({n}, 5))).astype("float32")
session = hitl.Session([f"item {{i}}" for i in range({n})], X=X, classes=["yes", "no"], random_state=1)
while session.map is None or session.round is None or not session.round.has_features:
    time.sleep(0.05)
session._loop.background.preparation.close()
hitl.Explorer(session, engine="{engine}")"""
# The lasso is a polygon of 24 corners at whole pixels, hence a tolerance of two pixels.
# Where every point is drawn: the whole map fits into the box with a margin, and one axis may be stretched.
CHECK = """lasso = json.load(open("lasso.json"))
xy, box = session.map.xy, np.array(lasso["box"])
low, high = xy.min(axis=0), xy.max(axis=0)
unit = (high - low) / (box - 2 * 28)
unit = np.maximum(unit, unit[::-1] / 1.5)
far = np.hypot(*((xy - (low + high) / 2) / unit * [1, -1] + box / 2 - lasso["middle"]).T)
labels = session.labels()
rows = session.pool.index(list(labels.id))
mine = np.zeros(len(far), dtype=bool)
mine[rows] = True
inner, outer = far < 0.991 * lasso["radius"] - 2, far < lasso["radius"] + 2
print(len(rows), mine[inner].all() and not mine[~outer].any(), set(labels.label))"""

INK = """e => {
    const canvas = e.querySelector('.hitl-chart canvas');
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let [n, best, at] = [0, 0, 0];
    for (let k = 3; k < data.length; k += 4) {
        if (data[k]) n++;
        if (data[k] > best) [best, at] = [data[k], (k - 3) / 4];
    }
    const scale = canvas.clientWidth / width;
    const [x, y] = [at % width + 0.5, Math.floor(at / width) + 0.5];
    return { share: 4 * n / data.length, x: x * scale, y: y * scale };
}"""
SHARED_GL = "globalThis[Symbol.for('hitl-widgets.webgl.1')].gl.getExtension('WEBGL_lose_context')"

# A screenshot while the context is lost; returns when it is restored.
LOSE_AND_RESTORE = """element => new Promise((done) => {
    const { canvas } = globalThis[Symbol.for('hitl-widgets.webgl.1')].gl;
    let meanwhile;
    canvas.addEventListener('webglcontextlost', () => setTimeout(() => {
        meanwhile = element.querySelector('.hitl-chart canvas').toDataURL();
        globalThis.lose.restoreContext();
    }), { once: true });
    canvas.addEventListener('webglcontextrestored', () => done(meanwhile), { once: true });
    globalThis.lose.loseContext();
})"""


@pytest.fixture
def browser(playwright: Playwright, flags: tuple[str, ...]) -> Iterator[Browser]:
    with launched(playwright, *flags) as running:
        yield running


def opened(desk: Any, engine: str, n: int, *, check: str = "None") -> tuple[Any, Bench]:
    notebook, bench = desk.open(SESSION.format(engine=engine, n=n), check)
    notebook.run(0)
    bench.wait_map("pca")
    return notebook, bench


def ink(bench: Bench) -> dict[str, float]:
    found: dict[str, float] = bench.explorer.evaluate(INK)
    return found


def wait_engine(bench: Bench, name: str) -> None:
    bench.page.locator(f".hitl-explorer[data-engine={name}]").wait_for()


def still(bench):
    """A screenshot of the map at rest: the rings of the first questions are drawn after the first map."""
    now, before = bench.pixels(), ""
    while now != before:
        bench.page.wait_for_timeout(2000)
        now, before = bench.pixels(), now
    return now


def wait_change(bench: Bench, before: str) -> None:
    bench.page.wait_for_function(
        "before => document.querySelector('.hitl-explorer .hitl-chart canvas').toDataURL() !== before",
        arg=before,
    )


def hovered(bench: Bench) -> tuple[float, float]:
    """Point at a dense place until an item is shown, because the map may still be resized; returns where."""
    tip = bench.explorer.locator(".hitl-tip .hitl-glimpse").get_by_text("item ")
    for _ in range(PATIENCE_MS // 5000):
        light, box = ink(bench), bench.overlay.bounding_box()
        assert box is not None
        bench.page.mouse.move(box["x"] + light["x"], box["y"] + light["y"])
        with contextlib.suppress(NotYet):
            tip.wait_for(timeout=5000)
            return light["x"] / box["width"], light["y"] / box["height"]
    raise AssertionError("no item is shown beside the pointer")


def zoom_in(bench: Bench) -> None:
    bench.explorer.get_by_role("button", name="Zoom in").click()


def in_pixels(bench: Bench, x: float, y: float, radius: float) -> dict[str, Any]:
    """The lasso drawn by ``bench.lasso``, and the size of the map."""
    box = bench.overlay.bounding_box()
    assert box is not None
    w, h = box["width"], box["height"]
    return {"box": [w, h], "middle": [x * w, y * h], "radius": radius * w}


@pytest.mark.parametrize(("engine", "n", "flags"), ENGINES, ids=[name for name, _, _ in ENGINES])
def test_the_map_is_drawn_hovered_circled_labelled_and_follows_the_theme(desk, engine, n, flags):
    notebook, bench = opened(desk, engine, n, check=CHECK)
    wait_engine(bench, engine)
    assert ink(bench)["share"] > 0.01
    SHOTS.mkdir(exist_ok=True)
    bench.explorer.screenshot(path=SHOTS / f"map-{engine}.png")

    where = (*hovered(bench), 0.09)
    (desk.folder / "lasso.json").write_text(json.dumps(in_pixels(bench, *where)))
    before = bench.pixels()
    bench.lasso(*where)
    chosen = bench.chosen()
    assert chosen > n / 100
    wait_change(bench, before)
    bench.press("2")
    bench.acknowledged()
    notebook.run(1)
    assert notebook.output(1).strip().split(" ", 1) == [str(chosen), "True {'no'}"]

    before = bench.pixels()
    notebook.theme("JupyterLab Dark")
    wait_change(bench, before)
    bench.explorer.screenshot(path=SHOTS / f"map-{engine}-dark.png")
    before = bench.pixels()
    zoom_in(bench)
    wait_change(bench, before)
    assert ink(bench)["share"] > 0.01


@pytest.mark.parametrize("flags", [WITH_WEBGL], ids=["webgl"])
def test_a_lost_context_that_comes_back_draws_again_and_one_that_does_not_is_taken_over(desk, flags):
    _, bench = opened(desk, "webgl", 60_000)
    wait_engine(bench, "webgl")
    before = still(bench)
    bench.explorer.evaluate(f"() => {{ globalThis.lose = {SHARED_GL}; }}")
    assert bench.explorer.evaluate(LOSE_AND_RESTORE) == before, "the last picture stays"
    bench.page.wait_for_function(
        "before => document.querySelector('.hitl-explorer .hitl-chart canvas').toDataURL() === before",
        arg=before,
    )
    zoom_in(bench)
    wait_change(bench, before)
    wait_engine(bench, "webgl")

    bench.explorer.evaluate("() => globalThis.lose.loseContext()")
    wait_engine(bench, "raster")
    before = bench.pixels()
    zoom_in(bench)
    wait_change(bench, before)
    assert ink(bench)["share"] > 0.01


@pytest.mark.parametrize("flags", [WITHOUT_WEBGL], ids=["none"])
@pytest.mark.parametrize("engine", ["webgl", "auto"])
def test_without_webgl_the_cpu_draws(desk, engine, flags):
    _, bench = opened(desk, engine, 60_000)
    wait_engine(bench, "raster")
    assert ink(bench)["share"] > 0.01
    assert not bench.page.evaluate("() => Symbol.for('hitl-widgets.vega.1') in globalThis"), (
        "Vega was not sent"
    )


@pytest.mark.parametrize("flags", [WITH_WEBGL], ids=["software"])
def test_software_webgl_is_not_used_unless_the_person_asks_for_it(desk, flags):
    _, bench = opened(desk, "canvas", 60_000)
    wait_engine(bench, "raster")
