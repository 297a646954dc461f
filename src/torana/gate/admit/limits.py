"""Takes one unit of every limit that a call counts against, all or none, and gives concurrency back when it ends."""

from math import ceil
from time import monotonic_ns
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.stores.counters.shared import CountersBusyError, Gauge, Rate

if TYPE_CHECKING:
    from torana.gate.call import Call

_PERIODS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def admit(call: "Call") -> None:
    """Reserve. Raises Refusal: rate_limit_exceeded, concurrency_limit_exceeded or counters_unavailable."""
    offer = call.offer
    assert offer is not None
    now_ns = monotonic_ns()
    gauges: list[Gauge] = []
    rates: list[Rate] = []
    asked: Gauge | Rate | None = None
    try:
        for gauge in offer.gauges:
            asked = gauge
            if not gauge.take():
                limit = gauge.limit
                raise Refusal(
                    "concurrency_limit_exceeded",
                    owner=limit.owner,
                    amount=limit.amount,
                    headers=(("retry-after", "1"),),
                )
            gauges.append(gauge)
        for rate in offer.rates:
            asked = rate
            if not rate.take(now_ns):
                raise _rate_refusal(rate, now_ns)
            rates.append(rate)
    except (Refusal, CountersBusyError) as error:
        # A refused call uses nothing up.
        for gauge in gauges:
            gauge.release()
        for rate in rates:
            rate.give_back()
        if isinstance(error, Refusal):
            raise
        owner = "this call" if asked is None else asked.limit.owner
        raise Refusal("counters_unavailable", owner=owner, headers=(("retry-after", "1"),)) from None
    call.held = offer.gauges


def settle(call: "Call") -> None:
    """Give back what the call held. Whatever way the call ends, this runs once."""
    held, call.held = call.held, ()
    for gauge in held:
        gauge.release()


def rate_headers(call: "Call") -> bytes:
    """`x-ratelimit-*` of the tightest requests limit, spelt as OpenAI does; nothing when there is none."""
    offer = call.offer
    if offer is None or not offer.rates:
        return b""
    rates = offer.rates
    rate = rates[0]
    tightest, remaining = 0, rate.free + rate.left
    if len(rates) > 1:
        remaining, tightest = min((rate.free + rate.left, number) for number, rate in enumerate(rates))
    return b"%b%d\r\n" % (offer.rate_headers[tightest], remaining)


def _rate_refusal(rate: Rate, now_ns: int) -> Refusal:
    limit = rate.limit
    seconds = max(1, ceil(rate.retry_ns(now_ns) / 1e9))
    return Refusal(
        "rate_limit_exceeded",
        owner=limit.owner,
        amount=limit.amount,
        period=_PERIODS.get(limit.period_seconds, f"{limit.period_seconds} seconds"),
        seconds=seconds,
        headers=(("retry-after", str(seconds)),),
    )
