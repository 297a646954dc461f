"""/api/v1/models: what is offered, and where its calls go."""

from collections import defaultdict
from typing import Any

from fastapi import APIRouter, Request

from torana.control.access.scope import PLATFORM
from torana.control.api.guard import guard
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import repository
from torana.control.teams import service as teams
from torana.stores.sql.engine import reading

router = APIRouter()


@router.get("/models", **guard("services:read", platform=True))
async def list_models(request: Request) -> dict[str, Any]:
    """Services of kind model and custom with their deployments, by name."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        services = await repository.listed(connection, PLATFORM)
        accounts = {account.id: account for account in await providers.listed(connection)}
        team_names = {team.id: team.name for team in await teams.listed(connection)}
        aliases: dict[str, list[str]] = defaultdict(list)
        for alias in await repository.aliases_of(connection):
            aliases[alias.service_id].append(alias.name)
        deployments: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in await repository.deployments_of(connection):
            account = accounts[one.provider_id]
            deployments[one.service_id].append(
                {"provider": account.name, "vendor": account.vendor, "model": one.model, "weight": one.weight}
            )
    models = [
        {
            "id": service.id,
            "name": service.name,
            "kind": service.kind,
            "team": team_names.get(service.team_id or ""),
            "visibility": service.visibility,
            "state": service.state,
            "aliases": sorted(aliases[service.id]),
            "deployments": deployments[service.id],
        }
        for service in services
    ]
    return {"models": sorted(models, key=lambda model: str(model["name"]))}
