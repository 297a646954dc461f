"""Where a vendor is and how long it may take: the frozen facts that a connection is opened and pooled by."""

import base64
import hashlib
import ipaddress
import urllib.parse
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Endpoint:
    """One way to reach one provider account; built once per snapshot. Raises ValueError for an unusable proxy.

    Two endpoints are equal when a connection of one may serve the other: an account whose address, name, trust or proxy
    changed gets fresh connections, one whose time limits changed keeps its own.
    """

    scheme: Literal["http", "https", "unix"]
    host: str = "localhost"
    port: int = 0
    unix_path: str = ""
    ca_pem: str | None = None
    """Certificates to trust instead of the system's."""
    proxy: str | None = None
    """`http://[user:password@]host:port`; asked by CONNECT for https, by absolute-form targets for http."""
    name: str = ""
    """The account; part of the identity, so that two accounts never share a connection."""
    connect_timeout_ns: int = 5_000_000_000
    """To resolve, connect and finish TLS."""
    first_byte_timeout_ns: int = 120_000_000_000
    """From the request handed over to the first byte of the reply."""
    idle_timeout_ns: int = 60_000_000_000
    """Longest silence in the middle of a reply."""
    total_timeout_ns: int = 600_000_000_000
    """What the caller's deadline was made from; named in the failure, enforced by the deadline given to each call."""

    identity: str = field(init=False)
    """Digest of everything that a connection depends on; shows no proxy credentials."""
    dial: tuple[str, int] = field(init=False)
    """Host and port to connect to: the proxy's if there is one."""
    proxy_authorization: bytes = field(init=False)
    """`proxy-authorization` field line with its line end, or nothing."""
    absolute_prefix: bytes = field(init=False)
    """What turns an origin-form target into an absolute one for a plain proxy, or nothing."""

    def __post_init__(self) -> None:
        parts = (self.scheme, self.host, str(self.port), self.unix_path, self.ca_pem or "", self.proxy or "", self.name)
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
        dial, authorization = _parse_proxy(self.proxy) if self.proxy else ((self.host, self.port), b"")
        prefix = f"http://{self.authority}".encode() if self.proxy and self.scheme == "http" else b""
        object.__setattr__(self, "identity", digest)
        object.__setattr__(self, "dial", dial)
        object.__setattr__(self, "proxy_authorization", authorization)
        object.__setattr__(self, "absolute_prefix", prefix)

    @property
    def authority(self) -> str:
        """`host:port`, with the brackets of an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def literal(self) -> str | None:
        """The host where it is an IP address already, else None."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Endpoint) and other.identity == self.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __repr__(self) -> str:
        place = self.unix_path if self.scheme == "unix" else self.authority
        return f"Endpoint({self.name!r}, {self.scheme}://{place}{', by proxy' if self.proxy else ''})"


def _parse_proxy(text: str) -> tuple[tuple[str, int], bytes]:
    """Address and `proxy-authorization` line of a proxy URL. A ValueError never shows the URL, which may hold a password."""
    problem = "a proxy has to be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(problem) from None
    if (
        parts.scheme != "http"
        or not parts.hostname
        or not port
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
    ):
        raise ValueError(problem)
    line = b""
    if parts.username is not None:
        credentials = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        line = b"proxy-authorization: Basic " + base64.b64encode(credentials.encode()) + b"\r\n"
    return (parts.hostname, port), line
