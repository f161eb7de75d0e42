"""Criteria: which of two is better by each, and how that goes with which is better overall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.preferences.principles import weigh
from hitl_widgets.preferences.voices import Given
from hitl_widgets.quality.sequential import wilson
from hitl_widgets.questions.pair import PLACES, Preferred

if TYPE_CHECKING:
    import pandas as pd

    from hitl_widgets.questions.schema import Schema

__all__ = ["asked_for", "beside_on_card", "compared", "criteria_of", "judged", "known_criterion"]

Floats = npt.NDArray[np.float64]


def criteria_of(every: Given, schema: Schema) -> list[str]:
    """Return the criteria that are asked for, then those that were asked for earlier; rankings have none."""
    if schema.kind != "pair":
        return []
    before = (name for one in _answers(every) for name, _ in one.criteria)
    return list(dict.fromkeys([*schema.settings.get("criteria", ()), *before]))


def known_criterion(every: Given, schema: Schema, name: str) -> str:
    """Return the name of a criterion of the question; raise InvalidInput if it is none."""
    known = criteria_of(every, schema)
    if name not in known:
        ways = f"The criteria are {choices(known)}" if known else "Pass criteria= to Preferences"
        raise InvalidInput(f"criterion={name!r} is not asked for.{nearest(str(name), known)} {ways}.")
    return name


def _answers(given: Given) -> list[Preferred]:
    found: list[Any] = given.answers
    return found


def judged(given: Given, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows that were answered by a criterion, oldest first, and 0, 1 or 2 for a tie.

    Raises
    ------
    HitlError
        If there are none.
    """
    places = [dict(one.criteria).get(name) for one in _answers(given)]
    at = [k for k, place in enumerate(places) if place is not None]
    if not at:
        raise HitlError(f"Nobody has answered {name!r} yet.")
    return given.rows[at], np.array([PLACES.index(places[k]) for k in at], np.int64)


def _signs(given: Given, name: str) -> Floats:
    """Return 1, -1 or 0 for a tie of each answer, oldest first; NaN where it was left out."""
    value = dict(zip(PLACES, (1.0, -1.0, 0.0), strict=True))
    return np.array([value.get(dict(one.criteria).get(name, ""), np.nan) for one in _answers(given)])


def compared(every: Given, schema: Schema) -> pd.DataFrame:
    """Return how each criterion goes with the overall preference: see :meth:`.Preferences.criteria`."""
    import pandas as pd

    if not (names := criteria_of(every, schema)):
        raise InvalidInput("These preferences ask for no criteria: pass criteria= to Preferences.")
    overall = np.where(every.y == 0, 1.0, np.where(every.y == 1, -1.0, 0.0)) if len(every) else np.zeros(0)
    x = (
        np.column_stack([_signs(every, name) for name in names])
        if len(overall)
        else np.zeros((0, len(names)))
    )
    w, S = weigh(np.column_stack([np.nan_to_num(x), np.ones(len(x))]), (overall + 1) / 2)
    sd = np.sqrt(np.diag(S))
    rows = []
    for k, name in enumerate(names):
        given = ~np.isnan(x[:, k])
        decided = given & (x[:, k] != 0) & (overall != 0)
        n, n_same = int(decided.sum()), int((x[decided, k] == overall[decided]).sum())
        row: dict[str, Any] = {"criterion": name, "n": int(given.sum())}
        row |= _correlation(x[given, k], overall[given])
        low, high = wilson(n_same, n) if n else (np.nan, np.nan)
        row |= {"same": n_same / n if n else np.nan, "same_low": low, "same_high": high}
        row |= {"weight": w[k], "weight_low": w[k] - 1.96 * sd[k], "weight_high": w[k] + 1.96 * sd[k]}
        rows.append(row)
    names_of = ["criterion", "n"]
    for one in ("correlation", "same", "weight"):
        names_of += [one, f"{one}_low", f"{one}_high"]
    return pd.DataFrame(rows, columns=names_of)


def _correlation(a: Floats, b: Floats) -> dict[str, float]:
    """Return the correlation of two with its 95 % interval (Fisher 1921); NaN if one of them is constant."""
    names = ("correlation", "correlation_low", "correlation_high")
    if len(a) < 4 or not a.std() or not b.std():
        return dict.fromkeys(names, np.nan)
    r = float(np.clip(np.corrcoef(a, b)[0, 1], -1, 1))
    z, half = np.arctanh(np.clip(r, -1 + 1e-9, 1 - 1e-9)), 1.96 / np.sqrt(len(a) - 3)
    return dict(zip(names, (r, float(np.tanh(z - half)), float(np.tanh(z + half))), strict=True))


def asked_for(labels: Sequence[Any], schema: Schema) -> dict[str, list[Any]]:
    """Return the answers and what was asked beside them, a column each."""
    settings, told = schema.settings, [one if isinstance(one, Mapping) else {"label": one} for one in labels]
    found: dict[str, list[Any]] = {"answer": [one["label"] for one in told]}
    if settings.get("reason"):
        found["reason"] = [one.get("reason", "") for one in told]
    if settings.get("reasons"):
        found["reasons"] = [one.get("reasons", []) for one in told]
    if settings.get("revisions"):
        found["revisions"] = [one.get("revisions", {}) for one in told]
    for name in settings.get("criteria", ()):
        found[name] = [one.get("criteria", {}).get(name) for one in told]
    return found


def beside_on_card(every: Given, schema: Schema) -> list[str]:
    """Return the sections of a data card about criteria and reasons from a list."""
    from hitl_widgets.formats.card import escaped, table

    settings, sections = schema.settings, []
    if criteria_of(every, schema):
        rows = [
            (
                escaped(row["criterion"]),
                f"{row['n']:,}",
                *(_shown(row, one) for one in ("correlation", "same", "weight")),
            )
            for _, row in compared(every, schema).iterrows()
        ]
        words = (
            "How each criterion goes with the overall preference, with 95 % intervals: the correlation, the "
            "share in which the same one is better, and what it adds to the log odds of being preferred."
        )
        sections += [
            "## Criteria",
            words,
            table(["criterion", "pairs", "correlation", "same", "weight"], rows),
        ]
    if known := settings.get("reasons", ()):
        counts = Counter(one for answer in _answers(every) for one in answer.reasons)
        told = [(escaped(one), f"{counts[one]:,}") for one in known]
        sections += ["## Reasons", "How often each reason was given.", table(["reason", "answers"], told)]
    return sections


def _shown(row: Any, name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return "-" if np.isnan(value) else f"{value:.2f} ({low:.2f} to {high:.2f})"
