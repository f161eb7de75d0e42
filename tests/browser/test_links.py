"""Figures that show the items behind them, the walk through the history, and removing labels."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MAILS = """import hitl_widgets as hitl, pandas as pd, numpy as np
words = ["refund the invoice", "parcel came late", "thank you so much"]
mails = pd.DataFrame({"text": [f"{words[i % 3]}, number {i}" for i in range(90)],
                      "id": [f"M-{i:02d}" for i in range(90)]})
X = np.random.default_rng(0).normal(size=(90, 5)) * .4 + 6 * np.eye(5)[np.arange(90) % 3]
session = hitl.Session(mails, text="text", id="id", X=X, classes=["billing", "late delivery", "praise"],
                       store="labels.sqlite", random_state=1)
session"""
TEACH = """for i in range(30): session.label(f"M-{i:02d}", ["billing", "late delivery", "praise"][i % 3])
session.label("M-12", "praise"); session.label("M-30", "billing")
session.wait()"""


def opened(desk, *cells):
    notebook, bench = desk.open(MAILS, *cells)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    for i, _ in enumerate(cells):
        notebook.run(1 + i)
    bench.focus()
    return notebook, bench


def events(folder: Path) -> list[tuple[str, int]]:
    """Item of every label event, and 1 if it removes a label."""
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        query = (
            "select json_extract(body, '$.item_ids[0]'), json_extract(body, '$.value') is null"
            " from label_event where kind = 'label' order by seq"
        )
        return connection.execute(query).fetchall()


def field(bench):
    return bench.explorer.get_by_role("textbox", name="Find items")


def test_figures_of_the_monitor_show_the_items_behind_them(desk):
    _, bench = opened(desk, TEACH)
    bench.wait_labels(31)
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.monitor.locator(".hitl-balance").get_by_role("button", name="late delivery").click()
    expect(field(bench)).to_have_value('class:"late delivery"')
    bench.explorer.get_by_text("10 items found").wait_for()
    assert bench.chosen() == 10
    bench.monitor.get_by_role("button", name="31 labels").click()
    bench.explorer.get_by_text("31 items found").wait_for()

    bench.monitor.get_by_title("Click to see the items whose label the model contradicts").click()
    expect(field(bench)).to_have_value("disagrees")
    line = bench.explorer.locator(".hitl-line")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("praise ≠ billing")
    expect(line).to_contain_text("number 12")
    expect(bench.explorer.get_by_label("Order by")).to_have_value("confidence")


def test_a_point_of_the_learning_curve_shows_the_items_labelled_since_the_one_before(desk):
    audited = MAILS.replace("random_state=1", "random_state=1, audit=1")
    teach = """words = ["billing", "late delivery", "praise"]
