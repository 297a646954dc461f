"""Law 6 as a property: in any organisation all are shown what their roles and what is shared let them see, no more and no less."""

import itertools
from typing import Any, NamedTuple

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.api import Organisation
from tests.support.organisation import add_provider, add_service
from torana.control.access.actor import OWNER
from torana.control.access.roles import TEAM_ROLES
from torana.control.apps import service as apps
from torana.control.members import service as members
from torana.control.publish.publish import Publisher
from torana.control.roles import service as roles
from torana.control.sharing import service as sharing
from torana.control.subscriptions import service as subscriptions
from torana.control.teams import service as teams
from torana.control.tokens import service as tokens
from torana.control.users import service as users
from torana.core.secret import Secret
from torana.stores.sql.engine import Connection

pytestmark = pytest.mark.anyio

READS = ("teams:read", "apps:read", "services:read", "subscriptions:read", "members:read")
VISIBILITIES = ("team", "teams", "organisation", "public")
numbers = itertools.count()
"""Examples are made beside each other in one database, so that what earlier ones left behind must not be seen either."""


class Service(NamedTuple):
    """A service to be made: whose, by the team's index, who sees it, and with whom it is shared."""

    team: int
    visibility: str
    shared: frozenset[int]

    def offered_to(self, team: int) -> bool:
        if self.team == team or self.visibility in ("organisation", "public"):
            return True
        return self.visibility == "teams" and team in self.shared


