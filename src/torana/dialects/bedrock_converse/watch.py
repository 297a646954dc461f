"""Reads usage and the served model out of replies as they pass, whole or streamed, and changes nothing.

Bedrock says which model answered only where a prompt router chose it.
"""

import msgspec

from torana.core.usage import UNKNOWN, Usage
from torana.dialects.bedrock_converse.errors import damaged_event
from torana.dialects.bedrock_converse.eventstream import PRELUDE_BYTES, FrameError, Frames, read_prelude
from torana.dialects.bedrock_converse.reply import Trace, UsageBlock, read_routed, read_usage
from torana.dialects.passing import MOST_EVENT_BYTES, PassingStream
from torana.dialects.unpromised import UNREADABLE, read_again


class _Counted(msgspec.Struct):
    """A whole reply, or the event `metadata`."""

    usage: UsageBlock | None = None
    trace: Trace | None = None


class _Any(msgspec.Struct):
    usage: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Counted).decode
_decode_any = msgspec.json.Decoder(_Any).decode


def read_reply(body: bytes) -> tuple[str | None, Usage]:
    """The served model and the usage of a reply. Raises NotAReplyError; odd fields inside a JSON object are simply unknown."""
    try:
        reply: _Counted | _Any = _decode(body)
    except UNREADABLE:
        reply = read_again(_decode, _decode_any, body)
    if isinstance(reply, _Any):
        return None, UNKNOWN
    return read_routed(reply.trace), read_usage(reply.usage)


class StreamReader(PassingStream):
    """Frames of one reply, up to `metadata` behind `messageStop`, or to an exception.

    A frame whose checksum is wrong is not handed on: an exception of the gate's stands in its place, and ends the stream.
    """

    __slots__ = ("_counted", "_frames", "_left", "_stopped")

    def __init__(self, hide_usage: bool = False) -> None:
        """`hide_usage` is without effect: Bedrock's streams always tell it."""
        super().__init__()
        self._frames = Frames()
        self._left = 0
        """Bytes still to come of a frame too long to be held."""
        self._stopped = False
        self._counted = False

    @property
    def whole(self) -> bool:
        """Whether a stop reason has come."""
        return self._stopped

    def feed(self, data: bytes) -> bytes:
        """Bytes to hand on now. After `done` is set, everything further is ignored."""
        if self.done:
            return b""
        data = self._rest + data
        self._rest = b""
        out: list[bytes] = []
        position, end = 0, len(data)
        try:
            while position < end and not self.done:
                taken = self._pass_long(data, position, out) if self._left else self._frame(data, position, out)
                if not taken:
                    self._rest = data[position:]
                    break
                position += taken
        except FrameError as error:
            self.failed = True
            self.done = damaged_event(str(error))
        return b"".join(out)

    def _pass_long(self, data: bytes, position: int, out: list[bytes]) -> int:
        """Hand on more of a long frame, and say how much."""
        taken = min(len(data) - position, self._left)
        if taken == self._left:
            self.events += 1
            self._inside_long = False
        self._left -= taken
        out.append(data[position : position + taken])
        return taken

    def tail(self) -> bytes:
        """A frame that was begun and not completed; the stream was cut when this is not empty."""
        return self._rest or (b" " if self._left else b"")

    def _frame(self, data: bytes, position: int, out: list[bytes]) -> int:
        """Hand on the frame that begins there, and give its length; 0 where it is not all there."""
        there = len(data) - position
        if there < PRELUDE_BYTES:
            return 0
        length, _ = read_prelude(data, position)
        if length > MOST_EVENT_BYTES:
            self._inside_long = True
            self._left = length
            return self._pass_long(data, position, out)
        if there < length:
            return 0
        self.events += 1
        out.append(self._read(data[position : position + length]))
        return length

    def _read(self, event: bytes) -> bytes:
        headers, payload = self._frames.read(event, int.from_bytes(event[4:8]))
        if headers.get(":message-type", "event") != "event":
            self.failed = True
            self.done = event
            return b""
        kind = headers.get(":event-type")
        if kind == "metadata":
            self._counted = True
            self._count(payload)
        elif kind == "messageStop":
            self._stopped = True
        else:
            return event
        if self._stopped and self._counted:
            self.done = event
            return b""
        return event

    def _count(self, payload: bytes) -> None:
        try:
            found = _decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Not what Converse promises: handed on, like everything that is not understood.
            return
        self.model = read_routed(found.trace) or self.model
        self.usage = read_usage(found.usage)
