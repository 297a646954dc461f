"""Which addresses gates, and control for webhooks, may connect to. Checked on the address itself, after resolution and before
connecting.

Loopback and private networks are allowed, because model servers live there; metadata services, link-local, multicast and
reserved ranges are refused. IPv6 forms that carry an IPv4 address are judged by that too.
Sources: RFC 6890 and the IANA special-purpose registries; RFC 6052 (NAT64), 3056 (6to4), 4380 (Teredo), 5214 (ISATAP).
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_REFUSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, unspecified
        "169.254.0.0/16",  # link-local: metadata services of most clouds
        "100.100.100.200/32",  # metadata service of Alibaba Cloud
        "168.63.129.16/32",  # platform service of Azure
        "192.0.0.0/24",  # protocol assignments: metadata service of Oracle Cloud
        "192.0.2.0/24",  # documentation
        "198.51.100.0/24",
        "203.0.113.0/24",
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_REFUSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001:db8::/32",  # documentation
        "3fff::/20",
        "2001:10::/28",  # ORCHID, withdrawn
        "2001:20::/28",  # ORCHIDv2 identifiers, never routed
        "fd00:ec2::254/128",  # metadata services of AWS and Google Cloud
        "fd20:ce::254/128",
    )
)
_LOOPBACK_V6 = IPv6Address("::1")
_ALLOWED_V6 = (IPv6Network("2000::/3"), IPv6Network("fc00::/7"))
"""Global unicast and unique local. Every other range is link-local, site-local, multicast, unassigned or reserved, or
local-use NAT64 (64:ff9b:1::/48), where nobody but its operator knows which bits are the IPv4 address."""
_EMBEDDING = tuple(
    (IPv6Network(text), shift)
    for text, shift in (
        ("::ffff:0:0/96", 0),  # IPv4-mapped
        ("::ffff:0:0:0/96", 0),  # IPv4-translated
        ("64:ff9b::/96", 0),  # NAT64
        ("2002::/16", 80),  # 6to4
        ("2001::/32", 64),  # Teredo: its server; the client follows below
    )
)
_COMPATIBLE = IPv6Network("::/96")
_TEREDO = IPv6Network("2001::/32")
_ISATAP = (0x00005EFE, 0x02005EFE)


def parse_networks(text: str) -> tuple[Network, ...]:
    """The setting `egress_deny`: CIDRs separated by commas. Raises ValueError naming the one that cannot be read."""
    networks = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            networks.append(ip_network(part, strict=False))
        except ValueError:
            raise ValueError(f"egress_deny: {part!r} is not a network such as 10.0.0.0/8") from None
    return tuple(networks)


def is_refused(address: str, deny: tuple[Network, ...] = ()) -> bool:
    """Whether a gate must not connect to this address (as the resolver gives it). What is no address is refused."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return True
    return _refused(parsed, deny)


def is_loopback(address: str) -> bool:
    """Whether this address, in whatever form, is this machine itself. What is no address is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return parsed.is_loopback
    plain = IPv6Address(int(parsed))
    return plain == _LOOPBACK_V6 or any(inner.is_loopback for inner in _embedded(plain))


def _refused(address: IPv4Address | IPv6Address, deny: tuple[Network, ...]) -> bool:
    if any(address in network for network in deny if network.version == address.version):
        return True
    if isinstance(address, IPv4Address):
        return any(address in network for network in _REFUSED_V4)
    # The scope of an address (`%eth0`) would keep it from matching any network.
    plain = IPv6Address(int(address))
    if plain != address:
        return _refused(plain, deny)
    embedded = tuple(_embedded(plain))
    if any(_refused(inner, deny) for inner in embedded):
        return True
    if any(plain in network for network in _REFUSED_V6):
        return True
    return not (embedded or plain == _LOOPBACK_V6 or any(plain in network for network in _ALLOWED_V6))


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """Every IPv4 address that this IPv6 address stands for."""
    number = int(address)
    for network, shift in _EMBEDDING:
        if address in network:
            yield IPv4Address((number >> shift) & 0xFFFFFFFF)
    if address in _TEREDO:
        yield IPv4Address((number & 0xFFFFFFFF) ^ 0xFFFFFFFF)
    if address in _COMPATIBLE and number > 1:
        yield IPv4Address(number & 0xFFFFFFFF)
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)
