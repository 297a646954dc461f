"""The catalogue: what a team may subscribe to and has subscribed to, and what everybody may see."""

import httpx2
import pytest
from sqlalchemy import insert, update

from tests.control.releases.offered import offered
from tests.support.offering import offering
from torana.control.app import create_app
from torana.control.door import Door
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.sql import tables

pytestmark = pytest.mark.anyio


async def test_a_team_sees_what_it_may_subscribe_to_and_what_it_has_of_it(publisher: Publisher) -> None:
    it = await offering(publisher)
    await it.on.call("two.service_owner", "POST", f"/services/{it.service.id}/plans", {"name": "small"})
    await it.subscribed(plan="small")
    (mine,) = (await it.on.call("one.viewer", "GET", f"/catalogue?app={it.app.id}")).json()["items"]
    assert (mine["name"], mine["team"], mine["approval"]) == ("gpt", "two", True)
    assert (mine["subscriptions"], mine["subscription"]["state"]) == ({"approved": 1}, "approved")
    assert [plan["name"] for plan in mine["plans"]] == ["small"]
    (theirs,) = (await it.on.call("two.viewer", "GET", "/catalogue")).json()["items"]
    assert (theirs["subscriptions"], theirs["subscription"], theirs["approval"]) == ({}, None, False)
    # Whoever is in several teams, or sees all, says for which.
    assert (await it.on.call("auditor", "GET", "/catalogue")).json()["param"] == "team"
    assert len((await it.on.call("auditor", "GET", "/catalogue?team=one")).json()["items"]) == 1
    assert (await it.on.call("one.viewer", "GET", "/catalogue?team=two")).status_code == 404
    assert (await it.on.call("one.viewer", "GET", f"/catalogue?app={it.own_app.id}")).status_code == 404


async def test_it_is_searched_filtered_and_read_in_pages(publisher: Publisher) -> None:
    it = await offering(publisher, "gpt")
    rows = [("ab_c", "100% sure"), ("abxc", None), ("zeta", "Über alles")]
    async with publisher.change() as connection:
        for name, description in rows:
            await connection.execute(
                insert(tables.services).values(
                    id=f"service_{name}",
                    name=name,
                    kind="model",
                    visibility="organisation",
                    state="disabled",
                    description=description,
                    created_us=1,
                )
            )
    async with publisher.engine.begin() as connection:
        # Not published: the catalogue alone is looked at.
        await connection.execute(update(tables.services).values(state="active"))

    async def names(query: str) -> list[str]:
        found = await it.on.call("one.viewer", "GET", f"/catalogue?{query}")
        assert found.status_code == 200, found.text
        return [one["name"] for one in found.json()["items"]]

    assert await names("") == ["ab_c", "abxc", "gpt", "zeta"]
    assert await names("sort=-name&limit=2") == ["zeta", "gpt"]
    assert await names("search=B_C") == ["ab_c"]
    assert await names("search=0%25") == ["ab_c"]
    assert await names("search=alles") == ["zeta"]
    assert await names("search=%5C") == []
    assert await names("name=abxc") == ["abxc"]
    assert await names("kind=prompt") == []
    first = (await it.on.call("one.viewer", "GET", "/catalogue?limit=3")).json()
    assert await names(f"limit=3&cursor={first['next']}") == ["zeta"]


async def test_a_draft_and_what_is_switched_off_are_not_in_it(publisher: Publisher) -> None:
    it = await offered(publisher, description="released")

    async def seen() -> list[str | None]:
        listed = (await it.call("two.viewer", "GET", "/catalogue")).json()["items"]
        return [one["description"] for one in listed]

    assert await seen() == []
    await it.release()
    await it.patch(description="not yet")
    # What is told is what is released, not the draft.
    assert await seen() == ["released"]
    await it.patch(state="disabled")
    assert await seen() == []


async def test_public_services_are_for_everybody_where_the_operator_says_so(publisher: Publisher) -> None:
    it = await offering(publisher)
    path = "/catalogue/public"
    assert (await it.on.call(None, "GET", path)).json()["code"] == "unknown_path"
    app = create_app(publisher, settings=Settings(public_catalogue=True))
    transport = httpx2.ASGITransport(Door(app, owner_socket=False))
    async with httpx2.AsyncClient(transport=transport, base_url="http://torana/api/v1") as client:
        assert (await client.get(path)).json() == {"items": [], "next": None}
        await it.share("public")
        (shown,) = (await client.get(path)).json()["items"]
        assert set(shown) == {"id", "name", "kind", "description", "contract", "plans"}
        assert (await client.get("/catalogue")).status_code == 401
