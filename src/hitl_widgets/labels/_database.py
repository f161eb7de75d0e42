"""Where a store is: what a path or URL names, and what every engine offers for it."""

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
    """One engine, with what its SQL and its errors have of their own."""

    name: str
    note: str
    path: Path | None
    engine: sa.Engine
    append: sa.TextClause
    clock: str
    each_key: str

    def appender(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """For the one statement ``append``, committed at its end."""

    def writer(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A transaction."""

    def reader(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """For reading, which waits for no writer longer than it must."""

    def close(self) -> None:
        """Release what is held."""

    def is_busy(self, error: Exception) -> bool:
        """Whether another program holds the store, so that waiting may help."""

    def is_whole(self, connection: sa.Connection) -> bool:
        """Whether what is there can be written on."""

    def reason(self, error: Exception) -> str:
        """What the engine says, in a few words."""

    def advice(self, error: Exception) -> str:
        """What the person can do about it."""

    def open_message(self, error: Exception) -> str:
        """Why the store cannot be opened, and the next step."""


def open_database(text: str) -> Database:
    """The database that a path, a URL or ``":memory:"`` names.

    Raises
    ------
    StoreError
        When it names none, or cannot be opened. No password is in the message, nor in its traceback.
    """
    if "://" in text:
        url = _read_url(text)
        if url.drivername in _POSTGRES:
            return Postgres(url)
    return SQLite(sqlite_path(text))


def sqlite_path(text: str) -> Path | None:
    """The file that a path or URL names, absolute; None where it names memory or a server.

    Raises
    ------
    StoreError
        When it is the URL of something else.
    """
    if text == ":memory:":
        return None
    if "://" not in text:
        return full_path(text)
    url = _read_url(text)
    if url.drivername not in _POSTGRES | _SQLITE:
        raise StoreError(
            f"store= names a database of {url.drivername!r}. Expected postgresql://name@host/database, or a "
            "path such as labels.sqlite."
        )
    if url.drivername in _POSTGRES or url.database in {None, "", ":memory:"}:
        return None
    return full_path(str(url.database))


def _read_url(text: str) -> sa.URL:
    # Raised outside of the except clause: what SQLAlchemy says holds the text, which may hold a password.
    with contextlib.suppress(sa.exc.ArgumentError, ValueError):
        return sa.make_url(text)
    raise StoreError(
        "store= is not a database URL. Expected one such as postgresql://name:password@host/database, "
        "or a path such as labels.sqlite."
    )
