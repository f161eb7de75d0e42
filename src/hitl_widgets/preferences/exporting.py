"""A file for a trainer, with its data card."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from hitl_widgets.errors import HitlError, check_flags
from hitl_widgets.formats.hugging_face import write_rows
from hitl_widgets.paths import replacing
from hitl_widgets.preferences.answers import every_comparison
from hitl_widgets.preferences.checks import one_of
from hitl_widgets.preferences.criteria import beside_on_card
from hitl_widgets.preferences.people import biases_on_card
from hitl_widgets.preferences.revising import revised_on_card
from hitl_widgets.preferences.training import Said, Trainer, check_path, most, reasons_of, rows_of
from hitl_widgets.questions.pair import FIRST, SECOND
from hitl_widgets.session import loop_of

if TYPE_CHECKING:
    from hitl_widgets.preferences.learned import Learned
    from hitl_widgets.preferences.principles import Principles

__all__ = ["exported"]


def exported(
    learned: Learned,
    principles: Principles,
    path: str | os.PathLike[str],
    to: Trainer,
    *,
    messages: bool,
    margin: bool,
) -> Path:
    """Write a file and its card, and return its path: see :meth:`.Preferences.export`."""
    from hitl_widgets.transfer.cards import session_card
    from hitl_widgets.transfer.exporting import pseudonyms

    trainer, target = one_of("to", to, get_args(Trainer)), check_path(path)
    check_flags(messages=messages, margin=margin)
    answers = learned.answers
    made = rows_of(trainer, learned.candidates, _said(learned), messages=messages, margin=margin)
    if not made.rows:
        raise HitlError(
            f"There is nothing to write for to={to!r}, because no answer prefers one of two: answer more."
        )
    with replacing(target) as part:
        write_rows(made.rows, part)
    loop = loop_of(answers.session)
    notes = [f"{len(made.rows):,} {'row' if len(made.rows) == 1 else 'rows'}.", *made.notes]
    if not answers.of_pairs:
        n, top = len(answers.given()), answers.session.schema.settings.get("top")
        implied = f"The preferences are the pairs implied by {n:,} {'ranking' if n == 1 else 'rankings'}."
        best = f" Only the best {top} were ranked (top={top}); the others are below them, in no order."
        notes.insert(1, implied + (best if top else ""))
    if n := answers.n_elsewhere:
        answers.warn_of_elsewhere(n)
        what = "1 answer" if n == 1 else f"{n:,} answers"
        notes.append(f"Not in the file: {what} about other candidates or prompts.")
    notes += revised_on_card(answers)
    lines = "\n".join(f"- {line}" for line in notes)
    sections = [f"## File for {trainer.upper()}: {target.name}", lines]
    if answers.of_pairs:
        sections += biases_on_card(answers.people(), pseudonyms(loop.log.events()))
        sections += beside_on_card(answers.given(), answers.session.schema)
    sections += principles.on_card()
    session_card(loop, {}, "", sections).save(target.with_name(f"{target.name}.card.md"))
    return target


def _said(learned: Learned) -> Said:
    answers = learned.answers
    every = answers.given()
    if not len(every) and not every.revised:
        raise HitlError("There is nothing to export yet: answer at least one question.")
    given, reward = every_comparison(answers.learner, every), learned.posterior().mean
    first, second = given.first, given.second
    if not answers.of_pairs:
        each = Said(first, second, np.where(given.y == 1, FIRST, SECOND), reward)
        return most(each)[0]
    schema, n = answers.session.schema, len(every)
    # A corrected text and its draft are a pair like any other, in the order of the pair.
    turned = [learned.candidates.in_order(a, b) != (a, b) for a, b in zip(first[n:], second[n:], strict=True)]
    said_of = [schema.ids[code] for code in every.y.tolist()] + [SECOND if one else FIRST for one in turned]
    swap = np.array([False] * n + turned, bool)
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    said, at = most(Said(first, second, np.array(said_of), reward))
    keys = answers.session.pool.keys
    ids = [keys[every.rows[i]] if i < n else "" for i in at.tolist()]
    told, lost = reasons_of(loop_of(answers.session).log, dict(zip(ids, said.answer.tolist(), strict=True)))
    return replace(said, told=[told.get(one, {}) for one in ids], lost=lost)
