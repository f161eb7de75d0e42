"""Workers and schedulers that are lost during a pass."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from distributed import Client, LocalCluster

from hitl_widgets.data import matrix
from hitl_widgets.data._dask import DaskRows
from hitl_widgets.data.matrix import open_matrix
from hitl_widgets.errors import HitlError
from hitl_widgets.learn.remote import score_remote
from hitl_widgets.learn.scoring import ClassBelief, Head, score

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2_400, 6)).astype(np.float32)
HEAD = Head(RNG.normal(size=(3, 6)), RNG.normal(size=3), np.arange(3, dtype=np.int16), 3)
EXPECTED = score(X, HEAD)


def assert_complete(found: ClassBelief) -> None:
    np.testing.assert_array_equal(found.predicted, EXPECTED.predicted)
    np.testing.assert_allclose(found.uncertainty, EXPECTED.uncertainty, atol=5e-5)


def slow_blocks(seconds: float = 0.08) -> Any:
    """24 slow blocks."""

    def wait(block: Any) -> Any:
        time.sleep(seconds)
        return block

    return da.from_array(X, chunks=(100, 6)).map_blocks(wait, dtype=X.dtype, meta=X[:0])


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as made:
        yield made


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster) as made:
        made.wait_for_workers(2)
        yield made


def after(blocks: int, act: Callable[[], None]) -> tuple[list[slice], Callable[[slice, ClassBelief], None]]:
    """Acts during a pass."""
    told: list[slice] = []

    def done(rows: slice, _: ClassBelief) -> None:
        told.append(rows)
        if len(told) == blocks:
            act()

    return told, done


@pytest.mark.parametrize("persisted", [False, True])
def test_a_worker_killed_in_the_middle_changes_nothing(
    client: Client, cluster: LocalCluster, persisted: bool
) -> None:
    array = slow_blocks().persist() if persisted else slow_blocks()
    pid = next(iter(cluster.workers.values())).pid
    told, done = after(4, lambda: os.kill(pid, signal.SIGKILL))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # no message, because nothing was lost
        found = score_remote(DaskRows(array), HEAD, done=done)
    assert_complete(found)
    assert sorted(rows.start for rows in told) == list(range(0, 2_400, 100))
    assert pid not in {worker.pid for worker in cluster.workers.values()}


def test_a_file_is_read_by_the_workers_and_single_rows_are_read_here(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "LARGE", 10)
    zarr.create_array(tmp_path / "X.zarr", data=X, chunks=(100, 6))
    np.save(tmp_path / "X.npy", X)
    for name in ("X.zarr", "X.npy"):
        rows = open_matrix(tmp_path / name)
        assert isinstance(rows, DaskRows)
        assert {pid for _, pid in rows.each_block(lambda _: os.getpid())}.isdisjoint({os.getpid()})
        assert_complete(score_remote(rows, HEAD))
        with monkeypatch.context() as patch:
            patch.setattr(client, "compute", None)
            np.testing.assert_array_equal(rows[np.array([2_000, 3])], X[[2_000, 3]])


def test_rows_are_gathered_from_where_they_lie(client: Client) -> None:
    rows = DaskRows(da.from_array(X, chunks=(500, 2)).persist())
    some = np.array([2_399, 0, 700, 0])
    np.testing.assert_array_equal(rows[some], X[some])
    np.testing.assert_array_equal(rows[490:510], X[490:510])


def test_what_fails_in_a_worker_is_told_once_and_clearly(client: Client) -> None:
    def broken(block: Any) -> Any:
        raise FileNotFoundError("/data/part-7.parquet")

    array = da.from_array(X, chunks=(100, 6)).map_blocks(broken, dtype=X.dtype, meta=X[:0])
    with pytest.raises(HitlError, match=r"FileNotFoundError: /data/part-7.*Each worker needs hitl-widgets"):
        score_remote(DaskRows(array), HEAD)


def test_a_pass_that_is_given_up_leaves_nothing_to_compute(client: Client) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    _, done = after(1, stop)
    with pytest.raises(KeyboardInterrupt):
        score_remote(DaskRows(slow_blocks(4)), HEAD, done=done)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(client.processing().values()):
        time.sleep(0.1)
    assert not any(client.processing().values())


def test_when_the_client_is_closed_the_rows_are_read_here(cluster: LocalCluster) -> None:
    with Client(cluster):
        kept = DaskRows(da.from_array(X, chunks=(500, 6)))
        lost = DaskRows(da.from_array(X, chunks=(500, 6)).persist())
    assert_complete(score_remote(kept, HEAD))
    with pytest.raises(HitlError, match=r"client is closed.*labels are saved.*Start a cluster"):
        score_remote(lost, HEAD)


# -- the scheduler


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler and a worker, with a client."""
    said = str(tmp_path / "scheduler.json")
    options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    started = subprocess.Popen([*run, "--no-dashboard", "--scheduler-file", said], **options)
    work = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", said, "--no-nanny"]
    worker = subprocess.Popen([*work, "--nthreads", "1", "--no-dashboard"], **options)
    client = Client(scheduler_file=said, timeout=30)
    client.wait_for_workers(1, timeout=30)
    yield started
    for process in (started, worker):
        process.kill()
        process.wait()
    client.close(timeout=1)


def test_without_a_scheduler_rows_are_scored_here_where_they_can_be_read(scheduler: Any) -> None:
    lost = DaskRows(da.from_array(X, chunks=(100, 6)).persist() * 2)
    rows = DaskRows(slow_blocks(0.05))
    told, done = after(3, scheduler.kill)
    with pytest.warns(
        RuntimeWarning, match=r"scheduler at tcp://.* cannot be reached.*in this process"
    ) as said:
        found = score_remote(rows, HEAD, done=done)
    assert_complete(found)
    assert len(said) == 1
    assert sorted(rows.start for rows in told) == list(range(0, 2_400, 100))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # reported once
        np.testing.assert_array_equal(rows[np.array([1_500, 2])], X[[1_500, 2]])
    with pytest.raises(HitlError, match=r"scheduler at tcp://.* cannot be reached.*labels are saved.*"):
        score_remote(lost, HEAD)
