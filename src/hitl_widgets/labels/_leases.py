"""Leases on items and presence of annotators: rows that expire by the database's clock."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

import sqlalchemy as sa

from hitl_widgets.labels._schema import LOCK, escape, unescape

__all__ = ["MAX_SECONDS", "Leases"]

MAX_SECONDS = 600


class _Engine(Protocol):
    clock: str
    each_key: str


class Leases:
    """The statements on the tables ``lease`` and ``presence``, in one engine's SQL dialect.

    A row is valid until it expires. An expiry more than ``MAX_SECONDS`` ahead was written before the clock
    was set back, and counts as expired.
    """

    def __init__(self, engine: _Engine) -> None:
        now = engine.clock
        live = f"(expires > {now} AND expires <= {now} + {MAX_SECONDS})"
        lease_live = live.replace("expires", "lease.expires")
        self._take = sa.text(
            "INSERT INTO lease (task, item_id, holder, annotator, expires) "
            f"SELECT :task, key, :holder, :annotator, {now} + :seconds FROM ({engine.each_key}) AS keys "
            "WHERE true ON CONFLICT (task, item_id) DO UPDATE SET holder = excluded.holder, "
            "annotator = excluded.annotator, expires = excluded.expires "
            f"WHERE lease.holder = excluded.holder OR NOT {lease_live}"
        )
        self._mine = sa.text(f"SELECT item_id FROM lease WHERE task = :task AND holder = :holder AND {live}")
        self._live = sa.text(
            f"SELECT item_id, holder FROM lease WHERE task = :task AND {live} ORDER BY item_id"
        )
        # IS TRUE prevents PostgreSQL from using a join, which is quadratic without statistics.
        self._give_back = sa.text(
            "DELETE FROM lease WHERE task = :task AND holder = :holder "
            f"AND (item_id IN (SELECT key FROM ({engine.each_key}) AS keys)) IS TRUE"
        )
        self._give_all = sa.text("DELETE FROM lease WHERE task = :task AND holder = :holder")
        self._leave = sa.text("DELETE FROM presence WHERE task = :task AND holder = :holder")
        self._attend = sa.text(
            "INSERT INTO presence (task, holder, annotator, expires) "
            f"VALUES (:task, :holder, :annotator, {now} + :seconds) ON CONFLICT (task, holder) DO UPDATE "
            "SET annotator = excluded.annotator, expires = excluded.expires"
        )
        self._present = sa.text(
            f"SELECT holder, annotator FROM presence WHERE task = :task AND {live} ORDER BY holder"
        )
        self._sweep = [sa.text(f"DELETE FROM {table} WHERE NOT {live}") for table in ("lease", "presence")]

    def take(
        self, connection: sa.Connection, task: str, keys: list[str], who: tuple[str, str], seconds: float
    ) -> frozenset[str]:
        """Take or renew leases on free items; return the keys that the holder now has."""
        holder, annotator = who
        if (
            connection.dialect.name == "postgresql"
        ):  # else two calls with the keys in different orders could deadlock
            connection.execute(
                sa.text(f"SELECT pg_advisory_xact_lock({LOCK + 1}, hashtext(:task))"), {"task": escape(task)}
            )
        values = _texts(task=task, holder=holder, annotator=annotator) | {"seconds": float(seconds)}
        connection.execute(self._take, values | {"keys": _json(keys)})
        mine = connection.execute(self._mine, _texts(task=task, holder=holder)).scalars()
        return frozenset(keys) & frozenset(map(unescape, mine))

    def give_back(
        self, connection: sa.Connection, task: str, holder: str, keys: Iterable[str] | None
    ) -> None:
        """End the holder's leases of these keys; if None, all leases and the presence."""
        who = _texts(task=task, holder=holder)
        if keys is not None:
            connection.execute(self._give_back, who | {"keys": _json(keys)})
            return
        connection.execute(self._give_all, who)
        connection.execute(self._leave, who)

    def live(self, connection: sa.Connection, task: str) -> dict[str, str]:
        """Return the holder of each leased key."""
        return _pairs(connection.execute(self._live, _texts(task=task)))

    def attend(
        self, connection: sa.Connection, task: str, holder: str, annotator: str, seconds: float
    ) -> None:
        """Register the annotator as present for this many seconds."""
        values = _texts(task=task, holder=holder, annotator=annotator)
        connection.execute(self._attend, values | {"seconds": float(seconds)})

    def present(self, connection: sa.Connection, task: str) -> dict[str, str]:
        """Return the annotator of each present holder."""
        return _pairs(connection.execute(self._present, _texts(task=task)))

    def sweep(self, connection: sa.Connection) -> None:
        """Delete expired rows of all tasks."""
        for statement in self._sweep:
            connection.execute(statement)


def _texts(**values: str) -> dict[str, Any]:
    return {name: escape(value) for name, value in values.items()}


def _json(keys: Iterable[str]) -> str:
    """Encode the keys as one value, because the number of parameters of a statement is limited."""
    return json.dumps(sorted(set(map(escape, keys))))


def _pairs(rows: Iterable[Any]) -> dict[str, str]:
    return {unescape(key): unescape(value) for key, value in rows}
