"""Users by SCIM, as RFC 7644 has it and as Okta and Entra send it."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.control.scim.client import ScimClient, scim
from tests.support.api import Organisation
from torana.control.tokens import service as tokens
from torana.stores.sql.audit_tables import audit
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.people_tables import users

pytestmark = pytest.mark.anyio

OKTA = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "Ann.Smith@example.org",
    "name": {"givenName": "Ann", "familyName": "Smith"},
    "emails": [{"primary": True, "value": "ann.smith@example.org", "type": "work"}],
    "displayName": "Ann Smith",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Research"},
}


async def test_a_user_is_made_found_replaced_and_removed(client: ScimClient) -> None:
    made = await client.send("POST", "/Users", OKTA)
    user = made.json()
    assert made.status_code == 201
    assert user == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": user["id"],
        "externalId": "00ujl29u0le5T6Aj10h7",
        "userName": "ann.smith@example.org",
        "displayName": "Ann Smith",
        "name": {"formatted": "Ann Smith"},
        "emails": [{"value": "ann.smith@example.org", "type": "work", "primary": True}],
        "active": True,
        "groups": [],
        "meta": {**user["meta"], "resourceType": "User"},
    }
    path = f"/Users/{user['id']}"
    assert made.headers["location"] == user["meta"]["location"] == f"https://torana.test/scim/v2{path}"
    assert (await client.send("GET", path)).json() == user
    again = await client.send("POST", "/Users", {**OKTA, "userName": "ANN.smith@example.org", "externalId": "x"})
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    replaced = (await client.send("PUT", path, {"userName": "ann@example.org", "id": "x", "meta": {}})).json()
    assert {key: replaced.get(key) for key in ("userName", "externalId", "displayName", "active", "id")} == {
        "userName": "ann@example.org",
        "externalId": None,
        "displayName": None,
        "active": True,
        "id": user["id"],
    }
    assert (await client.send("GET", path + "?attributes=userName")).json().keys() == {"schemas", "id", "userName"}
    assert "emails" not in (await client.send("GET", path + "?excludedAttributes=emails,groups")).json()
    assert (await client.send("DELETE", path)).status_code == 204
    assert (await client.send("GET", path)).status_code == 404
    assert (await client.send("DELETE", path)).status_code == 404
    async with reading(client.on.publisher.engine) as connection:
        noted = (await connection.execute(select(audit.c.action).order_by(audit.c.seq))).scalars().all()
    assert noted == ["user.create", "user.change", "user.delete"]


async def test_users_are_found_by_filters_and_in_parts(client: ScimClient) -> None:
    names = ["ann@example.org", "bob@example.org", "o'neil@example.org"]
    for number, name in enumerate(names):
        await client.user(name, externalId=f"ext-{number}", displayName=f'The "{number}"', active=number != 1)

    async def found(query: str) -> list[str]:
        reply = await client.send("GET", f"/Users?{query}")
        assert reply.status_code == 200, reply.text
        return [user["userName"] for user in reply.json()["Resources"]]

    for text, expected in (
        ('userName eq "ANN@example.org"', names[:1]),
        ('USERNAME EQ "o\'neil@example.org"', names[2:]),
        ('externalId eq "ext-1"', names[1:2]),
        ('externalId eq "EXT-1"', []),
        ('emails[type eq "work"].value eq "bob@example.org"', names[1:2]),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann@example.org"', names[:1]),
        ('displayName eq "The \\"2\\""', names[2:]),
        ('externalId eq "ext-0" and active eq true', names[:1]),
        ('externalId eq "ext-1" and active eq true', []),
        ("active eq False", names[1:2]),
        ('userName eq "\' OR 1=1 --"', []),
    ):
        assert await found(f"filter={text}".replace("%", "%25")) == expected, text
    everybody = (await client.send("GET", "/Users")).json()
    assert everybody["totalResults"] == len(client.on.users) + 3
    part = (await client.send("GET", f"/Users?startIndex={everybody['totalResults'] - 1}&count=1")).json()
    assert (part["totalResults"], part["itemsPerPage"], part["startIndex"]) == (
        everybody["totalResults"],
        1,
        everybody["totalResults"] - 1,
    )
    assert part["Resources"] == everybody["Resources"][-2:-1]
    none = (await client.send("GET", "/Users?count=0&startIndex=-5")).json()
    assert (none["Resources"], none["startIndex"]) == ([], 1)
    for text in (
        "userName",
        "userName eq",
        'userName sw "a"',
        'password eq "x"',
        'userName eq "a" or id eq "b"',
        "(" * 3000,
    ):
        refused = await client.send("GET", f"/Users?filter={text}")
        assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidFilter"), text


@pytest.mark.parametrize(
    "off_and_on",
    [
        ([{"op": "replace", "value": {"active": False}}], [{"op": "replace", "value": {"active": True}}]),
        (
            [{"op": "Replace", "path": "active", "value": "False"}],
            [{"op": "Replace", "path": "active", "value": "True"}],
        ),
    ],
    ids=["okta", "entra"],
)
async def test_who_is_deactivated_can_do_nothing_from_then_on(
    on: Organisation, client: ScimClient, off_and_on: tuple[list[dict[str, Any]], ...]
) -> None:
    user = on.users["one.team_admin"]
    assert (await on.call("one.team_admin", "GET", "/teams")).status_code == 200
    off, back = off_and_on
    assert (await client.patch(f"/Users/{user}", *off)).json()["active"] is False
    assert (await on.call("one.team_admin", "GET", "/teams")).status_code == 401
    assert (await client.patch(f"/Users/{user}", *back)).json()["active"] is True
    assert (await on.call("one.team_admin", "GET", "/teams")).status_code == 200
    put = {"userName": "one.team_admin@example.org", "active": False}
    assert (await client.send("PUT", f"/Users/{user}", put)).json()["active"] is False
    assert (await on.call("one.team_admin", "GET", "/teams")).status_code == 401
    await client.send("DELETE", f"/Users/{user}")
    assert (await on.call("one.team_admin", "GET", "/teams")).json()["code"] == "invalid_token"


async def test_users_are_patched_in_either_dialect(client: ScimClient) -> None:
    made = await client.user("ann@example.org", displayName="Ann", externalId="one")
    path = f"/Users/{made['id']}"
    entra: list[dict[str, Any]] = [
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "other@example.org"},
        {"op": "Replace", "path": "name.givenName", "value": "Anna"},
        {"op": "Replace", "path": "name.familyName", "value": "Smith"},
        {"op": "Replace", "path": "displayName", "value": "Anna Smith"},
        {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "R"},
        {"op": "Add", "value": {"name.formatted": "A. S.", "title": "Dr", "externalId": "two"}},
    ]
    changed = (await client.patch(path, *entra)).json()
    assert (changed["displayName"], changed["externalId"], changed["userName"]) == (
        "Anna Smith",
        "two",
        "ann@example.org",
    )
    okta = {"op": "replace", "value": {"userName": "anna@example.org", "name": {"formatted": "Anna"}, "id": "x"}}
    changed = (await client.patch(path, okta)).json()
    assert (changed["userName"], changed["displayName"], changed["id"]) == ("anna@example.org", "Anna", made["id"])
    removed = (
        await client.patch(path, {"op": "remove", "path": "displayName"}, {"op": "remove", "path": "externalId"})
    ).json()
    assert removed.keys() & {"displayName", "externalId", "name"} == set()
    only = {"op": "replace", "path": "name", "value": {"givenName": "Ann", "familyName": "S"}}
    assert (await client.patch(path, only)).json()["displayName"] == "Ann S"


async def test_what_cannot_be_done_to_a_user_is_refused_and_changes_nothing(client: ScimClient) -> None:
    await client.user("bob@example.org", externalId="taken")
    made = await client.user("ann@example.org", externalId="one")
    path = f"/Users/{made['id']}"
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"op": "replace", "path": "userName", "value": "bob@example.org"}, "uniqueness"),
        ({"op": "replace", "path": "externalId", "value": "taken"}, "uniqueness"),
        ({"op": "replace", "path": "userName", "value": "no address"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "\u212a@example.org"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": None}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": "maybe"}, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": "a\u0000"}, "invalidValue"),
        ({"op": "replace", "path": "displayName", "value": "a" * 201}, "invalidValue"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "platformRole", "value": "owner"}, "invalidPath"),
        ({"op": "replace", "value": {"platform_role": "owner"}}, "invalidPath"),
        ({"op": "replace", "path": "a b[", "value": 1}, "invalidPath"),
        ({"op": "replace", "value": "x"}, "invalidValue"),
        ({"op": "move", "path": "active"}, "invalidSyntax"),
    )
    for operation, kind in wrong:
        refused = await client.patch(path, {"op": "replace", "path": "displayName", "value": "New"}, operation)
        assert (refused.status_code // 100, refused.json().get("scimType")) == (4, kind), operation
        assert (await client.send("GET", path)).json() == made
    for body in (b"", b"{", b"[]", b"[" * 100_000, b'{"userName": "\\ud800@example.org"}', b"\xff", b'{"a": NaN}'):
        refused = await client.send("POST", "/Users", body)
        assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidSyntax")
    for said in ({}, {"userName": 7}, {"userName": "a@b", "active": []}, {"userName": "a@b", "name": "x"}):
        assert (await client.send("POST", "/Users", said)).json()["scimType"] == "invalidValue", said


async def test_a_scim_client_sees_and_changes_people_and_their_groups_and_nothing_else(
    on: Organisation, client: ScimClient
) -> None:
    async with writing(on.publisher.engine) as connection:
        service = on.users["two.viewer"]
        await connection.execute(users.update().where(users.c.id == service).values(kind="service"))
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"userName": "x@example.org"})):
        assert (await client.send(method, f"/Users/{service}", body)).status_code == 404
    listed = (await client.send("GET", '/Users?filter=userName eq "two.viewer@example.org"')).json()
    assert listed["totalResults"] == 0
    # The token opens nothing else, and no other token opens this.
    for path in ("/teams", "/identity-providers", "/group-roles", "/users"):
        async with on.client(None, **client.headers) as other:
            assert (await other.get(path)).status_code in (403, 404)
    for name in (None, "nobody", "auditor", "member", "one.team_admin"):
        headers = {} if name is None else {"authorization": f"Bearer {on.tokens[name].reveal()}"}
        stranger = ScimClient(on, None)
        stranger.headers = headers
        for path in ("/Users", "/Groups", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes", f"/Users/{service}"):
            refused = await stranger.send("GET", path)
            assert refused.status_code == (401 if name in (None, "nobody") else 403)
            assert ("www-authenticate" in refused.headers) == (refused.status_code == 401)
    assert (await client.send("GET", "/Me")).status_code == 404
    assert (await client.send("POST", "/Bulk", {})).status_code in (404, 405)
    for reference in ("%00", "user_x", "a" * 300, "..%2f..", on.teams["one"].id, on.users["owner"] + "%00"):
        for kind in ("Users", "Groups"):
            assert (await client.send("GET", f"/{kind}/{reference}")).status_code == 404


async def test_a_scim_client_cannot_take_an_owner_over_or_lock_them_out(on: Organisation, client: ScimClient) -> None:
    owner = on.users["owner"]
    for method, body in (
        ("PUT", {"userName": "mine@example.org"}),
        ("PUT", {"userName": "owner@example.org", "active": False}),
        ("DELETE", None),
    ):
        assert (await client.send(method, f"/Users/{owner}", body)).status_code == 403
    assert (await on.call("owner", "GET", "/teams")).status_code == 200
    # What identifies them to the client may be noted.
    noted = await client.patch(f"/Users/{owner}", {"op": "add", "path": "externalId", "value": "x"})
    assert noted.json()["externalId"] == "x"
    assert (await client.send("DELETE", f"/Users/{on.users['auditor']}")).status_code == 204
    # An owner's own token may.
    async with on.publisher.change() as connection:
        _, secret = await tokens.create(connection, on.publisher.master, owner, "all")
    whole = ScimClient(on, secret)
    renamed = await whole.send("PUT", f"/Users/{owner}", {"userName": "boss@example.org"})
    assert renamed.json()["userName"] == "boss@example.org"
    assert (await (await scim(on)).send("GET", f"/Users/{owner}")).status_code == 200
