"""What an issuer may be: bounds, and where its keys may be fetched from."""

import ipaddress
from urllib.parse import urlsplit

MOST_ALIKE = 20
"""How many issuers may have the same `iss`: a gate tries the keys of each."""
MOST_APPS = 1_000
MOST_AUDIENCES = 20


def uri_problem(uri: str) -> str | None:
    """What is wrong with an address to fetch keys from: whoever can answer in its place could make tokens, so it is https, or
    this machine."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
        plain = parts.scheme == "http" and _is_here(host)
        fits = bool(host) and (parts.scheme == "https" or plain) and "@" not in parts.netloc and not parts.fragment
    except ValueError:
        fits = False
    return None if fits and " " not in uri else "expected https://HOST/PATH, without user and fragment"


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
