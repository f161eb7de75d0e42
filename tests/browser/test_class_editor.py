"""The question is changed in the widget while it is answered, and the history is used."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

SMALL = """import hitl_widgets as hitl
texts = [f"{word} number {i}" for i in range(40) for word in ("apple", "river", "stone")]
session = hitl.Session(texts, classes=["fruit", "water"], audit=0, random_state=1)
session"""
KNOWN = "print([c.name for c in session.classes], [c.name for c in session.classes.retired])"


def wait_names(bench, *expected):
    bench.page.wait_for_function(
        """expected => {
            const found = [...document.querySelectorAll(".hitl-labeler button.hitl-class .hitl-class-name")];
            return JSON.stringify(found.map(e => e.textContent)) === JSON.stringify(expected);
        }""",
        arg=list(expected),
    )


def begun(desk):
    """Four labels, with the class editor open."""
    notebook, bench = desk.open(SMALL, KNOWN, width=1280)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map()
    bench.focus()
    for key in "1212":
        bench.label(key)
    bench.acknowledged()
    editor = bench.page.locator(".hitl-edit")
    editor.locator("summary").click()
    SHOTS.mkdir(exist_ok=True)
    return notebook, bench, editor


def test_classes_are_added_renamed_and_split_from_the_card_and_undone(desk):
    _, bench, editor = begun(desk)
    bench.page.screenshot(path=SHOTS / "classes.png")

    editor.get_by_placeholder("New class").fill("mineral")
    editor.get_by_placeholder("New class").press("Enter")
    wait_names(bench, "fruit", "water", "mineral")
    # A key typed into a field is text and labels nothing.
    assert bench.n_labels == 4
    editor.get_by_label("Name").nth(1).fill("river 1")
    editor.get_by_label("Name").nth(1).press("Enter")
    wait_names(bench, "fruit", "river 1", "mineral")
    bench.focus()
    bench.label("3")
    bench.wait_labels(5)

    row = editor.locator("li").nth(0)
    row.get_by_label("Guidance, merge, split, retire").click()
    row.get_by_label("Guidance", exact=True).fill("grows on trees")
    row.get_by_placeholder("Split into").fill("apple, pear")
    bench.page.screenshot(path=SHOTS / "classes-open.png")
    row.get_by_placeholder("Split into").press("Enter")
    wait_names(bench, "apple", "pear", "river 1", "mineral")
    bench.wait_labels(3)
    bench.focus()
    bench.press("z")
    wait_names(bench, "fruit", "river 1", "mineral")
    bench.wait_labels(5)
    assert bench.page.locator(".hitl-guide dd > div").first.text_content() == "grows on trees"


def test_classes_are_merged_retired_and_offered_again_and_the_cell_run_again_keeps_them(desk):
    notebook, bench, editor = begun(desk)
    editor.get_by_placeholder("New class").fill("mineral")
    editor.get_by_placeholder("New class").press("Enter")
    wait_names(bench, "fruit", "water", "mineral")
    editor.locator("li").nth(2).get_by_label("Guidance, merge, split, retire").click()
    editor.locator("li").nth(2).get_by_label("Merge into").select_option("water")
    wait_names(bench, "fruit", "water")
    bench.focus()
    bench.press("z")
    wait_names(bench, "fruit", "water", "mineral")
    editor.locator("li").nth(2).get_by_label("Guidance, merge, split, retire").click()
    editor.locator("li").nth(2).get_by_label("Stop offering this class").click()
    wait_names(bench, "fruit", "water")
    notebook.run(1)
    assert notebook.output(1).strip() == "['fruit', 'water'] ['mineral']"
    editor.get_by_label("Offer mineral again").click()
    wait_names(bench, "fruit", "water", "mineral")

    # Running the unchanged cell again undoes none of the changes.
    notebook.run(0)
    bench.wait_item()
    wait_names(bench, "fruit", "water", "mineral")
    bench.wait_labels(4)


def test_what_cannot_be_is_said_and_the_field_is_as_it_was(desk):
    notebook, bench = desk.open(SMALL, width=1280)
    notebook.run(0)
    bench.wait_item()
    editor = bench.page.locator(".hitl-edit")
    editor.locator("summary").click()
    name = editor.get_by_label("Name").nth(0)
    name.fill("water")
    name.press("Enter")
    words = "There is already a class 'water': to combine them, use merge."
    why = editor.get_by_role("alert").get_by_text(words)
    why.wait_for()
    bench.page.screenshot(path=SHOTS / "class-refused.png")
    name.press("Escape")
    why.wait_for(state="hidden")
    assert name.input_value() == "fruit"
    assert bench.labeler.locator(".hitl-held-line").count() == 0, "nothing is held"
    wait_names(bench, "fruit", "water")
