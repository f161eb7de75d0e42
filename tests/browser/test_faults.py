"""Faults between the user and the disk, in a browser: nothing is lost and nothing is duplicated."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from lab import CHROMIUM_ARGS, Bench, Cable, Notebook, chromium_path, write_notebook

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parent / "shots"

SMALL = """import hitl_widgets as hitl
texts = [f"{word} number {i}" for i in range(60) for word in ("apple", "river")]
session = hitl.Session(texts, classes=["fruit", "water"], audit=0, random_state=1)
session"""
OUTBOX = "() => Object.keys(localStorage).filter(k => k.startsWith('hitl:')).length"


def stored(folder, kind="label"):
    with sqlite3.connect(folder / "labels.sqlite") as connection:
        query = "select event_id from label_event where kind = ? order by seq"
        return [name for (name,) in connection.execute(query, (kind,))]


def wait_stored(bench, folder, n):
    for _ in range(600):
        if len(stored(folder)) >= n:
            return
        bench.page.wait_for_timeout(100)
    raise AssertionError(f"{len(stored(folder))} of {n} labels are stored")


def once(names):
    return max(Counter(names).values()) == 1


def count(figure, fault, folder, given, words=""):
    """The figure of a fault: the labels given, and those stored."""
    names = stored(folder)
    lost, twice = max(0, given - len(set(names))), len(names) - len(set(names))
    figure(fault, acknowledged=given, lost=lost, twice=twice, words=words)


def test_the_socket_is_cut_for_thirty_seconds_and_labeling_goes_on(desk, figure):
    cable = Cable(desk.lab.port)
    write_notebook(desk.folder / "cut.ipynb", SMALL)
    notebook, bench = desk.visit("cut.ipynb", port=cable.port)
    notebook.run(0)
    bench.wait_item()
    bench.focus()
    bench.label("1")
    bench.acknowledged()
    cable.cut()
    for key in "1212121":
        bench.label(key)
    assert bench.page.evaluate(OUTBOX) == 7
    bench.labeler.get_by_text("7 acts are waiting in this browser for the kernel").wait_for()
    bench.monitor.get_by_text("7 labels waiting for the kernel").wait_for()
    SHOTS.mkdir(exist_ok=True)
    bench.page.screenshot(path=SHOTS / "cut.png")
    bench.page.wait_for_timeout(30_000)
    assert len(stored(desk.folder)) == 1
    cable.mend()
    bench.acknowledged()
    assert len(stored(desk.folder)) == 8
    assert once(stored(desk.folder))
    bench.wait_labels(8)
    bench.labeler.get_by_text("are waiting in this browser").wait_for(state="hidden")
    cable.close()
    words = 'meanwhile "7 labels waiting for the kernel"; all seven sent after reconnecting'
    count(figure, "connection cut for 30 s during labeling", desk.folder, 8, words)


def test_a_page_that_is_reloaded_in_mid_act_loses_nothing(desk, figure):
    notebook, bench = desk.open(SMALL, alone=True)
    notebook.run(0)
    bench.wait_item()
    notebook.command("docmanager:save")
    bench.focus()
    for key in "12121":
        bench.press(key)  # the last ones are in transit when the page goes
    bench.page.reload()
    bench = Bench(bench.page)
    bench.wait_item()
    bench.acknowledged()
    count(figure, "page reloaded during an act", desk.folder, 5, "five keys at once, then a reload")
    assert len(stored(desk.folder)) == 5
    assert once(stored(desk.folder))
    bench.wait_labels(5)
    bench.focus()
    bench.press("z")
    bench.wait_labels(4)


def test_a_browser_that_is_killed_loses_no_acknowledged_label(desk, playwright, tmp_path, figure):
    write_notebook(desk.folder / "killed.ipynb", SMALL)
    path = (desk.folder / "killed.ipynb").relative_to(desk.lab.folder)

    def opened():
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=chromium_path(), args=CHROMIUM_ARGS
        )
        page = context.new_page()
        return context, Notebook(page, desk.lab, str(path)), Bench(page)

    context, notebook, bench = opened()
    notebook.run(0)
    bench.wait_item()
    notebook.command("docmanager:save")
    bench.focus()
    for key in "1212121":
        bench.label(key)
    bench.acknowledged()
    bench.press("1")
    profile = str(tmp_path / "profile").encode()
    pids = [
        int(p.name)
        for p in Path("/proc").iterdir()
        if p.name.isdigit() and profile in read(p / "cmdline") and b"--type=" not in read(p / "cmdline")
    ]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert len(stored(desk.folder)) in {7, 8}
    context, notebook, bench = opened()
    notebook.run(0)
    bench.wait_item()
    bench.acknowledged()
    assert len(stored(desk.folder)) in {7, 8}
    assert once(stored(desk.folder))
    bench.wait_labels(len(stored(desk.folder)))
    context.close()
    count(figure, "kill -9 of the browser", desk.folder, 7, "one more key at the moment of the kill")


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_two_sessions_on_one_task_tell_each_other_and_the_card_says_so(desk, figure):
    make = SMALL.replace("audit=0", "audit=0, annotator=WHO")
    notebook, _ = desk.open(
        make.replace("WHO", "'ann'"),
        make.replace("WHO", "'bob'").replace("session", "other"),
        "key = session.round.suggestions[0].index",
    )
    notebook.run(0)
    notebook.run(1)
    page = notebook.page
    cards = page.locator(".hitl-labeler .hitl-card")
    page.wait_for_function("() => document.querySelectorAll('.hitl-card .hitl-text').length === 2")
    ann, bob = (page.locator(".hitl-labeler").nth(i) for i in range(2))
    page.wait_for_timeout(2_500)  # both have polled the store
    assert cards.nth(0).get_attribute("data-row") != cards.nth(1).get_attribute("data-row")
    row = int(cards.nth(0).get_attribute("data-row"))
    bob.evaluate("e => e.focus()")
    before = cards.nth(1).get_attribute("data-row")
    page.keyboard.press("2")
    page.wait_for_function(
        "before => document.querySelectorAll('.hitl-card')[1].dataset.row !== before", arg=before
    )
    ann.get_by_text("1 of 120 items").wait_for()
    page.locator(".hitl-monitor").nth(0).get_by_text("is also here").wait_for()
    page.screenshot(path=SHOTS / "two.png")
    run(notebook, f"other._loop.acts.label([{row}], 'water')")
    ann.get_by_text("Somebody else has just labelled it: yours is a second opinion").wait_for()
    assert cards.nth(0).get_attribute("data-row") == str(row)  # nothing moves under the fingers
    ann.evaluate("e => e.focus()")
    page.keyboard.press("1")
    run(notebook, "print(session.labels().query('annotator == \"ann\"').selection.tolist())")
    assert "opinion" in notebook.output(2)
    words = "different items on the two cards; both answers to one item kept, the second as a second opinion"
    count(figure, "two sessions on one task", desk.folder, 3, words)


def run(notebook, code):
    notebook.page.evaluate(
        """code => {
            const cell = window.jupyterapp.shell.currentWidget.content.widgets[2];
            cell.model.sharedModel.setSource(code);
        }""",
        code,
    )
    notebook.run(2)


def test_an_item_that_a_cell_labels_stays_on_the_card_and_says_so(desk):
    notebook, bench = desk.open(SMALL, "1", "2")
    notebook.run(0)
    bench.wait_item()
    row = bench.card.get_attribute("data-row")
    run(notebook, f"session._loop.acts.label([{row}], 'water')")
    bench.labeler.get_by_text("You have labelled it water: a new label replaces that").wait_for()
    assert bench.card.get_attribute("data-row") == row
    bench.focus()
    bench.press("s")  # it keeps its label, and the next item appears
    bench.page.wait_for_function("row => document.querySelector('.hitl-card').dataset.row !== row", arg=row)
    run(notebook, "print(session.labels().label.tolist(), session._loop.labels.skipped.sum())")
    assert notebook.output(2).strip() == "['water'] 0"


def test_two_browsers_on_one_kernel_share_labels_and_nothing_else(desk, figure):
    notebook, bench = desk.open(SMALL)
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    notebook.command("docmanager:save")
    other_notebook, other = desk.visit("test.ipynb")
    other.wait_item()
    other.wait_map(settled=True)
    row = other.card.get_attribute("data-row")
    bench.lasso(0.5, 0.5, 0.45)
    bench.explorer.get_by_role("button", name="Zoom in").click()
    chosen = bench.chosen()
    assert chosen > 0
    assert other.chosen() == 0
    bench.press("1")
    other.wait_labels(chosen)
    assert other.card.locator(".hitl-text").count() == 1
    other.focus()
    for key in "12":
        other.label(key)
    other.acknowledged()
    bench.wait_labels(other.n_labels)
    assert row is not None
    assert other_notebook.page != notebook.page
    words = "selection, zoom and card are separate in each browser"
    count(figure, "two browsers on one kernel", desk.folder, 3, words)


def test_twenty_widgets_in_one_notebook_all_follow(desk, figure):
    cells = [SMALL.removesuffix("session"), *["hitl.Explorer(session, engine='canvas')"] * 12]
    cells += ["hitl.Labeler(session)"] * 7 + ["hitl.Monitor(session)"]
    notebook, bench = desk.open(*cells)
    for i in range(len(cells)):
        notebook.run(i)
    page = notebook.page
    page.wait_for_function("() => document.querySelectorAll('.hitl-labeler .hitl-text').length === 7")
    page.wait_for_function("() => document.querySelectorAll('.hitl-explorer[data-drawn]').length === 12")
    first = bench.labeler.nth(0)
    first.evaluate("e => e.focus()")
    page.keyboard.press("1")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.hitl-labeler .hitl-head > :last-child')]
            .every(e => e.textContent.startsWith('1 of'))"""
    )
    page.wait_for_function(
        """() => [...document.querySelectorAll('.hitl-explorer')].every(
            ({ dataset }) => dataset.painted === dataset.round && Number(dataset.round) > 0)"""
    )
    bench.acknowledged()
    assert len(stored(desk.folder)) == 1
    words = "12 maps, 7 Labelers and a Monitor, all updated with the label and its round"
    count(figure, "20 widgets in one notebook", desk.folder, 1, words)
