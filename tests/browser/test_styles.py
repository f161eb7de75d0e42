"""Each widget has a style sheet; a page with several looks the same in any order of loading."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

CELL = """import hitl_widgets as hitl
from IPython.display import display
texts = [f"{word} number {i}" for i in range(40) for word in ("apple", "river")]
session = hitl.Session(texts, classes=["fruit", "water"], random_state=1, store=":memory:")
for i in range(8):
    session.label(session.pool.ids[i], ["fruit", "water"][i % 2])
session.skip(session.pool.ids[9])
session.wait()
points = hitl.datasets.toy("line")
display(session, hitl.Lesson(points[["x1", "x2"]], points["label"], budget=8))"""


# Differences in the computed styles of all elements if the style sheets are loaded in the opposite order:
# each of any two comes last once.
DIFFERENCES = """() => {
    const sheets = [...document.querySelectorAll('style')].filter(e => e.textContent.startsWith('.hitl{'));
    const elements = [...document.querySelectorAll('.hitl, .hitl *')];
    const looks = order => {
        document.head.append(...order);
        return elements.map(e => [...getComputedStyle(e)].map(name => [name, getComputedStyle(e)[name]]));
    };
    const [one, other] = [looks(sheets), looks(sheets.toReversed())];
    const found = elements.flatMap((e, i) => one[i].filter(([, value], j) => value !== other[i][j][1])
        .map(([name, value]) => `${e.getAttribute('class')}: ${name} ${value}`));
    // A view that is shown again brings its style sheet again.
    return [new Set(sheets.map(e => e.textContent)).size, elements.length, found];
}"""


def test_the_order_of_the_widgets_style_sheets_changes_nothing(desk):
    notebook, bench = desk.open(CELL, height=1800)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    notebook.page.locator('.hitl-lesson[data-step="0"]').wait_for()
    bench.box(0.01, 0.01, 0.99, 0.99)
    bench.card.locator(".hitl-member").first.wait_for()
    for details in notebook.page.locator(".hitl details").all():
        details.evaluate("e => { e.open = true }")
    bench.explorer.get_by_role("button", name="List", exact=True).click()
    bench.explorer.locator(".hitl-line .hitl-glimpse").first.wait_for()
    n_sheets, n_elements, differences = notebook.page.evaluate(DIFFERENCES)
    assert n_sheets == 4
    assert n_elements > 200
    assert differences == []
