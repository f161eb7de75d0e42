"""Several notebooks, sessions and views on one page: acts apply to what is visible, and none is lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3

import pytest
from lab import Bench, write_notebook

from hitl_widgets.items.base import content_hash, kind_of

pytestmark = pytest.mark.browser

CELL = """import hitl_widgets as hitl
texts = [f"{word} number {i}" for i in range(60) for word in WORDS]ORDER
session = hitl.Session(texts, classes=["fruit", "water"], audit=0, random_state=1)
session"""
FULL = """() => {}
;Storage.prototype.setItem = new Proxy(Storage.prototype.setItem, {
    apply(set, shelf, [name, value]) {
        if (name.startsWith("hitl:")) throw new DOMException("full", "QuotaExceededError");
        return Reflect.apply(set, shelf, [name, value]);
    },
});"""
NO_DATABASE = """
const open = IDBFactory.prototype.open;
IDBFactory.prototype.open = function (name, ...more) {
    if (name === "hitl-widgets") throw new DOMException("no", "SecurityError");
    return open.call(this, name, ...more);
};"""


def cell(words=("apple", "river"), order=""):
    return CELL.replace("WORDS", repr(words)).replace("ORDER", order)


def labelled(folder, name="labels.sqlite"):
    """For every label in the store, in order, the list of its item keys."""
    with sqlite3.connect(folder / name) as connection:
        query = "select body from label_event where kind = 'label' order by seq"
        return [json.loads(body)["item_ids"] for (body,) in connection.execute(query)]


def key_of(text):
    return content_hash(kind_of("text"), text)


def wait_labelled(bench, folder, n):
    for _ in range(600):
        if (folder / "labels.sqlite").exists() and len(labelled(folder)) >= n:
            return
        bench.page.wait_for_timeout(100)
    raise AssertionError(f"{len(labelled(folder))} of {n} labels are stored")


def shown_in(notebook):
    """The Workbench of a notebook."""
    panel = notebook.page.locator(f".jp-NotebookPanel[id='{panel_id(notebook)}']")
    return Bench(notebook.page, panel)


def panel_id(notebook):
    find = """path => [...window.jupyterapp.shell.widgets('main')].find(w => w.context?.path === path).id"""
    return notebook.page.evaluate(find, notebook.path)


def kill(notebook):
    """Shut down the kernel, and close dialogs that would take the keys."""
    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    notebook.wait_restarted()


def two_notebooks(desk, first, second):
    notebook, bench = desk.open(first, name="one.ipynb")
    notebook.run(0)
    bench.wait_item()
    write_notebook(desk.folder / "two.ipynb", second)
    path = str((desk.folder / "two.ipynb").relative_to(desk.lab.folder))
    other = notebook.beside(path)
    other.run(0)
    shown_in(other).wait_item()
    return notebook, other


def test_two_notebooks_in_one_window_label_what_is_in_front(desk):
    _, other = two_notebooks(desk, cell(), cell(order="[::-1]"))
    front = shown_in(other)
    front.wait_map(settled=True)
    # A key pressed on the front map goes to the front card.
    text = front.shown()
    front.explorer.evaluate("e => e.focus({ preventScroll: true })")
    front.press("1")
    wait_labelled(front, desk.folder, 1)
    assert labelled(desk.folder) == [[key_of(text)]]
    # So does a lasso, with the items that were circled.
    front.lasso(0.5, 0.5, 0.45)
    n = front.chosen()
    assert n > 1
    front.card.get_by_text(" number ").first.wait_for()
    texts = [words for words in front.card.inner_text().splitlines() if " number " in words]
    front.press("2")
    wait_labelled(front, desk.folder, 2)
    bulk = labelled(desk.folder)[1]
    assert len(bulk) == n
    assert texts
    assert {key_of(text) for text in texts} <= set(bulk)
    front.acknowledged()


def test_a_kernel_never_takes_nor_drops_the_acts_of_another_notebook(desk):
    notebook, other = two_notebooks(desk, cell(), cell(("cloud", "stone")))
    front = shown_in(other)
    kill(other)
    front.focus()
    texts = []
    for key in "121":
        texts.append(front.shown())
        front.label(key)
    first = shown_in(notebook)
    notebook.command("docmanager:open", {"path": notebook.path})
    first.focus()
    mine = first.shown()
    first.label("1")
    wait_labelled(first, desk.folder, 1)
    assert labelled(desk.folder) == [[key_of(mine)]]
    again = notebook.beside(other.path)
    again.run(0)
    shown_in(again).acknowledged()
    assert sorted(labelled(desk.folder)[1:]) == sorted([key_of(text)] for text in texts)


def test_each_view_of_a_session_acts_on_its_own_card_and_selection(desk):
    notebook, _ = desk.open(cell().removesuffix("session") + "display(session)\ndisplay(session)")
    notebook.run(0)
    page = notebook.page
    one, two = (Bench(page, page.locator(".hitl-workbench").nth(i)) for i in range(2))
    for bench in (one, two):
        bench.wait_item()
        bench.wait_map(settled=True)
    text = one.shown()
    assert two.shown() == text
    one.focus()
    one.press("1")
    wait_labelled(one, desk.folder, 1)
    # The second view's card keeps its item, and says what became of it.
    two.labeler.get_by_text("You have labelled it fruit: a new label replaces that").wait_for()
    two.explorer.evaluate("e => e.focus({ preventScroll: true })")
    two.press("2")
    wait_labelled(two, desk.folder, 2)
    assert labelled(desk.folder)[1] == [key_of(text)]
    two.lasso(0.5, 0.5, 0.45)
    assert two.chosen() > 1
    two.labeler.get_by_text("Press a class to label all of them").wait_for()
    assert one.chosen() == 0
    assert one.card.locator(".hitl-text").count() == 1


def test_a_clone_of_the_output_is_a_view_of_its_own(desk):
    notebook, bench = desk.open(cell())
    notebook.run(0)
    bench.wait_item()
    bench.wait_map(settled=True)
    notebook.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0 }")
    notebook.command("notebook:create-output-view")
    clone = Bench(notebook.page, notebook.page.locator(".jp-LinkedOutputView"))
    first = Bench(notebook.page, notebook.page.locator(".jp-NotebookPanel"))
    clone.wait_item()
    clone.wait_map(settled=True)
    clone.lasso(0.5, 0.5, 0.45)
    assert clone.chosen() > 1
    clone.labeler.get_by_text("Press a class to label all of them").wait_for()
    assert first.chosen() == 0
    n = clone.chosen()
    clone.press("1")
    wait_labelled(clone, desk.folder, 1)
    assert len(labelled(desk.folder)[0]) == n


@pytest.mark.parametrize("gone", ["deleted", "renamed"])
def test_answers_for_a_store_that_is_gone_are_offered(desk, gone):
    notebook, bench = desk.open(cell())
    notebook.run(0)
    bench.wait_item()
    kill(notebook)
    bench.focus()
    texts = []
    for key in "121":
        texts.append(bench.shown())
        bench.label(key)
    store = desk.folder / "labels.sqlite"
    store.unlink() if gone == "deleted" else store.rename(desk.folder / "before.sqlite")
    notebook.run(0)
    bench.wait_item()
    offer = bench.labeler.locator(".hitl-held-line")
    offer.get_by_text(
        "are waiting in this browser for labels.sqlite, which is not the store that is open here"
    ).wait_for()
    assert offer.inner_text().startswith("3 answers from ")
    assert labelled(desk.folder) == []
    with notebook.page.expect_download() as download:
        offer.get_by_role("button", name="Export").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert [line["key"] for line in lines] == [key_of(text) for text in texts]
    offer.get_by_role("button", name="Apply here").click()
    wait_labelled(bench, desk.folder, 3)
    assert labelled(desk.folder) == [[key_of(text)] for text in texts]
    offer.wait_for(state="hidden")
    bench.wait_labels(3)


REFUSE = """from hitl_widgets.errors import InvalidInput
def refuse(*args, **kwargs):
    raise InvalidInput("unknown class 'water'")
