"""Slices: queries with a name, kept in the log and measured after every round."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hitl_widgets.errors import InvalidInput, Taken, choices, nearest
from hitl_widgets.learn.evaluate import Estimate
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.finding import Finder
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.seen import Seen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNKNOWN", "Slice", "Slices", "Slicing"]

LONGEST, MOST = 100, 50
UNKNOWN = Estimate(None, None, None, 0)


@dataclass(frozen=True, eq=False)
class Slice:
    """A slice at one moment.

    Attributes
    ----------
    name, query
        The name, and the query of its items.
    n_items, n_labelled
        Numbers of all and of labelled items.
    estimate
        The model's accuracy on its unlabelled items, or the measure of the question.
    why
        Why the query cannot be run now; empty if it can.
    mask
        bool of shape (n_items,): its items. None if the query cannot be run.
    """

    name: str
    query: str
    n_items: int = 0
    n_labelled: int = 0
    estimate: Estimate = UNKNOWN
    why: str = ""
    mask: npt.NDArray[np.bool_] | None = None


class Slicing:
    """Keeps slices and runs their queries.

    Parameters
    ----------
    log, acts, finder
        Parts of the session.
    seen
        Returns its labels and predictions.
    """

    def __init__(self, log: Log, acts: Acts, finder: Finder, seen: Callable[[], Seen]) -> None:
        self._log, self._acts, self._finder, self._seen = log, acts, finder, seen

    @property
    def kept(self) -> dict[str, str]:
        """The queries by name."""
        return self._log.slices

    def keep(
        self, name: str, query: str | None, *, replace: bool = False, event_id: str | None = None
    ) -> str:
        """Keep a query under a name; None removes it.

        Raises
        ------
        Taken
            If the name keeps another query, unless ``replace``.
        InvalidInput
            If the name or the query is invalid, or there is no such slice to remove.
        """
        kept, again = self.kept, self._log.knows(event_id)
        if query is None and name not in kept and not again:
            raise InvalidInput(_unknown(name, kept))
        if query is not None:
            name = name if name in kept else _as_name(name, len(kept))
            if kept.get(name, query) != query and not (replace or again):
                raise Taken(
                    f"{name!r} already keeps another search ({kept[name]}). Replace it, or choose another "
                    "name."
                )
            self._finder.check(query)
        return self._acts.keep_slice(name, query, event_id=event_id)

    def now(self) -> tuple[Slice, ...]:
        """Return all slices with their items, without estimates."""
        return tuple(self._run(name, query) for name, query in self._log.slices.items())

    def _run(self, name: str, query: str) -> Slice:
        try:
            mask = self._finder.mask(query)
        except InvalidInput as error:
            return Slice(name, query, why=str(error))
        seen = self._seen()
        labelled = (seen.labels.y >= 0) & seen.shown
        return Slice(name, query, int(mask.sum()), int((mask & labelled).sum()), mask=mask)


def _unknown(name: object, kept: Collection[str]) -> str:
    return f"There is no slice {name!r}.{nearest(name, kept)} The slices are {choices(kept)}."


def _as_name(name: str, known: int) -> str:
    """Return the name of a new slice without surrounding space; ``known`` is the number of slices."""
    name = name.strip() if isinstance(name, str) else name
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST or '"' in name or not name.isprintable():
        raise InvalidInput(
            f"{name!r} is not a name for a slice: expected 1 to {LONGEST} printable characters without "
            "double quotes."
        )
    if known >= MOST:
        raise InvalidInput(f"There are {known} slices already, which is the limit: remove one first.")
    return name


class Slices(MutableMapping[str, str]):
    """The named queries of a session: a mapping from names to queries.

    Every annotator of the task sees them, in the Monitor and as ``slice:"name"`` in searches. Assigning and
    deleting are acts that ``session.undo()`` reverts.

    Examples
    --------
    >>> session.slices["angry refunds"] = "refund /!{2,}/ unlabelled"  # doctest: +SKIP
    >>> session.slices.to_frame()  # doctest: +SKIP
    """

    def __init__(self, slicing: Slicing, measure: Callable[[], tuple[Slice, ...]]) -> None:
        self._slicing, self._measure = slicing, measure

    def __getitem__(self, name: str) -> str:
        kept = self._slicing.kept
        if name not in kept:
            raise KeyError(_unknown(name, kept))
        return kept[name]

    def __setitem__(self, name: str, query: str) -> None:
        if not isinstance(query, str):
            raise InvalidInput(f"{query!r} is not a query: expected a string, as for session.find().")
        self._slicing.keep(name, query, replace=True)

    def __delitem__(self, name: str) -> None:
        self[name]  # a KeyError if there is none
        self._slicing.keep(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slicing.kept)

    def __len__(self) -> int:
        return len(self._slicing.kept)

    def __repr__(self) -> str:
        return f"<slices {self._slicing.kept}>"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per slice, for the current labels and model.

        Returns
        -------
        DataFrame
            Indexed by name, with ``query``, ``n_items``, ``n_labelled``, the measure of the question
            (``value``, ``low``, ``high``, ``n_audited``; see :meth:`Session.accuracy`) on the unlabelled
            items, missing if unknown, and ``error``, why the query cannot be run.
        """
        import pandas as pd

        rows = [
            {
                "name": one.name,
                "query": one.query,
                "n_items": None if one.why else one.n_items,
                "n_labelled": None if one.why else one.n_labelled,
                "value": one.estimate.value,
                "low": one.estimate.low,
                "high": one.estimate.high,
                "n_audited": one.estimate.n,
                "error": one.why,
            }
            for one in self._measure()
        ]
        numbers = ["value", "low", "high"]
        columns = ["name", "query", "n_items", "n_labelled", *numbers, "n_audited", "error"]
        table = pd.DataFrame(rows, columns=columns).set_index("name")
        return table.astype(dict.fromkeys(numbers, "float64") | {"n_items": "Int64", "n_labelled": "Int64"})
