"""A made-up organisation of any size, written into a database past the program: rows for every table that lists show.

What it is like: every tenth app is in one large team; half of the services are the platform's, the others' are spread over the
teams; every tenth service has releases; one subscription in ten is of one of ten services that everybody uses; one in ten
is not approved. The audit trail is chained as the program chains it.
"""

import asyncio
import random
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec
from sqlalchemy import Table, make_url

from torana.control.approvals.service import Stage
from torana.control.audit.entry import FIRST, Entry, sealed
from torana.control.releases.design import designed, written
from torana.control.services.repository import Deployment, Service
from torana.core.ids import epoch_us, new_id
from torana.settings import Settings
from torana.stores.secrets.master import MasterKey, load_or_create
from torana.stores.sql import audit_tables, lifecycle_tables, people_tables, tables
from torana.stores.sql.engine import create, database_file
from torana.stores.sql.metadata import columns_of
from torana.stores.sql.migrate import upgrade

CHUNK = 20_000
POPULAR = 10
RELEASED_EVERY = 10
_STATES = ("requested", "rejected", "suspended", "cancelled", "expired")
_ACTIONS = ("app.create", "key.create", "subscription.approve", "service.change", "subscription.suspend")
_STAGES = msgspec.json.encode([Stage("subscriptions:approve")]).decode()
# Those that no constraint has made.
_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
_SPREAD_US = 90 * 86_400 * 1_000_000


class Size(NamedTuple):
    """How many of each."""

    services: int
    apps: int
    """Each with one key."""
    subscriptions_each: int
    teams: int
    users: int
    entries: int
    """Of the audit trail."""


BIG = Size(services=10_000, apps=100_000, subscriptions_each=10, teams=500, users=5_000, entries=100_000)
SMALL = Size(services=100, apps=1_000, subscriptions_each=5, teams=10, users=50, entries=500)


class Organisation(NamedTuple):
    """What was written, as far as measurements need it."""

    teams: list[str]
    """Ids; the first one is the large one."""
    services: list[str]
    """Ids; names are `service-0` and so on."""
    released: list[int]
    """Which of them have releases."""
    apps: list[str]
    keys: list[tuple[str, str]]
    """Id and value, by app."""
    granted: list[int]
    """By app: a service that it may call."""
    tokens: dict[str, str]
    """Of `owner`; `lead`, the team admin of the large team; `developer`, in a small one; `many`, a service owner in 20 teams."""


class _Draft(NamedTuple):
    organisation: Organisation
    rows: list[tuple[Table, Iterable[dict[str, Any]]]]


def fill(settings: Settings, size: Size, upstream_port: int) -> Organisation:
    """Migrate the empty database of these settings and fill it. The data folder is made where there is none."""
    folder = Path(settings.data)
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = _drafted(size, load_or_create(folder), upstream_port)
    asyncio.run(_migrated(settings))
    file = database_file(settings)
    if file is None:
        asyncio.run(_copied(settings.database, draft.rows))
    else:
        _inserted(file, draft.rows)
    return draft.organisation


async def _migrated(settings: Settings) -> None:
    engine = create(settings)
    await upgrade(engine)
    await engine.dispose()


def _inserted(file: Path, rows: Sequence[tuple[Table, Iterable[dict[str, Any]]]]) -> None:
    # Without its checks of references, which hold, and with its indexes made at the end: otherwise it takes minutes.
    database = sqlite3.connect(file)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("PRAGMA cache_size=-400000")
    indexes = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    for table, things in rows:
        for columns, chunk in _chunks(things):
            places = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})", chunk)
    for _, statement in indexes:
        database.execute(statement)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


