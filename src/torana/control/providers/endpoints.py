"""/api/v1/providers: accounts at vendors. A credential goes in and never comes out."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.responses import Response

from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.providers import places
from torana.control.providers import service as providers
from torana.control.providers.service import Provider, ProviderDraft
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.core.secret import Secret
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/providers", tags=["providers"], responses=PROBLEMS)

Url = Annotated[str, Field(max_length=2000)]
Seconds = Annotated[float, Field(gt=0, le=providers.MOST_TIMEOUT_SECONDS)]
Texts = Annotated[dict[str, Annotated[str, Field(max_length=2000)]], Field(max_length=30)]


class _Settings(Asked):
    base_url: Annotated[Url | None, Field(description="Null is the vendor's own.")] = None
    dialect: Annotated[str | None, Field(max_length=40, description="To prefer, of those the vendor speaks.")] = None
    bases: Texts = Field(default_factory=dict, description="Base URLs by dialect, where they are not the vendor's.")
    options: Texts = Field(default_factory=dict, description="What an address or credential needs, such as `region`.")
    ca_pem: Annotated[str | None, Field(max_length=100_000, description="Certificates to trust.")] = None
    proxy: Url | None = None
    connect_timeout_seconds: Seconds | None = None
    first_byte_timeout_seconds: Seconds | None = None
    idle_timeout_seconds: Seconds | None = None
    total_timeout_seconds: Seconds | None = None
    stream_usage: bool | None = None


class ProviderAsked(_Settings):
    """An account to be made. Without a team it is the platform's, which every team's services may use."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["openai"])]
    vendor: Annotated[str, Field(max_length=60, examples=["openai"])]
    team: Annotated[str | None, Field(max_length=100, description="Id or name.")] = None
    api_key: Annotated[SecretStr | None, Field(max_length=32_768)] = None


class ProviderChange(_Settings):
    """What is to change; what is left out stays, but for the credential where another host is called then."""

    api_key: Annotated[SecretStr | None, Field(max_length=32_768, description="Null takes the credential away.")] = None


class ProviderShown(BaseModel):
    """An account at a vendor, without its credential."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "provider_7k2m…", "team_id": None, "name": "openai", "vendor": "openai", "has_credential": True}
            ]
        }
    )

    id: str
    team_id: Annotated[str | None, Field(description="Null is the platform's.")]
    name: str
    vendor: str
    base_url: str
    dialect: str | None
    bases: dict[str, str]
    options: dict[str, str]
    has_credential: bool
    ca_pem: str | None
    proxy: str | None
    connect_timeout_seconds: float | None
    first_byte_timeout_seconds: float | None
    idle_timeout_seconds: float | None
    total_timeout_seconds: float | None
    stream_usage: bool | None
    created_us: int


@router.get("", response_model=Listed[ProviderShown], **guard("providers:read"))
async def list_providers(
    request: Request, actor: Acting, paging: Paging, vendor: str | None = None, name: str | None = None
) -> Response:
    """One's teams' accounts and the platform's. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await providers.page(connection, actor.scope("providers:read"), paging, vendor, name)
    return reply(request, Listed[ProviderShown](items=[shown(one) for one in rows], next=following))


@router.post("", status_code=201, response_model=ProviderShown, **guard("providers:write"))
async def create_provider(body: ProviderAsked, request: Request, actor: Acting) -> Response:
    """Make an account. Its credential is sealed, and shown nowhere."""
    async with changing(request) as change:
        team = None if body.team is None else await teams.find(change.connection, actor.scope("teams:read"), body.team)
        team_id = None if team is None else team.id
        actor.demand("providers:write", team_id)
        draft = ProviderDraft(**body.model_dump(exclude={"team", "api_key"}), team_id=team_id)
        made = await providers.create(change.connection, change.master, draft, _secret(body.api_key))
        after = shown(made)
        await change.note("provider.create", "provider", made.id, name=made.name, team_id=team_id, after=after)
        return change.reply(after, 201, location=f"/api/v1/providers/{made.id}")


@router.get("/{provider}", response_model=ProviderShown, **guard("providers:read"))
async def get_provider(provider: str, request: Request, actor: Acting) -> Response:
    """One account, by its id."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await providers.find(connection, actor.scope("providers:read"), provider)
    return reply(request, shown(found))


@router.patch("/{provider}", response_model=ProviderShown, **guard("providers:write"))
async def change_provider(provider: str, body: ProviderChange, request: Request, actor: Acting) -> Response:
    """Change an account; its name, vendor and team stay."""
    async with changing(request) as change:
        found = await providers.find(change.connection, actor.scope("providers:read"), provider)
        actor.demand("providers:write", found.team_id)
        before = shown(found)
        change.match(before)
        given = body.model_fields_set
        settings: dict[str, Any] = {
            name: getattr(body if name in given else before, name) for name in _Settings.model_fields
        }
        draft = ProviderDraft(name=found.name, vendor=found.vendor, team_id=found.team_id, **settings)
        drop = "api_key" in given and body.api_key is None
        changed = await providers.update(
            change.connection, change.master, found, draft, _secret(body.api_key), drop_key=drop
        )
        after = shown(changed)
        noted = after.model_dump() | ({"api_key": "changed"} if "api_key" in given else {})
        await change.note(
            "provider.change", "provider", found.id, name=found.name, team_id=found.team_id, before=before, after=noted
        )
        return change.reply(after)


@router.delete("/{provider}", status_code=204, **guard("providers:write"))
async def delete_provider(provider: str, request: Request, actor: Acting) -> Response:
    """Delete an account that no service uses."""
    async with changing(request) as change:
        found = await providers.find(change.connection, actor.scope("providers:read"), provider)
        actor.demand("providers:write", found.team_id)
        before = shown(found)
        change.match(before, required=False)
        await providers.remove(change.connection, found)
        await change.note(
            "provider.delete", "provider", found.id, name=found.name, team_id=found.team_id, before=before
        )
        return change.reply(None)


def shown(provider: Provider) -> ProviderShown:
    """An account as the API shows it."""
    return ProviderShown(
        id=provider.id,
        team_id=provider.team_id,
        name=provider.name,
        vendor=provider.vendor,
        base_url=provider.base_url,
        dialect=provider.dialect,
        bases=places.opened(provider.bases),
        options=places.opened(provider.options),
        has_credential=provider.sealed_key is not None,
        ca_pem=provider.ca_pem,
        proxy=provider.proxy,
        connect_timeout_seconds=provider.connect_timeout_seconds,
        first_byte_timeout_seconds=provider.first_byte_timeout_seconds,
        idle_timeout_seconds=provider.idle_timeout_seconds,
        total_timeout_seconds=provider.total_timeout_seconds,
        stream_usage=provider.stream_usage,
        created_us=provider.created_us,
    )


def _secret(given: SecretStr | None) -> Secret | None:
    return None if given is None else Secret(given.get_secret_value())
