"""The lines that every reply of the journey carries."""

import re

from torana.gate.admit.limits import rate_headers
from torana.gate.call import Call

_ODD = re.compile(r"[^\w.\[\]\- ]", re.ASCII)
_MOST_DROPPED = 50


def reply_headers(call: Call, own: bytes) -> bytes:
    """`own` lines, then the call id, what served it, and the state of its tightest limit."""
    identifier = call.id.encode()
    target = call.answered_by or call.target
    served = b"" if target is None else target.lines
    if call.dropped:
        own += b"x-torana-dropped: %b\r\n" % _listed(call.dropped)
    if call.path is not None and call.path.dialect.id_header is not None:
        own += b"%b: %b\r\n" % (call.path.dialect.id_header, identifier)
    return b"%bx-torana-call-id: %b\r\nx-request-id: %b\r\n%b%b" % (
        own,
        identifier,
        identifier,
        served,
        rate_headers(call),
    )


def _listed(names: list[str]) -> bytes:
    """Names of parameters as a header's list; what a caller spelt oddly is made harmless."""
    return ", ".join([_ODD.sub("?", name[:100]) for name in names[:_MOST_DROPPED]]).encode()
