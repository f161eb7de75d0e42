"""What the card says while an item is edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from hitl_widgets.errors import InvalidInput
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.labeler.editing import LONG, answer, source
from hitl_widgets.widgets.labeler.why import BLIND
from hitl_widgets.widgets.shared import messages as shared
from hitl_widgets.widgets.shared.acts import act

MAIL = [
    f"{word} {rest}, call 0171 5550{i:03} or write"
    for i in range(20)
    for word, rest in [("free", "money"), ("lunch", "today")]
]
LONGER = "lunch today " + "x " * 11_000


@pytest.fixture
def spam(make_session: Any) -> Callable[..., Any]:
    def make(items: Any = MAIL, n: int = 12, **options: Any) -> Any:
        session = make_session(items, classes=["spam", "ham"], **({"audit": 0} | options))
        for id_, text in zip(session.pool.ids[:n], MAIL, strict=False):
            session.label([id_], "spam" if "free" in text else "ham")
        session.wait()
        return session

    return make


def asks(session: Any, struct: Any, row: int, **more: Any) -> Any:
    asked = struct(id="message-1", view="view-1234", row=row, **more)
    return source(session._loop, asked) if struct is m.Source else answer(session._loop, asked)


def test_a_text_is_sent_guessed_and_kept(spam: Any) -> None:
    session = spam()
    row = 20
    told = asks(session, m.Source, row)
    assert (told.text, told.missing, told.labelled) == (MAIL[row], "", False)
    assert asks(session, m.Source, 0).labelled
    new = MAIL[row].replace("free money", "lunch today")
    found = asks(session, m.Try, row, text=new)
    assert (found.was[0][0], found.shares[0][0]) == (0, 1)
    same = asks(session, m.Try, row, text=MAIL[row])
    assert same.missing.startswith("Nothing is changed yet")
    key, ham = session.pool.keys[row], session.schema.ids[1]
    ack = act(session._loop, shared.Edit(id="edit-1-of-1", key=key, of=ham, text=new))
    assert (ack.undo, ack.n_labels) == (True, 12)
    act(session._loop, shared.Edit(id="edit-1-of-1", key=key, of=ham, text=new))  # sent again
    assert session.teach.edits.to_frame()["item"].tolist() == [new]
    with pytest.raises(InvalidInput, match="not offered any more"):
        act(session._loop, shared.Edit(id="edit-2-of-2", key=key, of="gone", text=new))


def test_the_smallest_change_is_filled_in(spam: Any) -> None:
    session = spam()
    found = asks(session, m.Flip, 20)
    assert found.missing == ""
    assert found.text is not None
    assert 1 <= len(found.swaps) <= 2
    assert asks(session, m.Try, 20, text=found.text).shares[0][0] == 1


def test_cells_are_sent_as_they_are_typed(make_session: Any) -> None:
    table = pd.DataFrame({"age": [20 + i % 50 for i in range(60)], "town": ["Bern", None, "Basel"] * 20})
    session = make_session(table, classes=["old", "young"], audit=0)
    for i in range(40):
        session.label([session.pool.ids[i]], "old" if table["age"][i] > 45 else "young")
    session.wait()
    told = asks(session, m.Source, 1)
    assert (told.cells, told.text, told.more) == ([("age", "21"), ("town", "")], None, 0)
    found = asks(session, m.Try, 1, cells={"age": "68"})
    assert (found.was[0][0], found.shares[0][0]) == (1, 0)
    assert "'age' contains numbers" in asks(session, m.Try, 1, cells={"age": "old"}).missing
    flip = asks(session, m.Flip, 1)
    assert set(flip.cells) == {one.column for one in flip.swaps}
    key = session.pool.keys[1]
    act(session._loop, shared.Edit(id="edit-1-of-1", key=key, of=session.schema.ids[0], cells={"age": "68"}))
    assert session.teach.edits.to_frame()["item"][0]["age"] == 68
    wide = make_session(
        pd.DataFrame([{f"c{k}": k + i for k in range(230)} for i in range(12)]),
        classes=["a", "b"],
        task="wide",
    )
    told = asks(wide, m.Source, 0)
    assert (len(told.cells), told.more) == (200, 30)


def test_personal_data_stays_hidden_also_in_what_is_kept(spam: Any) -> None:
    session = spam(mask=True)
    row = 20
    told = asks(session, m.Source, row)
    assert "\u2022" in told.text
    assert "0171" not in told.text
    flip = asks(session, m.Flip, row)
    assert "0171" not in flip.text
    key, new = session.pool.keys[row], told.text.replace("money", "money 0171 5550999")
    act(session._loop, shared.Edit(id="edit-1-of-1", key=key, of=session.schema.ids[0], text=new))
    assert "0171" not in session.teach.edits.to_frame()["item"][0]


def test_words_of_blurred_items_are_not_suggested(spam: Any) -> None:
    session = spam(blur=["ham"])
    found = asks(session, m.Flip, 20)
    assert found.missing or not any(one.after for one in found.swaps)


def test_what_cannot_be_edited_is_said(spam: Any, make_session: Any) -> None:
    session = spam([*MAIL, LONGER])
    assert asks(session, m.Source, len(MAIL)).missing == LONG
    assert asks(session, m.Source, 999).missing == "This item is not here."
    session._loop.blind.draw(30)
    assert asks(session, m.Source, 30).missing == asks(session, m.Try, 30, text="x").missing == BLIND
    assert asks(session, m.Flip, 30).missing == BLIND
    young = make_session(MAIL, classes=["a", "b"], task="young")
    assert "label some items first" in asks(young, m.Try, 0, text="x").missing or "still being read" in (
        asks(young, m.Try, 0, text="x").missing
    )


def test_the_history_names_the_edited_item(spam: Any) -> None:
    from hitl_widgets.widgets.monitor.widget import _words_of

    session = spam()
    session.teach.edit(session.pool.ids[20], "free lunch", "ham")
    [event] = [one for one in session._loop.log.events() if one.kind == "definition"]
    assert _words_of(session._loop, event) == "edited item kept as ham: free lunch"
    session.teach.edits.drop(session.teach.edits.to_frame()["name"][0])
    [*_, event] = [one for one in session._loop.log.events() if one.kind == "definition"]
    assert _words_of(session._loop, event) == "edited item removed"
