"""Import of labels from a table in memory or a file."""

from __future__ import annotations

import csv
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, islice
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import pandas as pd
from narwhals.exceptions import DuplicateError

from hitl_widgets.data.at_hand import at_hand, hugging_face_classes
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.formats import SAMPLE, Format, Left, Said, Wanted, opened_by, recognised
from hitl_widgets.formats.excel import read_excel
from hitl_widgets.formats.history import MAX_BYTES, History, is_history, json_lines, parsed, read_history
from hitl_widgets.formats.tables import armed
from hitl_widgets.paths import full_path

__all__ = ["Columns", "read_rows", "read_source"]

ENDINGS = (".csv", ".parquet", ".json", ".jsonl", ".xlsx")
MAX_START = 1_000
MAX_BROKEN = 1_000  # with more broken lines, it is not a CSV file
MAX_ROWS = 20_000_000
# A column of our exports that tells labels of people from machine labels.
SOURCE = "label_source"
_field_limit = threading.Lock()


@dataclass(frozen=True)
class Columns:
    """The requested columns of a table, by the requested names.

    Attributes
    ----------
    rows
        Number of each row in the source, from 0.
    broken
        Rows that cannot be read or are not labels, with the reason.
    n_rows
        Number of rows in the source.
    annotators
        Annotators in a file of another tool; None if unknown.
    content
        Texts and paths of each item, for files without ids.
    sure
        Whether each id is certainly the user's own; if not, the content must match.
    """

    cells: dict[str, list[Any]]
    rows: Sequence[int]
    n_rows: int
    broken: list[tuple[int, str]] = field(default_factory=list)
    annotators: Sequence[str | None] | None = None
    content: Sequence[tuple[str, ...]] | None = None
    sure: Sequence[bool] | None = None


def read_source(source: Any, names: Sequence[str], wanted: Wanted | None = None) -> Columns | History:
    """Read the columns of a table, or a history that :meth:`Session.export` wrote.

    Rows of other labeling tools are converted: see :mod:`~hitl_widgets.formats`.

    Parameters
    ----------
    source
        A pandas, polars or Arrow table or a Hugging Face dataset; a list of dicts; a dict of columns, or
        one of ids to labels; a path to ``.csv``, ``.parquet``, ``.json``, ``.jsonl`` or ``.xlsx``.
    names
        The columns: first the ids, then the labels, then others.
    wanted
        What to import from rows of other tools; by default the first two names.

    Raises
    ------
    InvalidInput
        If the source is anything else, or a column is missing.
    """
    found = _read(source, _Asked(names, wanted or Wanted(names[0], names[1])))
    return found if isinstance(found, History) else _of_people(found)


def _of_people(found: Columns) -> Columns:
    """Leave out machine labels: imported, they would be answers of a person."""
    if SOURCE not in found.cells or found.annotators is not None:
        return found
    own = [source != "machine" for source in found.cells[SOURCE]]
    cells = {name: list(compress(cells, own)) for name, cells in found.cells.items() if name != SOURCE}
    why = "A machine label is not an answer of a person. Hand over with session.hand_over()."
    broken = [(row, why) for row, mine in zip(found.rows, own, strict=True) if not mine]
    rows = list(compress(found.rows, own))
    return replace(found, cells=cells, rows=rows, broken=sorted(found.broken + broken))


def _read(source: Any, asked: _Asked) -> Columns | History:
    if isinstance(source, str | os.PathLike):
        path = full_path(source)
        if (tool := opened_by(path)) is not None:
            rows = tool.rows(path)
            return _foreign(tool, rows, asked, len(rows), [])
        return _from_file(path, asked)
    source = source if hugging_face_classes(source, asked.wanted.label) else at_hand(source, "source")
    if isinstance(source, Mapping):
        if (unfolded := _unfolded(source, asked)) is not None:
            return unfolded
        return _from_mapping(source, asked, "The dict")
    if isinstance(source, list | tuple):
        return _from_rows(list(enumerate(source)), asked, "The list", [])
    return _from_table(source, asked, "The table")


@dataclass(frozen=True)
class _Asked:
    names: Sequence[str]
    wanted: Wanted


