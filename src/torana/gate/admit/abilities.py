"""Refuses what the catalogue says a model cannot do, before it costs anything."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import Audio, Document, Image, ModelRequest, Part, ToolResult, Video

if TYPE_CHECKING:
    from torana.core.snapshot import Facts
    from torana.gate.call import Call
    from torana.gate.target import Target

_MOST_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_GEMINI_CONFIG = ("generationConfig", "generation_config")
_GEMINI_MOST = ("maxOutputTokens", "max_output_tokens")
_MEDIA_MARKS = (
    b"image", b"inlineData", b"inline_data", b"fileData", b"file_data", b"input_audio", b"input_file", b'"document"',
    b'"file"',
)  # fmt: skip
"""One of these stands in every body that carries anything but text, in whatever dialect; it may also stand in a text."""
_KINDS = {"chat": ("chat", "completion"), "embed": ("embedding",)}
_decode = msgspec.json.Decoder().decode


def check(call: "Call", target: "Target", decode: Callable[["Call"], object]) -> None:
    """Raises Refusal: request_beyond_model or endpoint_not_supported. `decode` gives the request in neutral form, if need be."""
    facts, path, offer = target.deployment.facts, call.path, call.offer
    assert path is not None
    if facts is None or (offer is not None and offer.service.try_unsupported):
        return
    kinds = _KINDS.get(path.operation)
    if facts.kind is not None and kinds is not None and facts.kind not in kinds:
        reason = f"It is a model for {facts.kind}."
        raise Refusal("endpoint_not_supported", service=target.deployment.model, endpoint=path.label, reason=reason)
    if path.operation != "chat":
        return
    if facts.max_output_tokens is not None:
        _check_length(call, target, facts.max_output_tokens)
    if facts.inputs is not None and any(mark in call.request.body for mark in _MEDIA_MARKS):
        _check_inputs(target, facts, decode(call))


def _check_length(call: "Call", target: "Target", most: int) -> None:
    fields = {} if call.seen is None else call.seen.fields
    for name in _MOST_TOKENS:
        if (raw := fields.get(name)) is not None:
            _refuse_longer(name, _decode(raw), target, most)
    for name in _GEMINI_CONFIG:
        config = _decode(raw) if (raw := fields.get(name)) is not None else None
        if not isinstance(config, dict):
            continue
        for inner in _GEMINI_MOST:
            _refuse_longer(f"{name}.{inner}", config.get(inner), target, most)


def _refuse_longer(param: str, value: object, target: "Target", most: int) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and value > most:
        reason = f"it writes at most {most} tokens"
        raise Refusal("request_beyond_model", param=param, model=target.deployment.model, reason=reason)


def _check_inputs(target: "Target", facts: "Facts", request: object) -> None:
    if not isinstance(request, ModelRequest):
        return
    inputs = facts.inputs or ()
    for number, message in enumerate(request.messages):
        for part in _all_parts(message.parts):
            kind = _kind(part)
            if kind is not None and kind not in inputs:
                reason = f"it reads {', '.join(inputs) or 'text'} and no {kind}"
                raise Refusal(
                    "request_beyond_model", param=f"messages[{number}]", model=target.deployment.model, reason=reason
                )


def _all_parts(parts: tuple[Part, ...]) -> list[Part]:
    found: list[Part] = []
    for part in parts:
        found.append(part)
        if isinstance(part, ToolResult):
            found.extend(part.content)
    return found


def _kind(part: Part) -> str | None:
    if isinstance(part, Image):
        return "image"
    if isinstance(part, Audio):
        return "audio"
    if isinstance(part, Video):
        return "video"
    if isinstance(part, Document) and part.source.media_type == "application/pdf":
        return "pdf"
    return None
