"""The catalogue: models that vendors serve, with limits, capabilities, dates and a summary of prices.

The rows lie in `data`, one file a vendor, and are read when they are first asked for. `torana.catalog.refresh` writes them from
public sources. Prices here are for choosing a model; what a call costs is decided by the recorder.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import chain

import msgspec

from torana.catalog.vendors import VENDORS, vendor_named

KINDS = (
    "chat",
    "completion",
    "embedding",
    "rerank",
    "image",
    "speech",
    "transcription",
    "moderation",
    "realtime",
    "video",
    "ocr",
)
"""What a model is for."""

CAPABILITIES = (
    "tools",
    "parallel_tools",
    "tool_choice",
    "json_schema",
    "reasoning",
    "vision",
    "pdf",
    "audio_input",
    "audio_output",
    "video_input",
    "caching",
    "streaming",
    "web_search",
    "computer_use",
)
"""What a model can do, as far as the sources say."""

_LONGEST_NAME = 256


class CatalogModel(msgspec.Struct, frozen=True, array_like=True):
    """A vendor's model. None is unknown, never zero or no."""

    vendor: str
    """A vendor's id."""
    id: str
    """As the vendor spells it in a request."""
    name: str
    kind: str
    """One of KINDS."""
    context_window: int | None = None
    """Tokens of input and output together."""
    max_input: int | None = None
    """Tokens of input, where that is less than the context window."""
    max_output: int | None = None
    """Tokens of one reply."""
    inputs: tuple[str, ...] = ()
    """Modalities: text, image, audio, video, pdf. Empty is unknown."""
    outputs: tuple[str, ...] = ()
    """Modalities: text, image, audio, video. Empty is unknown."""
    capabilities: tuple[str, ...] = ()
    """Of CAPABILITIES; what is missing may be unknown."""
    released: str | None = None
    """A day, YYYY-MM-DD."""
    deprecated_on: str | None = None
    """The day from which the vendor does not serve it any more, YYYY-MM-DD."""
    deprecated: bool = False
    """A source calls it deprecated without a day, or the newest one that follows its vendor does not list it any more."""
    successor: str | None = None
    """What the vendor advises instead."""
    input_usd: str | None = None
    """US dollars for a million tokens of input, a decimal number; of the lowest tier where there are several."""
    cached_input_usd: str | None = None
    output_usd: str | None = None
    price_source: str | None = None
    """`genai-prices`, `litellm` or `models.dev`."""
    priced_on: str | None = None
    """The day of that source, YYYY-MM-DD."""
    seen_on: str = ""
    """The day of the newest source that lists the model, YYYY-MM-DD."""

    def is_current(self, day: str) -> bool:
        """Whether the vendor still serves it on `day` (YYYY-MM-DD), as far as is known."""
        return not self.deprecated and (self.deprecated_on is None or self.deprecated_on > day)


class VendorFile(msgspec.Struct, frozen=True):
    """One file of `data`."""

    vendor: str
    sources: dict[str, str]
    """Version and day of each source."""
    models: tuple[CatalogModel, ...]
    """By id."""


def find(vendor: str, model: str) -> CatalogModel | None:
    """The model that a vendor's request would reach with this name; None when the catalogue does not have it.

    `vendor` may be any usual spelling. A name that is not there itself is tried without what is put around names: the vendor, a
    path, a region, a version, a variant, a date; and a name without a date is the latest of its dated ones.
    """
    if len(model) > _LONGEST_NAME or (known := vendor_named(vendor)) is None:
        return None
    index = _index(known.id)
    for name in _readings(model.strip().lower(), known.id):
        if (found := index.get(name)) is not None:
            return found
    return None


def all_models() -> tuple[CatalogModel, ...]:
    """Every model, by vendor and id. Reads the whole catalogue, once."""
    return _all()


def search(
    *,
    vendor: str | None = None,
    kind: str | None = None,
    capability: str | None = None,
    text: str | None = None,
    min_context: int | None = None,
    current_on: str | None = None,
) -> list[CatalogModel]:
    """Models that are all that is asked for, by vendor and id.

    `capability` is one of CAPABILITIES; every word of `text` is in id or name; an unknown context window is never long enough;
    `current_on` (YYYY-MM-DD) leaves out what is not served on that day. An unknown vendor has no models.
    """
    words = text.casefold().split() if text else []
    return [
        model
        for model in _of(vendor)
        if (kind is None or model.kind == kind)
        and (capability is None or capability in model.capabilities)
        and (min_context is None or (model.context_window or 0) >= min_context)
        and (current_on is None or model.is_current(current_on))
        and all(word in f"{model.id} {model.name}".casefold() for word in words)
    ]


def _of(vendor: str | None) -> Iterable[CatalogModel]:
    if vendor is None:
        return _all()
    known = vendor_named(vendor)
    return () if known is None else _models(known.id)


@cache
def _all() -> tuple[CatalogModel, ...]:
    return tuple(chain.from_iterable(_models(vendor) for vendor in sorted(VENDORS)))


@cache
def _models(vendor: str) -> tuple[CatalogModel, ...]:
    path = files(__package__) / "data" / f"{vendor}.json"
    if not path.is_file():
        return ()
    return msgspec.json.decode(path.read_bytes(), type=VendorFile).models


@cache
def _index(vendor: str) -> dict[str, CatalogModel]:
    models = _models(vendor)
    index: dict[str, CatalogModel] = {}
    # By age, so that of several dated ones the latest stays; a model's own name is never taken by another.
    for model in sorted(models, key=lambda one: (one.released or "", _digits(one.id), one.id)):
        own = model.id.lower()
        for name in (own.rpartition("/")[2], undated(own), undated(_VERSION.sub("", own))):
            index[name] = model
    index.update((model.id.lower(), model) for model in models)
    return index


def _digits(name: str) -> str:
    return "".join(re.findall(r"[0-9]+", name))


_DATED = re.compile(
    r"(?:[-@](?:20[2-9][0-9]-?[01][0-9]-?[0-3][0-9]|[01][0-9]-20[2-9][0-9]|[01][0-9][0-3][0-9]|2[0-9][01][0-9](?:[0-3][0-9])?))$"
)
_REGION = re.compile(r"^(?:us|eu|apac|global|jp|au|ca|us-gov|in|sa|me)\.(?=[a-z0-9-]+\.)")
_VERSION = re.compile(r"(?:-v[0-9]+)?(?::[0-9]+)?(?::[0-9]+k)?$")
_SUFFIX = re.compile(r"(?:[-@](?:latest|default|00[1-9])|:[a-z-]+)$")


def undated(name: str) -> str:
    """A model's name without the date at its end: `gpt-4.1-2025-04-14`, `claude-haiku-4-5@20251001`, `mistral-large-2411`."""
    return _DATED.sub("", name)


def without_region(name: str) -> str:
    """A model's name of Bedrock without the inference profile's region: `us.anthropic.claude-…`."""
    return _REGION.sub("", name)


def _readings(name: str, vendor: str) -> Iterator[str]:
    """`name`, then what it may be short or long for, the closest first."""
    if name.startswith("arn:"):
        name = name.rpartition("/")[2]
    yield name
    bare = without_region(name.removeprefix("models/").removeprefix(f"{vendor}/"))
    yield bare
    if "/models/" in bare:
        bare = bare.rpartition("/models/")[2]
        yield bare
    for shorter in (_SUFFIX, _VERSION):
        bare = shorter.sub("", bare)
        yield bare
    yield undated(bare)
    if "@" in bare:
        yield bare.replace("@", "-")
    yield bare.rpartition("/")[2]
    yield undated(bare.rpartition("/")[2])
