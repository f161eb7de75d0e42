"""Orders of the list, and what is shown beside the items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hitl_widgets.errors import InvalidInput
from hitl_widgets.session import Session

Make = Callable[..., Session]
N = 40
TABLE = pd.DataFrame(
    {
        "message": [f"{'refund' if i % 2 else 'parcel'} {i}" for i in range(N)],
        "price": [None if i in {3, 7} else (13 * i) % 7 / 2 for i in range(N)],
        "sender": [None if i == 5 else f"person {i % 3}" for i in range(N)],
        "when": pd.date_range("2026-01-01", periods=N, freq="12h"),
        "paid": np.arange(N) % 3 == 0,
    }
)


@pytest.fixture
def session(make_session: Make) -> Session:
    made = make_session(TABLE, text="message", classes=["a", "b"])
    for i in (8, 2, 30, 11):
        made.label(made.pool.ids[i], "a" if i % 2 else "b")
    made.wait()
    return made


def sorted_by(values: list[Any], *, down: bool) -> list[int]:
    """Python's own stable sort, what is missing last."""
    there = [i for i in range(len(values)) if values[i] is not None]
    gone = [i for i in range(len(values)) if values[i] is None]
    return sorted(there, key=lambda i: values[i], reverse=down) + gone


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("name", ["price", "sender", "when", "paid"])
def test_columns_are_sorted_stably_and_missing_values_come_last(
    session: Session, name: str, down: bool
) -> None:
    values = [None if pd.isna(value) else value for value in TABLE[name]]
    assert session._loop.listing.order(by=name, down=down).tolist() == sorted_by(values, down=down)


def test_the_table_s_own_order_turned_around_and_some_rows(session: Session) -> None:
    listing = session._loop.listing
    assert listing.order().tolist() == list(range(N))
    assert listing.order(down=True).tolist() == list(range(N))[::-1]
    some = np.array([3, 6, 7, 20])
    assert listing.order(some).tolist() == some.tolist()
    values = [None if pd.isna(value) else value for value in TABLE["price"]]
    assert listing.order(some, "price").tolist() == [i for i in sorted_by(values, down=False) if i in some]


def test_what_was_labelled_last_comes_first(session: Session) -> None:
    order = session._loop.listing.order(by="time", down=True).tolist()
    assert order[:4] == [11, 30, 2, 8]
    assert order[4:] == [i for i in range(N) if i not in {11, 30, 2, 8}]
    by_label = session._loop.listing.order(by="label").tolist()
    assert (by_label[:1], sorted(by_label[1:4])) == ([11], [2, 8, 30])


@pytest.mark.parametrize("by", ["doubt", "confidence", "prediction"])
def test_by_what_the_model_says_and_nothing_of_what_is_asked_blind(session: Session, by: str) -> None:
    found = session.wait()
    loop = session._loop
    blind = set(loop.blind.rows(loop.labels).tolist())
    told = {"doubt": found.uncertainty, "confidence": found.confidence, "prediction": found.predicted}[by]
    values = [None if i in blind else told[i] for i in range(N)]
    assert loop.listing.order(by=by, down=True).tolist() == sorted_by(values, down=True)
    row = next(i for i in range(N) if i not in blind and i not in {2, 8, 11, 30})
    loop.blind.draw(row)
    assert loop.listing.order(by=by, down=True).tolist()[-1 - len(blind) :].count(row) == 1


def test_before_there_is_a_model_every_doubt_is_missing(make_session: Make) -> None:
    session = make_session(TABLE, text="message")
    assert session._loop.listing.order(by="doubt", down=True).tolist() == list(range(N))


def test_an_unknown_order_is_refused(session: Session) -> None:
    with pytest.raises(InvalidInput, match=r"Unknown order 'pric'.*Did you mean 'price'"):
        session._loop.listing.order(by="pric")


def test_cells_say_what_people_read(session: Session, make_session: Make) -> None:
    listing = session._loop.listing
    assert listing.beside == ("price", "sender", "when", "paid")
    assert listing.cells(np.array([0, 3, 5]), listing.beside) == [
        ["0", "person 0", "2026-01-01", "yes"],
        ["", "person 0", "2026-01-02 12:00:00", "yes"],
        ["1", "", "2026-01-03 12:00:00", "no"],
    ]
    table = make_session(TABLE, columns=["price", "sender"])
    assert table._loop.listing.beside == (), "the items themselves show their columns"
    assert make_session(["a", "b"])._loop.listing.beside == ()
