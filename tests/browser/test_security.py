"""Hostile items, names and errors: they are shown as typed, and nothing in them runs."""

from __future__ import annotations

import json
import math

import pytest

pytestmark = pytest.mark.browser

RUN = "window.__pwned=1"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f"<svg onload={RUN}><svg/onload={RUN}>",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"</style><img src=x onerror={RUN}>",
    'red;background:url("https://evil.example.org/b")}*{color:red',
    f"</script></textarea></title><script>{RUN}</script>",
    f"\"'><iframe src=https://evil.example.org/ onload={RUN}>",
    f"{{{{7*7}}}} ${{{RUN}}} #{{{RUN}}} <%= {RUN} %>",
    f"datum['x']; {RUN}; event.view.eval('{RUN}')",
    "safe \u202e gnihton \u202d\u2066 turned \u2069\u2069 round",
    "\u0661\u0662 \u05e9\u05dc\u05d5\u05dd (a) [b] 12:30",
    "before\0after",
    "a\u2028b\u2029c\ufeffd\u200be",
    "long" * 500,
    "&lt;b&gt; &amp; &#60; <b>bold</b>",
    "half \ud800 a pair \udfff",
    f"<img src=x onerror={RUN}>" * 36_000,
]
NAMES = [p[:200] for p in PAYLOADS if "\ud800" not in p and len(p) <= 200]
# pandas cannot store lone surrogates.
COLUMNS = [p[:300] for p in PAYLOADS[:-1] if "\ud800" not in p]
MOST = 20_000


def shown(text: str) -> str:
    """The documented form: lone surrogates as question marks, and at most 20,000 characters."""
    return text[:MOST].encode("utf-8", "replace").decode()


HEAD = """import json, hitl_widgets as hitl, pandas as pd
from pathlib import Path
w = json.loads(Path("words.json").read_text())
classes = [hitl.LabelClass(n, guidance=n, example=n) for n in w["names"]]
how = dict(schema=hitl.Schema(classes, w["question"]), random_state=1) | dict.fromkeys(
    ["annotator", "task"], w["question"])
"""
TEXTS = (
    HEAD
    + """
more = [w["payloads"][1] + f" apple river {i}" for i in range(14)]
session = hitl.Session(w["payloads"] + more, store=w["file"], **how)
hitl.Workbench(session, engine="ENGINE")"""
)
ROWS = (
    HEAD
    + """
names = w["columns"]
n = len(names)
table = pd.DataFrame({names[j]: [names[(i + j) % n] for i in range(n)] for j in range(n)})
def strategy(probabilities, context):
    raise ValueError("\\n".join(w["payloads"]))
session = hitl.Session(table, columns=names, store=":memory:", strategy=strategy, **how)
hitl.Workbench(session, engine="canvas")"""
)
FILES = (
    HEAD
    + """
files = ["/no/" + p.replace("\\0", "") for p in w["payloads"][:12]]
import numpy as np
session = hitl.Session(
    pd.DataFrame({"f": files}), image="f", store=":memory:", **how,
    X=np.random.default_rng(0).random((len(files), 3)))
hitl.Labeler(session)"""
)
FAILS = (
    HEAD
    + """
def embed(items):
    raise ValueError("\\n".join(w["payloads"]))
session = hitl.Session(w["payloads"], embed=embed, store=":memory:", **how)
hitl.Workbench(session)"""
)
LESSON = (
    HEAD
    + """
points = hitl.datasets.toy("line")
y = [w["names"][1] if v else w["names"][2] for v in points["label"] == points["label"].iloc[0]]
called = []
def strategy(probabilities, context):
    called.append(1)
    if len(called) > 3: raise ValueError("\\n".join(w["payloads"]))
    return 1 - probabilities.max(axis=1)
hitl.Lesson(points[["x1", "x2"]], y, budget=8, strategy=strategy)"""
)


def open_(desk, *cells, **look):
    words = {"payloads": PAYLOADS, "names": NAMES, "question": PAYLOADS[11] + PAYLOADS[1]}
    words["columns"] = COLUMNS
    words["file"] = PAYLOADS[1].replace("/", "") + "\u202e.sqlite"
    (desk.folder / "words.json").write_text(json.dumps(words))
    return desk.open(*cells, **look)


def run(notebook, index):
    notebook.run(index)
    assert "Traceback" not in notebook.output(index)


def clear(page):
    """Remove the output from the page."""
    page.evaluate(
        "() => document.querySelectorAll('.hitl').forEach(e => e.closest('.jp-OutputArea')?.remove())"
    )


def texts(place) -> list[str]:
    return place.evaluate_all("all => all.map(e => e.textContent)")


def isolated(page) -> list[str]:
    """Our own words, which hostile text beside them could reorder."""
    return page.evaluate(
        """() => {
        const found = [];
        for (const root of document.querySelectorAll('.hitl')) {
            const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
            while (walk.nextNode()) {
                const text = walk.currentNode.data;
                if (!text.includes('\\u202e')) continue;
                let box = walk.currentNode.parentElement;
                while (getComputedStyle(box).display.startsWith('inline')
                    && !/isolate|plaintext/.test(getComputedStyle(box).unicodeBidi)) box = box.parentElement;
                if (box.textContent !== text) found.push([box.className, box.textContent]);
            }
        }
        return found;
    }"""
    )


