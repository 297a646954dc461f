"""The models list in Anthropic's form. Source: https://platform.claude.com/docs/en/api/models-list"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


class Model(msgspec.Struct, kw_only=True):
    """One entry: `id` is what works as `model`."""

    id: str
    created: int
    """Seconds since 1970."""
    display_name: str | None = None
    """The id where there is none."""
    lifecycle: str = "active"
    """`active`, `deprecated` or `retired`."""
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    """Of output."""


def encode_models(models: Iterable[Model]) -> bytes:
    """The whole list, as its only page."""
    data = [_entry(model) for model in models]
    return _encode(
        {
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "has_more": False,
            "last_id": data[-1]["id"] if data else None,
        }
    )


def encode_model(model: Model) -> bytes:
    """One entry alone."""
    return _encode(_entry(model))


def _entry(model: Model) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name or model.id,
        "created_at": datetime.fromtimestamp(model.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": model.lifecycle,
    }
    if model.max_input_tokens is not None:
        entry["max_input_tokens"] = model.max_input_tokens
    if model.max_tokens is not None:
        entry["max_tokens"] = model.max_tokens
    return entry
