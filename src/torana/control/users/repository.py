"""Users in SQL."""

from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update

from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import users


class User(msgspec.Struct, frozen=True):
    """A person who signs in, or a service account. The fields are the columns of the table `users`."""

    id: str
    email: str
    """In lower case; of a service account a made-up one."""
    password_hash: str | None
    platform_role: str
    """One of access/roles.py, or the name of a custom one."""
    created_us: int
    name: str | None = None
    kind: str = "person"
    """`person` or `service`."""
    state: str = "active"
    """`invited`, `active` or `suspended`."""
    external_id: str | None = None
    last_sign_in_us: int | None = None
    team_id: str | None = None
    """Whose service account it is."""

    def __repr__(self) -> str:
        return f"User(id={self.id!r}, email={self.email!r}, platform_role={self.platform_role!r})"


class Filters(msgspec.Struct, frozen=True):
    """Which users of a list; None is any."""

    email: str | None = None
    state: str | None = None
    kind: str | None = None
    platform_role: str | None = None


async def add(connection: Connection, user: User) -> None:
    """Store a new user."""
    await connection.execute(insert(users).values(msgspec.structs.asdict(user)))


async def by_email(connection: Connection, email: str) -> User | None:
    """The user with this address, as it was stored (lower case)."""
    row = (await connection.execute(select(*columns_of(users, User)).where(users.c.email == email))).one_or_none()
    return None if row is None else User(*row)


async def by_id(connection: Connection, user_id: str) -> User | None:
    """The user with this id."""
    row = (await connection.execute(select(*columns_of(users, User)).where(users.c.id == user_id))).one_or_none()
    return None if row is None else User(*row)


async def by_external_id(connection: Connection, external_id: str) -> User | None:
    """The user whom an identity provider or SCIM client knows by this id."""
    found = await connection.execute(
        select(*columns_of(users, User)).where(users.c.external_id == external_id).order_by(users.c.id).limit(1)
    )
    row = found.one_or_none()
    return None if row is None else User(*row)


async def find(connection: Connection, reference: str) -> User | None:
    """The user with this id or address; an id comes before an address."""
    found = await connection.execute(
        select(*columns_of(users, User)).where(or_(users.c.id == reference, users.c.email == reference.lower()))
    )
    rows = [User(*row) for row in found]
    return next((user for user in rows if user.id == reference), rows[0] if rows else None)


async def paged(connection: Connection, asked: PageAsked, filters: Filters) -> tuple[list[User], str | None]:
    """A page of users, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(users, User))
    for name, value in msgspec.structs.asdict(filters).items():
        if value is not None:
            statement = statement.where(users.c[name] == value)
    sorts = {"email": users.c.email, "created_us": users.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, users.c.id, "email")
    return [User(*row) for row in rows], following


async def change(connection: Connection, user_id: str, values: dict[str, Any]) -> None:
    """Set columns of a user."""
    await connection.execute(update(users).where(users.c.id == user_id).values(values))


async def remove(connection: Connection, user_id: str) -> None:
    """Delete a user with their tokens, sessions and memberships."""
    await connection.execute(delete(users).where(users.c.id == user_id))


async def count(connection: Connection) -> int:
    """How many users there are."""
    return int((await connection.execute(select(func.count()).select_from(users))).scalar_one())


async def other_owners(connection: Connection, user_id: str) -> int:
    """How many people besides this one are owners and may sign in."""
    found = await connection.execute(
        select(func.count())
        .select_from(users)
        .where(
            users.c.platform_role == "owner",
            users.c.kind == "person",
            users.c.state == "active",
            users.c.id != user_id,
        )
    )
    return int(found.scalar_one())
