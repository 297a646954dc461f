"""One request at the test vendor and every way to fail it; the table in tests/support/vendor.py says what each does."""

import asyncio
import base64
import gzip
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.support import vendor_replies

if TYPE_CHECKING:
    from tests.support.vendor import Connection

_EVENT_STREAM = "text/event-stream; charset=utf-8"
_REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}
_STATUSES = (400, 401, 403, 404, 429, 500, 503)


class PeerLeftError(Exception):
    """The gateway closed the connection before the reply was complete."""


class Call:
    """One request and the tools to answer it."""

    def __init__(self, connection: "Connection", number: int, head: bytes, body: bytes) -> None:
        request_line, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = request_line.split(" ", 2)
        pairs = [line.partition(":") for line in lines if line]
        self.headers = [(name.strip(), value.strip()) for name, _, value in pairs]
        self.body = body
        self.connection = connection
        self.number = number
        self.closed_early = False
        self.ended = False
        try:
            parsed = json.loads(body) if body else {}
        except ValueError:
            parsed = {}
        self.json: dict[str, Any] = parsed if isinstance(parsed, dict) else {}

    @property
    def streamed(self) -> bool:
        return bool(self.json.get("stream"))

    def as_record(self) -> dict[str, Any]:
        return {
            "connection": self.connection.number,
            "number": self.number,
            "method": self.method,
            "target": self.target,
            "headers": self.headers,
            "body": base64.b64encode(self.body).decode(),
            "closed_early": self.closed_early,
            "ended": self.ended,
        }

    async def send(self, data: bytes) -> None:
        """One packet, as far as TCP_NODELAY and a turn of the loop make it one."""
        if self.connection.lost.is_set():
            raise PeerLeftError
        self.connection.transport.write(data)
        await self.connection.writable.wait()
        await asyncio.sleep(0)

    async def wait(self, seconds: float | None) -> None:
        """Do nothing for a while (None: for ever), unless the peer leaves, which raises PeerLeftError."""
        try:
            await asyncio.wait_for(self.connection.lost.wait(), seconds)
        except TimeoutError:
            return
        raise PeerLeftError

    def head(self, status: int, *headers: str) -> bytes:
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}", "x-request-id: req_vendor_1", *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def reply(self, status: int, body: bytes, *headers: str, content_type: str = "application/json") -> None:
        """A whole reply in one packet."""
        await self.send(
            self.head(status, f"content-type: {content_type}", f"content-length: {len(body)}", *headers) + body
        )

    async def start_stream(self) -> None:
        """The head of a chunked event stream."""
        await self.send(self.head(200, f"content-type: {_EVENT_STREAM}", "transfer-encoding: chunked"))

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def stream(self, events: list[bytes], gap: float | None = None) -> None:
        """A whole stream, one chunk an event."""
        await self.start_stream()
        for event in events:
            await self.chunk(event)
            if gap is not None:
                await self.wait(gap)
        await self.send(b"0\r\n\r\n")

    def events(self) -> list[bytes]:
        """The ordinary events of this request."""
        include = bool((self.json.get("stream_options") or {}).get("include_usage"))
        make = (
            vendor_replies.completion_events if self.target.endswith("/v1/completions") else vendor_replies.chat_events
        )
        return make(self.json, include)

    def whole(self) -> bytes:
        """The ordinary body of this request."""
        if self.target.endswith("/embeddings"):
            return vendor_replies.embeddings(self.json)
        if self.target.endswith("/v1/completions"):
            return vendor_replies.completion(self.json)
        return vendor_replies.chat(self.json)

    async def ordinary(self, *headers: str) -> None:
        await (self.stream(self.events()) if self.streamed else self.reply(200, self.whole(), *headers))

    def close(self) -> None:
        self.connection.transport.close()

    def reset(self) -> None:
        raw = self.connection.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.transport.abort()


async def _slow_first_byte(call: Call) -> None:
    await call.wait(0.3)
    await call.ordinary()


async def _two_events(call: Call) -> None:
    await call.start_stream()
    for event in call.events()[:2]:
        await call.chunk(event)


async def _stall(call: Call) -> None:
    await _two_events(call)
    await call.wait(None)


async def _endless(call: Call) -> None:
    await call.start_stream()
    while True:
        await call.chunk(call.events()[1])
        await call.wait(0.02)


async def _no_reply(call: Call) -> None:
    call.close()


async def _reset(call: Call) -> None:
    call.reset()


async def _reset_mid_stream(call: Call) -> None:
    await _two_events(call)
    await call.wait(0.1)  # a reset discards what the peer has not read yet
    call.reset()


async def _cut_mid_event(call: Call) -> None:
    await _two_events(call)
    await call.chunk(call.events()[2][:20])
    call.close()


async def _lie_about_length(call: Call, difference: int) -> None:
    body = call.whole()
    await call.send(
        call.head(200, "content-type: application/json", f"content-length: {len(body) + difference}") + body
    )
    call.close()


