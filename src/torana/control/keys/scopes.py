"""What a key may be narrowed to: services, endpoints and models that it may call, networks that it may be used from.

A scope only ever takes away: whatever it lists, a key can do no more than its app. Stored as JSON; null is no restriction.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from torana.core.endpoints import ENDPOINTS
from torana.core.errors import Refusal

MOST_ENTRIES = 200
_MOST_TEXT = 200
_PARTS = ("services", "endpoints", "models")
_MAPPED = IPv6Network("::ffff:0:0/96")


class Scopes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a key may call; None is all that its app may."""

    services: tuple[str, ...] | None = None
    """Names or ids."""
    endpoints: tuple[str, ...] | None = None
    """Of core/endpoints.py, or the beginning of some with `*` at the end."""
    models: tuple[str, ...] | None = None
    """As vendors call them, or the beginning of some with `*` at the end."""


_decode_scopes = msgspec.json.Decoder(Scopes).decode
_decode_networks = msgspec.json.Decoder(tuple[str, ...]).decode


def scopes_problem(part: str, entry: str) -> str | None:
    """Why this cannot be an entry of `services`, `endpoints` or `models`; None when it can."""
    if not 1 <= len(entry) <= _MOST_TEXT or not entry.isprintable() or " " in entry:
        return f"expected 1 to {_MOST_TEXT} characters without spaces"
    if part == "endpoints" and not _endpoint(entry):
        return (
            f"{entry} is no path at which models are called: expected one such as /v1/chat/completions, or /v1/images/*"
        )
    if part == "models" and "*" in entry[:-1]:
        return "* can only stand at the end"
    return None


def network_of(text: str) -> str:
    """A network in its one usual form; a single address is a network of one. Raises ValueError that says what is wrong."""
    try:
        network = ip_network(text)
    except ValueError:
        try:
            wider = ip_network(text, strict=False)
        except ValueError:
            raise ValueError("expected a network such as 10.0.0.0/8 or 2001:db8::/32") from None
        raise ValueError(f"it is no network: did you mean {wider} or {text.partition('/')[0]}?") from None
    if isinstance(network, IPv6Network):
        if "%" in text:
            raise ValueError("a network has no zone")
        if network.subnet_of(_MAPPED):
            # Callers by IPv4 are known by their IPv4 address.
            network = IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return str(network)


def stored_scopes(scopes: Scopes | None) -> str | None:
    """For the table; entries that stand twice count once. Raises Refusal `invalid_field`."""
    if scopes is None or scopes == Scopes():
        return None
    found: dict[str, tuple[str, ...]] = {}
    for part in _PARTS:
        entries: tuple[str, ...] | None = getattr(scopes, part)
        if entries is not None:
            param = f"scopes.{part}"
            _check_count(entries, param)
            for entry in entries:
                if problem := scopes_problem(part, entry):
                    raise Refusal("invalid_field", param=param, reason=problem)
            found[part] = tuple(dict.fromkeys(entries))
    return msgspec.json.encode(Scopes(**found)).decode()


def stored_networks(networks: Sequence[str] | None) -> str | None:
    """For the table, each in its usual form. Raises Refusal `invalid_field`."""
    if networks is None:
        return None
    _check_count(networks, "networks")
    found: dict[str, None] = {}
    for text in networks:
        try:
            found[network_of(text)] = None
        except ValueError as error:
            raise Refusal("invalid_field", param="networks", reason=str(error)) from None
    return msgspec.json.encode(list(found)).decode()


def opened_scopes(text: str | None) -> Scopes | None:
    """From the table."""
    return None if text is None else _decode_scopes(text)


def opened_networks(text: str | None) -> tuple[str, ...] | None:
    """From the table."""
    return None if text is None else _decode_networks(text)


def _check_count(entries: Sequence[str], param: str) -> None:
    if not 1 <= len(entries) <= MOST_ENTRIES:
        reason = f"expected 1 to {MOST_ENTRIES} entries; leave it out or send null for no restriction"
        raise Refusal("invalid_field", param=param, reason=reason)


def _endpoint(entry: str) -> bool:
    if entry.endswith("*"):
        return any(endpoint.startswith(entry[:-1]) for endpoint in ENDPOINTS)
    return entry in ENDPOINTS
