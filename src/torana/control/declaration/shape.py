"""What torana.yaml can declare, as frozen structs. Every struct knows its place in the file."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from torana.control.declaration.problems import Place
from torana.control.keys.scopes import Scopes

Visibility = Literal["team", "teams", "organisation", "public"]


class Named(msgspec.Struct, frozen=True):
    """A reference to something by name, with its place."""

    name: str
    place: Place


class Outside(msgspec.Struct, frozen=True):
    """A value that stands outside the file: `{env: NAME}` or `{file: PATH}`."""

    source: Literal["env", "file"]
    name: str
    place: Place

    @property
    def key(self) -> str:
        """Names this value among the resolved ones: `env:NAME` or `file:PATH`."""
        return f"{self.source}:{self.name}"


class LimitDeclared(msgspec.Struct, frozen=True):
    """At most `amount` requests per period, or that many calls at a time (`period_seconds` 0)."""

    kind: Literal["requests", "concurrency"]
    amount: int
    period_seconds: int


class TimeoutsDeclared(msgspec.Struct, frozen=True):
    """Seconds; None takes the setting's default."""

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


class ProviderDeclared(msgspec.Struct, frozen=True):
    """A provider account."""

    name: str
    vendor: Named
    base_url: str | None
    """None takes the vendor's own."""
    api_key: Outside | None
    ca: Outside | None
    proxy: str | None
    timeouts: TimeoutsDeclared
    place: Place
    dialect: str | None = None
    """The one to prefer; None takes the vendor's."""
    bases: Mapping[str, str] = {}
    """Dialects with the base URL of each."""
    options: Mapping[str, Named] = {}
    """What the vendor's addresses and credential need besides: names with their values."""


class DeploymentDeclared(msgspec.Struct, frozen=True):
    """A model at a provider, with its share of the traffic. Of a custom model the name may be empty."""

    provider: Named
    model: str
    weight: int
    place: Place


class Description(msgspec.Struct, frozen=True):
    """The description of a custom model: written in the file as JSON, or in a file of its own."""

    written: str | None
    file: Outside | None
    place: Place


class StageDeclared(msgspec.Struct, frozen=True):
    """So many people with this permission have to approve."""

    permission: str
    count: int
    not_author: bool


class PolicyDeclared(msgspec.Struct, frozen=True):
    """Who approves subscriptions of a service, and how often they are confirmed."""

    mode: Literal["default", "automatic", "owner", "staged"]
    stages: tuple[StageDeclared, ...]
    review_days: int | None
    confirm_by: Literal["owner", "subscriber"]


class PlanPriceDeclared(msgspec.Struct, frozen=True):
    """What a plan costs, for people to read. `amount` is plain decimal text."""

    text: str
    amount: str | None
    currency: str | None


class PlanDeclared(msgspec.Struct, frozen=True):
    """Named limits of a service, and what they cost."""

    name: str
    description: str | None
    limits: tuple[LimitDeclared, ...]
    price: PlanPriceDeclared | None
    place: Place


class ServiceDeclared(msgspec.Struct, frozen=True):
    """A service of kind `model` or `custom`. `team` is None when the platform owns it."""

    name: str
    kind: Literal["model", "custom"]
    visibility: Visibility | None
    """None: `organisation`, unless it was set by hand."""
    team: Named | None
    aliases: tuple[Named, ...]
    """Further names under which callers reach it."""
    deployments: tuple[DeploymentDeclared, ...]
    limits: tuple[LimitDeclared, ...]
    keep_bodies: bool
    place: Place
    model: Description | None = None
    """Of kind `custom`."""
    drop_unsupported: bool = False
    try_unsupported: bool = False
    description: str | None = None
    contract: str | None = None
    """JSON with the schemas `input` and `output`, as it is stored."""
    shared_with: tuple[Named, ...] = ()
    """Teams, where the visibility is `teams`."""
    subscription_policy: PolicyDeclared | None = None
    """None: none, unless one was set by hand."""
    plans: tuple[PlanDeclared, ...] = ()


