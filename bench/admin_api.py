"""How long lists and reads of the admin API take: through its door in this process, one caller, one request after the other."""

import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench.measure import percentile
from bench.organisation import Organisation
from bench.processes import BenchError
from torana.control.app import create_app
from torana.control.bulk import set_aside
from torana.control.door import Door
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.secrets.master import load
from torana.stores.sql.engine import create

WARM = 5
PAGES = 40
"""A later page is one of so many that follow the first."""
LISTS: dict[str, tuple[str, ...]] = {
    "services": (
        "",
        "sort=-name",
        "sort=created_us",
        "sort=-created_us",
        "name=service-77",
        "kind=model",
        "kind=custom",
        "lifecycle=released",
        "lifecycle=released&sort=-created_us",
        "team={team}",
        "team={small}",
        "limit=500",
    ),
    "apps": (
        "",
        "sort=-name",
        "sort=created_us",
        "sort=-created_us",
        "name=app-77",
        "team={team}",
        "team={small}",
        "team={small}&sort=-created_us",
        "limit=500",
    ),
    "keys": (
        "",
        "sort=-created_us",
        "sort=name",
        "sort=-name",
        "team={team}",
        "team={small}",
        "team={small}&sort=name",
        "app={app}",
        "state=in_use",
        "state=expired",
        "state=revoked",
        "state=revoked&sort=name",
        "team={team}&state=expired",
        "app={app}&state=in_use",
        "limit=500",
    ),
    "subscriptions": (
        "",
        "sort=created_us",
        "app={app}",
        "service={popular}",
        "service={service}",
        "service={popular}&state=suspended",
        "state=requested",
        "state=approved",
        "state=cancelled",
        "team={team}",
        "team={small}",
        "team={team}&state=suspended",
        "team={team}&service={popular}",
        "team={small}&service={service}&state=approved",
        "limit=500",
    ),
    "catalogue": (
        "team={small}",
        "team={small}&sort=-name",
        "team={small}&sort=created_us",
        "team={small}&sort=-created_us",
        "team={small}&search=department 77",
        "team={small}&search=nothing like it",
        "team={small}&kind=model",
        "team={small}&kind=custom",
        "team={small}&name=service-78",
        "team={small}&app={app}",
    ),
    "teams": ("", "sort=-name", "sort=created_us", "sort=-created_us", "name=team-7"),
    "providers": ("", "sort=-name", "sort=created_us", "vendor=openai-compatible", "vendor=openai", "name=own"),
    "services/{released}/releases": ("", "sort=created_us", "state=published"),
    "services/{service}/plans": ("", "sort=created_us"),
    "approvals": (
        "",
        "sort=created_us",
        "state=open",
        "state=approved",
        "noun=subscription",
        "noun=release",
        "state=open&noun=release",
    ),
    "audit": (
        "",
        "sort=seq",
        "action=key.create",
        "action=none.such",
        "noun=subscription",
        "noun=none",
        "noun_id=thing_77",
        "actor=user_7",
        "actor=user-7@example.org",
        "actor=nobody@example.org",
        "team={small}",
        "since_us={since}",
        "until_us={since}",
        "team={small}&action=key.create",
    ),
    "prices": ("", "sort=-model", "sort=created_us", "model=model-77"),
    "users": (
        "",
        "sort=-email",
        "sort=created_us",
        "sort=-created_us",
        "email=user-7@example.org",
        "state=active",
        "state=suspended",
        "kind=service",
        "platform_role=owner",
    ),
}
READS = (
    "services/{service}",
    "services/service-77",
    "apps/{app}",
    "apps/team-1/app-1",
    "apps/app-77",
    "keys/{key}",
    "keys/team-1/app-1/key-1",
    "subscriptions/{subscription}",
    "catalogue/{popular}?team={small}",
    "teams/{team}",
    "teams/team-7",
    "providers/{provider}",
    "releases/{release}",
    "services/{service}/plans/small",
    "approvals/{approval}",
    "limits/app/{app}",
    "users/user-7@example.org",
)
AS_TEAMS = ("services", "apps", "keys", "subscriptions", "catalogue", "teams", "providers", "approvals", "audit")
"""Lists that people in teams see too."""
OF_SUBSCRIPTIONS = ("state=suspended", "service={popular}", "team={small}")


class Timed(NamedTuple):
    """One kind of request."""

    who: str
    path: str
    page: str
    """`first`, `later`, or nothing for a read."""
    rows: int
    p50_ms: float
    p99_ms: float