def _unfolded(value: Mapping[str, Any], asked: _Asked) -> Columns | None:
    """Read an object of another tool that contains all items; None if it is not one."""
    tool = recognised([value], asked.wanted)
    unfold = getattr(tool, "unfold", None)
    if tool is None or unfold is None:
        return None
    rows = unfold(value)
    return _foreign(tool, rows, asked, len(rows), [])


def _from_mapping(source: Mapping[Any, Any], asked: _Asked, what: str) -> Columns:
    names = asked.names
    columns = {str(k): list(v) for k, v in source.items() if _is_column(v)}
    if len(columns) == len(source) and (found := _foreign_columns(columns, asked)) is not None:
        return found
    if not all(_is_column(source.get(name)) for name in names):
        columns = {names[0]: list(source.keys()), names[1]: list(source.values())}
    if len({len(columns[name]) for name in names if name in columns}) > 1:
        raise InvalidInput("The columns of the dict differ in length: each needs a value for every row.")
    return _picked(columns, names, what)


def _is_column(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _from_table(source: Any, asked: _Asked, what: str) -> Columns:
    called = hugging_face_classes(source, asked.wanted.label)
    source = at_hand(source, "source")
    if isinstance(source, pd.DataFrame) and asked.names[0] in source.index.names:
        source = source.reset_index()
    try:
        table: nw.DataFrame[Any] = nw.from_native(source, eager_only=True)
    except TypeError:
        raise InvalidInput(
            f"Cannot import labels from a {type(source).__name__}: expected a pandas, polars or Arrow "
            f"table, a dict, a list of dicts, or a path ending with {choices(ENDINGS)}."
        ) from None
    except DuplicateError as error:
        raise InvalidInput(f"Two columns share a name: rename one. {error}") from None
    if recognised(list(table.head(SAMPLE).iter_rows(named=True)), asked.wanted):
        return _from_rows(list(enumerate(table.iter_rows(named=True))), asked, what, [])
    found = {c: table.get_column(c).to_list() for c in table.columns if c in {*asked.names, SOURCE}}
    return _named(_picked(found, asked.names, what, table.columns), called, asked)


def _named(found: Columns, called: Sequence[str], asked: _Asked) -> Columns:
    """Convert class numbers to names, if these are classes of the task; -1 is not a label."""
    label = asked.wanted.label
    if not called:
        return found

    def name(value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or not -1 <= value < len(called):
            return value
        if value == -1:
            return None
        return called[value] if asked.wanted.is_class(called[value]) else value

    return replace(found, cells={**found.cells, label: list(map(name, found.cells[label]))})


def _picked(
    columns: dict[str, list[Any]], names: Sequence[str], what: str, known: Sequence[str] | None = None
) -> Columns:
    known = list(columns) if known is None else known
    for name in names:
        if name not in columns:
            raise InvalidInput(
                f"{what} has no column {name!r}.{nearest(name, known)} Its columns are {choices(known)}. "
                "Choose columns with id=, label= and annotator=."
            )
    n = len(columns[names[0]])
    return Columns({name: columns[name] for name in (*names, SOURCE) if name in columns}, range(n), n)


def _from_rows(
    rows: list[tuple[int, Any]], asked: _Asked, what: str, broken: list[tuple[int, str]]
) -> Columns:
    odd = [
        (i, f"The row is a {type(r).__name__}, not a dict.") for i, r in rows if not isinstance(r, Mapping)
    ]
    good = [(i, r) for i, r in rows if isinstance(r, Mapping)]
    n, names = len(rows) + len(broken), asked.names
    if (tool := recognised([r for _, r in good[:SAMPLE]], asked.wanted)) is not None:
        return _foreign(tool, good, asked, n, broken + odd)
    known = list(dict.fromkeys(k for _, r in good for k in r))
    columns = {k: [r.get(k) for _, r in good] for k in known if k in {*names, SOURCE}}
    if not n:
        columns = {name: [] for name in names}
    found = _picked(columns, names, what, known)
    return replace(found, rows=[i for i, _ in good], n_rows=n, broken=sorted(broken + odd))


def _foreign_columns(columns: dict[str, list[Any]], asked: _Asked) -> Columns | None:
    """Read columns of another tool as rows; return None if they are not from another tool."""
    lists = columns.values()
    if len(set(map(len, lists))) != 1:
        return None
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]
    if recognised(rows, asked.wanted) is None:
        return None
    return _from_rows(list(enumerate(rows)), asked, "The dict", [])


def _foreign(
    tool: Format,
    rows: list[tuple[int, Mapping[str, Any]]],
    asked: _Asked,
    n: int,
    broken: list[tuple[int, str]],
) -> Columns:
    """Read rows of another tool. A requested column of annotators has precedence over the file's."""
    read = list(tool.read(rows, asked.wanted))
    said = [one for one in read if isinstance(one, Said) and not one.guess]
    left = [(one.number, f"{tool.name}: {one.why}") for one in read if isinstance(one, Left)]
    cells = dict(zip(asked.names, ([s.id for s in said], [s.label for s in said]), strict=False))
    if len(asked.names) > 2:
        by_row = dict(rows)
        cells[asked.names[2]] = [by_row[s.number].get(asked.names[2], s.annotator) for s in said]
    return Columns(
        cells,
        [s.number for s in said],
        n,
        sorted(broken + left),
        [s.annotator for s in said],
        [s.content for s in said],
        [s.sure for s in said],
    )


def _from_file(path: Path, asked: _Asked) -> Columns | History:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InvalidInput(
            f"Cannot import {str(path)!r}: unknown file type.{nearest(ending, ENDINGS)} Expected a path "
            f"ending with {choices(ENDINGS)}."
        )
    if not path.is_file():
        raise InvalidInput(
            f"File not found: {path.absolute()}. Is the path relative to the notebook's folder?"
        )
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{path} has {path.stat().st_size / 2**30:.1f} GB; the limit is 1 GB. Split it.")
    if ending in {".json", ".jsonl"}:
        return _from_json(path, asked)
    if ending == ".parquet":
        return _from_parquet(path, asked)
    rows: list[Any] = read_excel(path) if ending == ".xlsx" else _read_csv(path, asked.names)
    return _from_cells(rows, asked, str(path))


def _from_json(path: Path, asked: _Asked) -> Columns | History:
    """Read JSON or JSON lines, regardless of the file's suffix."""
    with path.open("rb") as file:
        start = file.read(MAX_START).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[" or path.suffix.lower() == ".json":
        try:
            value = parsed(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), most=MAX_BYTES, strict=False)
        except ValueError as error:
            if path.suffix.lower() == ".json" and start == b"[":
                raise InvalidInput(f"{path} is {error}. Nothing was imported.") from error
        else:
            return _from_value(value, asked, str(path))
    return _from_lines(path, asked)


def _from_value(value: Any, asked: _Asked, what: str) -> Columns:
    """Read a list of rows, rows with the features of a Hugging Face dataset, one row, or columns."""
    if isinstance(value, list):
        return _from_rows(list(enumerate(value)), asked, what, [])
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} contains a {type(value).__name__}: expected a list of rows.")
    if isinstance(rows := value.get("rows"), list):
        features = value.get("features")
        features = features if isinstance(features, list) else []
        types = {f.get("name"): f.get("type") for f in features if isinstance(f, dict)}
        inner = [r["row"] if isinstance(r, dict) and isinstance(r.get("row"), dict) else r for r in rows]
        found = _from_rows(list(enumerate(inner)), asked, what, [])
        of = types.get(asked.wanted.label)
        return _named(found, of.get("names") or () if isinstance(of, dict) else (), asked)
    if (unfolded := _unfolded(value, asked)) is not None:
        return unfolded
    if recognised([value], asked.wanted):
        return _from_rows([(0, value)], asked, what, [])
    return _from_mapping(value, asked, what)


