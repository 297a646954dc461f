"""Users in SQL."""

import msgspec
from sqlalchemy import func, insert, select

from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.people_tables import users


class User(msgspec.Struct, frozen=True):
    """A person who signs in."""

    id: str
    email: str
    password_hash: str | None
    platform_role: str
    """One of access/roles.py, or the name of a custom one."""
    created_us: int

    def __repr__(self) -> str:
        return f"User(id={self.id!r}, email={self.email!r}, platform_role={self.platform_role!r})"


async def add(connection: Connection, user: User) -> None:
    """Store a new user."""
    await connection.execute(insert(users).values(msgspec.structs.asdict(user)))


async def by_email(connection: Connection, email: str) -> User | None:
    """The user with this address, as it was stored (lower case)."""
    row = (await connection.execute(select(*columns_of(users, User)).where(users.c.email == email))).one_or_none()
    return None if row is None else User(*row)


async def count(connection: Connection) -> int:
    """How many users there are."""
    return int((await connection.execute(select(func.count()).select_from(users))).scalar_one())
