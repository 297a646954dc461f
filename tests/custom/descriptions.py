"""Short ways to a description, an `Evaluate` and a request for these tests."""

from typing import Any

from torana.core.exchange import Message, ModelRequest, Part, Text
from torana.core.losses import Losses
from torana.custom.describe import CustomModel
from torana.custom.inputs import Inputs, chat_inputs
from torana.custom.read import from_data


def described(response: str = "$", **fields: Any) -> CustomModel:
    """A description; a field `request` is laid over a POST to /call."""
    request = fields.pop("request", {})
    if "url" not in request:
        request = {"path": "/call", **request}
    return from_data({"request": request, "response": response, **fields})


def asked(*parts: Part | str, role: Any = "user", **fields: Any) -> ModelRequest:
    """A request with one message."""
    made = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
    return ModelRequest(dialect="openai_chat", model="m", messages=(Message(role=role, parts=made),), **fields)


def inputs_of(request: ModelRequest, model: CustomModel | None = None, drop: bool = False) -> Inputs:
    """The inputs of a request."""
    return chat_inputs(request, model or described(), Losses(drop=drop))
