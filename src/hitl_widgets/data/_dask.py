"""A Dask array as the rows of a pool: workers process the blocks and return only results."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from hitl_widgets.data._blocks import Blocks, IntArray, SomeRows, ZarrRows, as_kept
from hitl_widgets.data._loaded import loaded
from hitl_widgets.errors import HitlError

__all__ = ["DaskRows", "open_client", "shared"]

T = TypeVar("T")
Block = npt.NDArray[Any]

RETRIES = 3
NUMBERS = 2**24  # in a block of a file: about 0.1 s of work, far above the overhead of a task


class DaskRows(Blocks):
    """The rows of a Dask array.

    With a ``dask.distributed`` client, functions run in its workers, else in threads. The blocks of a
    lost worker are computed by others. If the scheduler is lost, they are computed in this process,
    provided that their data can be read here.

    Parameters
    ----------
    array
        A Dask array of shape (n, d). Chunks along columns are joined, unknown chunk sizes computed.
    here
        The same rows, readable in this process, so that single rows are read without the cluster.
    """

    def __init__(self, array: Any, here: Any = None) -> None:
        if np.isnan(array.chunks[0]).any():
            array = array.compute_chunk_sizes()
        array = array.rechunk({1: -1}) if len(array.chunks[1]) > 1 else array
        super().__init__(array.shape, array.dtype, max(array.chunks[0], default=1))
        self._array, self._here, self._away = array, here, False
        self._ends = np.cumsum([0, *array.chunks[0]])
        self._blocks = array.to_delayed().ravel()

    def some(self, rows: IntArray) -> DaskRows:
        """Return a subset of the rows, ascending, without moving data."""
        return DaskRows(self._array[rows], None if self._here is None else SomeRows(self._here, rows))

    def each_block(self, function: Callable[[Block], T]) -> Iterator[tuple[slice, T]]:
        """Yield the rows of each block and the function's result, as blocks finish.

        Parameters
        ----------
        function
            Takes float32 or float16 of shape (m, d). It is pickled and sent to the workers.

        Raises
        ------
        HitlError
            If a block cannot be processed, or the cluster is lost and its rows cannot be read here.
        """
        some = np.flatnonzero(np.diff(self._ends)).tolist()
        tasks = dict.fromkeys(some, partial(_typed, function, self.dtype))
        for i, result in self._each(tasks):
            yield slice(int(self._ends[i]), int(self._ends[i + 1])), result

    def _each(self, tasks: Mapping[int, Callable[[Block], T]]) -> Iterator[tuple[int, T]]:
        from dask import delayed

        jobs = {i: delayed(work, pure=False)(self._blocks[i]) for i, work in tasks.items()}
        client = None if self._away else open_client()
        if client is not None:
            try:
                for i, result in _in_workers(client, dict(jobs)):
                    del jobs[i]
                    yield i, result
            except _Lost:
                at = getattr(client.scheduler, "address", None)
                where = f"The Dask scheduler{f' at {at}' if at else ''} cannot be reached"
                self._refuse(where)
                self._away = True
                warnings.warn(
                    f"{where}: the rows of X are read in this process from now on. Open a new Session to "
                    "use a new cluster.",
                    RuntimeWarning,
                    stacklevel=2,
                )
        if jobs:
            self._refuse("The Dask client is closed")
            yield from _in_threads(jobs)

    def _refuse(self, why: str) -> None:
        if self._holds_futures:
            raise HitlError(
                f"{why}, and the rows of X were in its workers' memory. Your labels are saved. Start a "
                "cluster, create the Dask array again and open a new Session with it."
            )

    @cached_property
    def _holds_futures(self) -> bool:
        tasks = dict(self._array.__dask_graph__()).values()
        return any(type(task).__module__.startswith("distributed") for task in tasks)

    def _slice(self, low: int, high: int) -> Block:
        return self._take(np.arange(low, high)) if self._here is None else np.asarray(self._here[low:high])

    def _take(self, rows: IntArray) -> Block:
        if self._here is not None:
            return np.asarray(self._here[rows])
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"rows from {rows.min()} to {rows.max()} of {len(self)}")
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        block = np.searchsorted(self._ends, rows, side="right") - 1
        tasks = {int(i): partial(_taken, rows[block == i] - self._ends[i]) for i in np.unique(block)}
        for i, some in self._each(tasks):
            found[block == i] = some
        return found


def _typed(function: Callable[[Block], T], dtype: np.dtype[Any], block: Any) -> T:
    return function(as_kept(block, dtype))


def _taken(rows: IntArray, block: Any) -> Block:
    return np.asarray(block[rows])


def open_client() -> Any:
    """Return the ``dask.distributed`` client that is open in this process, or None."""
    distributed = loaded("distributed")
    try:
        return None if distributed is None else distributed.default_client()
    except ValueError:
        return None


def shared(here: Any) -> Any:
    """Return the rows of a file as read by the client's workers; return rows in memory unchanged."""
    import dask.array as da
    from dask import delayed

    if not isinstance(here, np.memmap | ZarrRows):
        return here
    n, d = here.shape
    least = here.block_rows if isinstance(here, ZarrRows) else 1
    size = max(1, NUMBERS // d // least) * least
    if isinstance(here, ZarrRows):
        return DaskRows(da.from_array(here.array, chunks=(size, d)), here)
    parts = [
        da.from_delayed(
            delayed(_mapped)(str(here.filename), low, low + size), (min(size, n - low), d), here.dtype
        )
        for low in range(0, n, size)
    ]
    return DaskRows(da.concatenate(parts), here)


def _mapped(path: str, low: int, high: int) -> Block:
    return np.load(path, mmap_mode="r")[low:high]  # type: ignore[no-any-return]


class _Lost(Exception):
    """The cluster did not respond."""


def _in_workers(client: Any, jobs: dict[int, Any]) -> Iterator[tuple[int, Any]]:
    from distributed import as_completed

    if client.status != "running":
        raise _Lost
    try:
        futures = dict(zip(client.compute(list(jobs.values()), retries=RETRIES), jobs, strict=True))
    except OSError as error:  # includes a broken connection
        raise _Lost from error
    try:
        for future in as_completed(list(futures), raise_errors=False):
            yield futures[future], _answer(future)
            del futures[future]
    finally:
        if futures and client.status == "running":
            client.cancel(list(futures))


def _answer(future: Any) -> Any:
    if future.status == "error":
        error = future.exception()
        raise HitlError(
            f"Dask could not process a block of X ({type(error).__name__}: {error}). Each worker needs "
            "hitl-widgets, access to the files of X, and memory for a block."
        ) from error
    try:
        return future.result()
    except (OSError, CancelledError) as error:
        raise _Lost from error


def _in_threads(jobs: dict[int, Any]) -> Iterator[tuple[int, Any]]:
    pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hitl-dask")
    try:
        left = {pool.submit(job.compute, scheduler="synchronous"): i for i, job in jobs.items()}
        for future in as_completed(left):
            yield left[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)
