"""Users of a SCIM client: made, replaced, patched, suspended, removed.

A user's address is userName; what else there is of a user here is a name, an external id and whether they are active. Other
attributes of RFC 7643 are taken and not kept, so that clients which send all they know are not refused.
"""

from collections.abc import Mapping
from typing import Any

from torana.control.access.actor import Actor
from torana.control.access.grants import given_by
from torana.control.groups import repository as group_rows
from torana.control.scim import repository
from torana.control.scim.errors import ScimError
from torana.control.scim.read import Operation, Path, lowered, text_of, truth_of
from torana.control.sessions import service as sessions
from torana.control.users import repository as user_rows
from torana.control.users import service as users
from torana.control.users.service import User
from torana.stores.sql.engine import Connection

_FIELDS = ("username", "externalid", "displayname", "name", "active")
_FIXED = frozenset(("id", "meta", "schemas", "groups"))
_MOST_NAME = 200
# RFC 7643, section 4.1, and extensions.
_PASSED_OVER = frozenset(
    (
        "emails",
        "nickname",
        "profileurl",
        "title",
        "usertype",
        "preferredlanguage",
        "locale",
        "timezone",
        "password",
        "phonenumbers",
        "ims",
        "photos",
        "addresses",
        "entitlements",
        "roles",
        "x509certificates",
        "urn",
    )
)


async def find(connection: Connection, user_id: str) -> User:
    """The person of this id. Raises ScimError."""
    found = await repository.person(connection, user_id) if user_id.isprintable() else None
    if found is None:
        raise ScimError(404, "There is no such user.")
    return found


async def create(connection: Connection, body: Mapping[str, Any]) -> User:
    """A new person. Raises ScimError or Refusal."""
    said = {name: body[name] for name in _FIELDS if body.get(name) is not None}
    email = _address(said.get("username"))
    external_id = _external_id(said.get("externalid"))
    await _check_free(connection, None, email, external_id)
    state = "active" if truth_of(said.get("active", True)) else "suspended"
    return await users.create(connection, email, None, name=_name(said), state=state, external_id=external_id)


async def replace(connection: Connection, actor: Actor, user: User, body: Mapping[str, Any]) -> User:
    """The person as the body says; what it leaves out is empty, but active stays. Raises ScimError or Refusal."""
    said = {name: body[name] for name in _FIELDS if body.get(name) is not None}
    changed: dict[str, Any] = {
        "email": _address(said.get("username")),
        "external_id": _external_id(said.get("externalid")),
        "name": _name(said),
    }
    return await _change(connection, actor, user, changed, said.get("active"))


async def patch(connection: Connection, actor: Actor, user: User, operations: list[Operation]) -> User:
    """The person after these steps. Raises ScimError or Refusal."""
    said: dict[str, Any] = {}
    for operation in operations:
        _step(said, operation)
    changed: dict[str, Any] = {}
    if "username" in said:
        changed["email"] = _address(said["username"])
    if "externalid" in said:
        changed["external_id"] = _external_id(said["externalid"])
    if said.get("displayname", "") is None:
        changed["name"] = None
    elif (name := _name(said)) is not None:
        changed["name"] = name
    return await _change(connection, actor, user, changed, said.get("active"))


async def remove(connection: Connection, actor: Actor, user: User) -> None:
    """Delete a person with their tokens, sessions and memberships. Raises ScimError."""
    await _check_touchable(connection, actor, user)
    await user_rows.remove(connection, user.id)


def _step(said: dict[str, Any], operation: Operation) -> None:
    if operation.path is None:
        if not isinstance(operation.value, dict):
            raise ScimError(400, "Without a path, value is an object.", "invalidValue")
        for name, value in lowered(operation.value).items():
            # Entra writes `name.givenName` as a field of its own, and those of extensions by their URN.
            first, _, sub = name.partition(".")
            path = Path("urn", None, None) if name.startswith("urn:") else Path(first, None, sub or None)
            if path.name not in _FIXED:
                _set(said, path, value)
    elif operation.path.name in _FIXED:
        raise ScimError(400, "This attribute cannot be changed.", "mutability")
    elif operation.op == "remove":
        _unset(said, operation.path)
    else:
        _set(said, operation.path, operation.value)


