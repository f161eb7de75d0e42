"""Conversations: lists of turns, each with a role and a text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hitl_widgets.errors import InvalidInput, choices, nearest
from hitl_widgets.items.base import Payload, Size, broken, is_missing, sendable, short
from hitl_widgets.items.text import SHOWN_CHARACTERS, Text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Conversation", "turns", "turns_of"]

AT_ONCE = 60_000  # characters of the turns that are sent first
LARGEST = 20_000_000  # characters of a conversation as JSON
GLIMPSED, GLIMPSE_CHARACTERS = 3, 200
# The names of fields in the formats of chat models: OpenAI and Hugging Face, ShareGPT, doccano and others.
ROLES, CONTENTS = ("role", "from", "speaker", "author"), ("content", "value", "text", "message")
SAME_ROLE = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}
EXPECTED = 'a list of turns, such as [{"role": "user", "content": "Hello"}], or the same as JSON text'

Turn = dict[str, str]


class Conversation(Text):
    """A conversation, which is kept as JSON text: a list of ``role``, ``content`` and possibly ``name``.

    With the option, ``kind="conversation:last"``, the last turn is what is asked about.
    """

    name = "conversation"
    order = 100

    def __init__(self, option: str = "") -> None:
        self.option = option

    def with_option(self, option: str) -> Conversation:
        """Return conversations of which the last turn is marked."""
        if option != "last":
            raise InvalidInput(
                f"kind='conversation:{option}': unknown option.{nearest(option, ['last'])} Expected "
                "kind='conversation', or kind='conversation:last' if the last turn is what you label."
            )
        return Conversation(option)

    def claims(self, values: Sequence[Any]) -> bool:
        """Return whether all values are lists of turns."""
        return bool(values) and all(
            isinstance(value, list | tuple | np.ndarray)
            and len(value) > 0
            and all(isinstance(turn, Mapping) and _field(turn, ROLES) is not None for turn in value)
            for value in values
        )

    def read(self, values: Sequence[Any], what: str) -> list[str]:
        """Return the conversations as JSON text; what is not a conversation stays, and is displayed so."""
        found, wrong = [], []
        for row, value in enumerate(values):
            try:
                found.append(_dumped(_parsed(value)))
            except ValueError as error:
                wrong.append(f"row {row} is not a conversation: {error}")
                text = "" if is_missing(value) else short(repr(value))
                found.append(value if isinstance(value, str) else text)
        if len(wrong) == len(found) > 0:
            raise InvalidInput(f"{what}: {wrong[0]}")
        return found

    def payload(self, item: str, size: Size) -> Payload:
        """Return the last turns; the earlier ones are requested when they are wanted."""
        try:
            found = turns_of(item)
        except ValueError as error:
            return broken(str(error))
        if size.glimpse:
            last = [turn | {"content": turn["content"][:GLIMPSE_CHARACTERS]} for turn in found[-GLIMPSED:]]
            return _sent(last, len(found) - len(last), len(found))
        first = _fitting(found, len(found), AT_ONCE)
        content = _sent(found[first:], first, len(found))
        return Payload(content.content | ({"last": True} if self.option else {}))

    def more(self, item: str, ask: Mapping[str, str | float | bool], most: int) -> Payload:
        """Return the turns before the one with the number ``ask["before"]``."""
        found = turns_of(item)
        end = ask.get("before", 0)
        if isinstance(end, str | bool) or not 0 < end <= len(found):
            raise ValueError("There are no such turns in the conversation.")
        # A character takes at most six bytes in JSON.
        first = _fitting(found, int(end), most // 6)
        return _sent(found[first : int(end)], first, len(found))

    def words(self, item: str) -> str:
        """Return all turns as text, each after its role or name."""
        try:
            return "\n".join(
                f"{turn.get('name') or turn['role']}: {turn['content']}" for turn in turns_of(item)
            )
        except ValueError:
            return ""

    def extent(self, item: str) -> tuple[float]:
        """Return the number of characters of the text of all turns."""
        return (len(self.words(item)),)


def _sent(found: Sequence[Turn], first: int, n: int) -> Payload:
    shown = []
    for turn in found:
        text = turn["content"]
        cut = {"cut": len(text) - SHOWN_CHARACTERS} if len(text) > SHOWN_CHARACTERS else {}
        name = {"name": short(sendable(turn["name"]), 80)} if turn.get("name") else {}
        role = short(sendable(turn["role"]), 40)
        shown.append({"role": role, "text": sendable(text[:SHOWN_CHARACTERS])} | name | cut)
    return Payload({"kind": "conversation", "turns": shown, "first": first, "n": n})


def _fitting(found: Sequence[Turn], end: int, characters: int) -> int:
    """Return the first of the turns before ``end`` that fit; at least one of them."""
    first = end
    while first > 0:
        characters -= min(len(found[first - 1]["content"]), SHOWN_CHARACTERS) + 100
        if characters < 0 and first < end:
            break
        first -= 1
    return first


def turns_of(item: str) -> list[Turn]:
    """Return the turns of a conversation given as JSON text.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    return _parsed(item)


def _dumped(found: Sequence[Turn]) -> str:
    return json.dumps(found, ensure_ascii=False)


