"""Provider accounts: made, changed, removed; their credentials sealed before they are stored."""

import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from torana.catalog.vendors import VENDORS, Vendor, vendor_named
from torana.control.access.names import check_name
from torana.control.access.scope import Scope
from torana.control.providers import places, repository
from torana.control.providers.credential import credential_problem
from torana.control.providers.repository import Provider
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

__all__ = [
    "Provider",
    "ProviderDraft",
    "ca_problem",
    "create",
    "find",
    "get",
    "hosts",
    "listed",
    "page",
    "remove",
    "update",
    "url_problem",
]

MOST_TIMEOUT_SECONDS = 86_400

listed = repository.listed
page = repository.paged


class ProviderDraft(NamedTuple):
    """What a provider account is to be. `base_url` None takes the vendor's own, with `options` in its places."""

    name: str
    vendor: str
    team_id: str | None = None
    base_url: str | None = None
    ca_pem: str | None = None
    proxy: str | None = None
    connect_timeout_seconds: float | None = None
    first_byte_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None
    total_timeout_seconds: float | None = None
    stream_usage: bool | None = None
    dialect: str | None = None
    bases: Mapping[str, str] = {}
    options: Mapping[str, str] = {}


async def create(
    connection: Connection, master: MasterKey, draft: ProviderDraft, api_key: Secret | None = None
) -> Provider:
    """A new provider account. Raises Refusal."""
    if await repository.by_name(connection, draft.team_id, check_name(draft.name)) is not None:
        raise Refusal("already_exists", noun="provider", name=draft.name)
    provider = _made(draft, new_id("provider"), epoch_us())
    provider = _with_key(master, provider, api_key)
    await repository.add(connection, provider)
    return provider


async def get(connection: Connection, team_id: str | None, name: str) -> Provider:
    """The team's (None: the platform's) provider account of this name. Raises Refusal `not_found`."""
    provider = await repository.by_name(connection, team_id, name)
    if provider is None:
        raise Refusal("not_found", noun="provider", name=name)
    return provider


async def find(connection: Connection, scope: Scope, provider_id: str) -> Provider:
    """The account with this id, within the scope or the platform's. Raises Refusal `not_found`."""
    provider = await repository.by_id(connection, scope, provider_id)
    if provider is None:
        raise Refusal("not_found", noun="provider", name=provider_id[:64])
    return provider


async def update(
    connection: Connection,
    master: MasterKey,
    provider: Provider,
    draft: ProviderDraft,
    api_key: Secret | None = None,
    *,
    drop_key: bool = False,
) -> Provider:
    """Change all but name and owner. Raises Refusal.

    Without a new `api_key` the stored one stays, unless the account now calls another host: a credential is bound to the host it
    was given for, so that nobody can have it sent elsewhere by changing the address.
    """
    changed = _made(draft._replace(name=provider.name, team_id=provider.team_id), provider.id, provider.created_us)
    same_place = _hosts(changed) <= _hosts(provider) and changed.vendor == provider.vendor
    if api_key is None and same_place and not drop_key:
        api_key = None if provider.sealed_key is None else master.open(provider.sealed_key, provider.id)
    changed = _with_key(master, changed, api_key)
    await repository.replace(connection, changed)
    return changed


async def remove(connection: Connection, provider: Provider) -> None:
    """Delete an account that no service uses. Raises Refusal `in_use`."""
    if users := await repository.users_of(connection, provider.id):
        listed_users = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        raise Refusal("in_use", noun="provider", name=provider.name, users=listed_users)
    await repository.remove(connection, provider.id)


