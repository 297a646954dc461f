"""Requests, both ways, and the refusal of what only the vendor that keeps it could look up."""

from torana.core.errors import Refusal
from torana.core.exchange import ModelRequest, Opaque
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.request_in import decode_request
from torana.dialects.openai_responses.request_out import encode_request

__all__ = ["HARMLESS", "SPELLING", "decode_request", "encode_request", "places", "refuse_stored"]

SPELLING: dict[str, str] = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "format": "text.format",
    "verbosity": "text.verbosity",
    "thinking": "reasoning",
    "logprobs": "include",
    "cache_key": "prompt_cache_key",
    "safety_id": "safety_identifier",
    "reasoning": "input.reasoning",
    "signature": "input.encrypted_content",
    "detail": "input_image.detail",
    "title": "input_file.filename",
    "phase": "input.phase",
    ".signature": "encrypted_content",
}
"""Fields of the exchange that callers of this dialect know by another name."""

HARMLESS: frozenset[str] = frozenset(
    ("include", "stream_options", "client_metadata", "prompt_cache_options", "prompt_cache_retention", "max_tool_calls")
)
"""Names in `extra` whose loss changes no answer. `max_tool_calls` counts hosted tools only, which are refused by themselves."""

_STORED = ("previous_response_id", "conversation", "background", "prompt")
_ITEMS = ("item_reference", "compaction", "compaction_trigger")


def places(request: ModelRequest) -> list[str]:
    """Where each message stood in the body. Turns are made of any number of items, so that these have no numbers."""
    return ["instructions" if message.apart else "input" for message in request.messages]


def refuse_stored(request: ModelRequest) -> None:
    """Refuse what refers to things the vendor keeps, when the target is of another dialect.

    Raises Refusal (unsupported_parameter), whatever the policy drops: without it the model would answer another question.
    """
    for name in _STORED:
        if name in request.extra:
            raise _stored(name)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Opaque) and part.dialect == NAME and part.kind in _ITEMS:
                raise _stored(f"input ({part.kind})")


def _stored(param: str) -> Refusal:
    reason = "it refers to what its vendor keeps, and the target is served through another API"
    if param == "background":
        reason = "the target's API has no background mode; send the request again without it and wait for the reply"
    elif param == "prompt":
        reason += "; send the prompt's text as instructions or input"
    else:
        reason += "; send the whole conversation in input"
    return Refusal("unsupported_parameter", param=param, reason=reason)
