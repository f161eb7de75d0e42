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
from hitl_widgets.questions.values import plain, refuse_strange
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
    top
        Whether the others are below these, in no order.
    """

    places: tuple[int, ...]
    shown: tuple[int, ...] = field(default=(), compare=False)
    top: bool = False


class Ranking(Untaught, Classless):
    """The members of an item in an order, best first, or only the best of them.

    The log stores ``{"ranking": [places], "shown": [places]}``; ``shown`` is missing in answers from Python.
    With ``"top": true`` the members that are not ranked are below the others, in no order. The settings are
    ``top``, how many are to be ranked, if not all.
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

    def parse(self, value: Any, vocabulary: Vocabulary) -> Order:
        """Parse a list of places, also as JSON, or the form of the log."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise InvalidInput(f"{value!r} is not a ranking: expected JSON, such as [2, 1, 3].") from None
        schema = None if vocabulary is None else vocabulary.schema
        top = None if schema is None else schema.settings.get("top")
        given, shown = value, None
        if isinstance(value, Mapping):
            refuse_strange(value, ("ranking", "shown", "top"))
            given, shown = value.get("ranking"), _order(value.get("shown"))
        places = _order(given, top=top is not None)
        if places is None:
            which = "all members" if top is None else f"the best {top}"
            raise InvalidInput(
                f"{given!r} is not a ranking: expected the places of {which}, best first: [2, 1, 3]."
            )
        return _made(places, shown, top is not None)

    def check(self, answer: Any, schema: Schema, extent: Sequence[float]) -> None:
        """Raise InvalidInput for a ranking of more or fewer members than are asked for."""
        n, top, given = int(extent[0]), schema.settings.get("top"), len(answer.places)
        if given != (n if top is None else min(top, n)):
            best = "" if top is None else f", of which the best {top} are asked for"
            places = "1 place" if given == 1 else f"{given} places"
            raise InvalidInput(
                f"The ranking {list(answer.places)} has {places}, but the item has {n} members{best}."
            )
        if beyond := [place for place in answer.places if place > n]:
            raise InvalidInput(f"The ranking has the place {beyond[0]}, but the item has {n} members.")

    def load(self, value: Any, vocabulary: Vocabulary) -> Order | None:  # noqa: ARG002
        """Return the ranking."""
        top = isinstance(value, Mapping) and value.get("top") is True
        places = _order(value.get("ranking"), top=top) if isinstance(value, Mapping) else None
        return None if places is None else _made(places, _order(value.get("shown")), top)

    def dump(self, answer: Any) -> dict[str, Any]:
        """Return the answer in the form of the log, without what is empty."""
        found: dict[str, Any] = {"ranking": list(answer.places)}
        found |= {"shown": list(answer.shown)} if answer.shown else {}
        return found | {"top": True} if answer.top else found

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

        k = max((MOST if answer.top else len(answer.places) for answer in answers), default=2)
        ranks = np.full((len(answers), k), -1, np.int8)
        for row, answer in zip(ranks, answers, strict=True):
            if answer.top:  # also where an item has no member, which whoever learns from it knows
                row[:] = len(answer.places)
            row[np.asarray(answer.places) - 1] = np.arange(len(answer.places))
        return Target(Ordering(), ranks, np.ones(len(answers), np.bool_))

    def doubt(self, belief: Any, i: int, names: Sequence[str]) -> str:  # noqa: ARG002
        """Say so, without naming the places, which the page does not show."""
        return "unsure which of two neighbours is better" if belief.known[i] else ""

    def guesses(self, belief: Any, schema: Schema) -> list[Any]:
        """Return the places of the members that are asked for, best first."""
        top = schema.settings.get("top")
        return [
            [member + 1 for member in belief.order(i)][:top] if known else None
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
        k = max((max(answer.places) for answer in answers), default=2)
        legend = tuple(
            (f"{place} is best", color) for place, color in zip(range(1, k + 1), palette(), strict=False)
        )
        best = np.array([answer.places[0] - 1 for answer in answers], np.uint8)

        def guesses(belief: Any) -> npt.NDArray[np.uint8]:
            found = belief.predicted
            return np.where((found >= 0) & (found < k), found, 255).astype(np.uint8)

        return Shading(legend, best, guesses)

    def agree(self, a: Any, b: Any, schema: Schema) -> float:  # noqa: ARG002
        """Return the share of pairs in the same order: Kendall's tau (Kendall 1938), scaled to 0-1.

        A pair that one of two rankings of the best does not order counts as half in the same order.
        """
        left, right = ({place: k for k, place in enumerate(order.places)} for order in (a, b))
        if not a.top and not b.top and left.keys() != right.keys():
            return 0.0
        last = (len(left), len(right))
        scores = []
        for x, y in combinations({**left, **right}, 2):
            one, other = (
                np.sign(of.get(y, end) - of.get(x, end)) for of, end in zip((left, right), last, strict=True)
            )
            scores.append((1 + float(one * other)) / 2)
        return sum(scores) / len(scores) if scores else float(left.keys() == right.keys())


def _made(places: tuple[int, ...], shown: tuple[int, ...] | None, top: bool) -> Order:
    fits = shown is not None and (len(shown) >= max(places) if top else len(shown) == len(places))
    return Order(places, shown if shown and fits else (), top)


def _order(value: Any, *, top: bool = False) -> tuple[int, ...] | None:
    """Return a list of 2 to 30 places from 1 on, each once, or some of these; None for anything else."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple) or not (1 if top else 2) <= len(value) <= MOST:
        return None
    places = [plain(place) for place in value]
    if not all(isinstance(p, int | float) and not isinstance(p, bool) and p == p // 1 for p in places):
        return None
    found = tuple(map(int, places))
    whole = range(1, MOST + 1) if top else range(1, len(found) + 1)
    return found if len(set(found)) == len(found) and set(found) <= set(whole) else None


KINDS = (Ranking(),)
