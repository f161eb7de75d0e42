"""Every kind of item: in shadow roots, for screen readers, with hostile words, and broken ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab import NO_UMAP, PATIENCE_MS, Bench, Marimo
from playwright.sync_api import expect

from everyitem import BAD, HOSTILE, ITEMS

pytestmark = pytest.mark.browser

TESTS = Path(__file__).parents[1]
AXE = TESTS.parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
HEAD = f"""import sys
sys.modules["umap"] = None
sys.path.insert(0, {str(TESTS)!r})
import hitl_widgets as hitl
from everyitem import BAD, HOSTILE, ITEMS, asking
"""
# What each kind is on the card, and in the list.
CARD = {
    "audio": ".hitl-wave svg",
    "code": ".hitl-code",
    "conversation": ".hitl-turn",
    "html": "iframe",
    "image": ".hitl-view img",
    "list": ".hitl-listed .hitl-text",
    "markdown": "iframe",
    "pdf": "img.hitl-pdf-page",
    "series": ".hitl-series-line",
    "several": ".hitl-listed img",
    "table": "table",
    "text": ".hitl-text",
    "video": ".hitl-film",
}
# Keys of each kind, and what they change.
KEYS = {
    "audio": ("ArrowRight", ".hitl-wave", "aria-valuenow", re.compile("^0.[1-9]")),
    "image": ("PageUp", ".hitl-light button", "aria-label", re.compile("Brightness 110 %")),
    "several": ("+", ".hitl-view", "class", re.compile("hitl-zoomed")),
}
# Rules of the style sheet of a kind that match something in its own root.
STYLED = """e => {
    const root = e.getRootNode();
    const sheets = [...root.querySelectorAll('style[data-module^="view-"]')].map(({ sheet }) => sheet);
    return sheets.map(({ cssRules }) =>
        [...cssRules].filter(({ selectorText }) => selectorText && root.querySelector(selectorText)).length);
}"""
N = 5


def test_the_tests_know_every_kind():
    assert CARD.keys() == ITEMS.keys()


def test_every_kind_in_the_shadow_roots_of_marimo(browser, tmp_path):
    pytest.importorskip("marimo")
    (tmp_path / NO_UMAP).touch()
    shows = [f"hitl.Workbench(asking({kind!r}, ITEMS[{kind!r}][:{N}]))" for kind in CARD]
    server = Marimo(tmp_path, HEAD, *shows)
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    try:
        page.goto(server.url)
        for nth, (kind, found) in enumerate(CARD.items()):
            part = page.locator(".hitl-workbench").nth(nth)
            part.scroll_into_view_if_needed()
            bench = Bench(page, part)
            bench.wait_item()
            assert bench.labeler.evaluate("e => e.getRootNode() instanceof ShadowRoot")
            expect(bench.labeler).to_have_attribute("data-theme", "dark")
            shown = bench.card.locator(found).first
            expect(shown).to_be_visible()
            assert bench.card.locator(".hitl-broken").count() == 0
            assert all(bench.labeler.evaluate(STYLED)), kind
            bench.focus()
            if kind in KEYS:
                key, place, attribute, value = KEYS[kind]
                bench.press(key)
                expect(bench.card.locator(place).first).to_have_attribute(attribute, value)
            bench.label("1")
            bench.wait_labels(1)
            bench.explorer.get_by_role("button", name="List", exact=True).click()
            glimpses = bench.explorer.locator(".hitl-line .hitl-glimpse, .hitl-line img")
            expect(glimpses.nth(N - 1)).to_be_visible()
    finally:
        page.close()
        server.close()
    assert [error for error in errors if "hitl" in error or "blob:" in error] == []


RUN = """part => axe.run(part).then(({ passes, violations }) => [passes.length, violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
        `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`))])"""


def test_no_kind_has_a_serious_fault_for_screen_readers_in_either_theme(desk):
    cell = f"""{HEAD}from IPython.display import display
