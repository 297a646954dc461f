"""Scopes and networks of keys, at a gate: nothing gets through that they do not list."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.gate_here import KEY, MASTER, Here, chat_body, gate_here, limit, snapshot
from torana.core.endpoints import ENDPOINTS, plain
from torana.core.ids import epoch_us
from torana.core.snapshot import Deployment, Key, Snapshot
from torana.gate.route import paths

MODELS = ("chat-large", "chat-small", "embed")
SERVICES = {"both": MODELS[:2], "small": MODELS[1:2], "embed": MODELS[2:]}
CALLS: dict[str, Callable[[str], bytes]] = {
    "/v1/chat/completions": chat_body,
    "/v1/completions": lambda model: json.dumps({"model": model, "prompt": "Hi"}).encode(),
    "/v1/embeddings": lambda model: json.dumps({"model": model, "input": "Hi"}).encode(),
    "/v1/messages": lambda model: chat_body(model, max_tokens=9),
    "/v1/responses": lambda model: json.dumps({"model": model, "input": "Hi"}).encode(),
}
NOWHERE = {"services": (), "endpoints": (), "models": ()}


def content(version: int = 1, keys: dict[str, dict[str, Any]] | None = None) -> Snapshot:
    """Services over the demo vendor's models, an app that may call all of them, and keys by their values."""
    made = snapshot("", list(SERVICES), version=version)
    services = {
        name: replace(
            service,
            id=f"service_{name}",
            deployments=tuple(Deployment(f"d-{name}-{m}", f"demo/{m}", "demo", m) for m in SERVICES[name]),
        )
        for name, service in made.services.items()
    }
    grants = {**{name: f"service_{name}" for name in SERVICES}, "alias": "service_both"}
    published = {
        MASTER.key_digest(value.encode()): Key(f"key_{n}", "k", "app_a", 0, **fields)
        for n, (value, fields) in enumerate((keys or {KEY: {}}).items())
    }
    app = replace(made.apps["app_a"], grants=grants)
    return replace(made, keys=published, apps={"app_a": app}, services={s.id: s for s in services.values()})


def at_gate(folder: Path, made: Snapshot, scenario: Callable[[Here], Awaitable[None]], **fields: Any) -> None:
    async def main() -> None:
        async with gate_here(folder, made, **fields) as gate:
            await scenario(gate)
            assert gate.in_use() == {}

    uvloop.run(main())


def test_the_endpoints_that_scopes_can_name_are_those_of_the_gate() -> None:
    gemini = [path for _, methods in paths._MODELS.values() for path in methods.values()]
    bedrock = paths._BEDROCK.values()
    called = [
        path for path in (*paths._ALL, *paths._ACCOUNT, *gemini, *bedrock) if path.handling in ("model", "realtime")
    ]
    assert {plain(path.label) for path in called} == ENDPOINTS


def listed(choices: list[str]) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(choices), min_size=1, max_size=3).map(tuple)


SCOPES = st.fixed_dictionaries(
    {
        "services": listed([*SERVICES, "service_both", "service_embed", "other", "alias"]),
        "endpoints": listed([*CALLS, "/v1/*", "/v1/c*", "/v1/images/*", "/v1beta/*"]),
        "models": listed([*MODELS, "chat*", "chat-l*", "*", "gpt", "chat"]),
    }
)


