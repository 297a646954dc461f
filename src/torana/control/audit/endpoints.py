"""/api/v1/audit: the audit trail, read, exported and verified."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from torana.control.access.scope import Scope
from torana.control.api.change import reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Listed, Paging
from torana.control.audit import repository
from torana.control.audit.anchor import Anchor
from torana.control.audit.chain import Kind
from torana.control.audit.entry import Entry
from torana.control.audit.repository import Filters
from torana.control.audit.verify import verify
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/audit", tags=["audit"], responses=PROBLEMS)

MOST_EXPORTED = 10_000_000
_AT_ONCE = 500
_MOST_ANCHORS = 50
_LINES = "application/x-ndjson"

TimeUs = Annotated[int, Field(description="Microseconds since 1970.")]
Text = Annotated[str | None, Query(max_length=320)]
Since = Annotated[int | None, Query(ge=0, lt=2**63, description="From this time on, in microseconds since 1970.")]
Until = Annotated[int | None, Query(ge=0, lt=2**63, description="Before this time.")]


class EntryShown(BaseModel):
    """What was done, by whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "seq": 4711,
                    "at_us": 1_790_000_000_000_000,
                    "actor_kind": "person",
                    "actor_id": "user_7k2m…",
                    "actor_name": "ann@example.org",
                    "via": "token_7k2m…",
                    "action": "team.change",
                    "noun": "team",
                    "noun_id": "team_7k2m…",
                    "noun_name": "payments",
                    "team_id": "team_7k2m…",
                    "before": {"name": "billing"},
                    "after": {"name": "payments"},
                    "reason": "renamed on 1 June",
                    "address": "192.0.2.7",
                    "agent": "curl/8.5",
                    "previous": "5f2c…",
                    "hash": "9b1d…",
                }
            ]
        }
    )

    seq: Annotated[int, Field(description="Without gaps, from 1.")]
    at_us: TimeUs
    actor_kind: Annotated[
        str, Field(description="`person`, `service`, `owner` (of the data folder), `system`, `nobody`.")
    ]
    actor_id: str | None
    actor_name: str
    via: Annotated[str | None, Field(description="The token or session that it was done with.")]
    action: str
    noun: str
    noun_id: str | None
    noun_name: str | None
    team_id: str | None
    before: Any = None
    after: Any = None
    reason: Annotated[str | None, Field(description="What the request's `x-torana-reason` said.")]
    address: str | None
    agent: str | None
    previous: Annotated[str, Field(description="The hash of the entry before.")]
    hash: Annotated[str, Field(description="Keyed: only this installation can make and check it.")]


class AnchorShown(BaseModel):
    """Number and hash of an entry. Kept elsewhere, it says later that this entry is still there."""

    seq: int
    hash: str


class FindingShown(BaseModel):
    """One thing that is wrong."""

    kind: Kind
    seq: int
    until: int
    sentence: str


class VerifiedShown(BaseModel):
    """What was found."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "holds": False,
                    "entries": 4710,
                    "newest": {"seq": 4711, "hash": "9b1d…"},
                    "anchor": {"seq": 4711, "hash": "9b1d…"},
                    "found": 1,
                    "findings": [{"kind": "missing", "seq": 17, "until": 17, "sentence": "entry 17 is missing"}],
                    "notes": [],
                }
            ]
        }
    )

    holds: Annotated[bool, Field(description="Whether the trail is what was written.")]
    entries: int
    newest: AnchorShown
    anchor: Annotated[AnchorShown | None, Field(description="What this node keeps outside the database.")]
    found: Annotated[int, Field(description="How many things are wrong; `findings` are the first hundred.")]
    findings: list[FindingShown]
    notes: Annotated[list[str], Field(description="What could not be looked at.")]


def filters(
    team: Annotated[str | None, Query(max_length=100, description="Id; the entries outlive the team.")] = None,
    actor: Annotated[str | None, Query(max_length=320, description="Id or name.")] = None,
    action: Text = None,
    noun: Text = None,
    noun_id: Text = None,
    since_us: Since = None,
    until_us: Until = None,
) -> Filters:
    """Which entries, as a dependency."""
    return Filters(team, actor, action, noun, noun_id, since_us, until_us)


Filtered = Annotated[Filters, Depends(filters)]


@router.get("", response_model=Listed[EntryShown], **guard("audit:read"))
async def list_entries(request: Request, actor: Acting, paging: Paging, which: Filtered) -> Response:
    """Entries of one's teams, or all. Sorted by `seq`, newest first."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await repository.paged(connection, actor.scope("audit:read"), which, paging)
    return reply(request, Listed[EntryShown](items=[EntryShown(**shown(entry)) for entry in rows], next=following))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {_LINES: {"schema": {"type": "string"}}}}},
    **guard("audit:read"),
)
async def export(
    request: Request,
    actor: Acting,
    which: Filtered,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Behind the entry with this number.")] = 0,
    most: Annotated[int, Query(ge=1, le=MOST_EXPORTED)] = MOST_EXPORTED,
) -> Response:
    """Entries as JSON lines, oldest first, as many as there are when it begins."""
    publisher: Publisher = request.app.state.publisher
    lines = _lines(publisher, actor.scope("audit:read"), which, after, most)
    # The first ones are read now: a database that is away is still told with a status of its own.
    first = await anext(lines, b"")
    return StreamingResponse(_with_first(first, lines), media_type=_LINES, headers={"cache-control": "no-store"})


