"""Teams in SQL."""

import msgspec
from sqlalchemy import delete, insert, select

from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.tables import teams


class Team(msgspec.Struct, frozen=True):
    """A tenant."""

    id: str
    name: str
    created_us: int


async def add(connection: Connection, team: Team) -> None:
    """Store a new team."""
    await connection.execute(insert(teams).values(msgspec.structs.asdict(team)))


async def by_name(connection: Connection, name: str) -> Team | None:
    """The team of this name."""
    row = (await connection.execute(select(*columns_of(teams, Team)).where(teams.c.name == name))).one_or_none()
    return None if row is None else Team(*row)


async def listed(connection: Connection) -> list[Team]:
    """All teams, by name."""
    rows = await connection.execute(select(*columns_of(teams, Team)).order_by(teams.c.name))
    return [Team(*row) for row in rows]


async def remove(connection: Connection, team_id: str) -> None:
    """Delete a team and all that it owns."""
    await connection.execute(delete(teams).where(teams.c.id == team_id))
