"""Releases: /api/v1/services/{service}/releases and /api/v1/releases/{release}."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.access.names import check_name
from torana.control.api.change import Change, changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.approvals import service as approvals
from torana.control.providers import repository as providers
from torana.control.publish.publish import Publisher
from torana.control.releases import repository
from torana.control.releases import service as governed
from torana.control.releases.canary import Canary, opened
from torana.control.releases.design import designed, plain, read, written
from torana.control.releases.repository import Release
from torana.control.releases.schemas import (
    CanaryAsked,
    CanaryShown,
    ComparedShown,
    DeprecationAsked,
    PublishAsked,
    ReleaseAsked,
    ReleaseListed,
    ReleasePatched,
    ReleaseShown,
    RetirementAsked,
    RolledBackShown,
    State,
)
from torana.control.services import checks, drafts
from torana.control.services import repository as services
from torana.control.services.repository import Service
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection, reading

router = APIRouter(tags=["releases"], responses=PROBLEMS)


@router.get("/services/{service}/releases", response_model=Listed[ReleaseListed], **guard("services:read"))
async def list_releases(
    service: str, request: Request, actor: Acting, paging: Paging, state: State | None = None
) -> Response:
    """Releases of a service, newest first. Sorted by `created_us`."""
    publisher: Publisher = request.app.state.publisher
    scope = actor.scope("services:read")
    async with reading(publisher.engine) as connection:
        found = await drafts.find(connection, actor, service)
        rows, following = await repository.paged(connection, scope, found.id, paging, state)
    return reply(request, Listed[ReleaseListed](items=[listed(one) for one in rows], next=following))


@router.post("/services/{service}/releases", status_code=201, response_model=ReleaseShown, **guard("services:publish"))
async def make_release(service: str, body: ReleaseAsked, request: Request, actor: Acting) -> Response:
    """Make an immutable release of the draft. Without an approval to wait for it is published at once."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found, design = await _draft(connection, actor, service)
        used = await providers.by_ids(connection, {one.provider_id for one in read(design).deployments})
    # Before the change: what a sandbox evaluates must not hold up others.
    if problems := await checks.problems(read(design), found.team_id, used):
        raise Refusal("invalid_draft", service=found.name, problems="; ".join(problems)[:2000])
    async with changing(request) as change:
        found, checked = await _draft(change.connection, actor, service)
        if checked != design:
            raise Refusal("conflicting_change")
        made, _ = await governed.hand_in(change.connection, actor, found, design, bump=body.bump, note=body.note)
        if made.state == "approved" and body.publish:
            made = await _publish(change, found, made, body)
        after = await shown(change.connection, made)
        await _note(change, "release.create", found, made, None, after)
        return change.reply(after, 201, location=f"/api/v1/releases/{made.id}")


@router.post("/services/{service}/rollback", response_model=RolledBackShown, **guard("services:publish"))
async def roll_back(service: str, request: Request, actor: Acting) -> Response:
    """Give every call back to the release before the newest that takes calls."""
    async with changing(request) as change:
        found = await drafts.find(change.connection, actor, service)
        actor.demand("services:publish", found.team_id)
        await drafts.check_changeable(change.connection, found)
        reason = request.headers.get("x-torana-reason")
        both = await governed.roll_back(change.connection, found, actor.name, reason, actor)
        current, target = [await _again(change.connection, one) for one in both]
        after = RolledBackShown(rolled_back=listed(current), serving=listed(target))
        await _note(change, "release.roll_back", found, current, listed(both[0]), after)
        return change.reply(after)


