"""Whole replies of Cohere's chat, and what they share with its stream."""

from typing import Any

import msgspec

from torana.core.exchange import Choice, Citation, Logprob, ModelReply, Part, Reasoning, Stop, Text, ToolCall
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.cohere import NAME
from torana.dialects.cohere.content import DOCUMENT_PREFIX, PLAN
from torana.dialects.halves import mending

STOPS: dict[str, Stop] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop_sequence",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR": "error",
    "TIMEOUT": "error",
    "ERROR_TOXIC": "content_filter",
    "ERROR_LIMIT": "context_window",
}


class Counts(msgspec.Struct):
    """Tokens; Cohere writes them as fractions."""

    input_tokens: float | None = None
    output_tokens: float | None = None


class UsageBlock(msgspec.Struct):
    """`usage`."""

    billed_units: Counts | None = None
    tokens: Counts | None = None
    cached_tokens: float | None = None


class Function(msgspec.Struct):
    """`function` of a call."""

    name: str | None = None
    arguments: str | None = None


class Call(msgspec.Struct):
    """A tool call, or a piece of one."""

    id: str | None = None
    function: Function | None = None


class Content(msgspec.Struct):
    """A piece of content."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class LogprobItem(msgspec.Struct):
    """The log-probabilities of a piece of text, which may have several tokens."""

    text: str | None = None
    logprobs: list[float] | None = None


class _Message(msgspec.Struct):
    tool_calls: list[Call] | None = None
    tool_plan: str | None = None
    content: list[Content] | None = None
    citations: list[dict[str, Any]] | None = None


class _Reply(msgspec.Struct):
    message: _Message
    id: str = ""
    finish_reason: str | None = None
    usage: UsageBlock | None = None
    logprobs: list[LogprobItem] | None = None


_decode = mending(msgspec.json.Decoder(_Reply).decode)


def decode_reply(body: bytes) -> ModelReply:
    """The reply; it does not say its model. Raises NotAReplyError."""
    try:
        reply = _decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotAReplyError(str(error)) from None
    stop, detail = read_stop(reply.finish_reason)
    logprobs = None
    if reply.logprobs is not None:
        logprobs = tuple([found for item in reply.logprobs if (found := read_logprob(item)) is not None])
    choice = Choice(parts=tuple(_parts(reply.message)), stop=stop, stop_detail=detail, logprobs=logprobs)
    return ModelReply(id=reply.id, choices=(choice,), usage=read_usage(reply.usage))


def _parts(message: _Message) -> list[Part]:
    parts: list[Part] = []
    if message.tool_plan:
        parts.append(Reasoning(text=message.tool_plan, id=PLAN))
    content = message.content or []
    first_text = next((number for number, item in enumerate(content) if item.text is not None), None)
    cited: dict[int | None, list[Citation]] = {}
    for raw in message.citations or ():
        if raw.get("type") not in ("PLAN", "THINKING_CONTENT"):
            index = raw.get("content_index")
            cited.setdefault(index if isinstance(index, int) else first_text, []).append(read_citation(raw))
    for number, item in enumerate(content):
        if item.thinking is not None:
            parts.append(Reasoning(text=item.thinking))
        elif item.text is not None:
            parts.append(Text(text=item.text, citations=tuple(cited.get(number, ()))))
    parts += [read_call(call) for call in message.tool_calls or ()]
    return parts


def read_call(call: Call) -> ToolCall:
    """A call as far as it is written."""
    function = call.function or Function()
    return ToolCall(id=call.id or "", name=function.name or "", arguments=function.arguments or "")


def read_stop(reason: str | None) -> tuple[Stop | None, str | None]:
    """Our word for a finish reason, and Cohere's own where ours is coarser."""
    if reason is None:
        return None, None
    stop = STOPS.get(reason, "stop")
    return stop, reason if stop == "error" or reason not in STOPS else None


def read_usage(block: UsageBlock | None) -> Usage:
    """A usage block in our words: what is billed, where it is told, because Cohere's own instructions to a model are not."""
    if block is None:
        return UNKNOWN
    billed, counted = block.billed_units or Counts(), block.tokens or Counts()
    read = _whole(billed.input_tokens)
    read = _whole(counted.input_tokens) if read is None else read
    written = _whole(billed.output_tokens)
    written = _whole(counted.output_tokens) if written is None else written
    cached = _whole(block.cached_tokens)
    if cached is not None and read is not None:
        # It counts the unbilled part too.
        cached = min(cached, read)
    return Usage(read, cached, written, None)


def _whole(count: float | None) -> int | None:
    return int(count) if count is not None and 0 <= count < 2**53 else None


def read_logprob(item: LogprobItem) -> Logprob | None:
    """The log-probability of a piece: the sum of its tokens'."""
    return Logprob(token=item.text or "", logprob=sum(item.logprobs)) if item.logprobs else None


def read_citation(raw: dict[str, Any]) -> Citation:
    """A citation; the first of its sources is the one that is named."""
    sources = raw.get("sources")
    source = sources[0] if isinstance(sources, list) and sources and isinstance(sources[0], dict) else {}
    document = source.get("document")
    told = document if isinstance(document, dict) else {}
    identifier = source.get("id")
    number = None
    if isinstance(identifier, str) and identifier.startswith(DOCUMENT_PREFIX):
        digits = identifier[len(DOCUMENT_PREFIX) :]
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
    return Citation(
        url=_text(told.get("url")),
        title=_text(told.get("title")),
        start=_integer(raw.get("start")),
        end=_integer(raw.get("end")),
        document=number,
        raw=raw,
        dialect=NAME,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
