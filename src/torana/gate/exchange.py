"""The middle of the journey: sends a call to its targets in turn and brings the reply back, streamed or whole.

Another target is tried only while nothing of a reply has gone to the caller.
"""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.dialects import NotAReplyError
from torana.dialects.openai_chat.errors import is_error
from torana.dialects.openai_chat.look import for_upstream
from torana.dialects.openai_chat.watch import StreamReader, read_reply
from torana.gate.call import Call, Ending
from torana.gate.demo import answer
from torana.gate.headers import reply_headers
from torana.gate.route.targets import in_order
from torana.gate.view import Target
from torana.kit.drive import pause

if TYPE_CHECKING:
    from torana.gate.route.paths import Path

_MOST_KNOWN = 16
_JSON = b"content-type: application/json\r\n"
_EVENTS = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
_FORWARDED = (b"accept", b"idempotency-key", b"openai-beta", b"traceparent", b"tracestate")
_TRY_ANOTHER = frozenset(
    (
        "upstream_address_refused",
        "upstream_auth_failed",
        "upstream_connect_failed",
        "upstream_connect_timeout",
        "upstream_failed",
        "upstream_rate_limited",
        "upstream_tls_failed",
    )
)


def forward(call: Call) -> Awaitable[Ending]:
    """Send the call to the first target that takes it. Awaiting it raises Refusal with the last target's failure."""
    assert call.offer is not None
    targets = call.offer.targets
    if len(targets) > 1:
        return _try_each(call, in_order(targets))
    call.target = target = targets[0]
    return _demo(call, target) if target.in_process else _send(call, target)


async def _try_each(call: Call, targets: list[Target]) -> Ending:
    last = targets[-1]
    for target in targets:
        call.target = target
        try:
            if target.in_process:
                return await _demo(call, target)
            return await _send(call, target)
        except Refusal as refusal:
            if target is last or call.first_byte_ns or refusal.code not in _TRY_ANOTHER:
                raise
            call.retries += 1
            call.exchange = call.upstream_status = call.upstream_id = None
    raise Refusal("internal_error")


async def _send(call: Call, target: Target) -> Ending:
    request, seen, path = call.request, call.seen, call.path
    assert seen is not None
    assert path is not None
    ask_usage = seen.stream and not seen.wants_usage and target.account.stream_usage
    call.asked_usage = ask_usage
    body = for_upstream(request.body, seen, target.deployment.model, ask_usage)
    head = b"%bcontent-length: %d\r\n\r\n" % (_head(call, target, path), len(body))
    endpoint = target.endpoint
    deadline_ns = request.started_ns + endpoint.total_timeout_ns
    call.exchange = call.gate.client.send(endpoint, head, body, call, deadline_ns)
    data, end = await pause()
    status = call.upstream_status or 0
    kind = _read_head(call)
    if not 200 <= status < 300:
        return await _failed(call, target, status, data, end)
    if kind == "text/event-stream" and seen.stream:
        return await _relay(call, target, data, end)
    if kind != "application/json":
        _drop(call)
        raise Refusal("upstream_bad_reply", target=target.name, reason=f"its content type is {kind[:80] or 'missing'}")
    return await _whole(call, target, status, data, end)


async def _whole(call: Call, target: Target, status: int, data: bytes, end: bool) -> Ending:
    body = data if end else await _collect(call, target, data)
    call.exchange = None
    try:
        call.model_served, call.usage = read_reply(body)
    except NotAReplyError:
        raise Refusal("upstream_bad_reply", target=target.name, reason="its body is not a JSON object") from None
    call.answered_by = target
    return Ending(status, _JSON, body)


async def _relay(call: Call, target: Target, data: bytes, end: bool) -> Ending:
    reader = StreamReader(hide_usage=call.asked_usage)
    connection = call.connection
    call.answered_by = target
    call.stream_events = 0
    call.status = 200
    connection.start(200, reply_headers(call, _EVENTS))
    most = call.gate.settings.body_keep_bytes
    feed, send = reader.feed, connection.send
    try:
        while True:
            out = feed(data)
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
    except Refusal:
        if reader.inside_event:
            return _cut(call, reader)
        raise
    finally:
        call.stream_events = reader.events
        call.model_served, call.usage = reader.model, reader.usage
    return _end_stream(call, target, reader, out, end)


def _end_stream(call: Call, target: Target, reader: StreamReader, out: bytes, end: bool) -> Ending:
    """What is left of a stream whose last bytes have come: `out`, and the event that says so."""
    if reader.failed:
        call.error = "upstream_failed"
    exchange, call.exchange = call.exchange, None
    if exchange is not None and not end:
        exchange.let_go()
    if reader.tail():
        if reader.inside_event:
            call.error = "upstream_cut"
            return Ending(200, b"", b"", begun=True, cut=True)
        if out:
            call.connection.send(out)
            call.sent(len(out))
        raise Refusal("upstream_cut", target=target.name)
    return Ending(200, b"", out + reader.done, begun=True)


