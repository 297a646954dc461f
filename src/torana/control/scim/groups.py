"""Groups of a SCIM client: made, replaced, patched, removed, each time with the roles of who comes or goes."""

import re
from collections.abc import Mapping
from typing import Any

from torana.control.groups import repository as rows
from torana.control.groups.given import SCIM, recompute
from torana.control.groups.repository import Group
from torana.control.scim import repository
from torana.control.scim.errors import ScimError
from torana.control.scim.read import Operation, lowered, terms_of, text_of
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

_FIXED = frozenset(("id", "meta", "schemas"))
_MOST_NAME = 300
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)


class Draft:
    """A group as it is to be."""

    def __init__(self, name: str, external_id: str | None, members: set[str]) -> None:
        self.name = name
        self.external_id = external_id
        self.members = members


async def find(connection: Connection, group_id: str) -> Group:
    """The group of this id. Raises ScimError."""
    found = await rows.by_id(connection, SCIM, group_id) if _ID.fullmatch(group_id) else None
    if found is None:
        raise ScimError(404, "There is no such group.")
    return found


async def create(connection: Connection, body: Mapping[str, Any]) -> Group:
    """A new group. Raises ScimError."""
    draft = _draft(body)
    await _check_free(connection, draft.name)
    group = Group(new_id("group"), SCIM, draft.name, draft.external_id, epoch_us())
    await rows.add(connection, group)
    await _put_in(connection, group.id, draft.members)
    await recompute(connection, draft.members)
    return group


async def replace(connection: Connection, group: Group, body: Mapping[str, Any]) -> Group:
    """The group as the body says: who is not in it is no longer a member. Raises ScimError."""
    return await _store(connection, group, await rows.members_of(connection, group.id), _draft(body))


async def patch(connection: Connection, group: Group, operations: list[Operation]) -> Group:
    """The group after these steps. Raises ScimError."""
    before = await rows.members_of(connection, group.id)
    draft = Draft(group.name, group.external_id, set(before))
    for operation in operations:
        _step(draft, operation)
    return await _store(connection, group, before, draft)


async def remove(connection: Connection, group: Group) -> None:
    """Delete a group; its members stay, without what it gave."""
    before = await rows.members_of(connection, group.id)
    await rows.remove(connection, group.id)
    await recompute(connection, before)


async def _store(connection: Connection, group: Group, before: set[str], draft: Draft) -> Group:
    if draft.name != group.name:
        await _check_free(connection, draft.name)
    if (draft.name, draft.external_id) != (group.name, group.external_id):
        await rows.change(connection, group.id, draft.name, draft.external_id)
    await rows.remove_members(connection, group.id, before - draft.members)
    await _put_in(connection, group.id, draft.members - before)
    # By its name it gives roles: under another one perhaps others.
    await recompute(connection, before | draft.members if draft.name != group.name else before ^ draft.members)
    return await find(connection, group.id)


async def _put_in(connection: Connection, group_id: str, user_ids: set[str]) -> None:
    if user_ids - await repository.people_among(connection, user_ids):
        raise ScimError(400, "A member is not a user.", "invalidValue")
    await rows.add_members(connection, group_id, user_ids)


async def _check_free(connection: Connection, name: str) -> None:
    if await rows.by_name(connection, SCIM, name) is not None:
        raise ScimError(409, "There is already a group of this displayName.", "uniqueness")


def _draft(body: Mapping[str, Any]) -> Draft:
    name = text_of(body.get("displayname"), "displayName", _MOST_NAME)
    return Draft(name, _external_id(body.get("externalid")), _members(body.get("members")))


def _step(draft: Draft, operation: Operation) -> None:
    path = operation.path
    if path is None:
        if not isinstance(operation.value, dict):
            raise ScimError(400, "Without a path, value is an object.", "invalidValue")
        for name, value in lowered(operation.value).items():
            if name not in _FIXED and not name.startswith("urn:"):
                _set(draft, operation.op, name, value)
    elif path.name in _FIXED:
        raise ScimError(400, "This attribute cannot be changed.", "mutability")
    elif path.name == "members" and path.filter is not None:
        # Okta and the RFC name the one who leaves in the path.
        if operation.op != "remove":
            raise ScimError(400, "Only to remove members can the path select them.", "invalidPath")
        draft.members -= _selected(path.filter)
    elif operation.op == "remove":
        _unset(draft, path.name, operation.value)
    elif path.name != "urn":
        _set(draft, operation.op, path.name, operation.value)


def _set(draft: Draft, op: str, name: str, value: object) -> None:
    if name == "members":
        listed = _members(value)
        draft.members = draft.members | listed if op == "add" else listed
    elif name == "displayname":
        draft.name = text_of(value, "displayName", _MOST_NAME)
    elif name == "externalid":
        draft.external_id = _external_id(value)
    else:
        raise ScimError(400, "There is no such attribute.", "invalidPath")


def _unset(draft: Draft, name: str, value: object) -> None:
    if name == "members":
        # Entra lists who leaves as the value.
        draft.members = set() if value is None else draft.members - _members(value)
    elif name == "externalid":
        draft.external_id = None
    elif name == "displayname":
        raise ScimError(400, "This attribute is required.", "mutability")
    else:
        raise ScimError(400, "There is no such attribute.", "noTarget")


def _selected(text: str) -> set[str]:
    found = {value for name, value in terms_of(text) if name == "value" and isinstance(value, str)}
    if len(found) != 1:
        raise ScimError(400, 'Members are selected as members[value eq "ID"].', "invalidFilter")
    return found


def _members(value: object) -> set[str]:
    if value is None:
        return set()
    found = set()
    for one in value if isinstance(value, list) else [value]:
        said = lowered(one).get("value") if isinstance(one, dict) else None
        if not isinstance(said, str) or _ID.fullmatch(said) is None:
            raise ScimError(400, "A member is an object with the id of a user as its value.", "invalidValue")
        found.add(said)
    return found


def _external_id(value: object) -> str | None:
    return None if value is None else text_of(value, "externalId", 300)
