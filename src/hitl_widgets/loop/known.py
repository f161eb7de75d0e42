"""Known answers, experts, qualifications and guidance: what a session sets and reads for a team."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.loop.acts import Acts, checked_reason
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.qualifying import gold_rows
from hitl_widgets.questions.schema import MAX_NAME, is_unicode

__all__ = [
    "USUAL_SHARE",
    "check_share",
    "experts_of",
    "let_in",
    "name_experts",
    "name_gold",
    "require",
    "set_share",
]

# Share of the questions that are gold, unless another one is given.
USUAL_SHARE = 0.05
# More gold questions would take more of the annotators' time than the check is worth.
MOST_GOLD = 0.5


def name_gold(log: Log, acts: Acts, rows: Sequence[int], answers: Any, because: Any) -> None:
    """Record known answers; see :meth:`Session.gold`."""
    if answers is None:
        told: list[Any] = [_own_answer(log, row) for row in rows]
    else:
        told = _each(answers, len(rows), "answers")
    reasons = [checked_reason(one) for one in _each(because, len(rows), "because", whole=(str, type(None)))]
    groups: dict[tuple[str, str], tuple[Any, list[int]]] = {}
    with log.lock:
        fold = log.ledger.fold
        for row, value, why in zip(rows, told, reasons, strict=True):
            answer = fold.kind.parse(value, fold.vocabulary)  # all are checked before any is written
            groups.setdefault((repr(answer), why), (value, []))[1].append(row)
    for (_, why), (value, some) in groups.items():
        acts.decide(some, value, why or None, gold=True)


def _own_answer(log: Log, row: int) -> Any:
    with log.lock:
        ledger = log.ledger
        key = ledger.pool.keys[row]
        held = ledger.verdict(key) or ledger.fold.current(key).get(log.annotator)
        if held is None or ledger.fold.now(held) is None:
            raise InvalidInput(
                f"Item {ledger.pool.ids[row]!r} has no label of yours: pass answers=, or label it first."
            )
        return ledger.fold.kind.dump(ledger.fold.now(held))


def _each(values: Any, n: int, name: str, whole: tuple[type, ...] = (str, dict)) -> list[Any]:
    """One value for each of ``n`` items: the same for all, or a list of as many."""
    if isinstance(values, whole) or not isinstance(values, Iterable):
        return [values] * n
    found = list(values)
    if len(found) != n:
        raise InvalidInput(
            f"{name}= has {len(found):,} entries for {n:,} items: pass one for each, or one for all."
        )
    return found


def check_share(share: Any) -> None:
    """Raise InvalidInput for an invalid share of the questions that are gold."""
    if share is None:
        return
    number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
    if not number or not 0 <= share <= MOST_GOLD:
        raise InvalidInput(
            f"share={share!r}: expected a share of the questions from 0 to {MOST_GOLD}, such as 0.05."
        )


def set_share(log: Log, acts: Acts, share: float) -> None:
    """Record the share of the questions that are gold, if it is another one."""
    if float(share) != log.ledger.fold.crew.gold_share:
        acts.set_team({"gold_share": float(share)})


def name_experts(log: Log, acts: Acts, experts: Any) -> None:
    """Record who knows which classes best; see :meth:`Session.name_experts`."""
    if not isinstance(experts, Mapping):
        raise InvalidInput(f"experts={experts!r}: expected a dict such as {{'ann': ['billing']}}.")
    schema, found = log.schema, dict[str, list[str]]()
    if not schema.classes:
        raise InvalidInput("experts= names classes, but this question has none.")
    for who, classes in experts.items():
        named = [classes] if isinstance(classes, str) or not isinstance(classes, Iterable) else list(classes)
        found[_name(who)] = [_class_id(log, one) for one in named]
    if found != {who: list(ids) for who, ids in log.ledger.fold.crew.experts.items()}:
        acts.set_team({"experts": found})


def _class_id(log: Log, value: Any) -> str:
    schema = log.schema
    found = schema.find(value)
    if found is None:
        raise InvalidInput(
            f"Unknown class {value!r}: expected one of {choices(schema.names)}."
            f"{nearest(str(value), list(schema.names))}"
        )
    return schema.ids[schema.names.index(found)]


def experts_of(log: Log) -> dict[str, list[Any]]:
    """The classes of each expert, as the user named them."""
    with log.lock:
        fold, schema = log.ledger.fold, log.schema
        own = dict(zip(schema.ids, schema.values, strict=False))
        now = {who: map(fold.vocabulary.heir, ids) for who, ids in fold.crew.experts.items()}
        return {who: [own[id_] for id_ in ids if id_ in own] for who, ids in now.items()}


def require(log: Log, acts: Acts, n: Any, share: Any, practice: Any, tries: Any) -> None:
    """Record what people must pass; see :meth:`Session.qualify`."""
    if n is None:
        acts.set_team({"qualify": None})
        return
    for name, value, least in (("n", n, 1), ("practice", practice, 0), ("tries", tries, 1)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise InvalidInput(f"{name}={value!r}: expected a whole number of at least {least}.")
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 < share <= 1:
        raise InvalidInput(f"share={share!r}: expected a share of right answers, such as 0.8, at most 1.")
    there = len(gold_rows(log))
    if there < n + practice:
        raise InvalidInput(
            f"This needs {n + practice} items with known answers, {practice} to practise and {n} to qualify; "
            f"there are {there}. Name them with session.gold(ids, answers), or ask fewer questions."
        )
    told = {"n": int(n), "share": float(share), "practice": int(practice), "tries": int(tries)}
    acts.set_team({"qualify": told})


def let_in(log: Log, acts: Acts, annotator: Any) -> None:
    """Record that somebody need not qualify."""
    name = _name(annotator)
    with log.lock:
        crew = log.ledger.fold.crew
        own = not crew.may_label(log.annotator)
    if crew.required is None:
        raise InvalidInput("Everybody may label here: session.qualify() has not been called.")
    if own:
        raise InvalidInput("You have not passed the qualification, so you cannot let anybody in.")
    acts.set_team({"let_in": name})


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME or not is_unicode(value):
        raise InvalidInput(f"{value!r} is not an annotator's name: expected 1 to {MAX_NAME} characters.")
    return value
