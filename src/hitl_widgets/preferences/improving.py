"""Ways to improve: a policy from the reward that was learned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, a_type
from hitl_widgets.preferences.candidates import read_candidates
from hitl_widgets.preferences.checks import check_function, check_given, number, one_of, seed, whole
from hitl_widgets.preferences.policies import BestOf, Policy, Rejection, Tilted, given_base, of_function
from hitl_widgets.preferences.samples import SIGNATURE
from hitl_widgets.preferences.trigram import reinforce

if TYPE_CHECKING:
    from hitl_widgets.preferences.learned import Learned

__all__ = ["How", "policy_of"]

How = Literal["best", "tilt", "reject", "trigram"]


def policy_of(
    learned: Learned,
    maker: Any,
    how: How,
    *,
    n: int,
    kl: float,
    generate: Any,
    texts: Sequence[str] | None,
    steps: int,
    beta: float,
    judge: Any,
    random_state: int,
) -> Policy:
    """Return a policy: see :meth:`.Preferences.improve`; ``maker`` makes samples if ``generate`` is None."""
    how = one_of("how", how, get_args(How))
    check_given(how, ("trigram",), texts=texts, judge=judge)
    check_given(how, ("best", "reject"), generate=generate)
    n = whole("n", n, 2, 256, "a number of samples")
    steps = whole("steps", steps, 1, 10_000, "a number of steps")
    kl = number("kl", kl, "a number of nats above 0, such as 1.0")
    beta = number("beta", beta, "a number from 0 on, such as 0.1", zero=True)
    random_state = seed(random_state)
    if generate is not None:
        check_function("generate", generate, SIGNATURE)
    if judge is not None:
        check_function("judge", judge, "(texts, others) -> how often each is preferred to the other")
    post, found, rng = learned.posterior(), learned.candidates, np.random.default_rng(random_state)

    def rewards(items: Sequence[Any]) -> npt.NDArray[np.float64]:
        # Conversations may be lists of messages.
        read = [
            one
            if isinstance(one, str) or not found.kind.reads
            else read_candidates(found.kind, [one], "a sample")[0]
            for one in items
        ]
        return post.of(found.columns_of(read))[0]

    if how == "tilt":
        return Tilted(found, post.mean, kl, rng)
    if how == "trigram":
        if texts is None and not found.kind.reads:
            raise InvalidInput(
                f"Candidates of kind {found.kind.name!r} have no words: how='trigram' is for texts."
            )
        start = list(map(found.text, found.items)) if texts is None else _texts(texts)
        return reinforce(start, rewards, steps=steps, beta=beta, judge=judge, random_state=random_state)
    made = maker if generate is None else generate
    base = given_base(found, rng) if made is None else of_function(made)
    return BestOf(base, rewards, n) if how == "best" else Rejection(base, rewards, kl, found.prompts, rng)


def _texts(texts: Any) -> list[str]:
    """Return ``texts=``; raise InvalidInput if it is not a list of texts."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise InvalidInput(f"texts= is {a_type(texts)}: expected a list of texts.")
    found = list(texts)
    if wrong := [one for one in found if not isinstance(one, str)]:
        raise InvalidInput(f"texts= contains {str(wrong[0])[:60]!r}, {a_type(wrong[0])}: expected texts.")
    return found
