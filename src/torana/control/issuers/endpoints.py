"""/api/v1/issuers: whose tokens stand for apps, beside keys.

An issuer makes credentials of apps, so it needs `keys:*` in the team whose it is, and `identity:write` where it is the platform's.
An address that control fetches keys from is the platform's matter too, whosever issuer it is.
"""

from typing import Annotated, Any, ClassVar, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import NO_NUL, PROBLEMS, Asked, Filter, Listed, Paging
from torana.control.issuers import service as issuers
from torana.control.issuers.refresh import refresh
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/issuers", tags=["issuers"], responses=PROBLEMS)

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["company"])]
Audiences = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=500)]],
    Field(
        min_length=1,
        max_length=issuers.MOST_AUDIENCES,
        description="One of these has to be in `aud`.",
        examples=[["https://gateway.example"]],
    ),
]
Claim = Annotated[
    str, Field(min_length=1, max_length=200, description="Whose value says which app it is.", examples=["azp"])
]
Apps = Annotated[
    dict[str, str],
    Field(
        max_length=issuers.MOST_APPS,
        description="The claim's value to an app: its id, `team/name`, or its name. Shown are ids.",
        examples=[{"checkout-client": "payments/checkout"}],
    ),
]
Jwks = Annotated[dict[str, Any] | None, Field(description="A JWK Set with public keys, instead of `jwks_uri`.")]
JwksUri = Annotated[
    str | None,
    Field(
        max_length=2000,
        description="Where control fetches the JWK Set; needs `identity:write`.",
        examples=["https://id.example/jwks.json"],
    ),
]


class IssuerAsked(Asked):
    """An issuer to be made."""

    name: Name
    team: Annotated[
        str | None,
        Field(max_length=100, pattern=NO_NUL, description="Id or name; null is the platform, for apps of any team."),
    ] = None
    issuer: Annotated[
        str, Field(min_length=1, max_length=500, description="What `iss` is.", examples=["https://id.example/"])
    ]
    audiences: Audiences
    claim: Claim
    apps: Apps
    jwks: Jwks = None
    jwks_uri: JwksUri = None


