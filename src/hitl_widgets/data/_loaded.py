"""Modules that may be half imported: another thread is still at it, and half of what they hold is missing."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from hitl_widgets.background.turns import uninterrupted

__all__ = ["loaded", "wait_for_imports"]

# What tables are told by, here and in narwhals, which look into sys.modules.
TABLES = ("pandas", "polars", "pyarrow", "dask", "dask.dataframe", "modin", "cudf", "duckdb", "ibis")


def loaded(name: str) -> Any:
    """The module where somebody imported it, once that import has ended; else None."""
    module = sys.modules.get(name)
    if not getattr(getattr(module, "__spec__", None), "_initializing", False):
        return module
    try:
        with uninterrupted():  # an interrupt can leave a lock of Python's own imports taken for good
            return importlib.import_module(name)  # waits for the thread that is at it
    except ImportError:  # it failed there
        return None


def wait_for_imports() -> None:
    """Wait for the libraries of tables that another thread is importing."""
    for name in TABLES:
        loaded(name)
