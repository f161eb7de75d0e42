"""Pool: the items a person may label, with ids that survive reordering and growth."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
from narwhals.exceptions import DuplicateError
from PIL import Image

from hitl_widgets.data._identity import content_hash, row_ids
from hitl_widgets.data.items import ItemKind, Payload, is_missing, payload
from hitl_widgets.data.markup import MARKUP, check_hosts, need_markup, sanitise, visible_text
from hitl_widgets.data.matrix import is_matrix, open_matrix, some_rows
from hitl_widgets.errors import InvalidInput, choices, nearest

__all__ = ["Pool"]

WIDE = 30
SHOWN_COLUMNS = 12
SAMPLE = 16  # items that tell tables with the same ids apart
LOOKED_AT = 10_000  # rows with the content of an earlier one, to see whether X knows them apart


@dataclass(frozen=True, eq=False)
class Pool:
    """The items of one task.

    Attributes
    ----------
    kind
        ``text``, ``html``, ``markdown``, ``image`` or ``table``.
    items
        One value per distinct item.
    ids
        The person's own ids, or content hashes; distinct as text.
    rows
        int64 of shape (n_rows,): the item of each row of the person's table. Rows with equal
        content are one item and share a label.
    X
        float32 or float16 of shape (n_items, n_features): an array, or what gives one for a slice or
        an array of rows. None until features are built.
    source
        What the person passed, untouched.
    by_content
        Whether the ids are content hashes.
    remote_images
        Hosts from which the browser may load images.
    """

    kind: ItemKind
    items: Sequence[Any]
    ids: Sequence[Any]
    rows: npt.NDArray[np.int64]
    X: Any = None
    source: Any = field(default=None, repr=False)
    by_content: bool = field(default=False, repr=False)
    remote_images: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<Pool of {len(self):,} {self.kind} items>"

    @cached_property
    def first_rows(self) -> npt.NDArray[np.int64]:
        """int64 of shape (n_items,): the first row of the person's table that holds each item."""
        return np.unique(self.rows, return_index=True)[1].astype(np.int64)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The ids as text, as the store keeps them."""
        return tuple(map(str, self.ids))

    @cached_property
    def texts(self) -> Sequence[str] | None:
        """What a person reads of each item: its text, or the visible text of its markup; else None."""
        if self.kind in MARKUP:
            return [visible_text(sanitise(self.kind, item)[0]) for item in self.items]
        return self.items if self.kind == "text" else None

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the ids in order, and of some items where the ids are no hashes of them.

        Rows mean the same items where it is the same.
        """
        digest = hashlib.blake2b(digest_size=8)
        for key in self.keys:
            digest.update(key.encode("utf-8", "surrogatepass") + b"\0")
        if not self.by_content:
            # Two tables numbered from 0 have the same ids.
            for i in np.linspace(0, len(self) - 1, min(len(self), SAMPLE)).astype(int).tolist():
                digest.update(content_hash(self.kind, self.items[i]).encode())
        return digest.hexdigest()

    @cached_property
    def _index(self) -> dict[str, int]:
        return {key: i for i, key in enumerate(self.keys)}

    def find(self, key: object) -> int | None:
        """Index of the item with this id, or None."""
        if isinstance(key, float) and key.is_integer():  # pandas makes floats of ints where some are missing
            return self._index.get(str(key), self._index.get(str(int(key))))
        return self._index.get(str(key))

    def index(self, ids: Iterable[Any]) -> list[int]:
        """Indices of the items with these ids.

        Raises
        ------
        InvalidInput
            For an id that the pool does not have.
        """
        found = []
        for one in ids:
            i = self.find(one)
            if i is None:
                sample = self.keys[:2000]
                raise InvalidInput(
                    f"No item has the id {one!r}.{nearest(one, sample)} The pool has {len(self):,} "
                    f"items; their ids look like {choices(self.ids[:2])}."
                )
            found.append(i)
        return found

    def payload(self, i: int, *, side: int = 768) -> Payload:
        """What a screen shows of item ``i``; images at most ``side`` pixels wide and high.

        Of markup at less than the full side its visible text. Of a row with more than 30 columns the
        first 12, and how many there are besides.
        """
        item = self.items[i]
        if self.kind == "table" and len(item) > WIDE:
            item = dict(islice(item.items(), SHOWN_COLUMNS)) | {
                "…": f"{len(item) - SHOWN_COLUMNS} more columns"
            }
        return payload(self.kind, item, side=side, hosts=self.remote_images)

    @classmethod
    def from_data(
        cls,
        data: Any,
        *,
        text: str | None = None,
        html: str | None = None,
        markdown: str | None = None,
        image: str | None = None,
        columns: Sequence[str] | None = None,
        X: Any = None,
        id: str | None = None,  # noqa: A002 - the field's own word
        remote_images: Iterable[str] | None = None,
        cache: Path | None = None,
    ) -> Pool:
        """Read the items from a table, a list, an array or a file of features.

        Parameters
        ----------
        data
            A pandas, polars or Arrow table; a list of texts, images (arrays, bytes, paths as
            ``pathlib.Path``, Pillow images) or dicts; an array of shape (n, h, w[, c]) of images;
            features: an array of shape (n, d), or what ``X`` may be besides.
        text, html, markdown, image, columns
            The column that holds the text, the HTML, the Markdown or the image, or the columns to show
            as a table row. Without any, all columns.
        X
            Embeddings, array-like of shape (n_rows, n_features), finite; a path to ``.npy``,
            ``.parquet`` or ``.zarr``, a zarr array or a Dask array. See
            :func:`~hitl_widgets.data.matrix.open_matrix`.
        id
            The column that holds the ids; without it an item's id is a hash of its content.
        remote_images
            Hosts, such as ``["images.example.org"]``, from which the browser may load, by https, what
            HTML and Markdown show and an image column names. The kernel loads nothing.
        cache
            A folder for files that are converted; ``.hitl-widgets`` beside each where None.
        """
        ways = {"text": text, "html": html, "markdown": markdown, "image": image, "columns": columns}
        given = {name: value for name, value in ways.items() if value is not None}
        if len(given) > 1:
            raise InvalidInput(
                "Pass one of text=, html=, markdown=, image= or columns=, to say what an item is."
            )
        hosts = check_hosts(remote_images)
        table = _as_table(data)
        if table is not None:
            kind, items, names = _from_table(table, given, id)
        elif given or id is not None:
            name = next(iter(given), "id")
            raise InvalidInput(
                f"{name}= names a column, but data is a {type(data).__name__}. "
                "Pass a pandas, polars or Arrow table, or leave it out."
            )
        elif is_matrix(data):
            return _of_rows(data, X, cache)
        else:
            kind, items = _from_list(data)
            names = None
        if not items:
            raise InvalidInput("The table is empty: there is nothing to label. Pass at least one row.")
        matrix = None if X is None else open_matrix(X, len(items), cache=cache)
        if names is not None:
            rows = np.arange(len(items), dtype=np.int64)
            return cls(kind, items, names, rows, matrix, data, remote_images=hosts)
        hashes = [content_hash(kind, item) for item in items]
        first: dict[str, int] = {}
        rows = np.array([first.setdefault(h, len(first)) for h in hashes], dtype=np.int64)
        if len(first) < len(items):
            keep = np.unique(rows, return_index=True)[1]
            if matrix is not None:
                _warn_of_lost(matrix, rows, keep)
            items = [items[i] for i in keep]
            matrix = None if matrix is None else some_rows(matrix, keep)
        return cls(kind, items, tuple(first), rows, matrix, data, by_content=True, remote_images=hosts)


