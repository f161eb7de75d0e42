"""Running a cell again replaces what it made before."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

MAKE = """import hitl_widgets as hitl
texts = [f"{word} number {i}" for i in range(40) for word in ("apple", "river")]
session = hitl.Session(texts, classes=["fruit", "water"], random_state=1)"""
COUNT = """import gc, threading, time
from hitl_widgets.session import Session
deadline = time.monotonic() + 20
def found():
    gc.collect()
    alive = [s for s in gc.get_objects() if isinstance(s, Session) and not s.closed]
    return len(alive), sum(t.name.startswith("hitl-") for t in threading.enumerate())
while found()[0] != WANTED and time.monotonic() < deadline:
    time.sleep(0.2)
time.sleep(1)
print(*found())"""


ONE_SESSION = 12  # threads at most


def counted(notebook, index):
    notebook.run(index)
    sessions, threads = map(int, notebook.output(index).split())
    return sessions, threads


def test_a_cell_run_five_times_leaves_one_session_and_its_threads(desk, figure):
    notebook, bench = desk.open(MAKE + "\nsession", COUNT.replace("WANTED", "1"))
    notebook.run(0)
    bench.wait_item()
    _, threads = counted(notebook, 1)
    for n in range(1, 5):
        bench.focus()
        bench.label("1")
        bench.acknowledged()
        notebook.run(0)
        bench.wait_item()
        bench.wait_labels(n)
    sessions, after = counted(notebook, 1)
    assert sessions == 1
    # Idle threads end, so their number varies; five sessions would have more.
    assert after <= ONE_SESSION
    words = f"one session and {after} threads after five runs, {threads} after one"
    figure("cell run again", acknowledged=4, lost=4 - bench.n_labels, twice=0, words=words)


def test_a_view_in_another_cell_keeps_its_session_until_that_cell_is_run_again(desk):
    notebook, bench = desk.open(MAKE, "session", COUNT.replace("WANTED", "2"), COUNT.replace("WANTED", "1"))
    notebook.run(0)
    notebook.run(1)
    bench.wait_item()
    notebook.run(0)
    bench.focus()
    bench.label("1")
    bench.acknowledged()
    assert counted(notebook, 2)[0] == 2
    notebook.run(1)
    bench.wait_item()
    bench.wait_labels(1)
    assert counted(notebook, 3)[0] == 1


def test_two_sessions_of_one_cell_live_side_by_side(desk):
    notebook, _ = desk.open(
        MAKE + "\nother = hitl.Session(texts, classes=['fruit', 'water'], learner='linear', random_state=1)",
        "session.label(session.pool.ids[0], 'fruit'); print(other.n_labels, session.closed, other.closed)",
    )
    notebook.run(0)
    notebook.run(1)
    assert notebook.output(1).split() == ["1", "False", "False"]
