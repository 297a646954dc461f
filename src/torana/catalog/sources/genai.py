"""genai-prices: the installed package (MIT). Source: https://github.com/pydantic/genai-prices"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from torana.catalog.sources.entry import Entry, Prices, count
from torana.catalog.vendors import VENDORS


def entries(providers: Iterable[Any], as_of: datetime) -> Iterator[Entry]:
    """One entry for each model of a vendor that Torana knows, with the prices that hold at `as_of`."""
    for provider in providers:
        if provider.id in VENDORS:
            for model in provider.models:
                yield _entry(provider.id, model.id, model, as_of)


def lookup(providers: Iterable[Any], as_of: datetime) -> Callable[[str, str], Entry | None]:
    """A function that finds what a vendor's request with a model's name would be priced by, as the recorder does."""
    known = {provider.id: provider for provider in providers}

    def find(vendor: str, model: str) -> Entry | None:
        provider = known.get(VENDORS[vendor].priced_as or vendor)
        found = None if provider is None else provider.find_model(model)
        if found is None:
            return None
        whole = _entry(vendor, model, found, as_of)
        # One row of prices may be for a whole family; what else it says is then of the family's first member.
        return whole if found.id.lower() == model.lower() else Entry(vendor, model, prices=whole.prices)

    return find


def noon(day: str) -> datetime:
    """The middle of a day, YYYY-MM-DD, in UTC."""
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)


def _entry(vendor: str, model: str, found: Any, as_of: datetime) -> Entry:
    prices = vars(found.get_prices(as_of)) if found.prices else {}
    return Entry(
        vendor,
        model,
        name=found.name,
        context_window=count(found.context_window),
        deprecated=bool(found.deprecated),
        prices=Prices(*(_rate(prices.get(name)) for name in ("input_mtok", "cache_read_mtok", "output_mtok"))),
    )


def _rate(value: Any) -> Decimal | None:
    """The price of the first tier. Zero is said on purpose here."""
    base = getattr(value, "base", value)
    return base.normalize() if isinstance(base, Decimal) else None
