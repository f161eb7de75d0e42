"""The doctor's report on a store on a PostgreSQL server, without changing it."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from hitl_widgets.errors import StoreError
from hitl_widgets.labels._database import open_database
from hitl_widgets.labels._leases import Leases
from hitl_widgets.labels._pages import read_event
from hitl_widgets.labels._postgres import Postgres
from hitl_widgets.labels._report import Report
from hitl_widgets.labels._schema import FORMAT, POSTGRES_TRIGGER, events, read_meta

__all__ = ["examine_server"]


def examine_server(location: str) -> Report:
    """Examine a store on a server without changing it."""
    database = open_database(location)
    if not isinstance(database, Postgres):
        raise StoreError("A store in memory ends with its process and cannot be examined.")
    report = Report(database.name)
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = on")
            _look_at_server(report, connection, Leases(database))
    except sa.exc.DBAPIError as error:
        raise StoreError(database.open_message(error)) from error
    finally:
        database.close()
    return report


def _look_at_server(report: Report, connection: sa.Connection, leases: Leases) -> None:
    def ask(statement: str) -> str:
        return str(connection.exec_driver_sql(statement).scalar())

    report.facts["PostgreSQL"] = ask("SHOW server_version")
    meta = read_meta(connection, report.place)
    if meta is None:
        report.problems.append("The database is empty: it has no labels. Opening a session creates a store.")
        return
    report.facts["size"] = ask("SELECT pg_size_pretty(pg_total_relation_size('label_event'))")
    report.facts["durability"] = (
        f"fsync {ask('SHOW fsync')}, synchronous_commit {ask('SHOW synchronous_commit')}"
    )
    older = f" (opening upgrades it to {FORMAT})" if int(meta["format"]) < FORMAT else ""
    report.facts["format"] = meta["format"] + older
    report.facts["store id"] = meta["store_id"]
    unreadable = 0
    for row in connection.execute(sa.select(events).order_by(events.c.seq)):
        try:
            report.events.append(read_event(row))
        except (ValueError, TypeError, KeyError):
            unreadable += 1
    report.facts["integrity"] = (
        f"{unreadable} rows are not events" if unreadable else "all events are readable"
    )
    held: Counter[str] = Counter()
    if int(meta["format"]) > 1:
        held.update(
            h for task in {e.task for e in report.events} for h in leases.live(connection, task).values()
        )
        query = f"SELECT count(*) FROM pg_trigger WHERE tgname = '{POSTGRES_TRIGGER}' AND tgenabled <> 'D'"
        if ask(query) == "0":
            report.problems.append(
                f"The log is not protected from changes: the trigger {POSTGRES_TRIGGER} is missing. Ask the "
                "owner of the tables."
            )
    report.facts["leases"] = f"{held.total():,}, held by {len(held)} sessions" if held else "none"
    if unreadable:
        report.problems.append(f"{unreadable} rows are not events.")
    if "fsync off" in report.facts["durability"]:
        report.problems.append("The server runs with fsync off: saved labels may be lost in a power failure.")
