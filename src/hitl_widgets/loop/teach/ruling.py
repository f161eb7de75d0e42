"""Ruling: keeps rules, computes their votes, and turns them into experts of the model."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

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
from hitl_widgets.loop.teach.figures import Column, Evidence, Figures, RuleVotes, is_retired
from hitl_widgets.loop.teach.reading import Answers, NotYet, Reading, words_of
from hitl_widgets.loop.teach.rules import LONGEST, Elsewhere, Rule, name_of, rule_name
from hitl_widgets.loop.words import counted
from hitl_widgets.questions.values import is_blank

__all__ = ["Ruling"]

OF = "rule"
# Kinds of rules whose answers may be those of another task, and the number of such answers.
OF_TASKS, MOST_ANSWERS = {"column", "model", "labels"}, 50
# As many answers that are all those of this task are not another task's.
REPEATED = 10


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
        self._pool, self._log, self._acts, self._columns = pool, log, acts, columns
        self._seen, self._changed, self._ground = seen, changed, ground
        self._reading = Reading(pool, log, finder, columns, ground)
        self._lock = threading.RLock()
        self._given: dict[str, Any] = {}  # functions and models of this kernel, by the name of the rule
        self._answers: dict[str, tuple[Any, Answers]] = {}  # by the definition
        self._votes: RuleVotes | None = None
        self._read: list[str] | None = None  # the acts that these are of; None if one is to be read again
        self._experts: tuple[int, list[Any], tuple[Expert, ...]] | None = None
        self._completed: list[tuple[Column, int, Any, Any, Column]] = []

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
        return self._record(*self._prepared(name, rule), event_id=event_id)

    def keep_all(self, rules: Mapping[str, Rule]) -> None:
        """Keep rules by name, each as an act of its own; raises as :meth:`keep`, and then keeps none."""
        prepared = [self._prepared(name, rule, k) for k, (name, rule) in enumerate(rules.items())]
        for one in prepared:
            self._record(*one)

    def _prepared(self, name: str, rule: Rule, more: int = 0) -> tuple[str, Rule, dict[str, Any], Answers]:
        """Check a rule that is to be kept beside ``more`` others; return what :meth:`_record` takes."""
        self.check_question()
        kept = self.kept
        name = name if name in kept else rule_name(name, len(kept) + more)
        value = self._written(rule)
        answers = self._reading.read(value, rule.calls)
        self._refuse_empty(name, value, answers)
        return name, rule, value, answers

    def _record(
        self, name: str, rule: Rule, value: dict[str, Any], answers: Answers, event_id: str | None = None
    ) -> str:
        """Keep a rule that was prepared; returns the event's id."""
        kept = self.kept
        with self._lock:
            if rule.calls is not None:
                self._given[name] = rule.calls
            self._answers[self._key(value)] = rule.calls, answers
            self._read = None  # columns that stay the same are kept
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
        if same is not None and not is_retired(kept[same]):
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
        if not isinstance(name, str):
            raise InvalidInput(
                f"{name!r} is not the name of a rule: pass one name. They are {choices(kept)}."
            )
        if name not in kept:
            known = f"The rules are {choices(kept)}." if kept else "There are no rules yet."
            raise InvalidInput(f"There is no rule {name!r}.{nearest(name, kept)} {known}")
        return kept[name]

    def check_question(self) -> None:
        """Raise InvalidInput if rules cannot vote for answers to the question."""
        kind = self._log.labels.kind.name
        if kind != "choice":
            raise InvalidInput(f"Rules are for questions with one class for each item, not for {kind!r}.")

    def _refuse_empty(self, name: str, value: Mapping[str, Any], answers: Answers) -> None:
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
                meant = rule.classes.items()
                value["classes"] = {
                    str(answer): None if label is None else find(label) for answer, label in meant
                }
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
                # So that it can be said how many were left out.
                if left := sum(self._pool.find(id_) is None for id_ in rule.answers):
                    value["left"] = left
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

    def _codes(self, value: Mapping[str, Any], answers: Answers) -> npt.NDArray[np.int16]:
        """Return the code of each answer, and -1 at the end: of a class, or of an answer that is none."""
        codes = [self._code(value, answer) for answer in answers.said]
        meant = value.get("classes", {})
        of_task = value["kind"] in OF_TASKS and not any(meant.values()) and max(codes, default=-1) < 0
        if of_task and len(codes) <= MOST_ANSWERS:
            n = len(self._log.labels.schema.classes)
            codes = [-1 if str(said) in meant else n + k for k, said in enumerate(answers.said)]
        return np.array([*codes, -1], np.int16)

    def _unknown(self, value: Mapping[str, Any], answers: Answers) -> tuple[tuple[str, int], ...]:
        """Return the answers that count for nothing because they are no class, the most frequent first."""
        codes = self._codes(value, answers)
        n = np.bincount(answers.values + 1, minlength=len(answers.said) + 1)
        nothing = {answer for answer, id_ in value.get("classes", {}).items() if id_ is None}
        found = [
            (str(said), int(n[k + 1]))
            for k, said in enumerate(answers.said)
            if codes[k] < 0 and n[k + 1] and str(said) not in nothing
        ]
        return tuple(sorted(found, key=lambda one: -one[1]))

    def _lacking(self, value: Mapping[str, Any], answers: Answers) -> str:
        """Say which items of a rule are not in the table, and which of its ``classes=`` nothing answers."""
        said, found = [str(one) for one in answers.said], []
        keys = items_of(value)
        with self._log.lock:
            held = self._log.ledger.naming.held
            left = value.get("left", 0) + sum(held(key) is None for key in keys)
        if left:
            of = len(keys) + value.get("left", 0)
            ids = counted(of, "id")
            many = (
                f"None of {ids} is" if left == of else f"{left:,} of {ids} {'is' if left == 1 else 'are'} not"
            )
            found.append(
                f"{many} in the table, whose ids look like {choices(self._pool.ids[:2])}: assign the rule "
                "with ids of this table."
            )
        unsaid = [one for one in value.get("classes", {}) if one not in said] if said else []
        if unsaid:
            close = next(filter(None, (nearest(one, said) for one in unsaid)), "")
            found.append(
                f"classes= names {choices(unsaid)}, which no item has as its answer.{close} The answers are "
                f"{choices(said)}."
            )
        return " ".join(found)

    def _refuse_gone(self, name: str, value: Mapping[str, Any]) -> None:
        """Raise InvalidInput if the class of a rule is not offered any more."""
        if "class" not in value or self._code(value, answer=True) >= 0:
            return
        with self._log.lock:
            called = self._log.ledger.fold.vocabulary.meaning(value["class"])
        what = "was removed" if called is None else f"{called!r} is retired"
        back = "" if called is None else f"bring it back with session.classes.restore({called!r}), or "
        raise InvalidInput(
            f"The class of the rule {name!r} {what}, so the rule is not used: {back}assign the rule anew."
        )

    def _code(self, value: Mapping[str, Any], answer: Any) -> int:
        """Return the code of the class that an answer means now; -1 if it means none."""
        schema = self._log.labels.schema
        ids = schema.ids[: len(schema.classes)]
        if answer is True and "class" in value:
            id_ = value["class"]
        else:
            meant = value.get("classes", {})
            id_ = meant.get(str(answer))
            if str(answer) not in meant:
                found = schema.find(answer)
                id_ = (
                    self._log.class_called(str(answer))
                    if found is None
                    else schema.ids[schema.all_names.index(found)]
                )
        with self._log.lock:
            id_ = self._log.ledger.fold.vocabulary.heir(id_)
        return ids.index(id_) if id_ in ids else -1

    def rule(self, name: str) -> Rule:
        """Return a rule, with the current names of its classes and the ids of its items.

        Raises
        ------
        InvalidInput
            If there is none of this name.
        """
        value, ids, row_of = self.known(name).value["is"], self._pool.ids, self._log.row_of
        called = self._log.ledger.fold.vocabulary.meaning
        told: dict[str, Any] = {}
        with self._log.lock:
            if "class" in value:
                told["label"] = called(value["class"]) or value["class"]
            if "classes" in value:
                told["classes"] = {
                    said: id_ and (called(id_) or id_) for said, id_ in value["classes"].items()
                }
            keys = {key: ids[row] if (row := row_of(key)) is not None else key for key in items_of(value)}
        calls, here = self._given.get(name), value.get("name", "")
        if calls is None or name_of(calls) != here:
            calls = Elsewhere(here)
        match value["kind"]:
            case "query":
                return Rule(value["query"], **told)
            case "items":
                return Rule(items=keys.values(), **told)
            case "labels":
                return Rule(labels={keys[key]: said for key, said in value["labels"].items()}, **told)
            case "column":
                return Rule(column=value["column"], **told)
            case "model":
                return Rule(model=value.get("path", calls), **told)
            case "function":
                return Rule(calls, **told)
        raise InvalidInput(f"The rule {name!r} is of a later version: upgrade hitl-widgets.")

    def now(self) -> RuleVotes:
        """Return the votes of the rules in the log, for the current classes."""
        with self._lock:
            kept, schema, known = self.kept, self._log.labels.schema, self._votes
            acts = [event.event_id for event in kept.values()]
            acts += [
                self._key(event.value["is"]) for event in kept.values() if _uses_slices(event.value["is"])
            ]
            if known is not None and self._read == acts and known.schema == schema:
                return known
            found: dict[str, Column] = {}
            unknown: dict[str, tuple[tuple[str, int], ...]] = {}
            lacking: dict[str, str] = {}
            why: dict[str, str] = {}
            passing = False
            for name, event in kept.items():
                try:
                    self._refuse_gone(name, event.value["is"])
                    answers = self._answers_of(name, event)
                except NotYet as reason:
                    why[name], passing = str(reason), True
                except HitlError as error:
                    why[name] = str(error)
                else:
                    value = event.value["is"]
                    column = self._codes(value, answers)[answers.values]
                    unknown[name] = self._unknown(value, answers)
                    lacking[name] = self._lacking(value, answers)
                    before = None if known is None else known.votes.get(name)
                    found[name] = column if before is None or not np.array_equal(before, column) else before
            made = RuleVotes(kept, schema, found, why, len(self._pool), unknown, lacking)
            if not passing:
                self._votes, self._read = made, acts
            return made

    def _answers_of(self, name: str, event: LabelEvent) -> Answers:
        value = _plain(event.value["is"])
        calls = self._given.get(name) if "name" in value else None
        key = self._key(value)
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
        answers = self._reading.read(value, calls)
        self._answers[key] = calls, answers
        return answers

    def _key(self, value: Mapping[str, Any]) -> str:
        """Return what the answers of a rule depend on: its definition, and the slices that it may name."""
        return json.dumps([_plain(value), self._log.slices if _uses_slices(value) else {}], sort_keys=True)

    def experts(self, labels: Labels, X: Any) -> tuple[Expert, ...]:
        """Return the rules as experts: the same tuple until the rules or the features change."""
        if labels.kind.name != "choice":
            return ()
        with self._lock:
            if not self.kept:
                return ()
            used = list(self.now().used.values())
            known, n, graph = self._experts, len(labels.schema.classes), self._graph(X)
            parts = [*used, X, graph]
            if known is not None and known[0] == n and _are(known[1], parts):
                return known[2]
            made: tuple[Expert, ...] = ()
            if used:
                whole = [self._whole(column, n, X, graph) for column in used]
                self._completed = [(a, n, X, graph, b) for a, b in zip(used, whole, strict=True)]
                together = Votes(np.column_stack(whole), n)
                made = (Voters(together), Student(together, X))
            self._experts = n, parts, made
            return made

    def _graph(self, X: Any) -> Any:
        """Return the neighbour graph of these features; None before there is one."""
        ground = self._ground()
        return ground.affinity if ground is not None and ground.X is X else None

    def _whole(self, column: Column, n: int, X: Any, graph: Any) -> Column:
        """Return :func:`.completed`, which takes seconds for labels of another task, once."""
        for one, classes, features, edges, whole in self._completed:
            if one is column and classes == n and features is X and edges is graph:
                return whole
        return completed(column, X, n, graph)

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

    # -- how good they are

    def claims(self, votes: Column) -> tuple[npt.NDArray[np.int64], Column]:
        """Return the rows with a vote for a class, and the classes."""
        rows = np.flatnonzero((votes >= 0) & (votes < len(self._log.labels.schema.classes)))
        return rows, votes[rows]

    def votes_of(self, name: str) -> tuple[npt.NDArray[np.int64], Column]:
        """Return the rows and classes of the votes of a rule.

        Raises
        ------
        HitlError
            If it cannot be used now.
        """
        self.known(name)
        now = self.now()
        if name not in now.votes:
            raise HitlError(now.why[name])
        return self.claims(now.votes[name])

    def alone(self, name: str) -> tuple[npt.NDArray[np.int64], Column, Figures]:
        """Return the same, and its figures."""
        rows, codes = self.votes_of(name)
        [found] = self.measure(name)
        return rows, codes, found

    def preview(self, rule: Rule) -> tuple[npt.NDArray[np.int64], Column]:
        """Return the rows and classes of the votes that a rule would give, before it is kept."""
        return self.claims(self._tried(rule)[1])

    def tried(self, rule: Rule) -> tuple[npt.NDArray[np.int64], Column, Figures]:
        """Return the same, and the figures that it would have."""
        value, votes = self._tried(rule)
        rows, codes = self.claims(votes)
        now = self.now()
        votes[~now.claimed(votes)] = -1
        told = {"name": "", "words": words_of(value), "kind": value["kind"], "by": "", "retired": False}
        return rows, codes, Figures(**told, **now.cover(votes), **self._evidence().judge(votes))

    def _tried(self, rule: Rule) -> tuple[dict[str, Any], Column]:
        """Return the definition and the votes of a rule that is not kept yet."""
        self.check_question()
        value = self._written(rule)
        answers = self._reading.read(value, rule.calls)
        return value, self._codes(value, answers)[answers.values]

    def shown(self) -> npt.NDArray[Any]:
        """Return the class of each label that may be shown, -1 for other items and retired classes."""
        seen = self._seen()
        y = seen.labels.y
        return np.where(seen.shown & (y < len(seen.labels.schema.classes)), y, -1)

    def _evidence(self) -> Evidence:
        labels, y = self._log.labels, self.shown()
        given = labels.given()
        _, place, size = np.unique(given.act, return_inverse=True, return_counts=True)
        weight = np.zeros(len(self._pool))
        weight[given.index] = 1 / size[place]
        rows = np.flatnonzero(y >= 0)
        return Evidence(rows, y[rows], weight[rows], labels.schema.names)

    def measure(self, *names: str) -> list[Figures]:
        """Return the figures of every rule, or of some, in the order of their names' first use."""
        now, evidence = self.now(), self._evidence()
        return [now.figures(name, evidence) for name in now.kept if not names or name in names]

    def conflicts(self) -> list[tuple[str, npt.NDArray[np.int64], int]]:
        """Return the rows where each rule in use differs from the label, and how many items have both."""
        if not self.kept:
            return []
        now, y, found = self.now(), self.shown(), []
        for name, votes in now.used.items():
            both = now.claimed(votes) & (y >= 0)
            found.append((name, np.flatnonzero(both & (votes != y)), int(both.sum())))
        return found

    def notices(self) -> list[str]:
        """Return what is wrong with rules in use, and the next step."""
        if not self.kept:
            return []
        return [text for one in self.measure() if not one.retired and (text := one.why or one.warned)]


def items_of(value: Mapping[str, Any]) -> list[str]:
    """Return the keys of the items that a definition names."""
    return list(value.get("items", value.get("labels", ())))


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition without whether it is used."""
    return {key: one for key, one in value.items() if key != "retired"}


def _free(words: str, kept: Mapping[str, Any]) -> str:
    """Return a name for a rule that no other has."""
    name = "".join(c if c.isprintable() else " " for c in words).strip()[: LONGEST - 5] or "rule"
    return next(free for k in count(1) if (free := name if k == 1 else f"{name} {k}") not in kept)


def _are(known: list[Column], now: list[Column]) -> bool:
    return len(known) == len(now) and all(a is b for a, b in zip(known, now, strict=True))


def _uses_slices(value: Mapping[str, Any]) -> bool:
    return "slice:" in value.get("query", "").lower()
