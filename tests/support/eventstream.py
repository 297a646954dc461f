"""Writes frames of `application/vnd.amazon.eventstream`, as a simulated Bedrock sends them."""

import json
from struct import pack
from typing import Any
from zlib import crc32

Header = tuple[str, int, Any]
"""Name, type, value."""


def write_header(header: Header) -> bytes:
    """One header of any of the ten types."""
    name, kind, value = header
    head = bytes([len(name.encode())]) + name.encode() + bytes([kind])
    if kind in (0, 1):
        return head
    if kind in (2, 3, 4, 5, 8):
        return head + pack({2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}[kind], value)
    if kind == 9:
        return head + bytes(value)
    data = value.encode() if isinstance(value, str) else value
    return head + pack(">H", len(data)) + data


def write_frame(headers: list[Header], payload: bytes) -> bytes:
    """One whole frame."""
    block = b"".join(write_header(header) for header in headers)
    prelude = pack(">II", len(block) + len(payload) + 16, len(block))
    front = prelude + pack(">I", crc32(prelude)) + block + payload
    return front + pack(">I", crc32(front))


def write_event(kind: str, payload: Any) -> bytes:
    """An event of ConverseStream."""
    headers: list[Header] = [
        (":event-type", 7, kind),
        (":content-type", 7, "application/json"),
        (":message-type", 7, "event"),
    ]
    return write_frame(headers, json.dumps(payload).encode())


def write_exception(kind: str, payload: Any) -> bytes:
    """An exception in the middle of a stream."""
    headers: list[Header] = [
        (":exception-type", 7, kind),
        (":content-type", 7, "application/json"),
        (":message-type", 7, "exception"),
    ]
    return write_frame(headers, json.dumps(payload).encode())
