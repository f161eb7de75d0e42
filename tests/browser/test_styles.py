"""Each widget brings a style sheet: on a page with several, in whatever order they came."""

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
# The looks of every element of the widgets that differ from those before, for each order of the style sheets.
DIFFERENCES = """() => {
    const sheets = [...document.querySelectorAll('style')].filter(e => e.textContent.startsWith('.hitl{'));
    const looks = () => [...document.querySelectorAll('.hitl, .hitl *')].flatMap(element =>
        [null, '::before', '::after'].map(pseudo => {
            const style = getComputedStyle(element, pseudo);
            return [element.className, pseudo, ...[...style].map(name => `${name}: ${style[name]}`)];
        }));
    const orders = ([head, ...rest]) => head === undefined ? [[]] :
        orders(rest).flatMap(order => order.concat(head).map((_, i) => order.toSpliced(i, 0, head)));
    const before = looks();
    const found = new Set();
    for (const order of orders(sheets)) {
        document.head.append(...order);
        looks().forEach((look, i) => look.forEach((said, j) => {
            if (said !== before[i][j]) found.add(`${look[0]} ${said}, was ${before[i][j]}`);
        }));
    }
    return [sheets.length, before.length, [...found]];
}"""


def test_the_order_of_the_widgets_style_sheets_changes_nothing(desk):
    notebook, bench = desk.open(CELL, height=1800)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map("umap")
    notebook.page.locator('.hitl-lesson[data-step="0"]').wait_for()
    for details in notebook.page.locator(".hitl details").all():
        details.evaluate("e => { e.open = true }")
    bench.lasso(0.5, 0.5, 0.3)
    bench.card.locator(".hitl-members li").first.wait_for()
    bench.explorer.locator(".hitl-list-row").first.wait_for()
    n_sheets, n_looks, differences = notebook.page.evaluate(DIFFERENCES)
    assert n_sheets == 4
    assert n_looks > 500
    assert differences == []