def timed(settings: Settings, organisation: Organisation, requests: int) -> list[Timed]:
    """Every list and read, so many times each."""
    import uvloop

    return uvloop.run(_timed(settings, organisation, requests))


async def _timed(settings: Settings, organisation: Organisation, requests: int) -> list[Timed]:
    engine = create(settings)
    data = Path(settings.data)
    try:
        publisher = Publisher(engine, load(data), data / "snapshot")
        caller = _Caller(Door(create_app(publisher, settings=settings), owner_socket=False), organisation)
        await caller.learn()
        # As control does, once it is there.
        set_aside()
        found: list[Timed] = []
        for who, path in _asked():
            found += await _one(caller, who, path, requests)
        return found
    finally:
        await engine.dispose()


def _asked() -> Iterator[tuple[str, str]]:
    for noun, queries in LISTS.items():
        for query in queries:
            yield "owner", f"{noun}?{query}"
    for path in READS:
        yield "owner", path
    for who in ("lead", "developer", "many"):
        for noun in AS_TEAMS:
            if noun != "audit" or who == "lead":
                yield who, f"{noun}?" + {"catalogue": "team={own}"}.get(noun, "")
        for query in OF_SUBSCRIPTIONS:
            yield who, f"subscriptions?{query}"
        yield who, "keys?state=revoked"


async def _one(caller: "_Caller", who: str, path: str, requests: int) -> list[Timed]:
    first = await caller.get(who, path)
    if "items" not in first:
        return [await _measured(caller, who, [path], "", 1, requests)]
    pages = [path]
    reply = first
    while reply["next"] is not None and len(pages) <= PAGES:
        pages.append(f"{path}&cursor={reply['next']}")
        reply = await caller.get(who, pages[-1])
    found = [await _measured(caller, who, pages[:1], "first", len(first["items"]), requests)]
    if len(pages) > 1:
        found.append(await _measured(caller, who, pages[1:], "later", len(first["items"]), requests))
    return found


async def _measured(caller: "_Caller", who: str, paths: list[str], page: str, rows: int, requests: int) -> Timed:
    for number in range(WARM):
        await caller.get(who, paths[number % len(paths)])
    took: list[float] = []
    for number in range(requests):
        started = time.perf_counter_ns()
        await caller.get(who, paths[number % len(paths)], read=False)
        took.append((time.perf_counter_ns() - started) / 1e6)
    return Timed(who, paths[0].partition("&cursor=")[0], page, rows, percentile(took, 50), percentile(took, 99))


class _Caller:
    """Requests through the door, as a server would hand them over."""

    def __init__(self, door: Door, organisation: Organisation) -> None:
        self._door = door
        self._tokens = {
            name: [(b"host", b"torana"), (b"authorization", f"Bearer {token}".encode())]
            for name, token in organisation.tokens.items()
        }
        self._names = {
            "team": organisation.teams[0],
            "small": organisation.teams[1],
            "own": organisation.teams[1],
            "app": organisation.apps[1],
            "key": organisation.keys[1][0],
            "popular": organisation.services[organisation.granted[1]],
            "service": organisation.services[76],
            "released": organisation.services[organisation.released[1]],
        }

    async def learn(self) -> None:
        """Find ids that only the database knows."""
        for name, path in (
            ("subscription", "subscriptions?app={app}"),
            ("provider", "providers?"),
            ("release", "services/{released}/releases?"),
            ("approval", "approvals?"),
        ):
            self._names[name] = (await self.get("owner", path))["items"][0]["id"]
        middle = (await self.get("owner", "audit?sort=seq&limit=100"))["items"][-1]
        self._names["since"] = str(middle["at_us"])

    async def get(self, who: str, path: str, *, read: bool = True) -> dict[str, Any]:
        """The reply. Raises BenchError unless its status is 200."""
        names = {**self._names, "own": self._names["team" if who == "lead" else "small"]}
        place, _, query = path.format(**names).partition("?")
        asked = urllib.parse.quote(query, safe="=&-_@.")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"/api/v1/{place}",
            "raw_path": f"/api/v1/{place}".encode(),
            "query_string": asked.encode(),
            "root_path": "",
            "headers": self._tokens[who],
            "client": ("127.0.0.1", 1),
            "server": ("torana", 80),
        }
        status = 0
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self._door(scope, receive, send)
        body = b"".join(parts)
        if status != 200:
            raise BenchError(f"GET /api/v1/{place}?{asked} as {who} was answered with {status}: {body[:300]!r}")
        return msgspec.json.decode(body) if read else {}
