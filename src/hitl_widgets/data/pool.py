"""Pool: the items to label, with ids that are stable when the data is reordered or grows."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
from narwhals.exceptions import DuplicateError

from hitl_widgets.data._cache import row_keys
from hitl_widgets.data._identity import row_ids
from hitl_widgets.data._kept import (
    Sample,
    kept,
    kept_cells,
    watched,
    what_changed,
)
from hitl_widgets.data._loaded import wait_for_imports
from hitl_widgets.data.at_hand import at_hand
from hitl_widgets.data.masking import Mask
from hitl_widgets.data.matrix import (
    is_matrix,
    kept_matrix,
    open_matrix,
    open_reduced,
    sample_of,
    some_rows,
)
from hitl_widgets.errors import InvalidInput, a_type, choices, nearest
from hitl_widgets.items.base import (
    InParts,
    ItemKind,
    Payload,
    Size,
    broken,
    content_hash,
    is_missing,
    kind_of,
    kinds,
)
from hitl_widgets.items.lists import ListKind
from hitl_widgets.items.markup import check_hosts
from hitl_widgets.items.rendered import Renderer, as_renderer
from hitl_widgets.items.several import Several
from hitl_widgets.items.spelling import canonical_id, is_rounded, rounded_words
from hitl_widgets.items.text import variants

__all__ = ["DIGEST", "NO_DIGEST", "Pool", "repeated_words"]

DIGEST = 16  # hexadecimal digits: 4 for the view of an item (its kind and columns), 12 for its content
NO_DIGEST = "." * DIGEST
PART = 500  # digests computed between two checks for cancellation
FEW_FILES = 16  # up to this number of files, an act computes digests by reading the files again
MANY_VARIANTS = 50_000  # texts; up to this number, variants from editors are indexed
SAMPLE = 16  # items whose content distinguishes tables with the same ids
CHANGED = "This item changed after the session was created. Run the cell again to label it as it is now."
LOOKED_AT = 10_000  # repeated rows that are checked for different values in X


@dataclass(frozen=True, eq=False)
class Pool:
    """The items of one task.

    Attributes
    ----------
    kind
        A name of :func:`hitl_widgets.items.base.kinds`, such as ``text`` or ``table``.
    items
        One value per distinct item.
    ids
        The user's ids, or content hashes; distinct as text.
    rows
        int64 of shape (n_rows,): the item of each row of the user's table. Rows with equal
        content are one item and share a label.
    X
        float32 or float16 of shape (n_items, n_features): an array, or an object that returns one for a
        slice or an array of rows. None until features are computed.
    source
        A copy of the data that the user passed.
    by_content
        Whether the ids are content hashes.
    remote_images
        Hosts that the browser may load images from.
    column
        Name of the text or image column, a tuple of names for lists; None for table items and for data
        without columns.
    id_column
        Name of the id column.
    given
        Returns the user's data in its current state, None if it no longer exists.
    sample
        Sample of an X that is too large to copy, to detect whether it is overwritten.
    reduction
        The fitted TruncatedSVD that reduced a wide sparse X; None if X was not reduced.
    option
        The option of the kind, after the colon; "" if there is none.
    renderer
        Displays the items instead of their kind, if the user passed ``render=``.
    compares
        Whether the question compares the members of lists: see :func:`~.items.features.lists.join`.
    mask
        Hides personal data in what is displayed, if the user passed ``mask=``.
    called
        What the items are called in messages if they are not rows of the user's table: ``pairs`` or ``lists``
        of candidates.
    """

    kind: str
    items: Sequence[Any]
    ids: Sequence[Any]
    rows: npt.NDArray[np.int64]
    X: Any = None
    source: Any = field(default=None, repr=False)
    by_content: bool = field(default=False, repr=False)
    remote_images: tuple[str, ...] = ()
    column: str | tuple[str, ...] | None = None
    id_column: str | None = None
    given: Callable[[], Any] = field(default=lambda: None, repr=False)
    sample: Sample | None = field(default=None, repr=False)
    reduction: Any = field(default=None, repr=False)
    option: str = ""
    renderer: Renderer | None = field(default=None, repr=False)
    compares: bool = field(default=True, repr=False)
    mask: Mask | None = field(default=None, repr=False)
    called: str = field(default="", repr=False)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<Pool of {len(self):,} {self.kind} items>"

    @cached_property
    def first_rows(self) -> npt.NDArray[np.int64]:
        """int64 of shape (n_items,): the first row of each item in the user's table."""
        return np.unique(self.rows, return_index=True)[1].astype(np.int64)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The ids as text, as in the store."""
        return tuple(map(str, self.ids))

    @cached_property
    def item_kind(self) -> ItemKind:
        """The kind of the items."""
        found = kind_of(f"{self.kind}:{self.option}" if self.option else self.kind)
        if isinstance(found, ListKind):
            return found.asked(self.compares, self.columns)
        return found.named(self.columns) if isinstance(found, Several) else found

    @cached_property
    def texts(self) -> Sequence[str] | None:
        """The text, or the visible text of the markup, of each item; None for other kinds."""
        return list(map(self.item_kind.words, self.items)) if self.item_kind.reads else None

    @cached_property
    def table(self) -> nw.DataFrame[Any] | None:
        """The user's table, also if it was passed as a list of dicts; None otherwise."""
        return _as_table(self.source)

    def _hash(self, item: Any) -> str:
        return content_hash(self.item_kind, item)

    def _canonical_hash(self, item: Any) -> str:
        return self._hash(self.item_kind.canonical(item))[:12]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the ids in order, and of some items if the ids are not content hashes.

        If it is equal, row numbers refer to the same items.
        """
        digest = hashlib.blake2b(digest_size=8)
        for key in self.keys:
            digest.update(key.encode("utf-8", "surrogatepass") + b"\0")
        if not self.by_content:
            # Different tables numbered from 0 have the same ids.
            for i in np.linspace(0, len(self) - 1, min(len(self), SAMPLE)).astype(int).tolist():
                digest.update(self._hash(self.items[i]).encode())
        return digest.hexdigest()

    @cached_property
    def _index(self) -> dict[str, int]:
        return {key: i for i, key in enumerate(self.keys)}

    def find(self, key: object) -> int | None:
        """Return the index of the item with this id, or None; a number matches equivalent spellings."""
        if isinstance(key, str):
            return self._index.get(key)
        if is_missing(key) or is_rounded(key):
            return None
        found = self._index.get(str(key))
        if found is None and (whole := _whole(key)) is not None:
            # pandas converts ints to floats if some are missing
            found = self._index.get(str(whole), self._index.get(f"{whole}.0"))
        return found

    def is_id(self, key: str) -> bool:
        """Return whether an item has this id, in this spelling."""
        return key in self._index

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that the items come from, except for table items."""
        return (self.column,) if isinstance(self.column, str) else self.column or ()

    def has(self, keys: Iterable[str]) -> bool:
        """Return whether all of these are ids of items."""
        return all(map(self._index.__contains__, keys))

    def index(self, ids: Iterable[Any]) -> list[int]:
        """Return the indices of the items with these ids.

        Raises
        ------
        InvalidInput
            If an id is not in the pool, or is a float that stands for several integers.
        """
        found = []
        for one in ids:
            i = self.find(one)
            if i is None:
                if is_rounded(one):
                    raise InvalidInput(rounded_words(one))
                sample = self.keys[:2000]
                raise InvalidInput(
                    f"No item has the id {one!r}.{nearest(one, sample)} The pool has {len(self):,} "
                    f"items; their ids look like {choices(self.ids[:2])}."
                )
            found.append(i)
        return found

    # -- finding the same item under another key

    def respelled(self, key: str) -> int | None:
        """Return the item whose id is this key in another spelling, such as 7 for "007", if unique."""
        found = None if self.by_content else self._spelled.get(canonical_id(key))
        return None if found is None or found < 0 else found

    @cached_property
    def _spelled(self) -> dict[str, int]:
        """The item of each canonical id; -1 if several share it."""
        found: dict[str, int] = {}
        for i, key in enumerate(self.keys):
            form = canonical_id(key)
            found[form] = -1 if form in found else i
        return found

    @property
    def has_content(self) -> bool:
        """Whether items have digests; numeric rows do not, because their ids are hashes."""
        return not isinstance(self.items, _Rows)

    @cached_property
    def _views(self) -> dict[str, tuple[Any, ...] | None]:
        """The possible views of an item, newest last; earlier views of a table may have fewer columns."""
        if not self.item_kind.tabular:
            return {_view(["text" if self.item_kind.reads else self.kind]): None}
        names = tuple(self.items[0])
        return {_view(["table", *sorted(map(str, names[:n]))]): names[:n] for n in range(1, len(names) + 1)}

    @cached_property
    def _view(self) -> str:
        return list(self._views)[-1]

    def digest(self, i: int) -> str:
        """Return a short digest of item ``i`` as displayed, unaffected by invisible changes."""
        return self._view + self._canonical_hash(self.items[i])

    def same(self, i: int, digest: str) -> bool | None:
        """Return whether the item is unchanged; None if the digest has other columns or there is none.

        Columns added at the end since are ignored.
        """
        if not self.has_content or digest[:4] not in self._views:
            return None
        item, columns = self.items[i], self._views[digest[:4]]
        if columns is not None and len(columns) < len(item):
            item = {name: item[name] for name in columns}
        return digest[4:] == self._canonical_hash(item)

    def digests(self, rows: Sequence[int]) -> str:
        """Return the concatenated digests of these items, as stored in the log beside their keys.

        Empty if not needed: a content hash is enough, unless an editor may change the content invisibly.
        """
        if not self.has_content or (self.item_kind.in_files and (self.by_content or len(rows) > FEW_FILES)):
            return ""
        if self.item_kind.in_files:  # not cached, because files may change
            return "".join(map(self.digest, rows))
        at = np.asarray(rows, np.int64)
        self._fill(at)
        found = self._digests[at]
        return "" if self.by_content and (found == NO_DIGEST.encode()).all() else found.tobytes().decode()

    def fill_digests(self, stopped: Callable[[], bool]) -> None:
        """Precompute the digests, so that large acts are fast; ``stopped`` is called regularly."""
        if self.has_content and not self.item_kind.in_files:
            for start in range(0, len(self), PART):
                if stopped():
                    return
                self._fill(np.arange(start, min(start + PART, len(self))))

    @cached_property
    def _digests(self) -> npt.NDArray[np.bytes_]:
        return np.zeros(len(self), f"S{DIGEST}")

    def _fill(self, rows: npt.NDArray[np.int64]) -> None:
        for i in rows[self._digests[rows] == b""].tolist():
            same = self.by_content and self.item_kind.canonical(self.items[i]) is self.items[i]
            self._digests[i] = (NO_DIGEST if same else self.digest(i)).encode()

    def with_content(self, content: str) -> tuple[int, ...]:
        """Return the items with this content, given by the first 12 digits of its hash."""
        return self._contents.get(content, ())

    def saying(self, item: Any) -> int | None:
        """Return the item with the same content, possibly in another spelling, if unique; else None."""
        if not self.has_content:
            return None
        exact = self._index.get(self._hash(item)) if self.by_content else None
        if exact is not None:
            return exact
        found = self.with_content(self._canonical_hash(item))
        return found[0] if len(found) == 1 else None

    @cached_property
    def _contents(self) -> dict[str, tuple[int, ...]]:
        if not self.has_content or self.item_kind.in_files:
            return {}
        found: dict[str, tuple[int, ...]] = {}
        for i, item in enumerate(self.items):
            forms = [item]
            if self.item_kind.tabular and self.id_column is not None:  # part of the item without id=
                forms.append({**item, self.id_column: self.ids[i]})
            for content in {h for form in forms for h in (self._hash(form)[:12], self._canonical_hash(form))}:
                found[content] = (*found.get(content, ()), i)
        return found

    @cached_property
    def edited(self) -> dict[str, tuple[int, ...]]:
        """The items by their possible contents before an editor changed them; for texts only."""
        found: dict[str, tuple[int, ...]] = {}
        kind = self.item_kind
        if not kind.reads or kind.in_files or len(self) > MANY_VARIANTS:
            return found
        for i, item in enumerate(self.items):
            for content in {self._hash(form)[:12] for form in variants(item)}:
                found[content] = (*found.get(content, ()), i)
        return found

    def without_column(self, name: str) -> dict[str, tuple[int, ...]]:
        """Return the table items by their content without one column, the former id column."""
        found: dict[str, tuple[int, ...]] = {}
        for i, item in enumerate(self.items):
            rest = {other: value for other, value in item.items() if other != name}
            content = self._canonical_hash(rest)
            found[content] = (*found.get(content, ()), i)
        return found

    @property
    def n_repeated(self) -> int:
        """The number of rows of the table that repeat an earlier one."""
        return len(self.rows) - len(self)

    def displayed(self, i: int) -> Any:
        """Return item ``i`` as it is displayed: with personal data hidden, if there is a mask."""
        return self.items[i] if self.mask is None else self.mask.item(self.items[i])

    def payload(self, i: int, size: Size | None = None, *, bare: bool = False) -> Payload:
        """Return what is displayed of item ``i``; ``bare``: with the personal data.

        If personal data is hidden, the content has ``masked``: True.
        """
        size = replace(size or Size(), hosts=self.remote_images)
        item = self.items[i] if bare else self.displayed(i)
        shown = (self.renderer or self.item_kind).payload(item, size)
        if self.mask is not None and not bare:
            covered = self.mask.payload(shown)
            if covered is not shown or item is not self.items[i]:
                shown = replace(covered, content={**covered.content, "masked": True})
        return broken(CHANGED) if shown.content["kind"] != "broken" and self.changed(i) else shown

    def part(self, i: int, ask: Mapping[str, Any], most: int, *, bare: bool = False) -> Payload:
        """Return the requested part of item ``i``: see :class:`InParts`; ``bare``: with the personal data.

        Raises
        ------
        InvalidInput
            If items of this kind have no parts.
        """
        if self.renderer is not None:
            return self.renderer.more(ask, most)
        if not isinstance(self.item_kind, InParts):
            raise InvalidInput(f"Items of kind {self.kind!r} are not sent in parts.")
        return self.item_kind.more(self.items[i] if bare else self.displayed(i), ask, most)

    @property
    def is_slow(self) -> bool:
        """Whether displaying an item may take long."""
        return self.item_kind.in_files or self.renderer is not None

    def changed(self, i: int) -> bool:
        """Return whether item ``i`` was modified in place, so that it no longer matches its id."""
        if not self.by_content or not self.item_kind.mutable:
            return False
        if isinstance(self.items, _Rows):
            return self.items.key(i) != self.keys[i]
        return self._hash(self.items[i]) != self.keys[i]

    @property
    def source_changed(self) -> str:
        """How the user's table has changed, as text; "" if it has not."""
        return what_changed(self.source, self.given())

    @property
    def features_changed(self) -> bool:
        """Whether a sample of an X that is too large to copy was overwritten."""
        return self.sample is not None and self.sample.changed(self.X)

    @classmethod
    def from_data(
        cls,
        data: Any,
        *,
        text: str | Sequence[str] | None = None,
        html: str | Sequence[str] | None = None,
        markdown: str | Sequence[str] | None = None,
        image: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        item: str | Sequence[str] | None = None,
        kind: str | None = None,
        X: Any = None,
        id: str | None = None,  # noqa: A002 - the usual name
        remote_images: Iterable[str] | None = None,
        render: Any = None,
        cache: Path | None = None,
        compares: bool = True,
    ) -> Pool:
        """Read the items from a table, a list, an array or a file of features.

        Parameters
        ----------
        data
            A pandas, polars or Arrow table; a list of texts, images (arrays, bytes, paths as
            ``pathlib.Path``, Pillow images) or dicts; an array of shape (n, h, w[, c]) of images;
            features: an array of shape (n, d), or anything else that ``X`` may be.
        text, html, markdown, image, columns
            The column with the text, the HTML, the Markdown or the image, or the columns to show as a
            table row. By default all columns. A list of columns instead of one makes each item a list of
            kind ``list``: two texts to compare, or several images to rank.
        item, kind
            The column with items of any other kind, and the kind: a name of
            :func:`hitl_widgets.items.base.kinds`, with an option after a colon if it takes one. Without
            ``kind``, it is detected from the values. For a list, ``kind`` may be passed alone.
        X
            Embeddings, array-like of shape (n_rows, n_features), finite; a path to ``.npy``,
            ``.parquet`` or ``.zarr``, a zarr array or a Dask array. See
            :func:`~hitl_widgets.data.matrix.open_matrix`. For lists: array-like of shape (n_rows, n_members,
            n_features), the embeddings of the members.
        id
            The column with the ids. Without it, an item's id is a hash of its content.
        remote_images
            Hosts, such as ``["images.example.org"]``, from which the browser may load images by https, in
            HTML, Markdown or an image column. The kernel loads nothing.
        render
            A function of an item, or a :class:`~hitl_widgets.items.rendered.Renderer`, that displays it.
        cache
            A folder for converted files; by default ``.hitl-widgets`` beside each file.
        compares
            Whether the question compares the members of lists, such as which of two answers is better. If
            not, the features of a pair are those of both members rather than their difference.
        """
        ways = {"text": text, "html": html, "markdown": markdown, "image": image, "columns": columns}
        given, column, kind = _meant({**ways, "item": item}, kind)
        asked = None if kind is None else kind_of(kind)
        hosts, renderer = check_hosts(remote_images), as_renderer(render)
        wait_for_imports()
        data = data if not given and is_matrix(data) else at_hand(data)
        held, data = watched(data), kept(data)
        table = _as_table(data)
        if table is not None:
            found, items, names = _from_table(table, given, id, asked)
        elif given or id is not None:
            name = next(iter(given), "id")
            raise InvalidInput(
                f"{name}= names a column, but data is {a_type(data)}. "
                "Pass a pandas, polars or Arrow table, or leave it out."
            )
        elif is_matrix(data) and asked is not None and not asked.tabular:
            raise InvalidInput(
                f"kind={kind!r}: data is an array of features, whose rows are displayed as table rows. Pass "
                "the items themselves as data, and the features as X=."
            )
        elif is_matrix(data):
            return replace(_of_rows(data, X, cache), given=held, renderer=renderer)
        else:
            found, items = _from_list(data, asked)
            names = None
        if not items:
            raise InvalidInput("The table is empty: there is nothing to label. Pass at least one row.")
        if X is not None and isinstance(found, ListKind):
            X = _joined(X, items, compares)
        matrix, reduction = (None, None) if X is None else open_reduced(X, len(items), cache=cache)
        also: dict[str, Any] = {"remote_images": hosts, "given": held, "sample": sample_of(matrix)}
        also |= {"renderer": renderer, "compares": compares}
        option = "" if kind is None else kind.partition(":")[2]
        also |= {"reduction": reduction, "option": found.option if isinstance(found, ListKind) else option}
        also |= {"column": column, "id_column": id}
        if names is not None:
            rows = np.arange(len(items), dtype=np.int64)
            return cls(found.name, items, names, rows, matrix, data, **also)
        hashes = [content_hash(found, one) for one in items]
        first: dict[str, int] = {}
        rows = np.array([first.setdefault(h, len(first)) for h in hashes], dtype=np.int64)
        if len(first) < len(items):
            keep = np.unique(rows, return_index=True)[1]
            if matrix is not None:
                _warn_of_lost(matrix, rows, keep)
            items = [items[i] for i in keep]
            matrix = None if matrix is None else some_rows(matrix, keep)
            also["sample"] = sample_of(matrix)
        return cls(found.name, items, tuple(first), rows, matrix, data, by_content=True, **also)