for kind in {list(CARD)!r}:
    display(hitl.Labeler(asking(kind, ITEMS[kind][:{N}])))"""
    notebook, _ = desk.open(cell, height=1800, alone=True)
    notebook.run(0)
    page = notebook.page
    labelers = page.locator(".hitl-labeler")
    for nth, found in enumerate(CARD.values()):
        labelers.nth(nth).scroll_into_view_if_needed()
        labelers.nth(nth).locator(f".hitl-card {found}").first.wait_for()
    # The sliders of brightness and contrast, and the list of keys, are there, too.
    for button in page.locator(".hitl-light button.hitl-picture-tool").all():
        button.click()
    page.add_script_tag(path=AXE)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        themed = page.locator(f".hitl-labeler[data-theme={theme.split()[1].lower()}]")
        expect(themed).to_have_count(len(CARD))
        n_rules, found = page.evaluate(RUN, ".hitl-labeler")
        assert n_rules > 15, "the rules were checked"
        assert found == []


def test_hostile_words_in_every_kind_stay_words(desk):
    # In two cells: JupyterLab shows 50 outputs of a cell, and each widget has two.
    half = """from IPython.display import display
for kind in list(HOSTILE)[{}]:
    session = asking(kind, HOSTILE[kind])
    display(hitl.Labeler(session), hitl.Explorer(session, engine="canvas"))"""
    cells = [HEAD + half.format(":6"), half.format("6:")]
    notebook, _ = desk.open(*cells, height=1800, alone=True)
    notebook.run(0)
    notebook.run(1)
    page = notebook.page
    labelers, explorers = page.locator(".hitl-labeler"), page.locator(".hitl-explorer")
    for nth, kind in enumerate(HOSTILE):
        labeler = labelers.nth(nth)
        labeler.scroll_into_view_if_needed()
        expect(labeler.locator(".hitl-card > *").first).to_be_visible()
        explorers.nth(nth).scroll_into_view_if_needed()
        explorers.nth(nth).get_by_role("button", name="List", exact=True).click()
        explorers.nth(nth).locator(".hitl-line .hitl-glimpse, .hitl-line img").first.wait_for()
        # Nothing of it has become an element of the page.
        own = labeler.or_(explorers.nth(nth))
        assert own.locator("script, [onerror], [onload], img[src=x]").count() == 0, kind
    assert page.evaluate("() => window.__pwned") is None


def test_what_is_broken_says_why_and_the_rest_goes_on(desk):
    """Each bad item between two good ones, walked through in a notebook."""
    shown = [kind for kind in BAD if kind != "text"]
    cell = f"""{HEAD}from IPython.display import display
for kind in {shown!r}:
    cases = [make() for make, _ in BAD[kind].values()]
    display(hitl.Labeler(asking(kind, [ITEMS[kind][0], *cases, ITEMS[kind][1]])))"""
    notebook, _ = desk.open(cell, height=1200, alone=True)
    notebook.run(0)
    page = notebook.page
    for nth, kind in enumerate(shown):
        labeler = page.locator(".hitl-labeler").nth(nth)
        labeler.evaluate("e => { e.scrollIntoView({ block: 'center' }); e.focus({ preventScroll: true }) }")
        whys = [why for _, why in BAD[kind].values()]
        seen: set[int] = set()
        for _ in range(len(whys) + 2):
            card = labeler.locator(".hitl-card[data-row]:not(:empty)")
            row = int(card.get_attribute("data-row"))
            why = whys[row - 1] if 0 < row <= len(whys) else ""
            if why:
                expect(card.locator(".hitl-broken").first).to_have_text(re.compile(why))
            else:
                expect(card.locator(CARD[kind].split()[0]).first).to_be_visible()
            seen.add(row)
            page.keyboard.press("s")
            if len(seen) < len(whys) + 2:
                expect(labeler.locator(f'.hitl-card[data-row="{row}"]')).to_have_count(0)
        assert seen == set(range(len(whys) + 2))
