"""The card of one item: long texts, the reason, the guess, and where the buttons are."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LONG = """import hitl_widgets as hitl, pandas as pd
long = " ".join(f"Sentence {i} of a long letter about parcels." for i in range(80))
names = ["a complaint about a late or a damaged parcel", "a question about the terms and conditions"]
mails = pd.DataFrame({"text": [f"{i} {('parcel', 'terms')[i % 2]} {long}" if i % 4 < 2 else f"short {i}"
                               for i in range(40)], "sender": "a.very.long.address@department.example.org"})
session = hitl.Session(mails, text="text", context="sender", classes=names, audit=0,
                       store="labels.sqlite", random_state=0)
session"""
TEACH = """for i in range(24): session.label(session.pool.ids[i], names[i % 2])
session.wait()"""
# Where the card ends, where the buttons start, and what is cut or sticks out.
PLACES = """e => {
    const at = name => e.querySelector(name).getBoundingClientRect();
    const names = ".hitl-question, .hitl-why, .hitl-context dd, .hitl-class-name";
    const cut = [...e.querySelectorAll(names)].filter(
        one => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
    const out = [...e.querySelectorAll("button")].filter(
        one => one.getBoundingClientRect().right > e.getBoundingClientRect().right);
    return { card: at(".hitl-card").bottom, classes: at(".hitl-classes").top,
             cut: cut.map(one => one.textContent), out: out.map(one => one.textContent) };
}"""


@pytest.mark.parametrize("width", [500, 1280])
def test_a_long_text_is_folded_and_scrolls_above_buttons_that_stay_where_they_are(desk, width):
    notebook, bench = desk.open(LONG, TEACH, width=width)
    notebook.run(0)
    bench.wait_item()
    notebook.run(1)
    bench.wait_labels(24)
    bench.focus()
    places = set()
    for _ in range(16):
        found = bench.labeler.evaluate(PLACES)
        assert found["cut"] == []
        assert found["out"] == []
        gap = found["classes"] - found["card"]
        assert 0 < gap < 60, "the buttons are right below the item"
        folded = bench.card.locator(".hitl-text-folded").count() > 0
        places.add((folded, round(found["classes"])))
        if folded and bench.labeler.locator(".hitl-shares > span").count():
            break
        bench.label("s")
    else:
        raise AssertionError("no long text with a guess was asked")
    assert len({place for folded, place in places if not folded}) <= 1

    words = bench.labeler.locator(".hitl-guess > .hitl-number").inner_text()
    assert words.startswith("Model: a ")
    assert " %" in words
    expect(bench.labeler.locator(".hitl-why")).to_contain_text("etween")
    card, button = bench.card, bench.labeler.locator(".hitl-class").first
    before = button.bounding_box()
    expect(card.get_by_role("button", name="show all")).to_be_visible()
    assert card.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
    bench.press(" ")
    expect(card.get_by_role("button", name="show all")).to_be_hidden()
    assert card.evaluate("e => e.scrollHeight > e.clientHeight + 100")
    assert button.bounding_box() == before
    bench.press(" ")
    assert card.evaluate("e => e.scrollTop") > 0, "Space goes on reading"
