"""/api/v1/keys: made (shown once), listed, revoked."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from torana.control.access.scope import PLATFORM
from torana.control.api.guard import guard
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/keys")


class NewKeyAsked(BaseModel):
    """A key to be made for an app. `team` may be left out when only one team has an app of that name."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    app: str
    team: str | None = None
    name: str = "key"
    expires_seconds: Annotated[int | None, Field(gt=0, le=3_155_760_000)] = None


@router.post("", status_code=201, **guard("keys:write", platform=True))
async def create(body: NewKeyAsked, request: Request) -> dict[str, Any]:
    """Make a key; its value is in this reply only."""
    publisher: Publisher = request.app.state.publisher
    expires_us = epoch_us() + body.expires_seconds * 1_000_000 if body.expires_seconds else None
    async with publisher.change() as connection:
        team, app = await _app(connection, body.team, body.app)
        made = await keys.create(
            connection, publisher.master, team_id=app.team_id, app_id=app.id, name=body.name, expires_us=expires_us
        )
    return {**_shown(keys.Named(made.key, team, app.name)), "value": made.secret.reveal()}


@router.get("", **guard("keys:read", platform=True))
async def list_keys(request: Request, team: str | None = None, app: str | None = None) -> dict[str, Any]:
    """Keys, oldest first, without their values."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await keys.named(connection, team, app)
    return {"keys": [_shown(one) for one in found]}


@router.delete("/{reference:path}", **guard("keys:write", platform=True))
async def revoke(reference: str, request: Request) -> dict[str, Any]:
    """Revoke a key by its id, by `team/app/name`, or by its name where only one key in use has it."""
    publisher: Publisher = request.app.state.publisher
    async with publisher.change() as connection:
        found = await keys.find(connection, reference)
        await keys.revoke(connection, PLATFORM, found.key.id)
    return {**_shown(found), "revoked": True}


async def _app(connection: Connection, team: str | None, name: str) -> tuple[str, apps.App]:
    if team is not None:
        return team, await apps.get(connection, (await teams.get(connection, team)).id, name)
    found = [app for app in await apps.listed(connection, PLATFORM) if app.name == name]
    names = {one.id: one.name for one in await teams.listed(connection)}
    if len(found) > 1:
        listed = ", ".join(sorted(names[app.team_id] for app in found)[:5])
        raise Refusal("invalid_field", param="team", reason=f"several teams have such an app: {listed}")
    if not found:
        raise Refusal("not_found", noun="app", name=name)
    return names[found[0].team_id], found[0]


def _shown(named: keys.Named) -> dict[str, Any]:
    key = named.key
    return {
        "id": key.id,
        "name": key.name,
        "team": named.team,
        "app": named.app,
        "hint": key.hint,
        "created_us": key.created_us,
        "expires_us": key.expires_us,
        "revoked": key.revoked_us is not None,
    }
