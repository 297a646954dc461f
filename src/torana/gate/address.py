"""Where a call comes from: the peer, or behind trusted proxies what the nearest of them was told by somebody who is none.

Each proxy adds the address that it was called from at the right of `X-Forwarded-For`; whatever stands further left may be the
caller's own invention. So the list is read from the right, for as long as those who wrote it are trusted.
Source: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For (selecting an IP address).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torana.gate.call import Call

Networks = tuple[IPv4Network | IPv6Network, ...]
_FORWARDED = b"x-forwarded-for"
_MOST_HOPS = 50
_KNOWN = "caller address"
UNKNOWN = "unknown"


def parse_networks(text: str) -> Networks:
    """The setting `trusted_proxies`, which was checked at the start. Raises ValueError."""
    return tuple([ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()])


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address in its one form: IPv4 in IPv6 is IPv4, and a zone is left out. None where it is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        plain = IPv6Address(int(address))
        return plain.ipv4_mapped or plain
    return address


def caller_address(call: "Call") -> str:
    """The address that counts. `unknown` where a trusted proxy tells none that can be read."""
    peer, view = call.connection.peer, call.view
    if view is None or not view.proxies:
        return peer
    # One connection has one peer, and requests with the same head share what is known of it.
    known = call.request.known
    found: str | None = known.get(_KNOWN)
    if found is None:
        found = known[_KNOWN] = _behind(peer, call.request.headers.get(_FORWARDED), view.proxies)
    return found


def _behind(peer: str, forwarded: bytes | None, proxies: Networks) -> str:
    address = parse_address(peer)
    if address is None or forwarded is None or not _in(address, proxies):
        return peer
    for hop in reversed(forwarded.rsplit(b",", _MOST_HOPS)):
        address = parse_address(_without_port(hop.decode("latin-1").strip()))
        if address is None:
            return UNKNOWN
        if not _in(address, proxies):
            break
    return str(address)


def _in(address: IPv4Address | IPv6Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _without_port(text: str) -> str:
    """Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, _, port = text.partition(":")
    return host if port.isascii() and port.isdigit() and "." in host else text
