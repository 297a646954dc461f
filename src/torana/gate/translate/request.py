"""What goes to a target that speaks another dialect than the caller."""

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from torana.core.exchange import EmbedRequest, ModelRequest
from torana.core.losses import Losses

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.target import Way

_TOLD_ON_DEMAND = frozenset({"openai_chat", "openai_completions"})
"""Dialects whose streams tell their usage only when asked."""
Neutral = ModelRequest | EmbedRequest


def decode(call: "Call") -> Neutral:
    """The caller's request in neutral form; made once for all targets. Raises Refusal."""
    if call.neutral is None:
        path, seen, body = call.path, call.seen, call.request.body
        assert path is not None
        assert seen is not None
        model = seen.model if path.method else None
        if path.operation == "embed":
            call.neutral = path.dialect.decode_embed(body, model)
        elif path.operation == "count":
            call.neutral = path.dialect.decode_count(body, model)
        else:
            request = path.dialect.decode_request(body, model, path.streams if path.method else None)
            if path.dialect.refuse_stored is not None:
                path.dialect.refuse_stored(request)
            call.neutral = request
    return call.neutral


def losses_of(call: "Call") -> Losses:
    """What is to collect what this call's target cannot carry, in the caller's words and by the service's policy."""
    assert call.path is not None
    assert call.offer is not None
    dialect, request = call.path.dialect, call.neutral
    places = partial(dialect.places, request) if isinstance(request, ModelRequest) else None
    return Losses(dialect.spelling, call.offer.service.drop_unsupported, dialect.harmless, places)


def encode(call: "Call", way: "Way", model: str) -> bytes:
    """The body for this way; what it cannot carry is refused or noted in `call.dropped`. Raises Refusal."""
    path = call.path
    assert path is not None
    request = decode(call)
    losses = losses_of(call)
    target = way.dialect
    if isinstance(request, EmbedRequest):
        body = target.encode_embed(request, model, losses, way.quirks)
    elif path.operation == "count":
        body = target.encode_count(request, model, losses)
    else:
        if request.stream and target.name in _TOLD_ON_DEMAND and call.target is not None:
            # Whether the caller is shown it is another matter, which their own dialect's encoder knows.
            request = replace(request, stream_usage=call.target.account.stream_usage or None)
        body = target.encode_request(request, model, losses, way.quirks)
    call.dropped = losses.dropped or None
    return body
