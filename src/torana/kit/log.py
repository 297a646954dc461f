"""Structured logs: key=value on a terminal, one JSON object a line elsewhere. Always to standard error."""

import logging
import sys
from typing import Any

import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(process: str, level: str = "info", style: str = "auto") -> None:
    """Set up logging for this process. `style` is `auto` (JSON unless standard error is a terminal), `json` or `text`."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def logger() -> Any:
    """The process's logger: `logger().warning("event_name", call_id=…, …)`."""
    return structlog.get_logger()
