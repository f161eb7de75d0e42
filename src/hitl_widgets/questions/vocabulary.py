"""Vocabulary: the classes of a task and their changes, and the current meaning of earlier labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.questions import parts
from hitl_widgets.questions.keys import check_key, own_keys
from hitl_widgets.questions.schema import (
    KEYS,
    MAX_CLASSES,
    LabelClass,
    Schema,
    free_color,
    free_key,
    kind_in,
    palette,
    question_of,
    stored_values,
)
from hitl_widgets.questions.values import ANSWERS, alike, is_blank, spelled, tidy

__all__ = ["CHANGES", "Vocabulary"]

CHANGES = ("add", "rename", "merge", "split", "retire", "restore", "reorder", "edit", "ask", "keys")
# The changes that are allowed for the levels of a rating, whose numbers are fixed.
OF_LEVELS = ("rename", "edit", "ask", "keys")
EDITABLE = ("key", "color", "guidance", "example")
MAX_TEXT = 10_000

# Minimum and maximum number of classes that a change names, and that it makes; default 1 and 0.
_COUNTS = {
    "add": (0, 0, 1, 1),
    "merge": (1, MAX_CLASSES, 0, 1),
    "split": (1, 1, 2, 50),
    "reorder": (1, MAX_CLASSES, 0, 0),
    "ask": (0, 0, 0, 0),
    "keys": (0, MAX_CLASSES, 0, 0),
}

Classes = dict[str, LabelClass]


@dataclass
class _State:
    """Classes by an id that does not change on renaming: the first name, made unique."""

    live: Classes = field(default_factory=dict)
    retired: Classes = field(default_factory=dict)
    # For each removed class, the class that its labels count as now, or None to ask again.
    into: dict[str, str | None] = field(default_factory=dict)
    asked: Classes = field(default_factory=dict)
    asked_words: str = ""
    words: str = ""
    own: Mapping[str, Any] = field(default_factory=dict)  # non-text values of classes
    how: Mapping[str, Any] = field(default_factory=dict)  # the kind, and what else the schema says of it
    keys: dict[str, dict[str, str]] = field(default_factory=dict)  # of each annotator, by class id

    def copy(self) -> _State:
        return _State(
            dict(self.live),
            dict(self.retired),
            dict(self.into),
            dict(self.asked),
            self.asked_words,
            self.words,
            self.own,
            self.how,
            dict(self.keys),
        )

    def known(self) -> set[str]:
        return {*self.live, *self.retired, *self.into}

    @property
    def kind(self) -> str:
        return str(self.how.get("kind", "choice"))

    def heir(self, id_: str | None) -> str | None:
        """Return the class itself, or the one that its labels count as."""
        while id_ in self.into:
            id_ = self.into[id_]
        return id_

    def schema(self, own: Mapping[str, Any] | None = None) -> Schema:
        taken: set[tuple[str, str]] = set()
        classes: list[LabelClass] = []
        for c in self.live.values():  # if two people assign a key at the same time, one class keeps it
            at = question_of(c.name, self.kind), c.key
            classes.append(replace(c, key="") if at in taken else c)
            taken.add(at)
        how = dict(self.how)
        if self.kind == "form":
            how["settings"] = parts.moved(how["settings"], self.heir)
        return Schema.standing(classes, self.words, self.live, self.retired, own or self.own, **how)


@dataclass(frozen=True)
class _Change:
    """A change whose class names were resolved when it was made, so that later renames do not affect it."""

    event_id: str
    name: str
    of: tuple[str, ...] = ()
    made: tuple[tuple[str, LabelClass], ...] = ()
    text: str = ""
    set: tuple[tuple[str, str], ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)
    how: Mapping[str, Any] = field(default_factory=dict)
    who: str = ""  # the annotator whose keys change
    whole: bool = False  # whether other keys of the annotator end

    def on(self, before: _State) -> _State:
        """Return the state after this change, or the same state if the change no longer applies."""
        try:
            return self.applied(before)
        except Exception:  # noqa: BLE001 - an error would make the log unusable
            return before

    def applied(self, before: _State) -> _State:
        """Return the state after this change; raise an error if it does not apply."""
        after = before.copy()
        _APPLY[self.name](after, self)
        after.schema()
        return after


class Vocabulary:
    """The current schema, computed from the schema events of the log, in log order.

    An event's value is either a complete schema, as requested by ``classes=``, or one change of the
    current schema: ``{"change": name, "of": [class names], ...}`` with a name in :data:`CHANGES`. Only the
    difference between two complete schemas counts, so that rerunning a cell reverts no changes.

    A label keeps the class that its name stood for at the time. Undoing a change applies all other changes
    again without it.

    The change ``keys`` sets keys of its annotator only: ``{"change": "keys", "keys": {class id: key}}``, with
    ``"whole": True`` if it replaces all earlier ones.
    """

    def __init__(self) -> None:
        self._log: list[_Change] = []
        self._undone: set[str] = set()
        self._unread: dict[str, str] = {}
        self._called: dict[str, str] = {}
        self._state = _State()
        self._guided: list[tuple[str, str, LabelClass]] | None = None
        self._own: Mapping[str, Any] | None = None
        self.schema: Schema | None = None
        self.asked: Mapping[str, Any] | None = None
        self.kind = "choice"
        self.asked_keys: dict[str, Mapping[str, str]] = {}  # the last ``keys=`` of each annotator

    def apply(self, value: Mapping[str, Any], event_id: str, annotator: str = "") -> bool | None:
        """Apply a schema event; return whether the meaning of labels may have changed, None if it is void."""
        try:
            if "change" in value:
                change = self._understood(value, event_id, annotator)
                if change.whole:
                    self.asked_keys[annotator] = dict(change.set)
            else:
                change = self._whole(value, event_id)
                self.asked, self.kind = value, str(change.how["kind"])
        except Exception as error:  # noqa: BLE001 - as above: an unreadable event is void
            self._unread[event_id] = str(error)
            return None
        self._log.append(change)
        return self._move(change.on(self._state))

    def turn(self, event_id: str, *, back: bool) -> bool:
        """Undo or redo a change; return whether the meaning of labels may have changed."""
        (self._undone.add if back else self._undone.discard)(event_id)
        state = _State()
        for change in self._log:
            if change.event_id not in self._undone:
                state = change.on(state)
        return self._move(state)

    def void(self) -> dict[str, str]:
        """Return, by event id, why changes have no effect; undone changes are not included."""
        state, found = _State(), {i: why for i, why in self._unread.items() if i not in self._undone}
        for change in self._log:
            if change.event_id not in self._undone:
                try:
                    state = change.applied(state)
                except Exception as error:  # noqa: BLE001 - as above
                    found[change.event_id] = str(error)
        return found

    def guided(self) -> list[tuple[str, str, LabelClass]]:
        """Return the changes in effect of the guidance of classes: event id, class id, the class then.

        The guidance of a class is its text and its example.
        """
        if self._guided is None:
            state, said, self._guided = _State(), dict[str, tuple[str, str]](), []
            for change in self._log:
                if change.event_id in self._undone:
                    continue
                state = change.on(state)
                for id_, c in state.live.items():
                    if (c.guidance, c.example) != said.get(id_, ("", "")):
                        said[id_] = (c.guidance, c.example)
                        self._guided.append((change.event_id, id_, c))
        return self._guided

    def spell(self, own: Mapping[str, Any]) -> None:
        """Return classes as these values, by name, instead of those in the log."""
        self._own = own
        self._move(self._state)

    def _move(self, after: _State) -> bool:
        before, self._state, self._guided = self._state, after, None
        self.schema = after.schema(self._own) if after.live or after.how else None
        for id_, c in (*after.retired.items(), *after.live.items()):
            self._called[c.name] = id_
        return any(
            list(getattr(before, part)) != list(getattr(after, part)) for part in ("live", "retired")
        ) or (before.into != after.into)

    def knows(self, id_: str) -> bool:
        """Return whether there is, or was, a class with this id."""
        return id_ in self._state.known()

    def understood(self, word: object) -> str | None:
        """Return the id of the class that a name stands for, or last stood for; None if it never did."""
        for c in (self._state.live, self._state.retired):
            for id_, found in c.items():
                if found.name == word:
                    return id_
        return self._called.get(str(word))

    def meaning(self, id_: str | None) -> str | None:
        """Return the current name of a class, or of the one it was merged into; None if it is gone."""
        id_ = self._state.heir(id_)
        found = self._state.live.get(id_ or "") or self._state.retired.get(id_ or "")
        return found.name if found else None

    def heir(self, id_: str | None) -> str | None:
        """Return the id of the class, or of the one it was merged into; None if it is gone."""
        id_ = self._state.heir(id_)
        return id_ if id_ in self._state.live or id_ in self._state.retired else None

    def keys(self, annotator: str) -> Mapping[str, str]:
        """Return the keys that an annotator has chosen, by class id."""
        return self._state.keys.get(annotator, {})

    def find(self, value: Any) -> str:
        """Return the id of the class with this current or former name, in any equivalent spelling.

        Raises
        ------
        InvalidInput
            If the class is unknown or retired.
        """
        assert self.schema is not None  # noqa: S101 - there are no answers without a schema
        name = self.meaning(self.understood(value)) if isinstance(value, str) else None
        return self.schema.ids[self.schema.code(value if name is None else name)]

    def choosable(self, id_: Any, word: Any = None) -> str:
        """Return the id of the class that a page refers to; ``word`` is its name on the page.

        Raises
        ------
        InvalidInput
            If the class is gone or retired.
        """
        name = self.meaning(id_) if isinstance(id_, str) else None
        if name is None:
            raise InvalidInput(f"The class {(word or id_)!r} no longer exists: choose a current class.")
        return self.find(name)

    # -- new changes ----------------------------------------------------------

    def completed(self, change: Mapping[str, Any], annotator: str = "") -> dict[str, Any]:
        """Check a change of an annotator, and return it for the log with keys and colors for new classes.

        Raises
        ------
        InvalidInput
            If the change is not possible; the message gives the reason.
        """
        whole = dict(change)
        self._refuse_of_kind(whole.get("change"))
        if self.kind == "form" and self.schema is not None:
            whole = parts.in_form(whole, self.schema, self._named)
        if "of" in whole:
            whole["of"] = list(map(self._word, whole["of"]))
        if "name" in whole and self._word(whole["name"]) not in {c.name for c in self._state.live.values()}:
            whole["name"] = _tidy(whole["name"])
        elif "name" in whole:
            whole["name"] = self._word(whole["name"])
        if made := [dict(c) | {"name": _tidy(c.get("name"))} for c in whole.get("classes", ())]:
            heirs = [self._state.live[self._live(of)] for of in list(whole.get("of", ()))[:1]]
            whole["classes"] = [asdict(c) for c in self._dressed(made, heirs)]
        if whole.get("change") == "keys" and "set" in whole:
            whole["keys"] = self._one_key(whole.get("of", ()), whole.pop("set"), annotator)
        self._refuse_alike(whole)
        self._refuse_place(whole)
        found = self._understood(whole, "", annotator)
        after = self._state.copy()
        _APPLY[found.name](after, found)
        after.schema()
        if after == self._state and list(after.live) == list(self._state.live):
            raise InvalidInput("This would change nothing: the classes are like this already.")
        return whole

    def _refuse_of_kind(self, name: Any) -> None:
        if self.kind == "rating" and name in CHANGES and name not in OF_LEVELS:
            raise InvalidInput(
                f"The levels of a rating are a scale, which {name!r} would change. They can be renamed and "
                "edited. To use another scale, start another task: task='another name'."
            )
        if self.kind == "pair" and name in CHANGES and name not in OF_LEVELS:
            raise InvalidInput(
                f"The answers to a comparison are fixed, and {name!r} would change them. They can be "
                "renamed. To ask with or without a tie, pass tie= where the question is made."
            )

    def _refuse_place(self, change: Mapping[str, Any]) -> None:
        """Refuse to call an answer of a comparison what another one means in files and in the log."""
        if self.kind != "pair" or change.get("change") != "rename":
            return
        name, [id_] = str(change["name"]), [self._live(word) for word in change["of"]]
        if name != id_ and name in ANSWERS:
            raise InvalidInput(
                f"{self.meaning(id_)!r} cannot be called {name!r}, which is another answer, for example in "
                "files. Choose a different name."
            )

    def _named(self, word: Any) -> str:
        """Return the current name of a class, given by a current or former one; an unknown one unchanged."""
        return self.meaning(self.understood(word)) or str(word)

    def _one_key(self, of: Sequence[str], asked: Mapping[str, Any], annotator: str) -> dict[str, str]:
        """Check an annotator's key of one class; an empty one ends it."""
        assert self.schema is not None  # noqa: S101 - as above
        [id_] = [self._live(word) for word in of]
        key = asked.get("key")
        if not key:
            return {id_: ""}
        key = check_key(key, of[0])
        mine = {i: k for i, k in self.keys(annotator).items() if i != id_}
        home = question_of(self.meaning(id_), self.kind)
        here = zip(own_keys(self.schema, mine), self.schema.ids, self.schema.names, strict=False)
        held = {k: i for k, i, name in here if question_of(name, self.kind) == home}
        if (other := held.get(key, id_)) != id_:
            raise InvalidInput(f"The key {key!r} is used by {self.meaning(other)!r}: change that key first.")
        return {id_: key}

    def _word(self, given: Any) -> str:
        """Return the current or former name of a class, given in any equivalent spelling."""
        if isinstance(given, str) and self.understood(given) is not None:
            return given
        return (self.schema and self.schema.find(given)) or str(given)

    def _refuse_alike(self, change: Mapping[str, Any]) -> None:
        """Reject new names that look like others; equal names are rejected when the change is applied."""
        gone = {self.understood(word) for word in change.get("of", ())}
        others = (*self._state.live.items(), *self._state.retired.items())
        seen = {alike(c.name): c.name for id_, c in others if id_ not in gone}
        names = [c["name"] for c in change.get("classes", ())]
        for name in [*names, *([change["name"]] if change.get("change") == "rename" else [])]:
            other = seen.setdefault(alike(name), name)
            if other != name:
                raise InvalidInput(f"{name!r} looks like the class {other!r}: choose a different name.")

    def _dressed(self, made: Iterable[Mapping[str, str]], heirs: list[LabelClass]) -> list[LabelClass]:
        """Return new classes with unused keys and colors; the first inherits those of its source class."""
        live, heir = self._state.live.values(), heirs[0] if heirs else None
        colors = {c.color for c in (*live, *self._state.retired.values())}
        dressed: list[LabelClass] = []
        for one in made:
            c = LabelClass(**one)
            home = question_of(c.name, self.kind)
            keys = {o.key for o in (*live, *dressed) if question_of(o.name, self.kind) == home}
            color = c.color or (heir.color if heir else _free(palette(), colors))
            key = c.key.lower() or (heir.key if heir else free_key(c.name, keys) or _free(KEYS, keys))
            colors.add(color)
            dressed.append(replace(c, color=color, key=key))
            heir = None
        return dressed

    def _understood(self, value: Mapping[str, Any], event_id: str, annotator: str) -> _Change:
        name = value.get("change")
        if name not in CHANGES:
            raise InvalidInput(f"Unknown change={name!r}: expected one of {choices(CHANGES)}.")
        of = [str(word) for word in value.get("of", ())]
        made = [LabelClass(**c) for c in value.get("classes", ())]
        text = str(value.get("name") or value.get("question") or "")
        if len(text) > MAX_TEXT:
            raise InvalidInput(f"The text has {len(text)} characters; the limit is {MAX_TEXT}.")
        ids = tuple(map(self._retired if name == "restore" else self._live, of))
        _check_count(name, ids, made)
        if name == "merge":
            text = "" if made else self._live(text)
        new = tuple((self._new_id(c, event_id), c) for c in made)
        if name == "keys":
            keys = tuple((str(id_), str(key)) for id_, key in value["keys"].items())
            return _Change(event_id, name, ids, set=keys, who=annotator, whole=bool(value.get("whole")))
        return _Change(event_id, name, ids, new, text, _edits(value.get("set") or {}))

    def _new_id(self, c: LabelClass, event_id: str) -> str:
        return c.name if c.name not in self._state.known() else f"{c.name}\0{event_id}"

    def _whole(self, value: Mapping[str, Any], event_id: str) -> _Change:
        ids = {c.name: id_ for id_, c in (*self._state.retired.items(), *self._state.live.items())}
        ids |= {c.name: id_ for id_, c in self._state.asked.items()}
        classes = Schema.from_dict(value).classes
        made = [(ids.get(c.name) or self._new_id(c, event_id), c) for c in classes]
        named = {id_ for id_, _ in made}
        dropped = tuple(i for i in self._state.asked if i not in named and i in self._state.live)
        words, own, how = str(value.get("question", "")), stored_values(value), kind_in(value)
        kind = how["kind"]
        if self.asked is not None and kind != self.kind:
            raise InvalidInput(f"The question is of kind {self.kind!r}, which cannot be changed to {kind!r}.")
        if kind == "form":
            parts.refuse_changed(self.asked, value)
            ids_now = {c.name: id_ for id_, c in made}
            # The cell names the classes in conditions and defaults as it calls them.
            how["settings"] = parts.moved(how["settings"], lambda name: ids_now.get(name, name))
        return _Change(event_id, "classes", dropped, tuple(made), words, own=own, how=how)

    def _live(self, word: str) -> str:
        id_ = self._state.heir(self.understood(word))
        if id_ in self._state.live:
            return str(id_)
        names = [c.name for c in self._state.live.values()]
        retired = ": it is retired" if id_ in self._state.retired else ""
        raise InvalidInput(
            f"{word!r} is not a class that can be chosen{retired}.{nearest(word, names)} The classes are "
            f"{choices(names)}."
        )

    def _retired(self, word: str) -> str:
        id_ = self.understood(word)
        if id_ in self._state.retired:
            return str(id_)
        names = [c.name for c in self._state.retired.values()]
        raise InvalidInput(f"{word!r} is not a retired class. Retired classes: {choices(names) or 'none'}.")


