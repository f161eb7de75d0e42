"""Acts are inspected, undone and restored; blind questions stay blind on the whole page."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

SMALL = """import hitl_widgets as hitl
texts = [f"{word} number {i}" for i in range(40) for word in ("apple", "river", "stone")]
session = hitl.Session(texts, classes=["fruit", "water"], audit=0, random_state=1)
session"""


def begun(desk):
    """Two labels and a lasso: the row of the first item, the number circled, and the number labelled."""
    notebook, bench = desk.open(SMALL, width=1280)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    first = bench.card.get_attribute("data-row")
    bench.focus()
    bench.label("1")
    bench.label("2")
    bench.lasso(0.5, 0.5, 0.45)
    n = bench.chosen()
    assert n > 3
    bench.press("1")
    bench.acknowledged()
    return bench, first, n, bench.n_labels


def test_a_click_opens_an_act_going_back_is_a_button_and_what_was_left_behind_comes_back(desk):
    bench, first, n, labelled = begun(desk)
    page = bench.page
    history = page.locator(".hitl-history li")
    history.nth(2).wait_for()

    # A click opens the item and undoes nothing; the card accepts another label for it.
    history.nth(2).locator("button.hitl-history-what").click()
    bench.labeler.get_by_text("From the history, labelled fruit").wait_for()
    assert bench.card.get_attribute("data-row") == first
    assert bench.n_labels == labelled
    bench.press("2")
    bench.acknowledged()
    page.locator(".hitl-history li").nth(3).wait_for()
    assert bench.n_labels == labelled

    # Opening a bulk act selects its items again; so does an undo.
    history.nth(1).locator("button.hitl-history-what").click()
    bench.labeler.get_by_text("One act: press a class to relabel all of its items").wait_for()
    assert bench.chosen() == n
    bench.press("Escape")
    bench.press("z")
    bench.labeler.get_by_text("You have labelled it fruit: a new label replaces that").wait_for()
    bench.press("z")
    bench.labeler.get_by_text("Press a class to label all of them").wait_for()
    assert bench.chosen() == n
    bench.press("Shift+Z")
    bench.press("Shift+Z")
    bench.acknowledged()
    bench.wait_labels(labelled)
    assert bench.chosen() == 0

    # Going back says what it undoes; what is left behind can be restored.
    back = history.nth(3).get_by_role("button", name=f"Go back to here: undoes 3 acts, {n + 2} labels")
    back.hover()
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "history.png")
    back.click()
    bench.wait_labels(1)
    page.locator(".hitl-history li.hitl-undone").nth(2).wait_for()
    bench.focus()
    bench.label("2")
    bench.acknowledged()
    branch = page.locator(".hitl-branch", has_text=f"Left behind: 3 acts, {n + 2} labels")
    branch.wait_for()
    page.screenshot(path=SHOTS / "left-behind.png")
    branch.get_by_role("button", name="restore all").click()
    branch.wait_for(state="detached")
    bench.acknowledged()
    assert bench.n_labels >= labelled
    assert page.locator(".hitl-history li.hitl-undone", has_text="brought back").count() == 3


BLIND = """import hitl_widgets as hitl, numpy as np
rng = np.random.default_rng(0)
y = np.arange(60) % 2
X = (rng.normal(size=(60, 4)) + 6 * y[:, None]).astype("float32")
session = hitl.Session([f"item {i}" for i in range(60)], X=X, classes=["zebra", "walrus"], audit=1.0,
                       store="labels.sqlite", random_state=1)
for i in range(20):
    session.label(session.pool.ids[i], ["zebra", "walrus"][y[i]])
session.wait()
session"""

# The page without the parts that name all classes alike, and without earlier answers.
REST = """() => {
    const page = document.body.cloneNode(true);
    const alike = ".jp-Cell-inputWrapper, button.hitl-class, .hitl-edit, .hitl-guide, .hitl-balance"
        + ", .hitl-history, .hitl-legend, .hitl-news, .hitl-fallback, .hitl-rules-new, .hitl-keeping";
    for (const part of page.querySelectorAll(alike)) part.remove();
    return page.innerHTML;
}"""
# How far the map's pixel at the item on the card is from grey.
CHROMA = """e => {
    const canvas = e.querySelector(".hitl-chart canvas");
    const [at, box] = [e.querySelector(".hitl-here").getBoundingClientRect(), canvas.getBoundingClientRect()];
    const x = (at.x + at.width / 2 - box.x) * canvas.width / box.width;
    const y = (at.y + at.height / 2 - box.y) * canvas.height / box.height;
    const [r, g, b] = canvas.getContext("2d").getImageData(x, y, 1, 1).data;
    return Math.max(r, g, b) - Math.min(r, g, b);
}"""
SIGNS = ("zebra", "walrus", "#0072B2", "#E69F00", "rgb(0, 114, 178)", "rgb(230, 159, 0)")


def test_of_what_is_asked_blind_the_whole_page_says_nothing_until_it_is_answered(desk):
    notebook, bench = desk.open(BLIND)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    bench.monitor.get_by_text("model up to date").wait_for()
    page = notebook.page
    bench.explorer.evaluate("e => e.scrollIntoView({ block: 'nearest' })")

    def says() -> list[str]:
        rest = page.evaluate(REST)
        return [sign for sign in SIGNS if sign.lower() in rest.lower()]

    def hover() -> None:
        at = bench.explorer.locator(".hitl-here").bounding_box()
        page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
        bench.explorer.locator(".hitl-tip .hitl-glimpse").wait_for()

    bench.labeler.get_by_text("drawn at random, to check the model").wait_for()
    assert says() == []
    assert bench.explorer.evaluate(CHROMA) < 25, "the point is painted as undecided"
    hover()
    bench.explorer.get_by_text("Asked without a hint: answer first").wait_for()
    assert says() == []
    # Selected by a click, it is as blind as on the card.
    row = bench.card.get_attribute("data-row")
    page.mouse.down()
    page.mouse.up()
    bench.labeler.get_by_text("Selected, asked without a hint").wait_for()
    assert bench.card.get_attribute("data-row") == row
    assert says() == []
    page.screenshot(path=SHOTS / "blind.png")

    bench.press("1")
    bench.acknowledged()
    bench.monitor.get_by_text("21 labels of 60 items").wait_for()
    page.mouse.move(5, 5)
    page.locator(f".hitl-card:not([data-row='{row}'])").wait_for()
    bench.press("z")
    page.locator(f".hitl-card[data-row='{row}']").wait_for()
    hover()
    bench.explorer.get_by_text("Asked without a hint: answer first").wait_for()
    bench.press("1")
    bench.wait_labels(21)
    assert "zebra" in says(), "it is said that it was labelled"
