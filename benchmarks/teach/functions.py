"""Twenty-four labelling functions for the TREC questions, written from question words before they ran."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

CLASSES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")

# A pattern that is searched in the question, and the class that it votes for.
FUNCTIONS: dict[str, tuple[str, str]] = {
    "who": (r"^who\b", "HUM"),
    "whose": (r"\b(whose|whom)\b", "HUM"),
    "people": (r"\b(actor|actress|president|author|inventor|singer|leader|person|man|woman)\b", "HUM"),
    "company": (r"\b(company|organization|team|band|group)\b", "HUM"),
    "where": (r"^where\b", "LOC"),
    "places": (r"\b(city|country|state|continent|capital|county|province)\b", "LOC"),
    "waters": (r"\b(river|mountain|mountains|island|ocean|lake|sea|desert)\b", "LOC"),
    "how many": (r"^how (many|much)\b", "NUM"),
    "when": (r"^when\b", "NUM"),
    "how long": (r"^how (long|far|tall|old|big|fast|high|often|deep|large|hot|cold)\b", "NUM"),
    "dates": (r"\b(year|date|day|month|century|birthday)\b", "NUM"),
    "quantities": (r"\b(population|percentage|number|speed|temperature|distance|average|cost|rate)\b", "NUM"),
    "why": (r"^why\b", "DESC"),
    "how do": (r"^how (do|does|did|can|is|are|was|to|would)\b", "DESC"),
    "definition": (r"^what (is|are) (an? )?[\w-]+( [\w-]+)? \?$", "DESC"),
    "meaning": (r"\b(mean|meaning|definition|origin|purpose|difference)\b", "DESC"),
    "what does": (r"^what (do|does|did|causes?|happens?|happened)\b", "DESC"),
    "living": (r"\b(animal|bird|dog|cat|fish|plant|flower|fruit|tree|insect)s?\b", "ENTY"),
    "works": (r"\b(book|film|movie|song|novel|play|poem|magazine|newspaper|show)s?\b", "ENTY"),
    "things": (r"\b(color|food|drink|sport|game|instrument|language|disease|product|religion)s?\b", "ENTY"),
    "kinds": (r"\bwhat (kind|type|sort|breed) of\b", "ENTY"),
    "terms": (r"\b(called|term|word|nickname)\b", "ENTY"),
    "stands for": (r"\bstands? for\b", "ABBR"),
    "abbreviation": (r"\b(abbreviation|acronym|initials|full form)\b", "ABBR"),
}


def votes_of(texts: Sequence[str], classes: dict[str, str] | None = None) -> npt.NDArray[np.int16]:
    """The votes, (n_texts, 24), -1 where a function abstains; ``classes`` replaces the class of each."""
    found = np.full((len(texts), len(FUNCTIONS)), -1, np.int16)
    for j, (name, (pattern, kind)) in enumerate(FUNCTIONS.items()):
        search = re.compile(pattern, re.IGNORECASE).search
        code = CLASSES.index((classes or {}).get(name, kind))
        found[[i for i, text in enumerate(texts) if search(text)], j] = code
    return found