def _tidy(name: Any) -> str:
    """Return the normalized form of a new name."""
    if is_blank(name) and not isinstance(name, str):
        raise InvalidInput(f"The class {name!r} is not a name: expected text, such as 'spam'.")
    return tidy(spelled(name))


def _free(all_: Iterable[str], taken: set[str]) -> str:
    return next((one for one in all_ if one not in taken), "")


def _check_count(name: str, of: Sequence[str], made: Sequence[LabelClass]) -> None:
    if len(set(of)) != len(of):
        raise InvalidInput(f"The change {name!r} names a class twice.")
    names = [c.name for c in made]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise InvalidInput(f"{twice[0]!r} is named twice: new classes must be distinct.")
    least, most, fewest, many = _COUNTS.get(name, (1, 1, 0, 0))
    if not least <= len(of) <= most:
        raise InvalidInput(f"The change {name!r} names {len(of)} classes, which is not a valid number.")
    if not fewest <= len(made) <= many:
        raise InvalidInput(f"The change {name!r} makes {len(made)} new classes: expected {fewest} to {many}.")


def _edits(asked: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    for part, text in asked.items():
        if part not in EDITABLE:
            raise InvalidInput(f"{part!r} of a class cannot be edited: expected one of {choices(EDITABLE)}.")
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise InvalidInput(f"{part}= must be text of at most {MAX_TEXT} characters.")
    return tuple(asked.items())


# -- one function for each change: it modifies a copy of the state, and may raise -------------------


def _put(state: _State, made: Iterable[tuple[str, LabelClass]], at: int | None = None) -> None:
    names = {c.name for c in (*state.live.values(), *state.retired.values())}
    live = list(state.live.items())
    for step, (id_, c) in enumerate(made):
        if c.name in names or id_ in state.live or id_ in state.retired:
            retired = any(c.name == other.name for other in state.retired.values())
            more = ", which is retired: restore() offers it again" if retired else ""
            raise InvalidInput(f"There is already a class {c.name!r}{more}.")
        names.add(c.name)
        live.insert(len(live) if at is None else at + step, (id_, c))
    state.live = dict(live)


def _add(state: _State, change: _Change) -> None:
    _put(state, change.made)


def _rename(state: _State, change: _Change) -> None:
    id_, name = change.of[0], change.text
    others = {c.name for i, c in (*state.live.items(), *state.retired.items()) if i != id_}
    if name in others:
        raise InvalidInput(f"There is already a class {name!r}: to combine them, use merge.")
    state.live[id_] = replace(state.live[id_], name=name)


def _merge(state: _State, change: _Change) -> None:
    at = min(list(state.live).index(id_) for id_ in change.of)
    target = change.made[0][0] if change.made else change.text
    gone = [id_ for id_ in change.of if id_ != target]
    if not gone or (not change.made and target not in state.live):
        raise InvalidInput("A merge takes at least two classes.")
    for id_ in gone:
        del state.live[id_]
        state.into[id_] = target
    _put(state, change.made, at)


def _split(state: _State, change: _Change) -> None:
    id_ = change.of[0]
    at = list(state.live).index(id_)
    del state.live[id_]
    state.into[id_] = None
    _put(state, change.made, at)


def _retire(state: _State, change: _Change) -> None:
    c = state.live.pop(change.of[0])
    state.retired[change.of[0]] = replace(c, key="")


def _restore(state: _State, change: _Change) -> None:
    state.live[change.of[0]] = state.retired.pop(change.of[0])


def _reorder(state: _State, change: _Change) -> None:
    state.live = {id_: state.live[id_] for id_ in (*change.of, *state.live) if id_ in state.live}


def _edit(state: _State, change: _Change) -> None:
    id_ = change.of[0]
    asked = dict(change.set)
    if key := asked.get("key"):
        home = question_of(state.live[id_].name, state.kind)
        for other, c in state.live.items():
            if other != id_ and c.key == key.lower() and question_of(c.name, state.kind) == home:
                raise InvalidInput(f"The key {key!r} is used by {c.name!r}: change that key first.")
        asked["key"] = key.lower()
    state.live[id_] = replace(state.live[id_], **asked)


def _keys(state: _State, change: _Change) -> None:
    before = {} if change.whole else state.keys.get(change.who, {})
    state.keys[change.who] = {id_: key for id_, key in {**before, **dict(change.set)}.items() if key}


def _ask(state: _State, change: _Change) -> None:
    state.words = change.text


def _asked(state: _State, change: _Change) -> None:
    """Apply ``classes=``: only the difference to the previous ``classes=``."""
    new = dict(change.made)
    colors = {c.color for c in new.values()}
    for id_, c in new.items():
        if id_ in state.asked:
            if id_ in state.live:
                state.live[id_] = _edited(state.live[id_], state.asked[id_], c)
        elif id_ in state.retired:
            state.live[id_] = state.retired.pop(id_)
        elif id_ not in state.live and id_ not in state.into:
            # The default color may be used by a class that was added since.
            others = {other.color for i, other in state.live.items() if i not in new}
            state.live[id_] = replace(c, color=free_color(c.color, others, others | colors))
    for id_ in change.of:  # classes dropped at the time, not those restored by an undo since
        if id_ in state.live:
            del state.live[id_]
            state.into[id_] = None
    if list(new) != list(state.asked):
        state.live = {id_: state.live[id_] for id_ in (*new, *state.live) if id_ in state.live}
    if change.text != state.asked_words:
        state.words = change.text
    state.asked, state.asked_words, state.own, state.how = new, change.text, change.own, change.how


def _edited(now: LabelClass, before: LabelClass, asked: LabelClass) -> LabelClass:
    news = {p: getattr(asked, p) for p in EDITABLE if getattr(asked, p) != getattr(before, p)}
    return replace(now, **news)


_APPLY: dict[str, Callable[[_State, _Change], None]] = {
    "add": _add, "rename": _rename, "merge": _merge, "split": _split, "retire": _retire,
    "restore": _restore, "reorder": _reorder, "edit": _edit, "ask": _ask, "keys": _keys,
    "classes": _asked,
}  # fmt: skip
