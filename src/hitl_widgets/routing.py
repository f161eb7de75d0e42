"""Routing: which new items the model may label, which are to be asked, and whom to ask."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.evidence import Evidence
from hitl_widgets.quality.deferral import expected_accuracy
from hitl_widgets.quality.triage import certain, on_average
from hitl_widgets.transfer.frames import column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ask_whom", "check_promise", "route", "rule_words"]

# With fewer new items, drift cannot be told from chance.
TESTABLE = 20
DRIFTS = 0.05
# How many items a call for labels names.
CALLED = 20

Floats = npt.NDArray[np.float64]


def check_promise(error: Any, certainty: Any) -> None:
    """Raise InvalidInput unless these are shares between 0 and 1."""
    for name, value in (("error", error), ("certainty", certainty)):
        is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1
        if not is_share and not (name == "certainty" and value is None):
            raise InvalidInput(f"{name}={value!r}: expected a share between 0 and 1.")


def rule_words(error: float, certainty: float | None) -> str:
    """Describe what is promised."""
    how = "on average" if certainty is None else f"with {certainty:.0%} certainty"
    return f"at most {error:.1%} wrong {how}"


def route(
    known: Evidence, items: Any, error: float, certainty: float | None, people: bool | Sequence[str]
) -> pd.DataFrame:
    """Decide about new items: see :meth:`Session.route`."""
    import pandas as pd

    check_promise(error, certainty)
    labels, model, audited = known.split_model()
    if not len(items):
        raise InvalidInput("There are no new items: pass at least one.")
    X, new = known.features_of(items)
    before = np.asarray(model.predict_proba(X[audited]), np.float64)
    codes = {target: code for code, target in enumerate(labels.schema.targets)}
    place = np.array([codes[target] for target in model.classes_.tolist()])
    right = place[before.argmax(axis=1)] == labels.y[audited]
    told = np.asarray(model.predict_proba(new), np.float64)
    confidence = told.max(axis=1)
    if certainty is None:
        made = on_average(confidence, before.max(axis=1), ~right, error)
    else:
        made = certain(confidence, before.max(axis=1), ~right, error, certainty=certainty)
    testable = len(new) >= TESTABLE
    found = known.drift(items) if testable else None
    drifted = found is not None and found.p < DRIFTS
    accept = made.chosen & (not drifted)
    values = labels.schema.values
    table = pd.DataFrame(
        {
            "route": np.where(accept, "accept", "ask"),
            "label": column([values[code] for code in place[told.argmax(axis=1)].tolist()]),
            "confidence": confidence,
            "rule": np.where(accept, rule_words(error, certainty), ""),
            "newness": np.full(len(new), np.nan) if found is None else found.newness,
        }
    )
    if people is not False:
        P = np.zeros((len(new), len(labels.class_ids)))
        P[:, place] = told
        best, right_of, _ = _whom(known, P, people)
        table["annotator"] = column([None if yes else who for yes, who in zip(accept, best, strict=True)])
        table["expected"] = np.where(accept, np.nan, right_of)
    if isinstance(items, pd.DataFrame | pd.Series):
        table.index = items.index
    words = _words(len(new), int(accept.sum()), made.needed, found.p if found else None, len(audited))
    table.attrs = {
        "error": error,
        "certainty": certainty,
        "audits": len(audited),
        "needed": made.needed,
        "p": None if found is None else found.p,
        "drifted": drifted,
        "summary": words,
    }
    if drifted or not testable:
        warnings.warn(words, RuntimeWarning, stacklevel=3)
    return table


def _words(n: int, n_accepted: int, needed: int, p: float | None, audits: int) -> str:
    """Describe the result in a sentence or two."""
    if p is not None and p < DRIFTS:
        return (
            f"The new items differ from those of this session (p = {p:.3f}), so no promise holds for them, "
            f"and all {n:,} are to be asked. Add them to your table and label some: those with the highest "
            "newness differ most."
        )
    words = f"{n_accepted:,} of {n:,} new items are accepted, judged by {audits:,} audited items."
    if not n_accepted and needed:
        words += f" The promise needs at least {needed:,} more audited item{'s' if needed > 1 else ''}."
    if p is None:
        words += f" Whether they differ from earlier ones cannot be tested with fewer than {TESTABLE}."
    return words


def ask_whom(known: Evidence, ids: Any, people: bool | Sequence[str]) -> pd.DataFrame:
    """Decide who is asked: see :meth:`Trust.ask_whom`."""
    import pandas as pd

    labels, rows, told = known.predicted(ids)
    best, right, machine = _whom(known, told, people)
    return pd.DataFrame(
        {
            "id": column([known.pool.ids[row] for row in rows]),
            "annotator": best,
            "expected": right,
            "label": column([labels.schema.values[code] for code in told.argmax(axis=1).tolist()]),
            "confidence": machine,
        }
    )


def _whom(known: Evidence, P: Floats, people: bool | Sequence[str]) -> tuple[list[str], Floats, Floats]:
    """Who is most likely right about each item, how likely that is, and how likely the model is."""
    names, confusion = known.confusions()
    wanted = names if people is True else list(people) if people else names
    if odd := next((name for name in wanted if name not in names), None):
        raise InvalidInput(
            f"people={odd!r}: nobody of this name has labelled here.{nearest(odd, names)} The annotators are "
            f"{choices(names)}."
        )
    if not np.isfinite(confusion).all():
        raise HitlError(
            "How often each annotator is right is not known: no item has answers of two people. Open "
            "sessions with overlap=0.1 to get second opinions."
        )
    right = expected_accuracy(P, confusion[[names.index(name) for name in wanted]])
    best = right.argmax(axis=1)
    return [wanted[who] for who in best.tolist()], right.max(axis=1), P.max(axis=1)
