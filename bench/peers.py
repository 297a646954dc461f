"""Other gateways under the same load: the LiteLLM proxy and the Portkey gateway, each in a throwaway environment.

They are installed from the package indexes that this machine is set up for, and are as they come: a key check where
they have one, no database, no logging turned on. One that cannot be had is named as such and skipped.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import psutil

from bench.load import Plan
from bench.processes import (
    BenchError,
    Server,
    UnavailableError,
    free_port,
    listens,
    nothing_owed,
    running,
    tail,
    wait_for_start,
)
from bench.report import Detail, Findings, number
from bench.rounds import Entry, alternate, middle, ratio
from bench.scenarios import Bench

INSTALL_SECONDS = 600.0
START_SECONDS = 240.0
PEER_ROUNDS = 3
PEER_CALLS = {"unary": 1_000, "stream": 200}
CONNECTIONS = 32
_MODES: tuple[Literal["unary", "stream"], ...] = ("unary", "stream")
_WORDS = {"unary": "small JSON", "stream": "stream of 100 events"}
_KEY = "sk-bench-peer"

_LITELLM_CONFIGURATION = """
model_list:
  - model_name: gpt-4.1
    litellm_params: {{model: openai/gpt-4.1, api_base: "http://127.0.0.1:{upstream}/v1", api_key: sk-bench-vendor}}
general_settings: {{master_key: {key}}}
litellm_settings: {{telemetry: false}}
"""


class Peer(NamedTuple):
    """A running peer and what its calls need beside the usual headers."""

    server: Server
    headers: dict[str, str]
    version: str


def _install(command: list[str], folder: Path) -> None:
    log = folder / "install.log"
    with log.open("ab") as output:
        try:
            code = subprocess.run(command, cwd=folder, stdout=output, stderr=output, timeout=INSTALL_SECONDS).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"{command[0]} did not install it: {error}") from error
    if code != 0:
        raise UnavailableError(f"it could not be installed: {tail(log, 400)}")


@contextlib.contextmanager
def _served(name: str, command: list[str], folder: Path, port: int, environment: dict[str, str]) -> Iterator[Server]:
    log = folder / "peer.log"
    with running(command, log, environment={**os.environ, **environment}, folder=folder) as process:
        wait_for_start(process, lambda: listens(port), START_SECONDS, log)
        tree = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
        yield Server(name, port, tree, tree, nothing_owed)


@contextlib.contextmanager
def litellm(bench: Bench) -> Iterator[Peer]:
    """The LiteLLM proxy, one worker."""
    folder = bench.folder / "litellm"
    folder.mkdir()
    _install([sys.executable, "-m", "venv", str(folder / "venv")], folder)
    python = folder / "venv" / "bin" / "python"
    _install([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "litellm[proxy]"], folder)
    asked = [str(python), "-c", "import importlib.metadata as m; print(m.version('litellm'))"]
    version = subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout.strip()
    configuration = folder / "config.yaml"
    configuration.write_text(_LITELLM_CONFIGURATION.format(upstream=bench.upstream.port, key=_KEY))
    port = free_port()
    command = [
        str(folder / "venv" / "bin" / "litellm"),
        "--config",
        str(configuration),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    # Its list of prices would otherwise be fetched from the internet at every start.
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with _served("LiteLLM proxy", [*command, "--num_workers", "1"], folder, port, environment) as server:
        yield Peer(server, {}, version)


@contextlib.contextmanager
def portkey(bench: Bench) -> Iterator[Peer]:
    """The Portkey gateway, one process."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise UnavailableError("npm and node are not installed")
    folder = bench.folder / "portkey"
    folder.mkdir()
    _install(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "@portkey-ai/gateway"],
        folder,
    )
    package = folder / "node_modules" / "@portkey-ai" / "gateway"
    script = package / "build" / "start-server.js"
    if not script.exists():
        raise UnavailableError(f"the package has no {script.name}")
    asked = ["node", "-p", f"require({str(package / 'package.json')!r}).version"]
    version = subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout.strip()
    port = free_port()
    # Started with node itself: the child of an npx outlives it.
    command = ["node", str(script), f"--port={port}", "--headless"]
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{bench.upstream.port}/v1"}
    with _served("Portkey gateway", command, folder, port, {"NODE_ENV": "production"}) as server:
        yield Peer(server, headers, version)


PEERS: dict[str, Callable[[Bench], contextlib.AbstractContextManager[Peer]]] = {
    "LiteLLM proxy": litellm,
    "Portkey gateway": portkey,
}


def _compared(bench: Bench, peer: Peer, mode: Literal["unary", "stream"]) -> tuple[str, ...]:
    try:
        return _compare(bench, peer, mode)
    except BenchError as reason:
        print(f"{mode} not measured: {reason}")
        return peer.server.name, peer.version, f"{_WORDS[mode]}: not measured: {str(reason)[:160]}", "", "", "", ""


def _compare(bench: Bench, peer: Peer, mode: Literal["unary", "stream"]) -> tuple[str, ...]:
    nginx = bench.nginx if mode == "unary" else bench.nginx_unbuffered
    entries = []
    for server, headers in ((nginx, {}), (peer.server, peer.headers)):
        plan = Plan(
            port=server.port,
            mode=mode,
            connections=CONNECTIONS,
            calls=bench.count(PEER_CALLS[mode], CONNECTIONS),
            warm_calls=2 * CONNECTIONS,
            key=_KEY,
            # LiteLLM would compress its replies; nginx and Torana hand on what the upstream sent, which is not compressed.
            headers={"Accept-Encoding": "identity", **headers},
        )
        entries.append(Entry(server, plan))
    theirs, its = alternate(entries, PEER_ROUNDS, bench.folder)
    return (
        peer.server.name,
        peer.version,
        _WORDS[mode],
        number(middle(its, "tree_us")),
        number(ratio(its, theirs, "tree_us", "workers_us")),
        number(middle(its, "p50_us") / 1000),
        number(middle(its, "calls") / middle(its, "seconds")),
    )


def peers(bench: Bench) -> Findings:
    """Each peer's CPU per call beside nginx's."""
    rows: list[tuple[str, ...]] = []
    for name, start in PEERS.items():
        print(f"{name} …", end=" ", flush=True)
        try:
            with start(bench) as peer:
                rows.extend(_compared(bench, peer, mode) for mode in _MODES)
            print("done")
        except BenchError as reason:
            print(f"not measured: {reason}")
            rows.append((name, "", f"not measured: {reason}", "", "", "", ""))
    columns = ("", "version", "call", "CPU µs per call", "÷ nginx's", "p50 ms", "calls/s")
    return Findings([], [Detail(f"Other gateways, {CONNECTIONS} connections", columns, rows)])
