"""Node's SDKs and command lines, installed once beside their lock file, as it says."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
_OLDEST = 20
_INSTALL_SECONDS = 600
_RUN_SECONDS = 120


def install() -> None:
    """Make `node_modules` what the lock file says, if it is not. Skips the test where there is no Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0] or 0) < _OLDEST:
        pytest.skip(f"Node {_OLDEST} or newer is not installed (this is {version})")
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    stamp = MODULES / f".installed-{digest}"
    # One after the other: several workers of pytest may want it.
    with (HERE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            _install(node, npm)
            stamp.touch()


def _install(node: str, npm: str) -> None:
    # No package's own scripts, but for the one that puts Claude Code's program in its place.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    assert done.returncode == 0, f"npm ci failed:\n{done.stdout}{done.stderr}"
    claude = MODULES / "@anthropic-ai" / "claude-code" / "install.cjs"
    placed = subprocess.run([node, str(claude)], capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    assert placed.returncode == 0, placed.stderr


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """What a program prints that has to succeed. `command[0]` is `node`, or a program of `node_modules`."""
    program = MODULES / ".bin" / command[0]
    if program.exists():
        command = [str(program), *command[1:]]
    done = subprocess.run(
        command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=_RUN_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
