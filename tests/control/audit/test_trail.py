"""The audit trail in the database: append-only, and whatever a database tool does to it is found."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.support.api import organisation
from torana.control.access.actor import SYSTEM
from torana.control.audit import anchor, service
from torana.control.audit.anchor import Anchor, AnchorDamaged
from torana.control.audit.keep import keep_anchor
from torana.control.audit.service import Noted
from torana.control.audit.verify import Verified, verify
from torana.control.publish.publish import Publisher
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import Connection, is_sqlite, reading, writing

pytestmark = pytest.mark.anyio


async def noted(publisher: Publisher, count: int) -> None:
    async with publisher.change() as connection:
        made = [Noted("team.create", "team", f"team_{n}", f"t{n}", after={"name": f"t{n}"}) for n in range(count)]
        await service.note_all(connection, publisher.master, SYSTEM, made)


async def without_triggers(connection: Connection) -> None:
    """As somebody does who owns the database."""
    if is_sqlite(connection):
        for verb in ("update", "delete"):
            await connection.execute(text(f"DROP TRIGGER audit_no_{verb}"))
    else:
        await connection.execute(text("DROP TRIGGER audit_append_only ON audit"))


async def tampered(publisher: Publisher, *statements: Any) -> None:
    async with writing(publisher.engine) as connection:
        await without_triggers(connection)
        for statement in statements:
            await connection.execute(text(statement) if isinstance(statement, str) else statement)


async def verified(publisher: Publisher, *known: Anchor) -> Verified:
    return await verify(publisher.engine, publisher.master, publisher.data, known)


def said(found: Verified) -> list[tuple[str, int, int]]:
    return [(one.kind, one.seq, one.until) for one in found.findings]


@pytest.mark.parametrize("statement", ["UPDATE audit SET reason = 'x'", "DELETE FROM audit WHERE seq = 1"])
async def test_the_database_refuses_to_change_or_remove_an_entry(publisher: Publisher, statement: str) -> None:
    await noted(publisher, 2)
    with pytest.raises(DBAPIError, match="append-only"):
        async with writing(publisher.engine) as connection:
            await connection.execute(text(statement))
    assert (await verified(publisher)).holds


async def test_what_the_api_and_an_apply_have_written_verifies(publisher: Publisher) -> None:
    on = await organisation(publisher)
    for name in ("a", "b", "c"):
        assert (await on.call("owner", "POST", "/teams", {"name": name})).status_code == 201
    await noted(publisher, 1_500)
    found = await verified(publisher)
    assert (found.holds, found.entries, found.newest.seq, found.notes) == (True, 1_503, 1_503, [])
    assert found.anchor == found.newest


async def test_an_edited_a_removed_a_swapped_and_a_forged_entry_are_each_named(publisher: Publisher) -> None:
    await noted(publisher, 12)
    async with reading(publisher.engine) as connection:
        row = (await connection.execute(select(audit).where(audit.c.seq == 12))).mappings().one()
    await tampered(
        publisher,
        update(audit).where(audit.c.seq == 2).values(actor_name="somebody else"),
        delete(audit).where(audit.c.seq.in_((4, 5))),
        update(audit).where(audit.c.seq == 8).values(seq=100),
        update(audit).where(audit.c.seq == 9).values(seq=8),
        update(audit).where(audit.c.seq == 100).values(seq=9),
        insert(audit).values({**row, "seq": 13, "previous": row["hash"]}),
    )
    found = await verified(publisher)
    assert said(found) == [
        ("changed", 2, 2),
        ("missing", 4, 5),
        ("moved", 8, 8),
        ("moved", 9, 9),
        ("changed", 13, 13),
    ]
    assert found.findings[2].sentence == "entry 8 is the one that was written as entry 9"


async def test_an_end_that_was_cut_off_is_found_by_the_anchor(publisher: Publisher) -> None:
    await noted(publisher, 5)
    await tampered(publisher, delete(audit).where(audit.c.seq > 3))
    assert said(await verified(publisher)) == [("cut_off", 4, 5)]
    # Going on behind the cut does not hide it: the anchor stays as evidence.
    await noted(publisher, 4)
    found = await verified(publisher)
    assert said(found) == [("replaced", 5, 5)]
    assert found.anchor is not None
    assert found.anchor.seq == 5
    assert await keep_anchor(publisher.engine, publisher.master, publisher.data) is not None


async def test_everything_removed_is_found_by_the_anchor(publisher: Publisher) -> None:
    await noted(publisher, 3)
    await tampered(publisher, delete(audit))
    assert said(await verified(publisher)) == [("cut_off", 1, 3)]


async def test_an_anchor_kept_elsewhere_finds_what_this_node_cannot(publisher: Publisher, tmp_path: Path) -> None:
    await noted(publisher, 3)
    kept = (await verified(publisher)).newest
    await tampered(publisher, delete(audit).where(audit.c.seq == 3))
    (publisher.data / anchor.FILE_NAME).unlink()
    found = await verified(publisher)
    assert (found.holds, len(found.notes)) == (True, 1)
    assert said(await verified(publisher, kept)) == [("cut_off", 3, 3)]
    assert said(await verified(publisher, Anchor(2, bytes(32)))) == [("replaced", 2, 2)]


async def test_an_anchor_that_somebody_has_written_is_not_believed(publisher: Publisher) -> None:
    await noted(publisher, 3)
    newest = (await verified(publisher)).newest
    anchor.write(publisher.data, MasterKey(bytes(32)), newest)
    with pytest.raises(AnchorDamaged):
        anchor.read(publisher.data, publisher.master)
    assert said(await verified(publisher)) == [("replaced", 0, 0)]
    for content in (b"", b"[]", b'{"seq": 1}', b"[" * 100_000, b"\xff"):
        (publisher.data / anchor.FILE_NAME).write_bytes(content)
        assert not (await verified(publisher)).holds
        assert await keep_anchor(publisher.engine, publisher.master, publisher.data) is not None


async def test_entries_of_another_node_come_into_this_nodes_anchor(publisher: Publisher, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    await noted(publisher, 1)
    assert await keep_anchor(publisher.engine, publisher.master, other) is None
    assert anchor.read(other, publisher.master) == anchor.read(publisher.data, publisher.master)
    await noted(publisher, 2)
    assert await keep_anchor(publisher.engine, publisher.master, other) is None
    kept = anchor.read(other, publisher.master)
    assert kept is not None
    assert kept.seq == 3


async def test_values_that_no_entry_can_have_are_found_and_not_stumbled_over(publisher: Publisher) -> None:
    async with reading(publisher.engine) as connection:
        if not is_sqlite(connection):
            pytest.skip("only SQLite lets a column hold another type")
    await noted(publisher, 6)
    await tampered(
        publisher,
        "UPDATE audit SET hash = 'text' WHERE seq = 1",
        "UPDATE audit SET at_us = 'noon' WHERE seq = 2",
        "UPDATE audit SET before = CAST(x'ff' AS TEXT) WHERE seq = 3",
        "UPDATE audit SET seq = -4 WHERE seq = 4",
        "UPDATE audit SET seq = 'five' WHERE seq = 5",
    )
    assert said(await verified(publisher)) == [
        ("inserted", 0, 0),
        ("inserted", 0, 0),
        ("changed", 1, 1),
        ("changed", 2, 2),
        ("changed", 3, 3),
        ("missing", 4, 5),
    ]
