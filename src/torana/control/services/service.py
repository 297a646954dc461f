"""Services of kind `model` and `custom`: made, changed, removed, with the deployments behind them and their other names."""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from torana.control.access.names import check_name
from torana.control.policies import service as policies
from torana.control.services import repository
from torana.control.services.repository import Alias, Deployment, Service
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = [
    "Alias",
    "Deployment",
    "DeploymentDraft",
    "Service",
    "ServiceDraft",
    "aliases_of",
    "create",
    "deployments_of",
    "get",
    "get_for",
    "listed",
    "remove",
    "update",
]

Visibility = Literal["team", "teams", "organisation", "public"]
MOST_NAME = 200
MOST_WEIGHT = 1_000_000

listed = repository.listed
deployments_of = repository.deployments_of
aliases_of = repository.aliases_of


class DeploymentDraft(NamedTuple):
    """A model at a provider account; `weight` is its share of the calls. Of a custom model the name may be empty."""

    provider_id: str
    model: str = ""
    weight: int = 1


class ServiceDraft(NamedTuple):
    """What a service is to be. `team_id` None is the platform's, which is visible to the organisation."""

    name: str
    deployments: Sequence[DeploymentDraft]
    team_id: str | None = None
    aliases: Sequence[str] = ()
    visibility: Visibility = "organisation"
    state: Literal["active", "disabled"] = "active"
    keep_bodies: bool = False
    kind: Literal["model", "custom"] = "model"
    custom: str | None = None
    """Of kind `custom`: the description of the model, as JSON."""
    drop_unsupported: bool = False
    try_unsupported: bool = False
    lifecycle: Literal["direct", "released"] = "direct"
    description: str | None = None
    contract: str | None = None
    """JSON with the schemas of input and output."""
    approval: str | None = None
    """JSON, as control/releases/design.py writes it."""


async def create(connection: Connection, draft: ServiceDraft) -> Service:
    """A new service with its deployments and aliases. Raises Refusal."""
    check_name(draft.name, most=MOST_NAME, slashes=True)
    if await _holder(connection, draft.team_id, draft.name) is not None:
        raise Refusal("already_exists", noun="service", name=draft.name)
    service = _made(draft, new_id("service"), epoch_us())
    await repository.add(connection, service)
    await _set_parts(connection, service, draft)
    return service


async def get(connection: Connection, team_id: str | None, name: str) -> Service:
    """The team's (None: the platform's) own service of this name. Raises Refusal `not_found`."""
    service = await repository.by_name(connection, team_id, name)
    if service is None:
        raise Refusal("not_found", noun="service", name=name)
    return service


async def get_for(connection: Connection, team_id: str, name: str) -> Service:
    """The service that a team means by this name: its own, else the platform's, else the only visible one.

    Raises Refusal `not_found`, also for another team's service that is not offered to the organisation.
    """
    found = await repository.named_for(connection, team_id, name)
    for owner in (team_id, None):
        for service in found:
            if service.team_id == owner:
                return service
    if len(found) != 1:
        raise Refusal("not_found", noun="service", name=name)
    return found[0]


async def update(connection: Connection, service: Service, draft: ServiceDraft, used: Collection[str] = ()) -> Service:
    """Change all but name and owner; a deployment that stays keeps its id. Raises Refusal.

    `used` are ids of deployments that releases have: their rows stay.
    """
    draft = draft._replace(name=service.name, team_id=service.team_id)
    changed = _made(draft, service.id, service.created_us)
    await repository.replace(connection, changed)
    await _set_parts(connection, changed, draft, used)
    return changed


async def remove(connection: Connection, service: Service) -> None:
    """Delete a service with its deployments, aliases, subscriptions and limits."""
    await policies.forget_owners(connection, [service.id])
    await repository.remove(connection, service.id)


def _made(draft: ServiceDraft, service_id: str, created_us: int) -> Service:
    if draft.team_id is None and draft.visibility == "team":
        raise Refusal("invalid_field", param="visibility", reason="a service of the platform has no team to be kept in")
    # A draft that is not served may still lack it.
    needed = draft.kind == "custom" and draft.lifecycle == "direct"
    if (draft.custom is None and needed) or (draft.custom is not None and draft.kind != "custom"):
        raise Refusal("invalid_field", param="custom", reason="a description belongs to a service of kind custom")
    if draft.kind == "custom" and len(draft.deployments) > 1:
        raise Refusal("invalid_field", param="deployments", reason="a custom model has one deployment")
    return Service(
        id=service_id,
        team_id=draft.team_id,
        name=draft.name,
        kind=draft.kind,
        visibility=draft.visibility,
        state=draft.state,
        keep_bodies=draft.keep_bodies,
        created_us=created_us,
        drop_unsupported=draft.drop_unsupported,
        try_unsupported=draft.try_unsupported,
        custom=draft.custom,
        lifecycle=draft.lifecycle,
        description=draft.description,
        contract=draft.contract,
        approval=draft.approval,
    )


async def _set_parts(connection: Connection, service: Service, draft: ServiceDraft, used: Collection[str] = ()) -> None:
    there = await repository.deployments_of(connection, service.id, kept_too=True)
    held = {(one.provider_id, one.model): one.id for one in there}
    wanted: dict[tuple[str, str], Deployment] = {}
    for position, part in enumerate(draft.deployments):
        place = (part.provider_id, part.model)
        if place in wanted:
            raise Refusal("invalid_field", param="deployments", reason=f"{part.model} is listed twice")
        wanted[place] = _deployment(service, part, held.get(place) or new_id("deployment"), position)
    await repository.set_deployments(connection, service.id, list(wanted.values()), used)
    for name in draft.aliases:
        check_name(name, "aliases", most=MOST_NAME, slashes=True)
        if await _holder(connection, service.team_id, name, besides=service.id) is not None or name == service.name:
            raise Refusal("already_exists", noun="service", name=name)
    names = dict.fromkeys(draft.aliases)
    await repository.set_aliases(
        connection, service.id, [Alias(new_id("alias"), service.team_id, service.id, name) for name in names]
    )


def _deployment(service: Service, draft: DeploymentDraft, deployment_id: str, position: int) -> Deployment:
    least = 0 if service.kind == "custom" else 1
    if not least <= len(draft.model) <= MOST_NAME or not draft.model.isprintable():
        raise Refusal("invalid_field", param="model", reason=f"expected 1 to {MOST_NAME} visible characters")
    if not 0 <= draft.weight <= MOST_WEIGHT:
        raise Refusal("invalid_field", param="weight", reason=f"expected a number from 0 to {MOST_WEIGHT}")
    return Deployment(
        id=deployment_id,
        team_id=service.team_id,
        service_id=service.id,
        provider_id=draft.provider_id,
        position=position,
        model=draft.model,
        weight=draft.weight,
    )


async def _holder(connection: Connection, team_id: str | None, name: str, besides: str = "") -> str | None:
    """Id of the service that a name or alias of this owner already leads to."""
    service = await repository.by_name(connection, team_id, name)
    if service is not None and service.id != besides:
        return service.id
    alias = await repository.alias_by_name(connection, team_id, name)
    return alias.service_id if alias is not None and alias.service_id != besides else None
