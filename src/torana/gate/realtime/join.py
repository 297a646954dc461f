"""Opens a realtime connection: the caller's handshake judged, the call governed, the vendor asked, then both sides joined.

Until the vendor has switched protocols a refusal is an ordinary HTTP reply. Sources: RFC 6455;
https://developers.openai.com/api/docs/guides/realtime-websocket (the key as a subprotocol, for browsers).
"""

import urllib.parse
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from torana.core.errors import Refusal
from torana.dialects.body import Peek
from torana.dialects.websocket import accept, new_key
from torana.gate.admit.limits import admit
from torana.gate.attempt import credential, failed, read_head
from torana.gate.forward import forward
from torana.gate.headers import reply_headers
from torana.gate.identify.key import identify
from torana.gate.listen.upgrade import Upgraded, check_handshake, take_over
from torana.gate.realtime.relay import Relay
from torana.gate.route.targets import find_offer
from torana.gate.upstream.tunnel import Tunnel
from torana.kit.drive import pause

if TYPE_CHECKING:
    from torana.gate.call import Call, Ending
    from torana.gate.listen.connection import Connection
    from torana.gate.target import Target, Way
    from torana.gate.upstream.endpoint import Endpoint

_KEY = "openai-insecure-api-key."
_REALTIME = "realtime"
_PASSED_ON = (_REALTIME, "openai-beta.")
"""Subprotocols a vendor may see. Others carry the secrets and the account names of callers."""
_PARAMETERS = ("intent",)
"""Of the query, beside `model`. `call_id` would join somebody else's conversation on the same provider account."""
_SAFETY = b"openai-safety-identifier"
_KINDS = ("realtime", "transcription", "speech")
_MOST_PARAMETERS = 50
_NEVER_NS = 1 << 63


async def realtime(call: "Call") -> "Ending":
    """The whole of a realtime call. Raises Refusal as long as the caller has got no 101."""
    request, path = call.request, call.path
    assert path is not None
    key = check_handshake(request)
    call.connection = take_over(cast("Connection", call.connection))
    offered = _offered(request.headers.get(b"sec-websocket-protocol", b""))
    _take_credential(request.headers, offered)
    identify(call)
    query = _query(request.query)
    call.seen = Peek({}, model=query.get("model"))
    find_offer(call)
    if call.offer is not None and call.offer.service.kind != "model":
        name = call.offer.service.name
        raise Refusal("endpoint_not_supported", service=name, endpoint=path.label, reason="It is not a model.")
    admit(call)
    protocols = [name for name in offered if name.startswith(_PASSED_ON)]

    async def join(call: "Call", target: "Target") -> "Ending":
        return await _join(call, target, key, protocols, query)

    return await forward(call, join)


async def _join(call: "Call", target: "Target", key: bytes, protocols: list[str], query: dict[str, str]) -> "Ending":
    path = call.path
    assert path is not None
    call.way = way = target.way(path, False)
    _check(call, target, way)
    own_key = new_key()
    head = _head(call, target, way, protocols, query) + b"sec-websocket-key: %b\r\n" % own_key
    if way.credential is not None:
        head += await credential(call, way, b"")
    settings = call.gate.settings
    total_ns = int(settings.realtime_total_timeout_seconds * 1e9)
    deadline_ns = call.request.started_ns + total_ns if total_ns else _NEVER_NS
    exchange = call.exchange = call.gate.client.tunnel(_endpoint(call, way), head + b"\r\n", call, deadline_ns)
    data, end = await pause()
    status = call.upstream_status or 0
    read_head(call)
    if status != 101:
        call.exchange = None
        if 200 <= status < 300:
            raise Refusal("upstream_bad_reply", target=target.name, reason=f"it answers a WebSocket with {status}")
        return await failed(call, target, way, status, data, end)
    chosen = _chosen(call, target, own_key, protocols)
    upgraded, tunnel = call.connection, exchange.connection
    assert isinstance(upgraded, Upgraded)
    assert isinstance(tunnel, Tunnel)
    if upgraded.early:
        raise Refusal("malformed_request", reason="frames were sent before the answer")
    call.answered_by = target
    lines = b"upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %b\r\n" % accept(key)
    if chosen:
        lines += b"sec-websocket-protocol: %b\r\n" % chosen.encode()
    upgraded.start(101, reply_headers(call, lines))
    return await Relay(call, target, upgraded, exchange, tunnel).run(data)


