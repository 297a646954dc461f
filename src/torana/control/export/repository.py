"""What stands in tables that no torana.yaml says."""

from collections.abc import Mapping

from sqlalchemy import func, or_, select

from torana.stores.sql import people_tables, tables
from torana.stores.sql.engine import Connection

_COUNTED = {
    "groups": people_tables.groups,
}


async def beside(connection: Connection) -> Mapping[str, int]:
    """How many there are of each kind of thing that a file does not declare, of those that there are."""
    found = {
        words: await connection.scalar(select(func.count()).select_from(table)) for words, table in _COUNTED.items()
    }
    of_time = or_(tables.prices.c.team_id.is_not(None), tables.prices.c.valid_from_us != 0)
    prices = await connection.scalar(select(func.count()).select_from(tables.prices).where(of_time))
    found["prices of teams, or from a time on"] = prices
    return {words: count for words, count in found.items() if count}
