"""From a change by the admin API to every gate that serves it, and what a gate's calls notice of a new snapshot."""

import asyncio
import contextlib
import http.client
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil
from tests.support.dying import REVOKE_AND_DIE

from bench.organisation import Organisation
from bench.processes import HOST, BenchError, running, status_of, tail, wait_until
from bench.steady import Pace, Steady
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.secrets.master import load
from torana.stores.sql.engine import create

MOST_SECONDS = 60.0
_LOOK_SECONDS = 0.002
_BODY = '{"model": "%s", "messages": [{"role": "user", "content": "Hi"}]}'
Answer = tuple[int, str]
"""Status, and where the call went."""


class Changed(NamedTuple):
    """One change, in seconds from when it was sent."""

    kind: str
    replied: float
    effective: float
    """Every gate served it."""


class Wire:
    """A kept connection to the port that all gates share; the calls on it all go to one of them."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=MOST_SECONDS)

    def call(self, key: str, service: str) -> tuple[Answer, str]:
        """A chat call's answer, and which gate gave it."""
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._connection.request("POST", "/v1/chat/completions", _BODY % service, headers)
        reply = self._connection.getresponse()
        reply.read()
        return (reply.status, reply.headers["x-torana-target"] or ""), reply.headers["x-torana-call-id"][12:22]

    def admin(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """A request to the admin API. Raises BenchError unless it succeeds."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "if-match": "*"}
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1/{path}", sent, headers)
        reply = self._connection.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise BenchError(f"{method} /api/v1/{path} was answered with {reply.status}: {text[:300]!r}")
        return json.loads(text) if text else None

    def close(self) -> None:
        self._connection.close()


class Node:
    """A running instance as whoever changes it sees it."""

    def __init__(self, port: int, gates: int, organisation: Organisation) -> None:
        self.organisation = organisation
        self._wires: dict[str, Wire] = {}
        self._admin = Wire(port)
        self._token = organisation.tokens["owner"]
        for _ in range(400):
            wire = Wire(port)
            _, gate = wire.call(organisation.keys[0][1], f"service-{organisation.granted[0]}")
            if gate in self._wires:
                wire.close()
            else:
                self._wires[gate] = wire
            if len(self._wires) == gates:
                break
        else:
            raise BenchError(f"{len(self._wires)} gates answer instead of {gates}")
        # Gates are ready before control is.
        wait_until(lambda: status_of(port, "/api/v1/teams") == 401, MOST_SECONDS, "the start of control")

    def close(self) -> None:
        for wire in (self._admin, *self._wires.values()):
            wire.close()

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the admin API as the owner."""
        return self._admin.admin(self._token, method, path, body)

    def change(
        self, kind: str, send: Callable[[], Any], app: int, service: str, done: Callable[[Answer], bool]
    ) -> Changed:
        """Make one change, and wait until every gate answers this app's calls of the service as it says."""
        key = self.organisation.keys[app][1]
        started = time.perf_counter()
        send()
        replied = time.perf_counter() - started
        self.wait(key, service, done)
        return Changed(kind, replied, time.perf_counter() - started)

    def wait(self, key: str, service: str, done: Callable[[Answer], bool]) -> None:
        """Until every gate answers calls with this key as it should. Raises BenchError."""
        waiting = list(self._wires.values())
        until = time.monotonic() + MOST_SECONDS
        while waiting := [wire for wire in waiting if not done(wire.call(key, service)[0])]:
            if time.monotonic() > until:
                answers = [wire.call(key, service)[0] for wire in waiting]
                raise BenchError(f"a change was not served within {MOST_SECONDS:g} s: {answers}")
            time.sleep(_LOOK_SECONDS)


def with_status(status: int) -> Callable[[Answer], bool]:
    """Whether an answer has it."""
    return lambda answer: answer[0] == status


def each_kind(node: Node, rounds: int) -> Iterator[Changed]:
    """Suspend, resume, grant, publish, revoke: so many of each, of apps from the end."""
    for number in range(rounds):
        app = len(node.organisation.apps) - 1 - number
        yield from _of_subscription(node, app)
        yield from _of_release(node, app, f"model-{number}")
        key_id = node.organisation.keys[app][0]
        service = f"service-{node.organisation.granted[app]}"
        yield node.change("revoke", partial(node.admin, "DELETE", f"keys/{key_id}"), app, service, with_status(401))


def _of_subscription(node: Node, app: int) -> Iterator[Changed]:
    service = f"service-{node.organisation.granted[app]}"
    path = f"subscriptions/{_subscription(node, app)}"
    yield node.change("suspend", partial(node.admin, "POST", f"{path}/suspend", {}), app, service, with_status(403))
    yield node.change("resume", partial(node.admin, "POST", f"{path}/resume", {}), app, service, with_status(200))


def _of_release(node: Node, app: int, model: str) -> Iterator[Changed]:
    number = node.organisation.released[0]
    service_id, name, app_id = node.organisation.services[number], f"service-{number}", node.organisation.apps[app]
    have = {one["service"]["id"] for one in node.admin("GET", f"subscriptions?app={app_id}")["items"]}
    if service_id not in have:
        wanted = {"app": app_id, "service": service_id, "plan": "small"}
        yield node.change("grant", partial(node.admin, "POST", "subscriptions", wanted), app, name, with_status(200))
    node.admin("PATCH", f"services/{service_id}", {"deployments": [{"provider": "local", "model": model}]})
    release = partial(node.admin, "POST", f"services/{service_id}/releases", {})
    yield node.change("publish", release, app, name, lambda answer: answer[1].endswith(model))


def swaps(node: Node, count: int) -> Iterator[tuple[int, int]]:
    """New snapshots, by suspending and resuming one subscription: when each was asked for and when it was served, in ns."""
    # Neither one that the load calls with, nor one whose key was revoked.
    app = len(node.organisation.apps) * 3 // 4
    service = f"service-{node.organisation.granted[app]}"
    subscription = _subscription(node, app)
    for number in range(count):
        verb, status = ("suspend", 403) if number % 2 == 0 else ("resume", 200)
        send = partial(node.admin, "POST", f"subscriptions/{subscription}/{verb}", {})
        started = time.monotonic_ns()
        node.change(verb, send, app, service, with_status(status))
        yield started, time.monotonic_ns()
        time.sleep(0.5)


def _subscription(node: Node, app: int) -> str:
    organisation = node.organisation
    service = organisation.services[organisation.granted[app]]
    items = node.admin("GET", f"subscriptions?app={organisation.apps[app]}")["items"]
    return next(str(one["id"]) for one in items if one["service"]["id"] == service)


def crash(node: Node, data: Path, tree: list[int], app: int) -> float:
    """Seconds from the death of control, which has committed a revocation and not announced it, until every gate refuses the key.

    Another process commits in control's place while that is stopped: nothing else would die at this very point.
    """
    (control,) = [one for one in map(psutil.Process, tree) if "torana: control" in " ".join(one.cmdline())]
    key_id, key = node.organisation.keys[app]
    service = f"service-{node.organisation.granted[app]}"
    control.suspend()
    try:
        command = [sys.executable, "-c", REVOKE_AND_DIE, str(data), key_id]
        done = subprocess.run(command, capture_output=True, timeout=600)
    finally:
        started = time.perf_counter()
        control.kill()
    if done.returncode != -signal.SIGKILL:
        raise BenchError(f"the revocation failed: {done.stderr.decode(errors='replace')[-1500:]}")
    node.wait(key, service, with_status(401))
    return time.perf_counter() - started


class SteadyLoad:
    """A running `bench.steady`; `stop` ends it and tells what came of it."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self._log = log

    def hear(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"the load ended: {tail(self._log)}")
        return line

    def tell(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()

    def stop(self) -> Steady:
        """Raises BenchError when a call failed."""
        self.tell(b"")
        outcome = msgspec.json.decode(self.hear(), type=Steady)
        if outcome.errors:
            raise BenchError(f"{outcome.errors} calls failed: {outcome.first_error}")
        return outcome


@contextlib.contextmanager
def steady(pace: Pace, folder: Path) -> Iterator[SteadyLoad]:
    """Calls at this pace until the end of the block, or until they are stopped."""
    log = folder / "steady.log"
    with running([sys.executable, "-m", "bench.steady"], log, piped=True) as process:
        load = SteadyLoad(process, log)
        load.tell(msgspec.json.encode(pace))
        warm = msgspec.json.decode(load.hear())
        if warm["error"] is not None:
            raise BenchError(f"a call failed during the warm-up: {warm['error']}")
        yield load


class Published(NamedTuple):
    """A publication of everything, by a process that did nothing else."""

    seconds: float
    memory_mb: float
    """The most that the process had."""
    file_mb: float


def publish_all(data: Path) -> Published:
    """Publish what is in the database of this data folder, in a process of its own."""
    command = [sys.executable, "-m", "bench.changes", str(data)]
    done = subprocess.run(command, capture_output=True, timeout=600)
    if done.returncode != 0:
        raise BenchError(f"publishing failed: {done.stderr.decode(errors='replace')[-1500:]}")
    seconds, memory_mb = json.loads(done.stdout)
    file_mb = sum(file.stat().st_size for file in (data / "snapshot").iterdir()) / 1e6
    return Published(seconds, memory_mb, file_mb)


async def _published(data: Path) -> float:
    engine = create(Settings(data=str(data)))
    started = time.perf_counter()
    await Publisher(engine, load(data), data / "snapshot").publish()
    took = time.perf_counter() - started
    await engine.dispose()
    return took


if __name__ == "__main__":
    seconds = asyncio.run(_published(Path(sys.argv[1])))
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000]))
