"""plan and apply against a real database: what is made, changed, removed, kept, and that it is all or nothing."""

from pathlib import Path

import pytest

from torana.control import init
from torana.control.access.scope import PLATFORM
from torana.control.declaration.outside import resolve_outside
from torana.control.declaration.problems import DeclarationError
from torana.control.declaration.read import outside_references
from torana.control.keys import service as keys
from torana.control.plan.apply import Applied, Planned, apply, plan
from torana.control.plan.source import Source
from torana.control.providers import service as providers
from torana.control.publish import publish as publishing
from torana.control.publish.publish import NotPublishable, Publisher
from torana.control.services import service as services
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.stores.snapshots.file import current_version, open_current
from torana.stores.sql.engine import reading, writing

pytestmark = pytest.mark.anyio

CANARY = "sk-canary-5d1e88a0b7c64f"
ENVIRONMENT = {"LOCAL_KEY": CANARY, "BENCH_KEY": "bench-key-0123456789", "OTHER_KEY": "other-key-0123456789"}
FILE = """
providers:
  - {name: local, vendor: openai-compatible, base_url: "http://127.0.0.1:9001/v1", api_key: {env: LOCAL_KEY}}
services:
  - name: gpt-4.1
    aliases: [best]
    deployments: [{provider: local, model: gpt-4.1}]
teams:
  - name: red
    apps:
      - name: bench
        subscriptions: [gpt-4.1]
        keys: [{name: first, value: {env: BENCH_KEY}}]
        limits: [{requests: 1000000, per: minute}, {concurrency: 2000}]
prices: [{provider: local, model: gpt-4.1, input: 2, output: 8}]
"""


def source(text: str, environment: dict[str, str] | None = None) -> Source:
    content = text.encode()
    values = resolve_outside(outside_references(content), ENVIRONMENT if environment is None else environment, Path())
    return Source(content, values)


async def applied(publisher: Publisher, text: str, environment: dict[str, str] | None = None) -> Applied:
    return await apply(publisher, source(text, environment))


async def planned(publisher: Publisher, text: str, environment: dict[str, str] | None = None) -> Planned:
    return await plan(publisher.engine, publisher.master, source(text, environment))


def lines(outcome: Planned | Applied) -> list[str]:
    return [line for change in outcome.changes for line in change.lines()]


def headings(outcome: Planned | Applied) -> list[str]:
    return [change.lines()[0] for change in outcome.changes]


def key_of(publisher: Publisher, folder: Path, value: str) -> object:
    return open_current(folder / "snapshot").key(publisher.master.key_digest(value.encode()))


async def test_a_service_with_releases_is_not_taken_over_by_a_file(publisher: Publisher) -> None:
    async with publisher.change() as connection:
        draft = services.ServiceDraft("gpt-4.1", [], lifecycle="released")
        await services.create(connection, draft)
    with pytest.raises(DeclarationError, match="was made by the admin API and has releases"):
        await planned(publisher, FILE)


async def test_a_plan_shows_what_would_be_made_and_makes_nothing(publisher: Publisher) -> None:
    first = await planned(publisher, FILE)
    assert lines(first) == [
        "+ provider local",
        "    vendor: openai-compatible",
        "    base_url: http://127.0.0.1:9001/v1",
        "    api_key: •••",
        "+ team red",
        "+ service gpt-4.1",
        "    visibility: organisation",
        "    deployments: local/gpt-4.1 weight 1",
        "    aliases: best",
        "+ app red/bench",
        "    limits: 2000 at a time, 1000000 requests per minute",
        "+ subscription red/bench → gpt-4.1",
        "    state: approved",
        "+ key red/bench/first",
        "    value: •••",
        "+ price provider local: gpt-4.1",
        "    input: 2",
        "    output: 8",
    ]
    assert (await planned(publisher, FILE)).changes == first.changes


