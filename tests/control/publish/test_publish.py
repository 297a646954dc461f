"""Publishing: what gates get to see, when a new version is made, and what is refused."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import delete, event, insert, select, update

from tests.support.organisation import CANARY, Consumer, add_consumer, add_provider, add_service
from torana.control.access.scope import of_team
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.policies.service import LimitDraft, Owner, PriceDraft, set_limits, set_price
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.subscriptions import service as subscriptions
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.core.snapshot import App, Key, Service
from torana.stores.secrets.master import MasterKey
from torana.stores.snapshots import file
from torana.stores.sql import tables
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.metadata import metadata

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(publisher: Publisher, tmp_path: Path) -> Path:
    """Where the publisher's snapshot is."""
    return tmp_path / "snapshot"


def _key(folder: Path, publisher: Publisher, secret: Secret) -> Key | None:
    with file.open_current(folder) as snapshot:
        return snapshot.key(publisher.master.key_digest(secret.reveal().encode()))


def _app(folder: Path, app_id: str) -> App:
    with file.open_current(folder) as snapshot:
        app = snapshot.app(app_id)
    assert app is not None
    return app


def _service(folder: Path, service_id: str) -> Service | None:
    with file.open_current(folder) as snapshot:
        return snapshot.service(service_id)


async def _small_organisation(publisher: Publisher) -> tuple[Consumer, services.Service]:
    async with publisher.change() as connection:
        consumer = await add_consumer(connection, publisher, "one")
        provider = await add_provider(connection, publisher)
        service = await add_service(connection, provider, "gpt", consumer)
    return consumer, service


async def test_a_key_finds_its_app_the_service_and_the_account(publisher: Publisher, folder: Path) -> None:
    consumer, service = await _small_organisation(publisher)
    key = _key(folder, publisher, consumer.secret)
    assert key is not None
    app = _app(folder, key.app_id)
    assert app.team_id == consumer.team.id
    assert app.grants == {"gpt": service.id, "openai-compatible/gpt-model": service.id}
    published = _service(folder, service.id)
    assert published is not None
    assert [(d.name, d.model, d.weight) for d in published.deployments] == [("local/gpt-model", "gpt-model", 1)]
    with file.open_current(folder) as snapshot:
        account = snapshot.account(published.deployments[0].account_id)
    assert account is not None
    assert (account.base_url, account.auth, account.stream_usage) == ("http://127.0.0.1:9001/v1", "bearer", True)
    assert account.sealed_key is not None
    assert publisher.master.open(account.sealed_key, account.id).reveal() == CANARY


async def test_a_revoked_key_is_not_in_the_snapshot_and_an_expired_one_is_for_thirty_days(
    publisher: Publisher, folder: Path
) -> None:
    consumer, _ = await _small_organisation(publisher)
    day = 86_400_000_000
    made = []
    async with publisher.change() as connection:
        for name, expires_us in (("soon", day), ("late", -1), ("month", -29 * day), ("forgotten", -31 * day)):
            key = await keys.create(
                connection,
                publisher.master,
                team_id=consumer.team.id,
                app_id=consumer.app.id,
                name=name,
                expires_us=epoch_us() + expires_us,
            )
            made.append(key)
        await keys.revoke(connection, of_team(consumer.team.id), consumer.key.id)
    assert _key(folder, publisher, consumer.secret) is None
    found = [_key(folder, publisher, one.secret) for one in made]
    assert [key and key.expires_us for key in found] == [*(one.key.expires_us for one in made[:3]), None]