class IssuerChanges(Asked):
    """What is to be different; what is left out stays. `jwks` takes the place of `jwks_uri`, and the other way round."""

    name: Name | None = None
    audiences: Audiences | None = None
    claim: Claim | None = None
    apps: Apps | None = None
    jwks: Jwks = None
    jwks_uri: JwksUri = None

    @model_validator(mode="after")
    def _given(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("leave out what is to stay; nothing of this can be null")
        return self


class IssuerKey(BaseModel):
    """A public key."""

    kid: Annotated[str, Field(description="Empty where its set gives none.")]
    alg: str


class IssuerShown(BaseModel):
    """An issuer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "issuer_8d2k…",
                    "name": "company",
                    "team": None,
                    "team_id": None,
                    "issuer": "https://id.example/",
                    "audiences": ["https://gateway.example"],
                    "claim": "azp",
                    "apps": {"checkout-client": "app_3n8d…"},
                    "jwks_uri": "https://id.example/jwks.json",
                    "keys": [{"kid": "2026-1", "alg": "RS256"}],
                    "fetched_us": 1_790_000_000_000_000,
                    "problem": None,
                    "last_used_us": 1_790_000_120_000_000,
                    "created_us": 1_790_000_000_000_000,
                }
            ]
        }
    )
    PASSING: ClassVar[frozenset[str]] = frozenset({"fetched_us", "problem", "last_used_us"})

    id: str
    name: str
    team: str | None
    team_id: str | None
    issuer: str
    audiences: list[str]
    claim: str
    apps: dict[str, str]
    jwks_uri: str | None
    keys: list[IssuerKey]
    fetched_us: Annotated[int | None, Field(description="When keys were last fetched, in microseconds since 1970.")]
    problem: Annotated[str | None, Field(description="Why that last failed; keys fetched before go on.")]
    last_used_us: Annotated[int | None, Field(description="When the last recorded call with a token of it began.")]
    created_us: int


@router.get("", response_model=Listed[IssuerShown], **guard("keys:read"))
async def list_issuers(request: Request, actor: Acting, paging: Paging, team: Filter = None) -> Response:
    """Issuers, or those of one team (id or name). Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await issuers.page(connection, actor.scope("keys:read"), paging, team)
    return reply(request, Listed[IssuerShown](items=[shown(found) for found in rows], next=following))


@router.post("", status_code=201, response_model=IssuerShown, **guard("keys:write"))
async def create_issuer(body: IssuerAsked, request: Request, actor: Acting) -> Response:
    """Take tokens of somebody for apps: RS256, ES256 or EdDSA, with `iss`, `aud` and `exp`."""
    async with changing(request) as change:
        team_id = team = None
        if body.team is not None:
            found = await teams.find(change.connection, actor.scope("keys:read"), body.team)
            team_id, team = found.id, found.name
        _demand(actor, team_id, fetching=body.jwks_uri is not None)
        draft = issuers.Draft(**body.model_dump(exclude={"team"}), team_id=team_id)
        issuer = await issuers.create(change.connection, draft)
        after = shown(issuers.Named(issuer, team))
        await change.note("issuer.create", "issuer", issuer.id, name=issuer.name, team_id=team_id, after=after)
        return change.reply(after, 201, location=f"/api/v1/issuers/{issuer.id}")


@router.get("/{issuer}", response_model=IssuerShown, **guard("keys:read"))
async def get_issuer(issuer: str, request: Request, actor: Acting) -> Response:
    """One issuer, by its id."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await issuers.find(connection, actor.scope("keys:read"), issuer)
    return reply(request, shown(found))


@router.patch("/{issuer}", response_model=IssuerShown, **guard("keys:write"))
async def change_issuer(issuer: str, body: IssuerChanges, request: Request, actor: Acting) -> Response:
    """Change an issuer; `apps` and `audiences` are given whole."""
    async with changing(request) as change:
        found = await issuers.find(change.connection, actor.scope("keys:read"), issuer)
        team_id = found.issuer.team_id
        _demand(actor, team_id, fetching=body.jwks_uri is not None)
        before = shown(found)
        change.match(before)
        changed = await issuers.change(change.connection, found.issuer, body.model_dump(exclude_unset=True))
        after = shown(found._replace(issuer=changed))
        await change.note(
            "issuer.change", "issuer", after.id, name=after.name, team_id=team_id, before=before, after=after
        )
        return change.reply(after)


@router.post("/{issuer}/refresh", response_model=IssuerShown, **guard("keys:write"))
async def refresh_issuer(issuer: str, request: Request, actor: Acting) -> Response:
    """Fetch its keys now, rather than with the next regular look. What went wrong stands in `problem`."""
    publisher: Publisher = request.app.state.publisher
    scope = actor.scope("keys:read")
    async with reading(publisher.engine) as connection:
        found = await issuers.find(connection, scope, issuer)
    _demand(actor, found.issuer.team_id, fetching=False)
    if found.issuer.jwks_uri is None:
        raise Refusal("invalid_field", param="jwks_uri", reason="its keys were given, so there is nothing to fetch")
    await refresh(publisher, found.issuer, epoch_us())
    async with changing(request) as change:
        now = await issuers.find(change.connection, scope, issuer)
        team_id, before, after = now.issuer.team_id, shown(found), shown(now)
        await change.note(
            "issuer.refresh", "issuer", after.id, name=after.name, team_id=team_id, before=before, after=after
        )
        return change.reply(after)


@router.delete("/{issuer}", status_code=204, **guard("keys:write"))
async def delete_issuer(issuer: str, request: Request, actor: Acting) -> Response:
    """Take no more tokens of this issuer: no gate does a second later."""
    async with changing(request) as change:
        found = await issuers.find(change.connection, actor.scope("keys:read"), issuer)
        _demand(actor, found.issuer.team_id, fetching=False)
        before = shown(found)
        change.match(before, required=False)
        await issuers.remove(change.connection, found.issuer)
        await change.note("issuer.delete", "issuer", before.id, name=before.name, team_id=before.team_id, before=before)
        return change.reply(None)


def shown(found: issuers.Named) -> IssuerShown:
    """An issuer as the API shows it."""
    issuer = found.issuer
    return IssuerShown(
        id=issuer.id,
        name=issuer.name,
        team=found.team,
        team_id=issuer.team_id,
        issuer=issuer.issuer,
        audiences=list(issuers.audiences_of(issuer)),
        claim=issuer.claim,
        apps=issuers.apps_of(issuer),
        jwks_uri=issuer.jwks_uri,
        keys=[IssuerKey(kid=key.kid, alg=key.alg) for key in issuers.keys_of(issuer)],
        fetched_us=issuer.fetched_us,
        problem=issuer.problem,
        last_used_us=found.last_used_us,
        created_us=issuer.created_us,
    )


def _demand(actor: Actor, team_id: str | None, *, fetching: bool) -> None:
    actor.demand("keys:write", team_id)
    if team_id is None or fetching:
        actor.demand("identity:write", None)
