"""Why the model guesses what it guesses, for the card."""

from __future__ import annotations

from hitl_widgets.errors import HitlError
from hitl_widgets.items.strikes import Strike, folded
from hitl_widgets.loop.explaining import Explanation
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.strikes import Effect, in_effect
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.labeler.together import together
from hitl_widgets.widgets.wire import ToBrowser, words

__all__ = ["effect", "struck", "told", "why"]

# Parts of a text that are underlined at most, and the least strength, relative to the strongest.
PLACES, WEAKEST = 60, 0.15
# Words that are named, and labelled items that are listed, with the characters of each.
WORDS, BESIDE, LENGTH = 4, 3, 80
READING = "The items are still being read. The reasons come with the next model."
GONE = "This item is not here."
BLIND = "This item is asked without a hint. Answer it first."


def told(loop: Loop, asked: m.Why | m.Preview | m.Together) -> ToBrowser:
    """Return the reasons for a guess, what striking out would do, or what a selection has in common."""
    match asked:
        case m.Why():
            return why(loop, asked)
        case m.Preview():
            return effect(loop, asked)
        case m.Together():
            return together(loop, asked)


def why(loop: Loop, asked: m.Why) -> m.WhyMessage:
    """Return what the card shows, or why it shows nothing."""
    row, view = asked.row, asked.view
    found: Explanation | None = None
    missing = ""
    labels = loop.labels
    if row >= len(loop.pool):
        missing = GONE
    elif loop.blind.mask(labels)[row] and labels.y[row] < 0:
        missing = BLIND
    elif (ground := loop.background.ground) is None or ground.passing:
        missing = READING
    else:
        try:
            known = [code for code in asked.codes if code < len(loop.schema.ids)]
            found = loop.explaining.of(row, *known)
            if found.odds < 0:  # the guess on the card is that of an earlier model
                found = loop.explaining.of(row)
        except HitlError as error:
            missing = words(error)
    if found is None:
        return m.WhyMessage(
            to=view, row=row, code=-1, other=-1, parts=[], places=[], words=[], against=[], beside=[],
            missing=missing,
        )  # fmt: skip
    strongest = max((abs(one.value) for one in found.pieces), default=0.0) or 1.0
    text = [one for one in found.pieces if one.start is not None] if loop.explaining.is_on_card(row) else []
    text.sort(key=lambda one: -abs(one.value))
    total = sum(map(abs, found.parts.values())) or 1.0
    return m.WhyMessage(
        to=view,
        row=row,
        code=found.code,
        other=found.other,
        parts=[m.Share(name, round(value / total, 3)) for name, value in found.parts.items()],
        places=[
            m.Place(one.start or 0, one.end or 0, round(one.value / strongest, 3))
            for one in text[:PLACES]
            if abs(one.value) >= WEAKEST * strongest
        ],
        words=_telling(loop, found, 1, strongest),
        against=_telling(loop, found, -1, strongest),
        beside=[
            m.Beside(one.row, _item(loop, one.row), one.code, round(one.share, 3))
            for one in found.near[:BESIDE]
        ],
        missing="",
    )


def _telling(loop: Loop, found: Explanation, sign: int, strongest: float) -> list[m.Spoken]:
    """The words or columns that speak most for the guess, or against it."""
    told: dict[tuple[str, str | None, str | None], float] = {}
    for one in found.pieces:
        word = None if one.start is None else folded(one.words)
        shown = (word or "") if one.column is None else f"{one.column} {one.words}".strip()
        key = shown, word, one.column
        told[key] = told.get(key, 0.0) + sign * one.value
    most = sorted(told, key=lambda key: -told[key])[:WORDS]
    return [m.Spoken(*_spoken(loop, *one)) for one in most if told[one] >= WEAKEST * strongest]


def _spoken(
    loop: Loop, name: str, word: str | None, column: str | None
) -> tuple[str, str | None, str | None]:
    """A word or column as it is shown, and what to strike out; neither if personal data is hidden in it."""
    shown = loop.covering.text(name)
    return (words(shown[:LENGTH]), *((word, column) if shown == name else (None, None)))


def struck(loop: Loop) -> list[m.Struck]:
    """What is struck out or counts more."""
    return [
        m.Struck(*_spoken(loop, one.name, one.word, one.column), more=one.weight > 0)
        for one in in_effect(loop.log)
    ]


def effect(loop: Loop, asked: m.Preview) -> m.EffectMessage:
    """Return what striking out a word or column would do, or why that is not known."""
    striking = loop.background.striking
    try:
        found = striking.preview(striking.check(asked.word, asked.column))
    except HitlError as error:
        found = Effect(Strike(asked.word, asked.column), 0, len(loop.pool), missing=str(error))
    return m.EffectMessage(
        to=asked.view,
        word=asked.word,
        column=asked.column,
        items=found.items,
        of=found.of,
        n=found.n,
        measure=found.measure,
        shares=found.shares,
        before=found.before,
        after=found.after,
        low=found.low,
        high=found.high,
        audited=_audited(found),
        missing=words(found.missing),
    )


def _audited(found: Effect) -> tuple[int, float, float] | None:
    if found.audited_before is None or found.audited_after is None:
        return None
    return found.audited, found.audited_before, found.audited_after


def _item(loop: Loop, row: int) -> str:
    """A labelled item as words; not if it is blurred."""
    if loop.covering.is_blurred(row):
        return ""
    return words(loop.pool.item_kind.words(loop.pool.displayed(row))[:LENGTH])
