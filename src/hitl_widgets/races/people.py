"""Simulated annotators of different quality and cost, and rules for whom to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.learner import FloatArray
from hitl_widgets.quality.consensus import Consensus, Votes, consensus
from hitl_widgets.quality.deferral import expected_accuracy
from hitl_widgets.races.arguments import positive, read_confusion, share

__all__ = [
    "WHOM",
    "Annotator",
    "Panel",
    "Whom",
    "agreed",
    "chosen",
    "least_price",
    "read_annotators",
    "read_whom",
    "reads_reliability",
]

Floats = npt.NDArray[np.float64]
Whom = Callable[[Floats, "Panel"], Any]

SETTINGS = ("noise", "abstain", "confusion", "cost")


@dataclass(frozen=True, eq=False)
class Annotator:
    """Who answers: see ``annotators=`` of :func:`~.simulate.simulate`."""

    name: str
    noise: float = 0.0
    abstain: float = 0.0
    confusion: FloatArray | None = None
    cost: float = 1.0


@dataclass(frozen=True, eq=False)
class Panel:
    """The annotators, for a function that chooses whom to ask about an item.

    Attributes
    ----------
    names
        The names of the annotators.
    cost
        (n_annotators,): what an answer of each about this item costs.
    affordable
        bool of shape (n_annotators,): whether the budget allows it.
    confusion
        (n_annotators, k, k): the estimated probability that each answers a class, given the true one; NaN
        until several have answered the same item.
    random_state
        A generator with a seed for this item.
    """

    names: tuple[str, ...]
    cost: Floats
    affordable: npt.NDArray[np.bool_]
    confusion: Floats
    random_state: np.random.Generator

    def expected(self, proba: Floats) -> Floats | None:
        """How likely each is to be right about the item, (n_annotators,); None if it is not known."""
        if not np.isfinite(self.confusion).all():
            return None
        return np.asarray(expected_accuracy(proba[None], self.confusion)[0])


def anyone(_: Floats, panel: Panel) -> int:
    """Somebody at random."""
    return int(panel.random_state.choice(np.flatnonzero(panel.affordable)))


def cheapest(_: Floats, panel: Panel) -> int:
    """The annotator who costs least."""
    return int(np.where(panel.affordable, panel.cost, np.inf).argmin())


def reliable(proba: Floats, panel: Panel) -> int:
    """The annotator most likely to be right about this item, as ``session.trust.ask_whom``."""
    right = panel.expected(proba)
    return anyone(proba, panel) if right is None else _best(right, panel)


def reliable_per_cost(proba: Floats, panel: Panel) -> int:
    """The annotator whose advantage over a guess is largest for each unit of cost."""
    right = panel.expected(proba)
    if right is None:
        return anyone(proba, panel)
    return _best((right - 1 / len(proba)) / panel.cost, panel)


def _best(worth: Floats, panel: Panel) -> int:
    return int(np.where(panel.affordable, worth, -np.inf).argmax())


WHOM: dict[str, Whom] = {
    "random": anyone,
    "cheapest": cheapest,
    "reliable": reliable,
    "reliable_per_cost": reliable_per_cost,
}


def reads_reliability(whom: Whom) -> bool:
    """Whether a rule needs to know how reliable the annotators are."""
    return whom not in {anyone, cheapest} and not isinstance(whom, _Always)


def read_annotators(annotators: Any, usual: Annotator, k: int) -> tuple[Annotator, ...]:
    """``annotators=``: ``{name: {setting: value}}``; ``usual`` has the settings for those not given."""
    if annotators is None:
        return ()
    if not isinstance(annotators, Mapping) or not annotators:
        raise InvalidInput(
            f"annotators={annotators!r}: expected a dict, such as {{'expert': {{'noise': 0.02, 'cost': 5}}, "
            "'crowd': {'noise': 0.2}}."
        )
    names = [str(name) for name in annotators]
    if odd := [name for name in names if name in WHOM or not name.strip()]:
        rule = f" {odd[0]!r} is a rule of whom=." if odd[0] in WHOM else ""
        raise InvalidInput(
            f"annotators= has one called {odd[0]!r}.{rule} Use another name, such as 'expert'."
        )
    return tuple(
        _annotator(name, given, usual, k) for name, given in zip(names, annotators.values(), strict=True)
    )


def _annotator(name: str, given: Any, usual: Annotator, k: int) -> Annotator:
    if not isinstance(given, Mapping):
        raise InvalidInput(
            f"annotators[{name!r}] is {given!r}: expected a dict of {choices(SETTINGS)}, or {{}} for one who "
            "is always right."
        )
    if odd := [key for key in given if key not in SETTINGS]:
        hint = nearest(str(odd[0]), SETTINGS)
        raise InvalidInput(f"annotators[{name!r}] has {odd[0]!r}.{hint} Expected {choices(SETTINGS)}.")
    where = f"annotators[{name!r}]"
    return Annotator(
        name,
        share(f"{where}['noise']", given.get("noise", usual.noise)),
        share(f"{where}['abstain']", given.get("abstain", usual.abstain)),
        read_confusion(given["confusion"], k) if "confusion" in given else usual.confusion,
        positive(f"{where}['cost']", given.get("cost", 1.0)),
    )


def read_whom(given: Any, people: tuple[Annotator, ...]) -> tuple[str, Whom]:
    """A rule for whom to ask, by its name, the name of an annotator, or as a function."""
    if callable(given):
        return str(getattr(given, "__name__", type(given).__name__)), given
    names = [one.name for one in people]
    if isinstance(given, str) and given in names:
        return given, _Always(names.index(given))
    if isinstance(given, str) and given in WHOM:
        return given, WHOM[given]
    known = [*WHOM, *names]
    hint = nearest(given, known) if isinstance(given, str) else ""
    raise InvalidInput(
        f"whom= contains {given!r}.{hint} Expected {choices(known)}, or a function (proba, panel) -> name."
    )


@dataclass(frozen=True)
class _Always:
    """One annotator answers everything."""

    who: int

    def __call__(self, *_: Any) -> int:
        return self.who


def least_price(whom: Whom | None, people: tuple[Annotator, ...]) -> float:
    """The least that a question can cost by this rule, for an item whose cost is 1."""
    if isinstance(whom, _Always):
        return people[whom.who].cost
    return min((one.cost for one in people), default=1.0)


def chosen(whom: Whom, proba: Floats, panel: Panel) -> int:
    """Whom a rule chooses, as a number.

    Raises
    ------
    InvalidInput
        If this is none of those who can be asked.
    """
    who = whom(proba, panel)
    if isinstance(who, str) and who in panel.names:
        who = panel.names.index(who)
    if isinstance(who, bool) or not isinstance(who, int | np.integer) or not 0 <= who < len(panel.names):
        raise InvalidInput(f"it returned {who!r}: expected one of {choices(panel.names)}")
    if not panel.affordable[who]:
        left = [name for name, may in zip(panel.names, panel.affordable, strict=True) if may]
        raise InvalidInput(
            f"it returned {panel.names[who]!r}, who exceeds the budget: choose among panel.affordable "
            f"({choices(left)})"
        )
    return int(who)


def agreed(
    votes: list[tuple[int, int, int]], n_people: int, k: int
) -> tuple[Consensus, npt.NDArray[np.int64]]:
    """The consensus of (item, annotator, code), and the items that it is about.

    Nothing is known of the annotators (NaN) until several have answered the same item.
    """
    items, place = np.unique([item for item, _, _ in votes], return_inverse=True)
    people, codes = [who for _, who, _ in votes], [code for _, _, code in votes]
    shape = (len(items), n_people, k)
    return consensus(Votes.of(place.tolist(), people, codes, shape)), items
