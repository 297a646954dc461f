"""The models list in OpenAI's form, with what a model can do beside it.

OpenAI tells nothing of a model's limits; the names of those fields are the ones that most vendors and clients use
(https://openrouter.ai/docs/api-reference/list-available-models, https://docs.mistral.ai/api/#tag/models).
"""

from collections.abc import Iterable

import msgspec

_encode = msgspec.json.Encoder().encode


class Model(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One entry: `id` is what works as `model`. What is not known is left out."""

    id: str
    object: str = msgspec.field(default_factory=lambda: "model")
    created: int
    """Seconds since 1970."""
    owned_by: str
    context_window: int | None = None
    """Tokens that fit in, the answer included."""
    max_output_tokens: int | None = None
    modalities: dict[str, list[str]] | None = None
    """`input` and `output`: any of text, image, audio, video, file."""
    capabilities: list[str] | None = None
    """Such as tools, json_schema, reasoning, embeddings."""


class _List(msgspec.Struct):
    object: str
    data: list[Model]


def encode_models(models: Iterable[Model]) -> bytes:
    """The whole list."""
    return _encode(_List("list", list(models)))


def encode_model(model: Model) -> bytes:
    """One entry alone."""
    return _encode(model)
