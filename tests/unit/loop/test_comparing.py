"""session.explain(group=...), and what the card of a selection says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hitl_widgets as hitl
from hitl_widgets.data.rows import encode
from hitl_widgets.errors import InvalidInput
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.labeler.together import together

MAIL = [f"{'free money' if i % 4 == 0 else 'lunch today'} and number {i} of them" for i in range(120)]
TABLE = pd.DataFrame(
    {
        "message": MAIL,
        "price": np.arange(120.0),
        "sender": [f"{'ann' if i % 4 == 0 else 'bob'}@example.org" for i in range(120)],
    }
)


def asked(session: Any, rows: Any) -> m.TogetherMessage:
    return together(session._loop, m.Together(id="1", view="v", rows=encode(rows)))


def test_the_table_tells_words_columns_labels_and_neighbours(make_session: Any) -> None:
    session = make_session(TABLE, text="message", classes=["spam", "ham"], audit=0)
    for i in range(16):
        session.label([session.pool.ids[i]], "ham" if i % 4 else "spam")
    group = session.find("free")
    found = session.explain(group=group)
    words = found[found["part"] == "word"].set_index("words")
    assert set(words.index) == {"free", "money"}
    assert words.loc["free", ["n", "of", "rest", "of_rest"]].tolist() == [30, 30, 0, 90]
    sender = found[found["part"] == "column"].iloc[0]
    assert (sender["words"], sender["ratio"]) == ("sender: ann@example.org", float("inf"))
    [label] = found[found["part"] == "label"].to_dict("records")
    assert (label["words"], label["n"], label["of"], label["rest"], label["of_rest"]) == ("spam", 4, 4, 0, 12)
    [near] = found[found["part"] == "neighbours"].to_dict("records")
    assert near["n"] / near["of"] > 0.9
    # Each query finds the items that are counted.
    for row in found[found["query"] != ""].itertuples():
        assert len(set(session.find(row.query)) & set(group)) == row.n
        assert len(set(session.find(row.query)) - set(group)) == row.rest


def test_a_range_of_a_column_is_told(make_session: Any) -> None:
    session = make_session(TABLE, text="message", classes=["spam", "ham"])
    found = session.explain(group=session.find("price>=90"))
    assert (found["words"][0], found["query"][0]) == ("price: ≥ 90", '"price">="90"')
    assert found["ratio"][0] == float("inf")


def test_groups_that_cannot_be_compared_say_so(make_session: Any) -> None:
    session = make_session(TABLE, text="message", classes=["spam", "ham"])
    with pytest.raises(InvalidInput, match="at least two items"):
        session.explain(group=session.pool.ids[:1])
    with pytest.raises(InvalidInput, match="All items are in the group"):
        session.explain(group=session.pool.ids)
    for wrong in ({}, {"id": session.pool.ids[0], "group": session.pool.ids[:3]}):
        with pytest.raises(InvalidInput, match="not both"):
            session.explain(**wrong)
    assert "All items" in asked(session, range(120)).missing


def test_the_card_tells_what_is_commoner_and_how_near_the_items_are(make_session: Any) -> None:
    session = make_session(TABLE, text="message", classes=["spam", "ham"])
    session.wait()
    told = asked(session, np.arange(0, 120, 4))
    assert not told.missing
    assert {"free", "money", "sender ann@example.org"} <= {one.words for one in told.marks}
    assert told.near is not None
    assert told.near > 0.9
    assert told.chance == pytest.approx(29 / 119, abs=1e-3)


def test_pictures_without_columns_have_only_neighbours(make_session: Any) -> None:
    light = np.arange(60) % 2
    pictures = [np.full((8, 8), 180 * one + i, np.uint8) for i, one in enumerate(light.tolist())]
    session = make_session(pictures, kind="image")
    session.wait()
    told = asked(session, np.flatnonzero(light))
    assert (told.marks, told.missing) == ([], "")
    assert told.near is not None
    assert told.near > 0.9 > told.chance


def test_personal_data_stays_hidden(make_session: Any) -> None:
    texts = [f"{'ann@example.org wrote' if i % 4 == 0 else 'somebody said'} number {i}" for i in range(120)]
    table = pd.DataFrame({"message": texts, "sender": TABLE["sender"]})
    bare = make_session(table, text="message", classes=["spam", "ham"])
    assert any("ann" in words for words in bare.explain(group=bare.find("wrote"))["words"])
    session = make_session(table, text="message", classes=["spam", "ham"], mask=True)
    told = asked(session, np.arange(0, 120, 4))
    assert "wrote" in {one.words for one in told.marks}
    assert not any("ann" in one.words + one.query or "example" in one.words for one in told.marks)


def test_words_of_blurred_items_are_not_told(make_session: Any) -> None:
    table = TABLE.assign(warning=[i % 4 == 0 and i % 8 == 0 for i in range(120)])
    gore = [f"blood everywhere {i}" for i in range(120)]
    table["message"] = table["message"].where(~table["warning"], gore)
    session = make_session(table, text="message", classes=["spam", "ham"], blur="warning")
    told = asked(session, np.arange(0, 120, 4))
    assert {"free", "money"} <= {one.words for one in told.marks}
    assert not any("blood" in one.words or "everywhere" in one.words for one in told.marks)
    assert {one.of for one in told.marks} == {15}
    assert "blurred" in asked(session, np.arange(0, 120, 8)).missing


def test_the_words_of_several_texts_are_told(make_session: Any) -> None:
    table = pd.DataFrame({"title": MAIL, "body": ["hello", "world"] * 60, "kind": [*["x"] * 60, *["y"] * 60]})
    session = make_session(table, text=["title", "body"], classes=["spam", "ham"])
    group = session.find("free")
    found = session.explain(group=group)
    words = found[found["part"] == "column"]["words"].tolist()
    assert {"title: free", "title: money", "body: hello"} <= set(words)
    assert found.attrs["missing"] == ""
    for row in found[found["query"] != ""].itertuples():
        assert len(set(session.find(row.query)) & set(group)) == row.n


def test_a_group_with_nothing_in_common_says_so(make_session: Any) -> None:
    session = make_session(MAIL, classes=["spam", "ham"])
    found = session.explain(group=[session.pool.ids[0], session.pool.ids[1]])
    assert not found["part"].isin(["word", "column"]).any()
    assert "Select more items" in found.attrs["missing"]


@pytest.mark.parametrize("given", ["an id", np.ones(120, bool), TABLE, 3])
def test_a_group_is_refused_in_the_words_of_a_rule(make_session: Any, given: Any) -> None:
    session = make_session(TABLE, text="message", classes=["spam", "ham"])
    with pytest.raises(InvalidInput) as one:
        session.explain(group=given)
    with pytest.raises(InvalidInput) as other:
        hitl.Rule(items=given, label="spam")
    assert str(one.value) == str(other.value).replace("items=", "group=")


def test_words_beside_another_kind_are_told_and_hidden_ones_are_not(make_session: Any) -> None:
    n = range(60)
    talks = [[{"role": "user", "content": f"{'zebra' if i % 3 == 0 else 'lion'} {i}"}] for i in n]
    table = pd.DataFrame({"id": n, "text": [f"w{i}" for i in n], "talk": talks})
    session = make_session(table, text="text", item="talk", kind="conversation", id="id")
    [first, *_] = session.explain(group=list(range(0, 60, 3))).to_dict("records")
    assert (first["words"], first["n"], first["query"]) == ("talk: zebra", 20, "")
    mail = [f"{'joe@example.org' if i % 3 == 0 else ''} w{i}" for i in n]
    hidden = pd.DataFrame({"id": n, "a": mail, "b": [f"q{i}" for i in n]})
    session = make_session(hidden, text=["a", "b"], id="id", mask=True)
    assert set(session.explain(group=list(range(0, 60, 3)))["part"]) == {"neighbours"}


def test_words_of_items_of_several_kinds_in_one_column_are_told(make_session: Any) -> None:
    pairs = [(f"{'zebra' if i % 3 == 0 else 'lion'} {i}", f"<b>x{i}</b>") for i in range(60)]
    session = make_session(pairs, kind="several:text,html")
    rows = [session.pool.ids[i] for i in range(0, 60, 3)]
    [first, *_] = session.explain(group=rows).to_dict("records")
    assert (first["words"], first["n"], first["query"]) == ("item 1: zebra", 20, "")
