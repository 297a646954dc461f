"""Whether a design could be served: its targets exist and may be used, its description compiles, its contract is JSON Schema."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from torana.catalog.models import find
from torana.control.declaration.custom import MOST_JSON, description_problems
from torana.control.providers.repository import Provider
from torana.control.publish.compile import compile_account, provider_problem
from torana.control.releases.contract import MOST_BYTES, contract_problems
from torana.control.releases.design import Design, DesignedDeployment
from torana.control.services.custom import problems_of
from torana.control.services.probing import Found, Probed, Prober
from torana.core.errors import Refusal
from torana.custom.describe import CustomModel
from torana.custom.errors import CustomError
from torana.custom.sandbox import Sandbox
from torana.stores.secrets.master import MasterKey, MasterKeyError

_AT_ONCE = 4
_NOT_HERE = Probed("here", "Test calls cannot be made here; use `torana vendors test`.")
_BY_HAND = Probed(None, "A custom model is not called here; `torana custom try --send` does.")


async def problems(design: Design, team_id: str | None, accounts: Mapping[str, Provider]) -> list[str]:
    """What is wrong, each as `field: reason`; `accounts` by id. Raises Refusal `custom_sandbox_unavailable`."""
    found = _target_problems(design, team_id, accounts)
    contract = msgspec.json.decode(design.contract)
    if contract is not None:
        found += contract_problems(contract)
    if design.kind == "custom":
        urls = [accounts[one.provider_id].base_url for one in design.deployments if one.provider_id in accounts]
        found += await _custom_problems(design, urls)
    return found


def custom_problem(description: dict[str, Any]) -> str | None:
    """What is wrong at first sight with the description of a custom model."""
    if len(msgspec.json.encode(description)) > MOST_JSON:
        return f"larger than {MOST_JSON // 1024} KiB"
    return "; ".join(description_problems(description)) or None


def contract_problem(contract: dict[str, Any]) -> str | None:
    """What is wrong with a contract."""
    if len(msgspec.json.encode(contract)) > MOST_BYTES:
        return f"larger than {MOST_BYTES // 1024} KiB"
    return "; ".join(contract_problems(contract)) or None


async def call(
    design: Design, accounts: Mapping[str, Provider], master: MasterKey, prober: Prober | None
) -> list[tuple[DesignedDeployment, Found]]:
    """One test call to each deployment."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(deployment: DesignedDeployment) -> Found:
        if design.kind == "custom":
            return _BY_HAND
        provider = accounts.get(deployment.provider_id)
        if prober is None or provider is None:
            return _NOT_HERE
        async with turn:
            return await _call(deployment, provider, master, prober)

    return list(zip(design.deployments, await asyncio.gather(*map(one, design.deployments)), strict=True))


async def _call(deployment: DesignedDeployment, provider: Provider, master: MasterKey, prober: Prober) -> Found:
    try:
        key = None if provider.sealed_key is None else master.open(provider.sealed_key, provider.id)
    except MasterKeyError as error:
        return Probed("credential", f"The credential cannot be opened: {error}.")
    known = find(provider.vendor, deployment.model)
    embeds = known is not None and known.kind == "embedding"
    return await prober(compile_account(provider), key, deployment.model, embeds)


def _target_problems(design: Design, team_id: str | None, accounts: Mapping[str, Provider]) -> list[str]:
    found = []
    if not any(one.weight for one in design.deployments):
        found.append("deployments: at least one with a weight above 0 is needed")
    for number, one in enumerate(design.deployments):
        provider = accounts.get(one.provider_id)
        place = f"deployments[{number}].provider"
        if provider is None or provider.team_id not in (None, team_id):
            found.append(f"{place}: there is no such provider account of this team or of the platform")
        elif problem := provider_problem(provider):
            found.append(f"{place}: {provider.name} cannot be used: {problem}")
    return found


async def _custom_problems(design: Design, base_urls: list[str]) -> list[str]:
    description = msgspec.json.decode(design.custom)
    if description is None:
        return ["custom: a service of kind custom needs the description of its model"]
    if found := description_problems(description):
        return [f"custom.{problem}" for problem in found]
    model = msgspec.convert(description, CustomModel)
    sandbox = Sandbox(workers=1)
    try:
        return [f"custom.{problem}" for problem in await problems_of(sandbox.evaluate, model, base_urls)]
    except CustomError as error:
        raise Refusal("custom_sandbox_unavailable", reason=error.reason) from None
    finally:
        await sandbox.close()
