"""A script that ends while background work is running exits cleanly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import time
import numpy as np
import hitl_widgets as hitl
X = np.random.default_rng(0).normal(size=(40_000, 200)).astype("f4")
session = hitl.Session([f"item {i}" for i in range(len(X))], X=X, classes=["a", "b"], store="a.sqlite")
session.label(session.pool.ids[0], "a")
time.sleep(%s)
if %s:
    session.close()
print("end", flush=True)
"""


@pytest.mark.parametrize(("wait", "close"), [(0, False), (2, False), (2, True)])
def test_a_script_ends_while_neighbours_are_sought(tmp_path: Path, wait: float, *, close: bool) -> None:
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT % (wait, close)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, "end\n", "")
