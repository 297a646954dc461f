"""One decision, whichever header carried the key."""

import urllib.parse
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.gate.identify import jwt

if TYPE_CHECKING:
    from torana.gate.call import Call

_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")
_MOST_BYTES = 512
_SIGV4 = b"AWS4-"
_SIGNED = (
    "This request is signed with an AWS access key, which means nothing here. Set the environment variable "
    "AWS_BEARER_TOKEN_BEDROCK to a key of this gateway, and AWS's clients send that instead."
)


def identify(call: "Call") -> None:
    """Set the call's principal.

    Raises Refusal: missing_, invalid_ or expired_api_key, ambiguous_credentials, key_scope, address_not_allowed, not_ready.
    """
    view = call.view
    if view is None:
        raise Refusal("not_ready")
    known = call.request.known
    seen = known.get("principal")
    if seen is not None and seen[0] is view:
        # The same head under the same snapshot: the same key, found already.
        principal = seen[1]
    else:
        token = _token(call.request.headers, call.request.query)
        principal = view.principal(token)
        if principal is None:
            if not jwt.is_token(token):
                raise Refusal("invalid_api_key")
            principal = view.bearer(token, call.started_us)
        known["principal"] = (view, principal)
    call.principal = principal
    expires_us = principal.expires_us
    if expires_us and expires_us <= call.started_us:
        raise Refusal("expired_api_key", instead=jwt.EXPIRED if principal.key.id.startswith("issuer_") else None)
    if principal.bounds is not None:
        principal.bounds.check(call)


def _token(headers: dict[bytes, bytes], query: bytes) -> bytes:
    found = headers.get(b"authorization")
    if found is not None:
        if found[:7].lower() != b"bearer ":
            raise Refusal("invalid_api_key", instead=_SIGNED if found.startswith(_SIGV4) else None)
        found = found[7:].strip()
    for name in _HEADERS:
        if (other := headers.get(name)) is not None:
            if found is not None and found != other:
                raise Refusal("ambiguous_credentials")
            found = other
    if query and b"key=" in query:
        for value in _query_keys(query):
            if found is not None and found != value:
                raise Refusal("ambiguous_credentials")
            found = value
    if not found:
        raise Refusal("missing_api_key")
    if len(found) > _MOST_BYTES and (len(found) > jwt.MOST_BYTES or not jwt.is_token(found)):
        raise Refusal("invalid_api_key")
    return found


def _query_keys(query: bytes) -> list[bytes]:
    try:
        fields = urllib.parse.parse_qsl(query.decode("ascii", "replace"), max_num_fields=100)
    except ValueError:
        return []
    return [value.encode() for name, value in fields if name == "key"]
