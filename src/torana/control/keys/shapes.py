"""Keys as the admin API takes and shows them."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from torana.control.api.shapes import Asked
from torana.control.keys import service as keys
from torana.control.keys.scopes import MOST_ENTRIES, Scopes, opened_networks, opened_scopes
from torana.core.ids import epoch_us

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["laptop"])]
_Entry = Annotated[str, Field(min_length=1, max_length=200)]
_Entries = Annotated[list[_Entry], Field(min_length=1, max_length=MOST_ENTRIES)]
_EXAMPLE: dict[str, Any] = {
    "id": "key_5t9x…",
    "name": "laptop",
    "team": "payments",
    "team_id": "team_7k2m…",
    "app": "checkout",
    "app_id": "app_3n8d…",
    "hint": "x9Qw",
    "state": "in_use",
    "created_us": 1_790_000_000_000_000,
    "expires_us": 1_792_592_000_000_000,
    "revoked_us": None,
    "previous_until_us": None,
    "last_used_us": 1_790_000_120_000_000,
    "scopes": {"services": None, "endpoints": ["/v1/chat/completions"], "models": ["gpt-4.1*"]},
    "networks": ["10.0.0.0/8", "2001:db8::/32"],
}


class KeyScopes(Asked):
    """What the key may call, of what its app may; null is no restriction."""

    services: Annotated[_Entries | None, Field(description="Names or ids of services.")] = None
    endpoints: Annotated[
        _Entries | None,
        Field(description="Paths such as `/v1/chat/completions`, or the beginning of some: `/v1/images/*`."),
    ] = None
    models: Annotated[
        _Entries | None,
        Field(
            description="As vendors call them, or the beginning of some: `gpt-4.1*`. Other deployments are not used."
        ),
    ] = None

    def made(self) -> Scopes:
        """For the service of keys."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return Scopes(**{name: None if value is None else tuple(value) for name, value in given.items()})


Networks = Annotated[
    list[_Entry] | None,
    Field(
        min_length=1,
        max_length=MOST_ENTRIES,
        description="Networks (CIDR, v4 and v6) and addresses that it may be used from; null is any.",
        examples=[["10.0.0.0/8", "2001:db8::/32"]],
    ),
]
ExpiresUs = Annotated[int | None, Field(gt=0, le=keys.LAST_US, description="Microseconds since 1970; null is never.")]


class KeyAsked(Asked):
    """A key to be made."""

    app: Annotated[
        str,
        Field(
            min_length=1,
            max_length=201,
            description="Id, name, or `team/name`; the name alone where only one team has such an app.",
            examples=["payments/checkout"],
        ),
    ]
    team: Annotated[str | None, Field(max_length=100, description="Name of the app's team, where `app` is a name.")] = (
        None
    )
    name: Name = "key"
    expires_us: ExpiresUs = None
    expires_seconds: Annotated[
        int | None, Field(gt=0, le=3_155_760_000, description="Instead of expires_us: from now on.")
    ] = None
    scopes: KeyScopes | None = None
    networks: Networks = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.expires_us is not None and self.expires_seconds is not None:
            raise ValueError("give expires_us or expires_seconds, not both")
        return self

    @property
    def ends_us(self) -> int | None:
        """When it ends."""
        if self.expires_seconds is not None:
            return epoch_us() + self.expires_seconds * 1_000_000
        return self.expires_us


class KeyChanges(Asked):
    """What is to be different; what is left out stays."""

    name: Name | None = None
    expires_us: ExpiresUs = None
    scopes: KeyScopes | None = None
    networks: Networks = None

    @model_validator(mode="after")
    def _a_name(self) -> Self:
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("a key has a name")
        return self

    def made(self) -> dict[str, Any]:
        """For the service of keys."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if isinstance(scopes := given.get("scopes"), KeyScopes):
            given["scopes"] = scopes.made()
        return given


class Rotation(Asked):
    """How a key gets a new value."""

    overlap_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=keys.MOST_OVERLAP_SECONDS,
            description="How long the value before still counts; 0 ends it at once.",
            examples=[86_400],
        ),
    ]


class KeyShown(BaseModel):
    """A key, without its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    PASSING: ClassVar[frozenset[str]] = frozenset({"last_used_us"})
    """What changes by itself, and makes no other ETag."""

    id: str
    name: str
    team: str
    team_id: str
    app: str
    app_id: str
    hint: Annotated[str, Field(description="The last characters of the value.")]
    state: keys.KeyState
    created_us: Annotated[int, Field(description="Microseconds since 1970.")]
    expires_us: int | None
    revoked_us: int | None
    previous_until_us: Annotated[int | None, Field(description="Until when the value before the last rotation counts.")]
    last_used_us: Annotated[int | None, Field(description="When the last recorded call began; null is never.")]
    scopes: KeyScopes | None
    networks: list[str] | None


class KeyMade(KeyShown):
    """A key just made or rotated, with the only sight of its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "value": "tor_…"}]})
    PASSING: ClassVar[frozenset[str]] = frozenset({"last_used_us", "value"})

    value: str


def shown(found: keys.Named) -> KeyShown:
    """A key as the API shows it."""
    key, now_us = found.key, epoch_us()
    scopes, networks = opened_scopes(key.scopes), opened_networks(key.networks)
    until_us = key.previous_until_us
    return KeyShown(
        id=key.id,
        name=key.name,
        team=found.team,
        team_id=key.team_id,
        app=found.app,
        app_id=key.app_id,
        hint=key.hint,
        state=keys.state_of(key, now_us),
        created_us=key.created_us,
        expires_us=key.expires_us,
        revoked_us=key.revoked_us,
        previous_until_us=until_us if until_us is not None and until_us > now_us else None,
        last_used_us=found.last_used_us,
        scopes=None if scopes is None else KeyScopes(**_lists(scopes)),
        networks=None if networks is None else list(networks),
    )


def made(found: keys.Named, value: str) -> KeyMade:
    """A key with its value."""
    return KeyMade(**dict(shown(found)), value=value)


def _lists(scopes: Scopes) -> dict[str, list[str] | None]:
    parts = {"services": scopes.services, "endpoints": scopes.endpoints, "models": scopes.models}
    return {name: None if value is None else list(value) for name, value in parts.items()}
