"""Checks of settings: each message has the value, and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, a_type, choices, nearest

__all__ = ["check_function", "check_given", "number", "one_of", "seed", "whole"]


def one_of(name: str, value: Any, known: Sequence[str]) -> Any:
    """Return a setting that is one of some words."""
    if value not in known:
        raise InvalidInput(f"{name}={value!r}: expected one of {choices(known)}.{nearest(str(value), known)}")
    return value


def whole(name: str, value: Any, least: int, most: int, what: str) -> int:
    """Return a whole number within bounds; ``what`` it counts is said otherwise."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput(f"{name}={value!r}: expected {what} from {least:,} to {most:,}.")
    return int(value)


def number(name: str, value: Any, expected: str, *, zero: bool = False) -> float:
    """Return a finite number above 0, or from 0 on if ``zero``."""
    numeric = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not numeric or not np.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise InvalidInput(f"{name}={value!r}: expected {expected}.")
    return float(value)


def seed(value: Any) -> int:
    """Return ``random_state=`` of a method; unlike a session, it needs a number."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 0:
        raise InvalidInput(f"random_state={value!r}: expected a whole number of at least 0.")
    return int(value)


def check_function(name: str, value: Any, signature: str) -> None:
    """Raise InvalidInput unless it can be called."""
    if not callable(value):
        raise InvalidInput(f"{name}= is {a_type(value)}: expected a function {signature}.")


def check_given(how: str, known: Iterable[str], **given: Any) -> None:
    """Raise InvalidInput for a setting that was passed, but that this way to improve does not use."""
    for name, value in given.items():
        if value is not None and how not in known:
            raise InvalidInput(f"{name}= is for how={' or '.join(map(repr, known))}, not for how={how!r}.")
