"""Questions that ask for an order of several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput
from hitl_widgets.questions.base import Names, Shading
from hitl_widgets.questions.classless import Classless
from hitl_widgets.questions.schema import Schema, palette
from hitl_widgets.questions.untaught import Untaught
from hitl_widgets.questions.values import plain
from hitl_widgets.questions.vocabulary import Vocabulary

if TYPE_CHECKING:
    from hitl_widgets.learn.problems.base import Target

__all__ = ["KINDS", "Order", "Ranking"]

MOST = 30


@dataclass(frozen=True, slots=True)
class Order:
    """An answer.

    Attributes
    ----------
    places
        The places of the members in the item, from 1 on, best first.
    shown
        The order in which they were shown at first; empty if unknown. It is not part of what was said.
    """

    places: tuple[int, ...]
    shown: tuple[int, ...] = field(default=(), compare=False)


class Ranking(Untaught, Classless):
    """The members of an item in an order, best first.

    The log stores ``{"ranking": [places], "shown": [places]}``; ``shown`` is missing in answers from Python.
    """

    name = "ranking"
    asks = "a ranking"
    bulk = False
    predicts = True
    items = ("list",)
    card = "A label is a ranking: the places of the members in the item, best first, as JSON in files."
    agreement = (
        " Two rankings agree by Kendall's tau, scaled to 0-1: the share of pairs that are in the same order."
    )

    def parse(self, value: Any, vocabulary: Vocabulary) -> Order:  # noqa: ARG002
        """Parse a list of places, also as JSON, or the form of the log."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise InvalidInput(f"{value!r} is not a ranking: expected JSON, such as [2, 1, 3].") from None
        given, shown = value, None
        if isinstance(value, Mapping):
            given, shown = value.get("ranking"), _order(value.get("shown"))
        places = _order(given)
        if places is None:
            raise InvalidInput(
                f"{given!r} is not a ranking: expected the places of all members, best first: [2, 1, 3]."
            )
        return Order(places, shown if shown and len(shown) == len(places) else ())

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:  # noqa: ARG002
        """Raise InvalidInput for a ranking of more or fewer members than the item has."""
        if len(answer.places) != extent[0]:
            raise InvalidInput(
                f"The ranking {list(answer.places)} has {len(answer.places)} places, but the item has "
                f"{extent[0]:.0f} members."
            )

    def load(self, value: Any, vocabulary: Vocabulary) -> Order | None:  # noqa: ARG002
        """Return the ranking."""
        places = _order(value.get("ranking")) if isinstance(value, Mapping) else None
        if places is None:
            return None
        shown = _order(value.get("shown"))
        return Order(places, shown if shown and len(shown) == len(places) else ())

    def dump(self, answer: Any) -> dict[str, list[int]]:
        """Return ``{"ranking": [places], "shown": [places]}``."""
        found = {"ranking": list(answer.places)}
        return found | {"shown": list(answer.shown)} if answer.shown else found

    def said(self, answer: Any, vocabulary: Names) -> Any:  # noqa: ARG002
        """Return the places as a list, best first."""
        return list(answer.places)

    def shown(self, answer: Any) -> str:
        """Return the order in which they were shown at first, as text; empty if unknown."""
        return ", ".join(map(str, answer.shown))

    def text(self, said: Any) -> str:
        """Return the places as text, best first."""
        return " > ".join(map(str, said))

    def cell(self, label: Any) -> Any:
        """Return the list as JSON text."""
        return json.dumps(label) if isinstance(label, list) else label

    def target(self, answers: Sequence[Any], schema: Schema) -> Target:  # noqa: ARG002
        """Return the ranks of the members, from which their score is learned."""
        from hitl_widgets.learn.problems.base import Target
        from hitl_widgets.learn.problems.ordering import Ordering

        k = max((len(answer.places) for answer in answers), default=2)
        ranks = np.full((len(answers), k), -1, np.int8)
        for row, answer in zip(ranks, answers, strict=True):
            row[np.asarray(answer.places) - 1] = np.arange(len(answer.places))
        return Target(Ordering(), ranks, np.ones(len(answers), np.bool_))

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:  # noqa: ARG002
        """Say so, without naming the places, which the page does not show."""
        return "unsure which of two neighbours is better" if belief.known[i] else ""

    def guesses(self, belief: Any, schema: Schema) -> list[Any]:  # noqa: ARG002
        """Return the places of the members, best first."""
        return [
            [member + 1 for member in belief.order(i)] if known else None
            for i, known in enumerate(belief.known.tolist())
        ]

    def guess_words(self, belief: Any, i: int) -> str:
        """Return how certain the least certain neighbours are; the page does not show the places."""
        return f"its least certain neighbours are {100 - 50 * belief.uncertainty[i]:.0f} % in order"

    def columns(self, belief: Any, schema: Schema) -> dict[str, npt.NDArray[Any]]:  # noqa: ARG002
        """Return the probability of each member to be the best."""
        P = np.where(belief.known[:, None] & (belief.P > 0), belief.P, np.nan)
        return {f"p_best_{place}": P[:, place - 1] for place in range(1, P.shape[1] + 1)}

    def ways_to_colour(self, schema: Schema) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """Return one way: by the best member."""
        return [("", "best member")]

    def shading(self, answers: Sequence[Any], schema: Schema, by: str) -> Shading:  # noqa: ARG002
        """Shade by the place of the best member in the item."""
        k = max((len(answer.places) for answer in answers), default=2)
        legend = tuple(
            (f"{place} is best", color) for place, color in zip(range(1, k + 1), palette(), strict=False)
        )
        best = np.array([answer.places[0] - 1 for answer in answers], np.uint8)

        def guesses(belief: Any) -> npt.NDArray[np.uint8]:
            found = belief.predicted
            return np.where((found >= 0) & (found < k), found, 255).astype(np.uint8)

        return Shading(legend, best, guesses)

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return the share of pairs in the same order: Kendall's tau (Kendall 1938), scaled to 0-1."""
        left, right = ({place: k for k, place in enumerate(order.places)} for order in (a, b))
        if left.keys() != right.keys():
            return 0.0
        pairs = list(combinations(left, 2))
        return sum((left[x] < left[y]) == (right[x] < right[y]) for x, y in pairs) / len(pairs)


def _order(value: Any) -> tuple[int, ...] | None:
    """Return a list of 2 to 30 places from 1 on, each once; None for anything else."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= MOST:
        return None
    places = [plain(place) for place in value]
    if not all(isinstance(p, int | float) and not isinstance(p, bool) and p == p // 1 for p in places):
        return None
    found = tuple(map(int, places))
    return found if sorted(found) == list(range(1, len(found) + 1)) else None


KINDS = (Ranking(),)
