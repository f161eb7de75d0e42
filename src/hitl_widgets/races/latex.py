"""LaTeX tables."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

__all__ = ["booktabs", "escape"]

_SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "\n": " ",
    **{c: "\\" + c for c in "&%$#_{}"},
}  # fmt: skip


def escape(text: object) -> str:
    """Return a text as LaTeX prints it literally."""
    return re.sub(r"[\\~^<>|\"\n&%$#_{}]", lambda found: _SPECIAL[found[0]], str(text))


def booktabs(
    table: pd.DataFrame, caption: str, bold: Collection[tuple[object, object]] = (), rule: int = 0
) -> str:
    r"""Return a table for the LaTeX package booktabs; all texts are escaped.

    Parameters
    ----------
    table
        Cells as text; the index is the first column.
    caption
        Its caption.
    bold
        Cells in bold, as pairs (row, column) of labels.
    rule
        Number of rows at the end that a line separates from the others.
    """
    head = " & ".join(escape(name) for name in [table.index.name or "", *table.columns])
    lines = []
    for i, (name, row) in enumerate(table.iterrows()):
        if rule and i == len(table) - rule:
            lines.append(r"\midrule")
        cells = [escape(value) for value in row]
        cells = [
            rf"\textbf{{{cell}}}" if (name, column) in bold else cell
            for cell, column in zip(cells, table.columns, strict=True)
        ]
        lines.append(" & ".join([escape(name), *cells]) + r" \\")
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape(caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
