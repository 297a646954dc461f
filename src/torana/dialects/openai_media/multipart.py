"""Reads a multipart form while it passes: finds the part `model`, and refuses what two readers could take for two forms.

The vendor's reader is another program. A form that it might split differently could show the gate one model and the vendor another,
so that every freedom of the format that no client uses is refused: RFC 7578, RFC 2046 section 5.1. Nothing is kept but what is
being looked at, however large a file is.
"""

import re

from torana.core.errors import Refusal

MOST_HEAD_BYTES = 8_192
"""Of the headers of one part."""
MOST_PARTS = 1_000
MOST_VALUE_BYTES = 512
"""Of `model` and `user`."""
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rb';[ \t]*(%b)=(?:"((?:[^"\\\r\n\x00]|\\[^\r\n\x00])*)"|(%b))[ \t]*' % (_TOKEN, _TOKEN))
_FIELD = re.compile(rb"(%b):[ \t]*([^\r\n\x00]*?)[ \t]*" % _TOKEN)
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_ONCE = frozenset((b"content-disposition", b"content-type", b"content-transfer-encoding"))
_PLAIN = frozenset((b"7bit", b"8bit", b"binary"))
_WATCHED = frozenset((b"model", b"user"))
_START, _HEAD, _BODY, _NEXT, _OVER = range(5)


def wrong(reason: str) -> Refusal:
    """The refusal of a form."""
    return Refusal("invalid_form", reason=reason)


def boundary_of(content_type: bytes) -> bytes:
    """What separates the parts. Raises Refusal (invalid_form)."""
    kind, found = _parameters(content_type)
    if kind.lower() != b"multipart/form-data":
        raise wrong("its Content-Type is not multipart/form-data")
    boundary = found.get(b"boundary")
    if boundary is None:
        raise wrong("its Content-Type names no boundary")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise wrong("its boundary has to be 1 to 70 of the characters that RFC 2046 allows")
    return boundary


