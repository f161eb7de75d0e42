"""Rules: the mapping of names to rules that people use, with tables and files of them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.teach.reading import words_of
from hitl_widgets.loop.teach.rules import Rule
from hitl_widgets.loop.teach.ruling import Ruling
from hitl_widgets.paths import full_path, replacing

if TYPE_CHECKING:
    import os

    import pandas as pd

__all__ = ["Rules"]

FORMAT = "hitl-widgets rules"
SHORT = 40  # characters of what is no such file
# What the table says of answers of another task.
LEARNED = "learned from labels"


class Rules(MutableMapping[str, Rule]):
    """The rules of a session: assign a :class:`~hitl_widgets.loop.teach.rules.Rule` to a name.

    Rules vote for classes of many items at once. They are no labels and are not exported as labels; they join
    the model as experts whose weight the labels must prove. Every annotator of the task has them. Assigning,
    deleting and retiring are acts that ``session.undo()`` reverts.

    A function, or a model that is not a file, is only in the notebook that defines it: its rule is not used
    after a restart until it is assigned again. :meth:`to_frame` and the Monitor say so.

    Examples
    --------
    >>> session.teach.rules["ads"] = hitl.Rule("unsubscribe", label="ad")  # doctest: +SKIP
    >>> session.teach.rules.to_frame()  # doctest: +SKIP
    """

    def __init__(self, ruling: Ruling, log: Log, ids: Any) -> None:
        self._ruling, self._log, self._ids = ruling, log, ids

    def __getitem__(self, name: str) -> Rule:
        try:
            return self._ruling.rule(name)
        except InvalidInput as error:
            if name in self:
                raise
            raise KeyError(str(error)) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._ruling.kept

    def __setitem__(self, name: str, rule: Rule) -> None:
        self._keep({name: rule})

    def _keep(self, rules: Mapping[str, Rule]) -> None:
        """Keep rules, all or none, and say what is wrong with them."""
        self._ruling.keep_all({name: _checked(rule) for name, rule in rules.items()})
        for found in self._ruling.measure(*(name.strip() for name in rules)) if rules else ():
            if found.note:
                warnings.warn(found.note, RuntimeWarning, stacklevel=3)

    def update(self, other: Any = (), /, **more: Rule) -> None:
        """Keep several rules; if one does not suit, none is kept.

        Each is an act of its own: undo takes back the last one, so ``n`` rules take ``n`` undos.

        Parameters
        ----------
        other, more
            Rules by name, as for a dict.

        Raises
        ------
        InvalidInput
            If one is not a rule, or does not suit this session.
        """
        self._keep(dict(other, **more))

    def clear(self) -> None:
        """Remove all rules; each is an act of its own, so ``n`` rules take ``n`` undos."""
        for name in list(self):
            del self[name]

    def __delitem__(self, name: str) -> None:
        if name not in self:
            self[name]  # a KeyError
        self._ruling.remove(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ruling.kept)

    def __len__(self) -> int:
        return len(self._ruling.kept)

    def __repr__(self) -> str:
        return f"<rules { {name: words_of(event.value['is']) for name, event in self._ruling.kept.items()} }>"

    def retire(self, name: str) -> None:
        """Keep a rule without using it: :meth:`bring_back` uses it again.

        Raises
        ------
        InvalidInput
            If there is no rule of this name.
        """
        self._ruling.retire(name)

    def bring_back(self, name: str) -> None:
        """Use a retired rule again.

        Raises
        ------
        InvalidInput
            If there is no rule of this name.
        """
        self._ruling.retire(name, back=True)

    def preview(self, rule: Rule | str) -> pd.DataFrame:
        """Return what a rule, or the rule of a name, votes for.

        Returns
        -------
        A row for each item with a vote: ``id``, ``label`` (the class that it votes for) and ``labelled`` (the
        current label; None if it is hidden or there is none).
        """
        import pandas as pd

        of = self._ruling
        rows, codes = of.votes_of(rule) if isinstance(rule, str) else of.preview(_checked(rule))
        values, y = self._log.labels.schema.values, self._ruling.shown()
        return pd.DataFrame(
            {
                "id": [self._ids[row] for row in rows.tolist()],
                "label": [values[code] for code in codes.tolist()],
                "labelled": [values[y[row]] if y[row] >= 0 else None for row in rows.tolist()],
            },
            index=pd.RangeIndex(len(rows)),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rule, also for retired ones, for the current labels.

        Returns
        -------
        DataFrame
            Indexed by name, with ``rule`` (what it goes by), ``label`` (its classes), ``coverage`` (the share
            of all items with its vote), ``n_items`` (their number), ``n_alone`` (those without another vote),
            ``overlaps`` and ``conflicts`` (those with a vote of another rule, and for another class),
            ``n_labelled``, ``accuracy`` on these, with its 95 % interval ``low`` to ``high`` (Wilson 1927;
            items labelled in one act count as one), ``retired``, ``same_as`` (a rule with the same votes,
            which counts instead), ``by``, ``n_unknown`` (the items whose answer is no class, which counts for
            nothing), ``note`` (what is wrong with it, and the next step) and ``error`` (why it is not used
            now).
        """
        import pandas as pd

        names, n = self._log.labels.schema.names, len(self._ids)
        rows = [
            {
                "name": one.name,
                "rule": one.words,
                "label": ", ".join(names[code] for code in one.codes) or (LEARNED if one.learned else ""),
                "coverage": None if one.why else one.n_items / n,
                "n_items": None if one.why else one.n_items,
                "n_alone": None if one.why else one.n_alone,
                "overlaps": None if one.why else one.n_overlaps,
                "conflicts": None if one.why else one.n_conflicts,
                "n_labelled": None if one.why else one.n_labelled,
                "accuracy": one.accuracy,
                "low": one.low,
                "high": one.high,
                "retired": one.retired,
                "same_as": one.same_as,
                "by": one.by,
                "n_unknown": None if one.why else one.n_unknown,
                "note": one.note,
                "error": one.why,
            }
            for one in self._ruling.measure()
        ]
        counts = ["n_items", "n_alone", "overlaps", "conflicts", "n_labelled"]
        numbers = ["coverage", "accuracy", "low", "high"]
        columns = ["name", "rule", "label", "coverage", *counts, "accuracy", "low", "high", "retired"]
        last = ["same_as", "by", "n_unknown", "note", "error"]
        table = pd.DataFrame(rows, columns=[*columns, *last]).set_index("name")
        return table.astype(
            dict.fromkeys([*counts, "n_unknown"], "Int64")
            | dict.fromkeys(numbers, "float64")
            | {"retired": bool}
        )

    def votes(self) -> pd.DataFrame:
        """Return the vote of each rule in use for each item: class values, None where it abstains.

        Indexed by id, with a column for each rule.
        """
        import pandas as pd

        now = self._ruling.now()
        values = np.array([*now.schema.values, None], dtype=object)
        of = {name: np.where(now.claimed(votes), votes, -1) for name, votes in now.used.items()}
        return pd.DataFrame({name: values[codes] for name, codes in of.items()}, index=list(self._ids))

    # -- files

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write all rules to a JSON file: classes by name, items by id, functions only by name.

        Raises
        ------
        InvalidInput
            If the file cannot be written.
        HitlError
            If a class of a rule was removed.
        """
        schema, found = self._log.labels.schema, {}
        names = dict(zip(schema.ids, schema.all_names, strict=True))
        for name, event in self._ruling.kept.items():
            value = dict(event.value["is"])
            if "class" in value:
                value["class"] = names[self._heir(value["class"], name)]
            if "classes" in value:
                value["classes"] = {
                    k: None if id_ is None else names[self._heir(id_, name)]
                    for k, id_ in value["classes"].items()
                }
            found[name] = value
        only = [name for name, value in found.items() if "name" in value]
        if only:
            warnings.warn(
                f"Of {_called(only)}, the file has only the name of the function or model: give it to "
                "load(path, functions={name: function}).",
                RuntimeWarning,
                stacklevel=2,
            )
        told = {"format": FORMAT, "version": 1, "rules": found}
        with replacing(path) as part:
            part.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return full_path(path)

    def _heir(self, id_: str, name: str) -> str:
        with self._log.lock:
            found = self._log.ledger.fold.vocabulary.heir(id_)
        if found is None:
            raise HitlError(f"A class of the rule {name!r} was removed: delete the rule, or assign it anew.")
        return found

    def load(
        self, path: str | os.PathLike[str], functions: Mapping[str, Callable[[Any], Any]] | None = None
    ) -> list[str]:
        """Keep the rules of a file, in place of those with the same name; returns their names.

        Each is an act of its own, and so is retiring it: ``n`` rules, ``m`` of them retired, take ``n + m``
        undos.

        Parameters
        ----------
        path
            A file of :meth:`save`.
        functions
            The function or model of each rule that has one, by the name of the rule. Rules without theirs are
            left out, and said.

        Raises
        ------
        InvalidInput
            If the file is not one of rules, a function is for none of its rules, or a rule does not suit this
            session: then none is kept.
        """
        path, given = full_path(path), functions or {}
        if not isinstance(given, Mapping):
            raise InvalidInput(f"functions={given!r}: expected a dict from names of rules to functions.")
        rules = _rules_in(path)
        takes = [name for name, value in rules.items() if isinstance(value, dict) and "name" in value]
        for name in given:
            if name not in takes:
                known = f"Those with a function are {choices(takes)}." if takes else "None has a function."
                raise InvalidInput(
                    f"functions= has {name!r}, which is no rule of {path} with a function."
                    f"{nearest(name, takes)} {known}"
                )
        made = {name: _made(name, value, given.get(name)) for name, value in rules.items()}
        lacking = [name for name, rule in made.items() if rule is None]
        wanted = {name: rule for name, rule in made.items() if rule is not None}
        for name, rule in wanted.items():
            try:
                self._ruling.preview(rule)
            except HitlError as error:
                raise InvalidInput(f"{path}, rule {name!r}: {error}") from error
        self._keep(wanted)
        for name in wanted:
            if rules[name].get("retired"):
                self._ruling.retire(name)
        if lacking:
            warnings.warn(
                f"Left out: {_called(lacking)}, because a file has only the names of functions and models. "
                "Pass functions={name: function}.",
                RuntimeWarning,
                stacklevel=2,
            )
        return list(wanted)


def _called(names: Sequence[str]) -> str:
    return f"the rule {names[0]!r}" if len(names) == 1 else f"the rules {choices(names)}"


def _rules_in(path: Path) -> dict[str, Any]:
    """Return the rules of a file by name."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        told = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"{path} is not a file of rules: {error}. Write one with rules.save().") from error
    match told:
        case {"format": str(format_), "version": 1, "rules": dict(rules)} if format_ == FORMAT:
            return rules
        case {"format": str(format_), "version": version} if format_ == FORMAT and version != 1:
            raise InvalidInput(
                f"{path} is a file of rules of version {version!r}: expected version 1. Write it again with "
                "rules.save()."
            )
    raise InvalidInput(
        f"{path} is not a file of rules: it contains {text.strip()[:SHORT]!r}, and an object with the format "
        f"{FORMAT!r} was expected. Write one with rules.save()."
    )


