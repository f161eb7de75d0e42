"""The notebooks run, without a browser and in the browser."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import nbclient
import nbconvert
import nbformat
import pytest
from lab import Bench
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if "hitl.Lesson(" in path.read_text(encoding="utf-8")]
LABELING = [path for path in NOTEBOOKS if path not in LESSONS]
CHARTS = {"04-write-a-strategy": 2, "15-preferences": 1, "16-a-small-policy": 1}
# The keys that answer the first item, if a class is not all.
KEYS = {
    "05-spans": ("ArrowRight", "1", "Enter"),
    "06-boxes-and-masks": ("n", "1", "Escape", "=", "Enter"),
    "08-transcribe": ("=", "Enter"),
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_without_a_screen(path, tmp_path, docstrings):
    docstrings(tmp_path)
    document = nbformat.read(path, as_version=4)
    done = nbclient.NotebookClient(
        document, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [o for cell in done.cells if cell.cell_type == "code" for o in cell.outputs]
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in shown)
    if path in LABELING:
        assert list(tmp_path.glob("*.sqlite")), "the labels lie beside the notebook"


@pytest.mark.parametrize("path", LABELING, ids=lambda p: p.stem)
def test_a_notebook_runs_in_the_browser(desk, path, docstrings):
    docstrings(desk.folder)
    shutil.copy(path, desk.folder / path.name)
    notebook, _ = desk.visit(path.name)
    notebook.run_all()
    cells = notebook.page.locator(".jp-Notebook-cell")
    bench = Bench(notebook.page, cells.filter(has=notebook.page.locator(".hitl-labeler")).first)
    bench.wait_item()
    bench.wait_map()
    bench.focus()
    given = _labels(desk.folder)
    *before, last = KEYS.get(path.stem, ("1",))
    if before:
        bench.card.locator(".hitl-picture, .hitl-spans, .hitl-script-line").first.wait_for()
    expect(bench.card.locator(".hitl-bad")).to_have_count(0)
    for key in before:
        bench.press(key)
    bench.label(last)
    bench.acknowledged()
    assert _labels(desk.folder) == given + 1  # also if it is a second opinion
    charts = notebook.page.locator(".jp-RenderedVegaLite :is(canvas, svg).marks")
    assert charts.count() == CHARTS.get(path.stem, 0), "drawn by JupyterLab: there may be no network"
    assert (
        notebook.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count()
        == 0
    )


def _labels(folder: Path) -> int:
    """The number of labels in all stores of a folder."""
    n = 0
    for path in folder.glob("*.sqlite"):
        with closing(sqlite3.connect(path)) as store:
            n += store.execute("select count(*) from label_event where kind = 'label'").fetchone()[0]
    return n


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_runs_in_the_browser(desk, path):
    shutil.copy(path, desk.folder / path.name)
    notebook, _ = desk.visit(path.name)
    page = notebook.page
    notebook.run_all()
    cells = nbformat.read(path, as_version=4).cells
    n = sum("hitl.Lesson(" in cell.source for cell in cells if cell.cell_type == "code")
    assert n > 0
    shown = ".hitl-lesson:is([data-step='0'], [data-mode='exercise']):has(canvas)"
    page.wait_for_function("([s, n]) => document.querySelectorAll(s).length === n", arg=[shown, n])
    expect(page.locator(".hitl-lesson .hitl-bad:visible")).to_have_count(0)
    answers = page.locator(".jp-RenderedMarkdown details")
    expect(answers.first).not_to_have_attribute("open", "")
    answers.first.locator("summary").click()
    expect(answers.first).to_have_attribute("open", "")
    last = page.locator(".hitl-lesson").last
    last.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_function("() => [...document.querySelectorAll('.hitl-lesson')].at(-1).dataset.step === '1'")
    errors = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"
    assert page.locator(errors).count() == 0


def test_without_a_kernel_a_notebook_shows_a_still_picture_and_what_to_do(desk):
    cell = """import hitl_widgets as hitl
hitl.Session([f"zebra {i}" for i in range(30)], classes=["one", "two"], store="labels.sqlite")"""
    notebook, bench = desk.open(cell, "hitl.Monitor", alone=True)
    still = notebook.page.locator(".hitl-fallback")
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    bench.label("1")
    bench.acknowledged()
    notebook.run(0)
    bench.wait_map(settled=True)
    bench.wait_labels(1)
    # The picture is replaced when there is a map, and stays hidden.
    expect(still.locator("img")).to_have_count(1)
    expect(still).to_contain_text("1 of 30 items labelled")
    expect(still).to_be_hidden()
    notebook.save()

    # As a page of its own.
    path = desk.folder / "test.ipynb"
    page, _ = nbconvert.HTMLExporter(exclude_input=True, embed_images=True).from_filename(str(path))
    assert "zebra" not in page
    (desk.folder / "test.html").write_text(page)
    plain = desk.page()
    plain.route("**/*", lambda route: route.continue_() if "file:" in route.request.url else route.abort())
    plain.goto(f"file://{desk.folder / 'test.html'}")
    expect(plain.locator(".hitl-fallback")).to_contain_text("1 of 30 items labelled")
    expect(plain.locator(".hitl-fallback img")).to_be_visible()
    assert plain.locator(".hitl-fallback img").evaluate("e => e.naturalWidth") > 0
    plain.context.close()

    # Opened again in JupyterLab, without a kernel that knows it.
    notebook.page.context.close()
    desk.pages.clear()
    desk.lab.end_kernels()
    notebook, bench = desk.visit("test.ipynb")
    still = notebook.page.locator(".hitl-fallback")
    still.get_by_text("Run this cell to continue labeling").wait_for()
    expect(still.locator("img")).to_be_visible()
    error = notebook.page.get_by_text("model not found")
    error.wait_for(state="attached")
    error.wait_for(state="hidden")
    notebook.run(0)
    bench.wait_item()
    still.wait_for(state="hidden")


def test_committed_notebooks_hold_no_output():
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert all(not cell.outputs for cell in cells if cell.cell_type == "code"), path.name
