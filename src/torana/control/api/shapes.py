"""Shapes that many endpoints have in common."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from torana.stores.sql.paging import MOST, PageAsked

Shown = TypeVar("Shown")


NO_NUL = r"^[^\x00]*$"
"""PostgreSQL takes no text with a NUL."""
Filter = Annotated[str | None, Query(max_length=300, pattern=NO_NUL)]
"""Of a list: what one of the fields is."""


class Asked(BaseModel):
    """A body that somebody sends: no field that is not named, and no value of it in an error."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class Problem(BaseModel):
    """Why something was not done (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:torana:error:not_found",
                    "title": "not found",
                    "status": 404,
                    "detail": "There is no team payments. Check its name or id.",
                    "code": "not_found",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(description="Stable: docs/failure-modes.md explains each.")]
    param: Annotated[str | None, Field(description="The field at fault.")] = None


class Listed(BaseModel, Generic[Shown]):
    """A page of a list."""

    items: list[Shown]
    next: Annotated[str | None, Field(description="Send it as `cursor` to get the next page; null at the end.")] = None


def page_asked(
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    cursor: Annotated[str | None, Query(max_length=2000, description="The `next` of the page before.")] = None,
    sort: Annotated[str | None, Query(max_length=60, description="A field; `-` before it turns the order.")] = None,
) -> PageAsked:
    """Which page of a list, as a dependency."""
    return PageAsked(limit, cursor, sort)


Paging = Annotated[PageAsked, Depends(page_asked)]

_WHY = {
    400: "The request cannot be understood.",
    401: "Nobody, or nobody known, asks.",
    403: "Whoever asks may not do that.",
    404: "There is no such thing, or none that whoever asks may see.",
    409: "What there is does not allow it.",
    412: "It has changed since it was read.",
    413: "The body is too large.",
    422: "A field is not valid.",
    428: "If-Match is missing.",
    429: "Too often.",
    503: "The database does not answer.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": why, "content": {"application/problem+json": {}}}
    for status, why in _WHY.items()
}
"""For `responses=` of a router."""
