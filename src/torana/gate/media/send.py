"""One attempt at a target for a call that is not about text: the body as it is, and the reply as it comes."""

import re

from torana.core.errors import Refusal
from torana.core.exchange import RerankRequest
from torana.core.losses import Losses
from torana.dialects import NotAReplyError
from torana.dialects.openai_media.look import with_model
from torana.dialects.openai_media.watch import MediaStream, read_reply
from torana.gate.attempt import JSON_TYPE, collect, credential, drop, failed, header, read_head
from torana.gate.call import Call, Ending
from torana.gate.headers import reply_headers
from torana.gate.media.choose import without_service
from torana.gate.target import Target, Way
from torana.kit.drive import pause

_JSON = b"application/json"
_KEPT = frozenset((b"content-type", b"content-disposition", b"cache-control", b"etag", b"last-modified"))
"""What a caller gets of the head of a reply that passes."""
_SAFE = b"x-content-type-options: nosniff\r\ncontent-security-policy: sandbox\r\n"
"""A file may be a page with scripts; it must not run as one of the gate's own."""
_ODD = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


async def send(call: Call, target: Target) -> Ending:
    """Send the call to this target. Raises Refusal."""
    request, path = call.request, call.path
    assert path is not None
    if target.in_process:
        reason = "The built-in demo has no such endpoint."
        raise Refusal("endpoint_not_supported", service=target.name, endpoint=path.label, reason=reason)
    call.way = way = target.way(path, False)
    body, asked = _body(call, target, way)
    head = _head(call, way)
    if way.credential is not None:
        head += await credential(call, way, body)
    carrier = call.carrier
    if carrier is not None:
        head += carrier.head()
    elif body or request.method == b"POST":
        head += b"content-length: %d\r\n" % len(body)
    endpoint = way.endpoint
    deadline_ns = request.started_ns + endpoint.total_timeout_ns
    call.exchange = call.gate.client.send(endpoint, head + b"\r\n", body, call, deadline_ns, carrier)
    data, end = await pause()
    status = call.upstream_status or 0
    kind = read_head(call)
    if not 200 <= status < 300:
        return await failed(call, target, way, status, data, end)
    if path.form != "account" and kind == "application/json":
        return await _whole(call, target, way, status, data, end, asked)
    if asked is not None:
        drop(call)
        raise Refusal("upstream_bad_reply", target=target.name, reason=f"its content type is {kind[:80] or 'missing'}")
    return await _relay(call, target, status, kind, data, end)


def _body(call: Call, target: Target, way: Way) -> tuple[bytes, RerankRequest | None]:
    """What is sent; with the neutral request where it had to be translated."""
    path, seen, offer, body = call.path, call.seen, call.offer, call.request.body
    assert path is not None
    assert seen is not None
    assert offer is not None
    model = target.deployment.model
    if path.form == "account":
        return body, None
    if (form := call.form) is not None:
        written = model.encode()
        if call.carrier is not None:
            call.carrier.model = written
        elif form.span is not None:
            body = b"%b%b%b" % (body[: form.span[0]], written, body[form.span[1] :])
        return body, None
    if way.passes:
        return with_model(body, seen, model), None
    losses = Losses(drop=offer.service.drop_unsupported)
    asked = way.dialect.decode_rerank(body, seen.model)
    written = way.dialect.encode_rerank(asked, model, losses)
    call.dropped = losses.dropped or None
    return written, asked


def _head(call: Call, way: Way) -> bytes:
    """The request's head, up to the length of its body."""
    request, path = call.request, call.path
    assert path is not None
    url = way.path
    if path.form == "account":
        url = url.removesuffix(path.upstream) + request.path.removeprefix("/v1")
    query = without_service(request.query)
    full = b"%b?%b" % (url.encode(), query) if query else url.encode()
    kind = request.headers.get(b"content-type", b"") if call.form is not None or path.form == "account" else _JSON
    return way.any_head(request.method, full, kind, request.headers)


async def _whole(
    call: Call, target: Target, way: Way, status: int, data: bytes, end: bool, asked: RerankRequest | None
) -> Ending:
    path = call.path
    assert path is not None
    body = data if end else await collect(call, target, data)
    call.exchange = None
    try:
        if asked is not None:
            ranked = way.dialect.decode_rerank_reply(body)
            call.model_served, call.usage = ranked.model or None, ranked.usage
            if ranked.search_units is not None:
                call.units, call.unit_count = "searches", ranked.search_units
            body = way.dialect.encode_rerank_reply(ranked, asked)
        else:
            _count(call, body)
    except NotAReplyError as error:
        reason = str(error) if asked is not None else "its body is not a JSON object"
        raise Refusal("upstream_bad_reply", target=target.name, reason=reason[:500]) from None
    call.answered_by = target
    return Ending(status, JSON_TYPE, body)


def _count(call: Call, body: bytes) -> None:
    path = call.path
    assert path is not None
    counted = read_reply(body, path.capability)
    call.model_served, call.usage = counted.model, counted.usage
    if counted.units is not None:
        call.units, call.unit_count = counted.units, counted.amount


async def _relay(call: Call, target: Target, status: int, kind: str, data: bytes, end: bool) -> Ending:
    """Hand on a reply of any kind as it comes. Its last piece stays until the record is written."""
    events = MediaStream() if kind == "text/event-stream" else None
    own = b"".join(
        [b"%b: %b\r\n" % line for line in call.upstream_headers if line[0] in _KEPT and not _ODD.search(line[1])]
    )
    call.answered_by = target
    if status in (204, 205):
        call.exchange = None
        return Ending(status, own, b"")
    call.status = status
    length = header(call, b"content-length") if events is None else ""
    size = int(length) if length.isascii() and length.isdigit() else None
    if events is not None:
        call.stream_events = 0
    call.connection.start(status, reply_headers(call, own + _SAFE), size)
    most = call.gate.settings.body_keep_bytes
    try:
        while True:
            if events is not None:
                events.feed(data)
                data = target.without_secret(data) if events.failed else data
            if end:
                break
            if data:
                call.connection.send(data)
                call.sent(len(data))
                call.keep(data, most)
            data, end = await pause()
    except Refusal as refusal:
        if not call.first_byte_ns or (events is not None and not events.inside):
            raise
        drop(call)
        call.error = refusal.code
        return Ending(status, b"", b"", begun=True, cut=True)
    finally:
        if events is not None:
            _note(call, events)
    call.exchange = None
    return Ending(status, b"", data, begun=True)


def _note(call: Call, events: MediaStream) -> None:
    call.stream_events, call.usage = events.events, events.usage
    if events.units is not None:
        call.units, call.unit_count = events.units, events.count
    if events.failed:
        call.error = "upstream_failed"
