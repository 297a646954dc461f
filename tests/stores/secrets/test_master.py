"""The master key: what it seals opens only with the same key and for the same owner."""

import base64
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.core.secret import Secret
from torana.stores.secrets.master import FILE_NAME, VARIABLE, MasterKey, MasterKeyError, load, load_or_create

ONE = MasterKey(b"1" * 32)
OTHER = MasterKey(b"2" * 32)


@pytest.fixture(autouse=True)
def without_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@given(st.text(), st.text())
def test_what_was_sealed_opens_again(text: str, context: str) -> None:
    sealed = ONE.seal(Secret(text), context)
    assert ONE.open(sealed, context).reveal() == text
    assert len(text) < 8 or text.encode() not in sealed


@given(st.text(), st.text(), st.text())
def test_another_owner_or_another_key_does_not_open_it(text: str, context: str, other: str) -> None:
    sealed = ONE.seal(Secret(text), context)
    with pytest.raises(MasterKeyError):
        OTHER.open(sealed, context)
    if other != context:
        with pytest.raises(MasterKeyError):
            ONE.open(sealed, other)


@given(st.text(min_size=1), st.data())
def test_what_was_changed_or_cut_does_not_open(text: str, data: st.DataObject) -> None:
    sealed = bytearray(ONE.seal(Secret(text), "owner"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(MasterKeyError):
        ONE.open(bytes(sealed[:at]), "owner")
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(MasterKeyError) as refusal:
        ONE.open(bytes(sealed), "owner")
    assert len(text) < 8 or text not in str(refusal.value)


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert len({ONE.seal(Secret("same"), "owner") for _ in range(50)}) == 50


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_digests_tell_keys_apart_and_depend_on_the_master_key(one: bytes, other: bytes) -> None:
    assert len(ONE.key_digest(one)) == 16
    assert (ONE.key_digest(one) == ONE.key_digest(other)) is (one == other)
    assert ONE.key_digest(one) != OTHER.key_digest(one)


def test_a_new_key_is_for_its_owner_only_and_stays_the_same(tmp_path: Path) -> None:
    sealed = load_or_create(tmp_path).seal(Secret("x"), "owner")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert load_or_create(tmp_path).open(sealed, "owner") == Secret("x")
    assert load(tmp_path).open(sealed, "owner") == Secret("x")
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o610, 0o601])
def test_a_key_that_others_may_read_is_refused_and_the_remedy_named(tmp_path: Path, mode: int) -> None:
    load_or_create(tmp_path)
    (tmp_path / FILE_NAME).chmod(mode)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["", "short", "%%%", base64.b64encode(b"x" * 31).decode(), "ü" * 44])
def test_a_key_that_is_none_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    (tmp_path / FILE_NAME).chmod(0o600)
    for _ in range(2):
        with pytest.raises(MasterKeyError, match="32 bytes") as refusal:
            load(tmp_path)
        assert not content or content not in str(refusal.value)
        monkeypatch.setenv(VARIABLE, content)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match=FILE_NAME):
        load(tmp_path)


def test_the_environment_wins_over_the_file_and_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = secrets.token_bytes(32)
    monkeypatch.setenv(VARIABLE, base64.b64encode(raw).decode())
    assert load_or_create(tmp_path).key_digest(b"x") == MasterKey(raw).key_digest(b"x")
    assert list(tmp_path.iterdir()) == []
