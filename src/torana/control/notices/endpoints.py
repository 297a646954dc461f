"""/api/v1/me/notices: one's own inbox, of all teams: no token that may do less than its owner reads it."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.access.personal import person
from torana.control.api.change import changing, reply
from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS, Asked, Listed, Paging
from torana.control.notices import repository
from torana.control.notices.repository import Notice
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.sql.engine import reading

router = APIRouter(prefix="/me/notices", tags=["notices"], responses=PROBLEMS)


class NoticeShown(BaseModel):
    """Something you are told."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "notice_7k2m…",
                    "team_id": "team_7k2m…",
                    "event": "approval.requested",
                    "subject": "A subscription waits for your decision",
                    "body": "dev@example.org asks for the approval of subscription subscription_7k2m….",
                    "link": "/api/v1/approvals/approval_7k2m…",
                    "created_us": 1_790_000_000_000_000,
                    "read_us": None,
                }
            ]
        }
    )

    id: str
    team_id: Annotated[str | None, Field(description="The team that it is about.")]
    event: str
    subject: str
    body: str
    link: Annotated[str | None, Field(description="Where the thing is in the admin API.")]
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]
    read_us: int | None


class ReadAsked(Asked):
    """What you have read."""

    until_us: Annotated[
        int | None, Field(ge=0, lt=2**63, description="`created_us` of the newest one that you have seen; null is all.")
    ] = None


class Counted(BaseModel):
    """How many."""

    count: int


@router.get("", response_model=Listed[NoticeShown], **guard("signed_in"))
async def list_notices(request: Request, actor: Acting, paging: Paging, unread: bool | None = None) -> Response:
    """What you were told in the last 90 days. Sorted by `created_us`, newest first."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        rows, following = await repository.inbox(connection, person(actor), paging, unread)
    return reply(request, Listed[NoticeShown](items=[shown(one) for one in rows], next=following))


@router.get("/unread", response_model=Counted, **guard("signed_in"))
async def count_unread(request: Request, actor: Acting) -> Response:
    """How many of your notices you have not read."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        return reply(request, Counted(count=await repository.unread(connection, person(actor))))


@router.post("/read", response_model=Counted, **guard("signed_in"))
async def read_all(body: ReadAsked, request: Request, actor: Acting) -> Response:
    """Mark all your notices as read; the reply says how many were not."""
    async with changing(request) as change:
        user_id, now_us = person(actor), epoch_us()
        until_us = now_us if body.until_us is None else body.until_us
        count = await repository.mark_read(change.connection, user_id, now_us, until_us=until_us)
        return change.reply(Counted(count=count))


@router.post("/{notice}/read", response_model=NoticeShown, **guard("signed_in"))
async def read_one(notice: str, request: Request, actor: Acting) -> Response:
    """Mark a notice as read."""
    async with changing(request) as change:
        user_id = person(actor)
        await repository.mark_read(change.connection, user_id, epoch_us(), notice_id=notice)
        found = await repository.find(change.connection, user_id, notice)
        if found is None:
            raise Refusal("not_found", noun="notice", name=notice[:200])
        return change.reply(shown(found))


def shown(notice: Notice) -> NoticeShown:
    """A notice as the API shows it."""
    fields = msgspec.structs.asdict(notice)
    del fields["user_id"]
    return NoticeShown(**fields)
