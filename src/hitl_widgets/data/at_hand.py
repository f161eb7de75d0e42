"""Data of other libraries: converted to a table in memory, or rejected with advice."""

from __future__ import annotations

from typing import Any

from hitl_widgets.errors import InvalidInput

__all__ = ["at_hand", "hugging_face_classes"]

# How to compute lazy data, by package and type. This is left to the user, because it may take hours or more
# memory than is available.
CALLS = {
    ("polars", "LazyFrame"): "collect()",
    ("dask", "DataFrame"): "compute()",
    ("dask", "Series"): "compute()",
    ("dask", "Bag"): "compute()",
    ("dask_expr", "DataFrame"): "compute()",
    ("dask_expr", "Series"): "compute()",
    ("pyspark", "DataFrame"): "toPandas()",
    ("duckdb", "DuckDBPyRelation"): "df()",
    ("_duckdb", "DuckDBPyRelation"): "df()",
    ("ibis", "Table"): "to_pandas()",
    ("pyarrow", "Dataset"): "to_table()",
    ("pyarrow", "FileSystemDataset"): "to_table()",
    ("pyarrow", "InMemoryDataset"): "to_table()",
    ("pyarrow", "RecordBatchReader"): "read_all()",
    ("pyarrow", "Scanner"): "to_table()",
    ("torch", "Tensor"): "cpu().numpy()",
}


def at_hand(data: Any, name: str = "data") -> Any:
    """Return the data; convert a Hugging Face dataset to an Arrow table.

    Raises
    ------
    InvalidInput
        If the data is lazy; the message names the call that computes it.
    """
    package, kind = type(data).__module__.split(".")[0], type(data).__name__
    if (call := CALLS.get((package, kind))) is not None and not (kind == "Tensor" and _is_plain(data)):
        raise InvalidInput(f"{name} is a lazy {package} {kind}: compute it and pass {name}.{call}.")
    if package != "datasets":
        return data
    if isinstance(data, dict):
        parts = ", ".join(map(repr, data))
        first = next(iter(data), "train")
        raise InvalidInput(f"{name} has several datasets ({parts}): pass one, such as {name}[{first!r}].")
    if not hasattr(data, "with_format") or not hasattr(data, "__len__"):
        raise InvalidInput(
            f"{name} is a {kind}, which is read as a stream: pass a part of it, such as "
            f"list({name}.take(10_000)), or load it with streaming=False."
        )
    return data.with_format("arrow")[:]


def _is_plain(tensor: Any) -> bool:
    return getattr(tensor, "device", None) is not None and str(tensor.device) == "cpu"


def hugging_face_classes(data: Any, column: str) -> tuple[str, ...]:
    """Return the class names of a column of a Hugging Face dataset; empty for other data."""
    if type(data).__module__.split(".")[0] != "datasets":
        return ()
    return tuple(getattr(dict(getattr(data, "features", None) or {}).get(column), "names", None) or ())
