"""An OpenAI-compatible vendor of our own that can fail in every way we know of: `python -m tests.support.vendor`.

It prints its port as one line of JSON, serves loopback until its standard input ends, and records every request.
`tests/support/vendor_process.py` starts it; `GET /_/requests` and `POST /_/clear` are its control paths.

The `model` of a request selects the fault; any other model gets an ordinary reply (tests/support/vendor_replies.py).

| model                    | what happens                                                                            |
|--------------------------|-----------------------------------------------------------------------------------------|
| fault:hang               | never answers                                                                           |
| fault:slow-first-byte    | answers after 0.3 s                                                                     |
| fault:slow-events        | 50 ms between events                                                                    |
| fault:stall              | two events, then nothing                                                                |
| fault:endless            | the head, then an event every 20 ms for ever                                            |
| fault:no-reply           | closes instead of answering                                                             |
| fault:reset              | resets the connection instead of answering                                              |
| fault:reset-mid-stream   | two events, then a reset                                                                |
| fault:cut-mid-event      | closes in the middle of the third event                                                 |
| fault:lie-length-short   | Content-Length is 10 bytes too small                                                    |
| fault:lie-length-long    | Content-Length is 10 bytes too large, then closes                                       |
| fault:one-byte-chunks    | every byte of the body is a chunk, and a packet, of its own                             |
| fault:one-byte-head      | every byte of the head is a packet of its own                                           |
| fault:half-emoji         | packets end in the middle of each multi-byte character                                  |
| fault:informational      | 103 Early Hints before the reply                                                        |
| fault:wrong-content-type | 200 with an HTML page                                                                   |
| fault:redirect           | 302                                                                                     |
| fault:garbage            | bytes that are not HTTP                                                                 |
| fault:garbage-json       | 200 with JSON that ends too early (in a stream: an event with such JSON)                |
| fault:empty              | 200 with an empty body                                                                  |
| fault:huge-header        | a response header of 1 MiB                                                              |
| fault:400 401 403 404 429 500 503 | that status with an error body; 429 has `retry-after: 7`                       |
| fault:leaky-400          | 400 whose message repeats the Authorization header it got                               |
| fault:leaky-401          | 401 whose message repeats the Authorization header it got                               |
| fault:error-event        | two events, then an error event, then the end                                           |
| fault:no-done            | a stream that ends without `[DONE]`                                                     |
| fault:huge-event         | one event of 1 MiB                                                                      |
| fault:huge-reply         | a JSON reply of 3 MiB                                                                   |
| fault:close-after-reply  | ordinary, with `connection: close`                                                      |
| fault:close-silently     | ordinary with keep-alive, then closes the connection                                    |
| fault:gzip               | ordinary, but gzip-encoded unasked                                                      |
| fault:crlf-events        | events whose lines end in CR LF                                                         |
| fault:usage-in-last-choice | usage comes in the chunk that finishes, not in one of its own                         |
"""

import asyncio
import json
import os
import sys
import threading

from tests.support import vendor_replies
from tests.support.vendor_faults import FAULTS, Call, PeerLeftError
from torana.kit.tasks import spawn

_seen: list[Call] = []
_connections = 0


async def _answer(call: Call) -> None:
    if call.target == "/_/requests":
        await call.reply(200, json.dumps([seen.as_record() for seen in _seen]).encode())
    elif call.target == "/_/clear":
        _seen.clear()
        await call.reply(200, b"{}")
    elif call.target.endswith("/models"):
        _seen.append(call)
        models = [{"id": "chat", "object": "model", "created": vendor_replies.CREATED, "owned_by": "vendor"}]
        await call.reply(200, json.dumps({"object": "list", "data": models}).encode())
    else:
        _seen.append(call)
        kind, _, fault = str(call.json.get("model")).partition(":")
        await (FAULTS[fault](call) if kind == "fault" and fault in FAULTS else call.ordinary())


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    transport: asyncio.Transport
    _task: asyncio.Task[None]

    def __init__(self) -> None:
        global _connections
        _connections += 1
        self.number = _connections
        self.lost = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self._buffer = bytearray()
        self._requests = 0
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        if self._busy or (taken := _take(self._buffer)) is None:
            return
        head, body, end = taken
        del self._buffer[:end]
        self._requests += 1
        self._busy = True
        self._task = spawn(self._serve(Call(self, self._requests, head, body)), "vendor call")

    async def _serve(self, call: Call) -> None:
        try:
            await _answer(call)
            call.ended = True
        except PeerLeftError:
            call.closed_early = True
        self._busy = False
        self._next()


def _take(buffer: bytearray) -> tuple[bytes, bytes, int] | None:
    """The head, the body and where they end, once a request is complete."""
    blank = buffer.find(b"\r\n\r\n")
    if blank < 0:
        return None
    head, at = bytes(buffer[:blank]), blank + 4
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    fields = {name: value.strip() for name, _, value in lines}
    if b"transfer-encoding" not in fields:
        end = at + int(fields.get(b"content-length", 0))
        return (head, bytes(buffer[at:end]), end) if len(buffer) >= end else None
    body = b""
    while (line_end := buffer.find(b"\r\n", at)) >= 0:
        size = int(buffer[at:line_end].partition(b";")[0], 16)
        at = line_end + 2 + size + 2
        if len(buffer) < at:
            return None
        body += buffer[line_end + 2 : at - 2]
        if size == 0:
            return head, body, at
    return None


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
