"""The Workbench takes the keys after its cell was run, but never from somebody who types."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WORDS = """import hitl_widgets as hitl
texts = [f"{thing} number {i}" for i in range(20) for thing in ("apple", "carrot")]
session = hitl.Session(texts, classes=["fruit", "root"], store="labels.sqlite", random_state=0)
session"""


def test_after_the_cell_was_run_the_first_key_labels(desk):
    notebook, bench = desk.open(WORDS, "1 + 1")
    notebook.cell(0).locator(".cm-content").click()
    notebook.page.keyboard.press("Shift+Enter")
    bench.wait_item()
    expect(bench.labeler).to_be_focused()
    bench.label("1")
    bench.acknowledged()
    assert bench.n_labels == 1


def test_keys_are_not_taken_from_a_person_who_types(desk):
    notebook, bench = desk.open(WORDS, "x = ")
    notebook.run(0, wait=False)
    editor = notebook.cell(1).locator(".cm-content")
    editor.click()
    notebook.page.keyboard.press("End")
    for _ in range(10):
        notebook.page.keyboard.type("1")
        notebook.page.wait_for_timeout(100)
    bench.wait_item()
    notebook.page.keyboard.type("2")
    expect(editor).to_have_text("x = 11111111112")
    expect(editor).to_be_focused()
    assert bench.n_labels == 0


# The top and bottom of an element, and whether its text is cut.
PLACE = """all => all.map(e => {
    const { top, bottom } = e.getBoundingClientRect();
    return [top, bottom, e.scrollWidth > e.clientWidth];
})"""
MANY = """import hitl_widgets as hitl
texts = [f"{thing} number {i}" for i in range(20) for thing in ("apple", "carrot")]
classes = [f"{area}/{i}" for area in ("billing", "bug", "sales", "legal") for i in range(11)] + ["Größe"]
session = hitl.Session(texts, classes=classes, store="labels.sqlite", random_state=0)
session"""


@pytest.mark.parametrize("width", [700, 1280])
def test_many_classes_are_in_sight_in_groups_with_the_recent_ones_first(desk, width):
    notebook, bench = desk.open(MANY, "print(session.labels().label.tolist())", width=width)
    notebook.run(0)
    bench.wait_item()
    buttons = bench.labeler.locator(".hitl-classes .hitl-class")
    expect(buttons).to_have_count(45)
    headings = bench.labeler.locator(".hitl-class-heading")
    expect(headings).to_have_text(["billing", "bug", "sales", "legal", "other"])
    box, places = bench.labeler.bounding_box(), buttons.evaluate_all(PLACE)
    assert max(bottom for _, bottom, _ in places) <= box["y"] + box["height"], "no class is out of sight"
    assert not any(cut for _, _, cut in places)

    recent = bench.labeler.locator(".hitl-recent .hitl-class")
    bench.focus()
    bench.label("2")
    expect(recent).to_have_text(["21"])
    before = buttons.evaluate_all(PLACE)
    bench.label("1")
    bench.label("2")
    expect(recent).to_have_text(["21", "10"])
    assert [top for top, *_ in buttons.evaluate_all(PLACE)] == [top for top, *_ in before], "nothing moves"
    row = bench.card.get_attribute("data-row")
    bench.page.wait_for_timeout(200)  # a click on what was just shown does not count
    recent.last.click()
    expect(bench.card).not_to_have_attribute("data-row", row)

    bench.press("Enter")
    field = bench.labeler.get_by_role("textbox", name="Find a class")
    expect(field).to_be_focused()
    bench.page.keyboard.type("grö")
    expect(buttons.filter(visible=True)).to_have_text(["Größe"])
    expect(headings.filter(visible=True)).to_have_text(["other"])
    bench.label("Enter")
    bench.acknowledged()
    expect(bench.labeler).to_be_focused()
    notebook.run(1)
    given = ["billing/1", "billing/0", "billing/1", "billing/0", "Größe"]
    assert str(sorted(given)) == str(sorted(eval(notebook.output(1))))


def test_a_question_mark_shows_the_keys_and_escape_hides_them(desk):
    notebook, bench = desk.open(WORDS)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    keys = bench.labeler.get_by_role("dialog", name="Keys")
    bench.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("more items like this one")
    bench.press("Escape")
    expect(keys).to_be_hidden()
    expect(bench.labeler).to_be_focused()
    bench.labeler.get_by_title("Show the keys").click()
    expect(keys).to_be_visible()
    keys.get_by_role("button", name="close").click()
    expect(keys).to_be_hidden()


OWN = """import hitl_widgets as hitl
texts = [f"{thing} number {i}" for i in range(20) for thing in ("apple", "carrot")]
session = hitl.Session(texts, classes=["fruit", "root", "leaf"], keys={"fruit": "j", "leaf": "\u00e9"},
                       annotator="ann", store="labels.sqlite", random_state=0)
session"""
GIVEN = "print(list(session.labels().sort_values('time').label), session.keys)"
# A key by its place on a French keyboard, where digits need Shift, and on the numpad.
PLACES = (("&", "Digit1"), ("\u00e9", "Digit2"), ("2", "Numpad2"), ("PageDown", "Numpad3"))
TYPE = """(e, [key, code]) => e.dispatchEvent(
    new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }))"""


def test_own_keys_label_and_are_changed_in_the_editor_for_this_person_only(desk):
    notebook, bench = desk.open(OWN, GIVEN)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    names = bench.labeler.locator(".hitl-class")
    expect(names).to_have_text(["Jfruit", "2root", "\u00c9leaf"])
    for key in ("j", "2"):
        bench.label(key)
    bench.labeler.get_by_text("Edit classes").click()
    field = bench.labeler.get_by_label("Key", exact=True)
    field.nth(1).fill("z")
    field.nth(1).press("Enter")
    refused = bench.labeler.locator(".hitl-edit-class").nth(1).get_by_role("alert")
    expect(refused).to_contain_text("The key 'z' for 'root' is taken: it undoes.")
    field.nth(1).fill("k")
    expect(refused).to_be_hidden()
    field.nth(1).press("Enter")
    expect(names).to_have_text(["Jfruit", "Kroot", "\u00c9leaf"])
    bench.labeler.get_by_text("Edit classes").click()
    bench.focus()
    bench.label("k")
    bench.monitor.get_by_text("3 labels of 40 items").wait_for()
    notebook.run(1)
    assert "['fruit', 'root', 'root'] {'fruit': 'j', 'root': 'k', 'leaf': '\u00e9'}" in notebook.output(1)

    # The cell that runs again keeps what was changed in the editor.
    notebook.run(0)
    bench.wait_item()
    expect(names).to_have_text(["Jfruit", "Kroot", "\u00c9leaf"])


def test_digits_label_by_their_place_where_the_layout_has_other_characters_there(desk):
    """French keyboards type "&", "\u00e9" without Shift; numpads without NumLock type arrows."""
    notebook, bench = desk.open(OWN.replace(', keys={"fruit": "j", "leaf": "\u00e9"}', ""), GIVEN)
    notebook.run(0)
    bench.wait_item()
    for place in PLACES:
        before = bench.card.get_attribute("data-row")
        bench.page.evaluate("() => new Promise(requestAnimationFrame)")
        bench.labeler.evaluate(TYPE, place)
        expect(bench.card).not_to_have_attribute("data-row", before)
    bench.acknowledged()
    notebook.run(1)
    assert "['fruit', 'root', 'root', 'leaf']" in notebook.output(1)