class KeyDeclared(msgspec.Struct, frozen=True):
    """A key; without `value` one is made when the key is first applied."""

    name: str
    value: Outside | None
    expires_us: int
    """Microseconds since 1970; 0 is never."""
    limits: tuple[LimitDeclared, ...]
    place: Place
    scopes: Scopes | None = None
    networks: tuple[str, ...] | None = None
    """In their usual form."""


class SubscriptionDeclared(msgspec.Struct, frozen=True):
    """That an app may call a service."""

    service: Named
    plan: Named | None
    expires_us: int
    """Microseconds since 1970; 0 is never."""
    reason: str | None


class AppDeclared(msgspec.Struct, frozen=True):
    """A consumer of one team."""

    name: str
    subscriptions: tuple[SubscriptionDeclared, ...]
    keys: tuple[KeyDeclared, ...]
    limits: tuple[LimitDeclared, ...]
    keep_bodies: bool
    place: Place


class TeamDeclared(msgspec.Struct, frozen=True):
    """A tenant."""

    name: str
    apps: tuple[AppDeclared, ...]
    limits: tuple[LimitDeclared, ...]
    place: Place


class PriceDeclared(msgspec.Struct, frozen=True):
    """What the operator pays for a model of a vendor, or of one provider account: exactly one of the two is given.

    Dollars per million tokens as plain decimal text; None is unknown.
    """

    vendor: Named | None
    provider: Named | None
    model: str
    input_usd: str | None
    cached_input_usd: str | None
    output_usd: str | None
    reasoning_usd: str | None
    place: Place


class RoleDeclared(msgspec.Struct, frozen=True):
    """A custom role. `team` is None when it is the platform's."""

    name: str
    team: Named | None
    description: str | None
    permissions: tuple[Named, ...]
    place: Place


class WebhookDeclared(msgspec.Struct, frozen=True):
    """Where to tell whom of what. `team` is None when it is the platform's, which is told of all."""

    name: str
    team: Named | None
    url: str | Outside
    url_place: Place
    events: tuple[Named, ...]
    """None is all."""
    secret: Outside | None
    place: Place


class IssuerDeclared(msgspec.Struct, frozen=True):
    """Whose tokens stand for apps. `team` is None when it is the platform's, whose tokens may stand for apps of any team."""

    name: str
    team: Named | None
    issuer: str
    audiences: tuple[str, ...]
    claim: str
    apps: Mapping[str, Named]
    """The claim's value to an app: `team/name`, or its name where a team owns the issuer."""
    jwks: str | None
    """Public keys as they are stored."""
    jwks_uri: str | None
    place: Place


class IdentityProviderDeclared(msgspec.Struct, frozen=True):
    """Through whom people sign in."""

    name: str
    issuer: Named
    client_id: str
    client_secret: Outside | None
    scopes: tuple[str, ...] | None
    """None takes the usual ones."""
    groups_claim: str | None
    create_users: bool
    email_domains: tuple[str, ...]
    trust_unverified_emails: bool
    hosts: tuple[str, ...]
    ca: Outside | None
    public_url: str | None
    place: Place


class GroupRoleDeclared(msgspec.Struct, frozen=True):
    """A role that whoever is in a group has. `team` is None for one on the platform."""

    source: Named
    group: str
    team: Named | None
    role: Named
    place: Place


class Declaration(msgspec.Struct, frozen=True):
    """A whole file."""

    providers: tuple[ProviderDeclared, ...] = ()
    services: tuple[ServiceDeclared, ...] = ()
    teams: tuple[TeamDeclared, ...] = ()
    prices: tuple[PriceDeclared, ...] = ()
    roles: tuple[RoleDeclared, ...] = ()
    webhooks: tuple[WebhookDeclared, ...] = ()
    issuers: tuple[IssuerDeclared, ...] = ()
    identity_providers: tuple[IdentityProviderDeclared, ...] = ()
    group_roles: tuple[GroupRoleDeclared, ...] = ()
