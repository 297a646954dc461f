"""The OpenAPI document: what FastAPI makes of the endpoints, and what all of them have in common."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from torana import __version__
from torana.control.api.guard import PERMISSION, SESSION_COOKIE
from torana.control.api.shapes import Problem

_DESCRIPTION = """\
Everything that the console does, and more. Send a token as `Authorization: Bearer …`.

Lists come in pages: send `next` of one as `cursor` to get the following. A PATCH or PUT needs the `ETag` of what it
changes in `If-Match`. A request with an `Idempotency-Key` may be sent again within a day and has the same result once.
`X-Torana-Reason` goes into the audit trail. Errors are problem details (RFC 9457) with a stable `code`. What another
team owns is not found (404); what one may see but not do is refused (403) with the permission's name.
"""
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "The ETag of what is changed; `*` changes whatever is there.",
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "One for each thing that is done: sent again, it is not done again.",
}
_REASON = {
    "name": "X-Torana-Reason",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 2000, "pattern": "^[ -~]*$"},
    "description": "Why, for the audit trail.",
}
# A plan changes nothing, an apply is bound to its plan by the fingerprint, and a sign-in is another one each time.
_UNREPEATED = frozenset({"declaration", "session"})
_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Of what is shown."}}


def operation_id(route: APIRoute) -> str:
    """The endpoint's function names the operation; a test refuses two of the same name."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(title=app.title, version=__version__, description=_DESCRIPTION, routes=app.routes)
    schemas = made["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.setdefault("Problem", Problem.model_json_schema())
    made["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    }
    made["security"] = [{"token": []}, {"session": []}]
    for operations in made["paths"].values():
        for method, operation in operations.items():
            _complete(method, operation)
    return made


def _complete(method: str, operation: dict[str, Any]) -> None:
    if operation.get(PERMISSION) not in (None, "public", "signed_in"):
        needed = f"Needs the permission `{operation[PERMISSION]}`."
        operation["description"] = f"{operation.get('description', '')}\n\n{needed}".strip()
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    if method in ("patch", "put"):
        parameters.append(_IF_MATCH)
    if method in ("post", "patch", "put", "delete") and not _UNREPEATED.intersection(operation.get("tags", ())):
        parameters += [_IDEMPOTENCY, _REASON]
    if not parameters:
        del operation["parameters"]
    for status, response in operation["responses"].items():
        if status >= "400":
            schema = {"$ref": "#/components/schemas/Problem"}
            response["content"] = {"application/problem+json": {"schema": schema}}
        elif "application/json" in response.get("content", {}):
            response["headers"] = _ETAG