def lists(scope: tuple[str, ...] | None, *names: str) -> bool:
    """Whether a scope lets one of these names through: written anew here, as the guide has it."""
    if scope is None:
        return True
    return any(
        entry == name or (entry[-1] == "*" and name[: len(entry) - 1] == entry[:-1])
        for entry in scope
        for name in names
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(SCOPES, min_size=1, max_size=6),
    calls=st.lists(
        st.tuples(st.sampled_from(list(CALLS)), st.sampled_from([*SERVICES, "alias"])), min_size=1, max_size=6
    ),
)
def test_a_keys_scopes_are_never_exceeded_and_all_within_them_is_served(
    tmp_path_factory: pytest.TempPathFactory, keys: list[dict[str, Any]], calls: list[tuple[str, str]]
) -> None:
    values = {f"value-of-key-number-{n}": fields for n, fields in enumerate(keys)}

    async def scenario(gate: Here) -> None:
        for value, scopes in values.items():
            models = json.loads(await get(gate, "/v1/models", value))["data"]
            for endpoint, name in calls:
                reply = await gate.post(CALLS[endpoint](name), endpoint, key=value)
                record = gate.record(reply.call_id)
                service = "both" if name == "alias" else name
                offered = [model for model in SERVICES[service] if lists(scopes["models"], model)]
                own = scopes["services"] is None or {service, f"service_{service}"} & set(scopes["services"])
                within = bool(own and offered) and lists(scopes["endpoints"], endpoint)
                assert (name in {model["id"] for model in models}) == bool(own and offered)
                assert (record.error == "key_scope") == (not within), (scopes, endpoint, name, reply)
                if within:
                    assert record.service == service
                    assert record.model_sent in offered
                else:
                    assert (reply.status, record.model_sent, record.key_id is not None) == (403, None, True)

    at_gate(tmp_path_factory.mktemp("scopes"), content(keys=values), scenario)


async def get(gate: Here, path: str, key: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
    return (await gate.exchange(head.encode())).partition(b"\r\n\r\n")[2]


def test_a_refusal_says_in_the_callers_dialect_what_the_key_may_call(tmp_path: Path) -> None:
    narrow = {"services": ("small",), "endpoints": ("/v1/messages", "/v1/chat/completions")}

    async def scenario(gate: Here) -> None:
        reply = await gate.post(CALLS["/v1/messages"]("both"), "/v1/messages")
        said = json.loads(reply.body)
        assert (reply.status, said["type"], said["error"]["type"]) == (403, "error", "permission_error")
        assert "may not call both. Its services: small. Use another key" in said["error"]["message"]
        reply = await gate.post(CALLS["/v1/embeddings"]("embed"), "/v1/embeddings")
        assert (reply.status, reply.error["code"]) == (403, "key_scope")
        assert "Its endpoints: /v1/messages, /v1/chat/completions." in reply.error["message"]
        # A service that its app may not call is not told from one that does not exist, and names only what the key may call.
        reply = await gate.chat("unknown")
        assert (reply.status, "It may call: small." in reply.error["message"]) == (404, True)

    at_gate(tmp_path, content(keys={KEY: narrow}), scenario)


def test_with_a_scope_of_models_what_names_models_unseen_is_refused(tmp_path: Path) -> None:
    async def scenario(gate: Here) -> None:
        for path in ("/v1/batches", "/v1/files"):
            reply = await gate.post(b"{}", path, "x-torana-service: both\r\n")
            assert (reply.status, reply.error["code"]) == (403, "key_scope")

    at_gate(tmp_path, content(keys={KEY: {"models": ("*",)}}), scenario)


@pytest.mark.parametrize("field", list(NOWHERE))
def test_an_empty_list_lets_nothing_through(tmp_path: Path, field: str) -> None:
    async def scenario(gate: Here) -> None:
        assert (await gate.chat("both")).status == 403

    at_gate(tmp_path, content(keys={KEY: {field: ()}}), scenario)


@pytest.mark.parametrize(
    ("networks", "allowed"),
    [
        (("127.0.0.1/32",), True),
        (("10.0.0.0/8", "127.0.0.0/8"), True),
        (("0.0.0.0/0",), True),
        (("127.0.0.0/32", "127.0.0.2/31"), False),
        (("::/0",), False),
        (("::ffff:127.0.0.0/104",), False),
        ((), False),
        (("no network",), False),
    ],
)
def test_a_key_is_used_from_its_networks_only(tmp_path: Path, networks: tuple[str, ...], allowed: bool) -> None:
    async def scenario(gate: Here) -> None:
        for forwarded in ("", "x-forwarded-for: 127.0.0.1\r\n", "x-forwarded-for: 10.1.2.3\r\n"):
            reply = await gate.post(chat_body("both"), headers=forwarded)
            assert (reply.status == 200) is allowed
            assert gate.record(reply.call_id).caller_ip == "127.0.0.1"
            if not allowed:
                assert (reply.status, reply.error["code"]) == (403, "address_not_allowed")
                assert "the address 127.0.0.1." in reply.error["message"]

    at_gate(tmp_path, content(keys={KEY: {"networks": networks}}), scenario)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (("203.0.113.9",), "203.0.113.9"),
        (("10.9.9.9, 203.0.113.9",), "203.0.113.9"),
        (("198.51.100.1, 203.0.113.9, 10.0.0.7, 127.0.0.9",), "203.0.113.9"),
        (("10.9.9.9", "203.0.113.9"), "203.0.113.9"),
        (("203.0.113.9:4711",), "203.0.113.9"),
        (("::ffff:203.0.113.9",), "203.0.113.9"),
        (("[2001:db8::9]:4711",), "2001:db8::9"),
        (("fe80::9%eth0",), "fe80::9"),
        (("10.9.9.9, 10.0.0.7",), "10.9.9.9"),
        (("203.0.113.9, unknown",), "unknown"),
        (("203.0.113.9, ",), "unknown"),
        (("203.0.113.9, 0x7f.1",), "unknown"),
        (("203.0.113.9, 010.0.0.1",), "unknown"),
        (("203.0.113.9" + ", 10.0.0.1" * 60,), "unknown"),
        ((), "127.0.0.1"),
    ],
)
def test_behind_trusted_proxies_the_nearest_address_counts_that_is_none_of_theirs(
    tmp_path: Path, forwarded: tuple[str, ...], address: str
) -> None:
    networks = () if address == "unknown" else (f"{address}/{128 if ':' in address else 32}",)
    keys: dict[str, dict[str, Any]] = {
        "from-there-only-000": {"networks": networks},
        "from-all-but-there": {"networks": ("192.0.2.0/24",)},
    }

    async def scenario(gate: Here) -> None:
        lines = "".join(f"x-forwarded-for: {line}\r\n" for line in forwarded)
        there = await gate.post(chat_body("both"), headers=lines, key="from-there-only-000")
        assert (there.status == 200) == (address != "unknown")
        assert gate.record(there.call_id).caller_ip == address
        refused = await gate.post(chat_body("both"), headers=lines, key="from-all-but-there")
        assert (refused.status, f"the address {address}" in refused.error["message"]) == (403, True)

    at_gate(tmp_path, content(keys=keys), scenario, trusted_proxies="127.0.0.0/8, 10.0.0.0/8")


