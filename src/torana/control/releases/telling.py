"""Who is told what becomes of a release."""

from datetime import UTC, datetime

from torana.control.access.actor import Actor
from torana.control.notices.service import tell
from torana.control.releases import repository
from torana.control.releases.repository import Release
from torana.control.services.repository import Service
from torana.stores.sql.engine import Connection

_DECIDED = {
    "release.approved": "was approved",
    "release.rejected": "was rejected",
    "release.withdrawn": "was taken back",
}


async def tell_author(connection: Connection, release: Release, event: str, actor: Actor) -> None:
    """Tell whoever handed a release in what was decided."""
    if release.author_id is None or release.author_id == actor.id:
        return
    said = _DECIDED[event]
    await tell(
        connection,
        event=event,
        team_id=release.team_id,
        user_ids=[release.author_id],
        subject=f"Release {release.version} {said}",
        body=f"Your release {release.version} {said} by {actor.name}.",
        link=f"/api/v1/releases/{release.id}",
    )


async def tell_publishers(
    connection: Connection, service: Service, release: Release, event: str, said: str, actor: Actor
) -> None:
    """Tell everybody who may publish the service, apart from who did it."""
    await tell(
        connection,
        event=event,
        team_id=service.team_id,
        permission="services:publish",
        but_not=actor.id,
        subject=f"Release {release.version} of {service.name} {said}",
        body=f"Release {release.version} of the service {service.name} {said}.",
        link=f"/api/v1/releases/{release.id}",
    )


async def tell_subscribers(connection: Connection, service: Service, release: Release, event: str) -> None:
    """Tell the teams whose apps may call the service."""
    what = (
        f"The service {service.name}"
        if event.startswith("service.")
        else f"Release {release.version} of {service.name}"
    )
    if release.state == "retired":
        subject, body = f"{what} is retired", f"{what} takes no more calls."
    else:
        day = datetime.fromtimestamp((release.sunset_us or 0) / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        subject, body = f"{what} ends on {day}", f"{what} is deprecated and answers until {day}."
    if release.successor:
        body += f" Call {release.successor} instead."
    for team_id in await repository.subscribed_teams(connection, service.id):
        await tell(
            connection,
            event=event,
            team_id=team_id,
            permission="apps:write",
            subject=subject,
            body=body,
            link=f"/api/v1/services/{service.id}",
        )
