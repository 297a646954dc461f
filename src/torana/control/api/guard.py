"""Who may call an endpoint. Every route of the admin API says so by `guard(...)`; a test refuses one that does not."""

from typing import Annotated, Any

from fastapi import Depends, Request

from torana.control.access import identify
from torana.control.access import repository as access
from torana.control.access.actor import OWNER, Actor
from torana.control.access.repository import Known
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.sql.engine import reading, writing

SESSION_COOKIE = "torana_session"
PERMISSION = "x-torana-permission"
"""Where the OpenAPI document names what a route needs: a permission, `signed_in`, or `public`."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_MOST_AGENT = 300
_NOTED_EVERY_US = 60_000_000
"""How often it is written down that a token or session is in use."""


def guard(permission: str, *, platform: bool = False) -> dict[str, Any]:
    """For a route's decorator: who asks needs this permission in some team, or with `platform` everywhere.

    The endpoint still looks things up in `actor.scope(permission)`, and demands it of the team whose thing it is.
    `signed_in` lets in whoever is known, `public` everybody.
    """
    if permission == "public":
        return {"dependencies": [Depends(_anybody)], "openapi_extra": {PERMISSION: permission, "security": []}}

    async def allowed(request: Request) -> None:
        actor = await _known(request)
        if permission == "signed_in":
            return
        if platform:
            actor.demand(permission, None)
        else:
            actor.demand_anywhere(permission)

    return {"dependencies": [Depends(allowed)], "openapi_extra": {PERMISSION: permission}}


def acting(request: Request) -> Actor:
    """Who asks, in an endpoint behind `guard`."""
    actor: Actor = request.state.actor
    return actor


Acting = Annotated[Actor, Depends(acting)]


async def _anybody(request: Request) -> None:
    request.state.actor = _from(request, Actor("nobody", None, "nobody"))


async def _known(request: Request) -> Actor:
    """Who asks. Raises Refusal `missing_token`, `invalid_token` or `foreign_origin`."""
    if request.scope.get("torana_owner") is True:
        actor: Actor | None = OWNER
    else:
        actor = await _identified(request)
    if actor is None:
        raise Refusal("invalid_token")
    request.state.actor = found = _from(request, actor)
    return found


async def _identified(request: Request) -> Actor | None:
    given = request.headers.getlist("authorization")
    publisher: Publisher = request.app.state.publisher
    if given:
        scheme, _, token = given[0].partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
            raise Refusal("invalid_token")
        async with reading(publisher.engine) as connection:
            known = await identify.known_by_token(connection, publisher.master, Secret(token.strip()))
            actor = None if known is None else await identify.actor_of(connection, known)
        return await _noted(request, known, actor)
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        raise Refusal("missing_token")
    if request.method not in _SAFE:
        _check_origin(request)
    async with reading(publisher.engine) as connection:
        known = await identify.known_by_session(connection, publisher.master, Secret(cookie))
        actor = None if known is None else await identify.actor_of(connection, known)
    return await _noted(request, known, actor)


async def _noted(request: Request, known: Known | None, actor: Actor | None) -> Actor | None:
    now_us = epoch_us()
    if known is None or now_us - (known.seen_us or 0) < _NOTED_EVERY_US:
        return actor
    settings: Settings = request.app.state.settings
    async with writing(request.app.state.publisher.engine) as connection:
        if known.ends_us is None:
            await access.token_used(connection, known.via, now_us)
        else:
            until = min(known.ends_us, now_us + int(settings.session_idle_seconds * 1_000_000))
            await access.session_used(connection, known.via, now_us, until)
    return actor


def check_page(request: Request) -> None:
    """That no page of another site sends this, where a browser says which one did. Raises Refusal `foreign_origin`.

    For public endpoints that give or use a cookie: programs, which say nothing, may call them.
    """
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        _check_origin(request)


def _check_origin(request: Request) -> None:
    # A browser sends the cookie by itself; it also says which page had it send a request, and pages cannot change that.
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site in ("same-origin", "none"):
        return
    if site is not None or origin is None or origin.partition("://")[2] != request.headers.get("host"):
        raise Refusal("foreign_origin")


def _from(request: Request, actor: Actor) -> Actor:
    address = request.client.host if request.client else None
    agent = request.headers.get("user-agent")
    return actor._replace(address=address, agent=agent[:_MOST_AGENT] if agent else None)
