"""The form of a segment file, shared by the gate that writes it and the recorder that reads it.

A segment begins with a 64-byte header (magic, zeros). Entries follow without gaps:

    u32 length of the payload | u32 CRC-32 of the payload | u8 kind | payload

all little-endian. A length of 0 means that nothing has been written here yet (files are zero-filled in advance); SEALED means that
the writer went on to the next segment. An entry is stored in one copy, and a reader believes it only when its CRC fits: a
half-written entry, or one seen too early, is never taken for a record.
"""

import struct

MAGIC = b"torana spool 1\n\x00"
HEADER_BYTES = 64
SEALED = 0xFFFFFFFF
RECORD = 1
BODY = 2

ENTRY = struct.Struct("<IIB")
LENGTH = struct.Struct("<I")
"""Of one entry's prefix: length, CRC, kind."""


def segment_name(writer: str, number: int) -> str:
    """File name: segments of one writer sort in the order of writing."""
    return f"{writer}-{number:08d}.seg"


def unfinished_name(segment: str) -> str:
    """What a segment is called until its writer has locked it; readers do not look at these."""
    return f".{segment}.new"