def _set(said: dict[str, Any], path: Path, value: Any) -> None:
    if path.name == "name" and path.sub is not None:
        parts = dict(said["name"]) if isinstance(said.get("name"), dict) else {}
        said["name"] = {**parts, path.sub: value}
    elif path.name in _FIELDS and path.sub is None and path.filter is None:
        said[path.name] = value
    elif path.name not in _PASSED_OVER:
        raise ScimError(400, "There is no such attribute.", "invalidPath")


def _unset(said: dict[str, Any], path: Path) -> None:
    if path.name in ("username", "active"):
        raise ScimError(400, "This attribute is required.", "mutability")
    if path.name in ("externalid", "displayname"):
        said[path.name] = None
    elif path.name != "name" and path.name not in _PASSED_OVER:
        raise ScimError(400, "There is no such attribute.", "noTarget")


async def _change(connection: Connection, actor: Actor, user: User, changed: dict[str, Any], active: object) -> User:
    if active is not None:
        if not truth_of(active):
            changed["state"] = "suspended"
        elif user.state == "suspended":
            changed["state"] = "active"
    changed = {name: value for name, value in changed.items() if value != getattr(user, name)}
    if "email" in changed or "state" in changed:
        await _check_touchable(connection, actor, user)
    await _check_free(connection, user, changed.get("email"), changed.get("external_id"))
    if changed:
        await user_rows.change(connection, user.id, changed)
    if changed.get("state") == "suspended":
        await sessions.end_all(connection, user.id)
    return await find(connection, user.id)


async def _check_touchable(connection: Connection, actor: Actor, user: User) -> None:
    """A SCIM client cannot lock the owners out, or become one by another's address; who it made an owner itself it can unmake."""
    [(_, role, given)] = await group_rows.platform_roles(connection, (user.id,))
    lasting = role != given and "owners:write" in await given_by(connection, role, None)
    if lasting and not actor.may("owners:write", None):
        raise ScimError(403, "This user is an owner: only owners can rename, suspend or delete them.", "mutability")


async def _check_free(connection: Connection, user: User | None, email: str | None, external_id: str | None) -> None:
    if email is not None and await user_rows.by_email(connection, email) is not None:
        raise ScimError(409, "There is already a user of this userName.", "uniqueness")
    own = "" if user is None else user.id
    if external_id is not None and await repository.same_external_id(connection, external_id, own):
        raise ScimError(409, "There is already a user of this externalId.", "uniqueness")


def _address(value: object) -> str:
    if not isinstance(value, str):
        raise ScimError(400, "userName is missing.", "invalidValue")
    # Letters outside ASCII could become in lower case those of another's address.
    if not value.isascii():
        raise ScimError(400, "userName is an e-mail address in ASCII.", "invalidValue")
    return users.check_email(value)


def _external_id(value: object) -> str | None:
    return None if value is None else text_of(value, "externalId", 300)


def _name(said: Mapping[str, Any]) -> str | None:
    """What a person is called: displayName, else the formatted name, else given and family name."""
    if said.get("displayname"):
        return text_of(said["displayname"], "displayName", _MOST_NAME)
    name = said.get("name")
    if name is None:
        return None
    if not isinstance(name, dict):
        raise ScimError(400, "name is an object.", "invalidValue")
    parts = lowered(name)
    if parts.get("formatted"):
        return text_of(parts["formatted"], "name.formatted", _MOST_NAME)
    # Of a change of one of them alone the other half is not known here.
    given, family = parts.get("givenname"), parts.get("familyname")
    if isinstance(given, str) and isinstance(family, str) and given and family:
        return text_of(f"{given} {family}", "name", _MOST_NAME)
    return None
