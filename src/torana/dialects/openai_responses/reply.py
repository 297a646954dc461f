"""Whole replies, both ways."""

from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Image,
    Logprob,
    ModelReply,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Stop,
    Text,
    ToolCall,
)
from torana.core.ids import new_id
from torana.dialects import NotAReplyError
from torana.dialects.halves import mending
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.carried import carry, carry_previous
from torana.dialects.openai_responses.errors import failure, read_error
from torana.dialects.openai_responses.output import (
    Item,
    call_item,
    image_item,
    message_item,
    reasoning_item,
    refusal_content,
    text_content,
    write_logprobs,
)
from torana.dialects.openai_responses.output_in import read_item
from torana.dialects.openai_responses.response import Head, repeat, write_response, write_usage
from torana.dialects.openai_responses.watch import read_usage

_encode = msgspec.json.Encoder().encode
# Items that wait for the caller, with those calls that have no neutral word.
_WAITING = frozenset(
    (
        "function_call",
        "custom_tool_call",
        "computer_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "mcp_approval_request",
    )
)


class Incomplete(msgspec.Struct, frozen=True):
    """`incomplete_details`."""

    reason: str | None = None


class Response(msgspec.Struct, frozen=True):
    """A response as a vendor sends it."""

    object: str | None = None
    id: str | None = None
    model: str | None = None
    created_at: float | None = None
    status: str | None = None
    output: list[dict[str, Any]] | None = None
    incomplete_details: Incomplete | None = None
    error: Any = None
    usage: msgspec.Raw = msgspec.Raw()
    service_tier: str | None = None


_decode = mending(msgspec.json.Decoder(Response).decode)


def decode_reply(body: bytes) -> ModelReply:
    """The reply in the neutral form. Raises NotAReplyError."""
    try:
        response = _decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NotAReplyError(str(error)) from None
    if response.output is None and response.object != "response":
        raise NotAReplyError("it has no output")
    parts: list[Part] = []
    logprobs: list[Logprob] = []
    for item in response.output or ():
        read_item(item, parts, logprobs)
    stop, detail = read_stop(response, parts)
    choice = Choice(parts=tuple(parts), stop=stop, logprobs=tuple(logprobs) or None, stop_detail=detail)
    return ModelReply(
        id=response.id or "",
        model=response.model or "",
        created=None if response.created_at is None else int(response.created_at),
        choices=(choice,),
        usage=read_usage(response.usage),
        service_tier=response.service_tier,
    )


def read_stop(response: Response, parts: list[Part]) -> tuple[Stop | None, str | None]:
    """Why the response ended, and the vendor's own word where ours is coarser."""
    match response.status:
        case "completed" | None:
            return stop_of(parts), None
        case "incomplete":
            reason = None if response.incomplete_details is None else response.incomplete_details.reason
            if reason in ("max_output_tokens", "max_tokens"):
                return "length", None
            if reason == "content_filter":
                return "content_filter", None
            return "pause", reason
        case "failed":
            error = read_error(response.error)
            return "error", None if error is None else error.message
        case "cancelled":
            return "error", "cancelled"
        case other:
            return None, other


def stop_of(parts: list[Part]) -> Stop:
    """Why a response that is complete ended: the API leaves it to its items."""
    if any(isinstance(part, ToolCall) or (isinstance(part, Opaque) and part.kind in _WAITING) for part in parts):
        return "tool_calls"
    return "refusal" if any(isinstance(part, Declined) for part in parts) else "stop"


def encode_reply(reply: ModelReply, request: ModelRequest) -> bytes:
    """The reply for the caller who sent `request`. The API gives one answer, so further choices are left out."""
    choice = reply.choices[0] if reply.choices else Choice(stop="content_filter", stop_detail=reply.blocked)
    status, error, incomplete = write_stop(choice.stop, choice.stop_detail)
    items = output_items(choice, status, shows_summary(request))
    output = b",".join([_encode(item) for item in items])
    head = Head(reply.id or new_id("resp"), reply.model or request.model, reply.created, reply.service_tier)
    usage = write_usage(reply.usage)
    return write_response(
        head, status, output, usage=usage, error=error, incomplete=incomplete, repeated=repeat(request)
    )


def write_stop(stop: Stop | None, detail: str | None) -> tuple[str, bytes, bytes]:
    """`status`, `error` and `incomplete_details`."""
    match stop:
        case "length" | "context_window":
            return "incomplete", b"null", b'{"reason":"max_output_tokens"}'
        case "content_filter":
            return "incomplete", b"null", b'{"reason":"content_filter"}'
        case "pause" if detail in ("max_messages", "steered"):
            return "incomplete", b"null", b'{"reason":"%b"}' % detail.encode()
        case "error":
            return "failed", failure(None, detail or "The vendor ended the reply with an error."), b"null"
        case _:
            return "completed", b"null", b"null"


def shows_summary(request: ModelRequest) -> bool:
    """Whether the caller asked for summaries: thoughts that come as plain text are then shown as one."""
    return request.thinking is not None and request.thinking.summary is not None


def output_items(choice: Choice, status: str, as_summary: bool) -> list[Item]:
    """The items of an answer: texts that follow each other are one message."""
    logprobs = write_logprobs(choice.logprobs or ())
    items: list[Item] = []
    message: Item | None = None
    for part in choice.parts:
        content, phase = _content(part, logprobs)
        if content is not None:
            if isinstance(part, Text):
                logprobs = []
            if message is None or message.get("phase") != phase:
                message = message_item(new_id("msg"), [], "completed", phase)
                items.append(message)
            message["content"].append(content)
        elif (item := item_of(part, as_summary)) is not None:
            message = None
            items.append(item)
        if isinstance(part, Text | Image | ToolCall) and part.signature is not None:
            message = None
            items.append(signature_item(part.signature))
    if status != "completed" and items and "status" in items[-1]:
        items[-1]["status"] = "incomplete"
    return items


def _content(part: Part, logprobs: list[Any]) -> tuple[Item | None, str | None]:
    match part:
        case Text():
            citations: list[Citation] = list(part.citations)
            return text_content(part.text, citations, logprobs), part.phase
        case Declined():
            return refusal_content(part.text), None
        case Audio(transcript=str(transcript)):
            return text_content(transcript, [], []), None
        case _:
            return None, None


def item_of(part: Part, as_summary: bool) -> Item | None:
    """A part that is an item of its own; None where this API has nothing like it."""
    match part:
        case Reasoning():
            return thought_item(part, new_id("rs") if part.id is None else part.id, as_summary)
        case ToolCall():
            return call_item(part, new_id("ctc" if part.custom else "fc"), None if part.custom else "completed")
        case Image() if part.source.data is not None:
            return image_item(part)
        case Opaque() if part.dialect == NAME:
            raw: Item = part.raw
            return raw
        case _:
            return None


def thought_item(part: Reasoning, item_id: str, as_summary: bool) -> Item:
    """A thought, with what has to come back with it."""
    shown = part
    if as_summary and part.text and not part.summary:
        shown = Reasoning(summary=(part.text,))
    item = reasoning_item(shown, item_id)
    if (encrypted := carry(part)) is not None:
        item["encrypted_content"] = encrypted
    return item


def signature_item(signature: str) -> Item:
    """What brings the signature of the part before it back with the next request."""
    return {"id": new_id("rs"), "type": "reasoning", "summary": [], "encrypted_content": carry_previous(signature)}
