"""compare_embeddings: which of several embeddings the model learns from fastest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.data.embedding import check_embed
from hitl_widgets.data.matrix import check_matrix
from hitl_widgets.errors import HitlError, InvalidInput
from hitl_widgets.maps.preparation import build_features
from hitl_widgets.questions.base import kind_of
from hitl_widgets.races.arguments import share, whole
from hitl_widgets.races.simulate import simulate
from hitl_widgets.races.simulation import MILESTONES, Simulation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_embeddings"]

FEWEST = 30  # labelled items
KINDS = ("choice", "choices", "rating")


def compare_embeddings(
    session: Any,
    embeddings: Mapping[str, Any],
    *,
    learner: Any = "linear",
    repeats: int = 20,
    held: float = 0.3,
    random_state: int = 0,
) -> Simulation:
    """Compare embeddings by how fast a model learns the labels so far.

    In each repeat, a share of the labelled items is held out and the others are learned in a random order,
    the same for all embeddings. The result has the accuracy on the held-out items for each number of labels,
    so ``result.chart()`` draws learning curves and ``result.against("ours")`` gives paired differences.

    Labelled items are not a random sample: the strategy has asked for many that were hard for the model of
    that time. The embeddings are compared on equal terms, but accuracy on other items will differ.

    Parameters
    ----------
    session
        A Session with at least 30 labelled items, whose question is a choice, choices or a rating.
    embeddings
        By display name: a value for ``embed=`` of a Session, an array of shape (n_items, d) for ``X=``, or
        None for the features that the session uses. At least two.
    learner
        As in :class:`Session`. Unlabelled items are not used: a learner on the graph sees only the labelled
        ones.
    repeats
        Random splits.
    held
        Share of the labelled items that is held out.
    random_state
        Integer >= 0.

    Returns
    -------
    Simulation
        Its metric is ``test_accuracy``. Since all repeats draw from the same labels, its intervals of means
        and differences are widened (Nadeau and Bengio 2003).

    Raises
    ------
    InvalidInput
        For other questions, too few labels, and invalid arguments.
    """
    import pandas as pd

    y, rows = _labelled(session)
    made = _embedded(session, embeddings)
    repeats, held = whole("repeats", repeats, least=2), share("held", held)
    n_test = round(held * len(rows))
    n_train = len(rows) - n_test
    if not 0 < n_test < len(rows) - len(session.schema.classes):
        raise InvalidInput(f"held={held:g}: leaves {n_train} labelled items to learn from. Try held=0.3.")
    at = sorted({n for n in MILESTONES if n < n_train} | {n_train - 1})
    frames: list[pd.DataFrame] = []
    for repeat in range(repeats):
        order = np.random.default_rng([random_state, repeat]).permutation(len(rows))
        test, train = order[:n_test], order[n_test:]
        for name, X in made.items():
            run = simulate(
                X[rows[train]],
                [y[i] for i in train],
                [learner],
                ["random"],
                budget=n_train - 1,
                repeats=1,
                batch=n_train,  # the model is trained where it is recorded only
                start="own",
                question=session.schema,
                test=(X[rows[test]], [y[i] for i in test]),
                at=at,
                random_state=random_state + repeat,
                n_jobs=1,
                progress=False,
                graph=learner == "auto",
            )
            frames.append(run.frame.assign(contestant=name, repeat=repeat))
    frame = pd.concat(frames, ignore_index=True).sort_values("contestant", key=_place(made), kind="stable")
    return Simulation(frame, overlap=n_test / n_train)


def _labelled(session: Any) -> tuple[list[Any], Any]:
    """Return the labels, and the rows of their items."""
    kind = session.schema.kind
    if kind not in KINDS:
        raise InvalidInput(
            f"Embeddings are compared by a question with classes: choice, choices or rating; this is {kind}: "
            f"it asks for {kind_of(kind).asks}."
        )
    table = session.labels().drop_duplicates("id", keep="last")
    if len(table) < FEWEST:
        raise InvalidInput(f"{len(table)} items are labelled: at least {FEWEST} are needed to compare.")
    return table["label"].tolist(), np.asarray(session.pool.index(table["id"].tolist()))


def _embedded(session: Any, embeddings: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(embeddings, Mapping) or len(embeddings) < 2:
        raise InvalidInput("embeddings= must be a dict of at least two: {name: embed, an array X, or None}.")
    pool = session.pool
    for embed in embeddings.values():
        if not _is_array(embed):
            check_embed(embed, pool.item_kind)
    made = {}
    for name, embed in embeddings.items():
        if embed is None:
            made[str(name)] = np.asarray(session.features)
        elif _is_array(embed):
            made[str(name)] = check_matrix(embed, len(pool), f"embeddings[{name!r}]")
        else:
            try:
                made[str(name)] = build_features(pool, embed)
            except HitlError:
                raise
            except Exception as error:
                raise InvalidInput(f"embeddings[{name!r}] failed: {type(error).__name__}: {error}") from error
    return made


def _is_array(embed: Any) -> bool:
    """Whether this is ``X=``: not a transformer, an encoder or a function, which have no shape."""
    return isinstance(embed, list) or hasattr(embed, "shape")


def _place(made: Mapping[str, Any]) -> Any:
    places = {name: i for i, name in enumerate(made)}
    return lambda names: names.map(places)
