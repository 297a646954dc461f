"""Errors of the admin API as RFC 9457 problem details with the codes of core/errors.py. No value of a request is ever repeated."""

from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from torana.control.api.change import Replayed
from torana.control.declaration.problems import SHOWN, DeclarationError
from torana.core.errors import Refusal
from torana.kit.log import logger
from torana.stores.sql.engine import DatabaseAwayError

CONTENT_TYPE = "application/problem+json"


_UNPROCESSABLE = frozenset(("invalid_field", "invalid_json", "duplicate_field"))
"""What a body says wrong. The gate answers 400, as vendors do; an API of resources answers 422 (RFC 9110, 15.5.21)."""


def problem(refusal: Refusal, **more: Any) -> Response:
    """The reply that says why."""
    status = 422 if refusal.code in _UNPROCESSABLE else refusal.status
    content = {
        "type": f"urn:torana:error:{refusal.code}",
        "title": refusal.code.replace("_", " "),
        "status": status,
        "detail": refusal.sentence,
        "code": refusal.code,
        **({"param": refusal.param} if refusal.param is not None else {}),
        **more,
    }
    headers = dict(refusal.headers)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(msgspec.json.encode(content), status, headers, CONTENT_TYPE)


def handle_errors(app: FastAPI) -> None:
    """Have every error of an app answered as problem details."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(Replayed, _replayed)
    app.add_exception_handler(DeclarationError, _not_declarable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DatabaseAwayError, _away)
    app.add_exception_handler(Exception, _failed)


async def _refused(request: Request, error: Exception) -> Response:
    return problem(error) if isinstance(error, Refusal) else await _failed(request, error)


async def _replayed(request: Request, error: Exception) -> Response:
    return error.response if isinstance(error, Replayed) else await _failed(request, error)


async def _not_declarable(request: Request, error: Exception) -> Response:
    if not isinstance(error, DeclarationError):
        return await _failed(request, error)
    listed = [
        {"line": p.line, "column": p.column, "path": p.path, "message": p.message} for p in error.problems[:SHOWN]
    ]
    return problem(Refusal("invalid_declaration", problems=str(error)), problems=listed, count=len(error.problems))


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return await _failed(request, error)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem(Refusal("invalid_json", reason="it cannot be parsed"))
    # The outermost name only, no input: a value may be a secret, and so may a name inside.
    where = ".".join(str(part) for part in first["loc"][1:2]) or "body"
    return problem(Refusal("invalid_field", param=where, reason=first["msg"]))


async def _http(request: Request, error: Exception) -> Response:
    if isinstance(error.__cause__, Refusal):
        # FastAPI wraps what is raised while it reads a body.
        return problem(error.__cause__)
    if not isinstance(error, HTTPException):
        return await _failed(request, error)
    path = request.url.path
    if error.status_code == 400:
        return problem(Refusal("invalid_json", reason="it cannot be parsed"))
    if error.status_code == 405:
        allowed = (error.headers or {}).get("allow", "another method")
        return problem(Refusal("method_not_allowed", method=request.method, path=path, allowed=allowed))
    return problem(Refusal("unknown_path", path=path)) if error.status_code == 404 else await _failed(request, error)


async def _away(request: Request, error: Exception) -> Response:
    logger().error("database_away", path=request.url.path, reason=str(error))
    return problem(Refusal("database_away", headers=(("retry-after", "1"),)))


async def _failed(request: Request, error: Exception) -> Response:
    # Not its text: it may hold what was about to be stored.
    logger().error("control_request_failed", path=request.url.path, error=type(error).__name__)
    return problem(Refusal("internal_error"))
