"""Conversations: what is read as one, what is sent, and turns as items."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl
from hitl_widgets.errors import InvalidInput
from hitl_widgets.items.base import Size, content_hash, kind_of

KIND: Any = kind_of("conversation")
CHAT = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "On its way."}]


@pytest.mark.parametrize(
    "same",
    [
        json.dumps(CHAT, indent=2),
        {"messages": CHAT, "source": "web"},
        np.array(CHAT, object),
        [{"from": "human", "value": "Where is it?"}, {"from": "gpt", "value": "On its way."}],
        [{"role": "user", "content": [{"type": "text", "text": "Where is it?"}]}, CHAT[1]],
    ],
)
def test_the_formats_of_chat_models_are_one_conversation(same: Any) -> None:
    one, other = KIND.read([CHAT, same], "items")
    assert content_hash(KIND, one) == content_hash(KIND, other)
    assert KIND.words(other) == "user: Where is it?\nassistant: On its way."


def test_parts_that_are_not_text_and_calls_of_tools_are_named() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "my receipt"}]
    call = {"function": {"name": "find", "arguments": '{"id": 7}'}}
    turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    [item] = KIND.read([turns], "items")
    assert KIND.words(item) == 'user: [image]\nmy receipt\nassistant: [calls find({"id": 7})]'


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("hello", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ([], "no turns"),
        (["hello"], "Turn 1 is of type str"),
        ([{"content": "hello"}], "Turn 1 has no role; its fields are 'content'"),
        (7, "type int"),
        (None, "missing"),
    ],
)
def test_what_is_not_a_conversation_is_said_on_the_item(wrong: Any, why: str) -> None:
    _, item = KIND.read([CHAT, wrong], "items")
    assert KIND.payload(item, Size()).content["kind"] == "broken"
    with pytest.raises(InvalidInput, match=rf"x: row 0 is not a conversation: .*{why}"):
        KIND.read([wrong], "x")


def test_of_a_long_conversation_the_last_turns_are_sent_and_earlier_ones_on_request() -> None:
    turns = [{"role": "user", "content": f"{i} " + "x" * 30_000} for i in range(40)]
    [item] = KIND.read([turns], "items")
    sent = KIND.payload(item, Size()).content
    assert (sent["first"], sent["n"], sent["turns"][-1]["cut"]) == (38, 40, 10_003)
    before = sent["first"]
    numbers = [turn["text"].split()[0] for turn in sent["turns"]]
    while before:
        part = KIND.more(item, {"before": before}, 2**20).content
        assert len(json.dumps(part)) < 2**20
        numbers = [turn["text"].split()[0] for turn in part["turns"]] + numbers
        before = part["first"]
    assert numbers == [str(i) for i in range(40)]
    with pytest.raises(ValueError, match="no such turns"):
        KIND.more(item, {"before": 41}, 2**20)


def test_turns_are_items_after_those_before_them() -> None:
    table = hitl.turns([CHAT, [*CHAT, CHAT[0]]], roles="user")
    assert table["id"].tolist() == ["0-1", "1-1", "1-3"]
    assert table["content"].tolist() == ["Where is it?"] * 3
    assert len(json.loads(table["conversation"][2])) == 3
    with pytest.raises(InvalidInput, match="Did you mean 'user'"):
        hitl.turns([CHAT], roles="users")
    with pytest.raises(InvalidInput, match="conversation:fast"):
        kind_of("conversation:fast")
