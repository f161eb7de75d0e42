"""Access to modules that another thread may still be importing, and that are therefore incomplete."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from hitl_widgets.background.turns import uninterrupted

__all__ = ["loaded", "wait_for_imports"]

# Modules that this package and narwhals look up in sys.modules to recognize tables.
TABLES = ("pandas", "polars", "pyarrow", "dask", "dask.dataframe", "modin", "cudf", "duckdb", "ibis")


def loaded(name: str) -> Any:
    """Return a module if it is imported, waiting for a running import to finish; else None."""
    module = sys.modules.get(name)
    if not getattr(getattr(module, "__spec__", None), "_initializing", False):
        return module
    try:
        with uninterrupted():  # an interrupt could leave Python's import lock held forever
            return importlib.import_module(name)  # waits for the importing thread
    except ImportError:  # the import failed in the other thread
        return None


def wait_for_imports() -> None:
    """Wait for table libraries that another thread is importing."""
    for name in TABLES:
        loaded(name)
