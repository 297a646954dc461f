"""The lines that every reply of the journey carries."""

from torana.gate.admit.limits import rate_headers
from torana.gate.call import Call


def reply_headers(call: Call, own: bytes) -> bytes:
    """`own` lines, then the call id, what served it, and the state of its tightest limit."""
    identifier = call.id.encode()
    offer, target = call.offer, call.answered_by or call.target
    served = b"" if offer is None or target is None else offer.headers[target]
    return b"%bx-torana-call-id: %b\r\nx-request-id: %b\r\n%b%b" % (
        own,
        identifier,
        identifier,
        served,
        rate_headers(call),
    )
