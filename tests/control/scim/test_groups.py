"""Groups by SCIM, and the roles that they give."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.control.identity.browser import ON_SQLITE
from tests.control.scim.client import ScimClient
from tests.support.api import Organisation
from torana.stores.sql.engine import reading
from torana.stores.sql.people_tables import memberships, users

pytestmark = pytest.mark.anyio


async def members(client: ScimClient, group: dict[str, Any]) -> set[str]:
    shown = (await client.send("GET", f"/Groups/{group['id']}")).json()
    return {one["value"] for one in shown["members"]}


async def roles(on: Organisation, user_id: str) -> tuple[str, list[tuple[str, str]]]:
    """Platform role, and role and source of each membership."""
    async with reading(on.publisher.engine) as connection:
        found = select(memberships.c.role, memberships.c.source).where(memberships.c.user_id == user_id)
        rows = (await connection.execute(found)).all()
        role = (await connection.execute(select(users.c.platform_role).where(users.c.id == user_id))).scalar_one()
    return role, sorted((row[0], row[1]) for row in rows)


async def test_a_group_is_made_found_patched_in_either_dialect_replaced_and_removed(client: ScimClient) -> None:
    ann, bob, cid = [(await client.user(f"{name}@example.org"))["id"] for name in ("ann", "bob", "cid")]
    group = await client.group("Engineers", ann)
    path = f"/Groups/{group['id']}"
    assert group["members"] == [
        {"value": ann, "display": "ann@example.org", "type": "User", "$ref": f"https://torana.test/scim/v2/Users/{ann}"}
    ]
    assert (await client.send("GET", f"/Users/{ann}")).json()["groups"][0]["display"] == "Engineers"
    for operations, expected in (
        ([{"op": "add", "path": "members", "value": [{"value": bob}, {"value": ann}]}], {ann, bob}),
        ([{"op": "remove", "path": f'members[value eq "{ann}"]'}], {bob}),
        ([{"op": "Add", "path": "members", "value": [{"$ref": None, "value": cid}]}], {bob, cid}),
        ([{"op": "Remove", "path": "members", "value": [{"$ref": None, "value": bob}]}], {cid}),
        ([{"op": "remove", "path": f'members[value eq "{ann}"]'}], {cid}),
        ([{"op": "replace", "path": "members", "value": [{"value": ann}, {"value": bob}]}], {ann, bob}),
        ([{"op": "replace", "value": {"id": group["id"], "displayName": "Builders"}}], {ann, bob}),
        ([{"op": "remove", "path": "members"}], set()),
        ([{"op": "add", "value": {"members": [{"value": ann}], "externalId": "e1"}}], {ann}),
        (
            [
                {"op": "remove", "path": f'members[value eq "{ann}"]'},
                {"op": "add", "path": "members", "value": [{"value": bob}]},
                {"op": "add", "path": "members", "value": {"value": cid}},
            ],
            {bob, cid},
        ),
    ):
        reply = await client.patch(path, *operations)
        assert (reply.status_code, reply.content) == (204, b""), reply.text
        assert await members(client, group) == expected, operations
    shown = (
        await client.patch(path + "?attributes=displayName", {"op": "replace", "path": "displayName", "value": "B"})
    ).json()
    assert (shown["displayName"], shown.keys()) == ("B", {"schemas", "id", "displayName"})
    replaced = (await client.send("PUT", path, {"displayName": "C", "members": [{"value": ann}]})).json()
    assert (replaced["displayName"], replaced.get("externalId"), await members(client, group)) == ("C", None, {ann})
    assert (await client.send("DELETE", path)).status_code == 204
    assert (await client.send("GET", path)).status_code == 404
    assert (await client.send("GET", f"/Users/{ann}")).json()["groups"] == []


async def test_groups_are_found_by_filters_and_shown_without_members(client: ScimClient) -> None:
    ann = (await client.user("ann@example.org"))["id"]
    first, second = await client.group("One", ann), await client.group("Two")
    for text, expected in (
        ('displayName eq "One"', [first["id"]]),
        ('displayName eq "three"', []),
        (f'id eq "{second["id"]}"', [second["id"]]),
        (f'members.value eq "{ann}"', [first["id"]]),
        (f'id eq "{second["id"]}" and members eq "{ann}"', []),
    ):
        found = (await client.send("GET", f"/Groups?filter={text}")).json()
        assert ([group["id"] for group in found["Resources"]], found["totalResults"]) == (expected, len(expected)), text
    listed = (await client.send("GET", "/Groups?excludedAttributes=members")).json()["Resources"]
    assert [(group["displayName"], "members" in group) for group in listed] == [("One", False), ("Two", False)]
    assert (await client.send("GET", '/Groups?filter=userName eq "x"')).json()["scimType"] == "invalidFilter"


async def test_what_cannot_be_done_to_a_group_is_refused_and_changes_nothing(
    on: Organisation, client: ScimClient
) -> None:
    ann = (await client.user("ann@example.org"))["id"]
    await client.group("Taken")
    group = await client.group("Engineers", ann)
    for operation, kind in (
        ({"op": "add", "path": "members", "value": [{"value": "user_nobody"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": on.teams["one"].id}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": "a\u0000"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [ann]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": 7}, "invalidValue"),
        ({"op": "add", "path": f'members[value eq "{ann}"]', "value": {}}, "invalidPath"),
        ({"op": "remove", "path": 'members[type eq "User"]'}, "invalidFilter"),
        ({"op": "remove", "path": "members[" + "(" * 100 + "]"}, "invalidFilter"),
        ({"op": "replace", "path": "displayName", "value": "Taken"}, "uniqueness"),
        ({"op": "replace", "path": "displayName", "value": ""}, "invalidValue"),
        ({"op": "remove", "path": "displayName"}, "mutability"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "replace", "path": "roles", "value": "owner"}, "invalidPath"),
        ({"op": "remove", "path": "roles"}, "noTarget"),
    ):
        refused = await client.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members"}, operation)
        assert (refused.status_code // 100, refused.json().get("scimType")) == (4, kind), operation
        assert (await client.send("GET", f"/Groups/{group['id']}")).json() == group
    assert (await client.send("POST", "/Groups", {"displayName": "Taken"})).status_code == 409


async def test_groups_give_roles_as_long_as_one_is_in_them(on: Organisation, client: ScimClient) -> None:
    user = on.users["one.viewer"]
    by_hand = ("viewer", "manual")
    group = await client.group("Engineers")
    path = f"/Groups/{group['id']}"

    async def give(**fields: str) -> str:
        made = await on.call("owner", "POST", "/group-roles", {"source": "scim", "group": "Engineers", **fields})
        assert made.status_code == 201, made.text
        return made.headers["location"]

    await give(team="one", role="viewer")
    first = await give(team="one", role="developer")
    await client.patch(path, {"op": "add", "path": "members", "value": [{"value": user}]})
    assert await roles(on, user) == ("member", [("developer", "scim"), ("viewer", "manual"), ("viewer", "scim")])
    await give(role="admin")
    assert (await roles(on, user))[0] == "admin"
    await on.call("owner", "DELETE", first)
    assert await roles(on, user) == ("admin", [by_hand, ("viewer", "scim")])
    # Another name gives nothing, until it has the old one again.
    await client.patch(path, {"op": "replace", "path": "displayName", "value": "Others"})
    assert await roles(on, user) == ("member", [by_hand])
    await client.patch(path, {"op": "replace", "path": "displayName", "value": "Engineers"})
    assert (await roles(on, user))[0] == "admin"
    await client.patch(path, {"op": "remove", "path": f'members[value eq "{user}"]'})
    assert await roles(on, user) == ("member", [by_hand])
    await client.send("PUT", path, {"displayName": "Engineers", "members": [{"value": user}]})
    assert (await roles(on, user))[0] == "admin"
    await client.send("DELETE", path)
    assert await roles(on, user) == ("member", [by_hand])
    # An owner by a group is one as long as the group says so, and can be suspended by who says so.
    bosses = await client.group("Bosses", user)
    made = await on.call("owner", "POST", "/group-roles", {"source": "scim", "group": "Bosses", "role": "owner"})
    assert made.status_code == 201
    assert (await roles(on, user))[0] == "owner"
    assert (
        await client.patch(f"/Users/{user}", {"op": "replace", "path": "active", "value": False})
    ).status_code == 200
    await client.send("DELETE", f"/Groups/{bosses['id']}")
    assert await roles(on, user) == ("member", [by_hand])


@ON_SQLITE
async def test_scim_describes_itself(client: ScimClient) -> None:
    config = (await client.send("GET", "/ServiceProviderConfig")).json()
    assert (config["patch"], config["bulk"]["supported"], config["filter"]["maxResults"]) == (
        {"supported": True},
        False,
        200,
    )
    kinds = (await client.send("GET", "/ResourceTypes")).json()["Resources"]
    assert [(kind["id"], kind["endpoint"]) for kind in kinds] == [("User", "/Users"), ("Group", "/Groups")]
    for kind in kinds:
        assert (await client.send("GET", f"/ResourceTypes/{kind['id']}")).json() == kind
        schema = (await client.send("GET", f"/Schemas/{kind['schema']}")).json()
        assert schema["attributes"][0]["required"] is True
    assert (await client.send("GET", "/Schemas")).json()["totalResults"] == 2
    assert (await client.send("GET", "/Schemas/urn:x")).status_code == 404
    assert (await client.send("GET", "/Schemas?filter=id eq 1")).status_code == 403
    assert (await client.send("DELETE", "/Schemas")).status_code == 405
