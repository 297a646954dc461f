"""/api/v1/keys: made (shown once), listed, changed, rotated, revoked."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Filter, Listed, Paging
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.keys.shapes import KeyAsked, KeyChanges, KeyMade, KeyShown, Rotation, made, shown
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/keys", tags=["keys"], responses=PROBLEMS)


@router.get("", response_model=Listed[KeyShown], **guard("keys:read"))
async def list_keys(
    request: Request,
    actor: Acting,
    paging: Paging,
    team: Filter = None,
    app: Filter = None,
    state: keys.KeyState | None = None,
) -> Response:
    """Keys without their values, revoked ones too, perhaps of one team or app (ids or names) or in one state.

    Sorted by `created_us` or `name`.
    """
    publisher: Publisher = request.app.state.publisher
    which = keys.KeysAsked(team, app, state)
    async with reading(publisher.engine) as connection:
        rows, following = await keys.page(connection, actor.scope("keys:read"), paging, which, epoch_us())
    return reply(request, Listed[KeyShown](items=[shown(found) for found in rows], next=following))


@router.post("", status_code=201, response_model=KeyMade, **guard("keys:write"))
async def create_key(body: KeyAsked, request: Request, actor: Acting) -> Response:
    """Make a key; its value is in this reply only."""
    reference = body.app if body.team is None else f"{body.team}/{body.app}"
    async with changing(request) as change:
        found = await apps.find(change.connection, actor.scope("keys:read"), reference)
        app = found.app
        actor.demand("keys:write", app.team_id)
        new = await keys.create(
            change.connection,
            change.master,
            team_id=app.team_id,
            app_id=app.id,
            name=body.name,
            expires_us=body.ends_us,
            scopes=None if body.scopes is None else body.scopes.made(),
            networks=body.networks,
        )
        named = keys.Named(new.key, found.team, app.name)
        await change.note("key.create", "key", new.key.id, name=body.name, team_id=app.team_id, after=shown(named))
        return change.reply(made(named, new.secret.reveal()), 201, location=f"/api/v1/keys/{new.key.id}")


@router.get("/{key:path}", response_model=KeyShown, **guard("keys:read"))
async def get_key(key: str, request: Request, actor: Acting) -> Response:
    """One key, by its id, or while it is not revoked by `team/app/name`, or by its name where only one has it."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await keys.find(connection, actor.scope("keys:read"), key)
    return reply(request, shown(found))


@router.patch("/{key:path}", response_model=KeyShown, **guard("keys:write"))
async def change_key(key: str, body: KeyChanges, request: Request, actor: Acting) -> Response:
    """Change a key's name, end, scopes or networks. Gates hold to it within a second."""
    async with changing(request) as change:
        found = await keys.find(change.connection, actor.scope("keys:read"), key)
        actor.demand("keys:write", found.key.team_id)
        before = shown(found)
        change.match(before)
        after = shown(found._replace(key=await keys.change(change.connection, found.key, body.made())))
        await change.note(
            "key.change", "key", after.id, name=after.name, team_id=after.team_id, before=before, after=after
        )
        return change.reply(after)


@router.post("/{key:path}/rotate", response_model=KeyMade, **guard("keys:write"))
async def rotate_key(key: str, body: Rotation, request: Request, actor: Acting) -> Response:
    """Give a key a new value, which is in this reply only. The one before counts for `overlap_seconds` still."""
    async with changing(request) as change:
        found = await keys.find(change.connection, actor.scope("keys:read"), key)
        actor.demand("keys:write", found.key.team_id)
        before = shown(found)
        change.match(before, required=False)
        new = await keys.rotate(change.connection, change.master, found.key, body.overlap_seconds)
        named = found._replace(key=new.key)
        after = shown(named)
        await change.note(
            "key.rotate", "key", after.id, name=after.name, team_id=after.team_id, before=before, after=after
        )
        return change.reply(made(named, new.secret.reveal()))


@router.delete("/{key:path}", status_code=204, **guard("keys:write"))
async def revoke_key(key: str, request: Request, actor: Acting) -> Response:
    """Revoke a key, and the value before its last rotation: no gate takes them a second later. It stays in the list."""
    async with changing(request) as change:
        found = await keys.find(change.connection, actor.scope("keys:read"), key)
        actor.demand("keys:write", found.key.team_id)
        before = shown(found)
        change.match(before, required=False)
        revoked = await keys.revoke(change.connection, actor.scope("keys:write"), found.key.id)
        await change.note("key.revoke", "key", before.id, name=before.name, team_id=revoked.team_id, before=before)
        return change.reply(None)
