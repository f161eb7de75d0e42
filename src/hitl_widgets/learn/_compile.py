"""Compilation with Numba, cached on disk if possible; plain Python if Numba is not installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

__all__ = ["NUMBA", "compiled"]

NUMBA = importlib.util.find_spec("numba") is not None


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function to compile it to machine code that releases the GIL."""

    def compile_(function: Callable[..., Any]) -> Callable[..., Any]:
        if not NUMBA:
            return function
        from numba import njit

        try:
            return njit(cache=True, nogil=True, **options)(function)  # type: ignore[no-any-return]
        except RuntimeError:  # no writable cache: compile in every process
            return njit(nogil=True, **options)(function)  # type: ignore[no-any-return]

    return compile_
