"""Structured logs: key=value on a terminal, one JSON object a line elsewhere. Always to standard error.

Written here rather than taken from a library because every process imports it: the usual ones bring a terminal toolkit along that
takes longer to import than a gate does to start.
"""

import os
import re
import sys
import time
import traceback

import msgspec

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_OWN = frozenset(("timestamp", "level", "event", "process"))
_MOST_CHARACTERS = 16_384
"""Of one value: a line has to stay readable, whatever an error carries."""
_PLAIN = re.compile(r"[^\s\"'=\x00-\x1f\x7f-\x9f]+")
_COLOURS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_BOLD, _DIM, _END = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Logger:
    """Writes events with their details. No method ever raises: a log that cannot be written must not end what it tells of."""

    def __init__(self) -> None:
        self.least = _LEVELS["info"]
        self.process = ""
        self.style = "auto"

    def debug(self, event: str, **fields: object) -> None:
        """Something only somebody who looks for a fault wants to know."""
        self._log("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Something that was to be expected."""
        self._log("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something that an operator may have to look at."""
        self._log("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something that went wrong. `exc_info` takes the exception (or True for the one being handled) for its traceback."""
        self._log("error", event, fields)

    def _log(self, level: str, event: str, fields: dict[str, object]) -> None:
        if _LEVELS[level] < self.least:
            return
        try:
            found = _with_exception(fields) if "exc_info" in fields else fields
            now = time.time()
            terminal = _is_terminal()
            if self.style == "json" or (self.style == "auto" and not terminal):
                line = _as_json(now, level, event, self.process, found)
            else:
                line = _as_text(
                    now, level, event, self.process, found, coloured=terminal and not os.environ.get("NO_COLOR")
                )
            # One write a line, so that the lines of several processes do not mix.
            sys.stderr.write(line)
            sys.stderr.flush()
        except Exception:  # noqa: S110 - there is no other place to say it, and the caller's work matters more
            pass


_LOGGER = Logger()


def configure(process: str, level: str = "info", style: str = "auto") -> None:
    """Set up logging for this process. `style` is `auto` (JSON unless standard error is a terminal), `json` or `text`."""
    _LOGGER.process = process
    _LOGGER.least = _LEVELS[level]
    _LOGGER.style = style


def logger() -> Logger:
    """The process's logger: `logger().warning("event_name", call_id=…, …)`."""
    return _LOGGER


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _with_exception(fields: dict[str, object]) -> dict[str, object]:
    found = dict(fields)
    given = found.pop("exc_info")
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        found["exception"] = "".join(traceback.format_exception(error)).rstrip()
    return found


def _as_json(now: float, level: str, event: str, process: str, fields: dict[str, object]) -> str:
    line: dict[str, object] = {"timestamp": _time(now), "level": level, "process": process, "event": event}
    line.update((name + "_" if name in _OWN else name, value) for name, value in fields.items())
    try:
        data = msgspec.json.encode(line, enc_hook=_text)
    except Exception:
        data = msgspec.json.encode({name: _text(value) for name, value in line.items()})
    return data.decode() + "\n"


def _as_text(now: float, level: str, event: str, process: str, fields: dict[str, object], *, coloured: bool) -> str:
    details = {"process": process, **fields} if process else dict(fields)
    exception = details.pop("exception", None)
    pairs = " ".join(f"{name}={_value(value)}" for name, value in details.items())
    if coloured:
        head = f"{_DIM}{_time(now)}{_END} {_COLOURS[level]}{level:7}{_END} {_BOLD}{_line(event)}{_END}"
    else:
        head = f"{_time(now)} {level:7} {_line(event)}"
    tail = "" if exception is None else f"\n{_printable(_text(exception))}"
    return f"{head} {pairs}".rstrip() + tail + "\n"


def _time(now: float) -> str:
    seconds, part = divmod(int(now * 1_000_000), 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{part:06d}Z"


def _text(value: object) -> str:
    """Any value as text that JSON can carry. A Secret shows its mask here, as everywhere."""
    try:
        text = str(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text[:_MOST_CHARACTERS].encode("utf-8", "backslashreplace").decode()


def _value(value: object) -> str:
    text = _text(value)
    return text if _PLAIN.fullmatch(text) else msgspec.json.encode(_printable(text)).decode()


def _line(text: str) -> str:
    return _printable(_text(text)).replace("\n", " ")


def _printable(text: str) -> str:
    """Without control characters: what a caller sent must not steer the operator's terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)
