"""/api/v1/me: one's own profile and password."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.access.personal import person
from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS
from torana.control.publish.publish import Publisher
from torana.control.sessions import service as sessions
from torana.control.sessions.sign_in import check_own_password
from torana.control.users import passwords
from torana.control.users import service as users
from torana.control.users.schemas import PasswordAsked, ProfileAsked, UserShown, shown
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/me", tags=["me"], responses=PROBLEMS)


@router.get("", response_model=UserShown, **guard("signed_in"))
async def get_me(request: Request, actor: Acting) -> Response:
    """One's own account."""
    if actor.id is None:
        raise Refusal("sign_in_required")
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await _mine(connection, actor.id)
    return reply(request, shown(found))


@router.patch("", response_model=UserShown, **guard("signed_in"))
async def change_me(body: ProfileAsked, request: Request, actor: Acting) -> Response:
    """Change what one is called."""
    user_id = person(actor)
    async with changing(request) as change:
        found = await _mine(change.connection, user_id)
        before = shown(found)
        change.match(before)
        after = shown(await users.rename(change.connection, found, body.name))
        await change.note("user.change", "user", found.id, name=found.email, before=before, after=after)
        return change.reply(after)


@router.post("/password", status_code=204, **guard("signed_in"))
async def change_my_password(body: PasswordAsked, request: Request, actor: Acting) -> Response:
    """Another password, with the old one. All other sessions end; tokens stay."""
    user_id = person(actor)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await _mine(connection, user_id)
    await check_own_password(publisher, actor, found, body.old)
    passwords.check_password(body.new, found.email, "new")
    password_hash = await passwords.hash_password(body.new)
    async with changing(request) as change:
        now = await _mine(change.connection, user_id)
        if now.password_hash != found.password_hash:
            raise Refusal("conflicting_change")
        await users.set_password(change.connection, now, password_hash)
        ended = await sessions.end_all(change.connection, user_id, but=actor.via)
        await change.note("user.password", "user", user_id, name=found.email, after={"sessions_ended": ended})
        return change.reply(None)


async def _mine(connection: Connection, user_id: str) -> users.User:
    found = await users.by_id(connection, user_id)
    if found is None:
        raise Refusal("not_found", noun="user", name=user_id)
    return found
