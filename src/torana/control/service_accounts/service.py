"""Service accounts of a team: their roles count in it only, and nobody handles one who has less than it."""

from collections.abc import Sequence

import msgspec

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds, check_known, held_in_team, permissions_in_team
from torana.control.access.names import check_name
from torana.control.members import service as members
from torana.control.service_accounts import repository
from torana.control.tokens import service as tokens
from torana.control.tokens.service import Token
from torana.control.users import repository as users
from torana.control.users.repository import User
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

__all__ = ["check_manages", "create", "create_token", "find", "page", "remove", "set_roles", "set_state"]

page = repository.paged


async def create(connection: Connection, actor: Actor, team_id: str, name: str, roles: Sequence[str]) -> User:
    """A new account of the team. Raises Refusal."""
    # No person can have such an address: the part behind @ is no domain.
    address = f"{check_name(name).lower()}@{team_id}"
    if await users.by_email(connection, address) is not None:
        raise Refusal("already_exists", noun="service account", name=name)
    await _check_gives(connection, actor, team_id, roles)
    account = User(
        new_id("user"), address, None, "member", epoch_us(), name=name, kind="service", state="active", team_id=team_id
    )
    await users.add(connection, account)
    await members.give(connection, team_id, account.id, roles)
    return account


async def find(connection: Connection, team_id: str, account_id: str) -> User:
    """The team's account of this id. Raises Refusal `not_found`."""
    account = await repository.find(connection, team_id, account_id)
    if account is None:
        raise Refusal("not_found", noun="service account", name=account_id[:200])
    return account


async def check_manages(connection: Connection, actor: Actor, team_id: str, account: User) -> None:
    """That who acts has all that the account has. Raises Refusal `beyond_own`."""
    check_holds(actor, await held_in_team(connection, account.id, team_id), team_id)


async def set_roles(connection: Connection, actor: Actor, team_id: str, account: User, roles: Sequence[str]) -> None:
    """Other roles, at once for all its tokens. Raises Refusal."""
    await check_manages(connection, actor, team_id, account)
    await _check_gives(connection, actor, team_id, roles)
    await members.give(connection, team_id, account.id, roles)


async def set_state(connection: Connection, actor: Actor, team_id: str, account: User, state: str) -> User:
    """Active, or suspended: then none of its tokens counts. Raises Refusal."""
    await check_manages(connection, actor, team_id, account)
    await users.change(connection, account.id, {"state": state})
    return msgspec.structs.replace(account, state=state)


async def remove(connection: Connection, actor: Actor, team_id: str, account: User) -> None:
    """Delete an account with its tokens. Raises Refusal."""
    await check_manages(connection, actor, team_id, account)
    await users.remove(connection, account.id)


async def create_token(
    connection: Connection,
    master: MasterKey,
    actor: Actor,
    team_id: str,
    account: User,
    *,
    name: str,
    scopes: Sequence[str] | None,
    expires_us: int | None,
) -> tuple[Token, Secret]:
    """A token of the account: whoever makes it sees it, so it can do nothing that they cannot. Raises Refusal."""
    tokens.check_expiry(expires_us)
    if scopes is None:
        await check_manages(connection, actor, team_id, account)
    else:
        check_holds(actor, check_known(scopes, "scopes"), team_id)
    return await tokens.create(connection, master, account.id, name, expires_us, scopes=scopes, team_id=team_id)


async def _check_gives(connection: Connection, actor: Actor, team_id: str, roles: Sequence[str]) -> None:
    for role in roles:
        check_holds(actor, await permissions_in_team(connection, role, team_id), team_id)
