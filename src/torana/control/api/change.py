"""A change through the admin API: one transaction that is published, noted in the audit trail, and repeatable.

async with changing(request) as change:
    team = await teams.create(change.connection, body.name)
    await change.note("team.create", "team", team.id, after=shown)
    return change.reply(shown, 201)
"""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from torana.control.access.actor import Actor
from torana.control.api import repository
from torana.control.api.guard import acting
from torana.control.api.repository import Kept
from torana.control.audit import service as audit
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

KEPT_US = 24 * 3600 * 1_000_000
"""How long a reply is kept for a request that is sent again."""
_KEY = "idempotency-key"
_MOST_KEY = 255
_JSON = "application/json"


class Replayed(Exception):
    """The request was done before: `response` is what was answered then."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__()


class Change:
    """The transaction, and who makes it."""

    def __init__(self, request: Request, connection: Connection, publisher: Publisher) -> None:
        self.connection = connection
        self.publisher = publisher
        self.actor: Actor = acting(request)
        self.answered: Response | None = None
        self._request = request

    @property
    def master(self) -> MasterKey:
        """The installation's key."""
        return self.publisher.master

    @property
    def reason(self) -> str | None:
        """Why, as the header `x-torana-reason` says."""
        return self._request.headers.get("x-torana-reason")

    async def note(
        self,
        action: str,
        noun: str,
        noun_id: str | None,
        *,
        name: str | None = None,
        team_id: str | None = None,
        before: BaseModel | Mapping[str, Any] | None = None,
        after: BaseModel | Mapping[str, Any] | None = None,
    ) -> None:
        """Put it into the audit trail; the reason is that of the header `x-torana-reason`."""
        await audit.note(
            self.connection,
            self.master,
            self.actor,
            action,
            noun,
            noun_id,
            name=name,
            team_id=team_id,
            before=_fields(before),
            after=_fields(after),
            reason=self.reason,
        )

    def match(self, current: BaseModel, *, required: bool = True) -> None:
        """Compare If-Match with the thing as it stands. Raises Refusal `precondition_required` or `precondition_failed`."""
        given = self._request.headers.get("if-match")
        if given is None:
            if required:
                raise Refusal("precondition_required")
            return
        if given.strip() != "*" and etag_of(_lasting(current)) not in [part.strip() for part in given.split(",")]:
            raise Refusal("precondition_failed")

    def reply(self, content: BaseModel | None, status: int = 200, *, location: str | None = None) -> Response:
        """The reply, kept with the change where the request has an Idempotency-Key."""
        body = b"" if content is None else _encoded(content)
        etag = etag_of(_lasting(content)) if content is not None else None
        self.answered = _response(body, 204 if content is None else status, etag, location)
        return self.answered


@asynccontextmanager
async def changing(request: Request) -> AsyncIterator[Change]:
    """A change that is published when the block ends, or not made at all.

    Raises Refusal, and Replayed where a request with this Idempotency-Key was done before.
    """
    publisher: Publisher = request.app.state.publisher
    key, fingerprint = await _key(request, publisher.master)
    try:
        async with publisher.change() as connection:
            if key is not None:
                await _replay(connection, publisher.master, key, fingerprint)
            change = Change(request, connection, publisher)
            yield change
            if key is not None and change.answered is not None:
                await repository.keep(connection, _kept(change.answered, publisher.master, key, fingerprint))
    except IntegrityError:
        # What the checks before did not see: something that this needs has just been removed, or is still in use.
        raise Refusal("conflicting_change") from None


def reply(request: Request, content: BaseModel) -> Response:
    """What was asked for, with its ETag; 304 where the caller has it already."""
    body, lasting = _encoded(content), _lasting(content)
    etag = etag_of(lasting)
    known = request.headers.get("if-none-match", "")
    if body == lasting and etag in [part.strip() for part in known.split(",")]:
        return Response(None, 304, {"etag": etag})
    return _response(body, 200, etag, None)


def etag_of(body: bytes) -> str:
    """A strong ETag of a representation."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def _encoded(content: BaseModel) -> bytes:
    return content.model_dump_json().encode()


def _lasting(content: BaseModel) -> bytes:
    """The representation without what changes by itself (`PASSING`): that must not stand in the way of a change."""
    passing: frozenset[str] | None = getattr(content, "PASSING", None)
    return content.model_dump_json(exclude=set(passing)).encode() if passing else _encoded(content)


def _fields(shown: BaseModel | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return shown.model_dump(mode="json") if isinstance(shown, BaseModel) else shown


def _response(body: bytes, status: int, etag: str | None, location: str | None) -> Response:
    headers = {"cache-control": "no-store"}
    if etag is not None:
        headers["etag"] = etag
    if location is not None:
        headers["location"] = location
    return Response(body, status, headers, _JSON) if body else Response(None, status, headers)


async def _key(request: Request, master: MasterKey) -> tuple[bytes | None, bytes]:
    given = request.headers.get(_KEY)
    if given is None:
        return None, b""
    if not 1 <= len(given) <= _MOST_KEY or not given.isprintable():
        raise Refusal("invalid_field", param="Idempotency-Key", reason=f"expected 1 to {_MOST_KEY} visible characters")
    actor = acting(request)
    # A reply may hold a secret: a token that may do less than its owner does not get what another one was told.
    narrow = "" if actor.whole else f"\0{actor.via}"
    whose = f"{actor.kind}\0{actor.id}\0{given}{narrow}".encode()
    target = f"{request.method} {request.url.path}?{request.url.query}\0".encode()
    return master.key_digest(b"reply\0" + whose), master.key_digest(target + await request.body())


async def _replay(connection: Connection, master: MasterKey, key: bytes, fingerprint: bytes) -> None:
    kept = await repository.kept(connection, key, epoch_us() - KEPT_US)
    if kept is None:
        return
    if kept.request != fingerprint:
        raise Refusal("idempotency_key_reused", param="Idempotency-Key")
    body = master.open(kept.sealed, key.hex()).reveal().encode()
    response = _response(body, kept.status, kept.etag, kept.location)
    response.headers["idempotent-replayed"] = "true"
    raise Replayed(response)


def _kept(response: Response, master: MasterKey, key: bytes, fingerprint: bytes) -> Kept:
    sealed = master.seal(Secret(bytes(response.body).decode()), key.hex())
    headers = response.headers
    return Kept(
        key, fingerprint, response.status_code, sealed, headers.get("etag"), headers.get("location"), epoch_us()
    )
