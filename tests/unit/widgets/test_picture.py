"""The still picture of a map: its size, what it shows, and when it is replaced."""

from __future__ import annotations

import base64
import io
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.widgets import output, picture, still

Make = Callable[..., hitl.Session]


def test_the_picture_has_positions_colours_and_counts(
    make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session([f"secret {i}" for i in range(40)], classes=["one", "other"])
    assert "<img" not in picture.picture_of(session._loop) or session.map is not None
    session.label(session.pool.ids[:3], "one")
    session.label(session.pool.ids[3], "other")
    session.wait()
    until(lambda: session.map is not None)
    monkeypatch.setattr(session._loop.blind, "mask", lambda _: np.arange(len(session.pool)) == 3)
    assert re.findall(r"</span> (\d+)</span>", picture.picture_of(session._loop)) == ["3", "0"]
    monkeypatch.undo()
    html = picture.picture_of(session._loop)
    assert "4 of 40 items labelled" in html
    assert re.findall(r"</span> (\d+)</span>", html) == ["3", "1"]
    assert not [word for word in ("secret", "one<", "other", *session.pool.keys) if word in html]
    [data] = re.findall(r"base64,([^\"]+)", html)
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
    colours = {colour[:3] for _, colour in image.getcolors(100_000) if colour[3] == 255}
    assert colours == {tuple(bytes.fromhex(c.color[1:])) for c in session.schema.classes}


@pytest.mark.parametrize("n", [1, 2, 300, 200_000])
def test_the_picture_stays_small_however_many_items_there_are(n: int) -> None:
    rng = np.random.default_rng(0)
    xy = rng.normal(size=(n, 2)).astype(np.float32)
    label = np.where(rng.random(n) < 0.1, rng.integers(0, 9, n), 255).astype(np.uint8)
    guess = rng.integers(0, 9, n).astype(np.uint8)
    made = picture._png(xy, label, guess, ["#0072b2"] * 9)
    assert len(made) < 100_000
    assert Image.open(io.BytesIO(made)).size[0] == picture.WIDTH


def test_the_picture_is_replaced_when_labeling_pauses_until_the_widget_is_closed(
    make_session: Make, monkeypatch: pytest.MonkeyPatch, bundles: None
) -> None:
    shown: list[Any] = []
    came = threading.Event()

    def update(data: dict[str, str], **options: Any) -> None:
        shown.append((options["display_id"], data["text/html"]))
        came.set()

    monkeypatch.setattr(still, "update_display", update)
    monkeypatch.setattr(still, "QUIET", 0.2)
    displayed: list[Any] = []
    monkeypatch.setattr(output, "display", lambda data, **options: displayed.append(options))
    session = make_session([f"text {i}" for i in range(40)], classes=["one", "other"])
    session.wait()
    widget = hitl.Workbench(session)
    with monkeypatch.context() as kernel:
        kernel.setitem(output.sys.modules, "ipykernel", output)
        widget._ipython_display_()
    for i in range(5):
        session.label(session.pool.ids[i], "one")
    deadline = time.monotonic() + 30
    while not (shown and "5 of 40 items" in shown[-1][1]) and time.monotonic() < deadline:
        came.wait(1)
        came.clear()
    assert shown[-1][0] == displayed[0]["display_id"]
    assert "5 of 40 items labelled" in shown[-1][1]
    widget.close()
    before = len(shown)
    session.label(session.pool.ids[7], "one")
    session.wait()
    time.sleep(0.5)
    assert len(shown) == before