for i in session.query(20): session.label(i, words[int(i[2:]) % 3])
session.wait()"""
    notebook, bench = desk.open(audited, teach)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    notebook.run(1)
    points = bench.monitor.locator(".hitl-curve .mark-symbol path")
    expect(points).to_have_count(4)  # after 5, 10, 15 and 20 labels
    points.nth(2).click()
    bench.card.get_by_text("5 items").wait_for()
    assert bench.chosen() == 5


def test_more_like_this_selects_what_is_near_and_one_key_labels_it(desk):
    _, bench = opened(desk, TEACH)
    bench.wait_labels(31)
    bench.wait_item()
    like = bench.shown().split(",")[0]
    bench.focus()
    bench.press("m")
    bench.explorer.get_by_text("50 items found").wait_for()
    assert field(bench).input_value().startswith("like:M-")
    bench.press("t")
    first = bench.explorer.locator(".hitl-line").first
    expect(first).to_contain_text(like)
    for line in bench.explorer.locator(".hitl-line").all()[:8]:
        expect(line).to_contain_text(like)
    expect(bench.explorer.get_by_label("Order by")).to_have_value("found")
    bench.card.get_by_text("50 items").wait_for()
    bench.press("1")
    bench.wait_labels(81)


def test_arrow_up_walks_through_the_labels_and_a_class_key_corrects_one(desk):
    notebook, bench = opened(desk, "print(dict(sorted(session.labels().label.value_counts().items())))")
    shown = []
    for key in "123123123123":
        shown.append(bench.shown())
        bench.label(key)
    asked = bench.shown()
    for words in reversed(shown[-3:]):
        bench.press("ArrowUp")
        expect(bench.card).to_contain_text(words)
    bench.press("ArrowDown")
    expect(bench.card).to_contain_text(shown[-2])
    bench.press("ArrowDown")
    expect(bench.card).to_contain_text(shown[-1])
    bench.press("ArrowDown")
    expect(bench.card).to_contain_text(asked)

    for _ in range(10):  # as fast as the keyboard repeats
        bench.page.keyboard.press("ArrowUp")
    expect(bench.card).to_contain_text(shown[-10])
    expect(bench.labeler.locator(".hitl-reason")).to_have_text("From the history, labelled praise")
    bench.press("1")
    expect(bench.card).to_contain_text(asked)
    bench.acknowledged()
    assert events(desk.folder)[-1] == (f"M-{int(shown[-10].split()[-1]):02d}", 0)
    notebook.run(1)
    assert "'billing': 5, 'late delivery': 4, 'praise': 3" in notebook.output(1)
    assert bench.n_labels == 12, "a correction adds no label"


def test_before_the_first_act_and_without_a_label_nothing_happens(desk):
    _, bench = opened(desk)
    asked = bench.shown()
    bench.press("ArrowUp")
    expect(bench.labeler.get_by_text("You have not labelled anything yet")).to_be_attached()
    bench.press("Delete")
    expect(bench.labeler.get_by_role("button", name="no label")).to_be_hidden()
    bench.label("1")
    bench.acknowledged()
    for _ in range(4):
        bench.press("ArrowUp")
    expect(bench.card).to_contain_text(asked)
    assert len(events(desk.folder)) == 1


def test_delete_removes_a_label_and_undo_brings_it_back(desk):
    _, bench = opened(desk, TEACH)
    bench.wait_labels(31)
    bench.press("ArrowUp")
    expect(bench.card).to_contain_text("number 30")
    bench.press("Delete")
    bench.wait_labels(30)
    bench.acknowledged()
    assert events(desk.folder)[-1] == ("M-30", 1)
    bench.press("z")
    bench.wait_labels(31)

    bench.monitor.locator(".hitl-balance").get_by_role("button", name="billing").click()
    bench.explorer.get_by_text("10 items found").wait_for()
    bench.card.get_by_text("10 items").wait_for()
    bench.page.wait_for_timeout(200)  # a click on what was just shown does not count
    bench.labeler.get_by_role("button", name="no label").click()
    bench.wait_labels(21)
    bench.focus()
    bench.press("z")
    bench.wait_labels(31)
    assert bench.chosen() == 10, "the selection is back"


def test_the_legend_hides_what_is_clicked_and_a_lasso_leaves_it_out(desk):
    _, bench = opened(desk, TEACH)
    bench.wait_labels(31)
    bench.monitor.get_by_text("model up to date").wait_for()
    legend = bench.explorer.get_by_role("group", name="Legend")
    expect(legend.get_by_role("button", name="Labelled 31")).to_be_visible()
    before = bench.pixels()
    legend.get_by_role("button", name="Labelled 31").click()
    bench.page.wait_for_function(
        "before => document.querySelector('.hitl-chart canvas').toDataURL() !== before", arg=before
    )
    bench.box(0.01, 0.01, 0.99, 0.99)
    assert bench.chosen() == 59, "only the unlabelled are selected"
    bench.card.get_by_text("59 items").wait_for()
    expect(bench.card).not_to_contain_text("already labelled")
    bench.explorer.get_by_role("button", name="clear").click()
    legend.get_by_role("button", name="show all").click()
    bench.box(0.01, 0.01, 0.99, 0.99)
    assert bench.chosen() == 90


def test_a_selection_is_narrowed_to_the_unlabelled_and_to_what_the_model_says(desk):
    _, bench = opened(desk, TEACH)
    bench.wait_labels(31)
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.box(0.01, 0.01, 0.99, 0.99)
    assert bench.chosen() == 90
    told = bench.card.locator(".hitl-bulk-labels")
    expect(told).to_have_text(
        "31 already labelled: praise (11), billing (10), late delivery (10). A new label replaces yours."
    )
    bench.labeler.locator("[data-class=praise]").hover()
    expect(told).to_have_text("praise: 11 have this label, 20 of another class will be replaced, 59 are new")
    bench.card.get_by_role("button", name="unlabelled 59").click()
    bench.card.get_by_text("59 items").wait_for()
    assert bench.chosen() == 59
    predicted = bench.card.get_by_role("button", name="late delivery")
    n = int(predicted.inner_text().split()[-1])
    predicted.click()
    bench.card.get_by_text(f"{n} items").wait_for()
    assert bench.chosen() == n < 30
    bench.card.get_by_role("button", name="all 59 again").click()
    bench.card.get_by_text("59 items").wait_for()
    assert bench.chosen() == 59
    bench.card.locator(".hitl-mix > :first-child").click()
    bench.card.get_by_role("button", name="all 59 again").wait_for()
    n = bench.chosen()
    assert 0 < n < 59
    bench.focus()
    bench.press("t")
    expect(bench.explorer.locator(".hitl-line[aria-selected=true]").first).to_be_visible()
    bench.focus()
    bench.press("2")
    bench.wait_labels(31 + n)
    bench.press("z")
    bench.wait_labels(31)
    words = bench.explorer.locator(".hitl-list-all [role=status]")
    expect(words).to_have_text(f"{n} items selected of {n}")


def test_items_are_excluded_in_the_list_of_a_selection_and_undo_gives_it_back(desk):
    """As shared/research/tasks.md: three clicks, or three Space presses, exclude three members."""
    notebook, bench = opened(desk, TEACH, "print(session.n_labels)")
    bench.wait_labels(31)
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.box(0.01, 0.01, 0.99, 0.99)
    size, members = bench.card.locator(".hitl-bulk-all"), bench.card.locator(".hitl-member")
    expect(size).to_have_text("90 items")
    for place in range(3):
        members.nth(place).click()
    expect(size).to_have_text("87 of 90 items")
    assert bench.chosen() == 87
    # The summary follows what is left.
    pale = "all => all.filter(e => e.ariaSelected === 'false' && e.querySelector('.hitl-pale')).length"
    told = f"{31 - 3 + members.evaluate_all(pale)} already"
    expect(bench.card.locator(".hitl-bulk-labels")).to_contain_text(told)
    for key in ("ArrowDown", "Space", "ArrowDown", "Space", "Shift+ArrowDown"):
        bench.press(key)
    expect(size).to_have_text("84 of 90 items")
    assert bench.chosen() == 84

    bench.press("3")
    bench.acknowledged()
    bench.focus()
    bench.press("z")
    expect(size).to_have_text("84 of 90 items")
    assert bench.chosen() == 84
    bench.wait_labels(31)
    # Without one group, and again.
    group = bench.explorer.locator(".hitl-group text").first.bounding_box()
    bench.page.keyboard.down("Alt")
    bench.page.mouse.click(group["x"] + group["width"] / 2, group["y"] + group["height"] / 2)
    bench.page.keyboard.up("Alt")
    expect(size).not_to_have_text("84 of 90 items")
    n = bench.chosen()
    assert 0 < n < 84
    expect(size).to_have_text(f"{n} items")
    bench.focus()
    bench.press("3")
    bench.acknowledged()
    notebook.run(2)
    assert int(notebook.output(2)) == bench.n_labels < 90


def test_the_map_says_what_a_label_did_and_takes_it_back(desk):
    _, bench = opened(desk, TEACH)
    bench.wait_labels(31)
    bench.box(0.01, 0.01, 0.99, 0.99)
    bench.card.get_by_role("button", name="unlabelled 59").click()
    bench.card.get_by_text("59 items").wait_for()
    bench.focus()
    bench.press("3")
    bench.wait_labels(90)
    bench.explorer.get_by_text("59 items labelled praise").wait_for()
    bench.explorer.get_by_role("button", name="undo").click()
    bench.wait_labels(31)


def test_after_undo_the_selection_shows_what_the_model_says_now(desk):
    _, bench = opened(desk, TEACH)
    bench.wait_labels(31)
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.press("/")
    bench.page.keyboard.type("unlabelled")
    bench.press("Enter")
    bench.explorer.get_by_text("59 items found").wait_for()
    predicted = bench.card.locator(".hitl-bulk-only button", has_text="late delivery")
    predicted.wait_for()
    before = predicted.inner_text()
    bench.press("1")
    bench.wait_labels(90)
    bench.monitor.get_by_text("model up to date").wait_for()
    bench.press("z")
    bench.wait_labels(31)
    bench.card.get_by_text("59 items").wait_for()
    expect(predicted).to_have_text(before)
