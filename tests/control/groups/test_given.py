"""Roles by groups: given, recomputed, taken, and never instead of what was given by hand."""

import pytest
from sqlalchemy import select

from tests.control.identity.browser import app_of, browser, set_up, sign_in, who
from tests.support.api import Organisation, organisation
from tests.support.issuer import Issuer, running_issuer
from torana.control.publish.publish import Publisher
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.people_tables import memberships, users

pytestmark = pytest.mark.anyio


async def held(on: Organisation, email: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Platform role, and team, role and source of each membership."""
    names = {team.id: name for name, team in on.teams.items()}
    async with reading(on.publisher.engine) as connection:
        user = (await connection.execute(select(users.c.id, users.c.platform_role).where(users.c.email == email))).one()
        rows = await connection.execute(
            select(memberships.c.team_id, memberships.c.role, memberships.c.source).where(
                memberships.c.user_id == user[0]
            )
        )
        return user[1], sorted((names[row[0]], row[1], row[2]) for row in rows)


async def give(on: Organisation, by: str = "owner", **fields: str | None) -> str:
    made = await on.call(by, "POST", "/group-roles", {"source": "corp", "team": None, **fields})
    assert made.status_code == 201, made.text
    return made.headers["location"]


async def test_roles_follow_the_groups_of_each_sign_in_and_what_was_given_by_hand_stays(publisher: Publisher) -> None:
    on = await organisation(publisher)
    email = "one.viewer@example.org"
    with running_issuer() as issuer:
        await set_up(on, issuer, groups_claim="groups")
        developers = await give(on, group="dev", team="one", role="developer")
        await give(on, group="dev", team=on.teams["two"].id, role="viewer")
        await give(on, group="all", team="one", role="viewer")
        await give(on, group="audit", role="auditor")
        await give(on, group="ops", role="admin")
        issuer.claims |= {"email": email, "groups": ["dev", "all", "unknown", 7, "x" * 400, "a\u0000b"]}
        async with browser(app_of(on)) as client:
            await sign_in(client, issuer)
            by_hand = ("one", "viewer", "manual")
            given = [("one", "developer", "corp"), ("one", "viewer", "corp"), by_hand, ("two", "viewer", "corp")]
            assert await held(on, email) == ("member", given)
            # What a mapping no longer gives is gone at once.
            await on.call("owner", "DELETE", developers)
            assert await held(on, email) == ("member", given[1:])
            await give(on, group="dev", team="one", role="service_owner")
            assert ("one", "service_owner", "corp") in (await held(on, email))[1]
            issuer.claims |= {"groups": ["audit", "ops"]}
            await sign_in(client, issuer)
            assert await held(on, email) == ("admin", [by_hand])
            issuer.claims |= {"groups": "audit"}
            await sign_in(client, issuer)
            assert (await held(on, email))[0] == "auditor"
            await one_by_hand(on, client, issuer, email)
            # Nothing of the provider's is left with it.
            issuer.claims |= {"groups": ["all"]}
            await sign_in(client, issuer)
            assert await held(on, email) == ("reviewer", [("one", "viewer", "corp"), by_hand])
            await on.call("owner", "DELETE", "/identity-providers/corp")
            assert await held(on, email) == ("reviewer", [by_hand])
            assert (await on.call("owner", "GET", "/group-roles")).json()["items"] == []
            assert (await on.call("owner", "GET", "/groups")).json()["items"] == []


async def one_by_hand(on: Organisation, client: object, issuer: Issuer, email: str) -> None:
    """A platform role that somebody gave stays, whether or not it is one that a group gives too."""
    async with writing(on.publisher.engine) as connection:
        await connection.execute(users.update().where(users.c.email == email).values(platform_role="reviewer"))
    for groups in (["ops"], [], ["audit"], []):
        issuer.claims |= {"groups": groups}
        await sign_in(client, issuer)  # type: ignore[arg-type]
        assert (await held(on, email))[0] == "reviewer"


async def test_nobody_gives_by_a_group_what_they_may_not_give(publisher: Publisher) -> None:
    on = await organisation(publisher)
    for body in ({"group": "g", "role": "owner"},):
        refused = await on.call("admin", "POST", "/group-roles", {"source": "scim", **body})
        assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own")
    assert (
        await on.call("owner", "POST", "/group-roles", {"source": "scim", "group": "g", "role": "owner"})
    ).is_success
    again = await on.call("owner", "POST", "/group-roles", {"source": "scim", "group": "g", "role": "owner"})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    for body, status in (
        ({"source": "nowhere", "role": "admin"}, 422),
        ({"source": "scim", "role": "nothing"}, 422),
        ({"source": "scim", "team": "one", "role": "admin"}, 422),
        ({"source": "scim", "team": "three", "role": "viewer"}, 404),
        ({"source": "scim", "role": "admin", "group": "a\u0000"}, 422),
    ):
        assert (await on.call("owner", "POST", "/group-roles", {"group": "g", **body})).status_code == status, body
    with running_issuer() as issuer:
        # An admin's provider cannot make owners, though an owner has mapped its group; the owner's own can.
        await set_up(on, issuer, by="admin", groups_claim="groups")
        await give(on, group="bosses", role="owner")
        issuer.claims |= {"groups": ["bosses"]}
        async with browser(app_of(on)) as client:
            await sign_in(client, issuer)
            assert (await held(on, "ann@example.org"))[0] == "member"
            await on.call("owner", "PATCH", "/identity-providers/corp", {"scopes": []}, if_match="*")
            await sign_in(client, issuer)
            actor = await who(on, client)
            assert actor is not None
            assert "owners:write" in actor.platform


async def test_what_groups_give_is_listed_and_found_and_deleted(publisher: Publisher) -> None:
    on = await organisation(publisher)
    for group, team, role in (("b", "one", "viewer"), ("a", "two", "developer"), ("a", None, "auditor")):
        await on.call("owner", "POST", "/group-roles", {"source": "scim", "group": group, "team": team, "role": role})
    listed = (await on.call("auditor", "GET", "/group-roles?sort=created_us")).json()["items"]
    assert [(one["group"], one["role"]) for one in listed] == [("b", "viewer"), ("a", "developer"), ("a", "auditor")]
    only = (await on.call("auditor", "GET", f"/group-roles?group=a&team_id={on.teams['two'].id}")).json()["items"]
    assert only == [listed[1]]
    path = f"/group-roles/{listed[0]['id']}"
    read = await on.call("auditor", "GET", path)
    assert read.json() == listed[0]
    assert (await on.call("owner", "DELETE", path, if_match='"old"')).status_code == 412
    assert (await on.call("owner", "DELETE", path, if_match=read.headers["etag"])).status_code == 204
    assert (await on.call("owner", "GET", path)).status_code == 404