def _view(shown: Sequence[str]) -> str:
    return hashlib.blake2b("\0".join(shown).encode("utf-8", "surrogatepass"), digest_size=2).hexdigest()


def _whole(number: object) -> int | None:
    if isinstance(number, bool) or not isinstance(number, int | float | np.integer | np.floating):
        return None
    return int(number) if isinstance(number, int | np.integer) or float(number).is_integer() else None


def repeated_words(n: int, n_rows: int) -> str:
    """Explain why a table has fewer items than rows."""
    say = "repeats another row and shares" if n == 1 else "repeat another row and share"
    return f"{n:,} of {n_rows:,} rows {say} its label. To label every row separately, pass id=."


def _warn_of_lost(X: Any, rows: npt.NDArray[np.int64], keep: npt.NDArray[np.int64]) -> None:
    """Warn if rows of equal content, which are one item, differ in X."""
    others = np.setdiff1d(np.arange(len(rows)), keep)[:LOOKED_AT]
    if (X[others] != X[keep[rows[others]]]).any():
        warnings.warn(
            f"Of {len(rows):,} rows, {len(keep):,} have different content and are asked, but X differs among "
            "rows with equal content; the first one counts. To label each row separately, pass id=.",
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
    table: nw.DataFrame[Any], given: Mapping[str, Any], id_column: str | None, asked: ItemKind | None
) -> tuple[ItemKind, list[Any], tuple[Any, ...] | None]:
    names = None if id_column is None else _ids(_column(table, id_column, "id"), id_column)
    if id_column is not None and table.schema[id_column] == nw.Float32:
        _refuse_rounded([np.float32(v) for v in names or ()], id_column)
    for argument, name in given.items():
        if not isinstance(name, str) and argument != "columns":
            return *_lists(table, argument, name, asked), names
        if argument != "columns":
            values, what = _column(table, name, argument), f"{argument}={name!r}"
            kind = _claimed(values, what, asked) if argument == "item" else kind_of(argument)
            return kind, kind.read(values, what), names
    if asked is not None and not asked.tabular:
        raise InvalidInput(f"kind={asked.name!r}: pass item=, the column of your table with the items.")
    columns = given.get("columns")
    if isinstance(columns, str):
        columns = [columns]
    shown = [c for c in table.columns if c != id_column] if columns is None else list(columns)
    if not shown:
        raise InvalidInput("columns=[] is empty: pass at least one column.")
    by_column = [kept_cells(_column(table, c, "columns")) for c in shown]
    return (
        kind_of("table"),
        [dict(zip(shown, row, strict=True)) for row in zip(*by_column, strict=True)],
        names,
    )