async def _copied(url: str, rows: Sequence[tuple[Table, Iterable[dict[str, Any]]]]) -> None:
    connection = await asyncpg.connect(make_url(url).render_as_string(hide_password=False))
    try:
        # Without its checks of references, which hold.
        await connection.execute("SET session_replication_role = replica")
        indexes = await connection.fetch(_INDEXES)
        for name, _ in indexes:
            await connection.execute(f'DROP INDEX "{name}"')
        for table, things in rows:
            for columns, chunk in _chunks(things):
                await connection.copy_records_to_table(table.name, columns=columns, records=chunk)
        for _, statement in indexes:
            await connection.execute(statement)
        # What autovacuum does within minutes of so many rows.
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _chunks(things: Iterable[dict[str, Any]]) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    columns: list[str] = []
    chunk: list[tuple[Any, ...]] = []
    for thing in things:
        if not columns:
            columns = list(thing)
        chunk.append(tuple(thing.values()))
        if len(chunk) == CHUNK:
            yield columns, chunk
            chunk = []
    if chunk:
        yield columns, chunk


def _drafted(size: Size, master: MasterKey, upstream_port: int) -> _Draft:
    chance = random.Random(4)
    now = epoch_us()
    teams = [new_id("team") for _ in range(size.teams)]
    services = [_service(number, teams, now) for number in range(size.services)]
    provider = new_id("provider")
    deployments = [_deployment(service, provider) for service in services]
    apps = [new_id("app") for _ in range(size.apps)]
    of_app = [_team_of(number, teams) for number in range(size.apps)]
    keys = [(new_id("key"), f"sk-bench-{secrets.token_hex(24)}") for _ in apps]
    tokens = {name: f"tor_admin_{secrets.token_hex(24)}" for name in ("owner", "lead", "developer", "many")}
    open_to_all = [number for number, one in enumerate(services) if one.visibility in ("organisation", "public")]
    chosen = [_chosen(chance, open_to_all, size.subscriptions_each, app) for app in range(size.apps)]
    subscriptions, approvals = _subscriptions(chance, chosen, apps, of_app, services, now)
    released = [number for number in range(size.services) if number % RELEASED_EVERY == 0]
    rows: list[tuple[Table, Iterable[dict[str, Any]]]] = [
        (tables.teams, [{"id": id_, "name": f"team-{n}", "created_us": _when(n, now)} for n, id_ in enumerate(teams)]),
        (tables.providers, _providers(provider, upstream_port, teams, now)),
        (tables.services, [msgspec.structs.asdict(one) for one in services]),
        (tables.deployments, [msgspec.structs.asdict(one) for one in deployments]),
        (lifecycle_tables.releases, _releases([services[n] for n in released], deployments, released, now)),
        (lifecycle_tables.plans, _plans(services[:1000], now)),
        (lifecycle_tables.service_teams, _shared(services, teams)),
        (tables.apps, [_app(n, id_, of_app[n], now) for n, id_ in enumerate(apps)]),
        (tables.keys, [_key(n, apps[n], of_app[n], one, master, now) for n, one in enumerate(keys)]),
        (tables.subscriptions, subscriptions),
        (lifecycle_tables.approvals, approvals),
        (tables.prices, _prices(provider, now)),
        *_people(size, teams, tokens, master, now),
        (audit_tables.audit, _entries(size.entries, teams, master, now)),
    ]
    granted = [next(n for n, state in mine.items() if state == "approved") for mine in chosen]
    organisation = Organisation(teams, [one.id for one in services], released, apps, keys, granted, tokens)
    return _Draft(organisation, rows)


def _when(number: int, now: int) -> int:
    # Not in the order of ids, as if made over three months.
    return now - _SPREAD_US + (number * 7_919_000_003) % _SPREAD_US


def _team_of(number: int, teams: Sequence[str]) -> str:
    return teams[0] if number % 10 == 0 else teams[1 + (number - 1) % (len(teams) - 1)]


