"""Tables of the measurements, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hitl_widgets.quality.sequential import wilson


def markdown(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table of docs/."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def share(held: Any) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    values = np.asarray(held, bool)
    if not len(values):
        return "-"
    low, high = wilson(int(values.sum()), len(values))
    return f"{values.mean():.3f} ({low:.2f}-{high:.2f})"


def mean(values: Any, digits: int = 3) -> str:
    """A mean with half the width of its 95 % interval."""
    found = np.asarray(values, float)
    half = 1.96 * found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else float("nan")
    return f"{found.mean():.{digits}f} ± {half:.{digits}f}"
