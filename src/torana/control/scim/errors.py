"""Errors in SCIM's form (RFC 7644, section 3.12). No value of a request is ever repeated."""

from typing import Any

import msgspec
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from torana.core.errors import Refusal
from torana.kit.log import logger
from torana.stores.sql.engine import DatabaseAwayError

CONTENT_TYPE = "application/scim+json"
_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
_TYPES = {
    "invalid_field": (400, "invalidValue"),
    "invalid_json": (400, "invalidSyntax"),
    "already_exists": (409, "uniqueness"),
}


class ScimError(Exception):
    """A request that is not done. `kind` is one of RFC 7644's `scimType`, where one fits."""

    def __init__(self, status: int, detail: str, kind: str | None = None) -> None:
        self.status = status
        self.detail = detail
        self.kind = kind
        super().__init__(detail)


def answer(content: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A reply in SCIM's content type."""
    sent = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(content), status, sent, CONTENT_TYPE)


def handle_errors(app: FastAPI) -> None:
    """Have every error of an app answered in SCIM's form."""
    for kind in (ScimError, Refusal, HTTPException, DatabaseAwayError, Exception):
        app.add_exception_handler(kind, _failed)


async def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, ScimError):
        return _said(error.status, error.detail, error.kind)
    if isinstance(error, Refusal):
        status, kind = _TYPES.get(error.code, (error.status, None))
        headers = {"www-authenticate": "Bearer"} if status == 401 else dict(error.headers)
        return _said(status, error.sentence, kind, headers)
    if isinstance(error, HTTPException) and error.status_code in (404, 405):
        what = "There is nothing here." if error.status_code == 404 else "This method is not allowed here."
        return _said(error.status_code, what, None, dict(error.headers or {}))
    if isinstance(error, DatabaseAwayError):
        logger().error("database_away", path=request.url.path, reason=str(error))
        return _said(503, "The database does not answer. Try again in a moment.", None, {"retry-after": "1"})
    # Not its text: it may hold what was about to be stored.
    logger().error("control_request_failed", path=request.url.path, error=type(error).__name__)
    return _said(500, "Something went wrong inside the gateway.", None)


def _said(status: int, detail: str, kind: str | None, headers: dict[str, str] | None = None) -> Response:
    content: dict[str, Any] = {"schemas": [_SCHEMA], "status": str(status), "detail": detail}
    if kind is not None:
        content["scimType"] = kind
    return answer(content, status, headers)
