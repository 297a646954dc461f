"""Reads usage and the served model out of messages as they pass, whole or streamed, and changes nothing."""

import msgspec

from torana.core.usage import UNKNOWN, Usage
from torana.dialects.anthropic_messages.usage import UsageBlock, later, read_usage
from torana.dialects.passing import MOST_EVENT_BYTES, PassingStream, data_lines
from torana.dialects.unpromised import UNREADABLE, read_again


class _Message(msgspec.Struct):
    model: str | None = None
    usage: UsageBlock | None = None


class _AnyMessage(msgspec.Struct):
    model: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct):
    type: str = ""
    message: _Message | None = None
    usage: UsageBlock | None = None


class _Kind(msgspec.Struct):
    type: str = ""
    error: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Message).decode
_decode_any = msgspec.json.Decoder(_AnyMessage).decode
_decode_event = msgspec.json.Decoder(_Event).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode


def read_reply(body: bytes) -> tuple[str | None, Usage]:
    """The served model and the usage of a message. Raises NotAReplyError; odd fields inside a JSON object are simply unknown."""
    try:
        message: _Message | _AnyMessage = _decode(body)
    except UNREADABLE:
        message = read_again(_decode, _decode_any, body)
    if isinstance(message, _AnyMessage):
        return None, UNKNOWN
    return message.model, UNKNOWN if message.usage is None else read_usage(message.usage)


class StreamReader(PassingStream):
    """Events of one message, up to `message_stop`."""

    __slots__ = ("_block",)

    def __init__(self, hide_usage: bool = False) -> None:
        """`hide_usage` is without effect: Anthropic's streams always tell it."""
        super().__init__()
        self._block: UsageBlock | None = None

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now. After `done` is set, everything further is ignored."""
        if self.done:
            return b""
        if (
            not self._rest
            and len(data) <= MOST_EVENT_BYTES
            and data.endswith(b"\n\n")
            and data.find(b'"message') < 0
            and data.find(b'"error"') < 0
            and 13 not in data
        ):
            # Whole events, none of which opens, counts or closes.
            self.events += data.count(b"\ndata:") + data.startswith(b"data:")
            return data
        return self._feed_slowly(data)

    def _read(self, event: bytes) -> bytes:
        lines = data_lines(event)
        self.events += len(lines)
        if b'"message' not in event and b'"error"' not in event:
            return event
        payload = b"\n".join(lines)
        try:
            found = _decode_kind(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Not JSON: handed on, like everything that is not understood.
            return event
        if found.type == "message_stop":
            self.done = event
            return b""
        if found.type == "error" or (not found.type and bytes(found.error) not in (b"", b"null")):
            self.failed = True
        elif found.type in ("message_start", "message_delta"):
            self._count(payload)
        return event

    def _count(self, payload: bytes) -> None:
        try:
            found = _decode_event(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        usage = found.usage
        if found.type == "message_start" and found.message is not None:
            self.model = self.model or found.message.model
            usage = found.message.usage
        if usage is not None:
            self._block = later(self._block, usage)
            self.usage = read_usage(self._block)