def walk(bench, n):
    """Skip through the items; returns what the card showed of each, by row."""
    found = {}
    for _ in range(n):
        bench.wait_item()
        row = int(bench.card.get_attribute("data-row"))
        found[row] = texts(bench.card.locator(".hitl-text, .hitl-columns, .hitl-broken"))[0]
        if len(found) < n:
            bench.label("s")
    return found


@pytest.mark.parametrize("engine", ["altair", "raster"])
def test_texts_classes_and_names_are_read_as_they_were_typed(desk, engine):
    notebook, bench = open_(desk, TEXTS.replace("ENGINE", engine))
    page = notebook.page
    run(notebook, 0)
    bench.wait_item()
    assert sorted(texts(bench.labeler.locator(".hitl-class-name"))) == sorted(NAMES)
    fold = bench.labeler.locator(".hitl-guide > summary")
    fold.click()
    bench.labeler.locator(".hitl-guide dd").nth(len(NAMES) - 1).wait_for()
    assert texts(bench.labeler.locator(".hitl-guide dt")) == NAMES
    assert texts(bench.labeler.locator(".hitl-guide dd")) == [f"{n}Example: {n}" for n in NAMES]
    assert PAYLOADS[11] + PAYLOADS[1] in texts(bench.labeler.locator(".hitl-reason"))[0]
    assert isolated(page) == []
    fold.click()

    bench.focus()
    bench.label("1")
    for key in "2bc":
        bench.label(key)
    bench.acknowledged()
    bench.monitor.locator(".hitl-history-what").nth(3).wait_for()
    given = texts(bench.monitor.locator(".hitl-history-what"))
    assert set(given) <= set(NAMES)
    assert texts(bench.monitor.locator(".hitl-bar-name")) == NAMES
    assert PAYLOADS[1].replace("/", "") in texts(bench.monitor.locator(".hitl-status"))[0]

    n = len(PAYLOADS) + 14 - bench.n_labels
    seen = walk(bench, n)
    for row, text in seen.items():
        if row < len(PAYLOADS):
            assert text == shown(PAYLOADS[row])
    assert len([row for row in seen if row < len(PAYLOADS)]) >= len(PAYLOADS) - 4

    bench.wait_map()
    bench.lasso(0.5, 0.5, 0.45)
    assert bench.chosen() > 3
    bench.card.locator(".hitl-members .hitl-glimpse").first.wait_for()
    page.wait_for_timeout(300)
    assert isolated(page) == []
    bench.press("Escape")
    # Hover over every corner of the map, then the list.
    box = bench.overlay.bounding_box()
    for i in range(24):
        x, y = 0.5 + 0.42 * math.cos(i) * i / 24, 0.5 + 0.42 * math.sin(i) * i / 24
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(70)
    bench.explorer.get_by_role("button", name="List", exact=True).click()
    bench.explorer.locator(".hitl-line .hitl-glimpse").first.wait_for()
    page.wait_for_timeout(300)
    assert isolated(page) == []


def test_columns_cells_files_and_errors_are_read_as_they_were_typed(desk):
    notebook, bench = open_(desk, ROWS, FILES, FAILS, LESSON)
    page = notebook.page
    run(notebook, 0)
    bench.wait_item()
    names = COLUMNS
    row = int(bench.card.get_attribute("data-row"))
    cut = [name if len(name) <= 200 else f"{name[:199]}…" for name in names]
    assert texts(bench.card.locator("th")) == cut
    for folded in bench.card.locator("td .hitl-link").all():
        folded.click()
    assert texts(bench.card.locator("td")) == [names[(row + j) % len(names)] for j in range(len(names))]
    bench.focus()
    bench.label("1")
    bench.label("2")
    note = bench.labeler.locator(".hitl-note")
    page.wait_for_function("() => document.querySelector('.hitl-note').textContent.includes('<script>')")
    assert all(part in note.text_content() for part in PAYLOADS[:11])
    assert bench.monitor.get_by_text("<svg onload").count() > 0
    clear(page)

    run(notebook, 1)
    bench.wait_item()
    why = texts(bench.card.locator(".hitl-broken"))[0]
    assert "The image file cannot be read: No such file or directory" in why
    clear(page)

    run(notebook, 2)
    page.wait_for_function(
        "() => document.querySelector('.hitl-labeler .hitl-note')?.textContent.includes('<script>')"
    )
    assert all(part in note.text_content() for part in PAYLOADS[:11])

    run(notebook, 3)
    page.locator('.hitl-lesson[data-step="0"]').wait_for()
    assert {NAMES[1], NAMES[2]} <= {text.strip() for text in texts(page.locator(".hitl-lesson-legend li"))}
    for _ in range(4):
        page.locator(".hitl-lesson").get_by_role("button", name="Step", exact=True).click()
        page.wait_for_timeout(200)
    page.wait_for_function(
        "() => document.querySelector('.hitl-lesson-note').textContent.includes('<script>')"
    )
    assert isolated(page) == []
