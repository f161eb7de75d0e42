"""Sessions on pools of 20,000 to a million items, each in its own process, with empty and filled caches."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SIZES = (20_000, 100_000, 1_000_000)
LABELS = 60


def measure(n: int) -> dict[str, Any]:
    """The output of :mod:`scale_one` for a first run, and for a second run with filled caches."""
    with tempfile.TemporaryDirectory(prefix="hitl-bench-") as folder:
        made = {name: _one(n, Path(folder)) for name in ("first", "second")}
    print(n, json.dumps({k: v["reached"] for k, v in made.items()}), flush=True)
    return {str(n): made}


def _one(n: int, folder: Path) -> dict[str, Any]:
    script = Path(__file__).with_name("scale_one.py")
    command = [sys.executable, str(script), str(n), "--folder", str(folder), "--labels", str(LABELS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"scale_one.py {n} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
