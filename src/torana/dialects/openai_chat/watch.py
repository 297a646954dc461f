"""Reads usage and the served model out of replies as they pass, whole or streamed, and changes almost nothing.

Only where the caller did not ask for a stream's usage, but the gate did, is the usage taken out again.
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from torana.core.usage import UNKNOWN, Usage
from torana.dialects.passing import MOST_EVENT_BYTES, PassingStream, data_lines
from torana.dialects.unpromised import UNREADABLE, read_again

T = TypeVar("T")
_CR = 13
_NULL_USAGE = re.compile(rb',[ ]?"usage":[ ]?null')
Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class _InputDetails(msgspec.Struct):
    cached_tokens: Tokens | None = None
    cache_write_tokens: Tokens | None = None
    audio_tokens: Tokens | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: Tokens | None = None
    audio_tokens: Tokens | None = None


class UsageBlock(msgspec.Struct):
    """`usage` of chat completions, completions and embeddings."""

    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: Tokens | None = None
    """DeepSeek's word for cached tokens (deviations.py)."""
    cached_tokens: Tokens | None = None
    """Moonshot's."""


class _Reply(msgspec.Struct):
    model: str | None = None
    usage: UsageBlock | None = None


class _AnyReply(msgspec.Struct):
    model: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    choices: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_NO_INPUT, _NO_OUTPUT = _InputDetails(), _OutputDetails()
_decode = msgspec.json.Decoder(_Reply).decode
_decode_any = msgspec.json.Decoder(_AnyReply).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_tokens = msgspec.json.Decoder(Tokens).decode
_input = msgspec.json.Decoder(_InputDetails).decode
_output = msgspec.json.Decoder(_OutputDetails).decode


def read_reply(body: bytes) -> tuple[str | None, Usage]:
    """The served model and the usage of a reply. Raises NotAReplyError; odd fields inside a JSON object are simply unknown."""
    try:
        reply: _Reply | _AnyReply = _decode(body)
    except UNREADABLE:
        reply = read_again(_decode, _decode_any, body)
    if isinstance(reply, _AnyReply):
        return _part(reply.model, _text), read_usage(_odd_usage(reply.usage))
    return reply.model, read_usage(reply.usage)


def read_usage(block: UsageBlock | None) -> Usage:
    """A usage block in our words; numbers that cannot be token counts are unknown."""
    if block is None:
        return UNKNOWN
    before, after = block.prompt_tokens_details or _NO_INPUT, block.completion_tokens_details or _NO_OUTPUT
    cached = before.cached_tokens
    if cached is None:
        cached = block.prompt_cache_hit_tokens if block.cached_tokens is None else block.cached_tokens
    return Usage(
        block.prompt_tokens,
        cached,
        block.completion_tokens,
        after.reasoning_tokens,
        cache_write=before.cache_write_tokens,
        audio_input=before.audio_tokens,
        audio_output=after.audio_tokens,
    )


def _odd_usage(raw: msgspec.Raw) -> UsageBlock | None:
    """What can be read of a usage block with values that cannot be token counts."""
    if (fields := _part(raw, _fields)) is None:
        return None
    return UsageBlock(
        _part(fields.get("prompt_tokens"), _tokens),
        _part(fields.get("completion_tokens"), _tokens),
        _part(fields.get("prompt_tokens_details"), _input),
        _part(fields.get("completion_tokens_details"), _output),
    )


def _part(raw: msgspec.Raw | None, decode: Callable[[msgspec.Raw], T]) -> T | None:
    try:
        return None if raw is None else decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


class _Chunk(msgspec.Struct):
    model: str | None = None
    usage: UsageBlock | None = None
    choices: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_decode_chunk = msgspec.json.Decoder(_Chunk).decode


def _read_chunk(payload: bytes) -> _Chunk | None:
    """None when it is not a JSON object."""
    try:
        return _decode_chunk(payload)
    except msgspec.ValidationError:
        odd = _part(msgspec.Raw(payload), _decode_any)
        if odd is None:
            return None
        return _Chunk(_part(odd.model, _text), _odd_usage(odd.usage), odd.choices, odd.error)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class StreamReader(PassingStream):
    """Chunks of chat completions and completions, up to `[DONE]`."""

    __slots__ = ("_hide",)

    def __init__(self, hide_usage: bool) -> None:
        super().__init__()
        self._hide = hide_usage

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now. After `done` is set, everything further is ignored."""
        if self.done:
            return b""
        # `find`, because `in` asks first whether the bytes are a number, which takes half as long again; a number it finds at once.
        if (
            not self._rest
            and self.model
            and len(data) <= MOST_EVENT_BYTES
            and data.endswith(b"\n\n")
            and _CR not in data
            and data.find(b"error") < 0
            and data.find(b"[DONE]") < 0
        ):
            # Whole events, all of them of the plain kind that `_read` would hand on unread too.
            usage = data.find(b'"usage"')
            if usage < 0 or (
                data.startswith(b',"usage":null', usage - 1)
                and (data.find(b'"usage"', usage + 7) < 0 or data.count(b'"usage"') == data.count(b',"usage":null'))
            ):
                self.events += data.count(b"\ndata:") + data.startswith(b"data:")
                return data.replace(b',"usage":null', b"") if self._hide and usage >= 0 else data
        return self._feed_slowly(data)

    def _read(self, event: bytes) -> bytes:
        lines = data_lines(event)
        self.events += len(lines)
        payload = b"\n".join(lines)
        if payload == b"[DONE]":
            self.done = event
            return b""
        if self.model and b'"error"' not in event and event.count(b'"usage"') == event.count(b',"usage":null'):
            return event.replace(b',"usage":null', b"") if self._hide else event
        if (chunk := _read_chunk(payload)) is None:
            # Handed on, like everything that is not understood.
            return event
        self.model = self.model or chunk.model
        if bytes(chunk.error) not in (b"", b"null"):
            self.failed = True
        if chunk.usage is not None:
            self.usage = read_usage(chunk.usage)
            if self._hide and bytes(chunk.choices) in (b"[]", b""):
                return b""
        elif self._hide:
            return _NULL_USAGE.sub(b"", event)
        return event
