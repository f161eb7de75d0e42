"""Ruling: keeps rules, computes their votes and figures, and turns them into experts of the model."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_widgets.background.turns import give_way
from hitl_widgets.data.columns import Columns
from hitl_widgets.data.pool import Pool
from hitl_widgets.errors import HitlError, InvalidInput, choices, nearest
from hitl_widgets.labels.events import LabelEvent
from hitl_widgets.learn.experts import Expert
from hitl_widgets.learn.votes import Student, Voters, Votes, completed
from hitl_widgets.loop.acts import Acts
from hitl_widgets.loop.asking import Ground, Labels
from hitl_widgets.loop.finding import Finder
from hitl_widgets.loop.log import Log
from hitl_widgets.loop.seen import Seen
from hitl_widgets.loop.teach.rules import LONGEST, Rule, name_of, rule_name
from hitl_widgets.quality.sequential import wilson
from hitl_widgets.questions.schema import Schema
from hitl_widgets.questions.values import is_blank, plain

__all__ = ["Figures", "Ruling", "words_of"]

_Column = npt.NDArray[np.int16]

OF = "rule"
# Items that a model predicts at a time.
SOME = 10_000
# Kinds of rules whose answers may be those of another task, and the number of such answers.
OF_TASKS, MOST_ANSWERS = {"column", "model", "labels"}, 50
# Labelled items that a rule must meet before it is called bad.
ENOUGH = 5
# As many answers that are all those of this task are not another task's.
REPEATED = 10


@dataclass(frozen=True, eq=False)
class Figures:
    """A rule at one moment.

    Attributes
    ----------
    name, words, kind
        Its name, what it goes by, and the kind of rule.
    codes
        The classes that it votes for; empty if its answers are those of another task.
    by
        Who defined it.
    retired
        Whether it is kept without being used.
    n_items, n_alone, n_overlaps, n_conflicts
        Numbers of items with its vote, of those with no vote of another rule in use, with one, and with one
        for another class.
    n_labelled
        How many of its items are labelled.
    n, right
        The number of labels that judge it, where items labelled in one act count as one label, and how many
        of them it gets right.
    low, high
        The 95 % interval of its accuracy (Wilson 1927); None without labels.
    same_as
        The rule with the same votes that counts instead of this one.
    why
        Why it cannot be used now, and the next step; empty if it can.
    bad
        What is wrong with its votes, and the next step.
    """

    name: str
    words: str
    kind: str
    codes: tuple[int, ...]
    by: str
    retired: bool
    n_items: int = 0
    n_alone: int = 0
    n_overlaps: int = 0
    n_conflicts: int = 0
    n_labelled: int = 0
    n: float = 0.0
    right: float = 0.0
    low: float | None = None
    high: float | None = None
    same_as: str = ""
    why: str = ""
    bad: str = ""

    @property
    def accuracy(self) -> float | None:
        """The share of its labelled items that it gets right."""
        return self.right / self.n if self.n else None


@dataclass(frozen=True, eq=False)
class _Answers:
    """What a rule says of each item: a number, -1 where it abstains, and the answer of each number."""

    values: npt.NDArray[np.int32]
    said: tuple[Any, ...]


class Ruling:
    """Keeps rules, and computes what follows from them. Thread-safe.

    Parameters
    ----------
    pool, log, acts, finder, columns
        Parts of the session.
    seen
        Returns its labels, and which of them may be shown.
    ground
        Returns the features; None before there are any.
    changed
        Called when votes change without an event.
    """

    def __init__(
        self,
        pool: Pool,
        log: Log,
        acts: Acts,
        finder: Finder,
        columns: Columns,
        seen: Callable[[], Seen],
        ground: Callable[[], Ground | None],
        changed: Callable[[], None],
    ) -> None:
        self._pool, self._log, self._acts, self._finder = pool, log, acts, finder
        self._columns, self._seen, self._ground, self._changed = columns, seen, ground, changed
        self._lock = threading.RLock()
        self._given: dict[str, Any] = {}  # functions and models of this kernel, by the name of the rule
        self._answers: dict[str, tuple[Any, _Answers]] = {}  # by the definition
        self._votes: _Known | None = None
        self._experts: tuple[list[_Column], int, Any, tuple[Expert, ...]] | None = None
        self._completed: list[tuple[_Column, int, Any, _Column]] = []

    # -- acts

    @property
    def kept(self) -> dict[str, LabelEvent]:
        """The definitions in effect, by name."""
        return self._log.definitions(OF)

    def keep(self, name: str, rule: Rule, *, event_id: str | None = None) -> str:
        """Keep a rule under a name, in place of an earlier one; returns the event's id.

        A function or a model that the log knows under this name is taken in without an event.

        Raises
        ------
        InvalidInput
            If the question, the name or the rule is not suitable, or the rule says nothing about any item.
        """
        self.check_question()
        kept = self.kept
        name = name if name in kept else rule_name(name, len(kept))
        value = self._written(rule)
        answers = self._read(value, rule.calls)
        self._refuse_empty(name, value, answers)
        with self._lock:
            if rule.calls is not None:
                self._given[name] = rule.calls
            self._answers[_key(value)] = rule.calls, answers
            if self._votes is not None:
                self._votes = replace(self._votes, acts=[])  # columns that stay the same are kept
        known = kept.get(name)
        if known is not None and known.value["is"] == value:
            self._changed()
            return known.event_id
        return self._acts.define(OF, name, value, event_id=event_id)

    def say(self, rule: Rule, *, event_id: str | None = None) -> str:
        """Keep a rule that was said in passing, under a name made of what it goes by; returns the event's id.

        Raises
        ------
        InvalidInput
            If the rule is in use already, or as :meth:`keep`.
        """
        if self._log.knows(event_id):
            return event_id
        self.check_question()
        value, kept = self._written(rule), self.kept
        same = next((name for name, event in kept.items() if _plain(event.value["is"]) == value), None)
        if same is not None and not _retired(kept[same]):
            raise InvalidInput(f"This rule is there already: {same!r}.")
        return self.keep(same or _free(words_of(value), kept), rule, event_id=event_id)

    def retire(self, name: str, *, back: bool = False, event_id: str | None = None) -> str:
        """Stop using a rule without removing it, or use it again."""
        value = _plain(self.known(name).value["is"])
        return self._acts.define(OF, name, value if back else {**value, "retired": True}, event_id=event_id)

    def remove(self, name: str, *, event_id: str | None = None) -> str:
        """Remove a rule."""
        if not self._log.knows(event_id):
            self.known(name)
        return self._acts.define(OF, name, None, event_id=event_id)

    def known(self, name: str) -> LabelEvent:
        """Return the definition of a rule.

        Raises
        ------
        InvalidInput
            If there is none of this name.
        """
        kept = self.kept
        if name not in kept:
            raise InvalidInput(
                f"There is no rule {name!r}.{nearest(name, kept)} The rules are {choices(kept)}."
            )
        return kept[name]

    def check_question(self) -> None:
        """Raise InvalidInput if rules cannot vote for answers to the question."""
        kind = self._log.labels.kind.name
        if kind != "choice":
            raise InvalidInput(f"Rules are for questions with one class for each item, not for {kind!r}.")

    def _refuse_empty(self, name: str, value: Mapping[str, Any], answers: _Answers) -> None:
        met = np.unique(answers.values[answers.values >= 0])
        if not len(met):
            raise InvalidInput(f"The rule {name!r} ({words_of(value)}) says nothing about any item.")
        classes = self._codes(value, answers)[met]
        if max(classes) < 0:
            schema = self._log.labels.schema
            raise InvalidInput(
                f"No answer of the rule {name!r} ({words_of(value)}) is a class. It says "
                f"{choices([answers.said[k] for k in met.tolist()])}; the classes are "
                f"{choices(schema.values)}. Pass classes={{answer: class}}."
            )

    def _written(self, rule: Rule) -> dict[str, Any]:
        """Return a rule as it is kept in the log: items by their keys, classes by their ids."""
        value: dict[str, Any] = {"kind": rule.kind}
        with self._log.lock:
            find, naming = self._log.ledger.fold.vocabulary.find, self._log.ledger.naming
            if rule.label is not None:
                value["class"] = find(rule.label)
            if rule.classes:
                value["classes"] = {str(answer): find(label) for answer, label in rule.classes.items()}
        match rule.kind:
            case "query":
                value["query"] = str(rule.source).strip()
            case "items":
                rows = sorted(set(self._pool.index(list(rule.items or ()))))
                value["items"] = [naming.written(row) for row in rows]
            case "labels":
                said = {self._pool.find(id_): one for id_, one in rule.answers.items() if not is_blank(one)}
                told = {naming.written(row): str(one) for row, one in said.items() if row is not None}
                if said and not told:
                    self._pool.index(rule.answers)  # says what the ids should look like
                self._refuse_own(said)
                value["labels"] = told
            case "column":
                if rule.column not in self._columns:
                    close = nearest(rule.column, self._columns)
                    known = f" The columns are {choices(self._columns)}." if self._columns else ""
                    raise InvalidInput(f"There is no column {rule.column!r}.{close}{known}")
                value["column"] = rule.column
            case "model" if rule.path is not None:
                value["path"] = rule.path
            case _:
                value["name"] = name_of(rule.calls)
        return value

    # -- what rules say

    def _read(self, value: Mapping[str, Any], calls: Any) -> _Answers:
        """Return what a rule says of each item; raise InvalidInput if it cannot be read."""
        nothing = np.full(len(self._pool), -1, np.int32)
        match value["kind"]:
            case "query":
                nothing[self._finder.fixed(value["query"])] = 0
                return _Answers(nothing, (True,))
            case "items":
                row = self._log.ledger.naming.held
                with self._log.lock:
                    rows = [found for key in value["items"] if (found := row(key)) is not None]
                nothing[rows] = 0
                return _Answers(nothing, (True,))
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
        except Exception as failure:
            raise InvalidInput(
                f"The function {name} failed for item {self._pool.ids[row]!r}: "
                f"{type(failure).__name__}: {failure}"
            ) from failure

    def _predicted(self, value: Mapping[str, Any], model: Any) -> list[Any]:
        if "path" in value:
            from hitl_widgets.models.files import load_model

            model = load_model(value["path"])
        if not hasattr(model, "predict"):
            raise InvalidInput(
                f"model={model!r} has no method predict: expected a fitted classifier, or a path."
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
            raise _NotYet("The features of the items are still being computed.")
        if ground.X.shape[1] != wanted:
            raise InvalidInput(
                f"The model {name_of(model)} was fitted to {wanted} features, and these items have "
                f"{ground.X.shape[1]}: pass a pipeline that takes the items."
            )
        return ground.X

    def _codes(self, value: Mapping[str, Any], answers: _Answers) -> npt.NDArray[np.int16]:
        """Return the code of each answer, and -1 at the end: of a class, or of an answer that is none."""
        codes = [self._code(value, answer) for answer in answers.said]
        of_task = value["kind"] in OF_TASKS and "classes" not in value and max(codes, default=-1) < 0
        if of_task and len(codes) <= MOST_ANSWERS:
            n = len(self._log.labels.schema.classes)
            codes = list(range(n, n + len(codes)))
        return np.array([*codes, -1], np.int16)

    def _code(self, value: Mapping[str, Any], answer: Any) -> int:
        """Return the code of the class that an answer means now; -1 if it means none."""
        schema = self._log.labels.schema
        names = schema.ids[: len(schema.classes)]
        if answer is True and "class" in value:
            id_ = value["class"]
        else:
            id_ = value.get("classes", {}).get(str(answer))
            if id_ is None:
                found = schema.find(answer)
                id_ = (
                    self._log.class_called(str(answer))
                    if found is None
                    else schema.ids[schema.all_names.index(found)]
                )
        with self._log.lock:
            id_ = self._log.ledger.fold.vocabulary.heir(id_)
        return names.index(id_) if id_ in names else -1

    def votes(self) -> tuple[dict[str, _Column], dict[str, str]]:
        """Return the votes of each rule, int16 (n_items,), also of retired ones, and why others have none."""
        with self._lock:
            kept, schema = self.kept, self._log.labels.schema
            acts = [event.event_id for event in kept.values()]
            known = self._votes
            if known is not None and known.acts == acts and known.schema == schema:
                return known.votes, known.why
            found: dict[str, _Column] = {}
            why: dict[str, str] = {}
            passing = False
            for name, event in kept.items():
                value = event.value["is"]
                try:
                    answers = self._answers_of(name, event)
                except _NotYet as reason:
                    why[name], passing = str(reason), True
                except HitlError as error:
                    why[name] = str(error)
                else:
                    column = self._codes(value, answers)[answers.values]
                    before = None if known is None else known.votes.get(name)
                    same = before is not None and np.array_equal(before, column)
                    found[name] = before if same and before is not None else column
            if not passing:
                self._votes = _Known(acts, schema, found, why)
            return found, why

    def _answers_of(self, name: str, event: LabelEvent) -> _Answers:
        value = _plain(event.value["is"])
        calls = self._given.get(name) if "name" in value else None
        key = _key(value)
        known = self._answers.get(key)
        if known is not None and (known[0] is calls or "name" not in value):
            return known[1]
        if "name" in value and (calls is None or name_of(calls) != value["name"]):
            what = "model" if value["kind"] == "model" else "function"
            how = f"model={value['name'].lower()}" if what == "model" else value["name"]
            raise HitlError(
                f"The {what} {value['name']} is not in this notebook yet, so the rule is not used. Run: "
                f"session.teach.rules[{name!r}] = hitl.Rule({how}, ...)"
            )
        answers = self._read(value, calls)
        self._answers[key] = calls, answers
        return answers

    def experts(self, labels: Labels, X: Any) -> tuple[Expert, ...]:
        """Return the rules as experts: the same tuple until the rules or the features change."""
        if labels.kind.name != "choice":
            return ()
        with self._lock:
            kept = self.kept
            if not kept:
                return ()
            votes, _ = self.votes()
            used = [votes[name] for name, event in kept.items() if name in votes and not _retired(event)]
            known, n = self._experts, len(labels.schema.classes)
            if known is not None and known[1] == n and known[2] is X and _are(known[0], used):
                return known[3]
            made: tuple[Expert, ...] = ()
            if used:
                whole = [self._whole(column, n, X) for column in used]
                self._completed = [(a, n, X, b) for a, b in zip(used, whole, strict=True)]
                together = Votes(np.column_stack(whole), n)
                made = (Voters(together), Student(together, X))
            self._experts = used, n, X, made
            return made

    def _whole(self, column: _Column, n: int, X: Any) -> _Column:
        """Return :func:`.completed`, which takes seconds for labels of another task, once."""
        known = (one[3] for one in self._completed if one[0] is column and one[1] == n and one[2] is X)
        found = next(known, None)
        return completed(column, X, n) if found is None else found

    def preview(self, rule: Rule) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
        """Return the rows and classes of the votes that a rule would give, before it is kept."""
        self.check_question()
        value = self._written(rule)
        answers = self._read(value, rule.calls)
        return self.claims(self._codes(value, answers)[answers.values])

    def _refuse_own(self, said: Mapping[int | None, Any]) -> None:
        """Raise InvalidInput for the labels of this task: a rule that repeats them is always right."""
        labels = self._log.labels
        known = dict(enumerate(map(str, labels.schema.values)))
        own = [known.get(int(labels.y[row])) == str(one) for row, one in said.items() if row is not None]
        if len(own) >= REPEATED and all(own):
            raise InvalidInput(
                f"These {len(own)} answers are the labels of this task itself, so the rule would repeat what "
                "it should add to. Pass the labels of another task for the same items."
            )

    def claims(self, votes: _Column) -> tuple[npt.NDArray[np.int64], _Column]:
        """Return the rows with a vote for a class, and the classes."""
        rows = np.flatnonzero((votes >= 0) & (votes < len(self._log.labels.schema.classes)))
        return rows, votes[rows]

    def alone(self, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16], Figures]:
        """Return the rows and classes of the votes of a rule, and its figures."""
        self.known(name)
        found = next(one for one in self.measure() if one.name == name)
        if found.why:
            raise HitlError(found.why)
        return *self.claims(self.votes()[0][name]), found

    def tried(self, rule: Rule) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16], Figures]:
        """Return the same of a rule that is not kept yet."""
        rows, codes = self.preview(rule)
        votes = np.full(len(self._pool), -1, np.int16)
        votes[rows] = codes
        with self._lock:
            kept, (known, _) = self.kept, self.votes()
        used = [known[name] for name, event in kept.items() if name in known and not _retired(event)]
        value, y = self._written(rule), self.shown()
        n = len(self._log.labels.schema.classes)
        tally = _Tally.of_columns(used, len(self._pool), n)
        told = {"name": "", "words": words_of(value), "kind": value["kind"], "by": "", "retired": False}
        return rows, codes, Figures(**told, **_counts(votes, tally, y, self._weight(), n, used=False))

    # -- how good they are

    def _weight(self) -> npt.NDArray[np.float64]:
        """Return what each label counts for, (n_items,): those of one act count as one."""
        given = self._log.labels.given()
        _, place, size = np.unique(given.act, return_inverse=True, return_counts=True)
        weight = np.zeros(len(self._pool))
        weight[given.index] = 1 / size[place]
        return weight

    def shown(self) -> npt.NDArray[Any]:
        """Return the class of each label that may be shown, -1 for other items and retired classes."""
        seen = self._seen()
        y = seen.labels.y
        return np.where(seen.shown & (y < len(seen.labels.schema.classes)), y, -1)

    def measure(self) -> list[Figures]:
        """Return the figures of every rule, in the order of their names' first use."""
        with self._lock:
            kept, (votes, why) = self.kept, self.votes()
        labels, y, weight = self._log.labels, self.shown(), self._weight()
        used = {name: votes[name] for name, event in kept.items() if name in votes and not _retired(event)}
        n, firsts, found = len(labels.schema.classes), dict[bytes, str](), list[Figures]()
        for name, column in used.items():
            firsts.setdefault(_digest(column), name)
        tally = _Tally.of_columns(list(used.values()), len(self._pool), n)
        for name, event in kept.items():
            value = event.value["is"]
            told = {"name": name, "words": words_of(value), "kind": value["kind"], "by": event.annotator}
            told["retired"] = _retired(event)
            if name not in votes:
                found.append(Figures(**told, codes=(), why=why.get(name, "")))
                continue
            mine = votes[name]
            first = firsts.get(_digest(mine), name)
            made = Figures(
                **told,
                **_counts(mine, tally, y, weight, n, used=name in used),
                same_as="" if first == name else first,
            )
            found.append(replace(made, bad=_bad(made, y, weight, labels.schema.names)))
        return found

    def conflicts(self) -> list[tuple[str, npt.NDArray[np.int64], int]]:
        """Return the rows where each rule in use differs from the label, and how many items have both."""
        if not self.kept:
            return []
        with self._lock:
            kept, (votes, _) = self.kept, self.votes()
        y, n, found = self.shown(), len(self._log.labels.schema.classes), []
        for name, event in kept.items():
            if name in votes and not _retired(event):
                both = (votes[name] >= 0) & (votes[name] < n) & (y >= 0)
                found.append((name, np.flatnonzero(both & (votes[name] != y)), int(both.sum())))
        return found

    def notices(self) -> list[str]:
        """Return what is wrong with rules in use, and the next step."""
        if not self.kept:
            return []
        return [text for one in self.measure() if not one.retired and (text := one.why or one.bad)]


