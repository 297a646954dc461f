"""A change of keys alone: what is published without compiling everything again is what compiling everything would give."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, insert, text, update

from tests.support.organisation import Consumer, add_consumer, add_provider, add_service
from tests.support.published import compilations, same_as_compiled, state
from torana.control.access.scope import PLATFORM
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.keys.scopes import Scopes
from torana.control.policies.service import LimitDraft, Owner, set_limits
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret
from torana.core.snapshot import Key
from torana.stores.snapshots import file
from torana.stores.sql import tables

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(publisher: Publisher, tmp_path: Path) -> Path:
    """Where the publisher's snapshot is."""
    return tmp_path / "snapshot"


@pytest.fixture
async def consumer(publisher: Publisher) -> Consumer:
    """A team with an app that has a key and may call one service, published."""
    async with publisher.change() as connection:
        consumer = await add_consumer(connection, publisher, "one")
        provider = await add_provider(connection, publisher)
        await add_service(connection, provider, "gpt", consumer)
        await set_limits(connection, Owner("key", consumer.key.id, consumer.team.id), [LimitDraft("requests", 5, 60)])
    return consumer


@contextmanager
def statements(publisher: Publisher) -> Iterator[list[str]]:
    """Every statement that is executed within the block."""
    noted: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        noted.append(statement)

    event.listen(publisher.engine.sync_engine, "before_cursor_execute", note)
    yield noted
    event.remove(publisher.engine.sync_engine, "before_cursor_execute", note)


def found(publisher: Publisher, folder: Path, secret: Secret) -> Key | None:
    with file.open_current(folder) as snapshot:
        return snapshot.key(publisher.master.key_digest(secret.reveal().encode()))


async def make(publisher: Publisher, consumer: Consumer, name: str) -> keys.NewKey:
    async with publisher.change() as connection:
        return await keys.create(
            connection, publisher.master, team_id=consumer.team.id, app_id=consumer.app.id, name=name
        )


