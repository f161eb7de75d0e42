"""The whole loop in JupyterLab in a browser."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"
# The heading of a selected item without a label; any item may have been drawn for the audit.
SELECTED = re.compile("^Selected, (not labelled yet|asked without a hint)")

DOCS = """import hitl_widgets as hitl
docs = hitl.datasets.docstrings()
"""
SESSION = """session = hitl.Session(
    docs, text="doc", classes=list(hitl.datasets.DOCSTRING_TOPICS), store="labels.sqlite", random_state=1)
session"""
DIGITS = """import hitl_widgets as hitl
digits = hitl.datasets.digits()
session = hitl.Session(digits, image="image", classes=[str(i) for i in range(10)], random_state=1)
session"""
SMALL = """import hitl_widgets as hitl
texts = [f"{word} number {i}" for i in range(40) for word in ("apple", "river")]
session = hitl.Session(texts, classes=["fruit", "water"], random_state=1)
session"""


def stored(folder: Path, kind: str = "label") -> list[tuple[str, str]]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        return connection.execute(
            "select event_id, body from label_event where kind = ? order by seq", (kind,)
        ).fetchall()


def test_thirty_docstrings_by_keyboard_one_lasso_kill_9_and_everything_is_back(desk, docstrings):
    docstrings(desk.folder)
    notebook, bench = desk.open(DOCS, SESSION, "print(len(session.labels()), session.n_labels)", umap=True)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_map("umap")
    bench.focus()
    for i in range(30):
        bench.label("123456789a"[i % 10])
    bench.acknowledged()
    assert bench.n_labels == 30
    assert len(stored(desk.folder)) == 30

    before = bench.pixels()
    bench.lasso(0.5, 0.5, 0.12)
    n = bench.chosen()
    assert n > 10
    bench.card.locator(".hitl-member").first.wait_for()
    bench.press("4")
    bench.acknowledged()
    assert len(stored(desk.folder)) == 31
    desk.pages[0].wait_for_function(
        "before => document.querySelector('.hitl-chart canvas').toDataURL() !== before", arg=before
    )
    total = bench.n_labels
    assert n <= total <= n + 30
    bench.monitor.get_by_role("button", name=f"{total:,} labels", exact=True).wait_for()
    bench.monitor.get_by_text("model up to date").wait_for()

    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    # The user continues without noticing: the browser keeps these acts until a kernel accepts them.
    bench.focus()
    bench.label("1")
    bench.label("2")
    notebook.page.wait_for_function(
        "() => Object.keys(localStorage).filter(k => k.startsWith('hitl:')).length === 2"
    )
    notebook.wait_restarted()
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.acknowledged()
    assert len(stored(desk.folder)) == 33
    bench.wait_labels(total + 2)
    notebook.run(2)
    assert notebook.output(2).split() == [str(total + 2)] * 2

    # The undo history is restored too: the last act is the one that the browser kept.
    bench.focus()
    bench.press("z")
    bench.wait_labels(total + 1)


BUSY = """import pathlib, time
try:
    while not pathlib.Path("go on").exists():
        time.sleep(0.1)
