"""The trust section of the Monitor, the doubtful labels on the card, and their colours on the map."""

from __future__ import annotations

import re

import pytest
from lab import PATIENCE_MS
from playwright.sync_api import expect

from helpers import until

pytestmark = pytest.mark.browser

# Three kinds of mails, labelled by two people, with five wrong labels of clear mails by the first.
TEAM = """import hitl_widgets as hitl, numpy as np, pandas as pd, warnings
rng = np.random.default_rng(0)
n, names = 400, np.array(["billing", "delivery", "praise"])
truth = rng.integers(0, 3, n)
X = (np.eye(3)[truth] * 2 + rng.normal(scale=.55, size=(n, 3))).astype("float32")
mails = pd.DataFrame({"text": [f"mail {i} about {names[k]}" for i, k in enumerate(truth)]})
common = dict(text="text", X=X, classes=list(names), store="labels.sqlite", random_state=1)
clear = [i for i in range(200) if X[i, truth[i]] - np.delete(X[i], truth[i]).max() > 1.5][:5]

def given(session, rows, skill):
    for i in rows:
        wrong = i in clear if skill == 1 else rng.random() > skill
        code = (truth[i] + 1) % 3 if wrong else truth[i]
        seconds = .2 if i in clear[:2] else rng.lognormal(1.2, .3)
        selection = "audit" if i % 4 == 0 else "suggested"
        session._loop.acts.label([int(i)], names[code], selection=selection, elapsed_ms=1000 * seconds)

with hitl.Session(mails, annotator="bob", **common) as other:
    given(other, range(150, 200), .8)
session = hitl.Session(mails, annotator="ann", **common)
given(session, range(200), 1)
session.wait(); session"""


def test_figures_open_their_items_and_a_doubtful_label_is_kept_or_corrected_in_one_key(desk) -> None:
    notebook, bench = desk.open(TEAM)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    trust = bench.monitor.locator(".hitl-trust")
    bench.monitor.get_by_role("button", name="Trust").click()
    trust.locator(".hitl-trust-big").wait_for()  # models are fitted for it
    chip = bench.explorer.locator(".hitl-chip")
    # Every figure says its n, and opens its items.
    expect(trust.locator(".hitl-trust-n")).to_have_text([re.compile(r"\d")] * 7)
    for figure in (
        trust.locator(".hitl-matrix").first.get_by_role("button", name="predicted as delivery").first,
        trust.get_by_role("button", name="given far faster"),
        trust.get_by_role("button", name="ann and bob agree on"),
    ):
        figure.click()
        expect(chip).to_contain_text("selected", timeout=PATIENCE_MS)
        bench.explorer.get_by_role("button", name="clear").click()
        expect(chip).to_be_hidden()
    band = trust.get_by_role("button", name="Confidence").last
    band.focus()
    band.press("Enter")
    expect(chip).to_contain_text("selected", timeout=PATIENCE_MS)

    trust.get_by_role("button", name="look through").click()
    question, left = (
        bench.labeler.locator(".hitl-question"),
        bench.labeler.locator(".hitl-head > :last-child"),
    )
    asked = re.compile("^Labelled .*: keep it, or press another class$")
    expect(question).to_have_text(asked, timeout=PATIENCE_MS)
    n = int(left.inner_text().split()[0])
    assert n >= 5
    bench.explorer.get_by_label("Colour by").select_option("lens:suspects")
    bench.explorer.get_by_role("img", name="trusted, doubtful").wait_for()

    row = str(bench.card.get_attribute("data-row"))

    def kept() -> bool:  # Enter right after an item has appeared is not meant for it
        bench.press("Enter")
        return bench.card.get_attribute("data-row") != row

    until(kept)
    expect(left).to_have_text(re.compile(f"^{n - 1} label"))
    names = ["billing", "delivery", "praise"]
    held = next(k for k, name in enumerate(names) if name in question.inner_text())
    bench.label(str((held + 1) % 3 + 1))
    expect(left).to_have_text(re.compile(f"^{n - 2} label"))
    bench.acknowledged()
    expect(bench.monitor.locator(".hitl-history")).to_contain_text(
        "looked at again, label kept", timeout=PATIENCE_MS
    )
    list_ = trust.locator(".hitl-trust-panel", has_text="Labels to look at")
    expect(list_).to_contain_text("1 label looked at", timeout=PATIENCE_MS)
    # What was kept can be undone, and is asked again.
    bench.press("z")
    bench.press("z")
    expect(bench.card).to_have_attribute("data-row", row, timeout=PATIENCE_MS)
    expect(bench.labeler.locator(".hitl-give")).to_contain_text("keep")
