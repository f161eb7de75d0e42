"""Modes: what annotators do with suggested answers."""

from __future__ import annotations

from typing import Any, Literal, get_args

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions.base import kind_of
from hitl_widgets.questions.schema import Schema

__all__ = ["MODES", "Mode", "check_mode", "check_verifiable"]

Mode = Literal["annotate", "verify", "correct", "demonstrate"]
MODES = get_args(Mode)


def check_mode(mode: Any, sweep: Any) -> Mode:
    """Return the mode of a session; raise InvalidInput if it is unknown, or impossible in a sweep."""
    if mode not in MODES:
        near = nearest(mode, MODES) if isinstance(mode, str) else ""
        raise InvalidInput(f"mode={mode!r}: expected one of {choices(MODES)}.{near}")
    if sweep is None:
        return mode  # type: ignore[no-any-return]
    if mode not in {"annotate", "verify"}:
        raise InvalidInput(f"sweep={sweep!r} asks whether items are of one class: omit mode={mode!r}.")
    return "verify"


def check_verifiable(mode: Mode, schema: Schema, *, suggests: bool) -> None:
    """Raise InvalidInput if there will never be an answer to verify or correct."""
    kind = kind_of(schema.kind)
    predicts = kind.predicts and (schema.classes or kind.name != "form")
    if mode in {"verify", "correct"} and not (suggests or predicts or kind.name == "spans"):
        raise InvalidInput(
            f"mode={mode!r} needs suggested answers, and no model predicts {kind.asks}. Pass suggest=, a "
            "column of your data or a function that takes a list of items and returns a list of answers."
        )
