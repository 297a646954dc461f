"""Writes exactly one record of each call to the spool, before the last byte of its reply leaves."""

from typing import TYPE_CHECKING, Any

import msgspec

from torana.core.record import BodyRecord, CallRecord
from torana.gate.address import caller_address

if TYPE_CHECKING:
    from torana.gate.call import Call

_encode = msgspec.msgpack.Encoder().encode
RESERVE = 8_192
"""More than the largest record takes: its texts are all bounded, the tags at 4 KiB."""
_OTHER = "other"
_MOST_PLACES = 200
_FIELDS = len(CallRecord.__struct_fields__)
# Arrays of up to 15 elements have a head of one byte, longer ones of three (msgpack specification, "array format family").
# The last field, the release, is left out where there is none: a shorter array is read with its default.
_ARRAY = b"\xdc" + (_FIELDS - 1).to_bytes(2, "big")
_ARRAY_WITH_RELEASE = b"\xdc" + _FIELDS.to_bytes(2, "big")
assert _FIELDS == 6 + 13 + 14 + 8 + 1
_NIL = b"\xc0"
"""None in msgpack."""
_FIVE_NIL = _NIL * 5
_NOTHING_SPECIAL = (None, None, None)
"""Of cache_write, audio_input and audio_output, which end a Usage."""
_MOST_DROPPED = 1_000


def reserve(call: "Call") -> bool:
    """Set room aside for the record; False when there is none, and the call must not go on."""
    if call.gate.spool.reserve(RESERVE):
        call.reserved = RESERVE
        return True
    return False


def record(call: "Call") -> None:
    """Write the record, and the bodies where they are kept."""
    gate = call.gate
    if not call.reserved:
        gate.metrics.unrecorded += 1
        return
    kept = call.kept is not None and _keep_bodies(call)
    gate.spool.append(_account(call, kept))
    gate.spool.release(call.reserved)
    call.reserved = 0


def _account(call: "Call", bodies_kept: bool) -> bytes:
    """The CallRecord, as an array in msgpack: what is its own around the part that it shares with other calls."""
    seen, usage, offer = call.seen, call.usage, call.offer
    started_ns = call.request.started_ns
    first_byte_ns = call.first_byte_ns
    asked = None if seen is None else seen.model
    principal = call.principal
    key = _NIL if principal is None else principal.encoded_key_id
    if offer is None:
        whose, what = _place(call, asked)
    else:
        # An offer is one app's, so that only the key differs.
        shared = (call.path, call.answered_by or call.target, call.stream_events is None, asked, call.model_served)
        found = offer.places.get(shared)
        whose, what = found or _keep_place(offer.places, shared, _place(call, asked))
    before = _encode(
        (
            call.id,
            call.started_us,
            call.total_us,
            (first_byte_ns - started_ns) // 1000 if first_byte_ns else None,
            call.status,
            call.error,
        )
    )
    after = _encode(
        (
            usage.input,
            usage.cached_input,
            usage.output,
            usage.reasoning,
            usage.estimated,
            call.request_bytes + (call.request.uploaded or len(call.request.body)),
            call.response_bytes,
            call.retries,
            call.upstream_status,
            call.upstream_id,
            call.connection.peer if call.view is None or not call.view.proxies else caller_address(call),
            None if seen is None else seen.user,
            None if seen is None else seen.tags,
            bodies_kept,
        )
    )
    account = b"%b%b%b%b%b%b" % (before[1:], whose, key, what, after[1:], _special(call))
    if offer is None or offer.release is None:
        return _ARRAY + account
    return b"%b%b%b" % (_ARRAY_WITH_RELEASE, account, offer.release)


def _special(call: "Call") -> bytes:
    """The fields from `cache_write_tokens` on, of which most calls have only the dialects."""
    usage, path, way = call.usage, call.path, call.way
    spoken = _NIL * 2 if path is None or way is None else way.spoken(path.dialect.name)
    if usage[5:] == _NOTHING_SPECIAL and call.units is None and call.dropped is None:
        return b"%b%b%b" % (_FIVE_NIL, spoken, _NIL)
    counted = _encode((*usage[5:], call.units, call.unit_count))[1:]
    dropped = _NIL if call.dropped is None else _encode(", ".join(call.dropped)[:_MOST_DROPPED])
    return b"%b%b%b" % (counted, spoken, dropped)


def _place(call: "Call", asked: str | None) -> tuple[bytes, bytes]:
    """The fields from `endpoint` to `app_id`, and those from `service_id` to `model_served`, which few values fill."""
    principal, offer = call.principal, call.offer
    target = call.answered_by or call.target
    whose = (
        _OTHER if call.path is None else call.path.label,
        call.stream_events is not None,
        None if principal is None else principal.app.team_id,
        None if principal is None else principal.app.id,
    )
    what = (
        None if offer is None else offer.service.id,
        None if offer is None else offer.service.name,
        None if target is None else target.deployment.id,
        None if target is None else target.account.name,
        None if target is None else target.account.vendor,
        None if asked is None else asked[:200],
        None if target is None else target.deployment.model,
        None if call.model_served is None else call.model_served[:200],
    )
    return _encode(whose)[1:], _encode(what)[1:]


def _keep_place(
    places: dict[Any, tuple[bytes, bytes]], shared: tuple[Any, ...], place: tuple[bytes, bytes]
) -> tuple[bytes, bytes]:
    if len(places) >= _MOST_PLACES:
        places.clear()
    places[shared] = place
    return place


def _keep_bodies(call: "Call") -> bool:
    most = call.gate.settings.body_keep_bytes
    request = call.request.body
    # Of a body that was sent on while it arrived, nothing is kept.
    cut = len(request) > most or call.request.uploaded > len(request)
    bodies = BodyRecord(call.id, request[:most], b"".join(call.kept or ()), cut, call.kept_cut)
    return call.gate.spool.append_body(_encode(bodies))
