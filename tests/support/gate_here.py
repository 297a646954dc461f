"""A whole gate inside the test's own process, for what cannot be seen from outside: reservations, counters, the spool."""

import asyncio
import contextlib
import http.client
import io
import json
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from torana.core.ids import epoch_us
from torana.core.record import CallRecord
from torana.core.secret import Secret
from torana.core.snapshot import Account, App, Deployment, Key, Limit, Service, Snapshot
from torana.gate.worker import Gate
from torana.kit.tasks import spawn
from torana.settings import Settings
from torana.stores.secrets.master import MasterKey
from torana.stores.snapshots.file import write
from torana.stores.spool.reader import SpoolReader

T = TypeVar("T")
MASTER = MasterKey(b"m" * 32)
KEY = "torana-here-key"
DEADLINE_SECONDS = 30.0
SWEEP_SECONDS = 0.05


class Reply(NamedTuple):
    """A whole reply, or as much of it as came."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool

    @property
    def call_id(self) -> str:
        return self.headers["x-torana-call-id"]

    @property
    def error(self) -> dict[str, Any]:
        error = json.loads(self.body)["error"]
        assert isinstance(error, dict)
        return error


class _Received:
    """What http.client needs of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def parse(data: bytes) -> Reply:
    """One reply from the bytes of a connection."""
    answer = http.client.HTTPResponse(_Received(data))  # type: ignore[arg-type]
    answer.begin()
    try:
        body, complete = answer.read(), True
    except http.client.IncompleteRead as cut:
        body, complete = cut.partial, False
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body, complete)


def limit(owner: str, amount: int, period_seconds: int = 0) -> Limit:
    """A concurrency limit, or with a period one of requests."""
    kind = "requests" if period_seconds else "concurrency"
    return Limit(
        f"{owner}:{kind}:{period_seconds}",
        "requests" if period_seconds else "concurrency",
        amount,
        period_seconds,
        owner,
    )


def snapshot(
    base_url: str,
    models: Sequence[str],
    limits: Mapping[str, tuple[Limit, ...]] | None = None,
    version: int = 1,
    keep_bodies: bool = False,
    **account: Any,
) -> Snapshot:
    """Services of these names, each with one deployment of the same name; demo/… ones are served in the process."""
    services = {
        name: Service(
            name,
            name,
            "team_a",
            "model",
            (Deployment(f"d-{name}", f"vendor/{name}", "demo" if name.startswith("demo/") else "vendor", name),),
            (limits or {}).get(name, ()),
            keep_bodies,
        )
        for name in models
    }
    accounts = {
        "demo": Account("demo", "demo", "demo", "", "none", None),
        "vendor": Account(
            "vendor",
            "vendor",
            "openai-compatible",
            base_url,
            "bearer",
            MASTER.seal(Secret("sk-vendor-key"), "vendor"),
            **account,
        ),
    }
    app = App("app_a", "a", "team_a", {name: name for name in models})
    keys = {MASTER.key_digest(KEY.encode()): Key("key_a", "first", "app_a", 0)}
    return Snapshot(version, epoch_us(), keys, {"app_a": app}, services, accounts)


class Here:
    """A gate that serves."""

    def __init__(self, gate: Gate, port: int, folder: Path) -> None:
        self.gate = gate
        self.port = port
        self.folder = folder

    def publish(self, content: Snapshot) -> None:
        """Write a snapshot, and let the gate notice it."""
        write(self.folder / "snapshot", content)
        self.gate.sweep()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self, request: bytes, end: bool = False) -> bytes:
        """Send, perhaps close the writing half, and return all that comes until the gate closes."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            if end:
                writer.write_eof()
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await rest(reader)
        finally:
            writer.close()

    async def post(self, body: bytes, path: str = "/v1/chat/completions", headers: str = "", key: str = KEY) -> Reply:
        """A request on a connection of its own."""
        return parse(await self.exchange(request(body, path, headers, key)))

    async def chat(self, model: str, **fields: Any) -> Reply:
        """A small chat call."""
        return await self.post(chat_body(model, **fields))

    def records(self) -> list[CallRecord]:
        """All that the spool holds."""
        reader = SpoolReader(self.folder / "spool")
        found = []
        for name in reader.segments():
            position, finished = 0, False
            while not finished:
                batch = reader.read(name, position, 1 << 20)
                found += [
                    msgspec.msgpack.decode(payload, type=CallRecord) for kind, payload in batch.entries if kind == 1
                ]
                finished = batch.finished or not batch.entries
                position = batch.end
        return found

    def record(self, call_id: str) -> CallRecord:
        """The one record of a call."""
        (only,) = [record for record in self.records() if record.id == call_id]
        return only

    def in_use(self) -> dict[str, int]:
        """Everything that calls reserve and have to give back, by name, where it is not zero."""
        gate = self.gate
        held = {
            "spool": gate.spool._reserved,
            "active": gate.listener.active,
            "buffered": gate.listener.buffered,
            **{f"{name} used": gauge.used for name, gauge in gate.counters._gauges.items()},
            **{f"{name} held": gauge.held for name, gauge in gate.counters._gauges.items()},
        }
        return {name: amount for name, amount in held.items() if amount}

    async def until(self, condition: Any) -> None:
        """Poll for something that must become true."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                await asyncio.sleep(0.01)


def begin(work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
    """Start this and go on; its result, or its failure, comes in the future."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    async def fill() -> None:
        try:
            future.set_result(await work)
        except Exception as error:
            future.set_exception(error)

    _ = spawn(fill(), "begun by a test")
    return future


def chat_body(model: str, **fields: Any) -> bytes:
    """The body of a small chat call."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields}).encode()


def request(body: bytes, path: str = "/v1/chat/completions", headers: str = "", key: str = KEY) -> bytes:
    """A POST whose reply ends the connection."""
    authorization = f"authorization: Bearer {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nhost: gate\r\n{authorization}{headers}connection: close\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Everything until the connection ends, also by a reset."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while more := await reader.read(65_536):
            got += more
    return got


@contextlib.asynccontextmanager
async def gate_here(folder: Path, content: Snapshot | None, **settings: Any) -> AsyncIterator[Here]:
    """A gate on a free loopback port for the length of the block."""
    if content is not None:
        write(folder / "snapshot", content)
    gate = Gate(Settings(data=str(folder), **settings), 0, MASTER)
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    await gate.listener.start(sock, None)
    loop = asyncio.get_running_loop()
    handle = loop.call_later(SWEEP_SECONDS, lambda: None)

    def sweep() -> None:
        nonlocal handle
        handle = loop.call_later(SWEEP_SECONDS, sweep)
        gate.sweep()

    sweep()
    try:
        yield Here(gate, port, folder)
    finally:
        handle.cancel()
        gate.listener.stop_accepting()
        gate.listener.close_idle()
        gate.stop_calls()
        await gate.sandbox.close()
        gate.close()
        await asyncio.sleep(0.01)
