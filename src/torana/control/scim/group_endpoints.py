"""/scim/v2/Groups."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from torana.control.api.change import Change, changing
from torana.control.api.guard import guard
from torana.control.groups.repository import Group, members_of
from torana.control.publish.publish import Publisher
from torana.control.scim import groups, repository
from torana.control.scim.errors import answer
from torana.control.scim.read import body_of, chosen, listing_of, operations_of
from torana.control.scim.resources import base_of, listed, noted_group, shown_groups
from torana.stores.sql.engine import Connection, reading

router = APIRouter(prefix="/Groups")


@router.get("", **guard("scim:write", platform=True))
async def list_groups(request: Request) -> Response:
    """Groups, the oldest first."""
    listing = listing_of(request.query_params)
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        total, found = await repository.groups_listed(connection, listing)
        resources = await shown_groups(connection, found, base_of(request), request.query_params)
    return answer(listed(total, listing.start, resources, request))


@router.post("", **guard("scim:write", platform=True))
async def create_group(request: Request) -> Response:
    """Make a group."""
    body = body_of(await request.body())
    async with changing(request) as change:
        group = await groups.create(change.connection, body)
        after = noted_group(group, await members_of(change.connection, group.id))
        await change.note("group.create", "group", group.id, name=group.name, after=after)
        return await _answer(change.connection, group, request, 201)


@router.get("/{group}", **guard("scim:write", platform=True))
async def get_group(group: str, request: Request) -> Response:
    """One group."""
    publisher: Publisher = request.app.state.publisher
    async with reading(publisher.engine) as connection:
        return await _answer(connection, await groups.find(connection, group), request)


@router.put("/{group}", **guard("scim:write", platform=True))
async def replace_group(group: str, request: Request) -> Response:
    """Have a group be what the body says."""
    body = body_of(await request.body())
    async with changing(request) as change:
        before = await groups.find(change.connection, group)
        members = await members_of(change.connection, before.id)
        after = await groups.replace(change.connection, before, body)
        await _note(change, before, members, after)
        return await _answer(change.connection, after, request)


@router.patch("/{group}", **guard("scim:write", platform=True))
async def patch_group(group: str, request: Request) -> Response:
    """Change a group step by step. Without `attributes` nothing is answered: a group may be large."""
    operations = operations_of(body_of(await request.body()))
    async with changing(request) as change:
        before = await groups.find(change.connection, group)
        members = await members_of(change.connection, before.id)
        after = await groups.patch(change.connection, before, operations)
        await _note(change, before, members, after)
        if "attributes" in request.query_params:
            return await _answer(change.connection, after, request)
    return Response(None, 204)


@router.delete("/{group}", **guard("scim:write", platform=True))
async def delete_group(group: str, request: Request) -> Response:
    """Delete a group; its members stay, without what it gave."""
    async with changing(request) as change:
        before = await groups.find(change.connection, group)
        members = await members_of(change.connection, before.id)
        await groups.remove(change.connection, before)
        await change.note("group.delete", "group", before.id, name=before.name, before=noted_group(before, members))
    return Response(None, 204)


async def _note(change: Change, before: Group, members: set[str], after: Group) -> None:
    """Who came and who went, not everybody who stayed."""
    now = await members_of(change.connection, after.id)
    if before == after and members == now:
        return
    await change.note(
        "group.change",
        "group",
        after.id,
        name=after.name,
        before=noted_group(before, members - now),
        after=noted_group(after, now - members),
    )


async def _answer(connection: Connection, group: Group, request: Request, status: int = 200) -> Response:
    [resource] = await shown_groups(connection, [group], base_of(request), request.query_params)
    location = resource["meta"]["location"]
    return answer(chosen(resource, request.query_params), status, {"location": location})
