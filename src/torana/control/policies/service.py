"""Limits of teams, apps, keys and services; prices that operators set."""

from collections.abc import Collection, Iterable
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from torana.control.access.scope import Scope
from torana.control.policies import repository
from torana.control.policies.repository import Limit, Price
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = [
    "Limit",
    "LimitDraft",
    "Owner",
    "Price",
    "PriceDraft",
    "forget_owners",
    "listed_limits",
    "listed_prices",
    "owner",
    "price_by_id",
    "prices_page",
    "remove_price",
    "set_limits",
    "set_price",
]

MOST_PERIOD_SECONDS = 31 * 86_400
MOST_AMOUNT = 10**12

listed_limits = repository.listed_limits
listed_prices = repository.listed_prices
remove_price = repository.remove_price
price_by_id = repository.price_by_id
prices_page = repository.prices_page
OwnerKind = Literal["team", "app", "key", "service"]


class Owner(NamedTuple):
    """Whose limit it is. `team_id` is None for what the platform owns."""

    kind: OwnerKind
    id: str
    team_id: str | None


class LimitDraft(NamedTuple):
    """At most `amount` requests per period, or calls at a time (`period_seconds` 0)."""

    kind: Literal["requests", "concurrency"]
    amount: int
    period_seconds: int = 0


class PriceDraft(NamedTuple):
    """Dollars per million tokens, at most six decimals; None is unknown. For a vendor, or for one provider account."""

    model: str
    vendor: str | None = None
    provider_id: str | None = None
    team_id: str | None = None
    valid_from_us: int = 0
    input_usd: Decimal | None = None
    cached_input_usd: Decimal | None = None
    output_usd: Decimal | None = None
    reasoning_usd: Decimal | None = None


async def owner(connection: Connection, scope: Scope, kind: OwnerKind, owner_id: str) -> Owner:
    """Whose limits these are, within the scope. Raises Refusal `not_found`."""
    found = await repository.owner_team(connection, scope, kind, owner_id)
    if found is None:
        raise Refusal("not_found", noun=kind, name=owner_id[:64])
    return Owner(kind, owner_id, found[0])


async def set_limits(connection: Connection, owner: Owner, drafts: Iterable[LimitDraft]) -> None:
    """Replace all limits of an owner. Raises Refusal `invalid_field`."""
    wanted = [_limit(owner, draft) for draft in drafts]
    if len({(limit.kind, limit.period_seconds) for limit in wanted}) < len(wanted):
        raise Refusal("invalid_field", param="limits", reason="two limits have the same kind and period")
    await repository.remove_limits(connection, [owner.id])
    await repository.add_limits(connection, wanted)


async def forget_owners(connection: Connection, owner_ids: Collection[str]) -> None:
    """Delete the limits of owners that are going away."""
    await repository.remove_limits(connection, owner_ids)


async def set_price(connection: Connection, draft: PriceDraft) -> Price:
    """Set what a model costs from a time on; replaces the price with the same start. Raises Refusal."""
    if (draft.vendor is None) == (draft.provider_id is None):
        raise Refusal("invalid_field", param="vendor", reason="give either a vendor or a provider")
    price = Price(
        id=new_id("price"),
        team_id=draft.team_id,
        vendor=draft.vendor,
        provider_id=draft.provider_id,
        model=draft.model,
        valid_from_us=draft.valid_from_us,
        input_usd=_price_text(draft.input_usd, "input_usd"),
        cached_input_usd=_price_text(draft.cached_input_usd, "cached_input_usd"),
        output_usd=_price_text(draft.output_usd, "output_usd"),
        reasoning_usd=_price_text(draft.reasoning_usd, "reasoning_usd"),
        created_us=epoch_us(),
    )
    for other in await repository.listed_prices(connection):
        if _same_place(other, price):
            await repository.remove_price(connection, other.id)
    await repository.add_price(connection, price)
    return price


def _same_place(one: Price, other: Price) -> bool:
    return (one.vendor, one.provider_id, one.model, one.valid_from_us) == (
        other.vendor,
        other.provider_id,
        other.model,
        other.valid_from_us,
    )


def _limit(owner: Owner, draft: LimitDraft) -> Limit:
    fits = (
        draft.period_seconds == 0 if draft.kind == "concurrency" else 1 <= draft.period_seconds <= MOST_PERIOD_SECONDS
    )
    if not fits:
        reason = f"a request limit has a period of 1 s to {MOST_PERIOD_SECONDS} s, a concurrency limit has none"
        raise Refusal("invalid_field", param="limits", reason=reason)
    if not 0 <= draft.amount <= MOST_AMOUNT:
        raise Refusal("invalid_field", param="limits", reason=f"the amount has to lie between 0 and {MOST_AMOUNT}")
    return Limit(new_id("limit"), owner.team_id, owner.kind, owner.id, draft.kind, draft.amount, draft.period_seconds)


def _price_text(value: Decimal | None, param: str) -> str | None:
    if value is None:
        return None
    try:
        exact = value.quantize(Decimal("0.000001"))
    except InvalidOperation:
        exact = None
    if exact is None or exact != value or not 0 <= value < 10**9:
        raise Refusal("invalid_field", param=param, reason="expected dollars from 0 with at most six decimals")
    return f"{value:f}"