class _NotYet(InvalidInput):
    """The rule can be read as soon as there are features."""


@dataclass(frozen=True, eq=False)
class _Known:
    """The votes of some definitions, for some classes."""

    acts: list[str]
    schema: Schema
    votes: dict[str, _Column]
    why: dict[str, str]


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition without whether it is used."""
    return {key: one for key, one in value.items() if key != "retired"}


def _free(words: str, kept: Mapping[str, Any]) -> str:
    """Return a name for a rule that no other has."""
    name = "".join(c if c.isprintable() else " " for c in words).strip()[: LONGEST - 5] or "rule"
    return next(free for k in count(1) if (free := name if k == 1 else f"{name} {k}") not in kept)


def _are(known: list[_Column], now: list[_Column]) -> bool:
    return len(known) == len(now) and all(a is b for a, b in zip(known, now, strict=True))


def _key(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)


def _answers(values: list[Any]) -> _Answers:
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
    return _Answers(codes, tuple(said))


def _retired(event: LabelEvent) -> bool:
    return bool(event.value["is"].get("retired"))


def words_of(value: Mapping[str, Any]) -> str:
    """Return what a rule goes by, as text."""
    match value["kind"]:
        case "query":
            return str(value["query"])
        case "items":
            return f"{len(value['items']):,} items"
        case "labels":
            return f"{len(value['labels']):,} labels of another task"
        case "column":
            return f"column {value['column']}"
        case kind:
            return f"{kind} {value.get('path') or value.get('name')}"


@dataclass(frozen=True, eq=False)
class _Tally:
    """How many rules in use have a vote for each item, a vote for a class, and a vote for each class."""

    votes: npt.NDArray[np.int32]
    claims: npt.NDArray[np.int32]
    of: dict[int, npt.NDArray[np.int32]]

    @classmethod
    def of_columns(cls, columns: list[_Column], n: int, n_classes: int) -> _Tally:
        votes, claims = np.zeros((2, n), np.int32)
        of: dict[int, npt.NDArray[np.int32]] = {}
        for column in columns:
            votes += column >= 0
            for code in np.unique(column[(column >= 0) & (column < n_classes)]).tolist():
                mine = column == code
                claims += mine
                of[code] = of.get(code, np.zeros(n, np.int32)) + mine
        return cls(votes, claims, of)


def _digest(column: _Column) -> bytes:
    return hashlib.blake2b(column.tobytes()).digest()


def _counts(
    mine: _Column,
    tally: _Tally,
    y: npt.NDArray[Any],
    weight: npt.NDArray[np.float64],
    n_classes: int,
    *,
    used: bool,
) -> dict[str, Any]:
    met, claims = mine >= 0, (mine >= 0) & (mine < n_classes)
    beside = tally.votes > used
    same = np.zeros(len(mine), np.int32)
    for code in np.unique(mine[claims]).tolist():
        if code in tally.of:
            same[mine == code] = tally.of[code][mine == code]
    against = tally.claims > same
    judged = claims & (y >= 0)
    n, right = float(weight[judged].sum()), float(weight[judged & (mine == y)].sum())
    low, high = wilson(right, n) if n else (None, None)
    return {
        "codes": tuple(np.unique(mine[claims]).tolist()),
        "n_items": int(met.sum()),
        "n_alone": int((met & ~beside).sum()),
        "n_overlaps": int((met & beside).sum()),
        "n_conflicts": int((claims & against).sum()),
        "n_labelled": int(judged.sum()),
        "n": n,
        "right": right,
        "low": low,
        "high": high,
    }


def _bad(one: Figures, y: npt.NDArray[Any], weight: npt.NDArray[np.float64], names: tuple[str, ...]) -> str:
    """Return what is wrong with a rule, and the next step; empty unless its labels leave no doubt."""
    if one.high is None or one.accuracy is None or one.n < ENOUGH or not one.codes:
        return ""
    known = y >= 0
    shares = np.bincount(y[known], weight[known], minlength=len(names)) / weight[known].sum()
    common = max(one.codes, key=lambda code: shares[code])
    if one.high < 0.5:
        than = "it is wrong more often than right"
    elif one.high < shares[common]:
        than = f"{shares[common]:.0%} of all labels are {names[common]!r}, so it says nothing"
    else:
        return ""
    return (
        f"The rule {one.name!r} gets {one.accuracy:.0%} of {one.n_labelled} labelled items right (at most "
        f"{one.high:.0%}): {than}. Narrow it, or retire it: session.teach.rules.retire({one.name!r})."
    )
