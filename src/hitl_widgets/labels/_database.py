"""Store locations: parsing of paths and URLs, and the interface of database engines."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from hitl_widgets.errors import StoreError
from hitl_widgets.labels._postgres import Postgres
from hitl_widgets.labels._sqlite import SQLite
from hitl_widgets.paths import full_path

__all__ = ["Database", "open_database", "sqlite_path"]

_POSTGRES = {"postgresql", "postgres", "postgresql+psycopg"}
_SQLITE = {"sqlite", "sqlite+pysqlite"}


class Database(Protocol):
    """A database engine, with its dialect of SQL and its errors."""

    name: str
    note: str
    path: Path | None
    engine: sa.Engine
    append: sa.TextClause
    clock: str
    each_key: str

    def appender(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Return a connection for the single statement ``append``, which is committed at its end."""

    def writer(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Begin a transaction."""

    def reader(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Return a connection for reading, which waits for writers as little as possible."""

    def close(self) -> None:
        """Release all resources."""

    def is_busy(self, error: Exception) -> bool:
        """Return whether another program has locked the store, so that waiting may help."""

    def is_whole(self, connection: sa.Connection) -> bool:
        """Return whether the existing data is intact, so that it is safe to write."""

    def reason(self, error: Exception) -> str:
        """Return the engine's error message, shortened."""

    def advice(self, error: Exception) -> str:
        """Return what the user can do about it."""

    def open_message(self, error: Exception) -> str:
        """Return why the store cannot be opened, and what to do."""


def open_database(text: str) -> Database:
    """Open the database for a path, a URL or ``":memory:"``.

    Raises
    ------
    StoreError
        If the location is invalid or cannot be opened. The message and traceback contain no password.
    """
    if "://" in text:
        url = _read_url(text)
        if url.drivername in _POSTGRES:
            return Postgres(url)
    return SQLite(sqlite_path(text))


def sqlite_path(text: str) -> Path | None:
    """Return the absolute path of the file for a path or URL; None for memory or a server.

    Raises
    ------
    StoreError
        If the URL is of another kind.
    """
    if text == ":memory:":
        return None
    if "://" not in text:
        return full_path(text)
    url = _read_url(text)
    if url.drivername not in _POSTGRES | _SQLITE:
        raise StoreError(
            f"store= is a URL for {url.drivername!r}. Expected postgresql://name@host/database, or a "
            "path such as labels.sqlite."
        )
    if url.drivername in _POSTGRES or url.database in {None, "", ":memory:"}:
        return None
    return full_path(str(url.database))


def _read_url(text: str) -> sa.URL:
    # Raised outside of the except clause: SQLAlchemy's error contains the text, which may contain a password.
    with contextlib.suppress(sa.exc.ArgumentError, ValueError):
        return sa.make_url(text)
    raise StoreError(
        "store= is not a database URL. Expected one such as postgresql://name:password@host/database, "
        "or a path such as labels.sqlite."
    )
