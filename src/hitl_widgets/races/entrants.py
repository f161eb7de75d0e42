"""The contestants of a simulation: a learner, a strategy, a size of the batches, and whom to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.learner import Learner, as_learner
from hitl_widgets.learn.strategies import Strategy, as_strategy
from hitl_widgets.races.arguments import whole
from hitl_widgets.races.people import Annotator, Whom, read_whom

__all__ = ["Entrant", "read_entrants"]

PARTS = ("learner", "strategy", "batch", "whom")


@dataclass(frozen=True, eq=False)
class Entrant:
    """A contestant.

    Attributes
    ----------
    batch
        Labels between two updates of the model.
    whom_name, whom
        Whom it asks; empty and None without ``annotators=``.
    """

    name: str
    learner_name: str
    strategy_name: str
    learner: Learner
    strategy: Strategy
    batch: int = 1
    whom_name: str = ""
    whom: Whom | None = None


def read_entrants(
    learners: Any, strategies: Any, contestants: Any, batch: Any, whom: Any, people: tuple[Annotator, ...]
) -> list[Entrant]:
    """The contestants, with their display names."""
    sizes = [whole("batch", one) for one in (batch if isinstance(batch, list | tuple) else [batch])]
    if not sizes or len(set(sizes)) < len(sizes):
        raise InvalidInput(f"batch={batch!r}: expected a size, or a list of different ones such as [1, 10].")
    asked = _whom(whom, people)
    if contestants is None:
        those, ways = _named("learners", learners, _learner), _named("strategies", strategies, _strategy)
        pairs = [Entrant("", a, b, those[a], ways[b]) for a, b in product(those, ways)]
        names = [_pair_name(e, len(those), len(ways)) for e in pairs]
    else:
        if not isinstance(contestants, Mapping) or not contestants:
            raise InvalidInput("contestants= must be a dict: {name: (learner, strategy)}.")
        for name, given in (("learners", learners), ("strategies", strategies)):
            if not isinstance(given, tuple) or given != ("auto",):
                raise InvalidInput(f"{name}= and contestants= are mutually exclusive: omit {name}=.")
        names = [str(name) for name in contestants]
        read = [_contestant(name, given, people) for name, given in contestants.items()]
        if any(own for _, own in read):
            return [_complete(e, own, name, sizes, asked) for name, (e, own) in zip(names, read, strict=True)]
        pairs = [e for e, _ in read]
    found = []
    for (name, e), size, (who, rule) in product(zip(names, pairs, strict=True), sizes, asked.items()):
        parts = [name, *[f"batch {size}"] * (len(sizes) > 1), *[f"ask {who}"] * (len(asked) > 1)]
        if len(pairs) == 1 and contestants is None and len(parts) > 1:
            del parts[0]  # only what tells them apart
        found.append(replace(e, name=", ".join(parts), batch=size, whom_name=who, whom=rule))
    return found


def _pair_name(e: Entrant, n_learners: int, n_strategies: int) -> str:
    if n_learners == n_strategies == 1 and e.strategy_name == "auto":
        return e.learner_name
    if n_learners == 1:
        return e.strategy_name
    return e.learner_name if n_strategies == 1 else f"{e.learner_name} + {e.strategy_name}"


def _whom(whom: Any, people: tuple[Annotator, ...]) -> dict[str, Whom | None]:
    if not people:
        if whom is not None:
            raise InvalidInput(f"whom={whom!r} requires annotators=: who can be asked?")
        return {"": None}
    given = ["random"] if whom is None else whom if isinstance(whom, list | tuple | Mapping) else [whom]
    return dict(_named("whom", given, lambda one: read_whom(one, people)))


def _contestant(name: Any, given: Any, people: tuple[Annotator, ...]) -> tuple[Entrant, dict[str, Any]]:
    """A contestant, and the settings of its own that are not a learner or a strategy."""
    if isinstance(given, Mapping):
        if odd := [key for key in given if key not in PARTS]:
            hint = nearest(str(odd[0]), PARTS)
            raise InvalidInput(f"contestants[{name!r}] has {odd[0]!r}.{hint} Expected {choices(PARTS)}.")
        learner, strategy = given.get("learner", "auto"), given.get("strategy", "auto")
        own: dict[str, Any] = {}
        if "batch" in given:
            own["batch"] = whole(f"contestants[{name!r}]['batch']", given["batch"])
        if "whom" in given:
            if not people:
                raise InvalidInput(f"contestants[{name!r}] has whom=, which requires annotators=.")
            own["whom_name"], own["whom"] = read_whom(given["whom"], people)
    elif isinstance(given, tuple | list) and len(given) == 2:
        (learner, strategy), own = given, {}
    else:
        raise InvalidInput(
            f"contestants[{name!r}] must be a pair (learner, strategy), or a dict of {choices(PARTS)}."
        )
    (learner_name, made), (strategy_name, way) = _learner(learner), _strategy(strategy)
    return Entrant(str(name), learner_name, strategy_name, made, way), own


def _complete(e: Entrant, own: dict[str, Any], name: str, sizes: list[int], asked: dict[str, Any]) -> Entrant:
    """A contestant with settings of its own; for the others, there must be one value for all."""
    if ("batch" not in own and len(sizes) > 1) or ("whom" not in own and len(asked) > 1):
        raise InvalidInput(
            f"contestants[{name!r}] does not say which of batch={sizes} or whom={list(asked)} it uses: pass "
            "one value for all, or give each contestant its own."
        )
    (who, rule), *_ = asked.items()
    return replace(e, **({"batch": sizes[0], "whom_name": who, "whom": rule} | own))


def _named(argument: str, given: Any, read: Callable[[Any], tuple[str, Any]]) -> dict[str, Any]:
    if isinstance(given, Mapping):
        found = {str(name): read(one)[1] for name, one in given.items()}
    else:
        found = {}
        for one in given if isinstance(given, list | tuple) else [given]:
            name, made = read(one)
            same = sum(n == name or n.rpartition(" ")[0] == name for n in found)
            found[f"{name} {same + 1}" if same else name] = made
    if not found:
        raise InvalidInput(f"{argument}= is empty: pass at least one, such as ['auto'].")
    return found


def _learner(given: Any) -> tuple[str, Learner]:
    made = as_learner(given)
    return (given if isinstance(given, str) else made.name), made


def _strategy(given: Any) -> tuple[str, Strategy]:
    name, made = as_strategy(given)
    return (given if isinstance(given, str) else name), made
