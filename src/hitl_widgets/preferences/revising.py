"""Corrected texts that annotators wrote on the card, as candidates that they prefer to their drafts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import ItemKind
from hitl_widgets.preferences.candidates import Candidates
from hitl_widgets.questions.pair import PLACES

if TYPE_CHECKING:
    from hitl_widgets.preferences.answers import Answers

__all__ = ["Revised", "check_revisions", "preferred", "revisions_of", "waiting"]

TEXTS = ("text", "markdown", "html", "code")


@dataclass(frozen=True)
class Revised:
    """A corrected text.

    Attributes
    ----------
    prompt
        The number of the prompt.
    draft
        The key of the candidate that was corrected.
    text
        What it became.
    who
        The annotator.
    """

    prompt: int
    draft: str
    text: str
    who: str


def check_revisions(revisions: bool, ask: str, kind: ItemKind) -> None:
    """Raise InvalidInput if candidates cannot be corrected on the card."""
    if revisions and ask == "ranking":
        raise InvalidInput("revisions=True is for ask='pairs': a ranking asks for an order only.")
    if revisions and kind.name not in TEXTS:
        raise InvalidInput(
            f"revisions=True is for candidates that are texts, not for kind={kind.name!r}, because they are "
            "corrected by typing."
        )


def revisions_of(answers: Answers) -> list[Revised]:
    """Return the corrected texts in the current answers of everybody, oldest first."""
    found, every = answers.candidates, answers.given()
    written = []
    for row, answer, who in zip(every.rows.tolist(), every.answers, every.who, strict=True):
        members = answers.learner.members[row].tolist()
        for place, text in getattr(answer, "revisions", ()):
            draft = members[PLACES.index(place)]
            written.append(Revised(int(found.prompt[draft]), found.keys[draft], text, who))
    return written


def waiting(answers: Answers) -> list[Revised]:
    """Return the corrected texts that are not among the candidates."""
    found = answers.candidates
    return [one for one in revisions_of(answers) if _key(found, one) not in found.places]


def _key(found: Candidates, one: Revised) -> str:
    return found.key(found.words[one.prompt], one.text)


def preferred(found: Candidates, of: list[Revised]) -> list[dict[str, Any]]:
    """Return rows of labels: each text is preferred to its draft by who wrote it.

    ``found`` contains the texts.
    """
    rows = {}
    for one in of:
        new = found.places[_key(found, one)]
        draft = found.places[one.draft]
        if new != draft:
            pair = found.in_order(draft, new)
            told = {"id": found.key_of(pair), "label": pair.index(new) + 1, "annotator": one.who}
            rows[told["id"], one.who] = told  # the last one, if a text was corrected into the other and back
    return list(rows.values())
