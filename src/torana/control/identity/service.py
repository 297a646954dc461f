"""Identity providers: set up, changed and removed with all that they gave."""

import ssl
from typing import Any

import msgspec

from torana.control.access.actor import Actor
from torana.control.access.grants import check_holds
from torana.control.access.names import check_name
from torana.control.groups import given
from torana.control.identity import address, repository
from torana.control.identity.repository import Options, Provider
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

__all__ = ["Options", "Provider", "change", "create", "find", "in_use", "page", "remove", "secret_of"]

page = repository.paged
in_use = repository.in_use


async def create(
    connection: Connection,
    master: MasterKey,
    actor: Actor,
    *,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: Secret | None,
    options: Options,
) -> Provider:
    """A new provider. Raises Refusal."""
    if check_name(name).lower() in address.NAMES_TAKEN:
        raise Refusal("invalid_field", param="name", reason="this name has another meaning")
    if await repository.by_name(connection, name) is not None:
        raise Refusal("already_exists", noun="identity provider", name=name)
    if not address.is_issuer(issuer):
        reason = "expected https://, or http:// on this machine, without user name and query"
        raise Refusal("invalid_field", param="issuer", reason=reason)
    provider_id = new_id("idp")
    provider = Provider(
        id=provider_id,
        name=name,
        issuer=issuer,
        client_id=client_id,
        sealed_secret=None if client_secret is None else master.seal(client_secret, provider_id),
        options=repository.encoded(_checked(options, actor)),
        created_us=epoch_us(),
        disabled_us=None,
    )
    await repository.add(connection, provider)
    return provider


async def find(connection: Connection, reference: str) -> Provider:
    """The provider of this id or name. Raises Refusal `not_found`."""
    found = None
    if reference.isprintable():
        found = await repository.by_id(connection, reference) or await repository.by_name(connection, reference)
    if found is None:
        raise Refusal("not_found", noun="identity provider", name=reference[:200])
    return found


async def change(
    connection: Connection, master: MasterKey, actor: Actor, provider: Provider, fields: dict[str, Any]
) -> Provider:
    """The provider with other `fields`: client_id, client_secret, enabled, and those of Options. Raises Refusal.

    Whoever changes it answers for whom it signs in, so they need all that whoever set it up might do.
    """
    check_holds(actor, frozenset(provider.said.reach), None)
    rest = dict(fields)
    changed: dict[str, Any] = {}
    if "client_id" in rest:
        changed["client_id"] = rest.pop("client_id")
    if "client_secret" in rest:
        secret = rest.pop("client_secret")
        changed["sealed_secret"] = None if secret is None else master.seal(secret, provider.id)
    enabled = rest.pop("enabled", None)
    if enabled is not None and enabled != (provider.disabled_us is None):
        changed["disabled_us"] = None if enabled else epoch_us()
    options = _checked(msgspec.structs.replace(provider.said, **rest), actor)
    provider = msgspec.structs.replace(provider, options=repository.encoded(options), **changed)
    await repository.store(connection, provider)
    return provider


async def remove(connection: Connection, provider: Provider) -> None:
    """Delete a provider with its groups and the roles that they gave. Its users stay."""
    await repository.remove(connection, provider.id)
    await given.forget(connection, provider.name)


def secret_of(master: MasterKey, provider: Provider) -> Secret | None:
    """The client secret, opened."""
    return None if provider.sealed_secret is None else master.open(provider.sealed_secret, provider.id)


def _checked(options: Options, actor: Actor) -> Options:
    for host in options.hosts:
        if not address.is_host(host):
            raise Refusal("invalid_field", param="hosts", reason="expected names of hosts, with or without a port")
    for domain in options.email_domains:
        if not address.is_host(domain) or ":" in domain:
            raise Refusal("invalid_field", param="email_domains", reason="expected domains such as example.org")
    if options.ca is not None:
        try:
            ssl.create_default_context(cadata=options.ca)
        except (ssl.SSLError, ValueError):
            raise Refusal("invalid_field", param="ca", reason="expected certificates in PEM") from None
    if options.public_url is not None and not address.is_public_url(options.public_url):
        raise Refusal("invalid_field", param="public_url", reason="expected https://, or http:// on this machine")
    return msgspec.structs.replace(
        options,
        hosts=tuple(host.lower() for host in options.hosts),
        email_domains=tuple(domain.lower() for domain in options.email_domains),
        scopes=tuple(dict.fromkeys(("openid", *options.scopes))),
        reach=tuple(sorted(actor.platform)),
    )
