"""The page of the rules: what each covers and how good it is, and what one would label alone."""

from __future__ import annotations

import re

import numpy as np

from hitl_widgets.errors import HitlError
from hitl_widgets.loop.loop import Loop
from hitl_widgets.loop.teach.figures import Figures
from hitl_widgets.widgets.monitor import messages as m
from hitl_widgets.widgets.shared.acts import rule_of
from hitl_widgets.widgets.wire import words

__all__ = ["rules_of", "tried"]

SHARE = re.compile(r"\brules (\d+ %)")


def rules_of(loop: Loop, view: str) -> m.RulesMessage:
    """The rules for a view."""
    try:
        loop.ruling.check_question()
    except HitlError as error:
        return m.RulesMessage(to=view, why=words(error), n_items=len(loop.pool), trust="", rules=[])
    rules = [
        m.RuleState(
            name=words(one.name),
            words=words(one.words),
            kind=one.kind,  # type: ignore[arg-type]
            by=words(one.by),
            retired=one.retired,
            same_as=words(one.same_as),
            why=words(one.why),
            bad=words(one.note),
            figures=_figures(one),
        )
        for one in loop.ruling.measure()
    ]
    return m.RulesMessage(to=view, why="", n_items=len(loop.pool), trust=_trust(loop, rules), rules=rules)


def tried(loop: Loop, asked: m.TryRule) -> tuple[m.VotesMessage, list[bytes]]:
    """What a rule would label alone, with the rows and the codes of their classes."""
    figures, buffers, why = None, [b"", b""], ""
    try:
        if asked.name:
            rows, codes, found = loop.ruling.alone(asked.name)
        else:
            rows, codes, found = loop.ruling.tried(rule_of(loop, asked.query, asked.of, None))
    except HitlError as error:
        why = words(error)
    else:
        figures, buffers = _figures(found), [rows.astype("<u4").tobytes(), codes.astype(np.uint8).tobytes()]
    told = m.VotesMessage(
        to=asked.view, name=asked.name, query=asked.query, of=asked.of, why=why, figures=figures
    )
    return told, buffers


def _figures(one: Figures) -> m.RuleFigures:
    counts = one.n_items, one.n_alone, one.n_conflicts, one.n_labelled
    return m.RuleFigures(one.codes, *counts, one.accuracy, one.low, one.high)


def _trust(loop: Loop, rules: list[m.RuleState]) -> str:
    """How far the model trusts the rules."""
    if not any(not rule.retired and not rule.why for rule in rules):
        return ""
    found = loop.round
    if found is None or not found.model:
        return "The model uses them once there are labels that prove them right."
    if share := SHARE.search(found.explanation):
        return f"They have {share[1]} of the weight in the model."
    return "The model does not use them: the labels have not proved them right so far."
