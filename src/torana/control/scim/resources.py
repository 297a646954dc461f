"""Users, groups and lists in the form of RFC 7643 and RFC 7644."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from torana.control.groups.repository import Group
from torana.control.scim import repository
from torana.control.scim.read import chosen
from torana.control.users.repository import User
from torana.stores.sql.engine import Connection

PREFIX = "/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def base_of(request: Request) -> str:
    """The address under which this client reaches SCIM."""
    return f"{request.url.scheme}://{request.headers.get('host', 'localhost')}{PREFIX}"


async def shown_users(connection: Connection, people: Sequence[User], base: str) -> list[dict[str, Any]]:
    """People as resources, with the groups that they are in."""
    rows = await repository.groups_of(connection, [user.id for user in people])
    return [_user(user, [(row[1], row[2]) for row in rows if row[0] == user.id], base) for user in people]


async def shown_groups(
    connection: Connection, groups: Sequence[Group], base: str, query: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Groups as resources; who asks for them without members has them sooner."""
    wanted = "members" not in query.get("excludedAttributes", "").lower()
    rows = await repository.members(connection, [group.id for group in groups]) if wanted else []
    found: dict[str, list[tuple[str, str]]] = {group.id: [] for group in groups}
    for group_id, user_id, email in rows:
        found[group_id].append((user_id, email))
    return [_group(group, found[group.id], base) for group in groups]


def listed(total: int, start: int, resources: Sequence[dict[str, Any]], request: Request) -> dict[str, Any]:
    """A list of resources."""
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": [chosen(one, request.query_params) for one in resources],
    }


def noted_user(user: User) -> dict[str, Any]:
    """What the audit trail keeps of a user."""
    return {"email": user.email, "name": user.name, "state": user.state, "external_id": user.external_id}


def noted_group(group: Group, members: set[str] | None) -> dict[str, Any]:
    """What the audit trail keeps of a group."""
    return {
        "source": group.source,
        "name": group.name,
        "external_id": group.external_id,
        "members": None if members is None else sorted(members),
    }


def _user(user: User, groups: list[tuple[str, str]], base: str) -> dict[str, Any]:
    named = {} if user.name is None else {"displayName": user.name, "name": {"formatted": user.name}}
    external = {} if user.external_id is None else {"externalId": user.external_id}
    return {
        "schemas": [USER],
        "id": user.id,
        **external,
        "userName": user.email,
        **named,
        "emails": [{"value": user.email, "type": "work", "primary": True}],
        "active": user.state != "suspended",
        "groups": [
            {"value": group_id, "display": name, "type": "direct", "$ref": f"{base}/Groups/{group_id}"}
            for group_id, name in groups
        ],
        "meta": _meta("User", user.created_us, f"{base}/Users/{user.id}"),
    }


def _group(group: Group, members: list[tuple[str, str]], base: str) -> dict[str, Any]:
    external = {} if group.external_id is None else {"externalId": group.external_id}
    return {
        "schemas": [GROUP],
        "id": group.id,
        **external,
        "displayName": group.name,
        "members": [
            {"value": user_id, "display": email, "type": "User", "$ref": f"{base}/Users/{user_id}"}
            for user_id, email in members
        ],
        "meta": _meta("Group", group.created_us, f"{base}/Groups/{group.id}"),
    }


def _meta(kind: str, created_us: int, location: str) -> dict[str, Any]:
    return {"resourceType": kind, "created": _stamp(created_us), "location": location}


def _stamp(at_us: int) -> str:
    moment = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
