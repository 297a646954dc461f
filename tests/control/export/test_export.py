"""An export is what there is: planned where it was made it changes nothing, and applied elsewhere it makes the same."""

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from tests.control.plan.test_idempotence import declarations
from tests.control.releases.offered import offered
from tests.support.api import organisation
from torana.control import init
from torana.control.apps import service as apps
from torana.control.declaration.outside import OutsideValues
from torana.control.export.service import Exported, applicable, export, problems_of
from torana.control.keys import service as keys
from torana.control.plan.apply import apply, plan
from torana.control.plan.repository import load
from torana.control.plan.source import Source
from torana.control.policies import service as policies
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.subscriptions import service as subscriptions
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.secrets.master import load_or_create
from torana.stores.sql import people_tables, tables
from torana.stores.sql.engine import create, reading

ONE = "secret-one"


async def _publisher(folder: Path) -> Publisher:
    return Publisher(create(Settings(data=str(folder))), load_or_create(folder), folder / "snapshot")


async def _source(exported: Exported, publisher: Publisher | None) -> Source:
    """With the credentials that this instance holds, and a value for every key."""
    values = {f"env:{name}": Secret(f"value-of-{name.lower():>20}".replace(" ", "0")) for name in exported.variables}
    if publisher is not None:
        async with reading(publisher.engine) as connection:
            for row in (await load(connection)).providers:
                what = f"the credential of provider {row['name']}"
                for name in [name for name, purpose in exported.variables.items() if purpose == what]:
                    values[f"env:{name}"] = publisher.master.open(row["sealed_key"], row["id"])
    values |= {f"file:{name}": Secret(content) for name, content in exported.files.items()}
    return Source(exported.text.encode(), OutsideValues(values, {}))


async def _there_and_back(first: Path, second: Path, text: str, brought: bool) -> None:
    one, other = await _publisher(first), await _publisher(second)
    try:
        given = {"env:ONE": Secret(ONE), "env:TWO": Secret("secret-two")}
        await apply(one, Source(text.encode(), OutsideValues(given, {})))
        exported = await export(one.engine)
        assert exported.left_out == []
        assert ONE not in exported.text
        source = await _source(exported, one)
        assert (await plan(one.engine, one.master, source)).changes == ()
        if brought:
            exported = await export(one.engine, "variables")
            source = await _source(exported, one)
        await apply(other, source)
        again = await export(other.engine, "variables" if brought else "made")
        assert again == exported
    finally:
        await one.engine.dispose()
        await other.engine.dispose()


@settings(max_examples=20, deadline=None)
@given(text=declarations(), brought=st.booleans())
def test_what_is_exported_makes_the_same_elsewhere(migrated_sqlite: Path, text: str, brought: bool) -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        for folder in (first, second):
            shutil.copy(migrated_sqlite, folder)
        asyncio.run(_there_and_back(Path(first), Path(second), text, brought))


@pytest.mark.anyio
async def test_a_first_start_is_exported_as_it_is(publisher: Publisher) -> None:
    await init.first_start(publisher, {"OPENAI_API_KEY": "sk-canary-11", "ANTHROPIC_API_KEY": "sk-canary-22"})
    exported = await export(publisher.engine)
    assert exported.left_out == []
    assert exported.variables == {
        "ANTHROPIC_API_KEY": "the credential of provider anthropic",
        "OPENAI_API_KEY": "the credential of provider openai",
    }
    assert "canary" not in exported.text
    found = await plan(publisher.engine, publisher.master, await _source(exported, publisher))
    assert (found.changes, found.notes) == ((), ())


