"""Monitor: how good the labels and the model are, and where the labels lie."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from hitl_widgets.loop.session import Session
from hitl_widgets.widgets.channel import SessionWidget, bundle
from hitl_widgets.widgets.messages import words

__all__ = ["Monitor"]

HISTORY = 30


def model_words(session: Session) -> tuple[str, str]:
    """Which model is used, and why, for people; both empty before there is one."""
    found = session.round
    if found is None or not found.model:
        return "", ""
    if found.model != "auto":
        return found.model, found.explanation
    if found.explanation:
        shares, _, evidence = found.explanation.partition(": ")
        return shares, evidence
    coming = session.stage is not None and not found.has_graph
    return "logistic regression", "neighbours are being found" if coming else ""


class Monitor(SessionWidget):
    """Labels given, class balance, audit accuracy, learning curve, history, and where labels are saved.

    Parameters
    ----------
    session
        The :class:`~hitl_widgets.loop.session.Session` to watch.
    """

    _bundle = "monitor"

    def _greet(self, view: str) -> None:
        self._post(
            {
                "type": "welcome",
                "to": view,
                "classes": self._classes(),
                "chart": json.loads(bundle("curve.json")),
                **self._state(),
            }
        )

    def _on_change(self, what: str) -> None:
        if what != "map":
            self._post({"type": "state", **self._state()})

    def _state(self) -> dict[str, Any]:
        session = self.session
        labels, found, evaluation = session.current, session.round, session.evaluation
        counts = np.bincount(labels.y[labels.y >= 0], minlength=len(session.schema.classes))
        estimate, store = evaluation.estimate, session.store
        undo, redo = session.can_turn()
        model, why = model_words(session)
        return {
            "n_items": len(session.pool),
            "n_labels": len(labels),
            "n_audited": int(labels.audited.sum()),
            "audit_share": session.audit,
            "balance": counts.tolist(),
            "estimate": {
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "n": estimate.n,
            },
            "curve": [
                {"n": p.n_labels, "value": p.estimate.value, "low": p.estimate.low, "high": p.estimate.high}
                for p in evaluation.curve
            ],
            "behind": session.behind,
            "model": model,
            "explanation": why,
            "strategy": session.strategy,
            "stage": session.stage.words if session.stage else "",
            "store": {"name": store.path.name if store.path else store.name, "where": store.name},
            "task": session.task,
            "annotator": session.annotator,
            "closed": session.closed,
            "error": words(session.error or (found.error if found else "")),
            "undo": undo,
            "redo": redo,
            "history": [
                {
                    "id": event.event_id,
                    "kind": event.kind,
                    "n": len(event.item_ids),
                    "value": event.value,
                    "selection": event.selection,
                    "time": event.time,
                    "holds": holds,
                    "mine": event.annotator == session.annotator,
                }
                for event, holds in reversed(session.acts(HISTORY))
            ],
        }
