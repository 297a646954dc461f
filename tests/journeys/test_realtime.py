"""Realtime connections through the whole process tree: the official SDK, a browser's way in, limits, draining and killing."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import psutil
import pytest
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.support import journey
from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually, kill
from tests.support.realtime_vendor import RealtimeServer, run_realtime_server
from tests.support.vendor_process import Vendor

ONE = [{"concurrency": 1}]
DEADLINE_SECONDS = 60


@pytest.fixture(scope="module")
def server() -> Iterator[RealtimeServer]:
    with run_realtime_server() as running:
        yield running


@pytest.fixture(scope="module")
def instance(vendor: Vendor, server: RealtimeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    provider = {
        "name": "speaker",
        "vendor": "openai-compatible",
        "base_url": server.base_url,
        "api_key": {"env": "PROVIDER_KEY"},
    }
    services = [
        journey.service("voice", "gpt-realtime", "speaker"),
        journey.service("narrow", "gpt-realtime", "speaker", limits=ONE),
    ]
    config = journey.configuration(vendor, services, providers=[provider])
    folder = tmp_path_factory.mktemp("realtime")
    with run_instance(folder, config, key=journey.KEY, env=journey.environment(), grace_seconds=1.0) as running:
        yield running


@asynccontextmanager
async def session(instance: Instance, model: str = "voice") -> AsyncIterator[AsyncRealtimeConnection]:
    async with (
        openai.AsyncOpenAI(base_url=instance.base_url, api_key=instance.key) as client,
        client.realtime.connect(model=model) as connection,
    ):
        yield connection


def call_id(connection: AsyncRealtimeConnection) -> str:
    socket = connection._connection
    assert isinstance(socket, ClientConnection)
    assert socket.response is not None
    return socket.response.headers["x-torana-call-id"]


async def respond(connection: AsyncRealtimeConnection) -> list[Any]:
    """Ask for a response; its events."""
    await connection.response.create()
    events = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for event in connection:
            events.append(event)
            if event.type == "response.done":
                break
    return events


def test_the_sdk_holds_a_conversation_and_its_record_has_the_sum_of_the_usage(
    instance: Instance, server: RealtimeServer
) -> None:
    async def talk() -> str:
        async with session(instance) as connection:
            assert (await connection.recv()).type == "session.created"
            await connection.session.update(session={"type": "realtime", "instructions": "Be brief."})
            updated = await connection.recv()
            assert updated.type == "session.updated"
            assert updated.session.to_dict()["instructions"] == "Be brief."
            text: Any = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
            await connection.conversation.item.create(item=text)
            for _ in range(2):
                events = await respond(connection)
                words = [event.delta for event in events if event.type == "response.output_audio_transcript.delta"]
                assert "".join(words) == "Good day"
                assert events[-1].response.usage.input_token_details.cached_tokens == 64
            return call_id(connection)

    record = instance.record(asyncio.run(talk()))
    assert (record["status"], record["error"], record["endpoint"]) == (101, None, "/v1/realtime")
    assert (record["input_tokens"], record["cached_input_tokens"], record["output_tokens"]) == (264, 128, 242)
    assert (record["model_served"], record["usage_estimated"]) == ("gpt-realtime-2025-08-28", False)
    assert record["response_bytes"] > 4 * 20_000
    assert record["request_bytes"] > 200
    assert server.targets[-1] == "/v1/realtime?model=gpt-realtime"
    assert server.handshakes[-1]["authorization"] == f"Bearer {journey.PROVIDER_KEY}"
    assert journey.KEY not in str(server.handshakes[-1])
    eventually(lambda: server.closed and server.closed[-1][0] == 1000, "the vendor saw the caller's close frame")


def test_a_browser_sends_its_key_as_a_subprotocol(instance: Instance, server: RealtimeServer) -> None:
    async def talk() -> None:
        offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{journey.KEY}")]
        url = f"ws://127.0.0.1:{instance.port}/v1/realtime?model=voice"
        async with connect(url, subprotocols=offered, origin=None) as socket:
            assert socket.subprotocol == "realtime"
            assert b'"session.created"' in await socket.recv(decode=False)

    asyncio.run(talk())
    assert server.handshakes[-1]["sec-websocket-protocol"] == "realtime"
    assert journey.KEY not in instance.output()


def test_the_place_of_a_connection_is_held_until_it_ends(instance: Instance) -> None:
    async def talk() -> None:
        async with session(instance, "narrow") as connection:
            await connection.recv()
            with pytest.raises(InvalidStatus) as refused:
                async with session(instance, "narrow"):
                    pass
            assert refused.value.response.status_code == 429
            assert b'"concurrency_limit_exceeded"' in refused.value.response.body

    for _ in range(3):
        eventually(lambda: _is_free(instance), "the place is free again")
        asyncio.run(talk())


def _is_free(instance: Instance) -> bool:
    async def try_it() -> bool:
        try:
            async with session(instance, "narrow") as connection:
                await connection.recv()
        except InvalidStatus:
            return False
        return True

    return asyncio.run(try_it())


def test_a_killed_gate_leaves_no_record_of_what_had_not_ended_and_gives_its_places_back(instance: Instance) -> None:
    async def talk() -> str:
        async with session(instance, "narrow") as connection:
            await connection.recv()
            await respond(connection)
            for gate in instance.gates():
                kill(gate)
            with pytest.raises(ConnectionClosed) as end:
                await connection.recv()
            assert end.value.rcvd is None
            return call_id(connection)

    eventually(lambda: _is_free(instance), "the place is free")
    lost = asyncio.run(talk())
    eventually(lambda: len(instance.gates()) == 2, "the gates are restarted")
    instance.await_key()
    later = instance.request("GET", "/v1/models").call_id
    instance.record(later)
    assert [row for row in instance.calls() if row["id"] == lost] == []
    eventually(lambda: _is_free(instance), "the place is free again")


def test_a_caller_who_has_seen_the_end_finds_the_record_though_the_gate_is_killed(instance: Instance) -> None:
    async def talk() -> str:
        async with session(instance) as connection:
            await connection.recv()
            await respond(connection)
            await connection.close()
            for gate in instance.gates():
                kill(gate)
            return call_id(connection)

    record = instance.record(asyncio.run(talk()))
    assert (record["error"], record["input_tokens"]) == (None, 132)
    eventually(lambda: len(instance.gates()) == 2, "the gates are restarted")
    instance.await_key()


def test_a_gate_that_is_replaced_ends_its_connections_when_the_grace_time_is_over(
    instance: Instance, server: RealtimeServer
) -> None:
    async def talk() -> str:
        async with session(instance) as connection:
            await connection.recv()
            psutil.Process(instance.process.pid).send_signal(signal.SIGHUP)
            with pytest.raises(ConnectionClosed) as end:
                async with asyncio.timeout(DEADLINE_SECONDS):
                    await connection.recv()
            assert end.value.rcvd is not None
            assert (end.value.rcvd.code, end.value.rcvd.reason) == (1001, f"worker_stopped {call_id(connection)}")
            return call_id(connection)

    record = instance.record(asyncio.run(talk()))
    assert (record["status"], record["error"]) == (101, "worker_stopped")
    eventually(lambda: server.closed[-1][0] == 1001, "the vendor is told, too")
