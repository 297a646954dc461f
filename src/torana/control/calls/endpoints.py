"""/api/v1/calls: what was recorded."""

from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Query, Request

from torana.control.api.guard import guard
from torana.core.errors import Refusal
from torana.core.ids import is_call_id
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/calls")

_FILTERS = ("since_us", "until_us", "status", "error", "service", "model", "app_id", "key_id", "user")


class CallQueries(Protocol):
    """Reads what was recorded. The recorder has these functions; wiring hands them in, since the two do not import each other."""

    def list_calls(
        self, connection: Connection, filters: Mapping[str, Any], before: str | None, limit: int
    ) -> Awaitable[list[dict[str, Any]]]:
        """Calls, newest first. `filters` has some of the names in recorder.query.Filters."""

    def follow_calls(
        self, connection: Connection, filters: Mapping[str, Any], after: int, limit: int
    ) -> Awaitable[list[dict[str, Any]]]:
        """Calls stored after the one whose `seq` is `after`, in the order of storing."""

    def newest_seq(self, connection: Connection) -> Awaitable[int]:
        """Where a follower begins who wants only what comes."""

    def show_call(self, connection: Connection, call_id: str) -> Awaitable[dict[str, Any] | None]:
        """One call, with its bodies where they were kept."""


@router.get("", **guard("calls:read", platform=True))
async def list_calls(
    request: Request,
    before: str | None = None,
    after: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    since_us: int | None = None,
    until_us: int | None = None,
    status: int | None = None,
    error: str | None = None,
    service: str | None = None,
    model: str | None = None,
    app_id: str | None = None,
    key_id: str | None = None,
    user: str | None = None,
) -> dict[str, Any]:
    """Calls, newest first; with `after` (a `seq`) instead those stored since, in the order of storing."""
    given = dict(zip(_FILTERS, (since_us, until_us, status, error, service, model, app_id, key_id, user), strict=True))
    filters = {name: value for name, value in given.items() if value is not None}
    queries = _queries(request)
    async with reading(request.app.state.publisher.engine) as connection:
        newest = await queries.newest_seq(connection)
        if after is not None:
            return {"calls": await queries.follow_calls(connection, filters, after, limit), "newest_seq": newest}
        return {"calls": await queries.list_calls(connection, filters, before, limit), "newest_seq": newest}


@router.get("/{call_id}", **guard("calls:read", platform=True))
async def show_call(call_id: str, request: Request) -> dict[str, Any]:
    """One call."""
    queries = _queries(request)
    if is_call_id(call_id):
        async with reading(request.app.state.publisher.engine) as connection:
            if (found := await queries.show_call(connection, call_id)) is not None:
                return found
    raise Refusal("not_found", noun="call", name=call_id[:64])


def _queries(request: Request) -> CallQueries:
    queries: CallQueries | None = request.app.state.calls
    if queries is None:
        raise Refusal("not_built", path="/api/v1/calls")
    return queries