def _cut(call: Call, reader: StreamReader) -> Ending:
    """An event was half handed on: no error event can follow it, so the caller is cut off and notices."""
    _drop(call)
    call.error = "upstream_cut"
    return Ending(200, b"", b"", begun=True, cut=True)


async def _failed(call: Call, target: Target, status: int, data: bytes, end: bool) -> Ending:
    """An answer that is not a success: the provider's trouble becomes ours, the caller's own mistakes pass unchanged."""
    if 300 <= status < 400:
        _drop(call)
        raise Refusal("upstream_redirect", target=target.name, upstream=status)
    if status in (401, 403):
        _drop(call)
        raise Refusal("upstream_auth_failed", target=target.name, upstream=status)
    if status == 429:
        _drop(call)
        raise _limited(call, target)
    if status >= 500:
        _drop(call)
        raise Refusal("upstream_failed", target=target.name, upstream=status)
    body = target.without_secret(data if end else await _collect(call, target, data))
    call.exchange = None
    if not is_error(body):
        raise Refusal(
            "upstream_refused",
            status=status,
            target=target.name,
            upstream=status,
            reason=body[:200].decode("utf-8", "replace") or "it gave no reason.",
        )
    call.answered_by = target
    call.error = "upstream_refused"
    return Ending(status, _JSON, body)


def _limited(call: Call, target: Target) -> Refusal:
    after = _header(call, b"retry-after")[:40]
    headers = (("retry-after", after),) if after else ()
    seconds = f" in {after} s" if after.isdigit() else ""
    return Refusal("upstream_rate_limited", target=target.name, after=seconds, headers=headers)


async def _collect(call: Call, target: Target, data: bytes) -> bytes:
    most = call.gate.settings.upstream_max_reply_bytes
    parts, size, end = [data], len(data), False
    while not end:
        data, end = await pause()
        parts.append(data)
        size += len(data)
        if size > most:
            _drop(call)
            raise Refusal("upstream_reply_too_large", target=target.name, limit=most)
    return b"".join(parts)


async def _demo(call: Call, target: Target) -> Ending:
    seen, path = call.seen, call.path
    assert seen is not None
    assert path is not None
    call.asked_usage = seen.stream and not seen.wants_usage
    body = for_upstream(call.request.body, seen, target.deployment.model, call.asked_usage)
    reply = answer(path.label, body, target.deployment.model)
    call.upstream_status = reply.status
    call.answered_by = target
    if reply.events is None:
        body = reply.body or b""
        if reply.status == 200:
            call.model_served, call.usage = read_reply(body)
        else:
            call.error = "upstream_refused"
        return Ending(reply.status, _JSON, body)
    return _demo_stream(call, target, b"".join(reply.events))


def _demo_stream(call: Call, target: Target, events: bytes) -> Ending:
    reader = StreamReader(hide_usage=call.asked_usage)
    out = reader.feed(events)
    call.stream_events = reader.events
    call.model_served, call.usage = reader.model, reader.usage
    call.status = 200
    call.connection.start(200, reply_headers(call, _EVENTS))
    return Ending(200, b"", out + reader.done, begun=True)


def _drop(call: Call) -> None:
    """Leave a reply unread."""
    exchange, call.exchange = call.exchange, None
    if exchange is not None:
        exchange.let_go()


def _head(call: Call, target: Target, path: "Path") -> bytes:
    """The request head for the target, up to its length; made once for each head of a caller."""
    known = call.request.known
    key = (target, path)
    head: bytes | None = known.get(key)
    if head is None:
        own = call.request.headers
        # What a vendor may see of the caller's headers.
        forwarded = b"".join([b"%b: %b\r\n" % (name, own[name]) for name in _FORWARDED if name in own])
        if len(known) >= _MOST_KNOWN:
            known.clear()
        head = known[key] = target.head % (path.upstream, forwarded)
    return head


def _read_head(call: Call) -> str:
    """The content type of the vendor's reply, without parameters; its request id is noted."""
    kind = b""
    for name, value in call.upstream_headers:
        if name == b"content-type":
            kind = value
        elif name == b"x-request-id":
            call.upstream_id = value[:100].decode("latin-1")
    if kind == b"application/json":
        return "application/json"
    return kind.decode("latin-1").partition(";")[0].strip().lower()


def _header(call: Call, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in call.upstream_headers if name == wanted), "")
