"""/api/v1/me/tokens: one's own tokens. They never can more than their owner, and less where scopes, a team or an end say so."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.access.grants import check_known
from torana.control.access.personal import in_session, person
from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.control.tokens import service as tokens
from torana.control.tokens.schemas import MyTokenAsked, TokenMade, TokenShown, made, shown
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/me/tokens", tags=["tokens"], responses=PROBLEMS)


@router.get("", response_model=Listed[TokenShown], **guard("signed_in"))
async def list_my_tokens(request: Request, actor: Acting, paging: Paging) -> Response:
    """One's own tokens, revoked ones too. Sorted by `created_us` (the newest first) or `name`."""
    user_id = person(actor)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await tokens.page(connection, user_id, paging)
    return reply(request, Listed[TokenShown](items=[shown(token) for token in rows], next=following))


@router.post("", status_code=201, response_model=TokenMade, **guard("signed_in"))
async def create_my_token(body: MyTokenAsked, request: Request, actor: Acting) -> Response:
    """Make a token; its value is in this reply only."""
    user_id = person(actor)
    tokens.check_expiry(body.expires_us)
    async with changing(request) as change:
        team_id = None
        if body.team is not None:
            team_id = (await teams.find(change.connection, actor.scope("teams:read"), body.team)).id
        await _check_outlives_nothing(change.connection, actor, user_id, body.expires_us)
        if body.scopes is not None:
            _check_scopes(actor, check_known(body.scopes, "scopes"), team_id)
        token, secret = await tokens.create(
            change.connection,
            change.master,
            user_id,
            body.name,
            body.expires_us,
            scopes=body.scopes,
            team_id=team_id,
        )
        await change.note("token.create", "token", token.id, name=token.name, after=shown(token))
        return change.reply(made(token, secret), 201, location=f"/api/v1/me/tokens/{token.id}")


@router.get("/{token}", response_model=TokenShown, **guard("signed_in"))
async def get_my_token(token: str, request: Request, actor: Acting) -> Response:
    """One of one's own tokens."""
    user_id = person(actor)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await tokens.find(connection, user_id, token)
    return reply(request, shown(found))


@router.delete("/{token}", status_code=204, **guard("signed_in"))
async def delete_my_token(token: str, request: Request, actor: Acting) -> Response:
    """Revoke one of one's own tokens."""
    user_id = person(actor)
    async with changing(request) as change:
        found = await tokens.find(change.connection, user_id, token)
        before = shown(found)
        change.match(before, required=False)
        await tokens.revoke(change.connection, found.id)
        await change.note("token.delete", "token", found.id, name=found.name, before=before)
        return change.reply(None)


def _check_scopes(actor: Actor, scopes: frozenset[str], team_id: str | None) -> None:
    held = actor.platform | actor.teams.get(team_id, frozenset()) if team_id else _anywhere(actor)
    if lacking := sorted(scopes - held):
        raise Refusal("beyond_own", permissions=", ".join(lacking[:5]))


def _anywhere(actor: Actor) -> frozenset[str]:
    return actor.platform.union(*actor.teams.values())


async def _check_outlives_nothing(connection: Connection, actor: Actor, user_id: str, expires_us: int | None) -> None:
    """That a token does not make another that is there when it has ended itself."""
    if actor.via is None or in_session(actor):
        return
    own = await tokens.find(connection, user_id, actor.via)
    if own.expires_us is not None and (expires_us is None or expires_us > own.expires_us):
        raise Refusal("invalid_field", param="expires_us", reason="expected an end before that of the token in use")
