"""One zstd file per call, `<yyyymmdd>/<id>.zst`, holding a msgpack BodyRecord. Days are folders so that a day is dropped whole."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import zstandard

from torana.core.ids import is_call_id
from torana.core.record import BodyRecord

MOST_BYTES = 64 * 1024 * 1024
"""Largest body record that is read back; a file that claims more is damaged or hostile."""

_decoder = msgspec.msgpack.Decoder(BodyRecord)


class BodyDamaged(Exception):
    """A body file that cannot be read back."""


def path_of(folder: Path, call_id: str) -> Path:
    """Where the bodies of a call lie. Raises ValueError for what is not a call id, so that no id can leave the folder."""
    if not is_call_id(call_id):
        raise ValueError("not a call id")
    try:
        day = datetime.fromtimestamp(int(call_id[:12], 16) / 1000, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError("not a call id") from error
    return folder / f"{day:%Y%m%d}" / f"{call_id}.zst"


def write(folder: Path, payload: bytes) -> str:
    """Keep an encoded BodyRecord; writing it again changes nothing. Returns the call's id.

    Raises msgspec.DecodeError or ValueError for a payload that is not a body record, OSError when there is no room.
    """
    call_id = _decoder.decode(payload).id
    path = path_of(folder, call_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(zstandard.ZstdCompressor(level=3, write_checksum=True).compress(payload))
        temporary.replace(path)
    except OSError:
        with suppress(OSError):  # the first failure is the one to tell
            temporary.unlink(missing_ok=True)
        raise
    return call_id


def read(folder: Path, call_id: str) -> BodyRecord | None:
    """The bodies of a call; None when there are none. Raises BodyDamaged, ValueError for what is not a call id."""
    try:
        data = path_of(folder, call_id).read_bytes()
    except FileNotFoundError:
        return None
    try:
        if zstandard.frame_content_size(data) > MOST_BYTES:
            raise BodyDamaged(f"the bodies of call {call_id} are larger than {MOST_BYTES} bytes")
        record = _decoder.decode(zstandard.ZstdDecompressor().decompress(data, max_output_size=MOST_BYTES))
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise BodyDamaged(f"the bodies of call {call_id} cannot be read: {error}") from error
    if record.id != call_id:
        raise BodyDamaged(f"the bodies of call {call_id} belong to another call")
    return record
