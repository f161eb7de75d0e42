"""What the session of some preferences asks: the question, and the pairs or lists that it is about."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput, nearest
from hitl_widgets.preferences.learners import PairLearner, RankLearner
from hitl_widgets.questions.pair import BOTH_BAD, TIE
from hitl_widgets.questions.question import Question
from hitl_widgets.session import Session

if TYPE_CHECKING:
    from hitl_widgets.labels.store import LabelStore
    from hitl_widgets.preferences.candidates import Candidates
    from hitl_widgets.questions.schema import Schema

__all__ = [
    "Ask",
    "check_ask",
    "check_more",
    "check_top",
    "learner_of",
    "pool_of",
    "question_of",
    "warn_of_changed",
]

Ask = Literal["pairs", "ranking"]
MOST_RANKED = 8
# The columns of answers() beside the criteria.
COLUMNS = frozenset(("prompt", "first", "second", "answer", "reason", "reasons", "revisions"))
COLUMNS |= {"annotator", "selection", "time", "id", "said", "elapsed_ms", "label"}
# What a session is told by Preferences, and not by the user.
SET_HERE = {
    "data", "html", "markdown", "image", "columns", "item", "X", "id", "context", "classes", "question",
    "schema", "labels", "sweep", "segment", "learner", "cost", "consensus",
}  # fmt: skip


def check_ask(ask: Any) -> None:
    """Raise InvalidInput unless pairs or rankings are asked for."""
    if ask not in ("pairs", "ranking"):
        raise InvalidInput(
            f"ask={ask!r}: expected 'pairs' or 'ranking'.{nearest(str(ask), ['pairs', 'ranking'])}"
        )


def check_more(more: Mapping[str, Any], of: type) -> None:
    """Raise InvalidInput for arguments that a session of pairs does not take, nor the class itself."""
    own, of_session = _arguments(of), _arguments(Session)
    if "consensus" in more:
        raise InvalidInput(
            "Preferences takes no consensus=: the reward learns from every answer of every annotator, and "
            "exports follow the answer that most of them gave. Leave it out."
        )
    if fixed_here := sorted(SET_HERE & more.keys()):
        raise InvalidInput(f"Preferences takes no {fixed_here[0]}=: it sets what its session asks.")
    if unknown := [name for name in more if name not in of_session]:
        known = [*own, *(name for name in of_session if name not in SET_HERE and name not in own)]
        raise InvalidInput(
            f"Preferences has no argument {unknown[0]}=.{nearest(unknown[0], known)} The arguments are "
            f"{', '.join(known)}."
        )


def _arguments(of: type) -> list[str]:
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    found = inspect.signature(of).parameters.values()
    return [one.name for one in found if one.kind not in kinds and one.name != "self"]


def question_of(
    ask: Ask, text: str, *, top: int | None, criteria: Iterable[str], reasons: Iterable[str], **answers: bool
) -> Schema:
    """Return the question; ``answers`` are further settings of :meth:`.Question.pair`."""
    criteria = [criteria] if isinstance(criteria, str) else list(criteria)
    reasons = [reasons] if isinstance(reasons, str) else list(reasons)
    if ask == "ranking":
        if criteria or reasons:
            given = "criteria" if criteria else "reasons"
            raise InvalidInput(f"{given}= is for ask='pairs': a ranking asks for an order only.")
        return Question.ranking(text, top=top)
    if top is not None:
        raise InvalidInput(f"top={top!r} is for ask='ranking'.")
    if taken := sorted(COLUMNS.intersection(criteria)):
        raise InvalidInput(f"criteria= contains {taken[0]!r}, which is a column of answers(): rename it.")
    return Question.pair(text, sides="given", criteria=criteria, reasons=reasons, **answers)


def warn_of_changed(store: LabelStore, task: str, question: Schema, annotator: str | None) -> None:
    """Warn if the task was asked with other settings before: its question is the same for everybody."""
    asked = [(event.annotator, event.value) for _, event in store.read(task) if event.kind == "schema"]
    if not asked:
        return
    by, value = asked[-1]
    before, now = _settings(value), _settings(question.to_dict())
    if value.get("kind") != question.kind or before == now:  # another kind is refused
        return
    changed = [name for name in now if now[name] != before[name]]
    whose = f", by {by!r}" if annotator is None or by != annotator else ""
    was, told = (", ".join(f"{name}={of[name]!r}" for name in changed) for of in (before, now))
    warnings.warn(
        f"The task {task!r} was last opened with {was}{whose}, and is now asked with {told}, also in "
        f"sessions that are open elsewhere. To go on as before, pass {was}; to ask both, pass "
        "task='another name'.",
        RuntimeWarning,
        stacklevel=3,
    )


def _settings(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a question asks for, as arguments of Preferences."""
    told, names = value.get("settings") or {}, [one.get("name") for one in value.get("classes", ())]
    if value.get("kind") == "ranking":
        return {"top": told.get("top")}
    return {
        "tie": TIE in names,
        "both_bad": BOTH_BAD in names,
        "reason": bool(told.get("reason")),
        "criteria": list(told.get("criteria") or ()),
        "reasons": list(told.get("reasons") or ()),
        "revisions": bool(told.get("revisions")),
    }


def check_top(top: int | None, candidates: Candidates) -> None:
    """Raise InvalidInput if more are to be ranked than any prompt has candidates."""
    if top is not None and top > (most := candidates.layout.most):
        raise InvalidInput(
            f"top={top}: no prompt has more than {most} candidates. Expected a number up to {most}, or None "
            "to rank all."
        )


def learner_of(ask: Ask, candidates: Candidates) -> PairLearner | RankLearner:
    """Return what learns from pairs or rankings of candidates, and knows which they are."""
    if ask == "pairs":
        return PairLearner(candidates, candidates.pairs)
    at = candidates.layout
    if at.most > MOST_RANKED:
        raise InvalidInput(
            f"A prompt has {at.most} candidates, and at most {MOST_RANKED} can be ranked at once: pass "
            "fewer, or ask='pairs'."
        )
    members = np.full((at.n_prompts, at.most), -1, np.int64)
    members[at.prompt, at.place] = np.arange(len(candidates))
    return RankLearner(candidates, members)


def pool_of(learner: PairLearner | RankLearner, kind: str, **shown: Any) -> Pool:
    """Return the pairs or lists of a learner as a pool; ``shown`` is how to show them."""
    import pandas as pd

    found = learner.candidates
    lists = [[i for i in row if i >= 0] for row in learner.members.tolist()]
    table = pd.DataFrame(
        {
            "id": list(map(found.key_of, lists)),
            "prompt": [found.words[found.prompt[row[0]]] for row in lists],
            "candidates": [[found.items[i] for i in row] for row in lists],
        }
    )
    pairs = isinstance(learner, PairLearner)
    pool = Pool.from_data(table, item="candidates", kind=f"list:{kind}", id="id", compares=pairs, **shown)
    return replace(pool, called="pairs" if pairs else "lists")
