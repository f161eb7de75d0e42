"""Reports: a race or benchmark as one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd

from hitl_widgets.errors import InvalidInput, choices
from hitl_widgets.paths import full_path

__all__ = ["Section", "page"]

# Facts that are code, and their headings.
CODE = {"call": "The call", "code": "Code of the contestants"}

ENDINGS = (".html", ".htm")
P_VALUES = {"p", "corrected"}

# Nothing may be loaded, and no script runs.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --line: #d0d7de; --paper: #fff;
  --wash: #f6f8fa }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa4ae; --line: #3d444d; --paper: #0d1117; --wash: #161b22 }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 32px 24px 64px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px }
h2 { font-size: 18px; margin: 40px 0 8px; padding-top: 16px; border-top: 1px solid var(--line) }
p { margin: 8px 0; max-width: 46rem }
.lead { color: var(--soft); margin-bottom: 24px }
.wide { overflow-x: auto; margin: 12px 0 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13.5px }
th, td { padding: 5px 16px 5px 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line) }
th { font-weight: 600; color: var(--soft); vertical-align: bottom; white-space: normal }
th:first-child, td:first-child { text-align: left; color: var(--ink) }
td.text, th.text { text-align: left }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 24px; margin: 12px 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 6px; padding: 12px 16px;
  overflow-x: auto; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
svg { max-width: 100%; height: auto; color: var(--soft); display: block }
summary { cursor: pointer; color: var(--soft); margin: 8px 0 }
@media (max-width: 640px) {
  dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: 8px } body { padding: 20px 16px }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --wash: #fff }
  body { max-width: none; padding: 0; font-size: 11pt }
  @page { margin: 16mm }
  section, tr { break-inside: avoid } details:not([open]) { display: none }
  h2 { break-after: avoid }
  .wide { overflow: visible } pre { white-space: pre-wrap } table { font-size: 9pt }
}
figure { margin: 16px 0 }
"""


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes
    ----------
    title
        Its heading.
    said
        Paragraphs, as plain text.
    table
        A table below them.
    figure
        A chart as SVG, above the table.
    folded
        Whether the table is hidden until it is asked for.
    """

    title: str
    said: Sequence[str] = ()
    table: pd.DataFrame | None = field(default=None, compare=False)
    figure: str = ""
    folded: bool = False


def page(
    path: str | Path, title: str, lead: str, sections: Sequence[Section], facts: Mapping[str, str]
) -> Path:
    """Write a report; return its path.

    Parameters
    ----------
    path
        The file.
    title, lead
        The heading, and a sentence below it.
    sections
        In order.
    facts
        What is needed to repeat it, by name; ``call`` and ``code`` are code.

    Raises
    ------
    InvalidInput
        If the name has another ending, or the file cannot be written.
    """
    target = full_path(path)
    if target.suffix.lower() not in ENDINGS:
        raise InvalidInput(
            f"path={str(path)!r}: a report is a page, whose name ends with {choices(ENDINGS)}."
        )
    if not isinstance(title, str):
        raise InvalidInput(f"title={title!r}: expected text.")
    body = "\n".join([*map(_section, sections), _repeating(facts)])
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="lead">{escape(lead)}</p>
{body}
</body>
</html>
"""
    try:
        target.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InvalidInput(f"path={str(path)!r} cannot be written: {error.strerror or error}.") from error
    return target


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>", *(f"<p>{escape(words)}</p>" for words in section.said)]
    if section.figure:
        parts.append(f"<figure>{section.figure}</figure>")
    if section.table is not None:
        table = f'<div class="wide">{_table(section.table)}</div>'
        parts.append(f"<details><summary>Table</summary>{table}</details>" if section.folded else table)
    return "\n".join(["<section>", *parts, "</section>"])


def _repeating(facts: Mapping[str, str]) -> str:
    """Return what is needed to repeat it as HTML."""
    if not facts:
        return "<h2>To repeat it</h2>\n<p>Not known: it was not made by hitl.simulate or hitl.benchmark.</p>"
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>"
        for name, words in facts.items()
        if name not in CODE and words
    )
    code = "".join(
        f"<p>{heading}:</p><pre>{escape(facts[name])}</pre>"
        for name, heading in CODE.items()
        if facts.get(name)
    )
    return f"<h2>To repeat it</h2>\n{code}\n<dl>{rows}</dl>"


def _table(table: pd.DataFrame) -> str:
    """Return a table as HTML."""
    shown = table.reset_index() if table.index.name else table
    columns = [_column(str(name), shown[name].tolist()) for name in shown]
    left = [not pd.api.types.is_numeric_dtype(dtype) for dtype in shown.dtypes]

    def row(tag: str, cells: Sequence[str]) -> str:
        marked = zip(cells, left, strict=True)
        return "".join(f"<{tag}{' class=text' * text}>{escape(cell)}</{tag}>" for cell, text in marked)

    head = row("th", [str(name) for name in shown.columns])
    body = "".join(f"<tr>{row('td', cells)}</tr>" for cells in zip(*columns, strict=True))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _column(name: str, values: Sequence[object]) -> list[str]:
    """Return the cells of a column; all of its numbers have the same digits."""
    numbers = [value for value in values if isinstance(value, float) and value == value]  # noqa: PLR0124
    whole = all(value.is_integer() for value in numbers) and name not in {*P_VALUES, "rank"}
    digits = 0 if whole else 2 if name == "rank" else 3

    def cell(value: object) -> str:
        if not isinstance(value, float):
            return str(value)
        if value != value:  # noqa: PLR0124 - NaN
            return "-"
        return "< 0.001" if name in P_VALUES and value < 0.001 else f"{value:.{digits}f}"

    return [cell(value) for value in values]
