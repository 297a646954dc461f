"""What keeps an apply of very many things short: the file is read once, and nobody waits for what changes nothing."""

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, update

from tests.control.plan.test_apply import CANARY, ENVIRONMENT, FILE, applied, headings, planned, source
from torana.control.access.scope import PLATFORM
from torana.control.bulk import without_collecting
from torana.control.declaration import read
from torana.control.declaration.document import Node, read_document
from torana.control.declaration.outside import resolve_outside
from torana.control.declaration.problems import DeclarationError, Problems
from torana.control.keys import service as keys
from torana.control.plan import repository
from torana.control.plan.apply import Applied, apply
from torana.control.plan.repository import Stored
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql import tables
from torana.stores.sql.engine import Connection, reading, writing

pytestmark = pytest.mark.anyio


def many(count: int) -> str:
    held = ", ".join(f"{{name: k{n}, value: {{env: KEY_{n}}}, limits: [{{concurrency: 5}}]}}" for n in range(count))
    return FILE.replace("keys: [{name: first, value: {env: BENCH_KEY}}]", f"keys: [{held}]")


@contextmanager
def statements(publisher: Publisher) -> Iterator[list[str]]:
    noted: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        noted.append(statement)

    event.listen(publisher.engine.sync_engine, "before_cursor_execute", note)
    yield noted
    event.remove(publisher.engine.sync_engine, "before_cursor_execute", note)


async def test_ten_thousand_keys_are_applied_in_a_bounded_number_of_statements(publisher: Publisher) -> None:
    count = 10_000
    environment = {**ENVIRONMENT, **{f"KEY_{n}": f"a-brought-key-{n:06}" for n in range(count)}}
    with statements(publisher) as executed:
        done = await applied(publisher, many(count), environment)
    assert len(done.changes) == count + 6
    assert len(executed) < 100
    async with reading(publisher.engine) as connection:
        assert len(await keys.listed(connection, PLATFORM)) == count
    with statements(publisher) as executed:
        assert not (await applied(publisher, many(count), environment)).changes
    # One for each table: nothing was locked and nothing published.
    assert len(executed) < 20
    assert not any("publications" in statement or "IMMEDIATE" in statement for statement in executed)


async def test_a_file_is_read_once_to_find_its_values_to_plan_and_to_apply_it(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[bytes] = []

    def note(text: bytes, problems: Problems) -> Node:
        texts.append(text)
        return read_document(text, problems)

    monkeypatch.setattr(read, "read_document", note)
    read.forget_parsed()
    await planned(publisher, FILE)
    await applied(publisher, FILE)
    assert texts == [FILE.encode()]
    # Not for ever: a large one takes much memory.
    await planned(publisher, FILE)
    assert len(texts) == 2


async def test_what_changes_between_comparing_and_applying_is_seen(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await applied(publisher, FILE)
    agreed = await planned(publisher, FILE.replace("concurrency: 2000", "concurrency: 7"))
    real = repository.load
    loads: list[Stored] = []

    async def load(connection: Connection) -> Stored:
        stored = await real(connection)
        loads.append(stored)
        if len(loads) == 1:
            async with writing(publisher.engine) as other:
                await other.execute(update(tables.apps).values(keep_bodies=True))
        return stored

    async def apply_agreed() -> Applied:
        changed = source(FILE.replace("concurrency: 2000", "concurrency: 7"))
        return await apply(publisher, changed, agreed.fingerprint)

    monkeypatch.setattr(repository, "load", load)
    with pytest.raises(Refusal) as refused:
        await apply_agreed()
    assert refused.value.code == "plan_changed"
    assert len(loads) == 2


async def test_a_credential_that_cannot_be_opened_can_be_given_anew(publisher: Publisher) -> None:
    await applied(publisher, FILE)
    strange = MasterKey(bytes(32)).seal(Secret(CANARY), "x")
    async with writing(publisher.engine) as connection:
        await connection.execute(update(tables.providers).values(sealed_key=strange))
    assert headings(await applied(publisher, FILE)) == ["~ provider local"]
    async with reading(publisher.engine) as connection:
        local = await providers.get(connection, None, "local")
    assert local.sealed_key is not None
    assert publisher.master.open(local.sealed_key, local.id).reveal() == CANARY


def test_problems_of_a_file_that_is_read_again_are_told_once_and_with_its_name() -> None:
    read.forget_parsed()
    for name in ("one.yaml", "two.yaml"):
        parsed = read.parse_declaration(b"teams: 5", name)
        with pytest.raises(DeclarationError) as told:
            parsed.problems.raise_if_any()
        assert str(told.value).startswith(f"{name}:1:8: teams: has to be a list")
        assert len(told.value.problems) == 1


def test_the_collector_is_on_again_after_the_last_of_several_blocks() -> None:
    assert gc.isenabled()
    with without_collecting():
        with without_collecting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_value_may_come_out_of_a_pipe_in_pieces(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            file.write(b"first-")
            file.write(b"second")

    writer = threading.Thread(target=write)
    writer.start()
    references = read.outside_references(
        b"teams: [{name: t, apps: [{name: a, keys: [{name: k, value: {file: pipe}}]}]}]"
    )
    found = resolve_outside(references, {}, tmp_path).found
    writer.join()
    assert found["file:pipe"].reveal() == "first-second"