@pytest.mark.anyio
async def test_what_was_made_by_hand_is_in_it_as_far_as_the_file_can_say_it(publisher: Publisher) -> None:
    on = await organisation(publisher)
    team, other = on.teams["one"], on.teams["two"]
    async with publisher.change() as connection:
        app = await apps.create(connection, team.id, "app")
        draft = providers.ProviderDraft(name="2nd house", vendor="ollama")._replace(name="2nd-house")
        house = await providers.create(connection, publisher.master, draft, Secret("sk-canary"))
        own = await providers.create(
            connection, publisher.master, draft._replace(name="own", team_id=other.id), Secret("sk-canary")
        )
        place = [services.DeploymentDraft(house.id, "m")]
        shared = await services.create(connection, services.ServiceDraft("shared", place))
        await services.create(connection, services.ServiceDraft("off", place, state="disabled"))
        await services.create(connection, services.ServiceDraft("shared", place, team_id=other.id, visibility="team"))
        strange = await services.create(
            connection, services.ServiceDraft("strange", [services.DeploymentDraft(own.id, "m")], team_id=other.id)
        )
        await subscriptions.subscribe(connection, app, shared)
        await subscriptions.subscribe(connection, app, strange)
        soon = epoch_us() + 86_400_000_123
        changed: dict[str, dict[str, object]] = {
            "narrow": {"networks": '["10.0.0.0/8"]', "scopes": f'{{"services": ["{shared.id}"], "models": ["m*"]}}'},
            "gone": {"revoked_us": 5},
        }
        for name, expires in (("plain", None), ("soon", soon), ("narrow", None), ("gone", None)):
            made = await keys.create(
                connection, publisher.master, team_id=team.id, app_id=app.id, name=name, expires_us=expires
            )
            if name in changed:
                mine = tables.keys.c.id == made.key.id
                await connection.execute(update(tables.keys).where(mine).values(changed[name]))
        owner = policies.Owner("app", app.id, team.id)
        limits = [policies.LimitDraft("requests", 5, 60), policies.LimitDraft("requests", 9, 30 * 86_400)]
        await policies.set_limits(connection, owner, limits)
        price = {"id": new_id("price"), "vendor": "ollama", "model": "m", "input_usd": "1.50", "output_usd": "2.00"}
        await connection.execute(insert(tables.prices).values(**price, valid_from_us=0, created_us=1))
    exported = await export(publisher.engine)
    assert exported.variables == {"N2ND_HOUSE_API_KEY": "the credential of provider 2nd-house"}
    reasons = "\n".join(exported.left_out)
    for gone in (
        "provider own of team two: the file declares",
        "service off: it is disabled",
        "service shared of team two: the file has another service of this name",
        "service strange of team two: its provider own is left out",
        "subscription of one/app to strange: its service is left out",
        "key one/app/narrow, what its scope means: it names services by id",
        "limit of app one/app, 9 requests per 2592000 s: the file cannot say it",
    ):
        assert gone in reasons
    assert len(exported.left_out) == 7
    assert all(f"#   {reason}" in exported.text for reason in exported.left_out)
    assert "gone" not in exported.text
    assert "input: 1.5, output: 2" in exported.text
    assert "scopes: {services: [" in exported.text
    assert problems_of(exported.text) == ()
    found = await plan(publisher.engine, publisher.master, await _source(exported, publisher))
    # The limit that it cannot say would go: nothing else would change.
    assert [(change.kind, change.name) for change in found.changes] == [("app", "one/app")]


@pytest.mark.anyio
async def test_what_an_apply_made_stays_in_it_though_somebody_changed_it_since(publisher: Publisher) -> None:
    text = (
        "{providers: [{name: p, vendor: ollama}], services: [{name: s, deployments: [{provider: p, model: m}]}], "
        "teams: [{name: t, apps: [{name: a, subscriptions: [s], keys: [{name: k}]}]}]}"
    )
    await apply(publisher, Source(text.encode(), OutsideValues({}, {})))
    async with publisher.change() as connection:
        await connection.execute(update(tables.keys).values(networks='["10.0.0.0/8"]'))
        await connection.execute(update(tables.subscriptions).values(expires_us=epoch_us() + 10**12))
    exported = await export(publisher.engine)
    assert exported.left_out == []
    assert "subscriptions: [{service: s, expires: " in exported.text
    assert "{name: k, networks: [" in exported.text
    found = await plan(publisher.engine, publisher.master, await _source(exported, publisher))
    assert found.changes == ()


@pytest.mark.anyio
async def test_a_released_service_stays_out_here_and_elsewhere_is_its_release_in_force(
    publisher: Publisher, migrated_sqlite: Path, tmp_path: Path
) -> None:
    given = await offered(publisher, description="Answers.")
    await given.release()
    second = [{"provider": "demo", "model": "chat", "weight": 3}]
    await given.patch(deployments=second)
    await given.release()
    await given.patch(deployments=[{"provider": "demo", "model": "chat", "weight": 7}])
    text = "{teams: [{name: mine, apps: [{name: a, subscriptions: [chat]}]}]}"
    await apply(publisher, Source(text.encode(), OutsideValues({}, {})))

    here = await export(publisher.engine)
    assert [reason.partition(":")[0] for reason in here.left_out] == [
        "service chat of team one",
        "subscription of mine/a to chat, of what is more than that it is there",
        "subscription of two/caller to chat",
    ]
    assert (await plan(publisher.engine, publisher.master, await _source(here, publisher))).changes == ()

    out = await export(publisher.engine, elsewhere=True)
    assert "weight: 3" in out.text
    assert "weight: 7" not in out.text
    assert [reason.partition(":")[0] for reason in out.left_out] == [
        "service chat of team one, of what is more than that it is there"
    ]
    assert out.left_out[0].endswith("without the live ones 1.0")
    assert "description: Answers." in out.text or 'description: "Answers."' in out.text
    (tmp_path / "other").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "other")
    other = await _publisher(tmp_path / "other")
    try:
        await apply(other, await _source(out, publisher))
        async with reading(other.engine) as connection:
            made = await load(connection)
        assert [(row["name"], row["lifecycle"]) for row in made.services] == [("chat", "direct")]
        assert len(made.subscriptions) == 2
    finally:
        await other.engine.dispose()


