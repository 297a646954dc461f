"""The models list in Gemini's form: https://ai.google.dev/api/models"""

from collections.abc import Iterable

import msgspec

_encode = msgspec.json.Encoder().encode


class Model(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """One entry: what stands behind `models/` in `name` works as the model of a path."""

    name: str
    version: str | None = None
    display_name: str | None = None
    description: str | None = None
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: tuple[str, ...] = ()
    """`generateContent`, `streamGenerateContent`, `countTokens`, `embedContent`, `batchEmbedContents`."""
    thinking: bool | None = None


class _List(msgspec.Struct):
    models: list[Model]


def encode_models(models: Iterable[Model]) -> bytes:
    """The whole list, without a next page."""
    return _encode(_List(list(models)))


def encode_model(model: Model) -> bytes:
    """One entry alone."""
    return _encode(model)
