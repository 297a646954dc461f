"""Limits and prices through the admin API."""

import pytest

from tests.support.api import Organisation, organisation
from tests.support.organisation import add_provider, add_service
from torana.control.apps import service as apps
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio

MINUTE = {"kind": "requests", "amount": 600, "period_seconds": 60}


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


async def test_the_limits_of_an_app_are_set_read_and_set_again(on: Organisation) -> None:
    async with on.publisher.change() as connection:
        app = await apps.create(connection, on.teams["one"].id, "shop")
    path = f"/limits/app/{app.id}"
    empty = await on.call("one.viewer", "GET", path)
    assert empty.json() == {"owner_kind": "app", "owner_id": app.id, "limits": []}
    etag = empty.headers["etag"]
    both = {"limits": [MINUTE, {"kind": "concurrency", "amount": 5}]}
    put = await on.call("one.team_admin", "PUT", path, both, if_match=etag)
    assert put.json()["limits"] == [MINUTE, {"kind": "concurrency", "amount": 5, "period_seconds": 0}]
    assert (await on.call("one.team_admin", "PUT", path, both, if_match=etag)).status_code == 412
    assert (await on.call("one.viewer", "PUT", path, both, if_match="*")).status_code == 403
    for name in ("two.team_admin", "two.viewer"):
        assert (await on.call(name, "GET", path)).status_code == 404 or name == "member"
        assert (await on.call(name, "PUT", path, both, if_match="*")).status_code in (403, 404)
    twice = await on.call("owner", "PUT", path, {"limits": [MINUTE, MINUTE]}, if_match="*")
    assert (twice.status_code, twice.json()["param"]) == (422, "limits")


async def test_a_teams_own_limits_are_the_platforms_to_set(on: Organisation) -> None:
    path = f"/limits/team/{on.teams['one'].id}"
    assert (await on.call("one.team_admin", "GET", path)).status_code == 200
    assert (await on.call("one.team_admin", "PUT", path, {"limits": []}, if_match="*")).status_code == 403
    assert (await on.call("provider_admin", "PUT", path, {"limits": [MINUTE]}, if_match="*")).status_code == 200
    assert (await on.call("two.team_admin", "GET", path)).status_code == 404


async def test_a_platform_services_limits_are_not_a_teams(on: Organisation) -> None:
    async with on.publisher.change() as connection:
        service = await add_service(connection, await add_provider(connection, on.publisher), "chat")
    path = f"/limits/service/{service.id}"
    assert (await on.call("one.team_admin", "GET", path)).status_code == 404
    assert (await on.call("owner", "PUT", path, {"limits": [MINUTE]}, if_match="*")).json()["limits"] == [MINUTE]


async def test_prices_are_set_listed_and_forgotten(on: Organisation) -> None:
    asked = {"model": "gpt-4.1", "vendor": "openai", "input_usd": "2.5", "output_usd": 10}
    made = await on.call("provider_admin", "POST", "/prices", asked)
    assert (made.json()["input_usd"], made.json()["output_usd"], made.json()["team_id"]) == ("2.5", "10", None)
    again = await on.call("owner", "POST", "/prices", {**asked, "input_usd": "3"})
    (listed,) = (await on.call("one.viewer", "GET", "/prices?model=gpt-4.1")).json()["items"]
    assert listed == again.json()
    assert (await on.call("one.team_admin", "DELETE", f"/prices/{listed['id']}")).status_code == 403
    assert (await on.call("one.team_admin", "POST", "/prices", asked)).status_code == 403
    assert (await on.call("owner", "DELETE", f"/prices/{listed['id']}")).status_code == 204
    assert (await on.call("owner", "DELETE", f"/prices/{listed['id']}")).status_code == 404
    for wrong in ({"input_usd": "-1"}, {"input_usd": "0.0000001"}, {"input_usd": "NaN"}, {"provider_id": "x"}):
        assert (await on.call("owner", "POST", "/prices", {**asked, **wrong})).status_code in (404, 422), wrong
