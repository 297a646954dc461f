"""What a call costs, in whole pico-dollars: operators' prices first, then genai-prices, else unknown.

Unknown is None and never 0. Rates are resolved once for a deployment's day to whole numbers; prices that depend on the call itself
(tiers by input size, fees per request) or on the hour are calculated by genai-prices for each call.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

from torana.catalog.vendors import VENDORS
from torana.core.money import PICOS, to_picos
from torana.core.record import CallRecord

_DAY_US = 86_400_000_000
_MOST_CACHED = 20_000
_UNPRICED_VENDORS = frozenset({"openai-compatible"})
_EVER = 2**62
_PRICED_AS = {vendor.id: vendor.priced_as for vendor in VENDORS.values() if vendor.priced_as}

Cost = tuple[int | None, str | None]
"""Pico-dollars and where the price came from; both None when it is not known."""

UNKNOWN: Cost = (None, None)


class Override(NamedTuple):
    """An operator's price; dollars per million tokens, None is unknown. Exactly one of vendor and provider_id is set."""

    id: str
    team_id: str | None
    """Whose calls it is for; None is everybody's."""
    vendor: str | None
    provider_id: str | None
    model: str
    valid_from_us: int
    input_usd: Decimal | None
    cached_input_usd: Decimal | None
    """None: cached input costs as much as other input."""
    output_usd: Decimal | None
    reasoning_usd: Decimal | None
    """None: reasoning costs as much as other output."""


class Rates(NamedTuple):
    """Whole numbers of (pico-dollars ÷ scale) a token; None is unknown."""

    scale: int
    input: int | None
    cached: int | None
    output: int | None
    reasoning: int | None
    cache_write: int | None
    audio_input: int | None
    audio_output: int | None


FREE = Rates(1, 0, 0, 0, 0, 0, 0, 0)


class _Quote(NamedTuple):
    """How calls that began from `since_us` until before `until_us` are priced."""

    since_us: int
    until_us: int
    source: str | None
    rates: Rates | None
    calculate: Callable[[CallRecord], int | None] | None


def rates(
    input_usd: Decimal | None,
    cached_usd: Decimal | None,
    output_usd: Decimal | None,
    reasoning_usd: Decimal | None,
    cache_write_usd: Decimal | None = None,
    audio_input_usd: Decimal | None = None,
    audio_output_usd: Decimal | None = None,
) -> Rates:
    """Dollars per million tokens to whole rates, exactly, however many decimals they have.

    A special kind of token without a price of its own costs as much as other input or output.
    """
    prices = [
        input_usd,
        input_usd if cached_usd is None else cached_usd,
        output_usd,
        output_usd if reasoning_usd is None else reasoning_usd,
        input_usd if cache_write_usd is None else cache_write_usd,
        input_usd if audio_input_usd is None else audio_input_usd,
        output_usd if audio_output_usd is None else audio_output_usd,
    ]
    # Fractions, because decimal arithmetic would round what has more than 28 digits.
    exact = [None if price is None else Fraction(price) * PICOS / 1_000_000 for price in prices]
    scale = lcm(*(price.denominator for price in exact if price is not None))
    whole = [None if price is None else int(price * scale) for price in exact]
    return Rates(scale, *whole)


def cost(rate: Rates, record: CallRecord) -> int | None:
    """Pico-dollars of a call, rounded once (half to even); None when its usage or a rate that it needs is unknown."""
    input_tokens, output_tokens = record.input_tokens, record.output_tokens
    if input_tokens is None and output_tokens is None:
        return None
    total = 0
    if input_tokens:
        cached = record.cached_input_tokens or 0
        if record.cache_write_tokens or record.audio_input_tokens:
            special = (cached, rate.cached), (record.cache_write_tokens or 0, rate.cache_write)
            read = _parts(input_tokens, rate.input, *special, (record.audio_input_tokens or 0, rate.audio_input))
        else:
            read = _sum(input_tokens, cached, rate.input, rate.cached)
        if read is None:
            return None
        total = read
    if output_tokens:
        reasoning = record.reasoning_tokens or 0
        if record.audio_output_tokens:
            audio = record.audio_output_tokens, rate.audio_output
            wrote = _parts(output_tokens, rate.output, (reasoning, rate.reasoning), audio)
        else:
            wrote = _sum(output_tokens, reasoning, rate.output, rate.reasoning)
        if wrote is None:
            return None
        total += wrote
    return total if rate.scale == 1 else _divide(total, rate.scale)


def _sum(tokens: int, special: int, rate: int | None, special_rate: int | None) -> int | None:
    """Price of tokens of which `special` have another rate; None when a rate that is needed is unknown."""
    if special >= tokens:
        return None if special_rate is None else tokens * special_rate
    if not special:
        return None if rate is None else tokens * rate
    if rate is None or special_rate is None:
        return None
    return (tokens - special) * rate + special * special_rate


