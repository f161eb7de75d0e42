"""LabelStore: an append-only log of label events in a database that outlives the kernel."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from hitl_widgets.errors import StoreError
from hitl_widgets.labels.events import LabelEvent

__all__ = ["FORMAT", "LabelStore"]

FORMAT = 1

_tables = sa.MetaData()
_meta = sa.Table(
    "hitl_meta",
    _tables,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
_events = sa.Table(
    "label_event",
    _tables,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("event_id", sa.String(64), nullable=False, unique=True),
    sa.Column("task", sa.String, nullable=False),
    sa.Column("annotator", sa.String, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("time", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("label_event_task_seq", "task", "seq"),
    sqlite_autoincrement=True,
)
_APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS label_event_no_{verb} BEFORE {verb.upper()} ON label_event "
    "BEGIN SELECT RAISE(ABORT, 'label_event is append-only'); END"
    for verb in ("update", "delete")
)


class LabelStore:
    """The log of one file or database; it holds many tasks.

    Parameters
    ----------
    location
        Path of an SQLite file (created where missing, mode 0600), a database URL, or
        ``":memory:"`` for a log that ends with the process.

    Raises
    ------
    StoreError
        When the file cannot be opened or written, is no label store, or was written by a newer
        version.

    Notes
    -----
    :meth:`append` returns after the commit, and writing an event a second time changes nothing,
    so a resend is harmless. SQLite runs with a rollback journal and ``synchronous=FULL``, which
    is safe on every file system and with every SQLite version in use.
    """

    def __init__(self, location: str | os.PathLike[str] = "labels.sqlite") -> None:
        text = os.fspath(location)
        self._lock = threading.RLock()
        self.path: Path | None = None
        if "://" in text:
            url = _read_url(text)
            if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
                self.path = Path(url.database or "").absolute()
                url = url.set(database=str(self.path))
        elif text == ":memory:":
            url = sa.make_url("sqlite://")
        else:
            self.path = Path(text).expanduser().absolute()
            url = sa.URL.create("sqlite", database=str(self.path))
        self._url = url
        self._engine = self._open(url)
        self._reader = self._engine.execution_options(reading=True)
        try:
            self.store_id = self._prepare()
        except sa.exc.DatabaseError as error:
            self._engine.dispose()
            raise StoreError(_open_message(self.name, error)) from error
        except StoreError:
            self._engine.dispose()
            raise

    def __repr__(self) -> str:
        return f"<LabelStore {self.name}>"

    @property
    def name(self) -> str:
        """Where the labels are, in a form fit for a screen: never a password."""
        if self.path is not None:
            return str(self.path)
        if self._url.get_backend_name() == "sqlite":
            return "memory"
        return self._url.render_as_string(hide_password=True)

    def _open(self, url: sa.URL) -> sa.Engine:
        if url.get_backend_name() != "sqlite":
            try:
                return sa.create_engine(url, pool_pre_ping=True)
            except (sa.exc.ArgumentError, ImportError) as error:
                raise StoreError(f"The label store {self.name} cannot be opened: {error}.") from error
        if self.path is None:
            engine = sa.create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        else:
            _make_file(self.path)
            engine = sa.create_engine(url)
            sa.event.listen(engine, "checkout", self._check_same_file)
        sa.event.listen(engine, "do_connect", self._check_there)
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def _check_there(self, *_: Any) -> None:
        if self.path is not None and not self.path.exists():
            raise StoreError(
                f"The label store {self.path} was moved or deleted. Put the file back, then label again; "
                "or run the cell that makes the session again to start a new one."
            )

    def _check_same_file(self, _connection: Any, record: Any, _proxy: Any) -> None:
        """A connection that stays open would go on writing into a file that was moved or deleted."""
        self._check_there()
        found = Path(self.path or "").stat()
        if record.info.setdefault("file", (found.st_dev, found.st_ino)) != (found.st_dev, found.st_ino):
            raise sa.exc.DisconnectionError  # the pool opens the file that is there now

    def _prepare(self) -> str:
        with self._engine.begin() as connection:
            found = set(sa.inspect(connection).get_table_names())
            if found and "hitl_meta" not in found:
                raise StoreError(
                    f"{self.name} is a database of something else (tables: "
                    f"{', '.join(sorted(found)[:5])}). Pass another file as store=."
                )
            meta: dict[str, str] = {}
            if found:
                meta = {row.key: row.value for row in connection.execute(sa.select(_meta))}
            if meta.get("format", "1") != str(FORMAT):
                raise StoreError(
                    f"{self.name} was written by a newer hitl-widgets (store format {meta['format']}; this "
                    f"version reads up to {FORMAT}). Upgrade with: pip install -U hitl-widgets. "
                    "Nothing was changed."
                )
            _tables.create_all(connection)
            if connection.dialect.name == "sqlite":
                for statement in _APPEND_ONLY:
                    connection.execute(sa.text(statement))
            if not meta:
                meta = {"format": str(FORMAT), "store_id": uuid.uuid4().hex}
                rows = [{"key": k, "value": v} for k, v in meta.items()]
                connection.execute(sa.insert(_meta), rows)
        return str(meta["store_id"])

    def append(self, event: LabelEvent) -> bool:
        """Write an event and wait until it is on disk.

        Returns
        -------
        bool
            False if an event with this id was there already.

        Raises
        ------
        StoreError
            When the event could not be written; then nothing of it was.
        """
        body = {
            "item_ids": event.item_ids,
            "value": event.value,
            "selection": event.selection,
            "elapsed_ms": event.elapsed_ms,
            "model_version": event.model_version,
        }
        row = {
            "event_id": event.event_id,
            "task": event.task,
            "annotator": event.annotator,
            "kind": event.kind,
            "time": event.time,
            "body": json.dumps(body, separators=(",", ":")),
        }
        with self._lock:
            try:
                with self._engine.begin() as connection:
                    if connection.dialect.name == "postgresql":
                        # Sequence order is not commit order: a reader of the tail would miss events.
                        connection.execute(
                            sa.text("SELECT pg_advisory_xact_lock(hashtext(:task))"),
                            {"task": event.task},
                        )
                    known = sa.select(_events.c.seq).where(_events.c.event_id == event.event_id)
                    if connection.execute(known).first() is not None:
                        return False
                    connection.execute(sa.insert(_events), row)
            except sa.exc.DatabaseError as error:
                raise StoreError(
                    f"The label could not be written to {self.name}: {_reason(error)}. {_advice(error)}"
                ) from error
        return True

    def read(
        self, task: str, after: int = 0, *, known: LabelEvent | None = None
    ) -> Iterator[tuple[int, LabelEvent]]:
        """The events of a task in order, each with its sequence number, from behind ``after``.

        ``known`` is one that was just written, and need not be made from its row again.
        """
        query = sa.select(_events).where(_events.c.task == task, _events.c.seq > after)
        with self._lock:
            try:
                with self._reader.connect() as connection:
                    rows = connection.execute(query.order_by(_events.c.seq)).all()
            except sa.exc.DatabaseError as error:
                raise StoreError(f"{self.name} cannot be read: {_reason(error)}.") from error
        for row in rows:
            yield row.seq, known if known and row.event_id == known.event_id else _event(row)

    def tasks(self) -> list[str]:
        """The tasks that have events, in alphabetical order."""
        query = sa.select(_events.c.task).distinct().order_by(_events.c.task)
        try:
            with self._lock, self._reader.connect() as connection:
                return list(connection.execute(query).scalars())
        except sa.exc.DatabaseError as error:
            raise StoreError(f"{self.name} cannot be read: {_reason(error)}.") from error

    def close(self) -> None:
        """Release the file or the connections."""
        self._engine.dispose()


def _event(row: Any) -> LabelEvent:
    body = json.loads(row.body)
    return LabelEvent(
        kind=row.kind,
        task=row.task,
        annotator=row.annotator,
        item_ids=tuple(body["item_ids"]),
        value=body["value"],
        selection=body["selection"],
        elapsed_ms=body["elapsed_ms"],
        model_version=body["model_version"],
        event_id=row.event_id,
        time=row.time,
    )


def _read_url(text: str) -> sa.URL:
    try:
        return sa.make_url(text)
    except sa.exc.ArgumentError as error:  # the text may hold a password
        raise StoreError(
            "store= is no database URL. Expected one such as postgresql://name:password@host/database, "
            "or a path such as labels.sqlite."
        ) from error


def _make_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"The label store {path} cannot be opened for writing: {error.strerror or error}. Pass a "
            "file in a folder that you can write to, such as store='labels.sqlite'."
        ) from error


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # pysqlite would begin transactions itself, too late to wait for a lock; _begin does.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=DELETE",
        "synchronous=FULL",
        "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the append-only triggers
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().rstrip(".")


def _advice(error: Exception) -> str:
    reason = _reason(error)
    if "full" in reason:
        return "What was saved before is safe; make room, then label again."
    if "readonly" in reason or "read-only" in reason:
        return "What was saved before is safe; make the file writable, then label again."
    if "locked" in reason:
        return "Another program holds the file; label again when it is done."
    return (
        "Save what this session knows with session.export('rescue.jsonl', names=True), then look at the file."
    )


def _open_message(name: str, error: Exception) -> str:
    reason = _reason(error)
    if "not a database" in reason:
        return f"{name} is not a label store ({reason}). Pass another file as store=."
    return f"The label store {name} cannot be opened: {reason}."
