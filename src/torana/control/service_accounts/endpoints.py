"""/api/v1/teams/{team}/service-accounts: programs of a team, and their tokens."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.members import repository as memberships
from torana.control.members.endpoints import Roles
from torana.control.publish.publish import Publisher
from torana.control.service_accounts import service as accounts
from torana.control.teams import service as teams
from torana.control.tokens import service as tokens
from torana.control.tokens.schemas import TokenAsked, TokenMade, TokenShown, made
from torana.control.tokens.schemas import shown as token_shown
from torana.control.users.repository import User
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/teams/{team}/service-accounts", tags=["service_accounts"], responses=PROBLEMS)


class AccountAsked(Asked):
    """A service account to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["deployer"])]
    roles: Roles


class AccountChange(Asked):
    """What is to be different; what is left out stays."""

    roles: Roles | None = None
    state: Annotated[
        Literal["active", "suspended"] | None, Field(description="While it is suspended none of its tokens counts.")
    ] = None


class AccountShown(BaseModel):
    """A service account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "user_2j…",
                    "name": "deployer",
                    "team_id": "team_4b…",
                    "state": "active",
                    "roles": ["developer"],
                    "created_us": 1_790_000_000_000_000,
                }
            ]
        }
    )

    id: str
    name: str
    team_id: str
    state: str
    roles: list[str]
    created_us: int


@router.get("", response_model=Listed[AccountShown], **guard("members:read"))
async def list_service_accounts(
    team: str,
    request: Request,
    actor: Acting,
    paging: Paging,
    name: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """A team's service accounts. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        team_id = await _team(connection, actor, team)
        rows, following = await accounts.page(connection, team_id, paging, name)
        held = await _roles(connection, team_id, rows)
    items = [_shown(account, team_id, held[account.id]) for account in rows]
    return reply(request, Listed[AccountShown](items=items, next=following))


@router.post("", status_code=201, response_model=AccountShown, **guard("members:write"))
async def create_service_account(team: str, body: AccountAsked, request: Request, actor: Acting) -> Response:
    """Make a service account. It cannot sign in: make it a token."""
    async with changing(request) as change:
        team_id = await _team(change.connection, actor, team)
        actor.demand("members:write", team_id)
        account = await accounts.create(change.connection, actor, team_id, body.name, body.roles)
        after = await _now(change.connection, team_id, account)
        await _note(change, "create", account, after=after)
        return change.reply(after, 201, location=f"/api/v1/teams/{team_id}/service-accounts/{account.id}")


@router.get("/{account}", response_model=AccountShown, **guard("members:read"))
async def get_service_account(team: str, account: str, request: Request, actor: Acting) -> Response:
    """One service account, by its id."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        team_id = await _team(connection, actor, team)
        shown = await _now(connection, team_id, await accounts.find(connection, team_id, account))
    return reply(request, shown)


@router.patch("/{account}", response_model=AccountShown, **guard("members:write"))
async def change_service_account(
    team: str, account: str, body: AccountChange, request: Request, actor: Acting
) -> Response:
    """Give a service account other roles, suspend or activate it."""
    async with changing(request) as change:
        team_id, found = await _found(change, actor, team, account)
        before = await _now(change.connection, team_id, found)
        change.match(before)
        if body.roles is not None:
            await accounts.set_roles(change.connection, actor, team_id, found, body.roles)
        if body.state is not None:
            found = await accounts.set_state(change.connection, actor, team_id, found, body.state)
        after = await _now(change.connection, team_id, found)
        await _note(change, "change", found, before=before, after=after)
        return change.reply(after)


@router.delete("/{account}", status_code=204, **guard("members:write"))
async def delete_service_account(team: str, account: str, request: Request, actor: Acting) -> Response:
    """Delete a service account with its tokens."""
    async with changing(request) as change:
        team_id, found = await _found(change, actor, team, account)
        before = await _now(change.connection, team_id, found)
        change.match(before, required=False)
        await accounts.remove(change.connection, actor, team_id, found)
        await _note(change, "delete", found, before=before)
        return change.reply(None)


@router.get("/{account}/tokens", response_model=Listed[TokenShown], **guard("members:read"))
async def list_service_account_tokens(
    team: str, account: str, request: Request, actor: Acting, paging: Paging
) -> Response:
    """A service account's tokens, revoked ones too. Sorted by `created_us` (the newest first) or `name`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        team_id = await _team(connection, actor, team)
        found = await accounts.find(connection, team_id, account)
        rows, following = await tokens.page(connection, found.id, paging)
    return reply(request, Listed[TokenShown](items=[token_shown(token) for token in rows], next=following))


@router.post("/{account}/tokens", status_code=201, response_model=TokenMade, **guard("members:write"))
async def create_service_account_token(
    team: str, account: str, body: TokenAsked, request: Request, actor: Acting
) -> Response:
    """Make a token; its value is in this reply only."""
    async with changing(request) as change:
        team_id, found = await _found(change, actor, team, account)
        token, secret = await accounts.create_token(
            change.connection,
            change.master,
            actor,
            team_id,
            found,
            name=body.name,
            scopes=body.scopes,
            expires_us=body.expires_us,
        )
        after = token_shown(token)
        await change.note("token.create", "token", token.id, name=token.name, team_id=team_id, after=after)
        place = f"/api/v1/teams/{team_id}/service-accounts/{found.id}/tokens/{token.id}"
        return change.reply(made(token, secret), 201, location=place)


@router.delete("/{account}/tokens/{token}", status_code=204, **guard("members:write"))
async def delete_service_account_token(
    team: str, account: str, token: str, request: Request, actor: Acting
) -> Response:
    """Revoke a token of a service account."""
    async with changing(request) as change:
        team_id, found = await _found(change, actor, team, account)
        one = await tokens.find(change.connection, found.id, token)
        before = token_shown(one)
        change.match(before, required=False)
        await tokens.revoke(change.connection, one.id)
        await change.note("token.delete", "token", one.id, name=one.name, team_id=team_id, before=before)
        return change.reply(None)


async def _team(connection: Connection, actor: Actor, reference: str) -> str:
    return (await teams.find(connection, actor.scope("members:read"), reference)).id


async def _found(change: Change, actor: Actor, team: str, account: str) -> tuple[str, User]:
    team_id = await _team(change.connection, actor, team)
    found = await accounts.find(change.connection, team_id, account)
    actor.demand("members:write", team_id)
    return team_id, found


async def _note(
    change: Change, verb: str, account: User, before: AccountShown | None = None, after: AccountShown | None = None
) -> None:
    await change.note(
        f"service_account.{verb}",
        "service_account",
        account.id,
        name=account.name,
        team_id=account.team_id,
        before=before,
        after=after,
    )


async def _now(connection: Connection, team_id: str, account: User) -> AccountShown:
    return _shown(account, team_id, (await _roles(connection, team_id, [account]))[account.id])


async def _roles(connection: Connection, team_id: str, found: list[User]) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {account.id: [] for account in found}
    for one in await memberships.of_users(connection, team_id, held):
        held[one.user_id].append(one.role)
    return held


def _shown(account: User, team_id: str, roles: list[str]) -> AccountShown:
    return AccountShown(
        id=account.id,
        name=account.name or account.email,
        team_id=team_id,
        state=account.state,
        roles=sorted(roles),
        created_us=account.created_us,
    )
