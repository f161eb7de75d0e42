"""A label store on a PostgreSQL server, by psycopg 3."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hitl_widgets.errors import RESCUE, StoreError
from hitl_widgets.labels._schema import LOCK, AnyText

__all__ = ["Postgres"]

# Seconds; nothing waits for ever. A value in the URL's query wins.
_CONNECT = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
    "application_name": "hitl-widgets",
}
# One try for a lock is short: the store tries again, and says that it waits.
_SESSION = (
    "SELECT set_config('statement_timeout', '60s', false), set_config('lock_timeout', '500ms', false), "
    "set_config('idle_in_transaction_session_timeout', '60s', false)"
)


class Postgres:
    """The database of one store.

    Parameters
    ----------
    url
        With the driver name ``postgresql``; the password is in no name and no error made of it.

    Attributes
    ----------
    engine
        Statements commit by themselves (one round trip); a transaction is asked for by
        :meth:`writer`.
    note
        Always "": there is nothing to warn of.
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

    # The lock of the task comes before the number: sequence order is commit order, so that a reader of
    # the tail misses nothing. OFFSET 0 keeps the planner from moving it.
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
        """A transaction; those that may meet in it take a lock first."""
        return self._writer.begin()

    def reader(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A connection whose statements commit by themselves."""
        return self.engine.connect()

    appender = reader

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @staticmethod
    def is_busy(error: Exception) -> bool:
        """Whether another session holds the table or the task."""
        return getattr(getattr(error, "orig", None), "sqlstate", None) == "55P03"  # lock_not_available

    @staticmethod
    def is_whole(_connection: sa.Connection) -> bool:
        """A server keeps its own pages in order."""
        return True

    @staticmethod
    def reason(error: Exception) -> str:
        """What the server says, in a few words."""
        said = getattr(error, "orig", None) or error
        # Without the DETAIL, which may quote a row.
        words = getattr(getattr(said, "diag", None), "message_primary", None) or str(said)
        return " ".join(words.split("Is the server running")[0].split()).rstrip(".")

    def advice(self, error: Exception) -> str:
        """What the person can do about it."""
        reason = self.reason(error)
        if "does not exist" in reason:
            return f"It was dropped or restored: save what this session knows with {RESCUE}."
        if self.is_busy(error):
            return "End the transaction that holds the table, then label again."
        if "timeout" in reason:
            return "What was saved before is safe; label again when the server is less busy."
        if "permission" in reason or "read-only" in reason:
            return "Ask for the right to INSERT into and SELECT from label_event, then label again."
        if "space" in reason:
            return "What was saved before is safe; make room on the server, then label again."
        return "What was saved before is safe; label again when the server can be reached."

    def open_message(self, error: Exception) -> str:
        """Why the store cannot be opened, and the next step."""
        return (
            f"The label store {self.name} cannot be opened: {self.reason(error)}. Check the host, the name "
            "and the password, or pass a file such as store='labels.sqlite'."
        )


def _configure(connection: Any, _record: Any) -> None:
    before, connection.autocommit = connection.autocommit, True
    connection.execute(_SESSION)
    connection.autocommit = before


def _forget_connection(context: sa.engine.ExceptionContext) -> None:
    """Psycopg's errors carry what they connected with, the password among it."""
    if context.original_exception is not None and hasattr(context.original_exception, "pgconn"):
        vars(context.original_exception)["_pgconn"] = None
