"""/api/v1/identity-providers: through which people sign in."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.responses import Response

from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.identity import service as providers
from torana.control.identity.service import Options, Provider
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/identity-providers", tags=["identity-providers"], responses=PROBLEMS)

_VISIBLE = r"^[^\x00-\x20\x7f]+$"
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=_VISIBLE)]
ClientId = Annotated[str, Field(min_length=1, max_length=300, pattern=_VISIBLE, examples=["torana"])]
ClientSecret = Annotated[
    SecretStr | None, Field(max_length=2000, description="Null for a client without one; PKCE is used in either case.")
]
Scopes = Annotated[list[Word], Field(max_length=50, description="`openid` is always asked for.")]
Domains = Annotated[
    list[Word], Field(max_length=200, description="Only these may sign in; empty is all.", examples=[["example.org"]])
]
Hosts = Annotated[
    list[Word],
    Field(max_length=20, description="Besides the issuer's own, where its endpoints may be.", examples=[[]]),
]
GroupsClaim = Annotated[Word | None, Field(description="The claim that lists the groups of who signs in.")]
CreateUsers = Annotated[bool, Field(description="Whether to make a user of somebody who is not known yet.")]
Trust = Annotated[
    bool,
    Field(
        description="Whether an address counts that the issuer has not verified. Whoever can type one in takes the account."
    ),
]
Ca = Annotated[str | None, Field(max_length=100_000, description="PEM of further certificates to trust.")]
PublicUrl = Annotated[
    Word | None,
    Field(description="Where browsers reach this installation; null is as their requests say.", max_length=500),
]


Filter = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class IdentityProviderAsked(Asked):
    """An identity provider to be set up."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["okta"])]
    issuer: Annotated[str, Field(min_length=1, max_length=500, examples=["https://login.example.org"])]
    client_id: ClientId
    client_secret: ClientSecret = None
    scopes: Scopes = Field(default_factory=lambda: ["openid", "email", "profile"])
    groups_claim: GroupsClaim = None
    create_users: CreateUsers = False
    email_domains: Domains = Field(default_factory=list)
    trust_unverified_emails: Trust = False
    hosts: Hosts = Field(default_factory=list)
    ca: Ca = None
    public_url: PublicUrl = None


class IdentityProviderChange(Asked):
    """What is to be different; what is left out stays. The name and the issuer stay: make another provider instead."""

    client_id: ClientId | None = None
    client_secret: ClientSecret = None
    scopes: Scopes | None = None
    groups_claim: GroupsClaim = None
    create_users: CreateUsers | None = None
    email_domains: Domains | None = None
    trust_unverified_emails: Trust | None = None
    hosts: Hosts | None = None
    ca: Ca = None
    public_url: PublicUrl = None
    enabled: bool | None = None


class IdentityProviderShown(BaseModel):
    """An identity provider, without its secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "idp_7k2m…",
                    "name": "okta",
                    "issuer": "https://login.example.org",
                    "client_id": "torana",
                    "has_secret": True,
                    "scopes": ["openid", "email", "profile"],
                    "groups_claim": "groups",
                    "create_users": True,
                    "email_domains": ["example.org"],
                    "trust_unverified_emails": False,
                    "hosts": [],
                    "ca": None,
                    "public_url": "https://torana.example.org",
                    "enabled": True,
                    "callback_path": "/api/v1/sign-in/okta/callback",
                    "reach": ["teams:read"],
                    "created_us": 1_790_000_000_000_000,
                }
            ]
        }
    )

    id: str
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: list[str]
    groups_claim: str | None
    create_users: bool
    email_domains: list[str]
    trust_unverified_emails: bool
    hosts: list[str]
    ca: str | None
    public_url: str | None
    enabled: bool
    callback_path: Annotated[str, Field(description="Register it at the issuer, behind this installation's address.")]
    reach: Annotated[list[str], Field(description="Permissions of whoever set it up: its groups give no others.")]
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]


@router.get("", response_model=Listed[IdentityProviderShown], **guard("identity:read", platform=True))
async def list_identity_providers(request: Request, paging: Paging, name: Filter = None) -> Response:
    """Identity providers. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await providers.page(connection, paging, name)
    return reply(request, Listed[IdentityProviderShown](items=[shown(one) for one in rows], next=following))


