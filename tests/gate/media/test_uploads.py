"""Forms with files: sent on while they arrive, with the deployment's model in place of the caller's."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from msgspec.structs import replace

from tests.dialects.openai_media.forms import KIND, file, form, part
from tests.gate.media.test_json_calls import renamed
from tests.support.gate_here import KEY, Here, Reply, begin, gate_here, limit, parse, rest, snapshot
from tests.support.media_vendor import PICTURE, MediaVendor
from torana.core.snapshot import Deployment, Snapshot

PATH = "/v1/audio/transcriptions"
SOUND = bytes(range(251)) * 1000
MODEL = part("model", b"ear")
MIB = 1_048_576


def run(story: Any) -> None:
    uvloop.run(story)


def head(path: str = PATH, length: int | None = None, more: str = "", key: str = KEY) -> bytes:
    body = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    lines = f"POST {path} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {key}\r\ncontent-type: {KIND.decode()}\r\n"
    return f"{lines}{more}{body}\r\n\r\n".encode()


def chunked(body: bytes, size: int = 5_000) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join([b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]) + b"0\r\n\r\n"


def ears(base_url: str, limits: Any = None) -> Snapshot:
    return renamed(snapshot(base_url, ["ear"], limits), "ear", "gpt-4o-transcribe")


async def upload(here: Here, pieces: list[bytes], path: str = PATH, length: int | None = None) -> Reply:
    """Send the pieces one read each; the reply ends the connection."""
    reader, writer = await here.connect()
    writer.write(head(path, length, "connection: close\r\n"))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.001)
    reply = parse(await rest(reader))
    writer.close()
    assert here.in_use() == {}
    return reply


@pytest.mark.parametrize("sends", ["a length", "chunks"])
@pytest.mark.parametrize("model", ["first", "last"])
def test_the_model_is_replaced_wherever_it_stands_and_nothing_else_changes(
    media: MediaVendor, tmp_path: Path, sends: str, model: str
) -> None:
    async def story() -> None:
        parts = [MODEL, part("response_format", b"json"), file(SOUND)]
        whole = form(*(parts if model == "first" else reversed(parts)))
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            sent = whole if sends == "a length" else chunked(whole)
            pieces = [sent[at : at + 40_000] for at in range(0, len(sent), 40_000)]
            reply = await upload(here, pieces, length=len(whole) if sends == "a length" else None)
            assert reply.status == 200
            assert json.loads(reply.body)["text"] == "Hello."
            seen = media.last()
            assert seen.body == whole.replace(b"\r\near\r\n", b"\r\ngpt-4o-transcribe\r\n")
            assert seen.headers["content-type"] == KIND.decode()
            record = here.record(reply.call_id)
            assert (record.model_asked, record.model_sent) == ("ear", "gpt-4o-transcribe")
            assert record.request_bytes == len(whole)
            assert record.endpoint == PATH
            assert (record.units, record.unit_count) == ("seconds", 9)

    run(story())


@pytest.mark.parametrize("size", [1, 7, 50])
def test_small_pieces_change_nothing(media: MediaVendor, tmp_path: Path, size: int) -> None:
    async def story() -> None:
        whole = form(part("user", b"ada"), MODEL, file(SOUND[:200]))
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            sent = chunked(whole, 60)
            reply = await upload(here, [sent[at : at + size] for at in range(0, len(sent), size)])
            assert reply.status == 200
            assert media.last().part("model") == b"gpt-4o-transcribe"
            assert media.last().part("file") == SOUND[:200]
            assert here.record(reply.call_id).user == "ada"

    run(story())


def test_images_edits_and_variations_and_translations_take_forms_too(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            for path in ("/v1/images/edits", "/v1/images/variations", "/v1/audio/translations"):
                whole = form(part("model", b"ear"), file(SOUND, "image"))
                reply = await upload(here, [whole], path, len(whole))
                assert reply.status == 200
                assert media.last().target == path
                assert media.last().part("model") == b"gpt-4o-transcribe"
                assert b"Hello." in reply.body or PICTURE.encode() in reply.body
            body = json.dumps({"model": "ear", "prompt": "x", "images": [{"file_id": "f"}]}).encode()
            edited = await here.post(body, "/v1/images/edits", "content-type: application/json\r\n")
            assert json.loads(edited.body)["data"][0]["b64_json"] == PICTURE
            assert media.last().json["model"] == "gpt-4o-transcribe"

    run(story())


def test_a_file_for_an_account_passes_unread(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        whole = form(part("purpose", b"batch"), file(SOUND), part("model", b"any"))
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            reply = await upload(here, [chunked(whole)], "/v1/files?service=ear")
            assert reply.status == 200
            assert media.last().body == whole
            assert media.last().target == "/v1/files"
            assert here.record(reply.call_id).request_bytes == len(whole)

    run(story())


def test_the_next_request_on_the_connection_is_served(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        whole = form(MODEL, file(SOUND))
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            reader, writer = await here.connect()
            writer.write((head() + chunked(whole)) * 2 + head(length=len(whole)) + whole)
            writer.write(head(length=len(whole), more="connection: close\r\n") + whole)
            answers = await rest(reader)
            assert answers.count(b"HTTP/1.1 200 OK") == 4
            assert len(media.seen) == 4
            writer.close()
            await here.until(lambda: len(here.records()) == 4)
            assert here.in_use() == {}

    run(story())


def test_a_model_that_does_not_come_in_time_is_asked_for_before_the_file(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        whole = form(file(SOUND), MODEL)
        async with gate_here(tmp_path, ears(media.base_url), form_search_bytes=100_000) as here:
            reply = await upload(here, [whole[:120_000]], length=len(whole))
            assert (reply.status, reply.error["code"]) == (400, "invalid_form")
            assert "Put the part `model` before the part `file`" in reply.error["message"]
            assert reply.headers["connection"] == "close"
            assert media.seen == []

    run(story())


def test_a_form_without_a_model_and_one_with_an_unknown_model_are_refused(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            none = await upload(here, [chunked(form(file(SOUND)))])
            assert (none.status, none.error["code"]) == (400, "missing_model")
            foreign = await upload(here, [chunked(form(part("model", b"other"), file(SOUND)))])
            assert (foreign.status, foreign.error["code"]) == (404, "model_not_found")
            assert media.seen == []

    run(story())


def test_a_second_model_behind_the_file_never_reaches_the_vendor_whole(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            whole = form(MODEL, file(SOUND), part("model", b"expensive"))
            reply = await upload(here, [whole[:100_000], whole[100_000:]], length=len(whole))
            assert (reply.status, reply.error["code"]) == (400, "invalid_form")
            assert here.record(reply.call_id).error == "invalid_form"
            assert media.seen == []

    run(story())


def test_without_a_key_nothing_of_the_body_is_asked_for(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            data = await here.exchange(head(length=10**8, more="expect: 100-continue\r\n", key="wrong"))
            assert b"100 Continue" not in data
            assert parse(data).status == 401
            assert here.in_use() == {}

    run(story())


def test_a_caller_that_waits_is_asked_to_go_on(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        whole = form(MODEL, file(SOUND))
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            reader, writer = await here.connect()
            writer.write(head(length=len(whole), more="expect: 100-continue\r\nconnection: close\r\n"))
            assert await reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(whole)
            assert parse(await rest(reader)).status == 200
            writer.close()

    run(story())


def test_limits_are_given_back_and_too_large_a_form_is_refused(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        content = ears(media.base_url, {"ear": (limit("service ear", 1),)})
        async with gate_here(tmp_path, content, max_upload_bytes=200_000) as here:
            told = await upload(here, [], length=200_001)
            assert (told.status, told.error["code"]) == (413, "body_too_large")
            grown = await upload(here, [chunked(form(MODEL, file(SOUND)))])
            assert (grown.status, grown.error["code"]) == (413, "body_too_large")
            small = form(MODEL, file(SOUND[:100_000]))
            assert (await upload(here, [chunked(small)])).status == 200
            assert len(media.seen) == 1

    run(story())


def test_a_broken_chunk_ends_the_call_once(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            sent = chunked(form(MODEL, file(SOUND)))
            reply = await upload(here, [sent[:100_000], b"xx\r\n" + sent[100_000:]])
            assert (reply.status, reply.error["code"]) == (400, "malformed_request")
            assert len(here.records()) == 1
            assert media.seen == []

    run(story())


def test_another_target_gets_the_body_when_the_first_cannot_be_reached(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        content = ears(media.base_url)
        ear = content.services["ear"]
        dead = replace(content.accounts["vendor"], id="dead", base_url="http://127.0.0.1:1/v1", sealed_key=None)
        first = Deployment("d0", "dead/x", "dead", "a-much-longer-name-of-a-model", 100)
        services = {"ear": replace(ear, deployments=(first, replace(ear.deployments[0], weight=0)))}
        content = replace(content, services=services, accounts={**content.accounts, "dead": dead})
        async with gate_here(tmp_path, content) as here:
            whole = form(MODEL, file(SOUND))
            for pieces, length in (([whole], len(whole)), ([chunked(whole)], None)):
                reply = await upload(here, pieces, length=length)
                assert reply.status == 200
                assert here.record(reply.call_id).retries == 1
                assert media.last().part("model") == b"gpt-4o-transcribe"
                assert media.last().part("file") == SOUND

    run(story())


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@contextlib.asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[str]:
    """A vendor that does what the script says, on this loop."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=65_536)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


