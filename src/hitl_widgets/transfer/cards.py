"""A card of a session's labels and its model, to read in the notebook."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hitl_widgets.formats.card import card, escaped, table
from hitl_widgets.loop.loop import Loop
from hitl_widgets.paths import full_path, replacing
from hitl_widgets.transfer.exporting import facts_of, pseudonyms
from hitl_widgets.transfer.frames import folded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Card", "session_card"]


class Card(str):
    """Markdown that a notebook displays as such."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the card to a file, with mode 0600; return its path."""
        target = full_path(path)
        with replacing(target) as part:
            part.write_text(str(self), encoding="utf-8")
        return target


def session_card(
    loop: Loop, groups: Mapping[str, pd.DataFrame], intended: str, sections: Sequence[str] = ()
) -> Card:
    """Return the card: see :meth:`~hitl_widgets.trust.Trust.card`; ``sections`` are further ones."""
    loop.log.catch_up()
    events = loop.log.events()
    facts = facts_of(loop, folded(map(loop.log.ledger.naming.meant, events)), events, names=False)
    called = pseudonyms(events)
    labels = facts.labels.assign(annotator=facts.labels["annotator"].map(lambda who: called.get(who, who)))
    use = (
        escaped(intended) if intended else "Not stated. Pass intended= to say what labels and model are for."
    )
    more = ["## Intended use", use, *_model(loop), *_groups(groups), *sections]
    return Card(card(replace(facts, labels=labels), more))


def _model(loop: Loop) -> list[str]:
    found, ground = loop.round, loop.background.ground
    if found is None or not found.model:
        return ["## Model", "There is no model yet."]
    name = "auto (an average of several models)" if found.model == "auto" else escaped(found.model)
    why = f" {escaped(found.explanation[:1].upper() + found.explanation[1:])}." if found.explanation else ""
    width = "" if ground is None else f" Each item has {ground.X.shape[1]:,} features."
    words = f"Learner: {name}, trained on {len(loop.labels):,} labels.{why}{width}"
    return ["## Model", words]


def _groups(groups: Mapping[str, pd.DataFrame]) -> list[str]:
    parts = []
    for column, found in groups.items():
        rows = [
            (
                escaped(group),
                f"{int(row['n']):,}",
                *(_interval(row) if row["share"] >= 0 else ("-", "-")),
            )
            for group, row in found.iterrows()
        ]
        words = (
            f"Share of audited items that the model predicts correctly, by {escaped(column)}. Groups of "
            "fewer than ten are withheld."
        )
        parts += [words, table([escaped(column), "audited", "correct", "95 % interval"], rows)]
    return ["## Groups", *parts] if parts else []


def _interval(row: pd.Series) -> tuple[str, str]:
    return f"{row['share']:.0%}", f"{row['low']:.0%} to {row['high']:.0%}"
