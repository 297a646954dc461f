"""The nouns of control: what is unique, what another team sees, what is refused."""

from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import pytest

from tests.support.organisation import CANARY, add_consumer, add_provider, add_service
from torana.control.access import identify
from torana.control.access.names import check_name
from torana.control.access.scope import PLATFORM, of_team
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.policies import service as policies
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.teams import service as teams
from torana.control.tokens import service as tokens
from torana.control.users import service as users
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKeyError
from torana.stores.sql.engine import writing

pytestmark = pytest.mark.anyio


async def _code(attempt: Awaitable[object]) -> str:
    with pytest.raises(Refusal) as refused:
        await attempt
    return refused.value.code


async def test_names_are_unique_within_a_team_and_free_in_another(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        one = await add_consumer(connection, publisher, "one")
        two = await add_consumer(connection, publisher, "two")
        for owner in (None, one.team.id, two.team.id):
            provider = await add_provider(connection, publisher, team_id=owner)
            await add_service(connection, provider, "chat", team_id=owner, aliases=["fast"])
        assert await _code(teams.create(connection, "one")) == "already_exists"
        assert await _code(apps.create(connection, one.team.id, "bench")) == "already_exists"
        for owner in (None, one.team.id):
            provider = await providers.get(connection, owner, "local")
            assert await _code(add_provider(connection, publisher, team_id=owner)) == "already_exists"
            for name in ("chat", "fast"):
                assert await _code(add_service(connection, provider, name, team_id=owner)) == "already_exists"
            other = add_service(connection, provider, "other", team_id=owner, aliases=["chat"])
            assert await _code(other) == "already_exists"


async def test_the_database_itself_keeps_names_unique(publisher: Publisher) -> None:
    from sqlalchemy.exc import IntegrityError

    from torana.stores.sql.tables import services as table

    row = {"name": "chat", "kind": "model", "visibility": "organisation", "state": "active", "created_us": 1}
    async with writing(publisher.engine) as connection:
        await connection.execute(table.insert().values(id="service_1", **row))
    with pytest.raises(IntegrityError):
        async with writing(publisher.engine) as connection:
            await connection.execute(table.insert().values(id="service_2", **row))


async def test_another_teams_rows_do_not_exist(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        one = await add_consumer(connection, publisher, "one")
        two = await add_consumer(connection, publisher, "two")
        scope = of_team(two.team.id)
        assert await _code(apps.get_by_id(connection, scope, one.app.id)) == "not_found"
        assert await _code(keys.revoke(connection, scope, one.key.id)) == "not_found"
        assert [app.id for app in await apps.listed(connection, scope)] == [two.app.id]
        assert [key.id for key in await keys.listed(connection, scope)] == [two.key.id]
        assert len(await keys.listed(connection, PLATFORM)) == 2
        provider = await add_provider(connection, publisher, team_id=one.team.id)
        await add_service(connection, provider, "private", team_id=one.team.id, visibility="team")
        assert await services.listed(connection, scope) == []
        assert await _code(services.get_for(connection, two.team.id, "private")) == "not_found"


async def test_a_revoked_keys_name_is_free_but_its_value_never_again(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        one = await add_consumer(connection, publisher, "one")
        owner: dict[str, Any] = {"team_id": one.team.id, "app_id": one.app.id}
        made = await keys.create(
            connection, publisher.master, **owner, name="mine", value=Secret("brought-value-0123456789")
        )
        assert keys.holds(publisher.master, made.key, Secret("brought-value-0123456789"))
        assert not keys.holds(publisher.master, made.key, one.secret)
        again = keys.create(connection, publisher.master, **owner, name="mine")
        assert await _code(again) == "already_exists"
        await keys.revoke(connection, of_team(one.team.id), made.key.id)
        await keys.revoke(connection, of_team(one.team.id), made.key.id)
        assert (await keys.create(connection, publisher.master, **owner, name="mine")).secret
        same = keys.create(connection, publisher.master, **owner, name="next", value=made.secret)
        assert await _code(same) == "invalid_field"


async def test_a_brought_key_that_cannot_stand_in_a_header_is_refused_unseen(publisher: Publisher) -> None:
    values = [
        "short",
        "x" * 513,
        "with a space in the middle",
        "ünïcödë-ünïcödë-ünïcödë",
        "two-lines-of-a\nbrought-key",
    ]
    async with writing(publisher.engine) as connection:
        one = await add_consumer(connection, publisher, "one")
        owner: dict[str, Any] = {"team_id": one.team.id, "app_id": one.app.id}
        for value in values:
            with pytest.raises(Refusal) as refused:
                await keys.create(connection, publisher.master, **owner, name="mine", value=Secret(value))
            assert refused.value.code == "invalid_field"
            assert value not in refused.value.sentence


async def test_removing_an_app_or_a_team_takes_its_limits_along(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        one = await add_consumer(connection, publisher, "one")
        for owner in (
            policies.Owner("team", one.team.id, one.team.id),
            policies.Owner("app", one.app.id, one.team.id),
            policies.Owner("key", one.key.id, one.team.id),
        ):
            await policies.set_limits(connection, owner, [policies.LimitDraft("requests", 1, 60)])
        await apps.remove(connection, one.app)
        assert [limit.owner_id for limit in await policies.listed_limits(connection)] == [one.team.id]
        assert await keys.listed(connection, PLATFORM) == []
        await teams.remove(connection, one.team)
        assert await policies.listed_limits(connection) == []


async def test_a_credential_does_not_follow_its_account_to_another_host(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        provider = await add_provider(connection, publisher)
        draft = providers.ProviderDraft("local", "openai-compatible", base_url="http://127.0.0.1:9001/v2")
        kept = await providers.update(connection, publisher.master, provider, draft)
        assert kept.sealed_key is not None
        assert publisher.master.open(kept.sealed_key, kept.id).reveal() == CANARY
        moved = await providers.update(
            connection, publisher.master, kept, draft._replace(base_url="http://evil.example/v1")
        )
        assert moved.sealed_key is None
        assert await providers.get(connection, None, "local") == moved


async def test_a_sealed_credential_cannot_be_moved_to_another_account(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        one = await add_provider(connection, publisher, "one")
        two = await add_provider(connection, publisher, "two")
    assert one.sealed_key is not None
    with pytest.raises(MasterKeyError):
        publisher.master.open(one.sealed_key, two.id)


async def test_a_provider_in_use_is_not_removed(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        provider = await add_provider(connection, publisher)
        service = await add_service(connection, provider, "chat")
        assert await _code(providers.remove(connection, provider)) == "in_use"
        await services.remove(connection, service)
        await providers.remove(connection, provider)
        assert await providers.listed(connection) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x?a=1",
        "http://x#a",
        "http://x:99999",
        "http://x y",
    ],
)
def test_what_is_no_base_url_is_named_as_a_problem(url: str) -> None:
    assert providers.url_problem(url) is not None


async def test_a_changed_service_keeps_the_ids_of_what_stays(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        provider = await add_provider(connection, publisher)
        service = await add_service(connection, provider, "chat")
        (before,) = await services.deployments_of(connection, service.id)
        parts = [services.DeploymentDraft(provider.id, "new"), services.DeploymentDraft(provider.id, "chat-model", 7)]
        await services.update(connection, service, services.ServiceDraft("chat", parts, aliases=["fast"]))
        new, same = await services.deployments_of(connection, service.id)
        assert (same.id, same.position, same.weight) == (before.id, 1, 7)
        assert (new.position, new.model) == (0, "new")
        assert [alias.name for alias in await services.aliases_of(connection, service.id)] == ["fast"]
        twice = services.ServiceDraft("chat", [parts[0], parts[0]])
        assert await _code(services.update(connection, service, twice)) == "invalid_field"


async def test_a_limit_that_makes_no_sense_is_refused(publisher: Publisher) -> None:
    draft = policies.LimitDraft
    wrong = [
        [draft("requests", 1, 0)],
        [draft("concurrency", 1, 60)],
        [draft("requests", -1, 60)],
        [draft("requests", 1, 60), draft("requests", 2, 60)],
    ]
    async with writing(publisher.engine) as connection:
        for drafts in wrong:
            owner = policies.Owner("service", "service_1", None)
            assert await _code(policies.set_limits(connection, owner, drafts)) == "invalid_field"
        assert await policies.listed_limits(connection) == []


async def test_a_price_is_kept_exactly_and_replaces_the_one_with_the_same_start(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        draft = policies.PriceDraft("gpt", vendor="openai", input_usd=Decimal("0.000001"), output_usd=Decimal(0))
        await policies.set_price(connection, draft)
        await policies.set_price(connection, draft._replace(input_usd=Decimal("2.50")))
        await policies.set_price(connection, draft._replace(valid_from_us=5))
        first, later = await policies.listed_prices(connection)
        assert (first.input_usd, first.cached_input_usd, first.output_usd) == ("2.50", None, "0")
        assert (later.valid_from_us, later.input_usd) == (5, "0.000001")
        for wrong in (Decimal("0.0000001"), Decimal(-1), Decimal("NaN"), Decimal("Infinity")):
            assert await _code(policies.set_price(connection, draft._replace(input_usd=wrong))) == "invalid_field"
        assert await _code(policies.set_price(connection, draft._replace(vendor=None))) == "invalid_field"


async def test_an_expired_or_revoked_token_stands_for_nobody(publisher: Publisher) -> None:
    async with writing(publisher.engine) as connection:
        user = await users.create(connection, "Ann@Example.org", await users.hash_password(Secret("pass")))
        late = await tokens.create(connection, publisher.master, user.id, "late", epoch_us() - 1)
        token, secret = await tokens.create(connection, publisher.master, user.id, "good")
        assert await identify.by_token(connection, publisher.master, late[1]) is None
        held = await identify.by_token(connection, publisher.master, secret)
        assert held is not None
        assert held.name == "ann@example.org"
        await tokens.revoke(connection, token.id)
        assert await identify.by_token(connection, publisher.master, secret) is None
        assert await _code(tokens.revoke(connection, token.id)) == "not_found"
        assert await _code(users.create(connection, "ann@example.org", "x")) == "already_exists"


@pytest.mark.parametrize("name", ["", " x", "a b", "a\nb", "a\n", "-a", "a/b", "x" * 101, "é"])
def test_a_name_that_would_break_a_header_or_a_path_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="The field name is not valid"):
        check_name(name)
