"""CSV, as RFC 4180 has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hitl_widgets.formats.base import Export
from hitl_widgets.formats.tables import DEFUSED, defused, say_no_values, writable

__all__ = ["WRITERS", "Csv"]


class Csv:
    """A table as comma-separated values, in UTF-8."""

    name = "csv"
    ending = ".csv"
    tabular = True

    def notes(self, export: Export) -> Sequence[str]:  # noqa: ARG002
        """What a spreadsheet makes of it."""
        more = "A spreadsheet that opens the file may change ids that look like numbers or dates"
        return [f"{DEFUSED} {more}: .xlsx keeps them."]

    def columns(self, export: Export) -> Sequence[str]:
        """Those of the table."""
        return list(map(str, export.table))

    def write(self, export: Export, path: Path) -> None:
        """Lines end as the standard asks, so that texts which hold any other ending are quoted."""
        table = writable(export.table, say=False)
        say_no_values(table, "read_csv")
        defused(table).to_csv(path, index=False, lineterminator="\r\n")


WRITERS = (Csv(),)
