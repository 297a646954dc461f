"""Law 5: a key, grant or policy change holds on every worker of a node within a moment, and running calls are not touched."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvloop

from tests.support import issuing, journey
from tests.support.dying import REVOKE_AND_DIE
from tests.support.gate_here import begin, gate_here, limit, snapshot
from tests.support.instance import Instance, Reply, run_instance
from tests.support.polling import eventually, kill
from tests.support.vendor_process import Vendor
from torana.core.ids import epoch_us

PUBLICATIONS = 1_000


def configuration(vendor: Vendor, limits: list[dict[str, Any]], subscriptions: list[str]) -> dict[str, Any]:
    services = [journey.service("chat"), journey.service("extra", "chat"), journey.service("fault:slow-events")]
    return journey.configuration(vendor, services, [journey.app("main", subscriptions, limits=limits)])


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder: Path = tmp_path_factory.mktemp("changes")
    config = configuration(vendor, [], ["chat", "fault:slow-events"])
    with run_instance(folder, config, key=journey.KEY, env=journey.environment()) as running:
        yield running


def on_all_gates(instance: Instance, call: Callable[[], Reply], changed: Callable[[Reply], bool]) -> None:
    """Wait until each of the gates has answered in the changed way."""
    gates = instance.gates_seen()
    seen: set[str] = set()

    def all_changed() -> bool:
        reply = call()
        if changed(reply):
            seen.add(reply.gate)
        return seen == gates

    eventually(all_changed, "every gate has changed")


def apply(instance: Instance, config: dict[str, Any]) -> None:
    (instance.folder / "changed.yaml").write_text(json.dumps(config))
    instance.cli("apply", "--yes", "-f", str(instance.folder / "changed.yaml"))


def test_a_key_is_made_and_revoked_on_every_gate(instance: Instance) -> None:
    made = json.loads(instance.cli("keys", "create", "--app", "main", "--name", "made", "--json"))
    on_all_gates(instance, lambda: instance.chat("chat", made["value"]), lambda reply: reply.status == 200)
    (mine,) = [row for row in json.loads(instance.cli("keys", "list", "--json")) if row["name"] == "made"]
    instance.cli("keys", "revoke", mine["id"])
    on_all_gates(instance, lambda: instance.chat("chat", made["value"]), lambda reply: reply.status == 401)


def admin(instance: Instance, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """A call of the admin API by the owner."""
    transport = httpx2.HTTPTransport(uds=str(instance.data / "run" / "control.sock"))
    with httpx2.Client(transport=transport, base_url="http://torana/api/v1", headers={"if-match": "*"}) as client:
        reply = client.request(method, path, json=body)
    assert reply.is_success, reply.text
    return reply.json() if reply.content else None


def test_scopes_networks_ends_and_rotations_of_a_key_hold_on_every_gate(instance: Instance) -> None:
    made = json.loads(instance.cli("keys", "create", "--app", "main", "--name", "changing", "--json"))
    path, value = f"/keys/{made['id']}", made["value"]

    def becomes(status: int, code: str | None = None, key: str = value) -> None:
        def changed(reply: Reply) -> bool:
            return reply.status == status and (code is None or reply.error["code"] == code)

        on_all_gates(instance, lambda: instance.chat("chat", key), changed)

    becomes(200)
    admin(instance, "PATCH", path, {"scopes": {"endpoints": ["/v1/embeddings"]}})
    becomes(403, "key_scope")
    admin(instance, "PATCH", path, {"scopes": None, "networks": ["10.0.0.0/8"]})
    becomes(403, "address_not_allowed")
    admin(instance, "PATCH", path, {"networks": ["127.0.0.1"]})
    becomes(200)
    rotated = admin(instance, "POST", f"{path}/rotate", {"overlap_seconds": 3600})["value"]
    becomes(200, key=rotated)
    becomes(200)
    admin(instance, "PATCH", path, {"expires_us": epoch_us()})
    becomes(401, "expired_api_key")
    becomes(401, "expired_api_key", rotated)
    admin(instance, "PATCH", path, {"expires_us": None})
    becomes(200)
    last = admin(instance, "POST", f"{path}/rotate", {"overlap_seconds": 0})["value"]
    becomes(401, "invalid_api_key")
    becomes(401, "invalid_api_key", rotated)
    becomes(200, key=last)
    assert admin(instance, "GET", path)["previous_until_us"] is None
    eventually(lambda: admin(instance, "GET", path)["last_used_us"], "the recorder says when the key was used")


def test_an_issuer_comes_and_goes_on_every_gate(instance: Instance) -> None:
    made = admin(
        instance,
        "POST",
        "/issuers",
        {
            "name": "company",
            "issuer": issuing.ISSUER,
            "audiences": [issuing.AUDIENCE],
            "claim": "azp",
            "apps": {"client": "main"},
            "jwks": {"keys": [issuing.jwk("ES256", "k")]},
        },
    )
    token = issuing.token(issuing.claims(), "ES256", header={"kid": "k"})
    on_all_gates(instance, lambda: instance.chat("chat", token), lambda reply: reply.status == 200)
    admin(instance, "PATCH", f"/issuers/{made['id']}", {"jwks": {"keys": [issuing.jwk("ES256", "k", 1)]}})
    on_all_gates(instance, lambda: instance.chat("chat", token), lambda reply: reply.status == 401)
    other = issuing.token(issuing.claims(), "ES256", 1)
    on_all_gates(instance, lambda: instance.chat("chat", other), lambda reply: reply.status == 200)
    admin(instance, "DELETE", f"/issuers/{made['id']}")
    on_all_gates(instance, lambda: instance.chat("chat", other), lambda reply: reply.status == 401)


def test_a_grant_and_a_limit_change_on_every_gate_while_streams_go_on(instance: Instance, vendor: Vendor) -> None:
    with ThreadPoolExecutor(8) as pool:
        streams = [pool.submit(instance.chat, "fault:slow-events", stream=True) for _ in range(8)]
        apply(instance, configuration(vendor, [], ["chat", "extra", "fault:slow-events"]))
        on_all_gates(instance, lambda: instance.chat("extra"), lambda reply: reply.status == 200)
        replies = [stream.result() for stream in streams]
    assert all(reply.complete and reply.body.endswith(b"data: [DONE]\n\n") for reply in replies)
    apply(instance, configuration(vendor, [{"requests": 1, "per": "day"}], ["chat", "extra"]))
    on_all_gates(instance, lambda: instance.chat("chat"), lambda reply: reply.status == 429)
    apply(instance, configuration(vendor, [], ["chat"]))
    on_all_gates(instance, lambda: instance.chat("chat"), lambda reply: reply.status == 200)
    on_all_gates(instance, lambda: instance.chat("extra"), lambda reply: reply.status == 403)


def test_a_thousand_publications_under_load_fail_no_call_and_touch_no_stream(tmp_path: Path, vendor: Vendor) -> None:
    async def main() -> None:
        models = ["chat", "fault:slow-events"]
        limits = {name: (limit(name, 1_000),) for name in models}
        async with gate_here(tmp_path, snapshot(vendor.base_url, models, limits)) as gate:
            over = False
            replies = []

            async def caller(number: int) -> None:
                while not over:
                    streamed = number % 2 == 0
                    reply = await gate.chat(models[streamed], stream=streamed)
                    replies.append(reply)
                    assert not streamed or reply.body.endswith(b"data: [DONE]\n\n")

            callers = [begin(caller(number)) for number in range(4)]
            for version in range(2, 2 + PUBLICATIONS):
                gate.publish(snapshot(vendor.base_url, models, limits, version))
                assert gate.gate.view is not None
                assert gate.gate.view.snapshot.version == version
                await asyncio.sleep(0.001)
            over = True
            await asyncio.gather(*callers)
            assert {reply.status for reply in replies} == {200}
            assert len(replies) >= 4
            await gate.until(lambda: not gate.gate.listener.active)
            assert gate.in_use() == {}

    uvloop.run(main())


def test_a_change_whose_maker_was_killed_between_commit_and_snapshot_holds_on_every_gate(instance: Instance) -> None:
    for control_dies_too in (False, True):
        made = json.loads(instance.cli("keys", "create", "--app", "main", "--name", "killed", "--json"))
        on_all_gates(instance, lambda: instance.chat("chat", made["value"]), lambda reply: reply.status == 200)  # noqa: B023
        command = [sys.executable, "-c", REVOKE_AND_DIE, str(instance.data), made["id"]]
        done = subprocess.run(command, env=instance.env, cwd=instance.folder, capture_output=True, timeout=60)
        assert done.returncode == -signal.SIGKILL, done.stderr
        if control_dies_too:
            (control,) = instance.children("torana: control")
            kill(control)
        on_all_gates(instance, lambda: instance.chat("chat", made["value"]), lambda reply: reply.status == 401)  # noqa: B023
