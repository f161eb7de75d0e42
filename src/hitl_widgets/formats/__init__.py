"""Files of other labeling tools: one module for each, which recognises its rows and says what they say.

Each :class:`~.base.Format` says whether it wrote some rows, what they say, and of what it does not take why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hitl_widgets.formats import answers, argilla, doccano, label_studio, prodigy
from hitl_widgets.formats.base import Format, Left, Said, Wanted

__all__ = ["FORMATS", "SAMPLE", "Format", "Left", "Said", "Wanted", "recognised"]

FORMATS: tuple[Format, ...] = (
    answers.Answers(),
    label_studio.Tasks(),
    label_studio.Flat(),
    argilla.Records(),
    argilla.Flat(),
    argilla.Old(),
    prodigy.Answers(),
    doccano.Examples(),
)
SAMPLE = 100


def recognised(rows: Sequence[Mapping[str, Any]], wanted: Wanted) -> Format | None:
    """The tool that wrote these rows, by the first of them; None where none did."""
    if wanted.label == "answer":  # the person's own column, though Prodigy has one of this name
        return None
    sample = [row for row in rows[:SAMPLE] if all(isinstance(name, str) for name in row)]
    return next((one for one in FORMATS if sample and one.claims(sample)), None)
