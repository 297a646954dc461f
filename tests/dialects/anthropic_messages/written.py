"""Requests written for Anthropic, for the tests of what is written and of what is lost."""

import json
from typing import Any

import pytest

from torana.core.errors import Refusal
from torana.core.exchange import Message, ModelRequest, Part, Text
from torana.core.losses import Losses
from torana.dialects.anthropic_messages.request import encode_request

HELLO = Message(role="user", parts=(Text(text="Hello"),))


def encode(*messages: Message, drop: bool = False, losses: Losses | None = None, **fields: Any) -> dict[str, Any]:
    fields.setdefault("dialect", "openai_chat")
    request = ModelRequest(model="asked", messages=messages or (HELLO,), **fields)
    found: dict[str, Any] = json.loads(encode_request(request, "claude-x", losses or Losses(drop=drop)))
    return found


def user(*parts: Part) -> Message:
    return Message(role="user", parts=parts)


def assistant(*parts: Part) -> Message:
    return Message(role="assistant", parts=parts)


def dropped(*messages: Message, **fields: Any) -> list[str]:
    losses = Losses(drop=True)
    encode(*messages, losses=losses, **fields)
    return losses.dropped


def refusal(*messages: Message, **fields: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        encode(*messages, **fields)
    return caught.value
