"""A vendor stub that costs next to nothing: one process, canned replies in OpenAI's form.

Three answers, chosen by the body: a small JSON reply; with `"stream":true` a stream of 100 events, one write each; with
SLOW_MARK in the body too, a stream that stays open with an event every SLOW_SECONDS.
Run as `python -m bench.upstream PORT`.
"""

import asyncio
import gc
import re
import sys
from typing import cast

import orjson
import uvloop

EVENTS = 100
SLOW_MARK = b"bench-slow-stream"
SLOW_SECONDS = 1.0
_CREATED = 1_750_000_000
_USAGE = {
    "prompt_tokens": 41,
    "completion_tokens": 22,
    "total_tokens": 63,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
_STREAM = re.compile(rb'"stream":\s*true')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


def _small_reply() -> bytes:
    body = orjson.dumps(
        {
            "id": "chatcmpl-BxQ2m0pWcK1uSg7rLZ3nVdYt4hEaJ",
            "object": "chat.completion",
            "created": _CREATED,
            "model": "gpt-4.1-2025-04-14",
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "A reverse proxy takes requests for other servers and hands back their replies.",
                        "refusal": None,
                        "annotations": [],
                    },
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": _USAGE,
            "service_tier": "default",
            "system_fingerprint": "fp_b3f1157249",
        }
    )
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_4d1f0a\r\ncontent-length: %d\r\n\r\n"
    )
    return head % len(body) + body


def _event(content: dict[str, object]) -> bytes:
    common = {"id": "chatcmpl-BxQ2m0pWcK1uSg7rLZ3nVdYt4hEaJ", "object": "chat.completion.chunk", "created": _CREATED}
    return _chunk(b"data: %b\n\n" % orjson.dumps({**common, "model": "gpt-4.1-2025-04-14", **content}))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _delta(number: int) -> bytes:
    choice = {"index": 0, "delta": {"content": f" word{number}"}, "logprobs": None, "finish_reason": None}
    return _event({"choices": [choice], "usage": None})


SMALL_REPLY = _small_reply()
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"x-request-id: req_4d1f0b\r\ntransfer-encoding: chunked\r\n\r\n"
)
STREAM_WRITES = [
    *[_delta(number) for number in range(EVENTS - 1)],
    _event({"choices": [], "usage": _USAGE}),
    _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n",
]


class Vendor(asyncio.Protocol):
    """One connection of a gateway."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport
        self._unread = b""
        self._next = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._unread = data = self._unread + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(data, 0, end)
        if length is not None:
            if len(data) < end + 4 + int(length[1]):
                return
        elif data.startswith(b"POST") and not data.endswith(b"0\r\n\r\n"):
            return
        self._unread = b""
        if _STREAM.search(data, end) is None:
            self._transport.write(SMALL_REPLY)
            return
        self._next = 0
        self._transport.write(STREAM_HEAD)
        self._loop.call_soon(self._stay_open if SLOW_MARK in data else self._stream)

    def _stream(self) -> None:
        # One write a turn of the loop: in the same turn they would leave as one packet, which no vendor's stream does.
        if self._transport.is_closing():
            return
        self._transport.write(STREAM_WRITES[self._next])
        self._next += 1
        if self._next < len(STREAM_WRITES):
            self._loop.call_soon(self._stream)

    def _stay_open(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(STREAM_WRITES[0])
            self._loop.call_later(SLOW_SECONDS, self._stay_open)


async def serve(port: int) -> None:
    """Answer on loopback until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Vendor(loop), "127.0.0.1", port, backlog=8192)
    gc.freeze()
    gc.disable()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