def test_a_slow_vendor_makes_its_caller_wait_and_memory_stays_small(tmp_path: Path) -> None:
    size = 200 * MIB
    go = asyncio.Event()
    got = 0

    async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        while got < size:
            got += len(await reader.read(MIB))
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n" + b'{"text":"ok"}'
        )
        await writer.drain()

    async def story() -> None:
        async with scripted(vendor) as url, gate_here(tmp_path, ears(url)) as here:
            begins, ends = MODEL + file(b"")[:-2], b"\r\n" + form()
            reader, writer = await here.connect()
            writer.write(head(length=len(begins) + size + len(ends), more="connection: close\r\n") + begins)
            before = psutil.Process().memory_info().rss
            sent, block, most = 0, b"\x00" * MIB, 0

            async def send() -> None:
                nonlocal sent, most
                while sent < size:
                    writer.write(block)
                    await writer.drain()
                    sent += len(block)
                    most = max(most, psutil.Process().memory_info().rss)
                writer.write(ends)

            sending = begin(send())
            reached = -1
            while reached != sent:
                reached = sent
                await asyncio.sleep(0.3)
            assert 0 < sent < 60 * MIB
            assert here.gate.listener.buffered < 2 * MIB
            go.set()
            async with asyncio.timeout(60):
                await sending
                reply = parse(await rest(reader))
            assert reply.status == 200
            assert got >= size
            assert most - before < 64 * MIB
            assert here.record(reply.call_id).request_bytes > size
            assert here.in_use() == {}
            writer.close()

    run(story())


