"""What the admin API shows of who is signed in."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from torana.control.api.shapes import Asked
from torana.control.sessions.service import Session
from torana.control.users.passwords import SecretAsked

Time = Annotated[int, Field(description="Microseconds since 1970.")]


class SignInAsked(Asked):
    """Who wants to sign in."""

    email: Annotated[str, Field(min_length=1, max_length=320, examples=["ann@example.org"])]
    password: SecretAsked


class TeamPermissions(BaseModel):
    """What one may do in a team."""

    id: str
    name: str
    permissions: list[str]


class WhoShown(BaseModel):
    """Who asks, and what they may do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "user_7k2m…",
                    "name": "ann@example.org",
                    "kind": "person",
                    "by": "session",
                    "via": "session_9c1x…",
                    "permissions": [],
                    "teams": [{"id": "team_4b…", "name": "payments", "permissions": ["apps:read", "apps:write"]}],
                }
            ]
        }
    )

    user_id: Annotated[str | None, Field(description="Null for the owner of the data folder.")]
    name: str
    kind: Literal["person", "service", "owner", "system", "nobody"]
    by: Annotated[Literal["session", "token", "socket"], Field(description="What says who it is.")]
    via: Annotated[str | None, Field(description="Id of the session or token.")]
    permissions: Annotated[list[str], Field(description="What counts everywhere.")]
    teams: list[TeamPermissions]


class SessionShown(BaseModel):
    """Somebody's being signed in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "session_9c1x…",
                    "created_us": 1_790_000_000_000_000,
                    "seen_us": 1_790_000_060_000_000,
                    "expires_us": 1_790_028_800_000_000,
                    "ends_us": 1_790_604_800_000_000,
                    "address": "192.0.2.7",
                    "agent": "Mozilla/5.0",
                    "method": "password",
                    "current": True,
                }
            ]
        }
    )

    id: str
    created_us: Time
    seen_us: Annotated[int, Field(description="When it was last used, to the minute.")]
    expires_us: Annotated[int, Field(description="When it ends unless it is used.")]
    ends_us: Annotated[int, Field(description="When it ends however much it is used.")]
    address: str | None
    agent: str | None
    method: Annotated[str, Field(description="`password`, or the name of an identity provider.")]
    current: Annotated[bool, Field(description="Whether it is the one that asks.")]


def shown(session: Session, current: str | None) -> SessionShown:
    """A session as the API shows it."""
    return SessionShown(
        id=session.id,
        created_us=session.created_us,
        seen_us=session.seen_us,
        expires_us=session.expires_us,
        ends_us=session.ends_us,
        address=session.address,
        agent=session.agent,
        method=session.method,
        current=session.id == current,
    )
