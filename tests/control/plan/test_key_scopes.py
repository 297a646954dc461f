"""Scopes and networks of keys in torana.yaml."""

from pathlib import Path
from typing import Any

import pytest

from tests.control.plan.test_apply import ENVIRONMENT, FILE, applied, lines, planned
from torana.control.access.scope import PLATFORM
from torana.control.declaration.problems import DeclarationError
from torana.control.keys import service as keys
from torana.control.publish.publish import Publisher
from torana.core.snapshot import Key
from torana.stores.snapshots.file import open_current
from torana.stores.sql.engine import reading

pytestmark = pytest.mark.anyio
KEY = "{name: first, value: {env: BENCH_KEY}"
SCOPES = "scopes: {models: [gpt-4.1*, o3], endpoints: [/v1/responses]}, networks: [10.0.0.0/8, '::1', 192.0.2.7]"


def with_key(more: str) -> str:
    return FILE.replace(KEY, f"{KEY}, {more}")


def published(publisher: Publisher, folder: Path, value: str) -> Key | None:
    return open_current(folder / "snapshot").key(publisher.master.key_digest(value.encode()))


async def test_scopes_and_networks_are_applied_changed_and_taken_away(publisher: Publisher, tmp_path: Path) -> None:
    await applied(publisher, with_key(SCOPES))
    value = ENVIRONMENT["BENCH_KEY"]
    key = published(publisher, tmp_path, value)
    assert key is not None
    assert (key.models, key.endpoints, key.services) == (("gpt-4.1*", "o3"), ("/v1/responses",), None)
    assert key.networks == ("10.0.0.0/8", "::1/128", "192.0.2.7/32")
    assert (await planned(publisher, with_key(SCOPES))).changes == ()
    other = "scopes: {services: [gpt-4.1]}, networks: [10.0.0.0/8]"
    assert lines(await applied(publisher, with_key(other))) == [
        "~ key red/bench/first",
        "    scopes: endpoints: /v1/responses; models: gpt-4.1*, o3 → services: gpt-4.1",
        "    networks: 10.0.0.0/8, ::1/128, 192.0.2.7/32 → 10.0.0.0/8",
    ]
    assert lines(await applied(publisher, FILE)) == [
        "~ key red/bench/first",
        "    scopes: services: gpt-4.1 → none",
        "    networks: 10.0.0.0/8 → none",
    ]
    key = published(publisher, tmp_path, value)
    assert key is not None
    assert (key.services, key.networks) == (None, None)


async def test_a_brought_value_comes_back_after_a_rotation_and_what_is_between_ends(
    publisher: Publisher, tmp_path: Path
) -> None:
    await applied(publisher, FILE)
    async with publisher.change() as connection:
        (held,) = await keys.listed(connection, PLATFORM)
        rotated = await keys.rotate(connection, publisher.master, held, 3600)
    # Its own value once more; another key may not have it meanwhile.
    two = FILE.replace(KEY, "{name: second, value: {env: BENCH_KEY}}, {name: first, value: {env: OTHER_KEY}")
    with pytest.raises(DeclarationError, match="that of another key before it was rotated"):
        await applied(publisher, two)
    narrowed = with_key("networks: [10.0.0.0/8]").replace(", value: {env: BENCH_KEY}", "")
    await applied(publisher, narrowed)
    assert published(publisher, tmp_path, ENVIRONMENT["BENCH_KEY"]) is not None
    await applied(publisher, FILE)
    key = published(publisher, tmp_path, ENVIRONMENT["BENCH_KEY"])
    assert key is not None
    assert key.expires_us == 0
    assert published(publisher, tmp_path, rotated.secret.reveal()) is None
    async with reading(publisher.engine) as connection:
        (after,) = await keys.listed(connection, PLATFORM)
    assert (after.id, after.previous_digest) == (held.id, None)


async def test_what_does_not_fit_is_told_with_its_place(publisher: Publisher) -> None:
    cases: dict[str, Any] = {
        "scopes: {models: []}": "scopes.models: has to list 1 to 200 entries; leave it out for no restriction",
        "scopes: {models: }": "scopes.models: has to list 1 to 200 entries",
        "scopes: {model: [a]}": 'there is no field "model" here; did you mean "models"?',
        "scopes: [a]": "scopes: has to be a mapping",
        "scopes: {models: ['a b']}": "scopes.models[0]: expected 1 to 200 characters without spaces",
        "scopes: {models: ['a*b']}": "scopes.models[0]: * can only stand at the end",
        "scopes: {endpoints: [/v1/chat]}": "scopes.endpoints[0]: /v1/chat is no path at which models are called",
        "networks: []": "networks: has to list 1 to 200 entries",
        "networks: [10.0.0.1/8]": "networks[0]: it is no network: did you mean 10.0.0.0/8 or 10.0.0.1?",
        "networks: [10.0.0.0/8, here]": "networks[1]: expected a network such as 10.0.0.0/8",
    }
    for more, complaint in cases.items():
        with pytest.raises(DeclarationError) as refused:
            await applied(publisher, with_key(more))
        assert complaint in str(refused.value), more
