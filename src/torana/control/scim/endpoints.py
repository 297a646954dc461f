"""/scim/v2/ServiceProviderConfig, /ResourceTypes and /Schemas."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.api.guard import guard
from torana.control.scim.errors import ScimError, answer
from torana.control.scim.resources import LIST, base_of
from torana.control.scim.schemas import config, kinds, schemas

router = APIRouter()


@router.get("/ServiceProviderConfig", **guard("scim:write", platform=True))
async def get_config(request: Request) -> Response:
    """Which parts of the protocol are there."""
    return answer(config(base_of(request)))


@router.get("/ResourceTypes", **guard("scim:write", platform=True))
async def list_kinds(request: Request) -> Response:
    """The kinds of resources."""
    return _list(request, kinds(base_of(request)))


@router.get("/ResourceTypes/{name}", **guard("scim:write", platform=True))
async def get_kind(name: str, request: Request) -> Response:
    """One kind of resources."""
    return _one(kinds(base_of(request)), name)


@router.get("/Schemas", **guard("scim:write", platform=True))
async def list_schemas(request: Request) -> Response:
    """The attributes of each kind."""
    return _list(request, schemas(base_of(request)))


@router.get("/Schemas/{name}", **guard("scim:write", platform=True))
async def get_schema(name: str, request: Request) -> Response:
    """The attributes of one kind."""
    return _one(schemas(base_of(request)), name)


def _list(request: Request, found: list[dict[str, Any]]) -> Response:
    if "filter" in request.query_params:
        # RFC 7644, section 4.
        raise ScimError(403, "This list cannot be filtered.")
    total = len(found)
    return answer(
        {"schemas": [LIST], "totalResults": total, "startIndex": 1, "itemsPerPage": total, "Resources": found}
    )


def _one(found: list[dict[str, Any]], name: str) -> Response:
    for one in found:
        if one["id"] == name:
            return answer(one)
    raise ScimError(404, "There is no such thing.")
