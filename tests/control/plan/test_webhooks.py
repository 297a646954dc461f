"""Webhooks in torana.yaml."""

import base64
from pathlib import Path

import pytest

from tests.control.plan.test_apply import lines, source
from tests.support.api import organisation
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError
from torana.control.export.service import export
from torana.control.plan.apply import Applied, Planned, apply, plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret

pytestmark = pytest.mark.anyio

SECRET = "whsec_" + base64.b64encode(b"canary-of-a-webhook-0123456789ab").decode()
OTHER = "whsec_" + base64.b64encode(b"another-webhook-9876543210-abcde").decode()
CHAT = "https://chat.example.org/hooks?token=canary-8812"
ENVIRONMENT = {"HOOK_SECRET": SECRET, "CHAT_URL": CHAT}
FILE = """
teams: [{name: red}]
webhooks:
  - {name: room, team: red, url: {env: CHAT_URL}, events: [subscription.requested, key.expiring], secret: {env: HOOK_SECRET}}
  - {name: everything, url: https://hooks.example.org/torana, secret: {env: HOOK_SECRET}}
"""


async def applied(publisher: Publisher, text: str, environment: dict[str, str] | None = None) -> Applied:
    return await apply(publisher, source(text, ENVIRONMENT if environment is None else environment))


async def planned(publisher: Publisher, text: str, environment: dict[str, str] | None = None) -> Planned:
    return await plan(
        publisher.engine, publisher.master, source(text, ENVIRONMENT if environment is None else environment)
    )


async def test_webhooks_are_planned_applied_exported_and_removed(publisher: Publisher, tmp_path: Path) -> None:
    on = await organisation(publisher)
    made = await applied(publisher, FILE)
    assert lines(made) == [
        "+ team red",
        "+ webhook room (team red)",
        "    url: •••",
        "    events: key.expiring, subscription.requested",
        "    secret: •••",
        "+ webhook everything",
        "    url: https://hooks.example.org/torana",
        "    secret: •••",
    ]
    assert "canary" not in repr(made)
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert (await applied(publisher, FILE)).changes == ()
    shown = {one["name"]: one for one in (await on.call("owner", "GET", "/webhooks")).json()["items"]}
    assert shown["room"]["events"] == ["key.expiring", "subscription.requested"]
    assert (shown["everything"]["team_id"], shown["everything"]["events"]) == (None, [])
    exported = await export(publisher.engine)
    assert exported.left_out == []
    assert "canary" not in exported.text
    values = {
        name: Secret(CHAT if purpose.startswith("the address") else SECRET)
        for name, purpose in exported.variables.items()
    }
    assert sorted(values) == ["EVERYTHING_WEBHOOK_SECRET", "RED_ROOM_WEBHOOK_SECRET", "RED_ROOM_WEBHOOK_URL"]
    outside = OutsideValues({f"env:{name}": value for name, value in values.items()}, {})
    again = await plan(publisher.engine, publisher.master, Source(exported.text.encode(), outside))
    assert again.changes == ()
    assert lines(await applied(publisher, FILE, ENVIRONMENT | {"HOOK_SECRET": OTHER, "CHAT_URL": CHAT + "9"})) == [
        "~ webhook room (team red)",
        "    url: ••• → •••",
        "    secret: ••• → •••",
        "~ webhook everything",
        "    secret: ••• → •••",
    ]
    gone = await applied(publisher, "{}")
    assert [change.lines()[0] for change in gone.changes] == [
        "- webhook everything",
        "- webhook room (team red)",
        "- team red",
    ]
    entries = (await on.call("owner", "GET", "/audit?action=webhook.delete")).json()["items"]
    assert "canary" not in repr(entries)


async def test_a_secret_of_the_file_comes_back_and_what_else_was_set_by_hand_stays(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await applied(publisher, FILE)
    off = {"if-match": "*"}
    assert (await on.call("owner", "PATCH", "/webhooks/everything", {"disabled": True}, **off)).status_code == 200
    assert (await planned(publisher, FILE)).changes == ()
    assert (await on.call("owner", "POST", "/webhooks/everything/secret")).status_code in (200, 201)
    assert lines(await applied(publisher, FILE)) == ["~ webhook everything", "    secret: ••• → •••"]
    held = (await on.call("owner", "GET", "/webhooks/everything")).json()
    assert held["disabled_us"] is not None


async def test_what_does_not_fit_is_told_with_its_place_and_no_secret_is_repeated(publisher: Publisher) -> None:
    url, secret = "url: 'https://h.example/'", "secret: {env: HOOK_SECRET}"
    cases = {
        f"{{name: w, {url}}}": "webhooks[0]: secret: is missing",
        f"{{name: w, {url}, secret: {SECRET}}}": "secret: a secret is never written in this file",
        f"{{name: w, url: '{CHAT}', {secret}}}": "url: an address with a query may hold a secret",
        f"{{name: w, url: 'http://h.example/', {secret}}}": "url: the address cannot be used: expected https://",
        f"{{name: w, url: 'https://canary@h.example/', {secret}}}": "without user, password or fragment",
        f"{{name: w, {secret}}}": "webhooks[0]: url: is missing",
        f"{{name: w, {url}, secret: {{env: SHORT}}}}": "the secret cannot be used: expected whsec_ and 24 to 64 bytes",
        f"{{name: w, url: {{env: NOT_SET}}, {secret}}}": "the environment variable NOT_SET is not set",
        f"{{name: w, {url}, {secret}, events: [key.expired]}}": 'events[0]: there is no event "key.expired"',
        f"{{name: w, {url}, {secret}, team: blue}}": 'team: there is no team "blue"',
        f"{{name: w, {url}, {secret}}}, {{name: w, {url}, {secret}}}": 'there is already a webhook "w"',
        ", ".join(f"{{name: w{n}, {url}, {secret}}}" for n in range(21)): "a team has at most 20 webhooks",
    }
    for webhooks, complaint in cases.items():
        with pytest.raises(DeclarationError) as refused:
            await planned(publisher, f"webhooks: [{webhooks}]", ENVIRONMENT | {"SHORT": "whsec_canary"})
        assert complaint in str(refused.value), webhooks
        assert "canary" not in str(refused.value)
        assert SECRET not in str(refused.value)