class Plan(NamedTuple):
    """An organisation to be made. A team's custom role gives `custom`; people have roles by team."""

    teams: int
    custom: frozenset[str]
    people: list[dict[int, frozenset[str]]]
    services: list[Service]
    subscribed: frozenset[tuple[int, int]]
    """Team of the app (each has one), and index of the service."""

    def may(self, person: int, permission: str, team: int) -> bool:
        held = self.people[person].get(team, frozenset())
        return any(permission in (self.custom if role == "custom" else TEAM_ROLES[role]) for role in held)

    def where(self, person: int, permission: str) -> list[int]:
        return [team for team in range(self.teams) if self.may(person, permission, team)]

    def subscriptions(self) -> list[tuple[int, int]]:
        return [(team, one) for team, one in sorted(self.subscribed) if self.services[one].offered_to(team)]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Two or three teams, up to three people and up to four services."""
    count = draw(st.integers(2, 3))
    team = st.integers(0, count - 1)
    role_names = st.frozensets(st.sampled_from((*TEAM_ROLES, "custom", "custom")), min_size=1, max_size=2)
    services = draw(
        st.lists(st.builds(Service, team, st.sampled_from(VISIBILITIES), st.frozensets(team)), min_size=1, max_size=4)
    )
    return Plan(
        count,
        draw(st.frozensets(st.sampled_from(READS))),
        draw(st.lists(st.dictionaries(team, role_names), min_size=1, max_size=3)),
        services,
        draw(st.frozensets(st.tuples(team, st.integers(0, len(services) - 1)), max_size=4)),
    )


class Made(NamedTuple):
    """Ids of what was made, in the order of the plan."""

    teams: list[str]
    apps: list[str]
    services: list[str]
    people: list[str]
    subscriptions: dict[tuple[int, int], str]


async def make(on: Organisation, plan: Plan) -> Made:
    mark = f"n{next(numbers)}"
    made = Made([], [], [], [], {})
    async with on.publisher.change() as connection:
        rows = []
        for number in range(plan.teams):
            team = await teams.create(connection, f"{mark}-{number}")
            made.teams.append(team.id)
            await roles.create(
                connection, OWNER, team_id=team.id, name="custom", description=None, permissions=plan.custom
            )
            rows.append(await apps.create(connection, team.id, "app"))
            made.apps.append(rows[-1].id)
        offered = [await _service(connection, on, made, number, one) for number, one in enumerate(plan.services)]
        for team_number, one in plan.subscriptions():
            held = await subscriptions.subscribe(connection, rows[team_number], offered[one])
            made.subscriptions[team_number, one] = held.id
        for number, held_roles in enumerate(plan.people):
            name = f"{mark}.p{number}"
            user = await users.create(connection, f"{name}@example.org", None)
            made.people.append(user.id)
            for team_number, given_roles in held_roles.items():
                await members.give(connection, made.teams[team_number], user.id, sorted(given_roles))
            _, on.tokens[str(number)] = await tokens.create(connection, on.publisher.master, user.id, "first")
    return made


async def _service(connection: Connection, on: Organisation, made: Made, number: int, one: Service) -> Any:
    team_id = made.teams[one.team]
    provider = await add_provider(connection, on.publisher, f"account-{number}", team_id)
    service = await add_service(connection, provider, f"service-{number}", team_id=team_id, visibility=one.visibility)
    if one.visibility == "teams":
        shared = [made.teams[team] for team in sorted(one.shared)]
        await sharing.share(connection, service, "teams", shared)
    made.services.append(service.id)
    return service


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=plans())
async def test_everybody_is_shown_what_is_theirs_and_what_is_shared_with_them(plan: Plan, publisher: Publisher) -> None:
    on = Organisation(publisher, {}, {}, {"nobody": Secret("tor_admin_unknown")})
    made = await make(on, plan)
    for person in range(len(plan.people)):
        async with on.client(str(person)) as client:
            await check_lists(client, plan, made, person)
            await check_things(client, plan, made, person)
            await check_catalogue(client, plan, made, person)


async def check_lists(client: httpx2.AsyncClient, plan: Plan, made: Made, person: int) -> None:
    reading = {permission: plan.where(person, permission) for permission in READS}
    seen = reading["subscriptions:read"]
    expected = {
        "teams": (reading["teams:read"], [made.teams[team] for team in reading["teams:read"]]),
        "apps": (reading["apps:read"], [made.apps[team] for team in reading["apps:read"]]),
        "services": (reading["services:read"], owned_services(plan, made, reading["services:read"])),
        "subscriptions": (
            seen,
            [id_ for (team, one), id_ in made.subscriptions.items() if team in seen or plan.services[one].team in seen],
        ),
    }
    for noun, (where, ids) in expected.items():
        reply = await client.get(f"/{noun}", params={"limit": 500})
        if not where:
            assert reply.status_code == 403, (noun, reply.text)
        else:
            assert sorted(one["id"] for one in reply.json()["items"]) == sorted(ids), noun


def owned_services(plan: Plan, made: Made, where: list[int]) -> list[str]:
    return [id_ for id_, one in zip(made.services, plan.services, strict=True) if one.team in where]


async def check_things(client: httpx2.AsyncClient, plan: Plan, made: Made, person: int) -> None:
    """Each thing by its id: there, or not there, or nothing of the kind is anywhere."""
    asked = [
        *((f"/apps/{id_}", "apps:read", team) for team, id_ in enumerate(made.apps)),
        *(
            (f"/services/{id_}", "services:read", one.team)
            for id_, one in zip(made.services, plan.services, strict=True)
        ),
        *((f"/teams/{id_}/members", "members:read", team) for team, id_ in enumerate(made.teams)),
    ]
    for path, permission, team in asked:
        reply = await client.get(path)
        where = plan.where(person, permission)
        assert reply.status_code == (403 if not where else 200 if team in where else 404), (path, reply.text)
        if reply.status_code == 200 and path.endswith("members"):
            there = [made.people[other] for other, held in enumerate(plan.people) if team in held]
            assert sorted(one["user_id"] for one in reply.json()["items"]) == sorted(there)


async def check_catalogue(client: httpx2.AsyncClient, plan: Plan, made: Made, person: int) -> None:
    """What each team may subscribe to; what examples before left to the whole organisation is there besides."""
    where = plan.where(person, "services:read")
    for team, id_ in enumerate(made.teams):
        reply = await client.get("/catalogue", params={"team": id_, "limit": 500})
        if team not in where:
            assert reply.status_code == (404 if where else 403), reply.text
            continue
        offered = {id_ for id_, one in zip(made.services, plan.services, strict=True) if one.offered_to(team)}
        items = reply.json()["items"]
        assert {one["id"] for one in items} & set(made.services) == offered
        assert {one["visibility"] for one in items if one["id"] not in made.services} <= {"organisation", "public"}
        counts = {one["id"]: sum(one["subscriptions"].values()) for one in items if one["id"] in made.services}
        for number, service_id in enumerate(made.services):
            assert counts.get(service_id, 0) == ((team, number) in made.subscriptions)
