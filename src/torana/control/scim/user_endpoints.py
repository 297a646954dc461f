"""/scim/v2/Users."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.api.change import Change, changing
from torana.control.api.guard import Acting, guard
from torana.control.publish.publish import Publisher
from torana.control.scim import repository, users
from torana.control.scim.errors import answer
from torana.control.scim.read import body_of, chosen, listing_of, operations_of
from torana.control.scim.resources import base_of, listed, noted_user, shown_users
from torana.control.users.service import User
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/Users")


@router.get("", **guard("scim:write", platform=True))
async def list_users(request: Request) -> Response:
    """People, the oldest first."""
    listing = listing_of(request.query_params)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        total, found = await repository.people(connection, listing)
        resources = await shown_users(connection, found, base_of(request))
    return answer(listed(total, listing.start, resources, request))


@router.post("", **guard("scim:write", platform=True))
async def create_user(request: Request) -> Response:
    """Make a person."""
    body = body_of(await request.body())
    async with changing(request) as change:
        user = await users.create(change.connection, body)
        await change.note("user.create", "user", user.id, name=user.email, after=noted_user(user))
        return await _answer(change.connection, user, request, 201)


@router.get("/{user}", **guard("scim:write", platform=True))
async def get_user(user: str, request: Request) -> Response:
    """One person."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        return await _answer(connection, await users.find(connection, user), request)


@router.put("/{user}", **guard("scim:write", platform=True))
async def replace_user(user: str, request: Request, actor: Acting) -> Response:
    """Have a person be what the body says."""
    body = body_of(await request.body())
    async with changing(request) as change:
        before = await users.find(change.connection, user)
        after = await users.replace(change.connection, actor, before, body)
        await _note(change, before, after)
        return await _answer(change.connection, after, request)


@router.patch("/{user}", **guard("scim:write", platform=True))
async def patch_user(user: str, request: Request, actor: Acting) -> Response:
    """Change a person step by step."""
    operations = operations_of(body_of(await request.body()))
    async with changing(request) as change:
        before = await users.find(change.connection, user)
        after = await users.patch(change.connection, actor, before, operations)
        await _note(change, before, after)
        return await _answer(change.connection, after, request)


@router.delete("/{user}", **guard("scim:write", platform=True))
async def delete_user(user: str, request: Request, actor: Acting) -> Response:
    """Delete a person with their tokens, sessions and memberships."""
    async with changing(request) as change:
        before = await users.find(change.connection, user)
        await users.remove(change.connection, actor, before)
        await change.note("user.delete", "user", before.id, name=before.email, before=noted_user(before))
    return Response(None, 204)


async def _note(change: Change, before: User, after: User) -> None:
    if before == after:
        # Clients send everything again and again: that is no change.
        return
    await change.note(
        "user.change", "user", after.id, name=after.email, before=noted_user(before), after=noted_user(after)
    )


async def _answer(connection: Connection, user: User, request: Request, status: int = 200) -> Response:
    [resource] = await shown_users(connection, [user], base_of(request))
    location = resource["meta"]["location"]
    return answer(chosen(resource, request.query_params), status, {"location": location})