def _service(number: int, teams: Sequence[str], now: int) -> Service:
    shared = {7: "team", 17: "teams", 27: "public"}.get(number % 40, "organisation")
    owner = teams[number % len(teams)] if number % 2 or number % 10 == 0 else None
    return Service(
        id=new_id("service"),
        team_id=owner,
        name=f"service-{number}",
        kind="model",
        visibility=shared,
        state="active",
        keep_bodies=False,
        created_us=_when(number, now),
        lifecycle="released" if number % RELEASED_EVERY == 0 else "direct",
        description=f"Answers questions of department {number}.",
        approval='{"subscriptions":{"mode":"automatic"}}' if number % RELEASED_EVERY == 0 else None,
    )


def _deployment(service: Service, provider: str) -> Deployment:
    return Deployment(new_id("deployment"), None, service.id, provider, 0, "gpt-4.1", 1)


def _releases(
    services: Sequence[Service], deployments: Sequence[Deployment], released: Sequence[int], now: int
) -> Iterator[dict[str, Any]]:
    for service, number in zip(services, released, strict=True):
        design = written(designed(service, [deployments[number]]))
        for minor, state in ((0, "retired"), (1, "published")):
            yield {
                "id": new_id("release"),
                "team_id": service.team_id,
                "service_id": service.id,
                "major": 1,
                "minor": minor,
                "state": state,
                "weight": 100 if state == "published" else 0,
                "design": design,
                "breaking": False,
                "author_name": "lead@example.org",
                "created_us": now - 2_000_000 + minor,
                "published_us": now - 1_000_000,
                "retired_us": now if state == "retired" else None,
            }


def _plans(services: Sequence[Service], now: int) -> Iterator[dict[str, Any]]:
    for service in services:
        for name in ("small", "large"):
            yield {
                "id": new_id("plan"),
                "team_id": service.team_id,
                "service_id": service.id,
                "name": name,
                "limits": "[]",
                "created_us": now,
            }