session._loop.acts.label = refuse"""


def test_an_answer_that_is_refused_stays_until_the_person_decides(desk):
    notebook, bench = desk.open(cell(), REFUSE, "del session._loop.acts.label")
    notebook.run(0)
    bench.wait_item()
    notebook.run(1)
    bench.focus()
    texts = [bench.shown()]
    bench.label("2")
    held = bench.labeler.locator(".hitl-held-line")
    held.get_by_text("1 answer was not saved: unknown class 'water'").wait_for()
    assert labelled(desk.folder) == []
    notebook.run(2)
    held.get_by_role("button", name="Send again").click()
    wait_labelled(bench, desk.folder, 1)
    assert labelled(desk.folder) == [[key_of(text)] for text in texts]
    held.wait_for(state="hidden")
    notebook.run(1)
    bench.focus()
    bench.label("1")
    held.get_by_role("button", name="Discard").click()
    held.get_by_role("button", name="Discard 1 answer permanently").click()
    held.wait_for(state="hidden")
    bench.acknowledged()
    assert len(labelled(desk.folder)) == 1


@pytest.mark.parametrize("database", [True, False], ids=["indexeddb", "nothing"])
def test_where_localstorage_takes_nothing_acts_outlive_the_cell(desk, database):
    notebook, bench = desk.open(cell(), alone=True)
    script = FULL if database else FULL + NO_DATABASE
    notebook.page.add_init_script(script)
    notebook.command("docmanager:save")
    notebook.page.reload()
    notebook._idle()
    notebook.run(0)
    bench.wait_item()
    notebook.command("docmanager:save")
    kill(notebook)
    bench.focus()
    texts = []
    for key in "121":
        texts.append(bench.shown())
        bench.label(key)
    promise = bench.labeler.get_by_text("keep it open until they are saved")
    bench.labeler.get_by_text("3 acts are waiting in this browser").wait_for()
    if database:
        assert promise.count() == 0
        notebook.page.reload()
        notebook._idle()
    else:
        promise.wait_for()
    notebook.run(0)
    wait_labelled(bench, desk.folder, 3)
    assert labelled(desk.folder) == [[key_of(text)] for text in texts]
    promise.wait_for(state="hidden")