def test_a_change_of_scopes_and_the_end_of_an_overlap_hold_at_once(tmp_path: Path) -> None:
    async def scenario(gate: Here) -> None:
        assert (await gate.chat("both")).status == 200
        gate.publish(content(2, {KEY: {"services": ("embed",)}}))
        assert (await gate.chat("both")).status == 403
        gate.publish(content(3, {KEY: {"networks": ("10.0.0.0/8",)}}))
        assert (await gate.chat("both")).status == 403
        # After a rotation both values lead to one key, whose limits they share.
        shared = {"limits": (limit("key_0", 3, 60),)}
        made = content(4, {KEY: shared, "the-new-value-of-it": shared})
        old, new = list(made.keys)
        ends_us = epoch_us() + 1_000_000
        keys = {old: replace(made.keys[old], expires_us=ends_us), new: replace(made.keys[new], id=made.keys[old].id)}
        gate.publish(replace(made, keys=keys))
        assert [(await gate.chat("both")).status, await status(gate, "the-new-value-of-it")] == [200, 200]
        await asyncio.sleep(max(0, (ends_us - epoch_us()) / 1e6) + 0.01)
        refused = await gate.chat("both")
        assert (refused.status, refused.error["code"]) == (401, "expired_api_key")
        assert [await status(gate, "the-new-value-of-it") for _ in range(2)] == [200, 429]

    at_gate(tmp_path, content(), scenario)


async def status(gate: Here, key: str) -> int:
    return (await gate.post(chat_body("both"), key=key)).status
