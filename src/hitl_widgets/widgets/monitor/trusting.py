"""What the Monitor says of the labels and the model: from the report of the loop to messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.trusting import Pace, Report
from hitl_widgets.widgets.monitor import messages as m
from hitl_widgets.widgets.wire import words

__all__ = ["estimate_of", "rows_behind", "trust_of"]


def trust_of(loop: Loop, view: str) -> m.TrustMessage:
    """The trust section for a view."""
    found, evaluation = loop.trusting.report(), loop.background.evaluation
    labels, problem = found.labels, found.labels.target.problem
    suspects = loop.suspecting.found()
    shown = None if suspects is None else ~loop.blind.mask(suspects.labels)[suspects.rows]
    return m.TrustMessage(
        to=view,
        why=_missing(found),
        measure=m.Measure(problem.measure, *problem.scale),
        estimate=estimate_of(evaluation.estimate),
        audit=None if found.audit is None else m.AuditCount(**asdict(found.audit)),
        classes=_classes(found, evaluation.estimate),
        confusion=found.confusion().tolist() if len(found.rows) else [],
        n_confusion=len(found.rows),
        bands=[m.Band(**asdict(band)) for band in found.bands] if len(found.rows) else [],
        banded=found.banded,
        projection=_projected(found),
        advice=found.advice.say,
        reasons=[words(reason) for reason in found.advice.reasons] if labels.kind.name == "choice" else [],
        n_doubtful=0 if suspects is None or shown is None else int((suspects.listed & shown).sum()),
        n_kept=0 if suspects is None else int(suspects.kept.sum()),
        people=[words(who) for who in found.people],
        pairs=[m.Pair(**asdict(pair)) for pair in found.pairs],
        alpha=None if found.alpha is None else m.Alpha(*found.alpha),
        pace=_pace(found.pace),
    )


def rows_behind(loop: Loop, message: m.Behind) -> npt.NDArray[np.int64]:
    """The rows behind a figure."""
    found = loop.trusting.report()
    a, b, people = message.a, message.b, len(found.people)
    match message.what:
        case "cell":
            return found.cell(a, b)
        case "band":
            return found.band(a)
        case "pair" if a < people and b < people:
            return found.pair(a, b)
        case "hasty":
            return found.pace.hasty
        case "runs":
            return found.pace.runs
    raise InvalidInput("These annotators are not known any more.")


def estimate_of(estimate: Any) -> m.Estimate:
    """An estimate as it is sent."""
    return m.Estimate(estimate.value, estimate.low, estimate.high, estimate.n)


def _missing(found: Report) -> str:
    if found.labels.kind.name != "choice":
        return "The model is judged here for questions with one class per item only."
    if not len(found.rows):
        return "There is no model yet: label a few items of two classes first."
    return ""


def _classes(found: Report, estimate: Any) -> list[m.ClassTrust]:
    """Each class that can be chosen, with the accuracy of what is predicted as this class."""
    if found.labels.kind.name != "choice":
        return []
    unknown = m.Estimate(None, None, None, 0)
    return [
        m.ClassTrust(
            code,
            int((found.y == code).sum()),
            estimate_of(estimate.per_class[value]) if value in estimate.per_class else unknown,
        )
        for code, value in enumerate(found.labels.schema.values)
        if code < len(found.labels.schema.classes)
    ]


def _projected(found: Report) -> m.Projected | None:
    made = found.projection
    return None if made is None else m.Projected(made.more, made.gain, made.low, made.high, made.n_labels)


def _pace(pace: Pace) -> m.OwnPace:
    return m.OwnPace(
        pace.n,
        pace.n_timed,
        pace.seconds,
        len(pace.hasty),
        len(pace.runs),
        pace.n_runs,
        pace.again,
        pace.same,
        pace.low,
        pace.high,
    )
