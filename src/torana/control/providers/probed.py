"""Which account a test call goes to, and which model it asks for."""

from typing import NamedTuple

import msgspec

from torana.catalog.models import find
from torana.catalog.vendors import Vendor
from torana.control.providers import service as providers
from torana.control.publish.compile import compile_account
from torana.control.services import service as services
from torana.core.errors import Refusal
from torana.core.snapshot import Account
from torana.stores.sql.engine import Connection

_CHEAP = ("chat", "embedding")
"""Kinds of model that a test call costs next to nothing of."""


class Found(NamedTuple):
    """A provider account as gates see it."""

    account: Account
    model: str | None
    """One that is cheap to ask; None where none is known."""

    def kind_of(self, model: str) -> str | None:
        """What the catalogue says that a model of this account is for."""
        known = find(self.account.vendor, model)
        return None if known is None else known.kind


async def account_named(connection: Connection, name: str) -> Found | None:
    """The account of this name or id, the platform's before a team's. Raises Refusal where several teams have one of the name."""
    every = [provider for provider in await providers.listed(connection) if name in (provider.name, provider.id)]
    own = [provider for provider in every if provider.team_id is None or provider.id == name] or every
    if not own:
        return None
    if len(own) > 1:
        ids = ", ".join(provider.id for provider in own[:10])
        raise Refusal(
            "invalid_field", param="name", reason=f"several teams have a provider {name}; give an id of {ids}"
        )
    (provider,) = own
    used = [d for d in await services.deployments_of(connection) if d.provider_id == provider.id and d.model]
    found = Found(compile_account(provider), None)
    return found._replace(model=_cheapest(found, [deployment.model for deployment in used]))


def account_of_vendor(vendor: Vendor, base_url: str | None, *, has_credential: bool) -> Found:
    """An account that nobody has stored. Raises Refusal where the vendor's address is not the same for everybody."""
    address = vendor.fixed_base_url if base_url is None else base_url.rstrip("/")
    if not address and vendor.id != "demo":
        reason = f"the address of {vendor.id} is each account's own: give it, or test a provider of torana.yaml"
        raise Refusal("invalid_field", param="base_url", reason=reason)
    if address and (problem := providers.url_problem(address)):
        raise Refusal("invalid_field", param="base_url", reason=problem)
    provider = providers.Provider(
        id=f"test-of-{vendor.id}",
        team_id=None,
        name=vendor.id,
        vendor=vendor.id,
        base_url=address,
        # How a credential is sent depends on there being one; this account is never stored.
        sealed_key=b"" if has_credential else None,
        ca_pem=None,
        proxy=None,
        connect_timeout_seconds=None,
        first_byte_timeout_seconds=None,
        idle_timeout_seconds=None,
        total_timeout_seconds=None,
        stream_usage=None,
        created_us=0,
    )
    account = msgspec.structs.replace(compile_account(provider), sealed_key=None)
    found = Found(account, None)
    return found._replace(model=_cheapest(found, [offered.model for offered in vendor.models]))


def _cheapest(found: Found, models: list[str]) -> str | None:
    """A chat model before one that makes vectors; models of other kinds would cost, and are not asked."""
    kinds = {model: found.kind_of(model) or "chat" for model in models}
    return next((model for kind in _CHEAP for model in models if kinds[model] == kind), None)