def _from_lines(path: Path, asked: _Asked) -> Columns | History:
    rows: list[tuple[int, Any]] = []
    broken: list[tuple[int, str]] = []
    for number, line in json_lines(path):
        try:
            value = parsed(line, strict=False)
        except ValueError as error:
            broken.append((number, f"Line {number + 1} is {error}."))
            continue
        if is_history(value):
            return read_history(path)
        rows.append((number, value))
    if broken and not rows:
        raise InvalidInput(f"{path} contains no line of JSON: {broken[0][1]} Nothing was imported.")
    return _from_rows(rows, asked, str(path), broken)


def _from_parquet(path: Path, asked: _Asked) -> Columns:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise HitlError(f"{path} cannot be read: pip install pyarrow, or save it as .csv.") from error
    try:
        with parquet.ParquetFile(path) as file:
            known = file.schema_arrow.names
            if file.metadata.num_rows > MAX_ROWS:
                raise InvalidInput(f"{path} has {file.metadata.num_rows:,} rows; the limit is {MAX_ROWS:,}.")
            first = next(iter(file.iter_batches(SAMPLE)), None)
            foreign = first is not None and recognised(first.to_pylist(), asked.wanted)
            wanted = [name for name in (*asked.names, SOURCE) if name in known]
            found = file.read(columns=None if foreign else wanted)
            called = _class_names(file.schema_arrow.metadata or {}, asked.wanted.label)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path} cannot be read as Parquet: {error}") from error
    if foreign:
        return _from_rows(list(enumerate(found.to_pylist())), asked, str(path), [])
    cells = {c: found.column(c).to_pylist() for c in found.column_names}
    return _named(_picked(cells, asked.names, str(path), known), called, asked)


