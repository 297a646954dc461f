"""Every route says who may call it, and holds to that: a matrix of routes and credentials that fails for a route without a row."""

import re
from typing import Any

import pytest

from tests.support.api import Organisation, organisation
from torana.control.access.permissions import PERMISSIONS
from torana.control.api.guard import PERMISSION
from torana.control.app import routed
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio

WORDS = {*PERMISSIONS, "public", "signed_in"}
# What each permission lets in, of the people in tests/support/api.py. A permission without a row fails the test below.
ALLOWED: dict[str, set[str]] = {
    "teams:read": {"owner", "admin", "auditor", "one.viewer", "one.developer", "one.team_admin"},
    "teams:write": {"owner", "admin"},
    "keys:read": {"owner", "admin", "auditor", "one.viewer", "two.service_owner"},
    "keys:write": {"owner", "admin", "one.developer", "two.team_admin"},
    "apps:read": {"owner", "admin", "auditor", "one.viewer", "two.service_owner"},
    "apps:write": {"owner", "admin", "one.developer", "two.team_admin"},
    "services:read": {"owner", "admin", "auditor", "reviewer", "provider_admin", "one.viewer"},
    "services:write": {"owner", "admin", "one.service_owner", "one.team_admin"},
    "services:publish": {"owner", "admin", "one.service_owner", "one.team_admin"},
    "calls:read": {"owner", "admin", "auditor", "one.viewer", "one.service_owner"},
    "providers:read": {"owner", "auditor", "provider_admin", "reviewer", "one.viewer"},
    "providers:write": {"owner", "provider_admin", "one.service_owner", "one.team_admin"},
    "policies:read": {"owner", "auditor", "provider_admin", "reviewer", "one.viewer"},
    "policies:write": {"owner", "provider_admin", "one.service_owner", "one.team_admin"},
    "audit:read": {"owner", "admin", "auditor"},
    "webhooks:read": {"owner", "admin", "auditor", "one.viewer", "one.developer", "one.team_admin"},
    "webhooks:write": {"owner", "admin", "one.service_owner", "one.team_admin"},
    "subscriptions:read": {"owner", "auditor", "reviewer", "one.viewer", "one.developer"},
    "subscriptions:request": {"owner", "one.developer", "one.team_admin"},
    "subscriptions:approve": {"owner", "reviewer", "one.service_owner", "one.team_admin"},
    "declaration:write": {"owner", "admin"},
    "members:read": {"owner", "admin", "auditor", "one.viewer", "one.team_admin"},
    "members:write": {"owner", "admin", "one.team_admin"},
    "roles:read": {"owner", "admin", "auditor", "one.viewer", "one.team_admin"},
    "roles:write": {"owner", "admin", "one.team_admin"},
    "users:read": {"owner", "admin", "auditor"},
    "users:write": {"owner", "admin"},
    "identity:read": {"owner", "admin", "auditor"},
    "identity:write": {"owner", "admin"},
}
# Permissions that no route asks for at its door, and where they count.
BEHIND = {
    "bodies:read": "shows the bodies of a call that calls:read shows",
    "releases:approve": "in stages of approvals, whose routes take whoever is signed in",
    "owners:write": "to give and take the role of owner, of those with users:write",
    "scim:write": "at /scim/v2, which has a document of its own",
}


def routes() -> list[tuple[str, str, str | None]]:
    """Method, path and permission of every operation."""
    document = routed().openapi()
    return [
        (method.upper(), path, operation.get(PERMISSION))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def test_every_route_says_what_it_needs() -> None:
    unguarded = [(method, path) for method, path, permission in routes() if permission not in WORDS]
    assert unguarded == []


def test_every_permission_of_a_route_has_a_row() -> None:
    needed = {permission for _, _, permission in routes() if permission not in ("public", "signed_in")}
    assert needed == set(ALLOWED)
    assert set(PERMISSIONS) - needed == set(BEHIND)


def test_operations_have_names_of_their_own_and_every_reply_has_a_form() -> None:
    document = routed().openapi()
    operations = [one for operations in document["paths"].values() for one in operations.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    # Two classes of one name would be told apart by the modules that they stand in.
    assert [name for name in document["components"]["schemas"] if "__" in name] == []
    for one in operations:
        for status, response in one["responses"].items():
            schemas = [content.get("schema") for content in response.get("content", {}).values()]
            assert all(schemas), (one["operationId"], status)
            if status < "300" and status != "204" and "content" in response:
                assert schemas != [{}], one["operationId"]


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


def concrete(path: str) -> str:
    """With an id that nothing has."""
    return re.sub(r"\{\w+(:path)?\}", "nothing", path)


async def test_without_a_known_token_every_route_answers_401(on: Organisation) -> None:
    for method, path, permission in routes():
        if permission == "public":
            continue
        for name, code in ((None, "missing_token"), ("nobody", "invalid_token")):
            reply = await on.call(name, method, concrete(path), {} if method in ("POST", "PATCH", "PUT") else None)
            assert (reply.status_code, reply.json()["code"]) == (401, code), (method, path)


async def test_a_role_without_the_permission_answers_403(on: Organisation) -> None:
    for method, path, permission in routes():
        if permission is None or permission in ("public", "signed_in"):
            continue
        body: Any = {} if method in ("POST", "PATCH", "PUT") else None
        for name in ("member", "auditor" if permission.endswith(":write") else "member"):
            if name in ALLOWED[permission]:
                continue
            reply = await on.call(name, method, concrete(path), body)
            assert (reply.status_code, reply.json()["code"]) == (403, "not_allowed"), (method, path, name)
        for name in ALLOWED[permission]:
            reply = await on.call(name, method, concrete(path), body)
            assert reply.status_code != 401, (method, path, name)


async def test_a_body_that_is_malformed_or_has_an_unknown_field_answers_422(on: Organisation) -> None:
    for method, path, _ in routes():
        if method not in ("POST", "PATCH", "PUT"):
            continue
        async with on.client("owner", content_type="application/json", if_match="*") as client:
            malformed = await client.request(method, concrete(path).removeprefix("/api/v1"), content=b'{"a": ')
            unknown = await client.request(
                method, concrete(path).removeprefix("/api/v1"), json={"name": "x", "privileged": True}
            )
        assert malformed.status_code in (404, 422), (method, path, malformed.text)
        assert unknown.status_code in (404, 422), (method, path, unknown.text)
