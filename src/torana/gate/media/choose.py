"""Which service a call means whose body names no model: the one it names besides, or the only one that could be meant."""

import urllib.parse
from typing import TYPE_CHECKING

from torana.catalog.vendors import VENDORS
from torana.core.errors import Refusal
from torana.stores.counters.shared import CountersBusyError

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.view import Offer

HEADER = b"x-torana-service"
_MOST_NAMED = 10
_MOST_FIELDS = 100
_UNKNOWN_VENDOR = "openai-compatible"
"""Of these servers nobody knows what they offer; they are thought of when nobody else is known to offer it."""


def named(call: "Call") -> str | None:
    """The service that the header or the query names; None when neither does. Raises Refusal where they differ."""
    request = call.request
    given = request.headers.get(HEADER)
    name = None if given is None else given.decode("utf-8", "replace").strip()
    if b"service=" in request.query:
        for asked in _asked(request.query):
            if name is not None and asked != name:
                raise _unclear(call, "the header and the query, or two places of the query, name different services")
            name = asked
    return name or None


def choose(call: "Call") -> str:
    """The name of the service. Raises Refusal (service_not_named) where it is not clear."""
    name = named(call)
    if name is not None:
        return name
    view, principal, path = call.view, call.principal, call.path
    assert view is not None
    assert principal is not None
    assert path is not None
    known: dict[str, str] = {}
    possible: dict[str, str] = {}
    for name, service_id in sorted(principal.app.grants.items()):
        if service_id in known or service_id in possible:
            continue
        try:
            offer = view.offer(principal, name)
        except CountersBusyError:
            raise Refusal("counters_unavailable", owner=name[:200], headers=(("retry-after", "1"),)) from None
        if offer is None or offer.service.kind != "model":
            continue
        offered = _offers(offer, path.capability)
        if offered:
            known[service_id] = name
        elif offered is None:
            possible[service_id] = name
    found = sorted((known or possible).values())
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unclear(call, "none of the services that this key may call is known to offer it")
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    raise _unclear(call, f"this key may call several that could be meant ({', '.join(found[:_MOST_NAMED])}{more})")


def without_service(query: bytes) -> bytes:
    """The query as the vendor gets it: without what was meant for the gate."""
    if b"service=" not in query and b"key=" not in query:
        return query
    return b"&".join([field for field in query.split(b"&") if _name_of(field) not in ("service", "key")])


def _offers(offer: "Offer", capability: str) -> bool | None:
    """Whether its first target's vendor offers this in OpenAI's form; None where nobody knows."""
    if not offer.targets:
        return False
    account = offer.targets[0].account
    vendor = VENDORS.get(account.vendor)
    if vendor is None or vendor.id == _UNKNOWN_VENDOR:
        return None
    speaks = vendor.dialect == "openai_chat" or (capability == "rerank" and vendor.dialect == "cohere")
    return speaks and capability in vendor.capabilities


def _asked(query: bytes) -> list[str]:
    fields = query.split(b"&", _MOST_FIELDS)
    return [_value_of(field) for field in fields if _name_of(field) == "service"]


def _name_of(field: bytes) -> str:
    return urllib.parse.unquote_plus(field.partition(b"=")[0].decode("latin-1"))


def _value_of(field: bytes) -> str:
    return urllib.parse.unquote_plus(field.partition(b"=")[2].decode("latin-1"))


def _unclear(call: "Call", reason: str) -> Refusal:
    assert call.path is not None
    return Refusal("service_not_named", endpoint=call.path.label, reason=reason)