def _lists(
    table: nw.DataFrame[Any], argument: str, columns: Any, asked: ItemKind | None
) -> tuple[ItemKind, list[Any]]:
    """Return lists of the cells of several columns, and their kind."""
    what = f"{argument}={list(columns)!r}"
    if len(columns) < 2:
        raise InvalidInput(f"{what}: expected one column, or a list of at least two.")
    cells = [_column(table, name, argument) for name in columns]
    kind = asked or kind_of(
        f"list:{_claimed([value for column in cells for value in column], what, None).name}"
    )
    return kind, kind.read(list(zip(*cells, strict=True)), what)


def _meant(
    ways: Mapping[str, Any], kind: str | None
) -> tuple[dict[str, Any], str | tuple[str, ...] | None, str | None]:
    """Return the arguments that say what an item is, their columns, and the kind of the items."""
    given = {name: value for name, value in ways.items() if value is not None}
    if len(given) > 1:
        kind, given = _of_several(given, kind), {"item": tuple(given.values())}
    if kind is not None and given.keys() - {"item"}:
        raise InvalidInput(f"kind={kind!r}: pass item= with it, not {next(iter(given))}=.")
    column = next((name for way, name in given.items() if way != "columns"), None)
    if isinstance(column, str | None):
        return given, column, kind
    [way] = given
    of = kind if way == "item" else way
    whole = of is None or of.partition(":")[0] in {"list", "several"}
    return given, tuple(column), of if whole else f"list:{of}"


