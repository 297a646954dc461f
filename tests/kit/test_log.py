"""What a log line looks like, on a terminal and elsewhere, and that logging never fails."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from torana.core.secret import MASK, Secret
from torana.kit import log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError("gone")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    log.configure("", "info", "auto")


def _written(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None = None) -> io.StringIO:
    stream = stream or io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def _json(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _written(monkeypatch)
    log.configure("gate 0")
    log.logger().info("snapshot_loaded", version=7, names=["a", "b"], nothing=None)
    (line,) = _json(stream)
    assert line["timestamp"].endswith("Z")
    del line["timestamp"]
    assert line == {
        "level": "info",
        "process": "gate 0",
        "event": "snapshot_loaded",
        "version": 7,
        "names": ["a", "b"],
        "nothing": None,
    }


def test_a_line_is_text_with_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = _written(monkeypatch, Terminal())
    log.configure("control")
    log.logger().warning("odd", reason="two words", count=2)
    assert "\x1b[" in terminal.getvalue()
    assert terminal.getvalue().endswith('process=control reason="two words" count=2\n')
    plain = _written(monkeypatch)
    log.configure("control", "info", "text")
    log.logger().warning("odd", reason="two words")
    assert "\x1b[" not in plain.getvalue()
    assert plain.getvalue().split(maxsplit=1)[1] == 'warning odd process=control reason="two words"\n'


def test_lines_below_the_level_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _written(monkeypatch)
    log.configure("gate 0", "warning")
    for name in ("debug", "info", "warning", "error"):
        getattr(log.logger(), name)(name)
    assert [line["event"] for line in _json(stream)] == ["warning", "error"]


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_secret_is_masked_however_deep_it_lies(monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    stream = _written(monkeypatch)
    log.configure("gate 0", "info", style)
    secret = Secret("sk-canary-9f")
    log.logger().info("made", key=secret, deep={"list": [secret]}, text=f"with {secret}")
    assert "sk-canary-9f" not in stream.getvalue()
    assert MASK in stream.getvalue()


@pytest.mark.parametrize("style", ["json", "text"])
def test_an_error_comes_with_its_traceback(monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    stream = _written(monkeypatch)
    log.configure("gate 0", "info", style)
    try:
        raise ValueError("out of range")
    except ValueError as error:
        log.logger().error("failed", exc_info=error)
        log.logger().error("failed_again", exc_info=True)
    assert stream.getvalue().count("ValueError: out of range") == 2
    assert stream.getvalue().count("Traceback") == 2


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("style", ["json", "text"])
def test_nothing_that_is_logged_can_make_logging_fail(monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    stream = _written(monkeypatch)
    log.configure("gate 0", "info", style)
    loop: list[Any] = []
    loop.append(loop)
    values = [Unspeakable(), "\ud800", float("nan"), 1 << 200, {1, 2}, {(1, 2): 3}, b"\xff", loop, "x" * 100_000]
    for value in values:
        log.logger().info("odd", value=value)
    log.logger().info("named_like_ours", level="mine", process="mine")
    assert stream.getvalue().count("odd") == len(values)
    assert "mine" in stream.getvalue()
    _written(monkeypatch, Broken())
    log.logger().info("lost")
    monkeypatch.setattr(sys, "stderr", None)
    log.logger().info("lost")


def test_a_value_cannot_begin_a_line_or_steer_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _written(monkeypatch)
    log.configure("gate 0", "info", "text")
    log.logger().info("asked", model="gpt\n2026 error faked \x1b[2J")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_the_log_imports_no_terminal_toolkit() -> None:
    program = "import sys, torana.kit.log; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert not set(done.stdout.split()) & {"rich", "pygments", "structlog", "logging", "asyncio"}
