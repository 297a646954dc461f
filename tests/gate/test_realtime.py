"""Realtime connections: passed as they come, limited, metered, and recorded once whichever way they end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.gate_here import KEY, MASTER, Here, gate_here, limit, request, rest, snapshot
from tests.support.realtime import (
    ACCEPTED,
    NORMAL_CLOSE,
    RealtimeVendor,
    Script,
    Visit,
    echo,
    handshake,
    refused,
    talk,
)
from torana.core.ids import epoch_us
from torana.core.snapshot import Facts, Limit
from torana.dialects.websocket import BINARY, CLOSE, PING, PONG, TEXT, close_frame, frame

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """On the loop that gates run on: another protocol for a transport is the loop's business."""
    return "asyncio", {"use_uvloop": True}


ONE = {"voice": (limit("voice", 1),)}


class Scene:
    """A gate and its vendor."""

    def __init__(self, here: Here, vendor: RealtimeVendor) -> None:
        self.here = here
        self.vendor = vendor

    async def refusal(self, text: bytes) -> Any:
        """The code of an HTTP refusal and its status, which are the record's too."""
        reply = await refused(self.here, text)
        record = self.here.record(reply.call_id)
        assert (record.status, record.error) == (reply.status, reply.error["code"])
        assert reply.headers["connection"] == "close"
        return reply.error["code"], reply.status

    async def only_record(self) -> Any:
        """The one record there is, once all that calls hold has been given back."""
        await self.here.until(lambda: self.here.records() and not self.here.in_use())
        (record,) = self.here.records()
        return record


@asynccontextmanager
async def scene(
    folder: Path, script: Script = echo, limits: dict[str, tuple[Limit, ...]] | None = None, **settings: Any
) -> AsyncIterator[Scene]:
    async with RealtimeVendor(script).listening() as vendor:
        content = snapshot(vendor.base_url, ["voice"], limits if limits is not None else ONE)
        async with gate_here(folder, content, **settings) as here:
            yield Scene(here, vendor)