finally:
    pathlib.Path("ended").touch()"""


def test_labeling_goes_on_while_a_cell_is_busy(desk):
    notebook, bench = desk.open(SMALL, BUSY)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    notebook.run(1, wait=False)
    notebook.wait_busy(1)
    bench.focus()
    for i in range(12):
        bench.label("12"[i % 2])
    bench.acknowledged()
    bench.monitor.get_by_text("model up to date").wait_for()
    assert len(stored(desk.folder)) == 12
    assert not (desk.folder / "ended").exists()
    (desk.folder / "go on").touch()


def test_labeling_goes_on_while_a_busy_cell_labels_too(desk):
    # The kernel answers where its last message came from: here from the cell.
    notebook, bench = desk.open(SMALL, "session.label(session.pool.ids[3:4], 'water')\n" + BUSY)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    bench.label("1")
    notebook.run(1, wait=False)
    notebook.wait_busy(1)
    bench.wait_labels(2)
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.focus()
    for key in "121":
        bench.label(key)
    bench.acknowledged()
    bench.wait_labels(5)
    assert len(stored(desk.folder)) == 5
    assert not (desk.folder / "ended").exists()
    (desk.folder / "go on").touch()


def test_the_monitor_says_which_model_is_used_and_why(desk):
    notebook, bench = desk.open(DIGITS, dark=True, width=640, height=1500)
    notebook.run(0)
    bench.wait_item()
    bench.monitor.get_by_text("starts with the first label").wait_for()
    bench.wait_map(settled=True)
    bench.focus()
    for i in range(21):
        bench.label("123"[i % 3])
    bench.acknowledged()
    trust = re.compile(r"^neighbours \d+ %, linear \d+ %(, trees \d+ %)?$")
    bench.monitor.get_by_text(trust).wait_for()
    evidence = bench.monitor.get_by_text("in leave-one-out prediction of 21 labels, neighbours got")
    evidence.wait_for()
    bench.monitor.get_by_text("questions: doubt").wait_for()
    box, around = evidence.bounding_box(), bench.monitor.bounding_box()
    assert around["x"] <= box["x"]
    assert box["x"] + box["width"] <= around["x"] + around["width"]
    assert bench.monitor.evaluate("e => e.scrollWidth <= e.clientWidth"), "nothing is cut off"
    SHOTS.mkdir(exist_ok=True)
    bench.monitor.screenshot(path=SHOTS / "model-dark-narrow.png")
    bench.details()
    expect(evidence).to_be_hidden()


def test_dark_theme_in_a_narrow_cell(desk, docstrings):
    docstrings(desk.folder, drawn=True)
    notebook, bench = desk.open(DOCS, SESSION, dark=True, width=640, height=1500, umap=True)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_map("umap")
    bench.focus()
    for i in range(15):
        bench.label("123456789a"[i % 10])
    bench.lasso(0.5, 0.5, 0.1)
    assert bench.chosen() > 0
    bench.card.locator(".hitl-member").first.wait_for()
    bench.press("5")
    bench.acknowledged()
    shots = Path(__file__).parent / "shots"
    shots.mkdir(exist_ok=True)
    notebook.page.screenshot(path=shots / "dark-narrow.png")
    map_box, item_box = bench.explorer.bounding_box(), bench.labeler.bounding_box()
    assert item_box["y"] >= map_box["y"] + map_box["height"], "the item lies below the map"
    ground, text = bench.labeler.evaluate(
        "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
    )
    assert luminance(ground) < 0.2
    assert luminance(text) > 0.7
    wide = notebook.page.evaluate("() => document.querySelector('.hitl-workbench').scrollWidth")
    assert wide <= 640


def luminance(colour: str) -> float:
    parts = [float(p) for p in colour[colour.index("(") + 1 : -1].replace(",", " ").split()[:3]]
    return sum(w * p / 255 for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_zoom_and_selection_survive_a_retrain_and_the_change_to_umap(desk):
    notebook, bench = desk.open(DIGITS, umap=True)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map("pca")
    bench.explorer.get_by_role("button", name="Zoom in").click()
    bench.lasso(0.5, 0.5, 0.15)
    n = bench.chosen()
    assert n > 0
    names = "[...e.querySelectorAll('.hitl-group text')]"
    view = f"e => {names}.map(t => t.textContent + t.getAttribute('x')).join()"
    bench.wait_map("umap")
    assert bench.chosen() == n
    bench.focus()
    bench.press("Escape")
    here = bench.explorer.evaluate(view)
    bench.label("1")
    bench.label("2")
    bench.acknowledged()
    bench.monitor.get_by_text("model up to date").wait_for()
    assert bench.explorer.evaluate(view) == here, "the map moved by itself"


def test_point_rectangle_and_group_are_chosen_and_labelled_and_undone_as_one(desk):
    notebook, bench = desk.open(DIGITS, umap=True)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    page = notebook.page
    bench.explorer.evaluate("e => e.scrollIntoView({ block: 'nearest' })")

    # N goes to an uncertain point and puts it on the card.
    bench.explorer.evaluate("e => e.focus({ preventScroll: true })")
    bench.press("n")
    bench.labeler.get_by_text(SELECTED).wait_for()
    bench.press("3")
    bench.wait_labels(1)

    box = bench.overlay.bounding_box()
    bench.tool("rectangle")
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 40, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    boxed = bench.chosen()
    assert boxed > 20
    # Alt removes points.
    page.keyboard.down("Alt")
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    page.keyboard.up("Alt")
    assert 0 < bench.chosen() < boxed
    bench.press("Escape")
    assert bench.chosen() == 0

    bench.tool("cluster")
    name = bench.explorer.locator(".hitl-group .hitl-thumb").first
    at = name.bounding_box()
    page.mouse.click(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    n = bench.chosen()
    assert n > 20
    bench.labeler.get_by_text("a group on the map").wait_for()
    bench.labeler.get_by_role("button", name="7", exact=False).last.wait_for()
    bench.click_class("7")
    bench.acknowledged()
    labelled = bench.n_labels
    assert labelled >= n
    bench.focus()
    bench.press("z")
    bench.wait_labels(1)
    bench.press("Shift+Z")
    bench.wait_labels(labelled)


def test_after_redo_the_next_key_is_for_the_next_item(desk):
    notebook, bench = desk.open(SMALL)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    for pause in (0, 300):
        before = bench.n_labels
        bench.label("1")
        bench.label("2")
        bench.press("z")
        notebook.page.wait_for_timeout(pause)
        bench.press("Shift+Z")
        notebook.page.wait_for_timeout(pause)
        bench.press("1")
        bench.acknowledged()
        bench.wait_labels(before + 3)


def test_hover_shows_the_item_without_a_click(desk):
    notebook, bench = desk.open(SMALL)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map()
    bench.explorer.evaluate("e => e.scrollIntoView({ block: 'nearest' })")
    here = bench.explorer.locator(".hitl-here").bounding_box()
    notebook.page.mouse.move(here["x"] + here["width"] / 2, here["y"] + here["height"] / 2)
    bench.explorer.locator(".hitl-tip .hitl-glimpse").get_by_text("number").wait_for()


def test_points_in_doubt_can_be_listed_and_chosen_without_the_map(desk):
    notebook, bench = desk.open(SMALL)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map()
    bench.focus()
    for i in range(12):
        bench.label("12"[i % 2])
    bench.wait_labels(12)
    bench.acknowledged()
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.press("t")
    row = bench.explorer.locator(".hitl-line").first
    row.get_by_text("number").wait_for()
    row.click()
    bench.labeler.get_by_text(SELECTED).wait_for()
    expect(bench.card).to_contain_text(row.locator(".hitl-glimpse").inner_text())
    bench.press("1")
    bench.wait_labels(13)


def test_keys_belong_to_the_widget_while_it_has_the_focus_and_to_the_notebook_after_escape(desk):
    notebook, bench = desk.open(SMALL, "x = 1")
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    for key in "dd12abm":
        bench.press(key)
    cells = notebook.page.locator(".jp-Notebook-cell")
    assert cells.count() == 2
    bench.acknowledged()
    assert len(stored(desk.folder)) == 2
    for _ in range(2):  # the first one may clear what M has selected
        bench.press("Escape")
    assert bench.labeler.evaluate("e => !e.contains(document.activeElement)")


def test_each_widget_works_alone(desk):
    notebook, bench = desk.open(
        SMALL.removesuffix("session") + "hitl.Explorer(session)", "hitl.Labeler(session)"
    )
    notebook.run(0)
    bench.wait_map()
    bench.explorer.evaluate("e => e.focus({ preventScroll: true })")
    bench.press("ArrowRight")
    assert bench.chosen() == 0, "nothing is chosen or current yet"
    bench.lasso(0.5, 0.5, 0.45)
    n = bench.chosen()
    assert n > 10
    bench.explorer.locator("[data-class='water']").wait_for()
    bench.press("2")
    bench.acknowledged()
    assert bench.chosen() == 0
    notebook.run(1)
    bench.wait_labels(n)


def test_the_guess_can_be_hidden_and_stays_hidden(desk):
    notebook, bench = desk.open(SMALL)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    for key in "1212121212":
        bench.label(key)
    bench.acknowledged()
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.label("1")  # the item on the card may have been asked before there was a model
    guess = bench.labeler.locator(".hitl-guess")
    guess.get_by_text("Model:").wait_for()
    guess.get_by_role("button", name="hide").click()
    guess.get_by_text("hidden").wait_for()
    assert bench.labeler.locator(".hitl-guessed").count() == 0


def test_an_unreadable_image_shows_why_and_the_rest_goes_on(desk):
    cell = """import hitl_widgets as hitl, numpy as np, pathlib
