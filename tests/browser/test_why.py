"""Why the model guesses what it guesses: by key, in the text, and as labels nearby that open."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# Every other mail has the telling words; a graph is built, so that labels nearby are listed.
MAIL = """import hitl_widgets as hitl
mail = [f"{'free money' if i % 2 else 'lunch today'} and number {i} of them" for i in range(120)]
session = hitl.Session(mail, classes=["spam", "ham"], store="labels.sqlite", audit=0, embed=__import__(
    "sklearn.feature_extraction.text", fromlist=["x"]).TfidfVectorizer())
for i in range(20): session.label([session.pool.ids[i]], "spam" if i % 2 else "ham")
session.wait(); session"""


def test_the_reasons_are_shown_by_key_in_words_and_in_the_text(desk) -> None:
    notebook, bench = desk.open(MAIL)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    labeler, page = bench.labeler, notebook.page
    reasons = labeler.locator(".hitl-because")
    # The first items may be asked without a hint.
    item = labeler.locator(".hitl-card")
    labeler.evaluate("e => e.focus({ preventScroll: true })")
    page.keyboard.press("Shift+W")
    expect(reasons).to_be_visible()
    said = reasons.locator(".hitl-because-head, .hitl-because-body > span:not(.hitl-faint)").first
    said.wait_for()
    while not reasons.locator(".hitl-because-head").count():
        before = item.text_content()
        page.keyboard.press("s")
        expect(item).not_to_have_text(before)
        page.keyboard.press("Shift+W")
        said.wait_for()
    expect(reasons.locator(".hitl-because-head")).to_contain_text("rather than")
    expect(reasons).to_contain_text("free" if "free" in item.text_content() else "lunch")
    # The words are underlined where they are.
    underlined = page.evaluate(
        "[...CSS.highlights].filter(([name]) => name.startsWith('hitl-why'))"
        ".flatMap(([, all]) => [...all].map(String))"
    )
    assert {"free", "money"} & set(underlined) or {"lunch", "today"} & set(underlined)
    place = labeler.locator(".hitl-class").first.bounding_box()
    page.keyboard.press("Shift+W")
    expect(reasons).to_be_hidden()
    # The buttons stay where they are.
    assert labeler.locator(".hitl-class").first.bounding_box()["y"] == pytest.approx(place["y"], abs=1)
    assert page.evaluate(
        "[...CSS.highlights].filter(([n]) => n.startsWith('hitl-why')).every(([, a]) => !a.size)"
    )
    # For each item: the next one is explained by itself.
    page.keyboard.press("Shift+W")
    reasons.get_by_role("checkbox").check()
    labeler.evaluate("e => e.focus({ preventScroll: true })")
    before = item.text_content()
    page.keyboard.press("s")
    expect(item).not_to_have_text(before)
    said.wait_for()
