"""/api/v1/webhooks: made, changed, tried out, and what was told to them."""

import time
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.notices.events import EVENTS
from torana.control.notices.repository import Delivery
from torana.control.notices.service import content_of
from torana.control.publish.publish import Publisher
from torana.control.teams import service as teams
from torana.control.webhooks import repository
from torana.control.webhooks import service as webhooks
from torana.control.webhooks.address import without_query
from torana.control.webhooks.call import Caller
from torana.control.webhooks.repository import Webhook
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/webhooks", tags=["webhooks"], responses=PROBLEMS)

State = Literal["waiting", "delivered", "failed"]
Name = Annotated[str, Field(min_length=1, max_length=100, examples=["chat-room"])]
Address = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://hooks.example.org/torana"])]
Events = Annotated[
    list[str], Field(max_length=len(EVENTS), description="Empty is all.", examples=[["subscription.requested"]])
]
TimeUs = Annotated[int, Field(description="Microseconds since 1970.")]


class WebhookAsked(Asked):
    """A webhook to be made."""

    name: Name
    url: Address
    team: Annotated[str | None, Field(max_length=100, description="Id or name; null is the platform, told of all.")] = (
        None
    )
    events: Events = Field(default_factory=list)


class WebhookChange(Asked):
    """What is to be changed."""

    name: Name | None = None
    url: Address | None = None
    events: Events | None = None
    disabled: bool | None = None


class WebhookShown(BaseModel):
    """A webhook, without its secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "webhook_7k2m…",
                    "team_id": "team_7k2m…",
                    "name": "chat-room",
                    "url": "https://hooks.example.org/torana?…",
                    "events": ["subscription.requested"],
                    "created_us": 1_790_000_000_000_000,
                    "disabled_us": None,
                }
            ]
        }
    )

    id: str
    team_id: str | None
    name: str
    url: Annotated[str, Field(description="Without its query, which may hold a secret.")]
    events: Events
    created_us: TimeUs
    disabled_us: Annotated[int | None, Field(description="Since when nothing is told to it.")]


class WebhookMade(WebhookShown):
    """A webhook with its secret, which is shown only here."""

    secret: Annotated[str, Field(description="`whsec_…`, for a library of standardwebhooks.com.")]


class DeliveryShown(BaseModel):
    """What was, or is to be, told to a webhook."""

    id: Annotated[str, Field(description="The `webhook-id` of each attempt.")]
    event: str
    state: State
    attempts: int
    error: Annotated[str | None, Field(description="What the last attempt met.")]
    created_us: TimeUs
    next_us: Annotated[int | None, Field(description="When it is tried again.")]
    done_us: int | None
    content: Annotated[str, Field(description="The body as it is sent.")]


class Tried(BaseModel):
    """What a trial call met."""

    taken: bool
    status: Annotated[int | None, Field(description="Of the answer, if there was one.")]
    error: str | None
    milliseconds: int


@router.get("", response_model=Listed[WebhookShown], **guard("webhooks:read"))
async def list_webhooks(request: Request, actor: Acting, paging: Paging, team: str | None = None) -> Response:
    """Webhooks of one's teams, or all. Sorted by `name` or `created_us`."""
    publisher: Publisher = request.app.state.publisher
    scope = actor.scope("webhooks:read")
    async with reading(publisher.engine) as connection:
        team_id = None if team is None else (await teams.find(connection, scope, team)).id
        rows, following = await webhooks.page(connection, scope, paging, team_id)
    return reply(request, Listed[WebhookShown](items=[shown(one) for one in rows], next=following))


@router.post("", status_code=201, response_model=WebhookMade, **guard("webhooks:write"))
async def create_webhook(body: WebhookAsked, request: Request, actor: Acting) -> Response:
    """Make a webhook. Its secret is in this reply only."""
    async with changing(request) as change:
        team_id = await _team(change.connection, actor, body.team)
        actor.demand("webhooks:write", team_id)
        webhook, secret = await webhooks.create(
            change.connection,
            change.master,
            _caller(request),
            team_id=team_id,
            name=body.name,
            url=body.url,
            events=body.events,
        )
        after = shown(webhook)
        await change.note("webhook.create", "webhook", webhook.id, name=webhook.name, team_id=team_id, after=after)
        made = WebhookMade(**after.model_dump(), secret=secret.reveal())
        return change.reply(made, 201, location=f"/api/v1/webhooks/{webhook.id}")


