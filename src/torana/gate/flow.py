"""The journey of a call, on one screen: identify, admit, route, upstream, meter, record. Each step is a folder of that name.

There is one way out. Whatever happens on the way, the call is settled, its record written, and only then does the last byte of
the reply leave: a caller who has seen the end of a reply finds its record (laws 2 and 3).
"""

from time import monotonic_ns

from torana.core.errors import ERRORS, Refusal
from torana.core.usage import UNKNOWN
from torana.gate.admit.limits import admit, settle
from torana.gate.call import Call, CallerLeft, Ending, log_failure
from torana.gate.custom.forward import forward_custom
from torana.gate.forward import forward
from torana.gate.headers import reply_headers
from torana.gate.identify.key import identify
from torana.gate.media.look import look
from torana.gate.media.send import send
from torana.gate.meter.estimate import meter
from torana.gate.models import list_models
from torana.gate.realtime import realtime
from torana.gate.record.write import record, reserve
from torana.gate.route.paths import find_path, named_model, spoken_at
from torana.gate.route.targets import find_offer

_JSON = b"content-type: application/json\r\n"
_NO_HEADERS = b""


async def journey(call: Call) -> None:
    """From a whole request to its reply and record."""
    try:
        if not reserve(call):
            raise Refusal("record_space_exhausted", headers=(("retry-after", "1"),))
        path = find_path(call.request.path, call.request.method, call.request.query)
        call.path = path
        if path.handling == "control":
            # Behind a door of its own (admin_listen), control is not here.
            raise Refusal("unknown_path", path=call.request.path[:200])
        if call.request.method == b"OPTIONS":
            ending = Ending(204, b"allow: %b, OPTIONS\r\n" % b", ".join(sorted(path.methods)), b"")
        elif path.handling == "realtime":
            ending = await realtime(call)
        else:
            identify(call)
            if path.handling == "models":
                ending = Ending(200, _JSON, list_models(call))
            else:
                call.seen = seen = await look(call) if path.form else path.dialect.peek(call.request.body)
                if path.method:
                    seen.model, seen.stream = named_model(call.request.path), path.streams
                find_offer(call)
                admit(call)
                offer = call.offer
                call.kept = [] if offer is not None and offer.keep_bodies else None
                is_custom = offer is not None and offer.is_custom
                ending = await (forward_custom(call) if is_custom else forward(call, send if path.form else None))
    except Refusal as refusal:
        ending = refuse(call, refusal)
    except CallerLeft:
        call.error = "caller_left"
        ending = Ending(ERRORS["caller_left"].status, _NO_HEADERS, b"", cut=True)
    except Exception as error:
        log_failure(call, error)
        ending = refuse(call, Refusal("internal_error"))
    finish(call, ending)


def refuse(call: Call, refusal: Refusal, close: bool = False) -> Ending:
    """The ending that tells the caller of a refusal: as a reply, or as the last event of a stream that had begun."""
    call.error = refusal.code
    if call.exchange is not None:
        call.exchange.cancel()
        call.exchange = None
    dialect = spoken_at(call.request.path) if call.path is None else call.path.dialect
    if call.stream_events is not None and call.first_byte_ns:
        return Ending(call.status, _NO_HEADERS, dialect.encode_error_event(refusal, call.id), begun=True)
    headers = _JSON + dialect.error_headers(refusal)
    for name, value in refusal.headers:
        headers += b"%b: %b\r\n" % (name.encode(), value.encode())
    return Ending(refusal.status, headers, dialect.encode_error(refusal, call.id), close=close)


def finish(call: Call, ending: Ending) -> None:
    """Settle, record, deliver: in this order, once."""
    settle(call)
    call.status = ending.status
    body = ending.body
    if body and not ending.cut:
        call.sent(len(body))
    if call.usage is UNKNOWN and (call.path is None or not call.path.form):
        meter(call)
    call.total_us = (monotonic_ns() - call.request.started_ns) // 1000
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
