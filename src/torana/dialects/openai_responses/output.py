"""The items of a response's `output`: written from parts, and read into them. Some are items of a request's `input` too."""

from typing import Any

from torana.core.exchange import Citation, Image, Logprob, Reasoning, ToolCall, TopLogprob
from torana.core.ids import new_id
from torana.dialects import NotAReplyError
from torana.dialects.openai_responses.citations import write_citation

IMAGE_ID = "ig_torana_"
"""Begins the ids of images that another vendor made: they come back as images, not as calls of OpenAI's hosted tool."""
Item = dict[str, Any]


def text_content(text: str, citations: list[Citation], logprobs: list[Any]) -> Item:
    """An `output_text`."""
    annotations = [write_citation(citation) for citation in citations]
    return {"type": "output_text", "annotations": annotations, "logprobs": logprobs, "text": text}


def refusal_content(text: str) -> Item:
    """A `refusal`."""
    return {"type": "refusal", "refusal": text}


def message_item(item_id: str, content: list[Any], status: str, phase: str | None) -> Item:
    """The assistant's message."""
    item: Item = {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}
    if phase is not None:
        item["phase"] = phase
    return item


def reasoning_item(part: Reasoning, item_id: str | None) -> Item:
    """A thought, without its `encrypted_content`."""
    item: Item = {} if item_id is None else {"id": item_id}
    item["type"] = "reasoning"
    item["summary"] = [{"type": "summary_text", "text": text} for text in part.summary]
    if part.text:
        item["content"] = [{"type": "reasoning_text", "text": part.text}]
    return item


def call_item(call: ToolCall, item_id: str | None = None, status: str | None = None) -> Item:
    """A function's or a custom tool's call."""
    item: Item = {} if item_id is None else {"id": item_id}
    item["type"] = "custom_tool_call" if call.custom else "function_call"
    if status is not None:
        item["status"] = status
    item["call_id"] = call.id
    item["name"] = call.name
    item["input" if call.custom else "arguments"] = call.arguments
    return item


def image_item(image: Image) -> Item:
    """An image that the model made, as the hosted tool for images gives it. A link alone is no image in this API."""
    item: Item = {"id": new_id("ig_torana"), "type": "image_generation_call", "status": "completed"}
    item["result"] = image.source.data
    form = (image.source.media_type or "").removeprefix("image/")
    if form in ("png", "webp", "jpeg", "gif", "svg"):
        item["output_format"] = form
    return item


def write_logprobs(logprobs: tuple[Logprob, ...]) -> list[Any]:
    """Log-probabilities; `bytes` is required."""
    return [
        {
            "token": one.token,
            "logprob": one.logprob,
            "bytes": _bytes(one),
            "top_logprobs": [{"token": top.token, "logprob": top.logprob, "bytes": _bytes(top)} for top in one.top],
        }
        for one in logprobs
    ]


def _bytes(one: Logprob | TopLogprob) -> list[int]:
    return list(one.token.encode() if one.bytes is None else one.bytes)


def read_logprobs(given: Any) -> tuple[Logprob, ...]:
    """Log-probabilities; none where there are none. Raises NotAReplyError."""
    if given is None:
        return ()
    if not isinstance(given, list):
        raise NotAReplyError("logprobs is not an array")
    return tuple([_logprob(one) for one in given])


def _logprob(one: Any) -> Logprob:
    token, logprob, octets = _token(one)
    tops = one.get("top_logprobs") or ()
    if not isinstance(tops, list | tuple):
        raise NotAReplyError("top_logprobs is not an array")
    return Logprob(
        token=token,
        logprob=logprob,
        bytes=octets,
        top=tuple([TopLogprob(token=top[0], logprob=top[1], bytes=top[2]) for top in map(_token, tops)]),
    )


def _token(one: Any) -> tuple[str, float, tuple[int, ...] | None]:
    if not isinstance(one, dict):
        raise NotAReplyError("a log-probability is not an object")
    token, logprob, octets = one.get("token"), one.get("logprob"), one.get("bytes")
    if not isinstance(token, str) or isinstance(logprob, bool) or not isinstance(logprob, int | float):
        raise NotAReplyError("a log-probability has no token or no number")
    plain = isinstance(octets, list) and all(type(octet) is int for octet in octets)
    return token, logprob, tuple(octets) if plain and isinstance(octets, list) else None


def text_of(item: Item, name: str) -> str:
    """A string field of a vendor's object; empty where it is absent. Raises NotAReplyError."""
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotAReplyError(f"{name} is not a string")
    return value


def objects_of(item: Item, name: str) -> list[Item]:
    """An array of objects of a vendor's object; empty where it is absent. Raises NotAReplyError."""
    value = item.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise NotAReplyError(f"{name} is not an array of objects")
    return value
