"""`/v1/models`: what this key may call."""

import urllib.parse

from torana.core.errors import Refusal
from torana.dialects.openai_chat.models import Model, encode_model, encode_models
from torana.gate.call import Call
from torana.gate.route.paths import MODEL


def list_models(call: Call) -> bytes:
    """The list, or the one entry asked for. Raises Refusal: model_not_found."""
    view, principal = call.view, call.principal
    assert view is not None
    assert principal is not None
    grants = principal.app.grants
    if call.path is not MODEL:
        return encode_models(
            filter(None, (_model(call, name, service_id) for name, service_id in sorted(grants.items())))
        )
    name = urllib.parse.unquote(call.request.path.removeprefix("/v1/models/"))
    service_id = grants.get(name)
    found = None if service_id is None else _model(call, name, service_id)
    if found is None:
        names = ", ".join(sorted(grants)[:20])
        raise Refusal("model_not_found", param="model", model=name[:200], models=f"It may call: {names}.")
    return encode_model(found)


def _model(call: Call, name: str, service_id: str) -> Model | None:
    assert call.view is not None
    service = call.view.service(service_id)
    return None if service is None else Model(id=name, created=service.created, owned_by=service.team_id or "torana")
