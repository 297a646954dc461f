"""Requests for an answer: `GenerateContentRequest`, both ways.

https://ai.google.dev/api/generate-content#method:-models.generatecontent
"""

from collections.abc import Iterable
from typing import Any

from torana.core.exchange import (
    Audio,
    Declined,
    Document,
    Image,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.dialects.fields import Fields, parse, wrong
from torana.dialects.gemini import NAME
from torana.dialects.gemini.config import decode_config
from torana.dialects.gemini.contents import decode_contents, decode_system
from torana.dialects.gemini.media import Media, own_file
from torana.dialects.gemini.names import dump, spelled
from torana.dialects.gemini.parts import (
    own_id,
    signature_of,
    thought_text,
    write_call,
    write_media,
    write_response,
    write_text,
    write_thought,
)
from torana.dialects.gemini.settings import encode_config
from torana.dialects.gemini.signatures import PLACEHOLDER, demands_signatures, for_gemini
from torana.dialects.gemini.tools import decode_choice, decode_tools, encode_choice, encode_tools

SPELLING = {
    "messages": "contents",
    "tool_choice": "toolConfig.functionCallingConfig",
    "max_tokens": "generationConfig.maxOutputTokens",
    "temperature": "generationConfig.temperature",
    "top_p": "generationConfig.topP",
    "top_k": "generationConfig.topK",
    "stop": "generationConfig.stopSequences",
    "seed": "generationConfig.seed",
    "frequency_penalty": "generationConfig.frequencyPenalty",
    "presence_penalty": "generationConfig.presencePenalty",
    "choices": "generationConfig.candidateCount",
    "logprobs": "generationConfig.responseLogprobs",
    "top_logprobs": "generationConfig.logprobs",
    "format": "generationConfig.responseSchema",
    "thinking": "generationConfig.thinkingConfig",
    "modalities": "generationConfig.responseModalities",
    "speech": "generationConfig.speechConfig",
    "metadata": "labels",
    "service_tier": "serviceTier",
    "thinking.budget_tokens": "generationConfig.thinkingConfig.thinkingBudget",
    "thinking.visible": "generationConfig.thinkingConfig.includeThoughts",
    "tools.strict": "toolConfig.functionCallingConfig.mode",
    "reasoning": "contents.thought",
    "signature": "contents.thoughtSignature",
    "detail": "contents.mediaResolution",
    "title": "contents.displayName",
    ".reasoning": "thought",
    ".signature": "thoughtSignature",
}
"""Fields of the exchange as Gemini's callers call them."""
HARMLESS = frozenset(
    (
        "safetySettings",
        "generationConfig.mediaResolution",
        "generationConfig.enableEnhancedCivicAnswers",
        "toolConfig.retrievalConfig",
        "toolConfig.includeServerSideToolInvocations",
        "toolConfig.functionCallingConfig.streamFunctionCallArguments",
    )
)
"""What only Gemini knows and whose loss changes no meaning. `safetySettings` move thresholds of Google's own filters, which
no other vendor runs; most apps send them with every request."""
_TIERS = {"flex": "flex", "priority": "priority", "standard": "standard", "default": "standard"}
_HINTS = ("verbosity", "user", "cache_key", "safety_id")
_HINTED_EXTRA = ("include", "truncation", "context_management", "betas", "prediction")


def decode_request(body: bytes, model: str | None, stream: bool | None) -> ModelRequest:
    """A caller's body; `model` and `stream` are the path's. Raises Refusal: invalid_json or invalid_field."""
    return decode_fields(spelled(parse(body)), model, stream)


def decode_fields(fields: Fields, model: str | None, stream: bool | None) -> ModelRequest:
    """The same of a body whose JSON has been read and whose names are spelled in camelCase."""
    named = fields.text("model")
    messages = decode_contents(fields)
    system = decode_system(fields)
    if system is not None:
        messages.insert(0, system)
    tools = decode_tools(fields)
    choice, validated, choice_extra = decode_choice(fields)
    if validated:
        tools = [_strict(tool) if not isinstance(tool, Opaque) else tool for tool in tools]
    config = decode_config(fields)
    extra = config.pop("extra")
    tier = fields.text("serviceTier")
    labels = fields.json_object("labels")
    store = fields.flag("store")
    extra.update(choice_extra)
    extra.update(fields.known())
    return ModelRequest(
        dialect=NAME,
        model=model or (named or "").removeprefix("models/"),
        messages=tuple(messages),
        tools=tuple(tools),
        tool_choice=choice,
        stream=bool(stream),
        metadata=labels,
        service_tier=tier,
        store=store,
        extra=extra,
        **config,
    )


def _strict(tool: Any) -> Any:
    return type(tool)(name=tool.name, description=tool.description, parameters=tool.parameters, strict=True)


def places(request: ModelRequest) -> list[str]:
    """Where each message stood in the body: instructions have a field of their own."""
    apart = bool(request.messages) and request.messages[0].role == "system"
    return ["systemInstruction"] * apart + [f"contents[{number}]" for number in range(len(request.messages) - apart)]


def encode_request(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The body for Gemini. The model and whether it streams are said by the path. Raises Refusal: unsupported_parameter."""
    return dump(encode_object(request, model, losses))


def encode_object(request: ModelRequest, model: str, losses: Losses) -> dict[str, Any]:
    """The same as plain values."""
    body: dict[str, Any] = {"contents": _Contents(request, model, losses).contents()}
    system = _system(request, losses)
    if system:
        body["systemInstruction"] = {"parts": system}
    if tools := encode_tools(request, losses):
        body["tools"] = tools
    if choice := encode_choice(request, losses):
        body["toolConfig"] = choice
    if config := encode_config(request, model, losses):
        body["generationConfig"] = config
    if request.logit_bias is not None:
        losses.need("logit_bias", "Gemini cannot favour single tokens")
    for name in _HINTS:
        if getattr(request, name) is not None:
            losses.hint(name)
    if request.dialect == NAME:
        own = (("labels", request.metadata), ("serviceTier", request.service_tier), ("store", request.store))
        body.update({name: value for name, value in own if value is not None})
        body.update({name: value for name, value in request.extra.items() if "." not in name})
    else:
        _foreign(request, body, losses)
    return body


def _foreign(request: ModelRequest, body: dict[str, Any], losses: Losses) -> None:
    if request.service_tier is not None:
        if request.service_tier in _TIERS:
            body["serviceTier"] = _TIERS[request.service_tier]
        elif request.service_tier != "auto":
            losses.hint("service_tier")
    for name, value in (("metadata", request.metadata), ("store", request.store)):
        if value is not None:
            losses.hint(name)
    for name in request.extra:
        if name in _HINTED_EXTRA:
            losses.hint(name)
        else:
            losses.need(name, "Gemini has no such field")


def _system(request: ModelRequest, losses: Losses) -> list[dict[str, Any]]:
    """All instructions, wherever they stood: Gemini has one place for them, before the conversation."""
    parts: list[dict[str, Any]] = []
    for number, message in enumerate(request.messages):
        if message.role not in ("system", "developer"):
            continue
        for part in message.parts:
            if isinstance(part, Text):
                if part.cache is not None:
                    losses.hint("cache")
                parts.append(write_text(part.text, for_gemini(part.signature)))
            elif isinstance(part, Opaque) and part.dialect == NAME:
                parts.append(part.raw)
            else:
                losses.need(f"messages[{number}]", "Gemini's instructions are text only")
    return parts


class _Contents:
    """Writes the turns of one request."""

    __slots__ = ("_losses", "_model", "_names", "_own", "_request")

    def __init__(self, request: ModelRequest, model: str, losses: Losses) -> None:
        self._request = request
        self._model = model
        self._losses = losses
        self._own = request.dialect == NAME
        self._names: dict[str, str] = {}

    def contents(self) -> list[dict[str, Any]]:
        """All turns. Results that came as messages of their own stand together, as Gemini demands of a turn's responses."""
        contents: list[dict[str, Any]] = []
        results_before = False
        placeholders_from = self._current_turn()
        for number, message in enumerate(self._request.messages):
            if message.role in ("system", "developer"):
                continue
            if message.name is not None:
                self._losses.hint(f"messages[{number}].name")
            parts = list(self._parts(message.parts, number))
            if message.role == "assistant" and number >= placeholders_from:
                _put_placeholder(parts)
            only_results = bool(message.parts) and all(isinstance(part, ToolResult) for part in message.parts)
            if only_results and results_before:
                contents[-1]["parts"] += parts
            elif parts or not message.parts:
                role = "model" if message.role == "assistant" else "user"
                contents.append({"role": role, "parts": parts})
            results_before = only_results
        return contents

    def _current_turn(self) -> int:
        """From where on function calls need signatures: behind the user's last words. Beyond the end where none is needed."""
        messages = self._request.messages
        if self._own or not demands_signatures(self._model):
            return len(messages)
        for number in range(len(messages) - 1, -1, -1):
            message = messages[number]
            if message.role == "user" and not all(isinstance(part, ToolResult) for part in message.parts):
                return number
        return 0

    def _parts(self, parts: Iterable[Part], number: int) -> Iterable[dict[str, Any]]:
        losses = self._losses
        for position, part in enumerate(parts):
            if not isinstance(part, Opaque | Reasoning | Declined) and part.cache is not None:
                losses.hint("cache")
            if isinstance(part, Text):
                if part.phase is not None:
                    losses.hint("phase")
                yield write_text(part.text, for_gemini(part.signature))
            elif isinstance(part, ToolCall):
                self._names[part.id] = part.name
                yield write_call(part, own_id(part.id), for_gemini(part.signature))
            elif isinstance(part, ToolResult):
                yield self._result(part, number)
            elif isinstance(part, Reasoning):
                yield from self._thought(part, number)
            elif isinstance(part, Declined):
                yield write_text(part.text, None)
            elif isinstance(part, Opaque):
                if part.dialect == NAME:
                    yield part.raw
                else:
                    losses.need(f"messages[{number}].{part.kind}", f"only {part.dialect} understands it")
            else:
                yield from self._media(part, f"messages[{number}].parts[{position}]")

    def _result(self, result: ToolResult, number: int) -> dict[str, Any]:
        name = result.name or self._names.get(result.call_id)
        if name is None:
            raise wrong(f"messages[{number}]", f"no earlier tool call has the id {result.call_id[:80]}")
        inside: list[dict[str, Any]] = []
        for part in result.content:
            if isinstance(part, Media):
                inside += self._media(part, f"messages[{number}].tool_result")
            elif isinstance(part, Opaque):
                if part.dialect == NAME:
                    inside.append(part.raw)
                else:
                    self._losses.need(f"messages[{number}].{part.kind}", f"only {part.dialect} understands it")
        return write_response(result, name, own_id(result.call_id), inside)

    def _thought(self, thought: Reasoning, number: int) -> Iterable[dict[str, Any]]:
        """A thought. What only another vendor can read is left out.

        So is a signature that comes from a caller of another dialect: it may be anybody's, Gemini refuses what it did not sign,
        and it demands signatures of function calls, not of thoughts.
        """
        signature = for_gemini(thought.signature) if self._own else None
        text = thought_text(thought)
        if thought.encrypted is not None or (thought.signature is not None and signature is None):
            self._losses.hint(f"messages[{number}].reasoning")
        if text or (signature is not None and thought.encrypted is None):
            yield write_thought(text, signature)

    def _media(self, part: Image | Document | Audio | Video, place: str) -> Iterable[dict[str, Any]]:
        source, losses = part.source, self._losses
        if source.file_id is not None and not self._own and not own_file(source.file_id):
            losses.need(place, "the file is kept by another vendor; send it inline or by URL")
            return
        if source.data is None and source.url is None and source.file_id is None and source.text is None:
            losses.need(place, "it is only named, and Gemini has to be sent it")
            return
        written = write_media(part)
        inside: dict[str, Any] = next(iter(written.values()))
        if isinstance(part, Image):
            if (signature := signature_of(part)) is not None:
                written["thoughtSignature"] = signature
            if part.detail is not None:
                self._detail(part.detail, written)
        elif isinstance(part, Document):
            if part.detail not in (None, "auto"):
                losses.hint("detail")
            self._document(part, inside, place)
        yield written

    def _detail(self, detail: str, written: dict[str, Any]) -> None:
        if self._own and detail in ("low", "high"):
            written["mediaResolution"] = {"level": f"MEDIA_RESOLUTION_{detail.upper()}"}
        elif detail != "auto":
            self._losses.hint("detail")

    def _document(self, part: Document, inside: dict[str, Any], place: str) -> None:
        if part.citations:
            self._losses.need(f"{place}.citations", "Gemini does not cite documents that are sent along")
        if part.title is not None:
            if self._own:
                inside["displayName"] = part.title
            else:
                self._losses.hint("title")
        if part.context is not None:
            self._losses.need(f"{place}.context", "Gemini's documents carry no context; write it as text")


def _put_placeholder(parts: list[dict[str, Any]]) -> None:
    """Give the first call of a step the placeholder, unless it has a signature of its own."""
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", PLACEHOLDER)
