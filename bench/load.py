"""The load: callers in a closed loop over keep-alive connections, as a process of its own.

Reads one Plan (a JSON line) from standard input, opens its connections, warms up, checks the replies, prints
`{"warm": …}`, waits for an empty line, makes exactly the planned calls and prints an Outcome. A reply that is not 200
and complete is an error and ends the run: a figure from a run with errors would be worth nothing.
Run as `python -m bench.load`; `bench.rounds` drives it.
"""

import array
import asyncio
import base64
import gc
import itertools
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import msgspec
import orjson
import uvloop

from bench.upstream import EVENTS, SLOW_MARK

CONNECTS_AT_ONCE = 200
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"
_TAIL = 128
_PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
_STREAM_ENDS = {"openai": b"[DONE]", "anthropic": b"message_stop"}
_SYSTEM = "You are a concise assistant for the operators of a small company network."
_QUESTION = "What does a reverse proxy do? Answer in one sentence, for somebody who has never run one."


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, how often, and when to give up."""

    port: int
    mode: Literal["unary", "stream", "hold"] = "unary"
    """`hold` opens one slow stream a connection and keeps them open until the next empty line."""
    connections: int = 1
    calls: int = 1000
    warm_calls: int = 200
    most_seconds: float = 120.0
    key: str = "none"
    model: str = "gpt-4.1"
    dialect: Literal["openai", "anthropic"] = "openai"
    """Of the callers: the upstream speaks OpenAI's, so the other one is translated."""
    image_bytes: int = 0
    """An image of so many bytes goes with each call, in base64."""
    callers_file: str | None = None
    """JSON list of [key, model]: calls go round it instead of using `key` and `model`."""
    headers: dict[str, str] = {}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the planned calls. Times are microseconds."""

    calls: int
    errors: int
    first_error: str | None
    seconds: float
    latencies_us: list[float]


def render(plan: Plan, key: str, model: str) -> bytes:
    """One request as the official Python SDK sends it, less most of its telemetry headers."""
    body = _body(plan, model)
    content = orjson.dumps(body)
    headers = {
        "Host": f"127.0.0.1:{plan.port}",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "OpenAI/Python 3.3.0",
        "X-Stainless-Lang": "python",
        "X-Stainless-Retry-Count": "0",
        "Authorization": f"Bearer {key}",
        "Content-Length": str(len(content)),
        **plan.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {_PATHS[plan.dialect]} HTTP/1.1\r\n{lines}\r\n".encode() + content


def _body(plan: Plan, model: str) -> dict[str, object]:
    question: object = _QUESTION
    if plan.image_bytes:
        # Not all zeros, which no image is, and the same each time.
        data = base64.b64encode(bytes(range(256)) * (plan.image_bytes // 256)).decode()
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
        question = [{"type": "text", "text": _QUESTION}, image]
    user = {"role": "user", "content": question}
    body: dict[str, object] = {"model": model, "messages": [user], "temperature": 0.2, "max_tokens": 120}
    if plan.dialect == "anthropic":
        body["system"] = _SYSTEM
    else:
        body["messages"] = [{"role": "system", "content": _SYSTEM}, user]
    if plan.mode != "unary":
        body["stream"] = True
        if plan.dialect == "openai":
            body["stream_options"] = {"include_usage": True}
    if plan.mode == "hold":
        body["user"] = SLOW_MARK.decode()
    return body


def requests_of(plan: Plan) -> list[bytes]:
    """The requests to go round: one, or one for each caller in the plan's file."""
    if plan.callers_file is None:
        return [render(plan, plan.key, plan.model)]
    callers = msgspec.json.decode(Path(plan.callers_file).read_bytes(), type=list[tuple[str, str]])
    return [render(plan, key, model) for key, model in callers]


class Run:
    """The calls still to make in one phase, and what came of them."""

    def __init__(self, requests: Iterator[bytes], calls: int, check: bool) -> None:
        self.requests = requests
        self.check = check
        self.latencies_ns = array.array("Q")
        self.errors = 0
        self.first_error: str | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._calls = calls
        self._unsent = calls

    def take(self) -> bytes | None:
        """The next request, or None when all are on their way or the run has failed."""
        if self._unsent == 0 or self.errors:
            return None
        self._unsent -= 1
        return next(self.requests)

    def done(self, took_ns: int) -> None:
        self.latencies_ns.append(took_ns)
        if len(self.latencies_ns) == self._calls:
            self._end()

    def fail(self, reason: str) -> None:
        self.errors += 1
        self.first_error = self.first_error or reason
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