async def test_what_was_applied_is_published_and_a_second_apply_changes_nothing(
    publisher: Publisher, tmp_path: Path
) -> None:
    await applied(publisher, FILE)
    assert key_of(publisher, tmp_path, ENVIRONMENT["BENCH_KEY"]) is not None
    version = await publisher.version()
    assert (await planned(publisher, FILE)).changes == ()
    assert (await applied(publisher, FILE)).changes == ()
    assert await publisher.version() == version


async def test_a_change_shows_before_and_after_and_masks_secrets(publisher: Publisher) -> None:
    await applied(publisher, FILE)
    changed = FILE.replace("requests: 1000000", "requests: 5").replace(
        "model: gpt-4.1}]\nteams", "model: gpt-5, weight: 2}]\nteams"
    )
    environment = ENVIRONMENT | {"LOCAL_KEY": CANARY + "-rotated", "BENCH_KEY": "another-bench-key-012"}
    assert lines(await planned(publisher, changed, environment)) == [
        "~ provider local",
        "    api_key: ••• → •••",
        "~ service gpt-4.1",
        "    deployments: local/gpt-4.1 weight 1 → local/gpt-5 weight 2",
        "~ app red/bench",
        "    limits: 2000 at a time, 1000000 requests per minute → 2000 at a time, 5 requests per minute",
        "~ key red/bench/first",
        "    value: ••• → •••",
    ]
    await applied(publisher, changed, environment)
    assert (await planned(publisher, changed, environment)).changes == ()


async def test_only_what_an_apply_made_is_removed(publisher: Publisher) -> None:
    await init.first_start(publisher, {})
    await applied(publisher, FILE)
    assert headings(await applied(publisher, "{}")) == [
        "- price provider local: gpt-4.1",
        "- key red/bench/first",
        "- subscription red/bench → gpt-4.1",
        "- app red/bench",
        "- service gpt-4.1",
        "- team red",
        "- provider local",
    ]
    async with reading(publisher.engine) as connection:
        assert [key.name for key in await keys.listed(connection, PLATFORM)] == ["first"]
    assert (await planned(publisher, "{}")).changes == ()


async def test_a_file_may_add_to_what_the_first_start_made(publisher: Publisher) -> None:
    await init.first_start(publisher, {})
    text = "teams: [{name: default, apps: [{name: default, subscriptions: [demo/chat]}, {name: ci, subscriptions: [demo/chat]}]}]"
    assert headings(await applied(publisher, text)) == ["+ app default/ci", "+ subscription default/ci → demo/chat"]
    assert headings(await applied(publisher, "{}")) == ["- subscription default/ci → demo/chat", "- app default/ci"]


async def test_a_thing_that_something_made_by_hand_needs_is_not_removed(publisher: Publisher) -> None:
    await applied(publisher, FILE)
    before = await publisher.version()
    async with writing(publisher.engine) as connection:
        held = (await keys.listed(connection, PLATFORM))[0]
        await keys.create(connection, publisher.master, team_id=held.team_id, app_id=held.app_id, name="ci")
    with pytest.raises(DeclarationError, match="key red/bench/ci, which no file made, needs it"):
        await applied(publisher, "{}")
    assert await publisher.version() == before


async def test_a_key_without_a_value_is_made_once_and_shown_once(publisher: Publisher, tmp_path: Path) -> None:
    text = FILE.replace(", value: {env: BENCH_KEY}", "")
    first = await applied(publisher, text)
    assert [made.name for made in first.made] == ["red/bench/first"]
    secret = first.made[0].secret.reveal()
    assert key_of(publisher, tmp_path, secret) is not None
    again = await applied(publisher, text.replace("requests: 1000000", "requests: 7"))
    assert again.made == ()
    assert key_of(publisher, tmp_path, secret) is not None


