"""The items as a list: the twin of the map, by keyboard and by pointer."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

MAILS = """import hitl_widgets as hitl, pandas as pd
words = ["refund the invoice", "parcel came late", "thank you so much"]
mails = pd.DataFrame({"text": [f"{words[i % 3]}, number {i}" for i in range(90)],
                      "amount": [(37 * i) % 90 for i in range(90)],
                      "sender": [f"person {i % 7}" for i in range(90)]})
session = hitl.Session(mails, text="text", classes=["billing", "delivery", "praise"],
                       store="labels.sqlite", random_state=1)
session"""
MANY = """import hitl_widgets as hitl, numpy as np
rng = np.random.default_rng(0)
texts = [f"item number {i}" for i in range(400_000)]
session = hitl.Session(texts, X=rng.normal(size=(400_000, 8)).astype("float32"), classes=["a", "b"],
                       store="labels.sqlite")
hitl.Explorer(session)"""


def stored(folder: Path) -> int:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        [n] = connection.execute("select count(*) from label_event where kind = 'label'").fetchone()
    return int(n)


def opened(desk, **look):
    notebook, bench = desk.open(MAILS, "print(session.labels().set_index('id').label.to_dict())", **look)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    bench.focus()
    return notebook, bench


def lines(bench):
    return bench.explorer.locator(".hitl-line")


def numbers(bench) -> list[int]:
    """The numbers of the items that are listed on the screen, from the top."""
    return [
        int(re.search(r"number (\d+)", text)[1])
        for text in lines(bench).locator(".hitl-glimpse").all_inner_texts()
    ]


def current(bench):
    return bench.explorer.locator(".hitl-line[data-current]")


def test_lines_are_answered_one_after_the_other_by_keys_alone(desk):
    notebook, bench = opened(desk)
    bench.press("t")
    lines(bench).first.get_by_text("number").wait_for()
    bench.press("ArrowDown")
    seen = []
    for key in "123":
        heading = re.compile("^Selected, (not labelled yet|asked without a hint)")  # of the audit
        expect(bench.labeler.get_by_text(heading)).to_be_visible()
        text = current(bench).locator(".hitl-glimpse").inner_text()
        expect(bench.card).to_contain_text(text)
        seen.append(text)
        bench.press(key)
        expect(current(bench)).not_to_contain_text(text)
    bench.acknowledged()
    assert len(set(seen)) == 3
    assert stored(desk.folder) == 3
    first = lines(bench).first
    expect(first).to_contain_text("billing")
    bench.press("ArrowUp")
    expect(current(bench)).to_contain_text("praise")
    bench.press("z")
    bench.acknowledged()
    notebook.run(1)
    assert notebook.output(1).count("'billing'") == 1
    assert "'praise'" not in notebook.output(1)


def test_three_lines_are_left_out_of_what_was_found_before_it_is_labelled(desk):
    _, bench = opened(desk, width=1700)
    bench.press("t")
    bench.press("/")
    bench.page.keyboard.type("refund")
    bench.explorer.get_by_text("30 items selected of 30").wait_for()
    bench.page.keyboard.press("Enter")
    lines(bench).first.get_by_text("number").wait_for()
    for _ in range(3):
        bench.press("ArrowDown")
        bench.press(" ")
    bench.explorer.get_by_text("27 items selected of 30").wait_for()
    bench.card.get_by_text("27 items").wait_for()
    SHOTS.mkdir(exist_ok=True)
    bench.page.screenshot(path=SHOTS / "list.png")
    bench.press("1")
    bench.wait_labels(27)
    bench.acknowledged()
    expect(lines(bench).nth(0)).not_to_contain_text("billing")
    expect(lines(bench).nth(3)).to_contain_text("billing")
    # Nothing is selected any more, so what was left out is answered line by line.
    bench.explorer.get_by_text("30 items", exact=True).wait_for()
    bench.press("Home")
    expect(bench.card).to_contain_text(lines(bench).nth(0).locator(".hitl-glimpse").inner_text())
    bench.press("3")
    bench.wait_labels(28)
    expect(lines(bench).nth(0)).to_contain_text("praise")


def test_the_list_is_ordered_by_a_column_and_turned_around(desk):
    _, bench = opened(desk, width=1700)
    bench.explorer.get_by_role("button", name="List", exact=True).click()
    lines(bench).first.get_by_text("number").wait_for()
    order = bench.explorer.get_by_label("Order by")
    order.select_option("amount")
    expect(lines(bench).nth(0).locator(".hitl-glimpse")).to_contain_text(re.compile("number 0$"))
    expect(lines(bench).nth(1).locator(".hitl-glimpse")).to_contain_text(re.compile("number 73$"))
    shown = numbers(bench)
    assert [(37 * i) % 90 for i in shown] == list(range(len(shown)))
    bench.explorer.get_by_role("button", name=re.compile("turn around")).click()
    expect(lines(bench).nth(0).get_by_text("89", exact=True)).to_be_visible()


def test_a_click_a_box_and_a_range_with_shift(desk):
    _, bench = opened(desk)
    bench.press("t")
    lines(bench).first.get_by_text("number").wait_for()
    lines(bench).nth(2).click()
    expect(current(bench)).to_have_attribute("data-place", "2")
    lines(bench).nth(5).click(modifiers=["Shift"])
    bench.explorer.get_by_text("4 items selected of 90").wait_for()
    lines(bench).nth(3).get_by_role("checkbox").click()
    bench.explorer.get_by_text("3 items selected of 90").wait_for()
    bench.explorer.get_by_label("Select all listed items").check()
    bench.explorer.get_by_text("90 items selected of 90").wait_for()
    bench.explorer.get_by_label("Select all listed items").uncheck()
    bench.explorer.get_by_text("90 items", exact=True).wait_for()
    bench.press("t")
    bench.wait_map()
    assert bench.chosen() == 0


def test_a_selection_of_the_map_is_what_is_listed(desk):
    _, bench = opened(desk, dark=True, width=620)
    bench.lasso(0.5, 0.5, 0.45)
    n = bench.chosen()
    assert n > 3
    bench.press("t")
    bench.explorer.get_by_text(f"{n} items selected of {n}").wait_for()
    lines(bench).first.get_by_text("number").wait_for()
    SHOTS.mkdir(exist_ok=True)
    bench.page.screenshot(path=SHOTS / "list-narrow.png")
    bench.press("Escape")
    bench.explorer.get_by_text(f"{n} items", exact=True).wait_for()


def test_a_long_list_scrolls_to_its_end_and_has_few_lines_on_the_page(desk):
    notebook, bench = desk.open(MANY)
    notebook.run(0)
    bench.wait_map("pca")
    bench.explorer.get_by_role("button", name="List", exact=True).click()
    # Turned around, because the first order may be that of the table as well.
    bench.explorer.get_by_label("Order by").select_option("row")
    column = bench.explorer.get_by_role("columnheader", name="Item")
    expect(column).to_have_attribute("aria-sort", "ascending")
    bench.explorer.get_by_role("button", name=re.compile("turn around")).click()
    lines(bench).first.get_by_text("item number 399999").wait_for()
    bench.press("End")
    current(bench).get_by_text("item number 0", exact=True).wait_for()
    assert lines(bench).count() < 60
    bench.explorer.locator(".hitl-list-scroll").evaluate("e => { e.scrollTop = e.scrollHeight / 2 }")
    lines(bench).nth(8).get_by_text(re.compile("item number (19|20)\\d{4}")).wait_for()
    bench.press("Home")
    current(bench).get_by_text("item number 399999").wait_for()