class FormReader:
    """Fed with a form in any portions. Everything is refused at the first byte that shows it."""

    __slots__ = (
        "_at", "_begin", "_head", "_needle", "_parts", "_rest", "_state", "_value", "_watched", "model", "span", "user",
    )  # fmt: skip

    def __init__(self, boundary: bytes) -> None:
        self.model: str | None = None
        self.span: tuple[int, int] | None = None
        """Where the value of `model` stands in the form."""
        self.user: str | None = None
        self._needle = b"--" + boundary
        self._rest = b""
        """What has come and is not yet passed over."""
        self._at = 0
        """Where `_rest` stands in the form."""
        self._begin = 0
        """Where the present part's value begins."""
        self._state = _START
        self._parts = 0
        self._watched: bytes | None = None
        self._value = b""

    @property
    def over(self) -> bool:
        """Whether the last boundary has come."""
        return self._state == _OVER

    def feed(self, data: bytes) -> None:
        """The next bytes. Raises Refusal (invalid_form)."""
        self._rest += data
        while True:
            state, left = self._state, len(self._rest)
            if state == _START:
                self._read_start()
            elif state == _HEAD:
                self._read_head()
            elif state == _BODY:
                self._read_body()
            elif state == _NEXT:
                self._read_next()
            elif not b"\r\n".startswith(self._rest):
                raise wrong("something follows its last boundary")
            if self._state == state and (len(self._rest) == left or state == _BODY):
                return

    def end(self) -> None:
        """The form has ended. Raises Refusal (invalid_form) where it is not whole."""
        if self._state != _OVER:
            raise wrong("it ends before its last boundary")

    def _skip(self, size: int) -> None:
        self._rest = self._rest[size:]
        self._at += size

    def _read_start(self) -> None:
        needle, rest = self._needle, self._rest
        if not rest.startswith(needle) and not needle.startswith(rest):
            raise wrong("it does not begin with the boundary that its Content-Type names")
        if len(rest) >= len(needle):
            self._skip(len(needle))
            self._state = _NEXT

    def _read_next(self) -> None:
        following = self._rest[:2]
        if following == b"\r\n":
            self._skip(2)
            self._state = _HEAD
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise wrong(f"it has more than {MOST_PARTS} parts")
        elif following == b"--":
            self._skip(2)
            self._state = _OVER
        elif len(following) == 2 or following not in (b"", b"\r", b"-"):
            raise wrong("a boundary is followed by something that does not belong there")

    def _read_head(self) -> None:
        end = self._rest.find(b"\r\n\r\n", 0, MOST_HEAD_BYTES + 4)
        if end < 0:
            if len(self._rest) > MOST_HEAD_BYTES + 4:
                raise wrong(f"the headers of a part exceed {MOST_HEAD_BYTES} bytes")
            return
        name, is_file = _part_name(self._rest[:end])
        self._watched = name if name in _WATCHED else None
        if name == b"model":
            if self.span is not None:
                raise wrong("it has more than one part `model`")
            if is_file:
                raise wrong("its part `model` is a file")
        self._value = b""
        self._skip(end + 4)
        self._begin = self._at
        self._state = _BODY

    def _read_body(self) -> None:
        rest, needle = self._rest, self._needle
        found = rest.find(needle)
        while found >= 0:
            before = rest[max(0, found - 2) : found]
            at_begin = self._at + found == self._begin
            if before == b"\r\n":
                self._take(found - 2)
                self._part_ended()
                self._skip(2 + len(needle))
                self._state = _NEXT
                return
            if at_begin or before[-1:] in (b"\r", b"\n"):
                raise wrong("a boundary does not stand alone on a line that CR LF ends")
            found = rest.find(needle, found + 1)
        self._take(max(0, len(rest) - len(needle) - 1))

    def _take(self, size: int) -> None:
        if self._watched is not None:
            self._value += self._rest[:size]
            if len(self._value) > MOST_VALUE_BYTES:
                if self._watched == b"model":
                    raise wrong(f"its part `model` is longer than {MOST_VALUE_BYTES} bytes")
                self._value = self._value[:MOST_VALUE_BYTES]
        self._skip(size)

    def _part_ended(self) -> None:
        if self._watched is None:
            return
        try:
            text = self._value.decode()
        except UnicodeDecodeError:
            raise wrong(f"its part `{self._watched.decode()}` is not UTF-8") from None
        if self._watched == b"model":
            if not text.strip():
                raise wrong("its part `model` is empty")
            self.model, self.span = text, (self._begin, self._at)
        elif self.user is None:
            self.user = text[:256]


def _part_name(head: bytes) -> tuple[bytes, bool]:
    """The name of a part, and whether it is a file. Raises Refusal."""
    fields: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        match = _FIELD.fullmatch(line)
        if match is None:
            raise wrong("a header of a part is malformed")
        name = match[1].lower()
        if name in _ONCE and name in fields:
            raise wrong(f"a part has more than one {name.decode()} header")
        fields[name] = match[2]
    if fields.get(b"content-transfer-encoding", b"8bit").lower() not in _PLAIN:
        raise wrong("a part has a content-transfer-encoding")
    if fields.get(b"content-type", b"").lower().startswith(b"multipart/"):
        raise wrong("a part is a multipart body itself")
    kind, found = _parameters(fields.get(b"content-disposition", b""))
    named = found.get(b"name")
    if kind.lower() != b"form-data" or named is None or b"name*" in found:
        raise wrong("a part is not `form-data` with one plain name")
    if b"\\" in named or not all(byte >= 32 and byte != 127 for byte in named):
        raise wrong("the name of a part holds a character that readers take in different ways")
    return named, b"filename" in found or b"filename*" in found


def _parameters(value: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """What stands before the parameters of a header, and those, each of them once. Raises Refusal."""
    kind, semicolon, rest = value.partition(b";")
    found: dict[bytes, bytes] = {}
    position, rest = 0, semicolon + rest
    while position < len(rest):
        match = _PARAMETER.match(rest, position)
        if match is None or match[1].lower() in found:
            raise wrong("the parameters of a header are malformed, or one stands there twice")
        found[match[1].lower()] = match[3] if match[2] is None else match[2]
        position = match.end()
    return kind.strip(b" \t"), found
