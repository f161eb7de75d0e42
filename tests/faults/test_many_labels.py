"""Ten thousand labels through one widget: the last costs as much as the first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from hitl_widgets.labels.events import new_event_id
from hitl_widgets.session import Session
from hitl_widgets.widgets.workbench import Workbench

# There are fewer items than labels: the last labels are corrections.
N, LABELS, PART = 9_000, 10_000, 1_000


class Sizes:
    """Records the bytes that each widget sends, with answers to labels separately."""

    def __init__(self, workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.acks: list[int] = []
        self.other: list[int] = []
        for view in workbench.views:
            monkeypatch.setattr(view, "send", self._send)

    def _send(self, content: dict[str, Any], buffers: list[Any]) -> None:
        size = len(json.dumps(content)) + sum(map(len, buffers))
        (self.acks if content["type"] == "ack" else self.other).append(size)


def test_ten_thousand_labels_cost_the_same_from_the_first_to_the_last(
    tmp_path: Path,
    no_umap: None,
    bundles: None,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[..., None],
) -> None:
    monkeypatch.setattr("hitl_widgets.widgets.explorer.widget.bundle", lambda _: "{}")
    monkeypatch.setattr("hitl_widgets.widgets.monitor.widget.bundle", lambda _: "{}")
    X = np.random.default_rng(0).normal(size=(N, 8)).astype(np.float32)
    session = Session(
        [f"item {i}" for i in range(N)],
        X=X,
        classes=["a", "b"],
        store=tmp_path / "l.sqlite",
        learner="linear",
    )
    workbench = Workbench(session, engine="canvas")
    sizes = Sizes(workbench, monkeypatch)
    labeler, process = workbench.labeler, psutil.Process()
    for view in workbench.views:
        view._receive(view, {"type": "hello", "id": new_event_id(), "view": new_event_id()}, [])
    session.wait()
    seconds: list[float] = []
    memory: list[int] = []
    largest: list[int] = []
    for i in range(LABELS):
        if i % PART == 0:
            session.wait()
            memory.append(process.memory_info().rss)
            sizes.other.clear()
        key, began = session.pool.keys[i % N], time.perf_counter()
        message = {"type": "label", "id": new_event_id(), "key": key, "value": "ab"[i % 2]}
        labeler._receive(labeler, message | {"selection": "suggested"}, [])
        seconds.append(time.perf_counter() - began)
        if i % PART == PART - 1:
            session.wait()
            largest.append(max(sizes.other))
    first, last = slice(PART, 2 * PART), slice(-PART, None)
    grown = (memory[-1] - memory[1]) / (LABELS - 2 * PART)
    figure(
        "10,000 labels through one widget",
        acknowledged=len(sizes.acks),
        lost=LABELS - len(set(session.history().query("kind == 'label'")["event_id"])),
        twice=session._loop.log.n_events - LABELS - 1,
        words=f"{1e3 * np.median(seconds[first]):.1f} ms per label in the second thousand, "
        f"{1e3 * np.median(seconds[last]):.1f} ms in the last; answers of {max(sizes.acks[first])} and "
        f"{max(sizes.acks[last])} bytes; memory grows by {grown / 1e3:.1f} kB per label, for the log",
    )
    assert len(sizes.acks) == session._loop.log.n_events - 1 == LABELS
    assert session.n_labels == N
    assert max(sizes.acks) < 1_000
    assert max(sizes.acks[last]) <= max(sizes.acks[first]) + 10  # numbers grow, lists do not
    assert max(largest[1:]) <= 1.2 * largest[0]
    assert len(labeler._handed) <= 40
    # The fold keeps an event and its position; nothing else grows with every label.
    assert grown < 10_000
    session.close()
