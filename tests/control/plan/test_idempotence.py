"""Whatever is declared: once applied, applying it again changes nothing, and what another file says is reached from there."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from torana.control.declaration.outside import OutsideValues
from torana.control.plan.apply import apply, plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.secrets.master import load_or_create
from torana.stores.sql.engine import create

NAMES = st.sampled_from(["a", "b", "gpt-4.1", "x_y"])
LIMITS = st.lists(
    st.sampled_from(["{requests: 5, per: minute}", "{requests: 9, per: day}", "{concurrency: 3}"]),
    unique=True,
    max_size=3,
).map(lambda chosen: f"[{', '.join(chosen)}]")

TERMS = (
    ", description: 'Two\\nlines'",
    ", plans: [{name: small, limits: [{concurrency: 3}], price: {text: free, amount: 1.50}}, {name: large}]",
    ", subscription_policy: {mode: owner, review_days: 9}",
    ", contract: {input: {type: object}, output: false}",
)


def _entries(count: int) -> st.SearchStrategy[list[str]]:
    return st.lists(NAMES, unique=True, max_size=count)


@st.composite
def declarations(draw: st.DrawFn) -> str:
    """A file that fits: references lead to what the same file declares."""
    providers = draw(_entries(3))
    lines = ["providers:"]
    for name in providers:
        key = draw(st.sampled_from(["", ", api_key: {env: ONE}", ", api_key: {env: TWO}", ", timeouts: {total: 9.5}"]))
        key += draw(
            st.sampled_from(["", ", dialect: anthropic_messages", ", bases: {gemini: 'http://three.example/v1beta'}"])
        )
        host = draw(st.sampled_from(["one", "two"]))
        lines.append(f"  - {{name: {name}, vendor: openai-compatible, base_url: 'http://{host}.example/v1'{key}}}")
    teams = draw(_entries(2))
    services = draw(_entries(3)) if providers else []
    lines.append("services:")
    for name in services:
        place = st.tuples(st.sampled_from(providers), NAMES, st.integers(1, 9))
        places = draw(st.lists(place, min_size=1, max_size=3, unique_by=lambda one: one[:2]))
        served = ", ".join(
            f"{{provider: {provider}, model: {model}, weight: {weight}}}" for provider, model, weight in places
        )
        owner = draw(st.sampled_from(["", *(f", team: {team}" for team in teams)]))
        alias = draw(st.sampled_from(["", f", aliases: [{name}-too]"]))
        keep = draw(st.sampled_from(["", ", keep_bodies: true", ", drop_unsupported: true", ", try_unsupported: true"]))
        keep += draw(st.sampled_from(["", *TERMS]))
        if draw(st.booleans()) and teams:
            keep += f", visibility: teams, shared_with: [{', '.join(teams)}]"
        if draw(st.booleans()):
            keep += ", kind: custom, model: {request: {path: /" + draw(NAMES) + "}, response: x}"
            served = f"{{provider: {places[0][0]}}}"
        lines.append(f"  - {{name: {name}, deployments: [{served}], limits: {draw(LIMITS)}{owner}{alias}{keep}}}")
    roles = draw(_entries(2))
    lines.append(f"roles: [{', '.join(f'{{name: {role}, permissions: [keys:read]}}' for role in roles)}]")
    given = [f"{{source: scim, group: g, role: {role}, team: {team}}}" for role in roles for team in teams]
    lines.append(f"group_roles: [{', '.join(given)}]")
    lines.append("teams:")
    lines += [
        f"  - {{name: {team}, limits: {draw(LIMITS)}, apps: [{', '.join(draw(_apps(services)))}]}}" for team in teams
    ]
    return "\n".join(lines)


@st.composite
def _apps(draw: st.DrawFn, services: list[str]) -> list[str]:
    made: list[str] = []
    for name in draw(_entries(2)):
        subscribed = draw(st.lists(st.sampled_from(services), unique=True)) if services else []
        keys = [f"{{name: {key}, limits: {draw(LIMITS)}}}" for key in draw(_entries(2))]
        more = draw(st.sampled_from(["", ", expires: 2099-01-01", ", reason: why", ", expires: 2020-01-01"]))
        subscribed = [f"{{service: {service}{more}}}" if more else service for service in subscribed]
        held = f"subscriptions: [{', '.join(subscribed)}], keys: [{', '.join(keys)}]"
        made.append(f"{{name: {name}, {held}, limits: {draw(LIMITS)}}}")
    return made


def _source(text: str) -> Source:
    return Source(text.encode(), OutsideValues({"env:ONE": Secret("secret-one"), "env:TWO": Secret("secret-two")}, {}))


async def _apply_each(folder: Path, texts: list[str]) -> None:
    engine = create(Settings(data=str(folder)))
    publisher = Publisher(engine, load_or_create(folder), folder / "snapshot")
    try:
        for text in texts:
            await apply(publisher, _source(text))
            assert (await plan(engine, publisher.master, _source(text))).changes == ()
            version = await publisher.version()
            assert (await apply(publisher, _source(text))).changes == ()
            assert await publisher.version() == version
        await apply(publisher, _source("{}"))
        assert (await plan(engine, publisher.master, _source(texts[0]))).changes != () or not _declares(texts[0])
    finally:
        await engine.dispose()


def _declares(text: str) -> bool:
    return "name:" in text


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(declarations(), min_size=1, max_size=3))
def test_a_second_apply_of_anything_changes_nothing(migrated_sqlite: Path, texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(migrated_sqlite, name)
        asyncio.run(_apply_each(Path(name), texts))
