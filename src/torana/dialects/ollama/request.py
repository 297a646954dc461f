"""Requests of any dialect as Ollama's chat takes them, and requests for embeddings."""

import re
from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import ModelRequest, Opaque, Thinking, Tool
from torana.core.losses import Losses
from torana.dialects.fields import wrong
from torana.dialects.ollama.content import Conversation

_encode = msgspec.json.Encoder().encode
OWN: dict[str, tuple[type[Any], ...]] = {
    "keep_alive": (str, int, float),
    "options": (dict,),
    "truncate": (bool,),
    "shift": (bool,),
}
"""Ollama's own fields, which a caller of any dialect may send: they reach it as they were written."""
_NO_THINKER = re.compile(
    r"llama|gemma-?[123n]|mistral|mixtral|codestral|phi-?[34]|qwen-?2|llava|command-r|smollm|starcoder"
)
_THINKER = re.compile(r"r1|reason|think")
"""Families that came before Ollama's models could think, and what those are called that were made to
(https://ollama.com/search?c=thinking). What is not known is asked to think; Ollama itself refuses where it cannot."""
_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def encode_request(request: ModelRequest, model: str, losses: Losses) -> bytes:
    """The body of `/api/chat`. Raises Refusal for what Ollama cannot carry, unless `losses` drops it."""
    conversation = Conversation(losses)
    for number, message in enumerate(request.messages):
        conversation.add(message, f"messages[{number}]")
    # Ollama streams where nothing is said.
    body: dict[str, Any] = {"model": model, "messages": conversation.messages, "stream": request.stream}
    tools = _tools(request, losses)
    if tools:
        body["tools"] = tools
    if request.format is not None and request.format.kind != "text":
        body["format"] = "json" if request.format.schema is None else request.format.schema
    think = None if request.thinking is None else _think(request.thinking, model, losses)
    if think is not None:
        body["think"] = think
    if request.logprobs or request.top_logprobs:
        body["logprobs"] = True
        if request.top_logprobs is not None:
            body["top_logprobs"] = request.top_logprobs
    options = _options(request)
    if options:
        body["options"] = options
    _lose(request, losses)
    put_own(request.extra, losses, body)
    return write(body)


def write(body: dict[str, Any]) -> bytes:
    """JSON. Raises Refusal for what cannot be written."""
    try:
        return _encode(body)
    except UnicodeEncodeError:
        raise Refusal("invalid_json", reason="it holds half a surrogate pair") from None
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None


def put_own(extra: dict[str, Any], losses: Losses, body: dict[str, Any]) -> None:
    """Ollama's own fields among a caller's; every other one is a loss. Raises Refusal."""
    for name, value in extra.items():
        kinds = OWN.get(name)
        if kinds is None:
            losses.need(name, "Ollama has no such field")
        elif not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise wrong(name, "it has the wrong type for Ollama")
        elif name == "options":
            body[name] = {**value, **body.get(name, {})}
        else:
            body[name] = value


def _options(request: ModelRequest) -> dict[str, Any]:
    said = {
        "num_predict": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "seed": request.seed,
        "stop": list(request.stop) or None,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
    }
    return {name: value for name, value in said.items() if value is not None}


def _think(thinking: Thinking, model: str, losses: Losses) -> bool | str | None:
    """`think`. A model that can think does so where nothing is said, and one that cannot refuses to be told."""
    budget = thinking.budget_tokens or 0
    if thinking.enabled is False or thinking.effort == "none" or thinking.budget_tokens == 0:
        return False
    if _NO_THINKER.search(model) and not _THINKER.search(model):
        if budget > 0:
            losses.need("thinking", "this model cannot think")
        elif thinking.enabled or thinking.adaptive or thinking.effort is not None:
            losses.hint("thinking")
        return None
    if thinking.effort is not None and "gpt-oss" in model:
        return _LEVELS[thinking.effort]
    if thinking.effort is not None or budget > 0:
        # Only gpt-oss knows degrees; "think value is not supported for this model" is what others answer.
        losses.hint("thinking")
    return True if thinking.enabled or thinking.budget_tokens or thinking.adaptive else None


def _tools(request: ModelRequest, losses: Losses) -> list[dict[str, Any]]:
    choice = request.tool_choice
    allowed: frozenset[str] | None = None
    if choice is not None:
        if choice.mode == "none":
            # Tools that must not be called are as good as none.
            return []
        if choice.mode != "auto":
            losses.need("tool_choice", "Ollama cannot make a model call a tool")
        if choice.allowed is not None:
            allowed = frozenset(choice.allowed)
    tools: list[dict[str, Any]] = []
    for number, tool in enumerate(request.tools):
        if isinstance(tool, Opaque):
            losses.need(f"tools[{number}].{tool.kind}", "only its own dialect understands it")
        elif tool.custom:
            losses.need(f"tools[{number}]", "Ollama has no free-text tools")
        elif allowed is None or tool.name in allowed:
            tools.append(_tool(tool, f"tools[{number}]", losses))
    if tools and request.parallel_tool_calls is False:
        # It cannot forbid calls side by side; a caller who gets two answers both, or the first.
        losses.hint("parallel_tool_calls")
    return tools


def _tool(tool: Tool, place: str, losses: Losses) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = {"type": "object", "properties": {}} if tool.parameters is None else tool.parameters
    if tool.strict:
        # SDKs ask for it unasked: Ollama does not hold a model to a tool's schema, but calls the tool.
        losses.hint(f"{place}.strict")
    if tool.cache is not None:
        losses.hint(f"{place}.cache")
    return {"type": "function", "function": function}


def _lose(request: ModelRequest, losses: Losses) -> None:
    if request.choices is not None and request.choices != 1:
        losses.need("choices", "Ollama gives one answer only")
    if request.logit_bias:
        losses.need("logit_bias", "Ollama has no bias of tokens")
    if request.modalities and any(kind != "text" for kind in request.modalities):
        losses.need("modalities", "Ollama answers in text")
    elif request.speech is not None:
        losses.need("speech", "Ollama does not speak")
    for name in ("verbosity", "user", "metadata", "cache_key", "safety_id"):
        if getattr(request, name) is not None:
            losses.hint(name)
    if request.service_tier not in (None, "auto"):
        losses.hint("service_tier")
    if request.store:
        losses.hint("store")
