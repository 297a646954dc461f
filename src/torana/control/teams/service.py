"""Teams: made, found, removed with all that they own."""

from torana.control.access.names import check_name
from torana.control.access.scope import Scope
from torana.control.teams import repository
from torana.control.teams.repository import Team
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = ["Team", "create", "find", "get", "listed", "names", "page", "remove", "rename"]

listed = repository.listed
names = repository.names
page = repository.paged


async def create(connection: Connection, name: str) -> Team:
    """A new team. Raises Refusal."""
    if await repository.by_name(connection, check_name(name)) is not None:
        raise Refusal("already_exists", noun="team", name=name)
    team = Team(id=new_id("team"), name=name, created_us=epoch_us())
    await repository.add(connection, team)
    return team


async def get(connection: Connection, name: str) -> Team:
    """The team of this name. Raises Refusal `not_found`."""
    team = await repository.by_name(connection, name)
    if team is None:
        raise Refusal("not_found", noun="team", name=name)
    return team


async def find(connection: Connection, scope: Scope, reference: str) -> Team:
    """The team of this id or name, within the scope. Raises Refusal `not_found`."""
    team = await repository.find(connection, scope, reference)
    if team is None:
        raise Refusal("not_found", noun="team", name=reference[:200])
    return team


async def rename(connection: Connection, team: Team, name: str) -> Team:
    """The team under another name. Raises Refusal."""
    holder = await repository.by_name(connection, check_name(name))
    if holder is not None and holder.id != team.id:
        raise Refusal("already_exists", noun="team", name=name)
    await repository.rename(connection, team.id, name)
    return Team(team.id, name, team.created_us)


async def remove(connection: Connection, team: Team) -> None:
    """Delete a team with its apps, keys, services, providers, limits and prices."""
    await repository.remove(connection, team.id)
