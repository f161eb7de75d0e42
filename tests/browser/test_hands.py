"""Input by mouse, touch and other keyboards, and display in high contrast."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.browser

WORDS = """import hitl_widgets as hitl
texts = [f"{thing} number {i}" for i in range(40) for thing in ("apple", "carrot", "bread")]
session = hitl.Session(texts, classes=["fruit", "root", "loaf"], store="labels.sqlite", random_state=0)
session"""
BOX = "e => { const { x, y, width, height } = e.getBoundingClientRect(); return [x, y, width, height] }"


# The card says for some seconds how many answers did not count; this adds them up.
COUNT_MISSED = """labeler => {
    let before = 0;
    window.missed = 0;
    const look = () => {
        const note = labeler.querySelector('.hitl-note');
        const said = note?.checkVisibility() && /(\\d+) answers? did not count/.exec(note.textContent);
        const n = Number(said?.[1] ?? 0);
        window.missed += Math.max(0, n - before);
        before = n;
    };
    const seen = {subtree: true, childList: true, characterData: true, attributes: true};
    new MutationObserver(look).observe(labeler, seen);
}"""


def test_a_double_click_a_held_key_and_a_burst_label_what_was_seen_and_no_more(desk):
    notebook, bench = desk.open(WORDS, alone=True)
    page = notebook.page
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    fruit = bench.labeler.locator("[data-class=fruit]")
    fruit.dblclick()
    bench.labeler.get_by_text("a double click counts once").wait_for()
    bench.acknowledged()
    assert bench.n_labels == 1
    fruit.focus()
    for _ in range(12):
        page.keyboard.down("Enter")  # all but the first are repeats
    page.keyboard.up("Enter")
    bench.wait_labels(2)

    keyboard = page.context.new_cdp_session(page)

    def press(key: str, code: str) -> None:
        for kind in ("keyDown", "keyUp"):
            keyboard.send("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": code})

    bench.focus()
    for n, (key, code) in enumerate([("é", "Digit2"), ("End", "Numpad3")], 3):  # AZERTY; NumLock off
        page.evaluate("() => new Promise(requestAnimationFrame)")
        press(key, code)
        bench.wait_labels(n)
    bench.acknowledged()
    bench.wait_item()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    press("ы", "KeyS")
    again = bench.labeler.get_by_role("button", name="1 skipped")
    again.wait_for()

    bench.labeler.get_by_text("did not count").wait_for(state="hidden")
    bench.labeler.evaluate(COUNT_MISSED)
    began, said = time.monotonic(), bench.n_labels
    for i in range(40):
        time.sleep(max(0.0, began + i / 10 - time.monotonic()))
        page.keyboard.press("123"[i % 3])
    bench.acknowledged()
    assert bench.n_labels - said + page.evaluate("window.missed") == 40, (
        "each has counted, or is said not to have"
    )
    assert bench.n_labels > said

    again.click()
    bench.labeler.locator(".hitl-reason").get_by_text("Skipped by you").wait_for()
    bench.wait_item()
    row = bench.card.get_attribute("data-row")
    bench.press("s")
    page.wait_for_function("row => document.querySelector('.hitl-card').dataset.row !== row", arg=row)
    assert again.is_visible(), "it stays skipped"


@pytest.mark.parametrize("style", ["transform: scale(.6); transform-origin: 0 0", "zoom: .7"])
def test_on_a_scaled_page_the_lasso_is_where_the_pointer_is_and_escape_ends_it(desk, style):
    notebook, bench = desk.open(WORDS, alone=True)
    page = notebook.page
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    page.locator(".hitl-workbench").evaluate("(e, style) => { e.style.cssText += style }", style)
    bench.tool("lasso")
    box = bench.overlay.bounding_box()
    x, y = box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"]
    w, h = 0.4 * box["width"], 0.4 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    for corner in [(x + w, y), (x + w, y + h), (x, y + h)]:
        page.mouse.move(*corner)
    trace = bench.overlay.locator(".hitl-trace")
    assert trace.evaluate(BOX) == pytest.approx([x, y, w, h], abs=3)
    page.keyboard.press("Escape")
    assert not trace.get_attribute("d")
    page.mouse.move(x, y)
    page.mouse.up()
    assert bench.chosen() == 0


def test_two_fingers_zoom_and_what_was_hovered_is_let_go(desk):
    notebook, bench = desk.open(WORDS, alone=True)
    page = notebook.page
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    here = bench.overlay.locator(".hitl-here")
    tip = bench.explorer.locator(".hitl-tip")
    here.hover(force=True)
    tip.wait_for()
    bench.explorer.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Enter")
    tip.wait_for(state="hidden")

    bench.tool("lasso")
    before = here.get_attribute("transform")
    screen = page.context.new_cdp_session(page)
    box = bench.overlay.bounding_box()
    cx, cy = box["x"] + box["width"] / 3, box["y"] + box["height"] / 3

    def touch(kind: str, *xs: float) -> None:
        points = [{"x": cx + x, "y": cy, "id": i} for i, x in enumerate(xs)]
        screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -20)
    touch("touchStart", -20, 20)
    for apart in range(30, 90, 10):
        touch("touchMove", -apart, apart)
    touch("touchEnd")
    page.wait_for_function(
        "before => document.querySelector('.hitl-here').getAttribute('transform') !== before", arg=before
    )
    assert bench.chosen() == 0


def test_in_high_contrast_classes_dots_and_bars_keep_their_colours(desk):
    notebook, bench = desk.open(WORDS, alone=True)
    page = notebook.page
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    bench.focus()
    for key in "123":
        bench.label(key)
    bench.details()
    page.emulate_media(forced_colors="active")
    bench.lasso(0.5, 0.5, 0.45)
    buttons = bench.labeler.locator(".hitl-class")
    wanted = buttons.evaluate_all(
        "all => all.map(e => { const made = document.createElement('i'); made.style.color ="
        " e.style.getPropertyValue('--class'); return made.style.color })"
    )
    assert len(set(wanted)) == 3

    def painted(found, part=None):
        # Read in one go: a round may replace the elements between two calls.
        return found.evaluate_all(
            "(all, part) => all.map(e => getComputedStyle(e, part).backgroundColor)", part
        )

    assert painted(buttons, "::before") == wanted
    assert painted(bench.monitor.locator(".hitl-bar")) == wanted
    for part in (".hitl-dot", ".hitl-mix > span"):
        bench.card.locator(part).first.wait_for()
        shown = set(painted(bench.card.locator(part))) - {"rgba(0, 0, 0, 0)"}
        assert shown, part
        assert shown <= set(wanted), part
