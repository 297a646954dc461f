"""A rendered request as it goes on the wire: to which endpoint, with which head and credential."""

import urllib.parse
from typing import TYPE_CHECKING, NamedTuple

from torana.core.errors import Refusal
from torana.custom.steps import HttpRequest, credential
from torana.gate.target import ALWAYS_FORWARDED, USER_AGENT, host_of

if TYPE_CHECKING:
    from torana.custom.describe import Auth
    from torana.gate.call import Call
    from torana.gate.target import Target
    from torana.gate.upstream.endpoint import Endpoint

_PORTS = {"http": 80, "https": 443}


class Addressed(NamedTuple):
    """Ready to be sent."""

    endpoint: "Endpoint"
    head: bytes


def addressed(call: "Call", target: "Target", auth: "Auth", rendered: HttpRequest) -> Addressed:
    """Where a rendered request goes and its whole head. Raises Refusal: upstream_credential_unusable, upstream_connect_failed."""
    account = target.account
    parts = urllib.parse.urlsplit(rendered.origin or account.base_url)
    if not parts.hostname:
        raise Refusal("upstream_connect_failed", target=target.name, reason="its provider has no base URL")
    path = rendered.target if rendered.origin is not None else parts.path.rstrip("/") + rendered.target
    fields = {name.lower().encode(): value.encode() for name, value in account.headers.items()}
    for name in ALWAYS_FORWARDED:
        if value := call.request.headers.get(name):
            fields[name] = value
    fields |= {b"accept-encoding": b"identity", b"user-agent": USER_AGENT}
    fields |= {name.lower().encode(): value.encode() for name, value in rendered.headers}
    carried = credential(auth, target.key)
    if carried is not None:
        _check_credential(target, rendered, carried[1])
        fields[carried[0].lower().encode()] = carried[1].encode()
    if rendered.body or rendered.method != "GET":
        fields[b"content-length"] = b"%d" % len(rendered.body)
    lines = b"".join([b"%b: %b\r\n" % field for field in fields.items()])
    first = f"{rendered.method} {path} HTTP/1.1\r\nhost: {host_of(parts)}\r\n".encode()
    return Addressed(target.endpoint_at(parts), first + lines + b"\r\n")


def _check_credential(target: "Target", rendered: HttpRequest, value: str) -> None:
    """The account's secret belongs to the account's server: no description takes it elsewhere."""
    reason = None
    if rendered.origin is not None and _origin(rendered.origin) != _origin(target.account.base_url):
        reason = "the description's url leads to another server than the provider's base URL, to which the key belongs"
    elif not (value.isascii() and value.isprintable()):
        reason = "it holds characters that a header cannot"
    if reason is not None:
        raise Refusal("upstream_credential_unusable", target=target.name, reason=reason)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
