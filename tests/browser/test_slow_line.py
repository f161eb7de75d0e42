"""Images on a slow connection: acts and their acknowledgements do not queue behind them."""

from __future__ import annotations

import json

import pytest
from lab import Cable, write_notebook

pytestmark = pytest.mark.browser

# Noise needs the most bytes. Requests and answers are counted in the kernel.
PICTURES = """import numpy as np, hitl_widgets as hitl
from hitl_widgets.widgets.channel import ChannelWidget
from hitl_widgets.widgets.shared.widget import SessionWidget
asked, sent, held = [], [], []
show, post = SessionWidget._show, ChannelWidget._post
def showing(self, message, *args):
    if not message.small:
        asked.append(list(message.rows))
    return show(self, message, *args)
def posting(self, message, buffers=None):
    if type(message).__name__ == "ItemsMessage":
        sent.append(([item.row for item in message.items], sum(map(len, buffers))))
    return post(self, message, buffers)
SessionWidget._show, ChannelWidget._post = showing, posting
images = np.random.default_rng(0).integers(0, 255, (30, 700, 700, 3), np.uint8)
session = hitl.Session(list(images), X=images[:, :4, :4, 0].reshape(30, 16), classes=["cat", "dog"], audit=0)
hitl.Labeler(session)"""


def test_pictures_are_sent_once_and_labels_do_not_wait_for_them(desk, figure):
    cable = Cable(desk.lab.port)
    write_notebook(desk.folder / "slow.ipynb", PICTURES, "import json; print(json.dumps([asked, sent]))")
    notebook, bench = desk.visit("slow.ipynb", port=cable.port)
    cable.rate = 200_000
    notebook.run(0)
    bench.card.locator("img").wait_for(timeout=60_000)
    bench.focus()
    for key in "12121":
        bench.label(key)
        bench.acknowledged()
        bench.card.locator("img").wait_for(timeout=60_000)
    cable.rate = None
    notebook.run(1)
    _, sent = json.loads(notebook.output(1))
    cable.close()
    came = [row for rows, _ in sent for row in rows]
    assert len(came) == len(set(came))
    assert max(size for _, size in sent) <= 300_000
    # One request at a time: at most one answer is in transit.
    assert sum(size for _, size in sent) < 30 * 200_000
    figure(
        "images on a connection of 200 kB/s",
        acknowledged=5,
        lost=0,
        twice=len(came) - len(set(came)),
        words=f"{len(came)} images, none sent twice, {sum(size for _, size in sent) / 1e6:.1f} MB in total",
    )
