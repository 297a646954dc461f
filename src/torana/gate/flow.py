"""The journey of a call, on one screen: identify, admit, route, upstream, meter, record. Each step is a folder of that name.

There is one way out. Whatever happens on the way, the call is settled, its record written, and only then does the last byte of
the reply leave: a caller who has seen the end of a reply finds its record (laws 2 and 3).
"""

from typing import NamedTuple

from torana.core.errors import Refusal
from torana.dialects.openai.errors import encode_error, encode_error_event
from torana.dialects.openai.request import peek
from torana.gate.admit.limits import admit, settle
from torana.gate.call import Call, CallerLeft, log_failure
from torana.gate.exchange import forward
from torana.gate.headers import reply_headers
from torana.gate.identify.key import identify
from torana.gate.meter.estimate import meter
from torana.gate.models import list_models
from torana.gate.record.write import record, reserve
from torana.gate.route.paths import find_path
from torana.gate.route.targets import find_offer

_JSON = b"content-type: application/json\r\n"
_NO_HEADERS = b""


class Ending(NamedTuple):
    """The last thing a call gives its caller."""

    status: int
    headers: bytes
    body: bytes
    begun: bool = False
    """A streamed reply has begun: `body` is its last piece."""
    cut: bool = False
    """The begun reply cannot be ended properly, so the connection is cut."""
    close: bool = False


async def journey(call: Call) -> None:
    """From a whole request to its reply and record."""
    try:
        if not reserve(call):
            raise Refusal("record_space_exhausted", headers=(("retry-after", "1"),))
        ending = await _answer(call)
    except Refusal as refusal:
        ending = refuse(call, refusal)
    except CallerLeft:
        ending = refuse(call, Refusal("caller_left"))
    except Exception as error:
        log_failure(call, error)
        ending = refuse(call, Refusal("internal_error"))
    finish(call, ending)


async def _answer(call: Call) -> Ending:
    request = call.request
    path = find_path(request.path, request.method)
    call.path = path
    if request.method == b"OPTIONS":
        return Ending(204, b"allow: %b, OPTIONS\r\n" % b", ".join(sorted(path.methods)), b"")
    identify(call)
    if path.handling == "models":
        return Ending(200, _JSON, list_models(call))
    call.seen = peek(request.body)
    find_offer(call)
    admit(call)
    if call.offer is not None and call.offer.keep_bodies:
        call.kept = []
    reply = await forward(call)
    return Ending(reply.status, reply.headers, reply.body, reply.begun, reply.cut)


def refuse(call: Call, refusal: Refusal, close: bool = False) -> Ending:
    """The ending that tells the caller of a refusal: as a reply, or as the last event of a stream that had begun."""
    call.error = refusal.code
    if call.exchange is not None:
        call.exchange.cancel()
        call.exchange = None
    if call.stream_events is not None and call.first_byte_ns:
        return Ending(call.status, _NO_HEADERS, encode_error_event(refusal, call.id), begun=True)
    headers = _JSON
    for name, value in refusal.headers:
        headers += b"%b: %b\r\n" % (name.encode(), value.encode())
    return Ending(refusal.status, headers, encode_error(refusal, call.id), close=close)


def finish(call: Call, ending: Ending) -> None:
    """Settle, record, deliver: in this order, once."""
    settle(call)
    call.status = ending.status
    meter(call)
    body = ending.body
    if body and not ending.cut:
        call.sent(len(body))
    if call.kept is not None:
        call.keep(body, call.gate.settings.body_keep_bytes)
    record(call)
    call.gate.metrics.count(call)
    connection = call.connection
    if ending.cut:
        connection.abort()
    elif ending.begun:
        connection.finish(body)
    else:
        connection.reply(ending.status, reply_headers(call, ending.headers), body, ending.close)


def refused(call: Call, refusal: Refusal) -> None:
    """A request the listener could not accept: the same way out, for the same one record."""
    reserve(call)
    finish(call, refuse(call, refusal, close=True))
