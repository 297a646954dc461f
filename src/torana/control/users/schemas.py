"""What the admin API shows of users, and takes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from torana.control.api.shapes import Asked
from torana.control.users.passwords import SecretAsked
from torana.control.users.repository import User

Email = Annotated[str, Field(min_length=3, max_length=320, examples=["ann@example.org"])]
DisplayName = Annotated[str, Field(max_length=200, examples=["Ann Onymous"])]
RoleName = Annotated[str, Field(min_length=1, max_length=100)]
Seconds = Annotated[int, Field(ge=300, le=31_536_000)]
State = Literal["invited", "active", "suspended"]
Kind = Literal["person", "service"]
EXAMPLE: JsonDict = {
    "id": "user_7k2m…",
    "email": "ann@example.org",
    "name": "Ann Onymous",
    "kind": "person",
    "state": "active",
    "platform_role": "member",
    "external_id": None,
    "team_id": None,
    "has_password": True,
    "created_us": 1_790_000_000_000_000,
    "last_sign_in_us": 1_790_000_060_000_000,
}


class UserAsked(Asked):
    """Somebody who is to have an account."""

    email: Email
    name: DisplayName | None = None
    platform_role: RoleName = "member"
    expires_seconds: Annotated[Seconds, Field(description="How long their invitation counts.")] = 604_800


class UserChange(Asked):
    """What is to be different; what is left out stays."""

    name: DisplayName | None = None
    platform_role: RoleName | None = None
    state: Annotated[Literal["active", "suspended"] | None, Field(description="`suspended` ends all sessions.")] = None


class ProfileAsked(Asked):
    """What one is called."""

    name: DisplayName


class PasswordAsked(Asked):
    """A password for another."""

    old: SecretAsked
    new: SecretAsked


class UserShown(BaseModel):
    """A person, or a service account."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str
    email: str
    name: str | None
    kind: Kind
    state: State
    platform_role: str
    external_id: Annotated[str | None, Field(description="What a SCIM client knows the user by.")]
    team_id: Annotated[str | None, Field(description="Whose service account it is; null for a person.")]
    has_password: bool
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]
    last_sign_in_us: int | None


class InvitationMade(BaseModel):
    """How whoever is invited comes in."""

    id: str
    expires_us: int
    emailed: Annotated[bool, Field(description="Whether it was sent by e-mail.")]
    token: Annotated[
        str | None,
        Field(description="Only here, and only where it was not sent: hand it on, POST /api/v1/invitations/accept."),
    ]


class UserMade(BaseModel):
    """A new user, and their invitation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user": {**EXAMPLE, "state": "invited", "has_password": False, "last_sign_in_us": None},
                    "invitation": {
                        "id": "invitation_3f…",
                        "expires_us": 1_790_604_800_000_000,
                        "emailed": False,
                        "token": "tor_invite_…",
                    },
                }
            ]
        }
    )

    user: UserShown
    invitation: InvitationMade


def shown(user: User) -> UserShown:
    """A user as the API shows them."""
    return UserShown.model_validate(
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "kind": user.kind,
            "state": user.state,
            "platform_role": user.platform_role,
            "external_id": user.external_id,
            "team_id": user.team_id,
            "has_password": user.password_hash is not None,
            "created_us": user.created_us,
            "last_sign_in_us": user.last_sign_in_us,
        }
    )