def _offered(value: bytes) -> list[str]:
    """The subprotocols that the caller offers."""
    return [name for part in value.decode("latin-1").split(",") if (name := part.strip())]


def _take_credential(headers: dict[bytes, bytes], offered: list[str]) -> None:
    """Let a key among the subprotocols count like one in a header. Raises Refusal when the two differ."""
    keys = {name.removeprefix(_KEY).encode("latin-1") for name in offered if name.startswith(_KEY)}
    if not keys:
        return
    found = headers.get(b"authorization")
    if found is not None:
        keys.add(found[7:].strip())
    if len(keys) > 1:
        raise Refusal("ambiguous_credentials")
    headers.setdefault(b"authorization", b"Bearer " + keys.pop())


def _query(query: bytes) -> dict[str, str]:
    """The query's parameters. Raises Refusal when one that matters stands twice."""
    try:
        fields = urllib.parse.parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        raise Refusal("malformed_request", reason="its query cannot be read") from None
    found: dict[str, str] = {}
    for name, value in fields:
        if name in found and name in ("model", *_PARAMETERS):
            raise Refusal("malformed_request", reason=f"its query names {name} more than once")
        found[name] = value
    return found


def _check(call: "Call", target: "Target", way: "Way") -> None:
    facts, offer = target.deployment.facts, call.offer
    if target.in_process or not way.passes:
        reason = f"{target.name} has no realtime connections."
    elif facts is None or facts.kind is None or facts.kind in _KINDS or (offer and offer.service.try_unsupported):
        return
    else:
        reason = f"It is a model for {facts.kind}."
    raise Refusal(
        "endpoint_not_supported", service=target.deployment.model[:200], endpoint="/v1/realtime", reason=reason
    )


def _head(call: "Call", target: "Target", way: "Way", protocols: list[str], query: dict[str, str]) -> bytes:
    """What asks the vendor for a WebSocket, up to the key. No extension is offered: compressed events could not be metered."""
    parameters = {"model": target.deployment.model, **{name: query[name] for name in _PARAMETERS if name in query}}
    address = f"{way.path}?{urllib.parse.urlencode(parameters)}".encode()
    head = way.any_head(b"GET", address, b"", call.request.headers)
    safety = call.request.headers.get(_SAFETY)
    if safety is not None and _SAFETY.decode() not in target.account.headers:
        head += b"%b: %b\r\n" % (_SAFETY, safety)
    if protocols:
        head += b"sec-websocket-protocol: %b\r\n" % ", ".join(protocols).encode("latin-1")
    return head + b"connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"


def _endpoint(call: "Call", way: "Way") -> "Endpoint":
    """The target's, with the time limits of a connection that nobody expects to be brief."""
    settings = call.gate.settings
    return replace(
        way.endpoint,
        idle_timeout_ns=int(settings.realtime_idle_timeout_seconds * 1e9),
        total_timeout_ns=int(settings.realtime_total_timeout_seconds * 1e9),
    )


def _chosen(call: "Call", target: "Target", key: bytes, protocols: list[str]) -> str:
    """The subprotocol for the caller; empty for none. Raises Refusal when the vendor's 101 does not answer what was asked."""
    fields: dict[bytes, bytes] = {}
    for name, value in call.upstream_headers:
        fields[name] = b"%b, %b" % (fields[name], value) if name in fields else value
    chosen = fields.get(b"sec-websocket-protocol", b"").decode("latin-1").strip()
    problem = ""
    if fields.get(b"upgrade", b"").strip().lower() != b"websocket":
        problem = "it switches to another protocol than WebSocket"
    elif fields.get(b"sec-websocket-accept", b"").strip() != accept(key):
        problem = "its sec-websocket-accept does not answer the key"
    elif b"sec-websocket-extensions" in fields:
        problem = "it uses an extension that was not offered"
    elif chosen and chosen not in protocols:
        problem = "it chose a subprotocol that was not offered"
    if problem:
        raise Refusal("upstream_bad_reply", target=target.name, reason=problem)
    # A browser that offers subprotocols and gets none of them gives up, and servers other than OpenAI's choose none.
    return chosen or (_REALTIME if _REALTIME in protocols else "")