def _parsed(value: Any) -> list[Turn]:
    """Return the turns of a list, or of JSON text; raise ValueError if it is not a conversation."""
    if isinstance(value, str):
        if not value or value.isspace():
            raise ValueError(f"It is missing or empty. Expected {EXPECTED}.")
        if len(value) > LARGEST:
            raise ValueError(f"It has {len(value):,} characters; expected at most {LARGEST:,}.")
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            why = error if isinstance(error, ValueError) else "nested too deeply"
            raise ValueError(f"It is not JSON ({why}). Expected {EXPECTED}.") from None
    if isinstance(value, Mapping):  # a row of a data set for training
        value = next((value[name] for name in ("messages", "conversations") if name in value), value)
    if is_missing(value):
        raise ValueError(f"The value is missing. Expected {EXPECTED}.")
    if not isinstance(value, list | tuple | np.ndarray):
        raise ValueError(  # noqa: TRY004 - shown on the item
            f"It is of type {type(value).__name__}. Expected {EXPECTED}."
        )
    if not len(value):
        raise ValueError(f"It has no turns. Expected {EXPECTED}.")
    return [_turn(turn, k) for k, turn in enumerate(value)]


def _turn(turn: Any, k: int) -> Turn:
    if not isinstance(turn, Mapping):
        raise ValueError(  # noqa: TRY004 - shown on the item
            f"Turn {k + 1} is of type {type(turn).__name__}. Expected a role and a content."
        )
    role = _field(turn, ROLES)
    if role is None:
        names = choices([str(name) for name in turn])
        raise ValueError(f"Turn {k + 1} has no role; its fields are {names}. Expected {EXPECTED}.")
    found = {"role": SAME_ROLE.get(str(role).lower(), str(role))}
    parts = [_text(_field(turn, CONTENTS)), *map(_call, _list(turn.get("tool_calls")))]
    found["content"] = "\n".join(filter(None, parts))
    if not is_missing(turn.get("name")):
        found["name"] = str(turn["name"])
    return found


def _field(turn: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((turn[name] for name in names if not is_missing(turn.get(name))), None)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | np.ndarray) else []


def _text(content: Any) -> str:
    """Return a content as text; of several parts, those that are not text are named in brackets."""
    if content is None:
        return ""
    if isinstance(content, list | tuple | np.ndarray):
        return "\n".join(map(_text, content))
    if not isinstance(content, Mapping):
        return str(content)
    text = _field(content, ("text", "content", "refusal", "transcript"))
    if text is not None:
        return _text(text)
    return f"[{str(content.get('type', 'part')).removesuffix('_url').removeprefix('input_')}]"


def _call(call: Any) -> str:
    """Return the call of a tool as text."""
    called = call.get("function", call) if isinstance(call, Mapping) else {}
    if not isinstance(called, Mapping):
        return "[call]"
    given = called.get("arguments", "")
    words = given if isinstance(given, str) else json.dumps(given, default=str)
    return f"[calls {called.get('name', 'a tool')}({words})]"


def turns(conversations: Iterable[Any], roles: str | Iterable[str] | None = None) -> pd.DataFrame:
    """Make each turn of conversations a row of a table, to label turns instead of conversations.

    Parameters
    ----------
    conversations
        Lists of turns ``{"role", "content"}``, or the same as JSON text, such as a column of a table.
    roles
        The role or roles whose turns become rows, such as ``"assistant"``. By default all turns.

    Returns
    -------
    pandas.DataFrame
        The columns ``id`` (the position of the conversation and the number of the turn, such as ``"0-2"``),
        ``conversation`` (the turns up to this one), ``turn`` (its number, from 1), ``role`` and ``content``.

    Raises
    ------
    InvalidInput
        If a value is not a conversation.

    Examples
    --------
    >>> import hitl_widgets as hitl
    >>> chats = [[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]]
    >>> table = hitl.turns(chats, roles="assistant")
    >>> table[["id", "content"]].values.tolist()
    [['0-2', 'Hi!']]
    >>> hitl.Session(table, item="conversation", kind="conversation:last", id="id",
    ...     classes=["good", "bad"], store=":memory:")  # doctest: +SKIP
    """
    import pandas as pd

    wanted = None if roles is None else {roles} if isinstance(roles, str) else set(roles)
    rows = []
    known: set[str] = set()
    for row, value in enumerate(conversations):
        try:
            found = _parsed(value)
        except ValueError as error:
            raise InvalidInput(f"conversations: row {row} is not a conversation: {error}") from None
        known |= {turn["role"] for turn in found}
        rows += [
            (f"{row}-{k}", _dumped(found[:k]), k, turn["role"], turn["content"])
            for k, turn in enumerate(found, 1)
            if wanted is None or turn["role"] in wanted
        ]
    if wanted is not None and not wanted <= known and known:
        unknown = min(wanted - known)
        raise InvalidInput(
            f"roles: no turn has the role {unknown!r}.{nearest(unknown, known)} The roles are "
            f"{choices(sorted(known))}."
        )
    return pd.DataFrame(rows, columns=["id", "conversation", "turn", "role", "content"])


KINDS = (Conversation(),)
