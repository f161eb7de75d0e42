"""HTML and Markdown on the card: readable, with the keys kept, and without any permissions."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

HTML = """<h1>Your parcel could not be delivered</h1>
<p>Dear customer, we tried to reach you <b>twice</b>. Please <a href="https://parcels.example.org/track?id=7">check
the address</a> before <time>Friday</time>.</p>
<table><tr><th>Parcel</th><th>Weight</th><th>Due</th></tr>
<tr><td>RX 1042</td><td>1.2 kg</td><td>4.90</td></tr>
<tr><td>RX 1043</td><td>0.4 kg</td><td>2.10</td></tr></table>
<blockquote>Parcels are kept for ten days.</blockquote>
<p>Track: <code>curl -s parcels/7</code></p>
<p><img src="https://images.example.org/logo.png" alt="logo"></p>
<ul><li>Bring your passport</li><li>Bring this mail</li></ul>"""
MARKDOWN = """# Crash when the list is empty

Since **2.1** the call below fails; it worked in *2.0*.

```python
rows = load("items.csv")
print(rows[0])
```

1. Open an empty file
2. Press `Run`

| version | result |
|---|---|
| 2.0 | nothing is printed |
| 2.1 | `IndexError` |

> It should say that there is nothing to show.

See [the manual](https://docs.example.org) and ![a picture](https://images.example.org/crash.png).
"""
CELL = """import hitl_widgets as hitl, pandas as pd
from pathlib import Path
source = Path("item.txt").read_text()
table = pd.DataFrame({{"body": [source + f" {{word}}" for word in "abcdefghijkl"]}})
session = hitl.Session(
    table, {kind}="body", classes=["keep", "drop"], store=":memory:", random_state=1, remote_images={hosts})
hitl.{widget}(session)"""


class Desktop:
    """A notebook that shows such a pool, and the requests of its page to other hosts."""

    def __init__(self, desk, source, kind, hosts=(), widget="Labeler", **look):
        (desk.folder / "item.txt").write_text(source)
        cell = CELL.format(kind=kind, hosts=list(hosts), widget=widget)
        self.notebook, self.bench = desk.open(cell, **look)
        self.page = self.notebook.page
        self.notebook.run(0)
        self.frame = self.bench.card.frame_locator("iframe")
        self.frame.locator("h1").wait_for()

    def click(self, place):
        """Click in the frame with the mouse."""
        box = place.bounding_box()
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def until(self, holds):
        for _ in range(400):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it never came to hold")

    def wait_focus(self, name):
        self.page.wait_for_function("name => document.activeElement.classList.contains(name)", arg=name)


@pytest.mark.parametrize(("kind", "source", "dark"), [("html", HTML, False), ("markdown", MARKDOWN, True)])
def test_markup_is_read_in_the_page_s_colours_and_keys_go_on_after_a_click(desk, kind, source, dark):
    at = Desktop(desk, source, kind, dark=dark, width=760)
    words = at.frame.locator("body").inner_text()
    assert "nothing is printed" in words or "could not be delivered" in words
    ground, text = at.frame.locator("body").evaluate(
        "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
    )
    card = at.bench.labeler.evaluate("e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]")
    assert [ground, text] == card
    SHOTS.mkdir(exist_ok=True)
    at.bench.labeler.screenshot(path=SHOTS / f"{kind}-{'dark' if dark else 'light'}.png")

    at.click(at.frame.locator("p").first)
    at.wait_focus("hitl-labeler")
    at.bench.label("1")
    at.frame.locator("h1").wait_for()
    at.bench.acknowledged()
    assert at.bench.n_labels == 1

    # A link shows its target and does not open it.
    at.click(at.frame.locator("a").first)
    at.wait_focus("hitl-labeler")
    assert at.frame.locator("h1").count() == 1
    assert desk.fence.crossed == []
    assert len(at.page.context.pages) == 1


def test_markup_scrolls_by_wheel_and_by_tab_and_follows_a_change_of_theme(desk):
    at = Desktop(desk, HTML + "<p>more</p>" * 60 + "<p id=end>the end</p>", "html")
    box = at.bench.card.bounding_box()
    assert box["height"] < 500
    at.page.mouse.move(box["x"] + 50, box["y"] + 50)
    at.page.mouse.wheel(0, 5000)
    last = at.frame.locator("p").last
    at.until(lambda: last.bounding_box()["y"] <= box["y"] + box["height"])
    at.bench.focus()
    at.bench.press("Tab")
    at.wait_focus("hitl-frame")
    at.bench.press("Home")
    at.until(lambda: at.frame.locator("h1").bounding_box()["y"] >= box["y"])

    before = at.frame.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    at.notebook.theme("JupyterLab Dark")
    at.until(lambda: at.frame.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") != before)


def test_an_image_is_loaded_from_a_host_that_was_named_and_from_no_other(desk):
    source = (
        HTML + "<img src='https://other.example.org/t.gif'><img src='http://images.example.org/plain.png'>"
    )
    at = Desktop(desk, source, "html", hosts=["images.example.org"])
    at.until(lambda: bool(desk.fence.crossed))
    at.page.wait_for_timeout(300)
    assert set(desk.fence.crossed) == {"CONNECT images.example.org:443"}
    desk.fence.crossed.clear()
    assert at.frame.locator("img").nth(1).get_attribute("src").startswith("data:image/svg+xml")


def test_what_a_broken_sanitiser_would_let_through_runs_in_no_frame(desk):
    """Only the frame protects: the kernel's sanitiser is disabled."""
    evil = (
        "<script>parent.__pwned = 1; fetch('https://evil.example.org/s')</script>"
        "<img src=x onerror='top.__pwned = 1'><svg onload='top.__pwned = 1'></svg>"
        "<img src='https://evil.example.org/i.png'><iframe src='https://frame.example.org/f'></iframe>"
        "<link rel=stylesheet href='https://evil.example.org/c.css'>"
        "<style>@import 'https://evil.example.org/s.css'; p { background: url(https://evil.example.org/b) }"
        "</style>"
        "<meta http-equiv=refresh content='0;url=https://evil.example.org/r'>"
        "<form action='https://evil.example.org/q'><button id=go>go</button></form>"
        "<a id=out href='https://evil.example.org/a' target=_top>out</a><h1>here</h1>"
    )
    (desk.folder / "item.txt").write_text(evil)
    cell = (
        "import hitl_widgets.items.markup as items\n"
        "items.sanitise = lambda kind, source, hosts=(): (source, 0)\n"
        + CELL.format(kind="html", hosts=[], widget="Labeler")
    )
    notebook, bench = desk.open(cell)
    notebook.run(0)
    frame = bench.card.frame_locator("iframe")
    frame.locator("h1").wait_for()
    for name in ("#go", "#out"):
        box = frame.locator(name).bounding_box()
        notebook.page.mouse.click(box["x"] + 5, box["y"] + 5)
    notebook.page.wait_for_timeout(500)
    # Chromium connects before it finds that the policy forbids a frame: a name leaks, but no request is sent.
    assert set(desk.fence.crossed) <= {"CONNECT frame.example.org:443"}
    desk.fence.crossed.clear()
    assert frame.locator("h1").inner_text() == "here"
