"""Law 3: every way out of a call (reply, refusal, error, timeout, either side leaving, kill) settles its reservation and
yields exactly one record."""

import asyncio
import socket
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.support.gate_here import KEY, Here, Reply, begin, chat_body, gate_here, limit, request, snapshot
from tests.support.vendor_faults import FAULTS
from tests.support.vendor_process import Vendor

ONE = 1
QUICK: dict[str, Any] = {
    "upstream_connect_timeout_seconds": 1.0,
    "upstream_first_byte_timeout_seconds": 1.0,
    "upstream_idle_timeout_seconds": 1.0,
    "upstream_total_timeout_seconds": 2.5,
    "upstream_max_reply_bytes": 2 * 1024 * 1024,
    "headers_timeout_seconds": 0.5,
    "body_timeout_seconds": 0.5,
}
MODELS = ["chat", "demo/chat", *(f"fault:{name}" for name in FAULTS)]
FINE = {
    *("slow-first-byte", "slow-events", "one-byte-chunks", "one-byte-head", "half-emoji", "informational"),
    *("close-after-reply", "close-silently", "crlf-events", "usage-in-last-choice", "huge-event"),
}
"""Faults that a call survives, streamed."""
FAILING = {
    "hang": "upstream_first_byte_timeout",
    "stall": "upstream_idle_timeout",
    "endless": "upstream_total_timeout",
    "no-reply": "upstream_cut",
    "reset": "upstream_cut",
    "reset-mid-stream": "upstream_cut",
    "cut-mid-event": "upstream_cut",
    "lie-length-long": "upstream_cut",
    "wrong-content-type": "upstream_bad_reply",
    "redirect": "upstream_redirect",
    "garbage": "upstream_malformed",
    "empty": "upstream_bad_reply",
    "huge-header": "upstream_malformed",
    "400": "upstream_refused",
    "401": "upstream_auth_failed",
    "403": "upstream_auth_failed",
    "404": "upstream_refused",
    "429": "upstream_rate_limited",
    "500": "upstream_failed",
    "503": "upstream_failed",
    "leaky-400": "upstream_refused",
    "leaky-401": "upstream_auth_failed",
    "error-event": "upstream_failed",
}
"""The code of each fault that ends a streamed call; others depend on the form of the reply."""


def here(folder: Path, vendor: Vendor, **settings: Any) -> Any:
    limits = {name: (limit(name, ONE),) for name in MODELS}
    return gate_here(folder, snapshot(vendor.base_url, MODELS, limits), **{**QUICK, **settings})


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST: the gate then knows that its caller has left and not only stopped sending."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def nothing_is_left(gate: Here) -> None:
    assert gate.in_use() == {}


async def settled(gate: Here, calls: int) -> None:
    """Wait until so many calls have a record, then check that nothing is reserved and nobody has two."""
    await gate.until(lambda: len(gate.records()) >= calls and not gate.gate.listener.active)
    counts = Counter(record.id for record in gate.records())
    assert len(counts) == calls
    assert set(counts.values()) <= {1}
    nothing_is_left(gate)


def test_every_fault_of_the_vendor_leaves_one_record_with_its_code_and_nothing_reserved(
    tmp_path: Path, vendor: Vendor
) -> None:
    async def one(gate: Here, fault: str) -> None:
        for streamed in (True, False):
            if not streamed and fault == "endless":
                continue
            replies = [await gate.chat(f"fault:{fault}", stream=streamed) for _ in range(2)]
            for reply in replies:
                record = gate.record(reply.call_id)
                assert record.status == reply.status
                assert record.error != "concurrency_limit_exceeded", fault
                if streamed and fault in FINE:
                    assert record.error is None, fault
                    assert reply.complete
                elif streamed and fault in FAILING:
                    assert record.error == FAILING[fault], fault

    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            await asyncio.gather(*(one(gate, fault) for fault in FAULTS))
            await settled(gate, 4 * len(FAULTS) - 2)

    uvloop.run(main())


REFUSED = {
    "unknown_path": request(b"{}", "/v1/nothing"),
    "method_not_allowed": b"DELETE /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "missing_api_key": request(chat_body("chat"), key=""),
    "invalid_api_key": request(chat_body("chat"), key="nobody"),
    "ambiguous_credentials": request(chat_body("chat"), headers="x-api-key: another\r\n"),
    "invalid_json": request(b"{"),
    "duplicate_field": request(b'{"model":"chat","model":"chat"}'),
    "invalid_field": request(b'{"model":1}'),
    "missing_model": request(b"{}"),
    "model_not_found": request(chat_body("nobody")),
    "unsupported_encoding": request(b"{}", headers="content-encoding: gzip\r\n"),
    "malformed_request": b"GET /v1/models HTTP/1.1\r\n\r\n",
    "headers_too_large": request(b"{}", headers=f"x-long: {'x' * 40_000}\r\n"),
    "target_too_long": request(b"{}", "/v1/" + "x" * 9_000),
    "expectation_failed": request(b"{}", headers="expect: a-miracle\r\n"),
    "body_too_large": request(b"{" + b" " * 200_000),
    "request_timeout": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
}
"""A request for each refusal before the vendor is asked."""


