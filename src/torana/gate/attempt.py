"""One attempt at a target, whatever is sent and whatever comes back: the head of the request, and a reply that is a refusal."""

from torana.core.errors import Refusal
from torana.gate.call import Call, Ending
from torana.gate.target import Target, Way
from torana.gate.translate import reply as translated
from torana.kit.drive import pause

JSON_TYPE = b"content-type: application/json\r\n"
_MOST_KNOWN = 16
_MOST_KEPT = 200
"""Characters of a header that passes with a vendor's error."""
_REQUEST_IDS = frozenset((b"x-request-id", b"request-id", b"x-amzn-requestid"))


async def credential(call: Call, way: Way, body: bytes) -> bytes:
    """What the credential adds to the head; a token may have to be bought first."""
    assert way.credential is not None
    while True:
        lines = way.credential.lines(call.gate.shop, call, way.path, way.host, body)
        if lines is not None:
            return lines
        await pause()


async def failed(call: Call, target: Target, way: Way, status: int, data: bytes, end: bool) -> Ending:
    """An answer that is not a success: the provider's trouble becomes ours, the caller's own mistakes pass unchanged."""
    if 300 <= status < 400:
        drop(call)
        raise Refusal("upstream_redirect", target=target.name, upstream=status)
    if status in (401, 403):
        drop(call)
        raise Refusal("upstream_auth_failed", target=target.name, upstream=status)
    if status == 429:
        drop(call)
        raise limited(call, target)
    if status >= 500:
        drop(call)
        raise Refusal("upstream_failed", target=target.name, upstream=status, headers=retry_after(call))
    body = target.without_secret(data if end else await collect(call, target, data))
    call.exchange = None
    if not way.passes or way.dialect.decode_error(body) is None:
        raise translated.refusal(target, way, status, body)
    call.answered_by = target
    call.error = "upstream_refused"
    kept = [(name, header(call, name)[:_MOST_KEPT].encode("latin-1")) for name in way.dialect.kept_error_headers]
    return Ending(status, JSON_TYPE + b"".join([b"%b: %b\r\n" % pair for pair in kept if pair[1]]), body)


def limited(call: Call, target: Target) -> Refusal:
    """The target limits the gateway; with the time it says."""
    headers = retry_after(call)
    after = headers[0][1] if headers else ""
    seconds = f" in {after} s" if after.isdigit() else ""
    return Refusal("upstream_rate_limited", target=target.name, after=seconds, headers=headers)


def retry_after(call: Call) -> tuple[tuple[str, str], ...]:
    """What the target said of when to come back, as a header of the refusal."""
    after = header(call, b"retry-after")[:40]
    return (("retry-after", after),) if after else ()


async def collect(call: Call, target: Target, data: bytes) -> bytes:
    """The whole body of a reply that begins with `data`. Raises Refusal: upstream_reply_too_large."""
    most = call.gate.settings.upstream_max_reply_bytes
    parts, size, end = [data], len(data), False
    while not end:
        data, end = await pause()
        parts.append(data)
        size += len(data)
        if size > most:
            drop(call)
            raise Refusal("upstream_reply_too_large", target=target.name, limit=most)
    return b"".join(parts)


def drop(call: Call) -> None:
    """Leave a reply unread."""
    exchange, call.exchange = call.exchange, None
    if exchange is not None:
        exchange.let_go()


def request_head(call: Call, way: Way) -> bytes:
    """The request head for the target, up to its length; made once for each head of a caller."""
    known = call.request.known
    head: bytes | None = known.get(way)
    if head is None:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        head = known[way] = way.head(call.request.headers)
    return head


def read_head(call: Call) -> str:
    """The content type of the vendor's reply, without parameters; its request id is noted."""
    kind = b""
    for name, value in call.upstream_headers:
        if name == b"content-type":
            kind = value
        elif name in _REQUEST_IDS:
            call.upstream_id = value[:100].decode("latin-1")
    if kind == b"application/json":
        return "application/json"
    return kind.decode("latin-1").partition(";")[0].strip().lower()


def header(call: Call, wanted: bytes) -> str:
    """A field of the vendor's reply; empty where it has none."""
    return next((value.decode("latin-1") for name, value in call.upstream_headers if name == wanted), "")
