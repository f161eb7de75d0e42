"""Monitor: the Python side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import msgspec
import numpy as np
import numpy.typing as npt

from hitl_widgets.data.rows import encode
from hitl_widgets.errors import HitlError
from hitl_widgets.items.base import short
from hitl_widgets.loop.asking import Labels
from hitl_widgets.loop.figures import Figures, figures_of
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.opinions import rule_words
from hitl_widgets.loop.slices import UNKNOWN
from hitl_widgets.loop.words import within
from hitl_widgets.session import Session
from hitl_widgets.widgets.channel import bundle
from hitl_widgets.widgets.monitor import messages as m
from hitl_widgets.widgets.monitor.rules import rules_of, tried
from hitl_widgets.widgets.monitor.trusting import estimate_of, rows_behind, trust_of
from hitl_widgets.widgets.shared.acts import items_of
from hitl_widgets.widgets.shared.widget import SessionWidget
from hitl_widgets.widgets.wire import FromBrowser, words

__all__ = ["Monitor"]

HISTORY = 30
# Characters of an edited item in the history.
EDIT = 80
# How many of the annotator's own acts their figures come from, and how many overruled answers are listed.
YOURS, MOST_CHANGED = 500, 20
FIGURES = ("seconds", "agreement", "gold", "undone")
# Items of a proposal to look at.
LOOK = 20


def model_words(loop: Loop) -> tuple[str, str]:
    """Texts on which model is used, and why; both are empty before there is one."""
    found = loop.round
    if found is None or not found.model:
        return "", ""
    if found.model != "auto":
        return found.model, found.explanation
    if found.explanation:
        shares, _, evidence = found.explanation.partition(": ")
        return shares, evidence
    coming = loop.background.stage is not None and not found.has_graph
    return "logistic regression", "neighbours are being computed" if coming else ""


class Monitor(SessionWidget):
    """Number of labels, class balance, audit accuracy, learning curve, history, and where labels are saved.

    Parameters
    ----------
    session
        The :class:`~hitl_widgets.session.Session` to watch.
    """

    _bundle = "monitor"
    _takes: ClassVar[Any] = m.Takes
    _tells: ClassVar[Any] = m.Tells

    def __init__(self, session: Session) -> None:
        self._figures: tuple[int, Figures | None] = 0, None
        super().__init__(session)

    def _handle(self, message: FromBrowser) -> None:
        match message:
            case m.Open():
                self._in_order(message, lambda: self._open(message))
            case m.Span():
                self._in_order(message, lambda: self._open_span(message))
            case m.Propose():
                self._behind("trust", message, lambda: self._propose(message))
            case m.Trust():
                # Several models are fitted for it, so acts go first.
                self._behind("trust", message, lambda: self._post(trust_of(self.loop, message.view)))
            case m.Rules():
                # Rules may be functions and models of the user, so acts go first.
                self._behind("rules", message, lambda: self._post(rules_of(self.loop, message.view)))
            case m.TryRule():
                self._behind("rules", message, lambda: self._post(*tried(self.loop, message)))
            case m.Behind():
                self._behind("trust", message, lambda: self._open_behind(message))
            case _:
                super()._handle(message)

    def _open(self, message: m.Open) -> None:
        """Send the items of an act of the annotator."""
        items = msgspec.structs.asdict(items_of(self.loop, message.act))
        self._post(m.OpenedMessage(to=message.view, **items))

    def _propose(self, message: m.Propose) -> None:
        """Send how many items the model may label."""
        n, audits, needed, some, why, id_ = 0, 0, 0, "", "", ""
        of = int((self.loop.labels.y < 0).sum())
        try:
            proposal = self.session.trust.hand_over(message.error, message.certainty)
        except HitlError as error:
            why = words(error)
        else:
            id_, rows = self.loop.handing.propose(proposal)
            n, audits, needed = len(proposal), proposal.attrs["audits"], proposal.attrs["needed"]
            some = encode(np.sort(np.random.default_rng(len(rows)).permutation(rows)[:LOOK]))
        self._post(
            m.ProposalMessage(
                to=message.view,
                id=id_,
                error=message.error,
                certainty=message.certainty,
                n=n,
                of=of,
                audits=audits,
                needed=needed,
                some=some,
                why=why,
            )
        )

    def _open_span(self, message: m.Span) -> None:
        """Send the items of some labels, by the order in which they were given."""
        labels = self.loop.labels
        given = labels.given().index
        rows = np.sort(given[~self.loop.blind.mask(labels)[given]][message.first - 1 : message.last])
        self._post(m.OpenedMessage(to=message.view, rows=encode(rows), n=len(rows), how="clicked", missing=0))

    def _open_behind(self, message: m.Behind) -> None:
        """Send the items behind a figure of the trust section."""
        rows = rows_behind(self.loop, message)
        self._post(m.OpenedMessage(to=message.view, rows=encode(rows), n=len(rows), how="clicked", missing=0))

    def _greet(self, view: str) -> None:
        self._post(
            m.MonitorWelcome(
                to=view,
                about=self._about(),
                **self._question(),
                chart=json.loads(bundle("curve.json")),
                **self._state(),
            )
        )

    def _on_change(self, what: str) -> None:
        if what != "map":
            self._post(m.MonitorUpdate(**self._state()))

    def _state(self) -> dict[str, Any]:
        """The fields of ``MonitorState``."""
        loop = self.loop
        labels, evaluation = loop.labels, loop.background.evaluation
        # Otherwise, a class with one more label would reveal the answer of the item that is asked blind next.
        told = labels.y.copy()
        told[loop.blind.mask(labels)] = -1
        counts, none = _balance(labels, told[told >= 0])
        problem = labels.target.problem
        estimate, store = evaluation.estimate, loop.store
        undo, redo = loop.log.can_turn()
        model, why = model_words(loop)
        due = loop.resting.due()
        rest = () if due is None else (due.words,)
        return {
            "n_items": len(loop.pool),
            "n_labels": len(labels),
            "n_audited": int(labels.audited.sum()),
            "audit_share": loop.audit,
            "balance": counts,
            "n_none": none if labels.schema.classes else 0,
            "shades": [] if labels.schema.classes else _shades(labels, told[told >= 0]),
            "verified": self._verified(),
            "n_hidden": len(labels) - int((told >= 0).sum()),
            "measure": m.Measure(problem.measure, *problem.scale),
            "estimate": estimate_of(estimate),
            "provisional": evaluation.provisional,
            "curve": [
                m.CurvePoint(p.n_labels, p.estimate.value, p.estimate.low, p.estimate.high)
                for p in evaluation.curve
            ],
            "rising": problem.scale == (0.0, 1.0) and evaluation.rising,
            "behind": loop.background.behind,
            "model": model,
            "explanation": why,
            "strategy": loop.strategy,
            "stage": loop.background.stage.words if loop.background.stage else "",
            "store": m.StoreState(
                name=store.path.name if store.path else store.name,
                where=f"{store.name} ({store.note})" if store.note else store.name,
                unsaved=words(loop.log.unsaved),
                restored=loop.log.ledger.restored,
            ),
            "task": loop.task,
            "annotator": loop.annotator,
            "closed": loop.log.closed,
            "error": words(f"{loop.background.overwritten} {loop.background.trouble}".strip()),
            "undo": undo,
            "redo": redo,
            "notices": [words(told) for told in (*loop.log.notices, *loop.ruling.notices(), *rest)],
            "n_changed": loop.log.n_changed,
            "people": self._people(),
            "yours": self._yours(labels),
            "consensus": self._consensus(),
            "handable": labels.schema.kind == "choice",
            "machine": self._machine(),
            "slices": self._slices(),
            "history": self._history(),
        }

    def _verified(self) -> m.Verified | None:
        if self.loop.suggesting is None:
            return None
        found = self.loop.log.suggested()
        both = [[same for shown, same in found if shown == which] for which in (True, False)]
        return m.Verified(len(both[0]), sum(both[0]), len(both[1]), sum(both[1]))

    def _slices(self) -> list[m.SliceState]:
        """All slices; the numbers of those kept since the last evaluation are not known yet."""
        known = {(one.name, one.query): one for one in self.loop.background.evaluation.slices}
        found = []
        for name, query in self.loop.slicing.kept.items():
            one = known.get((name, query))
            counted = one is not None and not one.why
            found.append(
                m.SliceState(
                    name=name,
                    query=query,
                    n_items=one.n_items if one and counted else None,
                    n_labelled=one.n_labelled if one and counted else None,
                    estimate=estimate_of(one.estimate if one else UNKNOWN),
                    why=words(one.why) if one else "",
                )
            )
        return found

    def _people(self) -> list[m.Person]:
        """All annotators, their number of labels, and whether they are active; empty if there is only one."""
        found = self.loop.annotators
        return [m.Person(*person) for person in found] if len(found) > 1 else []

    def _yours(self, labels: Labels) -> m.Yours | None:
        """The annotator's own figures; nobody else's are sent."""
        if not self.loop.log.given().get(self.loop.annotator):
            return None
        # Most messages tell of something else than new acts.
        known, found = self._figures
        if found is None or known != labels.n_events:
            found = figures_of(self.loop.log, self.loop.annotator, YOURS)
            self._figures = labels.n_events, found
        told = {name: m.Figure(**asdict(getattr(found, name))) for name in FIGURES}
        changed = [self.loop.pool.ids[row] for row in found.changed[-MOST_CHANGED:]]
        query = " OR ".join(f'id:"{one}"' for one in map(str, changed) if '"' not in one)
        return m.Yours(limit=YOURS, **told, reviewed=found.reviewed, upheld=found.upheld, changed=query)

    def _consensus(self) -> str:
        """How the items are decided that annotators answer differently; empty if there are none."""
        n = self.loop.log.n_disputed
        those = (
            "1 item that they answer differently is"
            if n == 1
            else f"{n:,} items that they answer differently are"
        )
        return f"{those} decided {rule_words(self.loop.log.ledger.rule)}." if n else ""

    def _machine(self) -> m.MachineState | None:
        found = self.loop.handing.state()
        if found is None:
            return None
        checks = (found.checked, found.wrong, found.low, found.high)
        return m.MachineState(found.event_id, found.n, found.error, found.certainty, *checks, found.withdrawn)

    def _history(self) -> list[m.HistoryEntry]:
        """The annotator's own latest acts, newest first, and older ones that were left behind.

        Acts of other annotators are not shown.
        """
        loop = self.loop
        acts = [event for event, _ in reversed(loop.log.acts(HISTORY, annotator=loop.annotator))]
        shown = {event.event_id for event in acts}
        acts += [event for event in loop.log.left_behind(HISTORY) if event.event_id not in shown]
        states = [loop.log.state(event) for event in acts]
        there = {"holds", "undone"}
        ways = loop.log.ways(e.event_id for e, state in zip(acts, states, strict=True) if state in there)
        return [
            m.HistoryEntry(
                id=event.event_id,
                kind=event.kind,  # type: ignore[arg-type] # acts are never undo or redo events
                n=len(event.item_ids),
                value=_words_of(loop, event),
                codes=loop.log.codes(event),
                selection=event.selection,
                time=event.time,
                state=state,
                way=ways.get(event.event_id),
                apart=event.event_id not in shown,
            )
            for event, state in zip(acts, states, strict=True)
        ]


SKIPPED: dict[str | None, str] = {
    "unknown": "don't know",
    "bad": "bad item",
    "rejected": "suggestion rejected",
}


def _edit_words(loop: Loop, kept: dict[str, Any] | None) -> str:
    """An edited item, or that one was removed."""
    if kept is None:
        return "edited item removed"
    item = kept.get("item")
    if isinstance(item, dict):
        item = ", ".join(f"{name} {value}" for name, value in item.items())
    names = dict(zip(loop.schema.ids, loop.schema.all_names, strict=True))
    heir = loop.log.ledger.fold.vocabulary.heir(kept.get("class"))
    name = names.get(heir or "", "a class that is gone")
    return f"edited item kept as {within(name)}: {within(short(loop.covering.text(str(item)), EDIT))}"


def _words_of(loop: Loop, event: Any) -> str | None:
    """Describe an act for the history."""
    if event.kind == "schema":
        return change_words(event.value)
    if event.kind == "slice":
        done = "removed" if event.value["query"] is None else "kept"
        return f"slice {within(event.value['name'])} {done}"
    if event.kind == "definition":
        return _defined(loop, event)
    if event.kind == "note":
        if "kept" in event.value:
            return "looked at again, label kept"
        text = event.value.get("note")
        return f"note: {within(text)}" if text else "note removed"
    if event.kind == "machine":
        return "handed over to the model" if event.item_ids else "machine labels taken back"
    if event.kind == "skip":
        return SKIPPED.get(loop.log.why(event))
    return loop.log.text(event)


def _defined(loop: Loop, event: Any) -> str | None:
    """Describe what was taught besides labels."""
    of, name, what = event.value["of"], within(event.value["name"]), event.value["is"]
    match of, what:
        case "edit", _:
            return _edit_words(loop, what)
        case "guideline", _:
            return loop.guiding.describe(event)
        case "proposal", {"text": str(text)}:
            return f"not proposed again: {text}"
        case "strike", None:
            return f"brought back: {name}"
        case "strike", {"weight": float() | int() as weight} if weight > 0:
            return f"counts more: {name}"
        case "strike", _:
            return f"struck out: {name}"
    done = "removed" if what is None else "retired" if what.get("retired") else "kept"
    return f"{of} {name} {done}"


def _balance(labels: Labels, codes: npt.NDArray[Any]) -> tuple[list[int], int]:
    """The number of answers with each class, and of those without a class."""
    counts, none = [0] * len(labels.schema.ids), 0
    for code, n in enumerate(np.bincount(codes, minlength=1).tolist()):
        for k in (labels.codes(code) or ()) if n else ():
            counts[k] += n
        none += n if n and not labels.codes(code) else 0
    return counts, none


def _shades(labels: Labels, codes: npt.NDArray[Any]) -> list[m.AnswerRange]:
    """The number of answers in each shade of the map."""
    shading = labels.kind.shading(labels.answers, labels.schema, "")
    counts = np.bincount(shading.answers[codes], minlength=len(shading.legend)).tolist()
    return [m.AnswerRange(name, color, n) for (name, color), n in zip(shading.legend, counts, strict=False)]


def change_words(change: Mapping[str, Any]) -> str:
    """Describe a change of the classes for the history."""
    of = " and ".join(map(within, change.get("of", ())))
    new = " and ".join(within(c["name"]) for c in change.get("classes", ()))
    name = within(str(change.get("name", "")))
    said = {
        "add": f"class {new} added",
        "rename": f"{of} renamed to {name}",
        "merge": f"{of} merged into {new or name}",
        "split": f"{of} split into {new}",
        "retire": f"{of} retired",
        "restore": f"{of} offered again",
        "reorder": "classes reordered",
        "edit": f"{' and '.join(change.get('set') or ())} of {of} changed",
        "ask": "question changed",
        "keys": f"own key of {of} changed",
    }
    return said[change["change"]]