@router.get("/releases/{release}", response_model=ReleaseShown, **guard("services:read"))
async def get_release(release: str, request: Request, actor: Acting) -> Response:
    """One release, with its design and what is different in it."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        found, _ = await _found(connection, actor, release)
        after = await shown(connection, found)
    return reply(request, after)


@router.patch("/releases/{release}", response_model=ReleaseShown, **guard("services:publish"))
async def change_release(release: str, body: ReleasePatched, request: Request, actor: Acting) -> Response:
    """Shift the weight of a live release, or watch it as a canary. Nothing else of a release ever changes."""
    async with changing(request) as change:
        found, owner = await _changeable(change.connection, actor, release)
        before = await shown(change.connection, found)
        change.match(before)
        changes: dict[str, Any] = {}
        if body.weight is not None:
            changes["weight"] = body.weight
        if "canary" in body.model_fields_set:
            changes["canary"] = None if body.canary is None else _canary(body.canary)
        changed = await governed.weigh(change.connection, found, changes)
        return await _done(change, "release.change", owner, changed, before)


@router.post("/releases/{release}/publish", response_model=ReleaseShown, **guard("services:publish"))
async def publish_release(release: str, body: PublishAsked, request: Request, actor: Acting) -> Response:
    """Have a release take every call, or a part of them as a canary; a canary that did well takes all by this too."""
    async with changing(request) as change:
        found, owner = await _changeable(change.connection, actor, release)
        before = await shown(change.connection, found)
        change.match(before, required=False)
        return await _done(change, "release.publish", owner, await _publish(change, owner, found, body), before)


@router.post("/releases/{release}/withdraw", response_model=ReleaseShown, **guard("services:publish"))
async def withdraw_release(release: str, request: Request, actor: Acting) -> Response:
    """Take back what was handed in and is not published."""
    async with changing(request) as change:
        found, owner = await _changeable(change.connection, actor, release)
        before = await shown(change.connection, found)
        change.match(before, required=False)
        return await _done(change, "release.withdraw", owner, await governed.withdraw(change.connection, found), before)


@router.post("/releases/{release}/deprecate", response_model=ReleaseShown, **guard("services:publish"))
async def deprecate_release(release: str, body: DeprecationAsked, request: Request, actor: Acting) -> Response:
    """Say until when a release answers, and what to call instead. Its callers hear it in every reply, subscribers at once."""
    async with changing(request) as change:
        found, owner = await _changeable(change.connection, actor, release)
        before = await shown(change.connection, found)
        change.match(before, required=False)
        changed = await governed.deprecate(change.connection, owner, found, body.sunset_us, _successor(body.successor))
        return await _done(change, "release.deprecate", owner, changed, before)


@router.post("/releases/{release}/retire", response_model=ReleaseShown, **guard("services:publish"))
async def retire_release(release: str, body: RetirementAsked, request: Request, actor: Acting) -> Response:
    """Have a release answer 410 from now on."""
    async with changing(request) as change:
        found, owner = await _changeable(change.connection, actor, release)
        before = await shown(change.connection, found)
        change.match(before, required=False)
        changed = await governed.retire(change.connection, owner, found, _successor(body.successor))
        return await _done(change, "release.retire", owner, changed, before)


def listed(release: Release, approval_id: str | None = None) -> ReleaseListed:
    """A release as a list shows it."""
    return ReleaseListed(**_columns(release), approval_id=approval_id)


async def shown(connection: Connection, release: Release) -> ReleaseShown:
    """A release as the API shows it."""
    approval = await approvals.newest(connection, "release", release.id)
    return ReleaseShown(
        **_columns(release),
        approval_id=None if approval is None else approval.id,
        difference=ComparedShown(**msgspec.to_builtins(governed.compared(release))),
        design=plain(read(release.design)),
    )


_COLUMNS = (
    "id", "service_id", "team_id", "version", "major", "minor", "state", "weight", "breaking", "note", "author_id", "author_name",
    "created_us", "published_us", "deprecated_us", "sunset_us", "retired_us", "successor",
)  # fmt: skip


def _columns(release: Release) -> dict[str, Any]:
    canary = opened(release.canary)
    watched = None if canary is None else CanaryShown(**msgspec.structs.asdict(canary))
    return {**{name: getattr(release, name) for name in _COLUMNS}, "canary": watched}


async def _draft(connection: Connection, actor: Actor, reference: str) -> tuple[Service, str]:
    found = await drafts.find(connection, actor, reference)
    actor.demand("services:publish", found.team_id)
    await drafts.check_changeable(connection, found)
    return found, written(designed(found, await services.deployments_of(connection, found.id)))


async def _found(connection: Connection, actor: Actor, release_id: str) -> tuple[Release, Service]:
    found = await repository.find(connection, actor.scope("services:read"), release_id)
    owner = None if found is None else await services.by_id(connection, found.service_id)
    if found is None or owner is None:
        raise Refusal("not_found", noun="release", name=release_id[:200])
    return found, owner


async def _changeable(connection: Connection, actor: Actor, release_id: str) -> tuple[Release, Service]:
    found, owner = await _found(connection, actor, release_id)
    actor.demand("services:publish", found.team_id)
    await drafts.check_changeable(connection, owner)
    return found, owner


async def _again(connection: Connection, release: Release) -> Release:
    return await repository.by_id(connection, release.id) or release


async def _publish(change: Change, owner: Service, release: Release, body: PublishAsked) -> Release:
    canary = None if body.canary is None else _canary(body.canary)
    percent = 0 if body.canary is None else body.canary.weight
    return await governed.publish(change.connection, change.actor, owner, release, canary, percent)


def _canary(asked: CanaryAsked) -> Canary:
    return Canary(
        more_errors=asked.more_errors,
        slower=asked.slower,
        min_calls=asked.min_calls,
        window_minutes=asked.window_minutes,
    )


def _successor(name: str | None) -> str | None:
    return None if name is None else check_name(name, "successor", most=200, slashes=True)


async def _done(change: Change, action: str, owner: Service, release: Release, before: ReleaseShown) -> Response:
    after = await shown(change.connection, release)
    await _note(change, action, owner, release, before, after)
    return change.reply(after)


async def _note(
    change: Change, action: str, owner: Service, release: Release, before: BaseModel | None, after: BaseModel
) -> None:
    await change.note(
        action,
        "release",
        release.id,
        name=f"{owner.name} {release.version}",
        team_id=release.team_id,
        before=before,
        after=after,
    )