def _warn_of_lost(X: Any, rows: npt.NDArray[np.int64], keep: npt.NDArray[np.int64]) -> None:
    """Rows of equal content are one item: said where X knows them apart."""
    others = np.setdiff1d(np.arange(len(rows)), keep)[:LOOKED_AT]
    if (X[others] != X[keep[rows[others]]]).any():
        warnings.warn(
            f"Of {len(rows):,} rows {len(keep):,} differ in what is shown, so that many are asked, but X "
            "differs among equal ones: that of the first counts. To label each row by itself pass id=.",
            RuntimeWarning,
            stacklevel=5,
        )


def _as_table(data: Any) -> nw.DataFrame[Any] | None:
    if isinstance(data, list | tuple) and data and all(isinstance(d, Mapping) for d in data):
        import pandas as pd

        data = pd.DataFrame(list(data))
    try:
        table: nw.DataFrame[Any] = nw.from_native(data, eager_only=True)
    except TypeError:
        return None
    except DuplicateError as error:
        raise InvalidInput(f"Two columns share a name: rename one. {error}") from None
    return table


def _from_table(
    table: nw.DataFrame[Any], given: Mapping[Any, Any], id_column: str | None
) -> tuple[ItemKind, list[Any], tuple[Any, ...] | None]:
    names = None if id_column is None else _ids(_column(table, id_column, "id"), id_column)
    for kind, name in given.items():
        if kind == "image":
            return kind, [None if is_missing(v) else v for v in _column(table, name, kind)], names
        if kind != "columns":
            if kind in MARKUP:
                need_markup(kind)
            return kind, [_as_text(v) for v in _column(table, name, kind)], names
    columns = given.get("columns")
    if isinstance(columns, str):
        columns = [columns]
    shown = [c for c in table.columns if c != id_column] if columns is None else list(columns)
    if not shown:
        raise InvalidInput("columns=[] shows nothing: name at least one column.")
    by_column = [_column(table, c, "columns") for c in shown]
    return (
        "table",
        [dict(zip(shown, row, strict=True)) for row in zip(*by_column, strict=True)],
        names,
    )


