"""POST /api/v1/plan and /api/v1/apply."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from torana.control.declaration.outside import OutsideValues
from torana.control.plan.apply import apply, plan
from torana.control.plan.diff import Change
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.core.secret import Secret

router = APIRouter()


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


@router.post("/plan")
async def make_plan(body: FileHandedOver, request: Request) -> dict[str, Any]:
    """What an apply of this file would do."""
    publisher: Publisher = request.app.state.publisher
    found = await plan(publisher.engine, publisher.master, body.source())
    return {"changes": _listed(found.changes), "notes": found.notes, "fingerprint": found.fingerprint}


@router.post("/apply")
async def make_true(body: FileHandedOver, request: Request) -> dict[str, Any]:
    """Make this file true, all or nothing. `made` holds the values of new keys, which are shown only here."""
    done = await apply(request.app.state.publisher, body.source(), body.fingerprint)
    made = [{"name": key.name, "value": key.secret.reveal()} for key in done.made]
    return {"changes": _listed(done.changes), "notes": done.notes, "made": made}


def _listed(changes: tuple[Change, ...]) -> list[Any]:
    return [msgspec.to_builtins(change) for change in changes]
