"""Starts the real process tree with a configuration, talks to it, and reads what it has recorded."""

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import trustme
import typer
from typer.testing import CliRunner

from tests.support.polling import eventually
from tests.support.vendor_process import ROOT

_ADDRESS = re.compile(rb"https?://127\.0\.0\.1:([0-9]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_ROWS = 1_000
"""What `torana calls --limit` allows."""


class Reply(NamedTuple):
    """A whole reply, or as much of it as came."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    complete: bool
    """False when the connection ended before the reply did."""

    @property
    def call_id(self) -> str:
        return self.headers["x-torana-call-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error = self.json["error"]
        assert isinstance(error, dict)
        return error

    @property
    def gate(self) -> str:
        """The part of the call id that is the same for all calls of one gate process."""
        return self.call_id[12:22]


class Instance:
    """A running instance. Its processes are children of `process`, the supervisor."""

    def __init__(
        self, process: subprocess.Popen[bytes], data: Path, folder: Path, env: dict[str, str], key: str
    ) -> None:
        self.process = process
        self.data = data
        self.folder = folder
        self.env = env
        self.key = key
        """What is sent unless a request says otherwise."""
        self.port = 0
        self.trust: ssl.SSLContext | None = None
        """What its certificate is checked with, where it speaks TLS."""

    @property
    def url(self) -> str:
        return f"http{'' if self.trust is None else 's'}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """For an SDK."""
        return f"{self.url}/v1"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Reply:
        """One request on a connection of its own. An empty key sends none."""
        key = self.key if key is None else key
        sent = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {key}"} if key else {}),
            **(headers or {}),
        }
        connection = self._connection()
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            try:
                content, complete = answer.read(), True
            except http.client.IncompleteRead as cut:
                content, complete = cut.partial, False
            return Reply(answer.status, {n.lower(): v for n, v in answer.getheaders()}, content, complete)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.trust is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.trust)

    def post(self, path: str, key: str | None = None, **fields: Any) -> Reply:
        """A JSON request."""
        return self.request("POST", path, json.dumps(fields).encode(), key=key)

    def chat(self, model: str, key: str | None = None, **fields: Any) -> Reply:
        """A small chat call."""
        return self.post(
            "/v1/chat/completions", key, model=model, **{"messages": [{"role": "user", "content": "Hi"}], **fields}
        )

    def cli(self, *arguments: str) -> str:
        """Run a command on this instance's data folder; its standard output. AssertionError with its complaint if it fails."""
        command = [sys.executable, "-m", "torana", *arguments, "--data", str(self.data)]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def calls(self) -> list[dict[str, Any]]:
        """All records that have reached the database."""
        rows: list[dict[str, Any]] = []
        page = self._page()
        while len(page) == MOST_ROWS:
            # The page may end between two calls of one millisecond, so that millisecond is read again whole.
            oldest = min(row["id"][:12] for row in page)
            rows += [row for row in page if row["id"][:12] != oldest]
            behind = _EPOCH + timedelta(milliseconds=int(oldest, 16) + 1, microseconds=500)
            page = self._page("--until", behind.isoformat())
        return rows + page

    def _page(self, *options: str) -> list[dict[str, Any]]:
        """`torana calls`, run in this process: starting one for each look would take most of the suite's time."""
        from torana.cli import calls

        app = typer.Typer()
        calls.register(app)
        arguments = ["calls", "--json", "--limit", str(MOST_ROWS), *options, "--data", str(self.data)]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    def records(self, call_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
        """The records of these calls by call id, once each of them has one."""

        def found() -> dict[str, list[dict[str, Any]]]:
            by_id: dict[str, list[dict[str, Any]]] = {}
            for row in self.calls():
                by_id.setdefault(row["id"], []).append(row)
            missing = call_ids - by_id.keys()
            return {} if missing else by_id

        return eventually(found, f"{len(call_ids)} calls have a record") if call_ids else {}

    def record(self, call_id: str) -> dict[str, Any]:
        """The one record of a call."""
        (only,) = self.records({call_id})[call_id]
        return only

    def gates(self) -> list[psutil.Process]:
        """The gate processes that are alive now."""
        return self.children("torana: gate")

    def children(self, title: str) -> list[psutil.Process]:
        """The children whose process title begins so."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            try:
                if " ".join(child.cmdline()).startswith(title) and child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def gates_seen(self, key: str | None = None, wanted: int = 2) -> set[str]:
        """Call until as many gates have answered as wanted; what marks each of them in its call ids."""
        seen: set[str] = set()

        def all_seen() -> bool:
            seen.add(self.request("GET", "/v1/models", key=key).gate)
            return len(seen) >= wanted

        eventually(all_seen, f"{wanted} gates answered")
        return seen

    def output(self) -> str:
        """All that its processes have written so far."""
        return self._file("stdout") + self._file("stderr")

    def _file(self, name: str) -> str:
        return (self.folder / name).read_text(errors="replace")

    def await_ready(self) -> None:
        """Wait until the address is shown and /readyz says yes. AssertionError with its output if it ended instead."""

        def shown() -> re.Match[bytes] | None:
            assert self.process.poll() is None, f"it did not start:\n{self.output()}"
            return _ADDRESS.search((self.folder / "stdout").read_bytes())

        self.port = int(eventually(shown, "the address is shown", 60)[1])

        def ready() -> bool:
            assert self.process.poll() is None, f"it ended:\n{self.output()}"
            try:
                return self.request("GET", "/readyz", key="").status == 200
            except OSError:
                return False

        eventually(ready, "/readyz answers 200", 60)
        if self.key:
            self.await_key()

    def await_key(self) -> None:
        """Wait until every gate serves the configuration: it reaches a gate a moment after the gate is ready."""
        accepting: set[str] = set()

        def all_accept() -> bool:
            reply = self.request("GET", "/v1/models")
            if reply.status == 200:
                accepting.add(reply.gate)
            return len(accepting) >= len(self.gates())

        eventually(all_accept, "every gate accepts the key", 60)

    def stop(self) -> int:
        """SIGTERM to the supervisor; its exit status once it and all its children have ended."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, f"still alive after the supervisor: {alive}"
        return status


@contextmanager
def run_instance(
    folder: Path,
    config: Mapping[str, Any] | None = None,
    *,
    key: str = "",
    workers: int = 2,
    env: Mapping[str, str] | None = None,
    grace_seconds: float = 5.0,
    authority: trustme.CA | None = None,
) -> Iterator[Instance]:
    """`torana serve` for the length of the block, from an empty data folder; it has to end cleanly.

    `config` becomes torana.yaml. `env` is added to an environment without vendors' keys and TORANA_ variables. With an `authority`
    it speaks TLS, with a certificate of that.
    """
    if authority is not None:
        env = {**(env or {}), **_certified(folder, authority)}
    clean = {n: v for n, v in os.environ.items() if not n.startswith("TORANA_") and not n.endswith("_API_KEY")}
    all_env = {**clean, "PYTHONPATH": str(ROOT / "src"), **(env or {})}
    data = folder / "data"
    command = [sys.executable, "-m", "torana", "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    command += ["--workers", str(workers), "--grace-seconds", str(grace_seconds)]
    if config is not None:
        (folder / "torana.yaml").write_text(json.dumps(config))  # JSON is YAML
        command += ["--config", str(folder / "torana.yaml")]
    with open(folder / "stdout", "wb") as out, open(folder / "stderr", "wb") as err:
        process = subprocess.Popen(command, cwd=folder, env=all_env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    instance = Instance(process, data, folder, all_env, key)
    if authority is not None:
        instance.trust = ssl.create_default_context()
        authority.configure_trust(instance.trust)
    try:
        instance.await_ready()
        yield instance
        assert process.poll() is None, f"it ended by itself:\n{instance.output()}"
        assert instance.stop() == 0, instance.output()
    finally:
        if process.poll() is None:
            _kill(process)


def _certified(folder: Path, authority: trustme.CA) -> dict[str, str]:
    issued = authority.issue_cert("127.0.0.1")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return {"TORANA_TLS_CERTIFICATE": str(chain), "TORANA_TLS_KEY": str(key)}


def _kill(process: subprocess.Popen[bytes]) -> None:
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.kill()
    process.wait(10)
