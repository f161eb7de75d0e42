"""Label stores when processes are killed, disks fill, servers die and clocks go back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from helpers import missing
from hitl_widgets.errors import StoreError
from hitl_widgets.labels._postgres import Postgres
from hitl_widgets.labels._sqlite import SQLite
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.store import LabelStore
from postgres import Server
from storefaults import annotators, as_nobody, fill_disk, ids, kill_server, kill_writers, small_disk
from stores import FILES, events, label, place

KINDS = [*FILES, "postgresql"]


@pytest.fixture(params=KINDS)
def location(request: pytest.FixtureRequest) -> str:
    return place(request.param, request)


def test_no_acknowledged_label_is_lost_under_kill_9(location: str) -> None:
    tally = kill_writers(location, rounds=18)
    assert len(tally.acknowledged) > 100
    assert (tally.lost, tally.twice) == (0, 0)
    # In order, with at most one unacknowledged event, the one being written.
    for i in range(tally.rounds):
        kept = [e for e in tally.kept if e.startswith(f"round {i}/")]
        assert kept == [f"round {i}/{k}" for k in range(len(kept))]
    assert len(tally.kept) <= len(tally.acknowledged) + 2 * tally.rounds
    if not location.startswith("postgresql"):
        with closing(sqlite3.connect(location)) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_server_that_is_killed_loses_nothing_and_the_store_goes_on(postgres: Server) -> None:
    server = Server()
    try:
        tally = kill_server(server, rounds=3)
    finally:
        server.remove()
    assert len(tally.acknowledged) > 50
    assert (tally.lost, tally.twice) == (0, 0)
    assert tally.kept == [str(i) for i in range(len(tally.kept))]
    assert all("Earlier labels are saved. Label again when the server" in words for words in tally.refused)


@pytest.mark.parametrize("kind", FILES)
def test_a_full_disk_refuses_in_words_and_goes_on_once_there_is_room(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place(kind, request)
    with small_disk(tmp_path / "disk") as mounted:
        if not mounted:
            missing("tmpfs", "a disk of 3 MB, which only root can mount")
        tally = fill_disk(tmp_path / "disk")
    assert len(tally.acknowledged) > 100
    assert (tally.lost, tally.twice) == (0, 0)
    [refused] = tally.refused
    assert "disk is full. Earlier labels are saved. Free disk space, then label again." in refused


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A read-only folder."""
    folder = Path(tempfile.mkdtemp(prefix="hitl-nobody-"))
    # Import everything a store needs first: user nobody may not read a Python in root's home.
    LabelStore(folder / "first.sqlite").close()
    (folder / "first.sqlite").unlink()
    if os.geteuid() == 0:
        shutil.chown(folder, 65534)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("closed", [False, True])
def test_a_file_that_becomes_read_only_refuses_in_words_and_can_be_read(
    kind: str, closed: bool, nobodys: Path, request: pytest.FixtureRequest, figure: Callable[..., None]
) -> None:
    place(kind, request)
    path = nobodys / "labels.sqlite"
    with as_nobody():
        store = LabelStore(path)
        kept = [label(0)]
        store.append(kept[0])
        if closed and kind == "file":  # a write-ahead log cannot be read without a file beside it
            store.close()
        path.chmod(0o400)
        nobodys.chmod(0o500)
        try:
            store.append(label(1, event_id="1"))
        except StoreError as error:
            said = str(error)
        else:  # an open write-ahead log is still written
            said = "Make the file and its folder writable" if kind == "wal" else "written all the same"
            kept.append(label(1, event_id="1"))
        assert "Make the file and its folder writable" in said
        assert [e.item_ids for e in events(store)] == [e.item_ids for e in kept]
        nobodys.chmod(0o700)
        path.chmod(0o600)
        store.close()
        store.append(label(1, event_id="1"))
        kept_now = [e.item_ids for e in events(store)]
        store.close()
    assert kept_now == [("item 0",), ("item 1",)]
    mode = f"{'DELETE' if kind == 'file' else 'WAL'}, {'closed' if closed else 'open'}"
    words = "refused with a message, readable meanwhile, written once it is writable"
    lost, twice = 2 - len(set(kept_now)), len(kept_now) - len(set(kept_now))
    figure(f"a file that becomes read-only ({mode})", acknowledged=2, lost=lost, twice=twice, words=words)


def test_a_clock_that_goes_back_between_events_changes_no_order(
    location: str, figure: Callable[..., None]
) -> None:
    store = LabelStore(location)
    written = [label(0, value=str(i), time=f"2026-11-{28 - i:02d}T10:00:00.000+00:00") for i in range(20)]
    for event in written:
        store.append(event)
    kept = events(store)
    assert kept == written
    fold = Fold()
    for event in kept:
        fold.apply(event)
    [answer] = fold.current("item 0").values()
    assert answer.value == "19"
    store.close()
    engine = "PostgreSQL" if "://" in location else "SQLite"
    words = "one day back with every label; the order of the log is unchanged"
    figure(
        f"the clock going backwards ({engine})", acknowledged=20, lost=20 - len(kept), twice=0, words=words
    )


def test_leases_end_when_the_clock_goes_back(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        for engine in (SQLite, Postgres):
            later.setattr(engine, "clock", f"({engine.clock} + 7200)")
        store = LabelStore(location)
        assert store.lease("t", ["a", "b"], "before", "ann", 600) == {"a", "b"}
        store.attend("t", "before", "ann", 600)
        store.close()
    store = LabelStore(location)
    assert store.leases("t") == store.present("t") == {}
    assert store.lease("t", ["a"], "now", "bob", 600) == {"a"}
    assert store.leases("t") == {"a": "now"}
    store.close()


def test_eight_annotators_lose_nothing_and_see_the_same(location: str) -> None:
    found = annotators(location, n=8, labels=15)
    assert found.errors == []
    assert len(found.took) == len(found.kept) == len(set(found.kept)) == 8 * 15
    assert all(seen == found.kept for seen in found.seen)
    for i in range(8):
        mine = [e for e in found.kept if e.startswith(f"annotator {i}/")]
        assert mine == [f"annotator {i}/{k}" for k in range(15)]
    store = LabelStore(location)
    assert ids(store) == found.kept
    store.close()
