"""Texts that annotators corrected on the card, and that can become candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import ItemKind
from hitl_widgets.preferences.voices import Revised

if TYPE_CHECKING:
    from hitl_widgets.preferences.answers import Answers

__all__ = ["check_revisions", "revised_on_card", "waiting"]

TEXTS = ("text", "markdown", "html", "code")


def check_revisions(revisions: bool, ask: str, kind: ItemKind) -> None:
    """Raise InvalidInput if candidates cannot be corrected on the card."""
    if revisions and ask == "ranking":
        raise InvalidInput("revisions=True is for ask='pairs': a ranking asks for an order only.")
    if revisions and kind.name not in TEXTS:
        raise InvalidInput(
            f"revisions=True is for candidates that are texts, not for kind={kind.name!r}, because they are "
            "corrected by typing."
        )


def waiting(answers: Answers) -> list[tuple[int, Revised]]:
    """Return the corrected texts that are not among the candidates, each with the number of its prompt."""
    found, new = answers.candidates, []
    for one in answers.given().revised:
        prompt = int(found.prompt[answers.learner.members[one.row, one.place]])
        if found.key(found.words[prompt], one.text) not in found.places:
            new.append((prompt, one))
    return new


def revised_on_card(answers: Answers) -> list[str]:
    """Return what a data card says of corrected texts."""
    revised, n = answers.given().revised, len(waiting(answers))
    if not revised:
        return []
    what = "1 corrected text" if len(revised) == 1 else f"{len(revised):,} corrected texts"
    told = [f"Annotators wrote {what}. Each one that is a candidate is preferred to its draft."]
    if n:
        told.append(f"Not in the file: {n:,} of them, until prefs.add_revisions() adds them as candidates.")
    return told