def _checked(rule: Any) -> Rule:
    if not isinstance(rule, Rule):
        raise InvalidInput(
            f"{rule!r} is not a rule: expected one such as hitl.Rule('unsubscribe', label='ad')."
        )
    return rule


def _made(name: str, value: Any, given: Any) -> Rule | None:
    """Return the rule of a file; None if its function or model is missing."""
    if not isinstance(value, dict):
        raise InvalidInput(
            f"The rule {name!r} of the file is {str(value)[:SHORT]!r}: expected an object. Write the file "
            "with rules.save()."
        )
    try:
        label, classes = value.get("class"), value.get("classes")
        match value["kind"]:
            case "query":
                return Rule(value["query"], label)
            case "items":
                return Rule(items=value["items"], label=label)
            case "labels":
                return Rule(labels=value["labels"], classes=classes)
            case "column":
                return Rule(column=value["column"], classes=classes)
            case "model" if "path" in value:
                return Rule(model=value["path"], classes=classes)
            case "model":
                return None if given is None else Rule(model=given, classes=classes)
            case "function":
                return None if given is None else Rule(given, label, classes=classes)
    except (KeyError, AttributeError, TypeError) as error:
        raise InvalidInput(f"The rule {name!r} of the file cannot be read: {error!r}.") from error
    raise InvalidInput(f"The rule {name!r} of the file has an unknown kind, {value['kind']!r}.")
