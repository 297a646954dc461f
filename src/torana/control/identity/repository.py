"""Identity providers, and whom their subjects are, in SQL."""

import msgspec
from sqlalchemy import delete, func, insert, select, update

from torana.core.ids import new_id
from torana.stores.sql.engine import Connection
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.people_tables import identities, identity_providers


class Options(msgspec.Struct, frozen=True, omit_defaults=True):
    """What else there is to say of an identity provider; stored as JSON."""

    scopes: tuple[str, ...] = ("openid", "email", "profile")
    groups_claim: str | None = None
    create_users: bool = False
    email_domains: tuple[str, ...] = ()
    """In lower case; empty is any."""
    trust_unverified_emails: bool = False
    hosts: tuple[str, ...] = ()
    """Besides the issuer's own, where its description may say that its endpoints are."""
    ca: str | None = None
    """PEM of further certificates to trust."""
    public_url: str | None = None
    """Where browsers reach this installation; None is as their requests say."""
    reach: tuple[str, ...] = ()
    """Permissions of whoever set it up: it signs nobody in by an address alone, and gives no role, that has more."""


class Provider(msgspec.Struct, frozen=True):
    """An identity provider. The fields are the columns of its table."""

    id: str
    name: str
    issuer: str
    client_id: str
    sealed_secret: bytes | None
    options: str
    created_us: int
    disabled_us: int | None

    def __repr__(self) -> str:
        return f"Provider(id={self.id!r}, name={self.name!r}, issuer={self.issuer!r})"

    @property
    def said(self) -> Options:
        """The options, decoded."""
        return _options(self.options)


_options = msgspec.json.Decoder(Options).decode


def encoded(options: Options) -> str:
    """The options as they are stored."""
    return msgspec.json.encode(options).decode()


async def add(connection: Connection, provider: Provider) -> None:
    """Store a new provider."""
    await connection.execute(insert(identity_providers).values(msgspec.structs.asdict(provider)))


async def store(connection: Connection, provider: Provider) -> None:
    """Store what has changed of a provider."""
    await connection.execute(
        update(identity_providers)
        .where(identity_providers.c.id == provider.id)
        .values(
            client_id=provider.client_id,
            sealed_secret=provider.sealed_secret,
            options=provider.options,
            disabled_us=provider.disabled_us,
        )
    )


async def remove(connection: Connection, provider_id: str) -> None:
    """Delete a provider."""
    await connection.execute(delete(identity_providers).where(identity_providers.c.id == provider_id))


async def by_name(connection: Connection, name: str) -> Provider | None:
    """The provider of this name."""
    statement = select(*columns_of(identity_providers, Provider)).where(identity_providers.c.name == name)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Provider(*row)


async def by_id(connection: Connection, provider_id: str) -> Provider | None:
    """The provider of this id."""
    statement = select(*columns_of(identity_providers, Provider)).where(identity_providers.c.id == provider_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Provider(*row)


async def paged(connection: Connection, asked: PageAsked, name: str | None) -> tuple[list[Provider], str | None]:
    """A page of providers, and the cursor of the next. Raises Refusal."""
    statement = select(*columns_of(identity_providers, Provider))
    if name is not None:
        statement = statement.where(identity_providers.c.name == name)
    sorts = {"name": identity_providers.c.name, "created_us": identity_providers.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, identity_providers.c.id, "name")
    return [Provider(*row) for row in rows], following


async def in_use(connection: Connection) -> list[str]:
    """Names of the providers that people may sign in through."""
    rows = await connection.execute(
        select(identity_providers.c.name)
        .where(identity_providers.c.disabled_us.is_(None))
        .order_by(identity_providers.c.name)
    )
    return [row[0] for row in rows]


async def reaches(connection: Connection) -> dict[str, frozenset[str]]:
    """The reach of each provider, by its name."""
    rows = await connection.execute(select(identity_providers.c.name, identity_providers.c.options))
    return {row[0]: frozenset(_options(row[1]).reach) for row in rows}


async def by_subject(connection: Connection, issuer: str, subject: str) -> str | None:
    """Id of the user whom an issuer means by a subject."""
    found = await connection.execute(
        select(identities.c.user_id).where(identities.c.issuer == issuer, identities.c.subject == subject)
    )
    return found.scalar_one_or_none()


async def is_known_to(connection: Connection, issuer: str, user_id: str) -> bool:
    """Whether the issuer has a subject for this user already."""
    statement = select(func.count()).select_from(identities)
    found = await connection.execute(statement.where(identities.c.issuer == issuer, identities.c.user_id == user_id))
    return int(found.scalar_one()) > 0


async def link(connection: Connection, user_id: str, issuer: str, subject: str, now_us: int) -> None:
    """Note whom an issuer means by a subject."""
    row = {"user_id": user_id, "issuer": issuer, "subject": subject, "created_us": now_us}
    await connection.execute(insert(identities).values(id=new_id("identity"), **row))
