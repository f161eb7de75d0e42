"""axe-core finds nothing serious or critical in any widget, in either theme."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
CELL = """import hitl_widgets as hitl, pandas as pd
from IPython.display import display
words = ["refund the invoice", "parcel came late", "thank you so much"]
texts = [f"{words[i % 3]}, number {i}" for i in range(60)]
mails = pd.DataFrame({"text": texts, "sender": "ann", "n": range(60)})
session = hitl.Session(mails, text="text", context="sender", classes=["billing", "delivery", "praise"],
                       store=":memory:", random_state=1)
for i in range(9):
    session.label(session.pool.ids[i], ["billing", "delivery", "praise"][i % 3])
session.wait()
points = hitl.datasets.toy("line")
display(session, hitl.Lesson(points[["x1", "x2"]], points["label"], budget=8))"""
RUN = """part => axe.run(part).then(({ passes, violations }) => [passes.length, violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
        `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`))])"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_serious_fault_in_any_widget(desk, dark):
    notebook, bench = desk.open(CELL, dark=dark, height=1800, alone=True)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    page = notebook.page
    page.locator('.hitl-lesson[data-step="0"]').wait_for()
    page.add_script_tag(path=AXE)

    def faults(part: str) -> list[str]:
        n_rules, found = page.evaluate(RUN, part)
        assert n_rules > 15, "the rules were checked"
        return found

    assert faults(".hitl-workbench") == []
    assert faults(".hitl-lesson") == []
    bench.box(0.01, 0.01, 0.99, 0.99)
    bench.card.locator(".hitl-member .hitl-glimpse").first.wait_for()
    bench.explorer.get_by_role("button", name="List", exact=True).click()
    bench.explorer.locator(".hitl-line .hitl-glimpse").first.wait_for()
    for details in page.locator(".hitl details").all():
        details.evaluate("e => { e.open = true }")
    bench.labeler.get_by_title("Show the keys").click()
    assert faults(".hitl-workbench") == []
