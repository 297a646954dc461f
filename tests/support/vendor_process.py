"""Starts the test vendor as a process of its own and reads what it has seen."""

import base64
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.polling import eventually

ROOT = Path(__file__).resolve().parents[2]


class Seen(NamedTuple):
    """One request as the vendor got it."""

    connection: int
    """Number of the connection, from 1."""
    number: int
    """Number of the request on its connection, from 1."""
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    closed_early: bool
    """The gateway closed the connection before the reply was complete."""
    ended: bool
    """The vendor has sent all it meant to send."""

    @property
    def json(self) -> dict[str, Any]:
        parsed = json.loads(self.body)
        assert isinstance(parsed, dict)
        return parsed

    def header(self, name: str) -> list[str]:
        """All values of one header."""
        return [value for given, value in self.headers if given.lower() == name]


class Vendor:
    """A running vendor."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def seen(self, containing: bytes = b"") -> list[Seen]:
        """The requests whose body contains these bytes, oldest first."""
        rows = self._control("GET", "/_/requests")
        all_seen = [
            Seen(**{**row, "headers": [(n, v) for n, v in row["headers"]], "body": base64.b64decode(row["body"])})
            for row in rows
        ]
        return [one for one in all_seen if containing in one.body]

    def only(self, containing: bytes) -> Seen:
        """The one request whose body contains these bytes."""
        (one,) = self.seen(containing)
        return one

    def await_close(self, containing: bytes) -> None:
        """Wait until the gateway has closed the connection of the one such request early."""
        eventually(lambda: self.only(containing).closed_early, "the vendor saw the gateway close its connection")

    def clear(self) -> None:
        """Forget all requests."""
        self._control("POST", "/_/clear")

    def _control(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def run_vendor() -> Iterator[Vendor]:
    """A vendor on a free loopback port for the length of the block."""
    command = [sys.executable, "-m", "tests.support.vendor"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield Vendor(json.loads(process.stdout.readline())["port"], process)
        finally:
            process.terminate()
            process.wait(10)
