"""/api/v1/sign-in: through an identity provider, for browsers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from torana.control.access.actor import Actor
from torana.control.api.change import reply
from torana.control.api.guard import SESSION_COOKIE, Acting, guard
from torana.control.api.shapes import PROBLEMS, Problem
from torana.control.audit import service as audit
from torana.control.identity import address, cookie, person, service, sign_in
from torana.control.identity.endpoints import callback_path
from torana.control.identity.issuer import Issuers
from torana.control.identity.repository import Provider, by_name
from torana.control.identity.sign_in import Answer
from torana.control.publish.publish import Publisher
from torana.control.sessions import cookie as session_cookie
from torana.control.sessions import service as sessions
from torana.control.sessions import throttle
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.kit.log import logger
from torana.settings import Settings
from torana.stores.sql.engine import reading, writing

router = APIRouter(prefix="/sign-in", tags=["session"], responses=PROBLEMS)

Text = Annotated[str | None, Query(max_length=4096)]
_REDIRECTED: dict[int | str, dict[str, Any]] = {
    303: {"description": "To the identity provider, or back to this installation."},
    502: {"model": Problem, "description": "The identity provider does not answer as it should."},
}
_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class WayShown(BaseModel):
    """An identity provider that one may sign in through."""

    name: str
    path: Annotated[str, Field(description="Send the browser there, with `next` for where to go afterwards.")]


class WaysShown(BaseModel):
    """How one may sign in besides by password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"providers": [{"name": "okta", "path": "/api/v1/sign-in/okta"}]}]}
    )

    providers: list[WayShown]


@router.get("", response_model=WaysShown, **guard("public"))
async def list_ways_to_sign_in(request: Request) -> Response:
    """Identity providers that one may sign in through."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        names = await service.in_use(connection)
    shown = [WayShown(name=name, path=f"/api/v1/sign-in/{name}") for name in names]
    return reply(request, WaysShown(providers=shown))


@router.get("/{provider}", status_code=303, responses=_REDIRECTED, response_class=Response, **guard("public"))
async def begin_sign_in(provider: str, request: Request, next: Text = None) -> Response:  # noqa: A002
    """Send the browser to the identity provider. `next` is a path of this installation, the console without it."""
    publisher: Publisher = request.app.state.publisher
    found = await _in_use(publisher, provider)
    callback = _home(request, found) + callback_path(found.name)
    target, begun = await sign_in.begin(_issuers(request), found, callback, sign_in.local(next))
    response = RedirectResponse(target, 303, _HEADERS)
    cookie.give(response, publisher.master, begun)
    return response


@router.get("/{provider}/callback", status_code=303, responses=_REDIRECTED, response_class=Response, **guard("public"))
async def end_sign_in(
    provider: str,
    request: Request,
    actor: Acting,
    state: Text = None,
    code: Text = None,
    iss: Text = None,
    error: Text = None,
) -> Response:
    """Where the identity provider sends the browser back to. What comes of it is a session, and a redirect to `next`."""
    publisher: Publisher = request.app.state.publisher
    settings: Settings = request.app.state.settings
    found = await _in_use(publisher, provider)
    begun = cookie.read(request.cookies.get(cookie.NAME), publisher.master)
    try:
        who = await sign_in.finish(_issuers(request), publisher.master, found, begun, Answer(state, code, iss, error))
        if begun is None:
            raise Refusal("sign_in_stale")
        given_up = request.cookies.get(SESSION_COOKIE)
        async with publisher.change() as connection:
            # Looked up again: it may have been changed, disabled or removed while its issuer was asked.
            if await by_name(connection, found.name) != found:
                raise Refusal("sign_in_stale")
            user = await person.user_of(connection, found, who)
            if given_up:
                await sessions.forget(connection, publisher.master, Secret(given_up))
            session, secret = await sessions.begin(connection, publisher.master, settings, user, actor, found.name)
            signed_in = actor._replace(kind="person", id=user.id, name=user.email, via=session.id)
            after = {"method": found.name, "expires_us": session.expires_us}
            await audit.note(
                connection,
                publisher.master,
                signed_in,
                "session.create",
                "session",
                session.id,
                name=user.email,
                after=after,
            )
    except Refusal as refusal:
        logger().warning("sign_in_refused", provider=found.name, code=refusal.code, reason=refusal.sentence)
        if refusal.code == "sign_in_refused":
            await _note_failure(publisher, actor, found, refusal)
        raise
    response = RedirectResponse(begun.next, 303, _HEADERS)
    cookie.take(response)
    https = begun.redirect_uri.startswith("https://")
    session_cookie.give(request, response, secret, settings.session_total_seconds, https=https)
    return response


async def _note_failure(publisher: Publisher, actor: Actor, provider: Provider, refusal: Refusal) -> None:
    """Into the audit trail, unless it happens all the time: then whoever fails on purpose would fill it."""
    async with writing(publisher.engine) as connection:
        try:
            await throttle.count_address(connection, publisher.master, "identity provider", actor.address)
        except Refusal:
            return
        after = {"method": provider.name, "reason": refusal.sentence}
        await audit.note(connection, publisher.master, actor, "session.failed", "user", None, after=after)


async def _in_use(publisher: Publisher, name: str) -> Provider:
    async with reading(publisher.engine) as connection:
        found = await by_name(connection, name) if name.isprintable() else None
    if found is None or found.disabled_us is not None:
        raise Refusal("not_found", noun="identity provider", name=name[:200])
    return found


def _home(request: Request, provider: Provider) -> str:
    """How the browser reaches this installation. Raises Refusal where it is said in a way that is none."""
    if provider.said.public_url is not None:
        return provider.said.public_url.rstrip("/")
    scheme = "https" if session_cookie.by_https(request) else "http"
    home = f"{scheme}://{request.headers.get('host', '')}"
    parsed = address.parsed(home)
    if parsed is None or parsed.query:
        raise Refusal("invalid_field", param="Host", reason="expected the name of this installation")
    return home


def _issuers(request: Request) -> Issuers:
    found: Issuers = request.app.state.issuers
    return found
