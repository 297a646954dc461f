import stat
from pathlib import Path

import msgspec
import pytest
import zstandard

from torana.core.ids import CallIds
from torana.core.record import BodyRecord
from torana.stores.bodies import files

NOON_US = 1_763_899_200_000_000


def body(call_id: str) -> BodyRecord:
    return BodyRecord(call_id, b'{"ask": 1}' * 50, b'{"answer": 2}', False, True)


def test_bodies_come_back_as_they_were_kept(tmp_path: Path) -> None:
    kept = body(CallIds().next(NOON_US))
    assert files.write(tmp_path, msgspec.msgpack.encode(kept)) == kept.id
    files.write(tmp_path, msgspec.msgpack.encode(kept))
    assert files.read(tmp_path, kept.id) == kept


def test_a_body_file_is_compressed_private_and_in_the_folder_of_its_day(tmp_path: Path) -> None:
    call_id = CallIds().next(NOON_US)
    payload = msgspec.msgpack.encode(body(call_id))
    files.write(tmp_path, payload)
    path = tmp_path / "20251123" / f"{call_id}.zst"
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size < len(payload) / 2


def test_a_call_without_bodies_has_none(tmp_path: Path) -> None:
    assert files.read(tmp_path, CallIds().next(NOON_US)) is None


@pytest.mark.parametrize("call_id", ["../../etc/passwd", "", "A" * 32, "f" * 32, "0" * 31 + "/"])
def test_what_is_not_a_call_id_names_no_file(tmp_path: Path, call_id: str) -> None:
    with pytest.raises(ValueError, match="not a call id"):
        files.write(tmp_path, msgspec.msgpack.encode(body(call_id)))
    with pytest.raises(ValueError, match="not a call id"):
        files.read(tmp_path, call_id)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_or_boundless_body_file_is_said_to_be_so(tmp_path: Path) -> None:
    call_id = CallIds().next(NOON_US)
    files.write(tmp_path, msgspec.msgpack.encode(body(call_id)))
    path = files.path_of(tmp_path, call_id)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(files.BodyDamaged):
        files.read(tmp_path, call_id)
    path.write_bytes(zstandard.compress(bytes(files.MOST_BYTES + 1)))
    with pytest.raises(files.BodyDamaged, match="larger"):
        files.read(tmp_path, call_id)
    path.write_bytes(zstandard.compress(msgspec.msgpack.encode(body("0" * 32))))
    with pytest.raises(files.BodyDamaged, match="another call"):
        files.read(tmp_path, call_id)