def _of_several(given: Mapping[str, Any], kind: str | None) -> str:
    """Return the kind of items of several columns of different kinds, such as ``text=`` and ``image=``."""
    odd = next((name for name, value in given.items() if not isinstance(value, str)), None)
    odd = "columns" if "columns" in given else odd
    if odd is not None:
        others = ", ".join(f"{name}=" for name in given if name != odd)
        raise InvalidInput(
            f"{odd}={given[odd]!r} cannot be passed with {others}: pass one column for each of text=, html=, "
            "markdown=, image= and item=. To show other columns above the item, pass context=[...]."
        )
    if "item" in given and kind is None:
        raise InvalidInput(f"item={given['item']!r} beside another column needs its kind: pass kind=.")
    if "item" not in given and kind is not None:
        raise InvalidInput(f"kind={kind!r}: pass item=, the column that it is the kind of.")
    return "several:" + ",".join(str(kind) if name == "item" else name for name in given)


def _joined(X: Any, items: Sequence[Any], compares: bool) -> npt.NDArray[np.float32]:
    """Return the features of lists from embeddings of their members, of shape (n_rows, n_members, d)."""
    from hitl_widgets.items.features.lists import join

    lengths = [len(item) for item in items]
    expected = f"one embedding for each member of each item, of shape ({len(items)}, {lengths[0]}, d)"
    shape = np.shape(X) if isinstance(X, np.ndarray | list | tuple) else getattr(X, "shape", ())
    if len(shape) != 3 or len(set(lengths)) > 1 or tuple(shape[:2]) != (len(items), lengths[0]):
        raise InvalidInput(
            f"X= has shape {tuple(shape)}: expected {expected}. All lists must be equally long."
        )
    return join(np.asarray(X).reshape(-1, shape[2]), lengths, compares)


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
            f"{choices(missing, 5)}). Every row needs an id. Without id=, items are identified by their "
            "content."
        )
    _refuse_rounded(values, column)
    seen: dict[str, int] = {}
    twice = [v for row, v in enumerate(values) if seen.setdefault(str(v), row) != row]
    if twice:
        raise InvalidInput(
            f"id={column!r}: {len(twice)} ids occur more than once ({choices(twice, 5)}). Ids must be "
            "distinct. Without id=, items are identified by their content."
        )
    return tuple(values)


