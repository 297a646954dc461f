"""The models list in OpenAI's form."""

from collections.abc import Iterable

import msgspec

_encode = msgspec.json.Encoder().encode


class Model(msgspec.Struct, kw_only=True):
    """One entry: `id` is what works as `model`."""

    id: str
    object: str = "model"
    created: int
    """Seconds since 1970."""
    owned_by: str


class _List(msgspec.Struct):
    object: str
    data: list[Model]


def encode_models(models: Iterable[Model]) -> bytes:
    """The whole list."""
    return _encode(_List("list", list(models)))


def encode_model(model: Model) -> bytes:
    """One entry alone."""
    return _encode(model)