async def test_two_keys_may_swap_their_values(publisher: Publisher) -> None:
    both = "{name: a, value: {env: BENCH_KEY}}, {name: b, value: {env: OTHER_KEY}}"
    text = FILE.replace("{name: first, value: {env: BENCH_KEY}}", both)
    await applied(publisher, text)
    swapped = ENVIRONMENT | {"BENCH_KEY": ENVIRONMENT["OTHER_KEY"], "OTHER_KEY": ENVIRONMENT["BENCH_KEY"]}
    assert headings(await applied(publisher, text, swapped)) == ["~ key red/bench/a", "~ key red/bench/b"]
    assert (await planned(publisher, text, swapped)).changes == ()


async def test_a_further_name_may_move_to_a_new_service(publisher: Publisher) -> None:
    await applied(publisher, FILE)
    moved = FILE.replace("    aliases: [best]\n", "").replace(
        "teams:", "  - {name: new, aliases: [best], deployments: [{provider: local, model: new}]}\nteams:"
    )
    assert headings(await applied(publisher, moved)) == ["~ service gpt-4.1", "+ service new"]


async def test_a_key_revoked_by_hand_stays_revoked(publisher: Publisher) -> None:
    await applied(publisher, FILE)
    async with writing(publisher.engine) as connection:
        held = (await keys.listed(connection, PLATFORM))[0]
        await keys.revoke(connection, PLATFORM, held.id)
    again = await applied(publisher, FILE)
    assert again.changes == ()
    assert again.notes == (
        "key red/bench/first was revoked by hand and stays so; give it another name to have one again",
    )


async def test_a_provider_that_moves_to_another_host_loses_a_credential_given_elsewhere(publisher: Publisher) -> None:
    draft = providers.ProviderDraft(name="local", vendor="openai-compatible", base_url="http://127.0.0.1:9001/v1")
    async with writing(publisher.engine) as connection:
        await providers.create(connection, publisher.master, draft, Secret(CANARY))
    same = 'providers: [{name: local, vendor: openai-compatible, base_url: "http://127.0.0.1:9001/v2"}]'
    assert lines(await planned(publisher, same)) == [
        "~ provider local",
        "    base_url: http://127.0.0.1:9001/v1 → http://127.0.0.1:9001/v2",
    ]
    await applied(publisher, same.replace("127.0.0.1", "evil.example"))
    async with reading(publisher.engine) as connection:
        assert (await providers.get(connection, None, "local")).sealed_key is None


async def test_a_refused_publication_leaves_database_and_snapshot_as_they_were(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await applied(publisher, FILE)
    version = await publisher.version()

    def refuse(*_: object, **__: object) -> None:
        raise NotPublishable(["the test says so"])

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "compile_snapshot", refuse)
        with pytest.raises(Refusal, match="the test says so"):
            await applied(publisher, "{}")
    assert (await planned(publisher, FILE)).changes == ()
    assert await publisher.version() == current_version(tmp_path / "snapshot") == version


async def test_a_plan_that_no_longer_holds_is_not_applied(publisher: Publisher) -> None:
    agreed = (await planned(publisher, FILE)).fingerprint
    await applied(publisher, FILE.replace("requests: 1000000", "requests: 9"))
    with pytest.raises(Refusal) as caught:
        await apply(publisher, source(FILE), agreed)
    assert caught.value.code == "plan_changed"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BENCH_KEY": "short"}, "16 to 512 visible ASCII characters"),
        (
            {"LOCAL_KEY": f"{CANARY}\nx-injected: 1"},
            "the credential cannot be used: expected visible ASCII characters",
        ),
    ],
)
async def test_a_value_that_cannot_be_used_is_refused_and_not_repeated(
    publisher: Publisher, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        await planned(publisher, FILE, ENVIRONMENT | environment)
    assert said in str(caught.value)
    assert CANARY not in str(caught.value)
    assert "short" not in str(caught.value)


async def test_the_secret_is_in_no_plan_and_readable_nowhere_in_the_data_folder(
    publisher: Publisher, tmp_path: Path
) -> None:
    before = await planned(publisher, FILE)
    after = await applied(publisher, FILE)
    assert CANARY not in repr(before) + repr(after)
    assert all(CANARY.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
