"""Labeler: the Python side."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import UNSET
from msgspec.structs import replace

from hitl_widgets.data.rows import decode, encode
from hitl_widgets.items.base import Payload
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.round import Suggestion
from hitl_widgets.loop.rules import places_of
from hitl_widgets.loop.words import within
from hitl_widgets.questions.base import Standing, kind_of
from hitl_widgets.session import Session
from hitl_widgets.widgets.labeler import editing
from hitl_widgets.widgets.labeler import messages as m
from hitl_widgets.widgets.labeler.why import struck, told
from hitl_widgets.widgets.shared.acts import doubtful, items_of
from hitl_widgets.widgets.shared.items import part
from hitl_widgets.widgets.shared.messages import Ack, Act, Ask, Guess, More, Stage
from hitl_widgets.widgets.shared.widget import SessionWidget
from hitl_widgets.widgets.wire import FromBrowser, ToBrowser, words

__all__ = ["Labeler"]

# How many next items are reserved, and for how many recently asked items a view gets their labels.
AHEAD, HANDED = 12, 40
# How many items are shown as examples of the classes, and how many characters of each.
PRECEDENTS, EXAMPLE = 60, 160
# How many skipped items are shown again at a time.
AGAIN = 200
# How many items of a selection are listed first because the model predicts another class than for most of
# them, or because they are far from the others on the map.
ODD, FAR = 100, 3
# From this confidence on, "between a and b" would contradict the guess beside it.
SURE = 0.9
# Why a skipped item is shown again, and how such items are counted.
AGAIN_WORDS: dict[str | None, str] = {
    None: "skipped by you",
    "unknown": "you did not know",
    "bad": "a bad item, you said",
    "rejected": "left for later, as its suggestion was wrong",
}
COUNTED = {None: "skipped", "unknown": "not known", "bad": "bad", "rejected": "for later"}
LEAST_CERTAIN = "chosen as one of the least certain items"
NO_PROPOSAL = m.ProposedMessage(to=None, name="", kind="", text="", rows="", n=0, classes=[])
NOTHING = (
    m.StruckMessage(to=None, struck=[]),
    m.GuidanceMessage(to=None, precedents=[], guidelines=[], waiting=[]),
    NO_PROPOSAL,
)
SHOW_HOW = "show how it is done: nothing is suggested"


class Labeler(SessionWidget):
    """The item most worth labeling, with keys for the classes, skip, undo and redo.

    Parameters
    ----------
    session
        The :class:`~hitl_widgets.session.Session` to label in.
    """

    _bundle = "labeler"
    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells

    def __init__(self, session: Session) -> None:
        self._handed: dict[int, None] = {}
        # What all views know of what is taught besides labels.
        self._told: dict[type[ToBrowser], ToBrowser] = {type(nothing): nothing for nothing in NOTHING}
        super().__init__(session)

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case m.Sample():
                self._in_order(message, lambda: self._sample(message))
            case m.Members():
                self._in_order(message, lambda: self._tell_members(message))
            case m.Answers() if self.loop.suggesting is None:
                self._in_order(message, lambda: self._tell_answers(message))
            case m.Answers():
                # The suggestions may come from a slow model, so acts go first.
                self._behind("suggestions", message, lambda: self._tell_answers(message))
            case More() if "words" in message.ask and self.loop.schema.kind == "spans":
                self._behind("suggestions", message, lambda: self._find_words(message))
            case m.Past():
                self._in_order(message, lambda: self._look_back(message))
            case m.Why() | m.Preview() | m.Together():
                # Words are followed back through the encoder, two models are fitted, or up to 20,000 items
                # are read, so acts go first.
                self._behind("trust", message, lambda: self._post(told(self.loop, message)))
            case m.Source():
                self._in_order(message, lambda: self._post(editing.source(self.loop, message)))
            case m.Try() | m.Flip():
                self._behind("trust", message, lambda: self._post(editing.answer(self.loop, message)))
            case m.Skipped() | m.Begun():
                self._ask_again(message)
            case m.Suspected():
                # The model of each label without it takes up to a second, so acts go first.
                self._behind("trust", message, lambda: self._look_at_doubtful(message))
            case _:
                super()._handle(message)

    def _greet(self, view: str) -> None:
        labels = self.loop.labels
        self._post(
            m.LabelerWelcome(
                to=view,
                **self._question(),
                about=self._about(),
                kind=self.loop.pool.kind,
                **self._state(labels),
                queue=self._queue(labels),
            )
        )
        for found in (self._struck(), self._guidance(), self._proposal()):
            if found not in NOTHING:
                self._post(replace(found, to=view))

    def _struck(self) -> m.StruckMessage:
        return m.StruckMessage(to=None, struck=struck(self.loop))

    def _guidance(self) -> m.GuidanceMessage:
        """The examples of the classes, without those whose answer is yet to be asked, and the guidelines."""
        return m.GuidanceMessage(
            to=None,
            precedents=self._precedents(),
            guidelines=self._guidelines(),
            waiting=list(islice(self.loop.guiding.waiting(), AGAIN)),
        )

    def _precedents(self) -> list[m.Precedent]:
        loop, pool = self.loop, self.loop.pool
        told = [one for one in loop.guiding.told() if one.row is not None][: -PRECEDENTS - 1 : -1]
        if not told:  # usually, and this runs with every act
            return []
        hidden, ids = loop.blind.mask(loop.labels), loop.schema.ids
        return [
            m.Precedent(
                row=one.row,
                codes=tuple(sorted(ids.index(id_) for id_ in one.class_ids if id_ in ids)),
                counter=one.counter,
                kept=one.kept,
                item=words(pool.item_kind.words(pool.displayed(one.row))[:EXAMPLE]),
                because=one.because,
                by=one.annotator,
            )
            for one in told
            if one.row is not None and not hidden[one.row] and not loop.covering.is_blurred(one.row)
        ]

    def _guidelines(self) -> list[m.Guideline]:
        versions, schema = self.loop.guiding.versions(), self.loop.schema
        touched = self.loop.guiding.touched() if versions else {}
        return [
            m.Guideline(code, last.number, last.annotator, last.time.isoformat(), len(touched.get(id_, ())))
            for code, id_ in enumerate(schema.ids[: len(schema.classes)])
            for last in versions.get(id_, [])[-1:]
        ]

    def _proposal(self) -> m.ProposedMessage:
        """The first of what the model proposes."""
        found = self.loop.background.proposing.waiting()
        if not found:
            return NO_PROPOSAL
        one, ids = found[0], self.loop.schema.ids
        return m.ProposedMessage(
            to=None,
            name=one.name,
            kind=one.kind,
            text=words(one.text),
            rows=encode(one.look),
            n=len(one.look),
            classes=[ids.index(id_) for id_ in one.classes],
        )

    def _tell(self, *found: ToBrowser) -> None:
        """Tell all views what has changed."""
        for one in found:
            if one != self._told[type(one)]:
                self._told[type(one)] = one
                self._post(one)

    def _on_change(self, what: str) -> None:
        # Use the same snapshot for both: the browser forgets an act once a queue includes it.
        labels = self.loop.labels
        if what in {"labels", "round"}:
            self._tell(self._struck(), self._guidance())
        if what in {"labels", "round", "proposals"}:
            self._tell(self._proposal())
        if what == "round":
            self._post(m.QueueMessage(queue=self._queue(labels), **self._state(labels)))
        elif what in {"labels", "stage", "suggestions", "error", "closed"}:
            self._post(m.StateMessage(**self._state(labels)))

    def _state(self, labels: Labels) -> dict[str, Any]:
        """The fields of ``Progress``."""
        loop = self.loop
        undo, redo = loop.log.can_turn()
        stage = loop.background.stage
        return {
            "n_items": len(loop.pool),
            "n_labels": len(labels),
            "n_events": labels.n_events,
            "n_left": int(labels.left.sum() + labels.second.sum()) + labels.due,
            "n_skipped": int(labels.skipped.sum()),
            "left_out": left_out_words(loop.log.left_out()) if labels.skipped.any() else "",
            "undo": undo,
            "redo": redo,
            "behind": loop.background.behind,
            "stage": None if stage is None else Stage(stage.words, stage.fraction),
            "known": self._known(labels),
            "suggestions": 0 if loop.suggesting is None else loop.suggesting.generation,
            "error": words(f"{loop.qualifying.closed()} {loop.background.trouble_asking}".strip()),
            "withdrawn": loop.log.withdrawn,
            "n_machine": int((labels.machine >= 0).sum()) if labels.handed else 0,
        }

    def _queue(self, labels: Labels) -> list[Ask]:
        loop, found = self.loop, self.loop.round
        if loop.qualifying.waits:
            return self._trial()
        if found is None:
            return []
        left, checkable = labels.left | labels.waits, labels.checkable
        left[loop.blind.again(labels)] = True
        asked = [s for s in found.suggestions if left[s.index] or (s.blind and checkable[s.index])]
        # Only a few at a time, so that others also get items in a small pool.
        share = int(left.sum()) // (2 * len(loop.people) + 2)
        taken = loop.reserve([s.index for s in asked[: max(1, min(AHEAD, share))]])
        if taken:
            loop.ask_anew()
        asked = [s for s in asked if s.index not in taken] or asked
        loop.blind.hand(s.index for s in asked[:AHEAD])
        hidden = loop.blind.mask(labels)
        self._hand([s.index for s in asked])
        if self.loop.mode == "demonstrate":
            self._prepare([s.index for s in asked[:AHEAD]])
        return [self._ask(s, s.blind or bool(hidden[s.index])) for s in asked]

    def _trial(self) -> list[Ask]:
        """The questions of a practice round or a qualification."""
        asked, pool = self.loop.qualifying.questions()[:AHEAD], self.loop.pool
        return [
            Ask(
                row=one.row,
                key=pool.keys[one.row],
                reason=one.words,
                selection="suggested",
                blind=True,
                guess=None,
                note="",
            )
            for one in asked
        ]

    def _ask(self, s: Suggestion, blind: bool) -> Ask:
        """One question. Items drawn at random and second opinions are asked without a hint.

        If there are questions with known answers, all of these say the same: nobody can tell which are known.
        """
        guess = None if blind else self._guess(s.index)
        hint = SHOW_HOW if self.loop.mode == "demonstrate" else "asked without a hint"
        told = s.blind and not self.loop.labels.gold_share
        reason = s.reason if told or not blind else hint
        if s.doubt and guess is not None and guess.confidence >= SURE:
            reason = LEAST_CERTAIN
        return Ask(
            row=s.index,
            key=self.loop.pool.keys[s.index],
            reason=reason,
            selection="suggested" if s.opinion else s.selection,
            blind=blind,
            guess=guess,
            note=self.loop.log.note_on(s.index),
            again=s.again or UNSET,
        )

    def _hand(self, rows: list[int]) -> None:
        self._handed = dict(islice((dict.fromkeys(rows) | self._handed).items(), HANDED))

    def _ask_again(self, message: m.Skipped | m.Begun) -> None:
        """Ask the items that were skipped, or those whose answers were begun and that are still asked."""
        loop, log = self.loop, self.loop.log
        if isinstance(message, m.Skipped):
            told = {row: AGAIN_WORDS[log.why_skipped(row)] for row in log.skipped_rows()[:AGAIN].tolist()}
            self._post(m.SkippedItems(to=message.view, queue=self._without_hint(told)))
            return
        rows = () if loop.qualifying.waits else map(loop.pool.find, message.keys)
        left = loop.labels.left
        told = {row: "begun before" for row in rows if row is not None and left[row]}
        self._post(m.BegunItems(to=message.view, queue=self._without_hint(told)))

    def _without_hint(self, told: Mapping[int, str]) -> list[Ask]:
        """Questions by row, each with its reason; without a hint, because some were drawn for the audit."""
        self._hand(list(told))
        return [
            Ask(
                row=row,
                key=self.loop.pool.keys[row],
                reason=reason,
                selection="suggested",
                blind=True,
                guess=None,
                note=self.loop.log.note_on(row),
            )
            for row, reason in told.items()
        ]

    def _look_at_doubtful(self, message: m.Suspected) -> None:
        """Ask the items whose labels were queued again or are doubtful, to keep or correct them."""
        loop = self.loop
        found, vocabulary = loop.suspecting.found(), loop.log.ledger.fold.vocabulary
        hidden = loop.blind.mask(loop.labels)
        told = {
            row: f"the guidance of {within(str(vocabulary.meaning(class_id)))} has changed since this label"
            for row, class_id in loop.guiding.waiting().items()
            if not hidden[row]
        }
        if found is not None:
            rows = found.rows[found.listed & ~loop.blind.mask(found.labels)[found.rows]][:AGAIN].tolist()
            told |= {row: loop.suspecting.why(found, row, named=False) for row in rows if row not in told}
        asks = [
            Ask(
                row=row,
                key=loop.pool.keys[row],
                reason=words(why),
                selection="review",
                blind=False,
                guess=None,
                note=loop.log.note_on(row),
                doubtful=doubtful(loop, row),
            )
            for row, why in list(told.items())[:AGAIN]
        ]
        why = "" if asks else loop.suspecting.missing(found)
        self._post(m.SuspectItems(to=message.view, queue=asks, why=why))

    def _look_back(self, message: m.Past) -> None:
        """Send the items of an earlier act."""
        found = self.loop.log.past(message.n)
        items = None if isinstance(found, int) else items_of(self.loop, found.event_id)
        n = found if isinstance(found, int) else message.n
        self._post(m.PastMessage(to=message.view, n=n, items=items))

    def _act(self, message: Act) -> Ack:
        ack = super()._act(message)
        if key := ack.back.key if ack.back else ack.gone:
            # It is displayed again, so the view needs its label.
            self._hand(self.loop.pool.index([key]))
        return ack

    def _known(self, labels: Labels) -> list[m.Known]:
        """The recently asked items that have been labelled since; one may still be displayed.

        Others' answers are not sent, so that the annotator's answer is an independent second opinion.
        """
        rows = np.fromiter(self._handed, np.int64, len(self._handed))
        keys, mine = self.loop.pool.keys, labels.mine > 0
        rows = rows[~np.isin(rows, self.loop.blind.again(labels))]
        return [
            m.Known(
                keys[row],
                labels.codes(labels.y[row]) if mine[row] else None,
                self._said(labels, row) if mine[row] else "",
                bool(mine[row]),
            )
            # That somebody has answered it would tell a question whose answer is known.
            for row in rows[(labels.y[rows] >= 0) & ~labels.gold[rows]].tolist()
        ]

    def _said(self, labels: Labels, row: int) -> str:
        """The label of an item as text, if it is more than its classes."""
        kind, code = labels.kind, labels.y[row]
        if code < 0 or not kind.composed:
            return ""
        return words(kind.text(kind.said(labels.answers[code], Standing(labels.schema))))

    def _tell_answers(self, message: m.Answers) -> None:
        labels = self.loop.labels
        rows = [row for row in message.rows if row < len(labels.y)]
        hidden = self.loop.blind.mask(labels)
        shown = [row for row in rows if not hidden[row]]
        told = {} if self.loop.suggesting is None else self.loop.suggesting.of(shown)
        found = []
        for row in rows:
            given = labels.y[row] >= 0 and not hidden[row]
            suggested, why = told.get(row, (None, ""))
            if suggested is not None and (rules := self._rules(row)):
                suggested = suggested | {"rules": rules}
            answer = labels.kind.dump(labels.answers[labels.y[row]]) if given else None
            found.append(m.Answer(row, answer, suggested, words(why)))
        self._post(m.AnswersMessage(to=message.view, id=message.id, answers=found))

    def _rules(self, row: int) -> list[tuple[str, str, int]]:
        """What was typed to be suggested in all texts, its class, and how often it occurs in this one."""
        return [] if self.loop.suggesting is None else self.loop.suggesting.rules.told(row)

    def _find_words(self, message: More) -> None:
        """Find what was typed in the text, and suggest it in all texts or no longer, if that was asked."""
        row, since = message.row, time.monotonic()

        def found() -> Payload:
            typed, id_ = str(message.ask["words"]), str(message.ask.get("class", ""))
            spans: list[tuple[int, int]] = []
            if message.ask.get("drop"):
                self.loop.suggest_words(typed, id_, on=False)
            elif typed:
                spans = places_of(typed, self.loop.pool.items[row])
                if message.ask.get("all"):
                    self.loop.suggest_words(typed, id_)
            return Payload({"kind": "words", "spans": spans, "rules": self._rules(row)})

        self._post(*part(message, found, since))

    def _prepare(self, rows: list[int]) -> None:
        """Read the suggestions that answers are compared with, so that no label waits for them."""
        if self.loop.suggesting is not None and not self.loop.suggesting.by_model:
            self._later("suggestions", lambda: self.loop.suggesting and self.loop.suggesting.of(rows))

    def _guess(self, row: int) -> Guess | None:
        found = self.loop.round
        codes = None if found is None else found.belief.guess(row)
        if found is None or codes is None:
            return None
        more = kind_of(found.schema.kind).guess_words(found.belief, row)
        shares = [(code, round(share, 3)) for code, share in found.belief.shares(row)]
        if not found.schema.classes:
            codes, shares = (), []
        return Guess(codes, round(float(found.confidence[row]), 3), more, shares)

    def _sample(self, message: m.Sample) -> None:
        """Summarise a selection: its size, its labels, what the model predicts, and unusual items."""
        loop = self.loop
        rows = decode(message.rows, len(loop.pool))
        if not len(rows):
            return
        labels, found = loop.labels, loop.round
        # Items that are asked blind are shown without any information, and look like unlabelled ones.
        told = rows[~loop.blind.mask(labels)[rows]]
        given = told[labels.y[told] >= 0]
        mix: list[m.ClassCount] = []
        odd = np.zeros(0, np.int64)
        if (
            found is not None
            and found.schema.classes
            and len(told)
            and (known := found.belief.known[told]).any()
        ):
            sure = told[known]
            mix = _counted(found.belief.some(sure).counts(len(loop.schema.ids)))
            other = sure[~_as_most(found.predicted[sure])]
            odd = other[_most(found.confidence[other], ODD)]
        if (drawn := loop.background.map) is not None and len(rows) > FAR:
            spread = drawn.xy[rows] - np.median(drawn.xy[rows], axis=0)
            farthest = rows[_most((spread**2).sum(axis=1), FAR)]
            odd = np.append(odd, farthest[~np.isin(farthest, odd)])
        self._post(
            m.SampleMessage(
                to=message.view,
                id=message.id,
                n=len(rows),
                n_labelled=len(given),
                n_others=int((labels.mine[given] == 0).sum()),
                had=_counted(_class_counts(labels, given)),
                mix=mix,
                odd=odd.tolist(),
                only=self._members(rows, labels)[0] if len(rows) == 1 else None,
            )
        )

    def _tell_members(self, message: m.Members) -> None:
        rows = np.asarray(message.rows, np.int64)
        rows = rows[rows < len(self.loop.pool)]
        members = self._members(rows, self.loop.labels)
        self._post(m.MembersMessage(to=message.view, id=message.id, members=members))

    def _members(self, rows: npt.NDArray[np.int64], labels: Labels) -> list[m.Member]:
        hidden = self.loop.blind.mask(labels)[rows].tolist()
        return [
            self._member(row, labels, blind=blind) for row, blind in zip(rows.tolist(), hidden, strict=True)
        ]

    def _member(self, row: int, labels: Labels, *, blind: bool) -> m.Member:
        key = self.loop.pool.keys[row]
        codes, guess = (None, None) if blind else (labels.codes(labels.y[row]), self._guess(row))
        said = "" if blind else self._said(labels, row)
        log = self.loop.log
        changed = not blind and log.is_changed(row)
        decided = "" if blind else words(log.decided_on(row))
        return m.Member(row, key, codes, said, guess, blind, changed, log.note_on(row), decided)


def left_out_words(found: Mapping[Any, int]) -> str:
    """How many items were left unanswered, by reason, such as "2 skipped, 1 bad"."""
    return ", ".join(f"{found[why]:,} {words}" for why, words in COUNTED.items() if found.get(why))


def _counted(counts: npt.NDArray[Any]) -> list[m.ClassCount]:
    """The classes that occur, most frequent first."""
    order = np.argsort(-counts, kind="stable")
    return [m.ClassCount(int(c), int(counts[c])) for c in order if counts[c]]


def _class_counts(labels: Labels, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many labels of these rows contain each class, int64 of shape (n_classes,)."""
    counts = np.zeros(len(labels.schema.ids), np.int64)
    for code, n in zip(*np.unique(labels.y[rows], return_counts=True), strict=True):
        counts[list(labels.codes(code) or ())] += n
    return counts


def _as_most(guesses: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Mask of the guesses that equal the most frequent one, of shape (m,)."""
    _, place, n = np.unique(guesses, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(place.ravel() == n.argmax())


def _most(values: npt.NDArray[np.floating[Any]], k: int) -> npt.NDArray[np.intp]:
    """Indices of the ``k`` largest values, largest first."""
    k = min(k, len(values))
    found = np.argpartition(-values, k - 1)[:k] if k else np.zeros(0, dtype=np.intp)
    return found[np.argsort(-values[found], kind="stable")]