@router.post("", status_code=201, response_model=IdentityProviderShown, **guard("identity:write", platform=True))
async def create_identity_provider(body: IdentityProviderAsked, request: Request, actor: Acting) -> Response:
    """Set up an identity provider. Nothing is called yet: the first sign-in is."""
    options = Options(**_options(body.model_dump(exclude={"name", "issuer", "client_id", "client_secret"})))
    async with changing(request) as change:
        made = await providers.create(
            change.connection,
            change.master,
            actor,
            name=body.name,
            issuer=body.issuer,
            client_id=body.client_id,
            client_secret=_secret(body.client_secret),
            options=options,
        )
        after = shown(made)
        await change.note("identity_provider.create", "identity_provider", made.id, name=made.name, after=after)
        return change.reply(after, 201, location=f"/api/v1/identity-providers/{made.id}")


@router.get("/{provider}", response_model=IdentityProviderShown, **guard("identity:read", platform=True))
async def get_identity_provider(provider: str, request: Request) -> Response:
    """One identity provider, by its id or name."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await providers.find(connection, provider)
    return reply(request, shown(found))


@router.patch("/{provider}", response_model=IdentityProviderShown, **guard("identity:write", platform=True))
async def change_identity_provider(
    provider: str, body: IdentityProviderChange, request: Request, actor: Acting
) -> Response:
    """Change an identity provider. One needs all the permissions of whoever set it up."""
    fields: dict[str, Any] = {}
    for name in body.model_fields_set:
        value = getattr(body, name)
        if value is None and name not in _MAY_BE_NULL:
            continue
        fields[name] = _secret(value) if name == "client_secret" else value
    async with changing(request) as change:
        found = await providers.find(change.connection, provider)
        before = shown(found)
        change.match(before)
        changed = await providers.change(change.connection, change.master, actor, found, _options(fields))
        after = shown(changed)
        await change.note(
            "identity_provider.change", "identity_provider", found.id, name=found.name, before=before, after=after
        )
        return change.reply(after)


@router.delete("/{provider}", status_code=204, **guard("identity:write", platform=True))
async def delete_identity_provider(provider: str, request: Request) -> Response:
    """Delete an identity provider with its groups and the roles that they gave. Its users stay."""
    async with changing(request) as change:
        found = await providers.find(change.connection, provider)
        before = shown(found)
        change.match(before, required=False)
        await providers.remove(change.connection, found)
        await change.note("identity_provider.delete", "identity_provider", found.id, name=found.name, before=before)
        return change.reply(None)


def shown(provider: Provider) -> IdentityProviderShown:
    """A provider as the API shows it."""
    said = provider.said
    return IdentityProviderShown(
        id=provider.id,
        name=provider.name,
        issuer=provider.issuer,
        client_id=provider.client_id,
        has_secret=provider.sealed_secret is not None,
        scopes=list(said.scopes),
        groups_claim=said.groups_claim,
        create_users=said.create_users,
        email_domains=list(said.email_domains),
        trust_unverified_emails=said.trust_unverified_emails,
        hosts=list(said.hosts),
        ca=said.ca,
        public_url=said.public_url,
        enabled=provider.disabled_us is None,
        callback_path=callback_path(provider.name),
        reach=list(said.reach),
        created_us=provider.created_us,
    )


def callback_path(name: str) -> str:
    """Where an issuer sends browsers back to: each provider's own, so that one's answer is never taken for another's."""
    return f"/api/v1/sign-in/{name}/callback"


_MAY_BE_NULL = frozenset(("client_secret", "groups_claim", "ca", "public_url"))


def _secret(given: SecretStr | None) -> Secret | None:
    return None if given is None or not given.get_secret_value() else Secret(given.get_secret_value())


def _options(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
