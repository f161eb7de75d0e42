"""Write what was measured as a page."""

from __future__ import annotations
from pathlib import Path


def write(results: Path, target: Path) -> None:
    pass
