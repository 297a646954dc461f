"""How calls of custom models fail: each with its code and words, one record, and nothing left reserved."""

import asyncio
import json
import os
import random
import re
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from tests.support.custom_service import (
    SAID,
    SECRET,
    STREAM,
    described,
    gate_before,
    one_record,
    pieces,
    published,
    running_service,
    whole,
)
from tests.support.gate_here import begin, chat_body, gate_here, request

pytestmark = pytest.mark.anyio

LOOPING = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"
BUSY = "$reduce([1..100000], function($sum, $a) { $sum + $count($filter([1..10000], function($b) { $b > $a })) })"
"""Uses up all of the processor time."""


FAILURES: dict[str, tuple[dict[str, Any], Any, int, str, str]] = {
    "a caller's mistake": (
        {"error": '{"message": body.why, "code": body.kind}'},
        whole(b'{"why": "too long", "kind": "length"}', "422 No"),
        422, "upstream_refused", "too long (length)",
    ),
    "a mistake told with 500": (
        {"error": '{"message": body.why, "retryable": false}'},
        whole(b'{"why": "bad row"}', "500 No"),
        400, "upstream_refused", "bad row",
    ),
    "trouble": ({}, whole(b'{"message": "the pool is empty."}', "503 No"), 502, "upstream_failed", "503: the pool is empty. Try"),
    "trouble told with 409": (
        {"error": '{"message": "locked", "retryable": true}'}, whole(b"{}", "409 No"), 502, "upstream_failed", "409: locked",
    ),
    "trouble told with 200": (
        {"response": '{"error": {"message": why, "retryable": true}}'}, whole(b'{"why": "no disk"}'),
        502, "upstream_failed", "no disk",
    ),
    "limited": ({}, whole(b"slow down", "429 No", "retry-after: 7\r\n"), 429, "upstream_rate_limited", "in 7 s"),
    "refused credentials": ({}, whole(b"{}", "401 No"), 502, "upstream_auth_failed", "401"),
    "moved": ({}, whole(b"", "302 No", "location: /x\r\n"), 502, "upstream_redirect", "302"),
    "a broken error mapping": (
        {"error": "$error('oops')"}, whole(b'{"message": "too much"}', "400 No"), 400, "upstream_refused", "too much",
    ),
    "no JSON": ({}, whole(b"<html>"), 502, "upstream_bad_reply", "response: it is not JSON"),
    "paths that match nothing": ({"response": "nowhere"}, whole(b"{}"), 502, "custom_template_failed", "response"),
    "an input that is not there": (
        {"request": {"body": "{{ parameters.temperature }}"}}, whole(b"{}"), 502, "custom_template_failed", "request.body",
    ),
    "cut": ({}, pieces(), 502, "upstream_bad_reply", "response"),
    "a stream without its end": (
        {"stream": STREAM}, pieces(b'{"t": "a"}\n'), 200, "upstream_failed", "before its reply was complete",
    ),
    "a stream with an error": (
        {"stream": {"framing": "ndjson", "event": '{"error": why}'}}, whole(b'{"why": "no ' + SECRET.encode() + b'"}\n'),
        200, "upstream_failed", "no •••",
    ),
    "a stream of something else": (
        {"stream": STREAM}, whole(b"<html>\n"), 502, "upstream_bad_reply", "stream.event: it is not JSON",
    ),
    "a stream that the mapping cannot take": (
        {"stream": {"framing": "ndjson", "event": '{"txt": t}'}}, whole(b'{"t": "a"}\n'), 502, "custom_template_failed", "txt",
    ),
    "a secret in an error": (
        {}, whole(b'{"message": "no ' + SECRET.encode() + b'"}', "400 No"), 400, "upstream_refused", "no •••",
    ),
    "a secret in a 200": (
        {"response": '{"error": why}'}, whole(b'{"why": "no ' + SECRET.encode() + b'"}'), 400, "upstream_refused", "no •••",
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", sorted(FAILURES))
async def test_every_failure_has_its_code_and_words_and_one_record(tmp_path: Path, failure: str) -> None:
    fields, answer, status, code, words = FAILURES[failure]
    async with gate_before(tmp_path, mood=described(**fields)) as (here, service):
        service.answer = answer
        reply = await here.chat("mood", stream="stream" in fields)
        record = await one_record(here, reply)
    assert reply.status == status, reply.body
    assert words in reply.body.decode(), reply.body
    assert SECRET not in reply.body.decode()
    assert record.error == code
    assert code in reply.body.decode() or status == 200


async def test_a_service_that_cannot_be_reached_or_answers_too_late_fails_as_any_other(tmp_path: Path) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    settings = {"upstream_first_byte_timeout_seconds": 0.3}
    async with gate_before(tmp_path, settings=settings, mood=described()) as (here, service):
        service.answer = silent
        late = await here.chat("mood")
        here.publish(published("http://127.0.0.1:1", {"mood": described()}, version=2))
        away = await here.chat("mood")
    assert (late.status, late.error["code"]) == (504, "upstream_first_byte_timeout")
    assert (away.status, away.error["code"]) == (502, "upstream_connect_failed")


async def test_a_template_that_loops_is_stopped_while_others_are_answered(tmp_path: Path) -> None:
    hostile = described(request={"body": LOOPING})
    busy = described(request={"body": None, "body_map": BUSY})
    settings = {"custom_workers": 2}
    async with gate_before(tmp_path, settings=settings, hostile=hostile, busy=busy, mood=described()) as (
        here,
        service,
    ):
        service.answer = SAID
        stopped = [begin(here.chat(name)) for name in ("busy", "hostile", "hostile")]
        fine = await asyncio.gather(*(here.chat("mood") for _ in range(10)))
        replies = [await one for one in stopped]
        records = [await one_record(here, reply) for reply in replies]
    assert [reply.status for reply in fine] == [200] * 10
    for reply, record in zip(replies, records, strict=True):
        assert (reply.status, reply.error["code"]) == (502, "custom_template_failed")
        # Where the processor time ends everything, nobody can say more than that it was the request.
        assert re.search(r"at request(\.body(_map)?)?: ", reply.error["message"])
        assert reply.headers["x-should-retry"] == "false"
        assert (record.error, record.input_tokens, record.output_tokens) == ("custom_template_failed", None, None)


async def test_an_expression_killed_from_outside_fails_its_call_and_the_next_one_is_answered(tmp_path: Path) -> None:
    slow = described(request={"body": None, "body_map": BUSY})
    async with gate_before(tmp_path, settings={"custom_workers": 1}, slow=slow, mood=described()) as (here, service):
        service.answer = SAID
        assert (await here.chat("mood")).status == 200
        (process,) = here.gate.sandbox.processes
        worker = psutil.Process(process)
        before = worker.cpu_times().user
        running = begin(here.chat("slow"))
        # A job that a worker has not begun is given to another one.
        await here.until(lambda: worker.cpu_times().user > before + 0.1)
        os.kill(process, signal.SIGKILL)
        reply = await running
        after = await here.chat("mood")
        record = await one_record(here, reply)
    assert (reply.status, reply.error["code"]) == (502, "custom_template_failed")
    assert "request: stopped: its worker ended with status -9" in reply.error["message"]
    assert after.status == 200
    assert record.error == "custom_template_failed"


async def test_more_evaluations_than_may_wait_are_refused_with_a_time_to_come_back(tmp_path: Path) -> None:
    hostile = described(request={"body": None, "body_map": BUSY})
    settings = {"custom_workers": 1, "custom_waiting": 1}
    async with gate_before(tmp_path, settings=settings, hostile=hostile) as (here, _):
        replies = await asyncio.gather(*(here.chat("hostile") for _ in range(4)))
        records = [await one_record(here, reply) for reply in replies]
    refused = [reply for reply in replies if reply.status == 503]
    assert refused
    assert {reply.error["code"] for reply in refused} == {"custom_sandbox_unavailable"}
    assert {reply.headers["retry-after"] for reply in refused} == {"1"}
    assert len({record.id for record in records}) == 4


async def test_a_caller_who_leaves_takes_its_evaluation_out_of_the_line(tmp_path: Path) -> None:
    hostile = described(request={"body": None, "body_map": BUSY})
    settings = {"custom_workers": 1, "custom_waiting": 2}
    async with gate_before(tmp_path, settings=settings, hostile=hostile, mood=described()) as (here, service):
        service.answer = SAID
        assert (await here.chat("mood")).status == 200
        running = begin(here.chat("hostile"))
        await here.until(lambda: here.gate.listener.active == 1)
        writers = []
        for _ in range(2):
            _, writer = await here.connect()
            writer.write(request(chat_body("hostile")))
            writers.append(writer)
        await here.until(lambda: here.gate.listener.active == 3)
        for writer in writers:
            leave(writer)
        await here.until(lambda: here.gate.listener.active == 1)
        reply = await here.chat("mood")
        await running
        await here.until(lambda: not here.gate.listener.active)
        assert here.in_use() == {}
        errors = sorted(record.error or "" for record in here.records())
    assert reply.status == 200
    assert errors == ["", "", "caller_left", "caller_left", "custom_template_failed"]


async def test_callers_who_leave_at_any_moment_leave_one_record_each_and_nothing_reserved(tmp_path: Path) -> None:
    chosen = random.Random(7)
    limits = {"custom_waiting": 200}
    body = b"".join(json.dumps({"t": f"{number} "}).encode() + b"\n" for number in range(30)) + b'{"end": true}\n'
    async with gate_before(tmp_path, settings=limits, mood=described(stream=STREAM)) as (here, service):
        service.answer = pieces(*(body[at : at + 40] for at in range(0, len(body), 40)), pause=0)
        assert (await here.chat("mood", stream=True)).status == 200

        async def one() -> None:
            reader, writer = await here.connect()
            writer.write(request(chat_body("mood", stream=chosen.random() < 0.7)))
            await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(chosen.random() * 0.2):
                    await reader.read(1 << 20)
                    await reader.read(1 << 20)
            leave(writer)

        await asyncio.gather(*(one() for _ in range(80)))
        await here.until(lambda: not here.gate.listener.active)
        after = await here.chat("mood", stream=True)
        await here.until(lambda: len(here.records()) >= 70 and not here.gate.listener.active)
        records = here.records()
        assert here.in_use() == {}
    assert b"29 " in after.body
    assert len({record.id for record in records}) == len(records)
    assert {record.error for record in records} <= {None, "caller_left", "upstream_bad_reply"}


async def test_a_caller_who_leaves_a_stream_ends_the_call_of_the_service(tmp_path: Path) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(b'{"t": "more"}\n' * 50)
            await writer.drain()
            await asyncio.sleep(0.001)

    async with gate_before(tmp_path, mood=described(stream=STREAM)) as (here, service):
        service.answer = answer
        reader, writer = await here.connect()
        writer.write(request(chat_body("mood", stream=True)))
        async with asyncio.timeout(30):
            await reader.readuntil(b"more")
            leave(writer)
            await service.left.wait()
        await here.until(lambda: not here.gate.listener.active)
        assert here.in_use() == {}
        (record,) = here.records()
    assert record.error == "caller_left"
    assert record.usage_estimated


async def test_the_account_s_secret_goes_to_no_other_server_than_the_account_s(tmp_path: Path) -> None:
    async with running_service() as service, running_service() as other:
        service.answer = other.answer = SAID
        own, foreign = service.url.removesuffix("/base"), other.url.removesuffix("/base")
        models = {
            "own": described(request={"path": None, "url": f"{own}/else"}),
            "foreign": described(request={"path": None, "url": f"{foreign}/else"}),
            "open": described(request={"path": None, "url": f"{foreign}/open"}, auth={"style": "none"}),
            "metadata": described(
                request={"path": None, "url": "http://169.254.169.254/latest"}, auth={"style": "none"}
            ),
        }
        async with gate_here(tmp_path, published(service.url, models)) as here:
            replies = {name: await here.chat(name) for name in models}
    assert replies["own"].status == 200
    assert service.asked[0].line == "POST /else HTTP/1.1"
    assert replies["foreign"].error["code"] == "upstream_credential_unusable"
    assert replies["open"].status == 200
    assert [asked.line for asked in other.asked] == ["POST /open HTTP/1.1"]
    assert "authorization" not in other.asked[0].headers
    assert replies["metadata"].error["code"] == "upstream_address_refused"


async def test_a_description_that_this_version_cannot_read_says_so_and_hurts_nobody_else(tmp_path: Path) -> None:
    newer = msgspec.json.encode({"request": {"path": "/"}, "response": "$", "new_field": 1})
    async with gate_before(tmp_path, newer=newer, mood=described()) as (here, service):
        service.answer = SAID
        reply, other = await here.chat("newer"), await here.chat("mood")
    assert (reply.status, reply.error["code"]) == (502, "custom_template_failed")
    assert other.status == 200


def leave(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
