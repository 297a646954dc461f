"""What the catalogue, or the description of a custom model, says of a deployment's model."""

from functools import lru_cache

import msgspec

from torana.catalog.models import find
from torana.core import snapshot as published
from torana.custom.describe import CustomModel

_MOST_FACTS = 20_000
_READS = {"images": "image", "documents": "pdf", "audio": "audio", "video": "video"}
_CAN = {"tools": "tools", "format": "json_schema", "images": "vision"}


@lru_cache(maxsize=_MOST_FACTS)
def facts(vendor: str, model: str) -> published.Facts | None:
    """What the catalogue knows of a vendor's model; None when it does not have it."""
    found = find(vendor, model)
    if found is None:
        return None
    return published.Facts(
        # The whole window where it is known: a request is refused for what surely does not fit.
        context_window=found.context_window or found.max_input,
        max_output_tokens=found.max_output,
        inputs=found.inputs or None,
        outputs=found.outputs or None,
        kind=found.kind,
        capabilities=found.capabilities,
        name=found.name,
    )


@lru_cache(maxsize=_MOST_FACTS)
def custom_facts(description: str) -> published.Facts | None:
    """What the description of a custom model says of it, for the list of models; None where this version cannot read it."""
    try:
        model = msgspec.json.decode(description, type=CustomModel)
    except (msgspec.DecodeError, RecursionError):
        return None
    return published.Facts(
        inputs=("text", *(_READS[subject] for subject in model.accepts if subject in _READS)),
        kind="embedding" if model.content == "embeddings" else "chat",
        capabilities=tuple(_CAN[subject] for subject in model.accepts if subject in _CAN),
    )