@router.get("/verification", response_model=VerifiedShown, **guard("audit:read", platform=True))
async def verification(
    request: Request,
    anchor: Annotated[
        list[str], Query(max_length=_MOST_ANCHORS, description="`SEQ:HASH` of entries that were noted elsewhere.")
    ] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Go through the whole trail, and say which entries were changed, removed, moved, put in, or cut off at the end."""
    publisher: Publisher = request.app.state.publisher
    known = [_anchor(text) for text in anchor]
    lock: asyncio.Lock = request.app.state.verifying
    # One at a time: it reads everything.
    async with lock:
        found = await verify(publisher.engine, publisher.master, publisher.data, known)
    own = found.anchor
    return reply(
        request,
        VerifiedShown(
            holds=found.holds,
            entries=found.entries,
            newest=AnchorShown(seq=found.newest.seq, hash=found.newest.hash.hex()),
            anchor=AnchorShown(seq=own.seq, hash=own.hash.hex()) if own is not None else None,
            found=found.found,
            findings=[FindingShown(**msgspec.structs.asdict(one)) for one in found.findings],
            notes=found.notes,
        ),
    )


def shown(entry: Entry) -> dict[str, Any]:
    """An entry as the API shows it."""
    fields = msgspec.structs.asdict(entry)
    return {
        **fields,
        "before": _decoded(entry.before),
        "after": _decoded(entry.after),
        "previous": entry.previous.hex(),
        "hash": entry.hash.hex(),
    }


async def _lines(publisher: Publisher, scope: Scope, which: Filters, after: int, most: int) -> AsyncIterator[bytes]:
    async with reading(publisher.engine) as connection:
        newest = await repository.newest(connection)
    until, left = (0 if newest is None else newest[0]), most
    # Transactions of their own: one that stays open as long as somebody reads slowly would hold the database back.
    while left:
        async with reading(publisher.engine) as connection:
            found = await repository.after(connection, scope, which, after, min(_AT_ONCE, left))
        found = [entry for entry in found if entry.seq <= until]
        if not found:
            return
        yield b"".join(msgspec.json.encode(shown(entry)) + b"\n" for entry in found)
        after, left = found[-1].seq, left - len(found)


async def _with_first(first: bytes, following: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in following:
        yield chunk


def _decoded(text: str | None) -> Any:
    try:
        return None if text is None else msgspec.json.decode(text)
    except (ValueError, RecursionError):
        # Not ours any more: the verification says so; here it is shown as it stands.
        return text


def _anchor(text: str) -> Anchor:
    seq, _, digest = text.partition(":")
    try:
        if not seq.isascii() or not seq.isdigit() or len(seq) > 18 or len(digest) != 64:
            raise ValueError
        return Anchor(int(seq), bytes.fromhex(digest))
    except ValueError:
        raise Refusal(
            "invalid_field", param="anchor", reason="expected SEQ:HASH, such as 17:9b1d… (64 hex digits)"
        ) from None
