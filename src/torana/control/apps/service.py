"""Apps: made, found, changed, removed."""

from torana.control.access.names import check_name
from torana.control.access.scope import Scope, of_team
from torana.control.apps import repository
from torana.control.apps.repository import App, Named
from torana.control.keys import service as keys
from torana.control.policies import service as policies
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = [
    "App",
    "Named",
    "create",
    "find",
    "get",
    "get_by_id",
    "listed",
    "page",
    "remove",
    "rename",
    "set_keep_bodies",
]

_MOST_LISTED = 5

listed = repository.listed
page = repository.paged


async def create(connection: Connection, team_id: str, name: str, *, keep_bodies: bool = False) -> App:
    """A new app of a team. Raises Refusal."""
    if await repository.by_name(connection, team_id, check_name(name)) is not None:
        raise Refusal("already_exists", noun="app", name=name)
    app = App(id=new_id("app"), team_id=team_id, name=name, keep_bodies=keep_bodies, created_us=epoch_us())
    await repository.add(connection, app)
    return app


async def get(connection: Connection, team_id: str, name: str) -> App:
    """The team's app of this name. Raises Refusal `not_found`."""
    app = await repository.by_name(connection, team_id, name)
    if app is None:
        raise Refusal("not_found", noun="app", name=name)
    return app


async def get_by_id(connection: Connection, scope: Scope, app_id: str) -> App:
    """The app with this id; another team's does not exist. Raises Refusal `not_found`."""
    app = await repository.by_id(connection, scope, app_id)
    if app is None:
        raise Refusal("not_found", noun="app", name=app_id)
    return app


async def find(connection: Connection, scope: Scope, reference: str) -> Named:
    """The app that a reference means: its id, `team/name`, or its name where only one app has it. Raises Refusal."""
    # PostgreSQL takes no text with a NUL, and no name holds one.
    found = await repository.referred(connection, scope, reference.replace("\0", "?"), _MOST_LISTED)
    if len(found) > 1:
        teams = ", ".join(sorted(one.team for one in found))
        raise Refusal("invalid_field", param="team", reason=f"several teams have such an app: {teams}")
    if not found:
        raise Refusal("not_found", noun="app", name=reference[:200])
    return found[0]


async def rename(connection: Connection, app: App, name: str) -> None:
    """Give an app another name. Raises Refusal."""
    if name != app.name and await repository.by_name(connection, app.team_id, check_name(name)) is not None:
        raise Refusal("already_exists", noun="app", name=name)
    await repository.rename(connection, app.id, name)


async def set_keep_bodies(connection: Connection, app: App, keep_bodies: bool) -> None:
    """Whether the bodies of this app's calls are kept."""
    await repository.set_keep_bodies(connection, app.id, keep_bodies)


async def remove(connection: Connection, app: App) -> None:
    """Delete an app with its keys, subscriptions and limits."""
    key_ids = [key.id for key in await keys.listed(connection, of_team(app.team_id), app.id)]
    await policies.forget_owners(connection, [app.id, *key_ids])
    await repository.remove(connection, app.id)
