"""POST /api/v1/plan and /api/v1/apply."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from torana.control.api.guard import Acting, guard
from torana.control.api.shapes import PROBLEMS
from torana.control.declaration.outside import OutsideValues
from torana.control.plan.apply import apply, plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret

router = APIRouter(tags=["declaration"], responses=PROBLEMS)


class FileHandedOver(BaseModel):
    """A torana.yaml with the values that stand outside it, which the caller's side has looked up."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    text: str
    name: Annotated[str, Field(max_length=4096)] = "torana.yaml"
    values: dict[str, str] = {}
    """By `env:NAME` or `file:PATH`."""
    missing: dict[str, str] = {}
    """Why a value could not be had, by the same keys."""
    fingerprint: str | None = None
    """Of the plan that was agreed to; only for apply."""

    def source(self) -> Source:
        """The file as plan and apply take it."""
        found = {key: Secret(value) for key, value in self.values.items()}
        return Source(self.text.encode("utf-8", "replace"), OutsideValues(found, self.missing), self.name)


class FieldPlanned(BaseModel):
    """One field; secrets are masked."""

    field: str
    before: str | None
    after: str | None


class ChangePlanned(BaseModel):
    """One thing that is made, changed or removed."""

    action: Literal["create", "change", "remove"]
    kind: str
    name: str
    fields: list[FieldPlanned]


class PlanMade(BaseModel):
    """What an apply would do."""

    changes: list[ChangePlanned]
    notes: list[str]
    fingerprint: Annotated[str, Field(description="Send it with an apply to have exactly this done, or nothing.")]


class MadeKeyShown(BaseModel):
    """A key whose value is shown only here."""

    name: str
    value: str


class Applied(BaseModel):
    """What an apply has done."""

    changes: list[ChangePlanned]
    notes: list[str]
    made: list[MadeKeyShown]


@router.post("/plan", response_model=PlanMade, **guard("declaration:write", platform=True))
async def make_plan(body: FileHandedOver, request: Request) -> Response:
    """What an apply of this file would do."""
    publisher: Publisher = request.app.state.publisher
    found = await plan(publisher.engine, publisher.master, body.source())
    return _reply(found)


@router.post("/apply", response_model=Applied, **guard("declaration:write", platform=True))
async def make_true(body: FileHandedOver, request: Request, actor: Acting) -> Response:
    """Make this file true, all or nothing. `made` holds the values of new keys, which are shown only here."""
    publisher: Publisher = request.app.state.publisher
    reason = request.headers.get("x-torana-reason")
    done = await apply(publisher, body.source(), body.fingerprint, actor=actor, reason=reason)
    made = [{"name": key.name, "value": key.secret.reveal()} for key in done.made]
    return _reply({"changes": done.changes, "notes": done.notes, "made": made})


def _reply(content: Any) -> Response:
    # Past FastAPI's own conversion, which goes through a hundred thousand changes one field at a time.
    return Response(msgspec.json.encode(content), media_type="application/json")
