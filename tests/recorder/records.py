"""Call records for tests."""

import time
from typing import Any

import msgspec

from torana.core.ids import CallIds
from torana.core.record import CallRecord

IDS = CallIds()
MODELS = ("gpt-4.1", "gpt-4.1-mini", "gpt-4o")


def record(number: int = 0, **changes: Any) -> CallRecord:
    """A successful call that differs a little with `number`."""
    started = changes.pop("started_us", time.time_ns() // 1000)
    values: dict[str, Any] = {
        "id": IDS.next(started),
        "started_us": started,
        "total_us": 1_234 + number % 100 * 997,
        "first_byte_us": 1_000 + number % 100 * 499,
        "status": 200,
        "error": None,
        "endpoint": "/v1/chat/completions",
        "streamed": number % 2 == 0,
        "team_id": "team_a",
        "app_id": f"app_{number % 3}",
        "key_id": f"key_{number % 5}",
        "service_id": "service_1",
        "service": "chat",
        "deployment_id": "deployment_1",
        "provider": "openai",
        "vendor": "openai",
        "model_asked": "chat",
        "model_sent": MODELS[number % 3],
        "model_served": "gpt-4.1-2025-04-14",
        "input_tokens": 100 + number,
        "cached_input_tokens": number % 50,
        "output_tokens": 20 + number,
        "reasoning_tokens": number % 10,
        "usage_estimated": False,
        "request_bytes": 321,
        "response_bytes": 654,
        "retries": 0,
        "upstream_status": 200,
        "upstream_id": "req_0123456789abcdef",
        "caller_ip": "127.0.0.1",
        "user": "someone",
        "tags": '{"task":"test"}',
        "bodies_kept": False,
    }
    return CallRecord(**(values | changes))


def encoded(number: int = 0, **changes: Any) -> bytes:
    """The same as a gate writes it."""
    return msgspec.msgpack.encode(record(number, **changes))