def _refuse_rounded(values: Sequence[Any], column: str) -> None:
    """Reject ids that were rounded: a blank cell turns a column into floats, which may be inexact."""
    rounded = [row for row, v in enumerate(values) if isinstance(v, float | np.floating) and is_rounded(v)]
    if rounded:
        raise InvalidInput(
            f"id={column!r}: {len(rounded)} ids are floats too large to be exact (such as "
            f"{values[rounded[0]]!r} in row {rounded[0]}): each stands for several integers. One blank cell "
            f"turns a column into floats. Read it with dtype={{{column!r}: 'Int64'}} or str."
        )


class _Rows(Sequence[dict[str, Any]]):
    """Numeric rows as table rows, which are created on demand."""

    def __init__(self, numbers: Any, keep: npt.NDArray[np.int64]) -> None:
        self._numbers, self._keep = numbers, keep

    def __len__(self) -> int:
        return len(self._keep)

    def row(self, i: int) -> Any:
        """Return the numbers of an item."""
        return self._numbers[int(self._keep[i])]

    def key(self, i: int) -> str:
        """Return the id of its current numbers: see :func:`row_ids`."""
        return f"{int(row_keys(np.asarray(self.row(i))[None])[0]):016x}"

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[i] for i in range(*key.indices(len(self)))]
        row = self.row(key)
        return {f"x{j}": value for j, value in enumerate(row.tolist())}


