"""Drafts of services through the admin API: found, made from what was asked, shown."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from torana.control.access.actor import Actor
from torana.control.releases.design import ApprovalPolicy, Stage, approval_of, approval_written
from torana.control.services import checks, repository
from torana.control.services.repository import Alias, Deployment, Place, Service
from torana.control.services.schemas import (
    ApprovalAsked,
    DeploymentAsked,
    DeploymentShown,
    ServiceAsked,
    ServiceListed,
    ServicePatched,
    ServiceShown,
)
from torana.control.services.service import DeploymentDraft, ServiceDraft
from torana.core.errors import Refusal
from torana.stores.sql.engine import Connection


async def find(connection: Connection, actor: Actor, reference: str) -> Service:
    """The service of this id, or of this name where only one can be meant. Raises Refusal `not_found`."""
    found = await repository.find(connection, actor.scope("services:read"), reference)
    own = [service for service in found if service.team_id is not None] or found
    if len(own) > 1:
        ids = ", ".join(service.id for service in own[:5])
        raise Refusal(
            "not_found", noun="service", name=f"{reference[:200]} that alone has this name; give an id: {ids}"
        )
    if not own:
        raise Refusal("not_found", noun="service", name=reference[:200])
    return own[0]


async def check_changeable(connection: Connection, service: Service) -> None:
    """Raises Refusal `declared_elsewhere` for a service of torana.yaml, which the next apply would bring back."""
    if await repository.declared_among(connection, [service.id]):
        raise Refusal("declared_elsewhere", noun="service", name=service.name)
    if service.kind not in ("model", "custom"):
        needed = "one of kind model or custom"
        raise Refusal("wrong_state", noun="service", name=service.name, state=f"of kind {service.kind}", needed=needed)


def check_unreviewed(service: Service) -> None:
    """Raises Refusal `wrong_state` for a service that is served as it stands although its policy asks for approvals."""
    if approval_of(service.approval).releases:
        state, needed = "served as it stands, and its policy asks for approvals", "released: make its first release"
        raise Refusal("wrong_state", noun="service", name=service.name, state=state, needed=needed)


async def draft_of(connection: Connection, service: Service) -> ServiceDraft:
    """The draft that stands in the tables."""
    deployments, aliases = await repository.parts_of(connection, [service.id])
    return ServiceDraft(
        name=service.name,
        deployments=[DeploymentDraft(one.provider_id, one.model, one.weight) for one in deployments],
        team_id=service.team_id,
        aliases=[one.name for one in aliases],
        **{name: getattr(service, name) for name in _AS_THEY_ARE},
        custom=service.custom,
        contract=service.contract,
        approval=service.approval,
        kind="custom" if service.kind == "custom" else "model",
        lifecycle="released" if service.lifecycle == "released" else "direct",
    )


async def changed(connection: Connection, draft: ServiceDraft, asked: ServiceAsked | ServicePatched) -> ServiceDraft:
    """The draft with what is asked for. Raises Refusal `invalid_field` or `not_found`."""
    given = asked.model_fields_set
    fields: dict[str, Any] = {name: getattr(asked, name) for name in given & _AS_THEY_ARE}
    if "aliases" in given:
        fields["aliases"] = list(asked.aliases)
    if "deployments" in given:
        fields["deployments"] = [await _deployment(connection, draft.team_id, one) for one in asked.deployments]
    if "custom" in given:
        fields["custom"] = _written(asked.custom, "custom")
        _refuse("custom", None if asked.custom is None else checks.custom_problem(asked.custom))
    if "contract" in given:
        contract = None if asked.contract is None else asked.contract.model_dump()
        fields["contract"] = _written(contract, "contract")
        _refuse("contract", None if contract is None else checks.contract_problem(contract))
    if "approval" in given:
        fields["approval"] = _approval(asked.approval)
    return draft._replace(**fields)


_AS_THEY_ARE = {"description", "visibility", "state", "keep_bodies", "drop_unsupported", "try_unsupported"}


async def shown(connection: Connection, service: Service) -> ServiceShown:
    """A service as the API shows it."""
    (listed,) = await all_listed(connection, [service])
    return ServiceShown(
        **listed.model_dump(),
        custom=_decoded(service.custom),
        contract=_decoded(service.contract),
        approval=msgspec.to_builtins(approval_of(service.approval)),
    )


async def all_listed(connection: Connection, found: Sequence[Service]) -> list[ServiceListed]:
    """Services as a list shows them."""
    ids = [service.id for service in found]
    deployments, aliases = await repository.parts_of(connection, ids)
    declared = await repository.declared_among(connection, ids)
    places = await repository.places_of(connection, {one.provider_id for one in deployments})
    parts: defaultdict[str, tuple[list[Deployment], list[Alias]]] = defaultdict(lambda: ([], []))
    for deployment in deployments:
        parts[deployment.service_id][0].append(deployment)
    for alias in aliases:
        parts[alias.service_id][1].append(alias)
    return [_listed(service, *parts[service.id], places, service.id in declared) for service in found]


def deployment_shown(
    id_: str, provider_id: str, model: str, weight: int, places: Mapping[str, Place]
) -> DeploymentShown:
    """A deployment as the API shows it."""
    place = places.get(provider_id)
    return DeploymentShown(
        id=id_,
        provider_id=provider_id,
        provider=None if place is None else place.name,
        vendor=None if place is None else place.vendor,
        model=model,
        weight=weight,
    )


def _listed(
    service: Service, deployments: list[Deployment], aliases: list[Alias], places: Mapping[str, Place], declared: bool
) -> ServiceListed:
    return ServiceListed(
        id=service.id,
        name=service.name,
        team_id=service.team_id,
        kind=service.kind,
        lifecycle=service.lifecycle,
        declared=declared,
        description=service.description,
        visibility=service.visibility,
        state=service.state,
        keep_bodies=service.keep_bodies,
        drop_unsupported=service.drop_unsupported,
        try_unsupported=service.try_unsupported,
        aliases=[one.name for one in aliases],
        deployments=[deployment_shown(d.id, d.provider_id, d.model, d.weight, places) for d in deployments],
        created_us=service.created_us,
    )


async def _deployment(connection: Connection, team_id: str | None, asked: DeploymentAsked) -> DeploymentDraft:
    found = await repository.usable_places(connection, team_id, asked.provider)
    if not found:
        reason = f"there is no provider account {asked.provider} of this team or of the platform"
        raise Refusal("invalid_field", param="deployments", reason=reason)
    return DeploymentDraft(found[0].id, asked.model, asked.weight)


def _approval(asked: ApprovalAsked | None) -> str | None:
    if asked is None:
        return None
    if (unknown := asked.unknown()) is not None:
        raise Refusal("invalid_field", param="approval", reason=f"there is no permission {unknown}")
    stages = [
        tuple(Stage(one.permission, one.count, one.not_author) for one in some or ())
        for some in (asked.releases, asked.subscriptions)
    ]
    return approval_written(ApprovalPolicy(releases=stages[0], subscriptions=stages[1]))


def _refuse(param: str, problem: str | None) -> None:
    if problem is not None:
        raise Refusal("invalid_field", param=param, reason=problem[:2000])


def _written(value: Any, param: str) -> str | None:
    if value is None:
        return None
    try:
        # Refuses what is no JSON: NaN and infinity, which would become null.
        json.dumps(value, allow_nan=False)
        written = msgspec.json.encode(value, order="deterministic")
        # What can be written but not read again could never be shown.
        msgspec.json.decode(written)
    except (ValueError, RecursionError, OverflowError):
        reason = "it holds half a surrogate pair or a number that JSON has no place for, or is nested too deeply"
        raise Refusal("invalid_field", param=param, reason=reason) from None
    return written.decode()


def _decoded(stored: str | None) -> dict[str, Any] | None:
    decoded: dict[str, Any] | None = None if stored is None else msgspec.json.decode(stored)
    return decoded
