"""Label stores on a PostgreSQL server: features and faults that only a server has."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import traceback

import psycopg
import pytest
import sqlalchemy as sa

from hitl_widgets.errors import StoreError
from hitl_widgets.labels.store import FORMAT, LabelStore
from postgres import Server
from stores import events, label, raw


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.new_database()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_name_of_the_server_means_psycopg_3(url: str, scheme: str) -> None:
    store = LabelStore(url.replace("postgresql", scheme))
    store.append(label())
    assert store._engine.driver == "psycopg"
    assert store.name.startswith("postgresql://hitl:***@127.0.0.1:")
    assert store.path is None
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE label_event SET body = '{}'",
        "DELETE FROM label_event",
        "TRUNCATE label_event",
        "INSERT INTO label_event SELECT * FROM label_event ON CONFLICT (event_id) DO UPDATE SET body = '{}'",
        "SET session_replication_role = replica; DELETE FROM label_event",
    ],
)
def test_the_log_refuses_every_change_of_the_past(url: str, statement: str) -> None:
    store = LabelStore(url)
    event = label(value="a")
    store.append(event)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        raw(store, statement)
    assert events(store) == [event]
    store.close()


def test_who_commits_later_has_the_higher_number(url: str) -> None:
    """A reader of the tail would miss an event that gets a number early and is committed late."""
    slow, fast, third = (LabelStore(url) for _ in range(3))
    with slow._engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        connection.execute(slow._database.append, row := _row("slow"))
        waiting = threading.Thread(target=fast.append, args=(label(0, event_id="fast"),))
        waiting.start()
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
        assert events(third) == []
        assert third.append(label(0, task="other", annotator="bob"))  # other tasks do not wait
        connection.commit()
    waiting.join(timeout=20)
    assert row["event_id"] == "slow"
    assert [e.event_id for e in events(fast)] == ["slow", "fast"]
    for store in (slow, fast, third):
        store.close()


def _row(event_id: str) -> dict[str, object]:
    from hitl_widgets.labels._rows import to_row

    return to_row(label(0, event_id=event_id))


def test_a_label_is_one_statement_and_never_waits_for_ever(url: str) -> None:
    store = LabelStore(url)
    said: list[str] = []
    sa.event.listen(store._engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    store.append(label())
    assert len(said) == 1
    with store._engine.connect() as connection:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar() not in {"0", None}
        info = connection.connection.driver_connection.info.get_parameters()
    assert {"connect_timeout", "tcp_user_timeout", "keepalives"} <= set(info)
    store.close()


def test_a_database_of_something_else_is_left_alone(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE customers (name text)")
        with pytest.raises(StoreError, match=r"not a label store \(tables: customers\)\. Pass another data"):
            LabelStore(url)
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert found == (1,)


def test_a_newer_store_is_left_alone(url: str) -> None:
    LabelStore(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"UPDATE hitl_meta SET value = '{FORMAT + 1}' WHERE key = 'format'")
    with pytest.raises(StoreError, match=rf"newer hitl-widgets \(store format {FORMAT + 1}.*pip install -U"):
        LabelStore(url)


def test_an_annotator_needs_no_more_than_insert_and_select(postgres: Server, url: str) -> None:
    LabelStore(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE ann LOGIN PASSWORD 'p'")
        connection.execute("GRANT SELECT ON hitl_meta TO ann")
        connection.execute("GRANT SELECT, INSERT ON label_event TO ann")
        connection.execute("GRANT USAGE ON SEQUENCE label_event_seq_seq TO ann")
    store = LabelStore(url.replace(f"hitl:{postgres.password}", "ann:p"))
    assert store.append(label())
    assert len(events(store)) == 1
    with pytest.raises(StoreError, match=r"permission denied for table lease.*Request permission"):
        store.lease("t", ["a"], "h", "ann", 60)
    store.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY ann; DROP ROLE ann")


def test_a_lost_connection_is_made_again_unseen(postgres: Server, url: str) -> None:
    store = LabelStore(url)
    for i in range(3):
        store.append(label(i))
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                               [sa.make_url(url).database])  # fmt: skip
        if i == 1:
            assert len(events(store)) == 2
    assert store.append(label(3))
    assert len(events(store)) == 4
    store.close()


def test_a_server_that_is_gone_is_said_and_may_come_back() -> None:
    server = Server()
    try:
        store = LabelStore(server.new_database())
        saved = label(0)
        store.append(saved)
        server.stop()
        for act in (lambda: store.append(label(1)), lambda: events(store), store.tasks):
            with pytest.raises(StoreError, match=r"onnection.*saved. Label again when the server") as raised:
                act()
            assert server.password not in everything(raised.value)
        server.start()
        assert events(store) == [saved]
        assert store.append(label(1))
        store.close()
    finally:
        server.remove()


# -- secrets


def everything(error: BaseException) -> str:
    """The messages and attributes of a chain of errors, and their traceback without lines of this file."""
    shown = traceback.TracebackException.from_exception(error)
    said: list[str] = []
    while shown is not None:
        shown.stack = traceback.StackSummary.from_list([f for f in shown.stack if f.filename != __file__])
        said += shown.format(chain=False)
        shown = shown.__cause__ or shown.__context__  # type: ignore[assignment]
    seen: BaseException | None = error
    while seen is not None:
        said += [str(seen), repr(seen), repr({k: v for k, v in vars(seen).items() if k != "params"})]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(said)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("postgresql://hitl:WRONG-secret@127.0.0.1:{port}/postgres", 'authentication failed for user "hitl"'),
        ("postgresql://hitl@127.0.0.1:{port}/postgres?password=WRONG-secret", "authentication failed"),
        ("postgresql://hitl:WRONG-secret@127.0.0.1:1/postgres", "Check the host"),
        ("postgresql://hitl:WRONG-secret@no-such-host.invalid/postgres", "no-such-host"),
        ("postgresql://hitl:WRONG-secret@127.0.0.1:{port}/nothing?nonsense=1", "nonsense"),
        ("postgresql://hitl:WRONG-secret@127.0.0.1:notaport/x", "is not a database URL"),
        ("postgresql+asyncpg://hitl:WRONG-secret@127.0.0.1/x", "is a URL for 'postgresql.asyncpg'"),
        ("mysql://hitl:WRONG-secret@127.0.0.1/x", "is a URL for 'mysql'"),
        ("WRONG-secret://", "is not a database URL"),
    ],
)
def test_no_password_is_in_any_error(
    postgres: Server, where: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StoreError, match=words) as raised:
        LabelStore(where.format(port=postgres.port))
    assert "secret" not in everything(raised.value)
    assert "secret" not in caplog.text


def test_neither_password_nor_item_nor_label_is_in_errors_and_logs(
    postgres: Server, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = LabelStore(url)
    assert postgres.password not in store.name + repr(store) + repr(store._engine) + repr(store._database)
    store.append(label(0, item_ids=("secret item",), value="secret label"))
    raw(store, "DROP TABLE label_event CASCADE")
    for act in (lambda: store.append(label(0, item_ids=("secret item",), value="secret label")), store.tasks):
        with pytest.raises(StoreError, match="label_event") as raised:
            act()
        assert "secret" not in everything(raised.value)
        assert postgres.password not in everything(raised.value)
    store.close()
    assert "secret" not in caplog.text
    assert postgres.password not in caplog.text


def test_a_missing_driver_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from hitl_widgets.labels.store import LabelStore\n"
        "LabelStore('postgresql://ann:secret@host/labels')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'hitl-widgets[postgres]'" in done.stderr.splitlines()[-1]
    assert "postgresql://ann:***@host/labels" in done.stderr
    assert done.returncode == 1
