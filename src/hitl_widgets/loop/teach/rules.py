"""Rule: something that votes for the classes of many items at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hitl_widgets.errors import InvalidInput, a_type

__all__ = ["Elsewhere", "Rule", "ids_in", "name_of", "rule_name"]

LONGEST, MOST = 100, 500


@dataclass(frozen=True, eq=False, repr=False)
class Rule:
    """A rule: it votes for a class of each item that it is about, and abstains from the others.

    Rules are no labels. They teach the model as far as the labels prove them right.

    Parameters
    ----------
    source
        A query as in :meth:`Session.find`, such as ``"unsubscribe"``, ``"/re:? your/"``, ``"price>100"`` or
        ``'slice:"angry refunds"'``; or a function that returns the class of an item, or None. It must not
        depend on labels or predictions.
    label
        The class of the items that the query finds, or of ``items``, or of those for which a function returns
        true.
    items
        Ids of items, such as those of a lasso or a cluster.
    column
        A column of the table with answers, such as those of a language model, or of another task.
    model
        A fitted classifier, or the path of a saved one (see :meth:`Session.save_model`), that predicts
        classes. It gets items, or rows of the features if it was fitted to as many.
    labels
        Labels of another task for the same items: a dict or Series from ids to answers, or a DataFrame with
        ``id`` and ``label`` such as that of :meth:`Session.labels`.
    classes
        The class of each answer of a column, function, model or other task that is not the name of a class;
        None for one that means nothing. Other answers count for nothing, too, and
        :meth:`~.rulebook.Rules.to_frame` says which they are. But if none of the answers of a column, model
        or task is a class, what each means is learned from the labels.

    Examples
    --------
    >>> session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")  # doctest: +SKIP
    >>> session.teach.rules["gpt"] = hitl.Rule(column="gpt", classes={"junk": "ad"})  # doctest: +SKIP
    """

    source: str | Callable[[Any], Any] | None = None
    label: Any = None
    items: Iterable[Any] | None = field(default=None, kw_only=True)
    column: str | None = field(default=None, kw_only=True)
    model: Any = field(default=None, kw_only=True)
    labels: Any = field(default=None, kw_only=True)
    classes: Mapping[Any, Any] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        ways = {
            "a query or a function": self.source,
            "items=": self.items,
            "column=": self.column,
            "model=": self.model,
            "labels=": self.labels,
        }
        given = [way for way, value in ways.items() if value is not None]
        if len(given) != 1:
            what = f"{' and '.join(given)} at once" if given else "nothing to go by"
            raise InvalidInput(
                f"The rule has {what}: expected a query, a function, items=, column=, model= or labels=."
            )
        if self.source is not None and not (isinstance(self.source, str) or callable(self.source)):
            raise InvalidInput(
                f"{self.source!r} is {a_type(self.source)}: expected a query, such as 'unsubscribe', or a "
                "function of an item. For ids: items=."
            )
        if self.items is not None:
            object.__setattr__(self, "items", ids_in(self.items, "items"))
        if self.kind in {"query", "items"} and self.label is None:
            raise InvalidInput(
                "The rule has no class: pass label=, as in hitl.Rule('unsubscribe', label='ad')."
            )
        if self.kind in {"column", "model", "labels"} and self.label is not None:
            raise InvalidInput(
                f"label={self.label!r}: a {self.kind} gives the classes itself. To rename its answers: "
                "classes={answer: class}."
            )
        if self.classes is not None and self.kind in {"query", "items"}:
            raise InvalidInput(
                f"classes= is for answers of a column, function or model, not for a {self.kind}."
            )
        if self.classes is not None and not isinstance(self.classes, Mapping):
            raise InvalidInput(f"classes={self.classes!r}: expected a dict from answers to classes.")

    def __repr__(self) -> str:
        words = [name_of(self.source) if callable(self.source) else repr(self.source)] if self.source else []
        given = {
            name: getattr(self, name) for name in ("label", "items", "column", "model", "labels", "classes")
        }
        for name, value in given.items():
            if value is not None:
                words += [f"{name}={name_of(value) if hasattr(value, 'predict') else repr(value)}"]
        return f"Rule({', '.join(words)})"

    @property
    def kind(self) -> str:
        """``query``, ``function``, ``items``, ``column``, ``model`` or ``labels``."""
        if self.source is not None:
            return "query" if isinstance(self.source, str) else "function"
        kinds = ("items", "column", "model", "labels")
        return next(kind for kind in kinds if getattr(self, kind) is not None)

    @property
    def answers(self) -> dict[Any, Any]:
        """The labels of another task, by id."""
        given = self.labels
        if hasattr(given, "columns"):
            if not {"id", "label"} <= set(given.columns):
                raise InvalidInput(
                    f"labels= has the columns {list(given.columns)}: expected id and label, as of "
                    "session.labels(), or a dict from ids to answers."
                )
            return dict(zip(given["id"].tolist(), given["label"].tolist(), strict=True))
        if not hasattr(given, "items"):
            raise InvalidInput(f"labels={given!r}: expected a dict or Series from ids to answers.")
        return dict(given.items())

    @property
    def path(self) -> str | None:
        """The absolute path of a saved model."""
        if isinstance(self.model, str | os.PathLike):
            return str(Path(self.model).absolute())
        return None

    @property
    def calls(self) -> Any:
        """What only this kernel knows: a function, or a model that is not a file."""
        return self.source if self.kind == "function" else None if self.path else self.model


class Elsewhere:
    """A function or model of a rule that this kernel does not have."""

    def __init__(self, name: str) -> None:
        self.__qualname__ = name

    def __repr__(self) -> str:
        return self.__qualname__

    def __call__(self, item: Any) -> Any:  # noqa: ARG002 - as other functions of rules
        """Raise InvalidInput."""
        raise InvalidInput(f"{self} is not in this notebook yet: run the cell that defines it.")


def name_of(given: Any) -> str:
    """Return what a function or a model is called."""
    return str(getattr(given, "__qualname__", type(given).__name__))


def rule_name(name: Any, known: int) -> str:
    """Return the name of a new rule without surrounding space; ``known`` is the number of rules."""
    name = name.strip() if isinstance(name, str) else name
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST or not name.isprintable():
        raise InvalidInput(
            f"{name!r} is not a name for a rule: expected 1 to {LONGEST} printable characters."
        )
    if known >= MOST:
        raise InvalidInput(f"There are {known} rules already, which is the limit: remove one first.")
    return name


def ids_in(items: Any, name: str) -> tuple[Any, ...]:
    """Return the ids of an argument as a tuple, also those of an array, a Series or a generator.

    Raises
    ------
    InvalidInput
        If it is a single text, a table, a mask, or nothing that has ids.
    """
    if isinstance(items, str):
        raise InvalidInput(f"{name}={items!r} is a single text: expected a list of ids.")
    if hasattr(items, "columns"):
        raise InvalidInput(f"{name}= is a table: expected the ids of items, such as table['id'].")
    try:
        found = tuple(items)
    except TypeError:
        raise InvalidInput(f"{name}={items!r} is {a_type(items)}: expected a list of ids.") from None
    if found and all(isinstance(one, bool | np.bool_) for one in found):
        raise InvalidInput(
            f"{name}= is a mask of True and False: expected the ids, such as session.pool.ids[mask]."
        )
    return found
