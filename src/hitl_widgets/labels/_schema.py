"""The tables of a label store on all engines, and upgrades from older formats."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from hitl_widgets.errors import StoreError

__all__ = ["FORMAT", "escape", "prepare", "unescape"]

# When changing the format, increase this, add a step to _UPGRADES, and add a store in the previous format
# to tests/files/.
FORMAT = 4

# hashtext has 32 bits: two tasks with the same hash wait for each other, which is harmless.
LOCK = int.from_bytes(b"hitl")  # the first half of the keys of our advisory locks
_UNSTORABLE = re.compile("[\0\x10\ud800-\udfff]")


def escape(text: str) -> str:
    """Escape NUL and lone surrogates, which some engines cannot store, with a DLE and hex digits."""
    return _UNSTORABLE.sub(lambda found: f"\x10{ord(found[0]):04x}", text)


def unescape(text: str) -> str:
    """Invert :func:`escape`."""
    return re.sub("\x10([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


class AnyText(sa.types.TypeDecorator[str]):
    """Text with any character. It is escaped for PostgreSQL, which has no NUL, but not for SQLite."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return value if value is None or dialect.name == "sqlite" else escape(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return value if value is None or dialect.name == "sqlite" else unescape(value)


tables = sa.MetaData()
meta = sa.Table(
    "hitl_meta",
    tables,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
events = sa.Table(
    "label_event",
    tables,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("event_id", sa.String(64), nullable=False, unique=True),
    sa.Column("task", AnyText, nullable=False),
    sa.Column("annotator", AnyText, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("time", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("label_event_task_seq", "task", "seq"),
    sqlite_autoincrement=True,
)
# Who has an item open (lease) and who is present, with expiry times of the database's clock.
lease = sa.Table(
    "lease",
    tables,
    sa.Column("task", sa.String, primary_key=True),
    sa.Column("item_id", sa.String, primary_key=True),
    sa.Column("holder", sa.String, nullable=False),
    sa.Column("annotator", sa.String, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
)
presence = sa.Table(
    "presence",
    tables,
    sa.Column("task", sa.String, primary_key=True),
    sa.Column("holder", sa.String, primary_key=True),
    sa.Column("annotator", sa.String, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
)

TRIGGERS = ("label_event_no_update", "label_event_no_delete")
_SQLITE_APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {name.rsplit('_', 1)[1].upper()} ON label_event "
    "BEGIN SELECT RAISE(ABORT, 'label_event is append-only'); END"
    for name in TRIGGERS
)
POSTGRES_TRIGGER = "label_event_append_only"
_POSTGRES_APPEND_ONLY = (
    (
        "CREATE OR REPLACE FUNCTION label_event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''label_event is append-only'' USING ERRCODE = ''restrict_violation''; END'"
    ),
    f"DROP TRIGGER IF EXISTS {POSTGRES_TRIGGER} ON label_event",
    (
        f"CREATE TRIGGER {POSTGRES_TRIGGER} BEFORE UPDATE OR DELETE OR TRUNCATE ON label_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION label_event_refuse()"
    ),
    f"ALTER TABLE label_event ENABLE ALWAYS TRIGGER {POSTGRES_TRIGGER}",  # also for replica sessions
)


def append_only(connection: sa.Connection) -> None:
    """Create the triggers that reject changes of existing events, if they are missing."""
    ours = _SQLITE_APPEND_ONLY if connection.dialect.name == "sqlite" else _POSTGRES_APPEND_ONLY
    for statement in ours:
        connection.exec_driver_sql(statement)


def _to_2(connection: sa.Connection) -> None:
    tables.create_all(connection, tables=[lease, presence])
    append_only(connection)  # format 1 had none on PostgreSQL


def _to_3(_: sa.Connection) -> None:
    """Do nothing: new answers name classes by id, which earlier versions cannot read; old ones are kept."""


def _to_4(_: sa.Connection) -> None:
    """Do nothing: kinds of events are new, which earlier versions would take for acts that can be undone."""


_UPGRADES: dict[int, Callable[[sa.Connection], None]] = {1: _to_2, 2: _to_3, 3: _to_4}


def prepare(connection: sa.Connection, name: str) -> str:
    """Create or upgrade the tables in the caller's transaction; return the store's id.

    Raises
    ------
    StoreError
        If the database is not a label store, or of a newer version. Nothing is changed then.
    """
    if connection.dialect.name == "postgresql":  # serialize concurrent creation of a store
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK, 0)))
    known = read_meta(connection, name)
    if known is None:
        known = {"format": str(FORMAT), "store_id": uuid.uuid4().hex}
        tables.create_all(connection)
        append_only(connection)
        connection.execute(sa.insert(meta), [{"key": k, "value": v} for k, v in known.items()])
    elif known["format"] != str(FORMAT):
        for version in range(int(known["format"]), FORMAT):
            _UPGRADES[version](connection)
        connection.execute(sa.update(meta).where(meta.c.key == "format").values(value=str(FORMAT)))
    elif connection.dialect.name == "sqlite":
        append_only(connection)
    return known["store_id"]


def read_meta(connection: sa.Connection, name: str) -> dict[str, str] | None:
    """Return the store's metadata (``format``, ``store_id``); None for an empty database.

    Raises
    ------
    StoreError
        If the database is not a label store, or of a newer version.
    """
    found = set(sa.inspect(connection).get_table_names())
    if found and "hitl_meta" not in found:
        raise StoreError(
            f"{name} is not a label store (tables: {', '.join(sorted(found)[:5])}). Pass another "
            f"{'file' if connection.dialect.name == 'sqlite' else 'database'} as store=."
        )
    if not found:
        return None
    known = {row.key: row.value for row in connection.execute(sa.select(meta))}
    version = known.get("format")
    if version not in {str(n) for n in range(1, FORMAT + 1)}:
        raise StoreError(
            f"{name} was written by a newer hitl-widgets (store format {version}; this version reads up to "
            f"{FORMAT}). Upgrade with: pip install -U hitl-widgets. Nothing was changed."
        )
    return known
