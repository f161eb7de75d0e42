"""Compiling with numba: kept on disk where there is a place for it, plain Python where numba is missing."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

__all__ = ["NUMBA", "compiled"]

NUMBA = importlib.util.find_spec("numba") is not None


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: machine code that does not hold the GIL."""

    def compile_(function: Callable[..., Any]) -> Callable[..., Any]:
        if not NUMBA:
            return function
        from numba import njit

        try:
            return njit(cache=True, nogil=True, **options)(function)  # type: ignore[no-any-return]
        except RuntimeError:  # nowhere to keep what is compiled: compile it in every process
            return njit(nogil=True, **options)(function)  # type: ignore[no-any-return]

    return compile_
