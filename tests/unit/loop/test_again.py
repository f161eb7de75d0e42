"""A share of the questions is asked again of the same person."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helpers import clouds
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.asking import AGAIN
from hitl_widgets.session import Session

Make = Callable[..., Session]


def labelled(session: Session, n: int) -> list[int]:
    """Label n items one by one, as a page would; returns their rows in order."""
    truth, rows = clouds(len(session.pool))[1], []
    for _ in range(n):
        session.wait()
        made = session._loop.round
        assert made is not None
        s = made.suggestions[0]
        session._loop.acts.label([s.index], truth[s.index], selection="audit" if s.audit else "suggested")
        rows.append(s.index)
    return rows


def test_an_item_is_asked_again_blind_and_only_long_after(make_session: Make) -> None:
    session = make_session(clouds(80)[0], again=0.2)
    rows = labelled(session, 30)
    assert len(set(rows)) == 30, "nothing was answered long enough ago"
    session.label([session.pool.ids[i] for i in range(80) if i not in rows][:3], "a")
    session.note(session.pool.ids[rows[0]], "odd")
    session.wait()
    round_, labels = session._loop.round, session._loop.labels
    assert round_ is not None
    repeats = [s for s in round_.suggestions if s.again]
    assert {s.reason for s in repeats} == {AGAIN}
    assert all(s.index in rows[:2] for s in repeats)
    [first, *_] = repeats
    assert session._loop.blind.mask(labels)[first.index], "the map does not show the earlier answer"
    assert first.index not in session.pool.index(session.query(20)), "Python is not asked again"

    before = session.labels().set_index("id")
    audited = bool(labels.audited[first.index])
    other = "b" if clouds(80)[1][first.index] == "a" else "a"
    session._loop.acts.label([first.index], other, selection="suggested", shown=False)
    assert not session._loop.blind.mask(session._loop.labels)[first.index]
    assert session._loop.labels.audited[first.index] == audited
    [line] = session.trust.pace().to_dict("records")
    assert (line["again"], line["same"]) == (1, 0.0)
    assert line["low"] == 0
    assert line["high"] < 1
    found = session.trust.suspects()
    mine = found[found["id"] == session.pool.ids[first.index]].iloc[0]
    assert f"before, the answer was {before.loc[mine['id'], 'label']}" in mine["why"]

    session.undo()
    assert session.trust.pace()["again"].tolist() == [0]
    assert session._loop.blind.mask(session._loop.labels)[first.index]
    # Somebody who answers elsewhere, such as on the map, was not asked again.
    session.label(session.pool.ids[rows[5]], other)
    assert session.trust.pace()["again"].tolist() == [0]


def test_the_share_is_kept_and_nothing_is_asked_a_third_time(make_session: Make) -> None:
    session = make_session(clouds(160)[0], again=0.1)
    rows = labelled(session, 100)
    n = len(rows) - len(set(rows))
    assert 6 <= n <= 10
    assert max(rows.count(row) for row in rows) == 2
    assert session.trust.pace()["same"].tolist() == [1.0]


def test_without_a_share_nothing_is_asked_again(make_session: Make) -> None:
    session = make_session(clouds(60)[0])
    rows = labelled(session, 40)
    assert len(set(rows)) == 40
    assert not any(s.again for s in session._loop.round.suggestions)


@pytest.mark.parametrize("again", [-0.1, 1, True, "often"])
def test_the_share_is_checked(make_session: Make, again: object) -> None:
    with pytest.raises(InvalidInput, match=r"again=.*expected a share from 0"):
        make_session(clouds(20)[0], again=again)
