"""Validation and normalisation of the arguments of a Session."""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, get_args

import narwhals as nw
import numpy as np
import numpy.typing as npt

from hitl_widgets.data.columns import Columns
from hitl_widgets.data.embedding import check_embed
from hitl_widgets.data.masking import as_mask
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.labels.events import Selection
from hitl_widgets.labels.store import LabelStore
from hitl_widgets.learn.problems.base import Problem
from hitl_widgets.questions.base import compares, kind_of
from hitl_widgets.questions.schema import MAX_NAME, Schema, is_unicode

__all__ = [
    "as_list",
    "as_pool",
    "asked_schema",
    "check_act",
    "check_context",
    "check_overlap",
    "check_settings",
    "costs_of",
    "login",
    "problem_of",
    "refuse",
    "seed_of",
]

LONGEST = 2**53  # milliseconds that JSON and a table of labels represent exactly


def refuse(unknown: dict[str, Any], known: Iterable[str]) -> None:
    """Raise for the first unknown argument of Session."""
    if unknown:
        name = next(iter(unknown))
        valid = [p for p in known if p not in {"return", "unknown"}]
        raise InvalidInput(
            f"Session has no argument {name}=.{nearest(name, valid)} The arguments are {', '.join(valid)}."
        )


def check_overlap(overlap: Any, opinions: Any, again: Any) -> None:
    """Raise for invalid values of ``overlap``, ``opinions`` and ``again``."""
    if not isinstance(overlap, int | float) or not 0 <= overlap <= 1:
        raise InvalidInput(f"overlap={overlap!r}: expected a share from 0 to 1, such as 0.1.")
    if not isinstance(opinions, int | np.integer) or isinstance(opinions, bool) or opinions < 2:
        raise InvalidInput(f"opinions={opinions!r}: expected a number of people per item, at least 2.")
    if not isinstance(again, int | float) or isinstance(again, bool) or not 0 <= again < 1:
        raise InvalidInput(f"again={again!r}: expected a share from 0 to below 1, such as 0.03.")


def check_settings(audit: Any, random_state: Any, store: Any, task: Any, annotator: Any) -> None:
    """Raise for an invalid audit share, seed, store, task or annotator."""
    if annotator is not None and not (
        isinstance(annotator, str)
        and annotator.strip()
        and len(annotator) <= MAX_NAME
        and is_unicode(annotator)
    ):
        raise InvalidInput(
            f"annotator={annotator!r}: expected a name of 1 to {MAX_NAME} characters, or None for the login."
        )
    if not isinstance(task, str) or not task.strip():
        raise InvalidInput(f"task={task!r}: expected a name for the question, such as 'labels'.")
    if not isinstance(audit, int | float) or not 0 <= audit <= 1:
        raise InvalidInput(f"audit={audit!r}: expected a share from 0 to 1, such as 0.1.")
    whole = isinstance(random_state, int | np.integer) and not isinstance(random_state, bool)
    if random_state is not None and not (whole and random_state >= 0):
        raise InvalidInput(f"random_state={random_state!r}: expected a whole number of at least 0, or None.")
    if not isinstance(store, str | os.PathLike | LabelStore) or "\0" in str(store):
        raise InvalidInput(
            f"store={store!r}: expected a path such as 'labels.sqlite', a database URL, ':memory:' or a "
            "LabelStore."
        )


def check_context(context: Any, columns: Columns) -> tuple[str, ...]:
    """Return the columns to show beside an item; raise InvalidInput unless they are columns of the table."""
    if context is None:
        return ()
    names = list(context) if isinstance(context, Iterable) and not isinstance(context, str) else [context]
    for name in names:
        if name not in columns:
            where = f"the columns are {choices(columns)}" if columns else "the data have no columns"
            raise InvalidInput(f"context={name!r}: not a column; {where}.{nearest(str(name), list(columns))}")
    return tuple(dict.fromkeys(names))


