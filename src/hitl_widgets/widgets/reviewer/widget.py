"""Reviewer: the Python side."""

from __future__ import annotations

from typing import Any, ClassVar

from hitl_widgets.errors import HitlError
from hitl_widgets.evidence import Evidence
from hitl_widgets.quality.disputes import Dispute, Disputes
from hitl_widgets.session import Session
from hitl_widgets.widgets.reviewer import messages as m
from hitl_widgets.widgets.shared.widget import SessionWidget
from hitl_widgets.widgets.wire import FromBrowser, words

__all__ = ["Reviewer"]

# How many disputes a view gets at a time.
AHEAD = 12


class Reviewer(SessionWidget):
    """Items on which annotators disagree, with their answers side by side, decided with one key each.

    A decision counts instead of the annotators' labels: see :meth:`Session.decide`.

    Parameters
    ----------
    session
        The :class:`~hitl_widgets.session.Session` to review. Its annotator is the reviewer.
    names
        Whether the names of the annotators can be shown, with a switch. If not, they stay in the kernel.
    """

    _bundle = "reviewer"
    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells

    def __init__(self, session: Session, *, names: bool = True) -> None:
        self._names = bool(names)
        self._found: Disputes | None = None
        self._why = ""
        self._put_off: dict[int, int] = {}
        self._waits = False
        super().__init__(session)

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case m.Cases():
                self._put_off = {row: k for k, row in enumerate(message.later)}
                self._post(self._news())
            case _:
                super()._handle(message)

    def _greet(self, view: str) -> None:
        told: dict[str, Any] = {"to": view, "about": self._about(), "names": self._names}
        self._post(m.ReviewerWelcome(**told, **self._question(), **self._state()))
        self._look()

    def _on_change(self, what: str) -> None:
        if what in {"labels", "round", "closed"}:
            self._post(self._news())
        if what in {"labels", "round"}:
            self._look()

    def _news(self) -> m.ReviewUpdate:
        return m.ReviewUpdate(**self._state())

    def _look(self) -> None:
        """Look for disputes in the background, once for several changes. The consensus takes a moment."""
        if self._waits:
            return
        self._waits = True
        self._later("disputes", self._find)

    def _find(self) -> None:
        self._waits = False
        try:
            known = Evidence(self.loop)
            if self._found is None:  # the model may need a minute for its features
                self._report(known.cases(model=False))
            self._report(known.cases())
        except Exception as error:  # noqa: BLE001 - nobody waits for this, so the page tells of it
            if not self.screen.gone and not self.loop.log.closed:
                bare = isinstance(error, HitlError)
                self._report(self._found, words(error if bare else f"{type(error).__name__}: {error}"))

    def _report(self, found: Disputes | None, why: str = "") -> None:
        """Tell the views what was found, or why nothing was, unless they know it."""
        if (found, why) != (self._found, self._why):
            self._found, self._why = found, why
            self._post(self._news())

    def _state(self) -> dict[str, Any]:
        """The fields of ``ReviewState``."""
        loop, found = self.loop, self._found
        undo, redo = loop.log.can_turn()
        # Read first: from this number on, the browser expects its decisions to be among those below.
        n_events = loop.log.n_events
        decided = loop.log.decided()
        open_ = [] if found is None else [one for one in found.open if one.row not in decided]
        open_.sort(key=lambda one: self._put_off.get(one.row, -1))
        return {
            "queue": [self._case(one) for one in open_[:AHEAD]],
            "n_left": len(open_),
            "n_decided": len(decided),
            "n_shared": 0 if found is None else found.n_shared,
            "n_people": 0 if found is None else found.n_people,
            "n_events": n_events,
            "ready": found is not None,
            "why": self._why,
            "undo": undo,
            "redo": redo,
            "closed": loop.log.closed,
        }

    def _case(self, one: Dispute) -> m.Case:
        log = self.loop.log
        notes = log.notes_on(one.row) if self._names else {}
        told = [(said, *log.told(said.answer)) for said in one.answers]
        return m.Case(
            row=one.row,
            key=self.loop.pool.keys[one.row],
            agree=round(one.agree, 3),
            mine=one.mine,
            answers=[
                m.Said(
                    answer=answer,
                    codes=codes,
                    words=words(text),
                    n=len(said.people),
                    experts=said.experts,
                    people=list(said.people) if self._names else [],
                    notes=[f"{who}: {notes[who]}" for who in said.people if notes.get(who)],
                    share=None if said.share is None else round(said.share, 3),
                )
                for said, answer, codes, text in told
            ],
        )