async def test_another_teams_own_service_is_not_granted_even_with_a_subscription(
    publisher: Publisher, folder: Path
) -> None:
    consumer, _ = await _small_organisation(publisher)
    async with publisher.change() as connection:
        other = await add_consumer(connection, publisher, "other")
        provider = await add_provider(connection, publisher, team_id=other.team.id)
        private = await add_service(connection, provider, "private", other, team_id=other.team.id, visibility="team")
        with pytest.raises(Refusal) as refused:
            await subscriptions.subscribe(connection, consumer.app, private)
        assert refused.value.code == "not_found"
        # As if it had been offered to the organisation once: the row alone must not be enough.
        row = {"id": "subscription_x", "team_id": consumer.team.id, "app_id": consumer.app.id}
        await connection.execute(
            insert(tables.subscriptions).values(**row, service_id=private.id, state="approved", created_us=1)
        )
    assert private.id not in _app(folder, consumer.app.id).grants.values()
    assert _app(folder, other.app.id).grants["private"] == private.id


@pytest.mark.parametrize("state", ["requested", "rejected", "suspended", "cancelled", "expired"])
async def test_only_an_approved_subscription_is_granted(
    publisher: Publisher, folder: Path, state: subscriptions.State
) -> None:
    consumer, service = await _small_organisation(publisher)
    async with publisher.change() as connection:
        await subscriptions.subscribe(connection, consumer.app, service, state)
    assert _app(folder, consumer.app.id).grants == {}
    assert _service(folder, service.id) is None


async def test_a_disabled_service_is_not_granted(publisher: Publisher, folder: Path) -> None:
    consumer, service = await _small_organisation(publisher)
    async with publisher.change() as connection:
        draft = services.ServiceDraft(service.name, [], state="disabled")
        await services.update(connection, service, draft)
    assert _app(folder, consumer.app.id).grants == {}


async def test_a_name_means_the_own_service_first_then_the_platforms_and_never_a_guess(
    publisher: Publisher, folder: Path
) -> None:
    async with publisher.change() as connection:
        one, two, three = [await add_consumer(connection, publisher, name) for name in ("one", "two", "three")]
        provider = await add_provider(connection, publisher)
        own = await add_service(connection, provider, "chat", one, two, three, team_id=one.team.id)
        others = await add_service(connection, provider, "chat", one, three, team_id=two.team.id, aliases=["fast"])
        shared = await add_service(connection, provider, "chat", one, two, aliases=["fast", "slow"])
    grants = _app(folder, one.app.id).grants
    assert grants["chat"] == own.id
    assert grants["fast"] == shared.id
    assert grants["slow"] == shared.id
    assert "openai-compatible/chat-model" not in grants
    assert _app(folder, two.app.id).grants["chat"] == shared.id
    assert "chat" not in _app(folder, three.app.id).grants
    assert _app(folder, three.app.id).grants["fast"] == others.id


async def test_limits_reach_the_key_the_app_with_its_team_and_the_service(publisher: Publisher, folder: Path) -> None:
    consumer, service = await _small_organisation(publisher)
    team_id = consumer.team.id
    async with publisher.change() as connection:
        await set_limits(connection, Owner("team", team_id, team_id), [LimitDraft("concurrency", 9)])
        await set_limits(connection, Owner("app", consumer.app.id, team_id), [LimitDraft("requests", 60, 60)])
        await set_limits(connection, Owner("key", consumer.key.id, team_id), [LimitDraft("requests", 5, 1)])
        await set_limits(connection, Owner("service", service.id, None), [LimitDraft("requests", 7, 3600)])
    app = _app(folder, consumer.app.id)
    assert [(limit.id, limit.amount, limit.owner) for limit in app.limits] == [
        (f"{consumer.app.id}:requests:60", 60, "app bench"),
        (f"{team_id}:concurrency:0", 9, "team one"),
    ]
    key, published = _key(folder, publisher, consumer.secret), _service(folder, service.id)
    assert key is not None
    assert published is not None
    assert [(limit.kind, limit.amount, limit.period_seconds) for limit in key.limits] == [("requests", 5, 1)]
    assert [limit.owner for limit in published.limits] == ["service gpt"]


