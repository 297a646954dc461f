"""The first start of an empty installation."""

from pathlib import Path

import pytest

from torana import wiring
from torana.catalog.vendors import VENDORS
from torana.control.access import identify
from torana.control.init import MOST_MODELS, first_start, newest_models
from torana.control.publish.publish import Publisher
from torana.control.users import service as users
from torana.control.users.passwords import matches
from torana.core.secret import Secret
from torana.settings import Settings
from torana.stores.snapshots import file
from torana.stores.sql.engine import reading
from torana.supervisor.handover import CannotStart

pytestmark = pytest.mark.anyio


async def test_the_first_start_makes_an_admin_and_a_key_that_may_call_the_demo(
    publisher: Publisher, tmp_path: Path
) -> None:
    made = await first_start(publisher, {})
    assert made is not None
    async with reading(publisher.engine) as connection:
        admin = await users.find(connection, made.admin_email)
        holder = await identify.by_token(connection, publisher.master, made.admin_token)
    assert await matches(admin.password_hash, made.admin_password)
    assert not await matches(admin.password_hash, Secret("wrong"))
    assert admin.platform_role == "owner"
    assert (admin.password_hash or "").startswith("$argon2id$")
    assert holder is not None
    assert holder.name == made.admin_email == "admin@localhost"
    with file.open_current(tmp_path / "snapshot") as snapshot:
        key = snapshot.key(publisher.master.key_digest(made.key.reveal().encode()))
        assert key is not None
        app = snapshot.app(key.app_id)
        assert app is not None
        assert set(app.grants) == {"demo/chat", "demo/embed"}
        service = snapshot.service(app.grants["demo/chat"])
        assert service is not None
        account = snapshot.account(service.deployments[0].account_id)
    assert account is not None
    assert (account.vendor, account.base_url, account.auth) == ("demo", "", "none")


async def test_a_key_is_256_random_bits_behind_its_prefix(publisher: Publisher) -> None:
    made = await first_start(publisher, {})
    assert made is not None
    assert made.key.reveal().startswith("tor_")
    assert len(made.key.reveal()) == len("tor_") + 43


async def test_a_second_start_makes_nothing(publisher: Publisher) -> None:
    assert await first_start(publisher, {}) is not None
    version = await publisher.version()
    assert await first_start(publisher, {"OPENAI_API_KEY": "sk-later"}) is None
    assert await publisher.version() == version


async def test_a_vendor_whose_address_or_credential_asks_for_more_is_left_to_the_operator(publisher: Publisher) -> None:
    environment = {
        "DATABRICKS_TOKEN": "dapi",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "REPLICATE_API_TOKEN": "r8",
        "AZURE_API_KEY": "a",
    }
    made = await first_start(publisher, environment)
    assert made is not None
    assert made.vendors == ()


async def test_vendors_of_other_dialects_are_registered_with_current_models(
    publisher: Publisher, tmp_path: Path
) -> None:
    environment = {"ANTHROPIC_API_KEY": "sk-ant", "GOOGLE_API_KEY": "AIza", "COHERE_API_KEY": "co"}
    made = await first_start(publisher, environment)
    assert made is not None
    assert made.vendors == ("anthropic", "google", "cohere")
    with file.open_current(tmp_path / "snapshot") as snapshot:
        key = snapshot.key(publisher.master.key_digest(made.key.reveal().encode()))
        assert key is not None
        app = snapshot.app(key.app_id)
        assert app is not None
        vendors: dict[str, list[str]] = {}
        for service_id in set(app.grants.values()):
            service = snapshot.service(service_id)
            assert service is not None
            deployment = service.deployments[0]
            account = snapshot.account(deployment.account_id)
            assert account is not None
            vendors.setdefault(account.vendor, []).append(deployment.model)
            assert account.vendor == "demo" or deployment.facts is not None
            assert account.vendor == "demo" or account.doors[0].dialect == VENDORS[account.vendor].dialect
    assert {vendor: 1 <= len(models) <= MOST_MODELS for vendor, models in vendors.items()} == dict.fromkeys(
        ("anthropic", "google", "cohere", "demo"), True
    )
    assert all(model.startswith("claude-") for model in vendors["anthropic"])


async def test_models_that_several_vendors_have_do_not_stand_in_each_others_way(publisher: Publisher) -> None:
    environment = dict.fromkeys(("GROQ_API_KEY", "CEREBRAS_API_KEY", "GITHUB_API_KEY", "NVIDIA_API_KEY"), "key")
    environment |= {"SILICONFLOW_API_KEY": "key", "NEBIUS_API_KEY": "key", "OPENROUTER_API_KEY": "key"}
    made = await first_start(publisher, environment)
    assert made is not None
    assert set(made.vendors) == {"groq", "cerebras", "github", "nvidia", "siliconflow", "nebius", "openrouter"}


def test_the_newest_of_each_line_of_models_is_offered_and_none_that_ends() -> None:
    offered = [model.model for model in newest_models("anthropic", "2026-11-25")]
    lines = {name.split("-")[1] for name in offered}
    assert len(lines) == len(offered)
    assert {"opus", "sonnet", "haiku"} <= lines
    assert newest_models("replicate", "2026-11-25") == []


def test_a_database_that_was_set_up_gets_no_new_master_key(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TORANA_MASTER_KEY", raising=False)
    assert wiring.init_instance(settings) is not None
    key = (tmp_path / "master.key").read_text()
    for name in ("master.key", "master.check"):
        (tmp_path / name).unlink()
    with pytest.raises(CannotStart, match=r"set up before, and its master key is needed: .*master\.key cannot be read"):
        wiring.init_instance(settings)
    assert not (tmp_path / "master.key").exists()
    monkeypatch.setenv("TORANA_MASTER_KEY", key)
    assert wiring.init_instance(settings) is None


async def test_a_vendor_whose_variable_is_set_is_registered_and_subscribed(
    publisher: Publisher, tmp_path: Path
) -> None:
    environment = {"OPENAI_API_KEY": "sk-canary", "MISTRAL_API_KEY": "", "GROQ_API_KEY": "not a\nheader value"}
    made = await first_start(publisher, environment)
    assert made is not None
    assert made.vendors == ("openai",)
    with file.open_current(tmp_path / "snapshot") as snapshot:
        key = snapshot.key(publisher.master.key_digest(made.key.reveal().encode()))
        assert key is not None
        app = snapshot.app(key.app_id)
        assert app is not None
        service = snapshot.service(app.grants["gpt-4.1-mini"])
        assert service is not None
        account = snapshot.account(service.deployments[0].account_id)
    assert "openai/gpt-4.1-mini" in app.grants
    assert account is not None
    assert account.sealed_key is not None
    assert publisher.master.open(account.sealed_key, account.id).reveal() == "sk-canary"
    assert "sk-canary" not in repr(made)
