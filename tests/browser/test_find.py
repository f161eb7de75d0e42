"""Finding items by what is typed, and labeling what was found."""

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
                      "n": range(90), "id": [f"M-{i:02d}" for i in range(90)]})
session = hitl.Session(mails, text="text", id="id", classes=["billing", "delivery", "praise"],
                       store="labels.sqlite", random_state=1)
session"""


def selections(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        query = "select json_extract(body, '$.selection') from label_event where kind = 'label' order by seq"
        return [row for (row,) in connection.execute(query)]


def opened(desk, **look):
    notebook, bench = desk.open(MAILS, "print(session.labels().label.value_counts().to_dict())", **look)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    bench.focus()
    return notebook, bench


def field(bench):
    return bench.explorer.get_by_role("textbox", name="Find items")


def type_in(bench, words: str) -> None:
    """Press the key of the field, and type."""
    bench.press("/")
    expect(field(bench)).to_be_focused()
    bench.page.keyboard.type(words)


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 620)])
def test_a_word_enter_and_a_class_label_every_item_with_it(desk, dark, width):
    notebook, bench = opened(desk, dark=dark, width=width)
    plot = bench.explorer.locator(".hitl-plot")
    bench.explorer.get_by_role("button", name="Not labelled 90").wait_for()
    before = plot.bounding_box()
    type_in(bench, "refund n>=30")
    bench.explorer.get_by_text("20 items found").wait_for()
    bench.explorer.get_by_text("refund 30 · n>=30 60").wait_for()
    assert plot.bounding_box() == before, "the map stays where it is"
    assert bench.chosen() == 20
    SHOTS.mkdir(exist_ok=True)
    bench.page.screenshot(path=SHOTS / f"find-{width}.png")
    bench.page.keyboard.press("Enter")
    expect(field(bench)).not_to_be_focused()
    bench.card.get_by_text("20 items").wait_for()
    bench.press("1")
    bench.acknowledged()
    expect(field(bench)).to_have_value("")
    assert bench.chosen() == 0
    assert selections(desk.folder) == ["search"]
    notebook.run(1)
    assert notebook.output(1).strip() == "{'billing': 20}"
    bench.focus()
    type_in(bench, "class:billing")
    bench.explorer.get_by_text("20 items found").wait_for()


def test_an_id_opens_the_item(desk):
    _, bench = opened(desk)
    type_in(bench, "M-41")
    bench.page.keyboard.press("Enter")  # before the answer: the keys are given away when it comes
    expect(field(bench)).not_to_be_focused()
    bench.card.get_by_text("thank you so much, number 41").wait_for()
    bench.press("3")
    bench.acknowledged()
    assert selections(desk.folder) == ["clicked"]


def test_what_cannot_be_found_is_said_and_escape_gives_the_keys_back(desk):
    _, bench = opened(desk)
    type_in(bench, "clas:billing")
    bench.explorer.get_by_role("alert").get_by_text("Did you mean 'class'?").wait_for()
    bench.page.keyboard.press("Enter")
    expect(field(bench)).to_be_focused()
    field(bench).fill("nowhere 12")
    bench.explorer.get_by_text("0 items found").wait_for()
    assert bench.chosen() == 0
    bench.page.keyboard.press("Escape")
    expect(field(bench)).to_have_value("")
    bench.label("1")
    bench.acknowledged()
    assert bench.n_labels == 1


def test_choosing_otherwise_empties_the_field(desk):
    _, bench = opened(desk)
    type_in(bench, "parcel")
    bench.explorer.get_by_text("30 items found").wait_for()
    bench.box(0.01, 0.01, 0.99, 0.99)
    expect(field(bench)).to_have_value("")
    bench.explorer.get_by_text(re.compile("found")).wait_for(state="hidden")
    assert bench.chosen() > 0


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 620)])
def test_a_search_is_kept_as_a_slice_with_its_counts_in_the_monitor(desk, dark, width):
    _, bench = opened(desk, dark=dark, width=width)
    type_in(bench, "refund n>=30")
    bench.explorer.get_by_text("20 items found").wait_for()
    bench.explorer.get_by_role("button", name="Keep", exact=True).click()
    name = bench.explorer.get_by_role("textbox", name="Name of the slice")
    expect(name).to_be_focused()
    bench.page.screenshot(path=SHOTS / f"slice-{width}-{'dark' if dark else 'light'}.png")
    name.fill("late refunds")
    name.press("Enter")
    row = bench.monitor.locator(".hitl-slices > li").filter(has_text="late refunds")
    expect(row).to_contain_text("20 items, 0 labelled")
    bench.page.screenshot(path=SHOTS / f"slices-{width}-{'dark' if dark else 'light'}.png")
    bench.monitor.get_by_role("button", name="late refunds", exact=True).click()
    bench.explorer.get_by_text("20 items found").wait_for()
    expect(field(bench)).to_have_value('slice:"late refunds"')
    bench.focus()
    bench.press("1")
    expect(row).to_contain_text("20 items, 20 labelled")
    bench.monitor.get_by_role("button", name="Remove the slice late refunds").click()
    expect(row).to_have_count(0)
    bench.monitor.get_by_role("button", name="undo", exact=True).click()
    expect(row).to_contain_text("20 items, 20 labelled")