async def test_a_revocation_among_ten_thousand_keys_leaves_every_other_entry_as_it_was(
    publisher: Publisher, folder: Path, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = {"team_id": consumer.team.id, "app_id": consumer.app.id, "created_us": 1, "hint": ""}
    rows = [{"id": f"key_{n}", "name": f"k{n}", "digest": n.to_bytes(16, "big"), **owner} for n in range(10_000)]
    async with publisher.change() as connection:
        await connection.execute(insert(tables.keys), rows)
    before = state(publisher)
    with compilations(monkeypatch) as compiled, statements(publisher) as executed:
        async with publisher.change() as connection:
            await keys.revoke(connection, PLATFORM, "key_77")
    assert not compiled
    assert len(executed) < 10
    after = state(publisher)
    assert after.version == before.version + 1 == file.current_version(folder)
    gone = (77).to_bytes(16, "big")
    assert dict(after.sections["keys"].things) == {
        digest: value for digest, value in before.sections["keys"].things.items() if digest != gone
    }
    assert len(before.sections["keys"].things) == 10_001
    assert all(after.sections[name] is section for name, section in before.sections.items() if name != "keys")
    with file.open_current(folder) as snapshot:
        assert snapshot.counts()["keys"] == 10_000
        assert snapshot.key(gone) is None
        assert all(snapshot.key(n.to_bytes(16, "big")) for n in range(10_000) if n != 77)


async def test_made_changed_and_revoked_keys_are_published_as_compiling_everything_would(
    publisher: Publisher, folder: Path, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with compilations(monkeypatch) as compiled:
        made = await make(publisher, consumer, "second")
        async with publisher.change() as connection:
            await keys.set_expiry(connection, consumer.key, 4_102_444_800_000_000)
        last = await make(publisher, consumer, "third")
        async with publisher.change() as connection:
            await keys.revoke(connection, PLATFORM, made.key.id)
    assert not compiled
    changed = found(publisher, folder, consumer.secret)
    assert changed is not None
    assert changed.expires_us == 4_102_444_800_000_000
    assert [limit.amount for limit in changed.limits] == [5]
    assert found(publisher, folder, made.secret) is None
    assert found(publisher, folder, last.secret) is not None
    await same_as_compiled(publisher)


async def test_the_last_key_of_an_app_goes_without_compiling_everything_and_a_first_one_comes(
    publisher: Publisher, folder: Path, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with compilations(monkeypatch) as compiled:
        async with publisher.change() as connection:
            await keys.revoke(connection, PLATFORM, consumer.key.id)
        assert found(publisher, folder, consumer.secret) is None
        made = await make(publisher, consumer, "next")
    assert not compiled
    key = found(publisher, folder, made.secret)
    assert key is not None
    with file.open_current(folder) as snapshot:
        app = snapshot.app(key.app_id)
    assert app is not None
    assert "gpt" in app.grants


async def test_scopes_networks_names_and_rotations_of_a_key_compile_nothing_else(
    publisher: Publisher, folder: Path, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await make(publisher, consumer, "other")
    before = state(publisher)
    with compilations(monkeypatch) as compiled:
        async with publisher.change() as connection:
            key = await keys.change(connection, consumer.key, {"scopes": Scopes(models=("a*",)), "networks": ["::1"]})
        async with publisher.change() as connection:
            await keys.rotate(connection, publisher.master, key, 60)
            key = (await keys.find(connection, PLATFORM, key.id)).key
        async with publisher.change() as connection:
            last = await keys.rotate(connection, publisher.master, key, 60)
    assert not compiled
    assert found(publisher, folder, consumer.secret) is None
    now = found(publisher, folder, last.secret)
    assert now is not None
    assert (now.models, now.networks, [limit.amount for limit in now.limits]) == (("a*",), ("::1/128",), [5])
    after = state(publisher)
    digest = other.key.digest
    assert after.sections["keys"].things[digest] == before.sections["keys"].things[digest]
    assert len(after.sections["keys"].things) == 3
    assert all(after.sections[name] is section for name, section in before.sections.items() if name != "keys")
    await same_as_compiled(publisher)


async def test_a_statement_that_does_not_say_which_rows_it_writes_compiles_everything(
    publisher: Publisher, folder: Path, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tables.keys
    written = (
        update(table).values(hint="zzzz"),
        update(table).values(scopes='{"models":["x"]}'),
        update(table).where((table.c.id == consumer.key.id) | (table.c.name == "x")).values(hint="yyyy"),
        update(table).where(table.c.id == consumer.key.id).values(id="key_other"),
        update(tables.services).where(tables.services.c.kind == "model").values(keep_bodies=True),
        table.delete().where(table.c.name == "first"),
        text("UPDATE keys SET hint = 'xxxx'"),
    )
    for statement in written:
        with compilations(monkeypatch) as compiled:
            async with publisher.change() as connection:
                await connection.execute(statement)
        assert len(compiled) == 1, str(statement)
    assert found(publisher, folder, consumer.secret) is None
    assert not state(publisher).sections["keys"].things


async def test_what_was_taken_back_is_not_published_later(
    publisher: Publisher, folder: Path, consumer: Consumer
) -> None:
    async def break_off() -> None:
        async with publisher.change() as connection:
            await keys.revoke(connection, PLATFORM, consumer.key.id)
            raise RuntimeError("broken off")

    with pytest.raises(RuntimeError, match="broken off"):
        await break_off()
    made = await make(publisher, consumer, "second")
    assert found(publisher, folder, consumer.secret) is not None
    assert found(publisher, folder, made.secret) is not None


async def test_what_another_node_published_is_not_undone_by_a_change_of_a_key(
    publisher: Publisher, consumer: Consumer, tmp_path: Path
) -> None:
    other = Publisher(publisher.engine, publisher.master, tmp_path / "other")
    assert await other.catch_up()
    version = await publisher.version()
    assert file.current_version(tmp_path / "other") == version
    async with publisher.change() as connection:
        await apps.set_keep_bodies(connection, consumer.app, True)
    async with other.change() as connection:
        await keys.revoke(connection, PLATFORM, consumer.key.id)
    with file.open_current(tmp_path / "other") as snapshot:
        app = snapshot.app(consumer.app.id)
    assert app is not None
    assert app.keep_bodies
    assert found(publisher, tmp_path / "other", consumer.secret) is None
    assert await publisher.catch_up()
    assert found(publisher, tmp_path / "snapshot", consumer.secret) is None
    assert await publisher.version() == version + 2


async def test_versions_of_another_node_are_caught_up_by_what_they_were_made_for(
    publisher: Publisher, consumer: Consumer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Publisher(publisher.engine, publisher.master, tmp_path / "other")
    assert await other.catch_up()
    async with publisher.change() as connection:
        await apps.set_keep_bodies(connection, consumer.app, True)
    async with publisher.change() as connection:
        await keys.revoke(connection, PLATFORM, consumer.key.id)
    with compilations(monkeypatch) as compiled:
        assert await other.catch_up()
    assert not compiled
    assert found(publisher, tmp_path / "other", consumer.secret) is None
    # A version that does not say what it was made for may have changed anything.
    async with publisher.change() as connection:
        await connection.execute(update(tables.apps).values(keep_bodies=False))
    with compilations(monkeypatch) as compiled:
        assert await other.catch_up()
    assert len(compiled) == 1
    assert state(other).digest == state(publisher).digest


async def test_versions_of_a_restored_database_are_not_taken_for_those_before(
    publisher: Publisher, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = state(publisher)
    async with publisher.engine.begin() as connection:
        table = tables.publications
        await connection.execute(update(table).where(table.c.version == published.version).values(digest=bytes(16)))
        await connection.execute(
            insert(table).values(version=published.version + 1, published_us=1, digest=bytes(16), touched="{}")
        )
    with compilations(monkeypatch) as compiled:
        async with publisher.change() as connection:
            await apps.set_keep_bodies(connection, consumer.app, True)
    assert len(compiled) == 1
    await same_as_compiled(publisher)


async def test_a_file_that_could_not_be_written_is_written_later_without_compiling_again(
    publisher: Publisher, folder: Path, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(file, "write_packed", full)
        with pytest.raises(OSError, match="no space left"):
            async with publisher.change() as connection:
                await keys.revoke(connection, PLATFORM, consumer.key.id)
    assert found(publisher, folder, consumer.secret) is not None
    with compilations(monkeypatch) as compiled:
        assert await publisher.catch_up()
    assert not compiled
    assert found(publisher, folder, consumer.secret) is None


async def test_the_order_in_which_keys_came_does_not_change_what_they_are(
    publisher: Publisher, consumer: Consumer
) -> None:
    for name in ("b", "a"):
        await make(publisher, consumer, name)
    published = state(publisher)
    section = published.sections["keys"]
    names = list(section.things)
    assert len(names) == 3
    emptied = section.changed(dict.fromkeys(names))
    assert (dict(emptied.things), emptied.sum) == ({}, 0)
    backwards = emptied.changed({name: section.things[name] for name in reversed(names)})
    assert list(backwards.things) == names[::-1]
    assert backwards.sum == section.sum
