"""Reading: what a rule says of each item, before its answers are classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import InvalidInput
from hitl_widgets.loop.asking import Ground
from hitl_widgets.loop.finding import Finder
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.teach.rules import name_of
from hitl_widgets.loop.words import counted
from hitl_widgets.questions.values import is_blank, plain

__all__ = ["Answers", "NotYet", "Reading", "words_of"]

# Items that a model predicts at a time.
SOME = 10_000


@dataclass(frozen=True, eq=False)
class Answers:
    """What a rule says of each item: a number, -1 where it abstains, and the answer of each number."""

    values: npt.NDArray[np.int32]
    said: tuple[Any, ...]


class NotYet(InvalidInput):
    """The rule can be read as soon as there are features."""


class Reading:
    """Reads the definitions of rules.

    Parameters
    ----------
    pool, log, finder, columns
        Parts of the session.
    ground
        Returns the features; None before there are any.
    """

    def __init__(
        self,
        pool: Pool,
        log: Log,
        finder: Finder,
        columns: Columns,
        ground: Callable[[], Ground | None],
    ) -> None:
        self._pool, self._log, self._finder, self._columns = pool, log, finder, columns
        self._ground = ground

    def read(self, value: Mapping[str, Any], calls: Any) -> Answers:
        """Return what a rule says of each item.

        Parameters
        ----------
        value
            Its definition in the log.
        calls
            Its function or model, which only this kernel has.

        Raises
        ------
        NotYet
            If it reads features that are still being computed.
        InvalidInput
            If it cannot be read.
        """
        nothing = np.full(len(self._pool), -1, np.int32)
        match value["kind"]:
            case "query":
                nothing[self._finder.fixed(value["query"])] = 0
                return Answers(nothing, (True,))
            case "items":
                row = self._log.ledger.naming.held
                with self._log.lock:
                    rows = [found for key in value["items"] if (found := row(key)) is not None]
                nothing[rows] = 0
                return Answers(nothing, (True,))
            case "labels":
                row, said = self._log.ledger.naming.held, [None] * len(self._pool)
                with self._log.lock:
                    for key, answer in value["labels"].items():
                        if (at := row(key)) is not None:
                            said[at] = answer
                return _answers(said)
            case "column":
                if value["column"] not in self._columns:
                    raise InvalidInput(f"The table has no column {value['column']!r} any more.")
                return _answers(self._columns.raw(value["column"]))
            case "function":
                said = [self._called(calls, value["name"], row) for row in range(len(self._pool))]
                return _answers([bool(one) or None for one in said] if "class" in value else said)
            case "model":
                return _answers(self._predicted(value, calls))
        raise InvalidInput(f"A rule of the kind {value['kind']!r} cannot be read by this version.")

    def _called(self, function: Any, name: str, row: int) -> Any:
        give_way()
        try:
            return function(self._pool.items[row])
        except InvalidInput:
            raise
        except Exception as failure:
            raise InvalidInput(
                f"The function {name} failed for item {self._pool.ids[row]!r}: "
                f"{type(failure).__name__}: {failure}"
            ) from failure

    def _predicted(self, value: Mapping[str, Any], model: Any) -> list[Any]:
        from hitl_widgets.models.files import OF_LOG, load_model

        if "path" in value:
            model = load_model(value["path"])
        if not hasattr(model, "predict"):
            raise InvalidInput(
                f"model={model!r} has no method predict: expected a fitted classifier, or a path."
            )
        with self._log.lock:
            own = self._log.ledger.fold.first
        if own and getattr(model, OF_LOG, None) == own:
            raise InvalidInput(
                f"The model {value.get('path') or value['name']} was trained on the labels of this task, so "
                "the rule would repeat what it should add to, and the accuracy would be overestimated. Pass "
                "a model of another task."
            )
        X = self._rows_for(model)
        found: list[Any] = []
        for low in range(0, len(self._pool), SOME):
            give_way()
            part = X[low : low + SOME]
            try:
                found += list(model.predict(part))
            except Exception as failure:
                raise InvalidInput(
                    f"The model {name_of(model)} failed: {type(failure).__name__}: {failure}"
                ) from failure
        return found

    def _rows_for(self, model: Any) -> Any:
        """Return what a model predicts: rows of the features if it was fitted to as many, else the items."""
        wanted, ground = getattr(model, "n_features_in_", None), self._ground()
        if wanted is None or hasattr(model, "steps"):
            return self._pool.items
        if ground is None or ground.passing:
            raise NotYet("The features of the items are still being computed.")
        if ground.X.shape[1] != wanted:
            raise InvalidInput(
                f"The model {name_of(model)} was fitted to {wanted} features, and these items have "
                f"{ground.X.shape[1]}: pass a pipeline that takes the items."
            )
        return ground.X


def _answers(values: list[Any]) -> Answers:
    numbers: dict[str, int] = {}
    said: list[Any] = []
    codes = np.full(len(values), -1, np.int32)
    for row, given in enumerate(values):
        if is_blank(value := plain(given)):
            continue
        if (text := str(value)) not in numbers:
            numbers[text] = len(said)
            said.append(value)
        codes[row] = numbers[text]
    return Answers(codes, tuple(said))


def words_of(value: Mapping[str, Any]) -> str:
    """Return what a rule goes by, as text."""
    match value["kind"]:
        case "query":
            return str(value["query"])
        case "items":
            return counted(len(value["items"]), "item")
        case "labels":
            return f"{counted(len(value['labels']), 'label')} of another task"
        case "column":
            return f"column {value['column']}"
        case kind:
            return f"{kind} {value.get('path') or value.get('name')}"