async def _one_byte_chunks(call: Call) -> None:
    body = b"".join(call.events()) if call.streamed else call.whole()
    kind = _EVENT_STREAM if call.streamed else "application/json"
    await call.send(call.head(200, f"content-type: {kind}", "transfer-encoding: chunked"))
    for at in range(len(body)):
        await call.chunk(body[at : at + 1])
    await call.send(b"0\r\n\r\n")


async def _one_byte_head(call: Call) -> None:
    body = call.whole()
    head = call.head(200, "content-type: application/json", f"content-length: {len(body)}")
    for at in range(len(head)):
        await call.send(head[at : at + 1])
    await call.send(body)


async def _half_emoji(call: Call) -> None:
    body = b"".join(call.events()) if call.streamed else call.whole()
    kind = _EVENT_STREAM if call.streamed else "application/json"
    await call.send(call.head(200, f"content-type: {kind}", f"content-length: {len(body)}"))
    begin = 0
    for at, byte in enumerate(body):
        if byte >= 0xC0:  # the first byte of a character: end the packet behind it
            await call.send(body[begin : at + 1])
            await call.wait(0.01)
            begin = at + 1
    await call.send(body[begin:])


async def _informational(call: Call) -> None:
    await call.send(b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n")
    await call.ordinary()


async def _garbage_json(call: Call) -> None:
    if call.streamed:
        await call.stream([*call.events()[:2], b'data: {"choices": [\n\n', vendor_replies.DONE])
    else:
        await call.reply(200, b'{"choices": [')


async def _status(status: int, call: Call) -> None:
    headers = ["retry-after: 7"] if status in {429, 503} else []
    await call.reply(status, vendor_replies.error(status, f"the vendor says {status}"), *headers)


async def _leaky(status: int, call: Call) -> None:
    sent = dict(call.headers).get("authorization", "")
    await call.reply(status, vendor_replies.error(status, f"the vendor says that this key is incorrect: {sent}"))


async def _error_event(call: Call) -> None:
    await call.stream([*call.events()[:2], b"data: " + vendor_replies.error(500, "the model broke") + b"\n\n"])


async def _huge_event(call: Call) -> None:
    huge = {**call.json, "model": "x" * 1_048_576}
    await call.stream([vendor_replies.chat_events(huge, include_usage=False)[0], *call.events()])


async def _huge_reply(call: Call) -> None:
    await call.reply(200, vendor_replies.chat({**call.json, "model": "x" * 3_145_728}))


async def _close_after_reply(call: Call) -> None:
    await call.ordinary("connection: close")
    call.close()


async def _close_silently(call: Call) -> None:
    await call.ordinary()
    call.close()


async def _usage_in_last_choice(call: Call) -> None:
    *events, last, done = vendor_replies.chat_events(call.json, include_usage=False)
    usage = b', "usage": ' + json.dumps(vendor_replies.USAGE).encode() + b"}\n\n"
    await call.stream([*events, last[:-3] + usage, done])


async def _crlf_events(call: Call) -> None:
    await call.stream([event.replace(b"\n", b"\r\n") for event in call.events()])


FAULTS: dict[str, Callable[[Call], Awaitable[None]]] = {
    "hang": lambda call: call.wait(None),
    "slow-first-byte": _slow_first_byte,
    "slow-events": lambda call: call.stream(call.events(), 0.05),
    "stall": _stall,
    "endless": _endless,
    "no-reply": _no_reply,
    "reset": _reset,
    "reset-mid-stream": _reset_mid_stream,
    "cut-mid-event": _cut_mid_event,
    "lie-length-short": lambda call: _lie_about_length(call, -10),
    "lie-length-long": lambda call: _lie_about_length(call, 10),
    "one-byte-chunks": _one_byte_chunks,
    "one-byte-head": _one_byte_head,
    "half-emoji": _half_emoji,
    "informational": _informational,
    "wrong-content-type": lambda call: call.reply(200, b"<html>Welcome!</html>", content_type="text/html"),
    "redirect": lambda call: call.reply(302, b"", "location: http://127.0.0.1:1/elsewhere"),
    "garbage": lambda call: call.send(b"\x00\x01SSH-2.0-not-http\r\n\r\n"),
    "garbage-json": _garbage_json,
    "empty": lambda call: call.reply(200, b""),
    "huge-header": lambda call: call.reply(200, call.whole(), "x-huge: " + "x" * 1_048_576),
    "leaky-400": partial(_leaky, 400),
    "leaky-401": partial(_leaky, 401),
    "error-event": _error_event,
    "no-done": lambda call: call.stream(call.events()[:-1]),
    "huge-event": _huge_event,
    "huge-reply": _huge_reply,
    "close-after-reply": _close_after_reply,
    "close-silently": _close_silently,
    "gzip": lambda call: call.reply(200, gzip.compress(call.whole()), "content-encoding: gzip"),
    "crlf-events": _crlf_events,
    "usage-in-last-choice": _usage_in_last_choice,
    **{str(status): partial(_status, status) for status in _STATUSES},
}
"""Every fault by its name, without the prefix `fault:`."""
