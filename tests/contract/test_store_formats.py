"""Stores of every earlier format are opened and upgraded without losing anything.

tests/files/store-N.sql and postgres-N.sql were written by the code of format N.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hitl_widgets.labels import _sqlite
from hitl_widgets.labels.fold import Fold
from hitl_widgets.labels.store import FORMAT, LabelStore
from stores import ALWAYS, NEVER, events, label, raw

FILES = Path(__file__).parents[1] / "files"
OLD = sorted(path.name for path in FILES.glob("*-[0-9]*.sql"))
STORE_ID = "2487940f47b64c40a878ed7986909121"


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store as written by the code of its format."""
    script = (FILES / request.param).read_text()
    if request.param.startswith("store"):
        with closing(sqlite3.connect(tmp_path / "labels.sqlite")) as connection:
            connection.executescript(script)
        return str(tmp_path / "labels.sqlite")
    import psycopg

    url = str(request.getfixturevalue("postgres").new_database())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script)
    return url


def check(store: LabelStore) -> None:
    assert store.store_id == STORE_ID
    assert store.tasks() == ["labels", "mood"]
    found = events(store, "labels")
    assert [e.kind for e in found] == [
        "schema", "label", "label", "label", "skip", "undo", "redo", "label", "undo", "label",
        "schema", "label",
    ]  # fmt: skip
    assert found[1].elapsed_ms == 1800
    assert found[3].item_ids == tuple(f"b{k}" for k in range(40))
    assert found[7].annotator == "Jörg 'the'; DROP"
    fold = Fold()
    for event in found:
        fold.apply(event)
    assert fold.schema is not None
    assert fold.schema.names == ("spam", "ham", "unsure")
    answers = {key: e.value for key in fold.touched if (e := fold.answer(key))}
    assert answers == {"m1": "spam", "m4": "unsure"} | {f"b{k}": "spam" for k in range(40)}
    assert fold.skipped("m3")


@pytest.mark.parametrize("since", [NEVER, ALWAYS])
def test_an_older_store_is_brought_up_to_date(
    old: str, since: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sqlite, "WAL_SINCE", since)
    store = LabelStore(old)
    check(store)
    assert raw(store, "SELECT value FROM hitl_meta WHERE key = 'format'") == str(FORMAT)
    assert store.lease("labels", ["m9"], "h", "ann", 60) == {"m9"}
    new = label(9, task="labels")
    assert store.append(new)
    assert store.append(new) is False
    store.close()
    again = LabelStore(old)
    assert events(again, "labels")[-1] == new
    for statement in ("UPDATE label_event SET body = ''", "DELETE FROM label_event"):
        with pytest.raises(Exception, match="append-only"):
            raw(again, statement)
    again.close()


OPENER = """
import sys
from hitl_widgets.labels.store import LabelStore
print("ready", flush=True)
sys.stdin.readline()
print(LabelStore(sys.argv[1]).store_id)
"""


def test_processes_that_open_an_older_store_at_once_all_succeed(old: str) -> None:
    assert open_at_once(old) == {STORE_ID}
    store = LabelStore(old)
    check(store)
    store.close()


def test_processes_that_make_a_store_at_once_agree(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert len(open_at_once(str(tmp_path / "new.sqlite"))) == 1
    assert len(open_at_once(request.getfixturevalue("postgres").new_database())) == 1


def open_at_once(location: str, n: int = 4) -> set[str]:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, location],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(n)
    ]  # fmt: skip
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin
        child.stdin.write("\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60) for child in children]
    assert all(re.fullmatch(r"[0-9a-f]{32}\n", out) for out, _ in said), said
    return {out.strip() for out, _ in said}