def _shared(services: Sequence[Service], teams: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number, service in enumerate(services):
        if service.visibility == "teams":
            for other in range(10):
                team = teams[(number + other * 37) % len(teams)]
                row = {"id": new_id("share"), "team_id": service.team_id, "service_id": service.id}
                if other * 37 < len(teams):
                    yield {**row, "shared_with": team}


def _providers(provider: str, upstream_port: int, teams: Sequence[str], now: int) -> Iterator[dict[str, Any]]:
    base = {"vendor": "openai-compatible", "base_url": f"http://127.0.0.1:{upstream_port}/v1"}
    yield {"id": provider, "team_id": None, "name": "local", **base, "created_us": now}
    for number, team in enumerate(teams):
        yield {"id": new_id("provider"), "team_id": team, "name": "own", **base, "created_us": _when(number, now)}


def _app(number: int, app: str, team: str, now: int) -> dict[str, Any]:
    return {"id": app, "team_id": team, "name": f"app-{number}", "keep_bodies": False, "created_us": _when(number, now)}


def _key(number: int, app: str, team: str, key: tuple[str, str], master: MasterKey, now: int) -> dict[str, Any]:
    return {
        "id": key[0],
        "team_id": team,
        "app_id": app,
        "name": f"key-{number % 100}",
        "digest": master.key_digest(key[1].encode()),
        "hint": key[1][-4:],
        "created_us": _when(number, now),
        "expires_us": now + _SPREAD_US if number % 50 == 1 else None,
        "revoked_us": None,
    }


def _chosen(chance: random.Random, among: Sequence[int], most: int, app: int) -> dict[int, str]:
    """Services of one app, with the states of its subscriptions; the first one is approved."""
    found = {among[app % POPULAR]: "approved"}
    while len(found) < most:
        number = among[chance.randrange(len(among))]
        found.setdefault(number, "approved" if chance.random() < 0.9 else chance.choice(_STATES))
    return found


def _subscriptions(
    chance: random.Random,
    chosen: Sequence[dict[int, str]],
    apps: Sequence[str],
    of_app: Sequence[str],
    services: Sequence[Service],
    now: int,
) -> tuple[Iterator[dict[str, Any]], list[dict[str, Any]]]:
    approvals: list[dict[str, Any]] = []

    def rows() -> Iterator[dict[str, Any]]:
        for app, mine in enumerate(chosen):
            for number, state in mine.items():
                service = services[number]
                one = {
                    "id": new_id("subscription"),
                    "team_id": of_app[app],
                    "app_id": apps[app],
                    "service_id": service.id,
                    "state": state,
                    "created_us": now - chance.randrange(_SPREAD_US),
                    "service_team_id": service.team_id,
                    "reason": "For the assistant of our department.",
                }
                if state == "requested":
                    approvals.append(_approval(one, service))
                yield one

    return rows(), approvals


def _approval(subscription: dict[str, Any], service: Service) -> dict[str, Any]:
    return {
        "id": new_id("approval"),
        "team_id": service.team_id,
        "noun": "subscription",
        "noun_id": subscription["id"],
        "state": "open",
        "stages": _STAGES,
        "stage": 0,
        "needs": " subscriptions:approve ",
        "asked_by_name": "developer@example.org",
        "reason": subscription["reason"],
        "created_us": subscription["created_us"],
    }


def _prices(provider: str, now: int) -> Iterator[dict[str, Any]]:
    for number in range(1000):
        yield {
            "id": new_id("price"),
            "team_id": None,
            "provider_id": provider,
            "model": f"model-{number}",
            "valid_from_us": now,
            "input_usd": "1.5",
            "output_usd": "6",
            "created_us": _when(number, now),
        }


def _people(
    size: Size, teams: Sequence[str], tokens: dict[str, str], master: MasterKey, now: int
) -> list[tuple[Table, Iterable[dict[str, Any]]]]:
    named = {name: new_id("user") for name in tokens}
    others = [new_id("user") for _ in range(size.users)]
    users = [
        {
            "id": id_,
            "email": f"{name}@example.org",
            "platform_role": "owner" if name == "owner" else "member",
            "created_us": _when(number, now),
        }
        for number, (id_, name) in enumerate(
            [*((id_, name) for name, id_ in named.items()), *((id_, f"user-{n}") for n, id_ in enumerate(others))]
        )
    ]
    held = [(teams[n % len(teams)], id_, "developer") for n, id_ in enumerate(others)]
    held += [(teams[0], named["lead"], "team_admin"), (teams[1], named["developer"], "developer")]
    held += [(team, named["many"], "service_owner") for team in teams[1:21]]
    memberships = [
        {
            "id": new_id("membership"),
            "team_id": team,
            "user_id": user,
            "role": role,
            "source": "manual",
            "created_us": now,
        }
        for team, user, role in held
    ]
    digests = [
        {
            "id": new_id("token"),
            "user_id": named[name],
            "name": "bench",
            "digest": master.key_digest(token.encode()),
            "hint": token[-4:],
            "created_us": now,
        }
        for name, token in tokens.items()
    ]
    return [(people_tables.users, users), (people_tables.memberships, memberships), (people_tables.tokens, digests)]


def _entries(count: int, teams: Sequence[str], master: MasterKey, now: int) -> Iterator[dict[str, Any]]:
    previous = FIRST
    names = [column.name for column in columns_of(audit_tables.audit, Entry)]
    for number in range(count):
        action = _ACTIONS[number % len(_ACTIONS)]
        entry = sealed(
            Entry(
                seq=number + 1,
                at_us=now - _SPREAD_US + number * (_SPREAD_US // count),
                actor_kind="person",
                actor_id=f"user_{number % 50}",
                actor_name=f"user-{number % 50}@example.org",
                via=None,
                action=action,
                noun=action.partition(".")[0],
                noun_id=f"thing_{number // 3}",
                noun_name=f"thing-{number // 3}",
                team_id=teams[number % len(teams)],
                before=None,
                after='{"name":"thing"}',
                reason=None,
                address="192.0.2.1",
                agent="bench",
                previous=previous,
                hash=b"",
            ),
            master.audit_digest,
        )
        previous = entry.hash
        yield {name: getattr(entry, name) for name in names}
