"""Going on to the next deployment: what the record says of the one that ended the call."""

import asyncio
import socket
from pathlib import Path

import msgspec
import pytest

from tests.support.gate_here import gate_here, snapshot
from torana.core.snapshot import Deployment

pytestmark = pytest.mark.anyio


async def test_a_deployment_that_could_not_be_reached_is_recorded_without_the_status_of_the_one_before(
    tmp_path: Path,
) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Broken\r\nx-request-id: first\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(broken, "127.0.0.1", 0)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        content = snapshot(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", ["chat"])
        content.accounts["other"] = msgspec.structs.replace(
            content.accounts["vendor"],
            id="other",
            sealed_key=None,
            base_url=f"http://127.0.0.1:{unheard.getsockname()[1]}/v1",
        )
        both = (
            Deployment("d-1", "vendor/chat", "vendor", "chat", 1),
            Deployment("d-2", "other/chat", "other", "chat", 0),
        )
        content.services["chat"] = msgspec.structs.replace(content.services["chat"], deployments=both)
        async with gate_here(tmp_path, content) as here:
            reply = await here.chat("chat")
            record = here.record(reply.call_id)
    server.close()
    assert reply.error["code"] == "upstream_connect_failed"
    assert (record.deployment_id, record.retries) == ("d-2", 1)
    assert (record.upstream_status, record.upstream_id) == (None, None)