def test_a_vendor_that_answers_early_is_heard_and_the_connection_ends(tmp_path: Path) -> None:
    async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"error":{"message":"too large","type":"invalid_request_error"}}'
        writer.write(
            b"HTTP/1.1 413 Too Large\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        await writer.drain()
        await reader.read()

    async def story() -> None:
        async with scripted(vendor) as url, gate_here(tmp_path, ears(url)) as here:
            whole = form(MODEL, file(SOUND * 40))
            reply = await upload(here, [whole[:100_000]], length=len(whole))
            assert (reply.status, reply.error["message"]) == (413, "too large")
            assert reply.headers["connection"] == "close"
            assert here.record(reply.call_id).error == "upstream_refused"

    run(story())


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        pass


def test_a_caller_who_leaves_in_the_middle_ends_the_call_at_the_vendor(tmp_path: Path) -> None:
    closed = asyncio.Event()

    async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _hold(reader, writer)
        finally:
            closed.set()

    async def story() -> None:
        async with scripted(vendor) as url, gate_here(tmp_path, ears(url)) as here:
            whole = form(MODEL, file(SOUND))
            for how in ("half", "reset"):
                closed.clear()
                reader, writer = await here.connect()
                writer.write(head(length=len(whole)) + whole[:100_000])
                await here.until(lambda: here.gate.client.counts().busy)
                if how == "half":
                    writer.write_eof()
                    assert parse(await rest(reader)).error["code"] == "incomplete_request"
                else:
                    sock = writer.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
                await asyncio.wait_for(closed.wait(), 30)
                await here.until(lambda: here.in_use() == {})
                writer.close()
            assert [record.error for record in here.records()] == ["incomplete_request", "caller_left"]

    run(story())


def test_a_vendor_who_leaves_in_the_middle_is_named(tmp_path: Path) -> None:
    async def vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(90_000)
        writer.transport.abort()

    async def story() -> None:
        async with scripted(vendor) as url, gate_here(tmp_path, ears(url)) as here:
            whole = form(MODEL, file(SOUND))
            reply = await upload(here, [whole[:150_000]], length=len(whole))
            assert (reply.status, reply.error["code"]) == (502, "upstream_cut")
            assert len(here.records()) == 1

    run(story())


def test_a_caller_who_stops_sending_is_told_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with scripted(_hold) as url, gate_here(tmp_path, ears(url), body_timeout_seconds=1.0) as here:
            for sent in (b"", form(MODEL, file(SOUND))[:100_000]):
                reply = await upload(here, [sent] if sent else [], length=200_000)
                assert (reply.status, reply.error["code"]) == (408, "request_timeout")
            assert len(here.records()) == 2

    run(story())


def test_a_vendor_who_stops_reading_or_answering_is_given_up(tmp_path: Path) -> None:
    over = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.transport.abort()

    async def story() -> None:
        settings = {"upstream_first_byte_timeout_seconds": 0.5}
        async with scripted(deaf) as url, gate_here(tmp_path, ears(url), **settings) as here:
            for size in (70_000, 40 * MIB):
                whole = form(MODEL, file(b"x" * size))
                reader, writer = await here.connect()
                writer.write(head(length=len(whole), more="connection: close\r\n") + whole)
                reply = parse(await rest(reader))
                assert (reply.status, reply.error["code"]) == (504, "upstream_first_byte_timeout")
                writer.transport.abort()
            await here.until(lambda: here.in_use() == {})
            over.set()
            await asyncio.sleep(0.05)

    run(story())


def test_a_gate_that_stops_ends_what_is_being_uploaded(tmp_path: Path) -> None:
    async def story() -> None:
        async with scripted(_hold) as url, gate_here(tmp_path, ears(url)) as here:
            whole = form(MODEL, file(SOUND))
            reader, writer = await here.connect()
            writer.write(head(length=len(whole)) + whole[:100_000])
            await here.until(lambda: here.gate.client.counts().busy)
            here.gate.stop_calls()
            assert parse(await rest(reader)).error["code"] == "worker_stopped"
            writer.close()
            await here.until(lambda: here.in_use() == {})

    run(story())


def test_a_stream_of_events_and_a_plain_text_come_back_as_they_are(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, ears(media.base_url)) as here:
            streamed = await upload(here, [chunked(form(MODEL, part("stream", b"true"), file(SOUND)))])
            assert streamed.headers["content-type"] == "text/event-stream"
            record = here.record(streamed.call_id)
            assert record.streamed
            assert (record.input_tokens, record.output_tokens) == (30, 5)
            plain = await upload(here, [chunked(form(MODEL, part("response_format", b"text"), file(SOUND)))])
            assert plain.body == b"Hello.\n"
            assert plain.headers["content-type"] == "text/plain; charset=utf-8"
            assert here.record(plain.call_id).output_tokens is None

    run(story())
