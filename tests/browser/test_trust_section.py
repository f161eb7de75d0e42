"""The trust section of the Monitor, the doubtful labels on the card, and their colours on the map."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

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
session._loop.blind._issued.update(range(0, 200, 4))
given(session, range(200), 1)
session.wait(); session"""


def opened(desk, **look):
    notebook, bench = desk.open(
        TEAM, "print(len(session.history()), session.labels().label.tolist())", **look
    )
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    monitor = bench.page.locator(".hitl-monitor")
    monitor.get_by_role("button", name="Trust").click()
    expect(monitor.locator(".hitl-trust-say")).to_be_visible()
    return notebook, bench, monitor


@pytest.mark.parametrize("look", [{}, {"dark": True, "width": 620}])
def test_shots(desk, look) -> None:
    notebook, bench, monitor = opened(desk, **look)
    SHOTS.mkdir(exist_ok=True)
    name = "dark-620" if look else "light-1280"
    expect(monitor.locator(".hitl-trust-big")).to_be_visible()
    monitor.screenshot(path=SHOTS / f"trust-{name}.png")
    monitor.get_by_role("button", name="look through").click()
    expect(bench.page.locator(".hitl-labeler .hitl-question")).to_contain_text("keep it")
    bench.page.locator(".hitl-explorer select[aria-label='Colour by']").select_option("lens:suspects")
    expect(bench.page.locator(".hitl-scale")).to_be_visible()
    bench.page.locator(".hitl-workbench").screenshot(path=SHOTS / f"doubtful-{name}.png")
