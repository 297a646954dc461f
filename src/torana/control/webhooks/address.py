"""Which addresses a webhook may have: by the rules of provider accounts, and stricter, because any team may name one."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from torana.core.egress import Network, is_loopback, is_refused
from torana.core.errors import Refusal

MOST_URL = 2000
# Of DNS, or an address in brackets: nothing that another parser might read as something else.
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?|[0-9a-f:.]{2,45}", re.ASCII)
_PATH = re.compile(r"[!-~]*", re.ASCII)


def check_url(url: str, *, loopback: bool, deny: tuple[Network, ...] = ()) -> None:
    """Raises Refusal `invalid_field` with what is wrong. What the host's name leads to is looked at when it is called."""
    problem = url_problem(url, loopback, deny)
    if problem is not None:
        raise Refusal("invalid_field", param="url", reason=problem)


def url_problem(url: str, loopback: bool, deny: tuple[Network, ...] = ()) -> str | None:
    """What is wrong with an address, as part of a sentence that does not repeat it."""
    if len(url) > MOST_URL or not _PATH.fullmatch(url):
        return f"expected at most {MOST_URL} visible ASCII characters; write others as %XX"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it cannot be read as an address"
    if "[" in parts.netloc and not _is_address(host):
        return "it cannot be read as an address"
    if "@" in parts.netloc or "\\" in url or parts.fragment or port == 0 or not _HOST.fullmatch(host):
        return "expected https://HOST/PATH without user, password or fragment"
    here = _is_here(host)
    if here and not loopback:
        return "it is this machine itself; the setting webhooks_loopback allows that"
    if parts.scheme != "https" and not (here and parts.scheme == "http"):
        return "expected https://"
    if _is_address(host) and is_refused(host, deny):
        return "this address must not be called"
    return None


def allowed(address: str, *, loopback: bool, deny: tuple[Network, ...]) -> bool:
    """Whether a webhook may be sent to this address, which a name has led to."""
    return not is_refused(address, deny) and (loopback or not is_loopback(address))


def without_query(url: str) -> str:
    """An address to be shown: its query may hold a secret."""
    address, mark, _ = url.partition("?")
    return f"{address}?…" if mark else address


def pinned(parts: SplitResult, address: str) -> str:
    """The same address with the host's place taken by an IP address."""
    place = f"[{address}]" if ":" in address else address
    if parts.port is not None:
        place = f"{place}:{parts.port}"
    return parts._replace(netloc=place).geturl()


def _is_here(host: str) -> bool:
    return is_loopback(host) or host == "localhost" or host.endswith(".localhost")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