def _of_rows(data: Any, X: Any, cache: Path | None) -> Pool:
    """Create a pool of numeric rows, whose ids are hashes of their values as float32."""
    rows = open_matrix(data, None, "X" if X is None else "data", cache)
    if not len(rows):
        raise InvalidInput("The array is empty: there is nothing to label. Pass at least one row.")
    matrix, reduction = (rows, None) if X is None else open_reduced(X, len(rows), cache=cache)
    ids, item, keep = row_ids(rows)
    own = isinstance(data, np.ndarray) and data.dtype != rows.dtype
    items = _Rows(kept_matrix(data) if own else rows, keep)
    matrix = matrix if len(keep) == len(rows) else some_rows(matrix, keep)
    also: dict[str, Any] = {"sample": sample_of(matrix), "reduction": reduction}
    return Pool("table", items, ids, item, matrix, data, by_content=True, **also)


def _from_list(data: Any, asked: ItemKind | None) -> tuple[ItemKind, list[Any]]:
    alone = isinstance(data, str | bytes | Path | Mapping) or getattr(data, "ndim", 1) == 0
    if alone or not isinstance(data, Iterable):
        raise InvalidInput(
            f"data is of type {type(data).__name__}: expected a pandas, polars or Arrow table, a list of "
            "texts or images, or an array."
        )
    items = _as_series(data)
    kind = _claimed(items, "data", asked)
    return kind, kind.read(items, "data")


def _claimed(values: Sequence[Any], what: str, asked: ItemKind | None) -> ItemKind:
    """Return the requested kind, or the kind that the values look like."""
    kind = asked or next((kind for kind in kinds() if kind.claims(values)), None)
    if kind is not None:
        return kind
    found = sorted({type(value).__name__ for value in values})
    raise InvalidInput(
        f"{what} contains {choices(found)} values: expected texts, images (arrays, bytes, pathlib.Path "
        "or Pillow images) or dicts, all of one kind. For other items, pass kind=, one of "
        f"{choices([kind.name for kind in kinds()])}."
    )


def _as_series(data: Any) -> list[Any]:
    try:
        series: nw.Series[Any] = nw.from_native(data, series_only=True, allow_series=True)
    except TypeError:
        return list(data)
    return series.to_list()
