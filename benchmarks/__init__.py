"""Measurements: what docs/ says of speed, labels, accuracy and faults.

Each is run from the root of the repository, as ``python -m benchmarks.speed.latency``: see README.md.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"