def _class_names(metadata: Mapping[bytes, bytes], label: str) -> Sequence[str]:
    """Return the class names of a numeric column from the metadata of a Hugging Face dataset."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError):
        return ()
    return names if isinstance(names, list) else ()


@dataclass(frozen=True)
class _Broken:
    """A row of a CSV file that cannot be read, and why."""

    why: str


def _read_csv(path: Path, names: Sequence[str]) -> list[list[Any] | _Broken]:
    """Read rows of text, with the header first. pandas is not used because it cuts texts at a NUL."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = file.readlines()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path} is not UTF-8 ({error.reason}): save it as 'CSV UTF-8' or .xlsx."
        ) from error
    # In many European locales, spreadsheets use semicolons.
    headers = {mark: next(csv.reader(lines[:1], delimiter=mark), []) for mark in ",;\t"}
    fitting = [mark for mark, header in headers.items() if set(names) <= set(header)]
    mark = max(fitting or ",", key=lambda one: len(headers[one]))
    rows: list[list[Any] | _Broken] = []
    at = n_broken = 0
    with _field_limit:
        before = csv.field_size_limit(MAX_BYTES)
        try:
            while at < len(lines):
                at, why = _read_on(lines, at, mark, rows)
                if why:  # after an unclosed quote, continue with the next line
                    rows.append(_Broken(f"Line {at} of the file is broken: {why}."))
                    n_broken += 1
                if n_broken > MAX_BROKEN or (why and len(rows) == 1):
                    raise InvalidInput(
                        f"{path} is not a valid CSV file; line {at}: {why}. Nothing was imported."
                    )
        finally:
            csv.field_size_limit(before)
    return rows


def _read_on(lines: list[str], at: int, mark: str, rows: list[list[Any] | _Broken]) -> tuple[int, str]:
    """Read rows from this line on; return the line to continue at, and the error if one occurred."""
    reader, start = csv.reader(islice(lines, at, None), delimiter=mark, strict=True), at
    try:
        for row in reader:
            rows.append(row)
            start = at + reader.line_num
    except csv.Error as error:
        return start + 1, str(error)
    return len(lines), ""


def _from_cells(rows: Sequence[list[Any] | _Broken], asked: _Asked, what: str) -> Columns:
    names = asked.names
    if not rows:
        raise InvalidInput(f"{what} is empty: expected a header with {choices(names)}, followed by rows.")
    header = [] if isinstance(rows[0], _Broken) else [str(armed(c)) for c in rows[0]]
    if twice := [name for name in names if header.count(name) > 1]:
        raise InvalidInput(f"{what} has two columns {twice[0]!r}: rename one.")
    full = [(i, row) for i, row in enumerate(rows[1:]) if not _is_empty(row)]
    wrong = [(i, _why_not(row, len(header))) for i, row in full if _why_not(row, len(header))]
    bad = {i for i, _ in wrong}
    good = [(i, row) for i, row in full if i not in bad and isinstance(row, list)]
    sample = [dict(zip(header, map(armed, row), strict=True)) for _, row in good[:SAMPLE]]
    if len(set(header)) == len(header) and recognised(sample, asked.wanted):
        every = [(i, dict(zip(header, map(armed, row), strict=True))) for i, row in good]
        return replace(_from_rows(every, asked, what, wrong), n_rows=len(full))
    places = {name: header.index(name) for name in (*names, SOURCE) if name in header}
    columns = {name: [armed(row[at]) for _, row in good] for name, at in places.items()}
    found = _picked(columns, names, what, header)
    return Columns(found.cells, [i for i, _ in good], len(full), wrong)