class Caller(asyncio.Protocol):
    """One keep-alive connection: sends a request, waits for the end of its reply, sends the next."""

    def __init__(self, mode: str, stream_end: bytes) -> None:
        self._mode = mode
        self._stream_end = stream_end
        self._transport: asyncio.Transport
        self._run: Run | None = None
        self._head = b""
        self._text: list[bytes] = []
        self._sent_ns = 0
        self._missing = 0
        """Body bytes still to come; -1 while the reply is chunked."""
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._run is not None:
            self._run.fail(f"the server closed a connection during a call: {exc}")

    def close(self) -> None:
        self._run = None
        self._transport.close()

    def start(self, run: Run) -> None:
        request = run.take()
        if request is None:
            self._run = None
            return
        self._run = run
        self._head = b""
        self._sent_ns = time.perf_counter_ns()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        run = self._run
        if run is None:
            return
        if run.check:
            self._text.append(data)
        if self._head:
            self._body(run, data)
            return
        data = self._tail + data
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            self._tail = data
            return
        self._tail = b""
        if not data.startswith(b"HTTP/1.1 200 "):
            self._fail(run, data)
            return
        self._head = data[:end]
        length = _LENGTH.search(self._head)
        self._missing = -1 if length is None else int(length[1])
        self._body(run, data[end:])

    def _body(self, run: Run, data: bytes) -> None:
        if self._missing >= 0:
            self._missing -= len(data)
            if self._missing == 0:
                self._ended(run)
            elif self._missing < 0:
                self._fail(run, b"more bytes than content-length: " + data)
            return
        self._tail = (self._tail + data)[-_TAIL:]
        if self._mode == "hold" and b"\n\n" in self._tail:
            run.done(time.perf_counter_ns() - self._sent_ns)
            self._run = None
        elif self._tail.endswith(_LAST_CHUNK):
            if self._mode == "stream" and self._stream_end not in self._tail:
                self._fail(run, b"the stream ended without its last event: " + self._tail)
            else:
                self._ended(run)

    def _ended(self, run: Run) -> None:
        took = time.perf_counter_ns() - self._sent_ns
        self._tail = b""
        if run.check:
            text, self._text = b"".join(self._text), []
            if (wrong := wrong_with(text, self._mode)) is not None:
                self._fail(run, f"{wrong}: ".encode() + text)
                return
        run.done(took)
        self.start(run)

    def _fail(self, run: Run, reply: bytes) -> None:
        self._run = None
        run.fail(reply[:600].decode(errors="replace"))
        self._transport.close()


def wrong_with(reply: bytes, mode: str) -> str | None:
    """What a whole reply lacks of what the upstream sent; None when it is complete."""
    if b'"usage"' not in reply:
        return "a reply without usage"
    if mode == "stream" and (events := unchunked(reply).count(b"data: ")) <= EVENTS:
        return f"a stream with {events} instead of at least {EVENTS + 1} events"
    return None


def unchunked(reply: bytes) -> bytes:
    """The body of a chunked reply: a proxy may cut chunks anywhere, so events are counted without the framing."""
    _, _, rest = reply.partition(b"\r\n\r\n")
    parts: list[bytes] = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        parts.append(rest[:length])
        rest = rest[length + 2 :] if length else b""
    return b"".join(parts)


async def connect(plan: Plan) -> list[Caller]:
    """Open the plan's connections, a bounded number at a time."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(CONNECTS_AT_ONCE)

    async def one() -> Caller:
        async with gate:
            _, caller = await loop.create_connection(
                lambda: Caller(plan.mode, _STREAM_ENDS[plan.dialect]), "127.0.0.1", plan.port
            )
            return caller

    return await asyncio.gather(*[one() for _ in range(plan.connections)])


async def phase(callers: list[Caller], run: Run, most_seconds: float) -> Outcome:
    """Let the callers work until the run's calls are made, one fails, or time is up."""
    started = time.perf_counter()
    for caller in callers:
        caller.start(run)
    try:
        await asyncio.wait_for(run.ended, most_seconds)
    except TimeoutError:
        run.fail(f"not done within {most_seconds:g} s: {len(run.latencies_ns)} calls had ended")
    return Outcome(
        calls=len(run.latencies_ns),
        errors=run.errors,
        first_error=run.first_error,
        seconds=time.perf_counter() - started,
        latencies_us=[took / 1000 for took in run.latencies_ns],
    )


async def work(plan: Plan) -> None:
    """Warm up, say so, wait for the word, run, report."""
    requests = itertools.cycle(requests_of(plan))
    callers = await connect(plan)
    gc.freeze()
    gc.disable()
    if plan.mode != "hold":
        warm = await phase(
            callers, Run(requests, max(plan.warm_calls, plan.connections), check=True), plan.most_seconds
        )
        say({"warm": warm.calls, "error": warm.first_error})
        if warm.errors:
            return
        wait_for_word()
    outcome = await phase(
        callers, Run(requests, plan.connections if plan.mode == "hold" else plan.calls, check=False), plan.most_seconds
    )
    say(outcome)
    if plan.mode == "hold":
        await asyncio.get_running_loop().run_in_executor(None, wait_for_word)
    for caller in callers:
        caller.close()


def say(message: object) -> None:
    """One JSON line to the process that drives the run."""
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def wait_for_word() -> None:
    """Block until the driving process sends a line or goes away."""
    sys.stdin.buffer.readline()


if __name__ == "__main__":
    uvloop.run(work(msgspec.json.decode(sys.stdin.buffer.readline(), type=Plan)))
