"""/api/v1/calls: what was recorded."""

from collections.abc import Awaitable, Mapping
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Protocol, get_type_hints

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, create_model
from starlette.responses import Response

from torana.control.api.change import reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS
from torana.core.errors import Refusal
from torana.core.ids import is_call_id
from torana.core.record import CallRecord
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/calls", tags=["calls"], responses=PROBLEMS)

_FILTERS = ("since_us", "until_us", "status", "error", "service", "model", "app_id", "key_id", "user")
_FIELDS: dict[str, Any] = {name: (kind, ...) for name, kind in get_type_hints(CallRecord).items()}
_PRICE: dict[str, Any] = {"seq": (int, ...), "cost_picos": (int | None, ...), "price_source": (str | None, ...)}
_BODIES: dict[str, Any] = {
    "request": (str | None, None),
    "request_cut": (bool | None, None),
    "response": (str | None, None),
    "response_cut": (bool | None, None),
    "bodies_problem": (str | None, None),
}
CallShown = create_model(
    "CallShown", __doc__="One call: the fields of its record, and what it cost.", **_PRICE, **_FIELDS
)
CallWithBodies = create_model(
    "CallWithBodies", __base__=CallShown, __doc__="A call with its bodies, where they were kept.", **_BODIES
)


class CallsListed(BaseModel):
    """A page of calls."""

    items: list[CallShown]  # type: ignore[valid-type] # made above from the record's fields
    next: str | None
    """Send it as `before` for the next page."""
    newest_seq: int
    """Send it as `after` to get what is recorded from now on."""


class CallQueries(Protocol):
    """Reads what was recorded. The recorder has these functions; wiring hands them in, since the two do not import each other.

    `teams` are those whose calls may be seen; None is all, and calls of nobody.
    """

    def list_calls(
        self,
        connection: Connection,
        teams: AbstractSet[str] | None,
        filters: Mapping[str, Any],
        before: str | None,
        limit: int,
    ) -> Awaitable[list[dict[str, Any]]]:
        """Calls, newest first. `filters` has some of the names in recorder.query.Filters."""

    def follow_calls(
        self, connection: Connection, teams: AbstractSet[str] | None, filters: Mapping[str, Any], after: int, limit: int
    ) -> Awaitable[list[dict[str, Any]]]:
        """Calls stored after the one whose `seq` is `after`, in the order of storing."""

    def newest_seq(self, connection: Connection) -> Awaitable[int]:
        """Where a follower begins who wants only what comes."""

    def show_call(
        self, connection: Connection, teams: AbstractSet[str] | None, call_id: str
    ) -> Awaitable[dict[str, Any] | None]:
        """One call."""

    def bodies_of(self, call: Mapping[str, Any]) -> Awaitable[dict[str, Any]]:
        """The bodies of a call that `show_call` found."""


@router.get("", response_model=CallsListed, **guard("calls:read"))
async def list_calls(
    request: Request,
    actor: Acting,
    before: Annotated[str | None, Query(max_length=64, description="The `next` of the page before.")] = None,
    after: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    since_us: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    until_us: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    status: Annotated[int | None, Query(ge=0, le=999)] = None,
    error: str | None = None,
    service: str | None = None,
    model: str | None = None,
    app_id: str | None = None,
    key_id: str | None = None,
    user: str | None = None,
) -> Response:
    """Calls, newest first; with `after` (a `seq`) instead those stored since, in the order of storing."""
    given = dict(zip(_FILTERS, (since_us, until_us, status, error, service, model, app_id, key_id, user), strict=True))
    filters = {name: value for name, value in given.items() if value is not None}
    queries, teams = _queries(request), actor.scope("calls:read").team_ids
    async with reading(request.app.state.publisher.engine) as connection:
        newest = await queries.newest_seq(connection)
        if after is not None:
            rows = await queries.follow_calls(connection, teams, filters, after, limit)
        else:
            rows = await queries.list_calls(connection, teams, filters, before, limit)
    more = after is None and len(rows) == limit
    return reply(request, CallsListed(items=rows, next=rows[-1]["id"] if more else None, newest_seq=newest))


@router.get("/{call_id}", response_model=CallWithBodies, **guard("calls:read"))
async def show_call(call_id: str, request: Request, actor: Acting) -> Response:
    """One call; with its bodies, where they were kept and one may see them (`bodies:read`)."""
    queries = _queries(request)
    if is_call_id(call_id):
        async with reading(request.app.state.publisher.engine) as connection:
            found = await queries.show_call(connection, actor.scope("calls:read").team_ids, call_id)
        if found is not None:
            if found["bodies_kept"] and actor.may("bodies:read", found["team_id"]):
                found = {**found, **await queries.bodies_of(found)}
            return reply(request, CallWithBodies(**found))
    raise Refusal("not_found", noun="call", name=call_id[:64])


def _queries(request: Request) -> CallQueries:
    queries: CallQueries | None = request.app.state.calls
    if queries is None:
        raise Refusal("not_built", path="/api/v1/calls")
    return queries
