"""Several sources' entries become one row a model; which source is believed is decided field by field, the same for every model."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from torana.catalog.models import CAPABILITIES, CatalogModel, undated
from torana.catalog.sources.entry import INPUTS, Entry, Prices

GENAI, LITELLM, MODELS_DEV = "genai-prices", "litellm", "models.dev"

ORDER: Mapping[str, tuple[str, ...]] = {
    "name": (MODELS_DEV, GENAI),
    "kind": (LITELLM, MODELS_DEV),
    "context_window": (MODELS_DEV, GENAI, LITELLM),
    "max_output": (LITELLM, MODELS_DEV),
    "inputs": (LITELLM, MODELS_DEV),
    "outputs": (LITELLM, MODELS_DEV),
    "released": (MODELS_DEV,),
    "deprecated_on": (LITELLM,),
    "successor": (LITELLM,),
    "prices": (GENAI, LITELLM, MODELS_DEV),
}
"""Who is asked first, by field. Inputs and capabilities are those that any source affirms, without what LiteLLM denies."""

_TEXT_KINDS = frozenset({"chat", "completion"})
_KIND_OF_OUTPUT = {"image": "image", "audio": "speech", "video": "video"}
_FLAG_OF_INPUT = {"image": "vision", "audio": "audio_input", "video": "video_input", "pdf": "pdf"}
_TOLERANCE = Decimal("0.01")


class Disagreement(NamedTuple):
    """Two sources name different prices for one model; the first was taken."""

    vendor: str
    model: str
    part: str
    """input, cached_input or output."""
    taken: str
    taken_usd: Decimal
    other: str
    other_usd: Decimal


class Merged(NamedTuple):
    """What a refresh found."""

    models: dict[str, tuple[CatalogModel, ...]]
    """By vendor, each by id."""
    won: dict[str, Counter[str]]
    """How many models have a field from a source, by field."""
    disagreements: list[Disagreement]
    folded: int
    """Dated rows that say nothing else than the row without a date."""


def merge(
    entries: Mapping[str, Iterable[Entry]],
    days: Mapping[str, str],
    priced: Callable[[str, str], Entry | None],
) -> Merged:
    """One row for each model that LiteLLM or models.dev has, and each of genai-prices for vendors that those two leave out.

    `entries` and `days` (YYYY-MM-DD) are by source; `priced` is how genai-prices reads a vendor's model's name.
    """
    won: dict[str, Counter[str]] = {field: Counter() for field in ORDER}
    disagreements: list[Disagreement] = []
    models: list[CatalogModel] = []
    by_model = _by_model(entries)
    followed = _followed(by_model) if days[LITELLM] > days[MODELS_DEV] else set()
    for said in by_model:
        first = next(iter(said.values()))
        seen_on = max(days[source] for source in said)
        gone = first.vendor in followed and LITELLM not in said
        if GENAI not in said and (found := priced(first.vendor, first.id)) is not None:
            said[GENAI] = found
        row = _row(said, days, won)
        models.append(msgspec.structs.replace(row, seen_on=seen_on, deprecated=row.deprecated or gone))
        disagreements.extend(_disagreements(said))
    models.sort(key=lambda one: (one.vendor, one.id))
    kept = {vendor: _folded(list(group)) for vendor, group in groupby(models, key=lambda one: one.vendor)}
    return Merged(kept, won, disagreements, len(models) - sum(map(len, kept.values())))


def _by_model(entries: Mapping[str, Iterable[Entry]]) -> list[dict[str, Entry]]:
    found: dict[tuple[str, str], dict[str, Entry]] = {}
    for source in (LITELLM, MODELS_DEV):
        for entry in entries.get(source, ()):
            # The first of several spellings stays: a region's row comes after the row it is a copy of, or is as good.
            found.setdefault((entry.vendor, entry.id.lower()), {}).setdefault(source, entry)
    covered = {vendor for vendor, _ in found}
    for entry in entries.get(GENAI, ()):
        if entry.vendor not in covered:
            found.setdefault((entry.vendor, entry.id.lower()), {}).setdefault(GENAI, entry)
    return [found[key] for key in sorted(found)]


def _followed(by_model: Iterable[dict[str, Entry]]) -> set[str]:
    """Vendors of whose models in models.dev LiteLLM has more than a third: there, what the newer list lacks is no longer served."""
    listed: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    for said in by_model:
        if MODELS_DEV in said:
            listed[said[MODELS_DEV].vendor] += 1
            shared[said[MODELS_DEV].vendor] += LITELLM in said
    return {vendor for vendor, count in listed.items() if 3 * shared[vendor] > count}


def _row(said: dict[str, Entry], days: Mapping[str, str], won: dict[str, Counter[str]]) -> CatalogModel:
    first = next(iter(said.values()))

    def pick(field: str) -> Any:
        for source in ORDER[field]:
            value = getattr(said[source], field) if source in said else None
            if value not in (None, (), Prices()):
                won[field][source] += 1
                return value
        return None

    outputs = pick("outputs") or ()
    kind = pick("kind") or "chat"
    if kind == "chat" and outputs and "text" not in outputs:
        kind = _KIND_OF_OUTPUT[outputs[0]]
    max_output = pick("max_output")
    context, max_input, of_window = _window(said)
    won["context_window"][of_window] += context is not None
    if kind in _TEXT_KINDS and context is not None and max_output is not None:
        # What comes out in one reply fits the window; where it does not, the window is the older figure.
        context = max(context, max_output)
    prices = pick("prices") or Prices()
    source = next((one for one in ORDER["prices"] if one in said and said[one].prices == prices), None)
    known_price = source is not None and prices != Prices()
    return CatalogModel(
        vendor=first.vendor,
        id=first.id,
        name=pick("name") or first.id,
        kind=kind,
        context_window=context,
        max_input=max_input,
        max_output=max_output,
        inputs=_inputs(said, won["inputs"]),
        outputs=outputs,
        capabilities=_capabilities(said, kind),
        released=pick("released"),
        deprecated_on=pick("deprecated_on"),
        deprecated=any(entry.deprecated for entry in said.values()),
        successor=pick("successor"),
        input_usd=_written(prices.input),
        cached_input_usd=_written(prices.cached_input),
        output_usd=_written(prices.output),
        price_source=source if known_price else None,
        priced_on=days[source] if known_price and source is not None else None,
    )


def _window(said: dict[str, Entry]) -> tuple[int | None, int | None, str]:
    """The context window, the most input where that is less, and who said the window.

    LiteLLM only limits input: to less than the window where a vendor limits the two apart, to more where the other source is older.
    """
    asked = [source for source in ORDER["context_window"] if source in said and said[source].context_window]
    context = said[asked[0]].context_window if asked else None
    limits = [said[source].max_input for source in (LITELLM, MODELS_DEV) if source in said and said[source].max_input]
    most_input = limits[0] if limits else None
    if most_input is not None and (context is None or most_input > context):
        return most_input, None, LITELLM if LITELLM in said else MODELS_DEV
    return context, most_input if most_input != context else None, asked[0] if asked else ""


def _capabilities(said: dict[str, Entry], kind: str) -> tuple[str, ...]:
    can = frozenset().union(*(entry.can for entry in said.values()))
    if kind in _TEXT_KINDS:
        # Every dialect streams text; the few models that do not are named.
        can |= {"streaming"}
    if LITELLM in said:
        can -= said[LITELLM].cannot
    return tuple(name for name in CAPABILITIES if name in can)


def _inputs(said: dict[str, Entry], won: Counter[str]) -> tuple[str, ...]:
    denied = said[LITELLM].cannot if LITELLM in said else frozenset()
    listed: set[str] = set()
    for source in ORDER["inputs"]:
        if source in said and said[source].inputs:
            won[source] += 1
            listed.update(said[source].inputs)
    return tuple(modality for modality in INPUTS if modality in listed and _FLAG_OF_INPUT.get(modality) not in denied)


def _disagreements(said: dict[str, Entry]) -> Iterable[Disagreement]:
    asked = [source for source in ORDER["prices"] if source in said and said[source].prices != Prices()]
    for part in Prices._fields:
        known = [(source, usd) for source in asked if (usd := getattr(said[source].prices, part)) is not None]
        for other, usd in known[1:]:
            taken, taken_usd = known[0]
            if abs(usd - taken_usd) > _TOLERANCE * max(usd, taken_usd):
                entry = said[taken]
                yield Disagreement(entry.vendor, entry.id, part, taken, taken_usd, other, usd)


def _folded(models: Sequence[CatalogModel]) -> tuple[CatalogModel, ...]:
    """Without the dated models that are what the same name without a date is."""
    by_id = {model.id.lower(): model for model in models}

    def repeats(model: CatalogModel) -> bool:
        plain = by_id.get(undated(model.id.lower()))
        return plain is not None and plain is not model and _facts(plain) == _facts(model)

    return tuple(model for model in models if not repeats(model))


def _facts(model: CatalogModel) -> tuple[Any, ...]:
    return (
        model.kind,
        model.max_input or model.context_window,
        model.max_output,
        model.deprecated_on,
        model.deprecated,
        model.input_usd,
        model.output_usd,
    )


def _written(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd:f}"


def as_file(vendor: str, sources: Mapping[str, str], models: Sequence[CatalogModel]) -> bytes:
    """A file of `data`: one line a model, so that a difference shows what changed."""
    encode = msgspec.json.encode
    rows = b",\n".join(encode(model) for model in models)
    return b'{"vendor":%b,"sources":%b,"models":[\n%b\n]}\n' % (encode(vendor), encode(dict(sources)), rows)