@router.get("/{webhook}", response_model=WebhookShown, **guard("webhooks:read"))
async def get_webhook(webhook: str, request: Request, actor: Acting) -> Response:
    """One webhook, by its id or name."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await webhooks.find(connection, actor.scope("webhooks:read"), webhook)
    return reply(request, shown(found))


@router.patch("/{webhook}", response_model=WebhookShown, **guard("webhooks:write"))
async def change_webhook(webhook: str, body: WebhookChange, request: Request, actor: Acting) -> Response:
    """Change a webhook; with `disabled` nothing is told to it for now."""
    async with changing(request) as change:
        found = await _mine(change.connection, actor, webhook)
        before = shown(found)
        change.match(before)
        given = body.model_dump(exclude_none=True)
        after = shown(await webhooks.change(change.connection, _caller(request), found, **given))
        await change.note(
            "webhook.change", "webhook", found.id, name=after.name, team_id=found.team_id, before=before, after=after
        )
        return change.reply(after)


@router.delete("/{webhook}", status_code=204, **guard("webhooks:write"))
async def delete_webhook(webhook: str, request: Request, actor: Acting) -> Response:
    """Delete a webhook, with what is still to be told to it."""
    async with changing(request) as change:
        found = await _mine(change.connection, actor, webhook)
        before = shown(found)
        change.match(before, required=False)
        await webhooks.remove(change.connection, found.id)
        await change.note("webhook.delete", "webhook", found.id, name=found.name, team_id=found.team_id, before=before)
        return change.reply(None)


@router.post("/{webhook}/secret", status_code=201, response_model=WebhookMade, **guard("webhooks:write"))
async def renew_secret(webhook: str, request: Request, actor: Acting) -> Response:
    """Make a new secret, shown only here. For a day the one before signs too."""
    async with changing(request) as change:
        found = await _mine(change.connection, actor, webhook)
        changed, secret = await webhooks.renew_secret(change.connection, change.master, found)
        after = shown(changed)
        await change.note(
            "webhook.renew_secret",
            "webhook",
            found.id,
            name=found.name,
            team_id=found.team_id,
            before=after,
            after=after,
        )
        return change.reply(WebhookMade(**after.model_dump(), secret=secret.reveal()), 201)


@router.post("/{webhook}/test", response_model=Tried, **guard("webhooks:write"))
async def try_webhook(webhook: str, request: Request, actor: Acting) -> Response:
    """Call the webhook now, once, with the event `webhook.test`."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await _mine(connection, actor, webhook)
    now_us = epoch_us()
    content = content_of(
        "webhook.test", found.team_id, "A webhook is tried out", f"{actor.name} tries it out.", None, now_us
    )
    body = content.encode()
    headers = webhooks.signed(publisher.master, found, new_id("delivery"), body, now_us)
    began = time.monotonic()
    outcome = await _caller(request).call(found.url, headers, body)
    took = round((time.monotonic() - began) * 1_000)
    return reply(request, Tried(taken=outcome.taken, status=outcome.status, error=outcome.error, milliseconds=took))


@router.get("/{webhook}/deliveries", response_model=Listed[DeliveryShown], **guard("webhooks:read"))
async def list_deliveries(
    webhook: str, request: Request, actor: Acting, paging: Paging, state: State | None = None
) -> Response:
    """What was told to a webhook in the last days, or is to be. Sorted by `created_us`, newest first."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found = await webhooks.find(connection, actor.scope("webhooks:read"), webhook)
        rows, following = await repository.delivered(connection, found.id, paging, state)
    return reply(request, Listed[DeliveryShown](items=[_delivery(one) for one in rows], next=following))


@router.post("/{webhook}/deliveries/{delivery}/retry", response_model=DeliveryShown, **guard("webhooks:write"))
async def retry(webhook: str, delivery: str, request: Request, actor: Acting) -> Response:
    """Try again now what was given up or waits."""
    async with changing(request) as change:
        found = await _mine(change.connection, actor, webhook)
        again = await webhooks.retry(change.connection, found, delivery)
        told = {"delivery": again.id, "event": again.event}
        await change.note("webhook.retry", "webhook", found.id, name=found.name, team_id=found.team_id, after=told)
        return change.reply(_delivery(again))


def shown(webhook: Webhook) -> WebhookShown:
    """A webhook as the API shows it."""
    return WebhookShown(
        id=webhook.id,
        team_id=webhook.team_id,
        name=webhook.name,
        url=without_query(webhook.url),
        events=webhooks.events_of(webhook),
        created_us=webhook.created_us,
        disabled_us=webhook.disabled_us,
    )


async def _mine(connection: Connection, actor: Actor, reference: str) -> Webhook:
    found = await webhooks.find(connection, actor.scope("webhooks:read"), reference)
    actor.demand("webhooks:write", found.team_id)
    return found


async def _team(connection: Connection, actor: Actor, reference: str | None) -> str | None:
    if reference is None:
        return None
    return (await teams.find(connection, actor.scope("teams:read"), reference)).id


def _caller(request: Request) -> Caller:
    caller: Caller = request.app.state.caller
    return caller


def _delivery(one: Delivery) -> DeliveryShown:
    state: State = "waiting" if one.done_us is None else "delivered" if one.error is None else "failed"
    fields = msgspec.structs.asdict(one)
    names = ("id", "event", "attempts", "error", "created_us", "next_us", "done_us", "content")
    return DeliveryShown(state=state, **{name: fields[name] for name in names})
