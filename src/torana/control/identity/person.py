"""From what an issuer says of somebody to a user: known by the issuer's subject, else by a verified address, else made.

An address alone is weak: it can be typed in, or belong to somebody else by now. It is used once, to find a user whom the issuer has
no subject for yet, only where the issuer has verified it, and never for a user who may do more than whoever set the issuer up.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from torana.control.access.identify import by_user
from torana.control.groups import service as groups
from torana.control.identity import repository
from torana.control.identity.repository import Provider
from torana.control.users import repository as user_rows
from torana.control.users import service as users
from torana.control.users.service import User
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.sql.engine import Connection

_MOST_NAME = 200


class Person(NamedTuple):
    """What an issuer says of who signs in."""

    subject: str
    email: str | None
    """In lower case; None when there is none that can be one."""
    verified: bool
    name: str | None
    groups: frozenset[str]


def read_person(claims: Mapping[str, Any], groups_claim: str | None) -> Person:
    """What is used of the claims of an id_token that was verified; what cannot be used counts as not said."""
    email = claims.get("email")
    # ASCII: letters that become others in lower case could make one person's address of another's.
    plain = isinstance(email, str) and email.isascii() and email.isprintable() and email.count("@") == 1
    # Some issuers say it as text.
    said = claims.get("email_verified")
    verified = said is True or said == "true"
    name = claims.get("name")
    named = name[:_MOST_NAME].strip() if isinstance(name, str) and name.isprintable() else ""
    listed = claims.get(groups_claim) if groups_claim is not None else None
    if isinstance(listed, str):
        listed = [listed]
    names = frozenset(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else frozenset()
    return Person(claims["sub"], str(email).lower() if plain else None, verified, named or None, names)


async def user_of(connection: Connection, provider: Provider, person: Person) -> User:
    """The user who signs in, with the roles that their groups give. Raises Refusal `sign_in_refused`."""
    _check_domain(provider, person)
    user_id = await repository.by_subject(connection, provider.issuer, person.subject)
    if user_id is None:
        user = await _by_email(connection, provider, person)
        await repository.link(connection, user.id, provider.issuer, person.subject, epoch_us())
    else:
        found = await user_rows.by_id(connection, user_id)
        if found is None:
            raise refused(provider, "this user is no more")
        user = found
    if user.kind != "person" or user.state == "suspended":
        raise refused(provider, "this user is suspended")
    changed: dict[str, Any] = {"state": "active"}
    if user.name is None and person.name is not None:
        changed["name"] = person.name
    await user_rows.change(connection, user.id, changed)
    await groups.put_into(connection, user.id, provider.name, set(person.groups))
    return user


def refused(provider: Provider, reason: str) -> Refusal:
    """That somebody cannot sign in."""
    return Refusal("sign_in_refused", provider=provider.name, reason=reason)


def _check_domain(provider: Provider, person: Person) -> None:
    domains = provider.said.email_domains
    if not domains:
        return
    if person.email is None or not _counts(provider, person) or person.email.rpartition("@")[2] not in domains:
        raise refused(provider, "only verified e-mail addresses of certain domains may sign in")


def _counts(provider: Provider, person: Person) -> bool:
    return person.verified or provider.said.trust_unverified_emails


async def _by_email(connection: Connection, provider: Provider, person: Person) -> User:
    if person.email is None:
        raise refused(provider, "it does not say which e-mail address you have")
    if not _counts(provider, person):
        raise refused(provider, "it has not verified your e-mail address")
    user = await user_rows.by_email(connection, person.email)
    if user is None:
        if not provider.said.create_users:
            raise refused(provider, "you are not known here")
        return await users.create(connection, person.email, None, name=person.name)
    if user.kind != "person":
        raise refused(provider, "this address is not a person's")
    if await repository.is_known_to(connection, provider.issuer, user.id):
        # An address that was given to somebody else since.
        raise refused(provider, "your e-mail address is already another person's there")
    actor = await by_user(connection, user.id)
    reach = frozenset(provider.said.reach)
    if actor is None or not actor.platform <= reach or any(not held <= reach for held in actor.teams.values()):
        raise refused(provider, "you may do more than whoever set it up; an owner has to set it up for that")
    return user