images = [np.full((8, 8), 20 * i, dtype=np.uint8) for i in range(10)]
session = hitl.Session([b"not an image", pathlib.Path("gone.png"), *images], classes=["cat", "dog"])
session"""
    notebook, bench = desk.open(cell)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    seen = []
    for _ in range(12):
        seen.append(bench.shown())
        before = bench.labeler.locator(".hitl-head").inner_text()
        bench.press("1")
        bench.page.wait_for_function(
            "before => document.querySelector('.hitl-labeler .hitl-head').innerText !== before", arg=before
        )
    bench.labeler.get_by_text("Everything is labelled").wait_for()
    assert any("cannot be read" in text for text in seen)
    assert any("not an image" in text for text in seen)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("hitl.Session(df, text='dok', classes=['a', 'b'])", "Did you mean 'doc'?"),
        ("hitl.Session(df, text='doc', classes=['a'])", "too few to choose from"),
        ("hitl.Session(df, text='doc', clases=['a', 'b'])", "Did you mean 'classes'?"),
    ],
    ids=["column", "one-class", "keyword"],
)
def test_bad_input_is_told_in_the_cell(desk, call, words):
    notebook, _ = desk.open(
        f"import hitl_widgets as hitl, pandas as pd\ndf = pd.DataFrame({{'doc': ['x', 'y']}})\n{call}"
    )
    notebook.run(0)
    assert words in notebook.output(0)


def test_readme_screenshot(desk, docstrings):
    """Takes the README's picture where HITL_SCREENSHOT says so."""
    docstrings(desk.folder, drawn=True)
    notebook, bench = desk.open(DOCS, SESSION, ORACLE, width=1440, height=1180, umap=True)
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    bench.wait_map("umap")
    notebook.run(2)
    bench.wait_labels(220)
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.monitor.locator(".hitl-curve svg").wait_for()
    shots = Path(__file__).parent / "shots"
    shots.mkdir(exist_ok=True)
    target = os.environ.get("HITL_SCREENSHOT") or shots / "workbench.png"
    notebook.page.locator(".hitl-workbench").screenshot(path=str(target))
    assert Path(target).stat().st_size > 50_000


ORACLE = """truth = dict(zip(session.pool.ids, docs["topic"].iloc[session.pool.first_rows]))
for _ in range(220):
    for i in session.query():
        session.label(i, truth[i])
session.wait()"""
