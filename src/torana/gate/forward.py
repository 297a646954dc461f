"""The middle of the journey: sends a call to its targets in turn and brings the reply back, streamed or whole.

Another target is tried only while nothing of a reply has gone to the caller.
"""

from collections.abc import Awaitable, Callable

from torana.core.errors import Refusal
from torana.dialects import NotAReplyError
from torana.gate.admit.abilities import check
from torana.gate.attempt import JSON_TYPE, collect, credential, drop, failed, read_head, request_head
from torana.gate.call import Call, Ending
from torana.gate.demo import answer
from torana.gate.headers import reply_headers
from torana.gate.route.targets import in_order
from torana.gate.target import Target, Way
from torana.gate.translate import reply as translated
from torana.gate.translate.request import decode, encode
from torana.kit.drive import pause

_STREAM = b"content-type: %b\r\ncache-control: no-cache\r\n"
_TRY_ANOTHER = frozenset(
    (
        "upstream_address_refused",
        "upstream_auth_failed",
        "upstream_connect_failed",
        "upstream_connect_timeout",
        "upstream_credential_unusable",
        "upstream_failed",
        "upstream_rate_limited",
        "upstream_tls_failed",
    )
)

Send = Callable[[Call, Target], Awaitable[Ending]]
"""One attempt at one target."""


def forward(call: Call, send: Send | None = None) -> Awaitable[Ending]:
    """Send the call to the first target that takes it. Awaiting it raises Refusal with the last target's failure."""
    send = send or _send
    assert call.offer is not None
    assert call.path is not None
    targets = call.offer.targets
    if len(targets) > 1 and call.path.form != "account":
        return _try_each(call, in_order(targets), send)
    # What belongs to an account stays with the first target, where it was put.
    call.target = target = targets[0]
    return send(call, target)


async def _try_each(call: Call, targets: list[Target], send: Send) -> Ending:
    last = targets[-1]
    for target in targets:
        call.target = target
        try:
            return await send(call, target)
        except Refusal as refusal:
            if target is last or call.first_byte_ns or refusal.code not in _TRY_ANOTHER or _has_left(call):
                raise
            call.retries += 1
            call.exchange = call.upstream_status = call.upstream_id = None
    raise Refusal("internal_error")


def _has_left(call: Call) -> bool:
    """Whether a body that is sent on while it arrives has begun to leave: it cannot be had again."""
    return call.carrier is not None and call.carrier.begun


async def _send(call: Call, target: Target) -> Ending:
    request, seen, path = call.request, call.seen, call.path
    assert seen is not None
    assert path is not None
    call.way = way = target.way(path, seen.stream)
    if target.facts is not None:
        check(call, target, decode)
    if way.passes:
        call.asked_usage = ask = seen.stream and not seen.wants_usage and target.account.stream_usage
        if way.refits is not None and way.refits(request.body, seen, way.quirks):
            body = encode(call, way, target.model)
        else:
            body = way.dialect.for_upstream(request.body, seen, target.model, ask)
    elif way.counts:
        return count(call)
    else:
        body = encode(call, way, target.model)
    if target.in_process:
        return _demo(call, target, way, body)
    head = request_head(call, way)
    if way.credential is not None:
        head += await credential(call, way, body)
    head = b"%bcontent-length: %d\r\n\r\n" % (head, len(body))
    endpoint = way.endpoint
    deadline_ns = request.started_ns + endpoint.total_timeout_ns
    call.exchange = call.gate.client.send(endpoint, head, body, call, deadline_ns)
    data, end = await pause()
    status = call.upstream_status or 0
    kind = read_head(call)
    if not 200 <= status < 300:
        return await failed(call, target, way, status, data, end)
    if seen.stream and kind in way.dialect.stream_types:
        return await _relay(call, target, way, data, end)
    if kind != "application/json":
        drop(call)
        raise Refusal("upstream_bad_reply", target=target.name, reason=f"its content type is {kind[:80] or 'missing'}")
    return await _whole(call, target, way, status, data, end)


async def _whole(call: Call, target: Target, way: Way, status: int, data: bytes, end: bool) -> Ending:
    body = data if end else await collect(call, target, data)
    call.exchange = None
    try:
        if way.passes:
            call.model_served, call.usage = way.dialect.read_reply(body)
        elif call.seen is not None and call.seen.stream:
            return _as_stream(call, target, way, body)
        else:
            body = translated.translate(call, way, body)
    except NotAReplyError as error:
        reason = "its body is not a JSON object" if way.passes else str(error)
        raise Refusal("upstream_bad_reply", target=target.name, reason=reason[:500]) from None
    call.answered_by = target
    return Ending(status, JSON_TYPE, body)