def _column(table: nw.DataFrame[Any], name: str, argument: str) -> list[Any]:
    if name not in table.columns:
        raise InvalidInput(
            f"{argument}={name!r}: the table has no such column.{nearest(name, table.columns)} "
            f"Its columns are {choices(table.columns)}."
        )
    return table.get_column(name).to_list()


def _ids(values: list[Any], column: str) -> tuple[Any, ...]:
    missing = [row for row, v in enumerate(values) if is_missing(v) or str(v) == ""]
    if missing:
        raise InvalidInput(
            f"id={column!r}: {len(missing)} of {len(values)} ids are missing (rows "
            f"{choices(missing, 5)}). Every row needs one; or leave id= out, and items are told "
            "apart by their content."
        )
    seen: dict[str, int] = {}
    twice = [v for row, v in enumerate(values) if seen.setdefault(str(v), row) != row]
    if twice:
        raise InvalidInput(
            f"id={column!r}: {len(twice)} ids occur more than once ({choices(twice, 5)}). Ids must "
            "be distinct; or leave id= out, and items are told apart by their content."
        )
    return tuple(values)


class _Rows(Sequence[dict[str, Any]]):
    """Rows of numbers as table rows, each made when it is asked for."""

    def __init__(self, numbers: Any, keep: npt.NDArray[np.int64]) -> None:
        self._numbers, self._keep = numbers, keep

    def __len__(self) -> int:
        return len(self._keep)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[i] for i in range(*key.indices(len(self)))]
        row = self._numbers[int(self._keep[key])]
        return {f"x{j}": value for j, value in enumerate(row.tolist())}


def _of_rows(data: Any, X: Any, cache: Path | None) -> Pool:
    """Rows of numbers: known by a hash of them as float32."""
    rows = open_matrix(data, None, "X" if X is None else "data", cache)
    if not len(rows):
        raise InvalidInput("The array is empty: there is nothing to label. Pass at least one row.")
    matrix = rows if X is None else open_matrix(X, len(rows), cache=cache)
    ids, item, keep = row_ids(rows)
    items = _Rows(data if isinstance(data, np.ndarray) else rows, keep)
    kept = matrix if len(keep) == len(rows) else some_rows(matrix, keep)
    return Pool("table", items, ids, item, kept, data, by_content=True)


def _from_list(data: Any) -> tuple[ItemKind, list[Any]]:
    alone = isinstance(data, str | bytes | Path | Mapping | Image.Image) or getattr(data, "ndim", 1) == 0
    if alone or not isinstance(data, Iterable):
        raise InvalidInput(
            f"data is of type {type(data).__name__}: expected a pandas, polars or Arrow table, a list of "
            "texts or images, or an array."
        )
    items = _as_series(data)
    if all(isinstance(i, str) or is_missing(i) for i in items):
        return "text", [_as_text(i) for i in items]
    if all(isinstance(i, np.ndarray | bytes | Path | Image.Image) or i is None for i in items):
        return "image", items
    kinds = sorted({type(i).__name__ for i in items})
    raise InvalidInput(
        f"data holds {choices(kinds)} values: expected texts, images (arrays, bytes, pathlib.Path "
        "or Pillow images) or dicts, all of one kind."
    )


def _as_text(value: Any) -> str:
    return "" if is_missing(value) else str(value)


def _as_series(data: Any) -> list[Any]:
    try:
        series: nw.Series[Any] = nw.from_native(data, series_only=True, allow_series=True)
    except TypeError:
        return list(data)
    return series.to_list()
