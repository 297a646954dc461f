"""The typed client against the admin API."""

from pathlib import Path

import httpx2
import pytest

from tests.client.generate import FOLDER, generated
from tests.support.api import door, organisation
from torana.client import ApiError, AsyncClient
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio


async def test_the_client_is_what_the_document_says() -> None:
    for name, text in generated().items():
        assert Path(FOLDER / name).read_text() == text, f"{name} is not up to date: run `make client`"


async def test_things_are_made_changed_listed_and_removed(publisher: Publisher) -> None:
    on = await organisation(publisher)
    transport = httpx2.ASGITransport(door(publisher))
    async with AsyncClient("http://torana", on.tokens["owner"].reveal(), transport=transport) as torana:
        made = await torana.teams.create_team(name="payments", idempotency_key="k-1", reason="they asked")
        assert (await torana.teams.create_team(name="payments", idempotency_key="k-1")).id == made.id
        renamed = await torana.teams.change_team(made.id, name="billing", if_match=made)
        assert (renamed.name, renamed.etag != made.etag) == ("billing", True)
        with pytest.raises(ApiError) as stale:
            await torana.teams.change_team(made.id, name="again", if_match=made)
        assert (stale.value.status, stale.value.code) == (412, "precondition_failed")
        names = [team.name async for team in torana.teams.iterate_teams(limit=2, sort="-name")]
        assert names == ["two", "one", "billing"]
        await torana.teams.delete_team("billing")
        with pytest.raises(ApiError) as gone:
            await torana.teams.get_team("billing")
        assert (gone.value.code, gone.value.detail) == ("not_found", "There is no team billing. Check its name or id.")


async def test_what_is_read_in_a_page_must_be_read_alone_before_it_is_changed(publisher: Publisher) -> None:
    on = await organisation(publisher)
    transport = httpx2.ASGITransport(door(publisher))
    async with AsyncClient("http://torana", on.tokens["owner"].reveal(), transport=transport) as torana:
        (first, *_) = (await torana.teams.list_teams()).items
        with pytest.raises(ValueError, match="no ETag"):
            await torana.teams.change_team(first.id, name="x", if_match=first)


async def test_an_export_comes_as_it_was_sent_also_where_there_is_nothing(publisher: Publisher) -> None:
    on = await organisation(publisher)
    transport = httpx2.ASGITransport(door(publisher))
    async with AsyncClient("http://torana", on.tokens["owner"].reveal(), transport=transport) as torana:
        await torana.teams.create_team(name="payments")
        assert b'"action":"team.create"' in await torana.audit.export()
        assert await torana.audit.export(after=9) == b""


async def test_an_answer_that_is_not_toranas_is_an_error_that_says_so() -> None:
    transport = httpx2.MockTransport(lambda request: httpx2.Response(502, text="<html>bad gateway</html>"))
    async with AsyncClient("http://torana", "t", transport=transport) as torana:
        with pytest.raises(ApiError, match="bad gateway") as odd:
            await torana.teams.list_teams()
    assert odd.value.code == "not_torana"
