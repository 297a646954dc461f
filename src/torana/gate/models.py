"""`/v1/models` and `/v1beta/models`: what this key may call, in the shape of the dialect that asks."""

import urllib.parse
from collections.abc import Callable
from time import time_ns
from typing import Any

from torana.core.errors import Refusal
from torana.core.snapshot import App, Facts, Service
from torana.dialects.anthropic_messages import models as anthropic
from torana.dialects.gemini import models as gemini
from torana.dialects.openai_chat import models as openai
from torana.gate.call import Call
from torana.gate.route.paths import GEMINI_MODEL, MODEL
from torana.stores.counters.shared import CountersBusyError

_NOTHING = Facts()
_GEMINI_METHODS = {
    "embedding": ("embedContent", "batchEmbedContents"),
    None: ("generateContent", "streamGenerateContent", "countTokens"),
}


def list_models(call: Call) -> bytes:
    """The list, or the one entry asked for. Raises Refusal: model_not_found."""
    view, principal = call.view, call.principal
    assert view is not None
    assert principal is not None
    grants, names = principal.app.grants, _counting(principal.app, view.names(principal))
    entry, encode_all, encode_one = _shape(call)
    if call.path is not MODEL and call.path is not GEMINI_MODEL:
        found = [(name, _living(view.service(grants[name]))) for name in names]
        return encode_all([entry(name, service) for name, service in found if service is not None])
    name = urllib.parse.unquote(call.request.path.partition("/models/")[2])
    if name in grants:
        service = _living(view.service(grants[name])) if name in names else None
    else:
        service = _version(call, name)
    if service is None:
        callable_ = ", ".join(names[:20])
        raise Refusal("model_not_found", param="model", model=name[:200], models=f"It may call: {callable_}.")
    return encode_one(entry(name, service))


def _counting(app: App, names: list[str]) -> list[str]:
    """Those whose subscription has not ended."""
    now_us = time_ns() // 1000
    over = {service_id for service_id, (end_us, _) in app.ends.items() if end_us <= now_us}
    return [name for name in names if app.grants[name] not in over] if over else names


def _shape(call: Call) -> tuple[Callable[[str, Service], Any], Callable[[Any], bytes], Callable[[Any], bytes]]:
    headers, path = call.request.headers, call.path
    assert path is not None
    if path.dialect.name == "gemini" or b"x-goog-api-key" in headers or b"x-goog-api-client" in headers:
        return _gemini, gemini.encode_models, gemini.encode_model
    if b"anthropic-version" in headers:
        return _anthropic, anthropic.encode_models, anthropic.encode_model
    return _openai, openai.encode_models, openai.encode_model


def _living(service: Service | None) -> Service | None:
    """Of one whose releases are all retired nothing is listed, though a call still hears what to call instead."""
    return None if service is None or (service.releases and not service.deployments) else service


def _version(call: Call, name: str) -> Service | None:
    """Of a service with releases, the version that `name@2` or `name@2.1` means."""
    view, principal = call.view, call.principal
    assert view is not None
    assert principal is not None
    try:
        offer = view.offer(principal, name)
    except CountersBusyError:
        raise Refusal("counters_unavailable", owner=name[:200], headers=(("retry-after", "1"),)) from None
    return None if offer is None or not offer.targets else offer.service


def _facts(service: Service) -> Facts:
    # Of several deployments the first says it: they are there to stand in for each other.
    first = service.deployments[0].facts if service.deployments else None
    return first or _NOTHING


def _openai(name: str, service: Service) -> openai.Model:
    facts = _facts(service)
    modalities = None
    if facts.inputs is not None or facts.outputs is not None:
        modalities = {"input": list(facts.inputs or ()), "output": list(facts.outputs or ())}
    return openai.Model(
        id=name,
        created=service.created,
        owned_by=service.team_id or "torana",
        context_window=facts.context_window,
        max_output_tokens=facts.max_output_tokens,
        modalities=modalities,
        capabilities=list(facts.capabilities) or None,
    )


def _anthropic(name: str, service: Service) -> anthropic.Model:
    facts = _facts(service)
    return anthropic.Model(
        id=name,
        created=service.created,
        display_name=facts.name or name,
        max_input_tokens=facts.context_window,
        max_tokens=facts.max_output_tokens,
    )


def _gemini(name: str, service: Service) -> gemini.Model:
    facts = _facts(service)
    return gemini.Model(
        name=f"models/{name}",
        display_name=facts.name or name,
        input_token_limit=facts.context_window,
        output_token_limit=facts.max_output_tokens,
        supported_generation_methods=_GEMINI_METHODS.get(facts.kind, _GEMINI_METHODS[None]),
    )
