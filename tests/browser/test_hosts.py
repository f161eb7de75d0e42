"""Notebook 7, Voila and marimo: labels by key and box, undo, a new kernel, and every widget."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import NO_UMAP, PATIENCE_MS, Bench, Lab, Marimo, Notebook7, fresh_folder, write_notebook
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

SESSION = """import sys
sys.modules["umap"] = None
import hitl_widgets as hitl
texts = [f"{word} number {i}" for i in range(30) for word in ("apple", "river")]
session = hitl.Session(texts, classes=["fruit", "water"], store="labels.sqlite", random_state=1)
session"""
OTHERS = [
    "hitl.Labeler(session)",
    "hitl.Explorer(session, engine='canvas')",
    "hitl.Monitor(session)",
    """spans = hitl.Session(texts, question=hitl.Question.spans(["word"], "Mark the word."), task="spans",
                     store="labels.sqlite", random_state=1)
hitl.Labeler(spans)""",
    "points = hitl.datasets.toy('line')\nhitl.Lesson(points[['x1', 'x2']], points['label'], budget=8)",
]


class InNotebook7:
    dark = False

    def __init__(self, page: Page, lab: Lab, folder: Path) -> None:
        name = str((folder / "test.ipynb").relative_to(lab.folder))
        self.notebook = Notebook7(page, lab, name)
        self._run()

    def _run(self) -> None:
        self.notebook.run_all()
        self.notebook.cell(0).evaluate("e => e.scrollIntoView()")

    def restart(self) -> None:
        os.kill(self.notebook.kernel_pid(), signal.SIGKILL)
        self.notebook.wait_restarted()
        self._run()

    def close(self) -> None:
        pass


class InVoila:
    """The page runs the cells; each time that it is loaded, in a new kernel."""

    dark = True

    def __init__(self, page: Page, lab: Lab, folder: Path) -> None:
        self.page = page
        path = (folder / "test.ipynb").relative_to(lab.folder)
        page.goto(f"{lab.url}/voila/render/{path}?theme=dark")

    def restart(self) -> None:
        self.page.reload()

    def close(self) -> None:
        pass


class InMarimo:
    dark = True

    def __init__(self, page: Page, _: Lab, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self._start()

    def _start(self) -> None:
        # The display is in a cell of its own, and runs again with the cell of the session.
        start, _, shown = SESSION.rpartition("\n")
        self.server = Marimo(self.folder, start, shown, *OTHERS)
        self.page.goto(self.server.url)

    def restart(self) -> None:
        self.server.close()
        self._start()

    def close(self) -> None:
        self.server.close()


HOSTS = {"notebook": InNotebook7, "voila": InVoila, "marimo": InMarimo}
# Errors of the host's own scripts, such as those of Notebook 7 without a setting, are not ours.
OURS = ("blob:", "hitl")


@pytest.fixture(params=HOSTS)
def host(
    request: pytest.FixtureRequest, browser: Browser, lab: Lab
) -> Iterator[InNotebook7 | InVoila | InMarimo]:
    pytest.importorskip(request.param)
    folder = fresh_folder(lab.folder, f"in-{request.param}")
    write_notebook(folder / "test.ipynb", SESSION, *OTHERS)
    (folder / NO_UMAP).touch()
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    opened = HOSTS[request.param](page, lab, folder)
    yield opened, Bench(page, page.locator(".hitl-workbench")), page
    context.close()
    opened.close()
    lab.end_kernels()
    assert [error for error in errors if any(word in error for word in OURS)] == []


def test_label_by_key_and_box_undo_and_start_again(host):
    opened, bench, page = host
    bench.wait_item()
    bench.wait_map(settled=True)
    expect(bench.labeler).to_have_attribute("data-theme", "dark" if opened.dark else "light")
    # The widget lies on the page's own colour.
    ground = "e => getComputedStyle(e).backgroundColor"
    behind = """e => {
        for (let at = e; ; ) {
            at = at.parentNode instanceof ShadowRoot ? at.parentNode.host : at.parentElement;
            const found = getComputedStyle(at).backgroundColor;
            if (found !== "rgba(0, 0, 0, 0)") return found;
        }
    }"""
    assert bench.labeler.evaluate(ground) == bench.labeler.evaluate(behind)
    bench.focus()
    for n, key in enumerate("12", 1):
        bench.label(key)
        bench.wait_labels(n)
    # Keys without a meaning here do not reach the host: "d d" deletes a cell in Jupyter.
    for key in ("d", "d", "x", "b"):
        page.keyboard.press(key)
    bench.box(0.01, 0.01, 0.99, 0.99)
    selected = bench.chosen()
    assert selected > 30
    bench.press("2")
    bench.wait_labels(selected)
    bench.press("z")
    bench.wait_labels(2)
    bench.acknowledged()
    # Each of the others alone, and Step in the Lesson.
    expect(page.locator(".hitl-labeler")).to_have_count(3)
    expect(page.locator(".hitl-monitor").last).to_contain_text("2 labels of 60 items")
    page.locator(".hitl-explorer").last.and_(page.locator("[data-drawn]")).wait_for()
    # An answer that is composed, by a module that the host loads later.
    spans = page.locator(".hitl-labeler").filter(has=page.locator(".hitl-spans"))
    spans.locator(".hitl-page").wait_for()
    spans.evaluate("e => { e.scrollIntoView(); e.focus() }")
    bench.press("ArrowRight")
    expect(spans.locator(".hitl-span-selection")).to_have_text(re.compile("apple|river"))
    bench.press("1")
    expect(spans.locator(".hitl-span[data-id]")).to_have_count(1)
    bench.press("Enter")
    expect(spans.locator(".hitl-head > :last-child")).to_have_text("1 of 60 items")
    lesson = page.locator(".hitl-lesson")
    lesson.and_(page.locator('[data-step="0"]')).wait_for()
    lesson.get_by_role("button", name="Step", exact=True).click()
    lesson.and_(page.locator('[data-step="1"]')).wait_for()
    opened.restart()
    bench.wait_item()
    bench.wait_labels(2)
    bench.focus()
    bench.label("1")
    bench.wait_labels(3)
    bench.acknowledged()
