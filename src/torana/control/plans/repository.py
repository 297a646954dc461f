"""Plans in SQL."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update

from torana.stores.sql.engine import Connection
from torana.stores.sql.lifecycle_tables import plans
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.paging import PageAsked, page
from torana.stores.sql.tables import subscriptions


class Plan(msgspec.Struct, frozen=True):
    """Named limits and a price of a service."""

    id: str
    team_id: str | None
    """The service's."""
    service_id: str
    name: str
    description: str | None
    limits: str
    """JSON: plans/limits.py says of what form."""
    price: str | None
    """JSON, for people to read."""
    created_us: int


_COLUMNS = columns_of(plans, Plan)


async def add(connection: Connection, plan: Plan) -> None:
    """Store a new plan."""
    await connection.execute(insert(plans).values(msgspec.structs.asdict(plan)))


async def change(connection: Connection, plan_id: str, **columns: Any) -> None:
    """Set columns of a plan."""
    await connection.execute(update(plans).where(plans.c.id == plan_id).values(columns))


async def remove(connection: Connection, plan_id: str) -> None:
    """Delete a plan that no subscription has."""
    await connection.execute(delete(plans).where(plans.c.id == plan_id))


async def find(connection: Connection, service_id: str, reference: str) -> Plan | None:
    """The service's plan of this id or name; an id comes before a name."""
    statement = select(*_COLUMNS).where(
        plans.c.service_id == service_id, or_(plans.c.id == reference, plans.c.name == reference)
    )
    found = [Plan(*row) for row in await connection.execute(statement)]
    return next((plan for plan in found if plan.id == reference), found[0] if found else None)


async def of_services(connection: Connection, service_ids: Collection[str]) -> list[Plan]:
    """The plans of these services, by service and name."""
    statement = select(*_COLUMNS).where(plans.c.service_id.in_(sorted(service_ids)))
    return [Plan(*row) for row in await connection.execute(statement.order_by(plans.c.service_id, plans.c.name))]


async def paged(connection: Connection, service_id: str, asked: PageAsked) -> tuple[list[Plan], str | None]:
    """A page of a service's plans, and the cursor of the next. Raises Refusal."""
    statement = select(*_COLUMNS).where(plans.c.service_id == service_id)
    sorts = {"name": plans.c.name, "created_us": plans.c.created_us}
    rows, following = await page(connection, statement, asked, sorts, plans.c.id, "name")
    return [Plan(*row) for row in rows], following


async def subscribers(connection: Connection, plan_id: str) -> int:
    """How many subscriptions have this plan."""
    statement = select(func.count()).select_from(subscriptions).where(subscriptions.c.plan_id == plan_id)
    return int((await connection.execute(statement)).scalar_one())
