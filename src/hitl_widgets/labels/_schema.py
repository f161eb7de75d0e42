"""The tables of a label store on every engine, and how older ones are brought up to date."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from hitl_widgets.errors import StoreError

__all__ = ["FORMAT", "escape", "prepare", "unescape"]

# A change raises it, adds a step to _UPGRADES, and a store written by the code before to tests/files/.
FORMAT = 3

# hashtext is 32 bits wide: two tasks that meet in it wait for each other, which is harmless.
LOCK = int.from_bytes(b"hitl")  # the first half of the advisory locks' keys, so that they are ours
_UNSTORABLE = re.compile("[\0\x10\ud800-\udfff]")


def escape(text: str) -> str:
    """The text in a form that every engine keeps: NUL and lone surrogates spelled out behind a DLE."""
    return _UNSTORABLE.sub(lambda found: f"\x10{ord(found[0]):04x}", text)


def unescape(text: str) -> str:
    """The opposite of :func:`escape`."""
    return re.sub("\x10([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


class AnyText(sa.types.TypeDecorator[str]):
    """Text with any character: PostgreSQL has no NUL. SQLite has, and keeps it as it always did."""

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
# Who looks at an item (lease) and who is there at all (presence), until when by the database's clock.
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
    f"ALTER TABLE label_event ENABLE ALWAYS TRIGGER {POSTGRES_TRIGGER}",  # in a replica's session too
)


def append_only(connection: sa.Connection) -> None:
    """Make the triggers that refuse every change of the past, where they are missing."""
    ours = _SQLITE_APPEND_ONLY if connection.dialect.name == "sqlite" else _POSTGRES_APPEND_ONLY
    for statement in ours:
        connection.exec_driver_sql(statement)


def _to_2(connection: sa.Connection) -> None:
    tables.create_all(connection, tables=[lease, presence])
    append_only(connection)  # format 1 had none on PostgreSQL


def _to_3(_: sa.Connection) -> None:
    """New answers name classes by id, which earlier versions cannot read. Older ones keep their words."""


_UPGRADES: dict[int, Callable[[sa.Connection], None]] = {1: _to_2, 2: _to_3}


def prepare(connection: sa.Connection, name: str) -> str:
    """Make the tables or bring them up to date, in the caller's transaction; returns the store's id.

    Raises
    ------
    StoreError
        When the database is something else's, or a newer version's. Nothing is changed then.
    """
    if connection.dialect.name == "postgresql":  # two that open a new store at once go one by one
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
    """What the store says of itself (``format``, ``store_id``); None of an empty database.

    Raises
    ------
    StoreError
        When the database is something else's, or a newer version's.
    """
    found = set(sa.inspect(connection).get_table_names())
    if found and "hitl_meta" not in found:
        raise StoreError(
            f"{name} is a database of something else (tables: {', '.join(sorted(found)[:5])}). Pass another "
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
