"""Plans of a service: made, changed, removed, and chosen by a subscription."""

from collections.abc import Sequence

import msgspec

from torana.control.access.names import check_name
from torana.control.plans import repository
from torana.control.plans.limits import encoded_limits
from torana.control.plans.repository import Plan
from torana.control.policies.service import LimitDraft
from torana.control.services.repository import Service
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = ["Plan", "change", "chosen", "create", "exists", "find", "page", "remove"]

MOST_PLANS = 50
_SHOWN = 10

page = repository.paged


async def create(
    connection: Connection,
    service: Service,
    name: str,
    description: str | None,
    limits: Sequence[LimitDraft],
    price: str | None,
) -> Plan:
    """A new plan of a service. Raises Refusal."""
    check_name(name)
    held = await repository.of_services(connection, [service.id])
    if any(plan.name == name for plan in held):
        raise Refusal("already_exists", noun="plan", name=name)
    if len(held) >= MOST_PLANS:
        raise Refusal("invalid_field", param="name", reason=f"a service has at most {MOST_PLANS} plans")
    plan = Plan(
        new_id("plan"), service.team_id, service.id, name, description, encoded_limits(limits), price, epoch_us()
    )
    await repository.add(connection, plan)
    return plan


async def find(connection: Connection, service: Service, reference: str) -> Plan:
    """The service's plan of this id or name. Raises Refusal `not_found`."""
    plan = await repository.find(connection, service.id, reference)
    if plan is None:
        raise Refusal("not_found", noun="plan", name=reference[:200])
    return plan


async def change(connection: Connection, plan: Plan, changed: Plan) -> Plan:
    """Store a plan over the one that it was. Who has it has the new limits with the next snapshot. Raises Refusal."""
    other = await repository.find(connection, plan.service_id, check_name(changed.name))
    if other is not None and other.id != plan.id:
        raise Refusal("already_exists", noun="plan", name=changed.name)
    columns = msgspec.structs.asdict(changed)
    await repository.change(connection, columns.pop("id"), **columns)
    return changed


async def remove(connection: Connection, plan: Plan) -> None:
    """Delete a plan. Raises Refusal `in_use` while a subscription has it, or had it when it ended."""
    if count := await repository.subscribers(connection, plan.id):
        raise Refusal("in_use", noun="plan", name=plan.name, users=f"{count} subscriptions")
    await repository.remove(connection, plan.id)


async def chosen(connection: Connection, service_id: str, reference: str | None) -> str | None:
    """Id of the plan that a subscription is to have. Where a service has plans, one has to be chosen. Raises Refusal."""
    if reference is not None:
        plan = await repository.find(connection, service_id, reference)
        if plan is None:
            raise Refusal("not_found", noun="plan", name=reference[:200])
        return plan.id
    names = [plan.name for plan in await repository.of_services(connection, [service_id])]
    if names:
        raise Refusal("invalid_field", param="plan", reason=f"expected one of {', '.join(names[:_SHOWN])}")
    return None


async def exists(connection: Connection, service_id: str, plan_id: str) -> bool:
    """Whether the service still has this plan."""
    return await repository.find(connection, service_id, plan_id) is not None
