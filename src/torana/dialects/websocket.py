"""WebSocket frames as they pass: judged, counted and looked into, never written again. No input or output.

Source: RFC 6455, https://www.rfc-editor.org/rfc/rfc6455; codes of the closing handshake:
https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
"""

import base64
import hashlib
import os
from collections.abc import Callable

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
NORMAL, GOING_AWAY, PROTOCOL_ERROR, NO_CODE, POLICY, TOO_BIG, INTERNAL = 1000, 1001, 1002, 1005, 1008, 1009, 1011

MOST_WATCHED = 1_048_576
"""Bytes of the longest text message that is looked into; longer ones pass unseen."""
_OPCODES = frozenset((0, TEXT, BINARY, CLOSE, PING, PONG))
_MOST_CONTROL = 125
_CODES = frozenset((*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)))
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FINAL, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_REASON = 123

Watch = Callable[[bytes | bytearray, int, int], None]
"""Gets each whole text message: the bytes it lies in, its start and its end there."""


class FrameError(ValueError):
    """A frame that must not be passed on; `code` is what to close with."""

    def __init__(self, reason: str, code: int = PROTOCOL_ERROR) -> None:
        super().__init__(reason)
        self.code = code


class FrameReader:
    """One direction of a connection. The same bytes give the same story, however they are split.

    A frame of data passes as its bytes come, but its head only when whole; a control frame only when all of it is there. So
    what has passed always ends between two frames or within the payload of one frame of data.
    """

    __slots__ = (
        "_final", "_head", "_left", "_masked", "_message", "_most", "_open", "_text", "_unseen", "_watch", "close_code",
        "closed", "error", "messages",
    )  # fmt: skip

    def __init__(self, *, masked: bool, most: int, watch: Watch | None = None) -> None:
        self._masked = masked
        """Whether the frames have to be masked: a client's have to, a server's must not (section 5.1)."""
        self._most = most
        """Payload bytes of the longest frame."""
        self._watch = watch
        self._head = b""
        """Bytes held back, of a head or a control frame."""
        self._left = 0
        """Payload bytes of the present frame that have not come."""
        self._final = True
        self._open = False
        """Whether a message has begun whose last frame has not."""
        self._text = self._unseen = False
        self._message = bytearray()
        """The part of a text message that has come, where it did not come at once."""
        self.messages = 0
        """Whole messages."""
        self.closed = False
        """Whether a close frame has passed; nothing does after it."""
        self.close_code = NO_CODE
        self.error: FrameError | None = None
        """Why nothing passes any more."""

    @property
    def over(self) -> bool:
        """Whether nothing passes any more."""
        return self.closed or self.error is not None

    @property
    def inside(self) -> bool:
        """Whether a frame has passed in part, so that no other may follow yet."""
        return self._left > 0

    def feed(self, data: bytes) -> bytes:
        """The bytes that may pass now, unchanged; see `closed` and `error` afterwards."""
        if self.over:
            return b""
        if self._head:
            data, self._head = self._head + data, b""
        size, position = len(data), 0
        while position < size:
            if self._left:
                end = min(position + self._left, size)
                self._pass(data, position, end)
                position = end
                continue
            try:
                end = self._begin(data, position)
            except FrameError as error:
                self.error = error
                return data[:position]
            if not end:
                self._head = data[position:]
                return data[:position]
            position = end
            if self.closed:
                return data[:position]
        return data

    def _begin(self, data: bytes, start: int) -> int:
        """Judge the frame that starts here. Where to go on: behind its head, or all of a control frame; 0 when more is needed."""
        first = data[start]
        self._check_first(first)
        size = len(data) - start
        if size < 2:
            return 0
        second = data[start + 1]
        if bool(second & _MASKED) != self._masked:
            raise FrameError("it is not masked" if self._masked else "it is masked")
        length, head = second & 0x7F, 2
        opcode = first & 0x0F
        if opcode >= CLOSE and length > _MOST_CONTROL:
            raise FrameError(f"a control frame holds more than {_MOST_CONTROL} bytes")
        if length > _MOST_CONTROL:
            head = 4 if length == 126 else 10
            if size < head:
                return 0
            length = self._long(data[start + 2 : start + head])
        if self._masked:
            head += 4
        if opcode >= CLOSE:
            if size < head + length:
                return 0
            if opcode == CLOSE:
                self._close(data[start + head - 4 : start + head], data[start + head : start + head + length])
            return start + head + length
        if size < head:
            return 0
        self._start(first, opcode, length)
        return start + head

    def _check_first(self, first: int) -> None:
        opcode = first & 0x0F
        if first & _RESERVED:
            raise FrameError("a reserved bit is set, and no extension was agreed")
        if opcode not in _OPCODES:
            raise FrameError(f"the opcode {opcode} is not defined")
        if opcode >= CLOSE:
            if not first & _FINAL:
                raise FrameError("a control frame is fragmented")
        elif self._open and opcode:
            raise FrameError("a message begins before the one before it has ended")
        elif not self._open and not opcode:
            raise FrameError("a continuation follows no message")

    def _long(self, written: bytes) -> int:
        length = int.from_bytes(written, "big")
        if length < (126 if len(written) == 2 else 65_536):
            raise FrameError("a length is not written in the shortest way")
        if length > self._most:
            raise FrameError(f"a frame is longer than {self._most} bytes", TOO_BIG)
        return length

    def _start(self, first: int, opcode: int, length: int) -> None:
        if opcode:
            self._text = opcode == TEXT and self._watch is not None
            self._unseen = False
        self._final = bool(first & _FINAL)
        self._open = True
        self._left = length
        if not length:
            self._pass(b"", 0, 0)

    def _pass(self, data: bytes, start: int, end: int) -> None:
        """Payload bytes of the present frame; the frame, and perhaps its message, may end with them."""
        self._left -= end - start
        ends = not self._left and self._final
        if self._text:
            self._look(data, start, end, ends)
        if ends:
            self._open = False
            self.messages += 1

    def _look(self, data: bytes, start: int, end: int, ends: bool) -> None:
        message = self._message
        if ends and not message and not self._unseen and self._watch is not None:
            if end - start <= MOST_WATCHED:
                self._watch(data, start, end)
            return
        if not self._unseen:
            if len(message) + end - start > MOST_WATCHED:
                self._unseen = True
                message.clear()
            else:
                message += memoryview(data)[start:end]
        if ends and message and self._watch is not None:
            self._message = bytearray()
            self._watch(message, 0, len(message))

    def _close(self, mask: bytes, payload: bytes) -> None:
        if self._masked:
            payload = masked(payload, mask)
        if payload:
            code = int.from_bytes(payload[:2], "big")
            if len(payload) == 1 or code not in _CODES:
                raise FrameError("a close frame has no code that may be sent")
            try:
                payload[2:].decode()
            except UnicodeDecodeError:
                raise FrameError("the reason of a close frame is not UTF-8") from None
            self.close_code = code
        self.closed = True


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload with the mask put on, or taken off again (section 5.3)."""
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def frame(opcode: int, payload: bytes, *, mask: bool, final: bool = True) -> bytes:
    """One frame; a client's gets a fresh mask."""
    size = len(payload)
    flag = _MASKED if mask else 0
    if size <= _MOST_CONTROL:
        lengths = bytes((flag | size,))
    elif size < 65_536:
        lengths = bytes((flag | 126,)) + size.to_bytes(2, "big")
    else:
        lengths = bytes((flag | 127,)) + size.to_bytes(8, "big")
    first = bytes((opcode | (_FINAL if final else 0),))
    if not mask:
        return first + lengths + payload
    key = os.urandom(4)
    return first + lengths + key + masked(payload, key)


def close_frame(code: int, reason: str, *, mask: bool) -> bytes:
    """A close frame; NO_CODE makes an empty one."""
    payload = b"" if code == NO_CODE else code.to_bytes(2, "big") + reason.encode("ascii", "replace")[:_REASON]
    return frame(CLOSE, payload, mask=mask)


def new_key() -> bytes:
    """A client's `sec-websocket-key`."""
    return base64.b64encode(os.urandom(16))


def is_key(text: bytes) -> bool:
    """Whether this can be a `sec-websocket-key`: 16 bytes in base64."""
    try:
        return len(text) == 24 and len(base64.b64decode(text, validate=True)) == 16
    except ValueError:
        return False


def accept(key: bytes) -> bytes:
    """The `sec-websocket-accept` that answers a key (section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