def test_every_refusal_is_recorded_once_under_its_code_and_reserves_nothing(tmp_path: Path, vendor: Vendor) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor, max_body_bytes=100_000) as gate:
            answers = await asyncio.gather(*map(gate.exchange, REFUSED.values()))
            await settled(gate, len(REFUSED))
            records = gate.records()
            assert sorted(record.error or "" for record in records) == sorted(REFUSED)
            for code, answer in zip(REFUSED, answers, strict=True):
                (record,) = [record for record in records if record.error == code]
                assert answer.startswith(b"HTTP/1.1 %d " % record.status)
                assert record.id.encode() in answer

    uvloop.run(main())


@pytest.mark.parametrize(
    ("model", "streamed"),
    [
        ("fault:hang", True),
        ("fault:hang", False),
        ("fault:endless", True),
        ("fault:stall", True),
        ("fault:slow-first-byte", False),
    ],
)
def test_a_caller_who_leaves_while_the_call_runs_is_recorded_once(
    tmp_path: Path, vendor: Vendor, model: str, streamed: bool
) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            _, writer = await gate.connect()
            writer.write(request(chat_body(model, stream=streamed)))
            await gate.until(lambda: gate.gate.listener.active)
            assert gate.in_use()["spool"] > 0
            assert gate.in_use()[f"{model}:concurrency:0 used"] == 1
            reset(writer)
            await settled(gate, 1)
            (record,) = gate.records()
            assert record.error == "caller_left"
            assert record.status in (200, 499)

    uvloop.run(main())


@pytest.mark.parametrize("upto", [5, 60, 140])
@pytest.mark.parametrize("abort", [True, False])
def test_a_caller_who_leaves_while_sending_is_recorded_once(
    tmp_path: Path, vendor: Vendor, upto: int, abort: bool
) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            _, writer = await gate.connect()
            writer.write(request(chat_body("chat"))[:upto])
            await asyncio.sleep(0.02)
            if abort:
                reset(writer)
            else:
                writer.close()
            await settled(gate, 1)
            assert [record.error for record in gate.records()] == ["incomplete_request"]

    uvloop.run(main())


def test_a_caller_who_closed_only_its_writing_half_gets_the_reply(tmp_path: Path, vendor: Vendor) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            answer = await gate.exchange(request(chat_body("fault:slow-first-byte")), end=True)
            assert b"HTTP/1.1 200 OK" in answer
            await settled(gate, 1)
            assert [record.error for record in gate.records()] == [None]

    uvloop.run(main())


def test_calls_that_still_run_when_the_grace_time_is_over_are_told_and_recorded(tmp_path: Path, vendor: Vendor) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            hanging = begin(gate.chat("fault:hang"))
            endless = begin(gate.chat("fault:endless", stream=True))
            waiting = begin(gate.exchange(request(chat_body("chat"))[:-5]))
            await gate.until(lambda: gate.gate.listener.active == 2 and gate.in_use()["spool"] > 0)
            await asyncio.sleep(0.1)
            gate.gate.listener.stop_accepting()
            gate.gate.stop_calls()
            stopped: Reply = await hanging
            assert (stopped.status, stopped.error["code"]) == (503, "worker_stopped")
            streamed: Reply = await endless
            assert b'"worker_stopped"' in streamed.body
            assert streamed.call_id.encode() in streamed.body
            await waiting
            await settled(gate, 3)
            errors = sorted(record.error or "" for record in gate.records())
            assert errors == ["request_timeout", "worker_stopped", "worker_stopped"]

    uvloop.run(main())


def test_requests_that_wait_behind_another_are_recorded_when_their_caller_leaves(
    tmp_path: Path, vendor: Vendor
) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            _, writer = await gate.connect()
            one = request(chat_body("fault:hang")).replace(b"connection: close\r\n", b"")
            writer.write(one * 5 + one[:50])
            await gate.until(lambda: gate.gate.listener.active)
            await asyncio.sleep(0.05)
            reset(writer)
            await settled(gate, 6)
            errors = Counter(record.error for record in gate.records())
            assert errors == {"caller_left": 5, "incomplete_request": 1}

    uvloop.run(main())


def test_an_unforeseen_exception_is_recorded_once_and_reserves_nothing(
    tmp_path: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            monkeypatch.setattr(gate.gate.client, "send", lambda *_: 1 // 0)
            reply = await gate.chat("chat")
            assert (reply.status, reply.error["code"]) == (500, "internal_error")
            assert "ZeroDivision" not in reply.body.decode()
            await settled(gate, 1)
            assert gate.record(reply.call_id).error == "internal_error"

    uvloop.run(main())


def test_a_call_of_the_demo_vendor_settles_too(tmp_path: Path, vendor: Vendor) -> None:
    async def main() -> None:
        async with here(tmp_path, vendor) as gate:
            for streamed in (True, False, True, False):
                reply = await gate.chat("demo/chat", stream=streamed)
                assert reply.status == 200
                assert gate.record(reply.call_id).error is None
                assert KEY.encode() not in reply.body
            await settled(gate, 4)

    uvloop.run(main())
