"""What the endpoints of releases take and show."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from torana.control.api.shapes import Asked
from torana.control.services.schemas import TimeUs, Words

State = Literal["review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"]
Successor = Annotated[
    str, Field(min_length=1, max_length=200, description="The service to call instead.", examples=["support-chat@2"])
]


class CanaryAsked(Asked):
    """How a new release is watched, and when its calls go back by themselves."""

    more_errors: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False, description="By how much its share of failed calls may be larger."),
    ] = 0.02
    slower: Annotated[
        float, Field(ge=0, le=1000, allow_inf_nan=False, description="By which part its 95th percentile may be longer.")
    ] = 0.5
    min_calls: Annotated[int, Field(ge=1, le=1_000_000, description="No verdict on fewer of its calls.")] = 100
    window_minutes: Annotated[int, Field(ge=1, le=1440, description="Calls of so many minutes count.")] = 30


class CanaryWeightAsked(CanaryAsked):
    """A canary, and its share."""

    weight: Annotated[int, Field(ge=1, le=99, description="Per cent of the calls that pin no version.")] = 10


class PublishAsked(Asked):
    """How much a release gets: every call, or as a canary a part."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"canary": {"weight": 10, "more_errors": 0.01}}]})

    canary: CanaryWeightAsked | None = None


class ReleaseAsked(PublishAsked):
    """A release of the draft as it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Answers in the customer's language."}]})

    bump: Annotated[
        Literal["minor", "major"] | None,
        Field(description="Null is minor, or major where the contract breaks callers. Asking for minor refuses those."),
    ] = None
    note: Annotated[Words, Field(max_length=2000)] | None = None
    publish: Annotated[
        bool, Field(description="Whether to publish it at once where no approval is needed; else it is approved.")
    ] = True


class ReleasePatched(Asked):
    """What is to be different; fields that are left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"weight": 50}]})

    weight: Annotated[int | None, Field(ge=0, le=1_000_000, description="Its share among the live releases.")] = None
    canary: Annotated[CanaryAsked | None, Field(description="Watch it as a canary from now on; null ends that.")] = None


class DeprecationAsked(Asked):
    """That a release ends."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"sunset_us": 1_800_000_000_000_000, "successor": "support-chat@2"}]}
    )

    sunset_us: Annotated[int, Field(description="When it answers no more, in microseconds since 1970.")]
    successor: Successor | None = None


class RetirementAsked(Asked):
    """That a release ends now."""

    successor: Successor | None = None


class CanaryShown(BaseModel):
    """How a release is watched as a canary, or was."""

    more_errors: float
    slower: float
    min_calls: int
    window_minutes: int
    since_us: TimeUs
    outcome: Annotated[str | None, Field(description="Null while it is watched; `rolled_back` or `ended`.")]
    reason: str | None
    ended_us: int | None


class ComparedShown(BaseModel):
    """What is different from the release that it came after."""

    after: Annotated[str | None, Field(description="That one's version.")]
    fields: Annotated[
        list[dict[str, Any]],
        Field(description="`field` is a JSON Pointer; `before` or `after` is missing where it was added or removed."),
    ]
    breaking: Annotated[list[str], Field(description="Why callers may not be able to go on.")]


class ReleaseListed(BaseModel):
    """A release in a list."""

    id: str
    service_id: str
    team_id: str | None
    version: Annotated[str, Field(examples=["1.0"])]
    major: int
    minor: int
    state: State
    weight: Annotated[int, Field(description="Its share of the calls that pin no version, among the live releases.")]
    breaking: bool
    note: str | None
    author_id: str | None
    author_name: str
    approval_id: Annotated[str | None, Field(description="Of the last approval that was asked for.")] = None
    created_us: TimeUs
    published_us: int | None
    deprecated_us: int | None
    sunset_us: int | None
    retired_us: int | None
    successor: str | None
    canary: CanaryShown | None


class ReleaseShown(ReleaseListed):
    """A release."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "release_7k2m…",
                    "service_id": "service_7k2m…",
                    "team_id": "team_7k2m…",
                    "version": "1.1",
                    "major": 1,
                    "minor": 1,
                    "state": "published",
                    "weight": 100,
                    "breaking": False,
                    "note": None,
                    "author_id": "user_7k2m…",
                    "author_name": "owner@example.org",
                    "approval_id": None,
                    "created_us": 1_790_000_000_000_000,
                    "published_us": 1_790_000_000_000_000,
                    "deprecated_us": None,
                    "sunset_us": None,
                    "retired_us": None,
                    "successor": None,
                    "canary": None,
                    "difference": {
                        "after": "1.0",
                        "fields": [{"field": "/drop_unsupported", "before": False, "after": True}],
                        "breaking": [],
                    },
                    "design": {
                        "kind": "model",
                        "deployments": {"provider_7k2m…/gpt-4.1": {"weight": 1, "position": 0}},
                    },
                }
            ]
        }
    )

    difference: ComparedShown
    design: Annotated[dict[str, Any], Field(description="Deployments by provider id and model.")]


class RolledBackShown(BaseModel):
    """What a rollback did."""

    rolled_back: ReleaseListed
    serving: ReleaseListed