def _parts(tokens: int, rate: int | None, *special: tuple[int, int | None]) -> int | None:
    """The same with several special kinds, none of which is another's part; what exceeds `tokens` is cut off."""
    total = 0
    for count, special_rate in (*special, (tokens, rate)):
        taken = min(count, tokens)
        if taken:
            if special_rate is None:
                return None
            total += taken * special_rate
            tokens -= taken
    return total


class Prices:
    """Prices calls; keeps what it resolved. `set_overrides` replaces the operators' prices."""

    def __init__(self, vendor_prices: "VendorPrices | None" = None) -> None:
        self._vendor_prices = vendor_prices
        self._overrides: dict[tuple[str | None, str | None, str], list[Override]] = {}
        self._provider_of: dict[str, str] = {}
        self._quotes: dict[object, _Quote] = {}

    def set_overrides(self, overrides: Sequence[Override], provider_of: dict[str, str]) -> None:
        """Use these operators' prices from now on; `provider_of` is the provider id of each deployment id that they touch."""
        by_model: dict[tuple[str | None, str | None, str], list[Override]] = {}
        for override in sorted(overrides, key=lambda one: one.valid_from_us):
            by_model.setdefault((override.provider_id, override.vendor, override.model), []).append(override)
        if by_model != self._overrides or not provider_of.items() <= self._provider_of.items():
            self._overrides = by_model
            self._provider_of |= provider_of  # a deployment that is gone may still have calls in the spool
            self._quotes.clear()

    def price(self, record: CallRecord, place: object = None) -> Cost:
        """What the call cost and the source of its price.

        `place` is anything hashable that calls share only if their team, deployment, vendor and model sent are the same.
        """
        key = place or (record.deployment_id, record.team_id, record.vendor, record.model_sent)
        quote = self._quotes.get(key)
        if quote is None or not quote.since_us <= record.started_us < quote.until_us:
            if len(self._quotes) >= _MOST_CACHED:
                self._quotes.clear()
            quote = self._quotes[key] = self._quote(record)
        if quote.rates is not None:
            picos = cost(quote.rates, record)
        elif quote.calculate is not None:
            picos = quote.calculate(record)
        else:
            return UNKNOWN
        return UNKNOWN if picos is None else (picos, quote.source)

    def _quote(self, record: CallRecord) -> _Quote:
        vendor, model = record.vendor, record.model_sent
        if vendor is None or model is None:
            return _Quote(-_EVER, _EVER, None, None, None)
        since_us, until_us, override = self._override(record, vendor, model)
        if override is not None:
            source = f"override:{override.id}"
            return _Quote(since_us, until_us, source, rates(*override[6:]), None)
        day = record.started_us // _DAY_US * _DAY_US
        since_us, until_us = max(since_us, day), min(until_us, day + _DAY_US)
        if vendor == "demo":
            return _Quote(since_us, until_us, "demo", FREE, None)
        if vendor in _UNPRICED_VENDORS or self._vendor_prices is None:
            return _Quote(since_us, until_us, None, None, None)
        source = self._vendor_prices.source
        found = self._vendor_prices.of_day(_PRICED_AS.get(vendor, vendor), model, record.started_us)
        if isinstance(found, Rates):
            return _Quote(since_us, until_us, source, found, None)
        return _Quote(since_us, until_us, source, None, found)

    def _override(self, record: CallRecord, vendor: str, model: str) -> tuple[int, int, Override | None]:
        """The operator's price of this call's time, a provider's before a vendor's, and the span in which that choice holds."""
        since_us, until_us = -_EVER, _EVER
        provider_id = self._provider_of.get(record.deployment_id or "")
        places: list[tuple[str | None, str | None, str]] = [(None, vendor, model)]
        if provider_id is not None:
            places.insert(0, (provider_id, None, model))
        for place in places:
            mine = [one for one in self._overrides.get(place, ()) if one.team_id in (None, record.team_id)]
            for one in mine:
                if one.valid_from_us > record.started_us:
                    until_us = min(until_us, one.valid_from_us)
            valid = [one for one in mine if one.valid_from_us <= record.started_us]
            if valid:
                since_us = max(since_us, valid[-1].valid_from_us)
                return since_us, until_us, valid[-1]
        return since_us, until_us, None


_MTOK = (
    *("input_mtok", "cache_read_mtok", "output_mtok", "output_reasoning_mtok"),
    *("cache_write_mtok", "input_audio_mtok", "output_audio_mtok"),
)
"""What genai-prices calls the parameters of `rates`, in their order."""