def as_pool(data: Any, embed: Any, mask: Any, asked: Schema | None = None, **how: Any) -> Pool:
    """The data as a pool, for this question if it is known."""
    pool = _as_pool(data, embed, asked, **how)
    found = as_mask(mask, pool.item_kind, rendered=pool.renderer is not None)
    return pool if found is None else replace(pool, mask=found)


def _as_pool(data: Any, embed: Any, asked: Schema | None, **how: Any) -> Pool:
    if how["X"] is not None and embed is not None:
        raise InvalidInput("Pass X= or embed=, not both: X= holds what embed= would compute.")
    if not isinstance(data, Pool):
        pool = Pool.from_data(data, **how, compares=asked is None or compares(asked.kind))
        check_embed(embed, pool.item_kind)
        return pool
    if any(x is not None for x in how.values()):
        named = [f"{name}=" for name in how]
        words = f"{', '.join(named[:-1])} and {named[-1]}"
        raise InvalidInput(f"data is a Pool: pass {words} to Pool.from_data.")
    check_embed(embed, data.item_kind)
    return data


def asked_schema(classes: Any, question: Any, schema: Any) -> Schema | None:
    """The requested question; None uses the one in the store."""
    given = {"classes": classes, "question": question, "schema": schema}
    named = [f"{name}=" for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise InvalidInput(f"Pass {' or '.join(named)}, not both.")
    if not named:
        return None
    if classes is not None:
        return Schema(classes)
    asked = schema if question is None else question
    if not isinstance(asked, Schema):
        raise InvalidInput(
            f"{named[0]} is {_a(asked)}: expected a hitl_widgets.Question.choice(...), .choices(...) or "
            ".rating(...)."
        )
    return asked


def _a(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def problem_of(schema: Schema) -> Problem:
    """The learning problem of a question."""
    kind = kind_of(schema.kind)
    return kind.target(kind.answers(schema), schema).problem


def check_act(selection: Any, elapsed_ms: Any) -> int | None:
    """Raise for values that cannot be read back from the log; returns the time in whole milliseconds."""
    if selection not in (known := get_args(Selection)):
        raise InvalidInput(f"selection={selection!r} is not known: expected one of {choices(known)}.")
    if elapsed_ms is None:
        return None
    number = isinstance(elapsed_ms, int | float | np.number) and not isinstance(elapsed_ms, bool)
    if not number or not 0 <= elapsed_ms < LONGEST:
        raise InvalidInput(f"elapsed_ms={elapsed_ms!r}: expected milliseconds, at least 0, or None.")
    return round(float(elapsed_ms))


def as_list(ids: Any) -> list[Any]:
    """One or more ids, as a list."""
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        return [ids]
    return list(ids)


def login() -> str:
    """The default annotator: the login name."""
    try:
        return os.environ.get("JUPYTERHUB_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "annotator"


def seed_of(store_id: str, task: str) -> int:
    """A seed from the store and task, the same after a restart."""
    digest = hashlib.blake2b(f"{store_id}\0{task}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")


def costs_of(pool: Pool, cost: Any) -> npt.NDArray[np.float64] | None:
    """``cost=`` as float64 of shape (n_items,); of identical rows, the first one counts."""
    if cost is None:
        return None
    if isinstance(cost, str):
        table: Any = nw.from_native(pool.source, eager_only=True, pass_through=True)
        columns = table.columns if isinstance(table, nw.DataFrame) else []
        if cost not in columns:
            raise InvalidInput(f"cost={cost!r}: your data has no such column.{nearest(cost, columns)}")
        cost = table[cost].to_numpy()
    try:
        values = np.asarray(cost, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.shape != pool.rows.shape or not (np.isfinite(values).all() and (values > 0).all()):
        raise InvalidInput(
            f"cost= must hold one finite number above 0 for each of the {len(pool.rows):,} rows of your "
            "data, or name a column that does."
        )
    return values[pool.first_rows]
