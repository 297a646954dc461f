"""Which addresses an identity provider may have.

One strict form for all of them: what several parsers could read in several ways (user names, backslashes, spaces) is none.
Sources: OpenID Connect Discovery 1.0, sections 3 and 4.3; RFC 9700 (best current practice), section 2.6.
"""

import ipaddress
import re
from collections.abc import Collection
from typing import NamedTuple

MOST = 500
_FORM = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII,
)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)


NAMES_TAKEN = frozenset(("scim", "manual", "password", "invitation"))
"""They say of a membership or a session that it is from no identity provider."""


class Address(NamedTuple):
    """A parsed address."""

    scheme: str
    host: str
    """With its port where one is named, in lower case."""
    query: bool

    @property
    def loopback(self) -> bool:
        """Whether it is this machine itself."""
        name = self.host.rpartition(":")[0] if re.search(r":[0-9]+$", self.host) else self.host
        try:
            return ipaddress.ip_address(name.strip("[]")).is_loopback
        except ValueError:
            return name == "localhost"

    @property
    def private(self) -> bool:
        """Whether nobody between here and there can read or change what passes."""
        return self.scheme == "https" or self.loopback


def parsed(text: object) -> Address | None:
    """The address; None when it has not the one form that is accepted."""
    if not isinstance(text, str) or len(text) > 2000:
        return None
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    host = found["host"].lower() + (found["port"] or "")
    return Address(found["scheme"], host, found["query"] is not None)


def is_issuer(text: str) -> bool:
    """Whether this can be an issuer: https, or plain http on this machine; no query."""
    address = parsed(text)
    return address is not None and len(text) <= MOST and address.private and not address.query


def is_public_url(text: str) -> bool:
    """Whether browsers can be told to come to this address."""
    address = parsed(text)
    return address is not None and address.private and not address.query


def is_host(text: str) -> bool:
    """Whether this is a host's name, with or without a port."""
    return _HOST.fullmatch(text) is not None


def may_call(text: object, issuer: str, hosts: Collection[str]) -> bool:
    """Whether an address that an issuer's own description names is the issuer's, or at a host that was allowed besides."""
    address, home = parsed(text), parsed(issuer)
    if address is None or home is None or not address.private:
        return False
    if address.host == home.host:
        return address.scheme == home.scheme
    return address.host in hosts