def _is_empty(row: list[Any] | _Broken) -> bool:
    """Return whether all cells are empty."""
    return isinstance(row, list) and all(cell in {None, ""} for cell in row)


def _why_not(row: list[Any] | _Broken, n: int) -> str:
    """Return why a row cannot be read; empty if it can."""
    if isinstance(row, _Broken):
        return row.why
    if len(row) == n:
        return ""
    return f"The row has {len(row)} cells, but the header has {n}: is a comma or quote missing?"


def read_rows(path: Path) -> tuple[list[tuple[int, Mapping[str, Any]]], list[tuple[int, str]]]:
    """Read all columns of a table, or the objects of a file of JSON or JSON lines.

    Returns
    -------
    list of (int, dict)
        The rows, with their numbers from 0.
    list of (int, str)
        Rows that cannot be read, with the reasons.

    Raises
    ------
    InvalidInput
        If the file cannot be read at all.
    """
    ending = path.suffix.lower()
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{path} has {path.stat().st_size / 2**30:.1f} GB; the limit is 1 GB. Split it.")
    if ending == ".parquet":
        return list(enumerate(_parquet_rows(path))), []
    if ending in {".csv", ".xlsx"}:
        return _cell_rows(read_excel(path) if ending == ".xlsx" else _read_csv(path, ()), str(path))
    if ending not in ENDINGS:
        raise InvalidInput(
            f"Cannot read {str(path)!r}: unknown file type.{nearest(ending, ENDINGS)} Expected a path ending "
            f"with {choices(ENDINGS)}, or a file or folder of a format that has its own."
        )
    return _json_rows(path)


def _json_rows(path: Path) -> tuple[list[tuple[int, Mapping[str, Any]]], list[tuple[int, str]]]:
    values: list[tuple[int, Any]] = []
    broken: list[tuple[int, str]] = []
    with path.open("rb") as file:
        start = file.read(MAX_START).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    whole = None
    if start == b"[" or path.suffix.lower() == ".json":
        try:
            whole = parsed(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), most=MAX_BYTES, strict=False)
        except ValueError as error:
            if start == b"[":
                raise InvalidInput(f"{path} is {error}.") from error
    if isinstance(whole, dict) and isinstance(whole.get("rows"), list):
        whole = [one["row"] if isinstance(one, dict) and "row" in one else one for one in whole["rows"]]
    if whole is not None:
        values = list(enumerate(whole if isinstance(whole, list) else [whole]))
    else:
        for number, line in json_lines(path):
            try:
                values.append((number, parsed(line, strict=False)))
            except ValueError as error:
                broken.append((number, f"The line is {error}."))
    if values and is_history(values[0][1]):
        raise InvalidInput(
            f"{path} is the history of a session. Import it with: hitl-widgets import STORE {path.name}"
        )
    rows = [(number, value) for number, value in values if isinstance(value, Mapping)]
    odd = [
        (n, f"The row is a {type(v).__name__}, not a dict.") for n, v in values if not isinstance(v, Mapping)
    ]
    return rows, broken + odd


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path} cannot be read as Parquet: {error}") from error
    return found


def _cell_rows(
    rows: Sequence[list[Any] | _Broken], what: str
) -> tuple[list[tuple[int, Mapping[str, Any]]], list[tuple[int, str]]]:
    if not rows or isinstance(rows[0], _Broken):
        raise InvalidInput(f"{what} is empty: expected a header, followed by rows.")
    header = [str(armed(c)) for c in rows[0]]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise InvalidInput(f"{what} has two columns {twice[0]!r}: rename one.")
    full = [(i, row) for i, row in enumerate(rows[1:]) if not _is_empty(row)]
    wrong = [(i, _why_not(row, len(header))) for i, row in full if _why_not(row, len(header))]
    bad = {i for i, _ in wrong}
    good = [(i, row) for i, row in full if i not in bad and isinstance(row, list)]
    return [(i, dict(zip(header, map(armed, row), strict=True))) for i, row in good], wrong