_OF_UNITS = {
    "characters": ("input_mchars", 1_000_000),
    "pages": ("input_document_kpages", 1_000),
    "seconds": ("input_audio_hours", 3_600),
}
"""Units of records: what genai-prices calls their price, and how many of them it is for."""
_MOST_UNITS = 10**12
"""More is a vendor's mistake, and its cost would have no room."""


class VendorPrices:
    """The prices that come with genai-prices. Making one imports it, which takes a moment."""

    def __init__(self) -> None:
        import genai_prices
        from genai_prices import data_snapshot, types

        self.source = f"genai-prices:{genai_prices.__version__}"
        self._genai: Any = genai_prices
        self._types: Any = types
        self._snapshot: Any = data_snapshot.get_snapshot()

    def of_day(self, vendor: str, model: str, started_us: int) -> Rates | Callable[[CallRecord], int | None] | None:
        """Rates that hold all the UTC day of `started_us`, else a calculation for each call, else None: not known."""
        try:
            _, found = self._snapshot.find_provider_model(model, None, vendor, None)
        except LookupError:
            return None
        prices = found.prices
        if isinstance(prices, list):
            if not prices:
                return None
            if any(isinstance(one.constraint, self._types.TimeOfDateConstraint) for one in prices):
                return lambda record: self._calculate(vendor, model, record)
            prices = found.get_prices(_when(started_us))
        known = {name: value for name, value in vars(prices).items() if value is not None}
        if "input_mtok" not in known and "output_mtok" not in known:
            return _by_unit(known)
        used = [known.get(name) for name in _MTOK]
        if "requests_kcount" in known or any(isinstance(value, self._types.TieredPrices) for value in used):
            return lambda record: self._calculate(vendor, model, record)
        return rates(*used)

    def _calculate(self, vendor: str, model: str, record: CallRecord) -> int | None:
        if record.input_tokens is None and record.output_tokens is None:
            return None
        counts = {
            "input_tokens": record.input_tokens or 0,
            "cache_read_tokens": min(record.cached_input_tokens or 0, record.input_tokens or 0),
            "output_tokens": record.output_tokens or 0,
            **_special_counts(record),
        }
        try:
            result = self._genai.calc_price(
                self._genai.Usage(**counts), model, provider_id=vendor, genai_request_timestamp=_when(record.started_us)
            )
        except (LookupError, ValueError):
            return None
        for direction in ("input", "output"):
            if counts[f"{direction}_tokens"] and getattr(result.model_price, f"{direction}_mtok") is None:
                return None
        return to_picos(result.total_price)


def _by_unit(known: dict[str, Any]) -> Callable[[CallRecord], int | None] | None:
    """A calculation for a model that is paid for by characters, pages or seconds, exact and rounded once; None: no such price."""
    each = {
        unit: Fraction(known[name]) * PICOS / count
        for unit, (name, count) in _OF_UNITS.items()
        if isinstance(known.get(name), Decimal)
    }
    if not each:
        return None

    def calculate(record: CallRecord) -> int | None:
        price, count = each.get(record.units or ""), record.unit_count
        if price is None or count is None or not 0 <= count <= _MOST_UNITS:
            return None
        # The shortest decimal is what the vendor wrote; the float's own value has digits that nobody said.
        return round(price * Fraction(repr(count)))

    return calculate


def _special_counts(record: CallRecord) -> dict[str, int]:
    """Kinds of token that few calls have, as genai-prices counts them: each at most what the kinds before it leave."""
    counts: dict[str, int] = {}
    left = max(0, (record.input_tokens or 0) - (record.cached_input_tokens or 0))
    if wrote := min(record.cache_write_tokens or 0, left):
        counts["cache_write_tokens"] = wrote
    if audio := min(record.audio_input_tokens or 0, left - wrote):
        # Of audio nothing is known to come from the cache or to go there; genai-prices wants that said.
        counts |= {"input_audio_tokens": audio, "cache_audio_read_tokens": 0, "cache_audio_write_tokens": 0}
    if audio := min(record.audio_output_tokens or 0, record.output_tokens or 0):
        counts["output_audio_tokens"] = audio
    return counts


def usd(text: str | None) -> Decimal | None:
    """A stored price; None for what is null. Raises ValueError for what is not a plain amount of money."""
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("not an amount") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("not an amount")
    return amount


def _divide(total: int, scale: int) -> int:
    whole, rest = divmod(total, scale)
    if rest * 2 > scale or (rest * 2 == scale and whole % 2):
        whole += 1
    return whole


def _when(started_us: int) -> datetime:
    return datetime.fromtimestamp(started_us / 1_000_000, UTC)
