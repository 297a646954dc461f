"""Teams in SQL."""

from collections.abc import Collection

import msgspec
from sqlalchemy import delete, insert, or_, select, update

from torana.control.access.scope import Scope
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import teams


class Team(msgspec.Struct, frozen=True):
    """A tenant."""

    id: str
    name: str
    created_us: int


async def add(connection: Connection, team: Team) -> None:
    """Store a new team."""
    await connection.execute(insert(teams).values(msgspec.structs.asdict(team)))


async def ids_of(connection: Connection, reference: str) -> list[str]:
    """Ids of the teams that this id or name means. For filters: whoever asks may not see them."""
    either = or_(teams.c.id == reference, teams.c.name == reference)
    return list(await connection.scalars(select(teams.c.id).where(either).order_by(teams.c.id)))


async def by_name(connection: Connection, name: str) -> Team | None:
    """The team of this name."""
    row = (await connection.execute(select(*columns_of(teams, Team)).where(teams.c.name == name))).one_or_none()
    return None if row is None else Team(*row)


async def names_of(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The names of these teams, by id."""
    rows = await connection.execute(select(teams.c.id, teams.c.name).where(teams.c.id.in_(sorted(ids))))
    return {row[0]: row[1] for row in rows}


async def listed(connection: Connection) -> list[Team]:
    """All teams, by name."""
    rows = await connection.execute(select(*columns_of(teams, Team)).order_by(teams.c.name))
    return [Team(*row) for row in rows]


async def find(connection: Connection, scope: Scope, reference: str) -> Team | None:
    """The team of this id or name, if it is in the scope; an id comes before a name."""
    statement = select(*columns_of(teams, Team)).where(or_(teams.c.id == reference, teams.c.name == reference))
    # A team is its own: its id is what `within` compares in other tables.
    if scope.team_ids is not None:
        statement = statement.where(teams.c.id.in_(sorted(scope.team_ids)))
    rows = (await connection.execute(statement)).all()
    found = [Team(*row) for row in rows]
    return next((team for team in found if team.id == reference), found[0] if found else None)


async def paged(
    connection: Connection, scope: Scope, asked: PageAsked, name: str | None
) -> tuple[list[Team], str | None]:
    """A page of the scope's teams, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(teams, Team))
    if scope.team_ids is not None:
        statement = statement.where(teams.c.id.in_(sorted(scope.team_ids)))
    if name is not None:
        statement = statement.where(teams.c.name == name)
    sorts = {"name": teams.c.name, "created_us": teams.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, teams.c.id, "name")
    return [Team(*row) for row in rows], following


async def names(connection: Connection, team_ids: Collection[str]) -> dict[str, str]:
    """Names of these teams by id."""
    if not team_ids:
        return {}
    rows = await connection.execute(select(teams.c.id, teams.c.name).where(teams.c.id.in_(sorted(team_ids))))
    return {row[0]: row[1] for row in rows}


async def rename(connection: Connection, team_id: str, name: str) -> None:
    """Give a team another name."""
    await connection.execute(update(teams).where(teams.c.id == team_id).values(name=name))


async def remove(connection: Connection, team_id: str) -> None:
    """Delete a team and all that it owns."""
    await connection.execute(delete(teams).where(teams.c.id == team_id))