def url_problem(url: str) -> str | None:
    """Why this cannot be a base URL; None when it can."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_fits:
        return "expected http:// or https:// with a host"
    if "@" in parts.netloc:
        return "it holds a user name or password; give the credential as api_key"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "it has a query or a fragment"
    if "{" in url or "}" in url:
        return "it still has a place to be filled in, such as {region}"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "it has characters that a URL must not have"
    return None


def ca_problem(pem: str) -> str | None:
    """Why these certificates cannot be trusted ones; None when they can."""
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        return "it is not a list of certificates in PEM form"
    return None


def _made(draft: ProviderDraft, provider_id: str, created_us: int) -> Provider:
    vendor = vendor_named(draft.vendor)
    if vendor is None:
        raise Refusal("invalid_field", param="vendor", reason=f"{draft.vendor} is not a known vendor")
    base_url = _address(vendor, draft)
    if draft.proxy is not None and ((problem := url_problem(draft.proxy)) or not draft.proxy.startswith("http://")):
        raise Refusal("invalid_field", param="proxy", reason=problem or "expected http://HOST:PORT")
    if draft.ca_pem is not None and (problem := ca_problem(draft.ca_pem)):
        raise Refusal("invalid_field", param="ca", reason=problem)
    provider = Provider(
        id=provider_id,
        team_id=draft.team_id,
        name=draft.name,
        vendor=vendor.id,
        base_url="" if vendor.id == "demo" else base_url,
        sealed_key=None,
        ca_pem=draft.ca_pem,
        proxy=draft.proxy,
        connect_timeout_seconds=draft.connect_timeout_seconds,
        first_byte_timeout_seconds=draft.first_byte_timeout_seconds,
        idle_timeout_seconds=draft.idle_timeout_seconds,
        total_timeout_seconds=draft.total_timeout_seconds,
        stream_usage=draft.stream_usage,
        created_us=created_us,
        dialect=draft.dialect,
        bases=places.stored({dialect: base.rstrip("/") for dialect, base in draft.bases.items()}),
        options=places.stored(draft.options),
    )
    for param in ("connect", "first_byte", "idle", "total"):
        seconds = getattr(provider, f"{param}_timeout_seconds")
        if seconds is not None and not 0 < seconds <= MOST_TIMEOUT_SECONDS:
            raise Refusal("invalid_field", param=param, reason=f"expected seconds up to {MOST_TIMEOUT_SECONDS}")
    return provider


def _address(vendor: Vendor, draft: ProviderDraft) -> str:
    """The base URL of what is to be. Raises Refusal, also for a dialect, bases or options that cannot be."""
    if problem := places.option_problem(vendor, draft.options):
        raise Refusal("invalid_field", param="options", reason=problem)
    own = places.filled(vendor.base_url, draft.options)
    if draft.base_url is None and own is None:
        missing = [name for name in places.places_in(vendor.base_url) if name not in draft.options]
        raise Refusal("invalid_field", param="options", reason=f"{missing[0]} is missing; the address needs it")
    base_url = (draft.base_url or own or "").rstrip("/")
    if vendor.id != "demo" and (problem := url_problem(base_url)):
        raise Refusal("invalid_field", param="base_url", reason=problem)
    if draft.dialect is not None and (problem := places.dialect_problem(draft.dialect)):
        raise Refusal("invalid_field", param="dialect", reason=problem)
    for dialect, base in draft.bases.items():
        if problem := places.dialect_problem(dialect) or url_problem(base):
            raise Refusal("invalid_field", param="bases", reason=problem)
    return base_url


def _with_key(master: MasterKey, provider: Provider, api_key: Secret | None) -> Provider:
    if api_key is None:
        return provider
    if problem := credential_problem(VENDORS[provider.vendor].auth, api_key):
        raise Refusal("invalid_field", param="api_key", reason=problem)
    return msgspec.structs.replace(provider, sealed_key=master.seal(api_key, provider.id))


def hosts(
    vendor_id: str, base_url: str, bases: str | None, dialect: str | None, options: str | None
) -> set[tuple[str, str, int | None]]:
    """Scheme, host and port of every place that a credential is sent to, from the columns of its account."""
    vendor, given = VENDORS.get(vendor_id), places.opened(options)
    found: dict[str, str] = {}
    if vendor is not None:
        found = places.doors(vendor, base_url, places.opened(bases), dialect, given)
    return {_origin(url) for url in (base_url, *found.values(), *places.token_places(given))}


def _hosts(provider: Provider) -> set[tuple[str, str, int | None]]:
    return hosts(provider.vendor, provider.base_url, provider.bases, provider.dialect, provider.options)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
