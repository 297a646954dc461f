"""Frames of `application/vnd.amazon.eventstream`, sans-io.

A frame is: its length and the length of its headers (each 4 bytes, big-endian), the CRC-32 of these 8 bytes, the headers, the
payload, the CRC-32 of everything before it. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
and https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from collections.abc import Mapping
from struct import Struct, error
from typing import NamedTuple
from zlib import crc32

HeaderValue = bool | int | bytes | str

MOST_HEADER_BYTES = 128 * 1024
MOST_PAYLOAD_BYTES = 24 * 1_048_576
"""Both are the limits of the specification."""
_AROUND = 16
"""Bytes of a frame that are neither headers nor payload."""
_PRELUDE = Struct(">III")
PRELUDE_BYTES = _PRELUDE.size
_LENGTHS = Struct(">II")
_CRC = Struct(">I")
_LENGTH = Struct(">H")
_NUMBERS = {2: Struct(">b"), 3: Struct(">h"), 4: Struct(">i"), 5: Struct(">q"), 8: Struct(">q")}
"""Header types that are whole numbers: byte, short, integer, long, and a timestamp in milliseconds since 1970."""
_LONG, _BYTES, _TEXT, _UUID = 5, 6, 7, 9
_MOST_KNOWN = 32
_MOST_KNOWN_BYTES = 512


class FrameError(ValueError):
    """Bytes that are no frame; the text says what is wrong."""


class Frame(NamedTuple):
    """One message."""

    headers: dict[str, HeaderValue]
    payload: bytes


class Frames:
    """Cuts bytes into frames, however they are split. After a FrameError there is nothing to be found any more."""

    __slots__ = ("_buffer", "_known", "_need")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need = PRELUDE_BYTES
        self._known: dict[bytes, dict[str, HeaderValue]] = {}

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete. Raises FrameError."""
        buffer = self._buffer
        buffer += data
        if len(buffer) < self._need:
            return []
        whole = bytes(buffer)
        found: list[Frame] = []
        position = 0
        end = len(whole)
        self._need = PRELUDE_BYTES
        while end - position >= PRELUDE_BYTES:
            length, headers_length = read_prelude(whole, position)
            if end - position < length:
                self._need = length
                break
            found.append(self.read(whole[position : position + length], headers_length))
            position += length
        del buffer[:position]
        return found

    def read(self, frame: bytes, headers_length: int) -> Frame:
        """One whole frame. Raises FrameError."""
        (crc,) = _CRC.unpack_from(frame, len(frame) - 4)
        if crc32(frame[:-4]) != crc:
            raise FrameError("the checksum of a frame is wrong")
        end = 12 + headers_length
        written = frame[12:end]
        # A stream repeats the same few blocks of headers over and over.
        headers = self._known.get(written)
        if headers is None:
            headers = read_headers(written)
            if len(self._known) < _MOST_KNOWN and headers_length <= _MOST_KNOWN_BYTES:
                self._known[written] = headers
        return Frame(headers, frame[end:-4])


def read_prelude(data: bytes, at: int) -> tuple[int, int]:
    """Bytes of the frame that begins there, and of its headers. Raises FrameError."""
    # Checked as soon as it is there: a wrong length would otherwise be waited for.
    length, headers_length, crc = _PRELUDE.unpack_from(data, at)
    if crc32(data[at : at + 8]) != crc:
        raise FrameError("the checksum of a frame's prelude is wrong")
    payload_length = length - headers_length - _AROUND
    if headers_length > MOST_HEADER_BYTES or not 0 <= payload_length <= MOST_PAYLOAD_BYTES:
        raise FrameError(f"a frame claims {length} bytes, {headers_length} of them headers")
    return length, headers_length


def write_frame(headers: bytes, payload: bytes) -> bytes:
    """One frame; `headers` is what `write_headers` makes. Raises FrameError where it would be too large."""
    if len(headers) > MOST_HEADER_BYTES or len(payload) > MOST_PAYLOAD_BYTES:
        raise FrameError(f"a frame cannot hold {len(payload)} bytes and {len(headers)} of headers")
    lengths = _LENGTHS.pack(len(headers) + len(payload) + _AROUND, len(headers))
    front = b"%b%b%b%b" % (lengths, _CRC.pack(crc32(lengths)), headers, payload)
    return front + _CRC.pack(crc32(front))


def write_headers(headers: Mapping[str, HeaderValue]) -> bytes:
    """A block of headers, numbers as longs. Raises FrameError for what no header can hold."""
    try:
        return b"".join([_write_header(name, value) for name, value in headers.items()])
    except (error, ValueError) as wrong:
        raise FrameError(f"a header cannot be written: {wrong}") from None


def _write_header(name: str, value: HeaderValue) -> bytes:
    written = name.encode()
    start = bytes((len(written),)) + written
    if isinstance(value, bool):
        return start + (b"\0" if value else b"\1")
    if isinstance(value, int):
        return start + bytes((_LONG,)) + _NUMBERS[_LONG].pack(value)
    kind, data = (_TEXT, value.encode()) if isinstance(value, str) else (_BYTES, value)
    return start + bytes((kind,)) + _LENGTH.pack(len(data)) + data


def read_headers(data: bytes) -> dict[str, HeaderValue]:
    """A block of headers. A timestamp is milliseconds since 1970, a UUID its 16 bytes. Raises FrameError."""
    headers: dict[str, HeaderValue] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        if name_end >= len(data):
            raise FrameError("a header is cut off")
        name = _text(data[at + 1 : name_end])
        if name in headers:
            raise FrameError(f"the header {name[:100]} comes twice")
        headers[name], at = _value(data, name_end + 1, data[name_end])
    return headers


def _value(data: bytes, at: int, kind: int) -> tuple[HeaderValue, int]:
    if kind < 2:
        return kind == 0, at
    if kind in _NUMBERS:
        number = _NUMBERS[kind]
        if at + number.size > len(data):
            raise FrameError("a header is cut off")
        value: int = number.unpack_from(data, at)[0]
        return value, at + number.size
    if kind == _UUID:
        length = 16
    elif kind in (_BYTES, _TEXT):
        if at + 2 > len(data):
            raise FrameError("a header is cut off")
        (length,) = _LENGTH.unpack_from(data, at)
        at += 2
    else:
        raise FrameError(f"a header has the unknown type {kind}")
    if at + length > len(data):
        raise FrameError("a header is cut off")
    found = data[at : at + length]
    return (_text(found) if kind == _TEXT else found), at + length


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FrameError("a header is not UTF-8") from None
