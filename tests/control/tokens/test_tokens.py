"""One's own tokens: never more than their owner."""

import pytest
from sqlalchemy import select

from tests.support.api import Organisation, organisation
from tests.support.people import audited
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.stores.sql.engine import reading
from torana.stores.sql.people_tables import tokens

pytestmark = pytest.mark.anyio

HOUR = 3600 * 1_000_000


async def _token(on: Organisation, name: str, known_as: str, **body: object) -> dict[str, object]:
    made = await on.call(name, "POST", "/me/tokens", {"name": "t", **body})
    assert made.status_code == 201, made.text
    on.tokens[known_as] = Secret(made.json()["value"])
    return dict(made.json())


async def test_a_token_is_shown_once_used_listed_and_revoked(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = await _token(on, "one.developer", "mine", scopes=["teams:read"], expires_us=epoch_us() + HOUR)
    path = f"/me/tokens/{made['id']}"
    assert (await on.call("mine", "GET", "/teams/one")).status_code == 200
    shown = (await on.call("one.developer", "GET", path)).json()
    assert "value" not in shown
    assert (shown["scopes"], shown["hint"], shown["revoked"]) == (["teams:read"], str(made["value"])[-4:], False)
    assert shown["last_used_us"] is not None
    listed = (await on.call("one.developer", "GET", "/me/tokens")).json()["items"]
    assert listed[0]["id"] == made["id"]
    assert (await on.call("one.viewer", "GET", path)).status_code == 404
    assert (await on.call("one.viewer", "DELETE", path)).status_code == 404
    assert (await on.call("one.developer", "DELETE", path)).status_code == 204
    assert (await on.call("mine", "GET", "/teams/one")).status_code == 401
    assert (await on.call("one.developer", "DELETE", path)).status_code == 404
    assert str(made["value"]) not in str(await audited(on, "token.create", "token.delete"))
    async with reading(publisher.engine) as connection:
        assert str(made["value"]) not in str((await connection.execute(select(tokens))).all())


async def test_scopes_take_away_and_never_give(publisher: Publisher) -> None:
    on = await organisation(publisher)
    for name, scopes, code in (
        ("one.viewer", ["keys:write"], "beyond_own"),
        ("admin", ["owners:write"], "beyond_own"),
        ("owner", ["everything"], "invalid_field"),
        ("owner", [], "invalid_field"),
    ):
        refused = await on.call(name, "POST", "/me/tokens", {"name": "t", "scopes": scopes})
        assert refused.json()["code"] == code, scopes
    await _token(on, "owner", "reader", scopes=["teams:read"])
    assert (await on.call("reader", "GET", "/teams/two")).status_code == 200
    assert (await on.call("reader", "POST", "/teams", {"name": "x"})).status_code == 403
    who = (await on.call("reader", "GET", "/session")).json()
    assert (who["by"], who["permissions"]) == ("token", ["teams:read"])
    # Whoever loses a right loses it with every token.
    await _token(on, "one.team_admin", "writer", scopes=["teams:read", "teams:write"])
    await on.call(
        "owner", "PATCH", f"/teams/one/members/{on.users['one.team_admin']}", {"roles": ["viewer"]}, if_match="*"
    )
    assert (await on.call("writer", "PATCH", "/teams/one", {"name": "x"}, if_match="*")).status_code == 403


async def test_a_token_for_a_team_counts_there_only(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await _token(on, "owner", "there", team="one")
    assert (await on.call("there", "GET", "/teams/one")).status_code == 200
    assert (await on.call("there", "GET", "/teams/two")).status_code == 404
    assert (await on.call("there", "GET", "/users")).status_code == 403
    assert (await on.call("one.viewer", "POST", "/me/tokens", {"name": "t", "team": "two"})).status_code == 404


async def test_a_token_that_ends_makes_none_that_lasts(publisher: Publisher) -> None:
    on = await organisation(publisher)
    now = epoch_us()
    for odd in (now - 1, now + 20 * 366 * 24 * HOUR, -1):
        refused = await on.call("owner", "POST", "/me/tokens", {"name": "t", "expires_us": odd})
        assert (refused.status_code, refused.json()["param"]) == (422, "expires_us")
    await _token(on, "owner", "short", expires_us=now + HOUR)
    for expires_us in (None, now + 2 * HOUR):
        refused = await on.call("short", "POST", "/me/tokens", {"name": "t", "expires_us": expires_us})
        assert (refused.status_code, refused.json()["param"]) == (422, "expires_us")
    await _token(on, "short", "shorter", expires_us=now + HOUR // 2)
