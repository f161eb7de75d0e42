"""A label store on a PostgreSQL server, with psycopg 3."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hitl_widgets.errors import RESCUE, StoreError
from hitl_widgets.labels._schema import LOCK, AnyText

__all__ = ["Postgres"]

# Seconds. Values in the URL's query take precedence.
_CONNECT = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
    "application_name": "hitl-widgets",
}
# The lock timeout is short: the store retries, and reports that it is waiting.
_SESSION = (
    "SELECT set_config('statement_timeout', '60s', false), set_config('lock_timeout', '500ms', false), "
    "set_config('idle_in_transaction_session_timeout', '60s', false)"
)


class Postgres:
    """The database of one store.

    Parameters
    ----------
    url
        With the driver name ``postgresql``. Names and errors do not contain the password.

    Attributes
    ----------
    engine
        In autocommit mode (one round trip); :meth:`writer` begins a transaction.
    note
        Always "", because there is nothing to warn about.
    """

    path: Path | None = None
    note = ""

    def __init__(self, url: sa.URL) -> None:
        self.name = url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
        options = {k: v for k, v in _CONNECT.items() if k not in url.query}
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            raise StoreError(
                f"The label store {self.name} needs psycopg ({error}). Install it with: "
                "pip install 'hitl-widgets[postgres]'"
            ) from error
        self.engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=options,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
        )
        self._writer = self.engine.execution_options(isolation_level="READ COMMITTED")
        sa.event.listen(self.engine, "connect", _configure)
        sa.event.listen(self.engine, "handle_error", _forget_connection)

    # The task is locked before the sequence number is assigned, so that sequence order is commit order and a
    # reader of the tail misses nothing. OFFSET 0 prevents the planner from moving the lock.
    append = sa.text(
        "INSERT INTO label_event (event_id, task, annotator, kind, time, body) "
        "SELECT :event_id, :task, :annotator, :kind, :time, :body "
        f"FROM (SELECT pg_advisory_xact_lock({LOCK}, hashtext(:task)) OFFSET 0) AS turn "
        "WHERE :seq = 0 OR EXISTS (SELECT 1 FROM label_event WHERE seq = :seq AND event_id = :since) "
        "ON CONFLICT (event_id) DO NOTHING"
    ).bindparams(
        *(sa.bindparam(name, type_=AnyText) for name in ("task", "annotator")),
        *(sa.bindparam(name, type_=sa.Text) for name in ("event_id", "kind", "time", "body")),
        sa.bindparam("seq", 0, type_=sa.BigInteger),
        sa.bindparam("since", "", type_=sa.Text),
    )
    clock = "extract(epoch FROM clock_timestamp())::double precision"
    each_key = "SELECT value AS key FROM json_array_elements_text(CAST(:keys AS json))"

    def writer(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Begin a transaction; concurrent writers take a lock first."""
        return self._writer.begin()

    def reader(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Return a connection in autocommit mode."""
        return self.engine.connect()

    appender = reader

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @staticmethod
    def is_busy(error: Exception) -> bool:
        """Return whether another session has locked the table or the task."""
        return getattr(getattr(error, "orig", None), "sqlstate", None) == "55P03"  # lock_not_available

    @staticmethod
    def is_whole(_connection: sa.Connection) -> bool:
        """Return True: the server takes care of its own data."""
        return True

    @staticmethod
    def reason(error: Exception) -> str:
        """Return the server's error message, shortened."""
        said = getattr(error, "orig", None) or error
        # Leave out the DETAIL, which may quote a row.
        words = getattr(getattr(said, "diag", None), "message_primary", None) or str(said)
        return " ".join(words.split("Is the server running")[0].split()).rstrip(".")

    def advice(self, error: Exception) -> str:
        """Return what the user can do about it."""
        reason = self.reason(error)
        if "does not exist" in reason:
            return f"It was dropped or restored: save the labels of this session with {RESCUE}."
        if self.is_busy(error):
            return "End the transaction that locks the table, then label again."
        if "timeout" in reason:
            return "Earlier labels are saved. Label again when the server is less busy."
        if "permission" in reason or "read-only" in reason:
            return "Request permission to INSERT into and SELECT from label_event, then label again."
        if "space" in reason:
            return "Earlier labels are saved. Free disk space on the server, then label again."
        return "Earlier labels are saved. Label again when the server can be reached."

    def open_message(self, error: Exception) -> str:
        """Return why the store cannot be opened, and what to do."""
        return (
            f"The label store {self.name} cannot be opened: {self.reason(error)}. Check the host, the name "
            "and the password, or pass a file such as store='labels.sqlite'."
        )


def _configure(connection: Any, _record: Any) -> None:
    before, connection.autocommit = connection.autocommit, True
    connection.execute(_SESSION)
    connection.autocommit = before


def _forget_connection(context: sa.engine.ExceptionContext) -> None:
    """Remove the connection, which contains the password, from psycopg's errors."""
    if context.original_exception is not None and hasattr(context.original_exception, "pgconn"):
        vars(context.original_exception)["_pgconn"] = None
