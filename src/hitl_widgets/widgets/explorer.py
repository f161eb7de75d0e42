"""Explorer: the map, where points are chosen."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.widgets.channel import SessionWidget, bundle

__all__ = ["Explorer"]

NONE = 255
LEVELS = 15

Marks = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]


class Explorer(SessionWidget):
    """A map of the pool, coloured by what the model thinks; points are chosen by click, lasso or box.

    Parameters
    ----------
    session
        The :class:`~hitl_widgets.loop.session.Session` to show.
    """

    _bundle = "explorer"

    def __init__(self, session: Any) -> None:
        self._sent: Marks | None = None
        self._number = 0
        super().__init__(session)

    def _greet(self, view: str) -> None:
        session = self.session
        with self._wire:
            self._post(
                {
                    "type": "welcome",
                    "to": view,
                    "classes": self._classes(),
                    "pool": session.pool.fingerprint,
                    "n_items": len(session.pool),
                    "kind": session.pool.kind,
                    "chart": json.loads(bundle("map.json")),
                    "stage": self._stage(),
                }
            )
            self._send_map(view)
            marks = self._marks()
            self._sent = self._sent or marks
            # The new view gets everything, up to what the others have already.
            self._send_marks(self._sent, None, view)
        self._send_change()

    def _on_change(self, what: str) -> None:
        if what in {"labels", "round"}:
            self._send_change()
        elif what == "map":
            self._send_map(None)
        elif what in {"stage", "error"}:
            self._post({"type": "stage", "stage": self._stage()})

    def _stage(self) -> dict[str, Any] | None:
        stage = self.session.stage
        return None if stage is None else {"words": stage.words, "fraction": stage.fraction}

    def _send_map(self, view: str | None) -> None:
        drawn = self.session.map
        if drawn is None:
            return
        self._post(
            {
                "type": "map",
                "to": view,
                "method": drawn.method,
                "names": list(drawn.names),
                "corners": [len(o) for o in drawn.outlines],
            },
            [
                drawn.xy.astype("<f4").tobytes(),
                drawn.clusters.astype("<u2").tobytes(),
                np.concatenate([*drawn.outlines, np.zeros((0, 2))]).astype("<f4").tobytes(),
            ],
        )

    def _marks(self) -> Marks:
        """Label, predicted class (255 for none) and uncertainty level of every item."""
        labels, found = self.session.current, self.session.round
        label = np.where(labels.y >= 0, labels.y, NONE).astype(np.uint8)
        if found is None:
            return label, np.full_like(label, NONE), np.zeros_like(label)
        predicted = np.where(found.predicted >= 0, found.predicted, NONE).astype(np.uint8)
        return label, predicted, np.round(found.uncertainty * LEVELS).astype(np.uint8)

    def _send_change(self) -> None:
        with self._wire:
            if self._sent is None:
                return
            marks = self._marks()
            changed = np.flatnonzero(np.any([a != b for a, b in zip(marks, self._sent, strict=True)], axis=0))
            self._number += 1
            self._sent = marks
            self._send_marks(marks, changed, None)

    def _send_marks(self, marks: Marks, rows: npt.NDArray[np.int64] | None, view: str | None) -> None:
        found = self.session.round
        self._post(
            {
                "type": "marks",
                "to": view,
                "number": self._number,
                "full": rows is None,
                "rings": [s.index for s in found.suggestions if not s.audit] if found else [],
                "behind": self.session.behind,
            },
            [
                b"" if rows is None else rows.astype("<u4").tobytes(),
                *[(a if rows is None else a[rows]).tobytes() for a in marks],
            ],
        )