def _as_stream(call: Call, target: Target, way: Way, body: bytes) -> Ending:
    """A whole reply for a caller who asked for a stream."""
    out = translated.translate_to_stream(call, way, body)
    start(call, target)
    return Ending(200, b"", out, begun=True)


def start(call: Call, target: Target) -> None:
    """Begin the stream to the caller; nothing leaves before its first piece."""
    path = call.path
    assert path is not None
    call.answered_by = target
    if call.stream_events is None:
        call.stream_events = 0
    call.status = 200
    call.connection.start(200, reply_headers(call, _STREAM % path.dialect.stream_kind))


async def _relay(call: Call, target: Target, way: Way, data: bytes, end: bool) -> Ending:
    reader: translated.Reader
    if way.passes:
        assert call.path is not None
        reader = call.path.dialect.passing(call.asked_usage)
    else:
        reader = translated.TranslatedStream(call, way)
    connection = call.connection
    start(call, target)
    most = call.gate.settings.body_keep_bytes
    feed, send = reader.feed, connection.send
    try:
        while True:
            out = feed(data)
            if reader.failed:
                out = target.without_secret(out)
            if reader.done or end:
                break
            if out:
                send(out)
                if call.first_byte_ns:
                    call.response_bytes += len(out)
                else:
                    call.sent(len(out))
                if call.kept is not None:
                    call.keep(out, most)
            data, end = await pause()
        if end:
            out += reader.finish()
    except Refusal:
        if reader.inside_event:
            return _cut(call)
        raise
    finally:
        call.stream_events = reader.events
        call.model_served, call.usage = reader.model, reader.usage
    return end_stream(call, target, reader, out, end)


def end_stream(call: Call, target: Target, reader: translated.Passed, out: bytes, end: bool) -> Ending:
    """What is left of a stream whose last bytes have come: `out`, and the event that says so."""
    if reader.failed:
        call.error = "upstream_failed"
    exchange, call.exchange = call.exchange, None
    if exchange is not None and not end:
        exchange.let_go()
    if reader.tail() or (end and not reader.whole and not reader.failed):
        if reader.inside_event:
            call.error = "upstream_cut"
            return Ending(200, b"", b"", begun=True, cut=True)
        if out:
            call.connection.send(out)
            call.sent(len(out))
        raise Refusal("upstream_cut", target=target.name)
    last = out + reader.done
    return Ending(200, b"", target.without_secret(last) if reader.failed else last, begun=True)


def _cut(call: Call) -> Ending:
    """An event was half handed on: no error event can follow it, so the caller is cut off and notices."""
    drop(call)
    call.error = "upstream_cut"
    return Ending(200, b"", b"", begun=True, cut=True)


def _demo(call: Call, target: Target, way: Way, body: bytes) -> Ending:
    """The vendor in process answers at once, in OpenAI's form."""
    path = call.path
    assert path is not None
    reply = answer(f"/v1{way.path}", body, target.model)
    call.upstream_status = reply.status
    if reply.events is None:
        whole = reply.body or b""
        if reply.status != 200:
            if not way.passes:
                raise translated.refusal(target, way, reply.status, whole)
            call.error = "upstream_refused"
        elif way.passes:
            call.model_served, call.usage = way.dialect.read_reply(whole)
        else:
            whole = translated.translate(call, way, whole)
        call.answered_by = target
        return Ending(reply.status, JSON_TYPE, whole)
    reader: translated.Reader
    reader = path.dialect.passing(call.asked_usage) if way.passes else translated.TranslatedStream(call, way)
    out = reader.feed(b"".join(reply.events)) + reader.done
    call.stream_events = reader.events
    call.model_served, call.usage = reader.model, reader.usage
    start(call, target)
    return Ending(200, b"", out, begun=True)


def count(call: Call) -> Ending:
    """Tokens of a request for a target whose vendor cannot count them: estimated, and said to be."""
    path = call.path
    assert path is not None
    tokens = len(call.request.body) // 4
    return Ending(200, JSON_TYPE + b"x-torana-estimated: true\r\n", path.dialect.encode_count_reply(tokens))
