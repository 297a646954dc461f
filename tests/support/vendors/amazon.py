"""Bedrock's Converse and ConverseStream.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html and botocore's model
"""

import json
from typing import Any

from tests.dialects.bedrock_converse.shapes import check_request
from tests.support.eventstream import write_event, write_exception
from tests.support.vendors.shape import INPUT, OUTPUT, Answer, Simulated, pieces

_MODEL = "anthropic.claude-opus-4-7-v1:0"
_USAGE = {"inputTokens": INPUT, "outputTokens": OUTPUT, "totalTokens": INPUT + OUTPUT}


def check(body: bytes, path: str) -> None:
    _, expected = check_request(body, _MODEL, path.endswith("converse-stream"))
    assert path == expected


def _reason(answer: Answer) -> str:
    return "tool_use" if answer.call else "max_tokens" if answer.cut_short else "end_turn"


def whole(answer: Answer) -> bytes:
    content: list[dict[str, Any]] = []
    if answer.thought:
        content.append({"reasoningContent": {"reasoningText": {"text": answer.thought, "signature": "c2ln"}}})
    if answer.text:
        content.append({"text": answer.text})
    if answer.call:
        ident, name, arguments = answer.call
        content.append({"toolUse": {"toolUseId": ident, "name": name, "input": json.loads(arguments)}})
    message = {"role": "assistant", "content": content}
    reply = {"output": {"message": message}, "stopReason": _reason(answer), "usage": _USAGE}
    return json.dumps({**reply, "metrics": {"latencyMs": 5}}).encode()


def events(answer: Answer) -> list[bytes]:
    told = [write_event("messageStart", {"role": "assistant"})]
    blocks: list[tuple[dict[str, Any] | None, list[dict[str, Any]]]] = []
    if answer.thought:
        thoughts = [{"reasoningContent": {"text": piece}} for piece in pieces(answer.thought)]
        blocks.append((None, [*thoughts, {"reasoningContent": {"signature": "c2ln"}}]))
    if answer.text:
        blocks.append((None, [{"text": piece} for piece in pieces(answer.text)]))
    if answer.call:
        ident, name, arguments = answer.call
        start = {"toolUse": {"toolUseId": ident, "name": name}}
        blocks.append((start, [{"toolUse": {"input": piece}} for piece in pieces(arguments)]))
    for index, (begun, deltas) in enumerate(blocks):
        if begun is not None:
            told.append(write_event("contentBlockStart", {"contentBlockIndex": index, "start": begun}))
        told += [write_event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
        told.append(write_event("contentBlockStop", {"contentBlockIndex": index}))
    told.append(write_event("messageStop", {"stopReason": _reason(answer)}))
    return [*told, write_event("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 5}})]


def error(status: int, message: str) -> bytes:
    return json.dumps({"message": message}).encode()


VENDOR = Simulated(
    _MODEL,
    check,
    whole,
    events,
    error,
    write_exception("modelStreamErrorException", {"message": "broken"}),
    "application/vnd.amazon.eventstream",
    terminated=False,
)
