"""What an analyst does most, in no more keys and clicks than it may cost."""

from __future__ import annotations

import contextlib
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MAILS = """import hitl_widgets as hitl, pandas as pd, numpy as np
words = ["refund the invoice", "parcel came late", "thank you so much"]
mails = pd.DataFrame({"text": [f"{words[i % 3]}, number {i}" for i in range(90)],
                      "id": [f"M-{i:02d}" for i in range(90)], "sender": ["ann", "bob"] * 45,
                      "date": [f"2026-{i % 12 + 1:02d}-01" for i in range(90)],
                      "topic": [None] * 84 + ["billing", "delivery", "praise"] * 2})
X = np.random.default_rng(0).normal(size=(90, 5)) * .4 + 6 * np.eye(5)[np.arange(90) % 3]
session = hitl.Session(mails, text="text", id="id", X=X, classes=["billing", "delivery", "praise"],
                       context=["sender", "date"], labels="topic", store="labels.sqlite", random_state=1)
session"""
COUNTS = "print(session.labels().set_index('id').label.to_dict())"


class Hand:
    """Counts keys and clicks; typing a word counts as one."""

    def __init__(self, bench) -> None:
        self.bench, self.keys, self.clicks = bench, 0, 0

    def press(self, key: str) -> None:
        self.keys += 1
        self.bench.press(key)

    def type(self, words: str) -> None:
        self.keys += 1
        self.bench.page.keyboard.type(words)

    def click_at(self, where, modifier: str) -> None:
        """Click the middle of something that may be drawn anew, while a modifier is held."""
        self.clicks += 1
        box = where.bounding_box()
        self.bench.page.keyboard.down(modifier)
        self.bench.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.bench.page.keyboard.up(modifier)

    def click(self, what, **how) -> None:
        self.clicks += 1
        what.click(**how)

    @contextlib.contextmanager
    def within(self, keys: int, clicks: int = 0):
        """A task that may cost so many keys and clicks."""
        self.keys = self.clicks = 0
        yield
        assert (self.keys, self.clicks) <= (keys, clicks)
        assert self.clicks <= clicks


@pytest.fixture
def opened(desk):
    notebook, bench = desk.open(MAILS, COUNTS)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)

    def labels() -> dict[str, str]:
        bench.acknowledged()
        notebook.run(1)
        return eval(notebook.output(1))

    return Hand(bench), bench, labels


def field(bench):
    return bench.explorer.get_by_role("textbox", name="Find items")


def test_one_item_after_the_other(opened):
    hand, bench, labels = opened
    bench.wait_labels(6)  # those of the column
    assert labels() == {f"M-{i}": ["billing", "delivery", "praise"][i % 3] for i in range(84, 90)}
    bench.focus()

    expect(bench.card).to_contain_text("sender")
    with hand.within(keys=1):  # label the suggested item
        before = bench.card.get_attribute("data-row")
        hand.press("1")
        expect(bench.card).not_to_have_attribute("data-row", before)

    tenth = int(before)
    for key in "1231231231":
        bench.label(key)
    bench.wait_labels(17)
    with hand.within(keys=12):  # relabel the item labelled ten labels ago
        for _ in range(11):
            hand.press("ArrowUp")
        expect(bench.card).to_have_attribute("data-row", str(tenth))
        hand.press("3")
    expect(bench.card).not_to_have_attribute("data-row", str(tenth))
    assert labels()[f"M-{tenth:02d}"] == "praise"
    bench.focus()
    with hand.within(keys=12):  # remove an older label; the relabelled item is the newest now
        hand.press("ArrowUp")
        expect(bench.card).to_have_attribute("data-row", str(tenth))
        hand.press("Delete")
    bench.wait_labels(16)
    assert f"M-{tenth:02d}" not in labels()

    with hand.within(keys=0):  # know how good it is
        expect(bench.monitor.get_by_role("status")).to_contain_text("accuracy")


def test_many_items_at_once(opened):
    hand, bench, labels = opened
    bench.focus()
    with hand.within(keys=4):  # find all items with a word, and label them
        hand.press("/")
        hand.type("refund")
        hand.press("Enter")
        bench.card.get_by_text("30 items").wait_for()
        hand.press("1")
    bench.wait_labels(34)
    assert sum(label == "billing" for label in labels().values()) == 30

    with hand.within(keys=1, clicks=2):  # a group of the map
        hand.click(bench.explorer.locator("button[data-tool=cluster]"))
        name = bench.explorer.locator(".hitl-group text", has_text=re.compile("parcel|late|came")).first
        hand.click(name)
        bench.card.get_by_text("30 items").wait_for()
        bench.focus()
        hand.press("2")
    bench.wait_labels(62)
    assert sum(label == "delivery" for label in labels().values()) == 30

    bench.focus()
    with hand.within(keys=3):  # open an item by its id
        hand.press("/")
        hand.type("M-05")
        hand.press("Enter")
        expect(bench.card).to_contain_text("thank you so much, number 5")
    with hand.within(keys=2):  # more like this
        hand.press("m")
        expect(field(bench)).to_have_value("like:M-05 unlabelled")
        bench.explorer.get_by_text(re.compile(r"^\d\d items found")).wait_for()
        alike = bench.chosen()
        hand.press("3")
    bench.wait_labels(62 + alike)
    assert set(labels().values()) == {"billing", "delivery", "praise"}


