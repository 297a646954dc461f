"""Requests as other dialects leave them, and what becomes of them."""

from base64 import b64encode
from typing import Any

from tests.dialects.bedrock_converse.shapes import check_request
from torana.core.exchange import Message, ModelRequest, Part, Role, Text, Tool
from torana.core.losses import Losses
from torana.dialects.bedrock_converse.paths import upstream_path
from torana.dialects.bedrock_converse.request import encode_request

CLAUDE = "us.anthropic.claude-opus-4-7-v1:0"
OLD_CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"
PNG = b64encode(b"\x89PNG").decode()
WEATHER = Tool(name="weather", description="Tells it", parameters={"type": "object", "properties": {"city": {}}})


def say(*parts: Part, role: Role = "user") -> Message:
    return Message(role=role, parts=parts)


def encode(request: ModelRequest, model: str = CLAUDE, drop: bool = False) -> tuple[dict[str, Any], list[str]]:
    losses = Losses({"tool_choice": "toolChoice"}, drop)
    value, path = check_request(encode_request(request, model, losses), model, request.stream)
    assert path == upstream_path("chat", model, request.stream)
    return value, losses.dropped


def ask(**fields: Any) -> ModelRequest:
    fields.setdefault("messages", (say(Text(text="Hi")),))
    return ModelRequest(dialect="openai_chat", model="any", **fields)