async def test_publishing_without_a_change_keeps_the_version(publisher: Publisher, folder: Path) -> None:
    consumer, _ = await _small_organisation(publisher)
    version = await publisher.version()
    stamp = file.stamp(folder)
    assert await publisher.publish() == version
    async with publisher.change() as connection:
        # What the recorder prices with is nothing that a gate has to know.
        await set_price(connection, PriceDraft("m", vendor="openai"))
    assert await publisher.version() == version
    assert file.stamp(folder) == stamp
    async with publisher.change() as connection:
        await apps.set_keep_bodies(connection, consumer.app, True)
    assert await publisher.version() == version + 1 == file.current_version(folder)


async def test_a_crash_between_database_and_file_is_caught_up(
    publisher: Publisher, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer, _ = await _small_organisation(publisher)

    def die(*_: object) -> None:
        raise OSError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(file, "write_packed", die)
        with pytest.raises(OSError, match="killed here"):
            async with publisher.change() as connection:
                await apps.set_keep_bodies(connection, consumer.app, True)
    assert not _app(folder, consumer.app.id).keep_bodies
    restarted = Publisher(publisher.engine, publisher.master, folder)
    assert await restarted.catch_up()
    assert _app(folder, consumer.app.id).keep_bodies
    assert file.current_version(folder) == await restarted.version() == 2
    assert not await restarted.catch_up()


async def test_a_lost_or_damaged_snapshot_file_is_written_again(publisher: Publisher, folder: Path) -> None:
    consumer, _ = await _small_organisation(publisher)
    (folder / file.FILE_NAME).write_bytes(b"damaged")
    assert await publisher.catch_up()
    assert _key(folder, publisher, consumer.secret) is not None


async def test_a_change_that_cannot_be_served_is_not_made(publisher: Publisher, folder: Path) -> None:
    consumer, service = await _small_organisation(publisher)
    version = await publisher.version()

    async def break_it() -> None:
        async with publisher.change() as connection:
            await apps.set_keep_bodies(connection, consumer.app, True)
            await services.update(connection, service, services.ServiceDraft(service.name, []))

    with pytest.raises(Refusal) as refused:
        await break_it()
    assert refused.value.code == "not_publishable"
    assert "the service gpt has no deployment" in refused.value.sentence
    assert await publisher.version() == version == file.current_version(folder)
    async with reading(publisher.engine) as connection:
        assert not (await apps.get(connection, consumer.team.id, "bench")).keep_bodies
        assert len(await services.deployments_of(connection, service.id)) == 1


async def test_the_credential_of_another_team_cannot_be_borrowed(publisher: Publisher) -> None:
    async def borrow() -> None:
        async with publisher.change() as connection:
            one = await add_consumer(connection, publisher, "one")
            two = await add_consumer(connection, publisher, "two")
            provider = await add_provider(connection, publisher, team_id=two.team.id)
            await add_service(connection, provider, "stolen", one, team_id=one.team.id)

    with pytest.raises(Refusal, match="a provider account of another team"):
        await borrow()


async def test_a_credential_that_cannot_be_opened_leaves_its_account_out_and_nothing_else(
    publisher: Publisher, folder: Path
) -> None:
    consumer, service = await _small_organisation(publisher)
    async with publisher.change() as connection:
        whole = await add_provider(connection, publisher, "whole")
        other = await add_service(connection, whole, "other", consumer)
    strange = MasterKey(bytes(32)).seal(Secret(CANARY), "x")
    async with writing(publisher.engine) as connection:
        await connection.execute(
            update(tables.providers).where(tables.providers.c.name == "local").values(sealed_key=strange)
        )
    restarted = Publisher(publisher.engine, publisher.master, folder)
    async with restarted.change() as connection:
        await keys.revoke(connection, of_team(consumer.team.id), consumer.key.id)
    assert _key(folder, publisher, consumer.secret) is None
    assert set(_app(folder, consumer.app.id).grants.values()) == {service.id, other.id}
    with file.open_current(folder) as snapshot:
        assert snapshot.counts()["accounts"] == 1
        assert snapshot.account(whole.id) is not None
    async with restarted.change() as connection:
        local = await providers.get(connection, None, "local")
        await providers.update(
            connection,
            restarted.master,
            local,
            providers.ProviderDraft("local", local.vendor, base_url=local.base_url),
            Secret(CANARY),
        )
    with file.open_current(folder) as snapshot:
        assert snapshot.account(local.id) is not None


async def test_a_row_that_was_broken_by_hand_is_refused_with_its_reason(publisher: Publisher) -> None:
    await _small_organisation(publisher)
    async with writing(publisher.engine) as connection:
        await connection.execute(update(tables.providers).values(base_url="file:///etc/passwd"))
    with pytest.raises(Refusal, match="the provider local cannot be used: its base_url"):
        await publisher.publish()


async def test_secrets_lie_nowhere_in_clear(publisher: Publisher, tmp_path: Path) -> None:
    consumer, _ = await _small_organisation(publisher)
    async with reading(publisher.engine) as connection:
        rows = [
            list(row) for table in metadata.sorted_tables for row in await connection.execute(select(*table.c.values()))
        ]
    await publisher.engine.dispose()
    stored = msgspec.msgpack.encode(rows)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    for secret in (CANARY, consumer.secret.reveal(), consumer.secret.reveal()[4:]):
        assert not any(secret.encode() in content for content in (stored, *files))


async def test_ten_thousand_services_and_keys_take_a_handful_of_statements(publisher: Publisher, folder: Path) -> None:
    consumer, service = await _small_organisation(publisher)
    count = 10_000
    async with writing(publisher.engine) as connection:
        provider_id = (await connection.execute(select(tables.providers.c.id))).scalar_one()
        shared = {"kind": "model", "visibility": "organisation", "state": "active", "created_us": 1}
        ids = [f"service_{number:05}" for number in range(count)]
        await connection.execute(insert(tables.services), [{"id": id_, "name": id_, **shared} for id_ in ids])
        deployed = {"provider_id": provider_id, "position": 0, "model": "m", "weight": 1}
        await connection.execute(
            insert(tables.deployments), [{"id": f"d{id_}", "service_id": id_, **deployed} for id_ in ids]
        )
        owner = {"team_id": consumer.team.id, "app_id": consumer.app.id, "created_us": 1}
        await connection.execute(
            insert(tables.subscriptions),
            [{"id": f"s{id_}", "service_id": id_, "state": "approved", **owner} for id_ in ids],
        )
        await connection.execute(
            insert(tables.keys),
            [
                {"id": f"key_{n}", "name": f"k{n}", "digest": n.to_bytes(16, "big"), "hint": "", **owner}
                for n in range(count)
            ],
        )
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(publisher.engine.sync_engine, "before_cursor_execute", note)
    async with publisher.change() as connection:
        await connection.execute(delete(tables.limits))
    assert len(statements) < 20
    with file.open_current(folder) as snapshot:
        counts = {
            "keys": count + 1,
            "apps": 1,
            "services": count + 1,
            "accounts": 1,
            "issuers": 0,
            "offered": count + 1,
        }
        assert snapshot.counts() == counts
        assert snapshot.service("service_09999") is not None
        key = snapshot.key((9_999).to_bytes(16, "big"))
    assert key is not None
    assert _app(folder, key.app_id).grants["service_00000"] == "service_00000"
    assert _app(folder, key.app_id).grants["gpt"] == service.id


async def test_a_proxy_and_time_limits_reach_the_gate(publisher: Publisher, folder: Path) -> None:
    async with publisher.change() as connection:
        consumer = await add_consumer(connection, publisher, "one")
        draft = providers.ProviderDraft(
            "far", "openai", proxy="http://127.0.0.1:3128", total_timeout_seconds=9.5, stream_usage=False
        )
        provider = await providers.create(connection, publisher.master, draft)
        await add_service(connection, provider, "gpt", consumer)
    with file.open_current(folder) as snapshot:
        account = snapshot.account(provider.id)
    assert account is not None
    assert (account.proxy, account.total_timeout_seconds, account.auth) == ("http://127.0.0.1:3128", 9.5, "none")
    assert (account.base_url, account.stream_usage) == ("https://api.openai.com/v1", False)