async def test_messages_pass_both_ways_and_the_connection_is_one_recorded_call(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        async with talk(on.here) as call:
            await call.say('{"type":"session.update"}')
            assert (await call.frame()).payload == b'{"type":"session.update"}'
            await call.send(frame(BINARY, b"\x00\xff", mask=True))
            assert (await call.frame()).payload == b"\x00\xff"
            await call.send(close_frame(1000, "bye", mask=True))
            last = await call.end()
        record = await on.only_record()
    assert (last.code, last.reason) == (1000, "bye")
    assert call.headers["sec-websocket-accept"] == ACCEPTED
    assert (record.id, record.status, record.error, record.streamed) == (call.call_id, 101, None, True)
    assert (record.endpoint, record.model_asked, record.upstream_status) == ("/v1/realtime", "voice", 101)
    assert (record.request_bytes, record.response_bytes) == (6 + 25 + 6 + 2 + 6 + 5, 2 + 25 + 2 + 2 + 2 + 5)


def done(input_tokens: int, output_tokens: int, **details: Any) -> dict[str, Any]:
    """`response.done` as OpenAI documents it."""
    usage = {"total_tokens": input_tokens + output_tokens, "input_tokens": input_tokens, "output_tokens": output_tokens}
    return {
        "type": "response.done",
        "event_id": "event_1",
        "response": {"status": "completed", "usage": {**usage, **details}},
    }


async def test_the_usage_of_all_responses_is_summed(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch()
        await visit.event({"type": "session.created", "session": {"model": "gpt-realtime-2026"}})
        await visit.event(done(10, 5, input_token_details={"cached_tokens": 4, "audio_tokens": 6}))
        whole = json.dumps(done(1, 2)).encode()
        await visit.send(frame(TEXT, whole[:20], mask=False, final=False) + frame(PING, b"?", mask=False))
        await visit.send(frame(0, whole[20:], mask=False) + NORMAL_CLOSE)
        await visit.frame()

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            frames = [await call.frame() for _ in range(5)]
            assert (await call.end()).code == 1000
        record = await on.only_record()
    assert [one.opcode for one in frames] == [TEXT, TEXT, TEXT, PING, 0]
    assert (record.input_tokens, record.cached_input_tokens, record.output_tokens) == (11, 4, 7)
    assert (record.audio_input_tokens, record.audio_output_tokens) == (6, None)
    assert (record.dialect, record.target_dialect) == ("openai_chat", "openai_chat")
    assert (record.model_served, record.usage_estimated, record.error) == ("gpt-realtime-2026", False, None)


async def test_a_response_that_is_broken_off_counts_what_came_of_it(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch()
        await visit.event(done(10, 5))
        await visit.event({"type": "response.created", "response": {"id": "resp_1", "usage": None}})
        for _ in range(7):
            await visit.event({"type": "response.output_text.delta", "delta": "word"})
        await visit.rest()

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            for _ in range(9):
                await call.frame()
        record = await on.only_record()
    assert (record.input_tokens, record.output_tokens) == (10, 5 + 7)
    assert (record.usage_estimated, record.error) == (True, "caller_left")


async def test_transcripts_count_where_there_is_no_response(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch()
        kind = "conversation.item.input_audio_transcription.completed"
        await visit.event({"type": kind, "usage": {"type": "tokens", "input_tokens": 8, "output_tokens": 3}})
        await visit.send(NORMAL_CLOSE)

    async with scene(tmp_path, script) as on:
        async with talk(
            on.here, handshake(target="/v1/realtime?intent=transcription&model=voice&call_id=rtc_1")
        ) as call:
            await call.frame()
            await call.end()
        record = await on.only_record()
    assert on.vendor.visits[0].line == "GET /v1/realtime?model=voice&intent=transcription HTTP/1.1"
    assert (record.input_tokens, record.output_tokens) == (8, 3)


@pytest.mark.parametrize(
    "event",
    [
        b'{"type":"response.done","response":{"usage":{"input_tokens":-1,"output_tokens":1e999}}}',
        b'{"type":"response.done","response":{"usage":[1]}}',
        b'{"type":"response.done","response":"usage","usage":NaN}',
        b'{"type":7,"usage":{}}',
        b'["usage","\\ud800"]',
        b'{"usage":' + b"[" * 5_000,
        b'\xff"usage"',
    ],
)
async def test_events_that_are_odd_pass_and_count_nothing(tmp_path: Path, event: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch()
        await visit.send(frame(TEXT, event, mask=False) + NORMAL_CLOSE)

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            assert (await call.frame()).payload == event
            await call.end()
        record = await on.only_record()
    assert (record.input_tokens, record.output_tokens, record.error) == (None, None, None)


async def test_the_vendor_gets_its_own_key_and_nothing_of_the_callers_secrets(tmp_path: Path) -> None:
    protocols = f"realtime, openai-insecure-api-key.{KEY}, openai-beta.realtime-v1, openai-organization.org_1"
    extra = f"Sec-WebSocket-Protocol: {protocols}\r\nOpenAI-Beta: realtime=v1\r\nOrigin: https://app.example\r\nCookie: a=b\r\n"

    async def script(visit: Visit) -> None:
        await visit.switch("Sec-WebSocket-Protocol: realtime\r\n", then=NORMAL_CLOSE)
        await visit.rest()

    async with scene(tmp_path, script) as on:
        async with talk(on.here, handshake(key="", extra=extra)) as call:
            await call.end()
        (visit,) = on.vendor.visits
        record = await on.only_record()
    assert call.headers["sec-websocket-protocol"] == "realtime"
    assert KEY not in call.head
    assert KEY.encode() not in visit.head
    assert visit.headers["authorization"] == "Bearer sk-vendor-key"
    assert visit.headers["sec-websocket-protocol"] == "realtime, openai-beta.realtime-v1"
    assert visit.headers["openai-beta"] == "realtime=v1"
    assert not visit.headers.keys() & {"origin", "cookie", "sec-websocket-extensions", "content-type"}
    assert record.key_id == "key_a"


async def test_a_browsers_subprotocol_is_confirmed_where_the_vendor_chooses_none(tmp_path: Path) -> None:
    async with scene(tmp_path) as on, talk(on.here, handshake(extra="Sec-WebSocket-Protocol: realtime\r\n")) as call:
        assert call.headers["sec-websocket-protocol"] == "realtime"


async def test_two_different_keys_are_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        extra = "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.another\r\n"
        assert await on.refusal(handshake(extra=extra)) == ("ambiguous_credentials", 400)
        assert await on.refusal(handshake(key="", extra=extra)) == ("invalid_api_key", 401)
        assert await on.refusal(handshake(key="")) == ("missing_api_key", 401)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/v1/realtime", "missing_model"),
        ("/v1/realtime?model=", "missing_model"),
        ("/v1/realtime?model=none", "model_not_found"),
        ("/v1/realtime?model=voice&model=voice", "malformed_request"),
        ("/v1/realtime?model=%FF", "malformed_request"),
        ("/v1/realtime?" + "&".join(f"a{number}=1" for number in range(60)), "malformed_request"),
    ],
)
async def test_what_is_wrong_with_the_address_is_an_http_error(tmp_path: Path, target: str, code: str) -> None:
    async with scene(tmp_path) as on:
        assert (await on.refusal(handshake(target=target)))[0] == code
        assert not on.vendor.visits
        await on.only_record()


async def test_a_place_is_held_for_the_whole_connection_and_given_back_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        async with talk(on.here) as call:
            assert await on.refusal(handshake()) == ("concurrency_limit_exceeded", 429)
            await call.send(close_frame(1000, "", mask=True))
            await call.end()
        await on.here.until(lambda: not on.here.in_use())
        async with talk(on.here):
            assert on.here.in_use()["voice:concurrency:0 used"] == 1
        await on.here.until(lambda: not on.here.in_use())


async def test_connections_count_against_the_limit_of_requests(tmp_path: Path) -> None:
    async with scene(tmp_path, limits={"voice": (limit("voice", 1, 3600),)}) as on:
        async with talk(on.here) as call:
            assert call.headers["x-ratelimit-remaining-requests"] == "0"
        assert await on.refusal(handshake()) == ("rate_limit_exceeded", 429)


async def test_a_caller_who_leaves_closes_the_vendors_connection(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        async with talk(on.here) as call:
            await call.say("hello")
            await call.frame()
        record = await on.only_record()
    assert (record.id, record.status, record.error) == (call.call_id, 499, "caller_left")


async def test_a_caller_who_half_closes_without_a_close_frame_has_left(tmp_path: Path) -> None:
    async with scene(tmp_path) as on, talk(on.here) as call:
        call.writer.write_eof()
        record = await on.only_record()
        assert await rest(call.reader) == b""
    assert record.error == "caller_left"


async def test_a_caller_who_half_closes_behind_its_close_frame_gets_the_answer(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        async with talk(on.here) as call:
            await call.send(close_frame(4001, "done", mask=True))
            call.writer.write_eof()
            assert (await call.end()).code == 4001
        record = await on.only_record()
    assert (record.status, record.error) == (101, None)


async def test_a_caller_who_leaves_while_the_vendor_is_asked_is_a_499(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.rest()

    async with scene(tmp_path, script) as on:
        _, writer = await on.here.connect()
        writer.write(handshake())
        await on.here.until(lambda: on.vendor.visits)
        writer.close()
        record = await on.only_record()
    assert (record.status, record.error) == (499, "caller_left")


@pytest.mark.parametrize(
    ("code", "error"),
    [(1000, None), (1001, None), (1011, "upstream_failed"), (1008, "upstream_refused"), (3000, "upstream_refused")],
)
async def test_the_vendors_close_frame_reaches_the_caller_and_is_answered(
    tmp_path: Path, code: int, error: str | None
) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch(then=close_frame(code, "so", mask=False))
        await visit.rest()

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            last = await call.end()
        record = await on.only_record()
        await on.here.until(lambda: on.vendor.left)
    assert (last.code, last.reason) == (code, "so")
    assert (record.status, record.error) == (101, error)
    raw = on.vendor.visits[0].raw
    assert (raw[0], raw[1]) == (0x80 | CLOSE, 0x80 | 2)
    assert bytes(byte ^ raw[2 + at] for at, byte in enumerate(raw[6:])) == code.to_bytes(2, "big")


async def test_a_vendor_that_breaks_off_is_told_to_the_caller(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch()
        await visit.event({"type": "session.created"})

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            await call.frame()
            last = await call.end()
        record = await on.only_record()
    assert (last.code, last.reason) == (1011, f"upstream_cut {call.call_id}")
    assert (record.status, record.error) == (101, "upstream_cut")


async def test_a_vendor_that_breaks_off_within_a_frame_cuts_the_caller_off(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch(then=frame(TEXT, b"whole", mask=False)[:4])

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            assert await rest(call.reader) == b"\x81\x05wh"
        record = await on.only_record()
    assert (record.status, record.error) == (101, "upstream_cut")


async def test_frames_of_the_caller_that_break_the_protocol_end_it(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch()
        await visit.rest()

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            good = frame(TEXT, b"good", mask=True)
            await call.send(good + frame(TEXT, b"not masked", mask=False))
            last = await call.end()
        record = await on.only_record()
        await on.here.until(lambda: on.vendor.left)
    assert (last.code, last.reason) == (1002, f"malformed_request {call.call_id}")
    assert (record.status, record.error) == (101, "malformed_request")
    assert on.vendor.visits[0].raw.startswith(good)
    assert len(on.vendor.visits[0].raw) == len(good) + 8


async def test_a_frame_that_is_too_long_ends_it(tmp_path: Path) -> None:
    async with scene(tmp_path, max_body_bytes=1000) as on, talk(on.here) as call:
        await call.send(frame(BINARY, bytes(1001), mask=True))
        assert (await call.end()).code == 1009


async def test_frames_of_the_vendor_that_break_the_protocol_end_it(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch(then=frame(TEXT, b"good", mask=False) + b"\xc1\x00")
        await visit.rest()

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            assert (await call.frame()).payload == b"good"
            last = await call.end()
        record = await on.only_record()
    assert (last.code, record.error) == (1011, "upstream_malformed")


async def test_a_vendor_that_does_not_answer_a_close_frame_keeps_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torana.gate.realtime.relay._CLOSE_WAIT_NS", 1)

    async def script(visit: Visit) -> None:
        await visit.switch()
        await visit.rest()

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            await call.send(close_frame(1000, "", mask=True))
            assert (await call.end()).code == 1000
        record = await on.only_record()
    assert (record.status, record.error) == (101, None)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"realtime_idle_timeout_seconds": 0.1}, "upstream_idle_timeout"),
        ({"realtime_total_timeout_seconds": 0.3}, "upstream_total_timeout"),
    ],
)
async def test_time_limits_end_it_with_going_away(tmp_path: Path, settings: dict[str, Any], error: str) -> None:
    async with scene(tmp_path, **settings) as on:
        async with talk(on.here) as call:
            last = await call.end()
        record = await on.only_record()
    assert (last.code, last.reason) == (1001, f"{error} {call.call_id}")
    assert (record.status, record.error) == (101, error)


async def test_a_gate_that_stops_says_going_away_to_both(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.switch()
        await visit.rest()

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            on.here.gate.stop_calls()
            last = await call.end()
        record = await on.only_record()
        await on.here.until(lambda: on.vendor.left)
    assert (last.code, last.reason) == (1001, f"worker_stopped {call.call_id}")
    assert (record.status, record.error) == (101, "worker_stopped")
    assert on.vendor.visits[0].raw[0] == 0x80 | CLOSE


async def test_a_revoked_key_passes_no_further_frame(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        async with talk(on.here) as call:
            await call.say("before")
            await call.frame()
            content = snapshot(on.vendor.base_url, ["voice"], ONE, version=2)
            content.keys.clear()
            on.here.publish(content)
            await call.say("after")
            last = await call.end()
        record = await on.only_record()
    assert (last.code, last.reason) == (1008, f"invalid_api_key {call.call_id}")
    assert (record.error, record.key_id, record.service_id) == ("invalid_api_key", "key_a", "voice")


async def test_a_change_that_leaves_the_key_its_right_leaves_the_connection(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        async with talk(on.here) as call:
            on.here.publish(snapshot(on.vendor.base_url, ["voice", "more"], ONE, version=2))
            await call.say("after")
            assert (await call.frame()).payload == b"after"
            on.here.publish(snapshot(on.vendor.base_url, ["more"], version=3))
            await call.say("gone")
            assert (await call.end()).reason.startswith("model_not_found ")
        record = await on.only_record()
    assert (record.error, record.service_id) == ("model_not_found", "voice")


@pytest.mark.parametrize(
    ("scopes", "error"),
    [
        ({"services": ("more",)}, "key_scope"),
        ({"endpoints": ("/v1/chat/completions",)}, "key_scope"),
        ({"models": ("chat",)}, "key_scope"),
        ({"networks": ("10.0.0.0/8",)}, "address_not_allowed"),
    ],
)
async def test_a_key_that_is_narrowed_passes_no_further_frame(
    tmp_path: Path, scopes: dict[str, tuple[str, ...]], error: str
) -> None:
    async with scene(tmp_path) as on:
        async with talk(on.here) as call:
            await call.say("before")
            await call.frame()
            content = snapshot(on.vendor.base_url, ["voice"], ONE, version=2)
            digest = MASTER.key_digest(KEY.encode())
            content.keys[digest] = msgspec.structs.replace(content.keys[digest], **scopes)
            on.here.publish(content)
            await call.say("after")
            assert (await call.end()).reason == f"{error} {call.call_id}"
        assert (await on.only_record()).error == error


async def test_a_subscription_that_has_ended_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RealtimeVendor(echo).listening() as vendor:
        content = snapshot(vendor.base_url, ["voice"])
        end_us = epoch_us() + 60_000_000
        app = msgspec.structs.replace(content.apps["app_a"], ends={"voice": (end_us, "expired")})
        async with (
            gate_here(tmp_path, msgspec.structs.replace(content, apps={"app_a": app})) as here,
            talk(here) as call,
        ):
            await call.say("before")
            await call.frame()
            monkeypatch.setattr("torana.gate.realtime.relay.time_ns", lambda: end_us * 1000)
            monkeypatch.setattr("torana.gate.route.targets.time_ns", lambda: end_us * 1000)
            await call.say("after")
            assert (await call.end()).reason.startswith("not_subscribed ")


async def test_an_expired_key_ends_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with RealtimeVendor(echo).listening() as vendor:
        content = snapshot(vendor.base_url, ["voice"])
        digest = MASTER.key_digest(KEY.encode())
        content.keys[digest] = msgspec.structs.replace(content.keys[digest], expires_us=1 << 60)
        async with gate_here(tmp_path, content) as here, talk(here) as call:
            await call.say("before")
            await call.frame()
            monkeypatch.setattr("torana.gate.realtime.relay.time_ns", lambda: 1 << 71)
            await call.say("after")
            assert (await call.end()).reason == f"expired_api_key {call.call_id}"


@pytest.mark.parametrize("caller_is_slow", [True, False])
async def test_a_side_that_reads_nothing_holds_the_other_one_up(tmp_path: Path, caller_is_slow: bool) -> None:
    block = frame(BINARY, bytes(60_000), mask=not caller_is_slow)
    sent = 0
    go_on = asyncio.Event()

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.transport.set_write_buffer_limits(0)
        for _ in range(400):
            writer.write(block)
            await writer.drain()
            sent += 1

    async def script(visit: Visit) -> None:
        await visit.switch()
        if caller_is_slow:
            await flood(visit.writer)
            await visit.send(NORMAL_CLOSE)
            await visit.rest()
            return
        await go_on.wait()
        for _ in range(400):
            await visit.reader.readexactly(len(block))
        await visit.send(NORMAL_CLOSE)

    async with scene(tmp_path, script) as on:
        async with talk(on.here) as call:
            flooding = asyncio.get_running_loop().create_task(flood(call.writer)) if not caller_is_slow else None
            stalled, before = 0, -1
            while stalled < 10:
                await asyncio.sleep(0.05)
                stalled, before = (stalled + 1 if sent == before else 0), sent
            assert sent < 400
            go_on.set()
            if flooding is None:
                for _ in range(400):
                    await call.reader.readexactly(len(block))
            else:
                await flooding
            assert (await call.end()).code == 1000
        record = await on.only_record()
    assert 400 * len(block) in (record.request_bytes, record.response_bytes - 4)


async def test_bytes_before_the_answer_are_neither_http_nor_frames(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        assert await on.refusal(handshake() + frame(TEXT, b"early", mask=True)) == ("malformed_request", 400)
        assert await on.refusal(handshake() + request(b"{}")) == ("malformed_request", 400)
        assert len(on.here.records()) == 2


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        ("401 Unauthorized", "upstream_auth_failed", 502),
        ("429 Slow", "upstream_rate_limited", 429),
        ("503 Away", "upstream_failed", 502),
        ("302 Found", "upstream_redirect", 502),
        ("200 OK", "upstream_bad_reply", 502),
        ("404 Not Found", "upstream_refused", 404),
    ],
)
async def test_a_vendor_that_does_not_switch_is_an_http_error(
    tmp_path: Path, answer: str, code: str, status: int
) -> None:
    body = json.dumps({"error": {"message": "no", "type": "x", "code": code, "param": None}})

    async def script(visit: Visit) -> None:
        await visit.send(f"HTTP/1.1 {answer}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())

    async with scene(tmp_path, script) as on:
        assert await on.refusal(handshake()) == (code, status)
        record = await on.only_record()
    assert record.upstream_status == int(answer[:3])


@pytest.mark.parametrize(
    "change",
    [
        ("Upgrade: websocket", "Upgrade: h2c"),
        ("Upgrade: websocket", "X: y"),
        ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"),
        ("Sec-WebSocket-Accept: ", "X: "),
        ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Protocol: other\r\n\r\n"),
    ],
)
async def test_a_101_that_does_not_answer_the_handshake_is_refused(tmp_path: Path, change: tuple[str, str]) -> None:
    async def script(visit: Visit) -> None:
        head = f"HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {visit.accept()}\r\n\r\n"
        await visit.send(head.replace(*change).encode())
        await visit.rest()

    async with scene(tmp_path, script) as on:
        code, status = await on.refusal(handshake())
    assert code in ("upstream_bad_reply", "upstream_malformed")
    assert status == 502


async def test_the_next_deployment_is_asked_where_the_first_one_fails(tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        if len(on.vendor.visits) == 1:
            await visit.send(b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\n\r\n")
        else:
            await echo(visit)

    async with scene(tmp_path, script) as on:
        content = snapshot(on.vendor.base_url, ["voice"], version=2)
        (first,) = content.services["voice"].deployments
        both = (first, msgspec.structs.replace(first, id="d-2", name="vendor/second", model="second"))
        content.services["voice"] = msgspec.structs.replace(content.services["voice"], deployments=both)
        on.here.publish(content)
        async with talk(on.here) as call:
            await call.send(frame(PING, b"1", mask=True) + close_frame(1000, "", mask=True))
            assert (await call.frame()).opcode == PING
            await call.end()
        record = await on.only_record()
    assert (record.retries, record.error) == (1, None)


async def test_pings_and_pongs_pass(tmp_path: Path) -> None:
    async with scene(tmp_path) as on, talk(on.here) as call:
        await call.send(frame(PING, b"a", mask=True) + frame(PONG, b"b", mask=True))
        assert [(one.opcode, one.payload) for one in [await call.frame(), await call.frame()]] == [
            (PING, b"a"),
            (PONG, b"b"),
        ]


async def test_models_that_do_not_listen_have_no_realtime_connections(tmp_path: Path) -> None:
    async with gate_here(tmp_path, snapshot("http://127.0.0.1:1/v1", ["demo/chat"])) as here:
        reply = await refused(here, handshake("demo/chat"))
    assert (reply.status, reply.error["code"]) == (400, "endpoint_not_supported")


async def test_services_that_are_no_models_have_no_realtime_connections(tmp_path: Path) -> None:
    content = snapshot("http://127.0.0.1:1/v1", ["voice"], ONE)
    content.services["voice"] = msgspec.structs.replace(content.services["voice"], kind="custom")
    async with gate_here(tmp_path, content) as here:
        reply = await refused(here, handshake())
        assert not here.in_use()
    assert (reply.status, reply.error["code"]) == (400, "endpoint_not_supported")


@pytest.mark.parametrize(("kind", "refused_as"), [("chat", "endpoint_not_supported"), ("realtime", None), (None, None)])
async def test_what_the_catalogue_says_of_a_model_is_heeded(
    tmp_path: Path, kind: str | None, refused_as: str | None
) -> None:
    async with scene(tmp_path) as on:
        content = snapshot(on.vendor.base_url, ["voice"], ONE, version=2)
        (deployment,) = content.services["voice"].deployments
        known = msgspec.structs.replace(deployment, facts=Facts(kind=kind))
        content.services["voice"] = msgspec.structs.replace(content.services["voice"], deployments=(known,))
        on.here.publish(content)
        if refused_as is None:
            async with talk(on.here):
                pass
        else:
            assert await on.refusal(handshake()) == (refused_as, 400)
        await on.only_record()
