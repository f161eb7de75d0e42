"""The hand: labels a minute, bursts, the first label, finding in a million texts, and scrolling the list."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from lab import Bench, Notebook, write_notebook

from benchmarks import ROOT
from benchmarks.speed.map_times import lab_page

MINUTE, BURST, BURST_MS = 60, 50, 100
REPEATS = 12
MILLION = 1_000_000
FRAMES = 120

MAILS = """import hitl_widgets as hitl, pandas as pd
words = ["refund the invoice", "parcel came late", "thank you so much"]
mails = pd.DataFrame({"text": [f"{words[i % 3]}, number {i}" for i in range(2000)]})"""
SESSION = """session = hitl.Session(mails, text="text", classes=["billing", "delivery", "praise"],
                       store="labels.sqlite", random_state=0)
session"""
LARGE = """import sys, time; sys.path.insert(0, {root!r})
from benchmarks.speed.hand_times import texts
import hitl_widgets as hitl, numpy as np, pandas as pd
many = pd.DataFrame({{"text": texts({n}), "price": np.random.default_rng(0).gamma(2, 20, {n})}})
X = np.random.default_rng(0).normal(size=({n}, 8)).astype("float32")"""
LARGE_SESSION = """session = hitl.Session(
    many, text="text", X=X, classes=["yes", "no"], store="labels.sqlite", random_state=0
)
while session.map is None: time.sleep(0.1)
session._loop.background.preparation.close()  # the later map is not part of this
session._loop.finder.prepare()
session"""
# Durations of frames while the list scrolls, first by the wheel's steps, then by long jumps.
SCROLL = """n => new Promise((done) => {
  const list = document.querySelector('.hitl-list-scroll'), times = [];
  let last = performance.now();
  const step = (now) => {
    times.push(now - last);
    last = now;
    if (times.length > n) return done(times.slice(1));
    if (times.length < n / 2) list.scrollTop += 120;
    else list.scrollTop = list.scrollHeight * ((times.length * 0.37) % 1);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""
FOUND = """words => new Promise((done) => {
  const input = document.querySelector('.hitl-find-input');
  const status = document.querySelector('.hitl-find-count');
  input.focus();
  input.value = words;
  input.dispatchEvent(new Event('input'));
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (!/found/.test(status.textContent)) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  });
  watch.observe(status, { childList: true, characterData: true, subtree: true });
  input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
})"""


def texts(n: int, words: int = 12, seed: int = 0) -> list[str]:
    """Texts of some words with a Zipf distribution."""
    rng = np.random.default_rng(seed)
    known = np.array([f"w{i:x}" for i in range(20_000)])
    p = 1 / np.arange(1, len(known) + 1)
    drawn = rng.choice(known, (n, words), p=p / p.sum())
    return [f"{' '.join(row)} order {i}" for i, row in enumerate(drawn.tolist())]


def queries(k: int) -> dict[str, str]:
    """Queries of each kind, different for each ``k``, as results are cached."""
    return {
        "a word": f"w{100 + k:x}",
        "a phrase": f'"w1 w{k:x}"',
        "a pattern": rf"/order \d{{3}}{k % 10}{k}/",
        "a word, a column, a state": f"w{200 + k:x} price>{10 + k} unlabelled",
        "one of two words": f"w{300 + k:x} OR w{400 + k:x}",
    }


def hand() -> dict[str, Any]:
    """Labels a minute, bursts, and the first label; a table of 2,000 texts."""
    found: dict[str, Any] = {}
    with lab_page() as (lab, page):
        write_notebook(lab.folder / "hand.ipynb", MAILS, SESSION)
        notebook, bench = Notebook(page, lab, "hand.ipynb"), Bench(page)
        notebook.run(0)
        began = time.monotonic()
        notebook.run(1, wait=False)
        bench.wait_item()
        bench.focus()
        bench.label("1")
        bench.acknowledged()
        found["first label"] = time.monotonic() - began
        bench.wait_map()
        began = time.monotonic()
        for i in range(MINUTE):
            page.keyboard.press("123"[i % 3])
            page.wait_for_timeout(max(0, 1000 * (began + (i + 1) - time.monotonic()) * MINUTE / 60))
        bench.acknowledged()
        found["minute"] = {"seconds": time.monotonic() - began, **_stored(lab.folder, 1)}
        before = 1 + found["minute"]["labels"]
        for i in range(BURST):
            page.keyboard.press("123"[i % 3], delay=0)
            page.wait_for_timeout(BURST_MS)
        bench.acknowledged()
        found["burst"] = {"keys": BURST, **_stored(lab.folder, before)}
    print("hand", found, flush=True)
    return found


def _stored(folder: Path, after: int) -> dict[str, int]:
    """How many labels followed the first ``after`` ones, and how many items have more than one."""
    with contextlib.closing(sqlite3.connect(folder / "labels.sqlite")) as connection:
        query = (
            "select json_extract(body, '$.item_ids[0]') from label_event where kind = 'label' order by seq"
        )
        items = [item for (item,) in connection.execute(query)]
    return {"labels": len(items) - after, "twice": sum(n > 1 for n in Counter(items).values())}


def find() -> dict[str, Any]:
    """Finding in a million texts, and scrolling them."""
    found: dict[str, Any] = {"in the kernel": _in_kernel()}
    with lab_page() as (lab, page):
        write_notebook(lab.folder / "large.ipynb", LARGE.format(root=str(ROOT), n=MILLION), LARGE_SESSION)
        notebook, bench = Notebook(page, lab, "large.ipynb"), Bench(page)
        notebook.run(0)
        notebook.run(1)
        bench.wait_item()
        bench.wait_map()
        page.evaluate("() => document.querySelector('.hitl-workbench').scrollIntoView({block: 'start'})")
        page.wait_for_timeout(3000)
        times: dict[str, list[float]] = {}
        for k in range(REPEATS):
            for name, query in queries(REPEATS + k).items():
                times.setdefault(name, []).append(float(page.evaluate(FOUND, query)))
        found["in the browser"] = times
        page.keyboard.press("Escape")
        bench.focus()
        bench.press("t")
        page.locator(".hitl-line").first.wait_for()
        page.wait_for_timeout(2000)
        found["scroll"] = page.evaluate(SCROLL, FRAMES)
    print("find", found, flush=True)
    return found


def _in_kernel() -> dict[str, Any]:
    import pandas as pd

    import hitl_widgets as hitl

    table = pd.DataFrame({"text": texts(MILLION), "price": np.random.default_rng(0).gamma(2, 20, MILLION)})
    X = np.random.default_rng(0).normal(size=(MILLION, 8)).astype("float32")
    with hitl.Session(table, text="text", X=X, classes=["yes", "no"], store=":memory:") as session:
        session.wait()
        session._loop.background.preparation.close()
        began = time.perf_counter()
        session._loop.finder.prepare()
        times: dict[str, Any] = {"index, s": time.perf_counter() - began}
        for k in range(REPEATS):
            for name, query in queries(k).items():
                began = time.perf_counter()
                session._loop.finder.find(query)
                times.setdefault(name, []).append(1e3 * (time.perf_counter() - began))
    return times