def test_looking_back(opened):
    hand, bench, labels = opened
    bench.focus()
    for words, key in (("refund", "1"), ("parcel", "2"), ("thank", "3")):
        bench.press("/")
        bench.page.keyboard.type(f"{words} -id:M-06")
        bench.press("Enter")
        bench.explorer.get_by_text(re.compile("^(29|30) items found")).wait_for()
        bench.card.get_by_text(words).first.wait_for()
        bench.press(key)
    bench.wait_labels(89)
    bench.press("/")
    bench.page.keyboard.type("M-06")
    bench.press("Enter")
    bench.explorer.get_by_text("1 item found").wait_for()
    expect(bench.card).to_contain_text("number 6")
    bench.press("2")
    bench.wait_labels(90)
    bench.monitor.get_by_text("model up to date").wait_for()
    with hand.within(keys=0, clicks=1):  # what the model got wrong
        hand.click(bench.monitor.get_by_title("Click to see the items whose label the model contradicts"))
        expect(bench.explorer.locator(".hitl-line")).to_have_count(1)
        expect(bench.explorer.locator(".hitl-line")).to_contain_text("number 6")
    with hand.within(keys=0, clicks=1):  # review one class
        hand.click(bench.monitor.locator(".hitl-balance").get_by_role("button", name="praise"))
        bench.explorer.get_by_text("30 items found").wait_for()
    bench.explorer.get_by_role("button", name="Map", exact=True).click()
    with hand.within(keys=0, clicks=1):  # only the unlabelled
        hand.click(bench.explorer.locator(".hitl-legend").get_by_role("button", name="Labelled").first)
    assert labels()["M-06"] == "delivery"


def test_a_selection_in_parts_and_the_keys(opened):
    hand, bench, labels = opened
    with hand.within(keys=0):  # start from a half-filled label column
        bench.wait_labels(6)
    with hand.within(keys=0):  # see text and date and sender together
        row = int(bench.card.get_attribute("data-row"))
        for words in ("number", ["ann", "bob"][row % 2], f"2026-{row % 12 + 1:02d}-01"):
            expect(bench.card).to_contain_text(words)

    bench.labeler.get_by_text("Edit classes").wait_for()
    with hand.within(keys=2, clicks=2):  # change a key
        hand.click(bench.labeler.get_by_text("Edit classes"))
        hand.click(bench.labeler.get_by_label("Key", exact=True).nth(2))
        hand.type("j")
        hand.press("Enter")
        expect(bench.labeler.locator(".hitl-class").nth(2)).to_have_text("Jpraise")
    bench.labeler.get_by_text("Edit classes").click()

    size, members = bench.card.locator(".hitl-bulk-all"), bench.card.locator(".hitl-member")
    bench.box(0.01, 0.01, 0.99, 0.99)
    expect(size).to_have_text("90 items")
    with hand.within(keys=0, clicks=3):  # exclude three members before labeling
        for place in range(3):
            hand.click(members.nth(place))
        expect(size).to_have_text("87 of 90 items")
    bench.focus()
    with hand.within(keys=6):  # the same with Space, and back
        for key in ("ArrowDown", "Space", "ArrowDown", "Space", "ArrowDown", "Space"):
            hand.press(key)
        expect(size).to_have_text("84 of 90 items")
    with hand.within(keys=2):  # look at one of them, and return to the selection
        hand.press("ArrowRight")
        expect(bench.card).to_contain_text("sender")
        hand.press("Escape")
        expect(size).to_have_text("84 of 90 items")
        expect(bench.card.locator(".hitl-member[data-current]")).to_have_attribute("data-place", "5")

    bench.press("1")
    bench.acknowledged()
    bench.focus()
    with hand.within(keys=2, clicks=1):  # undo a selection, and label it again without one group
        hand.press("z")
        expect(size).to_have_text("84 of 90 items")
        hand.click_at(bench.explorer.locator(".hitl-group text").first, "Alt")
        expect(size).not_to_have_text("84 of 90 items")
        left = bench.chosen()
        bench.focus()
        hand.press("j")
    bench.acknowledged()
    assert sum(label == "praise" for label in labels().values()) >= left > 40

    with hand.within(keys=0):  # know how good it is after 40 labels
        expect(bench.monitor.get_by_role("status")).to_contain_text(
            re.compile(r"accuracy (about )?[01]\.\d\d.*(provisional|audited)")
        )
        expect(bench.monitor.locator(".hitl-advice")).to_contain_text("Label more to see")
