"""CSV (RFC 4180)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hitl_widgets.formats.base import Export, Left
from hitl_widgets.formats.tables import DEFUSED, defused, say_no_values, writable

__all__ = ["WRITERS", "Csv"]


class Csv:
    """A table as comma-separated values, in UTF-8."""

    name = "csv"
    ending = ".csv"
    tabular = True
    folder, items = False, False
    kinds: tuple[str, ...] = ()

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """Return notes about spreadsheets."""
        more = "A spreadsheet program may change ids that look like numbers or dates"
        return [f"{DEFUSED} {more}; .xlsx keeps them."]

    def columns(self, export: Export) -> Sequence[str]:
        """Return the columns of the table."""
        return list(map(str, export.table))

    def write(self, export: Export, path: Path) -> Sequence[Left]:
        """Write the file with CRLF line endings, so that texts with other line endings are quoted."""
        table = writable(export.table, say=False)
        say_no_values(table, "read_csv")
        defused(table).to_csv(path, index=False, lineterminator="\r\n")
        return []


WRITERS = (Csv(),)
