"""Query strategies, with their names in the literature: ``(probabilities, context) -> utilities``."""

from __future__ import annotations

import inspect
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.learn.strategies.adapters import (
    ModalStrategy,
    SkactivemlStrategy,
    is_modal,
    is_skactiveml,
)
from hitl_widgets.learn.strategies.base import Context, Strategy, name_of, orders_batch, rank
from hitl_widgets.learn.strategies.batches import (
    badge,
    cold_start_size,
    core_set,
    kmeans,
    kmeans_start,
    margin_kmeans,
)
from hitl_widgets.learn.strategies.choosing import choose, evaluate, per_cost, pick
from hitl_widgets.learn.strategies.committee import batch_bald, kl_divergence, vote_entropy
from hitl_widgets.learn.strategies.contrast import contrastive, discriminative
from hitl_widgets.learn.strategies.coverage import prob_cover
from hitl_widgets.learn.strategies.curriculum import curriculum
from hitl_widgets.learn.strategies.density import information_density, most_likely_positive, typicality
from hitl_widgets.learn.strategies.doubt import doubt
from hitl_widgets.learn.strategies.mixing import alfa_mix
from hitl_widgets.learn.strategies.reduction import expected_error_reduction, graph_error_reduction
from hitl_widgets.learn.strategies.suggested import disagreement
from hitl_widgets.learn.strategies.uncertainty import (
    class_balanced,
    entropy,
    least_confident,
    margin,
    power_margin,
    random,
)

__all__ = [
    "STRATEGIES",
    "WITH_SUGGESTIONS",
    "Context",
    "SkactivemlStrategy",
    "Strategy",
    "alfa_mix",
    "as_strategy",
    "badge",
    "batch_bald",
    "choose",
    "class_balanced",
    "cold_start_size",
    "contrastive",
    "core_set",
    "curriculum",
    "disagreement",
    "discriminative",
    "doubt",
    "entropy",
    "evaluate",
    "expected_error_reduction",
    "graph_error_reduction",
    "information_density",
    "kl_divergence",
    "kmeans",
    "kmeans_start",
    "least_confident",
    "margin",
    "margin_kmeans",
    "most_likely_positive",
    "orders_batch",
    "per_cost",
    "pick",
    "power_margin",
    "prob_cover",
    "random",
    "rank",
    "typicality",
    "vote_entropy",
]

STRATEGIES: dict[str, Strategy] = {
    "doubt": doubt,
    "random": random,
    "least_confident": least_confident,
    "margin": margin,
    "entropy": entropy,
    "query_by_committee": vote_entropy,
    "vote_entropy": vote_entropy,
    "kl_divergence": kl_divergence,
    "expected_error_reduction": expected_error_reduction,
    "graph_error_reduction": graph_error_reduction,
    "information_density": information_density,
    "typicality": typicality,
    "typiclust": typicality,
    "prob_cover": prob_cover,
    "kmeans": kmeans,
    "core_set": core_set,
    "badge": badge,
    "margin_kmeans": margin_kmeans,
    "power_margin": power_margin,
    "batch_bald": batch_bald,
    "alfa_mix": alfa_mix,
    "contrastive": contrastive,
    "discriminative": discriminative,
    "class_balanced": class_balanced,
    "most_likely_positive": most_likely_positive,
    "curriculum": curriculum,
}
# Those that need suggested classes, which not every pool has.
WITH_SUGGESTIONS: dict[str, Strategy] = {"disagreement": disagreement}


def as_strategy(strategy: Any) -> tuple[str, Strategy]:
    """Return the strategy for ``strategy=``, with its name.

    Parameters
    ----------
    strategy
        A name in :data:`STRATEGIES` or :data:`WITH_SUGGESTIONS`, or ``"auto"``; a function
        ``(probabilities, context) -> utilities``; a query strategy object of scikit-activeml, wrapped in
        :class:`SkactivemlStrategy` if it needs its own classifier; or a modAL-style callable
        ``(classifier, X_pool, n_instances=1) -> indices`` (or ``(committee, ...)``), recognized by the names
        of its parameters.
    """
    if isinstance(strategy, str):
        name = "doubt" if strategy == "auto" else strategy
        known = STRATEGIES | WITH_SUGGESTIONS
        if name not in known:
            names = ["auto", *known]
            raise InvalidInput(
                f"Unknown strategy={strategy!r}.{nearest(strategy, names)} Expected one of "
                f"{choices(names, limit=len(names))}, or a function (probabilities, context) -> utilities."
            )
        return name, known[name]
    if isinstance(strategy, type):
        raise InvalidInput(
            f"strategy={strategy!r}: expected an instance, {strategy.__name__}(), not its class."
        )
    if is_skactiveml(strategy):
        adapted = SkactivemlStrategy(strategy)
        return adapted.__name__, adapted
    if not callable(strategy):
        raise InvalidInput(
            f"strategy={strategy!r}: expected a name ({choices(STRATEGIES)}), a function "
            "(probabilities, context) -> utilities, a query strategy of scikit-activeml, or a modAL-style "
            "callable."
        )
    name = name_of(strategy)
    if is_modal(strategy):
        return name, ModalStrategy(strategy)
    try:
        inspect.signature(strategy).bind(None, None)
    except TypeError:
        raise InvalidInput(f"strategy={name!r} must take two arguments: (probabilities, context).") from None
    return name, strategy
