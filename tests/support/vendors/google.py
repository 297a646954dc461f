"""Google's Gemini API.

Source: https://ai.google.dev/api/generate-content and google.genai.types
"""

import json
from typing import Any

from google.genai import types

from tests.support.vendors.shape import INPUT, MODEL, OUTPUT, Answer, Simulated, pieces

_TOP = ("contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig", "serviceTier")
_USAGE = {"promptTokenCount": INPUT, "candidatesTokenCount": OUTPUT, "totalTokenCount": INPUT + OUTPUT}


def check(body: bytes, path: str) -> None:
    assert path.startswith("/models/")
    value = json.loads(body)
    assert not value.keys() - set(_TOP), value.keys()
    assert value["contents"], "contents are required"
    for content in value["contents"]:
        types.Content.model_validate(content)
        assert content["role"] in ("user", "model")
        assert content["parts"], "parts are required"
    for tool in value.get("tools", ()):
        types.Tool.model_validate(tool)
    if "toolConfig" in value:
        types.ToolConfig.model_validate(value["toolConfig"])
    if "systemInstruction" in value:
        types.Content.model_validate(value["systemInstruction"])
    types.GenerationConfig.model_validate(value.get("generationConfig", {}))


def _parts(answer: Answer) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if answer.thought:
        parts.append({"text": answer.thought, "thought": True})
    if answer.text:
        parts.append({"text": answer.text})
    if answer.call:
        ident, name, arguments = answer.call
        call = {"id": ident, "name": name, "args": json.loads(arguments)}
        parts.append({"functionCall": call, "thoughtSignature": "c2ln"})
    return parts


def _chunk(parts: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "usageMetadata": _USAGE, "modelVersion": MODEL, "responseId": "resp-1"}


def _reason(answer: Answer) -> str:
    return "MAX_TOKENS" if answer.cut_short else "STOP"


def whole(answer: Answer) -> bytes:
    return json.dumps(_chunk(_parts(answer), _reason(answer)), indent=2).encode()


def _chunks(answer: Answer) -> list[bytes]:
    split: list[dict[str, Any]] = []
    for part in _parts(answer):
        split += [{**part, "text": piece} for piece in pieces(part["text"])] if "text" in part else [part]
    last = len(split) - 1
    return [
        json.dumps(_chunk([part], _reason(answer) if number == last else None), indent=1).encode()
        for number, part in enumerate(split)
    ]


def events(answer: Answer) -> list[bytes]:
    return [b"data: " + b"".join(chunk.split(b"\n")) + b"\r\n\r\n" for chunk in _chunks(answer)]


def array(answer: Answer) -> bytes:
    """The stream without `alt=sse`."""
    return b"[" + b",\r\n".join(_chunks(answer)) + b"]"


def error(status: int, message: str) -> bytes:
    return json.dumps({"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}).encode()


VENDOR = Simulated("gemini-3-pro-preview", check, whole, events, error, b"data: " + error(500, "broken") + b"\r\n\r\n")
