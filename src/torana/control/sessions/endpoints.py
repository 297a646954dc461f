"""/api/v1/session: sign in, who am I, sign out; /api/v1/me/sessions: where one is signed in."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.access import identify
from torana.control.access.actor import Actor
from torana.control.access.personal import in_session, person
from torana.control.api.change import changing, reply
from torana.control.api.guard import SESSION_COOKIE, Acting, acting, check_page, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.audit import service as audit
from torana.control.publish.publish import Publisher
from torana.control.sessions import cookie
from torana.control.sessions import service as sessions
from torana.control.sessions.schemas import SessionShown, SignInAsked, TeamPermissions, WhoShown, shown
from torana.control.sessions.sign_in import sign_in
from torana.control.teams import service as teams
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.sql.engine import reading, writing

router = APIRouter(tags=["session"], responses=PROBLEMS)


@router.post("/session", status_code=201, response_model=WhoShown, **guard("public"))
async def create_session(body: SignInAsked, request: Request) -> Response:
    """Sign in by e-mail and password. The session comes as a cookie, and nothing secret in the reply."""
    check_page(request)
    publisher: Publisher = request.app.state.publisher
    settings: Settings = request.app.state.settings
    given = request.cookies.get(SESSION_COOKIE)
    given_up = Secret(given) if given else None
    done = await sign_in(publisher, settings, acting(request), body.email, body.password, given_up)
    async with reading(publisher.engine) as connection:
        actor = await identify.by_session(connection, publisher.master, done.cookie)
        if actor is None:
            raise Refusal("sign_in_failed")
        who = await teams.names(connection, actor.teams)
    response = reply(request, _who(actor, who))
    response.status_code = 201
    cookie.give(request, response, done.cookie, settings.session_total_seconds)
    return response


@router.get("/session", response_model=WhoShown, **guard("signed_in"))
async def get_session(request: Request, actor: Acting) -> Response:
    """Who one is, and what one may do: everywhere, and in each of one's teams."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        names = await teams.names(connection, actor.teams)
    return reply(request, _who(actor, names))


@router.delete("/session", status_code=204, **guard("signed_in"))
async def delete_session(request: Request, actor: Acting) -> Response:
    """Sign out."""
    if not in_session(actor) or actor.via is None:
        raise Refusal("sign_in_required")
    publisher: Publisher = request.app.state.publisher
    async with writing(publisher.engine) as connection:
        await sessions.end(connection, actor.via)
        await audit.note(connection, publisher.master, actor, "session.delete", "session", actor.via, name=actor.name)
    response = Response(None, 204, {"cache-control": "no-store"})
    cookie.take(request, response)
    return response


@router.get("/me/sessions", response_model=Listed[SessionShown], **guard("signed_in"))
async def list_my_sessions(request: Request, actor: Acting, paging: Paging) -> Response:
    """Where one is signed in. Sorted by `created_us` or `seen_us`."""
    user_id = person(actor)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await sessions.page(connection, user_id, paging)
    items = [shown(session, actor.via) for session in rows]
    return reply(request, Listed[SessionShown](items=items, next=following))


@router.delete("/me/sessions/{session}", status_code=204, **guard("signed_in"))
async def delete_my_session(session: str, request: Request, actor: Acting) -> Response:
    """Sign out somewhere else."""
    user_id = person(actor)
    async with changing(request) as change:
        found = await sessions.find(change.connection, user_id, session)
        await sessions.end(change.connection, found.id)
        await change.note("session.delete", "session", found.id, name=actor.name, before=shown(found, actor.via))
        return change.reply(None)


@router.delete("/me/sessions", status_code=204, **guard("signed_in"))
async def delete_my_other_sessions(request: Request, actor: Acting) -> Response:
    """Sign out everywhere but here."""
    user_id = person(actor)
    async with changing(request) as change:
        ended = await sessions.end_all(change.connection, user_id, but=actor.via)
        await change.note("session.delete", "session", None, name=actor.name, before={"sessions": ended})
        return change.reply(None)


def _who(actor: Actor, names: dict[str, str]) -> WhoShown:
    return WhoShown(
        user_id=actor.id,
        name=actor.name,
        kind=actor.kind,
        by="session" if in_session(actor) else "token" if actor.via is not None else "socket",
        via=actor.via,
        permissions=sorted(actor.platform),
        teams=[
            TeamPermissions(id=team_id, name=name, permissions=sorted(actor.teams[team_id]))
            for team_id, name in sorted(names.items(), key=lambda one: one[1])
        ],
    )
