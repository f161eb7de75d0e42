"""What a query finds among words, columns, labels and guesses."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import hitl_widgets as hitl
from helpers import until
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.alike import Alike
from hitl_widgets.loop.asking import Ground
from hitl_widgets.maps import preparation
from hitl_widgets.session import Session

Make = Callable[..., Session]
N = 40
WORDS = ["refund me now", "Not working at all", "order 123456 lost", "straße"]
TABLE = pd.DataFrame(
    {
        "message": [f"{WORDS[i % 4]} {i}" for i in range(N)],
        "price": [None if i == 7 else 1.5 * i for i in range(N)],
        "unit price": np.arange(N) % 5,
        "sender": [None if i == 3 else ["ann@example.org", "Bob"][i % 2] for i in range(N)],
        "when": pd.date_range("2026-01-01", periods=N),
        "paid": np.arange(N) % 3 == 0,
        "number": [f"A-{i:03d}" for i in range(N)],
    }
)


def rows(session: Session, query: str) -> list[int]:
    return session._loop.finder.find(query).rows.tolist()


def where(test: Callable[[int], Any]) -> list[int]:
    return [i for i in range(N) if test(i)]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A session that no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "umap_available", lambda n: False)
        options = {"classes": ["spam", "new release"], "annotator": "Ann", "store": ":memory:"}
        with Session(TABLE, text="message", id="number", **options) as made:
            yield made


@pytest.fixture
def taught(make_session: Make) -> Session:
    """Half of the items are labelled, four of them against what their words say."""
    session = make_session(
        TABLE, text="message", id="number", classes=["spam", "new release"], annotator="Ann"
    )
    for i in range(20):
        right = i % 4 == 0
        session.label(f"A-{i:03d}", "spam" if right != (i in {0, 1, 4, 5}) else "new release")
    session.skip("A-039")
    session.wait()
    return session


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("", lambda i: True),
        ("refund", lambda i: i % 4 == 0),
        ("REFUND NOW", lambda i: i % 4 == 0),
        ('"refund now"', lambda i: False),
        (r"/order \d{6}\b/", lambda i: i % 4 == 2),
        ("-refund", lambda i: i % 4),
        ("refund OR strasse", lambda i: i % 4 in {0, 3}),
        ("refund or strasse", lambda i: i % 4 in {0, 3}),
        ("refund and price>=30 or strasse", lambda i: (i % 4 == 0 and i >= 20) or i % 4 == 3),
        ("refund price>=30", lambda i: i % 4 == 0 and i >= 20),
        ("A-007", lambda i: i == 7),
        ("id:A-007", lambda i: i == 7),
        ("id!=A-007", lambda i: i != 7),
        ("price<3", lambda i: i < 2),
        ("price=1.5", lambda i: i == 1),
        ("price!=1.5", lambda i: i not in {1, 7}),
        ("-price=1.5", lambda i: i != 1),
        ('"unit price">3', lambda i: i % 5 == 4),
        ("sender:ANN", lambda i: i % 2 == 0),
        ("sender=bob", lambda i: i % 2 == 1 and i != 3),
        ("sender=ann", lambda i: False),
        ("sender:/^b.b$/", lambda i: i % 2 == 1 and i != 3),
        ("-sender:/B/", lambda i: i % 2 == 0 or i == 3),
        ('sender:"/bob/"', lambda i: False),
        ("sender:/o b/ OR sender:/^ann/", lambda i: i % 2 == 0),
        ("when>=2026-02-01", lambda i: i >= 31),
        ("when<2026-01-01T12:00", lambda i: i == 0),
        ("paid:yes", lambda i: i % 3 == 0),
        ("paid:false", lambda i: i % 3),
        ("number>A-037", lambda i: i > 37),
        ("unlabelled", lambda i: True),
        ("unlabeled", lambda i: True),
        ("labelled", lambda i: False),
        ("class:spam", lambda i: False),
        ("by:ann", lambda i: False),
        ("http://example.org", lambda i: False),
    ],
)
def test_words_columns_and_ids(session: Session, query: str, meant: Callable[[int], Any]) -> None:
    assert rows(session, query) == where(meant)
    assert session.find(query) == [f"A-{i:03d}" for i in where(meant)]


@pytest.mark.parametrize("make", [pl.from_pandas, lambda t: t.to_dict("records")], ids=["polars", "dicts"])
def test_columns_of_any_table(make_session: Make, make: Any) -> None:
    session = make_session(make(TABLE.drop(columns="when")), columns=["message"], id="number")
    assert rows(session, "price>=30 paid:true") == where(lambda i: i >= 20 and i % 3 == 0)
    assert rows(session, "sender:ann refund") == where(lambda i: i % 4 == 0)


def test_times_with_a_zone_and_columns_of_mixed_values(make_session: Make) -> None:
    table = pl.DataFrame(
        {
            "text": ["a", "b", "c"],
            "at": [dt.datetime(2026, 1, 1, h, tzinfo=dt.UTC) for h in (1, 2, 3)],
            "on": [dt.date(2026, 1, d) for d in (1, 2, 3)],
            "odd": pl.Series([1, "two", None], dtype=pl.Object),
        }
    )
    session = make_session(table, text="text")
    assert rows(session, "at>2026-01-01T02:30+01:00") == [1, 2]
    assert rows(session, "on=2026-01-02") == [1]
    assert rows(session, "odd:two") == [1]


def test_rows_of_one_item_count_by_the_first(make_session: Make) -> None:
    session = make_session(pd.DataFrame({"text": ["a", "b", "a", "c"], "n": [1, 2, 3, 4]}), text="text")
    assert rows(session, "n<3") == [0, 1]
    assert rows(session, "n=3") == []
    assert rows(session, "n=4") == [2]


def test_features_alone_have_columns_and_a_list_has_none(make_session: Make) -> None:
    X = np.arange(60, dtype=np.float32).reshape(20, 3)
    assert rows(make_session(X), "x1>50") == [17, 18, 19]
    texts = make_session(["b", "a"])
    assert rows(texts, "a") == [1]
    with pytest.raises(InvalidInput, match="no column or field 'x1'"):
        texts.find("x1>50")


def test_labels_and_who_gave_them(taught: Session) -> None:
    spam = where(lambda i: i < 20 and (i % 4 == 0) != (i in {0, 1, 4, 5}))
    assert rows(taught, "class:spam") == rows(taught, "class:SPAM") == spam
    assert rows(taught, "labelled -class:spam") == where(lambda i: i < 20 and i not in spam)
    assert rows(taught, 'class:"new release"') == where(lambda i: i < 20 and i not in spam)
    assert rows(taught, "unlabelled") == where(lambda i: i >= 20)
    assert rows(taught, "by:ANN") == rows(taught, "is:labelled") == where(lambda i: i < 20)
    assert rows(taught, "skipped") == [39]
    taught.undo()
    taught.undo()
    assert rows(taught, "skipped") == []
    assert rows(taught, "by:Ann") == where(lambda i: i < 19)


def test_labels_of_several_people(make_session: Make, tmp_path: Any) -> None:
    store = tmp_path / "labels.sqlite"
    for who, some in (("Ann", range(6)), ("Bob", range(4, 10))):
        session = make_session(TABLE, text="message", id="number", store=store, annotator=who)
        for i in some:
            session.label(f"A-{i:03d}", "a")
    session._loop.log.catch_up()
    assert rows(session, "by:ann") == list(range(6))
    assert rows(session, "by:bob") == list(range(4, 10))
    assert rows(session, "by:ann by:bob") == [4, 5]
    with pytest.raises(InvalidInput, match=r"Nobody called 'Anna' has labelled here\. Did you mean 'Ann'"):
        session.find("by:Anna")


def test_guesses_and_doubt(taught: Session) -> None:
    found = taught.wait()
    blind = set(taught._loop.blind.rows(taught._loop.labels).tolist())
    shown = [i for i in range(N) if i not in blind]
    assert rows(taught, "predicted:spam") == [i for i in shown if found.predicted[i] == 0]
    assert (
        rows(taught, "uncertainty>.5")
        == rows(taught, "doubt>.5")
        == [i for i in shown if found.uncertainty[i] > 0.5]
    )
    assert rows(taught, "confidence<=0.75") == [i for i in shown if found.confidence[i] <= 0.75]
    y = taught._loop.labels.y
    assert rows(taught, "disagrees") == [i for i in shown if 0 <= y[i] != found.predicted[i]]


def test_what_is_asked_blind_is_not_found_by_its_guess(taught: Session) -> None:
    before = rows(taught, "doubt>=0")
    row = before[-1]
    taught._loop.blind.draw(row)
    assert rows(taught, "doubt>=0") == [i for i in before if i != row]
    assert row not in rows(taught, "predicted:spam") + rows(taught, 'predicted:"new release"')
    assert row in rows(taught, "unlabelled")


def test_of_several_classes_each_that_is_named(make_session: Make) -> None:
    question = hitl.Question.choices(["red", "round", "big"])
    session = make_session(TABLE, text="message", id="number", classes=None, question=question)
    for i in range(24):
        session.label(
            f"A-{i:03d}", [name for k, name in enumerate(["red", "round", "big"]) if i % (k + 2) == 0]
        )
    found = session.wait()
    assert rows(session, "class:red class:round") == where(lambda i: i < 24 and i % 6 == 0)
    assert rows(session, "labelled -class:red -class:round -class:big") == where(
        lambda i: i < 24 and i % 2 and i % 3 and i % 4
    )
    predicted = set(rows(session, "predicted:red"))
    assert predicted <= set(np.flatnonzero(found.belief.predicted[:, 0]).tolist())
    assert predicted


def test_of_a_rating_its_levels(make_session: Make) -> None:
    session = make_session(TABLE, text="message", id="number", classes=None, question=hitl.Question.rating(3))
    for i in range(20):
        session.label(f"A-{i:03d}", i % 3 + 1)
    session.wait()
    assert rows(session, "class:2") == where(lambda i: i < 20 and i % 3 == 1)
    assert set(rows(session, "predicted:1 OR predicted:2 OR predicted:3")) == set(rows(session, "doubt>=0"))


def test_classes_are_found_under_their_names_of_now(taught: Session) -> None:
    spam = rows(taught, "class:spam")
    taught.classes.rename("spam", "junk")
    assert rows(taught, "class:junk") == spam
    taught.classes.add("other")
    taught.classes.retire("junk")
    assert rows(taught, "class:junk") == spam
    assert rows(taught, "class:spam") == spam, "an earlier name"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("clas:spam", "no column or field 'clas'. Did you mean 'class'"),
        ("pric>3", "Did you mean 'price'"),
        ("unknown>3", "columns are 'message', 'price'"),
        ('"sendr":ann', "Did you mean 'sender'"),
        ("class:sapm", "Unknown class 'sapm'. Did you mean 'spam'"),
        ("class>spam", "expected class: and a value"),
        ("predicted:spam", "no model yet"),
        ("doubt>0.5", "no model yet"),
        ("disagrees", "no model yet"),
        ("doubt>much", "'much' is not a number"),
        ("price>much", "'much' is not a number, as required by 'price'"),
        ("when>soon", "'soon' is not a date such as"),
        ("paid:maybe", "'maybe' is not true or false"),
        ("by:nobody", "Nobody called 'nobody' has labelled here"),
        ("is:lost", "expected one of 'labelled', 'unlabelled', 'skipped', 'disagrees'"),
        ("id:B-1", "No item has the id 'B-1'"),
        ("/(/", "is not a regular expression"),
        ("sender:/(/", "is not a regular expression"),
        ("sender:/a(?=n)/", "without lookarounds"),
        ("price:/1/", "'/1/' is not a number, as required by 'price'"),
        ("class:/spam/", "Unknown class '/spam/'"),
    ],
)
def test_what_cannot_be_found_is_said(session: Session, query: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        session.find(query)


def test_like_finds_the_nearest_among_those_that_meet_the_rest(make_session: Make) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 4)) + 12 * (np.arange(240) % 3)[:, None]  # three clusters
    table = pd.DataFrame({"message": [f"item {i}" for i in range(240)], "number": np.arange(240)})
    session = make_session(table, text="message", id="number", X=X, classes=["a", "b"])
    session.wait()
    found = session.find("like:7")
    assert found[0] == 7
    assert len(found) == 50
    assert {i % 3 for i in found} == {1}
    apart = np.linalg.norm(X[found] - X[7], axis=1)
    assert np.mean(apart[1:11]) < np.mean(apart[40:]), "most similar first"
    session.label([7, 10, 13], "a")
    left = session.find("like:7 unlabelled")
    assert len(left) == 50
    assert not {7, 10, 13} & set(left)
    assert set(session.find("like=7 number<30")) == set(range(30)), "fewer than 50 are all of them"
    with pytest.raises(InvalidInput, match="No item has the id '999'"):
        session.find("like:999")
    for query in ("-like:7", "like:7 like:8", "like>7"):
        with pytest.raises(InvalidInput, match="expected like: and one id, once"):
            session.find(query)
    with pytest.raises(InvalidInput, match="cannot be one side of OR"):
        session.find("like:7 OR unlabelled")


def test_like_before_there_are_features_and_on_landmarks(make_session: Make) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)).astype(np.float32)
    X[30] = np.nan_to_num(X[29])
    every = np.ones(60, np.bool_)
    with pytest.raises(InvalidInput, match="features of the items are still being computed"):
        Alike(lambda: None).to(3, every)
    nearest = np.argsort(np.linalg.norm(X - X[29], axis=1), kind="stable")
    found = Alike(lambda: Ground(X)).to(30, every, 10)
    assert found[0] == 30, "an equal item does not take its place"
    assert set(found) == set(nearest[:10])
    assert Alike(lambda: Ground(X)).to(30, every & False).tolist() == []


def test_every_condition_says_how_many_meet_it(session: Session) -> None:
    found = session._loop.finder.find("refund price>=30 OR -strasse")
    assert found.parts == (("refund", 10), ("price>=30", 20), ("-strasse", 30))


def test_the_index_is_built_in_the_background_once_the_map_is_ready(make_session: Make) -> None:
    session = make_session(TABLE, text="message", classes=["a", "b"])
    session.wait()
    until(lambda: session.stage is None)
    until(lambda: session._loop.finder._index is not None)


def test_dates_stand_for_whole_days_months_and_years(make_session: Make) -> None:
    table = TABLE.assign(when=TABLE.when + pd.Timedelta(hours=9, minutes=30))
    session = make_session(table, text="message", id="number", classes=["a", "b"])
    assert rows(session, "when=2026-01-02") == [1]
    assert rows(session, "when<=2026-01-02") == [0, 1]
    assert rows(session, "when>2026-01-02") == where(lambda i: i > 1)
    assert rows(session, "when:2026-02") == where(lambda i: i >= 31)
    assert rows(session, "when<2026-02") == where(lambda i: i < 31)
    assert rows(session, "when=2026") == where(lambda i: True)
    assert rows(session, "when<2026-01-02T10:00") == [0, 1]
    with pytest.raises(InvalidInput, match="a date such as 2026-01-31"):
        rows(session, "when>=01.02.2026")


def test_decimals_and_dates_of_pandas_are_compared_as_such(make_session: Make) -> None:
    prices = [Decimal("9.50"), Decimal(100), Decimal(20), None]
    days = [dt.date(2026, 1, 9), dt.date(2026, 1, 10), dt.date(2025, 12, 31), None]
    table = pd.DataFrame({"t": list("wxyz"), "price": prices, "day": days})
    session = make_session(table, text="t", classes=["a", "b"])
    assert rows(session, "price>=20") == [1, 2]
    assert rows(session, "price=9.5") == [0]
    assert rows(session, "day<2026-1-10") == [0, 2]


def test_numbers_in_a_text_column_are_compared_as_numbers(make_session: Make) -> None:
    prices = ["9", "100", " 20.5", "", None, "-3", "1e3"]
    table = pd.DataFrame({"t": list("uvwxyza"), "price": prices, "mixed": ["9", "100", "n/a", *"1234"]})
    session = make_session(table, text="t", classes=["a", "b"])
    assert rows(session, "price>10") == [1, 2, 6]
    assert rows(session, "price<=9") == [0, 5]
    assert rows(session, "price=20.50") == [2]
    assert rows(session, "price!=9") == [1, 2, 5, 6]
    assert rows(session, "price:0") == [1, 2], "a colon means: contains"
    assert rows(session, "price=dear") == []
    with pytest.raises(InvalidInput, match="'dear' is not a number, as required by 'price'"):
        session.find("price>dear")
    assert rows(session, "mixed>3") == [0, 2, 6], "texts, because one of them is not a number"
    assert session._loop.listing.order(by="price").tolist() == [5, 0, 2, 1, 6, 3, 4]


ZONE = zoneinfo.ZoneInfo("Asia/Tokyo")  # no summer time
HOURS = [dt.datetime(2026, 1, d, h, tzinfo=ZONE) for d, h in ((1, 23), (2, 1), (2, 8), (2, 10))]


@pytest.mark.parametrize("kind", ["pandas", "polars", "python", "offset"])
def test_times_with_a_zone_are_compared_in_that_zone(make_session: Make, kind: str) -> None:
    times: Any = {
        "pandas": lambda: pd.Series(pd.DatetimeIndex(HOURS)),
        "polars": lambda: pl.Series(HOURS, dtype=pl.Datetime("us", "Asia/Tokyo")),
        "python": lambda: HOURS,
        "offset": lambda: pd.Series(pd.DatetimeIndex(HOURS)).dt.tz_convert("+09:00"),
    }[kind]()
    make = {"polars": pl.DataFrame, "python": lambda t: pd.DataFrame(t, dtype=object)}.get(kind, pd.DataFrame)
    session = make_session(make({"t": list("wxyz"), "at": times}), text="t", classes=["a", "b"])
    assert rows(session, "at=2026-01-01") == [0]
    assert rows(session, "at>=2026-01-02") == [1, 2, 3]
    assert rows(session, "at<2026-01-02T08:30") == [0, 1, 2]
    assert rows(session, "at<2026-01-02T00:00Z") == [0, 1, 2]
    assert rows(session, "at<2026-01-01T20:00-05:00") == [0, 1, 2]
    assert session._loop.listing.cells(np.array([0]), ("at",)) == [["2026-01-01 23:00:00"]]


def test_times_of_several_zones_are_compared_in_utc(make_session: Make) -> None:
    times = [HOURS[0], HOURS[1].astimezone(zoneinfo.ZoneInfo("Europe/Berlin")), None]
    session = make_session([{"t": str(i), "at": time} for i, time in enumerate(times)], columns=["t"])
    assert rows(session, "at=2026-01-01") == [0, 1]


def test_an_id_is_one_item_also_if_the_column_is_called_id(make_session: Make) -> None:
    table = TABLE.rename(columns={"number": "id"}).assign(id=[f"M-{i}" for i in range(N)])
    session = make_session(table, text="message", id="id", classes=["a", "b"])
    assert rows(session, "id:M-3") == [3]
    assert rows(session, "id=M-3") == [3]
    with pytest.raises(InvalidInput):
        rows(session, "id:M-99")


@pytest.mark.parametrize("query", [5, None, ["red"]])
def test_a_query_is_a_string(session: Session, query: Any) -> None:
    with pytest.raises(InvalidInput, match="as a string"):
        session.find(query)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("/stra\u00dfe/", [0]),
        ("v:/^STRASSE/", [0]),
        ("/m\u00b2/", [1]),
        ("v:/cafe\u0301/", [2]),
        ("/caf\u00e9+$/", [2]),
        ("/[\u00df-\u00fc]$/", [2]),
        ("/\uff085/", [3]),
        ("-/stra\u00dfe/", [1, 2, 3]),
    ],
)
def test_patterns_are_folded_like_the_texts(make_session: Make, query: str, found: list[int]) -> None:
    texts = ["Stra\u00dfe 5", "5 m\u00b2", "caf\u00e9", "(5)"]
    session = make_session(pd.DataFrame({"id": range(4), "text": texts, "v": texts}), text="text", id="id")
    assert session.find(query) == found


@pytest.mark.parametrize("query", ["subject:/^re/", "-subject:/^re/", "subject:re", "-subject:re"])
def test_what_is_kept_about_a_column_does_not_turn_into_words(
    make_session: Make, tmp_path: Any, query: str
) -> None:
    table = pd.DataFrame(
        {"id": range(9), "text": [f"w{i}" for i in range(9)], "subject": ["re: x", *["y"] * 8]}
    )
    how: dict[str, Any] = {"text": "text", "id": "id", "store": tmp_path / "labels.sqlite"}
    session = make_session(table, **how)
    session.teach.rules["kept"] = hitl.Rule(query, label="a")
    session.slices["kept"] = query
    n = len(session.find(query))
    assert session.teach.rules.to_frame()["n_items"].iloc[0] == n in {1, 8}
    session.close()
    again = make_session(table.drop(columns="subject"), **how)
    [rule] = again.teach.rules.to_frame().to_dict("records")
    assert "no column or field 'subject'" in rule["error"]
    with pytest.raises(InvalidInput, match="no column or field 'subject'"):
        again.find("slice:kept")
    for act in (
        lambda: again.slices.__setitem__("new", query),
        lambda: again.teach.rules.__setitem__("new", hitl.Rule(query, label="a")),
    ):
        with pytest.raises(InvalidInput, match="no column or field 'subject'"):
            act()
    again.slices["urls"] = "http://example.org OR 12:30"  # words
