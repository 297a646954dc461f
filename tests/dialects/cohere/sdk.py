"""Sends what was encoded through the official SDK, and reads what a vendor sends with it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from cohere import ClientV2


def through_sdk(operation: str, body: bytes, reply: Any) -> tuple[dict[str, Any], Any]:
    """What the SDK would send for the same fields, and the reply as its types read it."""
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json=reply)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        call: Callable[..., Any] = getattr(ClientV2(api_key="key", httpx_client=client), operation)
        fields = json.loads(body)
        fields.pop("stream", None)
        read = call(**fields)
    written = json.loads(sent[0])
    written.pop("stream", None)
    return written, read