@pytest.mark.anyio
async def test_a_service_that_was_never_released_is_in_no_file(publisher: Publisher) -> None:
    await offered(publisher)
    out = await export(publisher.engine, elsewhere=True)
    assert "service chat of team one: none of its releases is live" in out.left_out
    assert "chat" not in out.text.partition("\n\n")[2]


@pytest.mark.anyio
async def test_what_a_service_was_shared_as_by_hand_is_in_it(publisher: Publisher) -> None:
    text = (
        "{providers: [{name: p, vendor: ollama}], services: [{name: s, deployments: [{provider: p, model: m}]}, "
        "{name: t, team: own, deployments: [{provider: p, model: m}]}, "
        "{name: u, deployments: [{provider: p, model: m}]}], teams: [{name: own}]}"
    )
    await apply(publisher, Source(text.encode(), OutsideValues({}, {})))
    async with publisher.change() as connection:
        for name, visibility in (("s", "teams"), ("t", "teams"), ("u", "public")):
            mine = tables.services.c.name == name
            await connection.execute(update(tables.services).where(mine).values(visibility=visibility))
    for elsewhere in (False, True):
        exported = await export(publisher.engine, elsewhere=elsewhere)
        assert exported.left_out == []
        assert [exported.text.count(f"visibility: {one}") for one in ("teams", "public", "organisation")] == [2, 1, 0]
        found = await plan(publisher.engine, publisher.master, await _source(exported, publisher))
        assert (found.changes, found.notes) == ((), ())


@pytest.mark.anyio
async def test_what_is_over_or_waits_for_a_decision_is_not_approved_by_a_file(publisher: Publisher) -> None:
    text = (
        "{providers: [{name: p, vendor: ollama}], services: [{name: s, deployments: [{provider: p, model: m}]}], "
        "teams: [{name: t, apps: [{name: a, subscriptions: [s]}]}]}"
    )
    await apply(publisher, Source(text.encode(), OutsideValues({}, {})))
    for state, kept in (("cancelled", False), ("requested", False), ("suspended", True)):
        async with publisher.change() as connection:
            await connection.execute(update(tables.subscriptions).values(state=state))
        exported = await export(publisher.engine)
        assert ("subscriptions: [s]" in exported.text) is kept
        assert f"it is {state}" in exported.left_out[0]


@pytest.mark.anyio
async def test_kinds_of_things_that_no_file_declares_are_counted(publisher: Publisher) -> None:
    row = {"id": new_id("group"), "source": "scim", "name": "engineers", "created_us": 1}
    async with publisher.change() as connection:
        await connection.execute(insert(people_tables.groups).values(row))
    exported = await export(publisher.engine)
    assert exported.left_out == ["groups, 1 of them: the file does not declare such"]


@pytest.mark.anyio
async def test_certificates_come_as_files_and_descriptions_of_models_in_the_file(publisher: Publisher) -> None:
    file = (
        "{providers: [{name: p, vendor: openai-compatible, base_url: 'https://h/v1', ca: {file: given.pem}, proxy: 'http://x:1', "
        "timeouts: {connect: 0.25, total: 30}}], services: [{name: s, kind: custom, deployments: [{provider: p}], "
        'model: {request: {path: /a, body: \'{"t": {{ text }}, "n": 1e3}\'}, response: \'{"content": "😀 1e5"}\'}}]}'
    )
    pem = _certificate()
    await apply(publisher, Source(file.encode(), OutsideValues({"file:given.pem": Secret(pem)}, {})))
    exported = await export(publisher.engine)
    assert (exported.left_out, exported.files) == ([], {"p.ca.pem": pem})
    assert "timeouts: {connect: 0.25, total: 30}" in exported.text
    found = await plan(publisher.engine, publisher.master, await _source(exported, publisher))
    assert found.changes == ()


def _certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "house")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + timedelta(days=1)).sign(key, SHA256())
    return made.public_bytes(Encoding.PEM).decode().strip()


def test_a_key_that_the_file_cannot_restrict_as_it_is_goes_whole() -> None:
    key = {"name": "k", "networks": ["somewhere"]}
    sections: dict[str, list[dict[str, Any]]] = {"teams": [{"name": "t", "apps": [{"name": "a", "keys": [key]}]}]}
    left_out: list[str] = []
    applicable(sections, left_out)
    assert sections == {"teams": [{"name": "t", "apps": [{"name": "a"}]}]}
    assert left_out[0].startswith("team t, app a, key k: ")


@pytest.mark.anyio
async def test_only_who_may_declare_may_export(publisher: Publisher) -> None:
    on = await organisation(publisher)
    assert (await on.call("auditor", "GET", "/export")).status_code == 403
    assert (await on.call("one.team_admin", "GET", "/export")).status_code == 403
    reply = await on.call("admin", "GET", "/export?keys=variables")
    assert reply.status_code == 200
    assert set(reply.json()) == {"text", "variables", "files", "left_out"}
    assert (await on.call("admin", "GET", "/export?keys=values")).status_code == 422
