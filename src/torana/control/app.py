"""Control's HTTP app: the admin API under /api/v1."""

import asyncio
from functools import partial
from typing import Literal

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel

from torana.control.api.document import document, operation_id
from torana.control.api.guard import guard
from torana.control.api.shapes import PROBLEMS
from torana.control.approvals.endpoints import router as approvals
from torana.control.apps.endpoints import router as apps
from torana.control.audit.endpoints import router as audit
from torana.control.calls.endpoints import CallQueries
from torana.control.calls.endpoints import router as calls
from torana.control.catalogue.endpoints import router as catalogue
from torana.control.export.endpoints import router as export
from torana.control.groups.endpoints import router as groups
from torana.control.identity.endpoints import router as identity_providers
from torana.control.identity.issuer import Issuers
from torana.control.identity.sign_in_endpoints import router as sign_in
from torana.control.invitations.endpoints import router as invitations
from torana.control.invitations.post import Post
from torana.control.issuers.endpoints import router as issuers
from torana.control.keys.endpoints import router as keys
from torana.control.members.endpoints import router as members
from torana.control.notices.endpoints import router as notices
from torana.control.plan.endpoints import router as plan
from torana.control.plans.endpoints import router as plans
from torana.control.policies.endpoints import router as policies
from torana.control.problems import handle_errors
from torana.control.providers.endpoints import router as providers
from torana.control.publish.publish import Publisher
from torana.control.releases.endpoints import router as releases
from torana.control.roles.endpoints import router as roles
from torana.control.scim.app import scim_routed
from torana.control.scim.resources import PREFIX as SCIM
from torana.control.service_accounts.endpoints import router as service_accounts
from torana.control.services.endpoints import router as services
from torana.control.services.probing import Prober
from torana.control.sessions.endpoints import router as sessions
from torana.control.sharing.endpoints import router as sharing
from torana.control.subscriptions.endpoints import router as subscriptions
from torana.control.teams.endpoints import router as teams
from torana.control.tokens.endpoints import router as tokens
from torana.control.users.endpoints import router as users
from torana.control.users.me import router as me
from torana.control.webhooks.call import Caller
from torana.control.webhooks.endpoints import router as webhooks
from torana.core.errors import Refusal
from torana.settings import Settings

PREFIX = "/api/v1"
ROUTERS = (
    plan,
    keys,
    services,
    calls,
    teams,
    providers,
    policies,
    approvals,
    audit,
    notices,
    webhooks,
    apps,
    issuers,
    export,
    subscriptions,
    plans,
    sharing,
    catalogue,
    sessions,
    me,
    users,
    invitations,
    members,
    roles,
    tokens,
    service_accounts,
    identity_providers,
    groups,
    sign_in,
    releases,
)


class Health(BaseModel):
    """That control answers."""

    status: Literal["ok"]
    version: int
    """The newest published version."""


def create_app(
    publisher: Publisher,
    calls_recorded: CallQueries | None = None,
    settings: Settings | None = None,
    prober: Prober | None = None,
    post: Post | None = None,
) -> FastAPI:
    """The app. Listeners wrap it in a Door, which says who its callers are; without one every caller needs a token."""
    app = routed()
    equip(app, publisher, calls_recorded, settings, prober, post)
    return app


def equip(
    app: FastAPI,
    publisher: Publisher,
    calls_recorded: CallQueries | None = None,
    settings: Settings | None = None,
    prober: Prober | None = None,
    post: Post | None = None,
) -> None:
    """Give the app, and SCIM's within it, what its routes work with."""
    settings = settings or Settings()
    app.state.publisher = publisher
    app.state.calls = calls_recorded
    app.state.settings = settings
    app.state.verifying = asyncio.Lock()
    app.state.caller = Caller(settings)
    app.state.prober = prober
    app.state.post = post
    app.state.issuers = Issuers()
    app.state.scim.state.publisher = publisher
    app.state.scim.state.settings = settings


def routed() -> FastAPI:
    """The app with every route, before it has anything to work with: what its OpenAPI document needs."""
    # No /docs of FastAPI's: it loads scripts from elsewhere.
    app = FastAPI(
        title="Torana admin API",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        generate_unique_id_function=operation_id,
    )
    app.openapi = partial(document, app)  # type: ignore[method-assign] # FastAPI's own way of extending it
    api = APIRouter(prefix=PREFIX, responses=PROBLEMS)
    for router in ROUTERS:
        api.include_router(router)

    @api.get("/health", **guard("public"))
    async def health(request: Request) -> Health:
        """Whether control answers, and the newest published version."""
        publisher: Publisher = request.app.state.publisher
        return Health(status="ok", version=await publisher.version())

    async def not_built(request: Request) -> None:
        raise Refusal("not_built", path=request.url.path)

    app.include_router(api)
    app.state.scim = scim_routed()
    app.mount(SCIM, app.state.scim)
    for place in ("/console", "/portal", "/docs"):
        app.add_api_route(place, not_built, include_in_schema=False)
        app.add_api_route(place + "/{rest:path}", not_built, include_in_schema=False)
    handle_errors(app)
    return app
