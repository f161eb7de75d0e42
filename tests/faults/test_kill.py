"""kill -9 in the middle of labeling: what was acknowledged is there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from hitl_widgets.labels.store import LabelStore

LABELER = """
import sys
import numpy as np
import hitl_widgets as hitl
X = np.random.default_rng(0).normal(size=(3000, 8)).astype("float32")
ids = [f"i{k}" for k in range(3000)]
import pandas as pd
table = pd.DataFrame({"id": ids, "n": range(3000)})
session = hitl.Session(table, id="id", X=X, classes=["a", "b"], store=sys.argv[1])
for k in ids:
    session.label(k, "ab"[hash(k) % 2])
    print(k, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_no_acknowledged_label_is_lost_under_kill_9(tmp_path, seed):
    store = tmp_path / "labels.sqlite"
    process = subprocess.Popen([sys.executable, "-c", LABELER, str(store)], stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline().strip() for _ in range(20)]
    time.sleep(random.Random(seed).uniform(0, 0.5))
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.read().split("\n")[:-1]
    process.wait()
    kept = {key for _, e in LabelStore(store).read("labels") for key in e.item_ids}
    assert len(said) >= 20
    assert set(said) <= kept
