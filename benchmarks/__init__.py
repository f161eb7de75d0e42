"""Measurements of speed, label efficiency, accuracy and reliability for docs/.

Run them from the root of the repository, as in ``python -m benchmarks.speed.latency``; see README.md.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"
