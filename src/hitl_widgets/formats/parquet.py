"""Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hitl_widgets.formats.base import Export, Left
from hitl_widgets.formats.tables import writable

__all__ = ["WRITERS", "Parquet"]


class Parquet:
    """A table with typed columns."""

    name = "parquet"
    ending = ".parquet"
    tabular = True
    folder, items = False, False
    kinds: tuple[str, ...] = ()

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return no notes."""
        return []

    def columns(self, export: Export) -> Sequence[str]:
        """Return the columns of the table."""
        return list(map(str, export.table))

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file with pyarrow."""
        writable(export.table).to_parquet(path, index=False)
        return []


WRITERS = (Parquet(),)
