"""Words and patterns that annotators have typed, to be suggested in all texts of the session."""

from __future__ import annotations

import threading

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.log import Log
from hitl_widgets.search.places import Terms, longest, typed_terms

__all__ = ["MOST_RULES", "Rules", "places_of"]

MOST_RULES = 100
# Places in one text that somebody can still review.
MOST_PLACES = 5_000

Place = tuple[int, int, str]


def places_of(typed: str, text: str) -> list[tuple[int, int]]:
    """Return the places of what was typed, of which none overlap.

    Raises
    ------
    InvalidInput
        If it is no word or pattern, or occurs too often.
    """
    found = longest((*place, "") for place in typed_terms(typed).places(text))
    if len(found) > MOST_PLACES:
        raise InvalidInput(
            f"{typed} occurs at {len(found):,} places in this text; the limit is {MOST_PLACES:,}. Type "
            "something that is rarer."
        )
    return [(start, end) for start, end, _ in found]


class Rules:
    """What was typed, with the class that it suggests. It is kept as long as the session.

    Parameters
    ----------
    pool, log
        The texts, and the question about them.

    Attributes
    ----------
    version
        A number that changes with the rules.
    """

    def __init__(self, pool: Pool, log: Log) -> None:
        self._pool, self._log = pool, log
        self._rules: dict[tuple[str, str], Terms] = {}
        self._changing = threading.Lock()
        self.version = 0

    def add(self, typed: str, class_id: str) -> None:
        """Suggest what was typed from now on; raise InvalidInput if it is no word or pattern."""
        schema, terms = self._log.labels.schema, typed_terms(typed)
        if class_id not in schema.ids[: len(schema.classes)]:
            raise InvalidInput(f"{class_id!r} is not a class of this task that can be chosen.")
        with self._changing:
            if len(self._rules) >= MOST_RULES:
                raise InvalidInput(f"There are {MOST_RULES} searches in all texts already: remove one.")
            self._rules = {**self._rules, (typed.strip(), class_id): terms}
            self.version += 1

    def remove(self, typed: str, class_id: str) -> None:
        """Suggest it no longer."""
        with self._changing:
            self._rules = {rule: terms for rule, terms in self._rules.items() if rule != (typed, class_id)}
            self.version += 1

    def told(self, row: int) -> list[tuple[str, str, int]]:
        """Return what was typed, the class, and the number of places in a text."""
        text = self._pool.items[row]
        return [(typed, id_, len(terms.places(text))) for (typed, id_), terms in self._rules.items()]

    def spans(self, row: int) -> list[Place]:
        """Return the places in a text, with the ids of classes that can be chosen."""
        if not self._rules:
            return []
        schema, text = self._log.labels.schema, self._pool.items[row]
        offered = schema.ids[: len(schema.classes)]
        found = [
            (*place, id_)
            for (_, id_), terms in self._rules.items()
            if id_ in offered
            for place in terms.places(text)
        ]
        return longest(found, overlap=bool(schema.settings.get("overlap")))
