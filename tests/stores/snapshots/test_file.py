"""The snapshot file: it answers as the content it was written from does, or says that it is damaged."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from torana.core.snapshot import Account, App, Deployment, Key, Limit, Offered, Service, Snapshot
from torana.stores.snapshots.file import (
    FILE_NAME,
    SnapshotError,
    SnapshotFile,
    current_version,
    open_current,
    stamp,
    write,
)

IN_A_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
names = st.text(max_size=20)
digests = st.binary(min_size=16, max_size=16)
limits = st.lists(
    st.builds(
        Limit, names, st.sampled_from(["requests", "concurrency"]), st.integers(0, 2**40), st.integers(0, 86_400), names
    ),
    max_size=2,
).map(tuple)
deployments = st.builds(Deployment, names, names, names, names, st.integers(0, 100))
keys = st.dictionaries(digests, st.builds(Key, names, names, names, st.integers(0, 2**60), limits), max_size=30)
texts = st.dictionaries(names, names, max_size=4)
apps = st.dictionaries(
    names,
    st.builds(
        App,
        names,
        names,
        names,
        texts,
        limits,
        plans=st.dictionaries(names, limits, max_size=2),
        ends=st.dictionaries(names, st.tuples(st.integers(0, 2**60), names), max_size=2),
        states=texts,
    ),
    max_size=6,
)
offered = st.dictionaries(
    names,
    st.lists(
        st.builds(Offered, names, names, names, st.none() | st.lists(names, max_size=3).map(tuple)),
        min_size=1,
        max_size=3,
    ).map(tuple),
    max_size=6,
)
services = st.dictionaries(
    names,
    st.builds(Service, names, names, names, names, st.lists(deployments, max_size=3).map(tuple), limits),
    max_size=6,
)
accounts = st.dictionaries(
    names,
    st.builds(
        Account, names, names, names, names, st.sampled_from(["bearer", "none"]), st.none() | st.binary(max_size=64)
    ),
    max_size=6,
)
snapshots = st.builds(
    Snapshot, st.integers(0, 2**60), st.integers(0, 2**60), keys, apps, services, accounts, offered=offered
)


def small(version: int = 1) -> Snapshot:
    made = {bytes([number]) * 16: Key(f"key_{number}", "first", "app_a", 0) for number in range(20)}
    return Snapshot(version, 5, made, {"app_a": App("app_a", "a", "team_a", {"chat": "s"})}, {}, {})


def same(file: SnapshotFile, content: Snapshot, others: list[bytes]) -> None:
    """Whether the file answers as the content's dictionaries do, also for what is not in them."""
    for digest in [*content.keys, *others]:
        assert file.key(digest) == content.keys.get(digest)
    for name in [
        *content.apps,
        *content.services,
        *content.accounts,
        *content.offered,
        *(other.hex() for other in others),
    ]:
        assert file.app(name) == content.apps.get(name)
        assert file.service(name) == content.services.get(name)
        assert file.account(name) == content.accounts.get(name)
        assert file.offered(name) == content.offered.get(name, ())


@IN_A_FOLDER
@given(snapshots, st.lists(digests, max_size=5))
def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path, content: Snapshot, others: list[bytes]) -> None:
    write(tmp_path, content)
    with open_current(tmp_path) as file:
        assert (file.version, file.compiled_us) == (content.version, content.compiled_us)
        sections = ("keys", "apps", "services", "accounts", "issuers", "offered")
        assert file.counts() == {name: len(getattr(content, name)) for name in sections}
        same(file, content, others)


@IN_A_FOLDER
@given(st.data())
def test_a_damaged_snapshot_is_refused_or_right_but_never_wrong(tmp_path: Path, data: st.DataObject) -> None:
    content = small()
    write(tmp_path, content)
    path = tmp_path / FILE_NAME
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    with contextlib.suppress(SnapshotError), open_current(tmp_path) as file:
        for digest in content.keys:
            assert file.key(digest) == content.keys[digest]
        assert file.app("app_a") == content.apps["app_a"]


def test_a_snapshot_cut_anywhere_is_refused(tmp_path: Path) -> None:
    write(tmp_path, small())
    path = tmp_path / FILE_NAME
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(SnapshotError):
            open_current(tmp_path)
        assert current_version(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"x", b"torana snapshot 1\n" + b"\0" * 5_000, b"\xff" * 5_000])
def test_a_file_that_is_no_snapshot_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(SnapshotError):
        open_current(tmp_path)


def test_a_file_with_something_behind_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path, small())
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b"more")
    with pytest.raises(SnapshotError):
        open_current(tmp_path)


def test_a_reader_keeps_the_snapshot_it_opened_when_another_is_published(tmp_path: Path) -> None:
    write(tmp_path, small(1))
    with open_current(tmp_path) as before:
        first = stamp(tmp_path)
        write(tmp_path, Snapshot(2, 6, {}, {}, {}, {}))
        assert stamp(tmp_path) != first
        assert before.version == 1
        assert before.key(bytes([3]) * 16) is not None
    with open_current(tmp_path) as after:
        assert after.version == 2
        assert after.key(bytes([3]) * 16) is None


def test_a_snapshot_is_for_its_owner_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "snapshot", small())
    assert [path.name for path in (tmp_path / "snapshot").iterdir()] == [FILE_NAME]
    assert (tmp_path / "snapshot" / FILE_NAME).stat().st_mode & 0o077 == 0
    assert (tmp_path / "snapshot").stat().st_mode & 0o077 == 0


def test_without_a_snapshot_there_is_no_version(tmp_path: Path) -> None:
    assert current_version(tmp_path) is None
    assert stamp(tmp_path) is None
    with pytest.raises(FileNotFoundError):
        open_current(tmp_path)
